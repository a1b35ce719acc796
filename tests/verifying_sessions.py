"""Sessions that verify, when they end, what they have recorded: every run of every test is then a test of the rules."""

from jotty_events.reading.verify import verify
from jotty_events.reenacting import deep
from jotty_events.session import Session


def install() -> None:
    """Let every session verify its own run deeply at its end; AssertionError names what does not follow."""
    close = Session.close

    def closing(session: Session, status: str) -> None:
        writer = session.writer
        ours = writer is not None and writer.is_mine and not writer.closed
        close(session, status)
        if writer is not None and ours:
            found = verify(session._tree, [writer.run], deep=deep)
            assert list(found) == [], str(found)

    setattr(Session, "close", closing)  # noqa: B010 - mypy takes an assignment for another method
