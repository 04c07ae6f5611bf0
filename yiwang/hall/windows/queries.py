"""Reads of windows, visits, takings and papers (窗口查询). A clerk sees their own visits and no others'."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from yiwang.engines.api import search
from yiwang.hall.applications.queries.filed import visit_draft_list
from yiwang.hall.bundles.data import BundleView
from yiwang.hall.bundles.queries.bundles import bundle_get, bundle_list
from yiwang.hall.counters.data import TicketView
from yiwang.hall.counters.queries.tickets import ticket_in_hand
from yiwang.hall.counters.visits import OpenVisit
from yiwang.hall.matters.data import MatterFilter, MatterView
from yiwang.hall.matters.queries import matter_get, matter_list
from yiwang.hall.ratings.queries import place_counts, rating_of
from yiwang.hall.windows.data import (
    PURPOSE,
    RATING_LIFE,
    TABLET_WAIT,
    HandOverView,
    OriginalView,
    TakingView,
    VisitView,
    WindowCount,
    WindowView,
)
from yiwang.hall.windows.errors import (
    HandOverNotFound,
    RatingCodeWrong,
    VisitNotFound,
    VisitOver,
    WindowNotFound,
    WindowNotYours,
)
from yiwang.hall.windows.models import HandOver, Original, Taking, Visit, Window
from yiwang.hall.windows.rules import anywhere_by_default, is_for, is_takeable
from yiwang.identity.api import (
    account_list,
    data_scope,
    department_list,
    field_equals,
    of_context,
)
from yiwang.kernel.api import context_get
from yiwang.sdk.identifiers import normalise

SERVE = "hall.windows.serve"
RECEIVE = "hall.windows.receive"
MANAGE = "hall.windows.manage"
STATISTICS = "hall.windows.statistics"
OWN_VISIT = field_equals("clerk_id", of_context("account_id"))
MATTERS_SHOWN = 500


# --- windows and what they take ------------------------------------------------------------------


def window_view(row: Window, names: Mapping[int, str] | None = None) -> WindowView:
    """Turn a window's row into what others see."""
    known = names if names is not None else department_names([row.department_id])
    return WindowView(
        id=row.pk,
        code=row.code,
        title=row.title,
        kind=row.kind,
        department_id=row.department_id,
        department_name=known.get(row.department_id, ""),
        area_code=row.area_code,
        address=row.address,
        matters=tuple(row.matters),
        is_open=row.is_open,
    )


def department_names(ids: Iterable[int]) -> dict[int, str]:
    """Return the names of departments by id (部门名称)."""
    wanted = set(ids)
    return {one.id: one.name for one in department_list() if one.id in wanted}


def window_row(code: str) -> Window:
    """Return the row of an open window, for this room. Raises WindowNotFound."""
    row = Window.objects.filter(code=code, is_open=True).first()
    if row is None:
        raise WindowNotFound()
    return row


def window_get(code: str) -> WindowView:
    """Return an open window (服务窗口). Raises WindowNotFound."""
    return window_view(window_row(code))


def window_list(
    *, area_code: str = "", matter_code: str = "", only_open: bool = True
) -> list[WindowView]:
    """List windows (服务窗口), of an area and below it, that take a matter (通办窗口)."""
    rows = Window.objects.order_by("area_code", "code")
    if only_open:
        rows = rows.filter(is_open=True)
    if area_code:
        rows = rows.filter(area_code__startswith=area_code.rstrip("0") or area_code)
    found = list(rows)
    names = department_names(row.department_id for row in found)
    views = [window_view(row, names) for row in found]
    if not matter_code:
        return views
    matter = matter_get(matter_code)
    return [view for view in views if matter_takeable(matter, view)]


def own_window_list() -> list[WindowView]:
    """List the open windows of the acting clerk's own department (本单位窗口)."""
    rows = Window.objects.filter(is_open=True, department_id=context_get().department_id)
    found = list(rows.order_by("code"))
    names = department_names(row.department_id for row in found)
    return [window_view(row, names) for row in found]


def own_window_row(code: str) -> Window:
    """Return the row of a window that the acting post serves. Raises WindowNotFound, WindowNotYours."""
    row = window_row(code)
    if row.department_id != context_get().department_id:
        raise WindowNotYours()
    return row


