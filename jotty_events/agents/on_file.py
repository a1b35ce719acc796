"""What a learner knows, as a JSON object and as a file; and back again, into a run that goes on.

Invariants: to load is to import: events in one commit, of which the first names the file. What cannot be read changes
nothing (P12).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import ConfigError
from ..events import Imported
from ..session import Session, Transaction
from ..types import Json
from . import json_file
from .json_file import Path


class OnFile:
    """A learner that can be saved, and that takes over what was saved."""

    _session: Session
    kind: ClassVar[str]
    """How the log calls such files."""
    known: ClassVar[tuple[str, ...]] = ()
    """The names that are understood at the top of such a file; others are noted when it is loaded."""
    entries_in: ClassVar[tuple[str, ...]] = ()
    """Those of them under which entries stand."""

    def saved_state(self) -> Json:
        """Return all that this learner knows as one JSON object."""
        raise NotImplementedError

    def _take_over(self, commit: Transaction, saved: Mapping[str, Any]) -> None:
        """Take over what was saved."""
        raise NotImplementedError

    def load_saved(self, saved: Mapping[str, Any]) -> None:
        """Take over what `saved_state` returned, in the place of what is known here; one commit.

        ConfigError or InvalidEvent for what it did not return, and in mode DISABLED, which learns nothing.
        """
        self._require_learning()
        with self._session.transaction() as commit:
            self._take_over(commit, saved)

    def save_state(self, path: Path) -> None:
        """Put all that this learner knows into a file, in place of what it held; WriteFailed, UnsafeFile."""
        json_file.write(path, self.saved_state())

    def load_state(self, path: Path) -> bool:
        """Take over what a file holds, as `load_saved` does; returns True.

        MissingFile, UnsafeFile, FormatError: then nothing has changed.
        """
        self._require_learning()
        document = json_file.read(path)
        with json_file.told_by(document), self._session.transaction() as commit:
            commit.add(self._imported(commit, document))
            self._take_over(commit, document.content)
        return True

    def _imported(self, commit: Transaction, document: json_file.Document) -> Imported:
        content = document.content
        return Imported(
            file=document.where.rpartition("/")[2],
            kind=self.kind,
            digest=document.digest,
            entries=sum(_size(content.get(name)) for name in self.entries_in),
            unknown={name: type(content[name]).__name__ for name in content if name not in self.known},
            now=commit.now,
        )

    def _require_learning(self) -> None:
        if not self._session.learns:
            raise ConfigError(
                "what learns nothing loads nothing either", hint="start_from names the point that is loaded"
            )


def _size(entries: Any) -> int:
    return len(entries) if isinstance(entries, list | dict) else 0
