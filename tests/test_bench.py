"""The benchmark's own arithmetic: what a budget is, what is printed, and what happens without a peer."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from jotty_events.rules.words.similarity import words
from tools import bench
from tools.benches.figure import Budget, Figure, Unavailable
from tools.benches.peers import peer
from tools.benches.places import scratch, size_of
from tools.loads.questions import question


def figures(scale: float) -> Iterator[Figure]:
    yield Figure("one", "ours", 3.0 * scale, "events/s", 1.5, "peer", Budget(1.0))
    yield Figure("one", "slow", 1.0, "s", 0.1, "peer", Budget(0.05, at_most=True))
    yield Figure("one", "peer", 2.0, "events/s")


def without_peer(scale: float) -> Iterator[Figure]:
    yield Figure("two", "ours", scale, "s")
    raise Unavailable("nothing to compare with")


@pytest.fixture(autouse=True)
def _two_benches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "BENCHES", {"append": figures, "replay": without_peer})


@pytest.mark.parametrize(
    ("budget", "ratio", "met"),
    [
        (Budget(1.0), 1.0, True),
        (Budget(1.0), 0.99, False),
        (Budget(0.05, at_most=True), 0.05, True),
        (Budget(0.05, at_most=True), 0.051, False),
    ],
    ids=str,
)
def test_a_budget_is_met_at_its_limit(budget: Budget, ratio: float, met: bool) -> None:
    """At least and at most both include the limit."""
    assert budget.met(ratio) is met
    assert Figure("b", "w", 1.0, "s", ratio, "", budget).met is met
    assert Figure("b", "w", 1.0, "s").met is None


def test_the_json_says_machine_scale_figures_and_what_is_missing() -> None:
    """One document holds all that was measured, and why something was not."""
    done = CliRunner().invoke(bench.main, ["--json", "--scale", "2"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["scale"], said["rounds"], said["missing"]) == (2.0, 5, {"replay": "nothing to compare with"})
    assert [(one["what"], one["value"], one["met"]) for one in said["figures"]] == [
        ("ours", 6.0, True),
        ("slow", 1.0, False),
        ("peer", 2.0, None),
    ]
    assert [one["budget"] for one in said["figures"]] == ["≥ 1", "≤ 0.05", None]


def test_the_table_says_which_budgets_are_met() -> None:
    """People read the ratio, the budget and whether it is met in one line."""
    done = CliRunner().invoke(bench.main, ["--only", "append"])
    lines = done.stdout.splitlines()
    assert [line for line in lines if "ours" in line and "1.5 x peer" in line and "≥ 1" in line and " met" in line]
    assert [line for line in lines if "slow" in line and "not met" in line]
    assert "not measured" not in done.stdout


def test_a_peer_that_is_not_installed_is_named_with_the_extra() -> None:
    """A missing library is no failure of the others' measurements."""
    with pytest.raises(Unavailable, match=r"no_such_peer is not installed: .*bench"):
        peer("no_such_peer")


def test_a_scratch_folder_is_measured_and_gone(tmp_path: Path) -> None:
    """Sizes count files of all depths, and nothing stays behind."""
    with scratch() as folder:
        (folder / "a").mkdir()
        (folder / "a" / "b").write_bytes(b"123")
        (folder / "c.txt").write_bytes(b"4567")
        assert (size_of(folder), size_of(folder, "*.txt")) == (7, 4)
    assert not folder.exists()


def test_questions_have_the_words_that_the_search_is_measured_with() -> None:
    """Each question has 11 to 16 words, most of them labels that others have as well."""
    source = Random(1)
    sizes = {len(words(question(source))) for _ in range(200)}
    assert min(sizes) >= 10
    assert max(sizes) <= 17
    assert question(Random(5)) == question(Random(5))
