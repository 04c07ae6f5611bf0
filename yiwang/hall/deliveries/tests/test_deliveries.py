"""Papers reach who they are for: by courier, at the counter, through a locker; once, and never lost silently."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.deliveries import actions, couriers, following, queries, rules
from yiwang.hall.deliveries.data import TRACKING, Receiver, TrackingEvent
from yiwang.hall.deliveries.errors import (
    CourierSignatureWrong,
    CourierUnknown,
    DeliveryNotFound,
    DeliveryStateWrong,
    LockerFull,
    PickupCodeWrong,
    PickupLocked,
    ReceiverIncomplete,
)
from yiwang.hall.deliveries.models import DeliveryStep, PracticeParcel
from yiwang.identity.api import department_put
from yiwang.kernel.api import RequestContext, context_system, context_use

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOLDER = RequestContext(
    population="CITIZEN", account_id=11, subject_ref="person:P1", purpose="递送"
)
OTHER = RequestContext(population="CITIZEN", account_id=12, subject_ref="person:P2", purpose="递送")
TO = Receiver("张三", "13800001234", "苏州市姑苏区样例路1号101室")
SYSTEM = context_system("test")


@pytest.fixture
def department(db):
    with context_use(SYSTEM):
        return department_put(
            "11320508014149488K",
            name="姑苏区民政局",
            function="civil_affairs",
            level="DISTRICT",
            area_code="320508000000",
            now=NOW,
        )


@pytest.fixture
def clerk(department):
    return RequestContext(
        population="STAFF",
        account_id=1,
        name="王窗口",
        permissions=frozenset({queries.HAND_OVER}),
        department_ids=frozenset({department}),
        purpose="递送管理",
    )


@pytest.fixture
def choose(department):
    def make(method, *, subject="application:1", to=TO, locker=None):
        with context_use(HOLDER):
            return actions.delivery_choose(
                subject,
                title={"zh": "居住证", "en": "Residence permit"},
                method=method,
                receiver=to,
                holder_ref="person:P1",
                department_id=department,
                account_id=11,
                decided_at=NOW,
                now=NOW,
                locker_id=locker,
            )

    return make


@pytest.fixture
def locker(db):
    with context_use(SYSTEM):
        return actions.locker_put(
            "L1", title={"zh": "一号柜", "en": "Locker one"}, address="样例路", boxes=2
        )


def seen(delivery, context=SYSTEM):
    with context_use(context):
        return queries.delivery_get(delivery.id)


def kinds(delivery):
    return list(DeliveryStep.objects.filter(delivery=delivery.id).values_list("kind", flat=True))


def parcel(choose, clerk, fate):
    delivery = choose("COURIER")
    with context_use(clerk):
        sent = actions.delivery_hand_over(delivery.id, courier="practice", now=NOW)
    PracticeParcel.objects.update(fate=fate)
    return sent


def test_the_first_choice_counts_and_incomplete_ones_are_refused(choose):
    first = choose("COURIER")
    assert choose("COUNTER").id == first.id
    assert (first.state, first.method, first.pickup_code) == ("WAITING", "COURIER", "")
    for method, to, field in (
        ("COURIER", Receiver("张三", "13800001234", "路"), "address"),
        ("COUNTER", Receiver("", "13800001234"), "name"),
        ("COUNTER", Receiver("张三", "110"), "phone"),
        ("LOCKER", Receiver("张三", "13800001234"), "locker"),
        ("PIGEON", Receiver("张三", "13800001234"), "method"),
    ):
        with pytest.raises(ReceiverIncomplete) as refused:
            choose(method, subject="application:2", to=to)
        assert list(refused.value.fields) == [field]
    with context_use(HOLDER):
        assert queries.delivery_of("application:2") is None


def test_a_delivery_is_seen_by_its_holder_and_its_department_alone(choose, clerk):
    delivery = choose("COUNTER")
    assert len(seen(delivery, HOLDER).pickup_code) == 8
    assert seen(delivery, clerk).pickup_code == ""
    elsewhere = RequestContext(
        population="STAFF", permissions=frozenset({queries.HAND_OVER}), purpose="递送"
    )
    for context in (OTHER, elsewhere):
        with context_use(context), pytest.raises(DeliveryNotFound):
            queries.delivery_get(delivery.id)


def test_a_parcel_is_handed_over_once_and_followed_to_the_door(choose, clerk):
    sent = parcel(choose, clerk, "DELIVERED")
    assert (sent.state, sent.courier) == ("UNDER_WAY", "practice")
    with context_use(clerk), pytest.raises(DeliveryStateWrong):
        actions.delivery_hand_over(sent.id, courier="practice", now=NOW)
    with context_use(clerk), pytest.raises(CourierUnknown):
        actions.delivery_hand_over(sent.id, courier="eagle", now=NOW)
    assert following.deliveries_follow(NOW + HOUR) == 0
    assert following.deliveries_follow(NOW + HOUR * 40) == 1
    assert kinds(sent) == [
        "CHOSEN",
        "HANDED_OVER",
        "ACCEPTED",
        "IN_TRANSIT",
        "OUT_FOR_DELIVERY",
        "DELIVERED",
    ]
    found = seen(sent)
    assert (found.state, found.closed_at) == ("DELIVERED", NOW + HOUR * 30)
    assert following.deliveries_follow(NOW + DAY * 9) == 0


@pytest.mark.parametrize("fate", ["RETURNED", "LOST"])
def test_what_came_back_or_was_lost_can_be_sent_again(choose, clerk, fate):
    sent = parcel(choose, clerk, fate)
    following.deliveries_follow(NOW + DAY * 9)
    assert seen(sent).state == "RETURNED"
    again = choose("COUNTER")
    assert (again.id != sent.id, again.state) == (True, "WAITING")


def test_pushed_messages_are_signed_and_taken_once(choose, clerk, client: Client):
    sent = parcel(choose, clerk, "DELIVERED")
    for hours in (1, 10, 27, 31, 99):
        following.practice_messages_push(NOW + HOUR * hours)
    assert PracticeParcel.objects.get().is_told
    following.deliveries_follow(NOW + DAY * 9)
    assert seen(sent).state == "DELIVERED"
    assert len(kinds(sent)) == 6
    event = couriers.route(PracticeParcel.objects.get())[0]
    headers, body = couriers.push_signed(event, now=NOW + HOUR)
    for wrong in ({}, {**headers, "Practice-Signature": "0" * 64}):
        with pytest.raises(CourierSignatureWrong):
            following.message_receive("practice", wrong, body, now=NOW + HOUR)
    with pytest.raises(CourierSignatureWrong):
        following.message_receive("practice", headers, body, now=NOW + HOUR * 2)
    where = "/hall/deliveries/messages/practice/"
    assert client.post(where, body, content_type="text/plain").status_code == 401
    assert client.post(where, b"x" * 70000, content_type="a/b").status_code == 413


EVENTS = st.permutations(list(TRACKING))


@given(EVENTS)
def test_what_has_ended_stays_ended_in_whatever_order_messages_come(order):
    state, ended = "UNDER_WAY", None
    for kind in order:
        state = rules.state_after(state, kind)
        if ended:
            assert state == ended
        ended = ended or (state if state in ("DELIVERED", "RETURNED") else None)
    assert ended is not None


def test_a_message_about_an_unknown_parcel_changes_nothing(db):
    with context_use(SYSTEM):
        event = TrackingEvent("e", "YL1", "DELIVERED", "", NOW)
        assert actions.tracking_take(event, courier="practice", now=NOW) == "UNKNOWN"
    assert not DeliveryStep.objects.exists()


def test_a_pick_up_needs_its_code_and_locks_after_five_wrong_ones(choose, clerk):
    delivery = choose("COUNTER")
    code = seen(delivery, HOLDER).pickup_code
    wrong = "00000000" if code != "00000000" else "00000001"
    with context_use(clerk):
        with pytest.raises(DeliveryStateWrong):
            actions.delivery_pick_up(delivery.id, code=code, now=NOW)
        actions.delivery_place(delivery.id, now=NOW)
        for _ in range(4):
            with pytest.raises(PickupCodeWrong):
                actions.delivery_pick_up(delivery.id, code=wrong, now=NOW)
        with pytest.raises(PickupLocked):
            actions.delivery_pick_up(delivery.id, code=wrong, now=NOW)
        with pytest.raises(PickupLocked):
            actions.delivery_pick_up(delivery.id, code=code, now=NOW)
        with pytest.raises(ReceiverIncomplete):
            actions.delivery_pick_up_by_document(delivery.id, document_tail="1", now=NOW)
        done = actions.delivery_pick_up_by_document(delivery.id, document_tail="123X", now=NOW)
        with pytest.raises(DeliveryStateWrong):
            actions.delivery_pick_up_by_document(delivery.id, document_tail="123X", now=NOW)
    assert (done.state, kinds(delivery)) == ("DELIVERED", ["CHOSEN", "PLACED", "PICKED_UP"])


def test_a_locker_gives_each_box_once_and_opens_for_its_code_alone(choose, clerk, locker):
    first = choose("LOCKER", locker=locker)
    second = choose("LOCKER", subject="application:2", locker=locker)
    with pytest.raises(LockerFull):
        choose("LOCKER", subject="application:3", locker=locker)
    with context_use(clerk):
        boxes = [actions.delivery_place(one.id, now=NOW).box for one in (first, second)]
    assert boxes == ["1", "2"]
    code = seen(second, HOLDER).pickup_code
    with context_use(RequestContext()):
        with pytest.raises(PickupCodeWrong):
            actions.box_open("L1", code="x", now=NOW)
        assert actions.box_open("L1", code=code, now=NOW) == 2
        with pytest.raises(PickupCodeWrong):
            actions.box_open("L1", code=code, now=NOW)
    assert seen(second).state == "DELIVERED"
    assert choose("LOCKER", subject="application:3", locker=locker).state == "WAITING"
    with context_use(SYSTEM), pytest.raises(DeliveryStateWrong):
        actions.locker_put("L1", title={"zh": "柜", "en": "L"}, address="路", boxes=1)


def test_a_delivery_called_off_frees_its_box_and_is_chosen_again(choose, clerk, locker):
    delivery = choose("LOCKER", locker=locker)
    with context_use(clerk):
        actions.delivery_cancel(delivery.id, reason="材料有误", now=NOW)
        with pytest.raises(DeliveryStateWrong):
            actions.delivery_cancel(delivery.id, reason="", now=NOW)
    assert [one.free for one in queries.locker_list()] == [2]
    assert choose("COURIER").id != delivery.id


def test_the_screen_of_a_locker_opens_a_box_and_slows_guessers_down(choose, clerk, locker, client):
    delivery = choose("LOCKER", locker=locker)
    with context_use(clerk):
        actions.delivery_place(delivery.id, now=NOW)
    where = "/hall/deliveries/lockers/L1/"
    assert client.post(where, {"code": "1"}).status_code == 422
    opened = client.post(where, {"code": seen(delivery, HOLDER).pickup_code})
    assert opened.status_code == 200
    statuses = {client.post(where, {"code": "1"}).status_code for _ in range(12)}
    assert statuses == {422}
    assert client.get("/hall/deliveries/lockers/L9/").status_code == 404


@pytest.mark.heavy
@pytest.mark.django_db(transaction=True)
def test_thirty_two_at_once_never_share_a_box(choose, locker):
    def press(n):
        try:
            return choose("LOCKER", subject=f"application:{n}", locker=locker).id
        except LockerFull:
            return None
        finally:
            connection.close()

    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    with ThreadPoolExecutor(1 if in_memory else 32) as pool:
        taken = [one for one in pool.map(press, range(32)) if one is not None]
    assert len(taken) == 2
    assert [one.free for one in queries.locker_list()] == [0]
