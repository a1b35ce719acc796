"""Points: every form of the grammar, what each names, and that nothing else is taken for one."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace
from recording import (
    FIRST_RUN,
    START,
    append,
    begin,
    episode_end,
    event,
    redact,
    run_end,
    seqs,
    ticking,
    write,
)

from jotty_events.errors import PointError, UnknownRun
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.runs.point import Point, PointExpression, parse
from jotty_events.runs.tree import Tree

ROOT, CHILD, GRANDCHILD, SIDE = (f"run_20260106_1200{second}" for second in ("00", "01", "02", "03"))
US = 1_000_000


def family() -> MemoryFiles:
    """Write a root (seqs 1-6), a child from inside of it (5-8), its child (9-12), and an experiment from the root."""
    files = MemoryFiles()
    write(files, (1, 2, 1))
    write(files, (1, 1), f"{ROOT}@4")
    write(files, (2,), CHILD)
    write(files, (1,), ROOT, experiment=True)
    return files


FAMILY = family()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("latest", Point(GRANDCHILD, 12)),
        (ROOT, Point(ROOT, 6)),
        (f"{ROOT}@6", Point(ROOT, 6)),
        (f"{ROOT}@1", Point(ROOT, 1)),
        (f"{ROOT}@0000003", Point(ROOT, 3)),
        (f"{CHILD}@5", Point(CHILD, 5)),
        (f"{CHILD}@4", Point(ROOT, 4)),
        (f"{GRANDCHILD}@1", Point(ROOT, 1)),
        (f"{GRANDCHILD}@8", Point(CHILD, 8)),
        ("latest~0", Point(GRANDCHILD, 12)),
        ("latest~1", Point(CHILD, 8)),
        ("latest~2", Point(ROOT, 4)),
        (f"{CHILD}~1", Point(ROOT, 4)),
        (f"{GRANDCHILD}@8~1", Point(ROOT, 4)),
        (f"{GRANDCHILD}@10~1", Point(CHILD, 8)),
        (SIDE, Point(SIDE, 9)),
        (f"{SIDE}~1", Point(ROOT, 6)),
        ("@2026-01-06T12:00:00Z", Point(GRANDCHILD, 12)),
        ("@2026-01-06T12:00:00Z~2", Point(ROOT, 4)),
        ("@9999-12-31", Point(GRANDCHILD, 12)),
    ],
)
def test_a_point_names_a_place(text: str, place: Point) -> None:
    """Each form of the grammar, across parents and cuts, leads to the run that holds the record."""
    assert Tree(FAMILY).resolve(text) == place


def test_a_point_leads_to_its_records() -> None:
    """What leads to a point are the records up to it, each from the run of the lineage that holds it."""
    tree = Tree(FAMILY)
    kept = list(tree.lineage(tree.resolve(f"{GRANDCHILD}@9")).records())
    assert [(one.run, one.record.seq) for one in kept] == [
        *((ROOT, seq) for seq in range(1, 5)),
        *((CHILD, seq) for seq in range(5, 9)),
        (GRANDCHILD, 9),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"{ROOT}@0",
        f"{ROOT}@7",
        f"{GRANDCHILD}@13",
        f"{ROOT}@999999999999999",
        f"{ROOT}#0",
        f"{ROOT}#1",
        f"{ROOT}~1",
        "latest~3",
        "latest~999999999",
        "@2026-01-06T11:59:59.999999Z",
        "@0001-01-01",
    ],
)
def test_a_point_beyond_the_history_is_an_error(text: str) -> None:
    """The message names the point, the hint says what can be had instead."""
    with pytest.raises(PointError) as caught:
        Tree(FAMILY).resolve(text)
    assert caught.value.hint
    assert not isinstance(caught.value, UnknownRun)


@pytest.mark.parametrize("text", ["run_20260106_115959", "run_20260106_115959@1", "run_99999999_999999~1"])
def test_an_unknown_run_is_an_error_that_names_known_ones(text: str) -> None:
    """The hint says which runs were the last."""
    with pytest.raises(UnknownRun, match=text[:19]) as caught:
        Tree(FAMILY).resolve(text)
    assert GRANDCHILD in caught.value.hint


def test_nothing_is_latest_where_no_run_is() -> None:
    """An empty history has no point, and says what to do."""
    for text in ("latest", "latest~1", "@2026-01-06"):
        with pytest.raises(PointError) as caught:
            Tree(MemoryFiles()).resolve(text)
        assert caught.value.hint
    with pytest.raises(UnknownRun):
        Tree(MemoryFiles()).resolve(ROOT)


# Inside of a commit.


def test_inside_a_commit_can_be_read_and_not_continued() -> None:
    """Between the records of one commit a state can be seen, but no run can start; the hint names where one can."""
    tree = Tree(FAMILY)
    inside = tree.resolve(f"{ROOT}@3")
    assert seqs(FAMILY, str(inside)) == [1, 2, 3]
    with pytest.raises(PointError) as caught:
        tree.parent(inside)
    assert caught.value.hint == f"the commit ends at {ROOT}@4, the one before at {ROOT}@2"


@pytest.mark.parametrize("text", ["latest", ROOT, f"{ROOT}@4", f"{CHILD}@4", "latest~2"])
def test_the_end_of_a_commit_can_be_continued(text: str) -> None:
    """A parent is named by the run that holds it, its last seq and the head there."""
    tree = Tree(FAMILY)
    point = tree.resolve(text)
    parent = tree.parent(point)
    assert (parent.run, parent.seq) == (point.run, point.seq)
    last = list(tree.lineage(point).commits())[-1][1]
    assert parent.head == last.head.hex()


# Episodes.


def episodes() -> MemoryFiles:
    """Write a run whose commits end no, one, two and one episode, and a child that ends one."""
    files = MemoryFiles()
    writer = begin(files)
    writer.append([event(2)])
    writer.append([event(3), episode_end(1)])
    writer.append([episode_end(2), event(6), episode_end(3)])
    writer.append([episode_end(4)])
    writer.close(run_end(writer.run))
    child = begin(files, writer.run)
    child.append([episode_end(5)])
    child.close()
    return files


@pytest.mark.parametrize(("nth", "seq"), [(1, 4), (2, 7), (3, 7), (4, 8)])
def test_an_episode_is_counted_within_its_run(nth: int, seq: int) -> None:
    """`#n` is the end of the commit in which the n-th episode of that run ended."""
    assert Tree(episodes()).resolve(f"{ROOT}#{nth}") == Point(ROOT, seq)


def test_episodes_of_a_child_are_counted_anew() -> None:
    """The first episode of a child is its own first; behind the last there is none."""
    tree = Tree(episodes())
    assert tree.resolve(f"{CHILD}#1") == Point(CHILD, 11)
    assert tree.resolve(f"{CHILD}#1~1") == Point(ROOT, 9)
    with pytest.raises(PointError, match="1 episodes ended"):
        tree.resolve(f"{CHILD}#2")
    with pytest.raises(PointError):
        tree.resolve(f"{ROOT}#0")


def test_a_redacted_episode_still_counts() -> None:
    """What was taken away of an episode's end is its content, not its place."""
    files = episodes()
    redact(files, ROOT, 4, 5)
    assert [Tree(files).resolve(f"{ROOT}#{nth}").seq for nth in (1, 2, 3, 4)] == [4, 7, 7, 8]


