"""Conducting: a goal, the actors that work towards it, and what is learned of their attempts."""
