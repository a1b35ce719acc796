"""Subscriptions and cursors: every record of every run once, those to come included, and none that is taken back."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packing import pack
from recording import MODES, START, append, begin, let_go, run_end, segment_of, tree_bytes, write
from stage import SAFETY, conductor

from jotty_events import History
from jotty_events.errors import Corruption, FormatError, PointError, UnknownRun
from jotty_events.log import layout
from jotty_events.log.files import Files
from jotty_events.log.memory_files import MemoryFiles
from jotty_events.record import Opaque, Record
from jotty_events.runs.cursor import cursor_text, is_cursor, parse_cursor
from jotty_events.runs.feed import Feed, Line
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter
from jotty_events.types import Durability
from jotty_events.verbs.subscribe import PAUSE, Delivered

RUN, NEXT, THIRD = (f"run_20260106_12000{second}" for second in range(3))
NEVER = 3600.0

Step = Callable[[], object]
Place = tuple[str, int]


class Over(Exception):
    """There is nothing more to do: it ends a subscription that would wait for ever."""


def steps(*given: Step) -> Callable[[float], Awaitable[None]]:
    """Return a way to wait that does one step at each pause, and then ends."""
    left = iter(given)

    async def pause(seconds: float) -> None:
        assert seconds == PAUSE
        step = next(left, None)
        if step is None:
            raise Over
        step()

    return pause


def subscribed(files: Files, after: str | None, *given: Step) -> list[Delivered]:
    """Return what a subscription gives while these steps are done, one at each pause."""
    found: list[Delivered] = []

    async def collect() -> None:
        async with aclosing(History(files=files).subscribe(after, steps(*given))) as coming:
            async for one in coming:
                found.append(one)  # noqa: PERF401 - what came before the end is wanted as well

    with pytest.raises(Over):
        asyncio.run(collect())
    return found


def closed(*writers: RunWriter) -> None:
    for writer in writers:
        writer.close(run_end(writer.run))


def places(found: Sequence[Delivered]) -> list[Place]:
    return [(one.run, one.record.seq) for one in found]


def fed(feed: Feed) -> list[Place]:
    return [(one.run, one.seq) for one in feed.poll()]


def everything(files: Files) -> list[Place]:
    """Return all records that any reader sees, run by run."""
    runs = Tree(files).runs()
    return [(run.run, seq) for run in runs for one in run.commits() for seq in range(one.first, one.last + 1)]


# Subscriptions.


def test_a_subscription_catches_up_and_goes_on() -> None:
    """What was there behind the point comes first, then what is appended, rotation and the end included."""
    files = MemoryFiles()
    writer = begin(files, segment_bytes=300)
    append(writer, [1, 2])
    found = subscribed(
        files,
        f"{RUN}@2",
        lambda: append(writer, [1, 1, 1]),
        lambda: None,
        lambda: writer.close(run_end(writer.run)),
        lambda: None,
    )
    assert places(found) == [(RUN, seq) for seq in range(3, 9)]
    assert [one.record for one in found] == [one.record for one in History(files=files).records(after=2)]
    assert len(files.names(layout.events(RUN))) > 1


def test_new_runs_are_given_too() -> None:
    """A run that begins while somebody watches is given from its start, a child, a fork and an experiment as well."""
    files = MemoryFiles()
    run = write(files, (1,))
    found = subscribed(
        files,
        run,
        lambda: write(files, (1,), run),
        lambda: write(files, (1,), f"{run}@2", experiment=True),
    )
    assert places(found) == [(NEXT, 4), (NEXT, 5), (NEXT, 6), (THIRD, 3), (THIRD, 4), (THIRD, 5)]


def test_from_the_very_beginning() -> None:
    """Without a point every record of every run is given; before the first run there is nothing, and then it comes."""
    files = MemoryFiles()
    found = subscribed(files, None, lambda: None, lambda: write(files), lambda: write(files, (1,), RUN))
    assert places(found) == everything(files)
    assert len(found) == 9


def test_runs_that_are_written_at_the_same_time() -> None:
    """From `latest` on what comes in an earlier run that is still being written is given as well."""
    files = MemoryFiles()
    one, two = begin(files), begin(files)
    append(one, [1])
    found = subscribed(
        files,
        "latest",
        lambda: append(one, [1]),
        lambda: (append(two, [2]), append(one, [1])),
        lambda: closed(two, one),
    )
    assert places(found) == [(RUN, 3), (RUN, 4), (NEXT, 2), (NEXT, 3), (RUN, 5), (NEXT, 4)]


def test_a_record_that_cannot_be_read_as_an_event_is_given_as_it_is() -> None:
    """An unknown tag comes as an opaque record; what was never an event ends in a typed error."""
    files = MemoryFiles()
    writer = begin(files)
    writer._commit([b'{"seq":2,"at":1,"event":{"type":"dreamt"}}'])
    (found,) = subscribed(files, f"{RUN}@1")
    assert isinstance(found.record, Opaque)
    writer._commit([b'{"seq":3,"at":1,"event":{"type":"goal_added","goal":7}}'])
    with pytest.raises(FormatError, match="record 3 cannot be read"):
        subscribed(files, f"{RUN}@1")
    writer.close()


def test_nothing_is_given_that_a_recovery_would_take_back() -> None:
    """What is written and not durable is not given; when the writer dies it is, if every reader sees it."""
    files = MemoryFiles()
    writer = begin(files, durability=Durability.INTERVAL, interval=NEVER)
    seen: list[int] = []

    def torn() -> None:
        path = segment_of(RUN)
        let_go(writer)
        files.replace(path, files.read(path) + b'{"seq":5,"at":1,')

    found = subscribed(
        files,
        None,
        lambda: append(writer, [1]),
        lambda: seen.append(len(everything(files))),
        writer.sync_some,
        lambda: append(writer, [2]),
        lambda: seen.append(len(everything(files))),
        torn,
    )
    assert seen == [1, 2]
    assert places(found) == everything(files) == [(RUN, seq) for seq in range(1, 5)]


@settings(max_examples=15)
@given(st.sampled_from(MODES), st.sampled_from([600, 10**6]), st.integers(0, 2**32))
def test_whatever_is_done_each_record_comes_once(durability: Durability, segment_bytes: int, seed: int) -> None:
    """Runs that begin, append, sync, close, die and are packed: all is given once, never before readers see it."""
    files, random = MemoryFiles(), Random(seed)
    writers: list[RunWriter] = []
    feed = Feed(Tree(files))
    found: list[Line] = []
    for _ in range(12):
        _disturb(files, writers, random, durability, segment_bytes)
        found += feed.poll()
        assert {(one.run, one.seq) for one in found} == set(everything(files))
    for writer in writers:
        writer.close()
    found += feed.poll()
    came = [(one.run, one.seq) for one in found]
    assert len(set(came)) == len(came)
    assert sorted(came) == everything(files)
    assert all([seq for run, seq in came if run == name] == sorted(s for r, s in came if r == name) for name, _ in came)
    lines = {(one.run, one.seq): one.line for one in found}
    assert all(b'"seq":%d,' % seq in line for (_, seq), line in lines.items())
    _every_cursor_goes_on(files, found, random)


def _disturb(files: Files, writers: list[RunWriter], random: Random, durability: Durability, size: int) -> None:
    """Do one of the things that happen to a history."""
    what = random.randrange(9)
    if what == 0 or not writers:
        if len(files.names("")) < 6:
            writers.append(begin(files, durability=durability, segment_bytes=size, interval=NEVER))
        return
    writer = random.choice(writers)
    if what < 6:
        append(writer, [random.randint(1, 3) for _ in range(random.randint(1, 3))])
    elif what == 6:
        writer.sync_some()
    else:
        writers.remove(writer)
        writer.close(run_end(writer.run)) if what == 7 else let_go(writer)
        if random.random() < 0.3:
            pack(files)


def _every_cursor_goes_on(files: Files, found: list[Line], random: Random) -> None:
    """See that behind any record's cursor just that comes which came after it, and in runs that were not yet over."""
    for place in random.sample(range(len(found)), min(4, len(found))):
        rest = Feed(Tree(files), parse_cursor(found[place].cursor)).poll()
        wanted = {(one.run, one.seq) for one in found[place + 1 :]}
        assert {(one.run, one.seq) for one in rest} == wanted


