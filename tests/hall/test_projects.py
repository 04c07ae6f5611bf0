"""One code carries an investment project through its approvals, over HTTP; what is out of order is refused."""

import datetime
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.hall.test_pack_journeys import item_of, officer_of, typed_of, upload
from yiwang.engines.api import draft_state, work_item_list
from yiwang.hall.api import application_submit, licence_list_by_source, matter_get
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.materials import material_attach
from yiwang.hall.applications.actions.work import work_conclude
from yiwang.hall.applications.errors import SubmissionIncomplete
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.projects.actions.applying import approval_begin
from yiwang.hall.projects.actions.following import application_follow, projects_watch
from yiwang.hall.projects.actions.registration import project_register
from yiwang.hall.projects.errors import (
    ApprovalBlocked,
    ApprovalUnderway,
    ProjectIncomplete,
    ProjectNotFound,
)
from yiwang.hall.projects.models import Project
from yiwang.hall.projects.queries import project_detail_get, project_list
from yiwang.hall.projects.tables import project_plan
from yiwang.kernel.api import context_system, context_use, event_relay
from yiwang.sdk.packs import pack_read

DAY = datetime.timedelta(days=1)
TYPED = {"contact_name": "王工", "contact_phone": "13800000002", "agree": "true"}


def values(**changes) -> dict:
    today = timezone.localdate()
    return {
        "name": "城东装备产业园一期",
        "funding": "ENTERPRISE",
        "catalogue": "NONE",
        "use": "INDUSTRIAL",
        "area_code": "320508",
        "address": "苏州市姑苏区城东路1号",
        "investment_wan": "12000",
        "land_m2": "20000",
        "building_m2": "36000",
        "start_planned": (today + 200 * DAY).isoformat(),
        "finish_planned": (today + 500 * DAY).isoformat(),
        **changes,
    }


@pytest.fixture
def agent(city):
    return city.context("agent")


@pytest.fixture
def project(agent):
    with context_use(agent):
        return project_register(values(), investor_name="苏州甲公司", now=timezone.now())


def relay():
    with context_use(context_system("测试")):
        while event_relay(limit=200, now=timezone.now() + DAY):
            pass


def filled(agent, code: str, key: str) -> int:
    now = timezone.now()
    with context_use(agent):
        draft_id = approval_begin(code, key, now=now)
        fill(draft_id)
    return draft_id


def fill(draft_id: int, **changes) -> None:
    """Type what the project does not know, and attach the documents that are not there yet."""
    from yiwang.engines.api import draft_post

    now, context = timezone.now(), draft_context_get(draft_id)
    state = draft_state(context.draft, names=context.applicant.names(timezone.localdate()))
    known = {**context.draft.values, **TYPED, **changes}
    for page in state.pages:
        typed = {}
        for field in page.fields:
            if field.key in known and not field.locked:
                typed.update(typed_of(field.key, known[field.key]))
        draft_post(draft_id, post=typed, page=page.key, now=now)
    for material in context.matter.materials:
        if material.source == "upload" and not attached(draft_id, material.key):
            file = upload(context.matter, material.key)
            material_attach(draft_id, material.key, file=file, now=now)


def attached(draft_id: int, key: str) -> bool:
    from yiwang.hall.applications.models import DraftMaterial

    return DraftMaterial.objects.filter(draft_id=draft_id, key=key).exists()


def apply(agent, code: str, key: str) -> str:
    draft_id = filled(agent, code, key)
    with context_use(agent):
        number = application_submit(draft_id, now=timezone.now()).number
    relay()
    return number


def act(number: str, node: str, outcome: str, **words) -> None:
    now = timezone.now()
    item = item_of(number, node)
    with context_use(officer_of(item, now=now)):
        work_conclude(item.id, outcome=outcome, opinion="同意。", now=now, **words)


def grant(number: str) -> None:
    """Conclude every step in favour, whatever steps the matter has, until it is decided."""
    act(number, "accept", "ACCEPT")
    while items := work_item_list(
        business_key=f"application:{number}", states=("READY", "CLAIMED")
    ):
        node = items[0].node_id
        act(number, node, "APPROVE" if node == "decide" else "AGREE")
    relay()


def detail(agent, code: str, *, now=None):
    with context_use(agent):
        return project_detail_get(code, now=now or timezone.now())


def standings(found) -> dict[str, str]:
    return {one.key: one.standing for stage in found.stages for one in stage.approvals}


