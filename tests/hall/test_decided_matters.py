"""Matters that decision tables decide: who may apply, which department handles, who reviews first."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model

from tests.hall.test_applications import fill as fill_pages
from tests.hall.test_applications import the_application, the_item
from tests.hall.test_pack_journeys import (
    JOURNEYS,
    applicant_make,
    code_of,
    fill,
    item_of,
    officer_of,
    submit,
    upload,
)
from yiwang.engines.api import clock_list, decision_evaluate, decision_model_put
from yiwang.hall.api import application_submit, matter_get
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.materials import material_attach
from yiwang.hall.applications.actions.work import work_conclude
from yiwang.hall.applications.errors import NotEligible
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.matters.deciding import MatterUndecided, ruling_list
from yiwang.hall.matters.guides import guide_get
from yiwang.identity.api import department_get
from yiwang.kernel.api import context_system, context_use, error_text

TEACHER, CHEMICALS, MARRIAGE = "320105001000", "320126001000", "320714003000"
DAY = timedelta(days=1)


def case_of(key: str):
    return next(one.values for one in JOURNEYS if one.id == key)


def filed(city, key: str, *, now, materials=(), **values) -> str:
    """Submit a journey's application with other values, and return its number."""
    pack, journey = case_of(key)
    matter = matter_get(code_of(pack, journey["matter"]))
    changed = journey | {"values": journey["values"] | values}
    changed["materials"] = [*journey["materials"], *materials]
    applicant = applicant_make(city, journey["applicant"], now=now)
    return submit(city, pack, changed, matter, applicant, now=now)


def certificate(city, now, **values) -> str:
    return filed(city, "teaching:teacher_certificate_approved", now=now, **values)


def concluded(number: str, node: str, outcome: str, *, now) -> None:
    item = item_of(number, node)
    with context_use(officer_of(item, now=now)):
        work_conclude(item.id, outcome=outcome, opinion="意见", now=now)


def branches_of(number: str) -> dict[str, str]:
    return dict(the_application(number).branches.values_list("key", "state"))


def test_who_lacks_the_degree_is_refused_in_the_words_of_the_rule_and_nothing_is_filed(
    city, now, client
):
    pack, journey = case_of("teaching:teacher_certificate_approved")
    matter = matter_get(TEACHER)
    applicant = applicant_make(city, journey["applicant"], now=now)
    sample = next(file for file in pack.section("sample")).data["rows"][0]["values"]
    with context_use(applicant):
        draft_id = draft_begin(TEACHER, now=now)
        fill(draft_id, sample | {"certificate_kind": "SENIOR", "degree": "COLLEGE"}, now=now)
        for key in journey["materials"]:
            material_attach(draft_id, key, file=upload(matter, key), now=now)
        with pytest.raises(NotEligible) as caught:
            application_submit(draft_id, now=now)
        assert (
            "应当具备高等师范院校本科或者其他大学本科毕业及以上学历（教师法第十一条第四项）"
            in error_text(caught.value)
        )
        assert not application_rows("测试").exists()
        client.force_login(get_user_model().objects.get(pk=applicant.account_id))
        shown = client.post(f"/hall/applications/drafts/{draft_id}/submit/")
        assert (shown.status_code, "教师法第十一条第四项" in shown.content.decode()) == (422, True)
        # The draft is as it was: with the degree it goes through.
        fill_pages(draft_id, {"degree": "BACHELOR"}, now=now)
        number = application_submit(draft_id, now=now).number
    [allowed, routed] = ruling_list(f"application:{number}")
    assert (allowed.rules, routed.rules) == ((("学历条件", (5,)),), (("认定机关", (2,)),))


def test_a_table_about_the_applicant_alone_refuses_before_anything_is_typed(city, now):
    young = {"kind": "person", "sex": "1", "min_age": 18, "max_age": 21}
    with context_use(applicant_make(city, young, now=now)), pytest.raises(NotEligible) as caught:
        draft_begin(MARRIAGE, now=now)
    assert "男方未满二十二周岁，未达到民法典第一千零四十七条" in error_text(caught.value)


@pytest.mark.parametrize(
    ("sex", "born", "may"),
    [
        ("1", "2004-11-20", True),
        ("1", "2004-11-21", False),
        ("2", "2006-11-20", True),
        ("2", "2006-11-21", False),
    ],
)
def test_one_may_marry_from_the_birthday_itself(city, sex, born, may):
    asked = {"applicant": {"sex": sex, "birth_date": born}, "today": "2026-11-20"}
    found = decision_evaluate("civil_affairs.marriage_age", "是否达到婚龄", asked)
    assert found.value["eligible"] is may


