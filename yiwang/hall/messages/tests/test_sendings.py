"""The queue: what waits is sent once and in order, whatever the channel, the provider and the process do meanwhile."""

import json
from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
from django.contrib.auth import get_user_model
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yiwang.hall.messages import sendings
from yiwang.hall.messages.actions import message_send
from yiwang.hall.messages.bundles import bundles_run
from yiwang.hall.messages.channels.http_sms import HttpSms, signer
from yiwang.hall.messages.choices import choice_put, stop_add, stop_lift, unsubscribe_token
from yiwang.hall.messages.data import Receipt
from yiwang.hall.messages.errors import (
    ChannelDown,
    ReceiptRefused,
    RecipientBusy,
    RecipientRefused,
    SendingNotFailed,
)
from yiwang.hall.messages.models import ChannelState, Message, MessageSending, StopEntry
from yiwang.hall.messages.timing import Choice, is_quiet, not_before
from yiwang.identity.api import account_create
from yiwang.kernel.api import RequestContext, context_system, context_use

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # 10:00 in Suzhou
MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """The process is killed: nothing after this line happens."""


class Provider:
    """A provider that takes each key once and does what a script says, letter by letter."""

    reports = True

    def __init__(self, script=()):
        self.script, self.taken, self.asked = list(script), [], Counter()

    def send(self, letter):
        self.asked[letter.key] += 1
        step = self.script.pop(0) if self.script else "ok"
        if step == "killed_before":
            raise Killed()
        if step in FAULTS:
            raise FAULTS[step]("said so")
        if letter.key not in [key for key, *_rest in self.taken]:
            self.taken.append((letter.key, letter.address, letter.text))
        if step == "killed_after":
            raise Killed()
        return f"P{len(self.taken)}"


FAULTS = {
    "down": ChannelDown,
    "os": ConnectionError,
    "busy": RecipientBusy,
    "refused": RecipientRefused,
    "fault": ValueError,
}


@pytest.fixture
def provider(db, monkeypatch):
    found = Provider()
    monkeypatch.setattr(sendings, "channel_get", lambda _name: found)
    with context_use(context_system("test")):
        yield found


def add(text, *, to="13900000001", at=NOW):
    return sendings.sending_add("SMS", to, title="t", text=text, now=at)


def run(now=NOW):
    try:
        return sendings.channel_run("SMS", now=now)
    except Killed:
        return -1


def state_of(row):
    row.refresh_from_db()
    return row.state


def test_a_channel_down_for_a_day_loses_nothing_and_keeps_the_order(provider):
    provider.script = ["down"] * 400
    written = {}
    for hour in range(24):
        at = NOW + timedelta(hours=hour)
        for person in ("13900000001", "13900000002"):
            add(f"{hour}", to=person, at=at)
            written.setdefault(person, []).append(f"{hour}")
        for minute in range(0, 60, 7):
            run(at + minute * MINUTE)
    tried = sum(provider.asked.values())
    assert provider.taken == []
    assert tried < 24 * 10, "a channel that is down is tried now and then, not with everything"
    assert set(MessageSending.objects.values_list("state", "attempts")) == {("CREATED", 0)}
    provider.script = []
    run(NOW + timedelta(hours=24, minutes=10))
    for person, texts in written.items():
        assert [text for _key, to, text in provider.taken if to == person] == texts
    assert set(MessageSending.objects.values_list("state", flat=True)) == {"SENT"}
    state = ChannelState.objects.get(channel="SMS")
    assert (state.failures, state.down_since, state.probe_at) == (0, None, None)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None)
@example(script=["busy"] * 5 + ["fault"], people=[0])
@given(
    script=st.lists(
        st.sampled_from(
            ["ok", "ok", "down", "os", "busy", "fault", "killed_before", "killed_after"]
        ),
        max_size=25,
    ),
    people=st.lists(st.integers(0, 3), min_size=1, max_size=12),
)
def test_whatever_fails_and_whoever_is_killed_all_arrive_once_and_in_order(
    django_db_blocker, script, people
):
    with django_db_blocker.unblock():
        MessageSending.objects.all().delete()
        ChannelState.objects.all().delete()
        provider, real = Provider(script), sendings.channel_get
        sendings.channel_get = lambda _name: provider
        try:
            with context_use(context_system("test")):
                for number, person in enumerate(people):
                    add(str(number), to=f"1390000000{person}", at=NOW)
                for hours in range(40):
                    for _again in range(3):
                        run(NOW + timedelta(hours=hours))
        finally:
            sendings.channel_get = real
        states = Counter(MessageSending.objects.values_list("state", flat=True))
        MessageSending.objects.all().delete()
        ChannelState.objects.all().delete()
    lost = states.pop("TECHNICAL_FAILURE", 0)
    assert lost == 0 or script.count("fault") >= 6
    assert sum(states.values()) == states["SENT"] == len(provider.taken) == len(people) - lost
    for person in set(people):
        texts = [int(text) for _key, to, text in provider.taken if to.endswith(f"0{person}")]
        assert texts == sorted(texts)
    assert len({key for key, *_rest in provider.taken}) == len(provider.taken)


