"""The tree that a run keeps of its own state: written every few episodes, and when the run ends.

Invariants: the log is the truth, and the tree only a view of it. Whatever hinders writing it is a line in the log of
the program that names the file, and never stops a run. No clock is looked at and nothing random is drawn. Of all runs
only the newest few keep their trees; nothing else of a run is ever removed here.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ...agents.json_file import as_bytes
from ...config import JottyConfig
from ...errors import JottyError
from ...events import EpisodeEnded, Event
from ...log import layout as history_layout
from ...log.files import Files
from ...runs.point import Point
from ...runs.tree import Tree as History
from ...session import Session
from . import layout
from .episodes import EpisodeBook
from .picture import Picture, Whence
from .writing import LOG, Tree

LOOKED_AT = 100
"""How many runs, beside those that keep their trees, are looked at for trees that are too many."""

WORTH = 20_000
"""How many bytes of a tree one event is worth: a huge one is written more rarely, so that learning never waits long."""

_FLAGS = {
    "memory": "persist_memories",
    "q_table": "persist_q_tables",
    "brain": "persist_brain_state",
    "todos": "persist_todos",
}


def wanted(config: JottyConfig) -> list[str]:
    """Return the parts of a state that are to be kept."""
    return [part for part, flag in _FLAGS.items() if getattr(config, flag)]


def home(config: JottyConfig, run: str) -> str:
    """Return the folder of a run's tree: its own, or one for all runs."""
    return f"{run}/{layout.FOLDER}" if config.create_run_folder else layout.FOLDER


def picture_of(session: Session, config: JottyConfig, at: float) -> Picture:
    """Return the live state of a session, as it is now."""
    seq = session.seq
    run = session.run or (session.start.run if session.start else "")
    whence = Whence(str(Point(run, seq)) if run else "", round(at * 1e6) / 1e6, session.rules, config)
    return Picture(session.states, whence, wanted(config))


class Following:
    """Keeps the tree of one run."""

    def __init__(self, session: Session, files: Files, config: JottyConfig) -> None:
        """`files` are those of the output folder."""
        self._session = session
        self._files = files
        self._config = config
        self._tree = Tree(files, home(config, session.run or ""))
        self._book = EpisodeBook()
        self._told: dict[str, bytes] = {}
        self._fresh = not config.create_run_folder
        self._episodes = self._events = self._written = 0

    def __call__(self, events: Sequence[Event] | None, now: float) -> None:
        """Take note of a commit, or of the end of the run (None); `now` is in seconds since 1970."""
        if events is None:
            self._save(now)
            self._thin()
        else:
            self._appended(events, now)

    def _appended(self, events: Sequence[Event], now: float) -> None:
        """Write the tree if enough episodes have ended since the last time, and enough has happened to be worth it."""
        self._told.update((path, as_bytes(said)) for path, said in self._book.take(events))
        self._episodes += sum(isinstance(event, EpisodeEnded) for event in events)
        self._events += len(events)
        if self._episodes >= self._config.auto_save_interval and self._events * WORTH >= self._written:
            self._save(now)

    def _save(self, now: float) -> None:
        self._episodes = self._events = 0
        try:
            self._write(picture_of(self._session, self._config, now))
        except (OSError, JottyError) as error:
            LOG.warning("%s was not brought up to date: %s", self._tree.describe(), error)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a view, the run goes on
            LOG.warning("%s was not brought up to date: %r", self._tree.describe(), error)

    def _write(self, picture: Picture) -> None:
        paths = [*picture.paths(), *self._told]
        made = self._counted(chain(picture.files(), list(self._told.items())))
        # What another run left in a folder for all runs goes; what somebody saves beside this run's own files stays.
        self._tree.write(picture.whence.point, paths, made, fresh=self._fresh)
        self._fresh, self._told = False, {}

    def _counted(self, made: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        self._written = 0
        for path, data in made:
            self._written += len(data)
            yield path, data

    def _thin(self) -> None:
        """Take away the trees of all but the newest runs; another process may still write one of those."""
        for run in self._too_old():
            try:
                if not History(self._files).run(run).live:
                    Tree(self._files, f"{run}/{layout.FOLDER}").take_away()
            except (OSError, JottyError) as error:
                LOG.warning("the exported tree of %s was not removed: %s", run, error)

    def _too_old(self) -> Iterable[str]:
        keep = self._config.max_runs_to_keep
        runs = [name for name in reversed(self._files.names("")) if history_layout.is_run_id(name)]
        with_tree = [run for run in runs[: keep + LOOKED_AT] if self._has_tree(run)]
        return with_tree[keep:]

    def _has_tree(self, run: str) -> bool:
        """Say whether a folder is a run of ours with a tree that we wrote: the original's runs are called alike."""
        try:
            manifest, listing = history_layout.manifest(run), f"{run}/{layout.FOLDER}/{layout.LISTING}"
            return self._files.exists(manifest) and self._files.exists(listing)
        except (OSError, JottyError) as error:
            LOG.info("%s is passed over: %s", run, error)
            return False
