"""Reads around a draft of the one form (一件事草稿): what applies, what is wrong, which documents."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.utils import timezone

from yiwang.engines.api import (
    DraftView,
    FieldState,
    FormState,
    attachment_get,
    decision_evaluate,
    draft_get,
    draft_list,
    draft_state,
    form_state,
)
from yiwang.hall.applications.data import Applicant, MaterialLine
from yiwang.hall.applications.filing import OWN, Filing, filing_covered
from yiwang.hall.applications.queries.drafts import DraftContext, applicant_of
from yiwang.hall.applications.queries.materials import material_line_list
from yiwang.hall.bundles import rules
from yiwang.hall.bundles.contexts import context_facts
from yiwang.hall.bundles.data import BundleView, Chosen, DocumentLine, DraftRow
from yiwang.hall.bundles.errors import BundleNotFound
from yiwang.hall.bundles.models import BundleDocument, BundleDraft
from yiwang.hall.bundles.queries.bundles import bundle_view
from yiwang.hall.bundles.union import collected, projected
from yiwang.hall.licences.queries import licence_list
from yiwang.hall.matters.deciding import eligibility_ruling
from yiwang.kernel.api import context_get
from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.joins import REFUSE

HELD = ("VALID", "EXPIRING")


@dataclass(frozen=True, slots=True)
class BundleDraftContext:
    """A draft of the one form with its bundle and its applicant.

    covered: the codes of the matters that may be filed, all of them unless a delegation says otherwise.
    """

    draft: DraftView
    bundle: BundleView
    applicant: Applicant
    context_ref: str
    read_at: datetime
    covered: frozenset[str]
    filing: Filing = OWN


@dataclass(frozen=True, slots=True)
class BundleSheet:
    """A draft as it stands (填报情况): the one form, what applies, the documents.

    chosen: every matter of the bundle; plan: the keys of those that are filed, in order.
    """

    state: FormState
    chosen: tuple[Chosen, ...]
    plan: tuple[str, ...]
    documents: tuple[DocumentLine, ...]

    @property
    def errors(self) -> dict[str, list[str]]:
        """Return what is still missing or wrong, fields and documents."""
        errors = dict(self.state.errors)
        for one in self.documents:
            if not one.is_satisfied:
                errors[f"document:{one.key}"] = [one.line.why["zh"]]
        return errors


def bundle_draft_get(draft_id: int) -> BundleDraftContext:
    """Get a draft that one types, with its bundle and applicant, or BundleNotFound.

    Somebody else's, only while the visit at the window lasts or the delegation holds: VisitOver, DelegationMissing.
    """
    row = BundleDraft.objects.select_related("version__bundle").filter(draft_id=draft_id).first()
    draft = draft_get(draft_id)
    if row is None or draft.account_id != context_get().account_id:
        raise BundleNotFound()
    filing, bundle = bundle_filing_of(row), bundle_view(row.version)
    return BundleDraftContext(
        draft=draft,
        filing=filing,
        covered=covered_codes(bundle, filing, applicant_ref=row.applicant_ref),
        bundle=bundle,
        applicant=applicant_of(row),
        context_ref=row.context_ref,
        read_at=row.read_at,
    )


def covered_codes(bundle: BundleView, filing: Filing, *, applicant_ref: str) -> frozenset[str]:
    """Return the codes of a bundle's matters that may be filed for the applicant (可代办事项): see `filing_covered`."""
    matters = {one.code: one.spec.themes for one in bundle.matters.values()}
    return filing_covered(filing, applicant_ref=applicant_ref, matters=matters)


def bundle_filing_of(row: BundleDraft) -> Filing:
    """Read the filing from a draft's row (申报方式)."""
    return Filing(row.channel, row.filed_by_name, row.delegation_id, row.visit_id)


def bundle_visit_list(visit_id: int) -> list[DraftRow]:
    """List the acting clerk's open drafts of a visit (来访草稿)."""
    rows = BundleDraft.objects.select_related("version").filter(visit_id=visit_id).order_by("pk")
    drafts = {row.draft_id: draft_get(row.draft_id) for row in rows}
    return [
        DraftRow(row.draft_id, row.version.definition["title"], drafts[row.draft_id].updated_at)
        for row in rows
    ]


