"""Which of the original's files stand in a folder, whoever of its classes wrote them.

Invariants: names are looked at, and never followed out of the folder: what is no plain file or folder is told as a
problem. A run of ours, which has a log, is not read by the tree that it was exported to.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...errors import JottyError, MissingFile, UnsafeFile
from ...log import layout
from ...log.files import Files
from ...types import SHARED
from ..schemas import names
from .brain import BrainReader
from .episode import EpisodeReader, SettingsReader, TextReader
from .memory import MemoryReader
from .problems import Problems
from .q import QReader
from .reading import Reader
from .todo import TodoReader

_RUN = "run_"
_JSON = ".json"
_FOLDERS = {names.MEMORIES, *names.LOCAL_MEMORIES, names.Q_TABLES, names.BRAIN_STATE, names.TODOS, names.EPISODES}


@dataclass(frozen=True)
class Found:
    """A file to read: its path, who reads it, and whose memory it is, by its name."""

    path: str
    reader: type[Reader]
    size: int
    owner: str = SHARED


@dataclass
class Folder:
    """The files of one run; `passed` are those that nobody reads."""

    name: str
    files: list[Found] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)


class Trees:
    """Looks for the original's files below one folder."""

    def __init__(self, files: Files, problems: Problems) -> None:
        self._files = files
        self._problems = problems
        self.ours: list[str] = []
        """Runs that are passed over because they have a log of their own."""

    def folders(self) -> list[Folder]:
        """Return the folders that hold a state, in the order of their names; MissingFile, UnsafeFile."""
        top = self._top()
        runs = [name for name in top if _may_be_run(name) and names.STATE in self._names(name)]
        self.ours = [name for name in runs if layout.MANIFEST in self._names(name)]
        found = [self._folder(name, f"{name}/{names.STATE}") for name in runs if name not in self.ours]
        if names.STATE in top:
            found.append(self._folder("", names.STATE))
        if not runs and names.STATE not in top:
            found.append(self._folder("", ""))
        return [one for one in found if one.files]

    def _top(self) -> list[str]:
        where = self._files.describe("")
        try:
            if self._files.exists(""):
                return self._files.names("")
            raise MissingFile(f"{where} is missing", file=where, hint="name the folder that holds the old runs")
        except UnsafeFile as error:
            raise UnsafeFile(f"{where} is no folder", file=where, hint="name the folder that it stands in") from error

    def beside(self) -> list[str]:
        """Return the folders right below this one that hold a state: each of them could be imported by itself."""
        inner = [name for name in self._names("") if self._is_folder(name)]
        return [name for name in inner if any(map(_is_of_a_tree, self._names(name)))]

    def _is_folder(self, name: str) -> bool:
        try:
            self._files.names(name)
        except (JottyError, OSError):
            return False
        return True

    def _names(self, folder: str) -> list[str]:
        try:
            return self._files.names(folder)
        except UnsafeFile as error:
            self._problems.add(folder, (), error.message)
            return []

    def _folder(self, name: str, tree: str) -> Folder:
        folder = Folder(name)
        for path in self._paths(tree):
            self._sort(path, path[len(tree) :].strip("/"), folder)
        settings = f"{name}/{names.CONFIG}".strip("/")
        if tree and self._files.exists(settings):
            self._add(folder, settings, SettingsReader)
        folder.files.sort(key=_in_order)
        return folder

    def _paths(self, tree: str) -> Iterator[str]:
        """Give out the paths of all that stands below a folder, in those folders that the original makes."""
        for name in self._names(tree):
            path = f"{tree}/{name}" if tree else name
            if name in _FOLDERS:
                yield from self._paths(path)
            else:
                yield path

    def _sort(self, path: str, within: str, folder: Folder) -> None:
        *above, name = within.split("/")
        reader = _reader(above, name)
        if reader is None:
            folder.passed.append(path)
        elif reader is MemoryReader and name != names.SHARED_MEMORY:
            self._add(folder, path, reader, name.removesuffix(_JSON))
        else:
            self._add(folder, path, reader)

    def _add(self, folder: Folder, path: str, reader: type[Reader], owner: str = SHARED) -> None:
        try:
            folder.files.append(Found(path, reader, self._files.size(path), owner))
        except (UnsafeFile, MissingFile) as error:
            self._problems.add(path, (), error.message)


def _is_of_a_tree(name: str) -> bool:
    return name == names.STATE or _may_be_run(name) or _reader([], name) is not None


def _may_be_run(name: str) -> bool:
    return name.startswith(_RUN) and "." not in name


def _reader(above: list[str], name: str) -> type[Reader] | None:
    """Return who reads a file of such a name in such folders, None if nobody does."""
    if above == [names.TODOS] and name in names.TODO_TEXTS:
        return TextReader
    if not name.endswith(_JSON):
        return None
    if above and above[-1] in names.LOCAL_MEMORIES:
        return MemoryReader
    in_folder = _BY_FOLDER.get("/".join(above))
    return _BY_NAME.get((*above[-1:], name)) or (in_folder(name) if in_folder else None)


_BY_NAME: dict[tuple[str, ...], type[Reader]] = {
    (names.MEMORIES, names.SHARED_MEMORY): MemoryReader,
    (names.SHARED_MEMORY,): MemoryReader,
    (names.Q_TABLE,): QReader,
    (names.Q_BUFFER,): QReader,
    (names.TODOS, names.TODO_FILE): TodoReader,
    **{(names.BRAIN_STATE, name): BrainReader for name in names.BRAIN_FILES},
}
_BY_FOLDER: dict[str, Callable[[str], type[Reader] | None]] = {
    names.Q_TABLES: lambda _: QReader,
    names.EPISODES: lambda name: EpisodeReader if name.startswith(names.EPISODE_PREFIX) else None,
}


_ORDER: list[type[Reader]] = [MemoryReader, QReader, BrainReader, TodoReader, EpisodeReader, TextReader, SettingsReader]


def _in_order(one: Found) -> tuple[int, bool, int, str]:
    """Put files in the order in which they are read: of two that say the same, the later one counts."""
    path, name = one.path, one.path.rpartition("/")[2]
    whole = name != names.Q_BUFFER and not (
        one.owner == SHARED and any(local in path for local in names.LOCAL_MEMORIES)
    )
    number = name.removeprefix(names.EPISODE_PREFIX).removesuffix(_JSON)
    return _ORDER.index(one.reader), whole, int(number) if number.isascii() and number.isdigit() else 0, path
