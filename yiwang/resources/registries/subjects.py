"""Subjects as civil servants see them (主体查询): masked by level, with sources, conflicts, ties, history.

Every read is for a stated purpose and leaves an audit row that the person concerned sees.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache

from django.utils import timezone

from yiwang.identity.api import data_scope
from yiwang.kernel.api import audit_read_record, context_get, purpose_use
from yiwang.resources.registries.data import (
    ENTERPRISE_FIELDS,
    PERSON_FIELDS,
    Field,
    Lineage,
    NotInRegistry,
    OtherValue,
    PersonAmbiguous,
    PersonView,
    PurposeNeeded,
    SubjectChange,
    SubjectField,
    SubjectVersion,
    SubjectView,
    Text,
    TieView,
)
from yiwang.resources.registries.models import (
    Enterprise,
    OrganisationTie,
    Person,
    RegistryChange,
    RegistryMaster,
)
from yiwang.resources.registries.pruning import history_check, history_floor
from yiwang.resources.registries.queries import (
    READERS,
    area_text,
    coded_text,
    enterprise_value,
    person_value,
    person_view,
    supplier_find,
    supplier_text,
)
from yiwang.resources.registries.rules import (
    class_title,
    function_of,
    lineage_read,
    masked_text,
    origin_of,
    source_of,
    value_normal,
)
from yiwang.resources.registries.store import (
    LEGAL_PERSONS,
    POPULATION,
    enterprise_row,
    enterprise_row_by_ref,
    enterprise_rows_by_code,
    enterprise_rows_by_name,
    family_rows,
    master_current,
    masters_by_number,
    organisation_tie_rows,
    person_row,
    person_row_by_id_number,
    person_rows_by_id_number,
    person_rows_by_name,
    person_rows_by_uid,
    version_rows,
)
from yiwang.sdk.errors import Forbidden
from yiwang.sdk.identifiers import normalise

READ, UNMASK, CHECK, MASTERS, PUBLISH = (
    f"resources.registries.{name}" for name in ("lookup", "unmask", "check", "masters", "publish")
)
# From this level (数据安全级别) on a value is hidden until somebody with the right says why they need it.
MASKED_LEVEL = 3
ROWS_SHOWN = 200


def person_find(
    *,
    id_number: str = "",
    name: str = "",
    birth_date: date | None = None,
    purpose: str,
) -> list[PersonView]:
    """Find people by number, or by name and date of birth (查询人口); each found is an audited read.

    Raises PersonAmbiguous, PurposeNeeded, Forbidden.
    """
    rows = _found(id_number, name, birth_date, purpose)
    for row in rows:
        _record(f"person:{row.ref}", row.ref, list(PERSON_FIELDS), purpose)
    return [person_view(row) for row in rows]


def subject_find(
    *, id_number: str = "", name: str = "", birth_date: date | None = None, purpose: str
) -> list[SubjectView]:
    """Find people for a list on a page: masked, name and number only (查询人口列表)."""
    rows = _found(id_number, name, birth_date, purpose)
    shown = ("name", "id_number", "birth_date", "area_code")
    for row in rows:
        _record(f"person:{row.ref}", row.ref, list(shown), purpose)
    return [_subject(row, names=shown) for row in rows]


def organisation_find(text: str) -> list[SubjectView]:
    """Find legal persons by code or exact name (查询法人). Registration data are public."""
    text = normalise(text)
    found = enterprise_row(text) if len(text) in (9, 18) and text.isalnum() else None
    rows = [found] if found else enterprise_rows_by_name(text)
    shown = ("name", "uscc", "legal_representative", "registered_address")
    return [_subject(row, names=shown) for row in rows]


def subject_get(kind: str, key: str, *, purpose: str, unmasked: bool = False) -> SubjectView:
    """Return one subject with all its fields (主体详情); an audited read.

    key: reference, or a legal person's credit code. unmasked: in full; the caller has the right and its
    act is recorded. A reference that went into another one comes with moved_to.
    Raises NotInRegistry, PurposeNeeded, Forbidden.
    """
    row, is_gone = _row(kind, key, purpose)
    view = _subject(row, unmasked=unmasked, is_gone=is_gone)
    _record_subject(row, [field.name for field in view.fields], purpose)
    return view


def subject_ties(kind: str, key: str, *, purpose: str, unmasked: bool = False) -> list[TieView]:
    """List family, or branches, investors and representative of a subject (关系); an audited read."""
    row, _ = _row(kind, key, purpose)
    _record_subject(row, ["family" if kind == "person" else "ties"], purpose)
    with data_scope(purpose=purpose, reason="ties"):
        if isinstance(row, Person):
            return _family(row, unmasked)
        return _organisation_ties(row, unmasked)


def subject_history(
    kind: str, key: str, *, purpose: str, unmasked: bool = False
) -> list[SubjectVersion]:
    """List the versions in which a subject came, changed or went (历史), the newest first; audited."""
    row, _ = _row(kind, key, purpose)
    _record_subject(row, ["history"], purpose)
    with data_scope(purpose=purpose, reason="history"):
        rows = version_rows(type(row), row.ref)
        masters = masters_by_number(_registry(row))
        versions: list[SubjectVersion] = []
        before, floor = None, history_floor(_registry(row))
        for one in rows:
            if before is not None and before.to_master < one.from_master:
                versions.append(_version("GONE", masters.get(before.to_master), ()))
                before = None
            changes = _changes(before, one, unmasked) if before is not None else ()
            kind_of = "CHANGED" if before is not None else "NEW"
            if before is None and one.from_master <= floor:
                kind_of = "EARLIER"  # versions before were removed; it may have been in them
            versions.append(_version(kind_of, masters.get(one.from_master), changes))
            before = one
        if before is not None and before.to_master <= master_current(_registry(row)):
            versions.append(_version("GONE", masters.get(before.to_master), ()))
    return versions[::-1]


def person_history(ref: str, *, purpose: str) -> list[SubjectVersion]:
    """Return what changed in a person, by version (人员历史); an audited read."""
    return subject_history("person", ref, purpose=purpose)


def person_as_of(ref: str, day: date, *, purpose: str) -> PersonView:
    """Return who a person was on a day (某日信息): as the version in force at its end had them; audited.

    Raises NotInRegistry, when they were not in it or no version was published yet.
    """
    _check(purpose)
    number = master_on(POPULATION, day)
    with data_scope(purpose=purpose, reason=f"as of {day}"):
        row = person_row(ref, at=number) if number else None
    if row is None:
        raise NotInRegistry()
    _record(f"person:{ref}", ref, list(PERSON_FIELDS), purpose)
    return person_view(row)


def subject_as_of(kind: str, key: str, day: date, *, purpose: str) -> SubjectView:
    """Return a subject as it was on a day (某日信息), masked; an audited read. Raises NotInRegistry."""
    now, _ = _row(kind, key, purpose)
    number = master_on(_registry(now), day)
    with data_scope(purpose=purpose, reason=f"as of {day}"):
        find = person_row if isinstance(now, Person) else enterprise_row_by_ref
        row = find(now.ref, at=number) if number else None
    if row is None:
        raise NotInRegistry()
    _record_subject(row, [*subject_fields(row)], purpose)
    return _subject(row, at=number)


def master_on(registry: str, day: date) -> int:
    """Return the version that was in force at the end of a day (当日版本), 0 before the first.

    A version that was rolled back since was never true and does not count. Raises HistoryPruned.
    """
    rows = RegistryMaster.objects.filter(
        registry=registry,
        state__in=(RegistryMaster.State.PUBLISHED, RegistryMaster.State.PRUNED),
        number__lte=master_current(registry),
        published_at__isnull=False,
    ).order_by("number")
    on_time = [row.number for row in rows if timezone.localdate(row.published_at) <= day]
    if not on_time:
        return 0
    history_check(registry, on_time[-1])
    return on_time[-1]


def person_check(id_number: str, claims: dict[str, str], *, purpose: str) -> dict[str, bool]:
    """Tell of each claim whether the registry says the same (核验); values never leave.

    claims: field → what somebody says. Nobody with the number: every answer is no. The caller counts how
    often, see `actions.person_verify`. Raises UnknownField, PurposeNeeded, Forbidden.
    """
    _check(purpose)
    with data_scope(purpose=purpose, reason="verification"):
        row = person_row_by_id_number(normalise(id_number))
        answers = {
            name: row is not None and value_normal(_plain(row, name)) == value_normal(claim) != ""
            for name, claim in claims.items()
        }
    subject = f"person:{row.ref}" if row else "registry:population"
    _record(subject, row.ref if row else "", list(claims), purpose, act="registries.check")
    return answers


def _found(id_number: str, name: str, birth_date: date | None, purpose: str) -> list[Person]:
    _check(purpose)
    number, name = normalise(id_number), name.strip()
    if not number and not (name and birth_date):
        raise PersonAmbiguous(fields={"id_number": [PersonAmbiguous.message]})
    with data_scope(purpose=purpose, reason="lookup"):
        if number:
            row = person_row_by_id_number(number)
            rows = [row] if row else []
        else:
            rows = person_rows_by_name(name, birth_date)
    if not rows:
        _record("registry:population", "", [], purpose)
    return rows


def _check(purpose: str) -> None:
    if context_get().population not in READERS:
        raise Forbidden()
    if not purpose.strip():
        raise PurposeNeeded()


def _row(kind: str, key: str, purpose: str) -> tuple[Person | Enterprise, bool]:
    """Return a subject's row, and whether it is in no version any more (then its last one)."""
    if kind == "enterprise":
        if context_get().population not in READERS:
            raise Forbidden()
        row = enterprise_row_by_ref(key) or enterprise_row(key)
        versions = [] if row else version_rows(Enterprise, key)
    else:
        _check(purpose)
        with data_scope(purpose=purpose, reason=key):
            row = person_row(key)
            versions = [] if row else version_rows(Person, key)
    if row is None and not versions:
        raise NotInRegistry()
    return row or versions[-1], row is None


