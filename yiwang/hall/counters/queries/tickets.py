"""Reads of tickets and windows (号票、窗口查询)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from yiwang.hall.counters import data
from yiwang.hall.counters.data import TicketView, WindowView
from yiwang.hall.counters.errors import TicketNotFound, WindowNotFound
from yiwang.hall.counters.models import Ticket, Window
from yiwang.hall.counters.queries.forecasts import forecast_load, forecast_of, hall_state
from yiwang.hall.counters.queries.halls import SERVE, hall_rows_staffed
from yiwang.hall.counters.speech import call_spoken
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_get
from yiwang.sdk.masking import mask_name


@dataclass(frozen=True, slots=True)
class DisplayLine:
    """One line on the display of a hall (大屏): a number, a masked name, a window.

    key: of this call; another call of the same ticket has another one.
    """

    label: str
    name: str
    window: str
    is_new: bool
    state: str
    key: str

    def say(self, language: str) -> str:
        """Return what is read out (叫号语)."""
        return call_spoken(self.label, self.window, language)


def ticket_rows(reason: str) -> QuerySet[Ticket]:
    """Return all tickets, inside a scope of their own: whoever calls narrows them (号票)."""
    context = context_get()
    with data_scope(purpose=context.purpose or "大厅排队", reason=reason):
        related = ("hall", "queue", "window", "priority")
        return Ticket.objects.select_related(*related)


def ticket_by_code(code: str, *, now: datetime) -> TicketView:
    """Return a ticket by the code of its page (手机号票): nothing personal, its forecast as of now.

    Raises `TicketNotFound`.
    """
    row = ticket_rows(f"ticket:{code[:16]}").filter(code=code[:16]).first()
    if row is None:
        raise TicketNotFound()
    view = ticket_view(row)
    if row.state != data.WAITING or row.day != timezone.localdate(now):
        return view
    state = hall_state(row.hall, now=now)
    mine = forecast_of(state, row.queue_id, order_at=row.order_at, ticket_id=row.pk)
    return replace(view, forecast=mine, ahead=_ahead(row))


def _ahead(row: Ticket) -> int:
    """Count who is called before a waiting ticket in its own queue (前面人数)."""
    before = Q(order_at__lt=row.order_at) | Q(order_at=row.order_at, pk__lt=row.pk)
    rows = ticket_rows(row.label).filter(queue_id=row.queue_id, state=data.WAITING, day=row.day)
    return rows.filter(before).count()


def ticket_mine(hall_id: int, *, now: datetime) -> TicketView | None:
    """Return the ticket that the acting person holds in a hall today (本人号票), None without one."""
    holder = context_get().subject_ref
    if not holder:
        return None
    rows = ticket_rows("本人号票").filter(hall_id=hall_id, day=timezone.localdate(now))
    row = rows.filter(holder_ref=holder, state__in=data.PRESENT).first()
    return ticket_view(row) if row else None


def ticket_of_appointment(appointment_id: int) -> TicketView | None:
    """Return the ticket that an appointment became (预约号票), None before its holder checked in."""
    row = ticket_rows("预约号票").filter(appointment_id=appointment_id).first()
    return ticket_view(row) if row else None


def ticket_in_hand(account_id: int) -> TicketView | None:
    """Return the ticket that a clerk has at the window (窗口当前号票), with who it is; None without one."""
    rows = ticket_rows("窗口当前号票").filter(window__clerk_id=account_id, state__in=data.IN_HAND)
    row = rows.first()
    return ticket_view(row, shows_person=True) if row else None


def ticket_staff_list(
    hall_id: int, *, now: datetime, states: Iterable[str] = (data.WAITING,)
) -> list[TicketView]:
    """List today's tickets of a hall for its staff (当日号票), in the order of calling."""
    rows = ticket_rows("大厅排队").filter(
        hall_id=hall_id, day=timezone.localdate(now), state__in=list(states)
    )
    rows = rows.filter(hall__in=hall_rows_staffed())
    return [ticket_view(row, shows_person=True) for row in rows.order_by("order_at", "pk")[:500]]


