"""What must hold in a city however it was killed (断电后的不变量), read from its tables and held against what people wrote down."""

import hashlib
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.journeys.conftest import LiveCity
from tests.journeys.kills.people import CARD, PAID, Person

CITY = ZoneInfo("Asia/Shanghai")
CLOSES = time(17)
ENDED = "('APPROVED', 'REFUSED', 'NOT_ACCEPTED', 'WITHDRAWN')"

# Each finds rows that are too many or too few; all must be empty.
NOWHERE = {
    "an application without exactly one audit row of its submission": (
        "SELECT a.number FROM hall_applications_application a WHERE (SELECT count(*) "
        "FROM kernel_audit_auditevent e WHERE e.subject = 'application:' || a.number "
        "AND e.act = 'hall.applications.submit') <> 1"
    ),
    "an application without exactly one proof of what was submitted": (
        "SELECT a.number FROM hall_applications_application a WHERE (SELECT count(*) "
        "FROM hall_receipts_submissionrecord r WHERE r.number = a.number) <> 1"
    ),
    "an application without exactly one instance": (
        "SELECT a.number FROM hall_applications_application a WHERE (SELECT count(*) FROM "
        "engines_workflow_processinstance p WHERE p.business_key = 'application:' || a.number) <> 1"
    ),
    "an ended application with open work, or an open one without exactly one open item": (
        "SELECT a.number, a.state FROM hall_applications_application a WHERE (SELECT count(*) "
        "FROM engines_workflow_workitem w WHERE w.business_key = 'application:' || a.number "
        "AND w.state NOT IN ('COMPLETED', 'WITHDRAWN', 'CANCELLED')) <> "
        f"CASE WHEN a.state IN {ENDED} THEN 0 ELSE 1 END"
    ),
    "a token in an ended instance, or a running one without exactly one": (
        "SELECT p.business_key FROM engines_workflow_processinstance p WHERE (SELECT count(*) "
        "FROM engines_workflow_token t WHERE t.instance_id = p.id) <> "
        "CASE WHEN p.state = 'RUNNING' THEN 1 ELSE 0 END"
    ),
    "a work item or instance without its application": (
        "SELECT business_key FROM engines_workflow_workitem "
        "UNION ALL SELECT business_key FROM engines_workflow_processinstance "
        "EXCEPT SELECT 'application:' || number FROM hall_applications_application"
    ),
    "a decided application without exactly one decision, or another with one": (
        "SELECT a.number FROM hall_applications_application a WHERE (SELECT count(*) "
        "FROM hall_applications_decision d WHERE d.application_id = a.id) <> "
        "CASE WHEN a.state IN ('APPROVED', 'REFUSED', 'NOT_ACCEPTED') THEN 1 ELSE 0 END"
    ),
    "two opinions about one item": (
        "SELECT work_item_id FROM hall_applications_applicationopinion "
        "GROUP BY work_item_id HAVING count(*) > 1"
    ),
    "a granted application without exactly one licence, or another with one": (
        "SELECT a.number FROM hall_applications_application a WHERE (SELECT count(*) "
        "FROM hall_licences_licence l WHERE l.source = 'application:' || a.number) <> "
        "CASE WHEN a.state = 'APPROVED' THEN 1 ELSE 0 END"
    ),
    "an accepted application with a fee that has not exactly one bill, or another with one": (
        "SELECT a.number FROM hall_applications_application a WHERE (SELECT count(*) "
        "FROM hall_payments_bill b WHERE b.subject = 'application:' || a.number) <> "
        f"CASE WHEN a.matter_code = '{PAID}' AND a.accepted_at IS NOT NULL THEN 1 ELSE 0 END"
    ),
    "a licence although the fee was not paid": (
        "SELECT b.number FROM hall_payments_bill b JOIN hall_applications_application a "
        "ON b.subject = 'application:' || a.number WHERE a.state = 'APPROVED' AND b.state <> 'PAID'"
    ),
    "a fee kept although nothing was granted": (
        "SELECT b.number FROM hall_payments_bill b JOIN hall_applications_application a ON b.subject "
        f"= 'application:' || a.number WHERE a.state IN {ENDED} AND a.state <> 'APPROVED' "
        "AND b.state NOT IN ('CANCELLED', 'REFUNDED')"
    ),
    "a bill with two payments that counted, or paid without one": (
        "SELECT b.number FROM hall_payments_bill b WHERE (SELECT count(*) FROM hall_payments_payment p "
        "WHERE p.bill_id = b.id AND p.state = 'CAPTURED' AND NOT EXISTS (SELECT 1 FROM "
        "hall_payments_refund r WHERE r.payment_id = p.id AND r.is_correction)) <> "
        "CASE WHEN b.state IN ('PAID', 'REFUNDED') THEN 1 ELSE 0 END"
    ),
    "a refund under way": (
        "SELECT number, state FROM hall_payments_refund WHERE state NOT IN ('SUCCEEDED', 'REJECTED')"
    ),
    "two refunds of one payment": (
        "SELECT payment_id FROM hall_payments_refund GROUP BY payment_id HAVING count(*) > 1"
    ),
    "a voucher number given twice, or none for money taken": (
        "SELECT min(number) FROM hall_payments_bill WHERE paid_at IS NOT NULL "
        "GROUP BY voucher HAVING count(*) > 1 OR voucher = ''"
    ),
    "a number of a queue given twice in a day": (
        "SELECT day, label FROM hall_counters_ticket GROUP BY hall_id, day, label HAVING count(*) > 1"
    ),
    "a finished ticket without exactly one finished call": (
        "SELECT t.label FROM hall_counters_ticket t WHERE (SELECT count(*) FROM "
        "hall_counters_ticketcall c WHERE c.ticket_id = t.id AND c.outcome = 'DONE') <> "
        "CASE WHEN t.state = 'DONE' THEN 1 ELSE 0 END"
    ),
    "a window with two tickets in hand": (
        "SELECT window_id FROM hall_counters_ticket WHERE state IN ('CALLED', 'SERVING') "
        "GROUP BY window_id HAVING count(*) > 1"
    ),
    "a slot whose places are not those of its appointments": (
        "SELECT s.id FROM hall_counters_slot s WHERE s.taken <> (SELECT coalesce(sum(a.places), 0) "
        "FROM hall_counters_appointment a WHERE a.slot_id = s.id "
        "AND a.state NOT IN ('CANCELLED', 'CALLED_OFF'))"
    ),
    "an appointment checked in without exactly one ticket, or another with one": (
        "SELECT a.number FROM hall_counters_appointment a WHERE (SELECT count(*) FROM "
        "hall_counters_ticket t WHERE t.appointment_id = a.id) <> "
        "CASE WHEN a.state = 'CHECKED_IN' THEN 1 ELSE 0 END"
    ),
    "two deliveries of one result": (
        "SELECT subject FROM hall_deliveries_delivery WHERE state NOT IN ('RETURNED', 'CANCELLED') "
        "GROUP BY subject HAVING count(*) > 1"
    ),
    "a step of a delivery taken twice": (
        "SELECT delivery_id, kind FROM hall_deliveries_deliverystep GROUP BY delivery_id, kind "
        "HAVING count(*) > 1"
    ),
    "a bad rating without exactly one case, or a good one with one": (
        "SELECT r.subject FROM hall_ratings_rating r WHERE (SELECT count(*) FROM "
        "hall_ratings_ratingcase c WHERE c.rating_id = r.id) <> "
        "CASE WHEN r.level LIKE '%DISSATISFIED' THEN 1 ELSE 0 END"
    ),
    "an event of an application told twice, or not": (
        "SELECT a.number, t.topic FROM hall_applications_application a "
        "CROSS JOIN (SELECT 'application.submitted' AS topic UNION SELECT 'application.decided' "
        "UNION SELECT 'application.withdrawn') t WHERE (SELECT count(*) "
        "FROM kernel_events_outboxevent o WHERE o.key = a.number AND o.topic = t.topic) <> "
        "CASE t.topic WHEN 'application.submitted' THEN 1 WHEN 'application.withdrawn' THEN "
        "CASE WHEN a.state = 'WITHDRAWN' THEN 1 ELSE 0 END ELSE "
        "CASE WHEN a.state IN ('APPROVED', 'REFUSED', 'NOT_ACCEPTED') THEN 1 ELSE 0 END END"
    ),
    "a delivery of an event that is not delivered": (
        "SELECT id, subscriber, error FROM kernel_events_eventdelivery WHERE state <> 'DELIVERED'"
    ),
    "an event about which the applicant was not told exactly once": (
        "SELECT o.id FROM kernel_events_outboxevent o "
        "JOIN kernel_events_eventdelivery d ON d.event_id = o.id "
        "WHERE d.subscriber LIKE 'hall.messages.application.%' AND (SELECT count(*) "
        "FROM hall_messages_message m WHERE m.source = 'event:' || o.id) <> 1"
    ),
    "a message that did not go out exactly once by telephone": (
        "SELECT m.id FROM hall_messages_message m WHERE m.template = 'application_approved' "
        "AND (SELECT count(*) FROM hall_messages_messagesending s "
        "WHERE s.message_id = m.id AND s.channel = 'SMS') <> 1"
    ),
}


