"""The life of a resource: draft, review by another person, versions, withdrawal, freshness."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from yiwang.kernel.api import audit_list, context_use
from yiwang.resources.catalogue import actions
from yiwang.resources.catalogue.actions.resources import ResourceIncomplete, ResourceStateMoved
from yiwang.resources.catalogue.actions.reviews import OwnWordsReviewed
from yiwang.resources.catalogue.data import LIGHTS, ResourceFilter
from yiwang.resources.catalogue.models import Resource, ResourceVersion
from yiwang.resources.catalogue.queries import (
    ResourceNotFound,
    crosswalk_apply,
    crosswalk_get,
    resource_by_id,
    resource_get,
    resource_light_count,
    resource_list,
    review_rows,
    version_compare,
    version_list,
)
from yiwang.resources.catalogue.tests.conftest import LATER, NOW, SPEC
from yiwang.sdk.errors import Forbidden, Invalid

pytestmark = pytest.mark.django_db


def everything():
    return list(Resource.objects.order_by("pk").values()), ResourceVersion.objects.count()


def test_a_resource_is_registered_submitted_and_published_by_two_people(city, published):
    view = published()
    assert view.code == "301008320500/000001"
    assert (view.state, view.published.number, view.published.spec) == ("PUBLISHED", 1, SPEC)
    assert resource_get(view.code) == view
    acts = [row["act"].rpartition(".")[2] for row in audit_list(subject=f"resource:{view.code}")]
    assert acts == ["publish", "submit", "register"]
    row = ResourceVersion.objects.get()
    assert (row.submitted_by, row.published_by) == (1, 9)


def test_codes_are_issued_one_after_the_other(city, published):
    assert published().code == "301008320500/000001"
    assert published(title="低保对象信息").code == "301008320500/000002"
    assert published(title="街道救助信息", department="district").code == "302008320508/000001"
    assert published(category="BASE", base="POPULATION").code == "101008320500/000001"


def test_a_draft_is_in_nobodys_catalogue(city):
    with city.steward():
        made = actions.resource_register(SPEC, department_id=city.ids["bureau"], now=NOW)
    assert resource_list().total == 0
    with pytest.raises(ResourceNotFound):
        resource_get(made.code)


def test_what_is_incomplete_cannot_be_submitted_and_says_why(city):
    with city.steward():
        bad = replace(SPEC, sharing="3", sharing_reason="领导不同意", summary="")
        made = actions.resource_register(bad, department_id=city.ids["bureau"], now=NOW)
        before = everything()
        with pytest.raises(ResourceIncomplete) as caught:
            actions.resource_submit(made.id, now=NOW)
        assert [one.keypath for one in caught.value.problems] == [("summary",), ("sharing_reason",)]
        with pytest.raises(ResourceIncomplete):
            actions.resource_register(
                replace(SPEC, title=" "), department_id=city.ids["bureau"], now=NOW
            )
    assert everything() == before


def test_an_unknown_code_table_or_edition_is_found(city):
    fields = (
        replace(SPEC.fields[0], code_table="nowhere"),
        replace(SPEC.fields[2], code_table="sexes", code_edition="1900"),
    )
    with city.steward():
        made = actions.resource_register(
            replace(SPEC, fields=fields), department_id=city.ids["bureau"], now=NOW
        )
        with pytest.raises(ResourceIncomplete) as caught:
            actions.resource_submit(made.id, now=NOW)
    assert [one.keypath[1] for one in caught.value.problems] == [0, 1]


@pytest.mark.parametrize("account", [1, 2])
def test_whoever_wrote_or_submitted_does_not_publish(city, account):
    writer = city.context("data", 1)
    with context_use(writer):
        made = actions.resource_register(SPEC, department_id=city.ids["data"], now=NOW)
    with context_use(city.context("data", 2)):
        actions.resource_submit(made.id, now=NOW)
    before = everything()
    with context_use(city.context("data", account)), pytest.raises(OwnWordsReviewed):
        actions.resource_publish(made.id, now=NOW)
    assert everything() == before
    with context_use(city.context("data", 3)):
        assert actions.resource_publish(made.id, now=NOW).state == "PUBLISHED"


def test_the_database_itself_refuses_one_person_for_both(city, published):
    published()
    with pytest.raises(IntegrityError), transaction.atomic():
        ResourceVersion.objects.update(published_by=1)


def test_only_the_data_department_reviews(city):
    with city.steward():
        made = actions.resource_register(SPEC, department_id=city.ids["bureau"], now=NOW)
        actions.resource_submit(made.id, now=NOW)
    before = everything()
    for act in (actions.resource_publish, actions.withdrawal_grant):
        with context_use(city.context("health", 5)), pytest.raises(Forbidden):
            act(made.id, now=NOW)
    with context_use(city.context("health", 5)), pytest.raises(Forbidden):
        actions.resource_reject(made.id, reason="不", now=NOW)
    assert everything() == before


@pytest.mark.parametrize(
    "permissions", [frozenset({"STAFF"}), frozenset({"STAFF", "resources.catalogue.review"})]
)
def test_without_the_permission_nothing_is_registered(city, permissions):
    with (
        context_use(city.context("bureau", 1, permissions=permissions)),
        pytest.raises(Forbidden),
    ):
        actions.resource_register(SPEC, department_id=city.ids["bureau"], now=NOW)
    assert everything() == ([], 0)


def test_another_department_can_neither_write_nor_submit_nor_withdraw(city, published):
    view = published()
    before = everything()
    with context_use(city.context("health", 5)):
        with pytest.raises(Forbidden):
            actions.resource_register(SPEC, department_id=city.ids["bureau"], now=NOW)
        with pytest.raises(ResourceNotFound):
            actions.draft_put(view.id, replace(SPEC, summary="x"), now=NOW)
        with pytest.raises(ResourceNotFound):
            actions.resource_submit(view.id, now=NOW)
        with pytest.raises(ResourceNotFound):
            actions.withdrawal_request(view.id, reason="x", now=NOW)
        with pytest.raises(ResourceNotFound):
            actions.draft_discard(view.id, now=NOW)
    assert everything() == before


def test_a_bureau_registers_for_its_district(city, published):
    view = published(department="district")
    assert (view.level, view.area_code) == ("DISTRICT", "320508")
    found = resource_list(ResourceFilter(level="DISTRICT", area="320508"))
    assert [row.code for row in found.rows] == [view.code]
    assert resource_list(ResourceFilter(level="CITY")).total == 0


def test_a_revision_is_a_new_version_and_the_old_one_stays_readable(city, published):
    view = published()
    with city.steward():
        draft = actions.draft_put(view.id, replace(SPEC, cycle="WEEKLY"), now=LATER)
        assert (draft.state, draft.is_revision) == ("DRAFT", True)
        assert resource_get(view.code).spec.cycle == "DAILY"
        actions.resource_submit(view.id, now=LATER)
    with city.reviewer():
        after = actions.resource_publish(view.id, now=LATER)
    assert (after.published.number, after.spec.cycle) == (2, "WEEKLY")
    old, new = version_list(view.id)[::-1]
    assert (old.spec, old.valid_to, new.valid_to) == (SPEC, LATER, None)
    assert [(c.path, c.before, c.after) for c in version_compare(view.id, 1, 2)] == [
        ("cycle", "DAILY", "WEEKLY")
    ]


def test_words_that_are_published_already_are_no_draft(city, published):
    view = published()
    with city.steward():
        actions.draft_put(view.id, replace(SPEC, cycle="WEEKLY"), now=LATER)
        assert actions.draft_put(view.id, SPEC, now=LATER).state == "PUBLISHED"


def test_a_refusal_needs_a_reason_and_leaves_what_is_published(city, published):
    view = published()
    with city.steward():
        actions.draft_put(view.id, replace(SPEC, cycle="WEEKLY"), now=LATER)
        actions.resource_submit(view.id, now=LATER)
    with city.reviewer():
        before = everything()
        with pytest.raises(Invalid):
            actions.resource_reject(view.id, reason="  ", now=LATER)
        assert everything() == before
        after = actions.resource_reject(view.id, reason="周期过长", now=LATER)
    assert (after.state, after.reason, after.published.number) == ("REJECTED", "周期过长", 1)
    with city.steward():
        assert actions.draft_discard(view.id, now=LATER).state == "PUBLISHED"


def test_what_waits_for_review_cannot_be_changed(city):
    with city.steward():
        made = actions.resource_register(SPEC, department_id=city.ids["bureau"], now=NOW)
        actions.resource_submit(made.id, now=NOW)
        before = everything()
        with pytest.raises(ResourceStateMoved):
            actions.draft_put(made.id, replace(SPEC, cycle="WEEKLY"), now=NOW)
        with pytest.raises(ResourceStateMoved):
            actions.resource_submit(made.id, now=NOW)
        with pytest.raises(ResourceStateMoved):
            actions.withdrawal_request(made.id, reason="x", now=NOW)
    assert everything() == before


def test_a_discarded_draft_that_was_never_published_is_gone_but_on_record(city):
    with city.steward():
        made = actions.resource_register(SPEC, department_id=city.ids["bureau"], now=NOW)
        assert actions.draft_discard(made.id, now=NOW) is None
    assert not Resource.objects.exists()
    assert len(audit_list(subject=f"resource:{made.code}")) == 2


def test_a_withdrawal_is_asked_for_and_granted_by_another(city, published):
    view = published()
    with city.steward():
        actions.withdrawal_request(view.id, reason="系统下线", now=LATER)
        with pytest.raises(Forbidden):
            actions.withdrawal_grant(view.id, now=LATER)
    assert resource_get(view.code).state == "WITHDRAWN_SUBMITTED"
    with city.reviewer():
        assert actions.withdrawal_grant(view.id, now=LATER).state == "WITHDRAWN"
    with pytest.raises(ResourceNotFound):
        resource_get(view.code)
    assert resource_list(ResourceFilter(q="婚姻")).total == 0
    assert version_list(view.id)[0].valid_to == LATER
    with city.steward():  # it may come back
        actions.draft_put(view.id, replace(SPEC, cycle="WEEKLY"), now=LATER)
        actions.resource_submit(view.id, now=LATER)
    with city.reviewer():
        assert actions.resource_publish(view.id, now=LATER).published.number == 2


def test_a_refused_withdrawal_keeps_the_resource(city, published):
    view = published()
    with city.steward():
        actions.withdrawal_request(view.id, reason="不想共享", now=LATER)
    with city.reviewer():
        after = actions.withdrawal_refuse(view.id, reason="仍有部门使用", now=LATER)
    assert (after.state, after.reason) == ("PUBLISHED", "仍有部门使用")


def test_the_reviewer_sees_all_that_waits_and_a_steward_their_own(city):
    with city.steward():
        made = actions.resource_register(SPEC, department_id=city.ids["bureau"], now=NOW)
        actions.resource_submit(made.id, now=NOW)
    with city.reviewer():
        assert review_rows().count() == 1
    with context_use(city.context("health", 5)):
        assert review_rows().count() == 0


def test_search_finds_by_name_field_department_theme_and_pinyin(city, published, system):
    code = published().code
    published(title="低保对象信息", summary="最低生活保障。", fields=SPEC.fields[:1])
    for words in ("婚姻", "男方", "民政局 婚姻", "hydj", "hunyin", "婚姻登記", code):
        assert [row.code for row in resource_list(ResourceFilter(q=words), order="best").rows] == [
            code
        ]
    assert resource_list(ResourceFilter(q="社会救助")).total == 2
    assert resource_list(ResourceFilter(q="婚姻", sharing="1")).total == 0
    assert resource_list(ResourceFilter(q="没有这样的词")).total == 0
    card = published(title="社会保障卡信息").code
    assert [row.code for row in resource_list(ResourceFilter(q="社保卡")).rows] == [card]


def test_freshness_follows_the_last_delivery_and_an_older_one_changes_nothing(
    city, published, system
):
    view = published()
    moments = {"GREEN": 0.5, "YELLOW": 1.4, "RED": 2}
    actions.resource_delivered(view.id, NOW)
    for light, days in moments.items():
        now = NOW + timedelta(days=days)
        assert resource_list(now=now).rows[0].light == light
        counts = resource_light_count(now=now)
        assert counts == {each: int(each == light) for each in LIGHTS}
    actions.resource_delivered(view.id, NOW - timedelta(days=9))
    assert resource_by_id(view.id).last_delivered_at == NOW
    with pytest.raises(ResourceNotFound):
        actions.resource_delivered(10**9, NOW)


def test_a_crosswalk_has_versions_and_translates_codes(city, system):
    def put(entries, now):
        return actions.crosswalk_put(
            "health.sex",
            title="卫健性别",
            from_table="health.sex",
            to_table="sexes",
            entries=entries,
            now=now,
        )

    assert put({"M": "1", "F": "2"}, NOW).number == 1
    assert put({"M": "1", "F": "2"}, LATER).number == 1
    assert put({"M": "1", "F": "2", "U": "9"}, LATER).number == 2
    assert crosswalk_apply("health.sex", ["M", "U", "X"]) == ["1", "9", None]
    assert crosswalk_apply("health.sex", ["U"], as_of=NOW) == [None]
    with pytest.raises(Invalid):
        put({"M": "没有"}, LATER)
    assert crosswalk_get("health.sex").number == 2


def test_only_the_data_department_puts_standards_in_force(city):
    with city.steward(), pytest.raises(Forbidden):
        actions.element_put("sex", title="性别", type="C", now=NOW)
    with city.reviewer():
        assert actions.element_put("sex", title="性别", type="C", now=NOW).number == 1
        assert actions.element_put("sex", title="性别", type="C", length=1, now=LATER).number == 2
