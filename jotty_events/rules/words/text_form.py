"""The text forms of a state and of an action: what Q-learning knows them by (RULES R1a).

Invariants: any JSON object has a text, and equal objects have equal texts. Parts stand in the order of the tables at
the end of this file; a part is there only if its key is, with a value of the kind that the part is made of.

Version 2 differs from version 1, the original's form, in three ways: `goal`, `actor` and `completed` are known (M8), a
tool call without a name crashes nothing (M17), and intents, times and domains are found by whole words (M18).
"""

from collections.abc import Callable, Mapping
from functools import partial

from . import text_shapes as shape
from .text_shapes import Shape
from .wording import DOMAINS, INTENTS, TIMES, Table, held_in, named_in

Part = Callable[[Mapping[str, object]], str | None]
"""Makes one part of a text, or None if there is nothing to say."""

NO_STATE = "Initial state (no history)"
NO_ACTION = "No action"
_KEYS_NAMED = 5


def describe_state(state: Mapping[str, object], *, version: int = 2) -> str:
    """Return the text of a state, such as `QUERY: Count refunds | INTENT: COUNT | ACTOR: analyst` (RULES R1a).

    Version 1 raises TypeError for a tool call without `tool` (M17).
    """
    parts = STATE_PARTS if version >= 2 else STATE_PARTS_1
    return _describe(state, parts, "STATE_KEYS") if state else NO_STATE


def describe_action(action: Mapping[str, object], *, version: int = 2) -> str:
    """Return the text of an action, such as `TOOL: search | APPROACH: broad`; the same in all versions (RULES R1a)."""
    return _describe(action, ACTION_PARTS, "ACTION_KEYS") if action else NO_ACTION


def _describe(values: Mapping[str, object], parts: tuple[Part, ...], fallback: str) -> str:
    made = [text for text in (part(values) for part in parts) if text is not None]
    return " | ".join(made) if made else f"{fallback}: {','.join(shape.first(values, _KEYS_NAMED))}"


def _part(label: str, key: str, shaped: Shape | None = None, *, instead: str | None = None) -> Part:
    """Make `LABEL: text` of the value under a key, or under another where that is missing."""
    form = shaped or shape.text()

    def part(values: Mapping[str, object]) -> str | None:
        used = key if key in values or instead is None else instead
        made = form(values[used]) if used in values else None
        return None if made is None else f"{label}: {made}"

    return part


def _filters(mark: str, most: int, joint: str) -> Part:
    """Filters are an object, of which the keys count, or an expression."""

    def part(values: Mapping[str, object]) -> str | None:
        value = values.get("filters")
        if isinstance(value, Mapping):
            return f"FILTERS: {joint.join(shape.first(value, 3))}"
        return f"{mark}: {value[:most]}" if isinstance(value, str) else None

    return part


# What is asked, in version 2.


def _query(values: Mapping[str, object]) -> str | None:
    """Return what is asked: the query, or else the goal (M8)."""
    for key in ("query", "goal"):
        if values.get(key):
            return str(values[key])
    return str(values["query"]) if "query" in values else None


def _asked(values: Mapping[str, object]) -> str | None:
    query = _query(values)
    return None if query is None else f"QUERY: {query[:100]}"


def _goal_besides(values: Mapping[str, object]) -> str | None:
    both = values.get("goal") and values.get("query")
    return f"GOAL: {str(values['goal'])[:100]}" if both else None


def _intent(values: Mapping[str, object]) -> str | None:
    return _joined("INTENT", named_in(_query(values) or "", INTENTS))


def _found(values: Mapping[str, object], label: str, table: Table) -> str | None:
    return _joined(label, named_in(f"{_query(values) or ''} {values.get('filters', '')}", table))


def _joined(label: str, names: list[str]) -> str | None:
    return f"{label}: {'+'.join(names)}" if names else None


# What is asked, in version 1.


def _intent_held(values: Mapping[str, object]) -> str | None:
    return _joined("INTENT", held_in(str(values.get("query", "")).lower(), INTENTS))


def _held(values: Mapping[str, object], label: str, table: Table) -> str | None:
    return _joined(label, held_in(f"{str(values.get('query', '')).lower()}{values.get('filters', '')!s}", table))


# The other parts.


def _tables(values: Mapping[str, object]) -> str | None:
    for key in ("tables", "relevant_tables"):
        if isinstance(values.get(key), list):
            return f"TABLES: {shape.items(3, shape.last_name)(values[key])}"
    return None


