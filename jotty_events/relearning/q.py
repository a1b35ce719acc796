"""The Q-table again: steps, replays by the numbers that were drawn, tiers, pruning, and tables that were loaded."""

from collections.abc import Sequence
from random import Random
from typing import Any

from msgspec.structs import replace

from projections.q_table import CLUSTERS, ENTRIES, EXPERIENCES, TIERS

from ..agents.q.pruning import ARCHIVE
from ..agents.q.saved import Saved
from ..events import (
    EntryImported,
    Event,
    ExperienceAdded,
    ExperienceEvicted,
    ExperienceReweighed,
    QPruned,
    QUpdated,
    TiersAssigned,
)
from ..reenacting.q import q_updated
from ..session import Transaction
from .groups import Group
from .scene import Scene
from .tally import Unappliable


def follows_a_step(head: Event, event: Event, _: int) -> bool:
    """Say whether the buffer made room for a step, or something was learned from it."""
    assert isinstance(head, ExperienceAdded)
    if isinstance(event, QUpdated):
        return event.cause == "experience" and event.experience == head.nth
    return isinstance(event, ExperienceEvicted)


def step(scene: Scene, group: Group) -> None:
    """Learn from a step, and keep it; its texts are those of the rules of here."""
    event = group.head.event
    assert isinstance(event, ExperienceAdded)
    state, action = event.state_data or event.state, event.action_data or event.action
    following = event.next_state_data or event.next_state
    with scene.at(event):
        scene.q.add_experience(state, action, event.reward, following, event.done)


def follows_an_update(head: Event, event: Event, _: int) -> bool:
    """Say whether a step was replayed in the same replay as the one before."""
    replayed = isinstance(event, QUpdated) and event.cause == "replay"
    return (
        isinstance(head, QUpdated) and head.cause == "replay" and (replayed or isinstance(event, ExperienceReweighed))
    )


def updated(scene: Scene, group: Group) -> None:
    """Learn from a step that was not kept, or replay as many steps as were replayed."""
    event = group.head.event
    assert isinstance(event, QUpdated)
    if event.cause != "replay":
        q_updated(scene, event)
        return
    replayed = [one.event for one in group.all if isinstance(one.event, QUpdated)]
    drawn, scene.session.rng = scene.session.rng, Drawn([one.draw or 0.0 for one in replayed])
    try:
        scene.would_add(event, lambda _: scene.q.experience_replay(len(replayed)))
    finally:
        scene.session.rng = drawn


class Drawn(Random):
    """Random numbers that were drawn before."""

    def __init__(self, numbers: Sequence[float]) -> None:
        super().__init__(0)
        self._numbers = iter(numbers)

    def random(self) -> float:
        """Return the next of the numbers."""
        return next(self._numbers)


def follows_pruning(head: Event, event: Event, _: int) -> bool:
    """Say whether an entry was pruned by the same call."""
    if not isinstance(head, QPruned) or not isinstance(event, QPruned):
        return False
    return head.reason == event.reason == ARCHIVE


def pruned(scene: Scene, group: Group) -> None:
    """Judge the entries that were let go: by the place at which they were drawn, or by their texts."""
    archive = scene.q.tiers.tier(3)
    gone = 0
    with scene.at(group.head.event) as commit:
        for event in (one.event for one in group.all):
            assert isinstance(event, QPruned)
            at = event.draw
            if at is None or scene.rules >= 2:
                entry, at = scene.q.Q.get((event.state, event.action)), None
            else:
                entry = archive[at] if at < len(archive) else None
            if entry is not None and scene.q.Q.get((entry.state, entry.action)) is not None:
                gone += scene.q.pruning.judge(commit, entry, at)
    if not gone:
        raise Unappliable("the entry of the Q-table is not there, or still teaches something")


def tiers_assigned(scene: Scene, group: Group) -> None:
    """Assign the tiers."""
    event = group.head.event
    assert isinstance(event, TiersAssigned)
    scene.q.tiers.clustering = event.clusters is not None or scene.recorded_rules >= 2
    scene.would_add(event, lambda _: scene.q.promote_demote(event.reward))


def follows_an_import(head: Event, event: Event, _: int) -> bool:
    """Say whether rows of one Q-table were loaded together."""
    if not isinstance(head, EntryImported) or not isinstance(event, EntryImported):
        return False
    return head.projection == event.projection == "q_table"


def loaded(scene: Scene, group: Group) -> None:
    """Load a saved table in the place of the one here; its entries are numbered on from here."""
    q = scene.q
    with scene.at(group.head.event) as commit:
        Saved(scene.session, q.tiers, q.pruning, q.buffer)._clear(commit)
        rows = [one.event for one in [group.head, *group.rest] if isinstance(one.event, EntryImported)]
        _import(scene, commit, rows)


def _import(scene: Scene, commit: Transaction, rows: list[EntryImported]) -> None:
    table = scene.q.Q
    entries = _numbers(rows, ENTRIES.name, table.next_nth)
    steps = _numbers(rows, EXPERIENCES.name, table.next_experience)
    for one in rows:
        numbers = {ENTRIES.name: entries, EXPERIENCES.name: steps}.get(one.table, {})
        row = _renumbered(one.table, one.row, entries, steps)
        commit.add(replace(one, **scene.session.provenance, row=row, nth=numbers.get(one.nth, one.nth)))


def _numbers(rows: list[EntryImported], table: str, first: int) -> dict[int, int]:
    found = [one.nth for one in rows if one.table == table]
    return {nth: number for number, nth in enumerate(found, first)}


def _renumbered(table: str, row: dict[str, Any], entries: dict[int, int], steps: dict[int, int]) -> dict[str, Any]:
    if table == TIERS.name:
        return {**row, "id": entries.get(row["id"], row["id"])}
    if table == CLUSTERS.name:
        return {**row, "members": [entries.get(nth, nth) for nth in row["members"]]}
    return {**row, "id": steps.get(row["id"], row["id"])} if table == EXPERIENCES.name else row
