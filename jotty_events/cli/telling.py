"""An event in one line: what it is about, and which values it changed."""

from collections.abc import Callable
from typing import Any

from ..events import tag_of
from ..record import Opaque, Record
from .figures import NONE, counted, duration, number
from .grid import Piece

_SHORT = 200
_GOOD, _BAD, _NAME, _FAINT = "green", "red", "cyan", "dim"
_STATUS = {"succeeded": _GOOD, "closed": _GOOD, "cancelled": "yellow"}


def tell(record: Record | Opaque) -> list[Piece]:
    """Return the pieces that describe a record; they stand side by side."""
    if isinstance(record, Opaque):
        return [_unreadable(record)]
    return [piece for piece in TELLINGS[tag_of(record.event)](record.event) if piece.text]


def _unreadable(record: Opaque) -> Piece:
    if record.leaf is not None:
        return Piece("redacted: its content was taken away", "yellow")
    return Piece(f"unknown to this version of jotty-events ({counted(len(record.raw), 'byte')})", "yellow")


def _name(text: str | None) -> Piece:
    return Piece(NONE if text is None else text or "''", _NAME)


def _said(text: str | None, style: str = "") -> Piece:
    return Piece(text or "", style, _SHORT)


def _word(text: str) -> Piece:
    return Piece(text, _FAINT)


def _figure(label: str, value: float | None) -> Piece:
    return Piece(f"{label} {number(value)}")


def _status(text: str) -> Piece:
    return Piece(text, _STATUS.get(text, _BAD))


def _change(label: str, before: float | None, after: float | None) -> Piece:
    if before is None or after is None:
        return _figure(label, after)
    style = _GOOD if after > before else _BAD if after < before else ""
    return Piece(f"{label} {number(before)} → {number(after)}", style)


def _entry(event: Any) -> Piece:
    return _name(f"{event.owner}/{event.level} {event.key}")


def _step(event: Any) -> tuple[Piece, Piece]:
    return _name(event.action), Piece(f"in {event.state}")


def _reason(event: Any) -> Piece:
    return _said(f"({event.reason})" if event.reason else "", _FAINT)


def _run_started(event: Any) -> list[Piece]:
    begin = "a root" if event.parent_run is None else f"from {event.parent_run}@{event.parent_seq}"
    words = f"{event.mode}, durability {event.durability}, rules {event.rules}, seed {event.seed}"
    return [_name(event.run), Piece(begin), _word(words), Piece("experiment" if event.experiment else "", "yellow")]


def _attempt_made(event: Any) -> list[Piece]:
    known = {one.approach: one.q for one in event.candidates}
    return [
        Piece(event.actor),
        _name(event.approach),
        _status(event.outcome),
        _figure("reward", event.reward),
        _figure("Q", known[event.approach]) if event.approach in known else Piece(""),
        Piece("explored" if event.explored else "", "yellow"),
        _word(duration(event.duration)),
        _said(f"{event.error_type or 'error'}: {event.error}" if event.error else "", _BAD),
    ]


def _value_updated(event: Any) -> list[Piece]:
    why = f"{event.cause} from {event.source_goal!r}" if event.source_goal is not None else event.cause
    change = _change("V", event.before, event.after)
    return [change, _entry(event), _said(f"for {event.goal}"), _said(f"({why})", _FAINT)]


def _causal_linked(event: Any) -> list[Piece]:
    change = _change("confidence", event.before, event.confidence)
    return [change, _said(event.cause), _said(f"⇒ {event.effect}"), _word(event.owner)]


def _goal_scored(event: Any) -> list[Piece]:
    change = _change("success rate", event.success_rate_before, event.success_rate)
    if event.success is None:
        change = Piece("came up again")
    return [change, _said(event.goal), _word(f"{event.owner}, {counted(event.episode_count, 'episode')}")]


def _q_updated(event: Any) -> list[Piece]:
    change = _change("Q", event.before, event.after)
    visits = counted(event.visits, "visit")
    return [change, _figure("reward", event.reward), *_step(event), _word(f"{visits}, {event.cause}")]


def _experience_encoded(event: Any) -> list[Piece]:
    figures = _figure("reward", event.reward), _figure("novelty", event.novelty), _figure("strength", event.strength)
    return [Piece(f"experience {event.nth}"), *figures, _said(", ".join(event.tags), _FAINT)]


def _samples(event: Any) -> str:
    return counted(event.samples, "error") if event.cause == "errors" else str(event.cause)


