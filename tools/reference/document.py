"""Reading reference documents, plain or compressed, and replaying them."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import Document, runners
from .compare import Comparison
from .descriptions import described

AS_ABOVE = "same as top level"
_GZIP = b"\x1f\x8b"


class Malformed(Exception):
    """A file that is no reference document: says where and what is wrong."""


@dataclass(frozen=True)
class Checked:
    """What a document's replay gave: calls that were made, values that were compared, those that differ."""

    file: str
    calls: int
    comparison: Comparison

    @property
    def agrees(self) -> bool:
        """Say whether something was compared, and nothing differs."""
        return self.comparison.values > 0 and self.comparison.differ == 0

    def to_dict(self) -> Document:
        """Return the line of JSON that says so."""
        compared = self.comparison
        return {
            "file": self.file,
            "calls": self.calls,
            "values": compared.values,
            "differ": compared.differ,
            "first": compared.first,
        }


def check(file: str, most: int = 5) -> Checked:
    """Replay a document and all its scenarios; Malformed if it is none."""
    comparison = Comparison(most)
    calls = 0
    for name, document in _parts(load(file)):
        calls += len(_listed(document, "inputs", name))
        _check(name, document, comparison)
    return Checked(file, calls, comparison)


def load(file: str) -> Document:
    """Read a document, plain or compressed; Malformed if it cannot be read."""
    try:
        data = Path(file).read_bytes()
        plain = gzip.decompress(data) if data.startswith(_GZIP) else data
        found = json.loads(plain)
    except (OSError, EOFError, zlib.error) as error:
        raise Malformed(f"cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise Malformed(f"is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Malformed(f"is {type(found).__name__}, not a JSON object")
    return found


def _parts(document: Document) -> Iterator[tuple[str, Document]]:
    """Yield the document itself and its scenarios, each with its place; a scenario may have the inputs above."""
    scenarios = _listed({"scenarios": [], **document}, "scenarios", "$")
    top = {name: value for name, value in document.items() if name != "scenarios"}
    if "expected" in top or not scenarios:
        yield "$", top
    for i, scenario in enumerate(scenarios):
        place = f"$.scenarios[{i}]"
        if not isinstance(scenario, dict):
            raise Malformed(f"{place} is {type(scenario).__name__}, not an object")
        shared = {**top, **scenario, "inputs": top.get("inputs"), "described": "above"}
        yield place, shared if scenario.get("inputs") == AS_ABOVE else {"runner": top.get("runner"), **scenario}


def _listed(document: Document, name: str, place: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list):
        raise Malformed(f"{place}.{name} is {type(found).__name__}, not a list")
    return found


def _check(place: str, document: Document, comparison: Comparison) -> None:
    expected = document.get("expected")
    if not isinstance(expected, dict) or not expected:
        raise Malformed(f"{place}.expected is no object with values: nothing to compare with")
    runner = document.get("runner")
    replay = runners().get(runner) if isinstance(runner, str) else None
    if replay is None:
        raise Malformed(f"{place}.runner is {runner!r:.60}, which is none of {', '.join(runners())}")
    try:
        got = replay(document)
    except Exception as error:  # noqa: BLE001 - whatever a replay raises is a difference, in all that it did not give
        said = "; ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])
        comparison.differs(f"{place}.expected", expected, f"the replay raised {said}")
    else:
        comparison.compare(expected, got, f"{place}.expected")
    if "described" not in document:
        _check_texts(place, document, comparison)


def _check_texts(place: str, document: Document, comparison: Comparison) -> None:
    try:
        for where, said, found in described(document):
            comparison.compare(said, found, f"{place}.{where}")
    except Exception as error:  # noqa: BLE001 - a text that cannot be made is a difference
        comparison.differs(f"{place}.inputs", "the texts of the arguments", f"{type(error).__name__}: {error}")
