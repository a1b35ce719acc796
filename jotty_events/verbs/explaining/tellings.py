"""How each event is told; one that concludes no number is told by what it wrote."""

from typing import Any

from ...events import Event
from .brain import BRAIN
from .memory import MEMORY
from .q import Q
from .told import Around, Telling, Told

TELLINGS: dict[type[Event], Telling] = {**Q, **MEMORY, **BRAIN}
"""By event type."""

_CUT = 120


def tell(event: Event, wrote: dict[str, Any], around: Around) -> Told:
    """Return what an event says of the row that it wrote."""
    telling = TELLINGS.get(type(event))
    if telling is not None:
        return telling(event, around)
    return Told([f"{name} is {value!r:.{_CUT}}" for name, value in wrote.items() if value is not None])
