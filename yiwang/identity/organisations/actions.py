"""Writes of departments and posts (机构维护)."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from yiwang.identity.access.data import roles_in_conflict, roles_unknown
from yiwang.identity.organisations.directory import directory_forget
from yiwang.identity.organisations.models import Department, DirectoryVersion, Post
from yiwang.identity.organisations.queries import DepartmentUnknown
from yiwang.kernel.api import action, audit_record
from yiwang.sdk.errors import N_, Invalid

_BATCH = 400
_TEXTS = (
    *("name", "short_name", "name_en", "function", "level", "area_code", "phone"),
    *("complaint_phone", "address", "office_hours"),
)


class RolesInConflict(Invalid):
    """One post or person would hold two of the three administrators' roles."""

    code = "roles_in_conflict"
    message = N_(
        "%(roles)s may not be held together: system, security and audit administration "
        "stay in three hands. Choose one of them."
    )


class RolesUnknown(Invalid):
    """A post names a role that the city does not have."""

    code = "roles_unknown"
    message = N_("These roles do not exist: %(roles)s.")


class ParentInvalid(Invalid):
    """The superior named is the department itself or stands below it."""

    code = "department_parent_invalid"
    message = N_("A department cannot stand below itself. Choose another superior.")


def roles_check(roles: Iterable[str]) -> list[str]:
    """Return roles sorted, each once. Raises `RolesUnknown`, `RolesInConflict` (三员分立)."""
    wanted = sorted(set(roles))
    if unknown := roles_unknown(wanted):
        raise RolesUnknown(roles=", ".join(unknown))
    if conflict := roles_in_conflict(wanted):
        raise RolesInConflict(roles=", ".join(conflict))
    return wanted


@action("identity.organisations.department_put", permission="identity.organisations.manage")
def department_put(  # noqa: PLR0913 - one keyword for each column
    uscc: str,
    *,
    name: str,
    function: str,
    level: str,
    area_code: str,
    now: datetime,
    parent_id: int | None = None,
    short_name: str = "",
    name_en: str = "",
    phone: str = "",
    complaint_phone: str = "",
    address: str = "",
    office_hours: str = "",
    is_made: bool = False,
) -> int:
    """Create or change the department (部门) with this code and return its id. Idempotent."""
    parent = Department.objects.filter(pk=parent_id).first() if parent_id is not None else None
    if parent_id is not None and parent is None:
        raise DepartmentUnknown(key=parent_id)
    values = {
        "name": name,
        "short_name": short_name or name,
        "name_en": name_en,
        "function": function,
        "level": level,
        "area_code": area_code,
        "parent": parent,
        "phone": phone,
        "complaint_phone": complaint_phone,
        "address": address,
        "office_hours": office_hours,
        "is_made": is_made,
    }
    department, created = Department.objects.update_or_create(uscc=uscc, defaults=values)
    _place(department, parent)
    _changed(now)
    audit_record(f"department:{department.pk}", detail={"uscc": uscc, "created": created})
    return department.pk


@action("identity.organisations.post_put", permission="identity.access.roles")
def post_put(department_id: int, *, title: str, roles: Iterable[str], now: datetime) -> int:
    """Create the post (岗位) of this title in a department, or change its roles; return its id.

    Raises `RolesUnknown`, `RolesInConflict`.
    """
    wanted = roles_check(roles)
    if not Department.objects.filter(pk=department_id).exists():
        raise DepartmentUnknown(key=department_id)
    post, created = Post.objects.update_or_create(
        department_id=department_id, title=title, defaults={"roles": wanted}
    )
    audit_record(f"post:{post.pk}", detail={"roles": wanted, "created": created})
    return post.pk


