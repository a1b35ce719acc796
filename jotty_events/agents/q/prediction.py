"""What an action is expected to be worth: asked of a model where there is one, else of the table and the buffer.

Invariants: without a usable answer the rules predict alone. A prediction changes nothing that was learned.
"""

from typing import Any, NamedTuple

from ...rules.q import learning as q_learning
from ...rules.q.retention import mean
from ...session import Session
from ..answers import object_in, optional_words, share
from .buffer import Buffer
from .reading import TableReader

PURPOSE = "q_prediction"
TITLE = "What is this action worth in this state?"
"""The first line of the prompt."""
EXPERIENCES_ASKED = 10
KNOWN, GUESSED, UNKNOWN = 0.5, 0.3, 0.1
"""How sure a prediction is: from the table, from similar experiences, from nothing."""


class Prediction(NamedTuple):
    """A value and how sure it is, both in [0, 1], and another action that a model would rather take."""

    value: float
    confidence: float
    alternative: str | None


def predicted(session: Session, reader: TableReader, buffer: Buffer, state: str, action: str) -> Prediction:
    """Predict by the rules: from the table, else from similar experiences, else 0.5 (RULES R1).

    Version 1 takes a value of exactly 0.5 for one that it does not know (M19).
    """
    version = session.rules
    known = q_learning.estimate(reader, state, action, version=version)
    if known.nth is not None and (version >= 2 or known.value != q_learning.DEFAULT_Q):
        return Prediction(known.value, KNOWN, None)
    rewards = [one.reward for one in buffer.similar(state, action, EXPERIENCES_ASKED)]
    if rewards:
        return Prediction(mean(rewards, version=version), GUESSED, None)
    return Prediction(q_learning.DEFAULT_Q, UNKNOWN, None)


def asked(session: Session, state: str, action: str, goal: str | None, lessons: str) -> Prediction | None:
    """Ask the model, where there is one; None if there is none, or no answer that can be used."""
    if session.model is None:
        return None
    answer: Prediction | None = session.model.answer(PURPOSE, _prompt(state, action, goal, lessons), _understood)
    return answer


def _prompt(state: str, action: str, goal: str | None, lessons: str) -> str:
    parts = [TITLE, f"State: {state}", f"Action: {action}"]
    parts += [f"Goal: {goal}"] if goal else []
    parts += [lessons] if lessons else []
    form = '{"value": NUMBER from 0 to 1, "confidence": NUMBER from 0 to 1, "alternative": ACTION or null}'
    return "\n\n".join([*parts, f"Answer with {form}"])


def _understood(answer: Any) -> Prediction:
    """Return what an answer says: a number, or an object; ValueError if it is neither."""
    if (isinstance(answer, str) and "{" not in answer) or isinstance(answer, int | float):
        return Prediction(share(answer, "the value"), KNOWN, None)
    said = object_in(answer)
    value = share(said.get("value", said.get("q_value")), "the value")
    confidence = share(said["confidence"], "the confidence") if said.get("confidence") is not None else KNOWN
    return Prediction(value, confidence, optional_words(said.get("alternative")) or None)
