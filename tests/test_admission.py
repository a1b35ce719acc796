"""What may enter the log, and what may not: an event comes back as it went in, or it does not go in.

The check remembers the types of good events and then looks at numbers only. So each bad value is tried on a fresh
event and again behind good events of the same types.
"""

import enum
import re
from collections import OrderedDict, UserDict, UserList
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from generators import MAX_INT, MIN_INT, collected, event_of, events, example_of, floats, integers, texts
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Struct
from msgspec.structs import astuple, replace

from jotty_events import admission
from jotty_events.admission import admit
from jotty_events.errors import InvalidEvent
from jotty_events.events import (
    EVENT_TYPES,
    AttemptMade,
    Candidate,
    EntryImported,
    Event,
    ExperienceAdded,
    ExperienceEncoded,
    ExperienceForgotten,
    Imported,
    Origin,
    QUpdated,
    Recalled,
    RunEnded,
    TaskAdded,
    TaskCompleted,
    TrajectoryEnded,
    WakeCounted,
    tag_of,
)
from jotty_events.log import layout
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.record import MAX_LINE, Record, decode, encode
from jotty_events.runs.writer import RunPlan, RunWriter
from jotty_events.values import MAX_DEPTH


def shown(value: object) -> str:
    """Return a value as it stands in a test's id: the same in every process, so that processes can share the tests."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))[:40]


each_type = pytest.mark.parametrize("kind", EVENT_TYPES, ids=tag_of)


class Word(str):
    """A text that is not of the plain type."""

    __slots__ = ()


class Color(enum.StrEnum):
    RED = "red"


class Rank(enum.IntEnum):
    FIRST = 1


class Long(int):
    """A number that says of itself that it is another one, which does not fit into 64 bits."""

    __slots__ = ()

    def __int__(self) -> int:
        return 2**64


class Money(float):
    """A number that is not of the plain type."""

    __slots__ = ()


def with_content(content: Any) -> Imported:
    return Imported(file="f", kind="k", digest="d", entries=1, unknown=content, now=1.0)


def woken(now: Any = 1.0, count: Any = 1, **more: Any) -> WakeCounted:
    return WakeCounted(now=now, episodes_since_sleep=count, **more)


def require_unchanged(event: Event) -> None:
    """See that an event comes back the same, of the same plain types, and encodes to the same bytes (law L1)."""
    line = encode(Record(1, 2, event))
    back = decode(line)
    assert isinstance(back, Record)
    assert type(back.event) is type(event)
    # Values that are equal may be of other types or signs, which a repr tells apart.
    assert repr(back.event) == repr(event)
    assert encode(back) == line


def require_refused(event: Event, *words: str) -> None:
    """See that an event is refused with an error that names its tag, and says what to do."""
    with pytest.raises(InvalidEvent) as caught:
        admit(event)
    assert caught.value.hint
    assert caught.value.message.startswith(tag_of(event) + ".")
    for word in words:
        assert word in str(caught.value)


@pytest.fixture(autouse=True)
def _forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test begin as a fresh process does: no types are remembered."""
    for name, value in vars(admission).items():
        if isinstance(value, dict) and name in {"_plans", "_last"}:
            monkeypatch.setattr(admission, name, {})


# Good events.


@each_type
def test_a_good_event_is_admitted_and_comes_back(kind: type[Event]) -> None:
    """Every event whose fields hold what their types say is admitted, is equal to what was given, and comes back."""
    for event in collected(event_of(kind), 20):
        admitted = admit(event)
        assert repr(admitted) == repr(event)
        assert repr(admit(admitted)) == repr(event)
        require_unchanged(admitted)


def test_the_second_event_of_the_same_types_is_not_copied() -> None:
    """An event of plain types is given back as it is: the check costs little."""
    first, second = woken(1.0, 1), woken(2.0, 2)
    assert admit(first) is first
    assert admit(second) is second


def test_the_memory_of_types_is_used() -> None:
    """The tests of sequences below mean something: after one good event its like is admitted without a close look."""
    admit(woken())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admission, "_admit_slowly", None)
        event = woken(7.0, 8)
        assert admit(event) is event


