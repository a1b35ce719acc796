"""The five-level memory, its goals and its causal links."""
