"""Pages of regular sources (定期来源): watched folders and databases that are pulled by themselves."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
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
from yiwang.resources.catalogue.queries import view_of
from yiwang.resources.landing.actions import source_acts
from yiwang.resources.landing.actions.source_acts import SECRETS, source_get, url_parts
from yiwang.resources.landing.data import FAILURES, MODES, SourceView
from yiwang.resources.landing.models import Source
from yiwang.resources.landing.probing import Probe, meaning
from yiwang.resources.landing.queries import (
    OVERSEE,
    SEND,
    oversees_all,
    resource_rows_of_staff,
    resource_view,
    source_view,
)
from yiwang.resources.landing.views import words
from yiwang.sdk.errors import N_, Forbidden, Invalid, NotFound, YiwangError

KINDS = {"folder": "FOLDER", "database": "DATABASE"}
UNITS = {
    "MINUTE": (60, N_("Minutes")),
    "HOUR": (3600, N_("Hours")),
    "DAY": (86400, N_("Days")),
}
SYSTEMS = (("postgresql", "PostgreSQL"), ("mysql", "MySQL"), ("sqlite", "SQLite"))
_NAMES = {
    "FOLDER": ("folder",),
    "DATABASE": (
        *("system", "host", "port", "database", "user", "password_variable"),
        *("table", "query", "watermark_column"),
    ),
}
_STATES = {"ON": N_("Runs"), "OFF": N_("Paused"), "FAILED": N_("Failed the last time")}
_LOOKS = {
    "ON": ("success", "play-circle"),
    "OFF": ("neutral", "pause-circle"),
    "FAILED": ("danger", "x-octagon"),
}


def _state(row: Source | SourceView) -> str:
    if not row.is_active:
        return "OFF"
    return "FAILED" if row.last_error else "ON"


def _with_state(rows, value: str):
    if value == "OFF":
        return rows.filter(is_active=False)
    failed = rows.filter(is_active=True).exclude(last_error="")
    return failed if value == "FAILED" else rows.filter(is_active=True, last_error="")


def _unit_of(seconds: int) -> tuple[str, int]:
    for code in ("DAY", "HOUR"):
        if seconds % UNITS[code][0] == 0:
            return code, seconds // UNITS[code][0]
    return "MINUTE", max(1, seconds // 60)


def schedule_text(seconds: int) -> str:
    """Return how often a source runs, in words (执行周期)."""
    if seconds < 60:
        return ngettext("every second", "every %(n)s seconds", seconds) % {"n": seconds}
    unit, n = _unit_of(seconds)
    if unit == "DAY":
        return ngettext("every day", "every %(n)s days", n) % {"n": n}
    if unit == "HOUR":
        return ngettext("every hour", "every %(n)s hours", n) % {"n": n}
    return ngettext("every minute", "every %(n)s minutes", n) % {"n": n}


def result_text(row: Source | SourceView) -> str:
    """Return how a source ended the last time, as a sentence (最近结果)."""
    if row.last_error:
        return failure_text(row.last_error)
    return row.last_result or _("Not run yet")


def failure_text(kept: str) -> str:
    """Return a failure that a run kept, in the active language: the sentence around the driver's words."""
    silent = FAILURES["SOURCE"]
    before, _placeholder, _after = silent.partition("%(detail)s")
    if kept.startswith(before):
        return _(silent) % {"detail": kept.removeprefix(before)}
    return kept


_COLUMNS = (
    Column(
        "resource",
        N_("Resource"),
        order="resource__draft_title",
        text=lambda row: row.resource.draft_title,
    ),
    Column("kind", N_("Comes from"), text=lambda row: words.word("source", row.kind)),
    Column(
        "every",
        N_("How often"),
        order="every_seconds",
        text=lambda row: schedule_text(row.every_seconds),
    ),
    Column("last", N_("Last time"), order="last_at", text=result_text),
    Column("state", N_("State"), text=lambda row: _(_STATES[_state(row)])),
)


@require_safe
@allow(populations={"STAFF"}, permission=SEND)
def sources(request: HttpRequest) -> HttpResponse:
    """List what comes by itself: the department's own, to the data bureau all."""
    rows = Source.objects.select_related("resource__current_version")
    allowed = resource_rows_of_staff().values("pk")
    page = page_of(
        request,
        rows.filter(resource__in=allowed),
        columns=_COLUMNS,
        filters=(
            Filter(
                "q",
                N_("Resource"),
                apply=lambda found, value: found.filter(resource__draft_title__contains=value),
            ),
            Filter(
                "state",
                N_("State"),
                kind="select",
                choices=choices_of(_STATES),
                apply=_with_state,
            ),
        ),
        default_order="resource",
    )
    if page.wants_export:
        return page.export("sources")
    views = {row.pk: source_view(row) for row in page.rows}
    return render(
        request,
        "resources/landing/sources.html",
        {"page": page, "views": views, "may_manage": _may_manage(), **_texts()},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=SEND)
