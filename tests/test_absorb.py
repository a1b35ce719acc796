"""Absorbing: what others learned at the same time is learned again on top of the line, all of it, and once."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from recording import redact
from stage import START, actor, bytes_below, conductor, events, of_type, scripted_entropy, ticking
from test_cli import documents, jotty, read

from jotty_events import Conductor, History, Outcome, Task
from jotty_events.conducting.opening import HistoryWarning, Opening
from jotty_events.errors import BranchesLeft, ConfigError, PointError, StillWritten
from jotty_events.events import (
    Absorbed,
    AttemptMade,
    EpisodeStarted,
    ExperienceAdded,
    ModelAnswered,
    QUpdated,
    RunStarted,
)
from jotty_events.record import Record
from jotty_events.relearning.relearner import Relearner
from jotty_events.relearning.scene import Scene

HOUR = 3600.0
Begin = Callable[..., Conductor]


def succeeds(task: Task) -> Outcome:
    """Succeed at once."""
    return Outcome(success=True, reward=1.0)


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Begin conductors on one folder, hours apart, without a word about those that are live.

    One that begins `beside` others looked for the latest run in the instant before these began.
    """
    begun: list[Conductor] = []

    def another(beside: str | None = None, **settings: Any) -> Conductor:
        at = START + len(begun) * HOUR
        with warnings.catch_warnings(), monkeypatch.context() as patched:
            warnings.simplefilter("ignore", HistoryWarning)
            if beside is not None:
                start = History(tmp_path).point(beside)
                patched.setattr(Opening, "_start", lambda *_: start)
            agents = settings.pop("actors", [actor(succeeds, approaches=["B"])])
            entropy = scripted_entropy(str(len(begun)))
            quick = {"durability": "os", **settings}
            begun.append(conductor(tmp_path, *agents, clock=ticking(at), entropy=entropy, **quick))
        return begun[-1]

    yield another
    for one in begun:
        one.close()


def two_at_once(begin: Begin) -> tuple[str, str]:
    """Let two runs start from one point, learn at the same time, and end; return their ids, in order."""
    with begin() as root:
        root.run_sync("from the beginning")
    one = begin()
    other = begin(beside=str(root.run_id))
    for turn in range(2):
        one.run_sync(f"one {turn}")
        other.run_sync(f"other {turn}")
    one.q_predictor.add_experience("a state", "an action", 1.0, done=True)
    other.q_predictor.add_experience("a state", "an action", 0.0, done=True)
    one.close()
    other.close()
    return str(one.run_id), str(other.run_id)


def observed(folder: Path) -> Counter[tuple[str, str]]:
    """Count the observations of the latest line, by what was observed."""
    found: Counter[tuple[str, str]] = Counter()
    for event in events(folder):
        if isinstance(event, EpisodeStarted | AttemptMade):
            found[str(event.__struct_config__.tag), event.goal] += 1
        if isinstance(event, ExperienceAdded):
            found["experience", f"{event.state} {event.reward}"] += 1
    return found


def once(folder: Path) -> bool:
    """Say whether each observation of two runs at once is there, and once."""
    goals = ["from the beginning", "one 0", "one 1", "other 0", "other 1"]
    found = observed(folder)
    here = all(found[tag, goal] == 1 for tag in ("episode_started", "attempt_made") for goal in goals)
    return here and all(found["experience", f"a state {reward}"] == 1 for reward in (0.0, 1.0))


def test_what_two_learned_at_once_comes_together_in_the_third(begin: Begin, tmp_path: Path) -> None:
    """The branch is learned again on top of the line, by the rules: 0.5, 0.2 (alpha 0.6, reward 0), 0.68 (reward 1)."""
    branch, line = two_at_once(begin)
    with begin() as third:
        assert str(third.start).startswith(line)
        entry = third.state.q_table["a state", "an action"]
        assert entry.value == pytest.approx(0.68)
        assert entry.visits == 2
        assert [one.goal for one in third.state.episodes.entries()] == [
            "from the beginning",
            "other 0",
            "other 1",
            "one 0",
            "one 1",
        ]
        assert [one.run for one in third.state.episodes.entries()][-1] == branch
    assert once(tmp_path)