def display_list(hall_id: int, *, now: datetime, limit: int = 12) -> list[DisplayLine]:
    """List who is called where (叫号大屏), the latest call first: numbers, windows and masked names only."""
    rows = ticket_rows("叫号大屏").filter(
        hall_id=hall_id, day=timezone.localdate(now), state__in=data.IN_HAND
    )
    fresh = now - timedelta(seconds=30)
    return [
        DisplayLine(
            row.label,
            mask_name(row.name),
            row.window.number,
            row.called_at > fresh,
            row.state,
            f"{row.label}-{row.window.number}-{row.calls}",
        )
        for row in rows.order_by("-called_at", "-pk")[:limit]
    ]


def missed_list(hall_id: int, *, now: datetime, limit: int = 8) -> list[str]:
    """List the numbers that missed their call today (过号), the latest first."""
    rows = ticket_rows("过号").filter(hall_id=hall_id, day=timezone.localdate(now))
    return list(
        rows.filter(state=data.SKIPPED)
        .order_by("-called_at")
        .values_list("label", flat=True)[:limit]
    )


def ticket_view(row: Ticket, *, shows_person: bool = False) -> TicketView:
    """Turn a row into what others see; who it is only for staff who serve it."""
    return TicketView(
        id=row.pk,
        code=row.code,
        label=row.label,
        hall_id=row.hall_id,
        hall_title=row.hall.title,
        hall_code=row.hall.code,
        queue_id=row.queue_id,
        queue_title=row.queue.title,
        state=row.state,
        channel=row.channel,
        priority=row.priority.title if row.priority else {},
        proof=row.priority.proof if row.priority else {},
        name=row.name if shows_person else mask_name(row.name),
        phone=row.phone if shows_person else "",
        holder_ref=row.holder_ref if shows_person else "",
        account_id=row.account_id if shows_person else None,
        appointment_id=row.appointment_id,
        matters=tuple(row.matters),
        further=tuple(row.further),
        applications=tuple(row.applications),
        window_id=row.window_id,
        window=row.window.number if row.window else "",
        calls=row.calls,
        rating_code=row.rating_code,
        issued_at=row.issued_at,
        ready_at=row.ready_at,
        called_at=row.called_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        forecast=forecast_load(row.forecast),
    )


def window_rows() -> QuerySet[Window]:
    """Return the windows that the acting person may open (可用窗口): those of their departments."""
    context = context_get()
    rows = Window.objects.select_related("hall").filter(is_in_use=True, hall__is_open=True)
    if context.population == "SYSTEM":
        return rows
    if not context.may(SERVE):
        return rows.none()
    return rows.filter(department_id__in=context.department_ids)


def window_get(window_id: int) -> WindowView:
    """Return a window of the acting person's departments with its ticket. Raises `WindowNotFound`."""
    row = window_rows().filter(pk=window_id).prefetch_related("skills").first()
    if row is None:
        raise WindowNotFound()
    return replace(window_view(row), ticket=_at_window(row))


def _at_window(row: Window) -> TicketView | None:
    if row.clerk_id is None or row.clerk_id != context_get().account_id:
        return None
    return ticket_in_hand(row.clerk_id)


def window_list() -> list[tuple[WindowView, data.Text]]:
    """List the windows that the acting person may open (可用窗口), each with the title of its hall."""
    rows = window_rows().prefetch_related("skills").order_by("hall__code", "number")
    return [(window_view(row), row.hall.title) for row in rows]


def window_of_hall_list(hall_id: int) -> list[WindowView]:
    """List all windows of a hall (大厅窗口); whoever calls has checked that the hall is theirs."""
    rows = Window.objects.filter(hall_id=hall_id).prefetch_related("skills").order_by("number")
    return [window_view(row) for row in rows]


def window_view(row: Window) -> WindowView:
    """Turn a row into what others see."""
    return WindowView(
        id=row.pk,
        hall_id=row.hall_id,
        number=row.number,
        title=row.title,
        department_id=row.department_id,
        state=row.state,
        reason=row.reason,
        clerk_id=row.clerk_id,
        clerk_name=row.clerk_name,
        skills=tuple(sorted(skill.queue_id for skill in row.skills.all())),
        opened_at=row.opened_at,
    )