# Values that become others.


def test_integers_in_float_fields_become_floats() -> None:
    """An integer where a float is due is admitted as the float that the log would give back."""
    admitted = admit(woken(now=3))
    assert repr(admitted) == repr(woken(now=3.0))
    require_unchanged(admitted)
    exact, rounded = admit(woken(now=2**53)), admit(woken(now=2**53 + 1))
    assert exact == rounded


def test_an_integer_does_not_teach_that_a_float_field_holds_integers() -> None:
    """After an integer was turned into a float, the next one is turned as well."""
    for now in (3, 4, 5):
        assert repr(admit(woken(now=now))) == repr(woken(now=float(now)))


@pytest.mark.parametrize(
    ("value", "plain"),
    [(Word("abc"), "abc"), (Color.RED, "red"), (np.str_("ü"), "ü")],
)
def test_texts_of_other_types_become_plain(value: str, plain: str) -> None:
    """An enum or another kind of text is admitted as the text that the log would give back."""
    for _ in range(2):
        admitted = admit(with_content({value: [value]}))
        assert repr(admitted) == repr(with_content({plain: [plain]}))
        event = admit(woken(actor=value))
        assert type(event.actor) is str if isinstance(event, WakeCounted) else False
        require_unchanged(event)
        require_unchanged(admitted)


@pytest.mark.parametrize(("value", "plain"), [(np.float64(0.1), 0.1), (Money(2.5), 2.5), (Rank.FIRST, 1.0), (7, 7.0)])
def test_numbers_of_other_types_become_plain_floats(value: float, plain: float) -> None:
    """A number of numpy or of an enum is admitted in a float field as a float of the plain type."""
    for _ in range(2):
        assert repr(admit(woken(now=value))) == repr(woken(now=plain))


def test_numbers_of_other_types_become_plain_in_content() -> None:
    """Within content a float stays a float and an integer an integer, of the plain types."""
    admitted = admit(with_content({"a": np.float64(1.0), "b": Rank.FIRST, "c": [Money(-0.0)]}))
    assert repr(admitted) == repr(with_content({"a": 1.0, "b": 1, "c": [-0.0]}))


def test_integers_of_other_types_become_plain() -> None:
    """A member of an integer enum is admitted in an integer field as the integer that it is."""
    assert repr(admit(woken(count=Rank.FIRST))) == repr(woken(count=1))


def test_an_integer_that_becomes_too_large_is_refused() -> None:
    """What counts is the plain integer that would be written."""
    require_refused(woken(count=Long(1)), "64 bits")
    require_refused(with_content({"a": [Long(1)]}), "64 bits")


def test_dictionaries_and_lists_of_other_types_become_plain() -> None:
    """Subclasses of dict and list are admitted as the JSON that they are; order is kept."""
    odd = OrderedDict([("b", 1), ("a", type("Items", (list,), {})([OrderedDict(x=1)]))])
    admitted = admit(with_content(odd))
    assert repr(admitted) == repr(with_content({"b": 1, "a": [{"x": 1}]}))
    require_unchanged(admitted)
    assert repr(admit(with_content(OrderedDict(a=1)))) == repr(with_content({"a": 1}))


def test_numbers_in_lists_and_structs_become_plain() -> None:
    """Items of a list and fields of an inner struct are admitted as the outer fields are."""
    ended = next(iter(collected(event_of(TrajectoryEnded), 3)))
    admitted = admit(replace(ended, step_rewards=[1, np.float64(0.5)], keys=[Word("k")]))
    assert isinstance(admitted, TrajectoryEnded)
    assert repr((admitted.step_rewards, admitted.keys)) == repr(([1.0, 0.5], ["k"]))
    made = admit(attempted([Candidate(approach=Word("a"), q=1, nth=Rank.FIRST, tried=False)]))
    assert isinstance(made, AttemptMade)
    assert repr(made.candidates) == repr([Candidate(approach="a", q=1.0, nth=1, tried=False)])
    require_unchanged(made)


