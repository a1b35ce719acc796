"""Makes histories to measure with: `python tools/generate.py synthetic|train --output DIR …`."""

import sys
import time
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from jotty_events.log.files import DiskFiles
from jotty_events.types import Durability
from tools.loads.environments import ENVIRONMENTS, Training, train
from tools.loads.synthetic import Load, synthesize

_output = click.option("--output", required=True, type=click.Path(file_okay=False), help="The folder of the history.")
_seed = click.option("--seed", type=int, default=0, show_default=True, help="What everything follows from.")
_durability = click.option(
    "--durability", type=click.Choice([one.value for one in Durability]), default=Durability.OS.value, show_default=True
)


@click.group()
def main() -> None:
    """Make histories: from a seed, or by learning in an environment."""


@main.command()
@_output
@_seed
@_durability
@click.option("--events", type=click.IntRange(1), default=100_000, show_default=True, help="Events in all.")
@click.option("--keys", type=click.IntRange(1), default=1000, show_default=True, help="Entries of the Q-table.")
@click.option("--agents", type=click.IntRange(1), default=1, show_default=True)
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True, help="Runs, each the parent of the next.")
@click.option("--forks", type=click.IntRange(0), default=0, show_default=True, help="Experiments that begin at runs.")
@click.option("--whole", is_flag=True, help="Whole learning steps and episodes, not only Q updates.")
def synthetic(
    output: str, seed: int, durability: str, events: int, keys: int, agents: int, runs: int, forks: int, whole: bool
) -> None:
    """Make up a history."""
    load = Load(events, keys, agents, runs, forks, seed, whole, durability=Durability(durability))
    began = time.perf_counter()
    written = synthesize(DiskFiles(output), load)
    click.echo(f"{len(written)} runs, about {events} events in {time.perf_counter() - began:.1f} s")


@main.command("train")
@_output
@_seed
@_durability
@click.option("--environment", type=click.Choice(sorted(ENVIRONMENTS)), default="taxi", show_default=True)
@click.option("--episodes", type=click.IntRange(1), default=100, show_default=True)
def train_command(output: str, seed: int, durability: str, environment: str, episodes: int) -> None:
    """Learn in a Gymnasium environment, every step logged."""
    began = time.perf_counter()
    done = train(output, Training(environment, episodes, seed, durability=Durability(durability)))
    late = done.reached[-max(1, episodes // 10) :]
    click.echo(
        f"{done.run}: {done.steps} steps in {time.perf_counter() - began:.1f} s; "
        f"of the last {len(late)} episodes {sum(late)} reached the goal"
    )


if __name__ == "__main__":
    main()
