"""Reading a brain: experiences and patterns, as lists or as the text of them that the original's vault writes (P3)."""

from collections.abc import Iterator
from typing import Any

from projections import brain as tables
from projections.table import Table

from ...agents.brain.rows import pattern_row, trace_row
from ...rules import DEFAULT_VERSION
from ...types import Json
from ..schemas import brain as schema
from .brain_text import Unreadable, parsed
from .problems import Path
from .reading import Reader, with_unknown
from .rows import Row

_NAME = "brain"
_OF_BRAIN = "brain"
_TYPES = {schema.HIPPOCAMPUS: schema.TRACE_TYPE, schema.NEOCORTEX: schema.PATTERN_TYPE}
_MACHINE = ("mode", "episodes_since_sleep", "total_episodes", "total_consolidations")


class BrainReader(Reader):
    """Reads the file of a brain."""

    kind = "brain"
    opened = ((), *((name,) for name in _TYPES))
    model = schema.BrainFile

    def take(self, path: Path, value: Any) -> Iterator[Row]:
        if len(path) == 1 and path[0] in _TYPES and isinstance(value, str):
            yield from self._text(path, value)
        else:
            yield from super().take(path, value)

    def _container(self, path: Path) -> type:
        return list if path else dict

    def _text(self, path: Path, text: str) -> Iterator[Row]:
        """Read what was written as text by mistake, item by item; what of it cannot be read is told."""
        for place, one in enumerate(parsed(text, _TYPES[str(path[0])])):
            if isinstance(one, Unreadable):
                self.wrong((*path, place), str(one))
            else:
                yield from self.take((*path, place), one)

    def _rows(self, path: Path, value: Any) -> Iterator[Row]:
        match path:
            case (schema.HIPPOCAMPUS, _):
                yield from self._trace(path, value)
            case (schema.NEOCORTEX, _):
                yield from self._pattern(path, value)
            case _:
                yield from super()._rows(path, value)

    def _trace(self, path: Path, value: Any) -> Iterator[Row]:
        one = self._checked(schema.Trace, value, path)
        if one is None:
            return
        self.entries += 1
        self._seen(one.timestamp)
        nth = self.place.numbers.of("brain.hippocampus", *map(repr, (one.timestamp, one.reward, one.content)))
        row = trace_row(value, nth, DEFAULT_VERSION)
        more = {"consolidated": True} if one.consolidated else {}
        yield Row(_NAME, tables.HIPPOCAMPUS.name, with_unknown(row, one, more), nth)

    def _pattern(self, path: Path, value: Any) -> Iterator[Row]:
        one = self._checked(schema.Pattern, value, path)
        if one is None:
            return
        self.entries += 1
        self._seen(one.created_at, one.last_reinforced)
        nth = self.place.numbers.of("brain.neocortex", one.abstract_lesson, repr(one.created_at), *one.tags)
        row = pattern_row(value, nth)
        yield Row(_NAME, tables.NEOCORTEX.name, with_unknown(row, one), nth)

    def _finish(self, found: schema.BrainFile) -> Iterator[Row]:
        if found.total_consolidations is not None:
            time = self.place.now if found.timestamp is None else found.timestamp
            row = {"count": found.total_consolidations, "episode": found.last_sleep, "time": time}
            yield _of_brain(tables.SLEEP, row)
        if found.episodes_since_sleep is not None:
            yield _of_brain(tables.WAKING, {"episodes_since_sleep": found.episodes_since_sleep})
        if found.expected_reward is not None:
            yield _of_brain(tables.EXPECTATION, {"reward": found.expected_reward})
        yield from self._besides(found)

    def _besides(self, found: schema.BrainFile) -> Iterator[Row]:
        """Give out what the original leaves out."""
        if found.replays is not None:
            yield _of_brain(tables.REPLAYS, {"count": found.replays})
        if (said := found.filter) is not None:
            row = {"expected_reward": said.expected_reward, "mean": said.mean, "squares": said.squares}
            yield _of_brain(tables.FILTER, row | {"count": said.samples})
        for seen in found.seen:
            yield Row(_NAME, tables.SEEN.name, {"digest": seen}, self.place.numbers.of("brain.seen", seen))
        if (machine := found.machine) is not None:
            held = min(machine.held, len(found.recent)) if machine.held else len(found.recent)
            row = {name: getattr(machine, name) for name in _MACHINE}
            yield _of_brain(tables.MACHINE, row | {"held": held})
            for table, items in ((tables.RECENT, found.recent), (tables.QUEUE, found.queue)):
                yield from (_of_brain(table, {"experience": one}) for one in items)


def _of_brain(table: Table, row: Json) -> Row:
    return Row(_NAME, table.name, {"of": _OF_BRAIN, **row})
