"""The text forms of a state and of an action: what Q-learning knows them by (RULES R1a).

Invariants: any JSON object has a text, and equal objects have equal texts. Parts stand in the order of the tables at
the end of this file; a part is there only if its key is, with a value of the kind that the part is made of.

Version 2 differs from the original in three ways: `goal`, `actor` and `completed` are known (M8), a tool call without
a name crashes nothing (M17), and intents, times and domains are found by whole words (M18).
"""

from collections.abc import Callable, Mapping
from functools import partial
from math import inf

from .wording import DOMAINS, INTENTS, TIMES, named_in

Part = Callable[[Mapping[str, object]], str | None]
"""Makes one part of a text, or None if there is nothing to say."""
Shape = Callable[[object], str | None]
"""Makes the text of one value, or None if the value is of another kind."""

NO_STATE = "Initial state (no history)"
NO_ACTION = "No action"
_KEYS_NAMED = 5


def describe_state(state: Mapping[str, object]) -> str:
    """Return the text of a state, such as `QUERY: Count refunds | INTENT: COUNT | ACTOR: analyst` (RULES R1a)."""
    return _describe(state, STATE_PARTS, "STATE_KEYS") if state else NO_STATE


def describe_action(action: Mapping[str, object]) -> str:
    """Return the text of an action, such as `TOOL: search | APPROACH: broad` (RULES R1a)."""
    return _describe(action, ACTION_PARTS, "ACTION_KEYS") if action else NO_ACTION


def _describe(values: Mapping[str, object], parts: tuple[Part, ...], fallback: str) -> str:
    made = [text for text in (part(values) for part in parts) if text is not None]
    return " | ".join(made) if made else f"{fallback}: {','.join(_first(values, _KEYS_NAMED))}"


def _first(values: object, most: int) -> list[str]:
    return [str(value) for value in list(values)[:most]] if isinstance(values, list | Mapping) else []


# The shapes of values.


def _text(most: int | None = None) -> Shape:
    return lambda value: str(value)[:most]


def _items(most: int, each: Callable[[object], str] = str) -> Shape:
    def shape(value: object) -> str | None:
        return ",".join(map(each, value[:most])) if isinstance(value, list) else None

    return shape


def _keys(most: int, joint: str = ",") -> Shape:
    return lambda value: joint.join(_first(value, most)) if isinstance(value, Mapping) else None


def _filters(mark: str, most: int, joint: str) -> Part:
    """Filters are an object, of which the keys count, or an expression."""

    def part(values: Mapping[str, object]) -> str | None:
        value = values.get("filters")
        if isinstance(value, Mapping):
            return f"FILTERS: {joint.join(_first(value, 3))}"
        return f"{mark}: {value[:most]}" if isinstance(value, str) else None

    return part


def _last_name(value: object) -> str:
    return str(value).rpartition(".")[2]


def _two_places(value: object) -> str:
    return f"{value:.2f}" if _is_number(value) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**53)


