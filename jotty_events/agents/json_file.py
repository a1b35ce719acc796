"""One learner's state as a JSON file of its own, wherever somebody wants it.

Invariants: a file is replaced whole or not at all (P11). What is read is one JSON document of a bounded size: a name
that stands twice, a number that is none and what nests too deeply are refused, with the file that says so.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from os import PathLike
from typing import Any, NamedTuple

import msgspec

from ..errors import ConfigError, FormatError, InvalidEvent, WriteFailed
from ..log.files import file_beside
from ..types import Json

Path = str | PathLike[str]
MAX_BYTES = 1 << 30
"""Of the largest file that is read: what is greater is imported by the command line."""
_HINT = "name a file that save_state or an export wrote"


class Document(NamedTuple):
    """What a file says, where it stands, and the SHA-256 of its bytes in hex."""

    content: Json
    where: str
    digest: str


def as_bytes(content: Json) -> bytes:
    """Return a JSON object as the bytes of a file: the same ones whenever it says the same."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def write(path: Path, content: Json) -> None:
    """Put a JSON object into a file, in place of what it held; WriteFailed, and what it held is still there."""
    files, name = file_beside(path, follow=False)
    try:
        files.replace(name, as_bytes(content))
    except OSError as error:
        where = files.describe(name)
        raise WriteFailed(f"{where} was not written: {error.strerror}", file=where, hint="name another file") from error


def read(path: Path) -> Document:
    """Return what a file says; MissingFile, UnsafeFile, and FormatError for what is no JSON object."""
    files, name = file_beside(path, follow=False)
    where = files.describe(name)
    if files.size(name) > MAX_BYTES:
        raise FormatError(f"{where} has more than {MAX_BYTES} bytes", file=where, hint="import its folder instead")
    data = files.read(name)
    return Document(parsed(data, where), where, sha256(data).hexdigest())


def parsed(data: bytes, where: str) -> Json:
    """Return the JSON object that some bytes are; FormatError if they are none."""
    try:
        content = json.loads(data, object_pairs_hook=_object, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where} is no JSON file: {error!s:.200}", file=where, hint=_HINT) from error
    if not isinstance(content, dict):
        raise FormatError(f"{where} holds {type(content).__name__}, not a JSON object", file=where, hint=_HINT)
    return content


def _object(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"the name {twice!r:.80} stands twice in one object")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


@contextmanager
def told_by(document: Document) -> Iterator[None]:
    """Say of what cannot be used which file it comes from, as a FormatError."""
    try:
        yield
    except (ConfigError, InvalidEvent) as error:
        message = f"{document.where}: {error.message}"
        raise FormatError(message, file=document.where, hint=error.hint) from error
