"""Measures, ours beside the peers in one run: `python tools/bench.py [--json] [--only NAME] [--scale F]`.

Every figure is a median; ours and a peer's take turns, so that a machine whose speed drifts slows both alike. What the
budgets are is said in the benches, what the figures mean in BENCHMARKS.md. Nothing here is a test.
"""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.benches.append import bench_append
from tools.benches.clock import ROUNDS
from tools.benches.experience import bench_experience
from tools.benches.explaining import bench_explain
from tools.benches.figure import Figure, Unavailable
from tools.benches.growth import bench_growth
from tools.benches.loading import bench_load
from tools.benches.replaying import bench_replay
from tools.benches.sizes import bench_sizes
from tools.benches.travel import bench_travel

BENCHES: dict[str, Callable[[float], Iterator[Figure]]] = {
    "append": bench_append,
    "replay": bench_replay,
    "experience": bench_experience,
    "load": bench_load,
    "sizes": bench_sizes,
    "travel": bench_travel,
    "growth": bench_growth,
    "explain": bench_explain,
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--only", type=click.Choice(sorted(BENCHES)), multiple=True, help="Measure only this.")
@click.option(
    "--scale", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="Times as much."
)
def main(as_json: bool, only: tuple[str, ...], scale: float) -> None:
    """Measure, and print what was measured."""
    console = Console(stderr=True)
    figures, missing = [], {}
    for name, bench in BENCHES.items():
        if not only or name in only:
            with console.status(f"measuring {name}"):
                try:
                    figures += list(bench(scale))
                except Unavailable as error:
                    missing[name] = str(error)
    if as_json:
        found = [one.to_dict() for one in figures]
        click.echo(json.dumps({**about(), "scale": scale, "figures": found, "missing": missing}, indent=1))
    else:
        _show(figures, missing)


def about() -> dict[str, str | int]:
    """Return what the figures depend on: machine, system, Python, and how often each was taken."""
    cpus = os.cpu_count() or 0
    return {
        "machine": f"{platform.machine()}, {cpus} CPUs, {platform.system()}",
        "python": platform.python_version(),
        "rounds": ROUNDS,
    }


def _show(figures: list[Figure], missing: dict[str, str]) -> None:
    said = about()
    table = Table(title=f"{said['machine']}, Python {said['python']}; medians of at least {ROUNDS}")
    for heading in ("bench", "what", "figure", "ratio", "budget", ""):
        table.add_column(heading, justify="right" if heading in ("figure", "ratio", "budget") else "left")
    for one in figures:
        ratio = "" if one.ratio is None else f"{one.ratio:.3g} x {one.beside}".strip()
        met = {True: "met", False: "[red]not met", None: ""}[one.met]
        table.add_row(one.bench, one.what, f"{one.value:,.4g} {one.unit}", ratio, str(one.budget or ""), met)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    for name, why in missing.items():
        console.print(f"{name}: not measured, {why}")


if __name__ == "__main__":
    main()
