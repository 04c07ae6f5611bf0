"""The register of permissions (权限登记): every area names what may be done, and by which roles.

permission_register(
    "hall.applications.decide",
    title={"zh": "作出决定", "en": "Decide applications"},
    roles={"APPROVER"},
)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from yiwang.identity.access.data import POPULATIONS, ROLES, Role, roles_unknown
from yiwang.sdk.errors import N_, YiwangError


class PermissionInvalid(YiwangError):
    """A permission was registered for a role or population that does not exist."""

    code = "permission_invalid"
    status = 500
    message = N_("The permission %(name)s names unknown roles: %(roles)s.")


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be done (权限): its name, title {zh, en} and the roles or populations that may."""

    name: str
    title: dict[str, str]
    roles: frozenset[str]


_registered: dict[str, Permission] = {
    population: Permission(population, {"zh": zh, "en": en}, frozenset({population}))
    for population, zh, en in (
        ("CITIZEN", "公民本人事务", "A citizen's own affairs"),
        ("AGENT", "企业经办事务", "An enterprise's affairs"),
        ("STAFF", "公务人员通用", "Every civil servant"),
    )
}


def permission_register(name: str, title: dict[str, str], roles: Iterable[str]) -> None:
    """Make a permission (权限) known; again with the same name, the roles add up.

    roles: role codes, or population codes (CITIZEN, AGENT, STAFF) for all of a population.
    """
    wanted = frozenset(roles)
    if unknown := roles_unknown(wanted - POPULATIONS):
        raise PermissionInvalid(name=name, roles=", ".join(unknown))
    before = _registered.get(name)
    held = before.roles if before else frozenset()
    _registered[name] = Permission(name, title, held | wanted)
    permissions_of.cache_clear()


def permission_roles(name: str) -> list[Role]:
    """List the roles that carry a permission, in the order of the role table."""
    permission = _registered.get(name)
    return [role for role in ROLES.values() if permission and role.code in permission.roles]


@lru_cache(maxsize=512)
def permissions_of(roles: frozenset[str], population: str) -> frozenset[str]:
    """Return the names of all permissions (权限) that these roles of a population carry.

    Roles count for civil servants only.
    """
    held = {population} | (set(roles) if population == "STAFF" else set())
    return frozenset(name for name, item in _registered.items() if item.roles & held)