def matter_anywhere(matter: MatterView) -> bool:
    """Tell whether a matter is taken all over the city (是否全市通办): what it says, else by the rule."""
    spec = matter.spec
    if spec.anywhere is not None:
        return spec.anywhere
    return anywhere_by_default(
        handling_forms=spec.handling_forms,
        service_objects=spec.service_objects,
        branches=len(spec.parallel),
        visits=spec.visits,
    )


def matter_takeable(matter: MatterView, window: WindowView) -> bool:
    """Tell whether a window takes a matter (窗口能否受理)."""
    return is_takeable(
        kind=window.kind,
        only=window.matters,
        code=matter.code,
        can_apply=matter.can_apply,
        anywhere=matter_anywhere(matter),
    )


def takeable_list(
    window: WindowView, *, text: str = "", kind: str = "", limit: int = MATTERS_SHOWN
) -> list:
    """List the matters that a window takes (可受理事项), those found by a text, or the most asked for.

    kind: person or enterprise, for only those that such an applicant may ask for; "" for all.
    """
    if text.strip():
        hits = search(text.strip()[:100], kinds=["matter"], limit=60).hits
        codes = [hit.ref for hit in hits]
    else:
        rows = matter_list(MatterFilter(kind="APPLY"), limit=MATTERS_SHOWN).rows
        codes = [row.code for row in rows]
    found = (matter_get(code) for code in codes)
    return [
        matter
        for matter in found
        if matter_takeable(matter, window) and is_for(kind, matter.spec.service_objects)
    ][:limit]


def bundle_takeable(bundle: BundleView, window: WindowView) -> bool:
    """Tell whether a window takes a bundle (窗口能否受理一件事): each of its matters."""
    return all(matter_takeable(matter, window) for matter in bundle.matters.values())


def bundle_takeable_list(window: WindowView, *, kind: str) -> list[BundleView]:
    """List the bundles that a window takes for an applicant of a kind (可受理一件事)."""
    found = [bundle_get(row.key) for row in bundle_list() if row.kind == kind]
    return [one for one in found if bundle_takeable(one, window)]


# --- visits --------------------------------------------------------------------------------------


def visit_rows(purpose: str = PURPOSE) -> QuerySet[Visit]:
    """Return all visits for a stated purpose (使用目的); the caller narrows them down."""
    with data_scope(purpose=purpose):
        return Visit.objects.select_related("window")


def visit_view(row: Visit) -> VisitView:
    """Turn a visit's row into what its clerk sees."""
    return VisitView(
        id=row.pk,
        number=row.number,
        window=window_view(row.window),
        clerk_id=row.clerk_id,
        clerk_name=row.clerk_name,
        visitor_ref=row.visitor_ref,
        visitor_name=row.visitor_name,
        applicant_ref=row.applicant_ref,
        applicant_name=row.applicant_name,
        purpose=row.purpose,
        rating_code=row.rating_code,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        rating_asked_at=row.rating_asked_at,
        ticket_id=row.ticket_id,
    )


def own_visit_get(number: str, *, now: datetime) -> VisitView:
    """Return the acting clerk's visit (本人接待的来访) while it lasts.

    Raises VisitNotFound, and VisitOver once it is over: then nothing of the visitor is shown any more.
    """
    row = visit_rows().filter(OWN_VISIT.filter(context_get()), number=number).first()
    if row is None:
        raise VisitNotFound()
    view = visit_view(row)
    if not view.is_open(now):
        raise VisitOver()
    return view


def own_visit_list(*, now: datetime) -> list[VisitView]:
    """List the acting clerk's visits that are still open (进行中的来访)."""
    rows = visit_rows().filter(
        OWN_VISIT.filter(context_get()), ended_at__isnull=True, expires_at__gt=now
    )
    return [visit_view(row) for row in rows.order_by("-pk")]


def visit_check(visit_id: int, applicant_ref: str, *, delegated: bool = False) -> int | None:
    """Raise `VisitOver` unless the acting clerk may still act for this applicant (来访是否有效).

    delegated: the applicant lets the visitor act; the caller checks that. Returns the visitor's account.
    """
    row = visit_rows().filter(OWN_VISIT.filter(context_get()), pk=visit_id).first()
    if row is None or not (delegated or row.applicant_ref == applicant_ref):
        raise VisitOver()
    if not visit_view(row).is_open(timezone.now()):
        raise VisitOver()
    return citizen_account(row.visitor_ref) if delegated else None


