"""Reading a history: state by replay, and whether the bytes are what was written."""
