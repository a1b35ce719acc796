"""A made-up ledger of payments, and the SQLite database that the demo's agent is let loose on.

Invariants: the ledger follows from its seed alone. The database holds exactly the ledger, is complete as soon as its
name exists, and lies beside the runs, never inside one. Its days can be told apart by the partition column only:
`created_at` counts milliseconds, which SQLite's date() does not take for a time.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import cache
from os import PathLike, getpid
from pathlib import Path
from random import Random
from typing import NamedTuple

from ..errors import JottyError, NameTaken, WriteFailed

FIRST_DAY = date(2026, 1, 1)
DAYS = tuple((FIRST_DAY + timedelta(days=n)).isoformat() for n in range(7))
SEED = 20260101
MARK = 0x4A4F5459
"""SQLite's application id of the demo's databases, by which one is told from anybody else's file."""
VERSION = 1

_KINDS = {"P2P": 5, "P2M": 6, "BILL": 2, "RECHARGE": 2, "REFUND": 1}
_CHANNELS = {"UPI": 7, "CARD": 2, "WALLET": 1}
_STATUSES = {"SETTLED": 18, "PENDING": 1, "FAILED": 1}
_LEAST_A_DAY, _MOST_A_DAY = 1500, 2100

_SCHEMA = """
CREATE TABLE payments (
    payment_id INTEGER PRIMARY KEY,
    created_at INTEGER NOT NULL,
    payment_type TEXT NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    amount_paise INTEGER NOT NULL,
    dl_last_updated TEXT NOT NULL
);
CREATE INDEX payments_by_partition ON payments (dl_last_updated, payment_type);
"""


class Payment(NamedTuple):
    """One payment. `created_at` is in milliseconds since 1970, `dl_last_updated` the day (UTC) as YYYY-MM-DD."""

    payment_id: int
    created_at: int
    payment_type: str
    channel: str
    status: str
    amount_paise: int
    dl_last_updated: str


def ledger(seed: int = SEED) -> Iterator[Payment]:
    """Make up the payments, oldest day first."""
    random = Random(seed)
    number = 0
    for day in DAYS:
        midnight = round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
        for _ in range(random.randint(_LEAST_A_DAY, _MOST_A_DAY)):
            number += 1
            yield Payment(
                number,
                midnight + random.randrange(24 * 60 * 60 * 1000),
                _drawn(random, _KINDS),
                _drawn(random, _CHANNELS),
                _drawn(random, _STATUSES),
                random.randint(100, 5_000_000),
                day,
            )


def _drawn(random: Random, weights: dict[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]


@cache
def books() -> Counter[tuple[str, str]]:
    """Count the ledger's payments by (day, type), without a database: what a right answer is known by."""
    return Counter((one.dl_last_updated, one.payment_type) for one in ledger())


def database_in(output: str | PathLike[str]) -> Path:
    """Return where the database of an output folder lies."""
    return Path(output) / "demo" / "payments.sqlite"


def require_database(output: str | PathLike[str]) -> Path:
    """Return the database of an output folder, built if it is missing.

    WriteFailed if it cannot be built, NameTaken if another file has its name: nothing that is not ours is replaced.
    """
    path = database_in(output)
    try:
        if path.exists():
            _require_ours(path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _build(path)
    except (OSError, sqlite3.Error) as error:
        raise _not_built(path, error) from error
    return path


def _not_built(path: Path, error: Exception) -> JottyError:
    hint = "name an --output that is a folder you can write to"
    return WriteFailed(f"the demo's database {path} cannot be built: {error}", file=str(path), hint=hint)


def _build(path: Path) -> None:
    """Write the ledger beside its place, then put it there in one step: two demos at once do no harm."""
    unfinished = path.with_name(f"{path.name}.{getpid()}.new")
    unfinished.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(unfinished)) as connection, connection:
            connection.executescript(f"PRAGMA application_id = {MARK}; PRAGMA user_version = {VERSION}; {_SCHEMA}")
            connection.executemany(f"INSERT INTO payments VALUES ({', '.join('?' * len(Payment._fields))})", ledger())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_only(path: Path) -> sqlite3.Connection:
    """Open a database that must exist, and change nothing in it; sqlite3.OperationalError if it is not there."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _require_ours(path: Path) -> None:
    if not path.is_file() or _marks(path) != [MARK, VERSION]:
        raise NameTaken(f"{path} is not this demo's database", hint="move it away, and the demo builds a new one")


def _marks(path: Path) -> list[int]:
    try:
        with closing(read_only(path)) as connection:
            return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    except sqlite3.DatabaseError:
        return []