def wrong_rows(city: LiveCity) -> dict[str, list]:
    """Return what stands in the tables and must not."""
    found = {what: city.query(sql)[:5] for what, sql in NOWHERE.items()}
    return {what: rows for what, rows in found.items() if rows}


def wrong_acts(
    city: LiveCity, people: list[Person], *, acts: tuple[str, ...] = ()
) -> dict[str, list]:
    """Return acts that were acknowledged and are not there once, or are there and nobody knows of them."""
    wrong = {}
    for act in acts or DONE.keys() - {"pay"}:  # some payments are heard of a day later
        sql = DONE[act]
        said = Counter(key for one in people for key in one.said[act])
        unsure = {key for one in people for key in one.unsure[act]}
        done = Counter(row if len(row) > 1 else row[0] for row in city.query(sql))
        lost = [key for key in said if key not in done]
        doubled = [key for key, count in done.items() if count > 1]
        unknown = [key for key in done if key not in said and key not in unsure]
        if lost or doubled or (act in COMPLETE and unknown):
            wrong[act] = [("lost", lost[:5]), ("doubled", doubled[:5]), ("unknown", unknown[:5])]
    return wrong


# What was done, one row an act; with the keys that people wrote down.
DONE = {
    "submit": "SELECT number, matter_code FROM hall_applications_application",
    "conclude": "SELECT work_item_id, outcome FROM hall_applications_applicationopinion",
    "correct": "SELECT id FROM hall_applications_correction WHERE answered_at IS NOT NULL",
    "withdraw": "SELECT number FROM hall_applications_application WHERE state = 'WITHDRAWN'",
    "pay": (
        "SELECT number FROM hall_payments_payment WHERE state = 'CAPTURED' AND provider = 'remote'"
    ),
    "rate": "SELECT substr(subject, 13) FROM hall_ratings_rating",
    "choose": "SELECT substr(subject, 13) FROM hall_deliveries_delivery",
    "hand_out": "SELECT delivery_id FROM hall_deliveries_deliverystep WHERE kind = 'PICKED_UP'",
    "place": "SELECT delivery_id FROM hall_deliveries_deliverystep WHERE kind = 'PLACED'",
    "post": "SELECT delivery_id FROM hall_deliveries_deliverystep WHERE kind = 'HANDED_OVER'",
    "ticket": "SELECT code FROM hall_counters_ticket",
    "start": "SELECT ticket_id FROM hall_counters_ticketcall WHERE started_at IS NOT NULL",
    "finish": "SELECT ticket_id FROM hall_counters_ticketcall WHERE outcome = 'DONE'",
}
COMPLETE = ("submit", "conclude", "correct", "withdraw", "rate", "choose", "ticket", "finish")


