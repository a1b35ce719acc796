"""Packs: closed segments of one or many runs as one Parquet table per event type."""