def test_what_only_speaks_of_an_episode_is_none() -> None:
    """A goal whose text looks like the end of an episode does not count."""
    files = MemoryFiles()
    writer = begin(files)
    ended = '"event":{"type":"episode_ended"'
    writer.append([replace(episode_end(1), run=ended, goal=ended)])
    writer.append([replace(event(2), run=ended)])
    assert Tree(files).resolve(f"{ROOT}#1").seq == 2
    with pytest.raises(PointError):
        Tree(files).resolve(f"{ROOT}#2")


# Times.


def stepping_back() -> MemoryFiles:
    """Write commits at 0, 10, 20, 5, 15 and 30 seconds: the clock was set back on the way."""
    files = MemoryFiles()
    writer = begin(files)
    for seconds in (10, 20, 5, 15):
        writer.append([event(writer.next_seq)], START + seconds)
    writer.close(run_end(writer.run), START + 30)
    return files


@pytest.mark.parametrize(
    ("seconds", "seq"), [(0, 1), (4.999999, 1), (5, 4), (9, 4), (10, 4), (15, 5), (19.5, 5), (20, 5), (29, 5), (30, 6)]
)
def test_a_time_is_the_last_commit_that_is_not_later(seconds: float, seq: int) -> None:
    """Of all commits whose time is not later, the one with the greatest seq, also where the clock stepped back."""
    time = datetime.fromtimestamp(START, UTC) + timedelta(seconds=seconds)
    assert Tree(stepping_back()).resolve(f"@{time.isoformat()}") == Point(ROOT, seq)


def test_a_time_may_lie_in_an_ancestor() -> None:
    """The time is looked for along the whole line of `latest`, and in nothing beside it."""
    files = MemoryFiles()
    root = write(files, (1,), clock=ticking(START))
    side = write(files, (1,), root, clock=ticking(START + 50))
    last = write(files, (1,), root, clock=ticking(START + 100))
    tree = Tree(files)
    assert tree.resolve("@2026-01-06T12:01:00Z") == Point(root, 3)
    assert tree.resolve("@2026-01-06T12:02:00Z") == Point(last, 6)
    assert tree.resolve(side).seq == 6


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-06T12:00:00Z",
        "2026-01-06T12:00:00",
        "2026-01-06 12:00",
        "2026-01-06T13:30:00+01:30",
        "20260106T120000Z",
    ],
)
def test_times_are_utc_unless_they_say_otherwise(text: str) -> None:
    """All spellings of ISO 8601 that Python reads are taken."""
    assert parse(f"@{text}").time == round(START * US)


