"""Files that lie in an archive, read only.

Invariants: nothing is ever written: whoever tries is told ReadOnly. A file is what the archive's bytes were when it
was opened; nothing is unpacked, and no name leads out of the archive.
"""

from collections.abc import Mapping
from typing import NoReturn

from ..errors import ReadOnly
from .archive import Member
from .refusals import FOLDER, REGULAR, missing, unsafe
from .storage import Appender, Lock, components, named, span


class ArchivedFiles:
    """The files of one archive, as every reader of a history takes them."""

    def __init__(self, data: memoryview, file: str, members: Mapping[str, Member]) -> None:
        """`data` are the bytes of the archive, `members` its files by their paths, which are safe."""
        self._data = data
        self._file = file
        self._members = dict(members)
        self._folders: dict[str, set[str]] = {"": set()}
        for path in members:
            above, _, name = path.rpartition("/")
            self._folders.setdefault(above, set()).add(name)
            while above:
                above, _, name = above.rpartition("/")
                self._folders.setdefault(above, set()).add(name)

    def describe(self, path: str) -> str:
        return f"{self._file}:{path}" if path else self._file

    def names(self, folder: str) -> list[str]:
        components(folder)
        if folder in self._members:
            raise unsafe(self.describe(folder), REGULAR, FOLDER)
        return sorted(self._folders.get(folder, ()))

    def exists(self, path: str) -> bool:
        components(path)
        return path in self._members or path in self._folders

    def size(self, path: str) -> int:
        return self._member(path).size

    def read(self, path: str, start: int = 0, limit: int | None = None) -> bytes:
        member = self._member(path)
        begin = member.start + min(start, member.size)
        return bytes(self._data[begin : begin + span(member.size, start, limit)])

    def view(self, path: str) -> memoryview:
        member = self._member(path)
        return self._data[member.start : member.start + member.size]

    def is_locked(self, path: str) -> bool:
        """Say that nobody owns anything here."""
        named(path)
        return False

    def make_folder(self, path: str) -> None:
        self._refuse(path)

    def create(self, path: str) -> Appender:
        self._refuse(path)

    def replace(self, path: str, data: bytes) -> None:
        self._refuse(path)

    def sync(self, path: str) -> None:
        self._refuse(path)

    def remove(self, path: str) -> None:
        self._refuse(path)

    def remove_folder(self, path: str) -> None:
        self._refuse(path)

    def move_folder(self, path: str, target: str) -> None:
        components(target)
        self._refuse(path)

    def lock(self, path: str) -> Lock:
        self._refuse(path)

    def point(self, path: str, target: str) -> None:
        """Make no link: nothing trusts them."""
        named(path)
        components(target)

    def _member(self, path: str) -> Member:
        named(path)
        if path not in self._members:
            raise unsafe(self.describe(path), FOLDER) if path in self._folders else missing(self.describe(path))
        return self._members[path]

    def _refuse(self, path: str) -> NoReturn:
        components(path)
        raise ReadOnly(f"{self._file} is a bundle: it is only read", hint="unpack it into a folder first")
