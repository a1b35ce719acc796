"""Text from a log, made harmless for a terminal.

Invariants: what comes out holds no control character, no line break, no mark that reverses or hides text, and no lone
surrogate: each such character is shown by its number.
"""

import re

_ACTIVE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
# The line breaks between JSON documents, and inside an indented one, are ours.
_ACTIVE_IN_JSON = re.compile(_ACTIVE.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BASIC_PLANE = 0x10000


def inert(text: str, limit: int | None = None) -> str:
    """Return text on one line; beyond `limit` characters it is cut, and says by how many."""
    if limit is not None and len(text) > limit:
        return f"{_ACTIVE.sub(_shown, text[:limit])}… (+{len(text) - limit} characters)"
    return _ACTIVE.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    code = ord(found[0])
    width = "x%02x" if code < 0x100 else "u%04x" if code < _BASIC_PLANE else "U%08x"
    return _NAMED.get(found[0], "\\" + width % code)


def inert_json(document: str) -> str:
    """Return the same JSON document with such characters as escapes."""
    return _ACTIVE_IN_JSON.sub(_escaped, document)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
