"""Reads of the registries (基础库查询). Whoever reads somebody leaves an audit row that they can see."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from urllib.parse import quote

from django.urls import reverse
from django.utils import timezone

from yiwang.identity.api import (
    DepartmentView,
    account_get,
    data_scope,
    department_find,
    department_get,
    department_list,
    field_in,
)
from yiwang.kernel.api import (
    DataAccessPage,
    RequestContext,
    audit_read_record,
    code_get,
    context_get,
    data_access_list,
    purpose_use,
)
from yiwang.resources.geospatial.queries import area_name
from yiwang.resources.registries.data import (
    ENTERPRISE_FIELDS,
    INDUSTRIES,
    LEGAL_PERSONS,
    PERSON_FIELDS,
    POPULATION,
    SEXES,
    EnterpriseView,
    FamilyMember,
    Field,
    NotInRegistry,
    ObjectionView,
    PersonView,
    PurposeNeeded,
    RegistryValue,
    Text,
)
from yiwang.resources.registries.models import Enterprise, Person, RegistryObjection
from yiwang.resources.registries.rules import (
    fields_check,
    fields_of,
    lineage_read,
    registry_of,
    source_of,
)
from yiwang.resources.registries.store import (
    enterprise_row,
    family_rows,
    master_current,
    person_row,
    person_row_by_id_number,
    person_rows_by_uid,
)
from yiwang.sdk.errors import N_, Forbidden, NotFound

# Purposes as the person reads them; message ids, translated where they are shown.
OWN_DATA = N_("Looking at my own data")
OBJECTION = N_("Handling an objection to data")
REPRESENTED = N_("Finding who represents an organisation")
PRINTED: dict[str, dict[str, Text]] = {"sex": SEXES, "industry": INDUSTRIES}
TABLES = {"ethnicity": "ethnicities", "marital_status": "marital_status"}
# Who may read for a purpose: the route's permission has let them in. PROGRAM is a department's system.
READERS = frozenset({"STAFF", "PROGRAM", "SYSTEM"})
OWN_DEPARTMENTS = field_in("department_id", "department_ids")
PORTRAITS = Path(__file__).parent / "data" / "portraits"


def person_ref_by_account(account_id: int) -> str:
    """Return the reference of the person behind an account (账户对应的人), "" when it has none."""
    kind, _, ref = account_get(account_id).subject_ref.partition(":")
    return ref if kind == "person" else ""


def reads_own(context: RequestContext, subject_ref: str) -> bool:
    """Tell whether the acting person reads what is held about themself (本人)."""
    if context.subject_ref == subject_ref:
        return True
    if context.account_id is None or not subject_ref.startswith("person:"):
        return False
    return f"person:{person_ref_by_account(context.account_id)}" == subject_ref


def read_check(subject_ref: str, purpose: str) -> str:
    """Return the purpose under which the acting person may read a record (查询授权).

    The subject itself may always read; civil servants and the system for a purpose, given or in
    the context. Raises Forbidden for others, PurposeNeeded for a read without purpose.
    """
    context = context_get()
    purpose = purpose or context.purpose
    if reads_own(context, subject_ref):
        return purpose or OWN_DATA
    if context.population not in READERS:
        raise Forbidden()
    if not purpose:
        raise PurposeNeeded()
    return purpose


def person_get(ref: str, *, purpose: str = "") -> PersonView:
    """Return a person of the population registry (人口库). Another's record is an audited read.

    Raises NotInRegistry, PurposeNeeded, Forbidden.
    """
    purpose = read_check(f"person:{ref}", purpose)
    person = _person(ref, purpose)
    if not reads_own(context_get(), f"person:{ref}"):
        _record(f"person:{ref}", ref, list(PERSON_FIELDS), purpose)
    return person_view(person)


def person_values(ref: str, fields: list[str], *, purpose: str) -> dict[str, RegistryValue]:
    """Return values of a person with source and date (人口库字段); one audit row a read.

    fields: names of data.PERSON_FIELDS. The row lists fields, never values.
    Raises UnknownField, NotInRegistry, PurposeNeeded, Forbidden.
    """
    fields_check(fields, PERSON_FIELDS)
    subject = f"person:{ref}"
    purpose = read_check(subject, purpose)
    person = _person(ref, purpose)
    _record(subject, ref, fields, purpose)
    return _person_values(person, fields, "" if reads_own(context_get(), subject) else purpose)


def own_person_values(ref: str) -> dict[str, RegistryValue]:
    """Return everything held about the person who asks (本人全部信息); nobody else looked, no row.

    Raises Forbidden for anybody else's reference.
    """
    if not reads_own(context_get(), f"person:{ref}"):
        raise Forbidden()
    return _person_values(_person(ref, OWN_DATA), list(PERSON_FIELDS), "")


def own_family_list(ref: str) -> list[FamilyMember]:
    """List the family of the person who asks (本人家庭成员). Raises Forbidden for another's."""
    if not reads_own(context_get(), f"person:{ref}"):
        raise Forbidden()
    return _family(ref, OWN_DATA)


