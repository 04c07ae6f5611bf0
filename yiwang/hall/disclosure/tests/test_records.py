"""Decisions become records, are published in time, corrected without loss and hidden with a reason."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from yiwang.hall.disclosure import actions, queries
from yiwang.hall.disclosure.data import PublicFilter
from yiwang.hall.disclosure.errors import (
    NotPublishedYet,
    ReasonNeeded,
    RecordMoved,
    RecordNotFound,
    RecordNotYours,
    TooEarly,
)
from yiwang.hall.disclosure.following import disclosure_sweep
from yiwang.hall.disclosure.intake import records_take
from yiwang.hall.disclosure.models import DisclosureRecord
from yiwang.hall.disclosure.rules import table_make, values_clean
from yiwang.hall.disclosure.tests.test_rules import PENALTY, PERSON
from yiwang.identity.api import (
    UnscopedQuery,
    account_create,
    data_scope,
    department_put,
    post_assign,
    post_put,
)
from yiwang.kernel.api import (
    RequestContext,
    calendar_seed_load,
    context_system,
    context_use,
    sheet_write,
)
from yiwang.sdk.errors import Forbidden

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SYSTEM = context_system("test")


class Bureau:
    """Two departments and who acts in them."""

    def __init__(self):
        with context_use(SYSTEM):
            calendar_seed_load(now=NOW)
            self.own = self.department("1132050801414948XU", "姑苏区市场监督管理局", "320508")
            self.other = self.department("1132050501414948XG", "虎丘区市场监督管理局", "320505")
        self.clerk = self.officer(1, queries.ENTER)
        self.head = self.officer(2, queries.ENTER, queries.PUBLISH)
        self.stranger = self.officer(3, queries.ENTER, queries.PUBLISH, department_id=self.other)

    def department(self, uscc, name, area_code):
        return department_put(
            uscc,
            name=name,
            function="market_supervision",
            level="DISTRICT",
            area_code=area_code,
            parent_id=None,
            now=NOW,
        )

    def officer(self, account_id, *permissions, department_id=None):
        key = department_id or self.own
        return RequestContext(
            population="STAFF",
            account_id=account_id,
            name=f"人{account_id}",
            permissions=frozenset(permissions),
            department_id=key,
            department_ids=frozenset({key}),
            purpose="双公示",
        )

    def enter(self, *, now=NOW, **changes):
        with context_use(self.clerk):
            return actions.record_enter(
                "CF", PENALTY | changes, department_id=self.own, source="form", now=now
            ).record

    def published(self, *, now=NOW, **changes):
        record = self.enter(now=now, **changes)
        with context_use(self.head):
            return actions.record_publish(record.id, now=now)


@pytest.fixture
def bureau(db):
    return Bureau()


def states():
    with data_scope(purpose="测试"):
        return list(
            DisclosureRecord.objects.order_by("pk").values_list("revision", "state", "is_current")
        )


def test_a_penalty_is_due_seven_working_days_after_its_decision(bureau):
    record = bureau.enter()
    assert (record.state, record.errors) == ("READY", {})
    assert record.due_at == datetime(2026, 11, 27, 9, tzinfo=UTC)
    assert record.values["CF_CFJG"] == "姑苏区市场监督管理局"


def test_what_is_wrong_is_kept_in_the_queue_and_not_published(bureau):
    record = bureau.enter(CF_NR_FK="", CF_FDDB="")
    assert record.errors == {"CF_FDDB": ["missing"], "CF_NR_FK": ["missing"]}
    with context_use(bureau.head), pytest.raises(NotPublishedYet) as refusal:
        actions.record_publish(record.id, now=NOW)
    assert refusal.value.fields == record.errors
    assert queries.public_count(PublicFilter()) == 0
    with context_use(bureau.clerk):
        again = actions.record_correct(record.id, PENALTY, reason="", now=NOW)
    assert (again.id, again.revision, again.state) == (record.id, 1, "READY")


def test_entering_the_same_again_changes_nothing(bureau):
    first = bureau.enter()
    with context_use(bureau.clerk):
        again = actions.record_enter(
            "CF", PENALTY, department_id=bureau.own, source="csv:x", now=NOW + DAY
        )
    assert (again.is_new, again.record.id, again.record.source) == (False, first.id, "form")
    assert states() == [(1, "READY", True)]


def test_what_is_published_is_masked_and_found_only_by_what_is_public(bureau):
    with context_use(bureau.clerk):
        person = actions.record_enter(
            "CF", PERSON, department_id=bureau.own, source="form", now=NOW
        ).record
    with context_use(bureau.head):
        actions.record_publish(person.id, now=NOW)
    found = queries.public_list(PublicFilter(text="苏姑市监处罚"))
    assert [(each.subject_name, each.organ) for each in found] == [("张**", "姑苏区市场监督管理局")]
    for secret in ("张三丰", "320508198501011234"):
        assert queries.public_list(PublicFilter(text=secret)) == []
    assert "张三丰" not in str(queries.public_get(person.id))


def test_a_correction_keeps_the_old_and_replaces_it_when_it_is_published(bureau):
    old = bureau.published()
    with context_use(bureau.clerk):
        with pytest.raises(ReasonNeeded):
            actions.record_correct(
                old.id, old.values | {"CF_NR": "罚款4000元"}, reason=" ", now=NOW
            )
        new = actions.record_correct(
            old.id,
            old.values | {"CF_NR": "罚款4000元", "CF_WSH": "苏姑市监处罚〔2026〕13号"},
            reason="文书号录入有误",
            now=NOW + DAY,
        )
    # Until the correction is published everybody still reads what was published.
    assert queries.public_get(old.id).document_number == PENALTY["CF_WSH"]
    assert states() == [(1, "PUBLISHED", False), (2, "READY", True)]
    with context_use(bureau.head):
        actions.record_publish(new.id, now=NOW + DAY)
        assert [each.revision for each in queries.record_revisions(new.id)] == [2, 1]
    assert states() == [(1, "REPLACED", False), (2, "PUBLISHED", True)]
    with pytest.raises(RecordNotFound):
        queries.public_get(old.id)
    assert queries.public_corrections(new.id) == [(NOW + DAY, "文书号录入有误")]
    with data_scope(purpose="测试"):
        assert DisclosureRecord.objects.get(pk=old.id).values["CF_NR"] == PENALTY["CF_NR"]


def test_credit_repair_hides_a_penalty_only_after_the_shortest_time(bureau):
    record = bureau.published()
    with context_use(bureau.head):
        with pytest.raises(TooEarly):
            actions.record_hide(record.id, ground="REPAIR", reason="已整改", now=NOW)
        with pytest.raises(ReasonNeeded):
            actions.record_hide(record.id, ground="REPAIR", reason="", now=NOW + 120 * DAY)
        assert queries.public_count(PublicFilter()) == 1
        hidden = actions.record_hide(
            record.id, ground="REPAIR", reason="信用修复决定书1号", now=NOW + 120 * DAY
        )
    assert (hidden.state, hidden.hidden_ground) == ("HIDDEN", "REPAIR")
    assert queries.public_count(PublicFilter()) == 0
    with context_use(bureau.clerk), pytest.raises(RecordMoved):
        actions.record_enter(
            "CF",
            PENALTY | {"CF_NR": "x"},
            department_id=bureau.own,
            source="x",
            now=NOW + 121 * DAY,
        )


def test_a_revoked_decision_is_hidden_at_once_with_its_drafts(bureau):
    record = bureau.published()
    with context_use(bureau.head):
        actions.record_correct(record.id, record.values | {"CF_NR": "改"}, reason="更正", now=NOW)
        actions.record_hide(record.id, ground="REVOKED", reason="复议撤销", now=NOW)
    assert states() == [(1, "HIDDEN", False), (2, "HIDDEN", True)]


def test_a_penalty_leaves_the_page_when_its_time_is_over(bureau):
    bureau.published(CF_GSJZQ="2027-02-20")
    last = datetime(2027, 2, 20, 3, tzinfo=UTC)
    assert disclosure_sweep(now=last)["expired"] == 0
    assert disclosure_sweep(now=last + DAY)["expired"] == 1
    assert disclosure_sweep(now=last + DAY)["expired"] == 0
    assert queries.public_count(PublicFilter()) == 0


def test_heads_are_warned_once_before_the_time_is_over(bureau, monkeypatch):
    told = []
    path = "yiwang.hall.disclosure.following.event_publish"
    monkeypatch.setattr(path, lambda topic, payload, **_more: told.append((topic, payload)))
    with context_use(SYSTEM):
        key = account_create(
            "head", population="STAFF", name="沈局", password="粉墙黛瓦 枕河人家 1986", now=NOW
        )
        post = post_put(bureau.own, title="局长", roles=["DEPARTMENT_HEAD"], now=NOW)
        post_assign(key, post_id=post, from_date=date(2026, 1, 1), now=NOW)
    bureau.enter()
    assert disclosure_sweep(now=NOW + 4 * DAY)["warned"] == 0
    assert disclosure_sweep(now=NOW + 6 * DAY)["warned"] == 1
    assert disclosure_sweep(now=NOW + 6 * DAY)["warned"] == 0
    assert [(topic, payload["account_id"], payload["count"]) for topic, payload in told] == [
        ("disclosure.due_soon", key, 1)
    ]


def test_the_board_counts_on_time_late_and_overdue_by_department(bureau):
    bureau.published()
    bureau.published(CF_WSH="苏姑市监处罚〔2026〕13号", CF_JDRQ="2026-11-02")
    bureau.enter(CF_WSH="苏姑市监处罚〔2026〕14号", CF_JDRQ="2026-11-03")
    bureau.enter(CF_WSH="苏姑市监处罚〔2026〕15号")
    (row,) = queries.timeliness(since=date(2026, 11, 1), until=date(2026, 11, 30), now=NOW)
    assert (row.decided, row.on_time, row.late, row.overdue, row.open) == (4, 1, 1, 1, 1)
    assert row.share == pytest.approx(100 / 3)


def test_a_department_neither_sees_nor_enters_anothers_decisions(bureau):
    record = bureau.enter()
    with context_use(bureau.stranger):
        assert queries.record_list() == []
        for act in (
            lambda: queries.record_get(record.id),
            lambda: actions.record_publish(record.id, now=NOW),
            lambda: actions.record_correct(record.id, PENALTY, reason="x", now=NOW),
        ):
            with pytest.raises(RecordNotFound):
                act()
        for department_id in (bureau.own, bureau.other):
            with pytest.raises(RecordNotYours):
                actions.record_enter(
                    "CF", PENALTY, department_id=department_id, source="x", now=NOW
                )
    with context_use(bureau.clerk), pytest.raises(Forbidden):
        actions.record_publish(record.id, now=NOW)
    assert states() == [(1, "READY", True)]


def test_records_are_personal_data_and_one_revision_is_shown(bureau):
    with pytest.raises(UnscopedQuery):
        DisclosureRecord.objects.count()
    record = bureau.published()
    with data_scope(purpose="测试"):
        row = DisclosureRecord.objects.get(pk=record.id)
        row.pk, row.revision, row.is_current = None, 2, False
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def test_lines_of_a_file_are_taken_one_by_one(bureau):
    second = PENALTY | {"CF_WSH": "苏姑市监处罚〔2026〕13号", "CF_NR_FK": "许多"}
    rows = [PENALTY, second, {"CF_NR": "无主"}]
    with context_use(bureau.head):
        found = records_take("CF", rows, department_id=bureau.own, source="csv:a", now=NOW)
        again = records_take("CF", rows, department_id=bureau.own, source="csv:a", now=NOW)
        assert actions.records_publish(now=NOW) == 1
    assert (found.read, found.taken) == (3, 2)
    assert found.problems == {
        2: {"CF_NR_FK": ["not_an_amount"]},
        3: {"CF_WSH": ["missing"], "CF_XDR_MC": ["missing"]},
    }
    assert (again.taken, again.unchanged) == (0, 2)
    with context_use(bureau.head):
        assert queries.record_export(kind="CF") == [values_clean("CF", PENALTY)]


@pytest.fixture
def head(bureau, client):
    with context_use(SYSTEM):
        key = account_create(
            "shen", population="STAFF", name="沈局", password="粉墙黛瓦 枕河人家 1986", now=NOW
        )
        post = post_put(bureau.own, title="局长", roles=["DEPARTMENT_HEAD"], now=NOW)
        post_assign(key, post_id=post, from_date=date(2026, 1, 1), now=NOW)
    from django.contrib.auth import get_user_model

    client.force_login(get_user_model().objects.get(pk=key))
    return client


def test_a_head_enters_corrects_publishes_and_hides_on_the_pages(head, bureau, client):
    assert head.get("/hall/disclosure/desk/new/CF/").status_code == 200
    assert head.post("/hall/disclosure/desk/new/CF/", {"CF_NR": "x"}).status_code == 422
    form = PENALTY | {"CF_CFLB": ["罚款", "没收违法所得"], "CF_FDDB": "", "period": "GENERAL"}
    answer = head.post("/hall/disclosure/desk/new/CF/", form)
    assert answer.status_code == 302
    queue = head.get("/hall/disclosure/desk/").content.decode()
    assert "法定代表人未填写。" in queue
    form["CF_FDDB"] = "沈某"
    assert head.post(answer.url, form | {"do": "keep"}).status_code == 302
    assert head.post(answer.url, form | {"do": "publish"}).status_code == 302
    page = client.get("/hall/disclosure/?q=苏姑市监处罚").content.decode()
    assert "苏州某餐饮有限公司" in page
    record = queries.public_list()[0]
    shown = client.get(f"/hall/disclosure/records/{record.id}/").content.decode()
    assert "15638296218" not in shown
    assert "罚款5000元" in shown
    hide = f"/hall/disclosure/desk/{record.id}/"
    head.post(hide, {"do": "hide", "ground": "REVOKED", "hide_reason": "复议撤销"})
    assert client.get(f"/hall/disclosure/records/{record.id}/").status_code == 404
    assert head.get("/hall/disclosure/board/?days=30").status_code == 200


def test_files_go_in_and_out_on_the_pages(head, bureau):
    raw = sheet_write("csv", table_make("CF", [values_clean("CF", PENALTY)]), encoding="gb18030")
    answer = head.post(
        "/hall/disclosure/desk/file/", {"kind": "CF", "file": SimpleUploadedFile("a.csv", raw)}
    )
    assert "读取 1 行，录入 1 行" in answer.content.decode()
    head.post("/hall/disclosure/desk/publish/")
    out = head.get("/hall/disclosure/desk/export/?kind=CF&encoding=gb18030")
    assert out.content == raw
    masked = head.get("/hall/disclosure/export/csv/?kind=CF").content.decode("utf-8-sig")
    assert masked.splitlines()[0].startswith("行政相对人名称,行政相对人类别,统一社会信用代码")
    assert "15638296218" not in masked
    bad = head.post(
        "/hall/disclosure/desk/file/", {"kind": "CF", "file": SimpleUploadedFile("a.csv", b"x")}
    )
    assert bad.status_code == 422


def test_systems_hand_in_decisions_and_read_what_is_published(head, bureau, client):
    address = "/api/v1/hall/disclosure/decisions/CF/"
    sent = json.dumps({"rows": [PENALTY, PENALTY | {"CF_WSH": "十二号"}]})
    answer = head.post(address, sent, content_type="application/json")
    body = answer.json()
    assert (answer.status_code, body["taken"]) == (207, 2)
    assert body["problems"][0]["row"] == 2
    assert body["problems"][0]["codes"] == {"CF_WSH": ["not_a_document"]}
    assert head.post(address, "[]", content_type="application/json").status_code == 422
    head.post("/hall/disclosure/desk/publish/")
    client.logout()
    found = client.get("/api/v1/hall/disclosure/records/?kind=CF").json()
    assert (found["total"], found["items"][0]["values"]["CF_WSH"]) == (1, PENALTY["CF_WSH"])
