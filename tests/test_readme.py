"""What the README shows works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

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


def test_the_first_program_is_short() -> None:
    """The README's program has about 25 lines."""
    assert len(block_after("first program").splitlines()) <= 27


def test_the_commands_that_continuous_integration_runs_are_there() -> None:
    """Both commands stand in the README, each on one line."""
    for marker in ("test command", "demo command"):
        assert len(block_after(marker).splitlines()) == 1
