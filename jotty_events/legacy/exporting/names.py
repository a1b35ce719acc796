"""Names of agents as names of files.

Invariants: whatever an agent is called, its file stands in the folder that is meant, and no two agents share one, also
where a file system takes two names for one. Letters, digits and a few signs stand as they are; all else is `%` and the
number of each byte, so that the name can be read back. What no file name has room for is cut, and told apart by a
digest: then only the file says whose it is.
"""

import re
from collections.abc import Collection, Iterable
from hashlib import sha256
from unicodedata import normalize
from urllib.parse import unquote_to_bytes

from ...log.storage import MAX_NAME

SUFFIX = ".json"
_PLAIN = frozenset("_- .")
_ENDS = (" ", ".")
"""Signs that may not stand at an end: such names are hidden, or lose them."""
_EMPTY = "%"
_CUT = "%~"
_DIGITS = 32
_PARTIAL = re.compile("%.?$")
_ROOM = MAX_NAME - len(SUFFIX)


def stems(names: Iterable[str]) -> dict[str, str]:
    """Return the name of each agent's file, without its suffix, by the agent's name."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(names):
        found[name] = stem(name, taken)
        taken.add(folded(found[name]))
    return found


def stem(name: str, taken: Collection[str] = ()) -> str:
    """Return the name of an agent's file, without its suffix, beside files whose folded names are `taken`."""
    plain = _fitting(_encoded(name), name)
    return plain if folded(plain) not in taken else _fitting(_every_byte(name), name)


def folded(text: str) -> str:
    """Return what two names have in common that a file system may take for one."""
    return normalize("NFC", normalize("NFC", text).casefold())


def name_of(stem: str) -> str | None:
    """Return the name of the agent whose file is called so, None where only the file itself says it."""
    if _CUT in stem:
        return None
    try:
        return unquote_to_bytes("" if stem == _EMPTY else stem).decode()
    except UnicodeDecodeError:
        return None


def _encoded(name: str) -> str:
    composed = normalize("NFC", name) == name
    parts = [one if _is_plain(one, composed) else _every_byte(one) for one in name]
    for end in (0, -1):
        if parts and parts[end] in _ENDS:
            parts[end] = _every_byte(parts[end])
    return "".join(parts) or _EMPTY


def _is_plain(character: str, composed: bool) -> bool:
    """Say whether a character may stand as it is; beyond ASCII only where the file system would not compose it."""
    return character in _PLAIN or (character.isalnum() and (composed or character.isascii()))


def _every_byte(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode()) or _EMPTY


def _fitting(stem: str, name: str) -> str:
    if len(stem.encode()) <= _ROOM:
        return stem
    digest = sha256(name.encode()).hexdigest()[:_DIGITS]
    kept = stem.encode()[: _ROOM - len(_CUT) - _DIGITS].decode(errors="ignore")
    return f"{_PARTIAL.sub('', kept)}{_CUT}{digest}"
