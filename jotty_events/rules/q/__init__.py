"""Q-learning's rules: updates, lessons, replay, retention and tiers (RULES R1)."""
