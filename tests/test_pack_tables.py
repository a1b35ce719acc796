"""Packs as others see them: the command, tables in other engines, and the format as FORMAT.md has it."""

import io
import json
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from generators import collected, event_of, example_of
from packing import family, pack, pack_ids, reading
from recording import begin, run_end, write
from test_readme import block_after

from jotty_events import AgentConfig, Conductor, History, JottyConfig, columns
from jotty_events.cli import main
from jotty_events.errors import ConfigError
from jotty_events.events import EVENT_TYPES, QUpdated, tag_of
from jotty_events.log import layout
from jotty_events.log.files import DiskFiles
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.log.pack import columnar
from jotty_events.log.pack.chunks import footer_of, range_of
from jotty_events.log.pack.parquet import MAX_BYTES, MAX_ROWS
from jotty_events.record import leaf, next_head

FORMAT = Path(__file__).parent.parent / "jotty_events" / "FORMAT.md"


def jotty(*arguments: str) -> Any:
    """Run the command."""
    return CliRunner().invoke(main, list(arguments))


# The command.


def test_the_command_packs_and_says_what(tmp_path: Path) -> None:
    """It says how many records of how many runs were packed, and what became of their bytes; then there is nothing."""
    files = DiskFiles(tmp_path)
    for _ in range(3):
        write(files, (2,))
    first = jotty("pack", "--output", str(tmp_path))
    assert (first.exit_code, "12 records of 3 runs" in first.stdout, "became" in first.stdout) == (0, True, True)
    assert jotty("pack", "--output", str(tmp_path)).stdout == "nothing to pack\n"
    assert jotty("check", "--output", str(tmp_path)).exit_code == 0


def test_the_command_speaks_json(tmp_path: Path) -> None:
    """The document has the packs with their sizes, and the runs that were left alone."""
    files = DiskFiles(tmp_path)
    run = write(files, (2,))
    live = begin(files)
    found = json.loads(jotty("pack", "--output", str(tmp_path), "--json").stdout)
    live.close(run_end(live.run))
    (made,) = found.pop("packs")
    assert found == {"finished": [], "live": [live.run], "damaged": []}
    assert (made["pack"], made["runs"], made["records"]) == (pack_ids(files)[0], [run], 4)
    folder = layout.pack(made["pack"])
    assert made["after"] == sum(files.size(f"{folder}/{name}") for name in files.names(folder))


def test_a_damaged_run_is_something_wrong(tmp_path: Path) -> None:
    """The command names it and ends with 1; what is sound is packed."""
    files = DiskFiles(tmp_path)
    run, _ = write(files, (2,)), write(files, (2,))
    path = layout.segment(run, 1)
    files.replace(path, files.read(path)[:-3])
    done = jotty("pack", "--output", str(tmp_path))
    assert (done.exit_code, f"{run}:" in done.stdout, len(pack_ids(files))) == (1, True, 1)


def test_log_show_and_runs_read_packs(tmp_path: Path) -> None:
    """The other commands print the same before and after packing."""
    family(DiskFiles(tmp_path))
    asked = [
        ("runs",),
        ("log", "latest"),
        ("show", "run_20260106_120001"),
        ("verify",),
        ("log", "run_20260106_120000#1"),
    ]
    before = [jotty(*one, "--output", str(tmp_path), "--json").stdout for one in asked]
    jotty("pack", "--output", str(tmp_path))
    assert [jotty(*one, "--output", str(tmp_path), "--json").stdout for one in asked] == before


# A conductor.


def learn(output: Path, **changes: Any) -> None:
    """Let an agent learn in one run."""
    config = JottyConfig(output_base_dir=str(output), **changes)
    actor = AgentConfig(name="analyst", agent=lambda task: task.approach == "right", approaches=["wrong", "right"])
    with Conductor(actors=[actor], config=config) as conductor:
        conductor.run_sync(goal="Count P2P transactions")


def test_a_conductor_packs_when_enough_runs_are_loose(tmp_path: Path) -> None:
    """The run that closes beyond the threshold packs all, itself too; the next one starts from the pack."""
    for _ in range(2):
        learn(tmp_path, pack_threshold_runs=2)
    files = DiskFiles(tmp_path)
    assert len(pack_ids(files)) == 1
    before = History(tmp_path).at().digests()
    learn(tmp_path, pack_threshold_runs=2)
    assert (History(tmp_path).at("latest~1").digests(), len(pack_ids(files))) == (before, 1)
    assert History(tmp_path).check() == []


