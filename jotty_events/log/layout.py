"""Every file name of a history stands here, and nowhere else.

Invariants: a run id is `run_YYYYMMDD_HHMMSS`, UTC, of fixed width, so that the order of ids as text is the order of
their starts. A segment is named by its first seq in twelve digits, so that the order of names is that of seqs.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ..errors import ConfigError, PointError

MANIFEST = "run.json"
LOCK = "LOCK"
EVENTS = "events"
LATEST = "latest"
SNAPSHOTS = "snapshots"
PACKS = "packs"
PACKS_LOCK = f"{PACKS}/LOCK"
PACKS_BEGUN = f"{PACKS}/begun"
"""Where packs are written: a level deeper than those that are done, so that no pattern for those finds them."""
PACK_MANIFEST = "pack.json"
UNPACKING = "unpacking"
"""Where the runs of a bundle are written before they get their names."""
UNPACKING_LOCK = f"{UNPACKING}/LOCK"
COMMITS = "commits"
OTHER = "other"

_RUN_ID = re.compile(r"run_\d{8}_\d{6}", re.ASCII)
_PACK_ID = re.compile(r"pack_\d{8}_\d{6}", re.ASCII)
_SEGMENT = re.compile(r"\d{12,}\.jsonl", re.ASCII)
_SNAPSHOT = re.compile(r"(\d{12,})(?:-\d+)?", re.ASCII)
_FORM = "run_%Y%m%d_%H%M%S"


def is_run_id(name: str) -> bool:
    """Say whether a name is the id of a run."""
    return _RUN_ID.fullmatch(name) is not None


def run_id(now: float) -> str:
    """Return the id of a run that starts at `now`, in seconds since 1970; ConfigError outside the calendar."""
    try:
        start = datetime.fromtimestamp(now, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(
            f"the clock says {now!r:.40}, which is in no calendar",
            hint="a clock gives seconds since 1970, as time.time",
        ) from error
    return _named(start)


def _named(start: datetime) -> str:
    # Not every system fills up the year with zeros.
    return f"run_{start.year:04}{start:%m%d_%H%M%S}"


def run_id_after(earlier: str) -> str:
    """Return the id one second after another; PointError if that is no date."""
    try:
        return _named(datetime.strptime(earlier, _FORM).replace(tzinfo=UTC) + timedelta(seconds=1))
    except (ValueError, OverflowError) as error:
        raise PointError(
            f"{earlier} has the form of a run id but is no date", hint="move that folder out of the output folder"
        ) from error


def is_segment(name: str) -> bool:
    """Say whether a name is that of a segment."""
    return _SEGMENT.fullmatch(name) is not None


def manifest(run: str) -> str:
    """Return the path of a run's manifest."""
    return f"{run}/{MANIFEST}"


def lock(run: str) -> str:
    """Return the path of a run's lock file."""
    return f"{run}/{LOCK}"


def events(run: str) -> str:
    """Return the path of a run's folder of segments."""
    return f"{run}/{EVENTS}"


def segment(run: str, first: int) -> str:
    """Return the path of the segment that begins with seq `first`."""
    return f"{run}/{EVENTS}/{first:012d}.jsonl"


def snapshots(run: str) -> str:
    """Return the path of a run's folder of snapshots."""
    return f"{run}/{SNAPSHOTS}"


def snapshot(run: str, seq: int, turn: int = 0) -> str:
    """Return the path of a snapshot after a seq; what an earlier attempt left there moves it on to another `turn`."""
    return f"{run}/{SNAPSHOTS}/{seq:012d}" + (f"-{turn}" if turn else "")


def seq_of_snapshot(name: str) -> int | None:
    """Return the seq that a snapshot's folder is named by, None if it is none."""
    found = _SNAPSHOT.fullmatch(name)
    return int(found[1]) if found else None


def tail(run: str, first: int) -> str:
    """Return the path of what a killed writer left unfinished in the segment that begins with `first`, kept aside."""
    return f"{run}/{EVENTS}/{first:012d}.tail"


def is_tail(name: str) -> bool:
    """Say whether a name is that of a tail kept aside."""
    return name.endswith(".tail") and is_segment(name.replace(".tail", ".jsonl"))


def is_pack_id(name: str) -> bool:
    """Say whether a name is the id of a pack."""
    return _PACK_ID.fullmatch(name) is not None


def pack_id(now: float, taken: Iterable[str]) -> str:
    """Return the id of a pack that is made at `now`, in seconds since 1970: greater than all that are taken."""
    mine = run_id(now)
    last = max((f"run{one.removeprefix('pack')}" for one in taken if is_pack_id(one)), default="")
    return f"pack{(run_id_after(last) if mine <= last else mine).removeprefix('run')}"


def pack(pack: str) -> str:
    """Return the path of a pack's folder."""
    return f"{PACKS}/{pack}"


def begun_pack(pack: str) -> str:
    """Return the path of the folder in which a pack is written."""
    return f"{PACKS_BEGUN}/{pack}"


def unpacking(run: str) -> str:
    """Return the path of the folder in which a run of a bundle is written."""
    return f"{UNPACKING}/{run}"


def table(folder: str, name: str) -> str:
    """Return the path of a table in a pack's folder."""
    return f"{folder}/{name}.parquet"


def pack_manifest(folder: str) -> str:
    """Return the path of the manifest in a pack's folder."""
    return f"{folder}/{PACK_MANIFEST}"
