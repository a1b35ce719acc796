"""A JSON document, value by value, without ever holding all of it.

Invariants: memory is bounded by the largest single value, and that by `LARGEST`; what is opened is given out member by
member. Any text gives values or a `Malformed` that says where; a name that stands twice in an object and a number that
is none are found wherever they stand.
"""

import json
import re
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

from .problems import Path

LARGEST = 16 * 1024 * 1024
"""Characters of the largest value that is read in one piece: no event could hold a larger one."""
_SPACE = re.compile(r"[ \t\n\r]*")
_AFTER = tuple(" \t\n\r,]}")
_OPEN = "Unterminated"
_LONGEST_WORD = 16
"""Characters of the longest word of JSON, and some more."""
_BRACKETS = {"{": "}", "[": "]"}


class Malformed(ValueError):
    """What follows in this document cannot be read; `path` is the place up to which it could."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class Opened:
    """Stands for an object or a list whose members follow by themselves."""

    def __init__(self, kind: type) -> None:
        self.kind = kind


class Wrong(NamedTuple):
    """Stands for a value that cannot be used: the place in it where that shows, and why."""

    path: Path
    message: str


class Text(Protocol):
    """Gives out the text of a document piece by piece, at the end nothing."""

    def read(self, least: int = ..., /) -> str:
        """Return the next piece."""


Item = tuple[Path, Any]
Opens = Callable[[Path], bool]


class _Repeating(dict[str, Any]):
    """An object in which a name stood twice."""

    twice = ""


class _NoNumber(float):
    """NaN or an infinity."""


def _wrong_in(value: Any, path: Path) -> "Wrong | None":
    """Return where a value is none of JSON's, and why; it is looked at without recursion, however deep it is."""
    todo = [(path, value)]
    while todo:
        at, one = todo.pop()
        if isinstance(one, _NoNumber):
            return Wrong(at, f"{float(one)} is no number")
        if isinstance(one, _Repeating):
            return Wrong(at, f"the name {one.twice!r:.80} stands twice in one object")
        if isinstance(one, dict):
            todo += [((*at, name), inner) for name, inner in one.items()]
        elif isinstance(one, list):
            todo += [((*at, place), inner) for place, inner in enumerate(one)]
    return None


class _Decoder:
    """Decodes one value; takes note whether it is to be looked at more closely."""

    def __init__(self) -> None:
        self.suspicious = False
        decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant)
        self.decode = decoder.raw_decode

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self.suspicious = True
        names = [name for name, _ in pairs]
        repeating = _Repeating(found)
        repeating.twice = next(name for place, name in enumerate(names) if name in names[:place])
        return repeating

    def _constant(self, text: str) -> float:
        self.suspicious = True
        return _NoNumber(text)


class Document:
    """Reads one document; `opens` says of which places the members are wanted one by one."""

    def __init__(self, text: Text, opens: Opens) -> None:
        self._text = text
        self._opens = opens
        self._decoder = _Decoder()
        self._held = ""
        self._at = 0
        self._ended = False

    def items(self) -> Iterator[Item]:
        """Give out values with their places, and `Opened` before the members of what is opened; Malformed."""
        yield from self._value(())
        if self._peek(()):
            raise Malformed((), f"something follows the end of the document: {self._here()}")

    def _value(self, path: Path) -> Iterator[Item]:
        first = self._peek(path)
        if first in _BRACKETS and self._opens(path):
            self._at += 1
            yield path, Opened(dict if first == "{" else list)
            yield from (self._members if first == "{" else self._elements)(path)
        else:
            self._decoder.suspicious = False
            value = self._decoded(path)
            yield path, (_wrong_in(value, path) or value) if self._decoder.suspicious else value

    def _members(self, path: Path) -> Iterator[Item]:
        seen: set[bytes] = set()
        if self._closes("}", path):
            return
        while True:
            name = self._name(path)
            digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()
            if digest in seen:
                yield (*path, name), Wrong((*path, name), "this name stands twice in one object")
                self._decoded((*path, name))
            else:
                seen.add(digest)
                yield from self._value((*path, name))
            if not self._goes_on("}", path):
                return

    def _name(self, path: Path) -> str:
        if self._peek(path) != '"':
            raise Malformed(path, f"a name is expected: {self._here()}")
        name = self._decoded(path)
        self._require(":", path)
        return str(name)

    def _elements(self, path: Path) -> Iterator[Item]:
        if self._closes("]", path):
            return
        place = 0
        while True:
            yield from self._value((*path, place))
            place += 1
            if not self._goes_on("]", path):
                return

    def _closes(self, bracket: str, path: Path) -> bool:
        if self._peek(path) != bracket:
            return False
        self._at += 1
        return True

    def _goes_on(self, bracket: str, path: Path) -> bool:
        if self._closes(bracket, path):
            return False
        self._require(",", path)
        return True

    def _require(self, sign: str, path: Path) -> None:
        if self._peek(path) != sign:
            raise Malformed(path, f"{sign!r} is expected: {self._here()}")
        self._at += 1

    def _peek(self, path: Path) -> str:
        """Return the next character that is no space, and stand there; empty at the end."""
        while True:
            found = _SPACE.match(self._held, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._held) or not self._more(path):
                return self._held[self._at : self._at + 1]

    def _decoded(self, path: Path) -> Any:
        while True:
            try:
                value, end = self._decoder.decode(self._held, self._at)
            except json.JSONDecodeError as error:
                if self._is_final(error) or not self._more(path):
                    raise Malformed(path, self._said(error)) from error
                continue
            except RecursionError as error:
                raise Malformed(path, "it nests too deeply") from error
            except ValueError as error:
                raise Malformed(path, f"{error!s:.100}") from error
            # A number may go on in the next piece; anything else ends with a sign of its own.
            if isinstance(value, str | dict | list) or self._held[end : end + 1] in _AFTER or not self._more(path):
                self._at = end
                return value

    def _is_final(self, error: json.JSONDecodeError) -> bool:
        """Say whether no text that follows could mend this: only a text, and the last word, may go on."""
        return not error.msg.startswith(_OPEN) and error.pos + _LONGEST_WORD < len(self._held)

    def _said(self, error: json.JSONDecodeError) -> str:
        if self._ended and (error.msg.startswith(_OPEN) or not self._held[error.pos :].strip()):
            return "the file ends here"
        return f"{error.msg}: there is {self._held[error.pos : error.pos + 20]!r}"

    def _more(self, path: Path) -> bool:
        """Hold more of the text: as much again as is held, so that a long value is not read over and over."""
        left = self._held[self._at :]
        if len(left) > LARGEST:
            raise Malformed(path, f"a value of more than {LARGEST} characters, or no JSON")
        try:
            read = "" if self._ended else self._text.read(len(left))
        except UnicodeDecodeError as error:
            raise Malformed(path, f"it is not UTF-8: {error.reason}") from error
        self._ended = not read
        self._held, self._at = left + read, 0
        return bool(read)

    def _here(self) -> str:
        return f"there is {self._held[self._at : self._at + 20]!r}" if self._at < len(self._held) else "it ends"


__all__ = ["Document", "Item", "Malformed", "Opened", "Wrong"]
