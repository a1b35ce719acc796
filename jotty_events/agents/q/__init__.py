"""The Q-table and the experience buffer."""