def _registry(row: Person | Enterprise) -> str:
    return POPULATION if isinstance(row, Person) else LEGAL_PERSONS


def subject_fields(row: Person | Enterprise) -> dict[str, Field]:
    """Return the fields of a subject's registry (字段)."""
    return PERSON_FIELDS if isinstance(row, Person) else ENTERPRISE_FIELDS


def _record_subject(row: Person | Enterprise, fields: list[str], purpose: str) -> None:
    if isinstance(row, Person):
        _record(f"person:{row.ref}", row.ref, fields, purpose)
    else:
        _record(f"enterprise:{row.uscc or row.ref}", "", fields, purpose)


def _record(
    subject: str, person_ref: str, fields: list[str], purpose: str, act: str = "registries.read"
) -> None:
    with purpose_use(purpose):
        audit_read_record(subject, act=act, person_ref=person_ref, detail={"fields": fields})


def _plain(row: Person | Enterprise, name: str) -> str:
    return person_value(row, name) if isinstance(row, Person) else enterprise_value(row, name)


def _text(row: Person | Enterprise, name: str, value: str) -> str | Text:
    if name == "employer" and isinstance(row, Person):
        return row.employer or value
    if name in ("area_code", "community_code"):
        return area_text(value)
    return coded_text(name, value)


def _subject(
    row: Person | Enterprise,
    *,
    names: Iterable[str] = (),
    unmasked: bool = False,
    is_gone: bool = False,
    at: int = 0,
) -> SubjectView:
    fields = subject_fields(row)
    chosen = [fields[name] for name in names] or [
        field for field in fields.values() if field.name != "photo"
    ]
    lineage = lineage_read(row.lineage, _registry(row))
    who = cache(lambda function: department_text(function, row.area_code))
    shown = tuple(_field(row, lineage, field, unmasked, who) for field in chosen)
    number = at or master_current(_registry(row))
    master = RegistryMaster.objects.filter(registry=_registry(row), number=number).first()
    name = next((field.text for field in shown if field.name == "name"), "")
    is_person = isinstance(row, Person)
    return SubjectView(
        kind="person" if is_person else "enterprise",
        key=row.ref or getattr(row, "uscc", ""),
        ref=row.ref,
        name=name or row.ref,
        fields=shown,
        records=row.records,
        is_provisional=is_person and not row.id_number,
        is_masked=any(field.is_masked for field in shown),
        is_gone=is_gone,
        moved_to=_moved_to(row) if is_gone else "",
        master=number,
        published_at=master.published_at if master else None,
    )


