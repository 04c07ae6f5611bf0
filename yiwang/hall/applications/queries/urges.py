"""Reads about urging (催办查询): may one, who was urged, what came of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from yiwang.engines.api import WorkItemView, work_item_list
from yiwang.hall.applications.errors import (
    AlreadyEnded,
    HandlingSuspended,
    NothingToUrge,
    UrgedBefore,
    WaitsForYou,
)
from yiwang.hall.applications.models import (
    Application,
    ApplicationOpinion,
    ApplicationUrge,
    Correction,
)
from yiwang.hall.applications.rules import END_STATES, STATE_LABELS
from yiwang.identity.api import field_in
from yiwang.kernel.api import context_get
from yiwang.sdk.errors import YiwangError

SEE = "hall.applications.see_urges"
SUPERVISED = ("YELLOW", "RED")
"""Urged while the step is due within a day, or late: that is for the supervisors (电子监察)."""

REFUSALS = (AlreadyEnded, HandlingSuspended, NothingToUrge, UrgedBefore, WaitsForYou)
ITEMS = 100
BELOW = field_in("department_id", "department_ids")


@dataclass(frozen=True, slots=True)
class UrgeMark:
    """That an open step was urged (催办标记): how often, when last, with what words."""

    times: int
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class UrgeState:
    """Whether one may urge now (能否催办): why not in words, else {}; when it was done last."""

    may: bool
    refusal: YiwangError | None
    marks: tuple[UrgeMark, ...]


def urge_every() -> timedelta:
    """Return after what time one may urge again (催办间隔); the city's rule."""
    return timedelta(hours=settings.URGE_HOURS)


def urge_check(application: Application, *, now: datetime) -> list[WorkItemView]:
    """Return the open steps that may be urged; raises why nobody can be (不能催办的原因)."""
    if application.state in END_STATES:
        label = {"zh": application.get_state_display(), "en": STATE_LABELS[application.state]}
        raise AlreadyEnded(state=label)
    if application.state == "SUSPENDED":
        raise HandlingSuspended()
    last = application.urges.order_by("-at").values_list("at", flat=True).first()
    if last is not None and now < last + urge_every():
        raise UrgedBefore(last=_moment(last), after=_moment(last + urge_every()))
    key = f"application:{application.number}"
    items = work_item_list(business_key=key, states=("READY", "CLAIMED"), limit=ITEMS)
    if not items:
        raise WaitsForYou() if application.state == "CORRECTION" else NothingToUrge()
    return items


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def urge_state(application: Application, *, now: datetime) -> UrgeState:
    """Tell whether one's application may be urged (能否催办)."""
    found: dict[datetime, list[str]] = {}
    for at, note in application.urges.order_by("at").values_list("at", "note"):
        found.setdefault(at, []).append(note)
    marks = tuple(UrgeMark(len(notes), at, notes[0]) for at, notes in found.items())
    try:
        urge_check(application, now=now)
    except REFUSALS as refusal:
        return UrgeState(False, refusal, marks)
    return UrgeState(True, None, marks)


def urged_items(item_ids: Collection[int]) -> dict[int, UrgeMark]:
    """Return which of some open steps were urged (被催办的工作项), for lists of work."""
    marks: dict[int, UrgeMark] = {}
    rows = ApplicationUrge.objects.filter(work_item_id__in=list(item_ids)).order_by("at", "pk")
    for item_id, at, note in rows.values_list("work_item_id", "at", "note"):
        times = marks[item_id].times + 1 if item_id in marks else 1
        marks[item_id] = UrgeMark(times, at, note)
    return marks


def urge_rows() -> QuerySet[ApplicationUrge]:
    """Return urgings for a list (催办清单): supervisors see the city's, heads their departments' own.

    Each with `done_at`: when that step was concluded or a correction asked for after it; None while it is open.
    """
    context = context_get()
    rows = ApplicationUrge.objects.select_related("application", "department").order_by("-pk")
    if "SUPERVISOR" not in context.roles:
        rows = rows.filter(BELOW.filter(context))
    concluded = ApplicationOpinion.objects.filter(work_item_id=OuterRef("work_item_id"))
    asked = Correction.objects.filter(
        work_item_id=OuterRef("work_item_id"), requested_at__gt=OuterRef("at")
    )
    return rows.annotate(
        concluded_at=Subquery(concluded.values("at")[:1]),
        asked_at=Subquery(asked.order_by("requested_at").values("requested_at")[:1]),
    )