def citizen_account(ref: str) -> int | None:
    """Return the account of a citizen (公民账户), None without one."""
    found = account_list(subject_ref=ref) if ref else ()
    return next((one.id for one in found if one.population == "CITIZEN"), None)


def ticket_of_visit(visit: VisitView) -> TicketView | None:
    """Return the ticket of a visit while its clerk has it in hand (来访号票), else None."""
    ticket = ticket_in_hand(visit.clerk_id)
    return ticket if ticket is not None and ticket.id == visit.ticket_id else None


def visit_of_ticket(ticket_id: int, now: datetime) -> OpenVisit | None:
    """Return the acting clerk's open visit of a ticket (号票对应来访), for the counter screen."""
    found = next((one for one in own_visit_list(now=now) if one.ticket_id == ticket_id), None)
    if found is None:
        return None
    page = reverse("hall_windows:visit", args=[found.number])
    return OpenVisit(found.number, page, found.applicant_name, len(visit_draft_list(found.id)))


def visit_page(visit_id: int, number: str) -> str:
    """Return where the clerk goes on (后续页面): the printed receipt, or the visit's page."""
    visit = visit_rows().filter(pk=visit_id).first()
    if visit is None:
        return reverse("hall_windows:desk")
    if number:
        return reverse("hall_windows:receipt", args=[visit.number, number])
    return reverse("hall_windows:visit", args=[visit.number])


def visit_subject(number: str) -> str:
    """Return what a rating of a visit is about (评价对象)."""
    return f"visit:{number}"


def visit_by_code(code: str, *, now: datetime) -> VisitView:
    """Find the visit that a code on a receipt belongs to (评价码). Raises RatingCodeWrong."""
    row = visit_rows("现场评价").filter(rating_code=normalise(code)[:12]).first()
    if row is None or row.opened_at + RATING_LIFE < now:
        raise RatingCodeWrong()
    return visit_view(row)


def visit_at_tablet(key: str, *, now: datetime) -> tuple[WindowView, VisitView | None]:
    """Return the window of a tablet and the visit that it may rate now (评价器). Raises WindowNotFound."""
    window = Window.objects.filter(evaluator_key=key, is_open=True).first()
    if window is None:
        raise WindowNotFound()
    row = (
        visit_rows("现场评价")
        .filter(window=window, rating_asked_at__gt=now - TABLET_WAIT)
        .order_by("-rating_asked_at")
        .first()
    )
    if row is None or rating_of(visit_subject(row.number)) is not None:
        return window_view(window), None
    return window_view(window), visit_view(row)


# --- takings and papers --------------------------------------------------------------------------


def taking_list(visit_number: str) -> list[TakingView]:
    """List what was taken in at a visit (本次收件), for its clerk; the caller has checked the visit."""
    rows = Taking.objects.filter(visit__number=visit_number).select_related("visit").order_by("pk")
    return _takings(rows)


def taking_get(visit_number: str, number: str) -> TakingView:
    """Return one taking of a visit (收件). Raises VisitNotFound."""
    found = next((one for one in taking_list(visit_number) if one.number == number), None)
    if found is None:
        raise VisitNotFound()
    return found


def _takings(rows: QuerySet[Taking]) -> list[TakingView]:
    found = list(rows)
    names = department_names(row.department_id for row in found)
    papers: dict[int, list[OriginalView]] = {}
    for paper in Original.objects.filter(taking__in=found).select_related("taking").order_by("pk"):
        papers.setdefault(paper.taking_id, []).append(original_view(paper))
    return [
        TakingView(
            number=row.number,
            query_code=row.query_code,
            receipt_hash=row.receipt_hash,
            visit_number=row.visit.number,
            window_id=row.window_id,
            title=row.title,
            department_id=row.department_id,
            department_name=names.get(row.department_id, ""),
            is_elsewhere=row.is_elsewhere,
            taken_at=row.taken_at,
            delegation_id=row.delegation_id,
            originals=tuple(papers.get(row.pk, ())),
        )
        for row in found
    ]


def original_view(row: Original) -> OriginalView:
    """Turn a paper's row (with its taking) into what others see."""
    return OriginalView(
        id=row.pk,
        number=row.taking.number,
        matter=row.taking.title,
        title=row.title,
        copies=row.copies,
        is_copy=row.is_copy,
        state=row.state,
    )