def _moved_to(row: Person | Enterprise) -> str:
    """Return the reference that this one went into (去向), "" when nobody knows."""
    found = (
        RegistryChange.objects.filter(
            registry=_registry(row),
            ref=row.ref,
            kind__in=("ABSORBED", "MERGED"),
            master__lte=master_current(_registry(row)),
        )
        .exclude(other_ref="")
        .order_by("-master")
        .first()
    )
    return found.other_ref if found else ""


def _field(
    row: Person | Enterprise,
    lineage: Lineage,
    field: Field,
    unmasked: bool,
    who: Callable[[str], Text],
) -> SubjectField:
    value = _plain(row, field.name)
    hidden = bool(value) and field.level >= MASKED_LEVEL and not unmasked
    text = masked_text(field.name, value) if hidden else _text(row, field.name, value)
    origin = origin_of(lineage, field)
    function, as_of = source_of(lineage, field)
    return SubjectField(
        name=field.name,
        title=field.title,
        value="" if hidden else value,
        text=text,
        level=field.level,
        is_masked=hidden,
        department=who(function) if value else {},
        as_of=as_of if value else None,
        class_title=class_title(lineage.registry, origin.class_number) if origin else "",
        others=_others(row, lineage, field, unmasked, who),
    )


def _others(
    row: Person | Enterprise,
    lineage: Lineage,
    field: Field,
    unmasked: bool,
    who: Callable[[str], Text],
) -> tuple[OtherValue, ...]:
    """Return what other rows say of a field (比对): only of the plan's field that is shown."""
    hidden = field.level >= MASKED_LEVEL and not unmasked
    found = []
    for losing in lineage.losing.get(field.plan_fields[0], ()):
        value = losing.value
        if field.name in ("ethnicity", "marital_status"):
            value = value.zfill(2)
        if field.name == "area_code":
            value = value[:6]
        function = function_of(lineage.registry, losing.class_number)
        found.append(
            OtherValue(
                value="" if hidden else value,
                text=masked_text(field.name, value) if hidden else _other_text(row, field, value),
                department=who(function),
                class_title=class_title(lineage.registry, losing.class_number),
                row_no=losing.row_no,
                at=losing.at,
            )
        )
    return tuple(found)


