"""Runs, episodes and attempts once more."""

from msgspec import UNSET

from ..config import AgentConfig
from ..errors import ConfigError
from ..events import (
    ActorResult,
    AttemptMade,
    EpisodeEnded,
    EpisodeStarted,
    Event,
    Recalled,
    RunEnded,
)
from ..learning.choosing import Choosing, in_this_round
from ..reading.conclusions import Found
from ..rules import attempts
from .stage import Reenacted, Stage


def run_ended(stage: Stage, event: RunEnded) -> Found:
    """Return the digests of the states, those that are of the version that was recorded."""
    versions = {one.name: one.version for one in stage.session.projections}
    known = [name for name in event.digests if versions.get(name) == event.versions.get(name)]
    digests = stage.session.digests()
    return {"digests": event.digests | {name: digests[name] for name in known}}


def episode_started(stage: Stage, event: EpisodeStarted) -> Found:
    """Count the episodes."""
    return {"episode": stage.session.view("episodes").last + 1}


def episode_ended(stage: Stage, event: EpisodeEnded) -> Found:
    """Return what became of the attempts, for the actors that had tasks; nothing of an episode begun in another run."""
    if stage.past.episode != event.episode:
        return {}
    made = stage.past.attempts()
    succeeded = {one.actor for one in made if one.success}
    rewards = {one.actor: one.reward for one in made}
    results = [
        ActorResult(actor=name, success=name in succeeded, reward=rewards.get(name, 0.0))
        for name in stage.past.assignees() or [one.actor for one in event.results]
    ]
    return {"attempts": len(made), "results": results}


def look_before_attempt(stage: Stage, event: AttemptMade) -> None:
    """Read what an agent is told and chooses from, at the time when it was read."""
    state = attempts.state_of(event.goal, event.actor)
    learners = stage.learners(event.actor)
    memories = [learners.shared, learners.local[event.actor]]
    context = learners.context.build(event.goal, state, memories, event.read_now)
    actor = AgentConfig(name=event.actor, agent=print, approaches=[one.approach for one in event.candidates])
    tried, epsilon = _tried(stage, event), stage.config.epsilon
    made = Choosing(actor, event.attempt, state, learners, tried, epsilon, event.draw, event.pick)
    stage.looked[AttemptMade, event.episode, event.attempt] = context, made, stage.past.started(event.task)


def _tried(stage: Stage, event: AttemptMade) -> list[str | None]:
    """Return the approaches that the actor has tried in this round."""
    made = [one.approach for one in stage.past.attempts() if one.actor == event.actor]
    return in_this_round(made, len(event.candidates))


def attempt_made(stage: Stage, event: AttemptMade) -> Found:
    """Return what the agent was told, and what it chose from; nobody can tell here what was so elsewhere."""
    if event.origin is not UNSET:
        return {}
    looked = stage.looked.pop((AttemptMade, event.episode, event.attempt), None)
    if looked is None:
        raise ConfigError(f"nothing was read behind record {event.read_at}")
    context, made, started = looked
    return {
        "read_at": event.read_at if started is None else started,
        "epsilon": made.epsilon,
        "candidates": made.candidates,
        "memories": [Recalled(owner=n.owner, level=n.level, key=n.key, value=n.value) for n in context.notes],
        "lessons": context.lessons,
        "learned_context": context.text,
    }


EPISODES: dict[type[Event], Reenacted] = {
    RunEnded: Reenacted(run_ended, ()),
    EpisodeStarted: Reenacted(episode_started, ()),
    EpisodeEnded: Reenacted(episode_ended, ()),
    AttemptMade: Reenacted(attempt_made, ("memory", "goals", "q_table", "brain")),
}
