"""A small city with one person of every role, for the authorisation matrix."""

from datetime import UTC, date, datetime

from django.test import Client
from django.utils import timezone

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


class World:
    """Two departments side by side, in the first one a civil servant of every role.

    Also a citizen "person:own", an agent of "enterprise:own", and "person:other" and
    "enterprise:other" of whom they may see nothing.
    """

    now = NOW
    own_subject = {"CITIZEN": "person:own", "AGENT": "enterprise:own"}
    other_subject = {"CITIZEN": "person:other", "AGENT": "enterprise:other"}

    def __init__(self, roles: tuple[str, ...]) -> None:
        from yiwang.identity.api import accounts_load, departments_load, posts_load
        from yiwang.kernel.api import context_system, context_use

        with context_use(context_system("test")):
            departments_load([_department(uscc, function) for uscc, function in _BUREAUS], now=NOW)
            posts_load([_post(role) for role in ("STAFF", *roles)], now=NOW)
            accounts_load(
                [_account(persona) for persona in ("CITIZEN", "AGENT", "STAFF", *roles)], now=NOW
            )
        from yiwang.identity.api import department_by_uscc

        self.own_department = department_by_uscc(_BUREAUS[0][0]).id
        self.other_department = department_by_uscc(_BUREAUS[1][0]).id
        self.accounts = {}
        self._clients: dict[str, Client] = {}

    def account_id(self, persona: str) -> int:
        """Return the account of a persona."""
        from yiwang.identity.api import account_find

        return account_find(persona.lower()).id

    def client(self, persona: str) -> Client:
        """Return a browser in which the persona is signed in; English, defects as answers."""
        if persona not in self._clients:
            from django.contrib.auth import get_user_model

            client = Client(raise_request_exception=False)
            if persona == "PROGRAM":
                client = self.program_client()
            elif persona != "ANONYMOUS":
                client.force_login(get_user_model().objects.get(username=persona.lower()))
            self._clients[persona] = client
        return self._clients[persona]

    def program_client(self, routes: list[str] | None = None) -> Client:
        """Return a program of the own department, with a token for these routes or for all there are."""
        from yiwang.identity.api import program_account_put, token_issue
        from yiwang.identity.tokens.queries import program_routes
        from yiwang.kernel.api import context_system, context_use

        self._systems = getattr(self, "_systems", 0) + 1
        with context_use(context_system("test")):
            system_id = program_account_put(
                self.own_department, name=f"系统{self._systems}", purpose="授权矩阵", now=NOW
            )
            # Issued at the moment at which it is used: the clock of the door is the real one.
            issued = token_issue(
                system_id, routes=routes or list(program_routes()), now=timezone.now()
            )
        authorization = {"Authorization": f"Bearer {issued.secret}"}
        return Client(raise_request_exception=False, headers=authorization)


_BUREAUS = (("91320500MATRIX0001", "civil_affairs"), ("91320500MATRIX0002", "health"))


def _department(uscc: str, function: str) -> dict:
    return {
        "uscc": uscc,
        "name": function,
        "function": function,
        "level": "CITY",
        "area_code": "320500",
    }


def _post(role: str) -> dict:
    roles = [] if role == "STAFF" else [role]
    return {"department_uscc": _BUREAUS[0][0], "title": role, "roles": roles}


def _account(persona: str) -> dict:
    population = persona if persona in {"CITIZEN", "AGENT"} else "STAFF"
    row: dict = {"username": persona.lower(), "population": population, "name": persona}
    if population == "CITIZEN":
        row["subject_ref"] = World.own_subject["CITIZEN"]
    elif population == "AGENT":
        row["authorities"] = [{"enterprise_ref": "enterprise:own", "enterprise_name": "本企业"}]
    else:
        row["posts"] = [{"department_uscc": _BUREAUS[0][0], "title": persona}]
    return row
