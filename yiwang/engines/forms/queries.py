"""Reads of the forms room (表单查询)."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from functools import lru_cache
from typing import BinaryIO

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import get_language, gettext

from yiwang.engines.forms.data import (
    AttachmentView,
    DraftView,
    FormState,
    FormView,
    Option,
    ValueConflict,
    ValueSource,
)
from yiwang.engines.forms.models import Attachment, Draft, FormVersion
from yiwang.engines.forms.registry import attachment_access_permits, prefill_sources
from yiwang.engines.forms.rules.definition import FieldDefinition, FormDefinition
from yiwang.engines.forms.rules.inputs import post_lists, post_parse, values_clean
from yiwang.engines.forms.rules.merge import offers_of
from yiwang.engines.forms.rules.problems import FieldError
from yiwang.engines.forms.rules.state import Surroundings, evaluate, value_display
from yiwang.engines.forms.rules.tables import rows_write
from yiwang.kernel.api import code_list, context_get, rows_find, stamp_get
from yiwang.sdk.errors import NotFound
from yiwang.sdk.expressions import as_date

STAMP = "engines.forms"

# --- forms ---------------------------------------------------------------------------------------


def form_get(version_id: int) -> FormView:
    """Return one version of a form (表单版本). Raises `NotFound`."""
    version = _version(version_id)
    return form_view(version, definition_of(version))


def form_list(keys: list[str] | None = None) -> list[FormView]:
    """List the newest version of each form (表单列表), all or those with these keys."""
    rows = FormVersion.objects.select_related("form").order_by("form__key", "-number")
    if keys is not None:
        rows = rows.filter(form__key__in=keys)
    newest: dict[str, FormVersion] = {}
    for version in rows:
        newest.setdefault(version.form.key, version)
    return [form_view(version, definition_of(version)) for version in newest.values()]


def form_version_list(key: str) -> list[FormView]:
    """List all versions of a form (表单历史版本), the newest first."""
    rows = FormVersion.objects.select_related("form").filter(form__key=key).order_by("-number")
    return [form_view(version, definition_of(version)) for version in rows]


def form_view(version: FormVersion, definition: FormDefinition) -> FormView:
    """Turn a version's row into what other areas see."""
    fields = definition.fields
    return FormView(
        version_id=version.pk,
        key=version.form.key,
        number=version.number,
        digest=version.digest,
        title=definition.title,
        source=version.source,
        definition=version.definition,
        pages=tuple(page.key for page in definition.pages),
        fields=tuple(fields),
        required=frozenset(name for name, each in fields.items() if each.required),
        prefills={name: each.prefill for name, each in fields.items() if each.prefill},
        titles={name: each.title for name, each in fields.items()},
        blocks={name: each.block for name, each in fields.items() if each.block},
        cell_blocks={
            name: found
            for name, each in fields.items()
            if (found := {cell.key: cell.block for cell in each.fields if cell.block})
        },
        block=version.form.block,
    )


# Parsed definitions by digest: content never changes under a digest, so nothing goes stale.
_definitions: dict[str, FormDefinition] = {}
_DEFINITIONS_KEPT = 1024


def definition_of(version: FormVersion) -> FormDefinition:
    """Return the parsed definition of a version; parsed once a process."""
    if version.digest not in _definitions:
        if len(_definitions) >= _DEFINITIONS_KEPT:
            _definitions.clear()
        _definitions[version.digest] = FormDefinition.parse(version.definition)
    return _definitions[version.digest]


def definition_get(version_id: int) -> FormDefinition:
    """Return the parsed definition by the version's id. Raises `NotFound`."""
    stamp = stamp_get(STAMP)
    return _kept(stamp, version_id) if stamp else definition_of(_version(version_id))


@lru_cache(maxsize=_DEFINITIONS_KEPT)
def _kept(stamp: str, version_id: int) -> FormDefinition:
    return definition_of(_version(version_id))


def _version(version_id: int) -> FormVersion:
    version = FormVersion.objects.select_related("form").filter(pk=version_id).first()
    if version is None:
        raise NotFound()
    return version


def form_state(
    version_id: int,
    data: Mapping[str, object],
    *,
    names: Mapping[str, object] | None = None,
    sources: Mapping[str, ValueSource] | None = None,
    conflicts: Mapping[str, ValueConflict] | None = None,
    groups: Mapping[str, Mapping] | None = None,
) -> FormState:
    """Work out what a form shows, asks and finds wrong now (表单状态).

    data: values as a draft holds them. names: applicant, agent, matter, today (by default the day
    in the city). sources: where prefilled values came from; a locked field takes its value there.
    groups: where one stands in groups of many rows, as a draft keeps it. Sentences are in the active
    language.
    """
    around = surroundings(names, sources=sources, conflicts=conflicts, groups=groups)
    return evaluate(definition_get(version_id), data, around, version_id=version_id)