def _experience_judged(event: Any) -> list[Piece]:
    verdict = Piece("remembered", _GOOD) if event.remembered else Piece("let pass", _FAINT)
    return [verdict, _figure("strength", event.strength), _figure("reward", event.reward), _said(event.content)]


def _episodes_replayed(event: Any) -> list[Piece]:
    found = f"{counted(len(event.patterns), 'pattern')}, {counted(len(event.links), 'link')}"
    return [Piece(f"{counted(len(event.episodes), 'episode')} replayed: {found}"), _said("; ".join(event.patterns))]


def _brain_stepped(event: Any) -> list[Piece]:
    slept = counted(event.total_consolidations, "sleep")
    return [Piece(event.cause), _name(event.mode), _word(f"{slept}, {event.episodes_since_sleep} since the last")]


def _task_revised(event: Any) -> list[Piece]:
    figures = (
        ("Q", event.estimated_reward),
        ("confidence", event.confidence),
        ("duration", event.duration),
        ("reward", event.reward),
    )
    then = _said(f"then {event.next_task}" if event.next_task else "", _FAINT)
    known = [_figure(name, one) for name, one in figures if one is not None]
    values = _said(", ".join(f"{name} {one}" for name, one in (event.values or {}).items()))
    return [_name(event.task), Piece(event.cause), *known, then, values]


def _consolidation_done(event: Any) -> list[Piece]:
    learned = f"{event.learned} learned, {event.reinforced} reinforced, {event.forgotten} forgotten"
    return [Piece(f"sleep {event.count}: {event.replayed} replayed, {learned}")]


def _tiers_assigned(event: Any) -> list[Piece]:
    clusters = counted(len(event.clusters), "cluster") if event.clusters is not None else ""
    moves = counted(len(event.moves), "entry", "entries") + (" in tiers" if event.whole else " moved")
    return [Piece(moves), _figure("threshold", event.threshold), Piece(clusters)]


def _task_added(event: Any) -> list[Piece]:
    waits = f"after {', '.join(event.depends_on)}" if event.depends_on else ""
    return [_name(event.task), Piece(f"for {event.assignee}"), _said(event.description), _said(waits, _FAINT)]


def _memory_stored(event: Any) -> list[Piece]:
    outcome = _status(event.outcome) if event.outcome == "succeeded" else Piece(event.outcome or "", _FAINT)
    return [_figure("V", event.default_value), _entry(event), outcome, _said(event.content)]


def _model_answered(event: Any) -> list[Piece]:
    answer = "" if event.answer is None else event.answer if isinstance(event.answer, str) else str(event.answer)
    said = _said(answer) if event.failure is None else _said(f"{event.failure}: {event.error}", _BAD)
    return [_name(event.model), Piece(event.purpose), said, Piece("" if event.used else "(not used)", _FAINT)]


