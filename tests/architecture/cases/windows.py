"""Rows of windows and delegations: a clerk's own visit, a department's papers, one's own authorisation."""

import secrets

from django.urls import reverse

from tests.architecture.cases.bundles import _bundle_case
from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import World


def _window(world: World, department_id: int):
    from yiwang.hall.windows.actions import window_put
    from yiwang.hall.windows.queries import window_row
    from yiwang.kernel.api import context_system, context_use

    code = secrets.token_hex(6)
    with context_use(context_system("test")):
        window_put(
            code,
            title={"zh": "窗口", "en": "Window"},
            kind="HALL",
            department_id=department_id,
            area_code="320500",
            address="某处",
        )
    return window_row(code)


def _taking(world: World, persona: str, department_id: int):
    """Make a visit with a clerk, and something taken in at it for a department."""
    from datetime import timedelta

    from django.utils import timezone

    from yiwang.hall.windows.models import Taking
    from yiwang.hall.windows.queries import visit_rows

    now = timezone.now()
    window = _window(world, world.own_department)
    visit = visit_rows().create(
        number=secrets.token_hex(8),
        window=window,
        clerk_id=world.account_id(persona),
        clerk_name=persona,
        visitor_ref="person:other",
        visitor_name="某",
        applicant_ref="person:other",
        applicant_name="某",
        purpose="测试",
        rating_code=secrets.token_hex(4),
        opened_at=now,
        expires_at=now + timedelta(hours=1),
    )
    return Taking.objects.create(
        number=secrets.token_hex(8),
        query_code="X",
        receipt_hash="0" * 64,
        visit=visit,
        window=window,
        matter_code="1",
        title={"zh": "某事", "en": "A matter"},
        department_id=department_id,
        area_code="320500",
        taken_at=now,
    )


def _visit(world: World) -> Case:
    own = _taking(world, "WINDOW_CLERK", world.own_department).visit.number
    other = _taking(world, "REVIEWER", world.own_department).visit.number
    name = "hall_windows:visit"
    return Case(own=reverse(name, args=[own]), other=reverse(name, args=[other]))


def _receipt(world: World) -> Case:
    own = _taking(world, "WINDOW_CLERK", world.own_department)
    other = _taking(world, "REVIEWER", world.own_department)
    name = "hall_windows:receipt"
    return Case(
        own=reverse(name, args=[own.visit.number, own.number]),
        other=reverse(name, args=[other.visit.number, other.number]),
    )


def _hand_over(world: World) -> Case:
    from yiwang.hall.windows.models import HandOver

    def listed(department_id: int) -> str:
        return HandOver.objects.create(
            number=secrets.token_hex(8),
            window=_window(world, world.other_department),
            department_id=department_id,
            handed_by="某",
            handed_at=world.now,
        ).number

    name = "hall_windows:hand_over"
    return Case(
        own=reverse(name, args=[listed(world.own_department)]),
        other=reverse(name, args=[listed(world.other_department)]),
    )


def _delegation(world: World) -> Case:
    from datetime import timedelta

    from django.utils import timezone

    from yiwang.identity.accounts.models import Delegation

    def made(principal_ref: str) -> int:
        return Delegation.objects.create(
            principal_ref=principal_ref,
            principal_name="某",
            deputy_name="某某",
            scope="MATTER",
            scope_value="1",
            scope_title={"zh": "某事", "en": "A matter"},
            code=secrets.token_hex(4),
            to_date=timezone.localdate() + timedelta(days=1),
            offered_at=world.now,
        ).pk

    def address(subjects: dict):
        ids = {persona: made(ref) for persona, ref in subjects.items()}
        return lambda persona: reverse("portal_spaces:delegation", args=[ids[persona]])

    return Case(own=address(world.own_subject), other=address(world.other_subject))


def _bundle_receipt(world: World) -> Case:
    """A bundle taken in at a clerk's own visit, and at another clerk's."""
    from yiwang.hall.bundles.models import BundleCase
    from yiwang.hall.windows.models import Visit
    from yiwang.identity.api import data_scope

    def made(visit: Visit) -> str:
        number = _bundle_case(world, visit.applicant_ref)
        with data_scope(purpose="测试"):
            BundleCase.objects.filter(number=number).update(visit_id=visit.pk)
        return reverse("hall_windows:bundle_receipt", args=[visit.number, number])

    own = _taking(world, "WINDOW_CLERK", world.own_department).visit
    other = _taking(world, "REVIEWER", world.own_department).visit
    return Case(own=made(own), other=made(other))


