"""Loads: histories that are made up from a seed, and histories of real learning."""
