"""Who may open a route (路由授权): the kernel's policies, which `AccessMiddleware` enforces."""

from yiwang.kernel.api import RoutePolicy, allow, public

__all__ = ["RoutePolicy", "allow", "public"]
