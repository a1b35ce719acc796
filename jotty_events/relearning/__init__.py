"""Learning again from what was observed: by other rules or parameters, without what is left out, or on another line.

Invariants: the same experiences, never others: what an agent was told, what it chose and what came of it stay as they
were. Nothing is drawn at random or asked of a model. What is learned again says by its `origin` where it was observed.
"""
