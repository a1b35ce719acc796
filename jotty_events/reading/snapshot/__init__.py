"""Snapshots: the state of all projections at a point, as Arrow files. Always only a cache."""
