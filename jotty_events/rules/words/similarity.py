"""Similarity of two texts by the words they share (RULES R1).

Invariants: similarity is symmetric; equal texts are similar; an empty text is similar to nothing else.
"""

SIMILAR_ABOVE = 0.5
"""Two texts are similar if the Jaccard index of their words is above this, strictly."""


def words(text: str) -> frozenset[str]:
    """Return the lower-cased words of a text, as separated by whitespace."""
    return frozenset(text.lower().split())


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Return the share of all their words that two sets have in common, in [0, 1]; 0.0 if either is empty."""
    if not a or not b:
        return 0.0
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)


def nearness(a: str, b: str) -> float:
    """Return the Jaccard index of two texts' words, and 1.0 for equal texts, even without words."""
    return 1.0 if a == b else jaccard(words(a), words(b))


def similar(a: str, b: str) -> bool:
    """Say whether two texts are equal, or share more than half of their words (RULES R1)."""
    return nearness(a, b) > SIMILAR_ABOVE
