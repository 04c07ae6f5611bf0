"""Every stage of a project is applied for by one form, with what its facts ask for; the plan by years beside the reports."""

import datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.hall import test_projects
from tests.hall.test_projects import TYPED, apply, detail, grant, relay, standings
from tests.hall.test_projects_changes import PDF, bundle_fill, grant_rows, registered, states
from tests.hall.test_projects_reports import begun, building, give
from yiwang.hall.bundles.actions.drafts import bundle_document_attach, bundle_draft_begin
from yiwang.hall.bundles.actions.submission import bundle_submit
from yiwang.hall.bundles.definition import bundle_load
from yiwang.hall.bundles.errors import BundleBegunElsewhere
from yiwang.hall.bundles.models import BundleDocument
from yiwang.hall.bundles.queries.bundles import bundle_get
from yiwang.hall.bundles.queries.cases import bundle_case_get
from yiwang.hall.bundles.queries.drafts import bundle_draft_get, bundle_sheet
from yiwang.hall.projects.actions.applying import stage_begin, stage_facts
from yiwang.hall.projects.actions.years import years_plan
from yiwang.hall.projects.errors import ProjectNotFound, StageNotTogether, YearsRefused
from yiwang.hall.projects.models import Project, ProjectYear
from yiwang.hall.projects.reporting import planned_at, year_lines, years_of
from yiwang.hall.projects.tables import project_plan
from yiwang.kernel.api import context_use

agent, project = test_projects.agent, test_projects.project
building = building  # noqa: PLW0127 - a fixture

STAGES = ("stage_land", "stage_building", "stage_construction", "joint_acceptance")


def sheet_of(agent, code: str, stage: str):
    with context_use(agent):
        draft_id = stage_begin(code, stage, now=timezone.now())
        return draft_id, bundle_sheet(bundle_draft_get(draft_id), now=timezone.now())


def completed(agent, draft_id: int):
    """Type what the project does not know, attach what is missing, submit."""
    now = timezone.now()
    with context_use(agent):
        found = bundle_draft_get(draft_id)
        bundle_fill(draft_id, {**found.draft.values, **TYPED, "agree": True}, now=now)
        for one in bundle_sheet(bundle_draft_get(draft_id), now=now).documents:
            if not one.is_satisfied:
                file = SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
                bundle_document_attach(draft_id, one.key, file=file, now=now)
        return bundle_submit(draft_id, now=now)


@pytest.mark.parametrize("name", STAGES)
def test_the_form_of_a_stage_repeats_no_field(city, name):
    bundle = bundle_get(f"investment_projects.{name}")
    parts = {one.key for one in bundle.spec.matters}
    assert {frozenset(part for part, _own in sources) for sources in bundle.fields.values()} == {
        frozenset(parts)
    }
    assert bundle.asked == 14
    assert bundle.asked_before == 14 * len(parts)


@pytest.mark.parametrize("name", STAGES)
def test_what_waits_in_a_bundle_is_what_the_plan_says(city, name):
    spec = bundle_get(f"investment_projects.{name}").spec
    [stage] = [one for one in project_plan().stages if one.bundle == f"investment_projects.{name}"]
    plan = {one.key: one for one in project_plan().approvals if one.stage == stage.key}
    assert {one.key for one in spec.matters} == set(plan)
    for one in spec.matters:
        assert one.code == plan[one.key].matter
        assert set(one.after) == set(plan[one.key].needs) & set(plan)


@pytest.mark.parametrize(
    ("facts", "plan", "first"),
    [
        ({}, ("filing", "site", "land"), ("filing", "site")),
        ({"needs_eia": "1", "land_m2": "60000"}, ("filing", "site", "eia", "soil", "land"),
         ("filing", "site")),
        ({"catalogue": "PORT"}, ("site", "verification", "land"), ("site",)),
        ({"funding": "GOVERNMENT"}, ("proposal", "site", "feasibility", "land"), ("proposal",)),
    ],
)  # fmt: skip
def test_the_first_stage_has_what_the_facts_of_the_project_ask_for(agent, facts, plan, first):
    row = registered(agent, **facts)
    _draft_id, sheet = sheet_of(agent, row.code, "LAND")
    assert sheet.plan == plan
    spec = bundle_load({"title": {}, "summary": {}, "kind": "", "owner": "", "matters": []})
    assert spec.context == ""
    waiting = bundle_get("investment_projects.stage_land").spec
    assert tuple(key for key in plan if not set(waiting.matter(key).after) & set(plan)) == first


