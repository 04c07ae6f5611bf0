"""Pages of the virtual library: asking datasets, and keeping their definitions."""
