"""The five-level memory: names, limits, what is kept and what goes (RULES R2).

Invariants: equal contents of one domain and task type have one key, different ones never do (M2, E4); an entry is
let go by the value it has learned (M4); ties are broken by value and age, never by how entries came to be listed.
"""

from collections.abc import Iterable, Mapping
from hashlib import md5
from json import dumps
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K")

GENERAL = "general"
TRUNCATED = "\n[TRUNCATED - Original was longer]"
CHARACTERS_PER_TOKEN = 4
HASH_KEPT = 16
PROTECTED_FROM = 0.8
PROTECTED_LEVELS = ("meta", "causal")
INITIAL_VALUE = 0.5
ERROR_KEPT = 200
DAY = 86400.0
STALE_BELOW = 0.3
STALE_SHARE = 5


class Kept(NamedTuple):
    """A content as it is kept, and its length in tokens."""

    content: str
    token_count: int
    truncated: bool


class Candidate(NamedTuple, Generic[K]):
    """An entry that could be let go. `value` is its learned value, `created_at` in seconds."""

    key: K
    value: float
    protected: bool
    created_at: float
    nth: int


class OutcomeMemory(NamedTuple):
    """What to remember of an outcome, and where."""

    level: str
    content: str
    initial_value: float = INITIAL_VALUE


def token_count(text: str) -> int:
    """Return about how many tokens a text has: one per four characters, and one (RULES R2)."""
    return len(text) // CHARACTERS_PER_TOKEN + 1


def truncate(content: str, max_tokens: int) -> Kept:
    """Return the content cut to a number of tokens, with a mark if it was longer (RULES R2)."""
    return keep(content, len(content), max_tokens)


def keep(beginning: str, length: int, max_tokens: int) -> Kept:
    """Return what is kept of a content of `length` characters; of a longer one than is kept, `beginning` is enough."""
    count = length // CHARACTERS_PER_TOKEN + 1
    if count <= max_tokens:
        return Kept(beginning, count, False)
    return Kept(beginning[: max_tokens * CHARACTERS_PER_TOKEN] + TRUNCATED, max_tokens, True)


def content_hash(content: str) -> str:
    """Return the MD5 of a whole content, in hex, so that long contents of one beginning stay apart (M2)."""
    return md5(content.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def memory_key(domain: str, task_type: str, content_hash: str) -> str:
    """Return `domain:task_type:hash`, with ':' and '%' of the names percent-encoded, so that none collide (E4)."""
    return f"{_quoted(domain)}:{_quoted(task_type)}:{content_hash[:HASH_KEPT]}"


def _quoted(name: str) -> str:
    return name.replace("%", "%25").replace(":", "%3A")


def domain_of(context: Mapping[str, object], domain: str | None = None) -> str:
    """Return the domain that was given, else the context's, else `general` (RULES R2)."""
    return str(domain or context.get("domain") or GENERAL)


def task_type_of(context: Mapping[str, object], task_type: str | None = None) -> str:
    """Return the task type that was given, else the context's task or operation type, else `general` (RULES R2)."""
    return str(task_type or context.get("task_type") or context.get("operation_type") or GENERAL)


def starting_value(given: float | None) -> float:
    """Return the value that a new entry starts with: the one that was given, else 0.5 (RULES R2)."""
    return INITIAL_VALUE if given is None else given


def evict(entries: Iterable[Candidate[K]]) -> K:
    """Return the key of the entry to let go: the unprotected one of least value, then the oldest (M4).

    If all are protected, the one that was created first. ValueError if there are none (E2).
    """
    entries = list(entries)
    if not entries:
        raise ValueError("there is no entry to let go of; a level's capacity must be at least 1")
    unprotected = [entry for entry in entries if not entry.protected]
    if unprotected:
        return min(unprotected, key=lambda entry: (entry.value, entry.nth)).key
    return min(entries, key=lambda entry: (entry.created_at, entry.nth)).key


def protects(
    value: float, level: str, threshold: float | None = None, default: float = PROTECTED_FROM
) -> tuple[bool, str]:
    """Say whether an entry is safe from eviction, and why; a threshold of 0.0 counts, and protection can end (E1)."""
    least = default if threshold is None else threshold
    if value >= least:
        return True, f"value {value:.3f} is at least {least:.3f}"
    return (True, f"level {level}") if level in PROTECTED_LEVELS else (False, "")


def outcome_memory(
    *, approach: str, success: bool, error: str | None = None, lesson: str | None = None
) -> OutcomeMemory:
    """Return what an attempt teaches: use what succeeded (semantic), avoid what failed (causal).

    Both start at 0.5, so that what they are worth is learned. An error is cut at 200 characters, on one line.
    """
    if success:
        return OutcomeMemory("semantic", f"USE: {approach}{_besides(lesson)}")
    return OutcomeMemory("causal", f"AVOID: {approach}{_besides(_one_line(error or '', ERROR_KEPT))}")


def _besides(text: str | None) -> str:
    return f" — {text}" if text else ""


def _one_line(text: str, most: int) -> str:
    return " ".join(text.split())[:most]


def outcome_with_store(content: str, outcome: str, context: Mapping[str, object]) -> OutcomeMemory:
    """Return where a content with an outcome is kept: `success`, `failure`, or anything else (RULES R2)."""
    if outcome == "failure":
        details = dumps(context, ensure_ascii=False, indent=2, default=str)
        return OutcomeMemory("causal", f"❌ Failure: {content}\nContext: {details}", 0.9)
    if outcome == "success":
        return OutcomeMemory("semantic", f"✅ Success: {content.partition(chr(10))[0]}", 0.4)
    return OutcomeMemory("episodic", content)


def stale(entries: Iterable[Candidate[K]], *, now: float) -> list[K]:
    """Return the keys to prune from a level, at most a fifth: older than a day, below 0.3, unprotected (RULES R2)."""
    entries = sorted(entries, key=lambda entry: entry.nth)
    old = (e for e in entries if e.created_at < now - DAY and e.value < STALE_BELOW and not e.protected)
    return [entry.key for entry in old][: len(entries) // STALE_SHARE]
