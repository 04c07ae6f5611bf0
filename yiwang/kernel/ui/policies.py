"""The open door of the kernel's own pages.

`identity.access` stands above the kernel, so its `@public` cannot be used here; this says the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

from yiwang.kernel.audit.context import RequestContext


@dataclass(frozen=True, slots=True)
class OpenPolicy:
    """The same shape as `identity.access.RoutePolicy`, open to everybody."""

    populations: frozenset[str] = frozenset()
    permission: str = ""
    purpose: str = ""

    def permits(self, context: RequestContext) -> bool:
        """Let everybody in."""
        return True


def open_to_all(view: Callable) -> Callable:
    """Open a page of the kernel to everybody, signed in or not."""
    view.route_policy = OpenPolicy()
    return view