def attempted(candidates: Any = (), memories: Any = ()) -> AttemptMade:
    made = collected(event_of(AttemptMade), 2)[0]
    assert isinstance(made, AttemptMade)
    return replace(made, candidates=list(candidates), memories=list(memories))


# Values that are refused.

NOT_FLOATS = [float("nan"), float("inf"), -float("inf"), np.float64("nan"), np.float64("inf"), 10**400, -(10**400)]
NOT_NUMBERS = [
    True,
    "1.0",
    None,
    UNSET,
    1j,
    b"1",
    [1.0],
    (1.0,),
    {},
    Decimal("1"),
    Fraction(1, 2),
    np.float32(1),
    object(),
]


@pytest.mark.parametrize("value", [*NOT_FLOATS, *NOT_NUMBERS], ids=shown)
@pytest.mark.parametrize("before", [0, 1, 3])
def test_no_float_field_takes_what_is_no_finite_number(value: Any, before: int) -> None:
    """NaN, infinity, an integer too large for a float, a truth value, a text: refused, also behind good ones."""
    for i in range(before):
        admit(woken(now=float(i)))
    require_refused(woken(now=value), "now")


NOT_INTEGERS = [
    1.0,
    1.5,
    True,
    False,
    "1",
    None,
    UNSET,
    np.int64(1),
    b"1",
    [1],
    2**63,
    -(2**63) - 1,
    10**400,
    -(10**400),
]


@pytest.mark.parametrize("value", NOT_INTEGERS, ids=shown)
@pytest.mark.parametrize("before", [0, 1, 3])
def test_no_integer_field_takes_what_is_no_integer_of_64_bits(value: Any, before: int) -> None:
    """A float, a truth value, a numpy integer, an integer beyond 64 bits: refused, also behind good ones."""
    for i in range(before):
        admit(woken(count=i))
    require_refused(woken(count=value), "episodes_since_sleep")


@pytest.mark.parametrize("value", [0, 1, 1.0, "true", None, np.bool_(True), UNSET], ids=shown)
def test_a_truth_value_is_nothing_else(value: Any) -> None:
    """One and zero are no truth values, since they would not come back as such."""
    require_refused(replace(attempted(), explored=value), "explored")


NOT_TEXTS = [
    1,
    1.0,
    True,
    b"abc",
    bytearray(b"abc"),
    ["a"],
    ("a",),
    {"a": 1},
    UNSET,
    object(),
    Decimal("1"),
    UserDict(),
]


@pytest.mark.parametrize("value", NOT_TEXTS, ids=lambda one: type(one).__name__)
def test_no_text_field_takes_what_is_no_text(value: Any) -> None:
    """Bytes, numbers and collections are no text; None is one only where it may be."""
    require_refused(woken(actor=value), "actor")
    require_refused(replace(with_content({}), file=value), "file")
    require_refused(replace(with_content({}), file=None), "file")


@pytest.mark.parametrize("bad", ["\ud800", "ok \udfff", "é\udc00"], ids=ascii)
def test_lone_surrogates_are_refused(bad: str) -> None:
    """Half a character cannot be written as UTF-8: refused in fields, keys, content, lists and inner structs."""
    require_refused(woken(actor=bad), "surrogate")
    require_refused(with_content({bad: 1}), "surrogate")
    require_refused(with_content({"a": [{"b": bad}]}), "surrogate")
    require_refused(RunEnded(run="r", status="s", versions={}, digests={"a": bad}, now=1.0), "surrogate")
    require_refused(RunEnded(run="r", status="s", versions={}, digests={bad: "a"}, now=1.0), "surrogate")
    require_refused(attempted(memories=[Recalled(owner=bad, level="l", key="k", value=1.0)]), "surrogate")
    require_refused(woken(origin=Origin(run=bad, seq=1)), "surrogate")


