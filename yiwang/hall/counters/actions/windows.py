"""Windows and calling (窗口与叫号): two windows never call one ticket.

The waiting row is locked and skipped by the others (PostgreSQL), or there is one writer at a time (SQLite);
the table lets a window have one ticket in hand and a ticket one call under way.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from yiwang.hall.counters import data, rules
from yiwang.hall.counters.data import TicketView, WindowView
from yiwang.hall.counters.errors import (
    NobodyWaits,
    QueueClosed,
    TicketInHand,
    TicketStateWrong,
    WindowNotFound,
    WindowNotOpen,
    WindowTaken,
)
from yiwang.hall.counters.models import Queue, Ticket, TicketCall, Window, WindowSkill
from yiwang.hall.counters.queries.forecasts import forecast_dump, forecast_of, hall_state
from yiwang.hall.counters.queries.halls import SERVE, hall_rules
from yiwang.hall.counters.queries.tickets import (
    ticket_rows,
    ticket_view,
    window_rows,
    window_view,
)
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.identifiers import person_ref_of

SOON = 3
"""Whoever waits by phone is told when so many are left before them, themselves counted."""


@action("hall.counters.window_open", permission=SERVE)
def window_open(window_id: int, *, now: datetime) -> WindowView:
    """Sit down at a window (开窗), or go on after a break. One clerk, one window. Raises WindowTaken."""
    row, context = _window(window_id), context_get()
    if row.state != "CLOSED" and row.clerk_id != context.account_id:
        raise WindowTaken()
    row.opened_at = row.opened_at if row.state != "CLOSED" else now
    row.state, row.reason = "OPEN", ""
    row.clerk_id, row.clerk_name = context.account_id, context.name
    return _kept(row)


@action("hall.counters.window_pause", permission=SERVE)
def window_pause(window_id: int, *, reason: str, now: datetime) -> WindowView:
    """Take a short break (暂停受理): the window calls nobody meanwhile. Raises TicketInHand, WindowNotOpen."""
    row = _window(window_id)
    _mine(row)
    _nothing_in_hand(row)
    row.state, row.reason = "PAUSED", reason.strip()[:80]
    return _kept(row)


@action("hall.counters.window_close", permission=SERVE)
def window_close(window_id: int, *, now: datetime) -> WindowView:
    """Leave the window (关窗). Raises TicketInHand, WindowNotOpen."""
    row = _window(window_id)
    if row.state == "CLOSED" or row.clerk_id != context_get().account_id:
        raise WindowNotOpen()
    _nothing_in_hand(row)
    row.state, row.reason, row.clerk_id, row.clerk_name, row.opened_at = (
        "CLOSED",
        "",
        None,
        "",
        None,
    )
    return _kept(row)


def _kept(row: Window) -> WindowView:
    try:
        with transaction.atomic():
            row.save(update_fields=["state", "reason", "clerk_id", "clerk_name", "opened_at"])
    except IntegrityError:
        raise WindowTaken() from None  # the clerk has another window open
    audit_record(f"window:{row.pk}", detail={"state": row.state, "reason": row.reason})
    return window_view(row)


def _window(window_id: int) -> Window:
    row = window_rows().select_for_update(of=("self",)).filter(pk=window_id).first()
    if row is None:
        raise WindowNotFound()
    return row


def _mine(row: Window) -> None:
    if row.state != "OPEN" or row.clerk_id != context_get().account_id:
        raise WindowNotOpen()


def _nothing_in_hand(row: Window) -> None:
    ticket = ticket_rows("窗口").filter(window=row, state__in=data.IN_HAND).first()
    if ticket is not None:
        raise TicketInHand(label=ticket.label)


@action("hall.counters.ticket_call_next", permission=SERVE)
def ticket_call_next(window_id: int, *, now: datetime) -> TicketView:
    """Call the next one whom this window takes (叫号): the longest wait first, priorities counted in.

    Raises WindowNotOpen, TicketInHand, NobodyWaits.
    """
    window = _window(window_id)
    _mine(window)
    _nothing_in_hand(window)
    row = _next(window, now=now)
    if row is None:
        raise NobodyWaits()
    row.state, row.window, row.called_at = rules.state_after(row.state, "call"), window, now
    row.started_at, row.calls = None, row.calls + 1
    row.save(update_fields=["state", "window", "called_at", "started_at", "calls"])
    TicketCall.objects.create(
        ticket=row,
        queue=row.queue,
        window=window,
        clerk_id=window.clerk_id,
        called_at=now,
        wait_seconds=_seconds(now - row.ready_at),
        forecast=row.forecast,
    )
    _announce("ticket.called", row)
    _tell_soon(row)
    return _audited(row, "call")


def _next(window: Window, *, now: datetime) -> Ticket | None:
    wanted = Q(pk__in=[])
    skills = WindowSkill.objects.filter(window=window, queue__is_open=True)
    for queue_id, minutes in skills.values_list("queue_id", "helps_after_minutes"):
        wanted |= Q(queue_id=queue_id, ready_at__lte=now - timedelta(minutes=minutes))
    rows = ticket_rows("叫号").filter(
        wanted, hall_id=window.hall_id, day=timezone.localdate(now), state=data.WAITING
    )
    locked = rows.order_by("order_at", "pk").select_for_update(of=("self",), skip_locked=True)
    return locked.first()


def _tell_soon(called: Ticket) -> None:
    """Tell whoever is third in line and waits by phone (即将叫号提醒), once."""
    waiting = ticket_rows("即将叫号").filter(queue=called.queue, day=called.day, state=data.WAITING)
    for row in waiting.order_by("order_at", "pk")[:SOON]:
        if row.account_id and not row.is_told:
            if ticket_rows("即将叫号").filter(pk=row.pk, is_told=False).update(is_told=True):
                _announce("ticket.soon", row)


@action("hall.counters.ticket_recall", permission=SERVE)
def ticket_recall(window_id: int, *, now: datetime, ticket_id: int | None = None) -> TicketView:
    """Call the one in hand once more (重呼)."""
    row = _in_hand(window_id, (data.CALLED,), ticket_id)
    row.calls += 1
    row.called_at = now
    row.save(update_fields=["calls", "called_at"])
    _announce("ticket.called", row)
    return _audited(row, "recall")


@action("hall.counters.ticket_start", permission=SERVE)
def ticket_start(window_id: int, *, now: datetime, ticket_id: int | None = None) -> TicketView:
    """Note that the person has come (开始办理)."""
    row = _in_hand(window_id, (data.CALLED,), ticket_id)
    row.state, row.started_at = data.SERVING, now
    row.save(update_fields=["state", "started_at"])
    TicketCall.objects.filter(ticket=row, ended_at__isnull=True).update(started_at=now)
    return _audited(row, "start")


@action("hall.counters.ticket_visit_begin", permission=SERVE)
def ticket_visit_begin(ticket_id: int, *, rating_code: str, now: datetime) -> TicketView:
    """Note that whoever was called is identified at the window (来访关联号票): they are here, so service begins.

    rating_code: with it the ticket's page leads to the rating. By the clerk who has the ticket in hand.
    Raises TicketStateWrong.
    """
    rows = ticket_rows("来访关联号票").select_for_update(of=("self",))
    row = rows.filter(
        pk=ticket_id, state__in=data.IN_HAND, window__clerk_id=context_get().account_id
    ).first()
    if row is None:
        raise TicketStateWrong()
    if row.state == data.CALLED:
        row.state, row.started_at = rules.state_after(row.state, "start"), now
        TicketCall.objects.filter(ticket=row, ended_at__isnull=True).update(started_at=now)
    row.rating_code = rating_code
    row.save(update_fields=["state", "started_at", "rating_code"])
    return _audited(row, "identify")


@action("hall.counters.ticket_finish", permission=SERVE)
def ticket_finish(window_id: int, *, now: datetime, ticket_id: int | None = None) -> TicketView:
    """Finish the visit at this window (办理完毕)."""
    row = _in_hand(window_id, data.IN_HAND, ticket_id)
    return _ended(row, "finish", now=now)


@action("hall.counters.ticket_skip", permission=SERVE)
def ticket_skip(window_id: int, *, now: datetime, ticket_id: int | None = None) -> TicketView:
    """Go on to others because nobody came (过号); the person may report at the desk and wait again."""
    return _ended(_in_hand(window_id, (data.CALLED,), ticket_id), "skip", now=now)


@action("hall.counters.ticket_no_answer", permission=SERVE)
def ticket_no_answer(window_id: int, *, now: datetime, ticket_id: int | None = None) -> TicketView:
    """End a ticket because nobody came (未到) however often it was called. Raises TicketStateWrong before."""
    row = _in_hand(window_id, (data.CALLED,), ticket_id)
    if row.calls < hall_rules(row.hall).no_answer_after:
        raise TicketStateWrong()
    return _ended(row, "no_answer", now=now)


def _ended(row: Ticket, act: str, *, now: datetime) -> TicketView:
    _call_end(row, rules.state_after(row.state, act), now=now)
    row.state = rules.state_after(row.state, act)
    row.ended_at = None if row.state == data.SKIPPED else now
    row.save(update_fields=["state", "ended_at"])
    if row.state == data.SKIPPED:
        _announce("ticket.missed", row)
    return _audited(row, act)


@action("hall.counters.ticket_transfer", permission=SERVE)
def ticket_transfer(
    window_id: int, *, queue_id: int, now: datetime, ticket_id: int | None = None
) -> TicketView:
    """Send somebody on to another queue of the hall (转号) under the same number; the wait so far counts there.

    Raises QueueClosed, TicketStateWrong.
    """
    row = _in_hand(window_id, data.IN_HAND, ticket_id)
    queue = Queue.objects.filter(pk=queue_id, hall_id=row.hall_id, is_open=True).first()
    if queue is None or queue.pk == row.queue_id:
        raise QueueClosed()
    _call_end(row, "TRANSFERRED", now=now)
    # Whoever is sent on goes before those who took a ticket later than they did (转号不重新排队).
    row.state, row.window, row.queue, row.ready_at = data.WAITING, None, queue, now
    row.further = [one for one in row.further if one != queue_id]
    row.started_at = row.called_at = None
    row.is_told = False
    forecast = forecast_of(hall_state(row.hall, now=now), queue_id, order_at=row.order_at)
    row.forecast = forecast_dump(forecast)
    row.save(
        update_fields=[
            *("state", "window", "queue", "ready_at", "further", "started_at", "called_at"),
            *("is_told", "forecast"),
        ]
    )
    return _audited(row, "transfer")


def _call_end(row: Ticket, outcome: str, *, now: datetime) -> None:
    call = TicketCall.objects.get(ticket=row, ended_at__isnull=True)
    call.ended_at, call.outcome = now, outcome
    call.busy_seconds = _seconds(now - call.called_at)
    if outcome in (data.DONE, "TRANSFERRED"):
        call.service_seconds = _seconds(now - (call.started_at or call.called_at))
    call.save(update_fields=["ended_at", "outcome", "busy_seconds", "service_seconds"])


def _in_hand(window_id: int, states: tuple[str, ...], ticket_id: int | None) -> Ticket:
    """Lock what the window has in hand; `ticket_id` is what the clerk saw there, so that a second press finds nothing."""
    window = _window(window_id)
    _mine(window)
    rows = ticket_rows("窗口").select_for_update(of=("self",))
    row = rows.filter(window=window, state__in=states).first()
    if row is None or ticket_id not in (None, row.pk):
        raise TicketStateWrong()
    return row


def _seconds(span: timedelta) -> int:
    return max(0, round(span.total_seconds()))


def _audited(row: Ticket, act: str) -> TicketView:
    audit_record(
        f"ticket:{row.pk}",
        person_ref=person_ref_of(row.holder_ref),
        detail={"act": act, "state": row.state, "window": row.window_id, "calls": row.calls},
    )
    return ticket_view(row, shows_person=True)


def _announce(topic: str, row: Ticket) -> None:
    if not row.account_id:
        return
    event_publish(
        topic,
        {
            "ticket_id": row.pk,
            "code": row.code,
            "number": row.label,
            "title": row.hall.title,
            "place": row.window.number if row.window else "",
            "account_id": row.account_id,
        },
        key=f"ticket:{row.pk}",
    )
