"""Verifying beside the state: what was read, chosen and counted follows from the state just before it."""

from collections.abc import Sequence
from functools import cache

import pytest
from msgspec.structs import replace
from planting import changed
from recorded_runs import SCENARIOS, Scenario, history_of
from test_verify import written

from jotty_events.events import EVENT_TYPES, Event, fields_in, tag_of
from jotty_events.reading.conclusions import CONCLUSIONS
from jotty_events.reading.verify import Verified, verify
from jotty_events.reenacting import deep
from jotty_events.reenacting.reenactment import REENACTED
from jotty_events.rules import VERSIONS

Planted = tuple[type[Event], str]

WRITTEN_BY_NOBODY = {"absorbed", "entry_imported", "imported", "redacted"}
"""Kinds that no learner writes: what they say came from outside."""


def verified(events: Sequence[Event], rules: int, most: int = 10_000) -> Verified:
    """Verify a log beside its states."""
    return verify(written(events, rules=rules), deep=deep, most=most)


@pytest.mark.parametrize("rules", VERSIONS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_what_learners_record_follows_from_the_state_before_it(scenario: Scenario, rules: int) -> None:
    """Nothing diverges in what was recorded, by either version of the rules, and nothing is left unsaid."""
    events = history_of(scenario, rules)
    found = verified(events, rules)
    assert list(found) == []
    assert found.notes == []
    assert found.events == sum(type(one) in CONCLUSIONS or type(one) in REENACTED for one in events)


def all_planted() -> list[Planted]:
    kinds = [kind for kind in EVENT_TYPES if tag_of(kind) not in WRITTEN_BY_NOBODY]
    return [(kind, field) for kind in kinds for group in ("read", "concluded") for field in fields_in(kind, group)]


@cache
def places_of(kind: type[Event]) -> tuple[tuple[int, tuple[Event, ...], int], ...]:
    """Return where events of a kind stand: the version, the history, and the place in it."""
    return tuple(
        (rules, history_of(scenario, rules), i)
        for rules in reversed(VERSIONS)
        for scenario in SCENARIOS
        for i, event in enumerate(history_of(scenario, rules))
        if type(event) is kind
    )


@pytest.mark.parametrize(("kind", "field"), all_planted(), ids=lambda one: one if isinstance(one, str) else tag_of(one))
def test_a_change_of_what_was_read_or_concluded_is_found(kind: type[Event], field: str) -> None:
    """One field that is different by one bit, one character or one item is found, where it stands."""
    places = places_of(kind)
    assert places, f"no scenario records a {tag_of(kind)}"
    shortest = sorted(places, key=lambda one: len(one[1]))
    chosen = next((one for one in shortest if getattr(one[1][one[2]], field) not in (None, [], {})), shortest[0])
    rules, events, i = chosen
    planted = list(events)
    planted[i] = replace(events[i], **{field: changed(kind, field, getattr(events[i], field))})
    found = verified(planted, rules)
    assert i + 1 in {one.seq for one in found}
