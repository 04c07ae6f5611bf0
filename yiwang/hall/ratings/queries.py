"""Reads of ratings (好差评查询). Departments see their own, without the rater; everyone sees the ranking."""

from datetime import datetime

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Now

from yiwang.hall.ratings import data
from yiwang.hall.ratings.data import RankRow, RatingCaseView, RatingView
from yiwang.hall.ratings.errors import RatingNotFound
from yiwang.hall.ratings.models import Rating, RatingCase
from yiwang.identity.api import Rule, data_scope, department_list, field_in
from yiwang.kernel.api import context_get

HANDLE = "hall.ratings.handle"
DECIDE = "hall.ratings.decide"
DEPARTMENT_RULE: Rule = field_in("department_id", "department_ids")
RANKED = ("counted", "satisfied", "bad", "rectified", "overdue", "not_counted")


def case_rows() -> QuerySet[RatingCase]:
    """Return the cases that the acting person may see (可见差评): their departments', for those who decide
    also every one under appeal or decided."""
    context = context_get()
    if context.population == "SYSTEM":
        return RatingCase.objects.all()
    visible = DEPARTMENT_RULE.filter(context)
    if context.may(DECIDE):
        visible |= Q(state="APPEALED") | ~Q(decision="")
    return RatingCase.objects.filter(visible)


def case_list(*, state: str = "", limit: int = 20, offset: int = 0) -> list[RatingCaseView]:
    """List bad ratings to be dealt with (差评整改), the soonest due first."""
    with data_scope(purpose="差评整改", reason="列表"):
        rows = _cases(state).select_related("rating")
        return [case_view(row) for row in rows[offset : offset + limit]]


def case_count(*, state: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _cases(state)[:cap].count()


def _cases(state: str) -> QuerySet[RatingCase]:
    rows = case_rows().order_by("rectified_at", "rectify_due_at", "pk")
    return rows.filter(state=state) if state else rows


def case_get(case_id: int) -> RatingCaseView:
    """Return a case that the acting person may see. Raises `RatingNotFound`."""
    with data_scope(purpose="差评整改", reason=f"case:{case_id}"):
        row = case_rows().select_related("rating").filter(pk=case_id).first()
        if row is None:
            raise RatingNotFound()
        return case_view(row)


def rating_of(subject: str) -> RatingView | None:
    """Return the rating of a subject (评价), for whoever owns the subject."""
    with data_scope(purpose="服务评价", reason=subject):
        row = Rating.objects.filter(subject=subject).first()
    return rating_view(row) if row else None


def case_of(subject: str) -> RatingCaseView | None:
    """Return the case that a subject's bad rating opened (整改情况), for whoever owns the subject."""
    with data_scope(purpose="服务评价", reason=subject):
        row = RatingCase.objects.select_related("rating").filter(rating__subject=subject).first()
        return case_view(row) if row else None


def place_counts(*, since: datetime, until: datetime) -> dict[str, tuple[int, int]]:
    """Count the ratings given at each window in [since, until) (窗口评价统计): place: (counted, satisfied)."""
    good = [level for level in data.LEVELS if level not in data.BAD]
    with data_scope(purpose="好差评统计", reason="窗口"):
        rows = list(
            Rating.objects.filter(at__gte=since, at__lt=until, is_counted=True)
            .exclude(place="")
            .values_list("place")
            .annotate(counted=Count("pk"), satisfied=Count("pk", filter=Q(level__in=good)))
        )
    return {place: (counted, satisfied) for place, counted, satisfied in rows}


def ranking(*, since: datetime, until: datetime) -> list[RankRow]:
    """Rank the departments (排行榜) by their share of satisfied ratings given in [since, until).

    Mistaken ratings and those left out are not counted, how many is said. Departments without any
    come last; equal shares: more ratings first.
    """
    counted = Q(is_counted=True)
    good = [level for level in data.LEVELS if level not in data.BAD]
    with data_scope(purpose="好差评统计", reason="排行"):
        rows = (
            Rating.objects.filter(at__gte=since, at__lt=until)
            .values("department_id")
            .annotate(
                counted=Count("pk", filter=counted),
                satisfied=Count("pk", filter=counted & Q(level__in=good)),
                bad=Count("pk", filter=counted & Q(level__in=data.BAD)),
                rectified=Count("pk", filter=Q(case__state="RECTIFIED")),
                overdue=Count("pk", filter=_overdue()),
                not_counted=Count("pk", filter=~counted),
            )
        )
        found = list(rows)
    names = {one.id: one.name for one in department_list()}
    found.sort(
        key=lambda row: (
            -(row["satisfied"] / row["counted"]) if row["counted"] else 1,
            -row["counted"],
            row["department_id"],
        )
    )
    return [
        RankRow(
            place,
            row["department_id"],
            names.get(row["department_id"], ""),
            *(row[name] for name in RANKED),
        )
        for place, row in enumerate(found, start=1)
    ]


def _overdue() -> Q:
    late = Q(case__rectified_at__isnull=True, case__rectify_due_at__lt=Now())
    after = Q(case__rectified_at__gt=F("case__rectify_due_at"))
    return (late & ~Q(case__state="MISTAKEN") | after) & Q(case__isnull=False)


def rating_view(row: Rating) -> RatingView:
    """Turn a row into what others see, without who gave it."""
    return RatingView(
        id=row.pk,
        subject=row.subject,
        channel=row.channel,
        title=row.title,
        department_id=row.department_id,
        level=row.level,
        indicators=row.indicators,
        text=row.text,
        is_counted=row.is_counted,
        follow_up=row.follow_up,
        at=row.at,
    )


def case_view(row: RatingCase) -> RatingCaseView:
    """Turn a case's row (with its rating) into what others see."""
    return RatingCaseView(
        id=row.pk,
        rating=rating_view(row.rating),
        state=row.state,
        contact_due_at=row.contact_due_at,
        rectify_due_at=row.rectify_due_at,
        contacted_at=row.contacted_at,
        contact_note=row.contact_note,
        rectified_at=row.rectified_at,
        measures=row.measures,
        appeal=row.appeal,
        decision=row.decision,
    )
