"""Who may open a route (路由授权). A view without a policy is refused by `identity.access`.

    @public
    def home(request): ...

    @allow(populations={"STAFF"}, permission="hall.applications.handle")
    def desk(request): ...

A policy guards the door of a page; rows are guarded by rule objects, acts by `@action`. It stands here
because the kernel has pages too; `identity.api` hands it to the areas above.
"""

from collections.abc import Callable
from dataclasses import dataclass

from yiwang.kernel.audit.context import RequestContext


@dataclass(frozen=True, slots=True)
class RoutePolicy:
    """populations: who may enter, empty = everybody; permission: needed besides, "" = none."""

    populations: frozenset[str] = frozenset()
    permission: str = ""
    purpose: str = ""

    def permits(self, context: RequestContext) -> bool:
        """Tell whether the person may open the route."""
        if self.populations and context.population not in self.populations:
            return False
        return not self.permission or context.may(self.permission)


EVERYONE = RoutePolicy()


def public(view: Callable) -> Callable:
    """Open a view to everybody, signed in or not."""
    view.route_policy = EVERYONE
    return view


def allow(
    *, populations: set[str] | frozenset[str] = frozenset(), permission: str = "", purpose: str = ""
) -> Callable[[Callable], Callable]:
    """Open a view to signed-in people of these populations who hold `permission`.

    purpose: the stated purpose (使用目的) under which the view reads personal data.
    """
    policy = RoutePolicy(
        frozenset(populations) or frozenset({"CITIZEN", "AGENT", "STAFF"}), permission, purpose
    )

    def decorate(view: Callable) -> Callable:
        view.route_policy = policy
        return view

    return decorate
