"""The lists say what the catalogue says and no more, change by published adjustments, and keep every day."""

import dataclasses
import json
from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.lists import actions, queries
from yiwang.hall.lists.data import DetailView, EntryFilter
from yiwang.hall.lists.errors import (
    AdjustmentIncomplete,
    AdjustmentMoved,
    AdjustmentOpen,
    NothingToAdjust,
    NotYourPower,
    SamePerson,
)
from yiwang.hall.lists.models import FeeEntry, ListAdjustment, ListChange, ListEntry
from yiwang.hall.lists.rules import change_kind, changed_parts, changes_between
from yiwang.hall.lists.tests.conftest import (
    BARE,
    COLLEAGUE,
    LATER,
    NOW,
    STATEMENT,
    STEWARD,
    SYSTEM,
    person,
    publish,
    put,
)
from yiwang.hall.matters.actions import matter_close
from yiwang.identity.api import account_create, post_assign, post_put
from yiwang.kernel.api import context_use
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.packs import Fee


def test_powers_come_from_the_catalogue_and_public_services_do_not(catalogue):
    assert list(queries.catalogue_contents()) == [STATEMENT.code, BARE.code]


def test_what_the_source_does_not_say_stays_unknown(catalogue):
    content = queries.catalogue_contents()[BARE.code]
    unknown = ("legal_basis", "steps", "limits", "office", "responsibilities", "accountability")
    assert [bool(content[name]) for name in unknown] == [False] * 6


def test_the_first_adjustment_puts_every_power_on_the_lists(catalogue):
    published = publish()
    assert (published.number, published.counts) == (1, {"ADDED": 2})
    entries = queries.entry_list()
    assert [each.code for each in entries] == [STATEMENT.code, BARE.code]
    assert entries[0].basis_text == "老年人权益保障法第五十三条"
    with context_use(STEWARD), pytest.raises(NothingToAdjust):
        actions.adjustment_prepare(now=NOW)


def test_who_prepared_an_adjustment_does_not_publish_it(catalogue):
    with context_use(STEWARD):
        view = actions.adjustment_prepare(now=NOW)
        actions.adjustment_edit(
            view.id, reason="首次", legal_ground="依法", effective_date=NOW.date()
        )
        actions.adjustment_submit(view.id)
        with pytest.raises(SamePerson):
            actions.adjustment_publish(view.id, now=NOW)
    assert ListEntry.objects.count() == 0
    with pytest.raises(IntegrityError), transaction.atomic():
        ListAdjustment.objects.update(published_by_id=STEWARD.account_id)  # fmt: skip


def test_an_adjustment_without_reason_or_ground_is_not_handed_over(catalogue):
    with context_use(STEWARD):
        view = actions.adjustment_prepare(now=NOW)
        with pytest.raises(AdjustmentIncomplete) as refusal:
            actions.adjustment_submit(view.id)
    assert set(refusal.value.fields) == {"reason", "legal_ground"}
    assert queries.adjustment_open_get().state == "DRAFT"


def test_one_adjustment_is_prepared_at_a_time(catalogue):
    with context_use(STEWARD):
        actions.adjustment_prepare(now=NOW)
        with pytest.raises(AdjustmentOpen):
            actions.adjustment_prepare(now=NOW)
    assert ListAdjustment.objects.count() == 1


def test_changes_of_the_catalogue_are_told_by_kind(catalogue):
    publish()
    put(dataclasses.replace(STATEMENT, level="STREET"), now=LATER)
    with context_use(SYSTEM):
        matter_close(BARE.code, reason="取消", now=LATER)
    new = dataclasses.replace(BARE, code="510144444444", title={"zh": "瓶装燃气供应", "en": "Gas"})
    put(new, now=LATER)
    published = publish(now=LATER)
    assert published.counts == {"ADDED": 1, "CANCELLED": 1, "DELEGATED": 1}
    kinds = dict(ListChange.objects.filter(adjustment_id=published.id).values_list("code", "kind"))
    assert kinds == {
        STATEMENT.code: "DELEGATED",
        BARE.code: "CANCELLED",
        new.code: "ADDED",
    }


def test_two_days_compare_to_what_was_published_between_them(catalogue):
    publish()
    put(dataclasses.replace(STATEMENT, level="STREET"), now=LATER)
    publish(now=LATER)
    found = queries.comparison(NOW.date(), LATER.date())
    assert [(each.code, each.kind) for each in found.changes] == [(STATEMENT.code, "DELEGATED")]
    assert queries.comparison(NOW.date(), NOW.date()).changes == ()
    before = queries.comparison(NOW.date() - timedelta(days=1), NOW.date())
    assert before.counts == {"ADDED": 2}


