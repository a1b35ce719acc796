"""Exporting the state at any point of a history."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from ...agents.json_file import as_bytes
from ...config import JottyConfig
from ...errors import FormatError
from ...events import EntryImported, Event, RunStarted
from ...log.files import Files
from ...record import Record
from ...runs.point import Point
from ...runs.tree import Tree as History
from ...types import Json
from . import exact, layout
from .episodes import EpisodeBook
from .picture import Picture, Whence
from .writing import Tree


class Exported(NamedTuple):
    """What was exported: from which point, into which folder, and which files, by their paths below it."""

    point: str
    folder: str
    files: list[str]

    def to_dict(self) -> Json:
        """Return it as JSON values."""
        return dict(self._asdict())


def export(
    history: History, point: Point, states: Mapping[str, Any], files: Files, *, exactly: bool = False
) -> Exported:
    """Write the state at a point into the folder `jotty_state` below the root of `files`, and what its run did so far.

    With `exactly`, the files have no field but the original's own. NameTaken for a file there that no export wrote,
    UnsafeFile for what leads elsewhere, WriteFailed if the disk refuses; FormatError for a run that does not say how it
    was begun.
    """
    picture = Picture(states, whence(history, point), exact=exactly)
    told = list(_episodes(history, point, exactly=exactly))
    tree = Tree(files, layout.FOLDER)
    paths = [*picture.paths(), *(path for path, _ in told)]
    tree.write(str(point), paths, chain(picture.files(), told), fresh=True)
    return Exported(str(point), tree.describe(), sorted(paths))


def whence(history: History, point: Point) -> Whence:
    """Return when a point was recorded, and by what its run learned."""
    started, at = _started(history, point), _at(history, point)
    return Whence(str(point), at, started.rules, settings(started.config))


def settings(recorded: Json) -> JottyConfig:
    """Return recorded settings, without those that this version does not know; ConfigError for unusable ones."""
    return JottyConfig(**{name: value for name, value in recorded.items() if name in JottyConfig.model_fields})


def _started(history: History, point: Point) -> RunStarted:
    run = history.run(point.run)
    for kept in history.lineage(Point(point.run, run.first)).records(run.first - 1):
        if isinstance(kept.record, Record) and isinstance(kept.record.event, RunStarted):
            return kept.record.event
    where = run.files.describe(point.run)
    raise FormatError(f"{where} does not begin with its start", file=where, hint="export from another run")


def _at(history: History, point: Point) -> float:
    return next(kept.record.at for kept in history.lineage(point).records(point.seq - 1)) / 1e6


def _episodes(history: History, point: Point, *, exactly: bool) -> Iterator[tuple[str, bytes]]:
    book = EpisodeBook()
    for event in _events(history, point):
        # What was imported is as its file said it: in there, such names are the original's own.
        ours = not isinstance(event, EntryImported)
        for path, said in book.take([event]):
            yield path, as_bytes(exact.episode(said) if exactly and ours else said)


def _events(history: History, point: Point) -> Iterator[Event]:
    """Give out what happened in the run of a point, up to there."""
    for kept in history.lineage(point).records(history.run(point.run).first - 1):
        if isinstance(kept.record, Record):
            yield kept.record.event
