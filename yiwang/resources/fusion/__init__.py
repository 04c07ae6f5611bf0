"""Fusion (融合): many departments' records become one subject each, and every value says whence."""
