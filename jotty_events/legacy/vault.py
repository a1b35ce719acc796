"""The original's vault: one folder `jotty_state`, into which a conductor's state is saved part by part.

Invariants: nothing that is loaded from here is needed by ours, which replays its log; what is saved here the original
can load. Saving replaces what a vault or an export wrote, and nothing else.
"""

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Protocol

from ..agents.brain.brain import Brain
from ..agents.json_file import as_bytes, parsed
from ..agents.memory.hierarchical_memory import HierarchicalMemory
from ..agents.q.predictor import LLMQPredictor
from ..agents.todo.task_list import MarkovianTODO
from ..config import JottyConfig
from ..errors import ConfigError
from ..log.files import DiskFiles, Files
from ..session import Session
from ..types import SHARED, Json
from .exporting import layout
from .exporting.following import picture_of
from .exporting.names import SUFFIX, folded, name_of, stem
from .exporting.todo_text import todo_text
from .exporting.writing import Tree
from .schemas.names import SHARED_NAME


class Conducted(Protocol):
    """Whose state can be saved: a conductor."""

    config: JottyConfig
    _session: Session


class Vault:
    """Saves state below a folder, and loads what was saved there as JSON objects."""

    def __init__(
        self, output_dir: str | PathLike[str], *, files: Files | None = None, folder: str = layout.FOLDER
    ) -> None:
        """What is saved stands in `folder` below `output_dir`; `files` stand in for those of the disk."""
        self._tree = Tree(DiskFiles(output_dir) if files is None else files, folder)

    @property
    def folder(self) -> str:
        """Where everything is saved."""
        return self._tree.describe()

    # Saving.

    def save_all(self, conductor: Conducted) -> list[str]:
        """Save all of a conductor's state that its configuration keeps, as it is now; returns the files.

        What else was saved here stays. NameTaken for a file that no vault wrote, UnsafeFile, WriteFailed.
        """
        session = conductor._session
        session.require_ours()
        with session.reading():
            picture = picture_of(session, conductor.config, session.clock())
            paths = picture.paths()
            self._tree.write(picture.whence.point, paths, picture.files(), fresh=False)
        return [self._tree.describe(path) for path in paths]

    def save_memory(self, memory: HierarchicalMemory, name: str = SHARED) -> str:
        """Save a memory under a name: "shared", or an agent's; returns the file. Errors as of `save_all`."""
        path, called = (layout.SHARED_MEMORY, SHARED_NAME) if name == SHARED else (self._path_of(name), name)
        return self._save(path, memory.saved_state() | {"agent_name": called}, memory._session)

    def save_q_predictor(self, q_predictor: LLMQPredictor) -> str:
        """Save a Q-table with its buffer; returns the file. Errors as of `save_all`."""
        saved = q_predictor.saved_state()
        return self._save(layout.Q_TABLE, _dated(saved, q_predictor), q_predictor._session)

    def save_brain_state(self, brain: Brain) -> str:
        """Save a brain; returns the file. Errors as of `save_all`."""
        return self._save(layout.BRAIN, _dated(brain.saved_state(), brain), brain._session)

    def save_markovian_todo(self, todo: MarkovianTODO) -> str:
        """Save a task list, and beside it the same as text; returns the file. Errors as of `save_all`."""
        said = _dated(todo.saved_state(), todo)
        if said["todo_id"] is not None:
            text = todo_text(said, said["timestamp"]).encode()
            self._tree.add(_point(todo._session), layout.TODO_TEXT, text)
        return self._save(layout.TODO, said, todo._session)

    def _save(self, path: str, content: Json, session: Session) -> str:
        self._tree.add(_point(session), path, as_bytes(content))
        return self._tree.describe(path)

    def _path_of(self, name: str) -> str:
        """Return the path of an agent's memory: the one that it has, else a free one."""
        known = self._stems()
        return layout.local_memory(known.get(name) or stem(name, set(map(folded, known.values()))))

    def _stems(self) -> dict[str, str]:
        """Return the names of agents' files by the agents' names; those that say no name are never another's."""
        folder = f"{layout.LOCAL_MEMORIES}/"
        found = [path.removeprefix(folder).removesuffix(SUFFIX) for path in self._listed() if path.startswith(folder)]
        return {name: one for one in found if (name := name_of(one)) is not None}

    def _listed(self) -> Iterable[str]:
        listing = self._tree.listing()
        return () if listing is None else listing.files

    # Loading.

    def load_memory(self, name: str = SHARED) -> Json | None:
        """Return the saved memory of "shared" or an agent, None if there is none. FormatError, UnsafeFile."""
        if name == SHARED:
            return self._load(layout.SHARED_MEMORY)
        return self._load(self._path_of(name))

    def load_q_predictor(self) -> Json | None:
        """Return the saved Q-table, None if there is none. FormatError, UnsafeFile."""
        return self._load(layout.Q_TABLE)

    def load_brain_state(self) -> Json | None:
        """Return the saved brain, None if there is none. FormatError, UnsafeFile."""
        return self._load(layout.BRAIN)

    def load_markovian_todo(self) -> Json | None:
        """Return the saved task list, None if there is none. FormatError, UnsafeFile."""
        return self._load(layout.TODO)

    def _load(self, path: str) -> Json | None:
        if not self._tree.exists(path):
            return None
        return parsed(self._tree.read(path), self._tree.describe(path))


class NoVault(Vault):
    """What a conductor has that writes nothing."""

    def __init__(self, mode: str) -> None:
        self._mode = mode

    @property
    def _tree(self) -> Tree:  # type: ignore[override]
        raise ConfigError(
            f"in mode {self._mode} nothing is written", hint="Vault(folder).save_all(conductor) saves where you say"
        )


def _dated(saved: Mapping[str, Any], learner: LLMQPredictor | Brain | MarkovianTODO) -> Json:
    return {**saved, "timestamp": learner._session.clock()}


def _point(session: Session) -> str:
    return f"{session.run}@{session.seq}" if session.run else ""
