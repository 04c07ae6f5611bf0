"""The only door of the area `engines`: what other areas may use. Keep `__all__` sorted and complete."""

__all__: list[str] = []
