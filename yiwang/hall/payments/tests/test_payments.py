"""A bill is paid once, whatever the provider says, when, and how often."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from yiwang.hall.payments import actions, following, queries
from yiwang.hall.payments.data import FeeLine, ProviderEvent
from yiwang.hall.payments.errors import (
    BillNotDue,
    BillNotFound,
    ProviderSilent,
    ProviderUnknown,
    RefundOwn,
    RefundStateWrong,
    RefundTooLarge,
    SignatureWrong,
)
from yiwang.hall.payments.models import (
    Bill,
    Difference,
    Payment,
    PaymentEvent,
    Refund,
    SandboxOrder,
)
from yiwang.hall.payments.providers import sandbox
from yiwang.hall.payments.tests.conftest import NOW, OTHER, PAYER, officer, open_bill
from yiwang.identity.api import data_scope
from yiwang.kernel.api import audit_search, context_system, context_use

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def begin(bill, *, key="k", at=NOW):
    with context_use(PAYER):
        return actions.payment_begin(bill.id, provider="sandbox", idempotency_key=key, now=at)


def said(payment, kind, *, event_id="", fen=None, number=""):
    event = ProviderEvent(
        event_id or f"{payment.number}-{kind}",
        kind,
        number or payment.number,
        "SB1",
        payment.amount_fen if fen is None else fen,
        NOW,
    )
    with context_use(context_system("test")):
        return actions.event_take(event, provider="sandbox", source="NOTICE", now=NOW)


def bill_now(bill):
    with context_use(context_system("test")):
        return queries.bill_get(bill.id)


def test_a_bill_is_made_once_a_subject_and_not_for_nothing(bill):
    again = open_bill()
    assert (again.id, again.amount_fen, again.state) == (bill.id, 2250, "DUE")
    assert open_bill("application:2", [FeeLine("free", {"zh": "免", "en": "free"}, 0)]) is None
    assert open_bill("application:3").number != bill.number


def test_a_bill_is_seen_by_its_payer_and_its_department_alone(bill):
    for context in (PAYER, officer(1, queries.READ)):
        with context_use(context):
            assert queries.bill_get(bill.id).number == bill.number
    for context in (OTHER, officer(1, queries.READ, department_id=8), officer(1)):
        with context_use(context), pytest.raises(BillNotFound):
            queries.bill_get(bill.id)


def test_paying_captures_once_and_gives_a_voucher(bill):
    payment = begin(bill)
    assert payment.checkout_url == f"/hall/payments/sandbox/{payment.number}/"
    assert begin(bill).id == payment.id
    assert begin(bill, key="another").id == payment.id
    assert said(payment, "CAPTURE") == "APPLIED"
    assert said(payment, "CAPTURE") == "REPEATED"
    assert said(payment, "CAPTURE", event_id="another") == "NO_CHANGE"
    found = bill_now(bill)
    assert (found.state, found.voucher) == ("PAID", "32050820260000000013")
    with context_use(PAYER), pytest.raises(BillNotDue):
        actions.payment_begin(bill.id, provider="sandbox", idempotency_key="z", now=NOW)
    with context_use(OTHER), pytest.raises(BillNotFound):
        actions.payment_begin(bill.id, provider="sandbox", idempotency_key="z", now=NOW)


def test_a_way_to_pay_that_the_city_does_not_offer_is_refused(bill):
    with context_use(PAYER), pytest.raises(ProviderUnknown):
        actions.payment_begin(bill.id, provider="alipay", idempotency_key="z", now=NOW)
    assert not Payment.objects.exists()


def test_a_wrong_amount_is_not_taken_and_stands_on_the_desk(bill):
    payment = begin(bill)
    assert said(payment, "CAPTURE", fen=1) == "AMOUNT_DIFFERS"
    assert bill_now(bill).state == "DUE"
    row = Difference.objects.get()
    assert (row.kind, row.ours_fen, row.theirs_fen, row.state) == ("AMOUNT", 2250, 1, "OPEN")


def test_what_is_paid_twice_goes_back_by_itself_and_the_bill_stays_paid(bill):
    first = begin(bill)
    late = begin(bill, key="later", at=NOW + timedelta(hours=1))
    assert late.id != first.id
    assert Payment.objects.get(pk=first.id).state == "EXPIRED"
    said(late, "CAPTURE")
    said(first, "CAPTURE")
    refund = Refund.objects.get()
    assert (refund.payment_id, refund.amount_fen, refund.state) == (first.id, 2250, "APPROVED")
    SandboxOrder.objects.filter(number=first.number).update(state="PAID", settled_at=NOW)
    following.payments_follow(NOW)
    refund.refresh_from_db()
    found = bill_now(bill)
    assert (refund.state, found.state, found.refunded_fen) == ("SUCCEEDED", "PAID", 0)
    assert following.payments_follow(NOW + DAY) == 0


def test_the_answer_at_the_checkout_reaches_the_bill_though_its_notice_is_lost(bill, monkeypatch):
    monkeypatch.setattr(sandbox, "faults_of", lambda number: [])
    payment = begin(bill)
    sandbox.sandbox_answer(payment.number, is_paid=True, now=NOW)
    assert following.sandbox_notices_send(NOW + DAY) == 0
    assert following.payments_follow(NOW + timedelta(seconds=29)) == 0
    assert following.payments_follow(NOW + MINUTE) == 1
    assert bill_now(bill).state == "PAID"
    assert PaymentEvent.objects.get().source == "ASKED"


def test_late_and_doubled_notices_pay_once(bill, monkeypatch):
    waits = [timedelta(0), timedelta(minutes=10), timedelta(minutes=20)]
    monkeypatch.setattr(sandbox, "faults_of", lambda number: waits)
    payment = begin(bill)
    sandbox.sandbox_answer(payment.number, is_paid=True, now=NOW)
    sandbox.sandbox_answer(payment.number, is_paid=True, now=NOW)
    sandbox.sandbox_answer(payment.number, is_paid=False, now=NOW)
    assert [following.sandbox_notices_send(NOW + MINUTE * n) for n in (0, 10, 20, 30)] == [
        1
    ] * 3 + [0]
    assert [row.result for row in PaymentEvent.objects.all()] == ["APPLIED"]
    assert bill_now(bill).state == "PAID"


def test_nobody_pays_an_order_that_ran_out(bill):
    payment = begin(bill)
    following.payments_follow(NOW + timedelta(hours=1))
    assert Payment.objects.get(pk=payment.id).state == "EXPIRED"
    sandbox.sandbox_answer(payment.number, is_paid=True, now=NOW)
    assert SandboxOrder.objects.get().state == "CLOSED"
    assert begin(bill, key="again", at=NOW + timedelta(hours=1)).id != payment.id


def test_a_forged_or_old_notice_changes_nothing(bill, client: Client):
    payment = begin(bill)
    sandbox.sandbox_answer(payment.number, is_paid=True, now=NOW)
    body = json.dumps({"number": payment.number, "event_id": "x"}).encode()
    signer = sandbox.signer()
    right = signer.headers(body, now=NOW)
    for at, headers in (
        (NOW, {**right, "Sandbox-Signature": "0" * 64}),
        (NOW, {**right, "Sandbox-Signature": "签"}),
        (NOW, {}),
        (NOW + timedelta(minutes=6), right),
        (NOW, signer.headers(body + b" ", now=NOW)),
    ):
        with pytest.raises(SignatureWrong):
            following.notification_receive("sandbox", headers, body, now=at)
    answer = client.post("/hall/payments/notifications/sandbox/", body, content_type="text/plain")
    assert answer.status_code == 401
    for provider, kind, status in (
        ("nobody", "text/plain", 404),
        ("sandbox", "multipart/form-data; boundary=x", 415),
    ):
        url = f"/hall/payments/notifications/{provider}/"
        assert client.post(url, "x", content_type=kind).status_code == status
    big = client.post("/hall/payments/notifications/sandbox/", b"x" * 70000, content_type="a/b")
    assert big.status_code == 413
    assert not PaymentEvent.objects.exists()
    assert bill_now(bill).state == "DUE"


def test_a_notice_over_the_wire_is_acknowledged_in_the_providers_words(bill, client: Client):
    payment = begin(bill)
    sandbox.sandbox_answer(payment.number, is_paid=True, now=NOW)
    body = json.dumps({"number": payment.number, "event_id": "wire"}).encode()
    answer = client.post(
        "/hall/payments/notifications/sandbox/",
        body,
        content_type="application/json",
        headers=sandbox.signer().headers(body, now=timezone.now()),
    )
    assert (answer.status_code, answer.json()) == (200, {"code": "SUCCESS"})
    assert bill_now(bill).state == "PAID"


def test_what_is_said_again_a_thousand_times_is_answered_and_leaves_no_trace(bill, client: Client):
    payment = begin(bill)
    sandbox.sandbox_answer(payment.number, is_paid=True, now=NOW)
    body = json.dumps({"number": payment.number, "event_id": "again"}).encode()
    headers = sandbox.signer().headers(body, now=NOW)
    before = len(audit_search(limit=10_000))
    answers = [
        following.notification_receive("sandbox", headers, body, now=NOW) for _n in range(50)
    ]
    assert set(answers) == {sandbox.Sandbox.answer}
    assert PaymentEvent.objects.filter(payment=payment.id).count() == 1
    assert len(audit_search(limit=10_000)) == before + 1
    assert bill_now(bill).state == "PAID"


def test_a_flood_of_forged_notices_is_refused_shown_on_the_desk_and_then_not_even_read(
    bill, client: Client
):
    begin(bill)
    url = "/hall/payments/notifications/sandbox/"
    answers = [client.post(url, b"{}", content_type="a/b").status_code for _n in range(63)]
    assert answers == [401] * 60 + [429] * 3
    with context_use(officer(1, queries.RECONCILE)):
        found = queries.refusal_counts(timezone.now() - timedelta(days=1))
    assert found == {("sandbox", "127.0.0.1"): 60}
    body = json.dumps({"number": Payment.objects.get().number, "event_id": "x"}).encode()
    cache.clear()
    sandbox.sandbox_answer(Payment.objects.get().number, is_paid=True, now=NOW)
    right = sandbox.signer().headers(body, now=timezone.now())
    assert client.post(url, body, content_type="a/b", headers=right).status_code == 200
    assert bill_now(bill).state == "PAID"


def test_money_under_a_number_we_never_gave_stands_on_the_desk(bill):
    payment = begin(bill)
    assert said(payment, "FAIL", number="B-FOREIGN") == "UNKNOWN"
    assert said(payment, "CAPTURE", number="B-FOREIGN", fen=77) == "UNKNOWN"
    assert said(payment, "CAPTURE", number="B-FOREIGN", fen=77) == "UNKNOWN"
    row = Difference.objects.get()
    assert (row.kind, row.number, row.entry, row.ours_fen, row.theirs_fen, row.state) == (
        "MISSING_HERE", "B-FOREIGN", "PAY", None, 77, "OPEN",
    )  # fmt: skip
    assert bill_now(bill).state == "DUE"


def test_money_that_comes_after_the_time_pays_the_bill_and_goes_back_when_another_paid_it(bill):
    late = begin(bill)
    after = NOW + timedelta(hours=1)
    following.payments_follow(after)
    other = begin(bill, key="other", at=after)
    assert said(other, "CAPTURE") == "APPLIED"
    assert said(late, "CAPTURE") == "APPLIED"
    states = dict(Payment.objects.values_list("number", "state"))
    assert states == {late.number: "CAPTURED", other.number: "CAPTURED"}
    refund = Refund.objects.get()
    assert (refund.payment_id, refund.amount_fen, refund.state) == (late.id, 2250, "APPROVED")
    with context_use(officer(1, queries.READ, queries.APPROVE_REFUND)):
        (shown,) = queries.refund_list(states=("APPROVED",))
    assert shown.payment_number == late.number


def test_a_refund_of_another_amount_is_not_taken_and_stands_on_the_desk(bill):
    late = begin(bill)
    after = NOW + timedelta(hours=1)
    following.payments_follow(after)
    said(begin(bill, key="other", at=after), "CAPTURE")
    said(late, "CAPTURE")
    refund = Refund.objects.get()
    assert said(late, "REFUND", number=refund.number, fen=1) == "AMOUNT_DIFFERS"
    refund.refresh_from_db()
    assert (refund.state, refund.settled_at) == ("APPROVED", None)
    row = Difference.objects.get()
    assert (row.kind, row.entry, row.number, row.ours_fen, row.theirs_fen) == (
        "AMOUNT", "REFUND", refund.number, 2250, 1,
    )  # fmt: skip


def test_a_refund_takes_two_people_and_never_more_than_was_paid(bill):
    said(begin(bill), "CAPTURE")
    SandboxOrder.objects.update(state="PAID", settled_at=NOW)
    clerk = officer(1, queries.READ, queries.REFUND, queries.APPROVE_REFUND)
    head = officer(2, queries.READ, queries.APPROVE_REFUND)
    with context_use(clerk):
        first = actions.refund_request(bill.id, amount_fen=2000, reason="多收", now=NOW)
        with pytest.raises(RefundTooLarge) as refused:
            actions.refund_request(bill.id, amount_fen=251, reason="多收", now=NOW)
        assert refused.value.params == {"amount": "2.50"}
        with pytest.raises(RefundOwn):
            actions.refund_decide(first, is_approved=True, note="", now=NOW)
    with context_use(officer(2, queries.APPROVE_REFUND, department_id=8)):
        with pytest.raises(BillNotFound):
            actions.refund_decide(first, is_approved=True, note="", now=NOW)
    with context_use(head):
        actions.refund_decide(first, is_approved=True, note="同意", now=NOW)
        with pytest.raises(RefundStateWrong):
            actions.refund_decide(first, is_approved=False, note="", now=NOW)
    following.payments_follow(NOW)
    following.payments_follow(NOW + DAY)
    assert (bill_now(bill).state, bill_now(bill).refunded_fen) == ("PAID", 2000)
    with context_use(clerk):
        rest = actions.refund_request(bill.id, amount_fen=250, reason="其余", now=NOW)
    with context_use(head):
        actions.refund_decide(rest, is_approved=True, note="", now=NOW)
    following.payments_follow(NOW)
    assert (bill_now(bill).state, bill_now(bill).refunded_fen) == ("REFUNDED", 2250)


def test_cancelling_sends_back_what_was_paid(bill):
    said(begin(bill), "CAPTURE")
    SandboxOrder.objects.update(state="PAID", settled_at=NOW)
    with context_use(context_system("test")):
        actions.bill_cancel("application:1", reason="撤回申请", now=NOW)
        actions.bill_cancel("application:1", reason="撤回申请", now=NOW)
    following.payments_follow(NOW)
    assert bill_now(bill).state == "REFUNDED"
    other = open_bill("application:9")
    with context_use(context_system("test")):
        actions.bill_cancel("application:9", reason="撤回申请", now=NOW)
    assert bill_now(other).state == "CANCELLED"


def paid_at(subject, at, monkeypatch):
    bill = open_bill(subject)
    payment = begin(bill, at=at)
    sandbox.sandbox_answer(payment.number, is_paid=True, now=at)
    return payment


def test_the_day_agrees_and_planted_differences_are_found(db, monkeypatch):
    monkeypatch.setattr(sandbox, "faults_of", lambda number: [])
    payments = [paid_at(f"application:{n}", NOW, monkeypatch) for n in range(5)]
    day = NOW.date()
    assert following.reconcile("sandbox", day, now=NOW + DAY) == []
    assert [
        bill.state for bill in map(bill_now, [open_bill(f"application:{n}") for n in range(5)])
    ] == ["PAID"] * 5
    assert {row.source for row in PaymentEvent.objects.all()} == {"STATEMENT"}
    orders = {row.number: row for row in SandboxOrder.objects.all()}
    orders[payments[0].number].delete()
    SandboxOrder.objects.filter(number=payments[1].number).update(amount_fen=1)
    SandboxOrder.objects.create(
        number="STRAY", kind="PAY", amount_fen=9, state="PAID", settled_at=NOW
    )
    found = following.reconcile("sandbox", day, now=NOW + DAY)
    assert sorted((row.kind, row.number) for row in found) == sorted(
        [
            ("MISSING_THERE", payments[0].number),
            ("AMOUNT", payments[1].number),
            ("MISSING_HERE", "STRAY"),
        ]
    )
    following.reconcile("sandbox", day, now=NOW + DAY)
    assert Difference.objects.count() == 3
    SandboxOrder.objects.filter(number="STRAY").delete()
    left = following.reconcile("sandbox", day, now=NOW + DAY)
    assert sorted(row.kind for row in left) == ["AMOUNT", "MISSING_THERE"]
    with context_use(officer(3, queries.RECONCILE)):
        following.difference_resolve(left[0].pk, resolution="银行已更正", now=NOW)
    assert Difference.objects.filter(state="OPEN").count() == 1


def test_a_provider_silent_about_one_entry_holds_up_no_other_and_is_asked_again(db, monkeypatch):
    monkeypatch.setattr(sandbox, "faults_of", lambda number: [])
    silent, other = (paid_at(f"application:{n}", NOW, monkeypatch).number for n in range(2))
    asked = sandbox.Sandbox.ask

    def ask(self, number):
        if number == silent:
            raise ProviderSilent()
        return asked(self, number)

    monkeypatch.setattr(sandbox.Sandbox, "ask", ask)
    at_ten = NOW + DAY + 60 * MINUTE

    assert following.reconcile_due(at_ten) == following.DAYS_BACK
    states = dict(Payment.objects.values_list("number", "state"))
    assert states == {silent: "CREATED", other: "CAPTURED"}
    assert list(Difference.objects.values_list("kind", "number")) == [("MISSING_HERE", silent)]

    monkeypatch.setattr(sandbox.Sandbox, "ask", asked)
    assert following.reconcile_due(at_ten + 30 * MINUTE) == 1
    assert set(Payment.objects.values_list("state", flat=True)) == {"CAPTURED"}
    assert not Difference.objects.filter(state="OPEN").exists()
    assert following.reconcile_due(at_ten + 60 * MINUTE) == 0


def test_an_entry_across_midnight_settles_itself(db, monkeypatch):
    monkeypatch.setattr(sandbox, "faults_of", lambda number: [])
    payment = paid_at("application:1", NOW, monkeypatch)
    following.payment_refresh(payment.number, now=NOW)
    SandboxOrder.objects.update(settled_at=NOW + DAY)
    today = NOW.date()
    assert [row.kind for row in following.reconcile("sandbox", today, now=NOW + DAY)] == [
        "MISSING_THERE"
    ]
    assert following.reconcile("sandbox", today + DAY, now=NOW + DAY * 2) == []
    assert Difference.objects.get().state == "RESOLVED"


def test_days_are_compared_once_when_their_statements_are_there(db):
    early = NOW.replace(hour=1)
    assert following.reconcile_due(early) == 7
    assert following.reconcile_due(early) == 0
    assert following.reconcile_due(NOW.replace(hour=2)) == 1


def test_what_a_provider_said_can_not_be_changed(bill):
    said(begin(bill), "CAPTURE")
    with pytest.raises(Exception, match="only ever added"), transaction.atomic():
        PaymentEvent.objects.update(amount_fen=1)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.integers(0, 90)),
        st.tuples(st.sampled_from(["CAPTURE", "FAIL", "EXPIRE"]), st.integers(0, 3)),
        st.tuples(st.just("follow"), st.integers(0, 90)),
        st.tuples(st.just("cancel"), st.just(0)),
    ),
    max_size=12,
)


class AnyOrderTest(TestCase):
    """Random steps of payer, provider and clock."""

    @settings(max_examples=40, deadline=None)
    @given(STEPS)
    def test_the_city_keeps_exactly_one_amount_whatever_happens(self, steps):
        """Captured less sent or going back is the bill's amount when it is paid, else nothing."""
        bill = open_bill()
        for step, value in steps:
            self._do(bill, step, value)
        kept = sum(row.amount_fen for row in Payment.objects.filter(state="CAPTURED"))
        back = sum(row.amount_fen for row in Refund.objects.all())
        with data_scope(purpose="测试"):
            row = Bill.objects.get(pk=bill.id)
        cancelled = any(step == "cancel" for step, _ in steps)
        if cancelled:
            assert kept == back
        else:
            assert kept - back == (2250 if row.state == "PAID" else 0)
        assert all(
            payment.state == "CAPTURED"
            for payment in Payment.objects.filter(events__kind="CAPTURE")
        )

    def _do(self, bill, step, value):
        if step == "begin":
            try:
                begin(bill, key=f"k{value}", at=NOW + MINUTE * value)
            except BillNotDue:
                return
        elif step == "follow":
            following.payments_follow(NOW + MINUTE * value)
        elif step == "cancel":
            with context_use(context_system("test")):
                actions.bill_cancel("application:1", reason="撤回", now=NOW)
        else:
            payments = list(Payment.objects.order_by("pk"))
            if payments:
                payment = payments[value % len(payments)]
                if step == "CAPTURE":
                    SandboxOrder.objects.filter(number=payment.number).update(
                        state="PAID", settled_at=NOW
                    )
                said(payment, step)


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_thirty_two_presses_and_notices_at_once_pay_once():
    bill = open_bill()
    payment = begin(bill)
    number = payment.number

    def press(n):
        try:
            if n % 2:
                return begin(bill, key=f"k{n}").number
            said(payment, "CAPTURE", event_id=f"{number}-{n % 6}")
            return number
        except BillNotDue:
            return number
        finally:
            connection.close()

    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    with ThreadPoolExecutor(1 if in_memory else 32) as pool:
        assert set(pool.map(press, range(32))) == {number}
    assert bill_now(bill).state == "PAID"
    assert [row.result for row in PaymentEvent.objects.filter(result="APPLIED")] == ["APPLIED"]
    assert not Refund.objects.exists()
