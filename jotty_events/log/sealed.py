"""Small JSON files that carry their own check sum: the manifests of runs and packs.

Invariants: `check` is the SHA-256 of the file's bytes without the digits of `check` itself, so damage is noticed. A
file says of which format and version it is: another format and a greater version are refused before the rest is read.
Unknown fields are ignored.
"""

from hashlib import sha256
from typing import TypeVar

from msgspec import DecodeError, Struct
from msgspec.json import Decoder, Encoder, format
from msgspec.structs import replace

from ..errors import FormatError

HINT = "move the folder away, or restore the file from a backup"


class Sealed(Struct, frozen=True, kw_only=True):
    """What every such file says of itself."""

    format: str = ""
    version: int = 0
    check: str = ""


S = TypeVar("S", bound=Struct)

_encode = Encoder().encode
_kind = Decoder(Sealed).decode


def seal(content: Struct, *, indent: int = 1) -> bytes:
    """Return the bytes of a file whose content has `format`, `version` and `check`; `indent` below 0: on one line."""
    encoded = _encode(replace(content, check=""))
    blank = (encoded if indent < 0 else format(encoded, indent=indent)) + b"\n"
    empty = b'"check":""' if indent < 0 else b'"check": ""'
    return blank.replace(empty, empty[:-1] + sha256(blank).hexdigest().encode() + b'"')


def unseal(decoder: Decoder[S], data: bytes, file: str, like: Sealed) -> S:
    """Read a file that must be `like` another in format and version; FormatError if it is foreign, newer or damaged."""
    try:
        kind = _kind(data)
        _refuse_others(kind, file, like)
        content = decoder.decode(data)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"{file} is no {like.format} manifest: {error}", file=file, hint=HINT) from error
    if kind.check != sha256(data.replace(kind.check.encode(), b"")).hexdigest():
        raise FormatError(f"{file} does not match its own check sum", file=file, hint="restore it from a backup")
    return content


def _refuse_others(kind: Sealed, file: str, like: Sealed) -> None:
    if kind.format != like.format:
        raise FormatError(f"{file} is not a manifest of {like.format}", file=file, hint=HINT)
    if kind.version > like.version:
        raise FormatError(
            f"{file} has format version {kind.version}, this library reads up to {like.version}",
            file=file,
            hint="upgrade jotty-events",
        )
