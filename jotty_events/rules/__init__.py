"""The rules: pure functions from what was observed and what was read to what is concluded.

Invariants: a rule has no state, reads no clock, draws no randomness and knows no event; whatever it needs is an
argument, and whatever it finds is a number, a text or a small named tuple. Equal arguments give equal results, in
any process and under any hash seed.

Rules come in versions. Version 2 is the default: it corrects the known defects of the original's rules, each in a
small function whose docstring names the defect (such as "M19"). Version 1 computes as the original did; where it
differs by a line, the function takes `version`.
"""

VERSIONS = (1, 2)
"""The versions that are known here: a run records its own at its start, and is verified by that one."""

DEFAULT_VERSION = 2
"""The version that a new run is learned by unless its configuration says another."""
