"""What the original did, done again by version 1 of the rules: every value of every reference document agrees."""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.check_reference import main
from tools.reference import document, runners
from tools.reference.compare import Comparison, values_in

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted((ROOT / "tests/reference").glob("*.json.gz"))

VALUES = {
    "brain": 12_368,
    "memory_small": 37_377,
    "q_edge": 10_736,
    "q_large": 75_799,
    "q_small": 33_889,
    "q_tiers": 21_555,
    "structures": 350,
    "td_lambda": 17_450,
    "todo": 17_667,
}
"""How many values each document holds: results and states, empty ones included, and the texts of its arguments."""


def name_of(path: Path) -> str:
    return path.name.removesuffix(".json.gz")


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_version_1_does_what_the_original_did(path: Path) -> None:
    """Each value that a document expects after each call is there, and equal."""
    found = document.check(str(path))
    assert (found.comparison.first, found.comparison.differ) == ([], 0)
    assert found.comparison.values == VALUES[name_of(path)]
    assert found.calls > 50


def test_every_document_is_replayed() -> None:
    """No document is left out, and each of its runners is known."""
    assert [name_of(path) for path in DOCUMENTS] == list(VALUES)
    loaded = [document.load(str(path)) for path in DOCUMENTS]
    named = {one["runner"] for top in loaded for one in (top, *top.get("scenarios", []))}
    assert named <= set(runners())


# The comparison itself.

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=12,
)


def compared(expected: Any, got: Any) -> Comparison:
    comparison = Comparison()
    comparison.compare(expected, got)
    return comparison


@given(json_values)
def test_what_is_equal_agrees_in_every_value(value: Any) -> None:
    """A document agrees with its copy, and every value of it was compared."""
    found = compared(value, deepcopy(value))
    assert (found.values, found.differ, found.first) == (values_in(value), 0, [])


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inside = [way for key, one in items for way in paths(one, (*path, key))]
    yield from inside or [path]


def planted(value: Any, path: tuple[Any, ...]) -> Any:
    """Return a copy in which one value is another."""
    if not path:
        return ["planted"]
    copy = deepcopy(value)
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = ["planted"]
    return copy


@given(json_values, st.data())
def test_a_planted_change_of_one_value_is_found(value: Any, data: st.DataObject) -> None:
    """Wherever one value is changed, one value differs, and its place is named."""
    path = data.draw(st.sampled_from(list(paths(value))))
    found = compared(value, planted(value, path))
    assert (found.differ, len(found.first), found.values) == (1, 1, values_in(value))
    assert found.first[0]["path"].count("[") + found.first[0]["path"].count(".") >= len(path)


@pytest.mark.parametrize(
    ("expected", "got", "differ"),
    [
        (0.1 + 0.2, 0.3, 0),
        (1.0, 1.0 + 1e-8, 1),
        (1.0, 1.0 + 1e-10, 0),
        (0.0, 1e-300, 1),
        (0.0, -0.0, 0),
        (0, 0.0, 0),
        (10**17, 10**17 + 1, 1),
        (1, True, 1),
        (0, None, 1),
        (0, False, 1),
        ("1", 1, 1),
        (nan, nan, 0),
        (nan, 0.5, 1),
        (inf, inf, 0),
        (inf, -inf, 1),
        ("", None, 1),
        ([], {}, 1),
        ([], None, 1),
        ([1, 2], [2, 1], 2),
        ([1, 2], [1], 1),
        ([1], [1, [2, 3]], 2),
        ({"a": 1}, {"b": [1, 2]}, 3),
        ({"a": {"b": 1, "c": 2}}, {"a": 0}, 2),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, 0),
    ],
    ids=range(24),
)
def test_values_are_compared_by_what_they_are(expected: Any, got: Any, differ: int) -> None:
    """Floats agree to a relative 1e-9; all else must be the same; what is missing or too much differs."""
    assert compared(expected, got).differ == differ
    assert json.loads(json.dumps(compared(expected, got).first, allow_nan=False)) == compared(expected, got).first


# The command.