def test_a_project_goes_through_its_stages_over_http(city, agent):
    client = Client()
    client.force_login(city.account("agent"))
    wrong = client.post("/hall/projects/new/", values(name="", land_m2="-1"))
    assert wrong.status_code == 422
    assert not Project.objects.exists()
    made = client.post("/hall/projects/new/", values())
    code = re.search(r"mine/([0-9-]{24})/", made["Location"]).group(1)
    page = client.get(reverse("hall_projects:own", args=[code])).content.decode()
    assert code in page
    assert "关键路径" in page

    found = detail(agent, code)
    assert standings(found) == {
        "filing": "READY", "site": "READY", "land": "BLOCKED", "scheme_review": "BLOCKED",
        "scheme": "BLOCKED",
        "drawings": "BLOCKED", "permit": "BLOCKED", "planning_check": "BLOCKED",
        "fire": "BLOCKED", "archives": "BLOCKED", "completion": "BLOCKED",
    }  # fmt: skip
    begun = client.post(reverse("hall_projects:apply", args=[code]), {"approval": "filing"})
    draft_id = int(re.search(r"drafts/(\d+)/", begun["Location"]).group(1))
    with context_use(agent):
        fill(draft_id)
    answer = client.post(reverse("hall_applications:submit", args=[draft_id]))
    filing = re.search(r"mine/([^/]+)/receipt", answer["Location"]).group(1)
    relay()
    assert application_rows("测试").get(number=filing).form_data["project_code"] == code
    assert standings(detail(agent, code))["filing"] == "APPLIED"
    site = apply(agent, code, "site")
    grant(filing)
    assert standings(detail(agent, code))["land"] == "BLOCKED"
    grant(site)
    assert standings(detail(agent, code))["land"] == "READY"
    [licence] = licence_list_by_source(f"application:{filing}")
    assert code in str(licence.face)


def test_every_project_has_its_own_code_with_its_check_digit(agent):
    with context_use(agent):
        codes = [
            project_register(values(catalogue=one), investor_name="甲", now=timezone.now()).code
            for one in ("NONE", "NONE", "GRID")
        ]
    year = timezone.localdate().year
    assert codes[0].startswith(f"{year}-320508-89-03-61803")
    assert codes[1].startswith(f"{year}-320508-89-03-23606")
    assert codes[2].startswith(f"{year}-320508-89-02-61803")


def test_nothing_is_accepted_without_the_code_or_before_its_turn(city, agent, project):
    with context_use(agent):
        with pytest.raises(ApprovalBlocked):
            approval_begin(project.code, "permit", now=timezone.now())
        with pytest.raises(ProjectNotFound):
            approval_begin(project.code, "eia", now=timezone.now())
        permit = draft_begin("320117002000", now=timezone.now())
        known = {"project_name": "x园", "area_code": "320508", "project_address": "路一", "land_m2": 1,
                 "building_m2": 1, "investment_wan": 1}  # fmt: skip
        for code, words in (
            ("2026-320508-89-03-000000", "没有该代码的项目"),
            (project.code, "须先通过以下事项"),
        ):
            fill(permit, project_code=code, **known)
            with pytest.raises(SubmissionIncomplete) as refusal:
                application_submit(permit, now=timezone.now())
            assert words in refusal.value.fields["project_code"][0]
    assert application_rows("测试").count() == 0


def test_an_approval_is_applied_for_once(agent, project):
    apply(agent, project.code, "site")
    with context_use(agent), pytest.raises(ApprovalUnderway):
        approval_begin(project.code, "site", now=timezone.now())


def test_documents_of_a_project_are_given_once_and_only_to_that_project(agent, project):
    grant(apply(agent, project.code, "site"))
    with context_use(agent):
        other = project_register(values(name="另一园区"), investor_name="甲", now=timezone.now())
        filing = approval_begin(project.code, "filing", now=timezone.now())
        assert attached(filing, "project_report")
        foreign = approval_begin(other.code, "filing", now=timezone.now())
    assert foreign != filing
    assert not attached(foreign, "project_report")


def test_a_refusal_puts_the_project_off_track_and_may_be_tried_again(agent, project):
    number = apply(agent, project.code, "filing")
    act(number, "accept", "NOT_ACCEPTED", reason="属于核准类", legal_basis="条例第三条")
    relay()
    found = detail(agent, project.code)
    assert found.row.flags == ("REFUSED",)
    assert Project.objects.get().is_off_track
    again = apply(agent, project.code, "filing")
    assert again != number
    assert detail(agent, project.code).row.flags == ()


