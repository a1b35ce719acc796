"""The original's files: what they are called, what is in them, reading them, and writing them."""
