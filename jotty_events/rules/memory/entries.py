"""The five-level memory: names, limits, what is kept and what goes (RULES R2).

Invariants: in version 2, equal contents of one domain and task type have one key, different ones never do (M2, E4);
an entry is let go by the value it has learned (M4); ties are broken by value and age, never by how entries came to be
listed.
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
NEVER = 2.0
"""A threshold that no value reaches."""
PROTECTED_LEVELS = ("meta", "causal")
INITIAL_VALUE = 0.5
ERROR_KEPT = 200
DAY = 86400.0
STALE_BELOW = 0.3
STALE_SHARE = 5
COMPARED_FROM = 0.3
FAILURE_VALUE = 0.9
SUCCESS_VALUE = 0.4
_RULE = "═" * 51


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


class Names(NamedTuple):
    """The domain and the task type of a content."""

    domain: str
    task_type: str


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
    """Return the MD5 of a content, in hex."""
    return md5(content.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def known_by(content: str, max_tokens: int, version: int = 2) -> str:
    """Return the MD5 that a content is known by: in version 2 of all of it, so that long ones stay apart (M2).

    Version 1 takes what is kept of it.
    """
    return content_hash(content if version >= 2 else truncate(content, max_tokens).content)


def memory_key(domain: str, task_type: str, content_hash: str, version: int = 2) -> str:
    """Return `domain:task_type:hash` (RULES R2).

    In version 2 ':' and '%' of the names are percent-encoded, so that none collide (E4).
    """
    written = _quoted if version >= 2 else str
    return f"{written(domain)}:{written(task_type)}:{content_hash[:HASH_KEPT]}"


def _quoted(name: str) -> str:
    return name.replace("%", "%25").replace(":", "%3A")


def names_in(key: str) -> tuple[str, str, str]:
    """Return domain, task type and the beginning of the hash that a key of version 2 was made of."""
    parts = key.split(":")
    domain, task_type = (GENERAL, GENERAL) if len(parts) < 3 else map(_unquoted, (parts[0], parts[-2]))
    return domain, task_type, parts[-1]


def _unquoted(name: str) -> str:
    return name.replace("%3A", ":").replace("%25", "%")


def is_old_key(key: str) -> bool:
    """Say whether a key is of the form before there were domains in it: a hash alone (RULES R2)."""
    return ":" not in key


def comparable(one: int, other: int) -> bool:
    """Say whether two contents of so many characters may say the same: neither is much shorter (RULES R2)."""
    longer = max(one, other)
    return longer > 0 and min(one, other) / longer >= COMPARED_FROM


def accessed_when_renamed(before: float, now: float, reason: str) -> float:
    """Return when a renamed entry was accessed last: now, if it was migrated because its content came again."""
    return now if reason == "migrated" else before


def names_of(
    context: Mapping[str, object], domain: str | None = None, task_type: str | None = None, version: int = 2
) -> Names:
    """Return the domain and the task type: what was given, else the context's, else `general` (RULES R2).

    In version 2 an empty text says nothing; in version 1 it is a name like any other, except as the context's task.
    """
    if version >= 2:
        return Names(domain_of(context, domain), task_type_of(context, task_type))
    task = context.get("task_type") or context.get("operation_type", GENERAL) if task_type is None else task_type
    return Names(str(context.get("domain", GENERAL) if domain is None else domain), str(task))


def is_of_domain(key: str, own: str | None, asked: str, version: int = 2) -> bool:
    """Say whether an entry is of a domain: by what it is said to be, in version 1 by how its key begins (E4)."""
    return own == asked if version >= 2 else key.startswith(f"{asked}:")


def is_of_task(key: str, own: str | None, asked: str, version: int = 2) -> bool:
    """Say whether an entry is of a task type: by what it is said to be, in version 1 by a part of its key (E4)."""
    return own == asked if version >= 2 else f":{asked}:" in key


def domain_of(context: Mapping[str, object], domain: str | None = None) -> str:
    """Return the domain that was given, else the context's, else `general` (RULES R2)."""
    return str(domain or context.get("domain") or GENERAL)


def task_type_of(context: Mapping[str, object], task_type: str | None = None) -> str:
    """Return the task type that was given, else the context's task or operation type, else `general` (RULES R2)."""
    return str(task_type or context.get("task_type") or context.get("operation_type") or GENERAL)


def source_episode(context: Mapping[str, object], episode: int | None, version: int = 2) -> int | None:
    """Return the episode that an entry comes from: the context's, 0 without one, in version 1 (RULES R2).

    Version 2 knows better which one is going on.
    """
    said = context.get("episode")
    said = said if isinstance(said, int) and not isinstance(said, bool) else None
    if version < 2:
        return 0 if said is None else said
    return said if episode is None else episode


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


def protection_threshold(given: float | None, default: float, version: int = 2) -> float:
    """Return from which value on entries are protected: 0.0 is a threshold like any other (E1), not in version 1."""
    if version < 2:
        return given or default
    return default if given is None else given


def protects(
    value: float, level: str, threshold: float | None = None, default: float = PROTECTED_FROM, version: int = 2
) -> tuple[bool, str]:
    """Say whether an entry is safe from eviction, and why; in version 2, protection can end (E1)."""
    least = default if threshold is None else threshold
    if value >= least:
        return True, f"value {value:.3f} is at least {least:.3f}" if version >= 2 else f"Value >= {least}"
    if level not in PROTECTED_LEVELS:
        return False, ""
    if version >= 2:
        return True, f"level {level}"
    return True, "META level" if level == "meta" else "CAUSAL knowledge"


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


def outcome_with_store(content: str, outcome: str, context: Mapping[str, object], version: int = 2) -> OutcomeMemory:
    """Return where a content with an outcome is kept: `success`, `failure`, or anything else (RULES R2)."""
    if outcome == "failure":
        return OutcomeMemory("causal", _failure(content, context, version), FAILURE_VALUE)
    if outcome == "success":
        return OutcomeMemory("semantic", f"✅ Success: {content.partition(chr(10))[0]}", SUCCESS_VALUE)
    return OutcomeMemory("episodic", content)


def _failure(content: str, context: Mapping[str, object], version: int) -> str:
    if version >= 2:
        return f"❌ Failure: {content}\nContext: {dumps(context, ensure_ascii=False, indent=2, default=str)}"
    return "\n".join(
        (
            "❌ FAILURE ANALYSIS (High Information Event)",
            _RULE,
            content,
            "",
            "FULL CONTEXT:",
            dumps(context, default=str, indent=2),
            "",
            "MEMORY NOTE: This is a rare failure event with high information content.",
            "Store full trace to prevent similar failures.",
            _RULE,
        )
    )


def stale(entries: Iterable[Candidate[K]], *, now: float, version: int = 2) -> list[K]:
    """Return the keys to prune from a level, at most a fifth: older than a day and below 0.3 (RULES R2).

    What is protected stays in version 2.
    """
    entries = sorted(entries, key=lambda entry: entry.nth)
    old = (e for e in entries if e.created_at < now - DAY and e.value < STALE_BELOW)
    return [e.key for e in old if version < 2 or not e.protected][: len(entries) // STALE_SHARE]
