"""Writes of the housing registry (动态住房数据库): reports of departments, and what follows from them."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_get, event_publish
from yiwang.resources.housing.bulk import rows_insert
from yiwang.resources.housing.checking import (
    event_check,
    members_of,
    parties_of,
    parties_replaced,
)
from yiwang.resources.housing.data import (
    GROUPS,
    KINDS,
    DwellingState,
    Event,
    EventKeyTaken,
    EventMalformed,
    Outcome,
    PostedEvent,
)
from yiwang.resources.housing.models import (
    Dwelling,
    HousingDeal,
    HousingEncumbrance,
    HousingEvent,
    HousingException,
    HousingLink,
    Ownership,
    Residence,
    Tenancy,
)
from yiwang.resources.housing.queries import (
    event_of,
    exception_rows,
    related_numbers,
    reporting_function,
)
from yiwang.resources.housing.regrouping import Folded, fold_together
from yiwang.resources.housing.rules import UNKNOWN, change_after, order_of, use_of
from yiwang.resources.registries.queries import person_list_by_id_number
from yiwang.sdk.errors import N_, Forbidden, Invalid, NotFound
from yiwang.sdk.identifiers import id_number_valid, uscc_valid

REPORT = "resources.housing.report"
KEEPING = N_("Keeping the housing registry")
BATCH = 500
REPORTS_MAX = 5000
NOTE_MAX = 2000
_NAMES = ("key", "kind", "number", "document", "effective_date", "issued_date", "corrects")


@action("resources.housing.event_post", permission=REPORT)
def event_post(
    reports: Sequence[dict], *, function: str = "", now: datetime, is_made: bool = False
) -> list[PostedEvent]:
    """Take reports of a department (报送住房事件); the same report twice is one.

    reports: dicts with key, kind, number, document, effective_date, issued_date (ISO; by default the
    effective one), corrects, payload; parties as {"id_number": …}, {"uscc": …} or references.
    function: whose report it is, for the system only; staff report for their own department.
    Answers come in the order of the reports. A report that cannot hold is kept and waits on the desk.
    Raises EventMalformed, EventKeyTaken (nothing of the call is kept), Forbidden, Invalid (too many).
    """
    function = reporting_function(function)
    if len(reports) > REPORTS_MAX:
        raise Invalid(fields={"": [N_("Send at most 5,000 reports at once.")]})
    events = [_event_read(report, function) for report in reports]
    digests = [_digest(report) for report in reports]
    with data_scope(purpose=KEEPING, reason="event"):
        numbers = related_numbers(number for event in events for number in _members(event))
        _lock(numbers, now=now)
        known = _known(events)
        _keys_check(events, digests, known)
        fresh = {}
        for event, digest in zip(events, digests, strict=True):
            if (event.function, event.key) not in known | fresh.keys():
                fresh[event.function, event.key] = _row(_resolved(event), digest, now, is_made)
        HousingEvent.objects.bulk_create(fresh.values(), batch_size=BATCH)
        _links_write(fresh.values())
        outcomes = _project(sorted({row.dwelling_number for row in fresh.values()}), now=now)
        ids = _ids(events)
        missing = [event for event in events if (event.function, event.key) not in outcomes]
        outcomes |= _outcomes({event.number for event in missing}, now=now)
    audit_record(
        f"housing:{function or 'system'}",
        detail={
            "reports": len(events),
            "new": len(fresh),
            "refused": sum(outcomes[key].state == "REFUSED" for key in fresh),
        },
    )
    if fresh:
        event_publish("housing.changed", {"numbers": numbers[:100], "count": len(numbers)})
    return [
        PostedEvent(ids[key], event.key, key in fresh, outcomes[key])
        for event in events
        for key in [(event.function, event.key)]
    ]


@action("resources.housing.exception_retry", permission=REPORT)
def exception_retry(exception_id: int, *, now: datetime) -> str:
    """Try a refused report again (重试): looks its people up once more, reads all reports anew.

    People found since are written as a correction, so that the report itself stays as it came.
    Returns the state of the exception afterwards. Raises NotFound (another department's).
    """
    row = _exception(exception_id)
    with data_scope(purpose=KEEPING, reason="retry"):
        _lock(related_numbers([row.dwelling_number]), now=now)
        event = event_of(row.event)
        found = _resolved(event)
        if found.payload != event.payload:
            tries = HousingEvent.objects.filter(function=event.function, corrects=event.key)
            fixed = replace(found, key=f"{event.key[:50]}~{tries.count() + 1}", corrects=event.key)
            made = _row(fixed, "", now, row.event.is_made, department_id=row.event.department_id)
            made.save()
            _links_write([made])
        _project([row.dwelling_number], now=now)
    row.refresh_from_db()
    audit_record(f"housing_exception:{row.pk}", detail={"to": row.state, "reason": row.reason})
    return row.state


@action("resources.housing.exception_set_aside", permission=REPORT)
def exception_set_aside(exception_id: int, *, note: str, now: datetime) -> None:
    """Put a refused report aside (搁置) with the reason; it still takes effect if it ever can."""
    note = note.strip()
    if not note:
        raise Invalid(fields={"note": [N_("Say why.")]})
    row = _exception(exception_id)
    moved = HousingException.objects.filter(pk=row.pk, state="OPEN").update(
        state="SET_ASIDE", note=note[:NOTE_MAX], closed_at=now, closed_by=context_get().account_id
    )
    if not moved:
        raise NotFound()
    audit_record(f"housing_exception:{row.pk}", detail={"to": "SET_ASIDE"})


@action("resources.housing.project")
def dwellings_project(numbers: Iterable[str] | None = None, *, now: datetime) -> int:
    """Read the reports of dwellings anew (重新投影), all of them by default; returns how many.

    Replaying gives what stands there already; nothing else may write the projection.
    """
    if context_get().population != "SYSTEM":
        raise Forbidden()
    if numbers is None:
        numbers = Dwelling.objects.order_by("number").values_list("number", flat=True)
    chosen = list(numbers)
    with data_scope(purpose=KEEPING, reason="projection"):
        for start in range(0, len(chosen), BATCH):
            part = chosen[start : start + BATCH]
            _lock(part, now=now)
            _project(part, now=now)
    audit_record("housing:projection", detail={"dwellings": len(chosen)})
    return len(chosen)


def housing_sweep(*, now: datetime) -> int:
    """Project the dwellings in which a lease begins or ends today (每日状态推移); at most 5,000."""
    today = timezone.localdate(now)
    due = Dwelling.objects.filter(next_change_date__lte=today).order_by("next_change_date", "id")
    numbers = list(due.values_list("number", flat=True)[:REPORTS_MAX])
    return dwellings_project(numbers, now=now) if numbers else 0


@action("resources.housing.load")
def events_load(
    events: Iterable[Event], *, departments: Mapping[tuple[str, str], int], now: datetime
) -> dict[str, int]:
    """Load made reports in bulk (批量装载住房事件): checked events with references, none known yet.

    departments: (function, area code) -> who reported. recorded_at of each is the evening of its
    effective day. Returns counts.
    """
    by_number: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_number[event.number].append(event)
    evenings: dict[date, datetime] = {}
    refused = total = 0
    with data_scope(purpose=KEEPING, reason="bulk load"):
        numbers = list(by_number)
        for start in range(0, len(numbers), BATCH):
            part = {number: by_number[number] for number in numbers[start : start + BATCH]}
            rows = [
                _row(
                    event,
                    "",
                    evenings.get(event.effective_date)
                    or _evening(event.effective_date, now, evenings),
                    True,
                    department_id=departments.get((event.function, event.number[:6])),
                )
                for one in part.values()
                for event in one
            ]
            rows_insert(rows)
            total += len(rows)
            made = [Dwelling(number=number) for number in part]
            outcomes = _project_rows(made, part, rows, now=now, is_new=True)
            refused += sum(one.state == "REFUSED" for one in outcomes.values())
    audit_record("housing", detail={"dwellings": len(by_number), "events": total})
    return {"dwellings": len(by_number), "events": total, "refused": refused}


def _event_read(report: dict, function: str) -> Event:
    key = str(report.get("key", ""))[:80]
    if extra := sorted(set(report) - {*_NAMES, "payload"}):
        raise EventMalformed(key=key, problem=", ".join(extra))
    kind = str(report.get("kind", ""))
    if kind not in KINDS:
        raise EventMalformed(key=key, problem="kind")
    days = {}
    for name in ("effective_date", "issued_date"):
        text = str(report.get(name) or report.get("effective_date", ""))
        try:
            days[name] = date.fromisoformat(text)
        except ValueError:
            raise EventMalformed(key=key, problem=name) from None
    payload = report.get("payload") or {}
    if not isinstance(payload, dict):
        raise EventMalformed(key=key, problem="payload")
    return event_check(
        Event(
            key=key,
            kind=kind,
            number=str(report.get("number", "")),
            function=function or KINDS[kind].function,
            document=str(report.get("document", "")),
            corrects=str(report.get("corrects", "")),
            payload={name: _named(value) for name, value in payload.items()},
            **days,
        )
    )


def _named(value: object) -> object:
    """Write a party as a reference; an identity number stays `unknown:` until it is looked up."""
    if isinstance(value, dict):
        if "uscc" in value and uscc_valid(str(value["uscc"])):
            return f"enterprise:{value['uscc']}"
        if "id_number" in value and id_number_valid(str(value["id_number"])):
            return f"{UNKNOWN}{value['id_number']}"
        return value.get("ref")
    if isinstance(value, list | tuple):
        return [_named_one(one) for one in value]
    return value


def _named_one(value: object) -> object:
    """Write one holder with a share, or one part of a division with its owners."""
    if isinstance(value, dict) and "number" in value:
        return {**value, "owners": _named(value.get("owners"))}
    if isinstance(value, dict):
        return [_named(value.get("party")), value.get("share")]
    return list(value) if isinstance(value, list | tuple) else value


def _resolved(event: Event) -> Event:
    """Put the references of people for their identity numbers, of those whom the registry knows."""
    found = {}
    for party in parties_of(event.kind, event.payload):
        if party.startswith(UNKNOWN) and party not in found:
            rows = person_list_by_id_number(party.removeprefix(UNKNOWN), purpose=KEEPING)
            found[party] = f"person:{rows[0].ref}" if rows else party
    if not found:
        return event
    return replace(event, payload=parties_replaced(event.payload, found))


def _members(event: Event) -> list[str]:
    return members_of(event.payload) if event.kind in GROUPS else [event.number]


def _members_of(row: HousingEvent) -> list[str]:
    return members_of(row.payload) if row.kind in GROUPS else []


def _links_write(rows: Iterable[HousingEvent]) -> None:
    """Connect the dwellings of divisions and joinings."""
    HousingLink.objects.bulk_create(
        [
            HousingLink(event=row, dwelling_number=number)
            for row in rows
            for number in _members_of(row)
        ]
    )


def _digest(report: dict) -> str:
    text = json.dumps(report, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _row(
    event: Event, digest: str, at: datetime, is_made: bool, *, department_id: int | None = None
) -> HousingEvent:
    return HousingEvent(
        function=event.function,
        key=event.key,
        dwelling_number=event.number,
        kind=event.kind,
        document=event.document,
        effective_date=event.effective_date,
        issued_date=event.issued_date,
        corrects=event.corrects,
        payload=event.payload,
        digest=digest,
        department_id=department_id or context_get().department_id,
        recorded_at=at,
        is_made=is_made,
    )


def _known(events: list[Event]) -> dict[tuple, str]:
    keys = {event.key for event in events}
    rows = HousingEvent.objects.filter(
        function__in={event.function for event in events}, key__in=keys
    )
    return {(row.function, row.key): row.digest for row in rows}


def _keys_check(events: list[Event], digests: list[str], known: dict[tuple, str]) -> None:
    said = dict(known)
    for event, digest in zip(events, digests, strict=True):
        if said.setdefault((event.function, event.key), digest) != digest:
            raise EventKeyTaken(key=event.key)


def _ids(events: list[Event]) -> dict[tuple, int]:
    rows = HousingEvent.objects.filter(key__in={event.key for event in events})
    return {(row.function, row.key): row.pk for row in rows.only("id", "function", "key")}


def _lock(numbers: list[str], *, now: datetime) -> None:
    """Hold the dwellings, so that reports about one come one after the other."""
    today = timezone.localdate(now)
    there = set(Dwelling.objects.filter(number__in=numbers).values_list("number", flat=True))
    Dwelling.objects.bulk_create(
        [Dwelling(number=number, projected_on=today) for number in numbers if number not in there],
        ignore_conflicts=True,
    )
    list(
        Dwelling.objects.select_for_update()
        .filter(number__in=numbers)
        .order_by("number")
        .values_list("pk")
    )


def _outcomes(numbers: set[str], *, now: datetime) -> dict[tuple, Outcome]:
    """Tell what became of all reports of some dwellings, without writing."""
    outcomes: dict[tuple, Outcome] = {}
    events = _events(related_numbers(numbers))[0]
    for folded in fold_together(events, on=timezone.localdate(now)).values():
        outcomes |= folded.outcomes
    return outcomes


def _events(numbers: list[str]) -> tuple[dict[str, list[Event]], list[HousingEvent]]:
    rows = list(HousingEvent.objects.filter(dwelling_number__in=numbers))
    events: dict[str, list[Event]] = {number: [] for number in numbers}
    for row in rows:
        events[row.dwelling_number].append(event_of(row))
    return events, rows


def _project(numbers: list[str], *, now: datetime) -> dict[tuple, Outcome]:
    """Read dwellings anew, with those that divisions and joinings connect them with."""
    numbers = related_numbers(numbers)
    events, rows = _events(numbers)
    dwellings = list(Dwelling.objects.filter(number__in=numbers))
    return _project_rows(dwellings, events, rows, now=now)


def _project_rows(
    dwellings: list[Dwelling],
    events: dict[str, list[Event]],
    rows: list[HousingEvent],
    *,
    now: datetime,
    is_new: bool = False,
) -> dict[tuple, Outcome]:
    today = timezone.localdate(now)
    outcomes: dict[tuple, Outcome] = {}
    states = []
    made = {
        number for row in rows if row.is_made for number in (row.dwelling_number, *_members_of(row))
    }
    together = fold_together(events, on=today)
    for dwelling in dwellings:
        folded = together[dwelling.number]
        outcomes |= folded.outcomes
        dwelling.is_made = dwelling.number in made
        _facts_write(dwelling, folded)
        states.append(folded.state)
    if is_new:
        Dwelling.objects.bulk_create(dwellings, batch_size=BATCH)
    else:
        for model in (Ownership, HousingEncumbrance, Tenancy, Residence, HousingDeal):
            model.objects.filter(dwelling__in=dwellings).delete()
        Dwelling.objects.bulk_update(dwellings, _WRITTEN, batch_size=50)
    parts: dict[type, list] = defaultdict(list)
    for dwelling, state in zip(dwellings, states, strict=True):
        for part in _parts(dwelling, state):
            parts[type(part)].append(part)
    for made_rows in parts.values():
        rows_insert(made_rows)
    _exceptions_write(rows, outcomes, now=now)
    return outcomes


_FACTS = (
    *("address", "area_code", "community_code", "building", "unit", "flat"),
    *("structure", "purpose", "year"),
)
_WRITTEN = (
    *_FACTS,
    *("area_m2", "longitude", "latitude", "use", "is_standing", "demolished_date"),
    *("ended_date", "ended_kind", "ended_into", "origins"),
    *("residents_count", "events_count", "next_change_date", "projected_on", "is_made"),
)


def _facts_write(dwelling: Dwelling, folded: Folded) -> None:
    state, events = folded.state, folded.events
    facts = state.facts or {}
    for name in _FACTS:
        setattr(dwelling, name, facts.get(name, 0 if name == "year" else ""))
    dwelling.area_m2 = Decimal(facts.get("area_m2", "0"))
    for name in ("longitude", "latitude"):
        setattr(dwelling, name, float(facts[name]) if name in facts else None)
    dwelling.use = use_of(state)
    is_gone = state.demolished_date is not None or state.ended is not None
    dwelling.is_standing = state.facts is not None and not is_gone
    dwelling.ended_date = state.ended.on if state.ended else None
    dwelling.ended_kind = state.ended.kind if state.ended else ""
    dwelling.ended_into = list(state.ended.into) if state.ended else []
    dwelling.origins = list(state.origins)
    dwelling.demolished_date = state.demolished_date
    dwelling.residents_count = len(state.residents)
    dwelling.events_count = len(events)
    dwelling.next_change_date = change_after(events, state)
    dwelling.projected_on = state.on


def _parts(dwelling: Dwelling, state: DwellingState) -> list:
    return [
        *(
            Ownership(
                dwelling=dwelling,
                holder_ref=one.holder,
                numerator=one.share.numerator,
                denominator=one.share.denominator,
                since=one.since,
                document=one.document,
            )
            for one in state.owners
        ),
        *(
            HousingEncumbrance(
                dwelling=dwelling,
                kind=one.kind,
                document=one.document,
                holder=one.holder,
                amount_fen=one.amount_fen,
                since=one.since,
            )
            for one in state.encumbrances
        ),
        *(
            Tenancy(
                dwelling=dwelling,
                document=one.document,
                landlord_ref=one.landlord,
                tenant_ref=one.tenant,
                start_date=one.start,
                end_date=one.end,
                rent_fen=one.rent_fen,
                part=one.part,
            )
            for one in state.leases
        ),
        *(
            Residence(dwelling=dwelling, person_ref=person, since=since)
            for person, since in state.residents
        ),
        *(
            HousingDeal(
                dwelling=dwelling,
                kind=one.kind,
                document=one.document,
                on_date=one.on,
                cause=one.cause,
                price_fen=one.price_fen,
            )
            for one in state.deals
        ),
    ]


def _exceptions_write(
    rows: list[HousingEvent], outcomes: dict[tuple, Outcome], *, now: datetime
) -> None:
    wrong = [row for row in rows if outcomes[row.function, row.key].state == "REFUSED"]
    for row in wrong:
        row.pk = row.pk or HousingEvent.objects.get(function=row.function, key=row.key).pk
    refused = {
        row.pk: (row, outcomes[row.function, row.key])
        for row in sorted(wrong, key=lambda row: order_of(event_of(row)))
    }
    existing = HousingException.objects.filter(
        dwelling_number__in={row.dwelling_number for row in rows}
    )
    for one in existing:
        row, outcome = refused.pop(one.event_id, (None, None))
        if outcome is None:
            if one.state != "RESOLVED":
                one.state, one.closed_at = "RESOLVED", now
                one.save(update_fields=["state", "closed_at"])
        elif one.state == "RESOLVED" or (one.reason, one.params) != (
            outcome.reason,
            outcome.params,
        ):
            one.state = "OPEN" if one.state == "RESOLVED" else one.state
            one.reason, one.params = outcome.reason, outcome.params
            one.save(update_fields=["state", "reason", "params"])
    HousingException.objects.bulk_create(
        [
            HousingException(
                event=row,
                department_id=row.department_id,
                dwelling_number=row.dwelling_number,
                kind=row.kind,
                reason=outcome.reason,
                params=outcome.params,
                opened_at=now,
            )
            for row, outcome in refused.values()
        ]
    )


def _exception(exception_id: int) -> HousingException:
    row = exception_rows().filter(pk=exception_id).first()
    if row is None:
        raise NotFound()
    return row


def _evening(day: date, now: datetime, known: dict[date, datetime]) -> datetime:
    """Return 20:00 of a day in the city's time, never after now; kept in `known`."""
    at = datetime.combine(day, datetime.min.time(), tzinfo=timezone.get_current_timezone())
    known[day] = min(at.replace(hour=20), now)
    return known[day]