@pytest.mark.parametrize(
    ("values", "level", "rule"),
    [
        ({}, "DISTRICT", 5),
        ({"chemical_class": "TOXIC"}, "CITY", 1),
        ({"ownership": "CENTRAL"}, "CITY", 4),
    ],
)
def test_an_application_goes_to_the_department_that_the_table_names(
    city, now, client, values, level, rule
):
    number = filed(city, "work_safety:hazardous_chemicals_approved", now=now, **values)

    application, item = the_application(number), item_of(number, "accept")
    owner = department_get(application.department_id)
    assert (owner.function, owner.level, item.department_id) == ("emergency", level, owner.id)
    [ruling] = ruling_list(f"application:{number}")
    assert (ruling.rules, ruling.value["level"]) == ((("发证机关", (rule,)),), level)
    guide = guide_get(CHEMICALS, "zh", area_code=application.area_code)
    [shown] = [one for one in guide.routing_rules if one.words == ruling.words["zh"]]
    assert shown.department == owner.name
    client.force_login(get_user_model().objects.get(pk=officer_of(item, now=now).account_id))
    text = client.get(f"/hall/applications/items/{item.id}/").content.decode()
    assert ruling.words["zh"] in text
    assert "规则表，第1版" in text


def test_the_lower_organ_accepts_and_reviews_within_its_twenty_days_then_the_higher_decides(
    city, now
):
    number = certificate(city, now, certificate_kind="SENIOR")
    subject = f"application:{number}"
    owner = department_get(the_application(number).department_id)
    first = department_get(the_item(number, "first").department_id)
    assert (first.function, first.level, owner.function, owner.level) == (
        "education", "DISTRICT", "education", "CITY",
    )  # fmt: skip
    assert branches_of(number) == {"first": "OPEN", "owner": "WAITING"}
    [acceptance] = clock_list(f"{subject}/acceptance", now=now)
    assert acceptance.department_id == first.id

    concluded(number, "accept", "ACCEPT", now=now)
    [clock] = clock_list(f"{subject}/first", now=now)
    assert (clock.kind, clock.amount, clock.department_id) == ("DEPARTMENT", 20, first.id)
    assert clock.legal_basis.startswith("行政许可法第四十三条")
    assert the_item(number, "first").due_at == clock.due_at
    # It is no joint decision: the head of the agency may extend the whole by ten days.
    legal = next(one for one in clock_list(subject, now=now) if one.kind == "LEGAL")
    assert (legal.amount, legal.extension_max, legal.approver) == (30, 10, "AGENCY_HEAD")

    concluded(number, "review", "DISAGREE", now=now + DAY)
    [clock] = clock_list(f"{subject}/first", now=now + DAY)
    assert (clock.state, the_item(number).department_id) == ("STOPPED", owner.id)
    assert branches_of(number) == {"first": "REFUSED", "owner": "OPEN"}

    concluded(number, "decide", "RETURN", now=now + DAY)
    assert branches_of(number) == {"first": "OPEN", "owner": "WAITING"}
    assert the_item(number, "first").department_id == first.id
    concluded(number, "review", "AGREE", now=now + 2 * DAY)
    concluded(number, "decide", "APPROVE", now=now + 2 * DAY)
    assert the_application(number).state == "APPROVED"


def test_where_nobody_reviews_first_there_is_one_department_and_no_such_clock(city, now):
    number = certificate(city, now)
    concluded(number, "accept", "ACCEPT", now=now)

    owner = department_get(the_application(number).department_id)
    assert (owner.level, the_item(number, "first").department_id) == ("DISTRICT", owner.id)
    assert branches_of(number) == {"owner": "OPEN"}
    assert clock_list(f"application:{number}/first", now=now) == []


def test_the_guide_says_every_rule_that_runs(city):
    guide = guide_get(TEACHER, "zh", area_code="320508")
    assert [one.is_allowed for one in guide.eligibility_rules] == [True] * 3 + [False] * 3
    assert all("教师法第十一条" in one.words for one in guide.eligibility_rules)
    assert [bool(one.first) for one in guide.routing_rules] == [False, True, True]
    assert {one.department for one in guide.routing_rules} == {"苏州市姑苏区教育局", "苏州市教育局"}
    nowhere = guide_get(TEACHER, "zh")
    assert nowhere.routing_rules[1].first == nowhere.steps[0].department == "所在区县教育部门"
    english = guide_get(TEACHER, "en", area_code="320508")
    assert all(one.words.isascii() for one in english.eligibility_rules)


def test_an_answer_that_no_rule_takes_goes_nowhere(city, now):
    with context_use(context_system("测试")):
        title = {"zh": "无", "en": "None"}
        decision_model_put("work_safety.chemicals_route", NOBODY, title=title, now=now)
    with pytest.raises(MatterUndecided):
        filed(city, "work_safety:hazardous_chemicals_approved", now=now)
    assert not application_rows("测试").exists()


NOBODY = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="n" name="n" namespace="urn:n">
<inputData id="storage" name="storage"><variable id="s" name="storage" typeRef="string"/></inputData>
<decision id="d" name="发证机关"><variable id="v" name="发证机关"/>
<informationRequirement id="r"><requiredInput href="#storage"/></informationRequirement>
<decisionTable id="t" hitPolicy="UNIQUE"><input id="i"><inputExpression id="e" typeRef="string"><text>storage</text>
</inputExpression></input><output id="o1" name="level"/><output id="o2" name="zh"/>
<rule id="r1"><inputEntry id="c1"><text>"STORE"</text></inputEntry>
<outputEntry id="x1"><text>"CITY"</text></outputEntry><outputEntry id="x2"><text>"市"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""
