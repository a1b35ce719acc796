"""Impact: what changed later because of an event."""
