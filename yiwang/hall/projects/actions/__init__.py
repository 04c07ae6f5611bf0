"""Writes of investment projects (投资项目): the code, applying, following, reports, changes and the end."""
