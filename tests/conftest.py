"""How the tests run: at random, with the seeds printed, and against this checkout.

`JOTTY_EVENTS_HYPOTHESIS=long` looks at many more examples per law; `JOTTY_EVENTS_VERIFY=1` verifies every run that a
test records, beside its state; `JOTTY_EVENTS_REFOLD=1` learns every one of them again (law L9).
"""

import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

COMMON: dict[str, Any] = {
    # A slow machine is no failure, and a stored example would make two runs of one commit differ.
    "deadline": None,
    "database": None,
    "derandomize": False,
    "print_blob": True,
    # Contract suites are inherited by one class per implementation; on a busy machine drawing may be slow.
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.differing_executors],
}

settings.register_profile("quick", max_examples=50, stateful_step_count=30, **COMMON)
settings.register_profile("long", max_examples=2000, stateful_step_count=80, **COMMON)
settings.load_profile(os.environ.get("JOTTY_EVENTS_HYPOTHESIS", "quick"))

# Child processes import what this process imports.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose hypothesis' seed before hypothesis looks for it, so that it can be printed; workers are told theirs."""
    if os.environ.get("JOTTY_EVENTS_VERIFY") or os.environ.get("JOTTY_EVENTS_REFOLD"):
        from verifying_sessions import install

        install(refolding=bool(os.environ.get("JOTTY_EVENTS_REFOLD")))
    if config.getoption("hypothesis_seed", None) is None:
        told = getattr(config, "workerinput", {}).get("hypothesis_seed")
        config.option.hypothesis_seed = told or str(random.SystemRandom().getrandbits(32))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the seed."""
    node.workerinput["hypothesis_seed"] = node.config.getoption("hypothesis_seed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what repeats this run; pytest's own header is silent under -q."""
    order = config.getoption("randomly_seed", "none")
    examples = config.getoption("hypothesis_seed", "none")
    terminalreporter.write_line(f"repeat with: --randomly-seed={order} --hypothesis-seed={examples}")
