"""The only door of the area `portal`: what `config` may use. Keep `__all__` sorted and complete."""

from yiwang.portal.sites.views import home

__all__ = ["home"]
