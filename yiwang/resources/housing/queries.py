"""Reads of the housing registry (动态住房数据库). Whoever reads somebody leaves a row they can see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from yiwang.identity.api import (
    DepartmentUnknown,
    DepartmentView,
    Rule,
    data_scope,
    department_get,
    everyone,
    field_in,
    field_prefix,
    nobody,
)
from yiwang.kernel.api import RequestContext, audit_record, context_get, purpose_use
from yiwang.resources.housing.data import (
    DistrictFigures,
    DwellingNotFound,
    DwellingState,
    DwellingView,
    Event,
    Holding,
    HousingCheck,
    Outcome,
)
from yiwang.resources.housing.models import (
    Dwelling,
    HousingEncumbrance,
    HousingEvent,
    HousingException,
    HousingLink,
    Ownership,
    Residence,
    Tenancy,
)
from yiwang.resources.housing.regrouping import fold_together
from yiwang.resources.housing.rules import UNKNOWN, order_of
from yiwang.resources.registries.data import NotInRegistry, PurposeNeeded
from yiwang.resources.registries.queries import (
    enterprise_get,
    person_values,
    read_check,
    reads_own,
)
from yiwang.sdk.errors import N_, Forbidden
from yiwang.sdk.identifiers import person_ref_of
from yiwang.sdk.masking import mask_id_number, mask_name

OWN_HOMES = N_("Looking at my own homes")
ACT = "resources.housing.read"
# Trades that keep the registry see names whole; everybody else sees them masked.
KEEPERS = frozenset({"natural_resources", "housing"})
own_reports: Rule = field_in("department_id", "department_ids")


@dataclass(frozen=True, slots=True)
class Told:
    """A report with what became of it (事件与结果), as a dwelling's page shows it."""

    event: Event
    outcome: Outcome
    recorded_at: datetime
    department_id: int | None


@dataclass(frozen=True, slots=True)
class DwellingRecord:
    """A dwelling with everything about it (住房档案): state on a day as known at a moment.

    names: reference -> what the asker may read of the name.
    """

    dwelling: DwellingView
    state: DwellingState
    told: tuple[Told, ...]
    names: dict[str, str]


def department_of(context: RequestContext) -> DepartmentView | None:
    """Return the department of the acting post, None when there is none."""
    if context.department_id is None:
        return None
    try:
        return department_get(context.department_id)
    except DepartmentUnknown:
        return None


def area_rule(context: RequestContext | None = None) -> Rule:
    """Return which dwellings the acting post may see (管辖范围): its district's, or the city's."""
    context = context or context_get()
    if context.population == "SYSTEM":
        return everyone
    department = department_of(context)
    if department is None:
        return nobody
    return (
        everyone
        if department.level == "CITY"
        else field_prefix("area_code", department.area_code[:6])
    )


def reporting_function(function: str) -> str:
    """Return whose reports the acting person may send (报送职能): the system names one or none."""
    context = context_get()
    if context.population == "SYSTEM":
        return function
    department = department_of(context)
    if department is None or (function and function != department.function):
        raise Forbidden()
    return department.function


def dwelling_rows() -> QuerySet[Dwelling]:
    """Return the accepted dwellings of the asker's area (住房列表): facts and use, no person."""
    return Dwelling.objects.filter(area_rule().filter(context_get())).exclude(address="")


def dwelling_get(number: str) -> DwellingView:
    """Return a dwelling (住房), facts and use only. Raises DwellingNotFound."""
    row = dwelling_rows().filter(number=number).first()
    if row is None:
        raise DwellingNotFound(number=number[:28])
    return dwelling_view(row)


def dwelling_record(
    number: str,
    *,
    purpose: str,
    on: date | None = None,
    known_at: datetime | None = None,
    now: datetime,
) -> DwellingRecord:
    """Return all that is held about a dwelling (住房档案), on a day, as it was known at a moment.

    One audit row for every person named. Raises DwellingNotFound, PurposeNeeded, Forbidden.
    """
    context = context_get()
    if context.population not in ("STAFF", "PROGRAM", "SYSTEM"):
        raise Forbidden()
    if not (purpose := (purpose or context.purpose).strip()):
        raise PurposeNeeded()
    dwelling = dwelling_get(number)
    on = on or timezone.localdate(now)
    state, told = dwelling_told(number, purpose=purpose, on=on, known_at=known_at)
    people = _people(state)
    names = {ref: name_text(ref, purpose=purpose) for ref in people}
    _record(number, people, ["housing"], purpose)
    return DwellingRecord(dwelling, state, told, names)


