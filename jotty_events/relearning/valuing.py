"""TD(lambda) again: values are read where they were read, and trajectories end where they ended."""

from collections.abc import Iterator
from typing import Any

from ..agents.td.adaptive_alpha import AdaptiveLearningRate
from ..agents.td.learner import OWN, TDLambdaLearner
from ..events import AlphaAdapted, Event, SampleNoted, TrajectoryEnded, ValueUpdated
from ..reenacting.trajectories import Named, value_updated
from .groups import Group
from .scene import Scene
from .tally import Unappliable

Access = tuple[int, TDLambdaLearner, Named]
"""Behind which seq the value of which entry is read, by which learner."""


def accesses(scene: Scene, seq: int, ended: TrajectoryEnded, before: int | None) -> Iterator[Access]:
    """Begin the trajectory that ends at a seq, and give out its accesses: those before a seq, where one is given."""
    learner = TDLambdaLearner(scene.config, scene.session)
    learner.start_episode(ended.goal)
    scene.ways[seq] = learner
    for i, read_at in enumerate(ended.read_at):
        if before is None or read_at < before:
            yield read_at, learner, Named(ended.owners[i], ended.levels[i], ended.keys[i])


def access(scene: Scene, learner: TDLambdaLearner, named: Named) -> None:
    """Use an entry on the way, if it is there."""
    entry = scene.known(*named)
    if entry is None:
        scene.tally.skip("a memory that was used on the way is not there")
    else:
        learner.record_access(entry)


def follows_an_end(_: Event, event: Event, __: int) -> bool:
    """Say whether a value was updated, or a sample noted, because a trajectory ended."""
    return isinstance(event, SampleNoted) or (isinstance(event, ValueUpdated) and event.cause in ("td", "transfer"))


def ended(scene: Scene, group: Group) -> None:
    """End a trajectory for the entries that are there."""
    event = group.head.event
    assert isinstance(event, TrajectoryEnded)
    learner = scene.ways.pop(group.head.seq)
    if event.keys and not learner.access_sequence:
        raise Unappliable("nothing that the trajectory used is there")
    learner._way.step_rewards = list(event.step_rewards)
    if learner.adaptive_lr is None and any(isinstance(one.event, SampleNoted) for one in group.rest):
        learner.adaptive_lr = AdaptiveLearningRate(scene.config, scene.session)
    memories: Any = None
    if event.among is not None:
        names = [scene.known(event.owners[i], event.levels[i], event.keys[i]) for i in event.among]
        memories = {str(i): one for i, one in enumerate(names) if one is not None}
    with scene.at(event):
        learner.end_episode(event.final_reward, memories, OWN if event.carried else None, success=event.success)


def valued(scene: Scene, group: Group) -> None:
    """Give an entry the value that was said."""
    event = group.head.event
    assert isinstance(event, ValueUpdated)
    value_updated(scene, event)


def noted(scene: Scene, group: Group) -> None:
    """Take note of a sample."""
    event = group.head.event
    assert isinstance(event, SampleNoted)
    rate = AdaptiveLearningRate(scene.config, scene.session)
    scene.would_add(event, lambda _: rate._note(event.kind, event.value))


def adapted(scene: Scene, group: Group) -> None:
    """Adapt the learning rate to the samples of here, or let it be as it was configured."""
    event = group.head.event
    assert isinstance(event, AlphaAdapted)
    rate = AdaptiveLearningRate(scene.config, scene.session)
    call = rate.reset if event.cause == "reset" else rate.get_adapted_alpha
    scene.would_add(event, lambda _: call())
