"""Seqs that were met, in stretches: the same as a set of them."""

from hypothesis import given
from hypothesis import strategies as st

from jotty_events.runs.covered import Covered

STRETCHES = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 8)), max_size=12)


@given(STRETCHES, st.integers(1, 45))
def test_what_is_covered_is_what_a_set_holds(stretches: list[tuple[int, int]], seq: int) -> None:
    """In any order, overlapping or not: behind a seq comes the first that no stretch holds."""
    covered, held = Covered(), set[int]()
    for first, more in stretches:
        covered.add(first, first + more)
        held.update(range(first, first + more + 1))
    assert covered.behind(seq) == next(one for one in range(seq, 100) if one not in held)


def test_stretches_that_touch_become_one() -> None:
    """A run that was absorbed commit by commit is one stretch, so that nothing grows with its commits."""
    covered = Covered()
    for first in (5, 1, 3):
        covered.add(first, first + 1)
    assert covered._stretches == [(1, 6)]