def source(request: HttpRequest, source_id: int) -> HttpResponse:
    """Show a source: what it reads, its last result; try it, run it now, pause it."""
    view = source_get(source_id)
    probe = None
    if request.method == "POST":
        if not _may_manage():
            raise Forbidden()
        if request.POST.get("act") == "test":
            probe = source_acts.source_test(source_id)
        else:
            flash(request, "success", _act(request.POST.get("act", ""), source_id))
            return redirect("resources_landing:source", source_id)
    return render(
        request,
        "resources/landing/source.html",
        {
            "view": view,
            "resource": resource_view(view.resource_id),
            "parts": url_parts(view.settings.get("url", "")),
            "probe": probe,
            "may_manage": _may_manage(),
            "hint": hint_of(view.last_error),
            "now": timezone.now(),
            **_texts(),
        },
    )


def _act(act: str, source_id: int) -> str:
    now = timezone.now()
    if act == "run":
        source_acts.source_run_now(source_id, now=now)
        return _("It runs now. Reload the page in a moment to see its result.")
    if act in {"pause", "resume"}:
        source_acts.source_pause(source_id, is_active=act == "resume", now=now)
        return _("It goes on.") if act == "resume" else _("It is paused and takes nothing.")
    raise NotFound()


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=OVERSEE)
def source_new(request: HttpRequest, kind: str) -> HttpResponse:
    """Set up a folder or a database for a resource (新建定期来源)."""
    if kind not in KINDS:
        raise NotFound()
    if not _may_manage():
        raise Forbidden()
    return _form(request, KINDS[kind], None)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=OVERSEE)
def source_edit(request: HttpRequest, source_id: int) -> HttpResponse:
    """Change a source (修改定期来源)."""
    view = source_get(source_id)
    if not _may_manage():
        raise Forbidden()
    return _form(request, view.kind, view)


def _form(request: HttpRequest, kind: str, view: SourceView | None) -> HttpResponse:
    values = _values(request, kind, view)
    errors: dict[str, list[str]] = {}
    probe = None
    if request.method == "POST":
        try:
            if request.POST.get("act") == "test":
                probe = source_acts.source_try(values["resource"], kind=kind, form=values)
            else:
                return _keep(request, kind, values)
        except Invalid as error:
            errors = {name: [_(text) for text in texts] for name, texts in error.fields.items()}
        except YiwangError as error:
            errors = {"resource": [error_text(error)]}
    taken = Source.objects.filter(kind=kind).values("resource_id")
    free = [view_of(row) for row in resource_rows_of_staff().exclude(pk__in=taken)]
    return render(
        request,
        "resources/landing/source_form.html",
        {
            "view": view,
            "kind": kind,
            "values": values,
            "errors": errors,
            "probe": probe,
            "resources": [(one.code, f"{one.spec.title}  {one.code}") for one in free],
            "systems": SYSTEMS,
            "units": [(code, _(text)) for code, (_n, text) in UNITS.items()],
            "modes": choices_of(MODES),
            "secrets": SECRETS,
            **_texts(),
        },
        status=422 if errors else 200,
    )


def _keep(request: HttpRequest, kind: str, values: dict[str, str]) -> HttpResponse:
    number = values["every"]
    count = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0
    try:
        kept = source_acts.source_keep(
            values["resource"],
            kind=kind,
            form=values,
            mode=values["mode"],
            every_seconds=count * UNITS[values["unit"]][0],
            now=timezone.now(),
        )
    except Invalid as error:
        if "every_seconds" in error.fields:
            error.fields["every"] = error.fields.pop("every_seconds")
        raise
    flash(request, "success", _("The source is kept and runs by itself from now on."))
    return redirect("resources_landing:source", kept.id)


def _values(request: HttpRequest, kind: str, view: SourceView | None) -> dict[str, str]:
    names = (*_NAMES[kind], "resource", "mode", "every", "unit")
    if request.method == "POST":
        found = {name: request.POST.get(name, "").replace("\x00", "")[:4000] for name in names}
        found["unit"] = found["unit"] if found["unit"] in UNITS else "HOUR"
        return found | ({"resource": view.resource_code} if view else {})
    if view is None:
        start = {"mode": "DELTA", "every": "1", "unit": "HOUR", "system": "postgresql"}
        return dict.fromkeys(names, "") | start | {"resource": request.GET.get("resource", "")}
    unit, count = _unit_of(view.every_seconds)
    kept = {name: str(view.settings.get(name, "")) for name in names}
    kept |= url_parts(view.settings["url"]) if kind == "DATABASE" else {}
    return kept | {
        "resource": view.resource_code,
        "mode": view.mode,
        "every": str(count),
        "unit": unit,
    }


def hint_of(kept: str) -> str:
    """Return what a failure means and what to do, "" when it is not known."""
    found, params = meaning(kept) if kept else ("", {})
    return _(found) % params if found else ""


def probe_text(probe: Probe) -> str:
    """Return what a trial found wrong, as a sentence."""
    return _(probe.problem) % (probe.params or {}) if probe.problem else ""


def _may_manage() -> bool:
    return oversees_all() and context_get().may(OVERSEE)


def _texts() -> dict:
    return {
        "words": words,
        "schedule_text": schedule_text,
        "result_text": result_text,
        "probe_text": probe_text,
        "state_of": _state,
        "states": {code: _(text) for code, text in _STATES.items()},
        "looks": _LOOKS,
    }
