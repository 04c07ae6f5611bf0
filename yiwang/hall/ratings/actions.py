"""Giving a rating, and what a bad one obliges to (评价与整改)."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.urls import reverse

from yiwang.engines.api import clock_due_map, clock_start, clock_stop
from yiwang.hall.ratings import data
from yiwang.hall.ratings.data import RatingView, Trace
from yiwang.hall.ratings.errors import (
    CaseStateWrong,
    FollowUpTooEarly,
    NothingToRate,
    OwnAppeal,
    RatedAlready,
    RatingIncomplete,
    RatingNotFound,
)
from yiwang.hall.ratings.models import Rating, RatingCase
from yiwang.hall.ratings.queries import DECIDE, HANDLE, case_rows, rating_view
from yiwang.hall.ratings.tracing import text_digest
from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.sdk.identifiers import person_ref_of

BASIS = "政务服务“好差评”办法（本市文件，可替换）"


@action("hall.ratings.give")
def rating_give(  # noqa: PLR0913 - what a rating consists of
    subject: str,
    *,
    channel: str,
    title: Mapping[str, str],
    matter_code: str,
    department_id: int,
    rater_ref: str,
    level: str,
    indicators: Mapping[str, str],
    text: str,
    place: str = "",
    account_id: int | None = None,
    trace: Trace = data.NO_TRACE,
    now: datetime,
) -> RatingView:
    """Rate what was finished (评价): one matter or visit, one rating; a bad one opens a case.

    indicators: levels by the keys of `INDICATORS[channel]`; who calls has checked that the subject is the
    rater's and finished. place: the window of a visit; account_id: who is told what became of
    it, by default who acts; trace: how it came about. Raises RatingIncomplete, RatedAlready.
    """
    known = data.INDICATORS[channel]
    values = {key: value for key, value in indicators.items() if key in known and value}
    if level not in data.LEVELS or set(values.values()) - data.LEVELS.keys():
        raise RatingIncomplete()
    if level in data.BAD and not text.strip():
        raise RatingIncomplete()
    try:
        with transaction.atomic(), data_scope(purpose="服务评价", reason=subject):
            row = Rating.objects.create(
                subject=subject,
                channel=channel,
                title=dict(title),
                matter_code=matter_code,
                department_id=department_id,
                rater_ref=rater_ref,
                place=place,
                account_id=account_id or context_get().account_id,
                level=level,
                indicators=values,
                text=text.strip()[:2000],
                at=now,
                **_traced(trace, text),
            )
    except IntegrityError:
        raise RatedAlready() from None
    if level in data.BAD:
        _case_open(row, now=now)
    audit_record(f"rating:{row.pk}", person_ref=person_ref_of(rater_ref), detail={"level": level})
    return rating_view(row)


def _traced(trace: Trace, text: str) -> dict[str, object]:
    """Keep what may show later that a rating was made up (评价踪迹)."""
    context = context_get()
    # The tablet may be the second screen of the clerk: there the session says nothing.
    is_staff = context.population == "STAFF" and trace.device is not None
    return {
        "officer_id": trace.officer_id,
        "acted_at": trace.acted_at,
        "outcome": trace.outcome,
        "device": trace.device,
        "text_digest": text_digest(text if trace.typed is None else trace.typed),
        "given_by_id": context.account_id if is_staff else None,
    }


def _case_open(row: Rating, *, now: datetime) -> None:
    dues = {}
    for part, days, label in (
        ("contact", data.CONTACT_DAYS, {"zh": "差评回访期限", "en": "Time to call back"}),
        ("rectify", data.RECTIFY_DAYS, {"zh": "差评整改期限", "en": "Time to put right"}),
    ):
        subject = f"rating:{row.pk}/{part}"
        clock_start(
            subject,
            kind="STEP",
            label=label,
            amount=days,
            unit="WORKING_DAY",
            started_at=now,
            now=now,
            department_id=row.department_id,
            legal_basis=BASIS,
        )
        dues[f"{part}_due_at"] = clock_due_map([subject]).get(subject, (None, None))[0]
    case = RatingCase.objects.create(
        rating=row, department_id=row.department_id, opened_at=now, **dues
    )
    _announce("rating.bad", case, row)


@action("hall.ratings.follow_up")
def rating_follow_up(
    subject: str, *, level: str, text: str, rater_ref: str = "", now: datetime
) -> None:
    """Rate once more after it was put right (追评), once. Raises NothingToRate, FollowUpTooEarly.

    rater_ref: by default the acting subject; a visit's caller holds the code on the receipt instead.
    """
    with data_scope(purpose="服务评价", reason=subject):
        rows = Rating.objects.select_for_update().filter(
            subject=subject, rater_ref=rater_ref or context_get().subject_ref
        )
        row = rows.first()
        if row is None:
            raise NothingToRate()
        case = RatingCase.objects.filter(rating=row).first()
        if case is None or case.state != "RECTIFIED" or row.follow_up:
            raise FollowUpTooEarly()
        if level not in data.LEVELS:
            raise RatingIncomplete()
        row.follow_up, row.follow_up_text, row.follow_up_at = level, text.strip()[:2000], now
        row.save(update_fields=["follow_up", "follow_up_text", "follow_up_at"])
    audit_record(
        f"rating:{row.pk}", person_ref=person_ref_of(row.rater_ref), detail={"follow_up": level}
    )


@action("hall.ratings.contact", permission=HANDLE)
def case_contact(case_id: int, *, note: str, now: datetime) -> None:
    """Note that the rater was called back and what was said (回访)."""
    case = _case(case_id, ("OPEN",), note)
    case.state, case.contacted_at, case.contact_note = "CONTACTED", now, note.strip()
    case.save(update_fields=["state", "contacted_at", "contact_note"])
    clock_stop(f"rating:{case.rating_id}/contact", now=now)
    _audit(case)


@action("hall.ratings.rectify", permission=HANDLE)
def case_rectify(case_id: int, *, measures: str, now: datetime) -> None:
    """Say what was put right (整改); the rater is told and may rate once more."""
    case = _case(case_id, ("CONTACTED",), measures)
    case.state, case.rectified_at, case.measures = "RECTIFIED", now, measures.strip()
    case.save(update_fields=["state", "rectified_at", "measures"])
    clock_stop(f"rating:{case.rating_id}/rectify", now=now)
    _audit(case)
    _announce("rating.rectified", case, _rating(case))


@action("hall.ratings.appeal", permission=HANDLE)
def case_appeal(case_id: int, *, reason: str, now: datetime) -> None:
    """Say that the rating was a mistake or malicious (误评申诉); supervision decides, the clocks run on."""
    case = _case(case_id, ("OPEN", "CONTACTED"), reason)
    case.state, case.appeal = "APPEALED", reason.strip()
    case.appealed_by_id = context_get().account_id
    case.save(update_fields=["state", "appeal", "appealed_by_id"])
    _audit(case)


@action("hall.ratings.decide", permission=DECIDE)
def case_decide(case_id: int, *, is_mistaken: bool, reason: str, now: datetime) -> None:
    """Decide an appeal (申诉裁定): a mistaken rating stays readable but is not counted."""
    case = RatingCase.objects.select_for_update().filter(pk=case_id).first()
    if case is None or not reason.strip():
        raise RatingNotFound() if case is None else RatingIncomplete()
    if case.state != "APPEALED":
        raise CaseStateWrong()
    if case.appealed_by_id == context_get().account_id:
        raise OwnAppeal()
    case.decision = reason.strip()
    if is_mistaken:
        case.state = "MISTAKEN"
        for part in ("contact", "rectify"):
            clock_stop(f"rating:{case.rating_id}/{part}", now=now)
        with data_scope(purpose="误评裁定", reason=f"rating:{case.rating_id}"):
            Rating.objects.filter(pk=case.rating_id).update(is_counted=False)
    else:
        case.state = "CONTACTED" if case.contacted_at else "OPEN"
    case.save(update_fields=["state", "decision"])
    _audit(case)


def _case(case_id: int, states: tuple[str, ...], text: str) -> RatingCase:
    case = case_rows().select_for_update().filter(pk=case_id).first()
    if case is None:
        raise RatingNotFound()
    if case.state not in states:
        raise CaseStateWrong()
    if not text.strip():
        raise RatingIncomplete()
    return case


def _rating(case: RatingCase) -> Rating:
    with data_scope(purpose="差评整改", reason=f"rating:{case.rating_id}"):
        return Rating.objects.get(pk=case.rating_id)


def _audit(case: RatingCase) -> None:
    audit_record(f"rating:{case.rating_id}", detail={"state": case.state})


def _announce(topic: str, case: RatingCase, row: Rating) -> None:
    event_publish(
        topic,
        {
            "rating_id": row.pk,
            "case_id": case.pk,
            "subject": row.subject,
            "number": row.subject.partition(":")[2],
            "link": reverse("hall_windows:rate") if row.channel == data.ON_SITE else "",
            "title": row.title,
            "department_id": row.department_id,
            "account_id": row.account_id,
            "measures": case.measures,
        },
        key=row.subject,
    )