@action("identity.organisations.load", permission="identity.organisations.manage")
def departments_load(rows: Iterable[Mapping], *, now: datetime) -> int:
    """Load many departments at once (批量导入), known by `uscc`; return how many there are.

    rows: dicts with uscc, name, function, level, area_code and, where known, short_name, name_en,
    parent_uscc, phone, complaint_phone, address, office_hours, is_made (True unless said).
    """
    wanted = {row["uscc"]: row for row in rows}
    known = {item.uscc: item for item in Department.objects.filter(uscc__in=list(wanted))}
    for uscc, row in wanted.items():
        item = known.setdefault(uscc, Department(uscc=uscc))
        for column in _TEXTS:
            setattr(item, column, row.get(column) or "")
        item.short_name = item.short_name or item.name
        item.is_made = row.get("is_made", True)
    items = list(known.values())
    fresh = [item for item in items if item.pk is None]
    Department.objects.bulk_create(fresh, batch_size=_BATCH)
    _chain(items, {uscc: row.get("parent_uscc") for uscc, row in wanted.items()})
    Department.objects.bulk_update(
        items, [*_TEXTS, "is_made", "parent", "path"], batch_size=_BATCH // 8
    )
    _changed(now)
    audit_record("departments", detail={"rows": len(wanted), "created": len(fresh)})
    return len(wanted)


@action("identity.organisations.posts_load", permission="identity.organisations.manage")
def posts_load(rows: Iterable[Mapping], *, now: datetime) -> int:
    """Load many posts at once: dicts with department_uscc, title, roles. Known ones are changed."""
    wanted = {(row["department_uscc"], row["title"]): roles_check(row["roles"]) for row in rows}
    owners = dict(Department.objects.values_list("uscc", "pk"))
    if missing := sorted({uscc for uscc, _ in wanted} - owners.keys()):
        raise DepartmentUnknown(key=missing[0])
    known = {(post.department_id, post.title): post for post in Post.objects.all()}
    fresh, changed = [], []
    for (uscc, title), roles in wanted.items():
        post = known.get((owners[uscc], title))
        if post is None:
            fresh.append(Post(department_id=owners[uscc], title=title, roles=roles))
        elif post.roles != roles:
            post.roles = roles
            changed.append(post)
    Post.objects.bulk_create(fresh, batch_size=_BATCH)
    Post.objects.bulk_update(changed, ["roles"], batch_size=_BATCH)
    audit_record("posts", detail={"created": len(fresh), "changed": len(changed)})
    return len(wanted)


def _place(department: Department, parent: Department | None) -> None:
    """Write a department's path, and that of all below it when it moved."""
    before, after = department.path, f"{parent.path if parent else ''}{department.pk}/"
    if before == after:
        return
    if parent and before and parent.path.startswith(before):
        raise ParentInvalid()
    below = []
    if before:
        below = list(Department.objects.filter(path__startswith=before).exclude(pk=department.pk))
    for item in below:
        item.path = after + item.path[len(before) :]
    Department.objects.bulk_update(below, ["path"], batch_size=_BATCH)
    Department.objects.filter(pk=department.pk).update(path=after)
    department.path = after


def _chain(items: list[Department], parents: Mapping[str, str | None]) -> None:
    """Set parent and path of loaded rows, superiors before those below them."""
    by_uscc = {item.uscc: item for item in Department.objects.all()}
    by_uscc.update({item.uscc: item for item in items})
    placed: dict[str, str] = {}

    def path_of(uscc: str, seen: tuple[str, ...] = ()) -> str:
        if uscc in placed:
            return placed[uscc]
        if uscc in seen:
            raise ParentInvalid()
        if uscc not in by_uscc:
            raise DepartmentUnknown(key=uscc)
        item = by_uscc[uscc]
        if uscc in parents:
            above = parents[uscc]
            prefix = path_of(above, (*seen, uscc)) if above else ""
            item.parent = by_uscc[above] if above else None
            item.path = f"{prefix}{item.pk}/"
        placed[uscc] = item.path
        return item.path

    for item in items:
        path_of(item.uscc)


def _changed(now: datetime) -> None:
    DirectoryVersion.objects.update_or_create(
        pk=1, defaults={"token": secrets.token_hex(16), "changed_at": now}
    )
    directory_forget()
