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
        # A process model belongs to the city; an instance shows steps and numbers, no applicant.
        "engines_designer:compare",
        "engines_designer:detail",
        "engines_designer:discard",
        "engines_designer:draft",
        "engines_designer:file",
        "engines_designer:instance",
        "engines_designer:instances",
        "engines_designer:publish",
        "engines_designer:save",
        "engines_designer:upload",
        # The working-day calendar is the city's.
        "kernel_calendar:reopen",
        # A form belongs to the city, and so does what a matter asks for; the measure counts, it names nobody.
        "engines_formdesigner:compare",
        "engines_formdesigner:detail",
        "engines_formdesigner:discard",
        "engines_formdesigner:draft",
        "engines_formdesigner:field",
        "engines_formdesigner:file",
        "engines_formdesigner:form",
        "engines_formdesigner:frame",
        "engines_formdesigner:page",
        "engines_formdesigner:preview",
        "engines_formdesigner:publish",
        "engines_formdesigner:rule",
        "engines_formdesigner:upload",
        "hall_matters:form",
        "hall_reuse:block_new",
        "hall_reuse:matter",
        # A hall is open to everybody; what is taken or booked there is one's own by the act.
        "hall_counters:book",
        "hall_counters:take",
        # The lists of powers are the whole city's; two persons change them.
        "hall_lists:mark",
        # The kind of decision is the parameter; what is entered is the actor's own department's by the act.
        "api_hall_disclosure:decisions",
        "hall_disclosure:new",
        # Moving running cases concerns a process of the city.
        "engines_approvals:migration",
        # Templates of messages are the city's, without any person's data.
        "hall_messages:template",
        # Supervision watches every department; its role sees no applicant.
        "hall_supervision:case",
        "hall_supervision:department",
        "hall_supervision:rule",
        "identity_accounts:account_close",
        "identity_accounts:post_assign",
        "identity_accounts:post_leave",
        "identity_accounts:staff_one",
        "identity_accounts:staff_password",
        "identity_accounts:staff_sessions_end",
        "identity_accounts:totp_reset",
        "resources_fusion:run",
        # A city's people and organisations are no department's rows: role and stated purpose decide.
        "api_resources_registries:changes",
        "api_resources_registries:organisation",
        "api_resources_registries:person",
        "resources_registries:compare",
        "resources_registries:lineage",
        "resources_registries:masters_of",
        "resources_registries:masters_progress",
        "resources_registries:organisation",
        "resources_registries:person",
        # The form of the file is its parameter; the rows are the steward's own by the query.
        "resources_catalogue:mine_export",
    }
)
