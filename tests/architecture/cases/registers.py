"""Rows of companies and investment projects: the cases of the matrix."""

import itertools
from decimal import Decimal
from functools import partial

from django.urls import reverse
from django.utils import timezone

from tests.architecture.cases.case import Case, matrix_case
from tests.architecture.world import TODAY, World
from yiwang.sdk.identifiers import uscc_make

SERIALS = itertools.count(1)
OFFICERS = ("WINDOW_CLERK", "REVIEWER", "APPROVER", "DEPARTMENT_HEAD")


def _company(department_id: int, representative: str = "") -> str:
    from yiwang.hall.companies.models import Company

    number = next(SERIALS)
    return Company.objects.create(
        uscc=uscc_make("9", "1", "320508", f"MAX{number:05d}"),
        name=f"某公司{number}",
        kind="LIMITED",
        legal_representative="某",
        legal_representative_ref=representative,
        registered_capital=Decimal(1),
        address="某路",
        area_code="320508",
        business_scope="软件开发",
        department_id=department_id,
        established_date=TODAY,
    ).uscc


def _register(world: World) -> Case:
    name = "hall_companies:company"
    return Case(
        own=reverse(name, args=[_company(world.own_department)]),
        other=reverse(name, args=[_company(world.other_department)]),
        personas=OFFICERS,
    )


def _own_company(world: World) -> Case:
    name = "hall_companies:own_company"
    own = {
        persona: _company(world.other_department, world.own_subject[persona])
        for persona in ("CITIZEN", "AGENT")
    }
    return Case(
        own=lambda persona: reverse(name, args=[own[persona]]),
        other=reverse(name, args=[_company(world.own_department, "person:other")]),
    )


def _filing(world: World) -> Case:
    """Parties see a filing; officers only through an application that their department handles."""
    name = "hall_companies:filing"
    own = {persona: _filed(world, world.own_subject[persona]) for persona in ("CITIZEN", "AGENT")}
    return Case(
        own=lambda persona: reverse(name, args=[own.get(persona, own["CITIZEN"])]),
        other=reverse(name, args=[_filed(world, "person:other")]),
        personas=("CITIZEN", "AGENT"),
    )


def _filed(world: World, party: str) -> str:
    from yiwang.engines.api import form_put
    from yiwang.hall.companies.models import Filing, FilingParty, NameReservation
    from yiwang.identity.api import data_scope
    from yiwang.kernel.api import context_system, context_use

    number = next(SERIALS)
    with context_use(context_system("test")), data_scope(purpose="test"):
        form = form_put(
            "matrix.company",
            {
                "key": "company",
                "title": {"zh": "表", "en": "Form"},
                "schema": {"type": "object", "properties": {"note": {"type": "string"}}},
                "ui": {
                    "pages": [
                        {"key": "one", "title": {"zh": "页", "en": "Page"}, "fields": ["note"]}
                    ],
                    "fields": {"note": {"title": {"zh": "说明", "en": "Note"}}},
                },
            },
            source="test",
            now=world.now,
        )
        name = NameReservation.objects.create(
            number=f"MX{number:06d}",
            name=f"某公司{number}",
            division="苏州",
            core=f"某{number}",
            trade="软件",
            form="有限公司",
            arrangement="FRONT",
            kind="LIMITED",
            area_code="320508",
            exact_key=f"x{number}",
            core_key=f"x{number}",
            sound_key=f"x{number}",
            applicant_ref="person:nobody",
            account_id=0,
            reserved_at=world.now,
            expires_date=TODAY,
        )
        row = Filing.objects.create(
            number=f"DX{number:06d}",
            draft_id=number,
            reservation=name,
            applicant_ref="person:nobody",
            account_id=0,
            company_name=name.name,
            form_version_id=form.version_id,
            content={"note": "x"},
            articles="章程",
            digest="x",
            opened_at=world.now,
        )
        FilingParty.objects.create(filing=row, subject_ref=party, name="某", roles=["SHAREHOLDER"])
    return row.number


def _project(department_id: int, investor: str, world: World) -> str:
    from datetime import timedelta

    from yiwang.hall.projects.models import Project

    number = next(SERIALS)
    return Project.objects.create(
        code=f"2026-320508-89-03-{number:06d}",
        name=f"某项目{number}",
        kind="FILE",
        use="INDUSTRIAL",
        investor_ref=investor,
        investor_name="某",
        lead_id=department_id,
        area_code="320508",
        address="某路",
        investment_wan=1,
        land_m2=1,
        building_m2=1,
        start_planned=TODAY,
        finish_planned=TODAY + timedelta(days=9),
        created_at=world.now,
    ).code


def _officers_project(world: World, name: str = "hall_projects:project") -> Case:
    """Supervision sees every project, so only who works in a department is tried on another's."""
    own = _project(world.own_department, "enterprise:other", world)
    other = _project(world.other_department, "enterprise:other", world)
    return Case(
        own=reverse(name, args=[own]),
        other=lambda persona: reverse(
            name, args=["0000-000000-00-00-000000" if persona == "SUPERVISOR" else other]
        ),
        personas=(*OFFICERS, "SUPERVISOR"),
    )


def _own_project(world: World, name: str = "hall_projects:own") -> Case:
    own = _project(world.other_department, world.own_subject["AGENT"], world)
    other = _project(world.own_department, "enterprise:other", world)
    return Case(own=reverse(name, args=[own]), other=reverse(name, args=[other]))


def _checked_company(world: World) -> Case:
    name = "hall_companies:check_company"
    return Case(
        own=reverse(name, args=[_company(world.own_department)]),
        other=reverse(name, args=[_company(world.other_department)]),
        personas=OFFICERS,
    )


def _file(world: World) -> Case:
    """The registrar that gives a file sees it, and the one that takes it; others do not."""
    name = "hall_companies:file"
    return Case(
        own=reverse(name, args=[_transferred(world.other_department, world.own_department)]),
        other=reverse(name, args=[_transferred(world.other_department, world.other_department)]),
        personas=OFFICERS,
    )


def _transferred(from_department: int, to_department: int) -> str:
    from yiwang.hall.companies.models import Company, FileTransfer

    number = f"DA{next(SERIALS):013d}"
    FileTransfer.objects.create(
        number=number,
        company=Company.objects.get(uscc=_company(from_department)),
        application_number=f"matrix-{number}",
        from_department_id=from_department,
        to_department_id=to_department,
        asked_at=timezone.now(),
        due_date=TODAY,
    )
    return number


matrix_case("hall_companies:company", _register)
matrix_case("hall_companies:check_company", _checked_company)
matrix_case("hall_companies:file", _file)
matrix_case("hall_companies:own_company", _own_company)
matrix_case("hall_companies:filing", _filing)
matrix_case("hall_projects:project", _officers_project)
matrix_case("hall_projects:own", _own_project)
matrix_case(
    "hall_projects:project_progress",
    partial(_officers_project, name="hall_projects:project_progress"),
)
for _page in ("progress", "years", "report", "change", "offer", "end"):
    matrix_case(f"hall_projects:{_page}", partial(_own_project, name=f"hall_projects:{_page}"))
