"""The adapted learning rate as JSON, which the original forgets between runs (P14)."""

from collections.abc import Iterator, Mapping
from typing import Any

from projections.memory import ADAPTING, PARAMETERS, SAMPLES, Memory

from ...types import Json

LEARNER = "td"
ERROR, SUCCESS = KINDS = "error", "success"


def rate_as_dict(memory: Memory) -> Json:
    """Return the rate that was learned (null: none was), and the samples that the next one follows from."""
    return {
        "alpha": memory.parameter("alpha"),
        "samples": {
            kind: {
                "fresh": memory.adapting(LEARNER, kind)[1],
                "values": memory.samples(LEARNER, kind),
            }
            for kind in KINDS
        },
    }


def rate_rows(said: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    """Give out the rows of the memory's tables that such a rate stands for."""
    if said.get("alpha") is not None:
        yield PARAMETERS.name, {"name": "alpha", "value": float(said["alpha"])}
    for kind in KINDS:
        one = said.get("samples", {}).get(kind, {})
        values = [float(value) for value in one.get("values", ())]
        of = {"learner": LEARNER, "kind": kind}
        if values or one.get("fresh"):
            yield ADAPTING.name, {**of, "held": len(values), "fresh": int(one.get("fresh", 0))}
        yield from ((SAMPLES.name, {**of, "value": value}) for value in values)
