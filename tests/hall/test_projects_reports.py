"""Reports on a project: in turn, never less than before, reminded, counted; plan and actual side by side."""

import datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tests.hall.test_projects import DAY, agent, detail, project, values  # noqa: F401 - fixtures
from yiwang.hall.projects.actions.following import project_watch, projects_watch
from yiwang.hall.projects.actions.registration import project_register
from yiwang.hall.projects.actions.reports import report_put
from yiwang.hall.projects.errors import ProjectNotFound, ReportRefused
from yiwang.hall.projects.models import Project, ProjectReport
from yiwang.hall.projects.reporting import (
    MONTH,
    QUARTER,
    Course,
    curve_of,
    period_of,
    periods,
    reports_due,
)
from yiwang.kernel.api import context_use
from yiwang.kernel.events.models import OutboxEvent

D = datetime.date
START = {"happened_on": "", "invested_wan": "100", "percent": "1"}


def moment(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(10)))


def grant_rows(row: Project, *keys: str, on: datetime.date) -> None:
    """Write approvals as granted, as if their applications had been."""
    for key in keys:
        row.approvals.filter(key=key).update(
            state="GRANTED", application_number=f"{row.pk}-{key}", decided_at=moment(on)
        )


@pytest.fixture
def building(agent):  # noqa: F811
    """A project of 12,000 whose permit is granted: planned from 4 January 2027 for two years."""
    wanted = values(start_planned="2027-01-04", finish_planned="2029-01-03")
    with context_use(agent):
        row = project_register(wanted, investor_name="甲", now=timezone.now())
    keys = row.approvals.exclude(key__in=["planning_check", "fire", "archives", "completion"])
    grant_rows(row, *keys.values_list("key", flat=True), on=D(2026, 12, 20))
    return row


def give(agent, row, kind: str, period: str = "", *, on: datetime.date, **typed):  # noqa: F811
    with context_use(agent):
        return report_put(row.code, kind=kind, period=period, values=typed, now=moment(on))


def begun(agent, row):  # noqa: F811
    return give(agent, row, "START", on=D(2027, 1, 6), **{**START, "happened_on": "2027-01-05"})


def test_nothing_is_reported_before_the_permit(agent, project):  # noqa: F811
    assert detail(agent, project.code).reports_due == ()
    with pytest.raises(ReportRefused):
        give(agent, project, "START", on=D(2027, 1, 6), happened_on="2027-01-05")
    assert not ProjectReport.objects.exists()


def test_reports_are_given_in_turn_and_never_less_than_before(agent, building):  # noqa: F811
    begun(agent, building)
    works = {"works": "主体结构封顶"}
    with pytest.raises(ReportRefused) as refusal:
        give(agent, building, "PROGRESS", "2027-Q2", on=D(2027, 7, 3), invested_wan="900",
             percent="9", **works)  # fmt: skip
    assert list(refusal.value.fields) == [""]
    with pytest.raises(ReportRefused) as refusal:
        give(agent, building, "PROGRESS", "2027-Q1", on=D(2027, 7, 3), invested_wan="99",
             percent="0.5")  # fmt: skip
    assert set(refusal.value.fields) == {"invested_wan", "percent", "works"}
    assert ProjectReport.objects.count() == 1

    give(agent, building, "PROGRESS", "2027-Q1", on=D(2027, 7, 3), invested_wan="900",
         percent="9", **works)  # fmt: skip
    give(agent, building, "PROGRESS", "2027-Q1", on=D(2027, 7, 3), invested_wan="800",
         percent="8", **works)  # fmt: skip
    kept = ProjectReport.objects.get(period="2027-Q1")
    assert (kept.invested_wan, kept.percent, kept.as_of_date) == (800, 8, D(2027, 3, 31))
    found = detail(agent, building.code, now=moment(D(2027, 7, 3)))
    assert [(one.kind, one.period) for one in found.reports_due] == [("PROGRESS", "2027-Q2")]


def test_another_company_reports_nothing(city, agent, building):  # noqa: F811
    with pytest.raises(ProjectNotFound):
        give(city.context("citizen"), building, "START", on=D(2027, 1, 6), **START)
    assert not ProjectReport.objects.exists()


def test_an_overdue_report_is_reminded_once_and_counts_as_off_track(agent, building):  # noqa: F811
    begun(agent, building)
    topics = OutboxEvent.objects.filter(topic__startswith="project.report_")
    projects_watch(moment(D(2027, 4, 6)))
    assert list(topics.values_list("topic", flat=True)) == []
    for _again in range(2):
        projects_watch(moment(D(2027, 4, 8)))
        projects_watch(moment(D(2027, 4, 12)))
    sent = topics.order_by("pk")
    assert [one.topic for one in sent] == ["project.report_due", "project.report_overdue"]
    assert {one.payload["period"] for one in sent} == {"2027-Q1"}
    building.refresh_from_db()
    assert building.is_off_track
    assert building.flags == ["REPORT_LATE"]

    give(agent, building, "PROGRESS", "2027-Q1", on=D(2027, 4, 13), invested_wan="1400",
         percent="12", works="基础完成")  # fmt: skip
    building.refresh_from_db()
    assert building.flags == []