def own_enterprise_values(uscc: str) -> dict[str, RegistryValue]:
    """Return everything held about the enterprise that the agent acts for (本企业全部信息)."""
    if not reads_own(context_get(), f"enterprise:{uscc}"):
        raise Forbidden()
    return _enterprise_values(_enterprise(uscc), list(ENTERPRISE_FIELDS))


def _person_values(person: Person, fields: list[str], shown_for: str) -> dict[str, RegistryValue]:
    values = {name: person_value(person, name, shown_for) for name in fields}
    texts = {name: _person_text(person, name, value) for name, value in values.items()}
    known = [PERSON_FIELDS[name] for name in fields]
    return _with_sources(values, texts, known, person, POPULATION)


def person_list_by_id_number(id_number: str, *, purpose: str) -> list[PersonView]:
    """Find the person with an identity number (按身份证号查询), at most one; an audited read."""
    if context_get().population not in READERS:
        raise Forbidden()
    if not purpose:
        raise PurposeNeeded()
    with data_scope(purpose=purpose, reason="by identity number"):
        row = person_row_by_id_number(id_number)
    rows = [row] if row else []
    for row in rows:
        _record(f"person:{row.ref}", row.ref, list(PERSON_FIELDS), purpose)
    return [person_view(row) for row in rows]


def person_ref_by_id_number(id_number: str) -> str:
    """Return the reference behind an identity number (身份号码对应的主体), "" when nobody has it.

    For the machine alone, where accounts are made: no value of the person is read, so nobody looked.
    Raises Forbidden for people.
    """
    if context_get().population != "SYSTEM":
        raise Forbidden()
    with data_scope(purpose="REFERENCE", reason="reference by identity number"):
        found = person_row_by_id_number(id_number)
    return found.ref if found else ""


def photo_get(ref: str, *, purpose: str) -> bytes:
    """Return the portrait of a person as PNG (人像照片); audited like any field.

    Without a purpose a person looks at their own portrait, which is nobody else's look.
    Raises NotInRegistry when there is none.
    """
    subject = f"person:{ref}"
    stated = read_check(subject, purpose)
    key = _person(ref, stated).photo_key
    path = PORTRAITS / f"{key}.png"
    if not key or not path.is_file():
        raise NotInRegistry()
    if purpose or not reads_own(context_get(), subject):
        _record(subject, ref, ["photo"], stated)
    return path.read_bytes()


def family_list(ref: str, *, purpose: str) -> list[FamilyMember]:
    """List a person's spouse, parents and children (家庭成员), eldest first; an audited read."""
    subject = f"person:{ref}"
    purpose = read_check(subject, purpose)
    _record(subject, ref, ["family"], purpose)
    return _family(ref, purpose)


def _family(ref: str, purpose: str) -> list[FamilyMember]:
    with data_scope(purpose=purpose, reason="family"):
        at = master_current("population")
        person = person_row(ref, at=at)
        if person is None:
            raise NotInRegistry()
        kinds = {}
        for tie in family_rows(person.uid, at=at):
            if tie.valid_to is not None and tie.valid_to <= timezone.localdate():
                continue
            if tie.person_uid == person.uid:
                kinds[tie.relative_uid] = tie.kind
            else:
                kinds[tie.person_uid] = "SPOUSE" if tie.kind == "SPOUSE" else "PARENT"
        relatives = person_rows_by_uid(kinds, at=at)
    members = [FamilyMember(row.ref, row.name, kinds[row.uid], row.birth_date) for row in relatives]
    return sorted(members, key=lambda member: (member.birth_date or date.max, member.ref))


def enterprise_get(uscc: str) -> EnterpriseView:
    """Return an enterprise of the legal-person registry (法人库). Registration data are public."""
    return enterprise_view(_enterprise(uscc))


def enterprise_values(uscc: str, fields: list[str], *, purpose: str) -> dict[str, RegistryValue]:
    """Return values of an enterprise with source and date (法人库字段); one audit row a read.

    fields: names of data.ENTERPRISE_FIELDS. Raises UnknownField, NotInRegistry.
    """
    fields_check(fields, ENTERPRISE_FIELDS)
    enterprise = _enterprise(uscc)
    _record(f"enterprise:{uscc}", "", fields, purpose or context_get().purpose)
    return _enterprise_values(enterprise, fields)


