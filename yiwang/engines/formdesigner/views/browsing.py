"""Reading forms (查看表单): list, versions, comparison, file, preview."""

from types import SimpleNamespace

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.engines.formdesigner import actions, queries
from yiwang.engines.formdesigner.data import FormRow, FormUnknown
from yiwang.engines.formdesigner.queries import DESIGN, PUBLISH, READ
from yiwang.engines.formdesigner.rules.difference import fields_of
from yiwang.engines.formdesigner.rules.files import form_write
from yiwang.engines.formdesigner.views.parts import change_rows, number_of, said
from yiwang.engines.forms.data import FormState
from yiwang.engines.forms.rules.definition import FormDefinition
from yiwang.engines.forms.rules.inputs import post_lists, post_parse
from yiwang.engines.forms.rules.problems import FormInvalid
from yiwang.identity.api import allow
from yiwang.kernel.api import Column, Filter, context_get, frame_allow, page_of, render
from yiwang.sdk.errors import N_

_COLUMNS = (
    Column("title", N_("Name of the form"), order="key", text=lambda row: row.title),
    Column("key", N_("Form key"), order="key"),
    Column("number", N_("Version"), order="number"),
    Column("fields", N_("Fields"), order="fields", align="end"),
    Column("uses", N_("Matters that use it"), order="uses", align="end"),
    Column("open_drafts", N_("Being filled in"), order="open_drafts", align="end"),
    Column("draft_at", N_("Draft"), order="key"),
)
_FILTERS = (
    Filter(
        "q",
        N_("Name or key"),
        apply=lambda rows, text: [row for row in rows if _matches(row, text)],
    ),
)


def _matches(row: FormRow, text: str) -> bool:
    return text.casefold() in " ".join([row.key, *map(str, row.title.values())]).casefold()


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def forms(request: HttpRequest) -> HttpResponse:
    """List the forms of the city, published or drafted (表单列表)."""
    page = page_of(request, queries.form_rows_list(), columns=_COLUMNS, filters=_FILTERS)
    if page.wants_export:
        return page.export("forms")
    names = {"page": page, "may_design": context_get().may(DESIGN)}
    return render(request, "engines/formdesigner/list.html", names)


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show a form: its versions, who uses them, its draft (表单详情)."""
    versions, draft = queries.version_rows(key), queries.draft_find(key)
    if not versions and draft is None:
        raise FormUnknown()
    definition = (
        draft.definition if not versions else queries.definition_at(key, versions[0].number)
    )
    context = context_get()
    names = {
        "key": key,
        "title": definition.get("title") or {"zh": key, "en": key},
        "versions": versions,
        "draft": draft,
        "choices": _choices(versions, draft),
        "fields": fields_of(definition),
        "may_design": context.may(DESIGN),
        "may_publish": context.may(PUBLISH),
    }
    return render(request, "engines/formdesigner/detail.html", names)


def _choices(versions: list, draft: object) -> list[tuple[int, str]]:
    drafts = [(0, _("Draft"))] if draft else []
    return drafts + [
        (one.number, _("Version %(number)s") % {"number": one.number}) for one in versions
    ]


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def file(request: HttpRequest, key: str) -> HttpResponse:
    """Hand out a version as the file of a pack, 0 for the draft (下载)."""
    number = number_of(request.GET.get("version", "0"))
    text = form_write(queries.definition_at(key, number))
    response = HttpResponse(text, content_type="application/yaml; charset=utf-8")
    name = f"{key}-v{number}.yaml" if number else f"{key}-draft.yaml"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def compare(request: HttpRequest, key: str) -> HttpResponse:
    """Say what changed between two versions, and whose drafts it touches (比较)."""
    versions, draft = queries.version_rows(key), queries.draft_find(key)
    choices = _choices(versions, draft)
    if not choices:
        raise FormUnknown()
    numbers = [number for number, _title in choices]
    after = number_of(request.GET.get("after", str(numbers[0])))
    before = number_of(request.GET.get("before", str(numbers[min(1, len(numbers) - 1)])))
    changes = queries.version_changes(key, before, after)
    waiting, touched = queries.draft_effects(key, before, changes)
    names = {
        "key": key,
        "title": queries.definition_at(key, after).get("title") or {"zh": key, "en": key},
        "before": before,
        "after": after,
        "choices": choices,
        "changes": change_rows(changes, touched),
        "waiting": waiting,
    }
    return render(request, "engines/formdesigner/compare.html", names)


@allow(populations={"STAFF"}, permission=READ)
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """Show a form as on a phone, to be tried out (手机预览). POST empties what was tried."""
    number = number_of(request.GET.get("version", "0"))
    if request.method == "POST":
        actions.form_trial_clear(key)
        return redirect("engines_formdesigner:preview", key)
    names = {
        "key": key,
        "number": number,
        "registry": request.GET.get("registry", "1") == "1",
        "title": queries.definition_at(key, number).get("title") or {"zh": key, "en": key},
        "may_design": context_get().may(DESIGN),
    }
    return render(request, "engines/formdesigner/preview.html", names)


@allow(populations={"STAFF"}, permission=READ)
@require_http_methods(["GET", "HEAD", "POST"])
def frame(request: HttpRequest, key: str) -> HttpResponse:
    """The form inside the preview (预览内容): the pages that people get, with trial data."""
    number = number_of(request.GET.get("version", "0"))
    page, registry = request.GET.get("page", ""), request.GET.get("registry", "1") == "1"
    definition = queries.definition_at(key, number)
    errors_shown = False
    try:
        trial = _trial(request, key, number, definition, page)
        state = queries.preview_state(definition, trial, registry=registry)
    except FormInvalid as error:
        faults = [f"{each.path} {said(each.message, each.params)}" for each in error.problems]
        names = {"faults": faults, "title": key}
        return frame_allow(render(request, "engines/formdesigner/frame.html", names))
    if request.method == "POST":
        target = _target(state, page, request.POST.get("go", ""))
        if target:
            query = QueryDict(mutable=True)
            query.update({"version": number, "page": target, "registry": "1" if registry else "0"})
            address = reverse("engines_formdesigner:frame", args=[key])
            return frame_allow(redirect(f"{address}?{query.urlencode()}"))
        errors_shown = request.POST.get("go") == "next"
    names = {
        "key": key,
        "number": number,
        "registry": registry,
        "title": definition.get("title"),
        "state": state,
        "page": state.page(page),
        "errors_shown": errors_shown,
        "draft": SimpleNamespace(id=None, revision=1, updated_at=None),
        "faults": [],
    }
    status = 422 if errors_shown else 200
    return frame_allow(render(request, "engines/formdesigner/frame.html", names, status=status))


def _trial(request: HttpRequest, key: str, number: int, definition: dict, page: str) -> dict:
    """Return what was typed so far; a draft remembers it, a published version only for the one page."""
    if number == 0 and request.method == "POST" and context_get().may(DESIGN):
        return actions.form_draft_try(key, post=request.POST, page=page).trial
    kept = queries.draft_get(key).trial if number == 0 else {}
    if request.method != "POST":
        return kept
    form = FormDefinition.parse(definition)
    return post_parse(form.fields.values(), post_lists(request.POST), kept)


def _target(state: FormState, page: str, go: str) -> str:
    """Return the page that the pressed button leads to; "" stays."""
    if go == "back":
        before = state.page_before(page)
        return before.key if before else ""
    if go != "next" or state.page(page).error_count:
        return ""
    after = state.page_after(page)
    return after.key if after else state.pages[0].key
