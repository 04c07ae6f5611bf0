"""Reads of the form designer (表单设计查询)."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date

from django.db.models import Count, Max

from yiwang.engines.formdesigner.data import FormDraftView, FormRow, FormUnknown, VersionRow
from yiwang.engines.formdesigner.models import FormDraft, FormPublication
from yiwang.engines.formdesigner.rules.check import Finding, Known, form_check
from yiwang.engines.formdesigner.rules.difference import Change, changes_find
from yiwang.engines.forms.data import FormState, FormView, ValueSource
from yiwang.engines.forms.models import Draft, FormVersion
from yiwang.engines.forms.queries import definition_of, form_view, options_get, surroundings
from yiwang.engines.forms.registry import form_uses, prefill_sources
from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.rules.state import evaluate
from yiwang.kernel.api import code_list

READ, DESIGN = "engines.formdesigner.read", "engines.formdesigner.design"
PUBLISH = "engines.forms.form_put"


def draft_view(draft: FormDraft) -> FormDraftView:
    """Return a draft as a value."""
    return FormDraftView(
        draft.key,
        draft.definition,
        draft.base_number,
        draft.revision,
        tuple(draft.writer_ids),
        draft.edited_by_name,
        draft.edited_at,
        draft.trial,
    )


def draft_get(key: str) -> FormDraftView:
    """Return the draft of a form (草稿). Raises FormUnknown."""
    draft = FormDraft.objects.filter(key=key).first()
    if draft is None:
        raise FormUnknown()
    return draft_view(draft)


def draft_find(key: str) -> FormDraftView | None:
    """Return the draft of a form, None when there is none."""
    draft = FormDraft.objects.filter(key=key).first()
    return draft_view(draft) if draft else None


def newest_get(key: str) -> FormView | None:
    """Return the newest version of a form, None when it was never published (最新版本)."""
    version = _versions(key).first()
    return form_view(version, definition_of(version)) if version else None


def _versions(key: str):
    return FormVersion.objects.select_related("form").filter(form__key=key).order_by("-number")


def form_rows_list() -> list[FormRow]:
    """List the forms, published or drafted, by key (表单列表): who uses them, who is filling them in."""
    newest = FormVersion.objects.values("form").annotate(last=Max("pk")).values("last")
    versions = FormVersion.objects.select_related("form").filter(pk__in=newest)
    keys = dict(FormVersion.objects.values_list("pk", "form__key"))
    uses = Counter(keys.get(use.form_version_id) for use in form_uses())
    waiting: Counter[str] = Counter()
    for version_id, count in _open_drafts().items():
        waiting[keys[version_id]] += count
    drafts = {draft.key: draft_view(draft) for draft in FormDraft.objects.all()}
    rows = {
        version.form.key: FormRow(
            version.form.key,
            version.definition.get("title") or {},
            version.number,
            version.created_at,
            len((version.definition.get("schema") or {}).get("properties") or {}),
            uses[version.form.key],
            waiting[version.form.key],
            *_draft_of(drafts.get(version.form.key)),
        )
        for version in versions
    }
    for key, draft in drafts.items():
        count = len(draft.definition["schema"]["properties"])
        rows.setdefault(key, FormRow(key, draft.title, 0, None, count, 0, 0, *_draft_of(draft)))
    return [rows[key] for key in sorted(rows)]


def _draft_of(draft: FormDraftView | None) -> tuple:
    return (draft.edited_at, draft.edited_by_name) if draft else (None, "")


def _open_drafts() -> dict[int, int]:
    rows = Draft.objects.values_list("form_version_id").annotate(Count("pk"))
    return dict(rows.order_by())


def version_rows(key: str) -> list[VersionRow]:
    """List the versions of a form, the newest first (版本列表)."""
    notes = {one.number: one for one in FormPublication.objects.filter(key=key)}
    uses = defaultdict(list)
    for use in form_uses():
        uses[use.form_version_id].append(use)
    waiting = _open_drafts()
    rows = []
    for version in _versions(key).defer("definition"):
        note = notes.get(version.number)
        rows.append(
            VersionRow(
                version.pk,
                version.number,
                version.created_at,
                version.source,
                tuple(uses[version.pk]),
                waiting.get(version.pk, 0),
                note.reason if note else "",
                "、".join(note.writer_names) if note else "",
                note.published_by_name if note else "",
            )
        )
    return rows


def definition_at(key: str, number: int) -> dict:
    """Return the definition of a version, 0 for the draft (版本内容). Raises FormUnknown."""
    if number == 0:
        return draft_get(key).definition
    version = _versions(key).filter(number=number).first()
    if version is None:
        raise FormUnknown()
    return version.definition


def version_changes(key: str, before: int, after: int) -> list[Change]:
    """List what changed between two versions, 0 for the draft (版本差异)."""
    return changes_find(definition_at(key, before), definition_at(key, after))


def draft_effects(key: str, number: int, changes: list[Change]) -> tuple[int, dict[str, int]]:
    """Count who is filling in a version now, and whose answers a change touches (受影响的草稿).

    Returns (open drafts, field -> drafts that hold a value there, or lack one that is asked for now).
    """
    drafts = Draft.objects.filter(form_version__form__key=key, form_version__number=number)
    touched: dict[str, int] = {}
    for name in dict.fromkeys(one.field.partition(".")[0] for one in changes if one.harder):
        if name:
            held = drafts.filter(values__has_key=name).count()
            touched[name] = held
    return drafts.count(), touched


def known_get() -> Known:
    """Return what the city has that a form may name (可用来源与代码表)."""
    return Known(
        prefills=frozenset(prefill_sources()),
        code_table=lambda name: bool(code_list(name)),
        options=options_get,
    )


def draft_check(definition: dict) -> list[Finding]:
    """Check a draft (校验草稿): what stands in the way of publishing, then what to look at again."""
    return form_check(definition, known_get())


def preview_state(definition: dict, trial: Mapping[str, object], *, registry: bool) -> FormState:
    """Return the state of a form that is tried out (试填状态): nobody's data, made values for registries.

    Raises `FormInvalid` when the draft cannot run yet.
    """
    form = FormDefinition.parse(definition)
    sources = {}
    known = prefill_sources() if registry else {}
    for name, each in form.fields.items():
        found = known.get(each.prefill)
        if found and found.sample not in ("", None):
            said = {"zh": f"{found.title['zh']}（样例）", "en": f"{found.title['en']} (made)"}
            sources[name] = ValueSource(found.sample, said, date(2026, 1, 1), None, each.prefill)
    values = {**{name: each.value for name, each in sources.items()}, **trial}
    return evaluate(form, values, surroundings(SAMPLE_NAMES, sources=sources))


SAMPLE_NAMES = {
    "applicant": {
        "kind": "person",
        "name": "张样例",
        "birth_date": date(1990, 1, 1),
        "area_code": "320508",
    }
}
