"""The authorisation matrix (授权矩阵): every route × every role, committed beside the code.

    python -m tests.architecture.authorisation_matrix            shows what has changed
    python -m tests.architecture.authorisation_matrix --write    writes authorisation_matrix.json

A change of who may open what is a change of that file, so it is read in review.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("authorisation_matrix.json")
STAFF_ROLES = (
    "WINDOW_CLERK",
    "REVIEWER",
    "APPROVER",
    "DEPARTMENT_HEAD",
    "SUPERVISOR",
    "DATA_STEWARD",
    "SYSTEM_ADMIN",
    "SECURITY_ADMIN",
    "AUDIT_ADMIN",
)
PERSONAS = ("ANONYMOUS", "CITIZEN", "AGENT", "PROGRAM", "STAFF", *STAFF_ROLES)
EVERYONE = ["EVERYONE"]
# Of Django or of a library, without a policy of ours; none may serve data.
# Services prove themselves with keys of their own there, see hall.messages.notify.
FOREIGN: frozenset[str] = frozenset(
    {"/v2/notifications", "/v2/templates", "/v2/received-text-messages"}
)


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the house with its view."""

    path: str
    name: str
    view: Callable

    @property
    def is_plain(self) -> bool:
        """Whether the address has no parameters."""
        return "<" not in self.path and "(?P" not in self.path

    @property
    def policy(self):
        """The policy that the door holds against the person; None is a defect."""
        from yiwang.identity.access.middleware import policy_of

        return policy_of(self.view)


def route_list() -> list[Route]:
    """List all routes by address."""
    from django.urls import get_resolver

    return sorted(_walk(get_resolver().url_patterns, "/", ""), key=lambda route: route.path)


def _walk(patterns, prefix: str, namespace: str) -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern).lstrip("^")
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, path, pattern.namespace or namespace)
        else:
            name = f"{namespace}:{pattern.name}" if namespace else str(pattern.name)
            yield Route(path, name, pattern.callback)


def program_route_list() -> list[Route]:
    """List the addresses that a department's system may call with a token."""
    return [r for r in route_list() if r.policy and "PROGRAM" in r.policy.populations]


def _program_permissions() -> frozenset[str]:
    """Return what a token for every such address carries."""
    return frozenset(route.policy.permission for route in program_route_list())


def context_of(persona: str):
    """Return the context of a persona; a role stands for a civil servant with only that role.

    PROGRAM is a department's system whose token names every address that is open to systems.
    """
    from yiwang.identity.api import permissions_of
    from yiwang.kernel.api import ANONYMOUS, RequestContext

    if persona == "ANONYMOUS":
        return ANONYMOUS
    if persona == "PROGRAM":
        return RequestContext(population="PROGRAM", permissions=_program_permissions())
    population = persona if persona in {"CITIZEN", "AGENT"} else "STAFF"
    roles = frozenset({persona} & set(STAFF_ROLES))
    return RequestContext(
        population=population,
        account_id=1,
        roles=roles,
        permissions=permissions_of(roles, population),
    )


def open_to(route: Route) -> list[str]:
    """List the personas who may open a route, or `EVERYONE`."""
    personas = [p for p in PERSONAS if route.policy.permits(context_of(p))]
    return EVERYONE if len(personas) == len(PERSONAS) else personas


def matrix() -> dict[str, dict]:
    """Return the matrix as the code has it: address -> who may open it, and how rows are checked.

    rows: only of addresses with parameters that are not open to everyone; "own and other" when a
    case of `matrix_case` checks them, "whole city" when the role alone decides, else "unchecked".
    """
    found = {}
    for route in route_list():
        if route.path in FOREIGN:
            continue
        who = open_to(route) if route.policy else ["NO POLICY"]
        entry: dict = {"name": route.name, "open_to": who}
        if not route.is_plain and who != EVERYONE:
            entry["rows"] = _rows_of(route.name)
        key = route.path if route.path not in found else f"{route.path}#{route.name}"
        found[key] = entry
    return found


def _rows_of(name: str) -> str:
    from tests.architecture.cases import CASES, WHOLE_CITY

    if name in CASES:
        return "own and other"
    return "whole city" if name in WHOLE_CITY else "unchecked"


def committed() -> dict[str, dict]:
    """Return the matrix as it was committed."""
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


def differences() -> list[str]:
    """Say in a line each what the code has otherwise than the committed matrix."""
    now, before = matrix(), committed()
    lines = [f"new: {path} {entry}" for path, entry in now.items() if path not in before]
    lines += [f"gone: {path}" for path in before if path not in now]
    lines += [
        f"changed: {path} was {before[path]}, is {entry}"
        for path, entry in now.items()
        if path in before and before[path] != entry
    ]
    return lines


def main() -> int:
    """Show or write the matrix."""
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yiwang.config.settings")
    django.setup()
    if "--write" in sys.argv:
        lines = (
            f"{json.dumps(path)}: {json.dumps(entry, ensure_ascii=False)}"
            for path, entry in matrix().items()
        )
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        return 0
    lines = differences()
    print("\n".join(lines) or "The committed matrix is what the code has.")  # noqa: T201
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
