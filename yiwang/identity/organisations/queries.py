"""Reads of departments and posts (机构查询), from the directory in memory."""

from collections.abc import Iterable

from yiwang.identity.organisations.data import DepartmentView, PostView
from yiwang.identity.organisations.directory import directory_get
from yiwang.identity.organisations.models import Post
from yiwang.sdk.errors import N_, NotFound


class DepartmentUnknown(NotFound):
    """No department has this id or code."""

    code = "department_unknown"
    message = N_("The department %(key)s does not exist.")


def department_get(department_id: int) -> DepartmentView:
    """Return a department (部门) by id. Raises `DepartmentUnknown`."""
    try:
        return directory_get().by_id[department_id]
    except KeyError:
        raise DepartmentUnknown(key=department_id) from None


def department_by_uscc(uscc: str) -> DepartmentView:
    """Return a department by its unified social credit code (统一社会信用代码)."""
    try:
        return directory_get().by_uscc[uscc]
    except KeyError:
        raise DepartmentUnknown(key=uscc) from None


def department_find(
    function: str, area_code: str, level: str | None = None
) -> DepartmentView | None:
    """Find who does `function` for an area (管辖部门), walking up street, district, city.

    level: the lowest level wanted (STREET, DISTRICT, CITY); where an area has no such department
    the next one above is returned, so that a district without a bureau is served by the city's.
    """
    return directory_get().find(function, area_code, level)


def department_list(
    *,
    level: str = "",
    function: str = "",
    parent_id: int | None = None,
    area_code: str = "",
    text: str = "",
    ids: Iterable[int] | None = None,
) -> list[DepartmentView]:
    """List departments (部门列表) by any of these, in the order of the tree."""
    directory = directory_get()
    rows = directory.by_id.values() if ids is None else _present(directory.by_id, ids)
    wanted = text.strip().casefold()
    return [
        row
        for row in rows
        if (not level or row.level == level)
        and (not function or row.function == function)
        and (parent_id is None or row.parent_id == parent_id)
        and (not area_code or row.area_code == area_code)
        and (not wanted or wanted in f"{row.name} {row.short_name} {row.name_en}".casefold())
    ]


def department_below(department_id: int) -> frozenset[int]:
    """Return the ids of a department and of all below it (本部门及下级)."""
    return directory_get().below(department_id)


def department_children(department_id: int | None) -> list[DepartmentView]:
    """List the departments directly below one, or the roots of the tree for None."""
    return list(directory_get().children.get(department_id, ()))


def department_chain(department_id: int) -> list[DepartmentView]:
    """List a department's superiors from the root down to itself (上级链)."""
    by_id, chain = directory_get().by_id, []
    current: int | None = department_id
    while current is not None and current in by_id:
        chain.append(by_id[current])
        current = by_id[current].parent_id
    return chain[::-1]


def post_list(*, department_id: int | None = None) -> list[PostView]:
    """List the posts (岗位) of a department, or all, by department and title."""
    posts = Post.objects.order_by("department_id", "title", "id")
    if department_id is not None:
        posts = posts.filter(department_id=department_id)
    columns = posts.values_list("id", "department_id", "title", "roles")
    return [PostView(key, owner, title, tuple(roles)) for key, owner, title, roles in columns]


def _present(by_id: dict[int, DepartmentView], ids: Iterable[int]) -> list[DepartmentView]:
    wanted = set(ids)
    return [row for row in by_id.values() if row.id in wanted]
