"""States as agents have them: questions that share their labels, most of their words, and often half of all."""

from random import Random

NOUNS = tuple(f"topic{number}" for number in range(2000))
INTENTS = ("COUNT", "SUM", "LIST", "AVERAGE")
DOMAINS = ("P2P", "UPI", "CARD", "LOAN", "FX")
ACTORS = ("analyst", "planner", "coder")


def question(source: Random) -> str:
    """Return a state of 11 to 15 words, of which eight are labels and their values."""
    asked = " ".join(source.choice(NOUNS) for _ in range(source.randrange(3, 8)))
    labels = f"INTENT: {source.choice(INTENTS)} | DOMAIN: {source.choice(DOMAINS)} | ACTOR: {source.choice(ACTORS)}"
    return f"QUERY: {asked} | {labels}"
