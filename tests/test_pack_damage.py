"""Packs that are damaged, foreign or hostile: a typed error naming the file, or nothing that shows."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as change
from packing import family, pack, pack_ids, reading
from recording import checked, names_of, write

from jotty_events.errors import Corruption, FormatError, JottyError
from jotty_events.log import layout
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.log.pack import manifest as packs
from jotty_events.log.pack.chunks import footer_of, range_of, sums_of
from jotty_events.log.pack.manifest import Table as Entry
from jotty_events.log.pack.pages import require_bounded
from jotty_events.log.pack.parquet import MAX_BYTES, MAX_ROWS, SCHEMAS, ParquetTable
from jotty_events.log.pack.reading import Pack
from jotty_events.log.pack.stretch import Packed
from jotty_events.runs.tree import Tree


def packed() -> MemoryFiles:
    """Return a packed history."""
    made = MemoryFiles()
    family(made)
    pack(made)
    return made


@pytest.fixture
def files() -> MemoryFiles:
    """A packed history."""
    return packed()


def path_of(files: MemoryFiles, name: str) -> str:
    """Return the path of a file of the one pack."""
    return f"{layout.pack(pack_ids(files)[0])}/{name}"


def columns_of(files: MemoryFiles) -> dict[str, Any]:
    """Return all that folds read of the last lineage."""
    tree = Tree(files)
    found: dict[str, Any] = {}
    for stretch in tree.lineage(tree.resolve("latest")).stretches():
        assert isinstance(stretch, Packed)
        for tag in stretch.tags:
            found[tag] = [table.to_pydict() for table in stretch.tables(tag)]
    return found


def replaced_table(files: MemoryFiles, name: str, table: pa.Table, **options: Any) -> None:
    """Put another table in place of one, with a manifest of the pack that fits."""
    sink = io.BytesIO()
    pq.write_table(table, sink, store_schema=False, **options)
    data = sink.getvalue()
    files.replace(path_of(files, f"{name}.parquet"), data)
    view = memoryview(data)
    footer = sha256(footer_of(view)).hexdigest()
    remanifest(files, name, size=len(data), sha256=sha256(data).hexdigest(), footer=footer, chunks=sums_of(view))


def remanifest(files: MemoryFiles, name: str, **changes: Any) -> None:
    """Change what the manifest says of a table, with a check that fits."""
    path = path_of(files, layout.PACK_MANIFEST)
    found = packs.unseal(files.read(path), path)
    tables = [change(one, **changes) if one.name == name else one for one in found.tables]
    files.replace(path, packs.seal(change(found, tables=tables)))


def table_in(files: MemoryFiles, name: str) -> pa.Table:
    """Return a table of the one pack."""
    return pq.read_table(io.BytesIO(files.read(path_of(files, f"{name}.parquet"))))


@pytest.mark.parametrize("name", ["commits", "episode_started", "other", "run_started"])
def test_a_flipped_byte_is_found_or_does_not_show(files: MemoryFiles, name: str) -> None:
    """Wherever a byte is flipped: reading gives the same or says which file is damaged; check always does."""
    wanted, columns = reading(files), columns_of(files)
    path = path_of(files, f"{name}.parquet")
    data = files.read(path)
    for place in Random(name).sample(range(len(data)), 40):
        files.replace(path, data[:place] + bytes([data[place] ^ (1 << place % 8)]) + data[place + 1 :])
        for read, same in ((reading, wanted), (columns_of, columns)):
            with suppress(Corruption):
                assert read(files) == same, (path, place)
        assert path in names_of(files, checked(files)), place
    files.replace(path, data)
    assert checked(files) == []


def test_a_flipped_byte_of_the_manifest_is_found(files: MemoryFiles) -> None:
    """Whatever it says then, it does not match its own check sum, or is no manifest of a pack."""
    path = path_of(files, layout.PACK_MANIFEST)
    data = files.read(path)
    for place in Random(1).sample(range(len(data)), 60):
        files.replace(path, data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises((FormatError, Corruption)) as found:
            reading(files)
        assert path in str(found.value)


@pytest.mark.parametrize("name", ["pack.json", "commits.parquet", "episode_started.parquet", "other.parquet"])
@pytest.mark.parametrize("cut", [0, 1, 3, 9, 100])
def test_a_truncated_file_is_named(files: MemoryFiles, name: str, cut: int) -> None:
    """A file that ends too early is damage that names it, to readers and to check."""
    path = path_of(files, name)
    files.replace(path, files.read(path)[: -cut or None][:-1])
    with pytest.raises((FormatError, Corruption)) as found:
        reading(files)
    assert (path in str(found.value), path in names_of(files, checked(files))) == (True, True)


@pytest.mark.parametrize("name", ["pack.json", "commits.parquet", "episode_started.parquet", "other.parquet"])
def test_a_missing_file_is_named(files: MemoryFiles, name: str) -> None:
    """A file of a pack that is gone is damage that names it."""
    path = path_of(files, name)
    files.remove(path)
    with pytest.raises(Corruption) as found:
        reading(files)
    assert path in str(found.value)
    assert path in names_of(files, checked(files))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "not a manifest of"),
        ({"version": 2}, "version 2, this library reads up to 1"),
        ({"pack": "pack_20200101_000000"}, "is the manifest of"),
        ({"spans": []}, "contradicts itself"),
        ({"tables": []}, "contradicts itself"),
    ],
    ids=["foreign", "newer", "moved", "spans", "tables"],
)
def test_another_manifest_is_refused(files: MemoryFiles, changes: dict[str, Any], words: str) -> None:
    """A pack of another format, a newer version, or one that says what no packer would, is refused with its name."""
    path = path_of(files, layout.PACK_MANIFEST)
    files.replace(path, packs.seal(change(packs.unseal(files.read(path), path), **changes)))
    with pytest.raises(JottyError, match=words):
        reading(files)


def test_a_pack_without_the_runs_segment_is_refused(files: MemoryFiles) -> None:
    """A run that names a pack which holds another run's records is damage."""
    run = write(files, (1,))
    pack(files)
    first, second = pack_ids(files)
    path = layout.manifest(run)
    data = files.read(path)
    files.replace(layout.pack_manifest(layout.pack(second)), files.read(layout.pack_manifest(layout.pack(first))))
    with pytest.raises(Corruption, match="is the manifest of"):
        reading(files)
    assert files.read(path) == data