def test_what_was_absorbed_says_where_it_was_observed(begin: Begin, tmp_path: Path) -> None:
    """An `absorbed` event stands before each commit that is learned again, and its events name their origin."""
    branch, _ = two_at_once(begin)
    begin().close()
    marks = of_type(events(tmp_path), Absorbed)
    assert {one.run for one in marks} == {branch}
    assert [one.first for one in marks] == sorted(one.first for one in marks)
    seqs = {seq for one in marks for seq in range(one.first, one.last + 1)}
    origins = [one.origin for one in of_type(events(tmp_path), QUpdated) if one.origin is not None]
    assert len(origins) == 3
    assert all(one.run == branch and one.seq in seqs for one in origins)


def test_what_was_absorbed_verifies_and_is_replayed(begin: Begin, tmp_path: Path) -> None:
    """Bytes are sound, every number follows beside its state, and the live state is that of a replay."""
    two_at_once(begin)
    with begin() as third:
        third.run_sync("and on")
        live = third.state.digests()
    history = History(tmp_path)
    assert list(history.check()) == []
    found = history.verify(deep=True)
    assert list(found) == []
    assert found.notes == []
    assert history.at().digests() == live


def test_absorbing_twice_changes_nothing(begin: Begin, tmp_path: Path) -> None:
    """Later runs know by the line what was absorbed."""
    two_at_once(begin)
    begin().close()
    for _ in range(2):
        with begin() as later:
            assert later._session.seq == later.start.seq + 1 if later.start else False
    assert History(tmp_path).absorb() is None
    assert once(tmp_path)


def test_two_that_absorb_the_same_at_once_count_it_once(begin: Begin, tmp_path: Path) -> None:
    """Both absorb the branch; the one that continues them learns only what is new in the other."""
    _, line = two_at_once(begin)
    third, fourth = begin(), begin(beside=line)
    assert [len(one.state.episodes) for one in (third, fourth)] == [5, 5]
    third.run_sync("third")
    fourth.run_sync("fourth")
    third.close()
    fourth.close()
    with begin() as fifth:
        fifth.run_sync("fifth")
    assert once(tmp_path)
    found = observed(tmp_path)
    assert [found["episode_started", goal] for goal in ("third", "fourth", "fifth")] == [1, 1, 1]


def test_what_several_branches_absorbed_alike_counts_once(begin: Begin, tmp_path: Path) -> None:
    """A run beside all absorbs the branch itself, and knows it again in each of them, however deep it lies."""
    _, line = two_at_once(begin)
    with begin(beside=line) as third:
        third.run_sync("third")
    with begin(beside=line) as fourth, begin() as nested:
        fourth.run_sync("fourth")
        nested.run_sync("nested")
    begin(beside=line, start_from=None).close()
    for _ in range(2):
        begin().close()
        assert once(tmp_path)
        found = observed(tmp_path)
        assert [found["episode_started", goal] for goal in ("third", "fourth", "nested")] == [1, 1, 1]
    history = History(tmp_path)
    assert history.refold("latest").digests() == history.at().digests()
    assert list(history.verify(deep=True)) == []


def test_a_run_that_began_while_another_absorbed_absorbs_the_rest(begin: Begin, tmp_path: Path) -> None:
    """What that one absorbed behind the point where it was left is not in the line of the new one."""
    two_at_once(begin)
    with begin() as third:
        third.run_sync("third")
    ends = [end.last for _, end in History(tmp_path).tree.lineage(History(tmp_path).point()).ends(third.start.seq)]  # type: ignore[union-attr]
    with begin(beside=f"{third.run_id}@{ends[3]}") as fourth:
        fourth.run_sync("fourth")
    for _ in range(2):
        assert once(tmp_path)
        begin().close()
    assert [observed(tmp_path)["episode_started", goal] for goal in ("third", "fourth")] == [1, 1]


def test_what_is_passed_over_is_named_as_one_stretch(begin: Begin, tmp_path: Path) -> None:
    """A run that absorbed nothing but what the line has is one commit here, however many it wrote."""
    _, line = two_at_once(begin)
    third, fourth = begin(beside=line), begin(beside=line)
    third.close()
    fourth.close()
    with begin() as fifth:
        assert fifth.start is not None
        kept = [one.record for one in History(tmp_path).records(after=fifth.start.seq)]
        marks = [one.event for one in kept if isinstance(one, Record) and isinstance(one.event, Absorbed)]
        assert [one.run for one in marks] == [third.run_id]
        assert marks[0].last - marks[0].first > 10


def test_what_a_parent_went_on_to_learn_is_absorbed(begin: Begin, tmp_path: Path) -> None:
    """A child starts in the middle of its parent; what the parent learned after that comes to the run after both."""
    parent = begin()
    parent.run_sync("one")
    child = begin()
    child.run_sync("two")
    parent.run_sync("three")
    parent.close()
    child.close()
    begin().close()
    found = observed(tmp_path)
    assert [found["episode_started", goal] for goal in ("one", "two", "three")] == [1, 1, 1]


