"""What is said later: receipts, delivery reports of mail servers, addresses that do not exist and who is told of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from yiwang.hall.messages import sendings
from yiwang.hall.messages.actions import message_send
from yiwang.hall.messages.bounces import bounce_read, is_dead
from yiwang.hall.messages.channels import practice as practice_channel
from yiwang.hall.messages.channels.practice import PracticeEmail, receipts_signed
from yiwang.hall.messages.channels.smtp import Smtp
from yiwang.hall.messages.choices import stop_add
from yiwang.hall.messages.errors import ReceiptRefused
from yiwang.hall.messages.following import practice_receipts_push
from yiwang.hall.messages.models import Message, MessageSending, PracticeReceipt, StopEntry
from yiwang.identity.api import account_create
from yiwang.kernel.api import context_system, context_use, event_relay
from yiwang.sdk.signed import Signer

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEYS = {  # neither lost nor twice, lost, twice: by the first eight digits
    "plain": UUID("00000001-0000-4000-8000-000000000000"),
    "lost": UUID("00000007-0000-4000-8000-000000000000"),
    "twice": UUID("0000000a-0000-4000-8000-000000000000"),
}


@pytest.fixture(autouse=True)
def practice(db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.MESSAGE_CHANNELS = {"EMAIL": "practice", "SMS": "practice"}
    with context_use(context_system("test")):
        yield


def account(username="shen", **more):
    values = {"phone": "13900000001", "email": "shen@example.org"} | more
    return account_create(username, population="CITIZEN", name="沈月琴", now=NOW, **values)


def send(account_id, *, at=NOW):
    params = {"number": "1", "title": {"zh": "优待证", "en": "Card"}}
    message_send(account_id, template="correction_requested", params=params, link="/", now=at)


def go(at=NOW):
    sendings.sendings_run(now=at)
    practice_receipts_push(at + MINUTE)
    event_relay(limit=100, now=timezone.now())


def states():
    rows = MessageSending.objects.order_by("pk")
    return list(rows.values_list("channel", "state"))


def test_a_letter_that_arrives_is_said_to_have_arrived_also_when_said_twice_and_not_when_lost():
    for name, key in KEYS.items():
        row = sendings.sending_add("EMAIL", f"{name}@example.org", title="t", text="t", now=NOW)
        MessageSending.objects.filter(pk=row.pk).update(ref=key)
    sendings.sendings_run(now=NOW)
    assert practice_receipts_push(NOW + timedelta(seconds=9)) == 0
    assert practice_receipts_push(NOW + MINUTE) == 3
    assert practice_receipts_push(NOW + MINUTE) == 0
    assert [state for _channel, state in states()] == ["DELIVERED", "SENT", "DELIVERED"]


def test_an_address_that_does_not_exist_gets_nothing_more_and_its_owner_is_asked_to_mend_it(
    monkeypatch,
):
    monkeypatch.setattr(practice_channel, "LOST_EVERY", 1 << 40)
    mine = account(email="perm-fail@example.org")
    send(mine)
    go()
    assert states()[:2] == [("EMAIL", "PERMANENT_FAILURE"), ("SMS", "DELIVERED")]
    entry = StopEntry.objects.get()
    assert (entry.channel, entry.address, entry.source, entry.reason) == (
        "EMAIL", "perm-fail@example.org", "PROVIDER", "550 5.1.1 no such mailbox",
    )  # fmt: skip
    told = Message.objects.get(template="address_failed")
    assert (told.account_id, told.link) == (mine, "/identity/accounts/profile/")
    assert told.title["zh"] == "请更正您的邮箱"
    assert "perm-fail@" not in told.body["zh"]
    later = timezone.now() + MINUTE
    sendings.sendings_run(now=later)
    assert states()[2:] == [("EMAIL", "STOPPED"), ("SMS", "SENT")]
    send(mine, at=later)
    go(later)
    assert Message.objects.filter(template="address_failed").count() == 1
    assert (
        MessageSending.objects.filter(channel="EMAIL").last().error == "550 5.1.1 no such mailbox"
    )


def test_the_owner_sees_it_on_the_page_and_says_that_it_works_again(client):
    mine = account(email="perm-fail@example.org")
    send(mine)
    go()
    client.force_login(get_user_model().objects.get(pk=mine))
    client.cookies["django_language"] = "en"
    page = client.get("/hall/messages/choices/").content.decode()
    assert "cannot be reached" in page
    assert "550 5.1.1 no such mailbox" in page
    assert 'href="/identity/accounts/profile/"' in page
    form = {"quiet_from": "21:00", "quiet_to": "08:00", "digest_at": "18:00", "language": ""}
    client.post("/hall/messages/choices/", form | {"lift-EMAIL": "1"})
    assert StopEntry.objects.get().lifted_at is not None
    assert "cannot be reached" not in client.get("/hall/messages/choices/").content.decode()


def test_a_corrected_address_is_sent_to(client):
    mine = account(email="perm-fail@example.org")
    send(mine)
    go()
    get_user_model().objects.filter(pk=mine).update(email="shen.new@example.org")
    send(mine, at=NOW + 2 * MINUTE)
    go(NOW + 2 * MINUTE)
    row = MessageSending.objects.filter(channel="EMAIL").last()
    assert (row.address, row.sent_at is not None) == ("shen.new@example.org", True)


def test_what_waited_while_the_channel_was_down_goes_to_the_address_corrected_meanwhile():
    mine = account(email="old@example.org")
    sendings.channel_set("EMAIL", is_stopped=True, per_minute=10)
    send(mine)
    resent = sendings.sending_add(
        "EMAIL", "said@example.org", title="t", text="t", account_id=mine, now=NOW
    )
    go()
    get_user_model().objects.filter(pk=mine).update(email="new@example.org")
    sendings.channel_set("EMAIL", is_stopped=False, per_minute=10)
    go(NOW + timedelta(days=1))
    addresses = MessageSending.objects.filter(channel="EMAIL").order_by("pk")
    assert list(addresses.values_list("address", flat=True)) == ["new@example.org", resent.address]
    assert {state for channel, state in states() if channel == "EMAIL"} <= {"SENT", "DELIVERED"}


def test_a_number_that_is_out_of_reach_for_now_is_not_given_up(client):
    mine = account(phone="13900000003")
    send(mine)
    go()
    assert ("SMS", "TEMPORARY_FAILURE") in states()
    assert StopEntry.objects.count() == 0
    assert Message.objects.filter(template="address_failed").count() == 0


def test_a_dead_address_that_nobody_here_has_is_stopped_and_two_who_have_it_are_both_told():
    sendings.sending_add("EMAIL", "perm-fail@example.org", title="t", text="t", now=NOW)
    go()
    assert (StopEntry.objects.count(), Message.objects.count()) == (1, 0)
    StopEntry.objects.all().delete()
    for name in ("shen", "agent"):
        account(username=name, email="Perm-Fail@example.org", phone="")
    sendings.sending_add("EMAIL", "perm-fail@example.org", title="t", text="t", now=NOW)
    go()
    assert Message.objects.filter(template="address_failed").count() == 2


def test_who_wanted_nothing_is_not_told_that_nothing_comes():
    mine = account(email="perm-fail@example.org")
    row = sendings.sending_add("EMAIL", "perm-fail@example.org", title="t", text="t", now=NOW)
    sendings.sendings_run(now=NOW)
    stop_add("EMAIL", "perm-fail@example.org", reason="x", source="PERSON", now=NOW)
    go()
    row.refresh_from_db()
    assert (row.state, StopEntry.objects.get().source) == ("PERMANENT_FAILURE", "PERSON")
    assert Message.objects.filter(account_id=mine).count() == 0


def test_an_officer_who_sends_again_to_a_dead_address_takes_it_off_the_list():
    row = sendings.sending_add("EMAIL", "perm-fail@example.org", title="t", text="t", now=NOW)
    go()
    sendings.sending_resend(row.pk, now=NOW + MINUTE)
    assert StopEntry.objects.get().lifted_at == NOW + MINUTE
    go(NOW + MINUTE)
    row.refresh_from_db()
    assert (row.state, row.resends) == ("PERMANENT_FAILURE", 1)
    assert StopEntry.objects.filter(lifted_at=None).count() == 1


def test_forged_and_old_receipts_and_foreign_keys_change_nothing(client):
    row = sendings.sending_add("EMAIL", "a@example.org", title="t", text="t", now=NOW)
    sendings.sendings_run(now=NOW)
    said = PracticeReceipt(channel="EMAIL", key=str(row.ref), state="DELIVERED", due_at=NOW)
    headers, body = receipts_signed([said], now=NOW)
    adapter = PracticeEmail()
    assert adapter.receipts_read(headers, body, now=NOW)[0].state == "DELIVERED"
    for wrong, at in (
        ({}, NOW),
        (headers, NOW + 6 * MINUTE),
        ({**headers, "Practice-Time": "1"}, NOW),
    ):
        with pytest.raises(ReceiptRefused):
            adapter.receipts_read(wrong, body, now=at)
    url = "/hall/messages/receipts/EMAIL/"
    assert client.post(url, body, content_type="application/json").status_code == 401
    odd = PracticeReceipt(channel="EMAIL", key="no key", state="DELIVERED", due_at=NOW)
    headers, body = receipts_signed([odd, said], now=timezone.now())
    answer = client.post(url, body, content_type="application/json", headers=headers)
    assert (answer.status_code, states()) == (204, [("EMAIL", "DELIVERED")])


REPORT = """\
From: MAILER-DAEMON@mx.example.org
To: no-reply@yiwang.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

