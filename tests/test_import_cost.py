"""What an import may cost: the heavy libraries stay out until a name needs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"pyarrow", "numpy", "pydantic", "rich"}
COMMAND_LINE = Path(__file__).resolve().parent.parent / "jotty_events" / "cli"
needs_command_line = pytest.mark.skipif(
    not COMMAND_LINE.with_suffix(".py").exists() and not (COMMAND_LINE / "__init__.py").exists(),
    reason="the command line is not there yet",
)


def loaded_by(statement: str) -> set[str]:
    """Run a statement in a new process; return the top-level names of all modules that were loaded."""
    report = "json.dump(sorted({name.split('.')[0] for name in sys.modules}), sys.stderr)"
    program = f"import json, sys\ntry:\n    {statement}\nexcept SystemExit as exit:\n    assert not exit.code\n{report}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr))


def test_a_heavy_import_would_be_seen() -> None:
    """A statement that loads numpy is reported to have done so."""
    assert "numpy" in loaded_by("import numpy")


def test_importing_the_package_is_cheap() -> None:
    """The package itself loads neither the heavy libraries nor the command line's."""
    loaded = loaded_by("import jotty_events; jotty_events.LearningMode.PERSISTENT; jotty_events.__version__")
    assert "jotty_events" in loaded
    assert loaded & (HEAVY | {"click"}) == set()


@needs_command_line
@pytest.mark.parametrize(
    "statement",
    ["import jotty_events.cli", "from jotty_events.cli import main; main(['--help'])"],
    ids=["import", "help"],
)
def test_the_command_line_starts_light(statement: str) -> None:
    """Neither importing the command line nor asking it for help loads a heavy library."""
    loaded = loaded_by(statement)
    assert "click" in loaded
    assert loaded & HEAVY == set()
