"""What an episode teaches, and how what was learned is used in one: for whoever conducts it, or learns it again."""
