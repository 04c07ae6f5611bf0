"""Data stewards hear of their department's exceptions, stopped batches and silent feeds: once a day, with links."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.architecture.world import World
from yiwang.hall.messages import stewards
from yiwang.hall.messages.digest_rules import KINDS, body_make, line_make, may_send
from yiwang.hall.messages.digests import digest_collect, digest_lines, digest_sweep
from yiwang.hall.messages.models import DigestChoice, DigestEntry, Message, MessageSending
from yiwang.hall.messages.sendings import sendings_run
from yiwang.identity.api import account_find, accounts_load, departments_load, posts_load
from yiwang.kernel.api import EventView, context_system, context_use

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # Friday, 10:00 in Suzhou
DATA = "91320500MATRIX0009"


@pytest.fixture
def world(db):
    """Two departments with a steward each way: the supplying one's, and the data bureau's."""
    found = World(("DATA_STEWARD", "APPROVER"))
    with context_use(context_system("test")):
        departments_load(
            [{"uscc": DATA, "name": "数据局", "function": "data", "level": "CITY", "area_code": "320500"}],
            now=NOW,
        )  # fmt: skip
        post = {"department_uscc": DATA, "title": "数据管理岗"}
        posts_load([post | {"roles": ["DATA_STEWARD"]}], now=NOW)
        accounts_load(
            [{"username": "bureau", "population": "STAFF", "name": "秦思远", "posts": [post]}],
            now=NOW,
        )
    found.steward = found.account_id("DATA_STEWARD")
    found.bureau = account_find("bureau").id
    return found


def collect(event_id, *account_ids, kind="EXCEPTION_NEW", at=NOW, **params):
    values = {"title": "性别", "number": f"YC{event_id}", "rows": 3, "due": "2026-11-27"} | params
    with context_use(context_system("test")):
        return digest_collect(
            event_id, kind=kind, params=values, link="/x/", account_ids=account_ids, at=at
        )


def sweep(now):
    with context_use(context_system("test")):
        return digest_sweep(now=now)


def tell(event_id, topic, **payload):
    with context_use(context_system("test")):
        stewards.steward_tell(EventView(event_id, topic, "", payload, NOW))


def test_hundreds_of_lines_are_one_message_a_person_and_day(world):
    for event_id in range(1, 301):
        collect(event_id, world.steward)
    assert sweep(NOW + timedelta(minutes=29)) == 0
    assert sweep(NOW + timedelta(minutes=30)) == 1
    collect(301, world.steward, at=NOW + timedelta(minutes=40))
    assert sweep(NOW + timedelta(hours=5)) == 0
    (message,) = Message.objects.all()
    assert (message.account_id, message.title["zh"]) == (world.steward, "数据管理摘要：300 项")
    assert message.body["zh"].startswith(
        "新异常 300。\n· 性别（YC1）：3 行，请于 2026-11-27 前办理"
    )
    assert message.body["zh"].endswith("· 另有 292 项")
    assert message.body["en"].startswith(
        "New exceptions 300.\n· 性别 (YC1): 3 rows, due 2026-11-27"
    )
    assert DigestEntry.objects.filter(message=message).count() == 300
    assert sweep(NOW + timedelta(days=1)) == 1
    assert Message.objects.count() == 2


def test_an_event_that_is_delivered_twice_is_one_line(world):
    collect(1, world.steward, world.bureau)
    collect(1, world.steward)
    assert sorted(DigestEntry.objects.values_list("account_id", flat=True)) == sorted(
        [world.steward, world.bureau]
    )


def test_who_switched_it_off_gets_nothing_and_what_waited_is_dropped(world):
    collect(1, world.steward)
    client = world.client("DATA_STEWARD")
    assert client.post("/hall/messages/digest/", {"wanted": "0"}).status_code == 302
    assert collect(2, world.steward) == 0
    assert not DigestEntry.objects.exists()
    page = client.get("/hall/messages/").content.decode()
    assert "开启每日摘要" in page
    client.post("/hall/messages/digest/", {"wanted": "1"})
    assert collect(3, world.steward) == 1
    assert DigestChoice.objects.count() == 1


def test_the_steward_opens_the_digest_and_goes_to_the_desk(world):
    collect(1, world.steward, kind="BATCH_STOPPED", reason={"zh": "行数太少", "en": "few"})
    collect(2, world.steward)
    sweep(NOW + timedelta(hours=1))
    client = world.client("DATA_STEWARD")
    message = Message.objects.get()
    home = client.get("/hall/messages/").content.decode()
    assert "数据管理摘要：2 项" in home
    assert "desk" in home
    detail = client.get(f"/hall/messages/{message.pk}/").content.decode()
    assert message.link == "/hall/messages/digest/2026-11-20/"
    assert message.link in detail
    text = client.get(message.link).content.decode()
    assert text.index("批次停止或失败") < text.index("新异常")
    assert 'href="/x/"' in text
    assert world.client("APPROVER").get(message.link).status_code == 404
    assert Client().get(message.link).status_code == 302
    english = client.get(message.link, headers={"Accept-Language": "en"}).content.decode()
    assert "Batches that stopped or failed" in english


def test_a_digest_also_goes_by_e_mail_once(world, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    account = account_find("data_steward")
    type_of = Message._meta.apps.get_model("identity_accounts", "Account")
    type_of.objects.filter(pk=account.id).update(email="steward@example.org")
    collect(1, world.steward)
    sweep(NOW + timedelta(hours=1))
    message = Message.objects.get()
    assert sendings_run(now=NOW + timedelta(hours=2)) == 1
    assert sendings_run(now=NOW + timedelta(hours=3)) == 0
    (sending,) = MessageSending.objects.filter(message=message)
    assert (sending.channel, sending.state) == ("EMAIL", "SENT")


def test_silence_is_told_to_the_supplier_and_the_city(world, monkeypatch):
    resource = type("R", (), {"spec": type("S", (), {"title": "婚姻登记", "title_en": ""})})
    monkeypatch.setattr(stewards, "resource_by_id", lambda _id: resource)
    payload = {"resource_id": 1, "department_id": world.own_department, "field": ""}
    tell(1, "quality.alert_raised", kind="SILENT", **payload)
    tell(2, "quality.alert_raised", kind="DRIFT", **payload)
    found = list(DigestEntry.objects.order_by("event_id", "account_id"))
    assert [(row.event_id, row.kind) for row in found] == [
        (1, "FEED_SILENT"),
        (1, "FEED_SILENT"),
        (2, "FEED_UNUSUAL"),
    ]
    assert {row.account_id for row in found[:2]} == {world.steward, world.bureau}
    assert found[0].text["zh"] == "civil_affairs的《婚姻登记》未按承诺周期报送"
    assert found[2].account_id == world.steward


def test_a_department_without_a_steward_is_told_through_the_city_s(world):
    tell(
        1,
        "identity.token_expiring",
        system_id=1,
        department_id=world.other_department,
        name="体检系统",
        prefix="abcdefgh",
        expires_at="2026-12-01T02:00:00+00:00",
    )
    (entry,) = DigestEntry.objects.all()
    assert (entry.account_id, entry.kind) == (world.bureau, "TOKEN_EXPIRING")
    assert entry.text["zh"] == "体检系统的令牌 yw_abcdefgh_… 将于 2026-12-01 到期，请签发新令牌"


def test_pairs_that_wait_are_told_to_the_city_only_where_there_are_any(world, monkeypatch):
    payload = {"registry": "population", "number": 2, "current": 2, "kind": "PUBLISHED"}
    tell(1, "registries.published", **payload)
    assert not DigestEntry.objects.exists()
    monkeypatch.setattr(stewards, "pairs_waiting", lambda registry: 12)
    tell(2, "registries.published", **payload)
    (entry,) = DigestEntry.objects.all()
    assert (entry.account_id, entry.link) == (world.bureau, "/resources/fusion/review/")
    assert entry.text["zh"] == "人口库融合后有 12 对记录待人工判定"


def test_every_line_and_heading_has_both_languages():
    for kind in KINDS:
        line = line_make(kind, {})
        assert line["zh"] != line["en"] != ""
        assert set(KINDS[kind].heading) == {"zh", "en"}
        assert KINDS[kind].audience


@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=40))
def test_a_body_counts_every_line_and_shows_the_worst_first(kinds):
    body = body_make((kind, {"zh": kind, "en": kind}) for kind in kinds)
    head, *shown = body["en"].split("\n")
    assert sum(int(part.rsplit(" ", 1)[1]) for part in head.rstrip(".").split("; ")) == len(kinds)
    assert len(shown) == min(len(kinds), 8) + (len(kinds) > 8)
    order = [list(KINDS).index(line[2:]) for line in shown[:8]]
    assert order == sorted(order)


def test_it_is_sent_from_half_past_eight_and_not_twice_a_day():
    def at(day, hour, minute):
        return datetime(2026, 11, day, hour, minute)

    assert not may_send(at(19, 22, 0), None, now=at(20, 8, 29))
    assert may_send(at(19, 22, 0), None, now=at(20, 8, 30))
    assert not may_send(at(20, 9, 0), at(20, 8, 30), now=at(20, 18, 0))
    assert may_send(at(20, 9, 0), at(20, 8, 30), now=at(21, 8, 30))
    assert not may_send(at(20, 9, 0), at(19, 8, 30), now=at(20, 9, 29))


def test_nobody_reads_another_s_lines(world):
    collect(1, world.steward)
    sweep(NOW + timedelta(hours=1))
    assert len(digest_lines(world.steward, "2026-11-20")) == 1
    assert digest_lines(world.bureau, "2026-11-20") == []
    assert digest_lines(None, "2026-11-20") == []
