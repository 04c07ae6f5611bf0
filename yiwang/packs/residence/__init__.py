"""A pack: declarations only."""
