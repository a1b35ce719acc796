"""What is to be kept in memory."""

from dataclasses import dataclass, field

from ...rules.memory import entries as memory
from ...types import Json


@dataclass(frozen=True)
class Content:
    """What is to be kept, and what the caller said of it.

    `length` is the whole content's in characters, `kept` as much of it as is kept, `hash` its MD5.
    """

    length: int
    level: str
    goal: str
    domain: str
    task_type: str
    agent: str
    kept: memory.Kept
    hash: str
    key: str
    context: Json = field(default_factory=dict)
    initial_value: float | None = None
    outcome: str | None = None
    causal_links: tuple[str, ...] = ()