@pytest.mark.parametrize("bad", ["\ud800", "ok \udfff", "é\udc00"], ids=ascii)
def test_a_lone_surrogate_behind_good_texts_reaches_no_log(bad: str) -> None:
    """Texts of known types are looked at when they are written: a lone surrogate is refused there at the latest."""
    admit(woken(actor="a"))
    with pytest.raises((InvalidEvent, UnicodeEncodeError)):
        encode(Record(1, 2, admit(woken(actor=bad))))


NOT_JSON = [
    (1, 2),
    b"abc",
    bytearray(b"abc"),
    {1, 2},
    frozenset(),
    float("nan"),
    float("inf"),
    -float("inf"),
    2**63,
    -(2**63) - 1,
    10**400,
    1j,
    Decimal("1.5"),
    np.float32(1),
    np.int64(1),
    np.bool_(True),
    np.zeros(2),
    UNSET,
    object(),
    range(3),
    UserList([1]),
    UserDict({"a": 1}),
    Origin(run="r", seq=1),
    {1: "a"},
    {None: "a"},
    {True: "a"},
    {1.5: "a"},
    {b"k": "a"},
    {("a",): 1},
]


@pytest.mark.parametrize("value", NOT_JSON, ids=shown)
def test_content_is_json_or_refused(value: Any) -> None:
    """What JSON has not, or gives back as something else, is refused wherever it stands in content."""
    for content in ({"a": value}, {"a": [value]}, {"a": {"b": [1, {"c": value}]}}):
        require_refused(with_content(content), "imported.unknown")
    require_refused(with_content(value) if not isinstance(value, dict) else with_content({"a": value}))


def test_the_place_of_a_bad_value_is_named() -> None:
    """An error says where in the content the value stands, what it is, and what to do."""
    with pytest.raises(InvalidEvent) as caught:
        admit(with_content({"a": [0, {"b": (1, 2)}]}))
    assert (
        caught.value.message
        == "imported.unknown.a[1].b is tuple, not JSON (text, number, true, false, null, list or object)"
    )
    assert caught.value.hint == "convert it before it is recorded"


def nested(levels: int, wrap: Callable[[Any], Any], inner: Any) -> dict[str, Any]:
    """Return content of so many objects and lists inside one another, the content itself counted."""
    value: Any = inner
    for _ in range(levels - 1):
        value = wrap(value)
    return {"a": value}


@pytest.mark.parametrize("wrap", [lambda inner: {"a": inner}, lambda inner: [inner]], ids=["objects", "lists"])
@pytest.mark.parametrize("inner", [None, 1, "text", True], ids=shown)
def test_content_may_nest_400_deep_and_no_deeper(wrap: Callable[[Any], Any], inner: Any) -> None:
    """400 objects and lists inside one another are admitted and come back, whatever is in the last; 401 are refused."""
    assert MAX_DEPTH == 400
    admitted = admit(with_content(nested(400, wrap, inner)))
    require_unchanged(admitted)
    require_refused(with_content(nested(401, wrap, inner)), "nests deeper than 400")


def test_content_that_holds_itself_is_refused() -> None:
    """Content without an end is refused like content that is too deep, with a message of readable length."""
    endless: dict[str, Any] = {}
    endless["a"] = [endless]
    with pytest.raises(InvalidEvent, match="nests deeper") as caught:
        admit(with_content(endless))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("bad", [None, [], "{}", 1, (), UserDict()], ids=shown)
def test_content_itself_is_an_object(bad: Any) -> None:
    """Content is a JSON object; a list or a text is not."""
    require_refused(with_content(bad), "JSON object")


@pytest.mark.parametrize("bad", [{"a": 1}, {"a": None}, {1: "a"}, ["a"], "a", None], ids=shown)
def test_digests_are_texts_by_name(bad: Any) -> None:
    """A map of texts holds texts only."""
    require_refused(RunEnded(run="r", status="s", versions={}, digests=bad, now=1.0), "run_ended.digests")


@pytest.mark.parametrize("bad", [("a",), "ab", {"a"}, {"a": 1}, None, iter(["a"]), np.array(["a"])], ids=shown)
def test_a_list_is_a_list(bad: Any) -> None:
    """A tuple, a text or a set in place of a list is refused, since a list would come back."""
    added = collected(event_of(TaskAdded), 2)[0]
    require_refused(replace(added, depends_on=bad), "depends_on")


