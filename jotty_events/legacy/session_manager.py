"""The original's session manager: what the previous run knew, as JSON objects.

Invariants: it reads and writes nothing (P4): the previous run is `latest`, as its log has it, whatever was exported.
"""

from projections import READ_MODELS

from ..config import JottyConfig
from ..log.files import DiskFiles
from ..reading.replay import Resuming
from ..reading.snapshot.store import Snapshots
from ..runs.point import Point
from ..runs.tree import Tree
from ..types import SHARED, Json
from .exporting.picture import Picture
from .exporting.point import whence


class SessionManager:
    """Gives out what earlier runs learned."""

    def __init__(self, config: JottyConfig | None = None) -> None:
        """The runs are those below the `output_base_dir` of the configuration."""
        self.config = config or JottyConfig()
        self._tree = Tree(DiskFiles(self.config.output_base_dir))

    def load_previous_state(self) -> Json:
        """Return `memories` (`shared`, and `agents` by name), `q_tables`, `brain_state` and `todos`; empty at first.

        Each is what the learner's `load_saved` takes over, and `HierarchicalMemory.from_dict`. `start_from` names
        another point than `latest`. PointError, FormatError, Corruption.
        """
        point = self._point()
        if point is None:
            return {"memories": {"agents": {}}, "q_tables": {}, "brain_state": None, "todos": None}
        replay = Resuming(self._tree.run, Snapshots()).at(point, READ_MODELS)
        picture = Picture(replay.result.states, whence(self._tree, point))
        todo = picture.todo()
        return {
            "memories": {
                "shared": picture.memory(SHARED),
                "agents": {name: picture.memory(name) for name in picture.owners()},
            },
            "q_tables": {"q_predictor": picture.q_table()},
            "brain_state": picture.brain(),
            "todos": None if todo["todo_id"] is None else todo,
        }

    def _point(self) -> Point | None:
        if self.config.start_from is not None:
            return self._tree.resolve(self.config.start_from)
        latest = self._tree.latest()
        return None if latest is None or latest.end is None else Point(latest.run, latest.end.seq)