@pytest.mark.heavy
def test_a_whole_first_stage_goes_through_with_one_form_and_one_code(agent, project):
    draft_id, sheet = sheet_of(agent, project.code, "LAND")
    assert {key: sheet.state.values[key] for key in ("project_code", "land_m2")} == {
        "project_code": project.code, "land_m2": 20000,
    }  # fmt: skip
    receipt = completed(agent, draft_id)
    relay()
    assert len(receipt.applications) == 2
    before = standings(detail(agent, project.code))
    assert [before[key] for key in ("filing", "site", "land")] == ["APPLIED", "APPLIED", "BLOCKED"]
    for number in receipt.applications:
        grant(number)
    with context_use(agent):
        case = bundle_case_get(receipt.number, now=timezone.now())
    [land] = [one for one in case.items if one.key == "land"]
    assert (land.state, land.application != "") == ("FILED", True)
    grant(land.application)
    assert standings(detail(agent, project.code))["land"] == "GRANTED"
    assert [one.key for one in detail(agent, project.code).stages if one.may_together] == [
        "BUILDING"
    ]


def test_what_remains_of_a_stage_is_applied_for_together(agent):
    row = registered(agent, needs_eia="1")
    grant_rows(row, "filing", on=timezone.localdate())
    _draft_id, sheet = sheet_of(agent, row.code, "LAND")
    assert sheet.plan == ("site", "eia", "land")
    assert stage_facts(row.code)["approvals"][:3] == ["site", "eia", "land"]
    with context_use(agent), pytest.raises(StageNotTogether):
        stage_begin(row.code, "BUILDING", now=timezone.now())


def test_documents_of_an_earlier_application_are_there_already(agent, project):
    apply(agent, project.code, "filing")
    row = Project.objects.get()
    row.needs_eia = True
    row.save()
    from yiwang.hall.projects.actions.registration import approvals_write

    approvals_write(row, now=timezone.now())
    row.approvals.filter(key="filing").update(state="GRANTED", decided_at=timezone.now())
    draft_id, sheet = sheet_of(agent, row.code, "LAND")
    kept = BundleDocument.objects.filter(draft_id=draft_id).values_list("key", flat=True)
    assert list(kept) == ["project_report"]
    [report] = [one for one in sheet.documents if one.key == "project_report"]
    assert report.is_satisfied


def test_the_bundle_of_a_stage_is_begun_from_a_project_alone(city, agent):
    with context_use(agent), pytest.raises(BundleBegunElsewhere):
        bundle_draft_begin("investment_projects.stage_land", now=timezone.now())
    page = Client().get(reverse("hall_bundles:detail", args=["investment_projects.stage_land"]))
    assert page.status_code == 200
    assert reverse("hall_bundles:start", args=["investment_projects.stage_land"]) not in (
        page.content.decode()
    )


def test_every_project_is_left_what_it_had_when_a_stage_cannot_be_begun(agent, project):
    before = states(project)
    with context_use(agent):
        for stage in ("BUILDING", "CONSTRUCTION", "ACCEPTANCE", "NONE"):
            with pytest.raises(StageNotTogether):
                stage_begin(project.code, stage, now=timezone.now())
    assert states(project) == before


# --- the plan by years --------------------------------------------------------------------------


def typed_years(row: Project, *amounts: str) -> dict[str, str]:
    years = years_of(row.start_planned, row.finish_planned)
    return {f"wan_{year}": amount for year, amount in zip(years, amounts, strict=True)}


@pytest.fixture
def long_project(agent) -> Project:
    """A project of three years: 2027 to 2029."""
    return registered(agent, start_planned="2027-01-01", finish_planned="2029-12-31")


def test_the_years_together_are_the_whole_investment(agent, long_project):
    code, now = long_project.code, timezone.now()
    with context_use(agent):
        for amounts in (("5000", "5000", "1000"), ("5000", "x", "7000"), ("-1", "5001", "7000")):
            with pytest.raises(YearsRefused):
                years_plan(code, typed_years(long_project, *amounts), now=now)
        assert not ProjectYear.objects.exists()
        years_plan(code, typed_years(long_project, "3000", "0", "9000"), now=now)
    assert list(ProjectYear.objects.order_by("year").values_list("year", "planned_wan")) == [
        (2027, 3000), (2028, 0), (2029, 9000)
    ]  # fmt: skip
    assert [one.planned_wan for one in detail(agent, code).years] == [3000, 0, 9000]


