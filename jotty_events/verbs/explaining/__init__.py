"""Explain: the events behind one value, each with its arithmetic."""
