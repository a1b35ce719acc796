"""What the README shows works as it stands there."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from jotty_events.cli import main

README = Path(__file__).parent.parent / "README.md"


def block_after(marker: str) -> str:
    """Return the fenced block that follows a marker in the README."""
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    assert found is not None, f"the README has no {marker}"
    return found[1]


def test_the_first_program_learns_in_its_second_run(tmp_path: Path) -> None:
    """The README's program runs as it stands; its second run takes the approach that worked, and no other."""
    done = subprocess.run(
        [sys.executable, "-c", block_after("first program")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    tried = [line.split("[")[1].split("]")[0] for line in done.stdout.splitlines() if line.startswith("run_")]
    assert tried == ["'filter by category', 'partition column'", "'partition column'"]
    assert "High-value pattern: USE: partition column (V=0.750)" in done.stdout


def test_a_planted_bad_run_is_found_and_undone(tmp_path: Path) -> None:
    """The README's chapter on debugging runs as it stands, and says what it says there."""
    done = subprocess.run(
        [sys.executable, "-c", block_after("debugging")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout
    for line in (
        "(USE: partition column) default_value 0.875 → 0.464",
        "5 states of 12 commits",
        "0.4375 = clamp(0.875 + 0.50 * (0.00 - 0.875)): cause experience",
        "attempt 1 by analyst: partition column, failed, reward 0.00",
        "(USE: partition column) default_value 0.866 → 0.969",
    ):
        assert line in said
    text = README.read_text(encoding="utf-8").split("<!-- debugging -->")[1].split("## Rules versions")[0]
    assert all(line in text for line in ("0.875 → 0.464", "5 states of 12 commits", "0.866 → 0.969"))


def test_the_chapter_on_debugging_can_be_followed_in_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands run one after the other as they stand, on the history before the repair."""
    days = block_after("debugging").split("history = ")[0]
    done = subprocess.run(
        [sys.executable, "-c", f"{days}\nprint(bad)"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    bad = done.stdout.split()[-1]
    monkeypatch.chdir(tmp_path)
    commands = block_after("debugging in a shell").replace("RUN@SEQ", f"{bad}@66").replace("RUN", bad)
    said = ""
    for line in commands.splitlines():
        ran = CliRunner().invoke(main, shlex.split(line, comments=True)[1:])
        assert ran.exit_code == 0, (line, ran.output)
        said += ran.output
    assert f"at {bad}@68" in said
    assert "5 states of 12 commits" in said
    assert "nothing to absorb" in said


def test_the_first_program_is_short() -> None:
    """The README's program has about 25 lines."""
    assert len(block_after("first program").splitlines()) <= 27


def test_the_commands_that_continuous_integration_runs_are_there() -> None:
    """Both commands stand in the README, each on one line."""
    for marker in ("test command", "demo command"):
        assert len(block_after(marker).splitlines()) == 1


CORRECTED = [
    f"{kind}{number}" for kind, last in (("M", 19), ("D", 4), ("T", 5), ("E", 7)) for number in range(1, last + 1)
]
"""The defects of the original that concern a rule."""


LOST = [f"P{number}" for number in range(1, 17)]
"""The defects of the original by which learning is lost between runs."""

TABLES = {"rules versions": CORRECTED, "lost between runs": LOST}
"""The tables of defects, by the markers before them."""


def corrections(marker: str) -> dict[str, tuple[str, str]]:
    """Return the file and the name of the test that a table of the README names for each defect."""
    table = README.read_text(encoding="utf-8").split(f"<!-- {marker} -->")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    assert all(len(row) == 4 and all(row) for row in rows)
    found = {row[0]: row[3].strip("`").partition("::") for row in rows}
    assert len(found) == len(rows)
    return {name: (file, test) for name, (file, _, test) in found.items()}


@pytest.mark.parametrize("marker", sorted(TABLES))
def test_every_corrected_defect_stands_in_its_table(marker: str) -> None:
    """Each table has a row for each of its defects, in their order."""
    assert list(corrections(marker)) == TABLES[marker]


@pytest.mark.parametrize(("marker", "defect"), [(marker, one) for marker in sorted(TABLES) for one in TABLES[marker]])
def test_the_test_that_shows_a_correction_is_there(marker: str, defect: str) -> None:
    """The test that a row names is in the file that it names, and says of which defect it is."""
    file, name = corrections(marker)[defect]
    tree = ast.parse((README.parent / "tests" / file).read_text(encoding="utf-8"))
    tests = {node.name: ast.get_docstring(node) or "" for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert defect in re.findall(r"\b[MDTEP]\d+\b", tests[name])
