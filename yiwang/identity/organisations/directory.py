"""The department tree in memory (机构目录缓存): a city has some thousand departments.

Loaded once a process, replaced when the version stamp in the database is another one. The stamp is
asked for once a request (by the identity of its context object), and always outside of requests.
"""

from collections import defaultdict
from dataclasses import fields

from yiwang.identity.organisations.data import LEVELS, DepartmentView, area_chain, area_key
from yiwang.identity.organisations.models import Department, DirectoryVersion
from yiwang.kernel.api import ANONYMOUS, RequestContext, context_get

_COLUMNS = tuple(field.name for field in fields(DepartmentView))


class Directory:
    """All departments of the city with the ways to find one; never changed once built."""

    def __init__(self, departments: list[DepartmentView]) -> None:
        self.by_id = {view.id: view for view in departments}
        self.by_uscc = {view.uscc: view for view in departments}
        self.children: dict[int | None, list[DepartmentView]] = defaultdict(list)
        self._by_area: dict[tuple[str, str], list[DepartmentView]] = defaultdict(list)
        self._below: dict[int, frozenset[int]] = {}
        for view in departments:
            self.children[view.parent_id].append(view)
            self._by_area[view.function, area_key(view.area_code)].append(view)
        for views in self._by_area.values():
            views.sort(key=lambda view: LEVELS.index(view.level))

    def find(self, function: str, area_code: str, level: str | None) -> DepartmentView | None:
        """Return the nearest department of a function, walking up from the area."""
        lowest = LEVELS.index(level) if level else 0
        for key in area_chain(area_code):
            for view in self._by_area.get((function, key), ()):
                if LEVELS.index(view.level) >= lowest:
                    return view
        return None

    def below(self, department_id: int) -> frozenset[int]:
        """Return the ids of a department and of all below it."""
        if department_id not in self._below:
            found, waiting = set(), [department_id]
            while waiting:
                current = waiting.pop()
                if current not in found:
                    found.add(current)
                    waiting.extend(child.id for child in self.children.get(current, ()))
            self._below[department_id] = frozenset(found)
        return self._below[department_id]


# (directory, token, the context object for which the token was last compared)
_held: tuple[Directory, str, RequestContext | None] | None = None


def directory_get(token: str | None = None) -> Directory:
    """Return the directory as the database has it now.

    token: the stamp if the caller has read it already with another query.
    """
    global _held  # noqa: PLW0603
    context = context_get()
    asks_always = context is ANONYMOUS or context.population == "SYSTEM"
    held = _held
    if held and token is None and not asks_always and held[2] is context:
        return held[0]
    now = token_get() if token is None else token
    directory = held[0] if held and held[1] == now else _load()
    _held = (directory, now, None if asks_always else context)
    return directory


def directory_forget() -> None:
    """Drop the copy of this process; the next question loads it again."""
    global _held  # noqa: PLW0603
    _held = None


def token_get() -> str:
    """Return the stamp of the tree, "" while it has never been written."""
    return DirectoryVersion.objects.values_list("token", flat=True).filter(pk=1).first() or ""


def _load() -> Directory:
    views = [DepartmentView(*row) for row in Department.objects.values_list(*_COLUMNS)]
    return Directory(sorted(views, key=lambda view: [int(p) for p in view.path.split("/") if p]))
