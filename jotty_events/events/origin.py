"""Facts about what came from elsewhere, and about what was taken away."""

from typing import Any

from msgspec import Struct

from ..types import Json
from .fields import Concluded, Learned, Observed


class ModelAnswered(Learned, frozen=True, kw_only=True, tag_field="type", tag="model_answered"):
    """A language model was asked; its answer, any JSON value, is kept, so that no replay asks again.

    `prompt_digest` is SHA-256 hex. `failure`: raised, timed_out, not_json (the answer cannot be recorded), empty or
    misunderstood (nothing could be made of it); null if the answer was used. `duration` is in seconds.
    """

    purpose: Observed[str]
    model: Observed[str]
    prompt_digest: Observed[str]
    answer: Observed[Any]
    failure: Observed[str | None]
    error: Observed[str | None]
    duration: Observed[float]
    now: Observed[float]
    used: Concluded[bool]


class Redacted(Struct, frozen=True, kw_only=True, tag_field="type", tag="redacted"):
    """The content of the records from `first` to `last` of `run` was taken away; their leaves stay in the chain."""

    run: Observed[str]
    first: Observed[int]
    last: Observed[int]
    reason: Observed[str]
    now: Observed[float]


class Absorbed(Struct, frozen=True, kw_only=True, tag_field="type", tag="absorbed"):
    """What the branch `run` observed from `first` to `last` is learned again on this line, in the rest of this commit.

    Where nothing follows in the commit, the line had all of it before, from elsewhere. `head` is that of the branch's
    chain there. `uid` keeps runs of equal ids apart.
    """

    run: Observed[str]
    uid: Observed[str]
    first: Observed[int]
    last: Observed[int]
    head: Observed[str]
    now: Observed[float]


class Imported(Struct, frozen=True, kw_only=True, tag_field="type", tag="imported"):
    """A file of another system was read. `digest` is SHA-256 hex of its bytes.

    `unknown` holds what stands at the top of the file, as far as no table has a place for it.
    """

    file: Observed[str]
    kind: Observed[str]
    digest: Observed[str]
    entries: Observed[int]
    unknown: Observed[Json]
    now: Observed[float]


class EntryImported(Learned, frozen=True, kw_only=True, tag_field="type", tag="entry_imported"):
    """A whole entry of one projection's table, as it was elsewhere: `row` maps the table's columns to values.

    It takes the place of the entry that has its key, and of all that belonged to that one. What `row` holds beside the
    columns (`unknown`: fields that no column is for) is kept here, and is no part of the state.
    """

    projection: Observed[str]
    table: Observed[str]
    row: Observed[Json]
    nth: Concluded[int]
