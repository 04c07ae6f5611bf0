"""Messages: said once, in both languages, to the right person, through channels that may be down."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from yiwang.hall.messages.actions import mark_all_read, mark_read, message_send
from yiwang.hall.messages.errors import TemplateInvalid, TemplateUnknown
from yiwang.hall.messages.models import (
    ChannelState,
    Message,
    MessageChoice,
    MessageSending,
    NotifyKey,
    StopEntry,
    TemplateVersion,
)
from yiwang.hall.messages.queries import count_unread, message_get, message_list
from yiwang.hall.messages.rules import GROUPS, KINDS, fields_of, sms_parts, template_for, text_make
from yiwang.hall.messages.sendings import sendings_run
from yiwang.hall.messages.shipped import TEMPLATES
from yiwang.hall.messages.templates import (
    MANAGE,
    template_change,
    template_get,
    template_restore,
)
from yiwang.identity.api import account_create
from yiwang.kernel.api import (
    RequestContext,
    context_system,
    context_use,
    delivery_list,
    event_publish,
    event_relay,
)
from yiwang.sdk.errors import NotFound, SignInNeeded

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TITLE = {"zh": "老年人优待证", "en": "Senior citizen card"}
PARAMS = {"number": "320508-1", "title": TITLE}


@pytest.fixture(autouse=True)
def outbox(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return tmp_path / "outbox"


def _account(username="shen", **more) -> int:
    with context_use(context_system("test")):
        return account_create(
            username,
            population="CITIZEN",
            name="沈月琴",
            password="粉墙黛瓦 枕河人家 1986",
            now=NOW,
            **{"phone": "13900000001", "email": "shen@example.org", **more},
        )


def _as(account_id: int):
    return context_use(RequestContext(population="CITIZEN", account_id=account_id))


def _send(account_id: int, template="application_approved", **more) -> int:
    with context_use(context_system("test")):
        return message_send(
            account_id, template=template, params=PARAMS, link="/x/", now=NOW, **more
        )


def _relay() -> None:
    for round_number in range(3):
        event_relay(now=timezone.now() + timedelta(hours=round_number))
    sendings_run(now=NOW + timedelta(seconds=1))


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_every_template_speaks_both_languages_and_takes_the_same_facts(name):
    template = TEMPLATES[name]
    facts = {
        language: set(fields_of(template.title[language] + template.body[language]))
        for language in ("zh", "en")
    }
    assert facts["zh"] == facts["en"]
    is_of_a_case = template.audience == "APPLICANT" and not template.topic.startswith("message.")
    assert not is_of_a_case or "title" in facts["zh"]
    assert set(template.channels) <= {"EMAIL", "SMS"}
    assert template.group in GROUPS
    assert template.kind in KINDS


def test_an_event_calls_for_one_template_or_none():
    known = TEMPLATES.values()
    refused = template_for(known, "application.decided", {"outcome": "NOT_ACCEPTED"})
    assert refused.name == "application_not_accepted"
    assert template_for(known, "application.decided", {"outcome": "OTHER"}) is None
    assert template_for(known, "calendar.changed", {}) is None


def test_values_that_look_like_patterns_are_only_text():
    made = text_make({"zh": "{title}", "en": "{title}"}, {"title": "{number.__class__} %(x)s"})
    assert made["zh"] == "{number.__class__} %(x)s"
    assert text_make({"zh": "{reason}", "en": "{reason}"}, {})["zh"] == "见详情。"


@pytest.mark.django_db
def test_a_message_is_kept_as_it_was_sent_in_both_languages():
    account = _account()
    message = message_get(_send(account), account_id=account)
    assert message.title == {
        "zh": "申请已通过：老年人优待证",
        "en": "Application approved: Senior citizen card",
    }
    assert "320508-1" in message.body["zh"]
    assert "320508-1" in message.body["en"]
    assert (message.kind, message.link, message.is_read) == ("success", "/x/", False)


@pytest.mark.django_db
def test_an_unknown_template_sends_nothing():
    with pytest.raises(TemplateUnknown):
        _send(_account(), template="no_such")
    assert Message.objects.count() == 0


@pytest.mark.django_db
def test_one_source_sends_one_message():
    account = _account()
    assert _send(account, source="event:1") == _send(account, source="event:1")
    assert Message.objects.count() == 1


@pytest.mark.django_db
def test_a_message_goes_out_by_mail_and_text_once(outbox):
    message_id = _send(_account())
    _relay()
    (mail_file,) = (outbox / "email").iterdir()
    mail = message_from_bytes(mail_file.read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == ("shen@example.org", "申请已通过：老年人优待证")
    assert "沈月琴：" in mail.get_content()
    (sms_file,) = (outbox / "sms").iterdir()
    assert sms_file.read_text().startswith("13900000001\n【")
    facts = MessageSending.objects.filter(message=message_id).order_by("channel")
    assert list(facts.values_list("channel", "state", "sent_at")) == [
        ("EMAIL", "SENT", NOW + timedelta(seconds=1)),
        ("SMS", "SENT", NOW + timedelta(seconds=1)),
    ]
    assert sendings_run(now=NOW + timedelta(days=1)) == 0


@pytest.mark.django_db
def test_without_phone_or_address_the_message_waits_in_the_space_only(outbox):
    account = _account(phone="", email="")
    _send(account)
    _relay()
    assert not outbox.exists()
    assert count_unread(account) == 1
    assert delivery_list(state="FAILED") == []


@pytest.mark.django_db
def test_a_template_names_its_channels(outbox):
    _send(_account(), template="application_submitted")
    _relay()
    assert [path.name for path in outbox.iterdir()] == ["email"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("topic", "more", "template"),
    [
        ("application.submitted", {}, "application_submitted"),
        ("application.accepted", {}, "application_accepted"),
        ("application.correction_requested", {"department_name": "消防"}, "correction_requested"),
        ("application.correction_answered", {}, "correction_answered"),
        ("application.decided", {"outcome": "APPROVED"}, "application_approved"),
        ("application.decided", {"outcome": "REFUSED"}, "application_refused"),
        ("application.withdrawn", {}, "application_withdrawn"),
        ("application.extended", {"amount": 5, "reason": "案情复杂"}, "application_extended"),
        ("licence.issued", {"licence_id": 7}, "licence_issued"),
        ("licence.revoked", {"licence_id": 7, "reason": "虚假"}, "licence_revoked"),
        (
            "supervision.issued",
            {"count": 2, "red": 0, "yellow": 2, "warnings": 0, "link": "/hall/supervision/mine/"},
            "supervision_issued",
        ),
    ],
)
def test_what_happens_to_a_case_is_told_to_its_applicant_once(topic, more, template):
    account = _account()
    event_publish(topic, {**PARAMS, "account_id": account, **more}, key="320508-1")
    _relay()
    messages = message_list(account)
    assert [message.template for message in messages] == [template]
    if "department_name" in more:
        assert messages[0].body["zh"].startswith("消防请您补正")
    if topic == "supervision.issued":
        assert messages[0].body["zh"].startswith("您有 2 件监察提示（红牌 0、黄牌 2、预警 0）")
        assert messages[0].link == "/hall/supervision/mine/"
    if topic.startswith("licence."):
        assert messages[0].link == reverse("hall_licences:detail", args=[7])


@pytest.mark.django_db
def test_an_event_without_an_account_tells_nobody():
    event_publish("application.submitted", PARAMS)
    _relay()
    assert Message.objects.count() == 0
    assert delivery_list(state="PENDING") == delivery_list(state="FAILED") == []


@pytest.mark.django_db
def test_unread_come_first_then_the_newest():
    account = _account()
    ids = [_send(account) for _ in range(3)]
    with _as(account):
        mark_read(ids[2], now=NOW)
    assert [message.id for message in message_list(account)] == [ids[1], ids[0], ids[2]]
    assert [message.id for message in message_list(account, limit=1, offset=2)] == [ids[2]]
    assert count_unread(account) == 2


@pytest.mark.django_db
def test_only_the_receiver_reads_or_marks_a_message():
    mine, other = _account(), _account("gu")
    message_id = _send(mine)
    with _as(other):
        with pytest.raises(NotFound):
            mark_read(message_id, now=NOW)
        with pytest.raises(NotFound):
            message_get(message_id, account_id=other)
        mark_all_read(now=NOW)
    with pytest.raises(SignInNeeded):
        mark_read(message_id, now=NOW)
    assert count_unread(mine) == 1
    with _as(mine):
        mark_read(message_id, now=NOW)
        mark_read(message_id, now=NOW + timedelta(days=1))
    assert message_get(message_id, account_id=mine).read_at == NOW
    assert count_unread(None) == 0


@pytest.mark.django_db
def test_the_pages_list_open_and_mark(client):
    account = _account()
    other = _account("gu")
    ids = [_send(account) for _ in range(25)]
    client.force_login(get_user_model().objects.get(pk=account))
    page = client.get("/hall/messages/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "25 条未读消息" in text
    assert text.count("申请已通过：老年人优待证") == 20
    opened = client.get(f"/hall/messages/{ids[0]}/")
    assert "已获批准" in opened.content.decode()
    assert count_unread(account) == 24
    assert client.post("/hall/messages/read/").status_code == 302
    assert count_unread(account) == 0
    assert client.get("/hall/messages/?page=2").status_code == 200
    client.force_login(get_user_model().objects.get(pk=other))
    assert client.get(f"/hall/messages/{ids[0]}/").status_code == 404
    assert "还没有消息" in client.get("/hall/messages/").content.decode()


@pytest.mark.django_db
def test_nobody_signed_in_sees_no_messages(client):
    assert client.get("/hall/messages/").status_code in (302, 401)


def _operator(name="系统管理员", *permissions):
    return context_use(
        RequestContext(
            population="STAFF", account_id=1, name=name, permissions=frozenset(permissions)
        )
    )


@pytest.mark.django_db
def test_a_city_changes_a_template_and_goes_back_and_unknown_fields_are_refused():
    account = _account()
    shipped = template_get("application_approved")
    values = {
        "kind": "success",
        "group": "RESULT",
        "is_urgent": False,
        "channels": ["SMS"],
        "title": {"zh": "好消息：{title}", "en": "Good news: {title}"},
        "body": dict(shipped.body),
        "sms": {"zh": "{number} 已获批", "en": "{number} is approved"},
    }
    wrong = values | {"title": {"zh": "{password}", "en": "{title.__class__}"}}
    with _operator("周", MANAGE):
        with pytest.raises(TemplateInvalid) as refused:
            template_change("application_approved", wrong, version=0, reason="x", now=NOW)
        assert set(refused.value.fields) == {"title_zh", "title_en", "reason"}
        assert TemplateVersion.objects.count() == 0
        template_change("application_approved", values, version=0, reason="更亲切", now=NOW)
        with pytest.raises(TemplateInvalid):
            template_change("application_approved", values, version=0, reason="又改", now=NOW)
    with pytest.raises(SignInNeeded):
        template_change("application_approved", values, version=1, reason="无权", now=NOW)
    message = message_get(_send(account), account_id=account)
    assert message.title["zh"] == "好消息：老年人优待证"
    sending = MessageSending.objects.get()
    assert (sending.channel, sending.text) == ("SMS", "320508-1 已获批")
    with _operator("周", MANAGE):
        assert template_restore("application_approved", version=1, now=NOW) == 2
    assert message_get(_send(account), account_id=account).title["zh"].startswith("申请已通过")
    assert template_get("application_approved").version == 2
    assert message_get(message.id, account_id=account).title["zh"] == "好消息：老年人优待证"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("好" * 70, 1),
        ("好" * 71, 2),
        ("好" * 134, 2),
        ("好" * 135, 3),
        ("a" * 160, 1),
        ("a" * 161, 2),
    ]
    + [("€" * 80, 1), ("€" * 81, 2), ("😀" * 35, 1), ("😀" * 36, 2)],
)
def test_a_text_message_is_counted_in_parts_as_the_operators_do(text, parts):
    assert sms_parts(text) == parts


@pytest.mark.django_db
def test_the_desks_show_preview_change_resend_and_stop(client):
    from tests.architecture.world import World

    client = World(("SYSTEM_ADMIN",)).client("SYSTEM_ADMIN")
    for path in ("templates/", "outgoing/", "stops/", "services/", "services/new/", "choices/"):
        assert client.get(f"/hall/messages/{path}").status_code == 200, path
    address = "/hall/messages/templates/correction_requested/"
    page = client.get(address).content.decode()
    assert "市民政局请您补正" in page
    form = {
        "version": "0", "kind": "warning", "group": "ACTION", "is_urgent": "1", "channels": ["SMS"],
        "title_zh": "补正：{title}", "title_en": "Correct: {title}", "body_zh": "{nobody}", "body_en": "x {number}",
        "sms_zh": "", "sms_en": "", "reason": "简短",
    }  # fmt: skip
    shown = client.post(address, form | {"act": "preview", "body_zh": "编号 {number}"})
    assert "编号 32050820261122000001" in shown.content.decode()
    assert client.post(address, form | {"act": "save"}).status_code == 422
    assert TemplateVersion.objects.count() == 0
    kept = client.post(address, form | {"act": "save", "body_zh": "编号 {number}"})
    assert kept.status_code == 302
    assert template_get("correction_requested").body["zh"] == "编号 {number}"
    failed = MessageSending.objects.create(
        channel="SMS", lane="x", address="13900000001", state="TECHNICAL_FAILURE",
        created_at=timezone.now(), not_before=NOW, due_at=NOW, error="boom",
    )  # fmt: skip
    assert "boom" in client.get("/hall/messages/outgoing/?state=FAILED").content.decode()
    client.post("/hall/messages/outgoing/resend/", {"sending": failed.pk})
    failed.refresh_from_db()
    assert (failed.state, failed.resends) == ("CREATED", 1)
    rate = {"channel": "SMS", "per_minute": "7", "is_stopped": "1"}
    client.post("/hall/messages/outgoing/channel/", rate)
    assert ChannelState.objects.get().per_minute == 7
    wanted = {"channel": "SMS", "address": "13900000001", "reason": "本人来电"}
    assert client.post("/hall/messages/stops/", wanted).status_code == 302
    assert client.post("/hall/messages/stops/", wanted | {"reason": ""}).status_code == 422
    assert StopEntry.objects.get().source == "STAFF"
    client.post("/hall/messages/stops/", {"lift": StopEntry.objects.get().pk})
    assert StopEntry.objects.filter(lifted_at=None).count() == 0


@pytest.mark.django_db
def test_a_person_s_choices_are_kept_on_the_page_and_seen_with_the_message(client):
    account = _account()
    client.force_login(get_user_model().objects.get(pk=account))
    form = {"quiet_from": "22:00", "quiet_to": "07:30", "digest_at": "18:00", "language": "zh"}
    wrong = client.post("/hall/messages/choices/", form | {"quiet_to": "later"})
    assert wrong.status_code == 422
    assert MessageChoice.objects.count() == 0
    ways = {"RESULT-EMAIL": "DIGEST", "RESULT-SMS": "OFF"}
    assert client.post("/hall/messages/choices/", form | ways).status_code == 302
    row = MessageChoice.objects.get()
    assert row.ways == {"RESULT": {"EMAIL": "DIGEST", "SMS": "OFF"}}
    shown = client.get(f"/hall/messages/{_send(account)}/").content.decode()
    assert "送达情况" in shown
    assert "shen@" not in shown


@pytest.mark.django_db
def test_a_key_is_shown_once_on_the_service_s_page_and_can_be_revoked(sender):
    from tests.architecture.world import World

    world = World(("SYSTEM_ADMIN", "DEPARTMENT_HEAD"))
    client, address = world.client("SYSTEM_ADMIN"), f"/hall/messages/services/{sender.id}/"
    answer = client.post(f"{address}keys/", {"name": "k", "kind": "live"})
    assert f"k-{sender.id}-" in answer.content.decode()
    assert f"k-{sender.id}-" not in client.get(address).content.decode()
    key = NotifyKey.objects.get(name="k")
    assert client.post(f"{address}keys/{key.pk}/revoke/").status_code == 302
    assert NotifyKey.objects.get(name="k").revoked_at is not None
    text = {"name": "新模板", "body": "((x))", "kind": "sms"}
    assert client.post(f"{address}templates/new/", text).status_code == 302
    assert client.post(f"{address}templates/new/", text | {"body": ""}).status_code == 422
    foreign = world.client("DEPARTMENT_HEAD")
    assert foreign.get(address).status_code == 404
    assert foreign.post(f"{address}keys/", {"name": "k2", "kind": "live"}).status_code == 404
    assert not NotifyKey.objects.filter(name="k2").exists()


@pytest.mark.django_db
def test_the_page_of_a_system_calls_off_what_waits_for_its_time_and_no_other_department_does(
    sender,
):
    from tests.architecture.world import World
    from yiwang.hall.messages.tests.test_notify import scheduled

    ref, _at = scheduled(sender)
    world = World(("SYSTEM_ADMIN", "DEPARTMENT_HEAD"))
    address = f"/hall/messages/services/{sender.id}/"
    href = f"{address}notifications/{ref}/call-off/"
    assert world.client("DEPARTMENT_HEAD").post(href).status_code == 404
    assert MessageSending.objects.get().state == "CREATED"
    client = world.client("SYSTEM_ADMIN")
    assert href in client.get(address, {"waiting": "1"}).content.decode()
    assert client.post(href).status_code == 302
    shown = client.get(address).content.decode()
    assert href not in shown
    assert "发送前已取消" in shown
    assert MessageSending.objects.get().state == "CANCELLED"
