"""Folds over columns: what many records do to the tables, with no Python per record."""