def _enterprise_values(enterprise: Enterprise, fields: list[str]) -> dict[str, RegistryValue]:
    values = {name: enterprise_value(enterprise, name) for name in fields}
    texts = {
        name: area_text(value) if name == "area_code" else coded_text(name, value)
        for name, value in values.items()
    }
    known = [ENTERPRISE_FIELDS[name] for name in fields]
    return _with_sources(values, texts, known, enterprise, LEGAL_PERSONS)


def objection_list(subject_ref: str) -> list[ObjectionView]:
    """List what a person or enterprise objected to (我的异议), newest first."""
    read_check(subject_ref, OBJECTION)
    with data_scope(purpose=OBJECTION, reason=subject_ref):
        rows = list(RegistryObjection.objects.filter(subject_ref=subject_ref).order_by("-id"))
    return [objection_view(row) for row in rows]


def objection_rows(*, state: str = ""):
    """Return the objections that the acting steward's departments answer (待答复异议), newest first.

    A queryset to be paged by the view; give each row to `objection_view`.
    """
    rows = RegistryObjection.objects.scoped(OWN_DEPARTMENTS)
    return (rows.filter(state=state) if state else rows).order_by("-id")


def objection_open_count(context: RequestContext) -> int:
    """Count the objections that wait for an answer of the acting post's departments (待答复)."""
    with data_scope(purpose=OBJECTION, reason="count"):
        return RegistryObjection.objects.filter(
            OWN_DEPARTMENTS.filter(context), state=RegistryObjection.State.OPEN
        ).count()


def objection_get(number: str) -> ObjectionView:
    """Return an objection that the acting steward's department answers. Raises NotFound."""
    row = objection_rows().filter(number=number).first()
    if row is None:
        raise NotFound()
    return objection_view(row)


def own_objection_get(number: str, *, subject_refs: list[str]) -> ObjectionView:
    """Return one of one's own objections (我的异议). Raises NotFound."""
    views = [view for ref in subject_refs for view in objection_list(ref)]
    found = next((view for view in views if view.number == number), None)
    if found is None:
        raise NotFound()
    return found


def objection_view(row: RegistryObjection) -> ObjectionView:
    """Turn a row into what may cross areas."""
    field = fields_of(row.subject_ref)[row.field]
    department = department_get(row.department_id) if row.department_id else None
    return ObjectionView(
        id=row.pk,
        number=row.number,
        subject_ref=row.subject_ref,
        field=row.field,
        title=field.title,
        shown=row.shown,
        claimed=row.claimed,
        note=row.note,
        state=row.state,
        department_id=row.department_id,
        department=supplier_text(department),
        created_at=row.created_at,
        outcome=row.outcome,
        answer=row.answer,
        answered_at=row.answered_at,
        account_id=row.account_id,
        correctable=field.correctable,
        corrected=row.corrected,
        batch_number=row.batch_number,
        is_pending=row.batch_number is not None
        and master_current(registry_of(row.subject_ref)) <= row.answered_master,
    )


def access_page(ref: str, *, before: int | None = None, limit: int = 20) -> DataAccessPage:
    """Return who looked at a person's data (谁看过我的数据), newest first, a page at a time."""
    read_check(f"person:{ref}", "")
    return data_access_list(ref, limit=limit, before=before)


def coded_text(name: str, value: str) -> str | Text:
    """Return what a person reads for a coded value (代码含义), the value itself when it has none."""
    if name in PRINTED:
        return PRINTED[name].get(value, value)
    if name in TABLES and value and (found := code_get(TABLES[name], value)):
        return found.title
    return value


def area_text(code: str) -> str | Text:
    """Return the name of a division for people (区划名称)."""
    return area_name(code) or code


def person_view(person: Person) -> PersonView:
    """Turn a row into what may cross areas."""
    lineage = lineage_read(person.lineage, "population")
    return PersonView(
        ref=person.ref,
        name=person.name,
        id_number=person.id_number or "",
        birth_date=person.birth_date,
        sex=person.sex,
        ethnicity=person.ethnicity,
        marital_status=person.marital_status,
        phone=person.phone,
        address=person.address,
        area_code=person.area_code,
        community_code=person.community_code,
        household_ref=person.household_ref,
        household_address=person.household_address,
        employer_uscc=person.employer_uscc,
        deceased_date=person.deceased_date,
        is_made=person.is_made,
        sources={name: source_of(lineage, item) for name, item in PERSON_FIELDS.items()},
    )


