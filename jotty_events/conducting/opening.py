"""How a session is opened in each learning mode: where it starts from, and where it is appended.

Invariants: DISABLED writes nothing, not even a lock, and makes no folder. PERSISTENT begins a run of its own before
anything is learned, on a parent that is on disk. Nobody is left behind silently: what the new run does not continue
is named in a warning.
"""

import platform
import warnings
from collections.abc import Iterator, Sequence

from ..config import JottyConfig
from ..errors import BranchesLeft, ConfigError, JottyError
from ..events import Left
from ..learning.learners import Learners
from ..learning.unwritten import dropped, tags_of_only
from ..log.files import DiskFiles
from ..log.memory_files import MemoryFiles
from ..projection import Projection
from ..reading.snapshot.saving import Saving
from ..relearning.absorb import Absorbing
from ..runs.auto_packing import Threshold
from ..runs.branches import Branch, Line, branches, left_by_now
from ..runs.point import Point
from ..runs.tree import Tree
from ..runs.writer import RunPlan
from ..session import Session
from ..types import Branches, Clock, Durability, Entropy, LearningMode

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
        self._branches: list[Branch] = []
        self._line = Line([])
        self._left: Left | None = None

    def open(self) -> Session:
        """Return the session; PointError, FormatError, Corruption, ConfigError or WriteFailed say why there is none."""
        mode = self._config.learning_mode
        try:
            self._left = self._leaving(mode)
            start = self._start(mode)
            self._branches, self._line = self._beside(start, mode)
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
            dropped=dropped(self._config),
            unwritten=tags_of_only(dropped(self._config)),
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

    def _leaving(self, mode: LearningMode) -> Left | None:
        """Return what the run leaves on purpose, if it is to: for a point that was asked for, or for `latest` only."""
        config = self._config
        asked = config.start_from is not None or not config.auto_load_on_start or config.branches is Branches.LATEST
        return left_by_now(self._disk) if asked and mode is LearningMode.PERSISTENT else None

    def _left_out(self, start: Point | None, mode: LearningMode) -> Iterator[str]:
        """Say what a run that starts there does not continue; a point that was asked for leaves others on purpose."""
        if start is None or mode is not LearningMode.PERSISTENT:
            return
        run = self._disk.run(start.run)
        if run.live:
            yield f"{run.run} is still being written: this run starts from what it had on disk by now"
        for left in self._branches:
            if self._config.branches is Branches.LATEST:
                yield (
                    f"{left.run} learned records {left.first} to {left.last} beside {run.run};"
                    " this run does not continue from them"
                )
            elif left.live and left.run != run.run:
                yield f"{left.run} is still being written beside {run.run}: a run that begins after its end absorbs it"

    def _beside(self, start: Point | None, mode: LearningMode) -> tuple[list[Branch], Line]:
        """Return the branches beside the run; BranchesLeft where it is not to begin beside any."""
        config = self._config
        asked = config.start_from is not None or not config.enable_learning or self._experiment(start)
        if start is None or asked or mode is not LearningMode.PERSISTENT:
            return [], Line([])
        found, line = branches(self._disk, start)
        if found and config.branches is Branches.FAIL:
            named = ", ".join(f"{one.run} ({one.first} to {one.last})" for one in found)
            raise BranchesLeft(
                f"beside {start} something else was learned: {named:.200}",
                hint='take it up with branches="absorb", or leave it on purpose with start_from="latest"',
            )
        return found, line

    def absorb(self, session: Session, learners: Learners) -> None:
        """Absorb the branches that have ended; one that cannot be is left, with a warning. WriteFailed, RunClosed."""
        absorbing = Absorbing(self._disk, session, self._config, learners, self._line)
        for branch in self._branches:
            if branch.live or self._config.branches is not Branches.ABSORB:
                continue
            try:
                absorbing.absorb(branch)
            except JottyError as error:
                if session.writer is None or session.writer.closed:
                    raise
                warnings.warn(f"{branch.run} was not absorbed: {error}", HistoryWarning, stacklevel=3)

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
            left=self._left,
            experiment=self._experiment(start),
            durability=config.durability if persistent else Durability.OS,
            interval=config.commit_interval,
            segment_bytes=config.segment_bytes,
        )

    def _experiment(self, start: Point | None) -> bool:
        """Say whether the run is an experiment: as was asked for, else as the run that it starts from."""
        asked = self._config.experiment
        return asked if asked is not None else start is not None and self._disk.run(start.run).manifest.experiment
