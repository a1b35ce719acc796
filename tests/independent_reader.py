"""A verifier of recorded runs, written from FORMAT.md: json and hashlib, and none of the project's own code."""

import json
from hashlib import sha256
from typing import Any


def require(holds: object, what: str) -> None:
    if not holds:
        raise ValueError(what)


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def verify(folder: str, run: str, upto: float = float("inf")) -> dict[int, str]:
    """Return the head after each commit of a run and its ancestors, by seq; any exception is damage."""
    data = read(f"{folder}/{run}/run.json")
    told = json.loads(data)
    require(told["format"] == "jotty-events" and told["version"] == 1, f"{run}: another format")
    require(told["check"] == sha256(data.replace(told["check"].encode(), b"")).hexdigest(), f"{run}: damaged manifest")
    parent = told["parent"] or {"run": None, "seq": 0, "head": "00" * 32}
    require(told["run"] == run and told["first"] == parent["seq"] + 1 <= upto, f"{run}: a manifest of another place")
    heads = verify(folder, parent["run"], parent["seq"]) if told["parent"] else {0: "00" * 32}
    require(heads.get(parent["seq"]) == parent["head"], f"{run}: the parent is not what this was built on")
    events: list[Any] = []
    for segment in [*told["segments"], *([{"first": told["active"]}] if told["active"] else [])]:
        path = f"{folder}/{run}/events/{segment['first']:012d}.jsonl"
        data = read(path)
        require(segment["first"] == max(heads) + 1, f"{path}: does not follow seq {max(heads)}")
        marks, rest = read_segment(data, heads, events)
        if "last" in segment:
            digest = sha256(marks).hexdigest()
            found = {"last": max(heads), "size": len(data), "head": heads[max(heads)], "marks": digest}
            require(not rest and found.items() <= segment.items(), f"{path}: not what the manifest says")
        claims = [line for line in rest.split(b"\n") if line.startswith((b'{"commit":', b'{"durable":'))]
        durable = [int(one.partition(b"}")[0].partition(b",")[0]) for one in b"".join(claims).split(b'"durable":')[1:]]
        require(max([told["first"], *durable]) <= max(heads), f"{path}: damage at byte {len(data) - len(rest)}")
    names = {"run": run, "uid": told["uid"], "parent_run": parent["run"], "parent_seq": parent["seq"]}
    require(names.items() <= {**events[0], "config": None}.items(), f"{run}: run_started differs from the manifest")
    ended = told["ended"] or {"seq": max(heads), "head": heads[max(heads)]}
    require((ended["seq"], ended["head"]) == max(heads.items()), f"{run}: does not end where the manifest says")
    return {seq: head for seq, head in heads.items() if seq <= upto}


def read_segment(data: bytes, heads: dict[int, str], events: list[Any]) -> tuple[bytes, bytes]:
    """Add the heads and events of whole commits; return all other lines, and what does not fit any more."""
    last = durable = max(heads)
    lines: list[bytes] = []
    marks, start, end = b"", 0, 0
    for line in data.split(b"\n")[:-1]:
        try:
            known, end = dict(json.loads(line)), end + len(line) + 1
        except (ValueError, TypeError):
            break
        if line.startswith(b'{"seq":%d,"at":' % (last + len(lines) + 1)):
            lines.append(line)
            continue
        marks += b"".join(one + b"\n" for one in lines if "leaf" in json.loads(one)) + line + b"\n"
        fits, last = durable <= known.get("durable", -1) <= last, last + len(lines)
        leaves = "".join(json.loads(one).get("leaf") or sha256(one).hexdigest() for one in lines)
        head = sha256(bytes.fromhex(heads[max(heads)] + leaves)).hexdigest() if lines else None
        if not fits or (known.get("commit", last), known.get("n", 0), known.get("head")) != (last, len(lines), head):
            break
        heads |= {last: head} if head else {}
        events += [json.loads(one)["event"] for one in lines]
        durable, start, lines = known["durable"], end, []
    return marks, data[start:]
