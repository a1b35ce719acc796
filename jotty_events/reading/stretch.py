"""Verifying a stretch of one run from the events' own fields: no state is needed, so stretches go anywhere."""

from collections.abc import Iterator
from typing import NamedTuple

from ..runs.reader import RunReader
from ..runs.tree import Tree
from .judging import Judge, decoded, settings_of
from .verified import Part


class Stretch(NamedTuple):
    """The records of a run from `first` to `last`, both included; `last` is null for all that follow."""

    run: str
    first: int
    last: int | None


def stretches(reader: RunReader) -> list[Stretch]:
    """Return a stretch for each segment of a run."""
    closed = [Stretch(reader.run, one.first, one.last) for one in reader.manifest.segments]
    if closed and reader.manifest.active is None:
        return closed
    return [*closed, Stretch(reader.run, reader.manifest.active or reader.first, None)]


def verify_stretch(tree: Tree, stretch: Stretch, most: int) -> Part:
    """Verify every event of a stretch, and note what could not be."""
    reader = tree.run(stretch.run)
    settings = settings_of(_first(reader))
    if isinstance(settings, str):
        return Part(stretch.run, notes=[settings], judged=False)
    judge = Judge(stretch.run, settings, most)
    for seq, line in _lines(reader, stretch):
        judge.judge(decoded(reader, seq, line))
    return judge.part


def _first(reader: RunReader) -> object:
    commit = next(reader.commits(), None)
    return None if commit is None else decoded(reader, commit.first, commit.lines[0])


def _lines(reader: RunReader, stretch: Stretch) -> Iterator[tuple[int, bytes]]:
    for commit in reader.commits(stretch.first - 1):
        if stretch.last is not None and commit.first > stretch.last:
            return
        yield from enumerate(commit.lines, commit.first)
