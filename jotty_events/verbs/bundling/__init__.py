"""Bundling: a lineage as one file, which is opened where it lies or unpacked elsewhere."""
