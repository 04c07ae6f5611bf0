"""Reads of the halls (大厅查询): halls and windows, slots and appointments, tickets, forecasts, statistics."""
