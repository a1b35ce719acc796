"""What the original's own classes wrote, and which records its files are made of.

The trees were written by the original's vault, its session manager and its classes, from the same live objects.
"""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parent / "trees" / "original.json.gz"
SESSION = "session/run_20231114_221840/jotty_state"
VAULT = "vault/jotty_state"

Named = Iterator[tuple[str, dict[str, Any]]]
Shape = dict[str, set[str]]


@cache
def texts() -> dict[str, str]:
    """Return the text of each file by its path."""
    found: dict[str, str] = json.loads(gzip.decompress(KEPT.read_bytes()))
    return found


def document(path: str) -> dict[str, Any]:
    """Return one file's JSON object."""
    found: dict[str, Any] = json.loads(texts()[path])
    return found


def unpack(folder: Path, below: str = "") -> Path:
    """Write the files below a path into a folder, and return that."""
    for path, text in texts().items():
        if path.startswith(below) and path != "session/latest":
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return folder / below


def memory_records(said: dict[str, Any]) -> Named:
    """Give out the records of a memory by their kinds."""
    yield "memory", said
    for level in said["memories"].values():
        for entry in level.values():
            yield "entry", entry
            yield from (("goal value", one) for one in entry["goal_values"].values())
            yield "entry metadata", entry["metadata"]
    yield from (("link", one) for one in said["causal_links"].values())
    yield "hierarchy", said["goal_hierarchy"]
    yield from (("goal", one) for one in said["goal_hierarchy"]["nodes"].values())


def q_records(said: dict[str, Any]) -> Named:
    """Give out the records of a Q-table by their kinds."""
    yield "table", said
    yield from (("value", one) for one in said.get("q_table", {}).values())
    yield from (("experience", one) for one in said["experience_buffer"])
    yield from (("cluster", one) for one in said.get("tier2_clusters", {}).values())


def brain_records(said: dict[str, Any]) -> Named:
    """Give out the records of a brain by their kinds; lists that are text have none."""
    yield "brain", said
    for kind, name in (("trace", "hippocampus"), ("pattern", "neocortex")):
        if isinstance(said[name], list):
            yield from ((kind, one) for one in said[name])


def todo_records(said: dict[str, Any]) -> Named:
    """Give out the records of a task list by their kinds."""
    yield "list", said
    yield from (("task", one) for one in said["subtasks"].values())


def episode_records(said: dict[str, Any]) -> Named:
    """Give out the records of an episode by their kinds."""
    yield "episode", said
    yield "episode metadata", said["metadata"]
    yield from (("step", one) for one in said["trajectory"])


def shapes(records: Named) -> dict[str, Shape]:
    """Return the types that each field of each kind of record has."""
    found: dict[str, Shape] = {}
    for kind, record in records:
        shape = found.setdefault(kind, {})
        for name, value in record.items():
            shape.setdefault(name, set()).add(type(value).__name__)
    return found


def original_records() -> Named:
    """Give out all records of the original's trees, those of its vault and of its classes."""
    yield from memory_records(document("direct/shared_memory.json"))
    for path in texts():
        if path.startswith("direct/local_memories/"):
            yield from memory_records(document(path))
    yield from q_records(document("direct/q_predictor.json"))
    yield from q_records(document(f"{VAULT}/q_tables/q_predictor_buffer.json"))
    yield from brain_records(document(f"{VAULT}/brain_state/consolidated_memories.json"))
    yield from brain_records(document(f"{SESSION}/brain_state/consolidated.json"))
    yield from todo_records(document(f"{VAULT}/markovian_todos/todo_state.json"))
    yield from episode_records(document(f"{VAULT}/episode_history/episode_3.json"))
