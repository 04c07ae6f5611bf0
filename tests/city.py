"""Who is who in the small demonstration city, and short ways to act as them."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import Argon2PasswordHasher

from yiwang.config.demo import build
from yiwang.identity.api import context_of_account
from yiwang.kernel.api import RequestContext
from yiwang.resources.api import registries_load

QUICK = ["tests.city.QuickHasher"]
PIPELINE = ("Sources of the registries", "Records of the departments", "Registries")


def _nothing(_city):
    yield 1, 1


def _registries_direct(city):
    """Load the made people and enterprises as they are, without the departments' records."""
    made = city.population
    registries_load(
        households=made.households,
        persons=made.persons,
        ties=made.ties,
        enterprises=city.enterprise_rows,
        now=city.now,
    )
    yield 1, 1


@contextmanager
def direct_registries():
    """Let `city_build` fill the registries at once: for tests that are not about how they are filled."""
    with pytest.MonkeyPatch.context() as patch:
        for stage in PIPELINE:
            patch.setitem(build.STAGES, stage, _nothing)
        patch.setitem(build.STAGES, PIPELINE[-1], _registries_direct)
        # Tests make the applications that they speak of; the seeds have a test of their own.
        patch.setitem(build.STAGES, "Life in the hall", _nothing)
        yield


class QuickHasher(Argon2PasswordHasher):
    """The product's algorithm at its least cost."""

    time_cost, memory_cost, parallelism = 1, 8, 1


@dataclass(frozen=True)
class City:
    """The demonstration accounts by user name."""

    accounts: dict[str, dict]

    @classmethod
    def read(cls, folder: Path) -> "City":
        """Read the accounts that the builder wrote."""
        rows = json.loads((folder / "demo-accounts.json").read_text())
        return cls({row["username"]: row for row in rows})

    def account(self, username: str):
        """Return the account's row."""
        return get_user_model().objects.get(username=username)

    def context(self, username: str, *, purpose: str = "测试") -> RequestContext:
        """Return the context in which this person acts after signing in."""
        return replace(context_of_account(self.account(username).pk), purpose=purpose)

    def staff(self, function: str, role: str) -> RequestContext:
        """Return the context of an officer with a role in the district's bureau of a trade."""
        for row in self.accounts.values():
            if row.get("function") == function and row.get("role_code") == role:
                return self.context(row["username"])
        raise LookupError(f"nobody is {role} of {function}")
