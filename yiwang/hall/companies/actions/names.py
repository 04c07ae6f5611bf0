"""Names: following the registry, reserving, extending, giving up, running out (名称保留)."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from yiwang.hall.companies.checking import REGISTRY, findings_plain, keys_of, name_check
from yiwang.hall.companies.data import ReservationView
from yiwang.hall.companies.errors import (
    ExtensionUsed,
    NameRefused,
    NamesTooMany,
    NameTaken,
    ReservationEnded,
    ReservationNotFound,
)
from yiwang.hall.companies.models import NameEntry, NameIndex, NameReservation
from yiwang.hall.companies.naming import NameParts, name_keys
from yiwang.hall.companies.queries import reservation_view
from yiwang.hall.companies.rules import months_later
from yiwang.hall.companies.standing import company_own_row
from yiwang.hall.companies.tables import naming_tables
from yiwang.identity.api import data_scope
from yiwang.kernel.api import (
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
    event_publish,
    serial_next,
)
from yiwang.resources.api import LegalName, legal_name_changes
from yiwang.sdk.identifiers import person_ref_of

HELD_MAX = 5
AT_ONCE = 500


# --- the index follows the registry -------------------------------------------------------------


def names_follow(*, now: datetime) -> int:
    """Bring the index of names up to the registry's version (同步名称索引); returns how many names it took in.

    Each part is a transaction; the version is noted last, so a killed run is done again from where it began.
    """
    index, _ = NameIndex.objects.get_or_create(registry=REGISTRY)
    current, parts = legal_name_changes(index.master if index.master else 0)
    if current == index.master:
        return 0
    if current < index.master:  # the registry was rolled back: everything is read again
        NameEntry.objects.all().delete()
        current, parts = legal_name_changes(0)
    count = sum(_part_put(part) for part in parts)
    _index_note(current, now=now)
    return count


def _part_put(part: list[LegalName]) -> int:
    with transaction.atomic():
        NameEntry.objects.filter(ref__in=[one.ref for one in part]).delete()
        rows = [_entry(one) for one in part if one.name and not one.is_gone]
        NameEntry.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def _entry(one: LegalName) -> NameEntry:
    keys = keys_of(one.name)
    return NameEntry(
        ref=one.ref,
        uscc=one.uscc,
        name=one.name,
        exact_key=keys.exact,
        core_key=keys.core,
        sound_key=keys.sound[:400],
        trade_group=keys.trade_group,
    )


@action("hall.companies.names_followed")
def _index_note(master: int, *, now: datetime) -> None:
    entries = NameEntry.objects.count()
    NameIndex.objects.filter(registry=REGISTRY).update(master=master, entries=entries, at=now)
    audit_record("company_names", detail={"master": master, "entries": entries})


# --- reservations -------------------------------------------------------------------------------


@action("hall.companies.name_reserve")
def name_reserve(
    parts: NameParts, *, kind: str, area_code: str, now: datetime, uscc: str = ""
) -> ReservationView:
    """Reserve a name for the acting person (名称申报), for two months. Once: the database holds it.

    uscc: of one's company that is to have the name; its kind and place are the company's then. Raises
    NameRefused with the findings in `fields`, NameTaken, NamesTooMany, CompanyNotFound.
    """
    if uscc:
        company = company_own_row(uscc)
        kind, area_code = company.kind, company.area_code
    context = context_get()
    tables, today = naming_tables(), timezone.localdate(now)
    mine = NameReservation.objects.filter(applicant_ref=context.subject_ref, state="HELD")
    if mine.filter(expires_date__gte=today).count() >= HELD_MAX:
        raise NamesTooMany(count=HELD_MAX)
    check = name_check(parts, kind=kind, area_code=area_code, today=today, uscc=uscc)
    if check.refused:
        raise NameRefused(fields={"core": [one.kind for one in check.findings if one.refuses]})
    keys = name_keys(parts, tables=tables)
    _expired_free(keys.exact, keys.core, keys.sound, keys.trade_group, today=today)
    try:
        with transaction.atomic():
            row = NameReservation.objects.create(
                number=f"MC{today:%Y%m%d}{serial_next(f'hall.companies:name:{today:%Y%m%d}'):05d}",
                name=parts.text,
                division=parts.division,
                core=parts.core,
                trade=parts.trade,
                form=parts.form,
                arrangement=parts.arrangement,
                kind=kind,
                uscc=uscc,
                area_code=area_code,
                exact_key=keys.exact,
                core_key=keys.core,
                sound_key=keys.sound,
                trade_group=keys.trade_group,
                findings=findings_plain(check.findings),
                applicant_ref=context.subject_ref,
                account_id=context.account_id,
                reserved_at=now,
                expires_date=months_later(today, tables.reservation["months"]),
            )
    except IntegrityError:
        raise NameTaken() from None
    _audit(row)
    return reservation_view(row, today=today)


def _expired_free(exact: str, core: str, sound: str, group: str, *, today: date) -> None:
    """Let go what ran out and the sweep has not seen yet: it must not stand in the way."""
    same = Q(exact_key=exact)
    if group:
        same |= Q(core_key=core, trade_group=group) | Q(sound_key=sound, trade_group=group)
    rows = NameReservation.objects.filter(same, state="HELD", expires_date__lt=today)
    rows.update(state="EXPIRED")


@action("hall.companies.name_extend")
def name_extend(number: str, *, now: datetime) -> ReservationView:
    """Keep a name a month longer (保留期延期), as often as the rules allow: once."""
    row = _own(number, now=now)
    rules = naming_tables().reservation
    if row.extensions >= rules["extensions"]:
        raise ExtensionUsed()
    row.extensions += 1
    row.expires_date = months_later(row.expires_date, rules["extension_months"])
    row.save(update_fields=["extensions", "expires_date"])
    _audit(row)
    return reservation_view(row, today=timezone.localdate(now))


@action("hall.companies.name_release")
def name_release(number: str, *, now: datetime) -> None:
    """Give a reserved name up (放弃名称); from then on others may have it."""
    row = _own(number, now=now)
    row.state = "RELEASED"
    row.save(update_fields=["state"])
    with data_scope(purpose="公司登记", reason=f"company_name:{number}"):
        row.filings.filter(state__in=("SIGNING", "SIGNED")).update(state="CLOSED")
    _audit(row)


def _own(number: str, *, now: datetime) -> NameReservation:
    rows = NameReservation.objects.select_for_update().filter(number=number)
    row = rows.filter(applicant_ref=context_get().subject_ref).first()
    if row is None:
        raise ReservationNotFound()
    if row.state != "HELD" or row.expires_date < timezone.localdate(now):
        raise ReservationEnded()
    return row


def _audit(row: NameReservation) -> None:
    audit_record(
        f"company_name:{row.number}",
        person_ref=person_ref_of(row.applicant_ref),
        detail={"name": row.name, "state": row.state, "until": row.expires_date.isoformat()},
    )


def reservations_expire(now: datetime) -> int:
    """Let names go whose time is over (保留期届满); returns how many."""
    today = timezone.localdate(now)
    with context_use(context_system("名称保留期届满")):
        rows = NameReservation.objects.filter(state="HELD", expires_date__lt=today)
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        return sum(_expire(key, today=today) for key in keys)


@action("hall.companies.name_expire")
def _expire(key: int, *, today: date) -> int:
    rows = NameReservation.objects.filter(pk=key, state="HELD", expires_date__lt=today)
    changed = rows.update(state="EXPIRED")
    audit_record(f"company_name:{key}", detail={"state": "EXPIRED", "changed": changed})
    if changed:
        row = NameReservation.objects.get(pk=key)
        event_publish(
            "company.name_expired",
            {
                "number": row.number,
                "title": {"zh": row.name, "en": row.name},
                "account_id": row.account_id,
                "link": "/hall/companies/mine/",
            },
            key=row.number,
        )
    return changed
