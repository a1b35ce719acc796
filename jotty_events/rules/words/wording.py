"""The words by which a query's intent, time and domain are known (RULES R1a).

Invariants: in version 2 a name is found by whole words only, so that an account is not a count (M18); a phrase is
found with any punctuation between its words ("peer-to-peer"), and a plural s does not hide a word. In version 1 a name
is found wherever its letters stand. Names keep their table's order.
"""

import re
from collections.abc import Mapping
from functools import cache

Table = Mapping[str, tuple[str, ...]]

INTENTS: Table = {"COUNT": ("count",), "SUM": ("sum", "total", "gmv"), "AVG": ("average", "avg")}
TIMES: Table = {
    "YESTERDAY": ("yesterday",),
    "TODAY": ("today",),
    "MTD": ("mtd", "month to date"),
    "LAST_MONTH": ("lm", "last month"),
    "YTD": ("ytd", "year to date"),
}
DOMAINS: Table = {
    "P2P": ("p2p", "peer to peer"),
    "UPI": ("upi", "transaction"),
    "REVENUE": ("gmv", "revenue", "amount"),
    "USER_METRICS": ("user", "customer", "dau", "mau"),
    "SCAN_PAY": ("scan", "qr", "snp"),
}


def named_in(text: str, table: Table) -> list[str]:
    """Return the names whose words or phrases a text contains as whole words, in the order of the table (M18)."""
    plain = " ".join(re.split(r"[\W_]+", text.lower()))
    return [name for name, phrases in table.items() if _whole(phrases).search(plain)]


def held_in(text: str, table: Table) -> list[str]:
    """Return the names of which a text holds a word or phrase, inside of other words too: version 1 (M18)."""
    return [name for name, phrases in table.items() if any(phrase in text for phrase in phrases)]


@cache
def _whole(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, phrases))})s?(?!\S)")
