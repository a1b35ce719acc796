"""Texts: their forms, their words, and how alike they are (RULES R1, R1a)."""
