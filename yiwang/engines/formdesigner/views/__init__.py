"""Pages of the form designer."""
