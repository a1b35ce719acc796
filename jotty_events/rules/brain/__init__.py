"""The brain's rules: replay, patterns, ripples, what is worth remembering, sleep (RULES R5)."""
