"""What a check finds."""

from dataclasses import asdict, dataclass
from typing import Any

from ..events import Redacted


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written: in which run, file and byte, and what."""

    run: str
    file: str
    offset: int
    message: str

    def __str__(self) -> str:
        return f"{self.run}: {self.file} at byte {self.offset}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return asdict(self)


class Checked(list[Finding]):
    """The findings of a check: empty when the history is sound. `notes` are no findings."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[Finding] = []
        self.runs = 0
        self.records = 0
        self.unknown = 0
        self.redactions: list[Redacted] = []
        self.redacted: list[tuple[Finding, int]] = []

    def unexplained(self) -> list[Finding]:
        """Return a finding for each record whose content was taken away without a record that says so."""
        return [
            finding
            for finding, seq in self.redacted
            if not any(one.run == finding.run and one.first <= seq <= one.last for one in self.redactions)
        ]

    def __str__(self) -> str:
        return "\n".join(map(str, self)) or f"sound: {self.runs} runs, {self.records} records"
