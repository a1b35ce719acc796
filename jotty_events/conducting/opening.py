"""How a session is opened in each learning mode: where it starts from, and where it is appended.

Invariants: DISABLED writes nothing, not even a lock, and makes no folder. PERSISTENT begins a run of its own before
anything is learned, on a parent that is on disk. Nobody is left behind silently: what the new run does not continue
is named in a warning.
"""

import platform
import warnings
from collections.abc import Iterator, Sequence

from projections import READ_MODELS

from ..config import JottyConfig
from ..errors import ConfigError
from ..events import tag_of
from ..log.files import DiskFiles
from ..log.memory_files import MemoryFiles
from ..projection import Projection
from ..reading.snapshot.saving import Saving
from ..runs.auto_packing import Threshold
from ..runs.point import Point
from ..runs.tree import Tree
from ..runs.writer import RunPlan
from ..session import Session
from ..types import Clock, Durability, Entropy, LearningMode

_SEED_BITS = 53


class HistoryWarning(UserWarning):
    """A history holds something that the new run does not continue, or continues only in part."""


class Opening:
    """Opens a session as a configuration says."""

    def __init__(
        self, config: JottyConfig, projections: Sequence[Projection], clock: Clock, entropy: Entropy, library: str
    ) -> None:
        self._config = config
        self._projections = projections
        self._clock = clock
        self._entropy = entropy
        self._library = library
        self._disk = Tree(DiskFiles(config.output_base_dir))

    def open(self) -> Session:
        """Return the session; PointError, FormatError, Corruption, ConfigError or WriteFailed say why there is none."""
        mode = self._config.learning_mode
        try:
            start = self._start(mode)
            for message in self._left_out(start, mode):
                warnings.warn(message, HistoryWarning, stacklevel=3)
            return self._begin(start, mode)
        except OSError as error:
            where = self._disk.files.describe("")
            raise ConfigError(f"{where} cannot be read: {error.strerror}", hint="name another output folder") from error

    def _begin(self, start: Point | None, mode: LearningMode) -> Session:
        drawn = int.from_bytes(self._entropy(8)) >> (64 - _SEED_BITS)
        seed = drawn if self._config.seed is None else self._config.seed
        if mode is LearningMode.DISABLED:
            return self._session(self._disk, start, None, seed, learns=False)
        tree = self._disk if mode is LearningMode.PERSISTENT else Tree(MemoryFiles(), beyond=self._disk)
        return self._session(tree, start, self._plan(start, mode, seed), seed, learns=self._config.enable_learning)

    def _session(self, tree: Tree, start: Point | None, plan: RunPlan | None, seed: int, *, learns: bool) -> Session:
        return Session(
            self._projections,
            clock=self._clock,
            tree=tree,
            start=start,
            plan=plan,
            seed=seed,
            rules=self._config.rules_version,
            learns=learns,
            dropped=self._dropped(),
            unwritten=_tags_of_only(self._dropped()),
            saving=self._saving() if plan and tree is self._disk else None,
            packing=self._packing() if plan and tree is self._disk else None,
        )

    def _saving(self) -> Saving:
        config = self._config
        return Saving(config.snapshot_interval, config.auto_save_interval, config.max_runs_to_keep)

    def _packing(self) -> Threshold:
        return Threshold(self._config.pack_threshold_bytes, self._config.pack_threshold_runs)

    def _start(self, mode: LearningMode) -> Point | None:
        """Return the point to start from: the one asked for, else `latest` unless the session is to start fresh."""
        if self._config.start_from is not None:
            return self._disk.resolve(self._config.start_from)
        if mode is LearningMode.CONTEXTUAL or not self._config.auto_load_on_start:
            return None
        latest = self._disk.latest()
        return None if latest is None or latest.end is None else Point(latest.run, latest.end.seq)

    def _left_out(self, start: Point | None, mode: LearningMode) -> Iterator[str]:
        """Say what a run that starts there does not continue; a point that was asked for leaves others on purpose."""
        if start is None or mode is not LearningMode.PERSISTENT:
            return
        run = self._disk.run(start.run)
        if run.live:
            yield f"{run.run} is still being written: this run starts from what it had on disk by now"
        for left in self._disk.left_behind(run) if self._config.start_from is None else ():
            yield (
                f"{left.run} learned records {left.first} to {left.last} beside {run.run};"
                " this run does not continue from them"
            )

    def _plan(self, start: Point | None, mode: LearningMode, seed: int) -> RunPlan:
        config = self._config
        persistent = mode is LearningMode.PERSISTENT
        return RunPlan(
            clock=self._clock,
            entropy=self._entropy,
            rules=config.rules_version,
            library=self._library,
            platform=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
            mode=mode.value,
            config=config.to_json(),
            seed=seed,
            parent=self._disk.parent(start, durably=persistent) if start else None,
            experiment=config.experiment,
            durability=config.durability if persistent else Durability.OS,
            interval=config.commit_interval,
            segment_bytes=config.segment_bytes,
        )

    def _dropped(self) -> list[str]:
        config = self._config
        kept = {
            "memory": config.persist_memories,
            "goals": config.persist_memories,
            "q_table": config.persist_q_tables,
            "brain": config.persist_brain_state,
            "todos": config.persist_todos,
        }
        return [name for name, persists in kept.items() if not persists]


def _tags_of_only(names: Sequence[str]) -> frozenset[str]:
    """Return the tags that only the named read models read; what a user's own projection reads changes nothing."""
    named = {tag_of(event) for model in READ_MODELS if model.name in names for event in model.reads}
    others = {tag_of(event) for model in READ_MODELS if model.name not in names for event in model.reads}
    return frozenset(named - others)