def test_a_feed_says_where_it_stands() -> None:
    """Its cursor is that of what it gave last, and empty before anything was given."""
    files = MemoryFiles()
    feed = Feed(Tree(files))
    assert (feed.cursor, fed(feed)) == ("", [])
    one, two = begin(files), begin(files)
    assert fed(feed) == [(RUN, 1), (NEXT, 1)]
    assert feed.cursor == f"{RUN}@1,{NEXT}@1"
    append(one, [1])
    assert fed(feed) == [(RUN, 2)]
    one.close()
    assert fed(feed) == []
    assert feed.cursor == f"{NEXT}@1"
    two.close()
    assert fed(feed) == []
    assert feed.cursor == f"{NEXT}@1"


def test_a_run_that_is_just_being_created_is_waited_for() -> None:
    """A folder without a manifest is no run yet; whoever goes on from a cursor waits for it as well."""
    files = MemoryFiles()
    files.make_folder(RUN)
    later = write(files, (1,), clock=lambda: START + 1)
    feed = Feed(Tree(files))
    assert fed(feed) == [(later, 1), (later, 2), (later, 3)]
    assert feed.cursor == f"{RUN}@0,{later}@3"
    assert Feed(Tree(files), parse_cursor(feed.cursor)).cursor == feed.cursor
    twin = MemoryFiles()
    writer = begin(twin)
    for path, data in tree_bytes(twin).items():
        if path.endswith("jsonl"):
            files.make_folder(layout.events(RUN))
            files.replace(path, data)
    files.replace(layout.manifest(RUN), twin.read(layout.manifest(RUN)))
    assert fed(Feed(Tree(files), parse_cursor(f"{RUN}@0,{later}@3"))) == fed(feed) == [(RUN, 1)]
    writer.close()