def wrong_numbers(city: LiveCity) -> dict[str, list]:
    """Return queues whose numbers have gaps, and vouchers whose serials have."""
    labels: dict[tuple, list[int]] = {}
    for hall, day, label in city.query("SELECT hall_id, day, label FROM hall_counters_ticket"):
        labels.setdefault((hall, str(day), label[0]), []).append(int(label[1:]))
    gaps = {
        key: sorted(numbers)
        for key, numbers in labels.items()
        if sorted(numbers) != list(range(1, len(numbers) + 1))
    }
    vouchers = [
        row[0] for row in city.query("SELECT voucher FROM hall_payments_bill WHERE voucher <> ''")
    ]
    serials = sorted(int(voucher[10:19]) for voucher in vouchers)
    if serials != list(range(1, len(serials) + 1)):
        gaps["vouchers"] = serials
    return gaps


def wrong_letters(city: LiveCity) -> list[str]:
    """Return licences whose document is not what its row says."""
    rows = city.query("SELECT document_path, document_sha256 FROM hall_licences_licence")
    return [
        path
        for path, digest in rows
        if hashlib.sha256((city.folder / "files" / path).read_bytes()).hexdigest() != digest
    ]


def wrong_books(city: LiveCity) -> list:
    """Return entries that stand in one of the two sets of books, city's and provider's, and not in the other."""
    ours = Counter(
        city.query(
            "SELECT number, 'PAY', amount_fen FROM hall_payments_payment WHERE state = 'CAPTURED' "
            "UNION ALL SELECT number, 'REFUND', amount_fen FROM hall_payments_refund "
            "WHERE state = 'SUCCEEDED'"
        )
    )
    theirs = Counter(
        provider_rows(
            city, "SELECT number, kind, amount FROM entry WHERE state IN ('PAID', 'BACK')"
        )
    )
    return sorted((ours - theirs) + (theirs - ours))


