"""Documents of decisions: the applicant's own, and those of the officers who take part."""

import secrets

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.cases.hall import HANDLERS, _application
from tests.architecture.world import World


def _decision(world: World) -> Case:
    from yiwang.hall.applications.models import Decision

    def address(applicant_ref: str, department_id: int) -> str:
        application = _application(world, applicant_ref, department_id)
        Decision.objects.create(
            application=application,
            outcome="APPROVED",
            document_number=f"许字{secrets.token_hex(6)}号",
            legal_basis=["《某法》"],
            department_name="某局",
            officer_name="某",
            decided_at=world.now,
        )
        return reverse("hall_papers:decision", args=[application.number])

    own = {p: address(ref, world.other_department) for p, ref in world.own_subject.items()}
    mine = address("person:other", world.own_department)
    return Case(
        own=lambda persona: own.get(persona, mine),
        other=address("person:other", world.other_department),
        personas=("CITIZEN", "AGENT", *HANDLERS),
    )


matrix_case("hall_papers:decision", _decision)