def _visitors_part(name: str):
    """A visitor's part in an application of somebody else, typed at a clerk's own visit or another's."""

    def build(world: World) -> Case:
        from yiwang.hall.parties.queries import part_rows

        page = ["one"] if name == "hall_windows:part_page" else []

        def made(persona: str) -> str:
            visit = _taking(world, persona, world.own_department).visit
            ref = f"person:{secrets.token_hex(6)}"
            visit.applicant_ref = ref
            visit.save(update_fields=["applicant_ref"])
            part_id = _part_made(world, ref, persona)
            part_rows().filter(pk=part_id).update(visit_id=visit.pk)
            return reverse(name, args=[visit.number, part_id, *page])

        return Case(own=made("WINDOW_CLERK"), other=made("REVIEWER"))

    return build


matrix_case("hall_windows:visit", _visit)
matrix_case("hall_windows:bundle_receipt", _bundle_receipt)
for _name in ("hall_windows:part", "hall_windows:part_page"):
    matrix_case(_name, _visitors_part(_name))
matrix_case("hall_windows:receipt", _receipt)
matrix_case("hall_windows:hand_over", _hand_over)
matrix_case("portal_spaces:delegation", _delegation)


def _part_made(world: World, ref: str, persona: str) -> int:
    """Make a matter with a second party, and that party's part, typed by a persona."""
    from yiwang.engines.api import draft_open, form_put
    from yiwang.hall.matters.actions import matter_put
    from yiwang.hall.parties.queries import case_rows, part_rows
    from yiwang.kernel.api import context_system, context_use
    from yiwang.sdk.packs import MatterDefinition, Party

    text = {"zh": "某", "en": "X"}
    form = {
        "key": "x",
        "title": text,
        "schema": {"type": "object", "properties": {"a": {"type": "string"}}},
        "ui": {
            "pages": [{"key": "one", "title": text, "fields": ["a"]}],
            "fields": {"a": {"title": text}},
        },
    }
    party = Party(key="other", title=text, pages=("one",))
    with context_use(context_system("test")):
        version = form_put("test.x", form, source="test", now=world.now).version_id
        matter = matter_put(
            MatterDefinition(
                code="320714009000",
                title=text,
                item_type="07",
                department="civil_affairs",
                level="CITY",
                parties=(party,),
            ),
            form_version_id=version,
            source="test@1",
            now=world.now,
        )

    with context_use(context_system("test")):
        first = draft_open(
            account_id=world.account_id("STAFF"),
            purpose_key=secrets.token_hex(8),
            form_version_id=version,
            prefill={},
            now=world.now,
        )
        own = draft_open(
            account_id=world.account_id(persona),
            purpose_key=secrets.token_hex(8),
            form_version_id=version,
            prefill={},
            now=world.now,
        )
    case = case_rows().create(
        draft_id=first.id,
        matter_version_id=matter.version_id,
        form_version_id=version,
        title=text,
        applicant_ref="person:first",
        applicant_name="某",
    )
    return (
        part_rows()
        .create(
            case=case,
            key="other",
            title=text,
            kind=ref.partition(":")[0],
            name="某",
            code=secrets.token_hex(5),
            ref=ref,
            draft_id=own.id,
            account_id=world.account_id(persona),
            invited_at=world.now,
        )
        .pk
    )


def _part(name: str):
    def build(world: World) -> Case:
        page = ["one"] if name == "hall_parties:page" else []
        own = {p: _part_made(world, world.own_subject[p], p) for p in ("CITIZEN", "AGENT")}
        other = _part_made(world, "person:other", "STAFF")
        return Case(
            own=lambda persona: reverse(name, args=[own[persona], *page]),
            other=reverse(name, args=[other, *page]),
        )

    return build


for _name in ("hall_parties:part", "hall_parties:page"):
    matrix_case(_name, _part(_name))