def test_an_investment_far_below_the_plan_puts_the_project_off_track(agent, building):  # noqa: F811
    begun(agent, building)
    for period in ("2027-Q1", "2027-Q2", "2027-Q3"):
        give(agent, building, "PROGRESS", period, on=D(2027, 10, 5), invested_wan="200",
             percent="2", works="停工待料")  # fmt: skip
    building.refresh_from_db()
    assert building.flags == ["BEHIND"]
    point = next(
        one
        for one in detail(agent, building.code, now=moment(D(2027, 10, 5))).curve
        if one.period == "2027-Q3"
    )
    assert (point.planned_wan, point.actual_wan) == (Decimal("4421.92"), Decimal(200))
    assert (point.planned_percent, point.actual_percent) == (Decimal("36.8"), Decimal("1.7"))


def test_a_project_is_completed_when_all_is_granted_and_the_completion_is_reported(
    agent,  # noqa: F811
    building,
):
    begun(agent, building)
    on = D(2027, 3, 1)
    grant_rows(building, "planning_check", "fire", "archives", "completion", on=on)
    project_watch(Project.objects.get(), now=moment(on))
    assert Project.objects.get().state == "ACTIVE"
    give(agent, building, "COMPLETION", on=on, invested_wan="11800", happened_on="2027-02-20")
    row = Project.objects.get()
    assert (row.state, row.reports.get(kind="COMPLETION").percent) == ("COMPLETED", 100)


def test_the_pages_take_a_report_and_show_plan_and_actual_to_both_sides(
    city,
    agent,  # noqa: F811
    building,
):
    client = Client()
    client.force_login(city.account("agent"))
    today = timezone.localdate()
    Project.objects.update(start_planned=today - 100 * DAY, finish_planned=today + 300 * DAY)
    url = reverse("hall_projects:report", args=[building.code])
    assert "开工日期" in client.get(url).content.decode()
    wrong = client.post(url, {"kind": "START", "happened_on": "", "invested_wan": "x"})
    assert wrong.status_code == 422
    day = (today - 95 * DAY).isoformat()
    client.post(url, {"kind": "START", "happened_on": day, "invested_wan": "500", "percent": "3"})
    shown = client.get(reverse("hall_projects:progress", args=[building.code]))
    assert "500.00" in shown.content.decode()
    exported = client.get(reverse("hall_projects:progress", args=[building.code]) + "?export=csv")
    lines = exported.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("项目代码,")
    assert any(line.startswith(building.code) and ",500.00," in line for line in lines)

    officer = Client()
    officer.force_login(lead_officer(building))
    page = officer.get(reverse("hall_projects:project_progress", args=[building.code]))
    assert "500.00" in page.content.decode()
    assert reverse("hall_projects:report", args=[building.code]) not in page.content.decode()


def lead_officer(row: Project):
    from django.contrib.auth import get_user_model

    from yiwang.identity.api import account_list_by_department
    from yiwang.kernel.api import context_system

    with context_use(context_system("测试")):
        people = account_list_by_department(row.lead_id, role="APPROVER", on=timezone.localdate())
    return get_user_model().objects.get(pk=people[0].id)


# --- pure rules ---------------------------------------------------------------------------------

DAYS = st.dates(D(2020, 1, 1), D(2035, 12, 31))


@given(DAYS, st.integers(0, 500), st.sampled_from([MONTH, QUARTER]))
def test_periods_cover_every_day_once(first, length, every):
    last = first + length * DAY
    found = list(periods(first, last, every=every))
    assert found[0].first <= first <= found[0].last
    assert found[-1].first <= last <= found[-1].last
    assert all(one.last + DAY == other.first for one, other in zip(found, found[1:], strict=False))
    assert [period_of(one.last, every) for one in found] == found


@given(DAYS, st.integers(1, 500), st.sampled_from([MONTH, QUARTER]))
def test_giving_what_is_due_leaves_nothing_due_and_nothing_is_due_before_its_period_is_over(
    started, later, every
):
    today = started + later * DAY
    course = Course(start_planned=started, permitted=started, started=started)
    dues = reports_due(course, every=every, due_days=10, today=today)
    assert all(one.as_of < today for one in dues)
    filed = {(one.kind, one.period) for one in dues}
    again = Course(start_planned=started, permitted=started, started=started, filed=filed)
    assert reports_due(again, every=every, due_days=10, today=today) == ()


@given(DAYS, st.integers(1, 2000), st.integers(1, 10**6))
def test_the_planned_curve_rises_to_the_whole_investment(start, length, amount):
    finish = start + length * DAY
    points = curve_of(
        [], start=start, finish=finish, investment_wan=Decimal(amount), every=MONTH, today=start
    )
    planned = [one.planned_wan for one in points]
    assert planned == sorted(planned)
    assert planned[-1] == amount