def enterprise_view(row: Enterprise) -> EnterpriseView:
    """Turn a row into what may cross areas."""
    lineage = lineage_read(row.lineage, "legal-persons")
    return EnterpriseView(
        uscc=row.uscc,
        name=row.name,
        legal_representative=row.legal_representative,
        legal_representative_ref=representative_ref(row),
        registered_address=row.registered_address,
        area_code=row.area_code,
        community_code=row.community_code,
        business_scope=row.business_scope,
        registered_capital=_capital_text(row),
        established_date=row.established_date,
        industry=row.industry[:1],
        phone=row.phone,
        state=row.state,
        is_made=row.is_made,
        sources={name: source_of(lineage, item) for name, item in ENTERPRISE_FIELDS.items()},
    )


def _person(ref: str, purpose: str) -> Person:
    with data_scope(purpose=purpose, reason="registry record"):
        person = person_row(ref)
    if person is None:
        raise NotInRegistry()
    return person


def _enterprise(uscc: str) -> Enterprise:
    enterprise = enterprise_row(uscc)
    if enterprise is None:
        raise NotInRegistry()
    return enterprise


def representative_ref(row: Enterprise) -> str:
    """Return the reference of a legal representative (法定代表人标识), "" when the population lacks them.

    The number was looked up when the version was written; a later population may know it since.
    """
    if row.legal_representative_ref or not row.representative_id:
        return row.legal_representative_ref
    with data_scope(purpose=REPRESENTED, reason=row.uscc):
        person = person_row_by_id_number(row.representative_id)
    return person.ref if person else ""


def _capital_text(row: Enterprise) -> str:
    return "" if row.registered_capital is None else f"{row.registered_capital.normalize():f}"


def _record(subject: str, person_ref: str, fields: list[str], purpose: str) -> None:
    with purpose_use(purpose):
        audit_read_record(
            subject, act="registries.read", person_ref=person_ref, detail={"fields": list(fields)}
        )


def person_value(person: Person, name: str, purpose: str = "") -> str:
    """Return a field as forms hold it (字段值): dates ISO, codes as codes."""
    if name == "photo":
        return photo_url(person.ref, purpose) if person.photo_key else ""
    if name == "employer":
        return person.employer_uscc
    value = getattr(person, name)
    return value.isoformat() if isinstance(value, date) else value or ""


def _person_text(person: Person, name: str, value: str) -> str | Text:
    if name == "employer":
        found = enterprise_row(value) if value else None
        return found.name if found else person.employer or value
    if name in ("area_code", "community_code"):
        return area_text(value)
    return coded_text(name, value)


def enterprise_value(enterprise: Enterprise, name: str) -> str:
    """Return a field of a legal person as forms hold it (字段值)."""
    if name == "registered_capital":
        return _capital_text(enterprise)
    if name == "industry":
        return enterprise.industry[:1]
    value = getattr(enterprise, name)
    return value.isoformat() if isinstance(value, date) else value or ""


def photo_url(ref: str, purpose: str) -> str:
    """Return the address of a portrait (照片地址); a civil servant's carries the purpose."""
    url = reverse("resources_registries:photo", args=[ref])
    return f"{url}?purpose={quote(purpose)}" if purpose else url


def supplier_find(function: str, area_code: str) -> DepartmentView | None:
    """Return who supplies a value (数据提供部门): the bureau of the area, the city's when no area is known."""
    if not function:
        return None
    if area_code:
        return department_find(function, area_code)
    return next(iter(department_list(level="CITY", function=function)), None)


def supplier_map(functions: Iterable[str], area_code: str) -> dict[str, DepartmentView | None]:
    """Return who supplies (数据提供部门) for an area: the district's bureau, else the city's."""
    return {function: supplier_find(function, area_code) for function in set(functions)}


def supplier_text(department: DepartmentView | None) -> Text:
    """Return a department's name in both languages, empty when there is none."""
    if department is None:
        return {}
    return {"zh": department.name, "en": department.name_en or department.name}


def _with_sources(
    values: dict[str, str],
    texts: dict[str, str | Text],
    known: list[Field],
    row: Person | Enterprise,
    registry: Text,
) -> dict[str, RegistryValue]:
    lineage = lineage_read(row.lineage, "population" if registry is POPULATION else "legal-persons")
    sources = {field.name: source_of(lineage, field) for field in known}
    suppliers = supplier_map((function for function, _ in sources.values()), row.area_code)
    result = {}
    for name, (function, as_of) in sources.items():
        supplier = suppliers[function]
        result[name] = RegistryValue(
            value=values[name],
            text=texts[name],
            source=registry,
            as_of=as_of,
            department_id=supplier.id if supplier else None,
            department=supplier_text(supplier),
        )
    return result
