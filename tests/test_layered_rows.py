"""Rows over Arrow behave as rows in memory do, whatever is done to them, saved and damaged in between."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.errors import DamagedSnapshot
from jotty_events.projection import Found, Piece
from projections.arrow import dump
from projections.layers import layered_rows
from projections.layers.layered_rows import LayeredRows, over_dump
from projections.layers.sheet import merged, piece, place_of
from projections.layers.stack import Held
from projections.rows import Rows
from projections.table import Key, Table, integer, json, last_k, real, table, text

GROUPED = table("grouped", (text("a"), text("b"), text("c")), real("v"), integer("nth"), json("j"), grouped=1)
PARENT = table("parent", (text("a"), text("b")), real("v"), integer("nth"), json("j"))
SHAPES = {
    "grouped": GROUPED,
    "alone": PARENT,
    "child": table("child", (text("c"),), real("v"), integer("nth"), json("j"), parent=PARENT),
    "last": last_k("last", PARENT, real("v"), 2),
}
each_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


class Index:
    """A set of groups that insists on being told of each once."""

    def __init__(self, known: set[Key] | None = None) -> None:
        self.groups = known or set()

    def add(self, prefix: Key) -> None:
        assert prefix not in self.groups
        self.groups.add(prefix)

    def discard(self, prefix: Key) -> None:
        self.groups.remove(prefix)


class Fragile(Held):
    """A sheet that is found damaged once it is touched, if it is told so."""

    damaged = False

    def batch(self, number: int) -> Any:
        if self.damaged:
            raise DamagedSnapshot("damaged", file="sheet")
        return super().batch(number)


class Shelf:
    """Keeps rows as a snapshot does: sheet over sheet."""

    def __init__(self, shape: Table) -> None:
        self.shape = shape
        self.sheets: list[Any] = []
        self.last: Piece | None = None

    def save(self, rows: Rows) -> None:
        """Keep what changed."""
        made = piece(rows)
        self.sheets = [made.rows] if made.whole else [*self.sheets, made.rows]
        self.last = made
        rows.settle()

    def compact(self) -> None:
        """Make one sheet of the newest two."""
        if len(self.sheets) > 1:
            self.sheets[-2:] = [merged(self.sheets[-2:], bottom=len(self.sheets) == 2)]

    def opened(self, rescue: Callable[[], Rows], damaged: bool = False) -> LayeredRows:
        """Return the rows that were kept."""
        assert self.last is not None
        layers = [Fragile(sheet, rows=3) for sheet in self.sheets]
        for layer in layers:
            layer.damaged = damaged
        kept = self.last
        return LayeredRows(self.shape, Found(layers, kept.count, kept.next_nth, kept.total), rescue)


def twin(rows: Rows) -> Rows:
    """Return rows in memory that are equal to others."""
    made = Rows(rows.table)
    for key, row in rows.items():
        made.put(key, list(row))
    made.next_nth = rows.next_nth
    return made


_part = st.sampled_from(["", "x\x00ü"])
_steps = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *(
                    "put",
                    "put",
                    "put",
                    "put",
                    "set",
                    "set",
                    "drop",
                    "drop",
                    "drop group",
                    "get",
                    "get",
                    "group",
                    "group",
                ),
                *("save", "merge", "reopen", "reopen", "merge and reopen", "open", "damage"),
                *("clear", "items", "digest", "watch", "watch from", "count", "cells", "cells"),
            ]
        ),
        _part,
        _part,
        _part,
    ),
    min_size=20,
    max_size=60,
)


@each_shape
@pytest.mark.parametrize("at_once", [0, 10_000], ids=["streaming", "at once"])
@given(steps=_steps)
def test_rows_over_a_snapshot_behave_as_rows_in_memory(
    shape: Table, at_once: int, steps: list[tuple[str, str, str, str]]
) -> None:
    """After any changes, looks, saves, merges, openings and damages: equal rows, counts, groups, digests, watchers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layered_rows, "AT_ONCE", at_once)
        stage = Stage(shape)
        for number, (step, *parts) in enumerate(steps):
            stage.do(step, tuple(parts)[: len(shape.key)], number)
            stage.require_equal(step)
        stage.require_equal("items")
        stage.require_equal("digest")


LOOKING = ("get", "group", "count", "cells")
SAVING = ("save", "merge", "reopen", "merge and reopen")
OPENING = ("open", "damage", "reopen", "merge and reopen")