@pytest.mark.parametrize(
    ("field", "bad", "where"),
    [
        ("step_rewards", [1.0, float("nan")], "step_rewards[1]"),
        ("step_rewards", [1.0, True], "step_rewards[1]"),
        ("step_rewards", [10**400], "step_rewards[0]"),
        ("step_rewards", ["1.0"], "step_rewards[0]"),
        ("step_rewards", [None], "step_rewards[0]"),
        ("keys", ["a", 1], "keys[1]"),
        ("keys", ["a", None], "keys[1]"),
        ("keys", [["a"]], "keys[0]"),
        ("keys", ["\ud800"], "keys[0]"),
    ],
)
def test_a_wrong_item_of_a_list_is_refused(field: str, bad: list[Any], where: str) -> None:
    """Each item of a list is looked at, and the bad one is named."""
    ended = collected(event_of(TrajectoryEnded), 2)[0]
    require_refused(replace(ended, **{field: bad}), where)


@pytest.mark.parametrize("bad", [[1, "2"], [1.0], [True], [2**63], [None]], ids=shown)
def test_a_wrong_item_of_an_optional_list_is_refused(bad: list[Any]) -> None:
    """A list that may be null is looked at when it is not."""
    event = ExperienceForgotten(reason="r", now=1.0, priority=1.0, nth=1, order=bad)
    require_refused(event, "order")
    assert admit(replace(event, order=None)) == replace(event, order=None)


class Pretender(Struct, frozen=True, kw_only=True):
    """Has the fields of a Candidate."""

    approach: str = "a"
    q: float = 1.0
    nth: int | None = None
    tried: bool = False