def test_an_episode_that_was_under_way_is_absorbed_with_its_end(begin: Begin, tmp_path: Path) -> None:
    """A child starts while its parent's agent works: the rest of that episode is learned where it began."""
    inner: list[Conductor] = []

    def begins_another(task: Task) -> Outcome:
        inner.append(begin())
        inner[0].run_sync("inside")
        inner[0].close()
        return Outcome(success=True, reward=1.0)

    with begin(actors=[actor(begins_another, approaches=["B"])]) as parent:
        parent.run_sync("outside")
    begin().close()
    history = History(tmp_path)
    assert [(one.goal, one.status) for one in history.at().episodes.entries()] == [
        ("outside", "succeeded"),
        ("inside", "succeeded"),
    ]
    assert list(history.verify(deep=True)) == []
    assert observed(tmp_path)["attempt_made", "outside"] == 1


def test_a_branch_that_is_being_written_waits(begin: Begin, tmp_path: Path) -> None:
    """It is named in a warning, refused when it is asked for, and absorbed by a run that begins after its end."""
    with begin() as root:
        root.run_sync("root")
    slow = begin()
    slow.run_sync("slow")
    with begin(beside=str(root.run_id)) as quick:
        quick.run_sync("quick")
    with pytest.warns(HistoryWarning, match=f"{slow.run_id} is still being written"):
        conductor(tmp_path, clock=ticking(START + 50 * HOUR)).close()
    assert not of_type(events(tmp_path), Absorbed)
    with pytest.raises(StillWritten, match=str(slow.run_id)):
        History(tmp_path).absorb(str(slow.run_id))
    slow.close()
    assert History(tmp_path).absorb() == History(tmp_path).point()
    assert observed(tmp_path)["episode_started", "slow"] == 1


def test_what_is_no_branch_cannot_be_absorbed(begin: Begin, tmp_path: Path) -> None:
    """A run of the line, or one that was absorbed, is said to be none."""
    branch, line = two_at_once(begin)
    history = History(tmp_path)
    assert history.absorb(branch) is not None
    for run in (branch, line):
        with pytest.raises(PointError, match="no branch"):
            history.absorb(run)


def test_a_policy_leaves_branches_or_refuses_them(begin: Begin, tmp_path: Path) -> None:
    """`latest` leaves them with a warning, for ever; `fail` does not begin and leaves no file."""
    branch, _ = two_at_once(begin)
    before = bytes_below(tmp_path)
    with pytest.raises(BranchesLeft, match=branch):
        conductor(tmp_path, branches="fail")
    with pytest.raises(ConfigError, match="branches"):
        conductor(tmp_path, branches="merge")
    assert bytes_below(tmp_path) == before
    with pytest.warns(HistoryWarning, match=branch):
        conductor(tmp_path, branches="latest", clock=ticking(START + 50 * HOUR)).close()
    conductor(tmp_path, branches="fail", clock=ticking(START + 60 * HOUR)).close()
    begin().close()
    assert not of_type(events(tmp_path), Absorbed)


def test_what_was_left_on_purpose_is_not_absorbed(begin: Begin, tmp_path: Path) -> None:
    """Who names a point leaves what had ended by then, for all that follows."""
    with begin() as root:
        root.run_sync("root")
    with begin() as bad:
        bad.run_sync("bad")
    with begin(start_from=root.run_id) as again:
        again.run_sync("again")
    begin().close()
    assert not of_type(events(tmp_path), Absorbed)
    assert History(tmp_path).absorb() is None


def test_what_is_left_does_not_hang_on_clocks(begin: Begin, tmp_path: Path) -> None:
    """What had ended is left, what was going on is not, though the clock of the one that leaves them went wrong."""
    with begin() as root:
        root.run_sync("root")
    with begin() as ended:
        ended.run_sync("ended")
    going = begin(beside=str(root.run_id))
    going.run_sync("going")
    for start, goal in ((START - HOUR, "late"), (START + 90 * HOUR, "early")):
        with conductor(tmp_path, start_from=root.run_id, durability="os", clock=ticking(start)) as again:
            again.run_sync(goal)
    going.close()
    conductor(tmp_path, clock=ticking(START + 91 * HOUR)).close()
    found = observed(tmp_path)
    assert [found["episode_started", goal] for goal in ("ended", "late", "going", "early")] == [0, 0, 1, 1]