def surroundings(
    names: Mapping[str, object] | None = None,
    *,
    sources: Mapping[str, ValueSource] | None = None,
    conflicts: Mapping[str, ValueConflict] | None = None,
    groups: Mapping[str, Mapping] | None = None,
) -> Surroundings:
    """Return what a form is evaluated in here (环境): today in the city, its code tables, the language."""
    given = {"today": timezone.localdate(), **(names or {})}
    kept = groups or {}
    return Surroundings(
        names={**given, "today": as_date(given["today"])},
        sources=sources or {},
        conflicts=conflicts or {},
        windows={name: int(each.get("start") or 0) for name, each in kept.items()},
        notes={name: each["note"] for name, each in kept.items() if each.get("note")},
        say=_say,
        lookup=options_get,
    )


def draft_state(draft: DraftView, *, names: Mapping[str, object] | None = None) -> FormState:
    """Work out the state of a draft's form (草稿状态), with its sources, conflicts and the rows one stands at."""
    return form_state(
        draft.form_version_id,
        draft.values,
        names=names,
        sources=draft.sources,
        conflicts=draft.conflicts,
        groups=draft.groups,
    )


def form_validate(
    version_id: int,
    data: Mapping[str, object],
    *,
    pages: list[str] | None = None,
    names: Mapping[str, object] | None = None,
    sources: Mapping[str, ValueSource] | None = None,
) -> dict[str, list[str]]:
    """Return what is wrong (表单校验): HTML field name -> sentences; {} when it may be submitted.

    pages: only the fields of these pages; None means all.
    """
    state = form_state(version_id, data, names=names, sources=sources)
    if pages is None:
        return state.errors
    definition = definition_get(version_id)
    wanted = {name for page in definition.pages if page.key in pages for name in page.fields}
    return {k: v for k, v in state.errors.items() if k.split(".")[0] in wanted}


def form_post_values(
    version_id: int, post: Mapping, *, fields: list[str], values: Mapping[str, object]
) -> dict[str, object]:
    """Read posted texts for some fields into a copy of `values` (读取提交值), outside any draft."""
    definition = definition_get(version_id)
    asked = [definition.fields[name] for name in fields if name in definition.fields]
    return values_clean(post_parse(asked, post_lists(post), values))


def form_display(version_id: int, values: Mapping[str, object]) -> dict[str, object]:
    """Return values with the codes of choices replaced by their words {zh, en} (显示值).

    For documents that people read; everything that is no choice stays as it is.
    """
    result = dict(values)
    for name, each in definition_get(version_id).fields.items():
        if name in values and each.has_options:
            result[name] = value_display(each, values[name], options_get(each))
    return result


def _say(error: FieldError) -> str:
    """Put an error into a sentence of the active language."""
    params = {k: _localized(v) if isinstance(v, Mapping) else v for k, v in error.params.items()}
    return gettext(error.message) % params


def _localized(text: Mapping[str, str]) -> str:
    chinese = (get_language() or "zh").startswith("zh")
    return text.get("zh" if chinese else "en") or text.get("zh", "")


def options_get(definition: FieldDefinition) -> tuple[Option, ...]:
    """Return the choices of a field (选项): its own, the city's areas, or those of its code table."""
    if definition.options:
        return definition.options
    if definition.widget == "area":
        return _areas(definition.level)
    rows = code_list(definition.code_table)
    return tuple(_option(row) for row in rows)


def _areas(level: str) -> tuple[Option, ...]:
    """List the city's districts, or its streets and towns with the district before the name."""
    districts = code_list("divisions", parent=settings.CITY["area_code"])
    if level != "STREET":
        return tuple(_option(row) for row in districts)
    return tuple(
        Option(
            street.code,
            {
                "zh": f"{district.name} {street.name}",
                "en": f"{district.name_en or district.name} · {street.name_en or street.name}",
            },
        )
        for district in districts
        for street in code_list("divisions", parent=district.code)
    )


def _option(row: object) -> Option:
    return Option(row.code, {"zh": row.name, "en": row.name_en or row.name})


# --- drafts --------------------------------------------------------------------------------------


def draft_get(draft_id: int) -> DraftView:
    """Return a draft of the acting person (草稿); somebody else's raises `NotFound`."""
    draft = next(iter(rows_find(Draft, known={"id": draft_id})), None)
    if draft is None or not owns(draft.account_id):
        raise NotFound()
    return draft_view(draft)


def draft_list(*, account_id: int, limit: int = 50) -> list[DraftView]:
    """List a person's drafts, the last saved first (草稿列表)."""
    if not owns(account_id):
        raise NotFound()
    rows = Draft.objects.filter(account_id=account_id).order_by("-updated_at", "-id")[:limit]
    return [draft_view(draft) for draft in rows]