def test_what_is_left_halfway_is_given_next_time() -> None:
    """Of a look that was not taken to its end the rest comes with the next."""
    files = MemoryFiles()
    write(files, (1, 3))
    feed = Feed(Tree(files))
    first = [(one.run, one.seq) for one in islice(feed.poll(), 3)]
    assert first + fed(feed) == everything(files)


def test_damage_ends_a_subscription_behind_what_could_be_read() -> None:
    """The records before a damaged one are given, then the error is raised."""
    files = MemoryFiles()
    write(files, (1, 1, 1), segment_bytes=300)
    write(files, (1,))
    path = segment_of(RUN, 3)
    files.replace(path, files.read(path).replace(b"goal 3", b"goal 9"))
    found: list[Place] = []

    async def collect() -> None:
        async for one in History(files=files).subscribe(None, steps()):
            found.append((one.run, one.record.seq))  # noqa: PERF401 - those before the error are wanted

    with pytest.raises(Corruption):
        asyncio.run(collect())
    assert found == [(RUN, 1), (RUN, 2)]


def test_a_subscription_that_is_cancelled_ends_at_once() -> None:
    """Cancelled while it waits it leaves no task behind, and its files can be subscribed to again."""
    files = MemoryFiles()
    write(files, (1,))
    waits = asyncio.Event
    found: list[Place] = []

    async def watch(waiting: asyncio.Event) -> None:
        async def pause(_: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

        async for one in History(files=files).subscribe(None, pause):
            found.append((one.run, one.record.seq))  # noqa: PERF401 - those before the end are wanted

    async def cancelled() -> int:
        waiting = waits()
        task = asyncio.create_task(watch(waiting))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return len(asyncio.all_tasks())

    assert asyncio.run(cancelled()) == 1
    assert found == everything(files)
    assert places(subscribed(files, None)) == found


def test_the_event_loop_goes_on_while_files_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading happens in another thread: it can wait for something that a task of the loop does."""
    files = MemoryFiles()
    write(files, (1,))
    gate, names = threading.Event(), files.names
    readers: list[int] = []

    def slow(folder: str) -> list[str]:
        readers.append(threading.get_ident())
        if not gate.wait(SAFETY):
            raise AssertionError("the event loop stood still")
        return names(folder)

    async def first() -> int:
        coming = History(files=files).subscribe(None, steps())
        monkeypatch.setattr(files, "names", slow)
        asyncio.get_running_loop().call_soon(gate.set)
        async with aclosing(coming):
            return (await anext(coming)).record.seq

    assert asyncio.run(first()) == 1
    assert threading.get_ident() not in readers


def test_who_subscribes_to_nothing_is_told() -> None:
    """Points and cursors that name nothing are refused when subscribing, not while iterating."""
    files = MemoryFiles()
    write(files)
    wrong: list[tuple[str, Any]] = [
        ("yesterday", PointError),
        (f"{RUN}@99", PointError),
        (THIRD, UnknownRun),
        (f"{RUN}@1,{THIRD}@2", UnknownRun),
        (f"{THIRD}@0", UnknownRun),
        (f"{RUN}@1,{RUN}@2", PointError),
        (f"{RUN}@1,", PointError),
    ]
    for after, error in wrong:
        with pytest.raises(error) as caught:
            History(files=files).subscribe(after)
        assert caught.value.hint
    with pytest.raises(PointError):
        History(files=MemoryFiles()).subscribe()


def test_a_conductor_can_be_watched(tmp_path: Path) -> None:
    """Every event of an episode that runs meanwhile is given, in order, with where it was in the history."""
    live = conductor(tmp_path)
    found = subscribed_to(tmp_path, lambda: live.run_sync("g"), live.close)
    assert [one.record.seq for one in found] == list(range(1, len(found) + 1))
    assert [one.record for one in found] == [one.record for one in History(tmp_path).records()]
    assert all(isinstance(one.record, Record) for one in found)


def subscribed_to(folder: Path, *given: Step) -> list[Delivered]:
    return subscribed(History(folder).tree.files, None, *given)


# Cursors.


@given(st.dictionaries(st.sampled_from([RUN, NEXT, THIRD]), st.integers(0, 10**15 - 1), min_size=1))
def test_a_cursor_comes_back_from_its_text(cursor: dict[str, int]) -> None:
    """Whatever it names; the runs stand in the order of their ids."""
    text = cursor_text(cursor)
    assert parse_cursor(text) == cursor
    assert list(parse_cursor(text)) == sorted(cursor)


@pytest.mark.parametrize(
    "text", ["", "latest", RUN, f"{RUN}@", f"{RUN}@-1", f"{RUN}@1 ", f",{RUN}@1", "x" * 99, f"{RUN}#1"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """The hint says what one is."""
    assert not is_cursor(text)
    with pytest.raises(PointError) as caught:
        parse_cursor(text)
    assert "--json" in caught.value.hint


def test_a_cursor_stays_small() -> None:
    """Runs that are over are not named in it, however many there were."""
    files = MemoryFiles()
    for _ in range(30):
        write(files, (1,))
    (*_, last) = Feed(Tree(files)).poll()
    assert last.cursor == f"{last.run}@3"


def test_the_records_of_a_packed_run_are_followed_from_a_cursor() -> None:
    """What was packed before, or between two looks, is given like any other."""
    files = MemoryFiles()
    write(files, (1, 1, 1), segment_bytes=300)
    feed = Feed(Tree(files))
    first = [(one.run, one.seq) for one in islice(feed.poll(), 2)]
    pack(files)
    assert first + fed(feed) == everything(files)
    assert fed(Feed(Tree(files), {RUN: 3})) == [(RUN, 4), (RUN, 5)]


def test_segments_that_lie_before_a_cursor_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going on far behind the start of a run costs what is new, not what was given before."""
    files = MemoryFiles()
    write(files, (1,) * 20, segment_bytes=300)
    asked: list[str] = []
    read = files.read

    def noted(path: str, start: int = 0, limit: int | None = None) -> bytes:
        asked.append(path)
        return read(path, start, limit)

    monkeypatch.setattr(files, "read", noted)
    assert fed(Feed(Tree(files), {RUN: 20})) == [(RUN, 21), (RUN, 22)]
    segments = [path for path in asked if path.endswith("jsonl")]
    assert segments
    assert [path for path in segments if path < segment_of(RUN, 20)] == []
    assert len(files.names(layout.events(RUN))) > 10