@pytest.mark.parametrize(
    "bad",
    [
        Recalled(owner="o", level="l", key="k", value=1.0),
        Pretender(),
        {"approach": "a", "q": 1.0, "nth": None, "tried": False},
        None,
        "a",
        Candidate(approach="a", q=float("nan"), nth=None, tried=False),
        Candidate(approach="a", q=1.0, nth=2**63, tried=False),
        Candidate(approach="a", q=1.0, nth=1, tried=1),  # type: ignore[arg-type]
        Candidate(approach=None, q=1.0, nth=1, tried=True),  # type: ignore[arg-type]
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_wrong_struct_in_a_list_is_refused(bad: Any) -> None:
    """A list of candidates holds candidates, each with good fields."""
    good = Candidate(approach="a", q=1.0, nth=1, tried=True)
    require_refused(attempted([good, bad]), "candidates[1]")


@pytest.mark.parametrize("bad", [{"run": "r", "seq": 1}, ("r", 1), Pretender(), Origin(run=1, seq=1)], ids=shown)  # type: ignore[arg-type]
def test_a_wrong_origin_is_refused(bad: Any) -> None:
    """A struct inside an event is of its own type, with good fields."""
    require_refused(woken(origin=bad), "origin")


class Subclass(WakeCounted, frozen=True, kw_only=True, tag_field="type", tag="wake_counted"):
    """Would come back as its parent."""


class Foreign(Struct, frozen=True, kw_only=True, tag_field="type", tag="foreign"):
    """No event of the union."""

    now: float


def test_what_is_no_event_of_the_union_is_refused() -> None:
    """A struct of another kind, and a subclass of an event, would not come back as they are."""
    strangers: list[Any] = [Subclass(now=1.0, episodes_since_sleep=1), Foreign(now=1.0), Origin(run="r", seq=1)]
    for stranger in strangers:
        for _ in range(2):
            with pytest.raises(InvalidEvent):
                admit(stranger)


# Sequences: what was good once says nothing about the next.


def updated(**numbers: Any) -> QUpdated:
    return QUpdated(
        **{
            **dict.fromkeys(("state", "action", "cause"), "s"),
            **dict.fromkeys(("next_state", "before_nth", "before_raw", "next_nth", "lesson"), None),
            **dict.fromkeys(("reward", "before", "before_similarity", "next_max", "average_before"), 0.5),
            **dict.fromkeys(("now", "alpha", "gamma", "target", "td_error", "after", "average_reward"), 0.25),
            "done": True,
            "visits": 1,
            "created": 1.0,
            "nth": 0,
            **numbers,
        }
    )


@pytest.mark.parametrize(
    "bad",
    [
        {"reward": float("nan")},
        {"reward": float("inf")},
        {"reward": float("inf"), "now": -float("inf")},
        {"reward": float("inf"), "now": float("nan")},
        {"reward": float("nan"), "now": 1.7e308, "target": 1.7e308},
        {"created": -float("inf")},
        {"visits": 2**63},
        {"visits": -(2**63) - 1},
        {"visits": 2**63, "nth": -(2**63)},
        {"visits": 2**64, "nth": -(2**64)},
        {"visits": 10**400},
        {"visits": 10**400, "reward": float("nan")},
        {"reward": True},
        {"done": 1},
        {"visits": True},
        {"state": b"s"},
        {"reward": "1.0"},
    ],
    ids=shown,
)
def test_a_bad_event_behind_good_ones_of_its_types_is_refused(bad: dict[str, Any]) -> None:
    """However often its like was good, an event with a bad number or another type is refused."""
    for _ in range(3):
        admit(updated())
    for _ in range(2):
        require_refused(updated(**bad))
        require_unchanged(admit(updated()))


@pytest.mark.parametrize(
    "large",
    [
        {"reward": 1.7e308, "target": 1.7e308, "after": 1.7e308},
        {"reward": 1.7e308, "target": -1.7e308},
        {"reward": -1.7e308, "before": -1.7e308},
        {"visits": MAX_INT, "nth": MAX_INT},
        {"visits": MIN_INT, "nth": MIN_INT},
        {"visits": MIN_INT, "nth": MAX_INT},
        {"visits": MAX_INT, "nth": 1},
        {"visits": MIN_INT},
        {"visits": MAX_INT, "reward": 1.7e308},
        {"reward": 9.1e18},
        {"reward": 5e-324, "target": -0.0},
    ],
    ids=shown,
)
def test_large_numbers_are_admitted_each_by_itself(large: dict[str, Any]) -> None:
    """Numbers that fit are admitted, though their sum or their squares would not fit, before and behind others."""
    for _ in range(2):
        event = updated(**large)
        admitted = admit(event)
        assert repr(admitted) == repr(event)
        require_unchanged(admitted)
        admit(updated())


@pytest.mark.parametrize(
    "bad", [{"a": object()}, {1: "a"}, {"a": float("nan")}, {"a": {"b": 2**64}}, {"a": "\ud800"}], ids=shown
)
def test_a_bad_object_behind_good_ones_is_refused(bad: dict[Any, Any]) -> None:
    """Objects and lists are looked at each time, and copied; what stands beside them need not be looked at again."""
    good = example_of(ExperienceAdded, state_data={"a": 1}, reward=0.5)
    for _ in range(3):
        admitted = admit(good)
        assert isinstance(admitted, ExperienceAdded)
        assert (admitted, admitted.state_data is good.state_data) == (good, False)
        require_refused(replace(good, state_data=bad), "state_data")
        require_refused(replace(good, reward=float("inf")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(admission, "_admit_slowly", None)
        assert admit(good) == good


@pytest.mark.parametrize("bad", [{"run": "\ud800"}, {"run": 1}, {"seq": 1.0}, {"seq": True}, {"seq": 2**63}], ids=shown)
def test_a_bad_struct_behind_good_ones_is_refused(bad: dict[str, Any]) -> None:
    """A struct that needed no change is looked at again in the next event of the same types."""
    good = woken(origin=Origin(run="r", seq=1))
    for _ in range(3):
        assert admit(good) is good
        require_refused(woken(origin=Origin(**{"run": "r", "seq": 1, **bad})), "origin")


def test_an_entry_for_a_table_that_is_not_there_is_refused_behind_good_ones() -> None:
    """The names of the table are looked at in each entry."""
    good = EntryImported(projection="q_table", table="parameters", row={"name": "alpha", "value": 0.5}, nth=0)
    for _ in range(3):
        assert admit(good) == good
        require_refused(replace(good, table="nowhere"), "nowhere")


def test_types_are_remembered_per_event() -> None:
    """What is good for one kind of event, or for one field that may be null, is not taken for good in another."""
    admit(updated(before_raw=None, before_nth=None))
    admit(updated(before_raw=1.0, before_nth=1))
    require_refused(updated(before_raw=float("nan"), before_nth=1), "before_raw")
    require_refused(updated(before_raw=1, before_nth=1.0), "before_nth")
    require_refused(updated(before=None), "before")
    require_refused(updated(lesson=1.0), "lesson")
    require_refused(updated(experience=1, draw=float("inf")), "draw")


def test_the_types_of_one_event_are_not_taken_for_those_of_another() -> None:
    """Values that were good in one kind of event are looked at again in another with as many fields."""
    refused = 0
    for one in EVENT_TYPES:
        for other in EVENT_TYPES:
            good = example_of(one)
            if other is one or len(one.__struct_fields__) != len(other.__struct_fields__):
                continue
            admit(good)
            event = other(**dict(zip(other.__struct_fields__, astuple(good), strict=True)))
            behind = outcome(event)
            forget()
            assert outcome(event) == behind
            refused += behind == "refused"
    assert refused > 20


@given(st.data())
def test_any_sequence_of_events_is_admitted_as_if_each_came_alone(data: st.DataObject) -> None:
    """What an event becomes, or that it is refused, never depends on the events before it."""
    kind = data.draw(st.sampled_from(EVENT_TYPES))
    drawn = data.draw(st.lists(spoiled(kind), min_size=2, max_size=6))
    together = [outcome(event) for event in drawn]
    alone = []
    for event in drawn:
        forget()
        alone.append(outcome(event))
    assert together == alone


def forget() -> None:
    """Forget all types that were seen, as a fresh process has."""
    admission._plans.clear()
    getattr(admission, "_last", {}).clear()


def outcome(event: Event) -> str:
    """Return what becomes of an event on its way into a log; what gets through comes back (law L1)."""
    try:
        admitted = admit(event)
        encode(Record(1, 2, admitted))
    except (InvalidEvent, UnicodeEncodeError):
        return "refused"
    require_unchanged(admitted)
    return repr(admitted)


_odd_values: list[st.SearchStrategy[Any]] = [
    st.sampled_from([*NOT_FLOATS, *NOT_INTEGERS, *NOT_JSON, *NOT_TEXTS, Word("w"), Color.RED, Rank.FIRST, Money(1.5)]),
    st.none() | st.booleans() | st.just(UNSET),
    st.floats() | st.floats().map(np.float64),
    st.integers() | st.integers(-(2**64), 2**64),
    st.text(st.characters(), max_size=3),
    st.lists(st.none() | st.floats() | st.integers() | st.text(max_size=2), max_size=2),
    st.dictionaries(st.text(max_size=2) | st.integers(), st.floats() | st.text(max_size=2), max_size=2),
]
_any_value = floats | integers | texts | st.sampled_from(_odd_values).flatmap(lambda one: one)


@st.composite
def spoiled(draw: st.DrawFn, kind: type[Event]) -> Event:
    """Return events in which a few fields hold anything at all."""
    event = draw(event_of(kind))
    names = draw(st.lists(st.sampled_from(kind.__struct_fields__), max_size=2))
    return replace(event, **{name: draw(_any_value) for name in names})


@given(st.sampled_from(EVENT_TYPES).flatmap(spoiled))
def test_an_event_is_refused_or_comes_back(event: Event) -> None:
    """Whatever the fields hold, an event is refused with a typed error, or comes back as it was admitted (law L1)."""
    outcome(event)


# What was admitted cannot be changed from outside.


def test_content_is_a_copy() -> None:
    """Whoever made an event may go on changing what he made it of: what was admitted stays as it was."""
    inner: dict[str, Any] = {"list": [1], "object": {"a": 1}}
    content = {"inner": inner}
    admitted = admit(with_content(content))
    before = repr(admitted)
    content["new"] = {}
    inner["list"].append(float("nan"))
    inner["object"]["a"] = object()
    assert repr(admitted) == before
    require_unchanged(admitted)


def test_lists_and_maps_are_copies() -> None:
    """A list or a map of texts that is changed after it was admitted changes nothing."""
    tags, digests, candidates = ["a"], {"a": "b"}, [Candidate(approach="a", q=1.0, nth=1, tried=True)]
    encoded = collected(event_of(ExperienceEncoded), 2)[0]
    made = attempted()
    admitted = [
        admit(replace(encoded, tags=tags)),
        admit(RunEnded(run="r", status="s", versions={}, digests=digests, now=1.0)),
        admit(replace(made, candidates=candidates)),
    ]
    before = repr(admitted)
    tags.append("b")
    digests["c"] = "d"
    candidates.clear()
    assert repr(admitted) == before


@given(events())
def test_nothing_that_can_change_is_shared(event: Event) -> None:
    """No list and no object of an admitted event is one that was given."""
    given_ones = {id(one) for one in changeable(event)}
    assert [one for one in changeable(admit(event)) if id(one) in given_ones] == []


def changeable(value: Any) -> list[Any]:
    """Return all lists and dictionaries in a value."""
    if isinstance(value, Struct):
        return [one for name in value.__struct_fields__ for one in changeable(getattr(value, name))]
    if isinstance(value, dict):
        return [value, *(one for item in value.values() for one in changeable(item))]
    return [value, *(one for item in value for one in changeable(item))] if isinstance(value, list) else []


def test_null_content_is_no_content() -> None:
    """Where content may be null it comes back as null, and where a row is due it is an object."""
    done = TaskCompleted(
        todo="t", task="t", reward=None, result=None, now=1.0, after=None, times=0, current=None, nth=0
    )
    assert admit(done) == done
    require_unchanged(admit(replace(done, result={})))
    require_refused(EntryImported(projection="p", table="t", row=None, nth=1), "row")  # type: ignore[arg-type]


# At the door of the log.


def begun() -> tuple[RunWriter, Callable[[], bytes]]:
    """Return the writer of a new run in memory, and what reads the bytes of its segment."""
    files = MemoryFiles()
    plan = RunPlan(clock=lambda: 1_767_700_800.0, entropy=bytes, rules=2, library="0", mode="persistent")
    writer = RunWriter.create(files, plan)
    return writer, lambda: files.read(layout.segment(writer.run, 1))


@pytest.mark.parametrize(
    "bad",
    [
        woken(now=float("nan")),
        woken(actor="\ud800"),
        with_content({"a": (1,)}),
        with_content({"a": "x" * MAX_LINE}),
        with_content({"a": "\x00" * (MAX_LINE // 6)}),
        Subclass(now=1.0, episodes_since_sleep=1),
    ],
    ids=["nan", "surrogate", "tuple", "long", "long once escaped", "subclass"],
)
def test_a_commit_with_one_bad_event_is_not_written(bad: Event) -> None:
    """A bad event takes its whole commit with it: nothing is written, and the run goes on."""
    writer, log = begun()
    writer.append([woken(actor="a")])
    before = log()
    with pytest.raises(InvalidEvent):
        writer.append([woken(actor="b"), bad, woken(actor="c")])
    assert log() == before
    assert writer.append([woken(actor="d")]).first == 3
    assert log().startswith(before)
    assert log().count(b'"wake_counted"') == 2
    writer.close()


def test_an_empty_commit_is_refused() -> None:
    """A commit without events would say nothing."""
    writer, log = begun()
    before = log()
    with pytest.raises(InvalidEvent):
        writer.append([])
    assert log() == before
    writer.close()
