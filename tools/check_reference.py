"""Replay what the original did by version 1 of the rules: `python tools/check_reference.py FILE…`.

Takes reference documents, plain or compressed, and prints one line of JSON for each:
{"file": TEXT, "calls": INT, "values": INT, "differ": INT, "first": [{"path": TEXT, "expected": JSON, "got": JSON}]}
and "error" where a file is no such document. Exits with 1 if a value differs, a file is no document, or nothing was
compared, and with 2 without a file.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.reference.document import Malformed, check


def checked(file: str) -> tuple[bool, dict[str, Any]]:
    """Return whether a file's document agrees, and the line that says so."""
    try:
        found = check(file)
    except Malformed as error:
        return False, {"file": file, "calls": 0, "values": 0, "differ": 0, "first": [], "error": f"{file}: {error}"}
    return found.agrees, found.to_dict()


def main(files: list[str]) -> int:
    """Check the files; returns the exit code."""
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    agreed = True
    for file in files:
        agrees, line = checked(file)
        agreed = agreed and agrees
        print(json.dumps(line, ensure_ascii=False), flush=True)
    return 0 if agreed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