def dwelling_told(
    number: str, *, purpose: str, on: date, known_at: datetime | None = None
) -> tuple[DwellingState, tuple[Told, ...]]:
    """Read the reports of a dwelling up to a moment (双时态): the state on a day, and each outcome.

    Inside other reads only: it neither checks nor records.
    """
    with data_scope(purpose=purpose, reason=number):
        related = related_numbers([number])
        rows = HousingEvent.objects.filter(dwelling_number__in=related)
        if known_at is not None:
            rows = rows.filter(recorded_at__lte=known_at)
        kept = list(rows)
    by_number: dict[str, list[Event]] = {one: [] for one in related}
    for row in kept:
        by_number[row.dwelling_number].append(event_of(row))
    folded = fold_together(by_number, on=on)[number]
    told = [
        Told(event, outcome, row.recorded_at, row.department_id)
        for row in kept
        for event in [event_of(row)]
        for outcome in [folded.outcomes.get((event.function, event.key))]
        if outcome is not None
    ]
    return folded.state, tuple(sorted(told, key=lambda one: order_of(one.event), reverse=True))


def related_numbers(numbers: Iterable[str]) -> list[str]:
    """Return dwellings with all that divisions and joinings connect them with (关联住房)."""
    found, fresh = set(numbers), set(numbers)
    while fresh:
        events = HousingLink.objects.filter(dwelling_number__in=fresh).values("event_id")
        linked = HousingLink.objects.filter(event_id__in=events)
        fresh = set(linked.values_list("dwelling_number", flat=True)) - found
        found |= fresh
    return sorted(found)


def housing_of(person_ref: str, *, purpose: str) -> list[Holding]:
    """List somebody's dwellings (名下住房): owned, rented, lived in; an audited read.

    person_ref: the bare reference. Raises PurposeNeeded, Forbidden.
    """
    subject = f"person:{person_ref}"
    purpose = read_check(subject, purpose)
    holdings = _holdings(subject, purpose)
    if not reads_own(context_get(), subject):
        _record("of:" + person_ref, [subject], ["housing"], purpose)
    return holdings


def own_homes(person_ref: str) -> list[Holding]:
    """List the asker's own dwellings (我的住房); nobody else looked. Raises Forbidden."""
    subject = f"person:{person_ref}"
    if not reads_own(context_get(), subject):
        raise Forbidden()
    return _holdings(subject, OWN_HOMES)


def housing_check(
    person_ref: str, *, purpose: str, area_code: str = "", now: datetime
) -> HousingCheck:
    """Tell whether somebody owns a dwelling that stands (住房核验), yes or no and nothing else.

    area_code: only dwellings of this division count ("" the whole city). An audited read.
    """
    subject = f"person:{person_ref}"
    purpose = read_check(subject, purpose)
    with data_scope(purpose=purpose, reason="check"):
        rows = Ownership.objects.filter(holder_ref=subject, dwelling__is_standing=True)
        if area_code:
            rows = rows.filter(dwelling__area_code__startswith=area_code)
        found = rows.exists()
    if not reads_own(context_get(), subject):
        _record("of:" + person_ref, [subject], ["has_dwelling"], purpose)
    return HousingCheck(found, now, area_code)


def figures_list() -> list[DistrictFigures]:
    """Count the housing of each district (住房统计) of the asker's area, by area code.

    Standing dwellings only. Vacant, let and so on by `rules.use_of`; area per head is the floor area
    of dwellings in which somebody is registered over the people registered there.
    """
    rows = dwelling_rows().filter(is_standing=True)
    lived = Q(residents_count__gt=0)
    uses: dict[str, dict[str, int]] = {}
    for area, use, count in rows.order_by().values_list("area_code", "use").annotate(Count("id")):
        uses.setdefault(area, {})[use] = count
    totals = (
        rows.order_by()
        .values("area_code")
        .annotate(
            dwellings=Count("id"),
            total=Sum("area_m2"),
            people=Sum("residents_count"),
            lived=Sum("area_m2", filter=lived),
        )
    )
    found = [
        DistrictFigures(
            area_code=row["area_code"],
            dwellings=row["dwellings"],
            area_m2=row["total"] or Decimal(0),
            uses=uses[row["area_code"]],
            residents=row["people"] or 0,
            lived_in_m2=row["lived"] or Decimal(0),
        )
        for row in totals
    ]
    return sorted(found, key=lambda one: one.area_code)


