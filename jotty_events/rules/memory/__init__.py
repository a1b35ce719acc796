"""The memory's rules: what is kept, recalled, linked and known, and what it is worth for which goal (RULES R2, R3)."""
