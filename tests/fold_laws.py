"""L2 and L3 as functions, for any read model and any log: test_laws.py draws them, test_folds.py plants faults."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from columns import columns_of, pieces
from hypothesis import strategies as st

from jotty_events.record import Record
from projections import ReadModel

Records = Sequence[Record]
Draw = Callable[[st.SearchStrategy[Any]], Any]


def applied(model: ReadModel, records: Records) -> Any:
    """Return a model's state after some records, applied one by one."""
    state = model.initial()
    for record in records:
        model.apply(state, record)
    return state


def require_same_tables(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Compare two dumps: names, types, rows and order, to the sign of a zero."""
    assert list(one) == list(other)
    for name, table in one.items():
        assert table.schema.equals(other[name].schema), name
        # Arrow's own `equals` takes 0.0 and -0.0 for the same.
        assert repr(table.to_pylist()) == repr(other[name].to_pylist()), name


def require_l2(model: ReadModel, records: Records, draw: Draw) -> None:
    """Fold the records in batches of any size and order: the state is that of applying them one by one."""
    state = applied(model, records)
    whole = columns_of(records, dictionaries=draw(st.booleans()))
    cut = pieces(whole, draw(st.integers(1, 9)))
    batches = draw(st.permutations([(tag, batch) for tag, found in cut.items() for batch in found]))
    folding = model.folding()
    for tag, batch in batches:
        folding.add(tag, batch)
    require_same_tables(model.finish_tables(folding.partial()), model.dump(state))
    found = model.finish(model.fold(whole))
    assert model.digest(found) == model.digest(state)
    require_same_tables(model.dump(found), model.dump(state))


def require_l3(model: ReadModel, records: Records, draw: Draw) -> None:
    """Fold stretches that cover the records, some twice, and merge them in any order: the same state."""
    parts = draw_parts(model, records, draw)
    while len(parts) > 1:
        one = parts.pop(draw(st.integers(0, len(parts) - 1)))
        other = parts.pop(draw(st.integers(0, len(parts) - 1)))
        parts.append(model.merge(one, other))
        if draw(st.integers(0, 3)) == 0:
            parts[-1] = model.merge(parts[-1], one)
    require_same_tables(model.finish_tables(parts[0]), model.dump(applied(model, records)))


def draw_parts(model: ReadModel, records: Records, draw: Draw) -> list[Any]:
    """Return partials of stretches without a gap, and of others that overlap them; some are lifted or settled."""
    ends = st.integers(0, len(records))
    cuts = [0, *sorted(draw(st.lists(ends, max_size=4))), len(records)]
    parts = [model.fold(columns_of(records[low:high])) for low, high in pairwise(cuts)]
    stretches = draw(st.lists(st.tuples(ends, ends), max_size=2))
    parts += [model.fold(columns_of(records[low:high])) for low, high in stretches]
    prefixes = draw(st.lists(st.tuples(ends, st.booleans()), max_size=2))
    return parts + [prefix(model, records[:cut], settled=settled) for cut, settled in prefixes]


def prefix(model: ReadModel, records: Records, *, settled: bool) -> Any:
    """Return a partial that stands for all records up to its last one."""
    upto = records[-1].seq if records else 0
    if not settled:
        return model.lift(applied(model, records), upto)
    folding = model.folding()
    for tag, columns in columns_of(records).items():
        folding.add(tag, columns)
    folding.settle(upto)
    return folding.partial()
