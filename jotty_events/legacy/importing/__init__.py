"""Import of what the original left: its files are read piece by piece, and become events of a run."""
