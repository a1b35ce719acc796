"""Sessions that verify, when they end, what they have recorded: every run of every test is then a test of the rules."""

from jotty_events.reading.replay import Replay, digests
from jotty_events.reading.verify import verify
from jotty_events.reenacting import deep
from jotty_events.relearning.beginning import Means
from jotty_events.relearning.changes import Changes
from jotty_events.relearning.refold import STATUS, Refold
from jotty_events.runs.point import Point
from jotty_events.runs.tree import Tree
from jotty_events.session import Session
from projections import READ_MODELS


def install(*, refolding: bool = False) -> None:
    """Let every session verify its run deeply at its end, or learn its line again; AssertionError says what differs.

    What is learned again is not learned again once more.
    """
    close = Session.close

    def closing(session: Session, status: str) -> None:
        writer = session.writer
        ours = writer is not None and writer.is_mine and not writer.closed and status != STATUS
        close(session, status)
        if writer is None or not ours:
            return
        if refolding:
            _refold(session._tree, Point(writer.run, writer.mark.seq))
        else:
            found = verify(session._tree, [writer.run], deep=deep)
            assert list(found) == [], str(found)

    setattr(Session, "close", closing)  # noqa: B010 - mypy takes an assignment for another method


def _refold(tree: Tree, point: Point) -> None:
    """Learn a line again, and compare the state with that of a replay (law L9)."""
    replay = Replay(READ_MODELS)
    replay.run(tree.lineage(point).records())
    means = Means(lambda: 0.0, bytes, "test")
    found = Refold(tree, READ_MODELS, Changes(), means).state(point)
    assert (found.digests(), found.skipped) == (digests(READ_MODELS, replay.result.states), {}), str(found)