It could not be delivered.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; gone@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--B
Content-Type: {kind}

Message-ID: <{key}@yiwang.example>
Subject: t

--B--
"""
KEY = "0badcafe-0000-4000-8000-000000000001"


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
@pytest.mark.parametrize(
    ("action", "status", "said", "expected"),
    [
        ("failed", "5.1.1", "550 5.1.1 no such user", ("PERMANENT_FAILURE", "550 5.1.1 no such user", True)),
        ("failed", "5.0.0", "550 unknown", ("PERMANENT_FAILURE", "5.0.0 550 unknown", False)),
        ("failed", "5.7.1", "550 5.7.1 spam", ("PERMANENT_FAILURE", "550 5.7.1 spam", False)),
        ("failed", "5.2.2", "552 5.2.2 full", ("TEMPORARY_FAILURE", "552 5.2.2 full", False)),
        ("failed", "4.4.1", "no answer", ("TEMPORARY_FAILURE", "4.4.1 no answer", False)),
        ("delivered", "2.0.0", "ok", ("DELIVERED", "", False)),
        ("delayed", "4.4.1", "later", None),
    ],
)  # fmt: skip
def test_delivery_reports_of_mail_servers_are_understood(kind, action, status, said, expected):
    mail = REPORT.format(action=action, status=status, said=said, kind=kind, key=KEY).encode()
    found = bounce_read(mail, now=NOW)
    if expected is None:
        assert found == []
        return
    (one,) = found
    assert (one.key, one.state, one.detail, is_dead("EMAIL", one.detail)) == (KEY, *expected)


@pytest.mark.parametrize("mail", [b"", b"Subject: hello\n\nHello.", b"\xff\xfe", REPORT.encode()])
def test_other_mail_in_the_mailbox_says_nothing(mail):
    assert bounce_read(mail, now=NOW) == []


def test_a_delivery_report_posted_by_the_mail_server_stops_the_address(client, settings):
    row = sendings.sending_add("EMAIL", "gone@example.org", title="t", text="t", now=NOW)
    sendings.sendings_run(now=NOW)
    settings.MESSAGE_CHANNELS, settings.MAIL_SECRET = {"EMAIL": "smtp"}, "s"
    mail = REPORT.format(
        action="failed", status="5.1.1", said="550 5.1.1 gone", kind="message/rfc822", key=row.ref
    ).encode()
    headers = Signer(b"s", "X-Yiwang").headers(mail, now=timezone.now())
    url = "/hall/messages/receipts/EMAIL/"
    assert client.post(url, mail, content_type="message/rfc822").status_code == 401
    answer = client.post(url, mail, content_type="message/rfc822", headers=headers)
    assert (answer.status_code, states()) == (204, [("EMAIL", "PERMANENT_FAILURE")])
    assert StopEntry.objects.get().address == "gone@example.org"
    settings.MAIL_SECRET = ""
    with pytest.raises(ReceiptRefused):
        Smtp().receipts_read(headers, mail, now=NOW)


def test_a_report_that_a_mail_server_hands_on_here_is_taken_once():
    row = sendings.sending_add("EMAIL", "gone@example.org", title="t", text="t", now=NOW)
    sendings.sendings_run(now=NOW)
    mail = REPORT.format(
        action="failed", status="4.2.2", said="full", kind="message/rfc822", key=row.ref
    ).encode()
    assert [sendings.bounce_take(mail, now=NOW), sendings.bounce_take(mail, now=NOW)] == [1, 0]
    assert (states(), StopEntry.objects.count()) == ([("EMAIL", "TEMPORARY_FAILURE")], 0)
