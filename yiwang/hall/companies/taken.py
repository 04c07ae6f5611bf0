"""Companies that only the registry has (仅在法人库的企业): what it says, from whom, since when, and what differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.utils import timezone

from yiwang.hall.companies.data import DifferenceView, TakenFact, TakingRow
from yiwang.hall.companies.errors import AlreadyRegistered, NotTakeable
from yiwang.hall.companies.history import amount_text
from yiwang.hall.companies.models import Company, RegisterDifference, RegistryTaking
from yiwang.hall.companies.queries import DEPARTMENT_RULE
from yiwang.kernel.api import context_get, context_system, context_use
from yiwang.resources.api import NotInRegistry, enterprise_get, subject_get, subject_ties
from yiwang.sdk.identifiers import uscc_valid

PURPOSE = "承接企业登记信息"
FACTS = {
    "name": "name",
    "legal_representative": "legal_representative",
    "registered_address": "address",
    "business_scope": "business_scope",
    "registered_capital": "registered_capital",
    "area_code": "area_code",
    "established_date": "established_date",
    "industry": "industry",
    "phone": "phone",
}
"""Fields of the legal-person registry, and what they are called in the register."""
COMPARED = ("name", "address", "business_scope", "registered_capital")
"""What is compared; another representative takes office only by a change of registration, which names the person."""
SHOWN_AS = {
    "name": "company_name",
    "address": "now_address",
    "legal_representative": "now_representative",
    "registered_capital": "now_capital_wan",
    "business_scope": "now_scope",
    "area_code": "area_code",
    "established_date": "established_date",
    "industry": "industry",
    "phone": "phone",
}
"""The field of the forms that shows a fact as it stands now."""


@dataclass(frozen=True, slots=True)
class RecordFact:
    """A fact in the registry (法人库字段): who supplied it, since when, and what others say of it."""

    value: str
    text: object
    source: Mapping[str, str]
    as_of: date | None
    others: tuple["RecordFact", ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryRecord:
    """A legal person as the registry has it (法人库记录). holders: (subject, name); kind: "" for no company."""

    uscc: str
    kind: str
    state: str
    representative_ref: str
    facts: Mapping[str, RecordFact]
    holders: tuple[tuple[str, str], ...] = ()
    branches: tuple[str, ...] = field(default_factory=tuple)

    def value(self, name: str) -> str:
        """Return a fact as plain text, "" when the registry does not have it."""
        return self.facts[name].value if name in self.facts else ""


def registry_record(uscc: str) -> RegistryRecord:
    """Read a legal person with sources, dates, investors and branches (读取法人库). Raises NotInRegistry."""
    with context_use(context_system(PURPOSE)):
        view, known = subject_get("enterprise", uscc, purpose=PURPOSE), enterprise_get(uscc)
        ties = subject_ties("enterprise", uscc, purpose=PURPOSE, unmasked=True)
        holders = tuple(
            (_subject_ref(one.other_kind, one.key), one.name)
            for one in ties
            if one.kind == "INVESTOR" and one.name
        )
        branches = tuple(
            enterprise_get_by_ref(one.key) for one in ties if one.kind == "BRANCH" and one.key
        )
    facts = {FACTS[one.name]: _fact(one) for one in view.fields if one.name in FACTS and one.value}
    return RegistryRecord(
        uscc=known.uscc,
        kind=kind_of(known.name, holders=len(holders)),
        state=known.state,
        representative_ref=known.legal_representative_ref,
        facts=facts,
        holders=holders,
        branches=branches,
    )


def _subject_ref(kind: str, key: str) -> str:
    if not key:
        return ""
    return f"person:{key}" if kind == "person" else f"enterprise:{enterprise_get_by_ref(key)}"


def enterprise_get_by_ref(key: str) -> str:
    """Return the credit code behind a reference of the registry (主体标识对应的代码)."""
    found = subject_get("enterprise", key, purpose=PURPOSE)
    return next((one.value for one in found.fields if one.name == "uscc"), "")


def _fact(one) -> RecordFact:  # noqa: ANN001 - a SubjectField or OtherValue
    as_of = getattr(one, "as_of", None) or (one.at.date() if hasattr(one, "at") else None)
    others = tuple(_fact(each) for each in getattr(one, "others", ()) if each.value)
    return RecordFact(one.value, one.text, _source(one.department), as_of, others)


def _source(department: Mapping[str, str]) -> dict[str, str]:
    if not department:
        return {"zh": "法人库", "en": "Legal-person registry"}
    zh, en = department.get("zh", ""), department.get("en", "")
    return {"zh": f"法人库（{zh}）", "en": f"Legal-person registry ({en})"}


def kind_of(name: str, *, holders: int) -> str:
    """Return what kind of company a registered name tells (公司类型), "" for what is no company.

    >>> kind_of("苏州明月股份有限公司", holders=3), kind_of("苏州明月有限公司", holders=1), kind_of("明月书店", holders=1)
    ('JOINT_STOCK', 'SINGLE', '')
    """
    if name.endswith("分公司"):
        return "BRANCH"
    if name.endswith(("股份有限公司", "股份公司")):
        return "JOINT_STOCK"
    if name.endswith(("有限公司", "有限责任公司")):
        return "SINGLE" if holders == 1 else "LIMITED"
    return ""


def takeable_get(uscc: str) -> RegistryRecord:
    """Return a company of the registry that the acting person may take up (可承接企业).

    The representative whom the registry names, or the company itself by its agents. Raises AlreadyRegistered,
    NotTakeable: also for a branch, which comes with its company, and for what was struck off.
    """
    uscc = uscc.strip().upper()
    if Company.objects.filter(uscc=uscc).exists():
        raise AlreadyRegistered()
    if not uscc_valid(uscc):
        raise NotTakeable()
    try:
        record = registry_record(uscc)
    except NotInRegistry:
        raise NotTakeable() from None
    ref = context_get().subject_ref
    mine = {f"enterprise:{record.uscc}"}
    if record.representative_ref:
        mine.add(f"person:{record.representative_ref}")
    if ref not in mine or record.kind in ("", "BRANCH") or record.state != "ACTIVE":
        raise NotTakeable()
    return record


def takeable_own() -> str:
    """Return the code of one's own enterprise when only the registry has it (本企业尚未承接), "" otherwise."""
    kind, _, uscc = context_get().subject_ref.partition(":")
    if kind != "enterprise" or Company.objects.filter(uscc=uscc).exists():
        return ""
    return uscc


