"""A diff as one page of HTML that needs nothing else.

Invariants: whatever stands in the log is text on the page: every character that means something to HTML is escaped,
and what is active to a terminal or turns text around is shown by its number. The page runs nothing and loads nothing;
its own policy says so to the browser, too.
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from json import dumps

from ..verbs.diffing.changes import Cause, Change, Diff
from ..verbs.touched import named
from .figures import counted, number
from .inert import inert

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
tr.added td:first-child { color: #1a7f37 } tr.removed td:first-child { color: #b42318 }
td { overflow-wrap: anywhere } pre { white-space: pre-wrap; margin: 0; font-size: 12px } .faint { color: #777 }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } th, td { border-color: #444 } }
"""


def page(found: Diff) -> bytes:
    """Return the page, in UTF-8."""
    title = f"{found.a} to {found.b}"
    parts = "".join(_table(place, list(rows)) for place, rows in groupby(found, _place))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{_text(title)}</h1><p>{_text(_sum(found))}</p>{parts}</body></html>\n"
    ).encode()


def _place(change: Change) -> str:
    return f"{change.projection}.{change.table}"


def _sum(found: Diff) -> str:
    where = "they have no run in common" if found.meeting is None else f"their lines part at {found.meeting}"
    return f"{counted(len(found), 'difference')}; {where}."


def _text(text: str) -> str:
    return escape(inert(text))


def _table(place: str, rows: Sequence[Change]) -> str:
    headings = "".join(f"<th>{name}</th>" for name in ("", "before", "after", "what", "by"))
    body = "".join(map(_row, rows))
    return f"<h2>{_text(place)} ({len(rows)})</h2><table><tr>{headings}</tr>{body}</table>"


def _row(one: Change) -> str:
    before, after = one.worth()
    says = f"<div>{_text(one.says)}</div>" if one.says else ""
    cells = "".join(f'<td class="number">{_text(number(value))}</td>' for value in (before, after))
    what = f"<td><b>{_text(named(one.key))}</b>{says}{_columns(one)}</td>"
    return f'<tr class="{one.kind}"><td>{one.kind}</td>{cells}{what}<td>{_causes(one)}</td></tr>'


def _columns(one: Change) -> str:
    """Return the columns that differ, for those who open them."""
    lines = (f"{name}: {_value(one.before, name)} → {_value(one.after, name)}" for name in one.columns)
    return f"<details><summary>{counted(len(one.columns), 'column')}</summary><pre>{_lines(lines)}</pre></details>"


def _value(row: dict[str, object] | None, name: str) -> str:
    return "-" if row is None else dumps(row.get(name), ensure_ascii=False, default=str)


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(map(_text, lines))


def _causes(one: Change) -> str:
    made = [_cause(cause) for cause in reversed(one.events)]
    undone = [f'<span class="faint">without {_cause(cause)}</span>' for cause in reversed(one.undone)]
    return "<br>".join([*made, *undone])


def _cause(cause: Cause) -> str:
    return _text(str(cause))
