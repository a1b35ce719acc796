"""FORMAT.md says enough: a reader written from it alone agrees with ours about sound histories and damaged ones."""

import ast
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random

import independent_reader
import pytest
from independent_reader import verify
from recording import (
    FIRST_RUN,
    MODES,
    START,
    begin,
    checked,
    commits_in,
    forge,
    names_of,
    redact,
    remanifest,
    run_end,
    segment_of,
    write,
    write_killed,
)

from jotty_events.events import EpisodeStarted, Redacted, WakeCounted
from jotty_events.log import layout
from jotty_events.log.files import DiskFiles, Files
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.record import MAX_LINE, ROOT_HEAD, leaf
from jotty_events.runs.tree import Tree
from jotty_events.types import Durability

FORMAT = Path(__file__).parent.parent / "jotty_events" / "FORMAT.md"

SMALL = 300
"""Bytes after which a segment is closed: every few commits."""


def blocks() -> list[str]:
    """Return the fenced blocks of FORMAT.md: a manifest, its segment, and a redacted line."""
    return re.findall(r"```\w*\n(.*?)```", FORMAT.read_text(encoding="utf-8"), re.S)


def example(files: Files) -> str:
    """Write the run that FORMAT.md shows; return its id."""
    writer = begin(
        files,
        library="jotty-events 0.1.0",
        platform="Linux x86_64, Python 3.11.7",
        config={"alpha": 0.6},
        seed=7,
        entropy=lambda n: bytes(range(n)),
    )
    now = START + 1
    goal = EpisodeStarted(episode=1, run=writer.run, goal="Count P2P transactions", domain="general", now=now)
    writer.append([goal, WakeCounted(episode=1, now=now, episodes_since_sleep=1)], now)
    writer.close(run_end(writer.run), START + 2)
    return writer.run


def history(root: Path, durability: Durability) -> str:
    """Write a family of runs with rotation: a closed root, a killed child, a closed grandchild; return the last id."""
    files = DiskFiles(root)
    first = write(files, (1, 3, 2, 1, 1), segment_bytes=SMALL, durability=durability)
    killed = write_killed(files, (2, 1, 1, 1), first, segment_bytes=SMALL, durability=durability)
    return write(files, (1, 1, 4), f"{killed}@13", segment_bytes=SMALL, durability=durability)


def heads_of(root: Path, run: str) -> dict[int, str]:
    """Return what our own reader says: the head after each commit of a lineage, by seq."""
    tree = Tree(DiskFiles(root))
    found = {commit.last: commit.head.hex() for _, commit in tree.lineage(tree.resolve(run)).commits()}
    return {0: ROOT_HEAD.hex(), **found}


# The worked example.


def test_the_example_is_what_is_written() -> None:
    """The manifest and the segment that FORMAT.md shows are, to the byte, what our writer makes of that run."""
    files = MemoryFiles()
    run = example(files)
    manifest, segment, _ = blocks()
    assert files.read(layout.manifest(run)).decode() == manifest
    assert files.read(segment_of(run)).decode() == segment


def test_the_example_is_read_by_both_readers(tmp_path: Path) -> None:
    """Put into files, the example is sound to the reader that knows FORMAT.md only, and to ours."""
    manifest, segment, _ = blocks()
    (tmp_path / FIRST_RUN / "events").mkdir(parents=True)
    (tmp_path / layout.manifest(FIRST_RUN)).write_text(manifest)
    (tmp_path / segment_of(FIRST_RUN)).write_text(segment)
    assert verify(str(tmp_path), FIRST_RUN) == heads_of(tmp_path, FIRST_RUN)
    assert (checked(DiskFiles(tmp_path)), checked(DiskFiles(tmp_path)).notes) == ([], [])