zones = st.sampled_from([UTC, timezone(timedelta(hours=-11.5))])
moments = st.integers(-62_000_000_000 * US, 253_000_000_000 * US)


@given(moments, zones)
@example(5_000_000_000_000_001, UTC)
def test_times_are_exact_to_the_microsecond(moment: int, zone: timezone) -> None:
    """No time is a microsecond off, however far away: the example needs more digits than a float has."""
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)
    assert parse(f"@{time.astimezone(zone).isoformat()}").time == moment


# The grammar.


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("latest", PointExpression()),
        (FIRST_RUN, PointExpression(run=FIRST_RUN)),
        (f"{FIRST_RUN}@12", PointExpression(run=FIRST_RUN, seq=12)),
        (f"{FIRST_RUN}#3", PointExpression(run=FIRST_RUN, nth=3)),
        (f"{FIRST_RUN}#3~2", PointExpression(run=FIRST_RUN, nth=3, back=2)),
        ("@1970-01-01T00:00:01Z~1", PointExpression(time=US, back=1)),
        ("@1969-12-31T23:59:59Z", PointExpression(time=-US)),
    ],
)
def test_the_forms_are_parsed(text: str, expression: PointExpression) -> None:
    """Each form says what it says and nothing more."""
    assert parse(text) == expression


MALFORMED = [
    "",
    " ",
    "\n",
    "Latest",
    "latest ",
    " latest",
    "latest\n",
    "latest~",
    "latest~-1",
    "latest~1~1",
    "latest@3",
    "latest#1",
    "latest~\N{ARABIC-INDIC DIGIT TWO}",
    "run_",
    "run_20260106",
    "run_20260106_12000",
    "run_20260106_1200000",
    "run_20260106_120000@",
    "run_20260106_120000@-1",
    "run_20260106_120000@1.5",
    "run_20260106_120000@1@2",
    "run_20260106_120000@1#2",
    "run_20260106_120000#",
    "run_20260106_120000@9999999999999999",
    "run_20260106_120000/..",
    "../run_20260106_120000",
    "RUN_20260106_120000",
    "@",
    "@now",
    "@12",
    "@2026-13-01",
    "@2026-01-06T25:00:00Z",
    "@2026-01-06T12:00:00Z~",
    "@\0",
    "\0",
    "\ud800",
    "@\ud800",
    "@2026-01-06\ud800",
    "x" * 100_000,
    "@" + "9" * 100_000,
]


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_point_is_said_so(text: str) -> None:
    """A malformed text is a PointError of readable length, whose hint is the grammar or a time's form."""
    with pytest.raises(PointError) as caught:
        parse(text)
    assert "@2026-01-06T12:00:00Z" in caught.value.hint
    assert len(caught.value.message) < 500
    with pytest.raises(PointError):
        Tree(FAMILY).resolve(text)


pieces = st.sampled_from(
    ["latest", "run_", FIRST_RUN, "@", "#", "~", "1", "20260106", "-", ":", "T", "Z", "0", "12:00", "+", ".", " "]
)


@given(st.text() | st.lists(pieces, max_size=8).map("".join))
@example("@00000101")
@example("@0001-01-01T00:00:00+23:59")
@example("@9999-12-31T23:59:59-23:59")
def test_any_text_is_a_point_or_a_point_error(text: str) -> None:
    """Whatever is typed, nothing but a PointError is raised, and what resolves lies in the history."""
    with suppress(PointError):
        point = Tree(FAMILY).resolve(text)
        assert 1 <= point.seq <= 12
        assert point.run in Tree(FAMILY).run_ids()


@given(st.integers(0, 20), st.integers(0, 4))
def test_every_seq_and_ancestor_is_a_place_or_an_error(seq: int, back: int) -> None:
    """`run@seq~n` names the record that has that seq, or the n-th parent point of its run, or nothing."""
    try:
        point = Tree(FAMILY).resolve(f"{GRANDCHILD}@{seq}~{back}")
    except PointError:
        assert seq < 1 or seq > 12 or back > (0 if seq <= 4 else 1 if seq <= 8 else 2)
        return
    assert point.seq == seq if back == 0 else point.seq in (4, 8)


def test_a_point_says_where_it_is() -> None:
    """The text of a point is one that can be typed again."""
    point = Tree(FAMILY).resolve("latest~1")
    assert (str(point), Tree(FAMILY).resolve(str(point))) == (f"{CHILD}@8", point)


def test_an_appended_history_is_a_new_latest() -> None:
    """`latest` is looked up whenever it is asked for."""
    files = family()
    assert Tree(files).resolve("latest").run == GRANDCHILD
    writer = begin(files, ROOT)
    append(writer, [1])
    assert Tree(files).resolve("latest") == Point(writer.run, 8)
