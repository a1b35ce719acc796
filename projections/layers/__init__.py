"""Rows that lie in Arrow, layer over layer, as snapshots keep them: they become Python objects when asked for."""