def provider_rows(city: LiveCity, sql: str) -> list[tuple]:
    """Read the provider's own books."""
    with closing(sqlite3.connect(city.folder / "provider.sqlite3", timeout=30)) as rows, rows:
        return rows.execute(sql).fetchall()


def provider_write(city: LiveCity, *sql: str) -> None:
    """Change the provider's own books behind its back."""
    with closing(sqlite3.connect(city.folder / "provider.sqlite3", timeout=30)) as rows, rows:
        for one in sql:
            rows.execute(one)


class Days:
    """The working days, walked one by one: nothing here is the product's arithmetic."""

    def __init__(self, city: LiveCity) -> None:
        self.years = {row[0] for row in city.query("SELECT year FROM kernel_calendar_calendaryear")}
        self.kinds = {
            date.fromisoformat(str(day)): kind
            for day, kind in city.query("SELECT date, kind FROM kernel_calendar_calendarday")
        }

    def works(self, day: date) -> bool:
        """Tell whether a day is worked; LookupError in a year that is not published."""
        if day.year not in self.years:
            raise LookupError(day.year)
        kind = self.kinds.get(day)
        return kind == "MAKE_UP" or (kind is None and day.weekday() < 5)

    def due(self, start: datetime, amount: int, pauses: list[tuple]) -> datetime | None:
        """Walk to the day on which the count reaches the amount, without the days of the pauses."""
        day, count = start.date(), 0
        try:
            while count < amount:
                day += timedelta(days=1)
                paused = any(begin.date() < day <= end.date() for begin, end in pauses)
                count += self.works(day) and not paused
            for begin, end in sorted(pauses):
                if begin.date() == day and begin.time() <= CLOSES and end.date() > day:
                    day = end.date() + timedelta(days=end.time() > CLOSES)
                    while not self.works(day):
                        day += timedelta(days=1)
        except LookupError:
            return None
        return datetime.combine(day, CLOSES, CITY)