SMALL = {
    "runner": "scripted",
    "inputs": [{"i": 0}, {"i": 1}],
    "expected": {"per_call": [{"i": 0}, {"i": 1, "value": 0.5}]},
    "scenarios": [{"runner": "scripted", "inputs": "same as top level", "expected": {"size": 2}}],
}


def scripted(given: Any) -> Any:
    """Return what is expected, made from the inputs and the settings that a document has."""
    if "size" in given["expected"]:
        return {"size": len(given["inputs"])}
    if given.get("config") == "raise":
        error = LookupError("no such key")
        error.add_note("in call 1")
        raise error
    return {"per_call": [{"i": 0}, {"i": 1, "value": given.get("config", 0.5)}]}


@pytest.fixture
def check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[[Any], tuple[int, Any]]:
    monkeypatch.setattr(document, "runners", lambda: {"scripted": scripted})

    def run(content: Any) -> tuple[int, Any]:
        file = tmp_path / "document.json"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        code = main([str(file)])
        (line,) = map(json.loads, capsys.readouterr().out.splitlines())
        assert line["file"] == str(file)
        return code, line

    return run


def test_a_document_that_agrees_exits_with_0(check: Callable[[Any], tuple[int, Any]]) -> None:
    """One line says how many calls were made and how many values were compared, scenarios included."""
    expected = {"calls": 4, "values": 4, "differ": 0, "first": []}
    for content in (SMALL, gzip.compress(json.dumps(SMALL).encode())):
        code, line = check(content)
        assert (code, {name: line[name] for name in expected}, len(line)) == (0, expected, 5)


def test_a_value_that_differs_exits_with_1(check: Callable[[Any], tuple[int, Any]]) -> None:
    """The first values that differ are named with what was expected and what came."""
    code, line = check({**SMALL, "config": 0.75})
    assert (code, line["values"], line["differ"]) == (1, 4, 1)
    assert line["first"] == [{"path": "$.expected.per_call[1].value", "expected": 0.5, "got": 0.75}]


def test_a_replay_that_raises_differs(check: Callable[[Any], tuple[int, Any]]) -> None:
    """What a replay could not give differs, with the words of the error; the scenarios are still compared."""
    code, line = check({**SMALL, "config": "raise"})
    assert (code, line["values"], line["differ"]) == (1, 4, 3)
    assert line["first"][0]["got"] == "the replay raised LookupError: no such key; in call 1"


def without(name: str) -> Any:
    return {key: value for key, value in SMALL.items() if key != name}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"\x1f\x8bnot gzip", "cannot be read"),
        (gzip.compress(b"{}" * 99)[:-9], "cannot be read"),
        ([], "is list, not a JSON object"),
        ({}, "$.inputs is NoneType, not a list"),
        (without("runner"), "$.runner is None"),
        ({**SMALL, "runner": ["q"]}, "$.runner is ['q']"),
        ({**SMALL, "runner": "unheard of"}, "which is none of scripted"),
        (without("inputs"), "$.inputs is NoneType"),
        ({**SMALL, "expected": {}}, "$.expected is no object with values"),
        ({**SMALL, "expected": None}, "$.expected is no object with values"),
        ({**SMALL, "scenarios": {}}, "$.scenarios is dict, not a list"),
        ({**SMALL, "scenarios": [1]}, "$.scenarios[0] is int, not an object"),
        ({**SMALL, "scenarios": [{"inputs": []}]}, "$.scenarios[0].expected is no object"),
    ],
    ids=range(17),
)
def test_what_is_no_document_exits_with_1(check: Callable[[Any], tuple[int, Any]], content: Any, error: str) -> None:
    """A file that is no reference document says what is wrong with it, and counts as nothing compared."""
    code, line = check(content)
    assert (code, line["values"], line["differ"], line["calls"]) == (1, 0, 0, 0)
    assert error in line["error"]


def test_the_tool_is_a_program(tmp_path: Path) -> None:
    """The tool runs from any folder; without a file it says how it is used and exits with 2."""
    command = [sys.executable, str(ROOT / "tools/check_reference.py")]
    asked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "check_reference.py FILE" in asked.stderr
    absent = subprocess.run([*command, "absent"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (absent.returncode, absent.stderr) == (1, "")
    assert json.loads(absent.stdout)["error"].startswith("absent: cannot be read")
