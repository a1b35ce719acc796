"""Small trees of the original's files, and their import, for tests."""

import json
from pathlib import Path
from typing import Any

from stage import scripted_entropy, ticking

from jotty_events import History
from jotty_events.events import Event
from jotty_events.legacy.importing.report import Report
from jotty_events.record import Record

Q = "q_tables/q_predictor.json"
SHARED_MEMORY = "memories/shared_memory.json"
BRAIN = "brain_state/consolidated_memories.json"
TODO = "markovian_todos/todo_state.json"


def tree(folder: Path, files: dict[str, Any], run: str = "") -> Path:
    """Write files below jotty_state (what is no text as JSON), and return the folder to import."""
    for path, content in files.items():
        target = folder / run / "jotty_state" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            target.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def imported(output: Path, folder: Path, **more: Any) -> Report:
    """Import a folder, with a clock and entropy of the tests."""
    return History(output).import_state(folder, clock=ticking(), entropy=scripted_entropy(), **more)


def q_file(*entries: tuple[str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Return the file of a Q-table; each entry has at least a value."""
    return {"q_table": {key: {"value": 0.5, **entry} for key, entry in entries}, "experience_buffer": [], **more}


def entry(content: str = "c", **more: Any) -> dict[str, Any]:
    """Return a memory."""
    return {"content": content, "created_at": "2023-11-14T22:16:30", **more}


def memory_file(name: str = "SwarmShared", level: str = "semantic", **entries: dict[str, Any]) -> dict[str, Any]:
    """Return the file of a memory; the names of entries stand for their keys."""
    named = {f"sql:join:{key}": one for key, one in entries.items()}
    return {"agent_name": name, "memories": {level: named}}


def events_in(output: Path, kind: type[Event]) -> list[Any]:
    """Return the events of one type that lead to `latest`."""
    records = (kept.record for kept in History(output).records())
    return [one.event for one in records if isinstance(one, Record) and isinstance(one.event, kind)]


def bytes_below(folder: Path) -> dict[str, bytes]:
    """Return all that stands below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
