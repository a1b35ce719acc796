"""Episodes again: how they began, what each attempt taught, and how they ended.

Invariants: an attempt stays as it was: what its agent was told, what it chose, what came of it. What it teaches follows
from the state here.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from projections.memory import MemoryEntry

from ..agents.memory.hierarchical_memory import HierarchicalMemory
from ..agents.td.learner import TDLambdaLearner
from ..events import (
    ActorResult,
    AttemptMade,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    ExperienceEncoded,
    MemoryAccessed,
    MemoryMerged,
    MemoryRepeated,
    MemoryStored,
    ModelAnswered,
    TrajectoryEnded,
)
from ..learning.lessons import EPISODE, OUTCOME, SETTLE, Lessons
from ..learning.tried import Tried, tried
from ..rules import attempts
from ..session import Transaction
from ..types import SHARED
from .groups import Seen
from .leaving_out import Omitted
from .parts import OF_AN_ATTEMPT, OF_AN_END, part_of, part_of_end
from .scene import Scene

Stored = MemoryStored | MemoryRepeated | MemoryMerged
_TAUGHT_NOTHING = "cancelled"
_GIVEN_UP = ("cancelled", "broken")


class Episodes:
    """The episodes of a stretch; `actors` are those of each, by its recorded number.

    With `parts_stay`, what a lesson did not teach when it was recorded is not learned of it here.
    """

    def __init__(
        self, scene: Scene, omitted: Omitted, actors: dict[int, list[str]], *, parts_stay: bool = False
    ) -> None:
        self._scene = scene
        self._omitted = omitted
        self._actors = actors
        self._parts_stay = parts_stay
        self._lessons = Lessons(scene.config, scene.session, scene.learned_by)
        self._made: list[AttemptMade] = []

    def begin(self, commit: Transaction, seq: int, event: EpisodeStarted) -> None:
        """Begin an episode; it is the next one here."""
        scene = self._scene
        number = scene.session.view("episodes").last + 1
        scene.heard.episodes[event.episode] = number
        self._made = []
        commit.now = event.now
        with scene.observing(seq, event):
            # It says where it took place: that is no matter of where it is learned from.
            commit.add(replace(event, episode=number))
            scene.session.provenance.pop("episode", None)
            self._lessons.begin(event.goal, event.domain, self._memories(event.episode))

    def _memories(self, episode: int) -> list[HierarchicalMemory]:
        names = self._omitted.actors(self._actors.get(episode, []))
        return [self._scene.memory_of(name) for name in (SHARED, *names)]

    def learn(self, commit: Transaction, seq: int, event: AttemptMade, rest: Sequence[Seen], out: set[int]) -> None:
        """Learn from an attempt; `rest` is what was learned of it, `out` the seqs of that to leave out."""
        scene = self._scene
        commit.now = event.now
        with scene.observing(seq, event):
            made = self._as_made(seq, event)
            commit.add(made)
            self._made.append(made)
            self._answer(commit, rest)
            if event.outcome != _TAUGHT_NOTHING:
                self._teach(commit, made, event, rest, self._without(rest, out, part_of, OF_AN_ATTEMPT))

    def _without(
        self, rest: Sequence[Seen], out: set[int], part: Callable[[Event], str], every: frozenset[str]
    ) -> set[str]:
        """Return the parts of a lesson that are left out: those of which an event is, and what was before."""
        left = {part(one.event) for one in rest if one.seq in out}
        return left | (every - {part(one.event) for one in rest}) if self._parts_stay else left

    def _as_made(self, seq: int, event: AttemptMade) -> AttemptMade:
        """Return an attempt as it was, by the name that its state has under the rules of here."""
        scene = self._scene
        state = attempts.described(event.goal, event.actor, version=scene.rules)
        return replace(event, episode=scene.episode(event.episode), state=state, origin=scene.origin(seq, event))

    def _answer(self, commit: Transaction, rest: Sequence[Seen]) -> None:
        """Say what a model answered before anything follows from it."""
        scene = self._scene
        for seq, event in rest:
            if isinstance(event, ModelAnswered):
                scene.answered(event)
                commit.add(replace(event, **scene.said_of(seq, event)))
        scene.turn_to_models_of(rest)

    def _teach(
        self, commit: Transaction, made: AttemptMade, event: AttemptMade, rest: Sequence[Seen], without: set[str]
    ) -> None:
        scene = self._scene
        what = tried(made, self._domain(made.episode), self._recalled(event, rest))
        td = self._way(made, rest)
        for one in rest:
            if isinstance(one.event, ExperienceEncoded):
                scene.heard.traces[one.event.nth] = scene.session.view("brain").next_trace
        kept = self._lessons.learn(commit, what, td, without | self._not_to_settle(what))
        for one in rest:
            if isinstance(one.event, Stored):
                self._name(one.event, kept)

    def _domain(self, episode: int) -> str:
        found = self._scene.session.view("episodes").get(episode)
        return self._scene.config.domain if found is None else str(found.domain)

    def _recalled(self, event: AttemptMade, rest: Sequence[Seen]) -> list[MemoryEntry]:
        """Return what was recalled and is there; what was let go meanwhile counted as nothing there either."""
        scene, counted = self._scene, [one.event for one in rest if isinstance(one.event, MemoryAccessed)]
        for one in counted:
            if scene.known(one.owner, one.level, one.key) is None:
                scene.tally.skip("a memory that was recalled is not there")
        found = [scene.known(one.owner, one.level, one.key) for one in event.memories]
        return [one for one in found if one is not None]

    def _way(self, made: AttemptMade, rest: Sequence[Seen]) -> TDLambdaLearner:
        """Return the trajectory so far: what the agent itself said that it used."""
        for seq, event in rest:
            if isinstance(event, TrajectoryEnded) and seq in self._scene.ways:
                td = self._scene.ways.pop(seq)
                td._way.step_rewards = list(event.step_rewards)
                return td
        td = TDLambdaLearner(self._scene.config, self._scene.session)
        td.start_episode(made.goal)
        return td

    def _not_to_settle(self, what: Tried) -> set[str]:
        """Leave a list alone that is for another goal, or has no such task."""
        todo = self._scene.learned_by.todo
        return set() if todo.root_task == what.goal and what.actor in todo.tasks else {SETTLE}

    def _name(self, event: Stored, kept: dict[str, MemoryEntry]) -> None:
        entry = kept.get(OUTCOME if event.owner == SHARED else EPISODE)
        key = event.duplicate if isinstance(event, MemoryMerged) else event.key
        if entry is not None:
            self._scene.heard.keys[event.owner, event.level, key] = entry.key

    def end(self, commit: Transaction, seq: int, event: EpisodeEnded, rest: Sequence[Seen], out: set[int]) -> None:
        """End an episode with what its attempts came to, and learn from that."""
        scene = self._scene
        commit.now = event.now
        with scene.observing(seq, event):
            ended = self._as_ended(event)
            commit.add(ended)
            self._answer(commit, rest)
            scene.session.provenance.pop("episode", None)
            if ended.status not in _GIVEN_UP:
                without = self._without(rest, out, part_of_end, OF_AN_END)
                memories = self._memories(event.episode)
                self._lessons.end(ended.goal, ended.success, ended.reward, memories, without)

    def _as_ended(self, event: EpisodeEnded) -> EpisodeEnded:
        """Return an episode's end: as it was, unless an attempt of it is left out."""
        ended = replace(event, episode=self._scene.episode(event.episode))
        names = self._omitted.actors(one.actor for one in event.results)
        if event.episode not in self._omitted.touched and len(names) == len(event.results):
            return ended
        results = [self._result(name) for name in names]
        ended = replace(ended, attempts=len(self._made), results=results)
        if event.status in _GIVEN_UP:
            return ended
        success, reward = attempts.succeeded(results), attempts.episode_reward(results)
        return replace(ended, status="succeeded" if success else "failed", success=success, reward=reward)

    def _result(self, name: str) -> ActorResult:
        made = [one for one in self._made if one.actor == name]
        success = any(one.success for one in made)
        return ActorResult(actor=name, success=success, reward=made[-1].reward if made else 0.0)


def actors_of(events: Sequence[Event]) -> dict[int, list[str]]:
    """Return the actors of each episode: those that its end names, else those that were given a task or tried."""
    found: dict[int, list[str]] = {}
    number = 0
    for event in events:
        if isinstance(event, EpisodeStarted):
            number = event.episode
        named = getattr(event, "assignee", None) or (event.actor if isinstance(event, AttemptMade) else None)
        if isinstance(event, EpisodeEnded):
            found[event.episode] = [one.actor for one in event.results]
            number = 0
        elif number and isinstance(named, str) and named not in found.setdefault(number, []):
            found[number].append(named)
    return found
