"""Pages of the process designer (流程设计): list, versions, drawing, checking, publishing, comparing."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yiwang.engines.decisions.queries import decision_model_list
from yiwang.engines.designer import actions, queries
from yiwang.engines.designer.data import (
    DraftView,
    ModelView,
    NoteMissing,
    ProcessKeyInvalid,
    ProcessKeyTaken,
    ProcessUnknown,
    PublisherIsWriter,
)
from yiwang.engines.designer.words import EVENT_WORDS, INSTANCE_STATES, STATES, editor_words
from yiwang.engines.workflow.bpmn_xml import MAX_BYTES
from yiwang.engines.workflow.commands import problems_json
from yiwang.engines.workflow.data import ProcessInvalid
from yiwang.engines.workflow.interchange.check import INVALID, UNSOUND, FileReport
from yiwang.engines.workflow.interchange.difference import Change
from yiwang.engines.workflow.queries import instance_diagram, instance_history
from yiwang.engines.workflow.registry import SERVICES
from yiwang.identity.api import ROLES, allow
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    error_text,
    flash,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, YiwangError

READ, DESIGN = "engines.designer.read", "engines.designer.design"
PUBLISH, INSTANCES = "engines.workflow.publish", "engines.designer.instances"
_COLUMNS = (
    Column("title", N_("Process"), order="key", text=lambda row: row.title),
    Column("key", N_("Process key"), order="key"),
    Column("number", N_("Version"), order="number"),
    Column("running", N_("Cases under way"), order="running", align="end"),
    Column("draft_at", N_("Draft"), order="draft_at"),
)
_FILTERS = (
    Filter(
        "q",
        N_("Name or key"),
        apply=lambda rows, text: [row for row in rows if _matches(row, text)],
    ),
)
_INSTANCES = (
    Column("number", N_("Number"), text=lambda row: row.card.get("number", "")),
    Column("state", N_("State"), text=lambda row: row.state),
    Column("version", N_("Version"), text=lambda row: row.version.number),
    Column("started_at", N_("Started"), order="started_at"),
    Column("ended_at", N_("Ended at"), order="ended_at"),
)


def _matches(row: ModelView, text: str) -> bool:
    shown = " ".join([row.key, *map(str, row.title.values())])
    return text.casefold() in shown.casefold()


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """List the processes of the city, published or drafted (流程模型列表)."""
    page = page_of(request, queries.model_list(), columns=_COLUMNS, filters=_FILTERS)
    if page.wants_export:
        return page.export("processes")
    context = context_get()
    names = {
        "page": page,
        "may_design": context.may(DESIGN),
        "may_see_instances": context.may(INSTANCES),
    }
    return render(request, "engines/designer/list.html", names)


@allow(populations={"STAFF"}, permission=DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a process, from a file or from three elements (新建流程)."""
    names = ("key", "title_zh", "title_en")
    values = {name: request.POST.get(name, "").strip()[:120] for name in names}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        errors = {name: [_("Fill this in.")] for name in ("key", "title_zh") if not values[name]}
        try:
            if not errors:
                title = {"zh": values["title_zh"], "en": values["title_en"] or values["title_zh"]}
                made = actions.process_draft_new(
                    values["key"], title=title, xml=_uploaded(request), now=timezone.now()
                )
                return redirect("engines_designer:draft", made.key)
        except (ProcessKeyInvalid, ProcessKeyTaken) as error:
            errors = {"key": [error_text(error)]}
        except ProcessInvalid as error:
            errors = {"file": [_said(error)]}
    return render(
        request,
        "engines/designer/new.html",
        {"values": values, "errors": errors, "max_mb": MAX_BYTES // 1_000_000},
        status=422 if errors else 200,
    )


def _uploaded(request: HttpRequest) -> bytes:
    """Return the file that was sent, b"" without one; a larger one is cut and so refused."""
    file = request.FILES.get("file")
    return b"" if file is None else file.read(MAX_BYTES + 1)


def _said(error: ProcessInvalid) -> str:
    (first, *_rest) = problems_json(error.problems, say=_)
    return _("Line %(line)s: %(reason)s") % first


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show a process: drawing, versions, draft, where its instances are (流程详情)."""
    versions = queries.version_list(key)
    draft_view = _draft(key)
    shown = versions[0].number if versions else 0
    context = context_get()
    return render(
        request,
        "engines/designer/detail.html",
        {
            "key": key,
            "title": queries.title_get(key),
            "versions": versions,
            "draft": draft_view,
            "shown": shown,
            "may_design": context.may(DESIGN),
            "may_publish": context.may(PUBLISH),
            "may_see_instances": context.may(INSTANCES),
            "choices": _choices(versions, draft_view),
            "max_mb": MAX_BYTES // 1_000_000,
        },
    )


def _draft(key: str) -> DraftView | None:
    try:
        return queries.draft_get(key)
    except ProcessUnknown:
        return None


def _choices(versions, draft_view: DraftView | None) -> list[tuple[int, str]]:
    drafts = [(0, _("Draft"))] if draft_view else []
    return drafts + [
        (one.number, _("Version %(number)s") % {"number": one.number}) for one in versions
    ]


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def file(request: HttpRequest, key: str) -> HttpResponse:
    """Hand out the file of a version, 0 for the draft (下载)."""
    number = _number(request.GET.get("version", "0"))
    response = HttpResponse(queries.version_xml(key, number), content_type="application/xml")
    if "inline" not in request.GET:
        name = f"{key}-v{number}.bpmn" if number else f"{key}-draft.bpmn"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise ProcessUnknown()
    return int(text)


@allow(populations={"STAFF"}, permission=DESIGN)
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, key: str) -> HttpResponse:
    """Draw: the modeller with our own properties beside it (设计). POST begins the draft."""
    if request.method == "POST":
        actions.process_draft_open(key, now=timezone.now())
        return redirect("engines_designer:draft", key)
    view = queries.draft_get(key)
    report = _report(view.xml)
    options = {
        "roles": {code: dict(role.title) for code, role in ROLES.items()},
        "services": sorted(SERVICES),
        "decisions": [model.key for model in decision_model_list()],
        "processes": [row.key for row in queries.model_list() if row.number],
        "words": editor_words(),
        "revision": view.revision,
        "urls": {
            "file": reverse("engines_designer:file", args=[key]) + "?inline&version=0",
            "save": reverse("engines_designer:save", args=[key]),
        },
        "report": report,
    }
    return render(
        request,
        "engines/designer/draft.html",
        {
            "key": key,
            "draft": view,
            "options": options,
            "report": report,
            "may_publish": context_get().may(PUBLISH),
        },
    )


def _report(xml: str) -> dict:
    """Return what the page shows of a check: state, its word, and every entry with its element."""
    found, refused = queries.draft_check(xml)
    lists = {"problems": [*found.problems], "not_executed": [*found.not_executed], "bindings": []}
    for one in found.processes:
        lists["problems"] += one.problems
        lists["not_executed"] += one.not_executed
        lists["bindings"] += one.bindings
    told = {str(one) for part in lists.values() for one in part}
    lists["bindings"] += [one for one in refused if str(one) not in told]
    return {
        "state": found.state,
        "word": _(STATES[found.state]),
        "publishable": _publishable(found, refused),
        **{name: problems_json(part, say=_) for name, part in lists.items()},
    }


def _publishable(found: FileReport, refused: list) -> bool:
    return not refused and found.state not in (INVALID, UNSOUND)


@allow(populations={"STAFF"}, permission=DESIGN)
@require_POST
def save(request: HttpRequest, key: str) -> JsonResponse:
    """Save what was drawn and answer with what the check found (保存并校验)."""
    try:
        view = actions.process_draft_save(
            key,
            xml=request.POST.get("xml", ""),
            revision=_number(request.POST.get("revision", "")),
            now=timezone.now(),
        )
    except ProcessInvalid as error:
        return JsonResponse({"problem": _said(error)}, status=422)
    except YiwangError as error:
        return JsonResponse({"problem": error_text(error)}, status=error.status)
    saved_at = timezone.localtime(view.edited_at).strftime("%H:%M:%S")
    answer = {"revision": view.revision, "saved_at": saved_at, "report": _report(view.xml)}
    return JsonResponse(answer)


@allow(populations={"STAFF"}, permission=DESIGN)
@require_POST
def upload(request: HttpRequest, key: str) -> HttpResponse:
    """Put a file in the place of the draft (上传), as the next saving of it."""
    view = actions.process_draft_open(key, now=timezone.now())
    content = _uploaded(request)
    try:
        actions.process_draft_save(key, xml=content, revision=view.revision, now=timezone.now())
    except ProcessInvalid as error:
        flash(request, "danger", _said(error))
        return redirect("engines_designer:detail", key)
    flash(request, "success", _("The file is the draft now."))
    return redirect("engines_designer:draft", key)


@allow(populations={"STAFF"}, permission=DESIGN)
@require_POST
def discard(request: HttpRequest, key: str) -> HttpResponse:
    """Throw the draft away (丢弃草稿)."""
    actions.process_draft_discard(key, revision=_number(request.POST.get("revision", "")))
    flash(request, "success", _("The draft is thrown away."))
    return redirect("engines_designer:list")


@allow(populations={"STAFF"}, permission=PUBLISH)
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, key: str) -> HttpResponse:
    """Look again at what changed and at the check, say why, publish (发布)."""
    view = queries.draft_get(key)
    errors: dict[str, list[str]] = {}
    note = request.POST.get("note", "").strip()
    if request.method == "POST":
        try:
            made = actions.process_draft_publish(
                key,
                revision=_number(request.POST.get("revision", "")),
                note=note,
                now=timezone.now(),
            )
        except NoteMissing as error:
            errors = {"note": [error_text(error)]}
        except PublisherIsWriter as error:
            errors = {"": [error_text(error)]}
        except ProcessInvalid as error:
            errors = {"": [_said(error)]}
        else:
            text = _("Version %(number)s is published. Running cases stay on theirs.")
            flash(request, "success", text % {"number": made.number})
            return redirect("engines_designer:detail", key)
    versions = queries.version_list(key)
    newest = versions[0].number if versions else 0
    return render(
        request,
        "engines/designer/publish.html",
        {
            "key": key,
            "draft": view,
            "newest": newest,
            "running": sum(one.running for one in versions),
            "report": _report(view.xml),
            "changes": queries.version_changes(key, newest, 0) if newest else [],
            "is_stale": newest > view.base_number,
            "is_writer": context_get().account_id in view.writer_ids,
            "note": note,
            "errors": errors,
        },
        status=422 if errors else 200,
    )


@allow(populations={"STAFF"}, permission=READ)
@require_safe
def compare(request: HttpRequest, key: str) -> HttpResponse:
    """Show two versions side by side with what differs, coloured and in words (比较)."""
    versions = queries.version_list(key)
    draft_view = _draft(key)
    numbers = [number for number, _title in _choices(versions, draft_view)]
    if not numbers:
        raise ProcessUnknown()
    after = _number(request.GET.get("after", str(numbers[0])))
    before = _number(request.GET.get("before", str(numbers[min(1, len(numbers) - 1)])))
    changes = queries.version_changes(key, before, after)
    return render(
        request,
        "engines/designer/compare.html",
        {
            "key": key,
            "title": queries.title_get(key),
            "before": before,
            "after": after,
            "choices": _choices(versions, draft_view),
            "changes": changes,
            "marks_before": marks(changes, ("REMOVED", "CHANGED", "MOVED")),
            "marks_after": marks(changes, ("ADDED", "CHANGED", "MOVED")),
        },
    )


def marks(changes: list[Change], kinds: tuple[str, ...]) -> str:
    """Return the marks of a drawing as JSON: element id -> kind in small letters."""
    return json.dumps({one.id: one.kind.lower() for one in changes if one.kind in kinds})


@allow(populations={"STAFF"}, permission=INSTANCES)
@require_safe
def instances(request: HttpRequest, key: str) -> HttpResponse:
    """List the instances of a process (流程实例)."""
    filters = (
        Filter(
            "state",
            N_("State"),
            kind="select",
            choices=choices_of(INSTANCE_STATES),
            apply=lambda rows, value: rows.filter(state=value),
        ),
    )
    page = page_of(request, queries.instance_rows(key), columns=_INSTANCES, filters=filters)
    if page.wants_export:
        return page.export(f"{key}-instances")
    title = queries.title_get(key)
    names = {"key": key, "title": title, "page": page, "states": INSTANCE_STATES}
    return render(request, "engines/designer/instances.html", names)


@allow(populations={"STAFF"}, permission=INSTANCES)
@require_safe
def instance(request: HttpRequest, key: str, instance_id: int) -> HttpResponse:
    """Show where an instance stands in the drawing and all that happened to it (运行轨迹)."""
    row = queries.instance_row(key, instance_id)
    drawing = instance_diagram(instance_id)
    return render(
        request,
        "engines/designer/instance.html",
        {
            "key": key,
            "title": queries.title_get(key),
            "row": row,
            "states": INSTANCE_STATES,
            "active": drawing["active"],
            "done": drawing["done"],
            "history": instance_history(instance_id),
            "event_words": EVENT_WORDS,
        },
    )