def draft_view(
    draft: Draft,
    *,
    refusals: dict[str, list[str]] | None = None,
    disputed: tuple[str, ...] = (),
) -> DraftView:
    """Turn a draft's row into what other areas see."""
    return DraftView(
        id=draft.pk,
        account_id=draft.account_id,
        purpose_key=draft.purpose_key,
        form_version_id=draft.form_version_id,
        values=draft.values,
        sources={name: source_load(raw) for name, raw in draft.sources.items()},
        page=draft.page,
        revision=draft.revision,
        updated_at=draft.updated_at,
        conflicts={
            name: ValueConflict(
                name,
                draft.values.get(name),
                raw["value"],
                raw["at"],
                tuple((offer["value"], offer["at"]) for offer in offers_of(raw)),
            )
            for name, raw in draft.others.items()
        },
        refusals=refusals or {},
        groups=draft.groups,
        disputed=disputed,
    )


def owns(account_id: int) -> bool:
    """Tell whether the acting person is this account, or the machine itself."""
    context = context_get()
    return context.population == "SYSTEM" or context.account_id == account_id


def source_load(raw: dict) -> ValueSource:
    """Read a stored source."""
    as_of = None
    with suppress(TypeError, ValueError):
        as_of = date.fromisoformat(raw.get("as_of"))
    return ValueSource(
        value=raw.get("value"),
        source=raw.get("source") or {},
        as_of=as_of,
        department_id=raw.get("department_id"),
        registry_field=raw.get("registry_field", ""),
        kind=raw.get("kind") or "REGISTRY",
    )


# --- attachments ---------------------------------------------------------------------------------


def attachment_get(attachment_id: int) -> AttachmentView:
    """Return what is known of a file (附件信息) to those who may open it; others get `NotFound`."""
    return attachment_view(_attachment(attachment_id))


def attachment_open(attachment_id: int) -> BinaryIO:
    """Open a file's content for reading (读取附件) for those who may; the caller closes it."""
    return default_storage.open(_attachment(attachment_id).path, "rb")


def attachment_view(row: Attachment) -> AttachmentView:
    """Turn an attachment's row into what other areas see."""
    return AttachmentView(
        id=row.pk,
        account_id=row.account_id,
        name=row.name,
        content_type=row.content_type,
        declared_type=row.declared_type,
        size=row.size,
        sha256=row.sha256,
        created_at=row.created_at,
    )


def _attachment(attachment_id: int) -> Attachment:
    row = Attachment.objects.filter(pk=attachment_id).first()
    if row is None:
        raise NotFound()
    if not owns(row.account_id) and not attachment_access_permits(context_get(), row.pk):
        raise NotFound()
    return row


# --- groups of many rows -------------------------------------------------------------------------


def form_rows(version_id: int, group: str, values: Mapping[str, object]) -> list[list[str]]:
    """Return all rows of a repeating group as a table (分组全部行), its heading first.

    In the active language; a draft takes such a file back. Raises `NotFound` for what is no group.
    """
    field = definition_get(version_id).fields.get(group)
    if field is None or field.kind != "rows":
        raise NotFound()
    options = {each.key: options_get(each) for each in field.fields if each.has_options}
    language = "zh" if (get_language() or "zh").startswith("zh") else "en"
    rows = values.get(group)
    return list(
        rows_write(field, rows if isinstance(rows, list) else [], options, language=language)
    )


# --- what can be reused --------------------------------------------------------------------------


def block_forms() -> dict[str, FormView]:
    """Return the forms that are reusable blocks (常用信息块), the newest version of each, by block."""
    newest: dict[str, FormVersion] = {}
    rows = FormVersion.objects.select_related("form").exclude(form__block="")
    for version in rows.order_by("form__block", "form__key", "-number"):
        newest.setdefault(version.form.block, version)
    return {block: form_view(each, definition_of(each)) for block, each in newest.items()}


def form_prefill_titles() -> dict[str, Mapping[str, str]]:
    """Return who holds what forms are filled with (已有数据目录): by source, and by the title of fields.

    Keys are sources ("person.address") and Chinese titles: of the registries' own fields, and of fields
    that any form has filled from one. Values {zh, en} name the department.
    """
    known = prefill_sources()
    held: dict[str, Mapping[str, str]] = {}
    for form in form_list():
        for name, source in form.prefills.items():
            if source in known:
                held.setdefault(form.titles[name].get("zh", ""), known[source].holder)
    for source, each in known.items():
        held[source] = each.holder
        held.setdefault(each.field_title.get("zh", ""), each.holder)
    held.pop("", None)
    return held
