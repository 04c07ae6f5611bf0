"""Writes of applications (办件): one function a business act, split by noun."""
