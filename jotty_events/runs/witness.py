"""What was read, as one digest: two readings agree only if each commit's lines, seqs, head and mark do.

Invariants: every byte of every line is in the digest, redacted lines included, whose leaf says nothing of their bytes.
Memory does not grow with what is read.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from ..log.segment import Commit


class Witness:
    """Sees the commits of one segment go by."""

    def __init__(self) -> None:
        self._digest = sha256()

    def watch(self, commits: Iterable[Commit]) -> Iterator[Commit]:
        """Give out the commits as they come, each taken into the digest."""
        for one in commits:
            said = b"%d %d %d %d %s" % (one.first, one.last, len(one.lines), one.durable, one.head.hex().encode())
            self._digest.update(b"\n".join([said, *one.lines, b""]))
            yield one

    @property
    def digest(self) -> str:
        """The digest of all that was seen so far."""
        return self._digest.hexdigest()