def _frame(label: str, key: str, shaped: Shape) -> Part:
    def part(values: Mapping[str, object]) -> str | None:
        frame = values.get("df_schema")
        return _part(label, key, shaped)(frame) if isinstance(frame, Mapping) else None

    return part


def _operation(word: str, made: str) -> Part:
    return lambda values: made if "sql" in values and word in str(values["sql"]).lower() else None


def _state_parts(asked: tuple[Part, ...], tools: Shape, actor: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts of a state, those that differ between versions put in their places."""
    return (
        *asked,
        _tables,
        _part("PARTITION_COL", "partition_column"),
        _part("DATE_COL", "date_column"),
        _part("COLUMNS", "columns", shape.items(5)),
        _filters("FILTER_EXPR", 50, ","),
        _part("AGGREGATION", "aggregation"),
        _part("ERRORS", "errors", shape.errors),
        _part("COLS_TRIED", "columns_tried", shape.items(5)),
        _part("WORKING_COL", "working_column"),
        _part("RESOLUTION", "error_resolution"),
        _part("TOOLS_USED", "tool_calls", tools),
        _part("TOOLS_SUCCESS", "successful_tools", shape.items(3)),
        _part("TOOLS_FAILED", "failed_tools", shape.items(3)),
        _part("TOOL_SCHEMAS", "tool_io_schemas", shape.schemas),
        _frame("DF_COLS", "columns", shape.items(5)),
        _frame("DF_ROWS", "row_count", shape.text()),
        _part("ATTEMPTS", "attempts"),
        _part("SUCCESS", "success"),
        _part("TIME_MS", "execution_time_ms"),
        _part("TODO", "todo", shape.todo),
        *actor,
        _part("OUTPUT_KEYS", "actor_output", shape.keys(3)),
        _part("ROLE", "actor_role"),
        _part("STRENGTHS", "actor_strengths", shape.items(3)),
        _part("COOP_SCORE", "cooperation_score", shape.two_places),
        _part("HELPED_BY", "help_received", shape.two_highest),
        _part("HELPED", "help_given", shape.two_highest),
        _part("ARCHITECT_CONF", "architect_confidence", shape.two_places),
        _part("AUDITOR", "auditor_result"),
        _part("VAL_PASSED", "validation_passed"),
        _part("TRAJ_LEN", "trajectory_length"),
        _part("RECENT", "recent_outcomes", shape.outcomes),
    )


STATE_PARTS: tuple[Part, ...] = _state_parts(
    (
        _asked,
        _goal_besides,
        _intent,
        partial(_found, label="TEMPORAL", table=TIMES),
        partial(_found, label="DOMAIN", table=DOMAINS),
    ),
    shape.tools,
    (_part("ACTOR", "current_actor", instead="actor"), _part("COMPLETED", "completed", shape.completed)),
)

STATE_PARTS_1: tuple[Part, ...] = _state_parts(
    (
        _part("QUERY", "query", shape.text(100)),
        _intent_held,
        partial(_held, label="TEMPORAL", table=TIMES),
        partial(_held, label="DOMAIN", table=DOMAINS),
    ),
    shape.tools_or_crash,
    (_part("ACTOR", "current_actor"),),
)

ACTION_PARTS: tuple[Part, ...] = (
    _part("ACTOR", "actor"),
    _part("TASK", "task"),
    _part("GOAL", "goal", shape.text(80)),
    _part("QUERY", "query", shape.text(50)),
    _operation("count", "OP: COUNT"),
    _operation("sum", "OP: SUM"),
    _operation("distinct", "DISTINCT: True"),
    _part("TABLES", "tables", shape.items(2, shape.last_name)),
    _part("TABLE", "table", shape.last_name),
    _part("COLS", "columns", shape.items(3)),
    _part("SELECT", "select_columns", shape.items(3)),
    _filters("FILTER", 30, "+"),
    _part("DATE_COL", "date_column"),
    _part("PARTITION", "partition_column"),
    _part("DATE_FILTER", "date_filter"),
    _part("TOOL", "tool"),
    _part("ARGS", "tool_args", shape.keys(3)),
    _part("STRATEGY", "strategy"),
    _part("APPROACH", "approach"),
    _part("RETRY", "retry_reason", shape.text(30)),
    _part("FALLBACK", "fallback"),
    _part("PARAMS", "params", shape.params),
)
