"""TD(lambda)'s rules: traces, and rewards on the way (RULES R4)."""