def test_absorbing_one_branch_leaves_no_other(begin: Begin, tmp_path: Path) -> None:
    """Only the run that was begun at a point that was asked for left something, not the one that goes on from it."""
    with begin() as root:
        root.run_sync("root")
    one, other = begin(), begin(beside=str(root.run_id))
    with begin(start_from=root.run_id) as line:
        line.run_sync("line")
    for live, goal in ((one, "one"), (other, "other")):
        live.run_sync(goal)
        live.close()
    history = History(tmp_path)
    assert history.absorb(str(one.run_id)) is not None
    assert history.absorb() is not None
    found = observed(tmp_path)
    assert [found["episode_started", goal] for goal in ("line", "one", "other")] == [1, 1, 1]


def test_an_experiment_is_neither_absorbed_nor_absorbs(begin: Begin, tmp_path: Path) -> None:
    """It was never meant to be continued."""
    with begin() as root:
        root.run_sync("root")
    experiment = begin(experiment=True)
    with begin() as line:
        line.run_sync("line")
    experiment.run_sync("experiment")
    experiment.close()
    begin().close()
    assert not of_type(events(tmp_path), Absorbed)


def test_a_run_that_absorbed_is_learned_again_as_it_was(begin: Begin, tmp_path: Path) -> None:
    """Law L9 over absorbed runs; without the branch all that reached the line from it is gone."""
    branch, line = two_at_once(begin)
    with begin() as third:
        third.run_sync("third")
    history = History(tmp_path)
    found = history.refold("latest")
    assert found.digests() == history.at().digests()
    assert found.skipped == {}
    without = history.refold("latest", without=[branch])
    assert [one.goal for one in without.episodes.entries()][1:] == ["other 0", "other 1", "third"]
    assert without.q_table["a state", "an action"].value == pytest.approx(0.2)
    assert history.refold("latest", without=[branch], commit=True).digests() == without.digests()
    assert history.absorb() is None
    assert list(history.verify(deep=True)) == []
    assert line in history.tree.lineage(history.point()).runs


def test_an_observation_of_a_branch_can_be_left_out_where_it_was_absorbed(begin: Begin, tmp_path: Path) -> None:
    """A record is named by the run in which it was observed."""
    branch, _ = two_at_once(begin)
    seq = next(
        one.record.seq
        for one in History(tmp_path).records(branch)
        if isinstance(getattr(one.record, "event", None), ExperienceAdded) and one.record.event.state == "a state"  # type: ignore[union-attr]
    )
    begin().close()
    found = History(tmp_path).refold("latest", without=[f"{branch}@{seq}"])
    assert found.q_table["a state", "an action"].value == pytest.approx(0.2)
    assert found.left_out == 1


