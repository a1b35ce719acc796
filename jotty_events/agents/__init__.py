"""What agents learn with: memory, Q-values, TD(lambda), the brain and the task list, each a thin face of the log."""
