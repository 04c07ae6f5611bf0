"""Rows written without the ORM's cost of building the same statement anew each time (写入语句)."""
