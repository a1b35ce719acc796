"""A state at a point, as the files that the original keeps."""