def test_a_killed_worker_s_sending_is_taken_up_after_its_lease_under_the_same_key(provider):
    row = add("a")
    provider.script = ["killed_after"]
    assert run() == -1
    assert state_of(row) == "SENDING"
    assert run(NOW + sendings.LEASE - MINUTE) == 0
    assert run(NOW + sendings.LEASE) == 1
    assert (state_of(row), provider.asked[str(row.ref)], len(provider.taken)) == ("SENT", 2, 1)


def test_who_cannot_be_reached_is_given_up_for_good_or_after_three_days(provider):
    gone, busy = add("a"), add("b", to="13900000002")
    provider.script = ["refused", "busy"]
    run()
    assert (state_of(gone), gone.completed_at, gone.error) == ("PERMANENT_FAILURE", NOW, "said so")
    assert (state_of(busy), busy.due_at) == ("CREATED", NOW + MINUTE)
    provider.script = ["busy"] * 100
    for hours in range(0, 80, 3):
        run(NOW + timedelta(hours=hours, minutes=1))
    assert state_of(busy) == "TEMPORARY_FAILURE"
    assert busy.completed_at - NOW >= timedelta(hours=72)
    assert busy.completed_at - NOW < timedelta(hours=80)


def test_a_message_that_breaks_the_provider_holds_up_nobody(provider):
    poison = add("poison")
    others = [add("x", to=f"1390000010{n}") for n in range(3)]
    provider.send, real = (
        lambda letter: (
            (_ for _ in ()).throw(ChannelDown("boom")) if letter.text == "poison" else real(letter)
        ),
        provider.send,
    )
    for minute in range(20):
        run(NOW + minute * MINUTE)
    assert [state_of(row) for row in others] == ["SENT"] * 3
    assert state_of(poison) == "CREATED"


def test_dead_letters_are_sent_again_under_a_new_key_and_only_once(provider):
    row = add("a")
    provider.script = ["refused"]
    run()
    sendings.sending_resend(row.pk, now=NOW + MINUTE, address="13911112222")
    with pytest.raises(SendingNotFailed):
        sendings.sending_resend(row.pk, now=NOW + MINUTE)
    run(NOW + MINUTE)
    assert state_of(row) == "SENT"
    assert provider.taken == [(f"{row.ref}-1", "13911112222", "a")]


def test_a_channel_sends_no_more_a_minute_than_it_may_and_nothing_while_it_is_stopped(provider):
    for number in range(5):
        add("x", to=f"1390000020{number}")
    sendings.channel_set("SMS", is_stopped=True, per_minute=2)
    assert run() == 0
    sendings.channel_set("SMS", is_stopped=False, per_minute=2)
    assert [run(), run(NOW + timedelta(seconds=30)), run(NOW + MINUTE), run(NOW + 2 * MINUTE)] == [
        2,
        0,
        2,
        1,
    ]


def test_receipts_are_taken_in_any_order_and_what_arrived_has_arrived(provider):
    row = add("a")
    run()
    key = str(row.ref)
    later = NOW + MINUTE
    take = sendings.receipts_take
    assert take("SMS", [Receipt(key, "TEMPORARY_FAILURE", later, "off")], now=later) == 1
    assert take("SMS", [Receipt(key, "DELIVERED", later + MINUTE)], now=later) == 1
    assert take("SMS", [Receipt(key, "PERMANENT_FAILURE", later)], now=later) == 0
    assert take("SMS", [Receipt(key, "DELIVERED", later)], now=later) == 0
    assert (state_of(row), row.completed_at, row.error) == ("DELIVERED", later + MINUTE, "")


def test_an_address_on_the_stop_list_gets_nothing_until_it_is_lifted(provider):
    stop_add("SMS", "+86 139-0000-0001", reason="x", source="PERSON", now=NOW)
    stop_add("SMS", "13900000001", reason="x", source="PERSON", now=NOW)
    row = add("a")
    run()
    assert (state_of(row), provider.taken) == ("STOPPED", [])
    stop_lift(StopEntry.objects.get().pk, now=NOW)
    other = add("b")
    run()
    assert state_of(other) == "SENT"


def account(**more):
    return account_create(
        "shen",
        population="CITIZEN",
        name="沈月琴",
        password="粉墙黛瓦 枕河人家 1986",
        now=NOW,
        **{"phone": "13900000001", "email": "shen@example.org", **more},
    )


def choose(account_id, ways, **more):
    values = {"language": "", "quiet_from": time(21), "quiet_to": time(8), "digest_at": time(18)}
    with context_use(RequestContext(population="CITIZEN", account_id=account_id)):
        choice_put(ways=ways, now=NOW, **(values | more))


