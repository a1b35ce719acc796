"""Where golden runs are, and how one is recorded for new rules: `python tests/golden_runs.py VERSION`."""

import sys
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent / "golden"


def path_of(version: int) -> Path:
    """Return the file of a version's golden run: its record lines."""
    return GOLDEN / f"run_v{version}.jsonl"


def write(version: int) -> None:
    """Record the golden run of a version; FileExistsError if there is one already."""
    from recorded_runs import everything, history_of

    from jotty_events.record import Record, encode

    lines = [encode(Record(seq, seq, event)) for seq, event in enumerate(history_of(everything, version), 1)]
    with path_of(version).open("xb") as file:
        file.write(b"\n".join([*lines, b""]))


if __name__ == "__main__":
    write(int(sys.argv[1]))
