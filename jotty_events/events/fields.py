"""How the fields of an event are grouped, and what every learning event may say of its origin.

Invariants: a field belongs to one group, by metadata and never by position. *Observed* came from outside (a reward, a
text, the clock, a random draw). *Read* was looked up in the state. *Concluded* is what a rule made of both.
A field present at its event's birth is always written; a later one is `T | UnsetType = UNSET`.
"""

from functools import cache
from typing import Annotated, TypeVar

from msgspec import Meta, Struct
from msgspec.inspect import Metadata
from msgspec.structs import fields as struct_fields

T = TypeVar("T")
Observed = Annotated[T, Meta(extra={"group": "observed"})]
"""Came from outside."""
Read = Annotated[T, Meta(extra={"group": "read"})]
"""Was looked up in the state."""
Concluded = Annotated[T, Meta(extra={"group": "concluded"})]
"""Follows by a rule from what was observed and read."""

GROUPS = ("observed", "read", "concluded")


class Origin(Struct, frozen=True, kw_only=True):
    """Where an observation was first made, if it was learned again elsewhere."""

    run: str
    seq: int


class Learned(Struct, frozen=True, kw_only=True):
    """What every learning event may say: the episode, the actor, the attempt, and where it was first observed."""

    episode: Observed[int | None] = None
    actor: Observed[str | None] = None
    attempt: Observed[int | None] = None
    origin: Observed[Origin | None] = None


@cache
def group_of(event: type[Struct], field: str) -> str:
    """Return the group of one field; KeyError if the event has no such field."""
    return _groups(event)[field]


@cache
def fields_in(event: type[Struct], group: str) -> tuple[str, ...]:
    """Return the names of an event's fields in one group, in their written order."""
    return tuple(name for name, of in _groups(event).items() if of == group)


@cache
def _groups(event: type[Struct]) -> dict[str, str]:
    return {field.name: _group(field.type) for field in struct_fields(event)}


def _group(annotation: object) -> str:
    for note in getattr(annotation, "__metadata__", ()):
        if isinstance(note, Meta | Metadata) and note.extra:
            return str(note.extra["group"])
    return ""
