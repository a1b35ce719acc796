"""What stands in the original's files, field by field, under the names that it has there."""