def bundle_draft_list() -> list[DraftRow]:
    """List the drafts that the signed-in account has begun (我的草稿), the last saved first."""
    drafts = {one.id: one for one in draft_list(account_id=context_get().account_id)}
    rows = BundleDraft.objects.select_related("version__bundle").filter(
        draft_id__in=drafts, visit_id__isnull=True
    )
    found = [
        DraftRow(
            row.draft_id,
            row.version.definition["title"],
            drafts[row.draft_id].updated_at,
            row.applicant_name if row.delegation_id else "",
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: one.updated_at, reverse=True)


def bundle_sheet(context: BundleDraftContext, *, now: datetime) -> BundleSheet:
    """Work out how a draft stands (填报情况): every matter's own form has the last word."""
    today = timezone.localtime(now).date()
    chosen = chosen_list(context, today=today)
    plan = tuple(one.key for one in chosen if one.is_filed)
    state = bundle_state(context, plan=plan, today=today)
    documents = document_line_list(context, state=state, plan=plan, now=now)
    return BundleSheet(state, chosen, plan, tuple(documents))


# --- which matters apply -------------------------------------------------------------------------


def chosen_list(context: BundleDraftContext, *, today: date) -> tuple[Chosen, ...]:
    """Say of every matter whether it is filed (适用事项): by answers, eligibility, licences held."""
    spec = context.bundle.spec
    applies = _applies(context, today=today)
    held = {one.type_key for one in licence_list(context.applicant.ref) if one.state in HELD}
    found: dict[str, Chosen] = {}
    for one in spec.matters:
        matter = context.bundle.matters[one.key]
        is_held = one.skip_if_held and bool(matter.licences) and held >= set(matter.licences)
        barred = None if is_held else _barred(context, one.key, today=today)
        found[one.key] = Chosen(one.key, applies[one.key], barred, is_held)
    return tuple(_waiting_bar(context, found, key) for key in found)


def _applies(context: BundleDraftContext, *, today: date) -> dict[str, bool]:
    spec = context.bundle.spec
    answers = {one["name"]: context.draft.values.get(one["name"]) for one in spec.questions}
    if not spec.table:
        names = {**context.applicant.names(today), "context": context_facts(context.context_ref)}
        return rules.applies_by_answers(spec, {**names, **answers})
    if None in answers.values():
        return dict.fromkeys(context.bundle.matters, False)
    outcome = decision_evaluate(
        spec.table,
        spec.question,
        {**answers, "applicant": context.applicant.values(), "today": today.isoformat()},
    )
    value = outcome.value
    keys = {value} if isinstance(value, str) else set(value or ())
    return {key: key in keys for key in context.bundle.matters}


def _barred(context: BundleDraftContext, key: str, *, today: date) -> dict[str, str] | None:
    matter = context.bundle.matters[key]
    rule = matter.spec.eligibility
    if matter.code not in context.covered:
        return {
            "zh": "不在委托范围内，须由本人另行申请",
            "en": "Not covered by the authorisation; they apply for it themselves",
        }
    if not matter.can_apply:
        return {"zh": "暂不能在线办理", "en": "It cannot be applied for on line at present"}
    names = context.applicant.names(today)
    if rule.when and not expression_compile(rule.when).evaluate(names):
        return {"zh": rule.zh, "en": rule.en}
    ruling = eligibility_ruling(matter, applicant=context.applicant.values(), today=today)
    return ruling.words if ruling is not None and not ruling.is_allowed else None


def _waiting_bar(context: BundleDraftContext, found: Mapping[str, Chosen], key: str) -> Chosen:
    """Bar what waits for something that cannot be applied for."""
    one = found[key]
    states = {
        other.key: "STOPPED" if other.barred else "WAITING"
        for other in found.values()
        if other.applies and not other.is_held
    }
    matter = context.bundle.spec.matter(key)
    if not one.is_filed or rules.verdict_of(matter, states) != REFUSE:
        return one
    titles = [context.bundle.matters[each].title for each in rules.refused_among(matter, states)]
    return replace(
        one,
        barred={
            "zh": f"需先取得：{'、'.join(title['zh'] for title in titles)}",
            "en": f"Needs first: {', '.join(title['en'] for title in titles)}",
        },
    )


# --- the one form --------------------------------------------------------------------------------


def bundle_state(context: BundleDraftContext, *, plan: tuple[str, ...], today: date) -> FormState:
    """Work out the one form (合并表单状态); what a matter's own form finds wrong stands at its field."""
    names = context.applicant.names(today)
    applies = {key: key in plan for key in context.bundle.matters}
    state = draft_state(context.draft, names={**names, "matter": {"applies": applies}})
    fields = context.bundle.fields
    found: dict[str, list[str]] = {}
    for key in plan:
        own = form_state(
            context.bundle.matters[key].form_version_id,
            projected(fields, key, state.values),
            names=names,
            sources=projected(fields, key, context.draft.sources),
        )
        for name, said in collected(fields, key, own.errors).items():
            found.setdefault(name, said)
    return _with_errors(state, {k: v for k, v in found.items() if k not in state.errors})


def _with_errors(state: FormState, found: Mapping[str, list[str]]) -> FormState:
    """Put sentences at the fields they speak of (标出问题)."""
    if not found:
        return state
    pages = tuple(
        replace(page, fields=tuple(_field_with(each, found) for each in page.fields))
        for page in state.pages
    )
    errors = {name: said for page in pages for name, said in page.errors.items()}
    rest = {name: said for name, said in found.items() if name not in errors}
    return replace(state, pages=pages, errors={**errors, **rest})


def _field_with(field: FieldState, found: Mapping[str, list[str]]) -> FieldState:
    rows = tuple(
        replace(row, fields=tuple(_field_with(cell, found) for cell in row.fields))
        for row in field.rows
    )
    errors = tuple(dict.fromkeys((*field.errors, *found.get(field.name, ()))))
    return replace(field, rows=rows, errors=errors)


# --- documents -----------------------------------------------------------------------------------


def document_line_list(
    context: BundleDraftContext, *, state: FormState, plan: tuple[str, ...], now: datetime
) -> list[DocumentLine]:
    """List the documents of all matters, each once (共用材料清单), and what the city has of them."""
    groups: dict[str, list[tuple[str, MaterialLine, str]]] = {}
    for key in plan:
        matter = context.bundle.matters[key]
        by_key = {material.key: material for material in matter.materials}
        case = DraftContext(
            draft=context.draft,
            matter=matter,
            applicant=context.applicant,
            read_at=context.read_at,
            filing=OWN,
        )
        values = projected(context.bundle.fields, key, state.values)
        for line in material_line_list(case, form_data=values, now=now):
            material = by_key[line.key]
            name = rules.document_key(context.bundle.spec, key, material)
            awaited = _awaited(context.bundle, key, material.licence_type, plan)
            groups.setdefault(name, []).append((key, line, awaited))
    uploads = dict(
        BundleDocument.objects.filter(draft_id=context.draft.id).values_list("key", "attachment_id")
    )
    return [_document(context, name, found, uploads) for name, found in groups.items()]


def _awaited(bundle: BundleView, key: str, licence_type: str, plan: tuple[str, ...]) -> str:
    """Return which matter before this one issues the licence it needs (前置事项证照)."""
    waiting, seen = list(bundle.spec.matter(key).after), set()
    while licence_type and waiting:
        other = waiting.pop(0)
        if other in seen or other not in plan:
            continue
        seen.add(other)
        matter = bundle.matters[other]
        if licence_type in {*matter.licences, *(one.licence for one in matter.branches)}:
            return other
        waiting += bundle.spec.matter(other).after
    return ""


def _document(
    context: BundleDraftContext,
    name: str,
    found: list[tuple[str, MaterialLine, str]],
    uploads: Mapping[str, int],
) -> DocumentLine:
    lines = [line for _key, line, _awaited in found]
    missing = [line for line in lines if not line.is_satisfied]
    line = (missing or [one for one in lines if one.source == "MISSING"] or lines)[0]
    accept = [kind for kind in line.accept if all(kind in one.accept for one in lines)]
    said = next((one for one in context.bundle.spec.documents if one.key == name), None)
    line = replace(
        line,
        title=(said and said.title) or line.title,
        required=any(one.required for one in lines),
        accept=tuple(accept),
        max_mb=min(one.max_mb for one in lines),
    )
    awaited = "" if line.source != "MISSING" else next((a for _k, _l, a in found if a), "")
    if name in uploads:
        line, awaited = _uploaded(line, uploads[name]), ""
    return DocumentLine(name, line, tuple(key for key, _line, _awaited in found), awaited)


def _uploaded(line: MaterialLine, attachment_id: int) -> MaterialLine:
    attachment = attachment_get(attachment_id)
    return replace(
        line,
        source="UPLOAD",
        why={"zh": "您已上传", "en": "Uploaded by you"},
        attachment_id=attachment.id,
        attachment_name=attachment.name,
        digest=attachment.sha256,
    )
