"""The task list's rules: what comes next, replanning, words (RULES R6)."""