Swap = Callable[[pa.Table], pa.Table]
SWAPS: dict[str, Swap] = {
    "another type": lambda table: table.set_column(1, "seq", table.column("seq").cast(pa.int32())),
    "a column less": lambda table: table.drop_columns(["goal"]),
    "another order": lambda table: table.select(list(reversed(table.column_names))),
    "rows in reverse": lambda table: table.take(list(reversed(range(table.num_rows)))),
    "another text": lambda table: table.set_column(4, "run_", pa.array(["x"] * table.num_rows)),
    "a record twice": lambda table: pa.concat_tables([table.slice(0, 1), table.slice(0, 1), table.slice(2)]),
    "no text": lambda table: table.set_column(
        5, "goal", pa.Array.from_buffers(pa.string(), table.num_rows, _bad_text(table.num_rows))
    ),
}


def _bad_text(count: int) -> list[Any]:
    offsets = pa.array(range(count + 1), pa.int32()).buffers()[1]
    return [None, offsets, pa.py_buffer(b"\xff" * count)]


@pytest.mark.parametrize("swap", sorted(SWAPS))
def test_a_table_with_other_content_is_found(files: MemoryFiles, swap: str) -> None:
    """A table that fits its manifest and holds other records is found by the chain, by whoever reads commits."""
    replaced_table(files, "episode_started", SWAPS[swap](table_in(files, "episode_started")))
    with pytest.raises(Corruption):
        reading(files)
    assert checked(files) != []


def test_more_rows_than_are_declared_are_refused(files: MemoryFiles) -> None:
    """A table of another number of rows than the pack says is not read."""
    table = table_in(files, "episode_started")
    replaced_table(files, "episode_started", pa.concat_tables([table, table]))
    with pytest.raises(Corruption, match="another number of rows"):
        reading(files)


def test_a_bomb_of_rows_is_not_decoded(files: MemoryFiles) -> None:
    """A row group that declares too many rows is refused before a page of it is touched."""
    count = MAX_ROWS + 1
    schema = table_in(files, "other").schema
    text = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int8()), pa.array(["r"])).cast(pa.string())
    table = pa.Table.from_arrays([text, pa.array(range(count)), pa.array([b"x"] * count)], schema=schema)
    replaced_table(files, "other", table, row_group_size=count)
    with pytest.raises(Corruption, match="row"):
        reading(files)


def test_a_bomb_of_texts_is_not_decoded(files: MemoryFiles) -> None:
    """A dictionary's long text that is named by many rows is refused, not written out."""
    table = table_in(files, "episode_started")
    rows = table.num_rows
    long = "x" * (MAX_BYTES // rows + 1)
    goals = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int8()), pa.array([long]))
    replaced_table(files, "episode_started", table.set_column(5, "goal", goals), compression="zstd")
    with pytest.raises(Corruption, match="bytes"):
        reading(files)


def test_a_bomb_of_lines_is_not_decoded(files: MemoryFiles) -> None:
    """A column of bytes that repeats a long line through a dictionary is refused before it is written out."""
    rows = 1000
    lines = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int16()), pa.array([b"x" * 100_000])).cast(
        pa.binary()
    )
    table = pa.Table.from_arrays([pa.array(["r"] * rows), pa.array(range(rows)), lines], names=["run", "seq", "line"])
    entry = Entry("other", rows, 0, "", "", {}, [])
    with pytest.raises(Corruption, match="encoded as no page of ours"):
        table_of(table.cast(SCHEMAS["other"]), entry).read(0, "line")
    sound = table_of(table.cast(SCHEMAS["other"]), entry, use_dictionary=False)
    assert len(sound.read(0, "line")) == rows


