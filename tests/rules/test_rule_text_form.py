"""The text forms of states and actions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jotty_events.rules.words.similarity import similar
from jotty_events.rules.words.text_form import ACTION_PARTS, STATE_PARTS, describe_action, describe_state

KEYS = [
    "query",
    "goal",
    "tables",
    "relevant_tables",
    "partition_column",
    "date_column",
    "columns",
    "filters",
    "aggregation",
    "errors",
    "columns_tried",
    "working_column",
    "error_resolution",
    "tool_calls",
    "successful_tools",
    "failed_tools",
    "tool_io_schemas",
    "df_schema",
    "attempts",
    "success",
    "execution_time_ms",
    "todo",
    "current_actor",
    "actor",
    "completed",
    "actor_output",
    "actor_role",
    "actor_strengths",
    "cooperation_score",
    "help_received",
    "help_given",
    "architect_confidence",
    "auditor_result",
    "validation_passed",
    "trajectory_length",
    "recent_outcomes",
    "task",
    "sql",
    "table",
    "select_columns",
    "date_filter",
    "tool",
    "tool_args",
    "strategy",
    "approach",
    "retry_reason",
    "fallback",
    "params",
    "other",
]
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
inner = st.sampled_from(
    ["type", "column", "tool", "name", "input", "output", "completed", "pending", "failed", "columns", "row_count", "x"]
)
values = st.recursive(
    leaves, lambda some: st.lists(some, max_size=4) | st.dictionaries(inner, some, max_size=4), max_leaves=8
)
objects = st.dictionaries(st.sampled_from(KEYS), values, max_size=8)


@given(objects)
def test_any_json_object_has_a_text(given_object: dict[str, Any]) -> None:
    """Whatever stands under the known keys, there is a text, the same each time (M17)."""
    assert describe_state(given_object) == describe_state(dict(given_object)) != ""
    assert describe_action(given_object) == describe_action(dict(given_object)) != ""


def test_the_three_goals_of_the_demo_are_similar_states() -> None:
    """A state's text names its goal (M8), and goals that ask the same in other words are similar."""
    first, second, third = (
        describe_state({"goal": goal, "actor": "analyst"})
        for goal in ("Count P2P transactions", "Get P2P count", "Count peer-to-peer transactions")
    )
    assert first == "QUERY: Count P2P transactions | INTENT: COUNT | DOMAIN: P2P+UPI | ACTOR: analyst"
    assert second == "QUERY: Get P2P count | INTENT: COUNT | DOMAIN: P2P | ACTOR: analyst"
    assert third == "QUERY: Count peer-to-peer transactions | INTENT: COUNT | DOMAIN: P2P+UPI | ACTOR: analyst"
    assert similar(first, second)
    assert similar(first, third)


def test_two_goals_with_as_many_attempts_are_two_states() -> None:
    """Goal, actor and what was completed tell states apart that the original took for one (M8)."""
    one = describe_state({"goal": "Find failed orders", "actor": "A", "completed": ["B", "C"], "attempts": 1})
    assert one == "QUERY: Find failed orders | ATTEMPTS: 1 | ACTOR: A | COMPLETED: B,C"
    assert (
        describe_state({"query": "q", "goal": "g", "actor": "a", "current_actor": "b"})
        == "QUERY: q | GOAL: g | ACTOR: b"
    )


@pytest.mark.parametrize("query", ["helm chart of the account service", "summary of countries", "username per scanner"])
def test_parts_of_words_name_no_intent_time_or_domain(query: str) -> None:
    """A count in "account" and an lm in "helm" are not seen (M18)."""
    assert describe_state({"query": query}) == f"QUERY: {query}"


def test_whole_words_phrases_and_plurals_name_them() -> None:
    """Words, their plurals and phrases with any punctuation count, in the order of the table."""
    text = describe_state({"query": "Average of transactions, last-month (peer to peer) totals"})
    assert text.split(" | ")[1:] == ["INTENT: SUM+AVG", "TEMPORAL: LAST_MONTH", "DOMAIN: P2P+UPI"]
    assert "TEMPORAL: YESTERDAY" in describe_state({"filters": {"day": "yesterday"}})


def test_tool_calls_without_a_tool_give_their_name_or_nothing() -> None:
    """A call that says `name` instead of `tool`, or neither, crashes nothing (M17)."""
    calls = [{"name": "search"}, {"tool": "run"}, {"args": 1}, "plain"]
    assert describe_state({"tool_calls": calls}) == "TOOLS_USED: search,run,plain"


def test_a_full_state_reads_as_the_table_says() -> None:
    """Every kind of part, cut and joined as the original does."""
    state = {
        "tables": ["x.y.z_table", "plain", "c.d", "e"],
        "columns": list("abcdef"),
        "filters": "status = 'OK' and region = 'EU' and created = 'today' and x > 1",
        "errors": [{"type": "TIMEOUT"}, {"column": "dt"}, "syntax error near 'GROUP BY' at line 12"],
        "tool_io_schemas": {
            "search": {"input": ["q", "k", "x"], "output": ["rows"]},
            "raw": "a long schema description",
        },
        "df_schema": {"columns": list("abcdefg"), "row_count": 1200},
        "todo": {"pending": 3, "completed": 2},
        "cooperation_score": 0.734,
        "help_received": {"A": 3, "B": 5, "C": 5},
        "recent_outcomes": [True, False, True, True, False, True],
    }
    assert describe_state(state) == (
        "TEMPORAL: TODAY | TABLES: z_table,plain,d | COLUMNS: a,b,c,d,e | "
        "FILTER_EXPR: status = 'OK' and region = 'EU' and created = 'tod | "
        "ERRORS: [TIMEOUT:,ERR:dt,syntax error near 'GROUP BY' a] | "
        "TOOL_SCHEMAS: search(q,k)->rows;raw:a long schema descri | DF_COLS: a,b,c,d,e | DF_ROWS: 1200 | "
        "TODO: 2✓/3⏳/0✗ | COOP_SCORE: 0.73 | HELPED_BY: B,C | RECENT: ✗✓✓✗✓"
    )


def test_a_full_action_reads_as_the_table_says() -> None:
    """Operations come from the SQL, and parameters are cut."""
    action = {
        "sql": "SELECT COUNT(DISTINCT id), SUM(x) FROM t",
        "table": "prod.dim_user",
        "filters": {"p2p": 1, "day": 2, "z": 3, "w": 4},
        "params": {"limit": 10, "text": "a long parameter value that exceeds twenty"},
        "approach": "broad",
    }
    assert describe_action(action) == (
        "OP: COUNT | OP: SUM | DISTINCT: True | TABLE: dim_user | FILTERS: p2p+day+z | APPROACH: broad | "
        "PARAMS: limit=10,text=a long parameter val"
    )


def test_what_says_nothing_known_is_named_by_its_keys() -> None:
    """Unknown keys are listed, the first five; nothing at all has a text of its own."""
    assert describe_state(dict.fromkeys("abcdefg", 1)) == "STATE_KEYS: a,b,c,d,e"
    assert describe_action({"weird": 1, "keys": 2}) == "ACTION_KEYS: weird,keys"
    assert describe_state({}) == "Initial state (no history)"
    assert describe_action({}) == "No action"


def test_the_tables_hold_parts() -> None:
    """The two tables are what the texts are made of; a missing row would be missed nowhere else."""
    assert (len(STATE_PARTS), len(ACTION_PARTS)) == (38, 22)
