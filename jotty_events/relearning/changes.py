"""What is different when a history is learned again: rules, parameters, and what is left out.

Invariants: only what learning follows from can be changed, not where or how runs are kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ..config import JottyConfig
from ..errors import ConfigError, PointError, UnknownRules
from ..events import RunStarted
from ..rules import VERSIONS
from ..runs.point import GRAMMAR, Point, parse
from ..runs.tree import Tree
from .leaving_out import LeftOut

_KEPT_BY = {
    "learning_mode",
    "output_base_dir",
    "create_run_folder",
    "auto_load_on_start",
    "start_from",
    "auto_save_interval",
    "max_runs_to_keep",
    "snapshot_interval",
    "pack_threshold_bytes",
    "pack_threshold_runs",
    "persist_memories",
    "persist_q_tables",
    "persist_brain_state",
    "persist_todos",
    "experiment",
    "branches",
    "durability",
    "commit_interval",
    "segment_bytes",
    "rules_version",
    "enable_learning",
    "seed",
    "model_timeout",
    "actor_timeout",
}
"""Settings that nothing that was observed is learned by."""
PARAMETERS = tuple(name for name in JottyConfig.model_fields if name not in _KEPT_BY)


@dataclass(frozen=True)
class Changes:
    """Settings in the place of those that runs were learned by; `rules` is a version, None for that of each run."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    rules: int | None = None
    out: LeftOut = field(default_factory=LeftOut)

    @property
    def only_leave_out(self) -> bool:
        """Whether all that comes before what is left out stays as it is."""
        out = self.out
        return bool(out.runs or out.places) and not (self.parameters or self.rules or out.only)

    def changes_lessons(self, started: RunStarted) -> bool:
        """Say whether what was observed in a run may teach something else by now."""
        return bool(self.parameters) or self.rules not in (None, started.rules)

    def settings(self, started: RunStarted) -> JottyConfig:
        """Return what a run is learned by now; UnknownRules or ConfigError name the run that cannot be."""
        rules = started.rules if self.rules is None else self.rules
        if started.rules not in VERSIONS:
            known = " and ".join(map(str, VERSIONS))
            message = f"{started.run} was learned by rules version {started.rules}, and versions {known} are known here"
            raise UnknownRules(message, hint="upgrade jotty-events, or leave that run out")
        try:
            return JottyConfig(**{**started.config, **self.parameters, "rules_version": rules})
        except ConfigError as error:
            raise ConfigError(f"{started.run} cannot be learned again: {error.message}", hint=error.hint) from error


def changes(
    tree: Tree, rules: int | None, without: Iterable[str | Point], only: Iterable[str], parameters: Mapping[str, Any]
) -> Changes:
    """Return what is asked for; ConfigError for no such parameter or rules, PointError or UnknownRun."""
    if isinstance(without, str) or isinstance(only, str):
        raise ConfigError("without and only are lists", hint='write without=["run_20260106_120000"]')
    for name in parameters:
        if name not in PARAMETERS:
            raise _no_parameter(name)
    if rules is not None and rules not in VERSIONS:
        raise ConfigError(f"there are no rules of version {rules!r}", hint=f"versions are {VERSIONS}")
    places = [_place(tree, str(one)) for one in without]
    runs = frozenset(one for one in places if isinstance(one, str))
    records = frozenset(one for one in places if not isinstance(one, str))
    return Changes(dict(parameters), rules, LeftOut(runs, records, frozenset(only)))


def _no_parameter(name: str) -> ConfigError:
    near = get_close_matches(name, PARAMETERS, 1)
    hint = "use rules=1 or rules=2" if name == "rules_version" else f"did you mean {near[0]}?" if near else ""
    return ConfigError(f"{name[:80]!r} is nothing that is learned by", hint=hint or "see help(JottyConfig)")


def _place(tree: Tree, text: str) -> str | tuple[str, int]:
    """Return the run, or the run and the seq, that are to be left out."""
    expression = parse(text)
    if expression.run is None or expression.nth is not None or expression.time is not None or expression.back:
        raise PointError(f"{text[:80]!r} names no run or record to leave out", hint=f"RUN or RUN@SEQ, not {GRAMMAR}")
    if expression.seq is None:
        return tree.run(expression.run).run
    point = tree.resolve(text)
    return point.run, point.seq
