"""Many events looked at once: a yes is proof that each alone would be admitted as it is."""

import marshal
from collections.abc import Callable
from typing import Any

import pytest
from generators import example_of
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_admission import NOT_FLOATS, NOT_INTEGERS, NOT_TEXTS, Color, Money, Rank, Word, spoiled, woken

from jotty_events import admission, batch
from jotty_events.admission import admit, admit_all
from jotty_events.batch import are_plain
from jotty_events.errors import InvalidEvent
from jotty_events.events import EVENT_TYPES, Event, ExperienceAdded, QUpdated, WakeCounted


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_FEW", 2)


def outcome(act: Callable[[], Any]) -> str:
    """Return what came of an admission: the events, or the message of the refusal."""
    try:
        return repr(act())
    except InvalidEvent as error:
        return f"refused: {error.message}"


@given(st.data())
def test_events_together_are_admitted_as_each_alone(data: st.DataObject) -> None:
    """Whatever the fields hold and whatever stands beside it, a batch gives what its events give one by one."""
    kinds = data.draw(st.lists(st.sampled_from(EVENT_TYPES), min_size=1, max_size=2))
    events = data.draw(st.lists(st.sampled_from(kinds).flatmap(spoiled), min_size=2, max_size=6))
    assert outcome(lambda: admit_all(events)) == outcome(lambda: list(map(admit, events)))


@given(st.sampled_from(EVENT_TYPES).flatmap(lambda kind: st.tuples(st.just(kind), st.lists(spoiled(kind), min_size=1))))
def test_a_yes_is_proof(given_events: tuple[type[Event], list[Event]]) -> None:
    """Events that are called plain together are each admitted without a change."""
    kind, events = given_events
    if are_plain(kind, events):
        assert [admit(event) is event for event in events] == [True] * len(events)


def test_plain_events_are_given_back_themselves() -> None:
    """A batch of plain events of two types is proven at once, mixed optional fields included; nothing is copied."""
    updated = replace(example_of(QUpdated), **dict.fromkeys(("origin", "actor", "episode", "attempt")))
    events = [woken(float(i), i, actor="a" if i % 2 else None, episode=i % 3 or None) for i in range(20)] + [
        updated
    ] * 3
    assert are_plain(WakeCounted, events[:20])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admission, "admit", None)
        assert all(one is other for one, other in zip(admit_all(events), events, strict=True))


def test_fields_that_hold_content_are_never_plain() -> None:
    """An event with a JSON object is looked at by itself, since the object has to be copied."""
    assert not are_plain(ExperienceAdded, [example_of(ExperienceAdded)] * 3)


@pytest.mark.parametrize("value", [*NOT_FLOATS, Money(1.5), Rank.FIRST, True, 3, None, "1", (1.0,), {}], ids=repr)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_odd_number_is_seen_wherever_it_stands(value: Any, place: int) -> None:
    """What is no plain finite float is seen at the head, in the middle and at the end of a column."""
    events = [woken(now=value if i == place else float(i)) for i in range(3)]
    assert not are_plain(WakeCounted, events)


@pytest.mark.parametrize("value", [*NOT_INTEGERS, Rank.FIRST], ids=lambda one: f"{type(one).__name__} {one!r:.20}")
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_odd_integer_is_seen_wherever_it_stands(value: Any, place: int) -> None:
    """What is no plain integer of 64 bits is seen, however well it would be written."""
    events = [woken(count=value if i == place else i) for i in range(3)]
    assert not are_plain(WakeCounted, events)


@pytest.mark.parametrize("value", [*NOT_TEXTS, Word("w"), Color.RED], ids=lambda one: type(one).__name__)
def test_one_odd_text_is_seen(value: Any) -> None:
    """Another type of text or no text at all is seen among plain ones."""
    assert not are_plain(WakeCounted, [woken(actor="a"), woken(actor=value), woken(actor=None)])


@pytest.mark.parametrize("count", [2**31 - 1, 2**31, 2**62, -(2**31) - 1])
def test_integers_of_any_size_that_fits_are_plain(count: int) -> None:
    """Beyond 32 bits integers are packed otherwise, and are as plain."""
    assert are_plain(WakeCounted, [woken(count=1), woken(count=count), woken(count=0)])


def test_a_value_that_cannot_be_packed_runs_none_of_its_code() -> None:
    """An object in place of a number is refused by its type; its own methods are not asked."""

    class Trap:
        def __float__(self) -> float:
            raise AssertionError

        __eq__ = __hash__ = __index__ = __float__  # type: ignore[assignment]

    assert not are_plain(WakeCounted, [woken(now=1.0), woken(now=Trap())])


def test_the_codes_are_those_of_this_python() -> None:
    """The table of codes was read off the packed values, and tells three types apart."""
    assert len({code for code, _ in batch._PACKED.values()}) == 3
    assert {kind: size for kind, (_, size) in batch._PACKED.items()} == {float: 9, int: 5, type(None): 1}


@pytest.mark.parametrize("change", ["zeros left out", "other order", "one code for all"])
def test_a_python_that_packs_otherwise_is_not_relied_on(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where values are not packed as is known, nothing is believed of the codes; the answers stay what they were."""
    dumps = marshal.dumps

    def otherwise(value: Any, version: int) -> bytes:
        packed: bytes = dumps(value, version)
        head, rest = packed[: batch._HEADER], packed[batch._HEADER :]
        if change == "zeros left out":
            return head + rest.rstrip(b"\0")
        return head + (rest[::-1] if change == "other order" else rest.replace(b"i", b"g"))

    assert batch._measured() == batch._PACKED != {}
    with monkeypatch.context() as patch:
        patch.setattr(marshal, "dumps", otherwise)
        assert batch._measured() == {}
    monkeypatch.setattr(batch, "_PACKED", {})
    assert are_plain(WakeCounted, [woken(now=1.0), woken(now=2.0)])
    assert not are_plain(WakeCounted, [woken(now=1.0), woken(now=float("nan"))])
    assert not are_plain(WakeCounted, [woken(now=1.0), woken(now=2)])


def test_events_of_no_known_type_are_refused_in_any_number() -> None:
    """What is no event of the log is refused among many as it is alone."""
    with pytest.raises(InvalidEvent):
        admit_all([object()] * 5)  # type: ignore[list-item]
