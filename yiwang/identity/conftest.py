"""A small city for the tests of identity: four departments, posts, people of three populations."""

from datetime import date

import pytest

from yiwang.identity.accounts.actions import account_create, agent_authority_grant, post_assign
from yiwang.identity.accounts.models import Account
from yiwang.identity.accounts.second_factor import totp_seal
from yiwang.identity.organisations.actions import department_put, post_put
from yiwang.identity.testing import NOW, PASSWORD, SECRET
from yiwang.kernel.api import context_system, context_use


class City:
    """Ids of what was made, and makers of more."""

    def __init__(self) -> None:
        self.government = self.department("1" * 18, "general_office", "CITY", "320500", None)
        self.bureau = self.department("2" * 18, "civil_affairs", "CITY", "320500", self.government)
        self.district = self.department(
            "3" * 18, "civil_affairs", "DISTRICT", "320506", self.bureau
        )
        self.street = self.department(
            "4" * 18, "civil_affairs", "STREET", "320506001", self.district
        )

    def department(self, uscc, function, level, area_code, parent_id) -> int:
        with context_use(context_system("test")):
            return department_put(
                uscc,
                name=f"{function} {level} {area_code}",
                function=function,
                level=level,
                area_code=area_code,
                parent_id=parent_id,
                phone="0512-12345",
                now=NOW,
            )

    def post(self, department_id, *roles, title=None) -> int:
        with context_use(context_system("test")):
            name = title or " ".join(roles) or "科员"
            return post_put(department_id, title=name, roles=roles, now=NOW)

    def account(self, username, population, **more) -> Account:
        with context_use(context_system("test")):
            key = account_create(
                username,
                population=population,
                name=f"{username}名",
                password=PASSWORD,
                now=NOW,
                **more,
            )
        return Account.objects.get(pk=key)

    def staff(self, username, *roles, department_id=None, secret=SECRET) -> Account:
        account = self.account(username, "STAFF")
        Account.objects.filter(pk=account.pk).update(totp_secret=totp_seal(username, secret))
        with context_use(context_system("test")):
            post_assign(
                account.pk,
                post_id=self.post(department_id or self.bureau, *roles),
                from_date=date(2026, 1, 1),
                now=NOW,
            )
        account.refresh_from_db()
        return account

    def agent(self, username, *enterprises) -> Account:
        account = self.account(username, "AGENT")
        with context_use(context_system("test")):
            for uscc in enterprises:
                agent_authority_grant(
                    account.pk,
                    enterprise_ref=f"enterprise:{uscc}",
                    enterprise_name=f"企业{uscc}",
                    from_date=date(2026, 1, 1),
                    now=NOW,
                )
        return account


@pytest.fixture
def city(db) -> City:
    return City()


@pytest.fixture
def system():
    with context_use(context_system("test")) as context:
        yield context
