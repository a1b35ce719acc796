"""The brain's events once more. A sleep is carried out as a whole: all its replays are chosen when it begins."""

from typing import Any

from ..agents.brain.brain import Brain
from ..agents.brain.consolidator import SharpWaveRippleConsolidator
from ..agents.brain.hippocampus import HippocampalExtractor
from ..agents.brain.loading import REPLACED, Loading
from ..agents.brain.sleep_and_wake import BrainStateMachine
from ..agents.brain.sleeping import Forgetting, Sleeping
from ..events import (
    BrainStepped,
    ConsolidationDone,
    EpisodesReplayed,
    Event,
    ExperienceEncoded,
    ExperienceForgotten,
    ExperienceJudged,
    PatternForgotten,
    PatternLearned,
    PatternReinforced,
    TraceReplayed,
    WakeCounted,
)
from ..reading.conclusions import Found
from .stage import Reenacted, Stage

_NEEDS = ("brain",)


def experience_encoded(stage: Stage, event: ExperienceEncoded) -> Event:
    """Take in the experience."""
    said = event.content, event.reward, event.causal_impact
    return stage.would_add(event, lambda _: Brain(stage.config, stage.session).store_experience(*said))


def experience_forgotten(stage: Stage, event: ExperienceForgotten) -> Event:
    """Forget what is too much, or what another brain takes the place of; what has faded is forgotten in sleep."""
    if event.reason == REPLACED:
        return stage.would_add(event, lambda commit: Loading(stage.session).forget_experience(commit, event.nth))
    if event.reason == "capacity":
        return stage.would_add(event, Forgetting(stage.config, stage.session).experiences)
    return slept(stage, event)


def pattern_forgotten(stage: Stage, event: PatternForgotten) -> Event:
    """Forget what another brain takes the place of; all else is forgotten in sleep."""
    if event.reason == REPLACED:
        return stage.would_add(event, lambda commit: Loading(stage.session).forget_pattern(commit, event.nth))
    return slept(stage, event)


def slept(stage: Stage, event: Any) -> Event:
    """Sleep, and return the next of what that adds."""

    def sleep() -> list[Event]:
        session = stage.performing(event, _NEEDS)
        return session.all_of(Sleeping(stage.config, session).all)

    return stage.next_in_script(event, sleep)


def wake_counted(stage: Stage, event: WakeCounted) -> Found:
    """Count the episode."""
    return {"episodes_since_sleep": stage.session.view("brain").episodes_since_sleep + 1}


def experience_judged(stage: Stage, event: ExperienceJudged) -> Event:
    """Judge the experience."""
    said = event.content, event.context, event.reward, event.agent, event.now
    extractor = HippocampalExtractor(stage.config, event.goal, stage.session)
    return stage.would_add(event, lambda commit: commit.add(extractor._judged(*said)))


def episodes_replayed(stage: Stage, event: EpisodesReplayed) -> Event:
    """Replay the episodes."""
    consolidator = SharpWaveRippleConsolidator(stage.config, stage.session)
    said = event.episodes, event.values, event.now
    return stage.would_add(event, lambda commit: commit.add(consolidator._replayed(*said)))


def brain_stepped(stage: Stage, event: BrainStepped) -> Event:
    """Let the machine of sleep and wake go on."""
    machine = BrainStateMachine(stage.config, session=stage.session)
    episodes = int(event.cause == "experienced")
    return stage.would_add(event, lambda _: machine._step(event.cause, event.mode, event.experience, episodes=episodes))


BRAIN: dict[type[Event], Reenacted] = {
    ExperienceEncoded: Reenacted(experience_encoded, _NEEDS),
    ExperienceForgotten: Reenacted(experience_forgotten, _NEEDS),
    TraceReplayed: Reenacted(slept, _NEEDS),
    PatternLearned: Reenacted(slept, _NEEDS),
    PatternReinforced: Reenacted(slept, _NEEDS),
    PatternForgotten: Reenacted(pattern_forgotten, _NEEDS),
    ConsolidationDone: Reenacted(slept, _NEEDS),
    WakeCounted: Reenacted(wake_counted, _NEEDS),
    ExperienceJudged: Reenacted(experience_judged, _NEEDS),
    EpisodesReplayed: Reenacted(episodes_replayed, _NEEDS),
    BrainStepped: Reenacted(brain_stepped, _NEEDS),
}