def _two_highest(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return None
    ranked = sorted(value.items(), key=lambda item: item[1] if _is_number(item[1]) else -inf, reverse=True)
    return ",".join(str(name) for name, _ in ranked[:2])


def _errors(value: object) -> str | None:
    return f"[{','.join(map(_error, value[:5]))}]" if isinstance(value, list) else None


def _error(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{value.get('type', 'ERR')}:{value.get('column', '')}"
    return str(value)[:30]


def _tools(value: object) -> str | None:
    """Name the first five tool calls; a call that names no tool is passed over (M17)."""
    return ",".join(name for name in map(_tool, value[:5]) if name) if isinstance(value, list) else None


def _tool(call: object) -> str:
    if not isinstance(call, Mapping):
        return str(call)
    named = call.get("tool", call.get("name"))
    return "" if named is None else str(named)


def _schemas(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return None
    return ";".join(_schema(str(name), schema) for name, schema in list(value.items())[:3])


def _schema(name: str, schema: object) -> str:
    if not isinstance(schema, Mapping):
        return f"{name}:{str(schema)[:20]}"
    return f"{name}({','.join(_first(schema.get('input'), 2))})->{','.join(_first(schema.get('output'), 2))}"


def _todo(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return None
    return f"{value.get('completed', 0)}✓/{value.get('pending', 0)}⏳/{value.get('failed', 0)}✗"


def _outcomes(value: object) -> str | None:
    return "".join("✓" if outcome else "✗" for outcome in value[-5:]) if isinstance(value, list) else None


def _completed(value: object) -> str | None:
    """Name what was completed, if anything was (M8)."""
    if isinstance(value, list):
        return ",".join(_first(value, 5)) or None
    return None if value is None else str(value)


def _params(value: object) -> str | None:
    if not isinstance(value, Mapping):
        return None
    return ",".join(f"{name}={str(param)[:20]}" for name, param in list(value.items())[:3])


# The parts.


def _part(label: str, key: str, shape: Shape | None = None, *, instead: str | None = None) -> Part:
    """Make `LABEL: text` of the value under a key, or under another where that is missing."""
    shaped = shape or _text()

    def part(values: Mapping[str, object]) -> str | None:
        used = key if key in values or instead is None else instead
        made = shaped(values[used]) if used in values else None
        return None if made is None else f"{label}: {made}"

    return part


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
    names = named_in(_query(values) or "", INTENTS)
    return f"INTENT: {'+'.join(names)}" if names else None


def _found(values: Mapping[str, object], label: str, table: Mapping[str, tuple[str, ...]]) -> str | None:
    names = named_in(f"{_query(values) or ''} {values.get('filters', '')}", table)
    return f"{label}: {'+'.join(names)}" if names else None


def _tables(values: Mapping[str, object]) -> str | None:
    for key in ("tables", "relevant_tables"):
        if isinstance(values.get(key), list):
            return f"TABLES: {_items(3, _last_name)(values[key])}"
    return None


def _frame(label: str, key: str, shape: Shape) -> Part:
    def part(values: Mapping[str, object]) -> str | None:
        frame = values.get("df_schema")
        return _part(label, key, shape)(frame) if isinstance(frame, Mapping) else None

    return part


def _operation(word: str, made: str) -> Part:
    return lambda values: made if "sql" in values and word in str(values["sql"]).lower() else None


STATE_PARTS: tuple[Part, ...] = (
    _asked,
    _goal_besides,
    _intent,
    partial(_found, label="TEMPORAL", table=TIMES),
    partial(_found, label="DOMAIN", table=DOMAINS),
    _tables,
    _part("PARTITION_COL", "partition_column"),
    _part("DATE_COL", "date_column"),
    _part("COLUMNS", "columns", _items(5)),
    _filters("FILTER_EXPR", 50, ","),
    _part("AGGREGATION", "aggregation"),
    _part("ERRORS", "errors", _errors),
    _part("COLS_TRIED", "columns_tried", _items(5)),
    _part("WORKING_COL", "working_column"),
    _part("RESOLUTION", "error_resolution"),
    _part("TOOLS_USED", "tool_calls", _tools),
    _part("TOOLS_SUCCESS", "successful_tools", _items(3)),
    _part("TOOLS_FAILED", "failed_tools", _items(3)),
    _part("TOOL_SCHEMAS", "tool_io_schemas", _schemas),
    _frame("DF_COLS", "columns", _items(5)),
    _frame("DF_ROWS", "row_count", _text()),
    _part("ATTEMPTS", "attempts"),
    _part("SUCCESS", "success"),
    _part("TIME_MS", "execution_time_ms"),
    _part("TODO", "todo", _todo),
    _part("ACTOR", "current_actor", instead="actor"),
    _part("COMPLETED", "completed", _completed),
    _part("OUTPUT_KEYS", "actor_output", _keys(3)),
    _part("ROLE", "actor_role"),
    _part("STRENGTHS", "actor_strengths", _items(3)),
    _part("COOP_SCORE", "cooperation_score", _two_places),
    _part("HELPED_BY", "help_received", _two_highest),
    _part("HELPED", "help_given", _two_highest),
    _part("ARCHITECT_CONF", "architect_confidence", _two_places),
    _part("AUDITOR", "auditor_result"),
    _part("VAL_PASSED", "validation_passed"),
    _part("TRAJ_LEN", "trajectory_length"),
    _part("RECENT", "recent_outcomes", _outcomes),
)

ACTION_PARTS: tuple[Part, ...] = (
    _part("ACTOR", "actor"),
    _part("TASK", "task"),
    _part("GOAL", "goal", _text(80)),
    _part("QUERY", "query", _text(50)),
    _operation("count", "OP: COUNT"),
    _operation("sum", "OP: SUM"),
    _operation("distinct", "DISTINCT: True"),
    _part("TABLES", "tables", _items(2, _last_name)),
    _part("TABLE", "table", _last_name),
    _part("COLS", "columns", _items(3)),
    _part("SELECT", "select_columns", _items(3)),
    _filters("FILTER", 30, "+"),
    _part("DATE_COL", "date_column"),
    _part("PARTITION", "partition_column"),
    _part("DATE_FILTER", "date_filter"),
    _part("TOOL", "tool"),
    _part("ARGS", "tool_args", _keys(3)),
    _part("STRATEGY", "strategy"),
    _part("APPROACH", "approach"),
    _part("RETRY", "retry_reason", _text(30)),
    _part("FALLBACK", "fallback"),
    _part("PARAMS", "params", _params),
)
