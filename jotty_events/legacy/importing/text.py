"""The text of a file, piece by piece, with its digest.

Invariants: no more is held than the piece at hand and what is not yet taken of the one before. Nothing but a regular
file below the folder is read, and no symlink is followed (see log/files.py).
"""

import codecs
from collections.abc import Callable
from hashlib import sha256

from ...log.files import Files

PIECE = 1 << 20
"""Bytes that are read at a time."""

Progress = Callable[[int], None]
"""Told how many bytes were read since it was last told."""


class FileText:
    """The text of one file; UnicodeDecodeError where it is not UTF-8."""

    def __init__(self, files: Files, path: str, progress: Progress) -> None:
        self._files = files
        self._path = path
        self._progress = progress
        self._at = 0
        self._hash = sha256()
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()

    def read(self, least: int = PIECE) -> str:
        """Return the next piece, at least so many bytes of it; empty at the end."""
        while data := self._bytes(max(least, PIECE)):
            if found := self._decoder.decode(data):
                return found
        return self._decoder.decode(b"", final=True)

    def _bytes(self, limit: int) -> bytes:
        data = self._files.read(self._path, self._at, limit)
        self._at += len(data)
        self._hash.update(data)
        self._progress(len(data))
        return data

    def digest(self) -> str:
        """Return SHA-256 (hex) of all of the file, which is read to its end for that."""
        while self._bytes(PIECE):
            pass
        return self._hash.hexdigest()
