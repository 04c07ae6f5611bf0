"""Reads of announced cancellations (注销公告查询). Notices are public; how a creditor is reached is not."""

from datetime import date, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from yiwang.hall.companies.data import ClaimView, NoticeView
from yiwang.hall.companies.errors import NoticeNotFound
from yiwang.hall.companies.models import CancellationNotice, Company
from yiwang.hall.companies.queries import PURPOSE
from yiwang.hall.companies.tables import law_rules
from yiwang.identity.api import data_scope


def notice_row(company: Company) -> CancellationNotice | None:
    """Return the notice of a company that holds (现行公告), None when there is none."""
    return CancellationNotice.objects.filter(company=company, state="OPEN").first()


def apply_until(row: CancellationNotice) -> date | None:
    """Return the last day to apply after a notice (申请期限), None when the law sets none."""
    days = law_rules()["cancellation"][row.way]["apply_within_days"]
    return row.ends_date + timedelta(days=days) if days else None


def notice_state(row: CancellationNotice, today: date) -> str:
    """Return how a notice stands on a day (公告状态): OPEN, ENDED or LAPSED while it holds, else what is stored."""
    if row.state != "OPEN":
        return row.state
    if today <= row.ends_date:
        return "OPEN"
    last = apply_until(row)
    return "LAPSED" if last is not None and today > last else "ENDED"


def notice_list(*, name: str = "", limit: int = 20, offset: int = 0) -> list[NoticeView]:
    """List the notices (注销公告), those that end last first."""
    today = timezone.localdate()
    return [_view(row, today) for row in _notices(name)[offset : offset + limit]]


def notice_count(*, name: str = "", cap: int = 10_000) -> int:
    """Count them, up to `cap`."""
    return _notices(name)[:cap].count()


def _notices(name: str) -> QuerySet[CancellationNotice]:
    rows = CancellationNotice.objects.exclude(state="WITHDRAWN").select_related("company")
    rows = rows.filter(company__name__contains=name) if name else rows
    return rows.order_by("-ends_date", "-pk")


def notice_get(number: str, *, today: date) -> NoticeView:
    """Return a notice as anybody may read it (注销公告). Raises NoticeNotFound."""
    row = CancellationNotice.objects.filter(number=number).select_related("company").first()
    if row is None:
        raise NoticeNotFound()
    return _view(row, today)


def notice_list_of(company_id: int, *, today: date) -> list[NoticeView]:
    """List the notices of a company with all that creditors said (企业注销公告).

    For who may speak for the company and for its registrar; the caller has checked that.
    """
    rows = CancellationNotice.objects.filter(company_id=company_id).select_related("company")
    return [_view(row, today, with_claims=True) for row in rows.order_by("-pk")]


def _view(row: CancellationNotice, today: date, *, with_claims: bool = False) -> NoticeView:
    return NoticeView(
        number=row.number,
        uscc=row.company.uscc,
        company_name=row.company.name,
        department_id=row.company.department_id,
        way=row.way,
        facts=row.facts,
        state=notice_state(row, today),
        published_at=row.published_at,
        ends_date=row.ends_date,
        apply_until=apply_until(row),
        claims=_claims(row) if with_claims else (),
    )


def _claims(row: CancellationNotice) -> tuple[ClaimView, ...]:
    with data_scope(purpose=PURPOSE, reason=f"notice:{row.number}"):
        return tuple(
            ClaimView(
                number=one.number,
                creditor=one.creditor,
                contact=one.contact,
                amount_wan=one.amount_wan,
                grounds=one.grounds,
                state=one.state,
                answer=one.answer,
                received_at=one.received_at,
            )
            for one in row.claims.order_by("pk")
        )
