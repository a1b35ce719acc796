"""What `show` says of each projection: a `document` for scripts, and `grids` for people."""
