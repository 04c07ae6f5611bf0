"""Yiwang (一网): a city's e-government on one network."""

__version__ = "0.1.0"