def test_another_company_plans_nothing(city, long_project):
    with context_use(city.context("citizen")), pytest.raises(ProjectNotFound):
        years_plan(
            long_project.code, typed_years(long_project, "1", "1", "11998"), now=timezone.now()
        )
    assert not ProjectYear.objects.exists()


def test_a_year_that_is_over_keeps_its_plan(agent, long_project):
    later = datetime.datetime(2028, 3, 1, tzinfo=datetime.UTC)
    with context_use(agent):
        years_plan(
            long_project.code, typed_years(long_project, "3000", "0", "9000"), now=timezone.now()
        )
        with pytest.raises(YearsRefused) as refusal:
            years_plan(
                long_project.code, typed_years(long_project, "2000", "1000", "9000"), now=later
            )
        years_plan(long_project.code, typed_years(long_project, "3000", "8000", "1000"), now=later)
    assert list(refusal.value.fields) == ["wan_2027"]
    assert [one.planned_wan for one in ProjectYear.objects.order_by("year")] == [3000, 8000, 1000]


def test_a_change_of_the_amount_lets_the_even_plan_count_until_the_years_are_planned_anew(
    agent, long_project
):
    with context_use(agent):
        years_plan(
            long_project.code, typed_years(long_project, "0", "0", "12000"), now=timezone.now()
        )
    assert detail(agent, long_project.code).is_year_plan_whole
    Project.objects.update(investment_wan=Decimal(20000))
    assert not detail(agent, long_project.code).is_year_plan_whole


def test_the_progress_shows_plan_and_actual_of_every_year(city, agent, building):
    begun(agent, building)
    give(agent, building, "PROGRESS", _first_period(agent, building), on=_later(building),
         invested_wan="3000", percent="20", works="基础完成")  # fmt: skip
    client = Client()
    client.force_login(city.account("agent"))
    page = reverse("hall_projects:years", args=[building.code])
    years = years_of(building.start_planned, building.finish_planned)
    typed = {f"wan_{year}": "0" for year in years} | {f"wan_{years[0]}": "12000"}
    wrong = client.post(page, {**typed, f"wan_{years[0]}": "1"})
    assert wrong.status_code == 422
    assert "各年度合计应等于" in wrong.content.decode()
    assert client.post(page, typed).status_code == 302
    progress = reverse("hall_projects:progress", args=[building.code])
    assert "25.0%" in client.get(progress).content.decode()
    rows = client.get(progress, {"export": "years"}).content.decode("utf-8-sig").splitlines()
    assert rows[1].split(",")[2:6] == [f"{years[0]}", "12000.00", "3000.00", "25.0"]


def _first_period(agent, row) -> str:
    from yiwang.hall.projects.reporting import period_of

    return period_of(row.start_planned, "QUARTER").key


def _later(row) -> datetime.date:
    from yiwang.hall.projects.reporting import period_of

    return period_of(row.start_planned, "QUARTER").last + datetime.timedelta(days=2)


YEARS = st.lists(st.integers(0, 10**6), min_size=1, max_size=6)


@given(YEARS, st.dates(datetime.date(2026, 1, 1), datetime.date(2033, 1, 1)))
def test_the_plan_of_the_years_rises_from_nothing_to_the_whole(amounts, day):
    start = datetime.date(2027, 3, 1)
    finish = datetime.date(2027 + len(amounts) - 1, 11, 30)
    years = {2027 + place: Decimal(amount) for place, amount in enumerate(amounts)}
    whole = sum(years.values(), Decimal(0))

    def at(moment):
        return planned_at(moment, start=start, finish=finish, investment_wan=whole, years=years)

    assert at(start) == 0
    assert at(datetime.date(2040, 1, 1)) == whole
    assert at(day) <= at(day + datetime.timedelta(days=40))


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 10**6)), max_size=8))
def test_what_the_years_invested_is_together_what_was_reported_last(steps):
    day, total, reports = datetime.date(2027, 1, 1), Decimal(0), []
    for days, amount in steps:
        day, total = day + datetime.timedelta(days=days), total + amount
        reports.append((day, total))
    lines = year_lines(reports, years=(2027, 2028), planned={}, today=datetime.date(2028, 1, 1))
    assert sum((one.actual_wan or 0 for one in lines), Decimal(0)) == total
    assert [one.year for one in lines] == sorted({2027, 2028, *(day.year for day, _ in reports)})
