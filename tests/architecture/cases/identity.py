"""Cases of identity's rows: departments' systems and their tokens."""

from collections.abc import Callable

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import World


def _system(name: str) -> Callable[[World], Case]:
    """Return the case of a page about a department's system."""

    def build(world: World) -> Case:
        from yiwang.identity.api import program_account_put
        from yiwang.kernel.api import context_system, context_use

        with context_use(context_system("test")):
            own, other = (
                program_account_put(key, name="业务系统", purpose="报送数据", now=world.now)
                for key in (world.own_department, world.other_department)
            )

        def foreign(persona: str) -> str:
            # Security administration oversees every department's: for it no foreign row exists.
            return reverse(name, args=[10**9 if persona == "SECURITY_ADMIN" else other])

        return Case(own=reverse(name, args=[own]), other=foreign)

    return build


matrix_case("identity_tokens:system", _system("identity_tokens:system"))
matrix_case("identity_tokens:system_edit", _system("identity_tokens:system_edit"))
