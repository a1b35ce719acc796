"""Diff: what was added, removed and changed between two points."""
