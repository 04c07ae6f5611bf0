"""Reads of supervision (电子监察): rules in force, cards, board, scores."""

from collections.abc import Mapping
from datetime import date, datetime, time

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from yiwang.hall.supervision.data import (
    APPEALED,
    KEPT,
    OPEN,
    RED,
    YELLOW,
    RuleView,
    Score,
)
from yiwang.hall.supervision.errors import CardNotFound
from yiwang.hall.supervision.models import (
    BoardCell,
    SupervisionCard,
    SupervisionLetter,
    SupervisionRule,
)
from yiwang.hall.supervision.rules import quarter_span, scores_make
from yiwang.kernel.api import RequestContext, context_get

VIEW = "hall.supervision.view"
SUPERVISE = "hall.supervision.supervise"
REPLY = "hall.supervision.reply"
SCORED = {"department": "department_id", "officer": "officer_id", "step": "step_zh"}
_ZONE = timezone.get_default_timezone()


def rule_view(row: SupervisionRule) -> RuleView:
    """Turn a row into what others may see."""
    return RuleView(
        id=row.pk,
        key=row.key,
        title=row.title,
        trigger=row.trigger,
        level=row.level,
        over_days=row.over_days,
        nodes=tuple(row.nodes),
        reply_days=row.reply_days,
        points=row.points,
        basis=row.basis,
        is_enabled=row.is_enabled,
    )


def rule_list(*, on: date) -> list[RuleView]:
    """List the rules in force on a day (有效监察规则), by key."""
    rows = SupervisionRule.objects.filter(valid_from__lte=on)
    rows = rows.filter(Q(valid_to=None) | Q(valid_to__gt=on))
    return [rule_view(row) for row in rows.order_by("key")]


def rule_versions(key: str) -> list[SupervisionRule]:
    """List all versions of a rule (规则沿革), newest first."""
    return list(SupervisionRule.objects.filter(key=key).order_by("-valid_from"))


def responsible_filter(context: RequestContext) -> Q:
    """Return the cards a person must answer (本人应答复): one's own, as head those of the department."""
    mine = Q(officer_id=context.account_id)
    of_department = Q(department_id__in=list(context.department_ids))
    if "DEPARTMENT_HEAD" in context.roles:
        return mine | of_department
    return mine


def card_rows() -> QuerySet[SupervisionCard]:
    """Return the cards the acting person may see (可见监察牌): the supervisor all, others their own."""
    context = context_get()
    rows = SupervisionCard.objects.all()
    if context.may(VIEW):
        return rows
    return rows.filter(responsible_filter(context)) if context.account_id else rows.none()


def card_get(card_id: int) -> SupervisionCard:
    """Return one card (监察牌). Raises `CardNotFound` for anybody it does not concern."""
    card = card_rows().select_related("rule").filter(pk=card_id).first()
    if card is None:
        raise CardNotFound()
    return card


def card_may_reply(card: SupervisionCard, context: RequestContext) -> bool:
    """Tell whether a person is the one to answer a card (是否责任人)."""
    if not context.may(REPLY):
        return False
    if card.officer_id == context.account_id:
        return True
    return "DEPARTMENT_HEAD" in context.roles and card.department_id in context.department_ids


def card_open_count(context: RequestContext) -> int:
    """Count the cards a person must answer now (待答复监察牌)."""
    if context.account_id is None:
        return 0
    rows = SupervisionCard.objects.filter(
        responsible_filter(context), state=OPEN, reply_due_at__isnull=False
    )
    return rows.count()


def board_read() -> list[BoardCell]:
    """Return the cells of the board (监察看板), the most urgent of each department first."""
    return list(BoardCell.objects.order_by("department_id", "-red", "-yellow", "title_zh"))


def board_counted_at() -> datetime | None:
    """Return when the board was last counted (统计时间)."""
    return BoardCell.objects.aggregate(at=Max("counted_at"))["at"]


def card_counts(*, quarter: str) -> Mapping[int, dict[str, int]]:
    """Count the kept cards of a quarter by department and level (各部门发牌数)."""
    rows = _in_quarter(quarter).values_list("department_id", "level").annotate(n=Count("id"))
    found: dict[int, dict[str, int]] = {}
    for department_id, level, count in rows:
        found.setdefault(department_id, {})[level] = count
    return found


def card_totals() -> dict[str, int]:
    """Count what waits (待办监察事项): yellow and red cards unanswered, appeals undecided."""
    rows = SupervisionCard.objects.filter(state__in=[OPEN, APPEALED]).exclude(level="WARNING")
    counted = rows.aggregate(
        yellow=Count("id", filter=Q(level=YELLOW, state=OPEN)),
        red=Count("id", filter=Q(level=RED, state=OPEN)),
        appeals=Count("id", filter=Q(state=APPEALED)),
    )
    return dict(counted)


def score_list(by: str, *, quarter: str, department_id: int | None = None) -> list[Score]:
    """List the scores of a quarter (季度得分) by department, officer or step, the lowest first.

    by: a key of `SCORED`. Who has no card is not in the list: 100 points.
    """
    column = SCORED[by]
    rows = _in_quarter(quarter).exclude(**{column: "" if by == "step" else None})
    if department_id is not None:
        rows = rows.filter(department_id=department_id)
    counted = rows.values_list(column, "level").annotate(n=Count("id"), taken=Sum("points"))
    return scores_make(counted.order_by())


def letter_list(*, department_ids: frozenset[int] | None = None) -> QuerySet[SupervisionLetter]:
    """Return the supervision letters (监察建议书), newest first; given departments, only theirs."""
    rows = SupervisionLetter.objects.order_by("-issued_at", "-id")
    return rows if department_ids is None else rows.filter(department_id__in=list(department_ids))


def _in_quarter(quarter: str) -> QuerySet[SupervisionCard]:
    span = quarter_span(quarter)
    if span is None:
        return SupervisionCard.objects.none()
    since, until = (datetime.combine(day, time(), _ZONE) for day in span)
    return SupervisionCard.objects.filter(issued_at__gte=since, issued_at__lt=until, state__in=KEPT)
