"""What an import did."""

from dataclasses import asdict, dataclass, field
from typing import Any

from .problems import Problem


@dataclass(frozen=True)
class ImportedFile:
    """A file that was read: its path, what it is, its SHA-256 in hex, and how many entries it holds."""

    file: str
    kind: str
    digest: str
    entries: int
    kept: int
    """How many fields at its top no table has a place for: they are kept with the event that names the file."""


@dataclass(frozen=True)
class ImportedRun:
    """A run that was written, and the folder that it holds."""

    run: str
    folder: str
    records: int
    files: list[ImportedFile]


@dataclass
class Report:
    """What an import did: runs in their order, folders that were imported before, files that nobody reads.

    `problems` is empty unless the import was partial; `notes` say what was decided where the files leave it open.
    """

    folder: str
    runs: list[ImportedRun] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    beside: str | None = None
    """The run that was `latest` before: what comes next continues from the import, and not from that one."""

    @property
    def entries(self) -> int:
        """How many entries were imported."""
        return sum(file.entries for run in self.runs for file in run.files)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {**asdict(self), "problems": [one._asdict() for one in self.problems], "entries": self.entries}
