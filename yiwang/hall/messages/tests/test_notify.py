"""The API of Notify v2: the shapes, codes and words that its clients know."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.messages import sendings
from yiwang.hall.messages.errors import SendingLeft
from yiwang.hall.messages.following import practice_receipts_push
from yiwang.hall.messages.models import MessageSending, Notification, NotifyKey, NotifyService
from yiwang.hall.messages.notify import actions
from yiwang.hall.messages.notify.answers import NoResult
from yiwang.hall.messages.notify.keys import token_make
from yiwang.hall.messages.notify.schema import schedule_fault
from yiwang.hall.messages.notify.texts import missing_of, text_fill
from yiwang.kernel.api import audit_list, context_system, context_use

PERSON = "13900000001"
VALUES = {"name": "沈月琴", "place": "人民路", "late": "no"}


def call(sender, path, body=None, *, kind="live", **headers):
    key = sender.keys[kind]
    token = token_make(key[-36:], key[-73:-37], issued_at=int(time.time()))
    client = Client(headers={"Authorization": f"Bearer {token}", **headers})
    if body is None:
        return client.get(path)
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(path, text, content_type="application/json")


def sms(sender, *, kind="live", **more):
    body = {
        "phone_number": PERSON,
        "template_id": sender.templates["sms"],
        "personalisation": VALUES,
    }
    return call(sender, "/v2/notifications/sms", body | more, kind=kind)


def errors(answer) -> list[tuple[str, str]]:
    said = answer.json()
    assert said["status_code"] == answer.status_code
    return [(one["error"], one["message"]) for one in said["errors"]]


def test_a_text_message_goes_into_the_queue_and_its_state_can_be_asked_for(
    sender, settings, tmp_path
):
    settings.DATA_DIR = tmp_path
    said = sms(sender, reference="R1").json()
    assert said["content"] == {"from_number": "市水务局", "body": "沈月琴：人民路积水，请绕行。"}
    assert said["reference"] == "R1"
    assert said["template"]["version"] == 1
    row = Notification.objects.get()
    assert (str(row.ref), row.sending.address) == (said["id"], PERSON)
    asked = call(sender, f"/v2/notifications/{said['id']}").json()
    assert (asked["status"], asked["phone_number"], asked["sent_at"]) == ("created", PERSON, None)
    with context_use(context_system("test")):
        assert sendings.sendings_run(now=row.created_at) == 1
    asked = call(sender, f"/v2/notifications/{said['id']}").json()
    assert (asked["status"], asked["type"], asked["subject"]) == ("sent", "sms", None)
    (file,) = (tmp_path / "outbox" / "sms").iterdir()
    assert file.read_text() == f"{PERSON}\n【市水务局】沈月琴：人民路积水，请绕行。\n"
    acts = [one["act"] for one in audit_list(subject=f"notification:{row.ref}")]
    assert acts == ["hall.messages.notify"]


@pytest.mark.parametrize(
    ("change", "status", "expected"),
    [
        ({"phone_number": None}, 400, ("ValidationError", "phone_number None is not of type string")),
        ({"phone_number": "139"}, 400, ("ValidationError", "phone_number Not enough digits")),
        ({"phone_number": "a"}, 400, ("ValidationError", "phone_number Must not contain letters or symbols")),
        ({"template_id": "x"}, 400, ("ValidationError", "template_id is not a valid UUID")),
        ({"template_id": str(uuid.uuid4())}, 400, ("BadRequestError", "Template not found")),
        ({"personalisation": {"name": "a"}}, 400, ("BadRequestError", "Missing personalisation: place, late")),
        ({"extra": 1}, 400, ("ValidationError", "Additional properties are not allowed (extra was unexpected)")),
        ({"personalisation": {**VALUES, "place": "路" * 919}}, 400, ("BadRequestError", None)),
    ],
)  # fmt: skip
def test_a_call_that_is_wrong_is_refused_in_notify_s_words_and_sends_nothing(
    sender, change, status, expected
):
    answer = sms(sender, **change)
    assert answer.status_code == status
    (error,) = errors(answer)
    assert error[0] == expected[0]
    if expected[1] is not None:
        assert error[1] == expected[1]
    assert Notification.objects.count() == MessageSending.objects.count() == 0


def test_every_fault_of_a_body_is_told_at_once_and_broken_json_too(sender):
    answer = call(sender, "/v2/notifications/sms", {"x": 1})
    assert errors(answer) == [
        ("ValidationError", "phone_number is a required property"),
        ("ValidationError", "template_id is a required property"),
        ("ValidationError", "Additional properties are not allowed (x was unexpected)"),
    ]
    answer = call(sender, "/v2/notifications/sms", "{")
    assert errors(answer) == [("BadRequestError", "Invalid JSON supplied in POST data")]
    wrong_kind = sms(sender, template_id=sender.templates["email"])
    assert errors(wrong_kind) == [
        ("BadRequestError", "email template is not suitable for sms notification")
    ]


def _ask(authorization):
    headers = {"Authorization": authorization} if authorization else {}
    return Client(headers=headers).get("/v2/notifications")


def test_only_a_living_key_and_a_right_clock_open_the_door(sender):
    key = sender.keys["live"]
    secret, service = key[-36:], key[-73:-37]
    now = int(time.time())

    def asked(secret, service, at):
        return _ask(f"Bearer {token_make(secret, service, issued_at=at)}")

    assert asked(secret, service, now).status_code == 200
    assert asked(secret, service, now - 25).status_code == 200
    clock = [("AuthError", "Error: Your system clock must be accurate to within 30 seconds")]
    assert errors(asked(secret, service, now - 60)) == clock
    assert errors(asked(secret, service, now + 60)) == clock
    other = asked(str(uuid.uuid4()), service, now)
    assert (other.status_code, errors(other)) == (
        403,
        [("AuthError", "Invalid token: API key not found")],
    )
    foreign = asked(secret, str(uuid.uuid4()), now)
    assert errors(foreign) == [("AuthError", "Invalid token: service not found")]
    nobody = _ask("")
    assert (nobody.status_code, errors(nobody)) == (
        401,
        [("AuthError", "Unauthorized: authentication token must be provided")],
    )
    assert _ask("Basic x").status_code == 401
    assert _ask("Bearer x.y.z").status_code == 403
    unsigned = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0"
    real = token_make(secret, service, issued_at=now).split(".")
    assert errors(_ask(f"Bearer {unsigned}.{real[1]}.{real[2]}")) == [
        ("AuthError", "Invalid token: algorithm used is not HS256")
    ]
    with context_use(context_system("test")):
        row = NotifyKey.objects.get(kind="live")
        actions.key_revoke(sender.id, row.pk, now=row.created_at)
    assert errors(asked(secret, service, now)) == [("AuthError", "Invalid token: API key revoked")]


def test_team_and_test_keys_and_a_service_on_trial_reach_nobody_else(sender):
    team = sms(sender, kind="team")
    assert errors(team) == [
        ("BadRequestError", "Can’t send to this recipient using a team-only API key")
    ]
    assert sms(sender, kind="team", phone_number="138 0000 0001").status_code == 201
    assert MessageSending.objects.count() == 1
    tried = sms(sender, kind="test").json()
    assert call(sender, f"/v2/notifications/{tried['id']}").json()["status"] == "delivered"
    failed = sms(sender, kind="test", phone_number="07700900002").json()
    assert call(sender, f"/v2/notifications/{failed['id']}").json()["status"] == "permanent-failure"
    assert MessageSending.objects.count() == 1
    NotifyService.objects.update(is_live=False)
    (trial,) = errors(sms(sender))
    assert trial[1].startswith("Can’t send to this recipient when service is in trial mode")
    assert sms(sender, phone_number="+86 13800000001").status_code == 201


def test_a_service_sends_no_more_than_its_day_and_its_minute_allow(sender):
    for _number in range(5):
        assert sms(sender).status_code == 201
    answer = sms(sender)
    assert (answer.status_code, errors(answer)) == (
        429,
        [("TooManyRequestsError", "Exceeded send limits (sms: 5) for today")],
    )
    assert Notification.objects.count() == 5
    NotifyService.objects.update(per_minute=0)
    assert errors(sms(sender)) == [
        ("RateLimitError", "Exceeded rate limit for key type LIVE of 0 requests per 60 seconds")
    ]


def test_what_is_scheduled_waits_for_its_time_and_is_shown_with_it(sender, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    at = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    given = at.astimezone(ZoneInfo("Asia/Shanghai")).isoformat()
    said = sms(sender, scheduled_for=given).json()
    assert said["scheduled_for"] == given
    asked = call(sender, f"/v2/notifications/{said['id']}").json()
    assert (asked["status"], asked["scheduled_for"]) == (
        "created",
        at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    )
    (listed,) = call(sender, "/v2/notifications").json()["notifications"]
    assert listed["scheduled_for"] == asked["scheduled_for"]
    with context_use(context_system("test")):
        assert sendings.sendings_run(now=at - timedelta(seconds=1)) == 0
        sms(sender)
        assert sendings.sendings_run(now=at - timedelta(seconds=1)) == 1
        assert sendings.sendings_run(now=at) == 1
    assert call(sender, f"/v2/notifications/{said['id']}").json()["status"] == "sent"
    assert sms(sender, scheduled_for=None).json()["scheduled_for"] is None


@pytest.mark.parametrize(
    ("at", "fault"),
    [
        ("tomorrow", "datetime format is invalid. It must be a valid ISO8601 date time format, https://en.wikipedia.org/wiki/ISO_8601"),
        ("2017-05-14 14:15", "datetime can not be in the past"),
        ("2099-01-01T00:00:00Z", "datetime can only be 7 days in the future"),
        (7, "7 is not of type string, null"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_kept_is_refused_and_nothing_is_sent(sender, at, fault):
    answer = sms(sender, scheduled_for=at)
    assert (answer.status_code, errors(answer)) == (
        400,
        [("ValidationError", f"scheduled_for {fault}")],
    )
    assert (Notification.objects.count(), MessageSending.objects.count()) == (0, 0)


def test_seven_days_ahead_is_near_enough_and_a_moment_more_is_not():
    now = datetime(2026, 11, 21, tzinfo=UTC)
    assert schedule_fault("2026-11-28T00:00:00Z", now=now) == ""
    assert schedule_fault("2026-11-28T00:00:01Z", now=now).endswith("7 days in the future")
    assert schedule_fault("2026-11-21T08:00:00+08:00", now=now) == ""
    assert schedule_fault("2026-11-21T07:59:59+08:00", now=now) == "datetime can not be in the past"


def test_what_receipts_say_is_what_the_service_hears(sender, settings, tmp_path):
    settings.DATA_DIR, settings.MESSAGE_CHANNELS = tmp_path, {"SMS": "practice"}
    ids = [sms(sender, phone_number=f"1390000000{n}").json()["id"] for n in (2, 3)]
    now = datetime.now(UTC)
    with context_use(context_system("test")):
        sendings.sendings_run(now=now)
        before = [call(sender, f"/v2/notifications/{one}").json()["status"] for one in ids]
        practice_receipts_push(now + timedelta(minutes=1))
    after = [call(sender, f"/v2/notifications/{one}").json()["status"] for one in ids]
    assert (before, after) == (["sending"] * 2, ["permanent-failure", "temporary-failure"])
    assert len(call(sender, "/v2/notifications?status=failed").json()["notifications"]) == 2


def test_the_list_goes_back_page_by_page_without_gap_or_repeat(sender, monkeypatch):
    from yiwang.hall.messages.notify import queries

    monkeypatch.setattr(queries, "PAGE", 2)
    sent = [sms(sender).json()["id"] for _number in range(5)]
    seen, older = [], ""
    while True:
        page = call(sender, f"/v2/notifications{older}").json()
        if not page["notifications"]:
            assert set(page["links"]) == {"current"}
            break
        seen += [one["id"] for one in page["notifications"]]
        older = "?" + page["links"]["next"].partition("?")[2]
    assert seen == sent[::-1]
    assert call(sender, "/v2/notifications", kind="team").json()["notifications"] == []
    assert len(call(sender, "/v2/notifications?status=created").json()["notifications"]) == 2
    assert call(sender, "/v2/notifications?status=failed").json()["notifications"] == []
    wrong = call(sender, "/v2/notifications?status=odd&older_than=x")
    assert [name for name, _text in errors(wrong)] == ["ValidationError", "ValidationError"]


def test_another_service_s_things_are_not_there(sender):
    said = sms(sender).json()
    with context_use(context_system("test")):
        from yiwang.hall.messages.tests.conftest import NOW
        from yiwang.hall.messages.tests.conftest import VALUES as SERVICE

        other = actions.service_put(
            {**SERVICE, "name": "其他", "department_id": sender.department_id}, now=NOW
        )
        key = actions.key_make(other, name="k", kind="live", now=NOW).text
    foreign = type(sender)(other, sender.department_id, sender.templates, {"live": key})
    for path in (f"/v2/notifications/{said['id']}", f"/v2/template/{sender.templates['sms']}"):
        answer = call(foreign, path)
        assert (answer.status_code, errors(answer)) == (404, [("NoResultFound", "No result found")])
    assert errors(sms(foreign)) == [("BadRequestError", "Template not found")]
    assert errors(call(sender, "/v2/notifications/x")) == [
        ("ValidationError", "notification_id is not a valid UUID")
    ]


def test_a_letter_has_an_address_and_a_whole_document_is_refused(sender):
    lines = {"address_line_1": "沈月琴", "address_line_2": "人民路 1 号", "postcode": "215000"}
    body = {"template_id": sender.templates["letter"], "personalisation": VALUES | lines}
    assert call(sender, "/v2/notifications/letter", body).status_code == 201
    assert MessageSending.objects.get().address == "沈月琴\n人民路 1 号\n215000"
    short = {**body, "personalisation": {**VALUES, "address_line_1": "a", "postcode": "215000"}}
    assert errors(call(sender, "/v2/notifications/letter", short)) == [
        ("BadRequestError", "Address must be at least 3 lines")
    ]
    paper = {"reference": "r", "content": "JVBERi0="}
    assert errors(call(sender, "/v2/notifications/letter", paper)) == [
        ("BadRequestError", "Service is not allowed to send precompiled letters")
    ]
    team = call(sender, "/v2/notifications/letter", body, kind="team")
    assert (team.status_code, errors(team)) == (
        403,
        [("BadRequestError", "Cannot send letters with a team api key")],
    )
    NotifyService.objects.update(may_post=False)
    assert errors(call(sender, "/v2/notifications/letter", body)) == [
        ("BadRequestError", "Service is not allowed to send letters")
    ]


def test_a_changed_template_is_a_version_and_what_was_sent_keeps_its_own(sender):
    said = sms(sender).json()
    with context_use(context_system("test")):
        actions.template_put(
            sender.id,
            name="t-sms",
            body="新：((name))",
            template_id=uuid.UUID(sender.templates["sms"]),
            now=Notification.objects.get().created_at,
        )
    assert sms(sender).json()["template"]["version"] == 2
    assert call(sender, f"/v2/notifications/{said['id']}").json()["template"]["version"] == 1
    path = f"/v2/template/{sender.templates['sms']}"
    assert call(sender, path).json()["body"] == "新：((name))"
    assert call(sender, f"{path}/version/1").json()["body"].startswith("((name))：((place))")
    assert call(sender, f"{path}/version/3").status_code == 404


@given(
    values=st.dictionaries(st.sampled_from(["name", "place"]), st.text(max_size=20)),
    text=st.text(max_size=40),
)
def test_values_are_only_text_and_never_fields_again(values, text):
    pattern = "((name))|((place))"
    filled = text_fill(pattern, values)
    assert filled == f"{values.get('name', '')}|{values.get('place', '')}"
    assert text_fill("((name))", {"NAME ": "((place))", "place": text}) == "((place))"
    assert set(missing_of(values, pattern)) == {"name", "place"} - set(values)


@pytest.fixture
def clients(sender, live_server, settings):
    """The public clients with each key."""
    from notifications_python_client import notifications as notify

    settings.SITE_ADDRESS = live_server.url
    return {
        kind: notify.NotificationsAPIClient(key, base_url=live_server.url)
        for kind, key in sender.keys.items()
    }


@pytest.mark.notify
@pytest.mark.django_db(transaction=True)
def test_the_public_client_sends_asks_lists_and_previews_through_us(sender, clients):
    from notifications_python_client.errors import HTTPError

    live = clients["live"]
    sent = live.send_sms_notification(PERSON, sender.templates["sms"], VALUES, reference="R")
    mail = live.send_email_notification(
        "shen@example.org",
        sender.templates["email"],
        {"name": "a-b", "place": "人民路"},
        one_click_unsubscribe_url="https://example.org/u",
        sanitise_content_for=["name"],
    )
    assert mail["content"]["body"].startswith("a\\-b：")
    assert mail["sanitised_content"] == {"name": {"unsanitised": "a-b", "sanitised": "a\\-b"}}
    lines = {"address_line_1": "沈", "address_line_2": "路", "postcode": "215000"}
    letter = live.send_letter_notification(sender.templates["letter"], VALUES | lines)
    assert live.get_notification_by_id(letter["id"])["postcode"] == "215000"
    assert live.get_notification_by_id(sent["id"])["reference"] == "R"
    assert [one["id"] for one in live.get_all_notifications_iterator()] == [
        letter["id"], mail["id"], sent["id"],
    ]  # fmt: skip
    assert len(live.get_all_notifications(template_type="email")["notifications"]) == 1
    assert live.get_template(sender.templates["sms"])["subject"] is None
    assert live.get_template_version(sender.templates["email"], 1)["version"] == 1
    assert len(live.get_all_template_versions(sender.templates["sms"])["data"]) == 1
    assert len(live.get_all_templates()["templates"]) == 3
    shown = live.post_template_preview(sender.templates["sms"], VALUES)
    assert shown["body"] == "沈月琴：人民路积水，请绕行。"
    assert list(live.get_received_texts_iterator()) == []
    with pytest.raises(HTTPError) as refused:
        clients["team"].send_sms_notification(PERSON, sender.templates["sms"], VALUES)
    assert refused.value.status_code == 400
    assert refused.value.message[0]["error"] == "BadRequestError"
    tried = clients["test"].send_sms_notification(PERSON, sender.templates["sms"], VALUES)
    assert clients["test"].get_notification_by_id(tried["id"])["status"] == "delivered"


def scheduled(sender) -> tuple[str, datetime]:
    at = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    return sms(sender, scheduled_for=at.isoformat()).json()["id"], at


def test_what_is_scheduled_is_called_off_before_it_leaves_and_says_so_everywhere(
    sender, settings, tmp_path
):
    settings.DATA_DIR = tmp_path
    ref, at = scheduled(sender)
    with context_use(context_system("test")):
        call_off = actions.notification_call_off
        call_off(sender.id, uuid.UUID(ref), now=at - timedelta(seconds=1))
        assert sendings.sendings_run(now=at) == 0
        with pytest.raises(SendingLeft):
            call_off(sender.id, uuid.UUID(ref), now=at - timedelta(seconds=1))
    asked = call(sender, f"/v2/notifications/{ref}").json()
    assert (asked["status"], asked["sent_at"]) == ("cancelled", None)
    assert asked["completed_at"] == (at - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    listed = call(sender, "/v2/notifications?status=cancelled").json()["notifications"]
    assert [one["id"] for one in listed] == [ref]


def test_what_has_left_or_never_waited_cannot_be_called_off(sender, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    ref, at = scheduled(sender)
    at_once = sms(sender).json()["id"]
    with context_use(context_system("test")):
        assert sendings.sendings_run(now=at) == 2
        for one in (ref, at_once):
            with pytest.raises(SendingLeft):
                actions.notification_call_off(sender.id, uuid.UUID(one), now=at)
        with pytest.raises(NoResult):
            actions.notification_call_off(sender.id, uuid.uuid4(), now=at)
    assert call(sender, f"/v2/notifications/{ref}").json()["status"] == "sent"
