"""Types, changes, another investor, the end; a whole stage by one form. The code stays."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.hall.test_bundles import application_of
from tests.hall.test_bundles import fill as bundle_fill
from tests.hall.test_projects import (  # noqa: F401 - fixtures
    TYPED,
    agent,
    apply,
    detail,
    grant,
    project,
    relay,
    standings,
    values,
)
from tests.hall.test_projects_reports import grant_rows
from tests.pictures import PDF
from yiwang.hall.api import licence_list_by_source
from yiwang.hall.applications.errors import SubmissionIncomplete
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.bundles.actions.drafts import bundle_document_attach
from yiwang.hall.bundles.actions.submission import bundle_submit
from yiwang.hall.bundles.queries.cases import bundle_case_get
from yiwang.hall.bundles.queries.drafts import bundle_draft_get, bundle_sheet
from yiwang.hall.projects.actions.applying import approval_begin, stage_begin
from yiwang.hall.projects.actions.changes import (
    project_change,
    project_end,
    project_offer,
    project_offer_answer,
    project_offer_recall,
)
from yiwang.hall.projects.actions.following import application_follow
from yiwang.hall.projects.actions.registration import project_register
from yiwang.hall.projects.changing import again_of
from yiwang.hall.projects.errors import (
    ChangeBlocked,
    ChangeRefused,
    ProjectEnded,
    ProjectIncomplete,
    ProjectNotFound,
    StageNotTogether,
)
from yiwang.hall.projects.models import Project, ProjectChange
from yiwang.hall.projects.queries import offer_list, project_list
from yiwang.hall.projects.tables import project_plan
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.registries.models import Enterprise

WHY = "市场变化，调整建设内容"


def registered(agent, **wanted) -> Project:  # noqa: F811
    with context_use(agent):
        return project_register(values(**wanted), investor_name="甲", now=timezone.now())


def change(agent, row: Project, **changes):  # noqa: F811
    typed = {
        name: str(getattr(row, name))
        for name in ("name", "address", "investment_wan", "land_m2", "building_m2",
                     "start_planned", "finish_planned")
    }  # fmt: skip
    with context_use(agent):
        return project_change(row.code, {**typed, **changes}, reason=WHY, now=timezone.now())


def states(row: Project) -> dict[str, str]:
    return dict(row.approvals.values_list("key", "state"))


# --- types --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "kind", "reason", "first"),
    [
        ({}, "FILE", "备案制", {"filing"}),
        ({"catalogue": "GRID"}, "VERIFY", "核准制", {"verification"}),
        ({"catalogue": "THEME_PARK", "investment_wan": "20000"}, "VERIFY", "2亿元以上", {"verification"}),
        ({"catalogue": "THEME_PARK", "investment_wan": "19999.99"}, "FILE", "不足2亿元", {"filing"}),
        ({"funding": "GOVERNMENT", "catalogue": "GRID"}, "APPROVE", "审批制",
         {"proposal", "feasibility", "design"}),
    ],
)  # fmt: skip
def test_the_type_follows_from_the_facts_by_the_table_with_its_reason(
    agent,  # noqa: F811
    facts,
    kind,
    reason,
    first,
):
    row = registered(agent, **facts)
    assert row.kind == kind
    assert reason in row.kind_reason["zh"]
    assert len(row.kind_reason["rules"]) == 1
    by_type = {"filing", "verification", "proposal", "feasibility", "design"}
    assert set(states(row)) & by_type == first
    assert reason in detail(agent, row.code).kind_reason["zh"]


def test_a_kind_of_project_that_the_table_does_not_know_gets_no_code(agent):  # noqa: F811
    with pytest.raises(ProjectIncomplete) as refusal:
        registered(agent, catalogue="SPACEPORT")
    assert list(refusal.value.fields) == ["catalogue"]
    assert not Project.objects.exists()


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("facts", "order", "licence"),
    [
        ({"catalogue": "GRID"}, ("site", "verification"), "verification_approval"),
        ({"funding": "GOVERNMENT"}, ("proposal", "site", "feasibility"), "feasibility_approval"),
    ],
)
def test_each_type_goes_its_own_way_to_its_own_document(agent, facts, order, licence):  # noqa: F811
    row = registered(agent, **facts)
    for key in order:
        before = standings(detail(agent, row.code))
        assert {one for one in order if before[one] == "READY"} == {key}
        number = apply(agent, row.code, key)
        grant(number)
    [issued] = licence_list_by_source(f"application:{number}")
    assert issued.type_key == f"investment_projects.{licence}"
    assert standings(detail(agent, row.code))["land"] == "READY"


# --- changes ------------------------------------------------------------------------------------


def test_a_small_change_is_done_at_once_and_needs_nothing_again(agent, project):  # noqa: F811
    grant_rows(project, "filing", on=timezone.localdate())
    effect = change(agent, project, name="城东产业园", investment_wan="15000")
    assert not effect.is_large
    row = Project.objects.get()
    assert (row.name, row.investment_wan, row.code) == ("城东产业园", 15000, project.code)
    assert states(row)["filing"] == "GRANTED"


def test_a_large_change_needs_the_same_approval_again_and_the_old_one_no_longer_counts(
    city,
    agent,  # noqa: F811
    project,  # noqa: F811
):
    number = apply(agent, project.code, "filing")
    grant(number)
    effect = change(agent, project, investment_wan="16000")
    assert effect.again == ("filing",)
    assert standings(detail(agent, project.code))["filing"] == "READY"
    with context_use(context_system("测试")):
        application_follow(number, now=timezone.now())
    assert states(project)["filing"] == "NOT_STARTED"
    kept = ProjectChange.objects.get()
    assert kept.values == {"investment_wan": ["12000.00", "16000.00"]}
    assert kept.again == ["filing"]
    again = apply(agent, project.code, "filing")
    assert again != number
    assert standings(detail(agent, project.code))["filing"] == "APPLIED"


def test_a_change_may_give_the_project_another_type_and_its_approvals(agent):  # noqa: F811
    row = registered(agent, catalogue="THEME_PARK", investment_wan="19000")
    before = row.code
    effect = change(agent, row, investment_wan="21000")
    assert (effect.kind_before, effect.kind) == ("FILE", "VERIFY")
    row.refresh_from_db()
    assert (row.kind, row.code) == ("VERIFY", before)
    assert {"verification"} == set(states(row)) & {"filing", "verification"}
    assert standings(detail(agent, row.code))["verification"] == "BLOCKED"


def test_what_is_being_handled_holds_a_large_change_up_and_is_named(agent, project):  # noqa: F811
    apply(agent, project.code, "site")
    with pytest.raises(ChangeBlocked) as refusal:
        change(agent, project, land_m2="30000")
    assert "建设项目用地预审与选址意见书" in refusal.value.text(lambda text: text, "zh")
    assert Project.objects.get().land_m2 == 20000
    assert not ProjectChange.objects.exists()


@pytest.mark.parametrize("changes", [{}, {"name": ""}, {"investment_wan": "-1"}])
def test_a_change_of_nothing_or_to_nonsense_is_refused(agent, project, changes):  # noqa: F811
    with pytest.raises(ChangeRefused):
        change(agent, project, **changes)
    assert not ProjectChange.objects.exists()


@pytest.mark.parametrize(
    ("kind", "old", "new", "again"),
    [
        ("APPROVE", 100, 110, ()),
        ("APPROVE", 100, 111, ("feasibility", "design")),
        ("VERIFY", 100, 120, ()),
        ("VERIFY", 100, 79, ("verification",)),
        ("FILE", 100, 130, ()),
        ("FILE", 100, 131, ("filing",)),
    ],
)
def test_how_much_is_too_much_the_rules_say(kind, old, new, again):
    from decimal import Decimal

    changed = {"investment_wan": (Decimal(old), Decimal(new))}
    assert again_of(project_plan().changes, changed, {"kind": kind}) == again


def test_the_page_shows_what_follows_before_it_is_done(city, agent, project):  # noqa: F811
    grant_rows(project, "site", "land", on=timezone.localdate())
    client = Client()
    client.force_login(city.account("agent"))
    url = reverse("hall_projects:change", args=[project.code])
    typed = {
        "name": project.name, "address": project.address, "investment_wan": "12000",
        "land_m2": "25000", "building_m2": "36000", "start_planned": project.start_planned,
        "finish_planned": project.finish_planned, "reason": WHY,
    }  # fmt: skip
    shown = client.post(url, typed)
    assert shown.status_code == 200
    assert "建设用地规划许可证核发" in shown.content.decode()
    assert Project.objects.get().land_m2 == 20000
    done = client.post(url, {**typed, "confirmed": "1"})
    assert done.status_code == 302
    assert Project.objects.get().land_m2 == 25000
    page = client.get(reverse("hall_projects:own", args=[project.code])).content.decode()
    assert WHY in page


# --- another investor ---------------------------------------------------------------------------


@pytest.fixture
def other(agent):  # noqa: F811
    """Another company of the city, and somebody who acts for it."""
    from dataclasses import replace

    uscc = agent.subject_ref.removeprefix("enterprise:")
    row = Enterprise.objects.exclude(uscc=uscc).order_by("uscc").first()
    return replace(agent, subject_ref=f"enterprise:{row.uscc}")


def test_a_project_goes_over_only_when_the_other_company_accepts(agent, other, project):  # noqa: F811
    grant_rows(project, "filing", "site", on=timezone.localdate())
    uscc = other.subject_ref.removeprefix("enterprise:")
    with context_use(agent):
        change_id = project_offer(project.code, uscc=uscc, reason=WHY, now=timezone.now())
        with pytest.raises(ProjectNotFound):
            project_offer_answer(change_id, accepts=True, now=timezone.now())
        assert [one.code for one in project_list()] == [project.code]
    with context_use(other):
        assert project_list() == []
        assert [one.id for one in offer_list()] == [change_id]
        project_offer_answer(change_id, accepts=True, now=timezone.now())
        assert [one.code for one in project_list()] == [project.code]
        assert offer_list() == []
    row = Project.objects.get()
    assert (row.code, row.investor_ref) == (project.code, other.subject_ref)
    assert {key: states(row)[key] for key in ("filing", "site")} == {
        "filing": "NOT_STARTED",
        "site": "GRANTED",
    }
    with context_use(agent):
        assert project_list() == []


@pytest.mark.parametrize("way", ["decline", "recall"])
def test_an_offer_that_is_declined_or_taken_back_changes_nothing(agent, other, project, way):  # noqa: F811
    uscc = other.subject_ref.removeprefix("enterprise:")
    with context_use(agent):
        change_id = project_offer(project.code, uscc=uscc, reason=WHY, now=timezone.now())
        if way == "recall":
            project_offer_recall(project.code, now=timezone.now())
    with context_use(other):
        if way == "decline":
            project_offer_answer(change_id, accepts=False, now=timezone.now())
        with pytest.raises(ProjectNotFound):
            project_offer_answer(change_id, accepts=True, now=timezone.now())
    assert Project.objects.get().investor_ref == agent.subject_ref


@pytest.mark.parametrize("uscc", ["x", "91320508000000000X", "own"])
def test_a_project_is_offered_to_no_unknown_company_and_not_to_its_investor(
    agent,  # noqa: F811
    project,  # noqa: F811
    uscc,
):
    given = agent.subject_ref.removeprefix("enterprise:") if uscc == "own" else uscc
    with context_use(agent), pytest.raises(ChangeRefused) as refusal:
        project_offer(project.code, uscc=given, reason=WHY, now=timezone.now())
    assert list(refusal.value.fields) == ["uscc"]
    assert not ProjectChange.objects.exists()


# --- the end ------------------------------------------------------------------------------------


def test_ending_names_and_withdraws_what_is_open_and_the_code_is_never_given_again(
    city,
    agent,  # noqa: F811
    project,  # noqa: F811
):
    number = apply(agent, project.code, "site")
    client = Client()
    client.force_login(city.account("agent"))
    url = reverse("hall_projects:end", args=[project.code])
    assert number in client.get(url).content.decode()
    assert client.post(url, {"reason": "不"}).status_code == 422
    assert Project.objects.get().state == "ACTIVE"
    client.post(url, {"reason": "资金落空，不再建设"})
    relay()

    row = Project.objects.get()
    assert (row.state, row.end_reason, row.flags) == ("CANCELLED", "资金落空，不再建设", [])
    assert application_rows("测试").get(number=number).state == "WITHDRAWN"
    with context_use(agent):
        with pytest.raises(ProjectEnded):
            approval_begin(project.code, "filing", now=timezone.now())
        with pytest.raises(ProjectEnded):
            project_end(project.code, reason="再来一次终止", now=timezone.now())
    again = registered(agent)
    assert again.code != project.code


def test_a_draft_of_an_ended_project_is_not_accepted(agent, project):  # noqa: F811
    from tests.hall.test_projects import filled
    from yiwang.hall.api import application_submit

    draft_id = filled(agent, project.code, "site")
    with context_use(agent):
        project_end(project.code, reason="资金落空，不再建设", now=timezone.now())
        with pytest.raises(SubmissionIncomplete) as refusal:
            application_submit(draft_id, now=timezone.now())
    assert list(refusal.value.fields) == ["project_code"]
    assert application_rows("测试").count() == 0


def test_two_applications_for_one_approval_are_one_even_before_anything_was_told(agent, project):  # noqa: F811
    from tests.hall.test_projects import fill
    from yiwang.hall.api import application_submit
    from yiwang.hall.applications.actions.drafts import draft_begin

    with context_use(agent):
        first = approval_begin(project.code, "site", now=timezone.now())
        fill(first)
        second = draft_begin("320115001000", now=timezone.now())
        known = {"project_code": project.code, "project_name": "x园", "area_code": "320508",
                 "project_address": "路一", "land_m2": 1, "building_m2": 1,
                 "investment_wan": 1}  # fmt: skip
        fill(second, **known)
        application_submit(first, now=timezone.now())
        with pytest.raises(SubmissionIncomplete) as refusal:
            application_submit(second, now=timezone.now())
    assert "已经申报" in refusal.value.fields["project_code"][0]
    assert application_rows("测试").count() == 1


# --- a whole stage ------------------------------------------------------------------------------


def built(agent) -> Project:  # noqa: F811
    row = registered(agent)
    before = [
        key
        for key in states(row)
        if key not in ("planning_check", "fire", "archives", "completion")
    ]
    grant_rows(row, *before, on=timezone.localdate())
    return row


@pytest.mark.heavy
def test_a_whole_stage_is_applied_for_by_one_form_and_goes_to_its_end(city, agent):  # noqa: F811
    row = built(agent)
    client = Client()
    client.force_login(city.account("agent"))
    page = client.get(reverse("hall_projects:own", args=[row.code])).content.decode()
    assert "整阶段" in page
    begun = client.post(
        reverse("hall_projects:apply_stage", args=[row.code]), {"stage": "ACCEPTANCE"}
    )
    draft_id = int(begun["Location"].rstrip("/").rsplit("/", 1)[1])
    now = timezone.now()
    with context_use(agent):
        found = bundle_draft_get(draft_id)
        assert found.draft.values["project_code"] == row.code
        bundle_fill(draft_id, {**found.draft.values, **TYPED, "agree": True}, now=now)
        for one in bundle_sheet(bundle_draft_get(draft_id), now=now).documents:
            if not one.is_satisfied:
                file = SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
                bundle_document_attach(draft_id, one.key, file=file, now=now)
        receipt = bundle_submit(draft_id, now=now)
        case = bundle_case_get(receipt.number, now=now)
    relay()
    assert len(receipt.applications) == 3
    assert case.schedule.path == ("fire", "completion")
    assert case.context_ref == f"project:{row.code}"
    before = standings(detail(agent, row.code))
    assert [before[k] for k in ("planning_check", "fire", "archives", "completion")] == [
        "APPLIED", "APPLIED", "APPLIED", "BLOCKED"
    ]  # fmt: skip
    for number in receipt.applications:
        grant(number)
    last = application_of(receipt.number, "completion")
    assert standings(detail(agent, row.code))["completion"] == "APPLIED"
    grant(last)
    with context_use(agent):
        assert bundle_case_get(receipt.number, now=timezone.now()).state == "DONE"
    assert set(standings(detail(agent, row.code)).values()) == {"GRANTED"}
    assert Project.objects.get().state == "ACTIVE"


def test_a_stage_of_which_something_was_begun_is_not_applied_for_as_a_whole(agent):  # noqa: F811
    row = built(agent)
    assert [one.key for one in detail(agent, row.code).stages if one.may_together] == ["ACCEPTANCE"]
    apply(agent, row.code, "archives")
    assert not any(one.may_together for one in detail(agent, row.code).stages)
    with context_use(agent):
        for stage in ("ACCEPTANCE", "LAND"):
            with pytest.raises(StageNotTogether):
                stage_begin(row.code, stage, now=timezone.now())