def table_of(table: pa.Table, entry: Entry, **options: Any) -> ParquetTable:
    """Return a table of a pack as it is opened, written with some options."""
    made = MemoryFiles()
    made.make_folder("p")
    pq.write_table(table, sink := io.BytesIO(), store_schema=False, **options)
    view = memoryview(sink.getvalue())
    made.replace(layout.table("p", entry.name), sink.getvalue())
    footer = sha256(footer_of(view)).hexdigest()
    return ParquetTable(made, "p", change(entry, size=len(view), footer=footer, chunks=sums_of(view)))


def page_headers(files: MemoryFiles) -> Iterator[tuple[Any, memoryview]]:
    """Give out what the footers of the one pack declare of each column chunk, and its bytes."""
    for one in Pack(files, pack_ids(files)[0]).manifest.tables:
        view = files.view(path_of(files, f"{one.name}.parquet"))
        found = pq.ParquetFile(io.BytesIO(view)).metadata
        for group in range(found.num_row_groups):
            for place in range(found.num_columns):
                chunk = found.row_group(group).column(place)
                begin, end = range_of(chunk)
                yield chunk, view[begin:end]


CHUNKS = list(page_headers(packed()))


def test_the_pages_of_our_own_tables_are_within_their_bounds(files: MemoryFiles) -> None:
    """What the headers declare is what the footer does, and one byte or one value less is too little."""
    for chunk, data in page_headers(files):
        size, values = chunk.total_uncompressed_size, chunk.num_values
        require_bounded(data, size, values)
        for less in ((values - 1, size), (values + 1, size), (values, 0)):
            with pytest.raises(ValueError, match="values"):
                require_bounded(data, less[1], less[0])


def test_a_page_that_declares_two_gigabytes_is_refused_by_its_header(files: MemoryFiles) -> None:
    """A header whose check sum, manifest and digest all fit cannot make a reader allocate what the footer does not."""
    path = path_of(files, "commits.parquet")
    data = bytearray(files.read(path))
    begin, _ = range_of(pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(0).column(1))
    assert bytes(data[begin : begin + 3]) in (b"\x15\x00\x15", b"\x15\x04\x15")
    huge = bytes.fromhex("feffffff0f")  # 2,147,483,647 as a zigzag number, longer than what stood there
    end = next(place for place in range(begin + 3, begin + 9) if data[place] < 128) + 1
    grown = memoryview(bytes(data[begin : begin + 3]) + huge + bytes(data[end : end + 200]))
    with pytest.raises(ValueError, match="declares 2147483647 bytes"):
        require_bounded(grown, MAX_BYTES, 10)


@given(st.binary(max_size=200), st.integers(0, 2**31), st.integers(0, 2**20))
def test_any_bytes_are_bounded_or_refused(data: bytes, size: int, values: int) -> None:
    """No bytes make the reading of headers fail otherwise, or go on for long."""
    with suppress(ValueError):
        require_bounded(memoryview(data), size, values)


@given(st.data())
def test_a_changed_header_is_bounded_or_refused(data: st.DataObject) -> None:
    """Whatever byte of a chunk of ours is changed, its headers are still bounded, or refused."""
    chunk, held = data.draw(st.sampled_from(CHUNKS))
    changed = bytearray(held)
    changed[data.draw(st.integers(0, min(len(changed), 60) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ValueError):
        require_bounded(memoryview(bytes(changed)), chunk.total_uncompressed_size, chunk.num_values)


def test_a_changed_page_is_refused_by_whoever_decodes_it(files: MemoryFiles) -> None:
    """A changed byte under a SHA-256 that fits is damage by the check sum of its column chunk, and of its page."""
    path = path_of(files, "commits.parquet")
    data = bytearray(files.read(path))
    head = Pack(files, pack_ids(files)[0]).manifest.spans[0].head
    data[data.index(bytes.fromhex(head))] ^= 1
    files.replace(path, bytes(data))
    remanifest(files, "commits", sha256=sha256(bytes(data)).hexdigest())
    with pytest.raises(Corruption, match="the column head of row group 0"):
        reading(files)
    with pytest.raises(OSError, match="CRC"):
        pq.ParquetFile(io.BytesIO(bytes(data)), page_checksum_verification=True).read()


def test_every_byte_of_a_table_is_covered(files: MemoryFiles) -> None:
    """The mark at the beginning, the column chunks and the footer are the whole file, without a gap."""
    for one in Pack(files, pack_ids(files)[0]).manifest.tables:
        view = files.view(path_of(files, f"{one.name}.parquet"))
        found = pq.ParquetFile(io.BytesIO(view)).metadata
        groups = [found.row_group(group) for group in range(found.num_row_groups)]
        ranges = sorted(range_of(group.column(place)) for group in groups for place in range(group.num_columns))
        edges = [4, *(edge for one in ranges for edge in one), len(view) - len(footer_of(view))]
        assert edges[::2] == edges[1::2], one.name