def test_a_process_that_dies_while_it_absorbs_loses_nothing(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each commit of the branch is learned in a commit of its own: the next run goes on where the dead one stopped."""
    two_at_once(begin)
    taken = Relearner.take
    left = [3]

    def dies(relearner: Relearner, *records: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        taken(relearner, *records)

    with monkeypatch.context() as patched:
        patched.setattr(Relearner, "take", dies)
        with pytest.raises(KeyboardInterrupt):
            begin()
    assert 0 < len(of_type(events(tmp_path), Absorbed)) <= 3
    begin().close()
    assert once(tmp_path)
    assert [(one.goal, one.status) for one in History(tmp_path).at().episodes.entries()][3:] == [
        ("one 0", "succeeded"),
        ("one 1", "succeeded"),
    ]
    assert list(History(tmp_path).verify(deep=True)) == []


def test_a_branch_that_cannot_be_read_is_left_with_a_warning(begin: Begin, tmp_path: Path) -> None:
    """Nobody is kept from working by a side line that is damaged."""
    branch, _ = two_at_once(begin)
    redact(History(tmp_path).tree.files, branch, 1, 10_000)
    with pytest.warns(HistoryWarning, match=f"{branch} was not absorbed"):
        conductor(tmp_path, clock=ticking(START + 50 * HOUR)).close()
    assert not of_type(events(tmp_path), Absorbed)


def test_a_model_is_not_asked_again(begin: Begin, tmp_path: Path) -> None:
    """What a branch's model answered is an observation; the model of the run that absorbs it is not asked."""
    asked: list[str] = []

    def model(prompt: str) -> str:
        asked.append(prompt)
        return "semantic"

    with begin() as root:
        root.run_sync("root")
    branch = begin(model=model)
    other = begin(beside=str(root.run_id))
    branch.shared_memory.store("which level?", None, {}, "goal")
    other.run_sync("other")
    branch.close()
    other.close()
    count = len(asked)
    with begin(model=model) as third:
        assert "which level?" in {one.content for one in third.shared_memory.memories["semantic"].entries()}
    assert len(asked) == count
    assert {one.origin.run for one in of_type(events(tmp_path), ModelAnswered) if one.origin} == {branch.run_id}
    assert list(History(tmp_path).verify(deep=True)) == []


def test_branches_are_absorbed_in_the_order_of_their_ids(begin: Begin, tmp_path: Path) -> None:
    """Three branches beside the line: each in one stretch, the oldest id first."""
    with begin() as root:
        root.run_sync("root")
    beside = [begin(beside=str(root.run_id)) for _ in range(4)]
    for i, one in enumerate(reversed(beside)):
        one.run_sync(f"goal {i}")
    for one in beside:
        one.close()
    begin().close()
    runs = list(dict.fromkeys(one.run for one in of_type(events(tmp_path), Absorbed)))
    assert runs == [str(one.run_id) for one in beside[:3]]


def test_threads_that_learn_at_once_come_together(begin: Begin, tmp_path: Path) -> None:
    """Two conductors in threads of their own, interleaved at random: every episode is in the next run, once."""
    with begin() as root:
        root.run_sync("root")
    lives = [begin(beside=str(root.run_id)) for _ in range(2)]

    def learn(live: Conductor, n: int) -> None:
        for i in range(4):
            live.run_sync(f"goal {n}.{i}")

    threads = [Thread(target=learn, args=(live, n)) for n, live in enumerate(lives)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    for live in lives:
        live.close()
    begin().close()
    found = Counter(one.goal for one in of_type(events(tmp_path), EpisodeStarted))
    assert found == Counter({"root": 1} | {f"goal {n}.{i}": 1 for n in range(2) for i in range(4)})
    assert len(of_type(events(tmp_path), RunStarted)) == 3
    assert list(History(tmp_path).verify(deep=True)) == []


def test_a_run_that_does_not_learn_absorbs_nothing(begin: Begin, tmp_path: Path) -> None:
    """What is not to be learned is left to a run that learns."""
    two_at_once(begin)
    begin(enable_learning=False).close()
    assert not of_type(events(tmp_path), Absorbed)
    begin().close()
    assert once(tmp_path)


def test_the_scene_has_the_learners_of_the_session(begin: Begin) -> None:
    """Absorbing uses the conductor's own learners, so that one index of states is kept."""
    live = begin()
    scene = Scene(live._session, live.config, None, None, 2, live._learners)  # type: ignore[arg-type]
    assert scene.q is live.q_predictor


def test_the_command_absorbs_and_says_what(begin: Begin, tmp_path: Path) -> None:
    """Scripts get the run and the stretch, the new point, and who is waited for; a second time there is nothing."""
    branch, line = two_at_once(begin)
    found = read("absorb", branch, "--output", tmp_path)
    end = History(tmp_path).point()
    assert [one["run"] for one in found["absorbed"]] == [branch]
    assert (found["point"], found["waiting"]) == ({"run": end.run, "seq": end.seq}, [])
    with begin(beside=line) as slow:
        slow.run_sync("slow")
        begin(beside=str(end)).close()
        waits = jotty("absorb", slow.run_id, "--output", tmp_path)
        assert (waits.exit_code, "is still being written" in waits.stderr) == (1, True)
        found = read("absorb", "--output", tmp_path)
        assert (found["point"], found["waiting"]) == (None, [slow.run_id])
    done = jotty("absorb", "--output", tmp_path)
    assert done.stdout.startswith(f"absorbed:  {slow.run_id}  ")
    assert f"it is at {History(tmp_path).point()}" in done.stdout
    assert "nothing to absorb" in jotty("absorb", "--output", tmp_path).stdout
    assert once(tmp_path)


@pytest.mark.parametrize(
    ("run", "code", "type"),
    [("run_20200101_000000", 1, "UnknownRun"), ("latest", 1, "UnknownRun"), ("no run", 2, "UsageError")],
)
def test_the_command_refuses_what_is_no_branch(run: str, code: int, type: str, begin: Begin, tmp_path: Path) -> None:
    """An unknown run is 1, what is no point is 2, each with a hint."""
    begin().close()
    done = jotty("absorb", run, "--output", tmp_path, "--json")
    assert done.exit_code == code
    (found,) = documents(done)
    assert found["error"]["type"] == type
    assert found["error"]["hint"]
