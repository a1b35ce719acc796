"""History: runs, their lineage, the points in them, and the tree that they form."""
