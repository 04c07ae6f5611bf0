"""A matter changes by a new version; old versions never change; refusals change nothing."""

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.engines.api import search
from yiwang.hall.matters.actions import MatterCodeTaken, matter_close
from yiwang.hall.matters.data import MatterFilter
from yiwang.hall.matters.models import Matter, MatterFacet, MatterVersion
from yiwang.hall.matters.queries import (
    MatterNotFound,
    life_event_list,
    matter_count_by,
    matter_get,
    matter_list,
    matter_popular,
    matter_version_get,
    matter_version_list,
)
from yiwang.hall.matters.tests.conftest import CARD, LATER, NOW
from yiwang.kernel.api import ANONYMOUS, audit_list, context_use, event_publish, event_relay
from yiwang.sdk.errors import SignInNeeded

pytestmark = pytest.mark.django_db


def test_a_matter_put_in_force_reads_back_as_it_was_defined(put):
    view = put()
    assert view.spec == CARD
    assert (view.number, view.kind, view.form_version_id, view.process_version_id) == (
        1, "APPLY", 11, 22,
    )  # fmt: skip
    assert matter_get("322014001000") == view
    assert matter_version_get(view.version_id) == view
    assert view.can_apply
    assert view.licences == ()


def test_putting_the_same_again_changes_nothing(put):
    first = put()
    assert put(now=LATER, source="pack:senior@1.0.1") == first
    assert MatterVersion.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"title": {"zh": "敬老优待证", "en": "Senior card"}},
        {"form": 12},
        {"process": 23},
        {"department": "health"},
        {"legal_basis": ()},
    ],
)
def test_each_change_makes_a_version_and_the_old_one_stays_as_it_was(put, change):
    old = put()
    new = put(now=LATER, **change)
    assert (new.number, new.valid_from, new.valid_to) == (2, LATER, None)
    kept = matter_version_get(old.version_id)
    assert (kept.spec, kept.form_version_id, kept.process_version_id) == (
        old.spec, old.form_version_id, old.process_version_id,
    )  # fmt: skip
    assert (kept.valid_to, kept.can_apply) == (LATER, False)
    assert matter_get("322014001000", 1) == kept
    assert [view.number for view in matter_version_list("322014001000")] == [2, 1]


def test_two_sources_cannot_own_one_code(put):
    put()
    before = list(MatterVersion.objects.values())
    with pytest.raises(MatterCodeTaken):
        put(source="pack:other@1.0.0", department="health")
    assert list(MatterVersion.objects.values()) == before


def test_nobody_without_the_permission_puts_a_matter(put):
    with context_use(ANONYMOUS), pytest.raises(SignInNeeded):
        put()
    assert Matter.objects.count() == 0


def test_a_closed_matter_is_gone_from_lists_and_search_but_its_versions_stay(put):
    view = put()
    matter_close("322014001000", reason="abolished", now=LATER)
    with pytest.raises(MatterNotFound):
        matter_get("322014001000")
    assert matter_list().total == 0
    assert search("老年证").total == 0
    assert matter_version_get(view.version_id).spec == CARD
    with pytest.raises(MatterNotFound):
        matter_close("322014001000", reason="twice", now=LATER)
    assert put(now=LATER).number == 2
    assert search("老年证").total == 1


def test_unknown_codes_and_versions_are_told(put):
    put()
    for code, version in (("999999999999", None), ("322014001000", 2), ("", None), ("x" * 9000, 1)):
        with pytest.raises(MatterNotFound):
            matter_get(code, version)


def test_a_version_put_leaves_an_audit_row(put):
    put()
    row = audit_list(subject="matter:322014001000")[0]
    assert (row["act"], row["detail"]["source"]) == ("hall.matters.put", "pack:senior@1.0.0")


def test_lists_are_filtered_by_every_property(put):
    put()
    put(code="320100001000", item_type="01", department="health", themes=("医疗卫生",),
        service_objects=("2",), life_events=("illness",), title={"zh": "卫生许可", "en": "Permit"})  # fmt: skip
    put(
        code="322000002000",
        form=None,
        process=None,
        life_events=(),
        title={"zh": "指南", "en": "G"},
    )

    def codes(**filters):
        return {row.code for row in matter_list(MatterFilter(**filters)).rows}

    everything = {"322014001000", "320100001000", "322000002000"}
    assert codes() == everything
    assert codes(department="health") == {"320100001000"}
    assert codes(theme="社会保障") == {"322014001000", "322000002000"}
    assert codes(life_event="illness") == {"320100001000"}
    assert codes(service_object="1") == {"322014001000", "322000002000"}
    assert codes(item_type="01") == {"320100001000"}
    assert codes(kind="GUIDE_ONLY") == {"322000002000"}
    assert codes(theme="社会保障", kind="APPLY") == {"322014001000"}
    assert codes(theme="没有") == set()
    assert matter_count_by("theme") == {"社会保障": 2, "医疗卫生": 1}
    assert matter_count_by("department") == {"civil_affairs": 2, "health": 1}
    assert matter_count_by("kind") == {"APPLY": 2, "GUIDE_ONLY": 1}
    assert [(e.key, e.count) for e in life_event_list()] == [("illness", 1), ("retirement", 1)]


def test_pages_of_a_list_part_it_without_gap_or_repeat(put):
    for number in range(7):
        put(code=f"32201400{number}000")
    for order in ("popular", "title", "-title", "department", "item_type", "code", "-code"):
        pages = [matter_list(order=order, offset=offset, limit=3) for offset in (0, 3, 6)]
        found = [row.code for page in pages for row in page.rows]
        assert (len(found), len(set(found))) == (7, 7)
        assert {page.total for page in pages} == {7}


def test_a_new_version_moves_the_facets(put):
    put()
    put(now=LATER, themes=("生活服务",), life_events=())
    assert matter_count_by("theme") == {"生活服务": 1}
    assert life_event_list() == []
    assert MatterFacet.objects.count() == 2


def test_submitted_applications_count_and_make_a_matter_popular(put):
    put()
    put(code="322014002000", title={"zh": "高龄津贴", "en": "Allowance"})
    for _ in range(2):
        event_publish("application.submitted", {"matter_code": "322014002000"}, key="x")
    event_publish("application.submitted", {"matter_code": "000000000000"}, key="y")
    event_publish("application.submitted", {}, key="z")
    event_relay(now=timezone.now())
    assert [(row.code, row.applications_count) for row in matter_popular()] == [
        ("322014002000", 2),
        ("322014001000", 0),
    ]


titles = st.text("甲乙丙丁", min_size=1, max_size=2)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(st.tuples(titles, st.integers(1, 2)), min_size=1, max_size=6))
def test_versions_are_numbered_without_gap_and_exactly_one_is_open(put, changes):
    MatterVersion.objects.all()
    Matter.objects.update(current_version=None)
    MatterFacet.objects.all().delete()
    MatterVersion.objects.all().delete()
    Matter.objects.all().delete()
    distinct = []
    for title, form in changes:
        view = put(title={"zh": title, "en": "T"}, form=form, now=NOW)
        if not distinct or distinct[-1] != (title, form):
            distinct.append((title, form))
        assert (view.title["zh"], view.form_version_id) == (title, form)
    versions = matter_version_list("322014001000")[::-1]
    assert [view.number for view in versions] == list(range(1, len(distinct) + 1))
    assert [(view.title["zh"], view.form_version_id) for view in versions] == distinct
    assert [view.valid_to is None for view in versions] == [False] * (len(distinct) - 1) + [True]
