"""Every route × every role × own and other department × nobody, citizens and agents."""

import pytest
from django.conf import settings

from tests.architecture.authorisation_matrix import (
    FOREIGN,
    PERSONAS,
    STAFF_ROLES,
    committed,
    context_of,
    differences,
    matrix,
    program_route_list,
    route_list,
)
from tests.architecture.cases import CASES
from tests.architecture.world import World
from yiwang.identity.api import ROLES

SHOWN = (200, 302)
pytestmark = pytest.mark.pages


@pytest.fixture
def world(db) -> World:
    return World(STAFF_ROLES)


def test_the_matrix_knows_every_role_of_the_city():
    assert set(STAFF_ROLES) == set(ROLES)


def test_every_route_has_a_policy():
    missing = [r.path for r in route_list() if r.policy is None and r.path not in FOREIGN]
    assert missing == [], "decorate these views with @public or @allow(...)"


def test_every_permission_that_a_route_asks_for_is_held_by_somebody():
    asked = {r.policy.permission for r in route_list() if r.policy and r.policy.permission}
    held = set().union(*(context_of(persona).permissions for persona in PERSONAS))
    assert sorted(asked - held) == [], "register these permissions with permission_register"


def test_the_committed_matrix_is_what_the_code_has():
    assert differences() == [], (
        "who may open what has changed: read it, then run "
        "python -m tests.architecture.authorisation_matrix --write"
    )


@pytest.mark.parametrize("persona", PERSONAS)
def test_the_door_does_what_the_matrix_says(world, persona):
    client, wrong = world.client(persona), []
    for route in route_list():
        if not route.is_plain or route.path in FOREIGN:
            continue
        allowed = route.policy.permits(context_of(persona))
        answer = client.get(route.path)
        if (problem := _problem(persona, route.path, allowed=allowed, answer=answer)) is not None:
            wrong.append(problem)
    assert wrong == []


def _problem(persona: str, path: str, *, allowed: bool, answer) -> str | None:
    """Say what is wrong with an answer of the door, None if nothing is."""
    to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith(
        f"{settings.LOGIN_URL}?next="
    )
    refused = answer.status_code in {401, 403} or to_sign_in
    if allowed and refused:
        return f"{path} refuses {persona} ({answer.status_code}), who may open it"
    if allowed and answer.status_code >= 500:
        return f"{path} breaks for {persona} ({answer.status_code})"
    if allowed:
        return None
    if not refused:
        return f"{path} opens for {persona} ({answer.status_code}), who may not"
    # Pages know no tokens: there a system is a visitor.
    is_visitor = persona == "ANONYMOUS" or (persona == "PROGRAM" and not path.startswith("/api/"))
    if is_visitor and not to_sign_in and answer.status_code != 401:
        return f"{path} does not lead a visitor to the sign-in ({answer.status_code})"
    if not is_visitor and answer.status_code != 403:
        return f"{path} answers {persona} with {answer.status_code} and not 403"
    return None


@pytest.mark.parametrize("name", sorted(CASES) or [None])
def test_rows_of_another_department_stay_closed(world, name):
    if name is None:
        assert CASES == {}
        return
    case = CASES[name](world)
    (route,) = [r for r in route_list() if r.name == name]
    wrong = []
    for persona in PERSONAS:
        if persona == "ANONYMOUS" or not route.policy.permits(context_of(persona)):
            continue
        sees_own = persona in case.personas or not case.personas
        for address, is_open in ((case.own, sees_own), (case.other, False)):
            where = address(persona) if callable(address) else address
            status = world.client(persona).get(where).status_code
            if status not in (SHOWN if is_open else case.refused):
                wrong.append(f"{where} answers {persona} with {status}")
    assert wrong == []


def test_only_addresses_of_the_api_are_open_to_systems_and_each_says_what_for():
    routes = program_route_list()
    assert [r.path for r in routes if not r.path.startswith("/api/")] == []
    assert [r.path for r in routes if not all(r.view.program_title.values())] == []
    assert len(routes) > 0


def test_a_token_for_one_address_opens_no_other(world):
    for route in program_route_list():
        if not route.is_plain:
            continue
        client = world.program_client([route.name])
        opened = [
            other.path
            for other in program_route_list()
            if other.is_plain and client.get(other.path).status_code not in {401, 403}
        ]
        assert opened == [route.path]


def test_the_matrix_file_is_sorted_and_complete():
    assert list(committed()) == list(matrix())