def test_a_project_that_waits_too_long_is_flagged_and_told_once(agent, project):
    late = timezone.now() + 31 * DAY
    assert projects_watch(late) == 1
    assert projects_watch(late) == 0
    row = Project.objects.get()
    assert (row.is_off_track, row.flags) == (True, ["IDLE"])
    with context_use(agent):
        [first, *_] = project_list(track="OFF")
    assert first.code == project.code


def test_a_start_that_cannot_be_held_is_seen_from_the_first_day(agent):
    soon = values(start_planned=(timezone.localdate() + 5 * DAY).isoformat())
    with context_use(agent):
        row = project_register(soon, investor_name="甲", now=timezone.now())
    assert row.flags == ["START_LATE"]


def test_the_critical_path_is_what_takes_longest(agent, project):
    found = detail(agent, project.code)
    assert [one.key for one in found.critical] == [
        "site", "land", "scheme_review", "scheme", "drawings", "permit"
    ]  # fmt: skip
    slack = {one.key: one.slack_days for stage in found.stages for one in stage.approvals}
    assert slack["filing"] == slack["site"] + 9


def test_what_the_facts_ask_for_belongs_to_the_plan(agent):
    wanted = values(use="HOUSING", land_m2="60000", needs_eia="1")
    with context_use(agent):
        row = project_register(wanted, investor_name="甲", now=timezone.now())
    keys = set(row.approvals.values_list("key", flat=True))
    assert {"eia", "soil", "defence"} <= keys
    assert len(keys) == 14


def test_another_enterprise_and_another_department_see_nothing(city, agent, project):
    with context_use(city.context("citizen")), pytest.raises(ProjectNotFound):
        project_detail_get(project.code, now=timezone.now())
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        assert project_list() == []
        with pytest.raises(ProjectNotFound):
            project_detail_get(project.code, now=timezone.now())
    now = timezone.now()
    item = item_of(apply(agent, project.code, "site"), "accept")
    with context_use(officer_of(item, now=now)):
        assert [one.code for one in project_list()] == [project.code]


@pytest.mark.parametrize("field", ["name", "use", "investment_wan", "start_planned"])
def test_an_incomplete_project_gets_no_code(agent, field):
    with context_use(agent), pytest.raises(ProjectIncomplete) as refusal:
        project_register(values(**{field: ""}), investor_name="甲", now=timezone.now())
    assert set(refusal.value.fields) == {field}
    assert not Project.objects.exists()


def test_following_twice_changes_nothing_more(agent, project):
    number = apply(agent, project.code, "site")
    before = list(
        project.approvals.order_by("pk").values_list("key", "state", "application_number")
    )
    with context_use(context_system("测试")):
        application_follow(number, now=timezone.now())
    after = list(project.approvals.order_by("pk").values_list("key", "state", "application_number"))
    assert before == after


def test_the_desk_shows_the_projects_in_both_languages(city, agent, project):
    from django.contrib.auth import get_user_model

    from yiwang.identity.api import account_list_by_department

    with context_use(context_system("测试")):
        people = account_list_by_department(
            project.lead_id, role="APPROVER", on=timezone.localdate()
        )
    client = Client()
    client.force_login(get_user_model().objects.get(pk=people[0].id))
    for language, words in (("zh-hans", "投资项目"), ("en", "Approval of investment projects")):
        client.cookies["django_language"] = language
        page = client.get("/hall/projects/desk/").content.decode()
        assert words in page
        assert project.name in page
        one = client.get(reverse("hall_projects:project", args=[project.code]))
        assert one.status_code == 200
    export = client.get("/hall/projects/desk/?export=csv")
    assert matter_get("320117002000").title["zh"] == "建筑工程施工许可证核发"
    assert export.status_code == 200


def test_every_approval_of_the_plan_is_a_matter_with_the_promised_days():
    pack = pack_read(Path(settings.PACK_DIRS[0]) / "investment_projects")
    matters = {file.data["code"]: file.data for file in pack.section("matters")}
    plan = project_plan()
    assert {one.matter for one in plan.approvals} == matters.keys()
    for one in plan.approvals:
        assert matters[one.matter]["limits"]["promised"]["amount"] == one.days
