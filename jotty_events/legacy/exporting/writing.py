"""Writing the files of a tree, and taking away those that were written before.

Invariants: only what stands in the tree's own listing is ever replaced or removed: a file that somebody else put there
is left as it is, and one in the place of ours is an error. A file is replaced whole or not at all. The listing names
every file before it is written and says its digest after that, so that a stopped export can be done again.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256

import msgspec

from ...agents.json_file import as_bytes
from ...errors import JottyError, NameTaken, UnsafeFile, WriteFailed
from ...log.files import Files
from . import layout

LOG = logging.getLogger("jotty_events")
FORMAT = "jotty-events export"
VERSION = 1


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What was exported from where: SHA-256 hex by path, empty where a file was only about to be written."""

    format: str
    version: int
    point: str
    files: dict[str, str]


class Tree:
    """The folder of one tree."""

    def __init__(self, files: Files, folder: str) -> None:
        self._files = files
        self._folder = folder

    def describe(self, path: str = "") -> str:
        """Name a file of the tree in a message."""
        return self._files.describe(self._path(path) if path else self._folder)

    def _path(self, path: str) -> str:
        return f"{self._folder}/{path}"

    def listing(self) -> Listing | None:
        """Return what was exported here, None if nothing was."""
        path = self._path(layout.LISTING)
        if not self._files.exists(path):
            return None
        try:
            found = msgspec.json.decode(self._files.read(path), type=Listing)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _foreign(self._files.describe(path)) from error
        if found.format != FORMAT or found.version > VERSION:
            raise _foreign(self._files.describe(path))
        return found

    def read(self, path: str) -> bytes:
        """Return the bytes of a file; MissingFile, UnsafeFile."""
        return self._files.read(self._path(path))

    def exists(self, path: str) -> bool:
        """Say whether a file is there."""
        return self._files.exists(self._path(path))

    def write(self, point: str, paths: Iterable[str], made: Iterable[tuple[str, bytes]], *, fresh: bool) -> None:
        """Write the files of a point, each as it is made; a `fresh` tree has no others: those listed before go.

        NameTaken for a file that is not ours, UnsafeFile for what leads elsewhere, WriteFailed if the disk refuses.
        """
        with self._refusals(layout.LISTING):
            held = self._held()
            self._claim(point, held, paths)
        digests = {path: self._put(path, data) for path, data in made}
        self._list(point, digests if fresh else {**held, **digests})
        for path in sorted(held.keys() - digests.keys()) if fresh else ():
            self._take_away(path, held[path])

    def add(self, point: str, path: str, data: bytes) -> None:
        """Write one file beside those that are there; errors as of `write`."""
        self.write(point, [path], [(path, data)], fresh=False)

    def _held(self) -> dict[str, str]:
        found = self.listing()
        return {} if found is None else found.files

    def _claim(self, point: str, held: Mapping[str, str], paths: Iterable[str]) -> None:
        new = [path for path in paths if path not in held]
        for path in new:
            if self._files.exists(self._path(path)):
                where = self.describe(path)
                raise NameTaken(f"{where} was not written by an export", hint="import it, or move it away")
        if new or not held:
            self._list(point, {**held, **dict.fromkeys(new, "")})

    def _list(self, point: str, files: Mapping[str, str]) -> None:
        said = Listing(format=FORMAT, version=VERSION, point=point, files=dict(sorted(files.items())))
        self._put(layout.LISTING, as_bytes(msgspec.to_builtins(said)))

    def _put(self, path: str, data: bytes) -> str:
        with self._refusals(path):
            whole = self._path(path)
            self._make_folder(whole.rpartition("/")[0])
            self._files.replace(whole, data)
        return sha256(data).hexdigest()

    def _make_folder(self, folder: str) -> None:
        if not self._files.exists(folder):
            with suppress(NameTaken):  # another process was faster
                self._files.make_folder(folder)

    @contextmanager
    def _refusals(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = self.describe(path)
            message = f"{where} was not written: {error.strerror or error}"
            raise WriteFailed(message, file=where, hint="make room or name another folder") from error

    def take_away(self) -> None:
        """Remove all that was exported here and is as it was; what cannot be removed stays."""
        held = self._held()
        for path, digest in held.items():
            self._take_away(path, digest)
        if held:
            self._files.remove(self._path(layout.LISTING))
            self._remove_empty(self._folder)

    def _take_away(self, path: str, digest: str) -> None:
        """Remove a file that is as it was written, and its folder with the last one."""
        try:
            if digest and sha256(self.read(path)).hexdigest() == digest:
                self._files.remove(self._path(path))
                self._remove_empty(self._path(path).rpartition("/")[0])
        except (JottyError, OSError) as error:
            LOG.info("%s stays: %s", self.describe(path), error)

    def _remove_empty(self, folder: str) -> None:
        while folder != self._folder.rpartition("/")[0] and not self._files.names(folder):
            self._files.remove_folder(folder)
            folder = folder.rpartition("/")[0]


def _foreign(where: str) -> UnsafeFile:
    return UnsafeFile(f"{where} is no listing of an export", file=where, hint="export into another folder")
