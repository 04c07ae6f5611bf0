"""Menus (菜单) of the three shells: areas announce their entries, the shells show what is allowed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse

from yiwang.kernel.audit.context import RequestContext
from yiwang.kernel.ui.policies import EVERYONE, RoutePolicy

SHELLS = ("portal", "space", "desk")
Count = Callable[[RequestContext], int | None]


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry as registered: `title` and `group` are message ids, marked with N_."""

    shell: str
    group: str
    title: str
    url_name: str
    permission: str = ""
    count: Count | None = None
    order: int = 0
    icon: str = ""


@dataclass(frozen=True, slots=True)
class MenuLink:
    """One entry as shown: its address, its count and whether the person stands there."""

    group: str
    title: str
    href: str
    count: int | None
    active: bool
    icon: str


_entries: dict[tuple[str, str], MenuEntry] = {}


def menu_register(
    shell: str,
    group: str,
    title: str,
    url_name: str,
    permission: str = "",
    count: Count | None = None,
    order: int = 0,
    icon: str = "",
) -> None:
    """Announce a menu entry (菜单项); a second call with the same shell and route replaces it.

    shell: "portal", "space" or "desk"; group, title: message ids marked with `N_`; count: called
    with the context at each page, None shows no figure; icon: a name of Bootstrap Icons.
    """
    if shell not in SHELLS:
        raise ValueError(f"A menu belongs to one of {SHELLS}, not to {shell!r}.")
    _entries[shell, url_name] = MenuEntry(
        shell, group, title, url_name, permission, count, order, icon
    )


def menu_list(shell: str, *, context: RequestContext, request: HttpRequest) -> list[MenuLink]:
    """Return the entries that the person may open, in order; groups stay together."""
    links: list[MenuLink] = []
    for entry in sorted(_entries.values(), key=lambda e: (e.order, e.url_name)):
        if entry.shell != shell or (entry.permission and not context.may(entry.permission)):
            continue
        try:
            href = reverse(entry.url_name)
        except NoReverseMatch:
            continue
        if context.account_id is not None and not _policy_of(entry.url_name).permits(context):
            continue  # who is not signed in yet is led to the sign-in page
        links.append(
            MenuLink(
                group=entry.group,
                title=entry.title,
                href=href,
                count=entry.count(context) if entry.count else None,
                active=_stands_at(request.path, href),
                icon=entry.icon,
            )
        )
    # The nearest entry only: a page below another one's address marks its own.
    here = max((link.href for link in links if link.active), key=len, default="")
    return [replace(link, active=link.href == here) for link in links]


@cache
def _policy_of(url_name: str) -> RoutePolicy:
    return getattr(resolve(reverse(url_name)).func, "route_policy", EVERYONE)


def _stands_at(path: str, href: str) -> bool:
    return path == href or (href != "/" and path.startswith(href))
