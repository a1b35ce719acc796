"""Recall: which memories answer a query without a model, and how they read in a prompt (RULES R2).

Invariants: a score is in [0, 1]; equal scores stand in the order of value, then of insertion. A text never says more
than it was given: what is cut ends in "...", and what is whole does not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K")

RELEVANCE_WEIGHT, VALUE_WEIGHT = 0.7, 0.3
RECALLED_FROM = 0.6
ITEM_KEPT = 200
LINKS_SHOWN = 3
_EDGES = ".,:;!?()[]{}\"'`"


class Memory(NamedTuple, Generic[K]):
    """An entry as recall sees it: `texts` are its content and its goals, `value` is V for the goal at hand."""

    key: K
    texts: Sequence[str]
    value: float
    nth: int


class Recall(NamedTuple, Generic[K]):
    """An entry that answers a query, and how well."""

    key: K
    relevance: float
    score: float


class Item(NamedTuple):
    """A memory as it stands in consolidated knowledge."""

    content: str
    value: float
    access_count: int
    nth: int


class Link(NamedTuple):
    """A causal link as it stands in consolidated knowledge."""

    cause: str
    effect: str
    confidence: float


def relevance(query: str, texts: Iterable[str]) -> float:
    """Return the share of the query's words that the texts contain, in [0, 1]; 0.0 for an empty query."""
    asked = _plain_words(query)
    if not asked:
        return 0.0
    return len(asked.intersection(frozenset().union(*map(_plain_words, texts)))) / len(asked)


def _plain_words(text: str) -> frozenset[str]:
    return frozenset(word.strip(_EDGES) for word in text.lower().split()) - {""}


def score(relevance: float, value: float) -> float:
    """Return how much an entry deserves to be recalled: 0.7 of its relevance and 0.3 of its value (RULES R2)."""
    return RELEVANCE_WEIGHT * relevance + VALUE_WEIGHT * value


def rank(
    query: str,
    memories: Iterable[Memory[K]],
    *,
    threshold: float = RECALLED_FROM,
    limit: int | None = None,
    said: Mapping[K, float] | None = None,
) -> list[Recall[K]]:
    """Return the entries that score at least the threshold, the best first (RULES R2).

    `said` is how relevant a model finds entries; the others are as relevant as their words.
    """
    known = said or {}
    scored = [(one, known[one.key] if one.key in known else relevance(query, one.texts)) for one in memories]
    found = [(memory, near, score(near, memory.value)) for memory, near in scored]
    found = [each for each in found if each[2] >= threshold]
    found.sort(key=lambda each: (-each[2], -each[0].value, each[0].nth))
    return [Recall(memory.key, near, total) for memory, near, total in found[:limit]]


def first_within(answers: Iterable[tuple[Recall[K], int]], budget: int) -> list[Recall[K]]:
    """Return the first answers that fit into a number of tokens together; each comes with its own number."""
    chosen = []
    for answer, tokens in answers:
        budget -= tokens
        if budget < 0:
            break
        chosen.append(answer)
    return chosen


def consolidated_knowledge(
    *,
    patterns: Iterable[Item] = (),
    procedures: Iterable[Item] = (),
    wisdom: Iterable[Item] = (),
    links: Iterable[Link] = (),
    by_value: bool = True,
    max_items: int = 10,
) -> str:
    """Return what was learned, as text for a prompt; empty if nothing was (RULES R2).

    Patterns are half of the items, by value (if they are values for a goal) or else by use; procedures, by use, and
    wisdom, in order, a quarter each; then the three surest causal links.
    """
    sections = (
        ("Learned Patterns", _items(patterns, max_items // 2, _by_value if by_value else _by_use)),
        ("Procedural Knowledge", _items(procedures, max_items // 4, _by_use)),
        ("Meta Wisdom", _items(wisdom, max_items // 4, _by_age)),
        ("Causal Understanding", _links(links)),
    )
    return "\n\n".join(f"## {title}:\n" + "\n".join(lines) for title, lines in sections if lines)


def _by_value(item: Item) -> tuple[float, int]:
    return -item.value, item.nth


def _by_use(item: Item) -> tuple[float, int]:
    return -item.access_count, item.nth


def _by_age(item: Item) -> tuple[float, int]:
    return 0.0, item.nth


def _items(items: Iterable[Item], most: int, order: Callable[[Item], tuple[float, int]]) -> list[str]:
    return [item_line(item.content, item.value) for item in sorted(items, key=order)[:most]]


def item_line(content: str, value: float) -> str:
    """Return one line of a list: the content on one line, cut at 200 characters, and its value as V=0.800."""
    return f"- {shortened(content)} (V={value:.3f})"


def shortened(content: str, most: int = ITEM_KEPT) -> str:
    """Return a content on one line, cut with "..." only if it is longer."""
    line = " ".join(content.split())
    return line if len(line) <= most else f"{line[:most]}..."


def _links(links: Iterable[Link]) -> list[str]:
    surest = sorted(links, key=lambda link: (-link.confidence, link.cause, link.effect))[:LINKS_SHOWN]
    return [
        f"- {shortened(link.cause)} → {shortened(link.effect)} (confidence {link.confidence:.2f})" for link in surest
    ]
