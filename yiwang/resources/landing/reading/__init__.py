"""Readers of what offices send (读取): pure, in bounded memory, each row with its line and its faults."""
