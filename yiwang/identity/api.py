"""The only door of the area `identity`: what other areas may use. Keep `__all__` sorted and complete."""

from yiwang.identity.access.policies import RoutePolicy, allow, public

__all__ = ["RoutePolicy", "allow", "public"]
