"""Pages of reuse: the blocks in one's space, and the measure for the city."""