def test_history_packs(tmp_path: Path) -> None:
    """`History.pack` does what the command does."""
    write(DiskFiles(tmp_path), (2,))
    report = History(tmp_path).pack()
    assert [one.pack for one in report.packs] == pack_ids(DiskFiles(tmp_path))


def test_a_type_that_no_event_has_is_refused(tmp_path: Path) -> None:
    """`events` names the types that there are."""
    with pytest.raises(ConfigError) as found:
        History(tmp_path).events("q_update")
    assert "q_updated" in found.value.hint


# Other engines.


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_the_readme_reads_packs_with_an_engine(engine: str, tmp_path: Path) -> None:
    """The README's program runs as it stands on the packs of what was learned, and prints what is in them."""
    pytest.importorskip(engine, reason=f"{engine} is not installed: it comes with the extra `bench`")
    for _ in range(2):
        learn(tmp_path / "outputs")
    assert len(History(tmp_path / "outputs").pack().packs) == 1
    done = subprocess.run(
        [sys.executable, "-c", block_after(f"tables with {engine}")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ("right" in done.stdout) if engine == "duckdb" else ("shape: (" in done.stdout)


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_engines_read_what_we_read(engine: str, tmp_path: Path) -> None:
    """Whatever the events hold, another engine finds the same values in the tables of a pack as we do."""
    library = pytest.importorskip(engine, reason=f"{engine} is not installed: it comes with the extra `bench`")
    files = DiskFiles(tmp_path)
    writer = begin(files)
    writer.append([*collected(event_of(QUpdated), 30), example_of(QUpdated, now=float(START_OF_DAY))])
    writer.close(run_end(writer.run))
    wanted = History(tmp_path).events("q_updated").to_table().sort_by("seq").to_pydict()
    pack(files)
    path = str(tmp_path / "packs" / "*" / "q_updated.parquet")
    found = library.sql(f"from read_parquet('{path}')").to_arrow_table() if engine == "duckdb" else None
    table = library.read_parquet(path).to_arrow() if found is None else found
    assert table.sort_by("seq").to_pydict() == wanted
    assert History(tmp_path).events("q_updated").to_table().sort_by("seq").to_pydict() == wanted


START_OF_DAY = 1767657600


# The format.


def test_a_pack_is_what_the_format_says() -> None:
    """With Parquet, JSON and SHA-256 alone a pack gives the lines and heads of the segments that it was made of."""
    files = MemoryFiles()
    family(files)
    wanted = {run: [(last, head, lines) for *_, last, head, _, lines in found] for run, found in _own(files).items()}
    pack(files)
    folder = layout.pack(pack_ids(files)[0])
    text = files.read(f"{folder}/pack.json")
    manifest = json.loads(text)
    assert sha256(text.replace(manifest["check"].encode(), b"")).hexdigest() == manifest["check"]
    tables = {one["name"]: _table(files, folder, one) for one in manifest["tables"]}
    found: dict[str, list[Any]] = {}
    begin = dict.fromkeys(tables, 0)
    for span in manifest["spans"]:
        mine = {}
        for one, count in zip(manifest["tables"], span["rows"], strict=True):
            mine[one["name"]] = tables[one["name"]][begin[one["name"]] :][:count]
            begin[one["name"]] += count
        assert all(row["run"] == span["run"] for rows in mine.values() for row in rows)
        lines = _lines(mine, {one["name"]: one["columns"] for one in manifest["tables"]})
        assert sorted(lines) == list(range(span["first"], span["last"] + 1))
        head = bytes.fromhex(span["before"])
        for row in mine["commits"]:
            own = [lines[seq] for seq in range(row["commit"] - row["n"] + 1, row["commit"] + 1)]
            head = next_head(head, list(map(leaf, own)))
            assert head == row["head"]
            found.setdefault(span["run"], []).append((row["commit"], head, own))
        assert head.hex() == span["head"]
    assert found == wanted


def _own(files: MemoryFiles) -> dict[str, Any]:
    """Return what each run reads like without its ancestors."""
    return {run: [one for one in found if one[0] == run] for run, found in reading(files).items()}


def _table(files: MemoryFiles, folder: str, one: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table, having seen that the file is what the manifest says."""
    data = files.read(f"{folder}/{one['name']}.parquet")
    file = pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True)
    assert (len(data), sha256(data).hexdigest()) == (one["size"], one["sha256"])
    assert sha256(footer_of(memoryview(data))).hexdigest() == one["footer"]
    group = file.metadata.row_group(0) if one["rows"] else None
    ranges = [range_of(group.column(place)) for place in range(group.num_columns)] if group else []
    assert one["chunks"] == ([[crc32(data[start:stop]) for start, stop in ranges]] if group else [])
    return file.read().to_pylist()


def _lines(tables: dict[str, list[dict[str, Any]]], kinds: dict[str, dict[str, str]]) -> dict[int, bytes]:
    found = {row["seq"]: row["line"] for row in tables["other"]}
    for tag in tables.keys() - {"commits", "other"}:
        for row in tables[tag]:
            fields = [_field(key, kind, row) for key, kind in kinds[tag].items() if _is_there(key, kind, row)]
            event = ",".join([f'"type":"{tag}"', *fields])
            found[row["seq"]] = f'{{"seq":{row["seq"]},"at":{row["at"]},"event":{{{event}}}}}'.encode()
    return found


def _is_there(key: str, kind: str, row: dict[str, Any]) -> bool:
    """Say whether a row's line has a key: of one that may be absent, null says that it is, or a column of its own."""
    column = f"{key}_" if key in ("run", "seq", "at") else key
    return not kind.endswith("!") or bool(row.get(f"{column}.set", row[column] is not None))


def _field(key: str, kind: str, row: dict[str, Any]) -> str:
    value = row[f"{key}_" if key in ("run", "seq", "at") else key]
    nested = kind.startswith("json") and value is not None
    return f'"{key}":' + (value if nested else json.dumps(value, ensure_ascii=False))


def test_the_limits_and_kinds_are_those_of_the_format() -> None:
    """What FORMAT.md allows in a row group, and the kinds of columns that it has, are those of the code."""
    text = FORMAT.read_text(encoding="utf-8")
    assert f"more than {MAX_ROWS:,} rows or {MAX_BYTES:,} bytes" in " ".join(text.split())
    told = re.findall(r"^\| `(\w+)` \| (?:string|64 bits, signed|double|boolean) \|", text, re.M)
    used = {kind.rstrip("?!") for event in EVENT_TYPES for kind in columns.told(columns.layout_of(event)).values()}
    assert set(told) == used


@pytest.mark.parametrize("kind", [QUpdated], ids=tag_of)
def test_a_table_has_the_columns_that_the_format_names(kind: Any) -> None:
    """run, seq and at come first, then the keys in the order of the line."""
    files = MemoryFiles()
    writer = begin(files)
    writer.append([example_of(kind)])
    writer.close(run_end(writer.run))
    pack(files)
    table = pq.read_table(io.BytesIO(files.read(f"{layout.pack(pack_ids(files)[0])}/{tag_of(kind)}.parquet")))
    assert table.column_names == ["run", "seq", "at", *kind.__struct_encode_fields__]


# How columns are written.


def written(table: pa.Table) -> bytes:
    """Return a table as the bytes of a file in a pack."""
    sink = io.BytesIO()
    with columnar.writer(sink, table) as found:
        found.write_table(table)
    return sink.getvalue()


def encodings_of(values: Any) -> set[str]:
    """Return how a column is written, levels and the dictionary itself aside; it reads as it was, again and again."""
    table = pa.table({"c": values})
    data = written(table)
    assert pq.read_table(io.BytesIO(data)).equals(table)
    assert written(table) == data
    found = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0).column(0).encodings
    return {str(one) for one in found} - {"RLE", "PLAIN"}


def test_numbers_are_written_as_they_are_smallest() -> None:
    """A seq by differences, few values through a dictionary, times byte beside byte; texts that repeat give codes."""
    chosen = {
        "seq": encodings_of(pa.array(range(5000))),
        "few": encodings_of(pa.array([Random(one).randrange(7) / 3 for one in range(5000)])),
        "times": encodings_of(pa.array([1767700800.0 + one / 64 for one in range(5000)])),
        "repeated": encodings_of(pa.array(["a", "b"] * 2500)),
        "distinct": encodings_of(pa.array([str(one) for one in range(5000)])),
    }
    assert chosen == {
        "seq": {"DELTA_BINARY_PACKED"},
        "few": {"RLE_DICTIONARY"},
        "times": {"BYTE_STREAM_SPLIT"},
        "repeated": {"RLE_DICTIONARY"},
        "distinct": set(),
    }
