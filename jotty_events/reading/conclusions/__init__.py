"""Which conclusions follow from an event's own fields, and how they are drawn again.

Invariants: a conclusion is drawn by the rules themselves, in the version that its run was learned by, from what the
event observed and read and from the settings of its run; never from a state, and never from what the event concluded.
The one exception: a counter (such as the visits of a Q-value) is taken as it stands where a mean needs it, and is
itself verified against the replayed state.
"""

from ...events import Event
from .brain import BRAIN
from .conclusion import Conclusion, Found, Settings
from .memory import MEMORY
from .q import Q
from .run import RUN

__all__ = ["CONCLUSIONS", "Conclusion", "Found", "Settings"]

CONCLUSIONS: dict[type[Event], Conclusion] = {**RUN, **MEMORY, **Q, **BRAIN}
"""By event type; an event that is not here concludes nothing that follows from its own fields."""