class Stage:
    """Rows over a snapshot, rows in memory, and the same done to both."""

    def __init__(self, shape: Table) -> None:
        self.shape = shape
        self.expected, self.rows = Rows(shape), Rows(shape)
        self.shelf = Shelf(shape)
        self.kept: Rows | None = None
        self.watchers: list[Index] = []

    def do(self, step: str, key: Key, number: int) -> None:
        prefix = key[: self.shape.prefix]
        if step in SAVING:
            self.shelf.save(self.rows)
            self.kept = twin(self.expected)
        if "merge" in step:
            self.shelf.compact()
        if step in OPENING and self.kept is not None:
            self._open(step == "damage")
        if step in LOOKING:
            self._look(step, key, prefix)
        elif step == "watch":
            self.watchers.append(Index())
            self.rows.watch(self.watchers[-1])
        elif step == "watch from" and isinstance(self.rows, LayeredRows) and self.kept is not None:
            watcher = Index({key[: self.shape.prefix] for key, _ in self.kept_at_opening.items()})
            self.watchers += [watcher] if self.rows.watch_from(watcher) else []
        else:
            for rows in (self.expected, self.rows):
                change(rows, step, key, prefix, number)

    def _look(self, step: str, key: Key, prefix: Key) -> None:
        if step == "get":
            assert self.rows.get(key) == self.expected.get(key)
        elif step == "group":
            assert self.rows.group(prefix) == self.expected.group(prefix)
        elif step == "count":
            assert self.rows.count(prefix) == self.expected.count(prefix)
            assert len(self.rows) == len(self.expected)
        elif self.shape.keep is None:
            cells = [(row[1], row[0]) for row in self.expected.group(prefix).values()]
            asked = [prefix, ("nobody", "nowhere")[: self.shape.prefix], prefix]
            found = [sorted(one) for one in self.rows.cells(asked, ("nth", "v"))]
            assert found == [sorted(cells), [] if self.shape.prefix else sorted(cells), sorted(cells)]
            named = (self.shape.key[-1].name, "nth")
            keys = [(one[-1], row[1]) for one, row in self.expected.items() if one[: self.shape.prefix] == prefix]
            assert sorted(self.rows.cells([prefix], named)[0]) == sorted(keys)

    def _open(self, damaged: bool) -> None:
        """Go on from what was saved last; one who knows its groups watches."""
        assert self.kept is not None
        kept = self.kept_at_opening = twin(self.kept)
        self.expected = twin(self.kept)
        self.rows = self.shelf.opened(lambda: kept, damaged)
        self.watchers = []

    def require_equal(self, step: str) -> None:
        assert self.rows.next_nth == self.expected.next_nth
        for watcher in self.watchers:
            assert watcher.groups == set(self.expected.prefixes())
        if step == "items":
            assert sorted(self.rows.all_keys()) == sorted(key for key, _ in self.expected.items())
            assert dict(self.rows.items()) == dict(self.expected.items())
            assert set(self.rows.prefixes()) == set(self.expected.prefixes())
        if step == "digest":
            assert self.rows.digest() == self.expected.digest()


def change(rows: Rows, step: str, key: Key, prefix: Key, number: int) -> None:
    """Do one change."""
    if step == "put" and rows.table.keep is not None:
        rows.push(key, number / 2)
    elif step == "put":
        rows.put(key, [number / 2, number, {"n": [number, None]} if number % 2 else None])
    elif step == "set" and rows.table.keep is None:
        rows.set(key, (0, 2), (-1.0, [number]))
    elif step == "drop":
        rows.drop(key)
    elif step == "drop group" and prefix:
        rows.drop(prefix)
    elif step == "clear":
        rows.clear()


@pytest.mark.parametrize("shape", [one for one in SHAPES.values() if one.keep is None], ids=lambda one: one.name)
@given(data=st.data())
def test_cells_of_a_dump_are_those_of_its_rows(shape: Table, data: st.DataObject) -> None:
    """Few groups are looked for, many are found by going through all rows: of either the cells are the same."""
    letters = st.sampled_from("abc")
    rows = Rows(shape)
    for number, key in enumerate(data.draw(st.lists(st.tuples(*[letters] * len(shape.key)), max_size=30))):
        rows.put(key, [number / 2, number, None])
    asked = data.draw(st.lists(st.tuples(*[letters] * shape.prefix), max_size=3))
    over = over_dump(shape, dump({shape.name: rows})[shape.name])
    named = (shape.key[-1].name, "nth", "v")
    assert [sorted(one) for one in over.cells(asked, named)] == [sorted(one) for one in rows.cells(asked, named)]


def test_cells_stay_what_they_are_however_often_they_are_read() -> None:
    """Read one by one or listed once for all, a missing number stays missing, and an integer an integer."""
    shape = table("t", (text("a"), text("b")), real("v"), integer("nth"), grouped=1)
    rows, shelf = Rows(shape), Shelf(shape)
    for number in range(12):
        rows.put(("g", f"{number}"), [None if number % 2 else number / 4, number if number % 3 else None])
    shelf.save(rows)
    opened = shelf.opened(lambda: rows)
    expected = sorted(map(repr, rows.cells([("g",)], ("b", "nth", "v"))[0]))
    for _ in range(40):
        assert sorted(map(repr, opened.cells([("g",)], ("b", "nth", "v"))[0])) == expected


@given(st.lists(st.text(max_size=3), min_size=1, unique=True), st.text(max_size=3))
def test_a_sheet_finds_its_keys_and_no_others(keys: list[str], other: str) -> None:
    """Each key of many batches is found by its place, and one that is not there is not."""
    shape = table("t", (text("a"),), real("v"))
    rows, shelf = Rows(shape), Shelf(shape)
    for number, key in enumerate(keys):
        rows.put((key,), [float(number)])
    shelf.save(rows)
    opened = shelf.opened(lambda: rows)
    assert [opened.get((key,)) for key in keys] == [[float(number)] for number in range(len(keys))]
    assert (opened.get((other,)) is None) == (other not in keys)


def test_a_place_is_the_same_in_every_process() -> None:
    """Places are kept in files: they depend on the key alone."""
    assert place_of(("a", "b"), 1).hex() == PLACE_OF_A_B


PLACE_OF_A_B = "f53b3155b302982e196b7645b7b614b1d8f141e4ef8a533b1994f88d4ca33b0f"
