"""Rows of forms: one's own draft and blocks, the rows of an application one takes part in."""

from collections.abc import Callable

from django.urls import reverse

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.cases.hall import _application
from tests.architecture.world import World

SAID = {"zh": "某", "en": "One"}
GROUP = {
    "key": "matrix",
    "title": SAID,
    "block": "matrix",
    "schema": {
        "type": "object",
        "properties": {
            "staff": {
                "type": "array",
                "items": {"type": "object", "properties": {"name": {"type": "string"}}},
            }
        },
    },
    "ui": {
        "pages": [{"key": "p", "title": SAID, "fields": ["staff"]}],
        "fields": {"staff": {"title": SAID, "fields": {"name": {"title": SAID}}}},
    },
}


def _form(world: World) -> int:
    from yiwang.engines.api import form_put
    from yiwang.kernel.api import context_system, context_use

    with context_use(context_system("test")):
        return form_put("matrix.group", GROUP, source="test", now=world.now).version_id


def _draft_rows(world: World) -> Case:
    return _draft(
        world, lambda draft: reverse("engines_forms:rows", args=[draft.id, "staff", "csv"])
    )


def _draft_differences(world: World) -> Case:
    return _draft(world, lambda draft: reverse("engines_forms:differences", args=[draft.id]))


def _draft(world: World, address_of: Callable) -> Case:
    from yiwang.engines.api import draft_open
    from yiwang.kernel.api import context_system, context_use

    form = _form(world)

    def address(account_id: int) -> str:
        with context_use(context_system("test")):
            draft = draft_open(
                account_id=account_id,
                purpose_key="matrix",
                form_version_id=form,
                prefill={},
                now=world.now,
            )
        return address_of(draft)

    return Case(
        own=lambda persona: address(world.account_id(persona)),
        other=lambda persona: address(
            world.account_id("AGENT" if persona != "AGENT" else "CITIZEN")
        ),
    )


def _application_rows(world: World) -> Case:
    from yiwang.hall.applications.models import Application
    from yiwang.identity.api import data_scope

    form = _form(world)

    def address(applicant_ref: str, department_id: int) -> str:
        application = _application(world, applicant_ref, department_id)
        with data_scope(purpose="测试"):
            Application.objects.filter(pk=application.pk).update(form_version_id=form)
        return reverse("hall_applications:rows", args=[application.number, "staff", "csv"])

    own = {p: address(ref, world.other_department) for p, ref in world.own_subject.items()}
    mine = address("person:other", world.own_department)
    return Case(
        own=lambda persona: own.get(persona, mine),
        other=address("person:other", world.other_department),
        personas=(
            "CITIZEN",
            "AGENT",
            "WINDOW_CLERK",
            "REVIEWER",
            "APPROVER",
            "DEPARTMENT_HEAD",
        ),
    )


def _block(world: World) -> Case:
    from yiwang.hall.reuse.models import ReusableBlock
    from yiwang.identity.api import data_scope

    form = _form(world)

    def address(subject_ref: str) -> str:
        with data_scope(purpose="测试"):
            row = ReusableBlock.objects.create(
                subject_ref=subject_ref,
                key="matrix",
                label="某",
                values={"staff": [{"name": "某"}]},
                form_version_id=form,
                stated_at=world.now,
            )
        return reverse("hall_reuse:block", args=[row.pk])

    return Case(
        own=lambda persona: address(world.own_subject[persona]), other=address("person:other")
    )


matrix_case("engines_forms:rows", _draft_rows)
matrix_case("engines_forms:differences", _draft_differences)
matrix_case("hall_applications:rows", _application_rows)
matrix_case("hall_reuse:block", _block)
