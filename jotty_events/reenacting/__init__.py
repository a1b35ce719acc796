"""What learners would record in a replayed state: for each event, the same call once more, over the state before it.

Invariants: nothing is learned here, drawn at random, or asked of a model: a call is followed up to the first event that
it would add, and that event is compared with the recorded one, field by field.
"""

from .reenactment import Reenactment, deep

__all__ = ["Reenactment", "deep"]
