"""Rows of bundles and of requests for opinions: who filed it; who asked, and who is asked."""

import secrets

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.cases.hall import _application, _matter
from tests.architecture.world import World

ASKERS = ("REVIEWER", "APPROVER", "DEPARTMENT_HEAD")


def _bundle_case(world: World, applicant_ref: str) -> str:
    from yiwang.hall.bundles.models import Bundle, BundleCase, BundleItem, BundleVersion
    from yiwang.identity.api import data_scope
    from yiwang.kernel.api import context_system, context_use

    with context_use(context_system("test")):
        matter = _matter(world)
    bundle, _new = Bundle.objects.get_or_create(key="matrix.bundle", defaults={"source": "test"})
    part = {"key": "one", "matter": "matrix.one", "code": matter.code}
    definition = {
        "title": {"zh": "某事", "en": "Something"},
        "summary": {"zh": "某", "en": "Some"},
        "kind": "person",
        "owner": "civil_affairs",
        "matters": [part, {**part, "key": "two"}],
    }
    version, _new = BundleVersion.objects.get_or_create(
        bundle=bundle,
        number=1,
        defaults={
            "digest": "0" * 64,
            "definition": definition,
            "fields": {},
            "asked_before": 0,
            "form_version_id": matter.form_version_id,
            "created_at": world.now,
        },
    )
    with data_scope(purpose="测试"):
        case = BundleCase.objects.create(
            number=f"YJS{secrets.token_hex(6)}",
            submission_key=secrets.token_hex(8),
            version=version,
            account_id=world.account_id("CITIZEN"),
            applicant_ref=applicant_ref,
            applicant_name="某",
            form_data={},
            documents={},
            sha256="0" * 64,
            submitted_at=world.now,
        )
    BundleItem.objects.create(case=case, key="one", matter_code=matter.code, title=matter.title)
    return case.number


def _bundle(route: str):
    def build(world: World) -> Case:
        def address(subjects: dict):
            made = {persona: _bundle_case(world, ref) for persona, ref in subjects.items()}
            return lambda persona: reverse(route, args=[made[persona]])

        return Case(own=address(world.own_subject), other=address(world.other_subject))

    return build


def _consultation(world: World) -> Case:
    from yiwang.hall.consultations.models import Consultation, ConsultationParty

    def made(asker: int, asked: int) -> str:
        row = Consultation.objects.create(
            number=f"ZQ{secrets.token_hex(6)}",
            subject="application:x",
            title={"zh": "某事", "en": "Something"},
            question="？",
            join={},
            days=5,
            department_id=asker,
            department_name="某",
            asked_by_id=world.account_id("CITIZEN"),
            asked_by_name="某",
            asked_at=world.now,
        )
        ConsultationParty.objects.create(
            consultation=row,
            key=f"department_{asked}",
            kind="DEPARTMENT",
            department_id=asked,
            name={"zh": "某", "en": "Some"},
        )
        return reverse("hall_consultations:detail", args=[row.pk])

    return Case(
        own=made(world.other_department, world.own_department),
        other=made(world.other_department, world.other_department),
        personas=ASKERS,
    )


def _asking(world: World) -> Case:
    from yiwang.engines.workflow.models import WorkItem

    def item(department_id: int) -> str:
        application = _application(world, "person:other", department_id)
        found = WorkItem.objects.get(instance_id=application.instance_id)
        return reverse("hall_consultations:ask", args=[found.pk])

    return Case(own=item(world.own_department), other=item(world.other_department))


def _panel(world: World) -> Case:
    from yiwang.hall.consultations.models import ExpertPanel

    def made(department_id: int) -> str:
        row = ExpertPanel.objects.create(
            key=f"p{department_id}", title={"zh": "组", "en": "Panel"}, department_id=department_id
        )
        return reverse("hall_consultations:panel", args=[row.pk])

    return Case(own=made(world.own_department), other=made(world.other_department))


for _name in ("case", "receipt"):
    matrix_case(f"hall_bundles:{_name}", _bundle(f"hall_bundles:{_name}"))
matrix_case("hall_consultations:detail", _consultation)
matrix_case("hall_consultations:ask", _asking)
matrix_case("hall_consultations:panel", _panel)
