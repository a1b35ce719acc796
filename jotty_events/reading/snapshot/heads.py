"""The head of a run's chain at a seq."""

from ...runs.lineage import Span


def head_at(span: Span, seq: int) -> bytes | None:
    """Return the head after the commit that ends at a seq, None if none does; from manifests, where they say it."""
    if seq == span.upto and span.head is not None:
        return span.head
    for segment in span.run.manifest.segments:
        if segment.last == seq:
            return bytes.fromhex(segment.head)
    for end in span.run.ends(seq - 1):
        return end.head if end.last == seq else None
    return None
