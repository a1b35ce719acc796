"""The Q-table's events once more."""

from ..agents.q.pruning import ARCHIVE
from ..errors import ConfigError
from ..events import Event, ExperienceAdded, ExperienceEvicted, ExperienceReweighed, QPruned, QUpdated, TiersAssigned
from .stage import Reenacted, Stage

_NEEDS = ("q_table",)


def experience_added(stage: Stage, event: ExperienceAdded) -> Event:
    """Put the step into the buffer."""
    return stage.would_add(event, lambda commit: stage.q.buffer.add(commit, event))


def experience_evicted(stage: Stage, event: ExperienceEvicted) -> Event:
    """Make room, where there is too little; else it was this step that was to go."""
    buffer = stage.q.buffer
    if stage.q.Q.buffered > stage.config.max_experience_buffer:
        return stage.would_add(event, buffer.make_room)
    priority = dict(stage.q.Q.priorities())[event.nth]
    return stage.would_add(event, lambda commit: buffer.let_go(commit, event.nth, priority))


def experience_reweighed(stage: Stage, event: ExperienceReweighed) -> Event:
    """Weigh the step once more."""
    replayed = stage.q.Q.experience(event.nth)
    return stage.would_add(event, lambda commit: stage.q.buffer.reweigh(commit, replayed))


def q_updated(stage: Stage, event: QUpdated) -> Event:
    """Learn from the step."""

    def learn(_: object) -> None:
        stage.q.update_q_value(event.state, event.action, event.reward, event.next_state, event.done)

    return stage.would_add(event, learn)


def q_pruned(stage: Stage, event: QPruned) -> Event:
    """Judge the entry, if it was drawn from the archive; else it was this one that was to go."""
    entry = stage.q.Q.get((event.state, event.action))
    if entry is None:
        raise ConfigError("there is no such entry")
    pruning = stage.q.pruning
    if event.reason == ARCHIVE:
        return stage.would_add(event, lambda commit: pruning.judge(commit, entry, event.draw))
    return stage.would_add(event, lambda commit: pruning.let_go(commit, entry, event.reason))


def tiers_assigned(stage: Stage, event: TiersAssigned) -> Event:
    """Assign the tiers anew; nobody recorded whether version 1 could cluster but the event itself.

    Of an empty table they are taken back: another is about to be loaded into it.
    """
    if not len(stage.q.Q):
        return stage.would_add(event, stage.q.tiers.empty)
    stage.q.tiers.clustering = event.clusters is not None
    return stage.would_add(event, lambda commit: stage.q.tiers.promote_demote(commit, event.reward))


Q: dict[type[Event], Reenacted] = {
    ExperienceAdded: Reenacted(experience_added, _NEEDS),
    ExperienceEvicted: Reenacted(experience_evicted, _NEEDS),
    ExperienceReweighed: Reenacted(experience_reweighed, _NEEDS),
    QUpdated: Reenacted(q_updated, _NEEDS),
    QPruned: Reenacted(q_pruned, _NEEDS),
    TiersAssigned: Reenacted(tiers_assigned, _NEEDS),
}
