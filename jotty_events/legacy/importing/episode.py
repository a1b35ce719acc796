"""Reading one episode, and what is kept as it is: settings, and task lists in words."""

from collections.abc import Iterator
from typing import ClassVar

from projections import episodes as tables

from ..schemas import episode as schema
from ..schemas.strict import Original
from .reading import Reader
from .rows import Row


class EpisodeReader(Reader):
    """Reads the file of an episode. What was done in it step by step is kept with the event that names the file."""

    kind = "episode"
    model = schema.EpisodeFile

    def _finish(self, found: schema.EpisodeFile) -> Iterator[Row]:
        self.entries += 1
        row = {
            "episode": self.place.numbers.at_least("episodes", found.episode),
            "run": self.place.folder,
            "goal": "",
            "domain": "",
            "status": "imported",
            "attempts": len(found.trajectory),
            "started": found.timestamp,
            "ended": found.timestamp,
        }
        self.unknown |= {"metadata": found.metadata, "trajectory": found.trajectory}
        yield Row("episodes", tables.EPISODES.name, row)


class TextReader(Reader):
    """Keeps a task list in words: the original's session manager writes no other."""

    kind = "todo_text"
    model: ClassVar[type[Original]] = Original
    as_text = True


class SettingsReader(Reader):
    """Keeps a file of settings as it is: they are those of another program, and no run of ours goes by them."""

    kind = "settings"
    model: ClassVar[type[Original]] = Original
