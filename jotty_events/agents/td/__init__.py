"""TD(lambda) over memories."""
