"""Records that come from the hall's own decisions (从办件决定生成公示信息), and the sweep of their times.

Nothing is invented: what a decision does not say stays empty and stands in the check queue.
"""

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from yiwang.engines.api import clock_due_map
from yiwang.hall.applications.models import Application, Decision
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.disclosure.actions import record_correct, record_enter, records_expire
from yiwang.hall.disclosure.data import CHECKING, LEGAL, PERSON, PUBLISHED, READY, TRADER, XK
from yiwang.hall.disclosure.models import DisclosureRecord
from yiwang.hall.disclosure.queries import PURPOSE
from yiwang.hall.disclosure.rules import standard_get
from yiwang.hall.licences.queries import licence_get, licence_list_by_source
from yiwang.hall.matters.queries import matter_version_get
from yiwang.identity.api import account_list_by_department, data_scope
from yiwang.kernel.api import (
    CalendarNotPublished,
    EventView,
    action,
    audit_record,
    calendar_get,
    context_system,
    context_use,
    event_publish,
    subscriber,
)
from yiwang.resources.api import enterprise_values
from yiwang.sdk.errors import NotFound

LICENSING = "01"
TRADER_CLASS = "92"
DOCUMENT_NAME = "准予行政许可决定书"
ENDED = "2"
WARN_CHUNK = 500


def decision_take(event: EventView) -> None:
    """Make the record of a licence that was granted (行政许可信息); again changes nothing."""
    number = str(event.payload.get("number", ""))
    if event.payload.get("outcome") != "APPROVED":
        return
    source = f"application:{number}"
    with context_use(context_system(PURPOSE)), data_scope(purpose=PURPOSE, reason=source):
        if DisclosureRecord.objects.filter(source=source).exists():
            return
        application = application_rows(PURPOSE).filter(number=number).first()
        decision = Decision.objects.filter(application=application).first() if application else None
        if decision is None or not _is_licensing(application):
            return
        record_enter(
            XK,
            licence_values(application, decision),
            department_id=application.department_id,
            source=source,
            matter_code=application.matter_code,
            now=event.published_at,
        )


def _is_licensing(application: Application) -> bool:
    """A licence by law (行政许可), or several granted together under one decision (并联审批)."""
    matter = matter_version_get(application.matter_version_id)
    is_joint = any(branch.licence for branch in matter.branches)
    return matter.spec.item_type == LICENSING or is_joint


def licence_values(application: Application, decision: Decision) -> dict[str, str]:
    """Return what a decision says, by field (许可信息字段)."""
    licences = licence_list_by_source(f"application:{application.number}")
    decided = timezone.localdate(decision.decided_at).isoformat()
    ends = [licence.valid_to for licence in licences]
    until = ""
    if ends:
        last = standard_get().long_term if None in ends else max(ends)
        until = last.isoformat()
    titles = "、".join(licence.title["zh"] for licence in licences)
    return {
        **_subject(application),
        "XK_XKWS": DOCUMENT_NAME,
        "XK_WSH": decision.document_number,
        "XK_XKLB": _class_before(application.matter_code),
        "XK_XKZS": titles if len(titles) <= 64 else licences[0].title["zh"] + "等",
        "XK_XKBH": licences[0].number if len(licences) == 1 else "",
        "XK_NR": f"准予{application.title['zh']}",
        "XK_JDRQ": decided,
        "XK_YXQZ": min(one.valid_from for one in licences).isoformat() if licences else decided,
        "XK_YXQZI": until,
        "XK_ZT": "1",
    }


def _subject(application: Application) -> dict[str, str]:
    kind, _, ref = application.applicant_ref.partition(":")
    if kind == "person":
        return {
            "XK_XDR_MC": application.applicant_name,
            "XK_XDR_TYPE": PERSON,
            "XK_XDR_ZJLX": "身份证",
            "XK_XDR_ZJHM": application.applicant_number,
        }
    return {
        "XK_XDR_MC": application.applicant_name,
        "XK_XDR_TYPE": TRADER if ref.startswith(TRADER_CLASS) else LEGAL,
        "A000002": application.applicant_number,
        "XK_FDDB": application.form_data.get("legal_representative") or _representative(ref),
    }


def _representative(uscc: str) -> str:
    try:
        found = enterprise_values(uscc, ["legal_representative"], purpose=PURPOSE)
    except NotFound:
        return ""
    value = found.get("legal_representative")
    return str(value.value or "") if value else ""


def _class_before(matter_code: str) -> str:
    """Return the class of licence that the department gave this matter last (许可类别); "" at first."""
    rows = DisclosureRecord.objects.filter(
        kind=XK, matter_code=matter_code, state=PUBLISHED, is_current=True
    )
    last = rows.order_by("-pk").values_list("values", flat=True).first()
    return last["XK_XKLB"] if last else ""


