"""TD(lambda) once more: the values are read where they were read, and the trajectory ends where it ended.

The end of a trajectory is carried out as a whole; it begins with the learning rate, if that is adapted just before.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from ..agents.memory.rate import SUCCESS
from ..agents.memory.valuing import Valuing
from ..agents.td.adaptive_alpha import AdaptiveLearningRate
from ..agents.td.learner import OWN, TDLambdaLearner
from ..agents.td.trajectory import Name
from ..errors import ConfigError
from ..events import AlphaAdapted, Event, SampleNoted, TrajectoryEnded, ValueUpdated
from .stage import Reenacted, Stage

_NEEDS = ("memory", "goals")
_TAUGHT = ("td", "transfer")


class Named(NamedTuple):
    """What an entry is called, for a learner that only asks that."""

    owner: str
    level: str
    key: str


class Trajectories:
    """The trajectories of a run that are to end, and which changes of the learning rate begin one of these ends."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[TrajectoryEnded, TDLambdaLearner]] = deque()
        self._foreseen: Event | None = None
        self._adaptions, self._passed = count(), count()
        self._beginnings: set[int] = set()
        self._last = -1

    def foresee(self, event: Event) -> None:
        """Take note of what comes, in its order."""
        if isinstance(event, TrajectoryEnded) and isinstance(self._foreseen, AlphaAdapted):
            self._beginnings.add(self._last)
        if isinstance(event, AlphaAdapted):
            self._last = next(self._adaptions)
        self._foreseen = event

    def begins_one(self) -> bool:
        """Say whether the learning rate that is adapted now is adapted for the end of a trajectory."""
        return next(self._passed) in self._beginnings


def trajectories_of(stage: Stage) -> Trajectories:
    """Return the trajectories of a stage."""
    found: Trajectories = stage.looked.setdefault(Trajectories, Trajectories())
    return found


def foresee_trajectory(stage: Stage, event: TrajectoryEnded) -> Iterator[tuple[int, Callable[[Stage], None]]]:
    """Take note of a trajectory, and give out the seqs behind which its values are to be read, and how."""
    learner = TDLambdaLearner(stage.config, stage.session)
    learner.start_episode(event.goal)
    trajectories_of(stage).waiting.append((event, learner))
    names = zip(event.owners, event.levels, event.keys, strict=True)
    for name, seq in zip(names, event.read_at, strict=True):
        yield seq, partial(_look, learner, name)


def _look(learner: TDLambdaLearner, name: Name, stage: Stage) -> None:
    owner, level, key = name
    entry = stage.owned(owner)[level].get(key)
    if entry is not None:
        learner.record_access(entry)


def ended(stage: Stage, event: Any) -> Event:
    """End the trajectory that ends next, and return the next of what that adds."""
    return stage.next_in_script(event, partial(_end, stage, event))


def _end(stage: Stage, event: Any) -> list[Event]:
    waiting = trajectories_of(stage).waiting
    if not waiting:
        raise ConfigError("no trajectory ends here")
    trajectory, began = waiting.popleft()
    way = began._way
    if len(way.accessed) != len(trajectory.keys):
        raise ConfigError("an entry was not there when it was read")
    way.read_at, way.step_rewards = list(trajectory.read_at), list(trajectory.step_rewards)
    session = stage.performing(event, _NEEDS)
    learner = TDLambdaLearner(stage.config, session)
    learner._way = way
    names = [Named(*way.accessed[i]) for i in trajectory.among or ()]
    memories: Any = None if trajectory.among is None else dict(enumerate(names))
    hierarchy = OWN if trajectory.carried else None
    reward, success = trajectory.final_reward, trajectory.success
    return session.all_of(lambda: learner.end_episode(reward, memories, hierarchy, success=success))


def value_updated(stage: Stage, event: ValueUpdated) -> Event:
    """Give the value that was said, or go on with the trajectory that has ended."""
    if event.cause in _TAUGHT:
        return ended(stage, event)
    entry, value = stage.entry(event), event.after
    before = stage.goals_of(event.owner).value(entry, event.goal)
    return stage.would_add(event, lambda commit: Valuing(stage.session).give(commit, entry, event.goal, value, before))


def alpha_adapted(stage: Stage, event: AlphaAdapted) -> Event:
    """Adapt the learning rate, or let it be as it was configured."""
    if trajectories_of(stage).begins_one():
        return ended(stage, event)
    rate = AdaptiveLearningRate(stage.config, stage.session)
    call = rate.reset if event.cause == "reset" else rate.get_adapted_alpha
    return stage.would_add(event, lambda _: call())


def sample_noted(stage: Stage, event: SampleNoted) -> Event:
    """Take note of the sample, if it is not of a trajectory that has ended."""
    rate = AdaptiveLearningRate(stage.config, stage.session)

    def note(_: object) -> None:
        if event.kind == SUCCESS:
            rate.record_success(event.value > 0)
        else:
            rate.record_td_error(event.value)

    return stage.next_in_script(event, lambda: [stage.would_add(event, note)])


TRAJECTORIES: dict[type[Event], Reenacted] = {
    TrajectoryEnded: Reenacted(ended, _NEEDS),
    ValueUpdated: Reenacted(value_updated, _NEEDS),
    AlphaAdapted: Reenacted(alpha_adapted, _NEEDS),
    SampleNoted: Reenacted(sample_noted, _NEEDS),
}