# --- what was taken -----------------------------------------------------------------------------


def taken_facts(company: Company) -> list[TakenFact]:
    """List what was taken from the registry (承接的登记事项): is_present while it still stands so."""
    taking = RegistryTaking.objects.filter(company_id=company.pk).first()
    if taking is None:
        return []
    return [
        TakenFact(
            field=name,
            text=one["text"],
            source=one["source"],
            as_of=date.fromisoformat(one["as_of"]) if one["as_of"] else None,
            is_present=same(one["value"], present_of(company, name)),
        )
        for name, one in taking.facts.items()
    ]


def present_of(company: Company, name: str) -> str:
    """Return a fact as the register has it now, as plain text (现登记内容)."""
    value = getattr(company, name)
    if isinstance(value, Decimal):
        return amount_text(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def same(one: str, other: str) -> bool:
    """Tell whether two texts say the same (比对): amounts as numbers, spaces do not count.

    >>> same("100.00", "100"), same("干将路 1号", "干将路1号"), same("甲", "乙")
    (True, True, False)
    """
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    text = "".join(text.split())
    return amount_text(text) if text.replace(".", "", 1).isdecimal() else text


def difference_list(company: Company, *, state: str = "") -> list[DifferenceView]:
    """List on what the register and others differ (登记信息差异), the open ones first."""
    rows = company.differences.order_by("pk")
    rows = rows.filter(state=state) if state else rows
    views = [_difference(company, row) for row in rows]
    return sorted(views, key=lambda one: (one.state != "OPEN", one.id))


def _difference(company: Company, row: RegisterDifference) -> DifferenceView:
    return DifferenceView(
        id=row.pk,
        field=row.field,
        by=row.by,
        present=_shown(company, row.field),
        value=row.value["text"],
        source=row.source,
        as_of=row.as_of,
        state=row.state,
        reason=row.reason,
        settled_at=timezone.localtime(row.settled_at) if row.settled_at else None,
    )


def _shown(company: Company, name: str) -> object:
    if name != "shareholders":
        return present_of(company, name)
    rows = company.shareholdings.order_by("pk")
    return [{"name": row.holder_name, "capital_wan": amount_text(row.capital_wan)} for row in rows]


def taking_list(*, state: str = "", limit: int = 20, offset: int = 0) -> list[TakingRow]:
    """List what was taken up in one's register (承接核对清单), what is to be checked first."""
    rows = _takings(state).select_related("company").order_by("-checked_at", "-pk")
    if state != "DONE":
        rows = _takings(state).select_related("company").order_by("checked_at", "-pk")
    return [
        TakingRow(
            uscc=row.company.uscc,
            name=row.company.name,
            taken_at=row.taken_at,
            open=row.company.differences.filter(state="OPEN").count(),
            checked_at=row.checked_at,
        )
        for row in rows[offset : offset + limit]
    ]


def taking_count(*, state: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _takings(state)[:cap].count()


def _takings(state: str):  # noqa: ANN202 - a QuerySet
    own = Company.objects.filter(DEPARTMENT_RULE.filter(context_get()))
    rows = RegistryTaking.objects.filter(company__in=own)
    return rows.filter(checked_at__isnull=state == "OPEN") if state else rows