def test_a_day_of_the_past_reads_as_it_read_then(catalogue):
    publish()
    put(dataclasses.replace(STATEMENT, title={"zh": "高龄确认", "en": "Age"}), now=LATER)
    publish(now=LATER)
    then = queries.entry_list(EntryFilter(on=NOW.date()))
    assert [each.title["zh"] for each in then] == ["老年人身份确认", "燃气经营许可证核发"]
    assert queries.entry_get(STATEMENT.code).title["zh"] == "高龄确认"
    assert len(queries.entry_history(STATEMENT.code)) == 2


def test_a_power_left_out_waits_for_the_next_adjustment(catalogue):
    with context_use(STEWARD):
        view = actions.adjustment_prepare(now=NOW)
        change = ListChange.objects.get(code=BARE.code)
        actions.change_mark(change.pk, is_left_out=True, note="待核实")
        actions.adjustment_edit(
            view.id, reason="首次", legal_ground="依法", effective_date=NOW.date()
        )
        actions.adjustment_submit(view.id)
        with pytest.raises(AdjustmentMoved):
            actions.change_mark(change.pk, is_left_out=False)
    with context_use(COLLEAGUE):
        assert actions.adjustment_publish(view.id, now=NOW).counts == {"ADDED": 1}
    assert [each.code for each in queries.entry_list()] == [STATEMENT.code]
    with context_use(STEWARD):
        again = actions.adjustment_prepare(now=LATER)
    assert queries.change_counts(again.id) == {"ADDED": 1}


def test_an_adjustment_sent_back_can_be_put_right_and_dropped(catalogue):
    with context_use(STEWARD):
        view = actions.adjustment_prepare(now=NOW)
        actions.adjustment_edit(
            view.id, reason="首次", legal_ground="依法", effective_date=NOW.date()
        )
        actions.adjustment_submit(view.id)
    with context_use(COLLEAGUE):
        assert actions.adjustment_return(view.id, note="依据不全").state == "DRAFT"
        with pytest.raises(AdjustmentMoved):
            actions.adjustment_publish(view.id, now=NOW)
        actions.adjustment_discard(view.id)
    assert queries.adjustment_open_get() is None
    assert ListEntry.objects.count() == 0


def test_a_day_before_the_last_adjustment_is_refused(catalogue):
    publish(now=LATER)
    put(dataclasses.replace(STATEMENT, level="STREET"), now=LATER)
    with context_use(STEWARD):
        view = actions.adjustment_prepare(now=LATER)
        actions.adjustment_edit(view.id, reason="x", legal_ground="y", effective_date=NOW.date())
        with pytest.raises(AdjustmentIncomplete) as refusal:
            actions.adjustment_submit(view.id)
    assert set(refusal.value.fields) == {"effective_date"}


def test_a_department_completes_its_own_powers_only(catalogue, bureau):
    own = person(5, queries.MAINTAIN, departments=[bureau])
    with context_use(own):
        actions.detail_put(STATEMENT.code, DetailView(office="养老服务科"), now=NOW)
        with pytest.raises(NotYourPower):
            actions.detail_put(BARE.code, DetailView(office="别人的科"), now=NOW)
    assert queries.detail_get(BARE.code) == DetailView()
    publish()
    assert queries.entry_get(STATEMENT.code).content["office"] == "养老服务科"


def test_nobody_without_the_permission_prepares_or_publishes(catalogue):
    with context_use(person(9)), pytest.raises(Forbidden):
        actions.adjustment_prepare(now=NOW)
    assert ListAdjustment.objects.count() == 0


CONTENT = st.fixed_dictionaries(
    {
        "level": st.sampled_from(["CITY", "DISTRICT", "STREET"]),
        "function": st.sampled_from(["health", "water"]),
        "office": st.sampled_from(["", "一科"]),
    }
)
LISTS = st.dictionaries(st.sampled_from("abcdef"), CONTENT)


@given(LISTS, LISTS)
def test_applying_all_changes_to_one_list_gives_the_other(before, after):
    changed = dict(before)
    for code, kind, _old, new in changes_between(before, after):
        if kind == "CANCELLED":
            del changed[code]
        else:
            changed[code] = new
    assert changed == after


@given(CONTENT, CONTENT)
def test_a_change_and_its_reverse_are_of_opposite_kinds(old, new):
    opposite = {"DELEGATED": "TAKEN_BACK", "TAKEN_BACK": "DELEGATED"}
    there, back = change_kind(old, new), change_kind(new, old)
    assert back == opposite.get(there, there)
    assert (there is None) == (changed_parts(old, new) == [])