def test_the_digests_that_the_text_names_are_right() -> None:
    """The leaf of record 1 stands in the text and gives the first head; the redacted line keeps its own leaf."""
    _, segment, redacted = blocks()
    lines = segment.encode().splitlines()
    first = leaf(lines[0]).hex()
    assert f"The leaf of record 1 is `{first}`" in FORMAT.read_text(encoding="utf-8")
    assert f'"head":"{sha256(bytes(32) + bytes.fromhex(first)).hexdigest()}"'.encode() in lines[1]
    assert leaf(redacted.encode().rstrip()) == leaf(lines[3])


def test_the_limit_is_the_one_in_the_code() -> None:
    """The longest line that FORMAT.md allows is the longest that is written and read."""
    assert f"`MAX_LINE` =\n{MAX_LINE:,} bytes" in FORMAT.read_text(encoding="utf-8")


def test_the_other_reader_is_short_and_on_its_own() -> None:
    """The independent reader imports json and hashlib alone, and has about sixty lines."""
    text = Path(independent_reader.__file__).read_text(encoding="utf-8")
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {ast.unparse(node) for node in imports} == {
        "import json",
        "from hashlib import sha256",
        "from typing import Any",
    }
    assert len([line for line in text.splitlines() if line.strip()]) <= 65


# Sound histories.


@pytest.mark.parametrize("durability", MODES)
def test_the_other_reader_verifies_what_we_write(tmp_path: Path, durability: Durability) -> None:
    """Across a root, a killed child and a grandchild, with rotation, both readers find the same heads."""
    last = history(tmp_path, durability)
    assert len(list((tmp_path / FIRST_RUN / "events").iterdir())) > 2
    assert verify(str(tmp_path), last) == heads_of(tmp_path, last)
    assert (checked(DiskFiles(tmp_path)), checked(DiskFiles(tmp_path)).notes) == ([], [])


def test_the_other_reader_passes_over_a_torn_tail(tmp_path: Path) -> None:
    """Half a commit behind the last whole one is no damage to either reader."""
    run = write_killed(DiskFiles(tmp_path), (1, 2))
    before = verify(str(tmp_path), run)
    with (tmp_path / segment_of(run)).open("ab") as file:
        file.write(b'{"seq":5,"at":1767700800000000,"event":{"type":"epi')
    assert verify(str(tmp_path), run) == before == heads_of(tmp_path, run)


# Damage.


def flip(data: bytes, at: int, mask: int) -> bytes:
    """Return the bytes with some bits of one of them turned over."""
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def reports(root: Path, run: str) -> bool:
    """Say whether the independent reader refuses a run, whatever it raises."""
    try:
        verify(str(root), run)
    except Exception:  # noqa: BLE001 - by its contract any exception is damage
        return True
    return False


@pytest.mark.parametrize("durability", MODES)
def test_the_other_reader_reports_flipped_bytes_of_closed_runs(tmp_path: Path, durability: Durability) -> None:
    """A flipped bit of a closed parent or child, in a manifest or a segment, is damage to it and to our check."""
    files = DiskFiles(tmp_path)
    parent = write(files, (1, 2), segment_bytes=SMALL, durability=durability)
    child = write(files, (2,), parent, durability=durability)
    random = Random(len(durability))
    for path in [file for run in (parent, child) for file in (tmp_path / run).rglob("*.json*")]:
        sound = path.read_bytes()
        for at in random.sample(range(len(sound)), 30):
            path.write_bytes(flip(sound, at, 1 << random.randrange(8)))
            assert reports(tmp_path, child), (path.name, at)
            assert checked(files), (path.name, at)
        path.write_bytes(sound)
    assert not reports(tmp_path, child)


DAMAGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "dropped": lambda commits: [commits[0], *commits[2:]],
    "repeated": lambda commits: [*commits[:2], *commits[1:]],
    "reordered": lambda commits: [commits[0], commits[2], commits[1], *commits[3:]],
    "first one dropped": lambda commits: commits[1:],
    "from another place": lambda commits: [commits[0], commits[1].replace(b"goal 2", b"goal X"), *commits[2:]],
}


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "killed"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_both_readers_report_commits_out_of_place(tmp_path: Path, damage: str, closed: bool) -> None:
    """A dropped, repeated, reordered or changed commit is damage to both readers, in closed runs and killed ones."""
    files = DiskFiles(tmp_path)
    run = (write if closed else write_killed)(files, (1, 1, 1, 1))
    path = tmp_path / segment_of(run)
    path.write_bytes(b"".join(DAMAGES[damage](commits_in(path.read_bytes()))))
    assert reports(tmp_path, run)
    (finding,) = checked(files)
    assert finding.file == str(path)


def test_both_readers_report_a_parent_that_is_not_the_one(tmp_path: Path) -> None:
    """A killed parent that lost what its child was built on is damage, though its own bytes tell nothing."""
    files = DiskFiles(tmp_path)
    parent = write_killed(files, (1, 1))
    child = write(files, (1,), parent)
    path = tmp_path / segment_of(parent)
    path.write_bytes(b"".join(commits_in(path.read_bytes())[:-1]))
    assert not reports(tmp_path, parent)
    assert reports(tmp_path, child)
    assert [finding.run for finding in checked(files)] == [child]


# What other versions write.


def test_unknown_tags_and_keys_are_kept_in_the_chain(tmp_path: Path) -> None:
    """A record of a tag, and with keys, that no version so far knows is part of the chain to both readers."""
    files = DiskFiles(tmp_path)
    run = write(files, (1, 2))

    def newer(line: bytes) -> bytes:
        tagged = line.replace(b'"type":"episode_started"', b'"type":"dreamt","leaf":"of sheep"')
        return tagged.replace(b'"goal 3"', b'"goal 3","later":{"a":[1]}')

    forge(files, run, newer)
    assert verify(str(tmp_path), run) == heads_of(tmp_path, run)
    found = checked(files)
    assert (found, found.unknown) == ([], 3)


def test_a_redacted_record_keeps_its_place_in_the_chain(tmp_path: Path) -> None:
    """What was redacted by the rules, and said so by a later run, is sound to both readers; the heads are unchanged."""
    files = DiskFiles(tmp_path)
    run = write(files, (1, 2))
    before = verify(str(tmp_path), run)
    redact(files, run, 2, 3)
    assert [finding.message.split(",")[0] for finding in checked(files)] == [
        "the content of record 2 was taken away",
        "the content of record 3 was taken away",
    ]
    writer = begin(files, run)
    writer.append([Redacted(run=run, first=2, last=3, reason="asked for", now=START)])
    writer.close()
    assert verify(str(tmp_path), run) == before == heads_of(tmp_path, run)
    assert checked(files) == []


def test_a_redacted_record_cannot_be_changed_unnoticed(tmp_path: Path) -> None:
    """Its leaf says nothing of its own bytes, so the manifest's digest of the marks covers them."""
    files = DiskFiles(tmp_path)
    run = write(files, (1, 2))
    redact(files, run, 2, 2)
    writer = begin(files, run)
    writer.append([Redacted(run=run, first=2, last=2, reason="asked for", now=START)])
    writer.close()
    path = tmp_path / segment_of(run)
    sound = path.read_bytes()
    start = sound.index(b'{"seq":2')
    for at in range(start, sound.index(b"\n", start) + 1):
        path.write_bytes(flip(sound, at, 1 << at % 8))
        assert reports(tmp_path, run), at
        assert names_of(files, checked(files)) >= {segment_of(run)}, at


def test_a_newer_version_is_refused_by_both_readers(tmp_path: Path) -> None:
    """Version 2 of the format is left to whoever knows it."""
    files = DiskFiles(tmp_path)
    run = write(files)
    remanifest(files, run, version=2)
    assert reports(tmp_path, run)
    (finding,) = checked(files)
    assert "version 2" in finding.message
