"""Rows of one's own and of another department (本部门与其他部门): the cases of the matrix.

    def application_item(world):
        own, other = …                      # make one in world.own_department, one in the other
        return Case(own=reverse(…, args=[own]), other=reverse(…, args=[other]))

    matrix_case("hall_applications:item", application_item)

An app's cases stand here, one call a route. For every role that may open the route, `own` must be
shown and `other` refused (403, or 404 where even its existence is nobody's business).
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from tests.architecture.world import World


@dataclass(frozen=True, slots=True)
class Case:
    """Two addresses of one route.

    own, other: an address, or a function of the persona that gives one (a citizen's own row is
    another one than an agent's). personas: who sees the own row, all that may open the route by
    default; whoever may open the route and is not among them sees neither.
    """

    own: str | Callable[[str], str]
    other: str | Callable[[str], str]
    personas: tuple[str, ...] = ()
    refused: tuple[int, ...] = (403, 404)


CASES: dict[str, Callable[[World], Case]] = {}


def matrix_case(route: str, build: Callable[[World], Case]) -> None:
    """Declare how a route with parameters is tried on one's own and on another's rows."""
    CASES[route] = build


# Routes whose rows belong to no department: the role alone decides, over the whole city.
WHOLE_CITY = frozenset(
    {
        "identity_accounts:account_close",
        "identity_accounts:post_assign",
        "identity_accounts:post_leave",
        "identity_accounts:staff_one",
        "identity_accounts:staff_password",
        "identity_accounts:staff_sessions_end",
        "identity_accounts:totp_reset",
    }
)


def _message(world: World) -> Case:
    from yiwang.hall.api import message_send
    from yiwang.kernel.api import context_system, context_use

    def send(persona: str) -> str:
        with context_use(context_system("test")):
            key = message_send(
                world.account_id(persona),
                template="application_submitted",
                params={"number": "1", "title": "x"},
                link="/",
                now=world.now,
            )
        return reverse("hall_messages:detail", args=[key])

    return Case(
        own=send, other=lambda persona: send("CITIZEN" if persona != "CITIZEN" else "AGENT")
    )


def _licence(name: str) -> Callable[[World], Case]:
    """Return the case of a page of a licence: its holder and its issuing department see it."""

    def build(world: World) -> Case:
        own = {
            "CITIZEN": _licence_issued(world, "PERSON", "person:own", world.other_department),
            "AGENT": _licence_issued(world, "ENTERPRISE", "enterprise:own", world.other_department),
        }
        mine = _licence_issued(world, "PERSON", "person:other", world.own_department)
        other = _licence_issued(world, "PERSON", "person:other", world.other_department)
        return Case(
            own=lambda persona: reverse(name, args=[own.get(persona, mine)]),
            other=reverse(name, args=[other]),
            personas=("CITIZEN", "AGENT", "APPROVER", "DEPARTMENT_HEAD"),
        )

    return build


def _licence_issued(world: World, holder: str, holder_ref: str, department_id: int) -> int:
    from yiwang.hall.api import licence_issue, licence_type_put
    from yiwang.kernel.api import context_system, context_use

    definition = {
        "title": {"zh": "证", "en": "Licence"},
        "type_code": f"11320500MATRIX0001{len(holder):03}",
        "holder": holder,
        "validity_years": None,
        "fields": [],
        "template": "CARD",
        "legal_basis": [],
    }
    with context_use(context_system("test")):
        licence_type_put(f"matrix.{holder}", definition, source="test", now=world.now)
        return licence_issue(
            f"matrix.{holder}",
            holder_ref=holder_ref,
            holder_name="某",
            holder_number="1",
            data={"form": {}, "applicant": {}},
            area_code="320500",
            department_id=department_id,
            source=f"test:{holder_ref}:{department_id}",
            now=world.now,
        ).id


matrix_case("hall_messages:detail", _message)
matrix_case("hall_licences:detail", _licence("hall_licences:detail"))
matrix_case("hall_licences:pdf", _licence("hall_licences:pdf"))
