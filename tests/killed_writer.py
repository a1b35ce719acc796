"""Writers that are killed: one warm process that forks a writer for each kill, and knows nothing of runs itself.

Invariants: a writer says `ack SEQ` (or `ack RUN EPISODE`) only after the append returned, and `do` before each call
that changes something, each in a message of a fixed length. The kill comes after a number of bytes was read from its
pipe, and what is in the pipe then still counts as acknowledged: the writer had been told so. The pipe holds few
messages, so that a quick writer does not run ahead of its kill.
"""

import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from faulty_files import Call, FaultyFiles
from recording import event, plan

from jotty_events.log.files import DiskFiles
from jotty_events.runs.receipt import Receipt
from jotty_events.runs.tree import Tree
from jotty_events.runs.writer import RunWriter
from jotty_events.types import Durability

APPENDS = 100
"""After so many appends a writer only waits for its end."""
MESSAGE = 256
"""Bytes of a message, padding included."""
PIPE = 4096
"""Bytes that a pipe holds, on systems where that can be said."""
PATIENCE = 60
"""Seconds after which a writer that nobody killed ends by itself."""
SEGMENT_BYTES = 2000


class Liar(RunWriter):
    """A writer that acknowledges before it writes: it holds back some appends, and then writes them all."""

    _held: list[Any]

    def append(self, events: Sequence[Any], now: float | None = None, *, admitted: bool = False) -> Receipt:
        held = self.__dict__.setdefault("_held", [])
        held.append(list(events))
        if len(held) == 5:
            while held:
                super().append(held.pop(0), now, admitted=admitted)
        last = self.next_seq - 1 + sum(map(len, held))
        return Receipt(last - len(events) + 1, last, 0, self.mark)


def write_runs(folder: str, say: Callable[[str], object], durability: Durability, kind: type[RunWriter]) -> None:
    """Continue the latest run of a folder with a run of many appends, and say which were acknowledged."""

    def announced(call: Call) -> Any:
        say("do")
        return call.act()

    files = FaultyFiles(DiskFiles(folder), announced)
    tree = Tree(files)
    latest = tree.latest()
    parent = None if latest is None else tree.parent(tree.resolve(latest.run))
    settings = plan(parent=parent, durability=durability, segment_bytes=SEGMENT_BYTES)
    writer = kind.create(files, settings)
    for i in range(APPENDS):
        seq = writer.next_seq + len(writer.__dict__.get("_held", ()))
        receipt = writer.append([event(seq + j) for j in range(1 + i % 3)] if kind is RunWriter else [event(seq)])
        say(f"ack {receipt.last}")


def conduct(folder: str, say: Callable[[str], object]) -> None:
    """Continue the latest run of a folder with a conductor, and say which episodes were acknowledged."""
    from jotty_events import AgentConfig, Conductor, JottyConfig, Outcome

    def agent(task: Any) -> Outcome:
        say("do")
        if task.approach == "A":
            raise LookupError("no such column")
        return Outcome(success=True)

    config = JottyConfig(output_base_dir=folder, segment_bytes=20_000)
    conductor = Conductor([AgentConfig(name="analyst", agent=agent, approaches=["A", "B"])], config)
    for i in range(APPENDS):
        result = conductor.run_sync(f"goal {i % 7}")
        say(f"ack {result.run_id} {result.episode}")


def be_killed(folder: str, what: str, out: int) -> None:
    """Do what is to be killed, in a process of its own; never returns."""

    def say(text: str) -> int:
        return os.write(out, text[: MESSAGE - 1].encode().ljust(MESSAGE - 1) + b"\n")

    code = 1
    signal.alarm(PATIENCE)
    try:
        if what == "conductor":
            conduct(folder, say)
        elif what == "liar":
            write_runs(folder, say, Durability.COMMIT, Liar)
        else:
            write_runs(folder, say, Durability(what), RunWriter)
        signal.pause()
        code = 0
    except BaseException as error:  # noqa: BLE001 - it is told to whoever wanted the kill
        say(f"error {error!r}")
    finally:
        os._exit(code)


def kill_one(folder: str, what: str, after: int) -> dict[str, Any]:
    """Fork a writer, read `after` bytes of what it says, kill it; return what it said, and how it ended."""
    read, write = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE)
    pid = os.fork()
    if pid == 0:
        os.close(read)
        be_killed(folder, what, write)
    os.close(write)
    said = b""
    while len(said) < after and (more := os.read(read, after - len(said))):
        said += more
    os.kill(pid, signal.SIGKILL)
    while more := os.read(read, 65536):
        said += more
    os.close(read)
    status = os.waitpid(pid, 0)[1]
    return {"said": said.decode(), "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL}


def main() -> None:
    """Take orders, one JSON document a line, until there are no more."""
    if sys.argv[1:] == ["conductor"]:
        import projections  # noqa: F401 - loaded once, before anything is forked
        from jotty_events import Conductor, JottyConfig  # noqa: F401
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(kill_one(**order)), flush=True)


if __name__ == "__main__":
    main()