def send(account_id, template, *, at=NOW):
    params = {"number": "1", "title": {"zh": "优待证", "en": "Card"}}
    return message_send(account_id, template=template, params=params, link="/", now=at)


def test_each_kind_of_message_goes_the_way_the_person_chose(provider):
    mine = account()
    choose(mine, {"PROGRESS": {"EMAIL": "OFF", "SMS": "DIGEST"}}, language="en")
    for _number in range(2):
        send(mine, "application_accepted")
    send(mine, "correction_requested")
    found = MessageSending.objects.order_by("pk")
    evening = NOW.replace(hour=10)
    assert list(found.values_list("channel", "is_digest", "not_before")) == [
        ("SMS", True, evening),
        ("SMS", True, evening),
        ("EMAIL", False, NOW),
        ("SMS", False, NOW),
    ]
    assert run() == 1
    assert "asks you to correct" in provider.taken[0][2]
    assert bundles_run(now=evening - MINUTE) == 0
    assert bundles_run(now=evening) == 1
    assert run(evening) == 1
    assert provider.taken[1][2] == (
        "You have 2 messages: Application accepted: Card; Application accepted: Card. See them under Messages."
    )
    assert [row.state for row in found.filter(is_digest=False).order_by("pk")] == [
        "BUNDLED", "BUNDLED", "CREATED", "SENT", "SENT",
    ]  # fmt: skip
    assert Message.objects.count() == 3


def test_a_digest_speaks_the_account_s_language_and_goes_where_the_person_is_reached_now(provider):
    mine = account()
    choose(mine, {"PROGRESS": {"EMAIL": "OFF", "SMS": "DIGEST"}})
    get_user_model().objects.filter(pk=mine).update(language="en")
    for _number in range(2):
        send(mine, "application_accepted")
    get_user_model().objects.filter(pk=mine).update(phone="13900000009")
    evening = NOW.replace(hour=10)
    assert bundles_run(now=evening) == 1
    assert run(evening) == 1
    ((_key, to, text),) = provider.taken
    assert (to, text.startswith("You have 2 messages: ")) == ("13900000009", True)


def test_quiet_hours_hold_what_is_not_urgent_until_the_morning(provider):
    mine = account(email="")
    night = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)  # 23:00 in Suzhou
    send(mine, "application_accepted", at=night)
    send(mine, "application_refused", at=night)
    assert run(night) == 1
    assert "未获批准" in provider.taken[0][2]
    assert run(night + timedelta(hours=8)) == 0
    assert run(night + timedelta(hours=9)) == 1


@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    quiet=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    mode=st.sampled_from(["AT_ONCE", "DIGEST"]),
)
def test_nothing_that_is_not_urgent_goes_out_in_quiet_hours(hour, minute, quiet, mode):
    choice = Choice(quiet_from=time(quiet[0]), quiet_to=time(quiet[1]))
    now = datetime(2026, 11, 21, hour, minute, 30, tzinfo=UTC)
    at = not_before(now, choice, mode=mode, is_urgent=False)
    assert now <= at <= now + timedelta(days=2)
    assert not is_quiet(at.timetz().replace(tzinfo=None), choice)
    assert not_before(now, choice, mode=mode, is_urgent=True) == now


def test_the_link_in_an_e_mail_stops_it_and_a_forged_one_does_not(client, db):
    address = f"/hall/messages/unsubscribe/{unsubscribe_token('EMAIL', 'Shen@Example.org')}/"
    assert "sh" in client.get(address).content.decode()
    assert StopEntry.objects.count() == 0
    assert client.post(address).status_code == 200
    entry = StopEntry.objects.get()
    assert (entry.channel, entry.address, entry.source) == ("EMAIL", "shen@example.org", "PERSON")
    assert client.post("/hall/messages/unsubscribe/forged/").status_code == 404
    assert StopEntry.objects.count() == 1


def test_pushed_receipts_are_signed_and_fresh(client, provider, settings):
    settings.SMS_GATEWAY = {"url": "", "secret": "s"}
    settings.MESSAGE_CHANNELS = {"SMS": "http"}
    row = add("a")
    run()
    said = {"key": str(row.ref), "state": "delivered", "at": NOW.isoformat()}
    body = json.dumps({"receipts": [said]}).encode()
    headers = signer().headers(body, now=NOW)
    (receipt,) = HttpSms().receipts_read(headers, body, now=NOW)
    assert (receipt.key, receipt.state, receipt.at) == (str(row.ref), "DELIVERED", NOW)
    for wrong in ({**headers, "X-Yiwang-Signature": "0" * 64}, {}):
        with pytest.raises(ReceiptRefused):
            HttpSms().receipts_read(wrong, body, now=NOW)
    with pytest.raises(ReceiptRefused):
        HttpSms().receipts_read(headers, body, now=NOW + timedelta(minutes=6))
    answer = client.post("/hall/messages/receipts/SMS/", body, content_type="application/json")
    assert (answer.status_code, state_of(row)) == (401, "SENT")