def _at(value) -> datetime | None:
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(CITY)


def wrong_clocks(city: LiveCity) -> list:
    """Recompute every clock from what happened, and return those that say something else."""
    expected = _clocks_expected(city)
    pauses: dict[int, list] = {}
    sql = "SELECT clock_id, paused_at, resumed_at FROM engines_clocks_clockpause ORDER BY id"
    for clock_id, paused, resumed in city.query(sql):
        pauses.setdefault(clock_id, []).append((_at(paused), _at(resumed)))
    days, wrong, seen = Days(city), [], set()
    for pk, subject, kind, amount, started, stopped, due in city.query(
        "SELECT id, subject, kind, amount, started_at, stopped_at, due_at FROM engines_clocks_clock "
        "WHERE subject LIKE 'application:%' OR subject LIKE 'delivery:%'"
    ):
        key = (subject, kind)
        began, ended = _at(started), _at(stopped)
        shown = (amount, began, ended, pauses.get(pk, []))
        if key in seen or expected.get(key) != shown:
            wrong.append((key, shown, expected.get(key)))
            continue
        seen.add(key)
        closed = [(begin, end or ended) for begin, end in shown[3]]
        is_paused = any(end is None for _begin, end in closed)
        right = None if is_paused else days.due(began, amount, closed)
        if _at(due) != right:
            wrong.append((key, f"due {_at(due)}", f"recomputed {right}", shown))
    return wrong + [("missing", key) for key in expected.keys() - seen]


def _clocks_expected(city: LiveCity) -> dict[tuple, tuple]:
    corrections: dict[int, list] = {}
    for pk, asked, answered in city.query(
        "SELECT application_id, requested_at, answered_at FROM hall_applications_correction ORDER BY id"
    ):
        corrections.setdefault(pk, []).append((_at(asked), _at(answered)))
    expected = {}
    for pk, number, matter, submitted, accepted, decided in city.query(
        "SELECT id, number, matter_code, submitted_at, accepted_at, decided_at "
        "FROM hall_applications_application"
    ):
        subject, told = f"application:{number}", corrections.get(pk, [])
        taken, ended = _at(accepted), _at(decided)
        until = taken or ended
        early = [one for one in told if until is None or one[0] <= until]
        late = [one for one in told if one not in early]
        expected[f"{subject}/acceptance", "STEP"] = (5, _at(submitted), until, _cut(early, until))
        if matter != CARD and taken is not None:
            expected[subject, "LEGAL"] = (20, taken, ended, _cut(late, ended))
            expected[subject, "PROMISED"] = (3, taken, ended, _cut(late, ended))
    for number, decided, closed in city.query(
        "SELECT d.number, a.decided_at, d.closed_at FROM hall_deliveries_delivery d "
        "JOIN hall_applications_application a ON d.subject = 'application:' || a.number"
    ):
        expected[f"delivery:{number}", "STEP"] = (10, _at(decided), _at(closed), [])
    return expected


def _cut(pauses: list[tuple], until: datetime | None) -> list[tuple]:
    """Leave a pause open whose answer came after the clock had ended."""
    return [
        (begin, end if until is None or (end and end <= until) else None) for begin, end in pauses
    ]


def wrong_dues(city: LiveCity) -> list:
    """Return open work whose due date on the desk is not that of its clock."""
    return city.query(
        "SELECT w.number, w.due_at, w.state FROM engines_workflow_workitem w "
        "JOIN hall_applications_application a ON w.business_key = 'application:' || a.number "
        "WHERE w.state IN ('READY', 'CLAIMED', 'SUSPENDED') AND coalesce(w.due_at, a.submitted_at) <> "
        "coalesce((SELECT min(c.due_at) FROM engines_clocks_clock c WHERE c.stopped_at IS NULL "
        "AND c.subject IN (w.business_key, w.business_key || '/acceptance')), a.submitted_at)"
    )
