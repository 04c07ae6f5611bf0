"""Where each document of an application comes from (材料来源): what the city has is not asked for again.

In this order: what the person uploaded; an electronic licence; a registry; a document accepted with an
earlier case of the same applicant; a promise or commitment where the matter allows one. What is left
must be uploaded, and the line says why.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from yiwang.engines.api import AttachmentView, attachment_get
from yiwang.hall.applications.data import MaterialLine
from yiwang.hall.applications.errors import ChoiceNotOffered
from yiwang.hall.applications.models import ApplicationMaterial, DraftMaterial, MaterialChoice
from yiwang.hall.applications.queries.drafts import DraftContext
from yiwang.hall.licences.data import LicenceView
from yiwang.hall.licences.queries import licence_list
from yiwang.hall.promises.data import COMMITMENT, TOLERANT, BarTerms, BarView
from yiwang.hall.promises.queries import bar_terms, bars_of
from yiwang.hall.promises.rules import commitment_text, follow_text, text_digest
from yiwang.kernel.api import context_system, context_use, rows_find
from yiwang.sdk.expressions import compile as expression_compile
from yiwang.sdk.packs import Material

PURPOSE = "材料免提交"
GOOD = ("VALID", "EXPIRING")
CHOICE_KINDS = {"PROMISE": TOLERANT, "COMMIT": COMMITMENT}
"""What a choice for a line becomes when it is submitted."""
NOT_GOOD = {
    "EXPIRED": ("已于 {day} 到期", "expired on {day}"),
    "SUSPENDED": ("已被暂扣", "is suspended"),
    "REVOKED": ("已被撤销", "was revoked"),
    "CANCELLED": ("已注销", "was cancelled"),
    "PENDING": ("尚未生效", "is not valid yet"),
}


@dataclass(frozen=True, slots=True)
class _Known:
    """What is looked up once for all lines."""

    context: DraftContext
    today: date
    uploads: dict[str, int]
    choices: dict[str, MaterialChoice]
    licences: list[LicenceView]
    earlier: dict[str, dict]
    bars: dict[str, BarView]
    terms: dict[str, BarTerms]


@dataclass(frozen=True, slots=True)
class _Lack:
    """Why a source does not help, as half a sentence."""

    zh: str
    en: str


def document_key(matter_code: str, material: Material) -> str:
    """Name what kind of document a material is (材料种类): across matters where its pack names one."""
    return material.document or f"{matter_code}/{material.key}"


def choice_text(
    material: Material, kind: str, *, terms: dict[str, BarTerms] | None = None
) -> dict[str, str]:
    """Return the words that one agrees to by a choice (承诺书), {} for a mere upload. Raises ChoiceNotOffered.

    terms: what the city bars from when it is broken, looked up where it is not given.
    """
    barred = bar_terms() if terms is None and kind != MaterialChoice.Kind.UPLOAD else terms or {}
    if kind == MaterialChoice.Kind.PROMISE and material.may_follow:
        follow = material.may_follow
        return follow_text(
            material.title,
            days=follow.days,
            consequence=follow.consequence,
            terms=barred.get(TOLERANT),
        )
    if kind == MaterialChoice.Kind.COMMIT and material.commitment:
        offered = material.commitment
        return commitment_text(
            material.title,
            notice=offered.notice,
            consequences=offered.consequences,
            legal_basis=offered.legal_basis,
            check_days=offered.check_days,
            terms=barred.get(COMMITMENT),
        )
    if kind == MaterialChoice.Kind.UPLOAD and material.accept:
        return {}
    raise ChoiceNotOffered(title=material.title)


def material_line_list(
    context: DraftContext, *, form_data: dict, now: datetime
) -> list[MaterialLine]:
    """Resolve each material (材料) that applies: where it comes from, or why one must upload it."""
    today = timezone.localtime(now).date()
    names = {**context.applicant.names(today), "form": form_data}
    materials = [
        material
        for material in context.matter.materials
        if not material.when or expression_compile(material.when).evaluate(names)
    ]
    known = _known(context, materials, today=today)
    return [_line(material, known) for material in materials]


def _known(context: DraftContext, materials: list[Material], *, today: date) -> _Known:
    draft_id, holder = context.draft.id, context.applicant.ref
    uploads = rows_find(DraftMaterial, known={"draft_id": draft_id})
    choices = rows_find(MaterialChoice, known={"draft_id": draft_id})
    reusable = [document_key(context.matter.code, one) for one in materials if one.valid_days]
    may_promise = any(one.commitment or one.may_follow for one in materials)
    matter_code = context.matter.code
    return _Known(
        context=context,
        today=today,
        uploads={upload.key: upload.attachment_id for upload in uploads},
        choices={choice.key: choice for choice in choices},
        licences=licence_list(holder) if any(one.licence_type for one in materials) else [],
        earlier=_earlier(holder, reusable) if reusable else {},
        bars=bars_of(holder, matter_code, on=today) if may_promise else {},
        terms=bar_terms() if may_promise else {},
    )


def _earlier(holder: str, documents: list[str]) -> dict[str, dict]:
    """Find the newest of each kind of document that was accepted with a granted case of the applicant."""
    rows = ApplicationMaterial.objects.filter(
        application__applicant_ref=holder,
        application__state="APPROVED",
        document__in=documents,
        attachment_id__isnull=False,
        as_of__isnull=False,
    ).order_by("as_of", "pk")
    fields = ("document", "as_of", "attachment_id", "digest")
    found = rows.values(*fields, "application__number", "application__title")
    return {row["document"]: row for row in found}


def _line(material: Material, known: _Known) -> MaterialLine:
    choice = known.choices.get(material.key)
    barred, kept_back = known.bars.get(COMMITMENT), known.bars.get(TOLERANT)
    base = {
        "key": material.key,
        "title": material.title,
        "required": material.required,
        "accept": material.accept,
        "max_mb": material.max_mb,
        "note": material.note or {},
        "document": document_key(known.context.matter.code, material),
        "may_follow": material.may_follow if kept_back is None else None,
        "commitment": material.commitment if barred is None else None,
        "barred": barred.number if barred and material.commitment else "",
        "kept_back": kept_back.number if kept_back and material.may_follow else "",
    }
    if material.key in known.uploads:
        return _uploaded(base, attachment_get(known.uploads[material.key]))
    tried = [step(material, known) for step in STEPS]
    found = next((one for one in tried if isinstance(one, dict)), None)
    is_refused = choice is not None and choice.kind == MaterialChoice.Kind.UPLOAD
    if found is not None and not is_refused:
        may_refuse = bool(material.accept)
        return MaterialLine(**{**base, **found, "may_refuse": may_refuse})
    if choice is not None and not is_refused and _still_offered(material, choice, known):
        return _promised(material, base, choice)
    lacks = [one for one in tried if isinstance(one, _Lack)]
    why = _why_refused() if is_refused and found is not None else _why_upload(lacks)
    return MaterialLine(
        **base, source="MISSING", why=why, is_refused=is_refused and found is not None
    )


def _uploaded(base: dict, attachment: AttachmentView) -> MaterialLine:
    day = timezone.localtime(attachment.created_at).date()
    return MaterialLine(
        **base,
        source="UPLOAD",
        why={"zh": f"您已上传（{day}）", "en": f"Uploaded by you ({day})"},
        as_of=day,
        attachment_id=attachment.id,
        attachment_name=attachment.name,
        digest=attachment.sha256,
    )


def _from_licence(material: Material, known: _Known) -> dict | _Lack | None:
    if not material.licence_type:
        return None
    held = [one for one in known.licences if one.type_key == material.licence_type]
    good = next((one for one in held if one.state in GOOD), None)
    if good is None:
        return _licence_lack(held)
    issued = timezone.localtime(good.issued_at).date()
    until_zh = f"，有效期至 {good.valid_to}" if good.valid_to else ""
    until_en = f", valid until {good.valid_to}" if good.valid_to else ""
    return {
        "source": "LICENCE",
        "why": {
            "zh": f"使用您已有的电子证照 {good.identifier}（{issued} 签发{until_zh}），无需上传",
            "en": f"Your electronic licence {good.identifier} is used (issued {issued}{until_en}); no upload needed",
        },
        "as_of": issued,
        "source_ref": f"licence:{good.identifier}",
    }


def _licence_lack(held: list[LicenceView]) -> _Lack:
    known = [one for one in held if one.state in NOT_GOOD]
    if not known:
        return _Lack("您没有这类电子证照", "you hold no electronic licence of this kind")
    zh, en = NOT_GOOD[known[0].state]
    day = known[0].valid_to
    return _Lack(
        f"您的这类电子证照{zh.format(day=day)}",
        f"your electronic licence of this kind {en.format(day=day)}",
    )


def _from_registry(material: Material, known: _Known) -> dict | _Lack | None:
    if not material.registry_field:
        return None
    owner, _, name = material.registry_field.rpartition(".")
    fact = known.context.applicant.facts.get(name)
    if owner in ("", known.context.applicant.kind) and fact and fact.get("value"):
        return {
            "source": "REGISTRY",
            "why": {
                "zh": f"由{fact['source']['zh']}提供（{fact['as_of']}），无需上传",
                "en": f"Provided by {fact['source']['en']} ({fact['as_of']}); no upload needed",
            },
            "as_of": date.fromisoformat(fact["as_of"]),
            "source_ref": f"registry:{material.registry_field}@{fact['as_of']}",
        }
    return _Lack("基础库中没有这一项", "the registry has no value")


def _from_earlier(material: Material, known: _Known) -> dict | _Lack | None:
    if not material.valid_days:
        return None
    row = known.earlier.get(document_key(known.context.matter.code, material))
    if row is None:
        return _Lack(
            "您此前获准的申请中没有这份材料", "none of your granted applications had this document"
        )
    day, days = row["as_of"], material.valid_days
    if day + timedelta(days=days) < known.today:
        return _Lack(
            f"您 {day} 提交过的已超过 {days} 天", f"the one of {day} is older than {days} days"
        )
    # The file may be another account's of the same enterprise; the case it came from was the applicant's.
    with context_use(context_system(PURPOSE)):
        attachment = attachment_get(row["attachment_id"])
    title = row["application__title"]
    return {
        "source": "EARLIER",
        "why": {
            "zh": f"沿用您 {day} 在“{title['zh']}”申请中提交的材料（{days} 天内有效），无需上传",
            "en": f"The one you handed in on {day} for {title['en']} is used again (valid for {days} days); no upload needed",
        },
        "as_of": day,
        "attachment_id": attachment.id,
        "attachment_name": attachment.name,
        "digest": row["digest"],
        "source_ref": f"application:{row['application__number']}",
    }


STEPS: tuple[Callable[[Material, _Known], dict | _Lack | None], ...] = (
    _from_licence,
    _from_registry,
    _from_earlier,
)


def _promised(material: Material, base: dict, choice: MaterialChoice) -> MaterialLine:
    if choice.kind == MaterialChoice.Kind.COMMIT:
        source = "COMMITTED"
        why = {
            "zh": "您已书面承诺，免于提交",
            "en": "Your written commitment replaces it",
        }
    else:
        source = "PROMISED"
        days = material.may_follow.days
        why = {
            "zh": f"您已承诺受理后 {days} 个工作日内补交",
            "en": f"You promised to hand it in within {days} working days of acceptance",
        }
    day = timezone.localtime(choice.made_at).date()
    return MaterialLine(
        **base, source=source, why=why, as_of=day, digest=choice.sha256, promise=choice.text
    )


def _still_offered(material: Material, choice: MaterialChoice, known: _Known) -> bool:
    """Tell whether the words agreed to are still those of the matter, which may have changed since."""
    if CHOICE_KINDS.get(choice.kind) in known.bars:
        return False
    try:
        return text_digest(choice_text(material, choice.kind, terms=known.terms)) == choice.sha256
    except ChoiceNotOffered:
        return False


def _why_upload(lacks: list[_Lack]) -> dict:
    if not lacks:
        return {
            "zh": "这份材料市里没有，请上传",
            "en": "The city does not hold this document; please upload it",
        }
    zh, en = "；".join(lack.zh for lack in lacks), "; ".join(lack.en for lack in lacks)
    return {"zh": f"{zh}，请上传", "en": f"{en[0].upper()}{en[1:]}; please upload it"}


def _why_refused() -> dict:
    return {
        "zh": "您选择不沿用已有的，请上传",
        "en": "You chose not to use the one the city has; please upload yours",
    }
