"""The brain again: experiences, sleeps, and the machine of sleep and wake."""

from dataclasses import dataclass
from typing import Any

from ..agents.brain.consolidator import SharpWaveRippleConsolidator
from ..agents.brain.hippocampus import HippocampalExtractor
from ..agents.brain.sleep_and_wake import BrainStateMachine
from ..config import JottyConfig
from ..events import (
    BrainStepped,
    EpisodesReplayed,
    Event,
    ExperienceEncoded,
    ExperienceForgotten,
    ExperienceJudged,
    ImpactAssigned,
)
from ..reenacting.brain import experience_encoded, experience_judged
from ..session import Session
from .groups import Group
from .scene import Scene
from .tally import Unappliable


def follows_an_experience(_: Event, event: Event, __: int) -> bool:
    """Say whether an experience was forgotten because another one came."""
    return isinstance(event, ExperienceForgotten) and event.reason == "capacity"


def encoded(scene: Scene, group: Group) -> None:
    """Take in an experience."""
    event = group.head.event
    assert isinstance(event, ExperienceEncoded)
    scene.heard.traces[event.nth] = scene.session.view("brain").next_trace
    experience_encoded(scene, event)


def impact(scene: Scene, group: Group) -> None:
    """Say how much an experience caused, if it is there."""
    event = group.head.event
    assert isinstance(event, ImpactAssigned)
    brain, nth = scene.learned_by.brain, scene.heard.traces.get(event.nth, event.nth)
    places = [place for place, one in enumerate(brain.hippocampus) if one.nth == nth]
    if not places:
        raise Unappliable("the experience is not there")
    scene.would_add(event, lambda _: brain.set_causal_impact(places[0], event.causal_impact))


def counted(scene: Scene, group: Group) -> None:
    """Count an episode."""
    scene.would_add(group.head.event, lambda _: scene.learned_by.brain.end_of_episode())


def slept(scene: Scene, group: Group) -> None:
    """Sleep."""
    scene.would_add(group.head.event, lambda _: scene.learned_by.brain.trigger_consolidation())


def judged(scene: Scene, group: Group) -> None:
    """Judge an experience."""
    event = group.head.event
    assert isinstance(event, ExperienceJudged)
    experience_judged(scene, event)


@dataclass
class Valued:
    """A memory that was at hand, and what it was worth."""

    default_value: float


class Replaying(SharpWaveRippleConsolidator):
    """Takes as long as it took."""

    def __init__(self, config: JottyConfig, session: Session, duration: float) -> None:
        super().__init__(config, session)
        self._duration = duration

    def _lasted(self, began: float) -> float:
        return self._duration


def follows_a_replay(_: Event, event: Event, before: int) -> bool:
    """Say whether the machine woke up from the sleep in which episodes were replayed."""
    return before == 0 and isinstance(event, BrainStepped) and event.cause == "slept"


def replayed(scene: Scene, group: Group) -> None:
    """Replay episodes: those that were given, or where the machine slept, those that it holds here."""
    event = group.head.event
    assert isinstance(event, EpisodesReplayed)
    if group.rest:
        machine, values = _machine(scene, group), _values(group)
        scene.would_add(event, lambda _: machine.enter_sleep_mode(values))
        return
    consolidator = Replaying(scene.config, scene.session, event.duration)
    scene.would_add(event, lambda _: consolidator.consolidate(event.episodes, _values(group)))


def follows_a_step(head: Event, event: Event, before: int) -> bool:
    """Say whether an experience was judged, or replayed in a sleep, because the machine went on."""
    if isinstance(head, BrainStepped) and head.cause == "set":
        return isinstance(event, BrainStepped | ExperienceJudged | EpisodesReplayed)
    if not isinstance(head, BrainStepped) or head.cause != "experienced":
        return False
    slept = isinstance(event, BrainStepped) and event.cause == "slept"
    return slept or isinstance(event, ExperienceJudged if before == 0 else EpisodesReplayed)


def stepped(scene: Scene, group: Group) -> None:
    """Let the machine go on: it sleeps when it is time here."""
    event = group.head.event
    assert isinstance(event, BrainStepped)
    machine, values = _machine(scene, group), _values(group)

    def go_on() -> None:
        if event.cause == "forced":
            machine.force_sleep()
        elif event.cause == "set":
            machine.set_mode(event.mode)
        else:
            machine.process_experience(event.experience or {}, values)

    scene.would_add(event, lambda _: go_on())


def _machine(scene: Scene, group: Group) -> BrainStateMachine:
    goals = [one.event.goal for one in group.all if isinstance(one.event, ExperienceJudged)]
    durations = [one.event.duration for one in group.all if isinstance(one.event, EpisodesReplayed)]
    return BrainStateMachine(
        scene.config,
        Replaying(scene.config, scene.session, durations[0] if durations else 0.0),
        HippocampalExtractor(scene.config, goals[0] if goals else "", scene.session),
        scene.session,
    )


def _values(group: Group) -> list[Any]:
    found = [one.event.values for one in group.all if isinstance(one.event, EpisodesReplayed)]
    return [Valued(value) for value in found[0]] if found else []