def test_the_pages_show_search_and_export_the_list(catalogue, client):
    assert "清单尚未公布" in client.get("/hall/lists/").content.decode()
    publish()
    text = client.get("/hall/lists/?q=燃气").content.decode()
    assert "燃气经营许可证核发" in text
    assert "老年人身份确认" not in text
    assert "来源未载明" in text
    for address in (
        "/hall/lists/?list=responsibility&item_type=07&basis=known",
        f"/hall/lists/{BARE.code}/",
        "/hall/lists/adjustments/",
        "/hall/lists/adjustments/1/",
        f"/hall/lists/compare/?from=2026-01-01&to={NOW.date()}",
    ):
        assert client.get(address).status_code == 200, address
    found = json.loads(client.get("/hall/lists/export/json/?department=housing").content)
    assert (found["total"], found["entries"][0]["code"]) == (1, BARE.code)
    csv = client.get("/hall/lists/export/csv/").content.decode("utf-8-sig").splitlines()
    assert len(csv) == 3
    assert csv[1].startswith("320714001000,老年人身份确认,行政确认,")
    assert client.get("/hall/lists/export/xlsx/").content[:2] == b"PK"
    assert client.get("/hall/lists/export/pdf/").status_code == 404


def test_a_day_that_is_none_is_not_taken_for_one(catalogue, client):
    publish(day=date(2026, 11, 20))
    assert client.get("/hall/lists/?on=2026-02-31").status_code == 200
    assert "燃气经营许可证核发" not in client.get("/hall/lists/?on=2026-11-19").content.decode()
    assert client.get(f"/hall/lists/{BARE.code}/?on=2026-11-19").status_code == 404


def staff(bureau, *roles, username):
    with context_use(SYSTEM):
        key = account_create(
            username, population="STAFF", name=username, password="粉墙黛瓦 枕河人家 1986", now=NOW
        )
        post = post_put(bureau, title=username, roles=roles, now=NOW)
        post_assign(key, post_id=post, from_date=date(2026, 1, 1), now=NOW)
    return get_user_model().objects.get(pk=key)


def test_a_steward_prepares_and_a_supervisor_publishes_on_the_pages(catalogue, bureau, client):
    desk = "/hall/lists/desk/"
    client.force_login(staff(bureau, "DATA_STEWARD", username="steward"))
    assert "没有正在拟定的调整" in client.get(desk).content.decode()
    assert client.post(desk, {"do": "prepare"}).status_code == 302
    assert "燃气经营许可证核发" in client.get(desk).content.decode()
    given = {"reason": "首次公布", "legal_ground": "依法", "effective_date": "2026-11-20"}
    assert client.post(desk, {**given, "do": "save", "effective_date": "x"}).status_code == 422
    change = ListChange.objects.get(code=BARE.code)
    assert client.post(f"/hall/lists/desk/changes/{change.pk}/", {"do": "leave"}).status_code == 302
    assert client.post(desk, {**given, "do": "submit"}).status_code == 302
    assert client.post(desk, {"do": "publish"}).status_code == 422
    client.force_login(staff(bureau, "SUPERVISOR", username="supervisor"))
    assert client.post(desk, {"do": "return", "note": ""}).status_code == 422
    assert client.post(desk, {"do": "publish"}).status_code == 302
    assert [each.code for each in queries.entry_list()] == [STATEMENT.code]


def test_a_head_completes_the_powers_of_the_department_on_the_pages(catalogue, bureau, client):
    client.force_login(staff(bureau, "DEPARTMENT_HEAD", username="head"))
    assert "承办机构" in client.get("/hall/lists/mine/").content.decode()
    own = f"/hall/lists/mine/{STATEMENT.code}/"
    assert client.get(own).status_code == 200
    assert client.post(own, {"office": "养老服务科"}).status_code == 302
    assert queries.detail_get(STATEMENT.code).office == "养老服务科"
    assert client.get(f"/hall/lists/mine/{BARE.code}/").status_code == 403


def test_the_page_shows_differences_loads_a_catalogue_and_says_what_is_wrong_with_one(
    bureau, client
):
    put(dataclasses.replace(STATEMENT, fee=Fee(amount_fen=5000, basis="甲号文")))
    client.force_login(staff(bureau, "DATA_STEWARD", username="steward"))
    at = "/hall/lists/fees/"
    assert "收费但不在目录内" in client.get(at).content.decode()
    wrong = client.post(at, {"file": SimpleUploadedFile("a.csv", b"x")})
    assert (wrong.status_code, FeeEntry.objects.count()) == (422, 0)
    text = "code,title,basis,standard,max_yuan\n" + f"{STATEMENT.code},工本费,乙号文,每件,20\n"
    right = client.post(at, {"file": SimpleUploadedFile("a.csv", text.encode())})
    assert right.status_code == 302
    shown = client.get(at).content.decode()
    assert "收费高于目录标准" in shown
    assert "收费依据与目录不一致" in shown
