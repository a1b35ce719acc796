"""Small histories that are packed, and what is the same before and after."""

from recording import append, begin, episode_end, let_go, run_end, ticking

from jotty_events.log.files import Files
from jotty_events.log.segment import CommitEnd
from jotty_events.runs.packing import Packer, PackReport
from jotty_events.runs.tree import Tree

TORN = b'{"seq":99,"at":1,"event":{"type":"episode_st'
SMALL = 300
"""Bytes after which a segment is closed: every few commits."""

Reading = list[tuple[str, int, bytes, int, list[bytes]]]


def pack(files: Files) -> PackReport:
    """Pack all that is loose."""
    return Packer(Tree(files), ticking(), "test").pack()


def reading(files: Files) -> dict[str, Reading]:
    """Return what every run reads like, its ancestors before it: each commit with its run, head, mark and lines."""
    tree = Tree(files)
    return {
        run: [
            (name, commit.last, commit.head, commit.durable, commit.lines)
            for name, commit in tree.lineage(tree.resolve(run)).commits()
        ]
        for run in tree.run_ids()
    }


def ends_of(files: Files) -> dict[str, list[CommitEnd]]:
    """Return where the commits of each run end, without their records."""
    tree = Tree(files)
    return {run: list(tree.run(run).ends()) for run in tree.run_ids()}


def family(files: Files) -> list[str]:
    """Write a closed run of several segments, its child, and a killed run whose last commit is torn; return the ids."""
    first = begin(files, segment_bytes=SMALL)
    append(first, (3, 2))
    first.append([episode_end(1)])
    append(first, (1,))
    first.append([episode_end(2)])
    first.close(run_end(first.run))
    child = begin(files, f"{first.run}@4")
    append(child, (2,))
    child.append([episode_end(3)])
    child.close(run_end(child.run))
    killed = begin(files)
    append(killed, (2, 1))
    let_go(killed)
    tear(files, killed.run)
    return [first.run, child.run, killed.run]


def tear(files: Files, run: str) -> None:
    """Leave half a record behind the last commit of a run of one segment."""
    path = f"{run}/events/000000000001.jsonl"
    files.replace(path, files.read(path) + TORN)


def loose_in(files: Files) -> list[str]:
    """Return the segments that are there as files and hold records."""
    found = [f"{run}/events/{name}" for run in Tree(files).run_ids() for name in files.names(f"{run}/events")]
    return [path for path in found if path.endswith(".jsonl") and files.size(path)]


def pack_ids(files: Files) -> list[str]:
    """Return the packs that are done."""
    return [name for name in files.names("packs") if name.startswith("pack_")]