def exception_rows(*, state: str = "") -> QuerySet[HousingException]:
    """Return the refused reports of the acting post's departments (住房异常), newest first."""
    context = context_get()
    rule = everyone if context.population == "SYSTEM" else own_reports
    rows = HousingException.objects.filter(rule.filter(context))
    return (rows.filter(state=state) if state else rows).order_by("-id")


def exception_open_count(context: RequestContext) -> int:
    """Count the refused reports that wait for the acting post's departments (待处理)."""
    return HousingException.objects.filter(own_reports.filter(context), state="OPEN").count()


def event_of(row: HousingEvent) -> Event:
    """Turn a row into what the rules read."""
    return Event(
        key=row.key,
        kind=row.kind,
        number=row.dwelling_number,
        function=row.function,
        document=row.document,
        effective_date=row.effective_date,
        issued_date=row.issued_date,
        payload=row.payload,
        corrects=row.corrects,
    )


def dwelling_view(row: Dwelling) -> DwellingView:
    """Turn a row into what may cross areas."""
    return DwellingView(**{name: getattr(row, name) for name in DwellingView.__dataclass_fields__})


def name_text(ref: str, *, purpose: str) -> str:
    """Return what the asker may read of a party's name (当事人姓名): keepers whole, others masked."""
    kind, _, key = ref.partition(":")
    if kind == "enterprise":
        try:
            return enterprise_get(key).name
        except NotInRegistry:
            return key
    if kind == "person":
        try:
            name = person_values(key, ["name"], purpose=purpose)["name"].value
        except NotInRegistry:
            return "*"
        return name if _sees_names() else mask_name(name)
    return mask_id_number(key) if ref.startswith(UNKNOWN) else ref


def _sees_names() -> bool:
    context = context_get()
    if context.population == "SYSTEM":
        return True
    department = department_of(context)
    return department is not None and department.function in KEEPERS


def _people(state: DwellingState) -> list[str]:
    refs = {share.holder for share in state.owners}
    refs |= {one.holder for one in state.encumbrances if one.kind == "MORTGAGE"}
    refs |= {ref for lease in state.leases for ref in (lease.landlord, lease.tenant)}
    refs |= {person for person, _since in state.residents}
    return sorted(refs)


def _holdings(subject: str, purpose: str) -> list[Holding]:
    with data_scope(purpose=purpose, reason=subject):
        today = timezone.localdate()
        owned = list(Ownership.objects.filter(holder_ref=subject).select_related("dwelling"))
        rented = list(
            Tenancy.objects.filter(
                tenant_ref=subject, start_date__lte=today, end_date__gte=today
            ).select_related("dwelling")
        )
        lived = list(Residence.objects.filter(person_ref=subject).select_related("dwelling"))
        kinds: dict[int, set[str]] = {}
        for pk, kind in HousingEncumbrance.objects.filter(
            dwelling__in=[row.dwelling_id for row in owned]
        ).values_list("dwelling_id", "kind"):
            kinds.setdefault(pk, set()).add(kind)
    found = [
        _holding(
            row.dwelling, "OWNER", row.since, row.document,
            share=Fraction(row.numerator, row.denominator),
            kinds=kinds.get(row.dwelling_id, ()),
        )
        for row in owned
    ]  # fmt: skip
    found += [_holding(row.dwelling, "TENANT", row.start_date, row.document) for row in rented]
    found += [_holding(row.dwelling, "RESIDENT", row.since, "") for row in lived]
    return found


def _holding(
    row: Dwelling, role: str, since: date, document: str, *,
    share: Fraction | None = None, kinds: Iterable[str] = (),
) -> Holding:  # fmt: skip
    return Holding(
        number=row.number,
        address=row.address,
        area_code=row.area_code,
        area_m2=row.area_m2,
        role=role,
        share=share,
        since=since,
        document=document,
        use=row.use,
        is_mortgaged="MORTGAGE" in kinds,
        is_seized="SEIZURE" in kinds,
    )


def _record(subject: str, refs: Iterable[str], fields: list[str], purpose: str) -> None:
    people = [ref for ref in refs if ref.startswith("person:")] or [""]
    with purpose_use(purpose):
        for ref in people:
            audit_record(
                f"dwelling:{subject}",
                act=ACT,
                person_ref=person_ref_of(ref) if ref else "",
                detail={"fields": fields},
            )
