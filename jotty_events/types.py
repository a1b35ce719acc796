"""Small types that every floor shares."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

Json = dict[str, Any]
"""A JSON object: string keys; null, booleans, integers, finite floats, text, lists and objects inside."""

Clock = Callable[[], float]
"""Seconds since 1970, UTC. Always passed in, so that a test or a replay can say what time it is."""

Entropy = Callable[[int], bytes]
"""`n` random bytes. Always passed in; what it gave is recorded."""


class LearningMode(StrEnum):
    """What a conductor does with what it learns."""

    DISABLED = "disabled"
    """Reads what was learned, learns nothing, writes nothing."""
    CONTEXTUAL = "contextual"
    """Starts fresh and learns in memory; forgets at the end."""
    PERSISTENT = "persistent"
    """Starts from what was learned, and appends what it learns to the log."""


class Durability(StrEnum):
    """When an append counts as kept."""

    COMMIT = "commit"
    """`append` returns after fdatasync: survives power loss."""
    INTERVAL = "interval"
    """`append` returns at once with a handle; one fdatasync serves all appends of some milliseconds."""
    OS = "os"
    """`append` returns once the operating system has the bytes: survives a killed process, not power loss."""


class Branches(StrEnum):
    """What a run does with what others learned beside its line, while that went on."""

    ABSORB = "absorb"
    """Learns it again on top of the line: nothing is lost, nothing counts twice. Waits for what is being written."""
    LATEST = "latest"
    """Continues the latest run only, with a warning that names what it leaves behind."""
    FAIL = "fail"
    """Does not begin: an error names the branches."""


LEVELS = ("episodic", "semantic", "procedural", "meta", "causal")
"""The five levels of memory, from what happened to why it happened."""

SHARED = "shared"
"""The owner of memories that all agents read."""
