"""The questions that only a log can answer, and what can be done with a history besides learning on it."""