def _other_text(row: Person | Enterprise, field: Field, value: str) -> str | Text:
    return value if field.name == "employer" else _text(row, field.name, value)


def _changes(
    before: Person | Enterprise, after: Person | Enterprise, unmasked: bool
) -> tuple[SubjectChange, ...]:
    changes = []
    for name, field in subject_fields(after).items():
        old, new = _plain(before, name), _plain(after, name)
        if name == "photo" or old == new:
            continue
        hidden = field.level >= MASKED_LEVEL and not unmasked
        show = masked_text if hidden else lambda name, value: _text(after, name, value)
        changes.append(SubjectChange(field.title, show(name, old), show(name, new)))
    return tuple(changes)


def _version(
    kind: str, master: RegistryMaster | None, changes: tuple[SubjectChange, ...]
) -> SubjectVersion:
    return SubjectVersion(
        kind=kind,
        master=master.number if master else 0,
        run=master.run if master else "",
        published_at=master.published_at if master else None,
        published_name=master.published_name if master else "",
        changes=changes,
    )


def _family(row: Person, unmasked: bool) -> list[TieView]:
    at = master_current(POPULATION)
    ties = family_rows(row.uid, at=at)
    others = {
        other.uid: other
        for other in person_rows_by_uid(
            [t.relative_uid if t.person_uid == row.uid else t.person_uid for t in ties], at=at
        )
    }
    views = []
    for tie in ties:
        is_first = tie.person_uid == row.uid
        other = others.get(tie.relative_uid if is_first else tie.person_uid)
        kind = tie.kind if is_first or tie.kind == "SPOUSE" else "PARENT"
        views.append(_tie(kind, "person", other, tie, _registry(row), unmasked))
    return sorted(views, key=lambda view: (view.kind, view.key))


