"""Reading one episode, and what is kept as it is: settings, and task lists in words."""

from collections.abc import Iterator
from typing import ClassVar

from projections import episodes as tables

from ..schemas import episode as schema
from ..schemas.strict import Original
from .reading import UNKNOWN, Reader
from .rows import Row

_OURS: dict[str, type] = {
    **dict.fromkeys(("run", "goal", "domain", "status"), str),
    **dict.fromkeys(("reward", "started"), float),
    "success": bool,
}
"""What an export of ours says of an episode among its metadata, where the original's callers say what they like."""


class EpisodeReader(Reader):
    """Reads the file of an episode. What was done in it step by step is kept in its row, and exported again."""

    kind = "episode"
    model = schema.EpisodeFile

    def _finish(self, found: schema.EpisodeFile) -> Iterator[Row]:
        self.entries += 1
        said = {name: value for name, value in found.metadata.items() if type(value) is _OURS.get(name)}
        row = {
            "episode": self.place.numbers.at_least("episodes", found.episode),
            "run": self.place.folder,
            "goal": "",
            "domain": "",
            "status": "imported",
            "attempts": len(found.trajectory),
            "started": found.timestamp,
            "ended": found.timestamp,
            **said,
        }
        kept = {"metadata": found.metadata, "trajectory": found.trajectory}
        yield Row("episodes", tables.EPISODES.name, row | {UNKNOWN: kept})


class TextReader(Reader):
    """Keeps a task list in words: the original's session manager writes no other."""

    kind = "todo_text"
    model: ClassVar[type[Original]] = Original
    as_text = True


class SettingsReader(Reader):
    """Keeps a file of settings as it is: they are those of another program, and no run of ours goes by them."""

    kind = "settings"
    model: ClassVar[type[Original]] = Original