def held_counts(window_code: str) -> list[tuple[int, str, int]]:
    """Count the papers at a window for each department (待移交材料): id, name, papers; most first."""
    rows = (
        Original.objects.filter(state="HELD", taking__window__code=window_code)
        .values_list("taking__department_id")
        .annotate(papers=Count("pk"))
        .order_by("-papers", "taking__department_id")
    )
    counts = dict(rows)
    names = department_names(counts)
    return [(key, names.get(key, ""), count) for key, count in counts.items()]


def hand_over_rows() -> QuerySet[HandOver]:
    """Return the lists that the acting officer may see (可见交接单): from or to their departments."""
    context = context_get()
    mine = Q(department_id__in=context.department_ids) | Q(
        window__department_id=context.department_id
    )
    return HandOver.objects.filter(mine).select_related("window")


def hand_over_list(*, state: str = "", limit: int = 20, offset: int = 0) -> list[HandOverView]:
    """List hand-over lists (材料交接单), those not yet signed for first; state OPEN or RECEIVED."""
    rows = list(_by_state(state).order_by("received_at", "-pk")[offset : offset + limit])
    names = department_names(row.department_id for row in rows)
    return [hand_over_view(row, names) for row in rows]


def hand_over_count(*, state: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _by_state(state)[:cap].count()


def _by_state(state: str) -> QuerySet[HandOver]:
    rows = hand_over_rows()
    return rows.filter(received_at__isnull=state == "OPEN") if state else rows


def hand_over_get(number: str) -> HandOverView:
    """Return a list with its papers (材料交接单). Raises HandOverNotFound."""
    row = hand_over_rows().filter(number=number).first()
    if row is None:
        raise HandOverNotFound()
    items = row.items.select_related("taking").order_by("pk")
    view = hand_over_view(row, department_names([row.department_id]))
    return _with_items(view, tuple(original_view(item) for item in items))


def _with_items(view: HandOverView, items: tuple[OriginalView, ...]) -> HandOverView:
    values = {name: getattr(view, name) for name in view.__dataclass_fields__}
    return HandOverView(**{**values, "items": items})


def hand_over_view(row: HandOver, names: Mapping[int, str]) -> HandOverView:
    """Turn a list's row into what both sides see, without its papers."""
    return HandOverView(
        id=row.pk,
        number=row.number,
        window=window_view(row.window),
        department_id=row.department_id,
        department_name=names.get(row.department_id, ""),
        handed_by=row.handed_by,
        handed_at=row.handed_at,
        received_by=row.received_by,
        received_at=row.received_at,
        note=row.note,
    )


# --- statistics ----------------------------------------------------------------------------------


def window_counts(*, since: datetime, until: datetime) -> list[WindowCount]:
    """Count what each window did in [since, until) (窗口统计), the busiest first.

    A supervisor sees the whole city, others the windows of their departments.
    """
    context = context_get()
    windows = Window.objects.all()
    if "SUPERVISOR" not in context.roles and context.population != "SYSTEM":
        windows = windows.filter(department_id__in=context.department_ids)
    found = list(windows.order_by("code"))
    visits = _counted(visit_rows("窗口统计").filter(opened_at__gte=since, opened_at__lt=until))
    takings = Taking.objects.filter(taken_at__gte=since, taken_at__lt=until)
    taken, elsewhere = _counted(takings), _counted(takings.filter(is_elsewhere=True))
    ratings = place_counts(since=since, until=until)
    names = department_names(row.department_id for row in found)
    counts = [
        WindowCount(
            window_view(row, names),
            visits.get(row.pk, 0),
            taken.get(row.pk, 0),
            elsewhere.get(row.pk, 0),
            *ratings.get(row.code, (0, 0)),
        )
        for row in found
    ]
    return sorted(counts, key=lambda one: (-one.takings, -one.visits, one.window.code))


def _counted(rows: QuerySet) -> dict[int, int]:
    return dict(rows.order_by().values_list("window_id").annotate(Count("pk")))


def tablet_keys() -> dict[str, str]:
    """Return the key of each window's tablet (评价器地址), for who sets windows up."""
    return dict(Window.objects.values_list("code", "evaluator_key"))
