"""The brain under all its names: awake, asleep, and what each sleep leaves."""