def licence_end(event: EventView) -> None:
    """Let the published record say that the licence holds no more (许可状态无效), as a correction to publish."""
    with context_use(context_system(PURPOSE)), data_scope(purpose=PURPOSE, reason="证照状态变更"):
        source = licence_get(event.payload["licence_id"]).source
        rows = DisclosureRecord.objects.filter(source=source, kind=XK, is_current=True)
        row = rows.filter(state__in=(CHECKING, READY, PUBLISHED)).first()
        if row is None or row.values["XK_ZT"] == ENDED or not _all_ended(source):
            return
        record_correct(
            row.pk,
            row.values | {"XK_ZT": ENDED},
            reason=event.payload.get("reason") or "许可证件已失效",
            now=event.published_at,
        )


def _all_ended(source: str) -> bool:
    return all(one.state in ("REVOKED", "CANCELLED") for one in licence_list_by_source(source))


def clocks_follow(event: EventView) -> None:
    """Copy due dates that a new calendar moved (历法变更后同步公示期限)."""
    threads = [
        subject.removeprefix("disclosure:")
        for subject in event.payload["subjects"]
        if subject.startswith("disclosure:")
    ]
    dues = clock_due_map(f"disclosure:{thread}" for thread in threads)
    with data_scope(purpose=PURPOSE, reason="历法变更"):
        for thread in threads:
            due_at = dues.get(f"disclosure:{thread}", (None, None))[0]
            DisclosureRecord.objects.filter(
                thread=thread, is_current=True, first_published_at__isnull=True
            ).update(due_at=due_at)


def disclosure_sweep(*, now: datetime) -> dict[str, int]:
    """End what was published long enough, warn of what is due (公示巡检); idempotent."""
    today, done = timezone.localdate(now), {"expired": 0, "warned": 0}
    with context_use(context_system("hall.disclosure.sweep")):
        with data_scope(purpose=PURPOSE, reason="公示巡检"):
            has_ended = DisclosureRecord.objects.filter(
                state=PUBLISHED, publish_until__lt=today
            ).exists()
            has_due = _due_soon(now).exists()
        if has_ended:
            done["expired"] = records_expire(today=today, now=now)
        if has_due:
            done["warned"] = due_warn(now=now)
    return done


def _due_soon(now: datetime) -> QuerySet[DisclosureRecord]:
    return DisclosureRecord.objects.filter(
        is_current=True,
        state__in=(CHECKING, READY),
        first_published_at__isnull=True,
        warned_at__isnull=True,
        due_at__lte=_warn_until(now),
    )


@action("hall.disclosure.warn")
def due_warn(*, now: datetime) -> int:
    """Tell department heads of decisions due within a working day (公示到期提醒), each once; returns how many."""
    told: dict[int, list[DisclosureRecord]] = {}
    with data_scope(purpose=PURPOSE, reason="到期提醒"):
        rows = _due_soon(now).select_for_update()
        for row in rows.order_by("due_at", "pk")[:WARN_CHUNK]:
            told.setdefault(row.department_id, []).append(row)
        found = [row.pk for rows in told.values() for row in rows]
        DisclosureRecord.objects.filter(pk__in=found).update(warned_at=now)
    for department_id, late in told.items():
        _tell(department_id, late, now=now)
    audit_record("disclosure:warnings", detail={"records": len(found)})
    return len(found)


def _warn_until(now: datetime) -> datetime:
    """The end of the next working day: what is due by then is due soon."""
    today = timezone.localdate(now)
    try:
        day = calendar_get().add_working_days(today, 1)
    except CalendarNotPublished:
        day = today
    local = timezone.localtime(now)
    return local.replace(year=day.year, month=day.month, day=day.day, hour=23, minute=59)


def _tell(department_id: int, rows: list[DisclosureRecord], *, now: datetime) -> None:
    people = account_list_by_department(
        department_id, role="DEPARTMENT_HEAD", on=timezone.localdate(now)
    )
    first = rows[0]
    for person in people:
        event_publish(
            "disclosure.due_soon",
            {
                "account_id": person.id,
                "record_id": first.pk,
                "count": len(rows),
                "number": first.values.get(f"{first.kind}_WSH", ""),
            },
            key=str(department_id),
        )


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    subscriber("application.decided", name="hall.disclosure.decided")(decision_take)
    subscriber("licence.revoked", name="hall.disclosure.revoked")(licence_end)
    subscriber("licence.cancelled", name="hall.disclosure.cancelled")(licence_end)
    subscriber("clock.due_changed", name="hall.disclosure.due")(clocks_follow)