TELLINGS: dict[str, Callable[[Any], list[Piece]]] = {
    "run_started": _run_started,
    "run_ended": lambda e: [_name(e.run), _status(e.status)],
    "episode_started": lambda e: [Piece(f"episode {e.episode}", "bold"), _said(e.goal, "bold"), _word(e.domain)],
    "episode_ended": lambda e: [
        Piece(f"episode {e.episode}", "bold"),
        _status(e.status),
        _figure("reward", e.reward),
        _word(f"after {counted(e.attempts, 'attempt')}"),
        _said(e.goal),
    ],
    "attempt_made": _attempt_made,
    "memory_stored": _memory_stored,
    "memory_accessed": lambda e: [_entry(e), Piece(e.cause), _word(counted(e.access_count, "access", "accesses"))],
    "memory_repeated": lambda e: [_entry(e), Piece("again"), _word(counted(e.access_count, "access", "accesses"))],
    "memory_merged": lambda e: [_entry(e), Piece(f"stays for {e.duplicate}")],
    "memory_renamed": lambda e: [_entry(e), Piece("was"), _name(e.former), _reason(e)],
    "memories_retrieved": lambda e: [_name(e.owner), Piece(counted(len(e.keys), "memory", "memories")), _said(e.query)],
    "memory_evicted": lambda e: [_entry(e), _figure("V", e.value), _reason(e)],
    "memory_protected": lambda e: [
        _entry(e),
        Piece("protected" if e.protected else "no longer protected"),
        _figure("V", e.value),
        _reason(e),
    ],
    "memory_consolidated": lambda e: [
        _name(e.owner),
        Piece(f"consolidation {e.count}: {counted(e.patterns, 'pattern')}, {e.pruned} pruned"),
    ],
    "trajectory_ended": lambda e: [
        _said(e.goal),
        _figure("reward", e.final_reward),
        _figure("return", e.return_),
        _word(f"over {counted(len(e.keys), 'memory', 'memories')}, alpha {number(e.alpha)}"),
    ],
    "value_updated": _value_updated,
    "sample_noted": lambda e: [_figure(e.kind, e.value), _word(f"of {e.learner}, {e.held} held")],
    "alpha_adapted": lambda e: [_change("alpha", e.before, e.after), _word(f"of {e.learner}, {_samples(e)}")],
    "causal_linked": _causal_linked,
    "goal_added": lambda e: [_said(e.goal), _word(f"{e.owner}, {e.domain}, {e.operation_type}")],
    "goal_scored": _goal_scored,
    "experience_added": lambda e: [_figure("reward", e.reward), _figure("priority", e.priority), *_step(e)],
    "experience_evicted": lambda e: [Piece(f"experience {e.nth}"), _figure("priority", e.priority)],
    "experience_reweighed": lambda e: [Piece(f"experience {e.nth}"), _figure("priority", e.priority)],
    "q_updated": _q_updated,
    "q_pruned": lambda e: [_figure("Q", e.value), *_step(e), _reason(e)],
    "tiers_assigned": _tiers_assigned,
    "experience_encoded": _experience_encoded,
    "experience_forgotten": lambda e: [Piece(f"experience {e.nth}"), _figure("priority", e.priority), _reason(e)],
    "trace_replayed": lambda e: [
        Piece(f"experience {e.nth}"),
        _change("strength", e.strength_before, e.strength),
        _word(counted(e.replays, "replay")),
    ],
    "pattern_learned": lambda e: [Piece(f"pattern {e.nth}"), _figure("strength", e.strength), _said(e.text)],
    "pattern_reinforced": lambda e: [
        Piece(f"pattern {e.nth}"),
        _change("strength", e.strength_before, e.strength),
        _word(counted(e.sources, "source")),
    ],
    "pattern_forgotten": lambda e: [Piece(f"pattern {e.nth}"), _figure("strength", e.strength), _reason(e)],
    "consolidation_done": _consolidation_done,
    "wake_counted": lambda e: [Piece(f"{counted(e.episodes_since_sleep, 'episode')} since the last sleep")],
    "impact_assigned": lambda e: [Piece(f"experience {e.nth}"), _figure("causal impact", e.causal_impact)],
    "experience_judged": _experience_judged,
    "episodes_replayed": _episodes_replayed,
    "brain_stepped": _brain_stepped,
    "todo_opened": lambda e: [_name(e.todo), _said(e.root_task)],
    "task_added": _task_added,
    "task_started": lambda e: [_name(e.task), Piece(f"attempt {e.attempts}")],
    "task_completed": lambda e: [_name(e.task), _figure("reward", e.reward)],
    "task_failed": lambda e: [
        _name(e.task),
        _word(f"attempt {e.attempts} of {e.max_attempts}, now {e.status}"),
        _said(e.error, _BAD),
    ],
    "task_skipped": lambda e: [_name(e.task), _said(f"because of {', '.join(e.because)}")],
    "task_blocked": lambda e: [_name(e.task), Piece("blocked" if e.blocked else "no longer blocked"), _reason(e)],
    "todo_replanned": lambda e: [_name(e.todo), _said("; ".join(e.actions)), _reason(e)],
    "task_revised": _task_revised,
    "todo_checkpointed": lambda e: [_name(e.todo), Piece("put down")],
    "todo_restored": lambda e: [_name(e.todo), Piece(f"restored: {counted(len(e.tasks), 'task')}")],
    "model_answered": _model_answered,
    "redacted": lambda e: [_name(e.run), Piece(f"records {e.first} to {e.last}"), _reason(e)],
    "absorbed": lambda e: [_name(e.run), Piece(f"records {e.first} to {e.last}")],
    "imported": lambda e: [_name(e.file), _word(e.kind), Piece(counted(e.entries, "entry", "entries"))],
    "entry_imported": lambda e: [_name(f"{e.projection}.{e.table}"), _said(", ".join(map(str, e.row.values())))],
}
"""How to tell each event, by its tag."""


def tag(record: Record | Opaque) -> str:
    """Return the tag of a record's event, be it one that this version does not know."""
    return record.tag if isinstance(record, Opaque) else tag_of(record.event)