REVERSED = {
    "BRANCH": "HEAD_OFFICE",
    "INVESTOR": "INVESTED",
    "REPRESENTATIVE": "REPRESENTED",
}


def _organisation_ties(row: Enterprise, unmasked: bool) -> list[TieView]:
    ties = organisation_tie_rows(row.organisation_code)
    numbers = {tie.other for tie in ties if len(tie.other) == 18}
    codes = {tie.other for tie in ties if len(tie.other) == 9}
    codes |= {tie.organisation_code for tie in ties} - {row.organisation_code}
    people = {one.id_number: one for one in person_rows_by_id_number(sorted(numbers))}
    organisations = {one.organisation_code: one for one in enterprise_rows_by_code(sorted(codes))}
    views = []
    for tie in ties:
        if tie.organisation_code == row.organisation_code:
            other = people.get(tie.other) or organisations.get(tie.other)
            of = "person" if len(tie.other) == 18 else "enterprise"
            views.append(_tie(tie.kind, of, other, tie, LEGAL_PERSONS, unmasked))
        else:
            other = organisations.get(tie.organisation_code)
            kind = REVERSED[tie.kind]
            views.append(_tie(kind, "enterprise", other, tie, LEGAL_PERSONS, unmasked))
    return sorted(views, key=lambda view: (view.kind, view.key))


def _tie(
    kind: str,
    other_kind: str,
    other: Person | Enterprise | None,
    tie: OrganisationTie | object,
    registry: str,
    unmasked: bool,
) -> TieView:
    name = other.name if other else ""
    if other_kind == "person" and not unmasked:
        name = masked_text("name", name)
    return TieView(
        kind=kind,
        other_kind=other_kind,
        key=other.ref if other else "",
        name=name,
        valid_from=tie.valid_from,
        valid_to=tie.valid_to,
        department=_tie_department(registry, tie.class_number),
    )


def _tie_department(registry: str, number: int) -> Text:
    from yiwang.resources.fusion.plans import REGISTRY_PLANS  # noqa: PLC0415 - beside its use

    ties = getattr(REGISTRY_PLANS[registry](), "ties", ())
    title = next((tie.title for tie in ties if tie.number == number), "")
    return {"zh": title, "en": title} if title else {}


def department_text(function: str, area_code: str) -> Text:
    """Return who supplies a value (数源部门): the bureau of a function for an area."""
    return supplier_text(supplier_find(function, area_code))


def published_at(registry: str) -> datetime | None:
    """Return when the current version was published (发布时间)."""
    row = RegistryMaster.objects.filter(registry=registry, number=master_current(registry)).first()
    return row.published_at if row else None


def provisional_rows(purpose: str):
    """Return the provisional people of the current version (暂列人员), to be paged; names are masked by the page."""
    _check(purpose)
    current = master_current(POPULATION)
    with data_scope(purpose=purpose, reason="provisional"):
        rows = Person.objects.filter(
            id_number__isnull=True, from_master__lte=current, to_master__gt=current
        ).order_by("id")
    _record("registry:population", "", ["provisional"], purpose)
    return rows
