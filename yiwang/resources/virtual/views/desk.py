"""Keeping definitions (编制与审核主题库): written as YAML, checked, reviewed by a second person."""

import yaml
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import Column, context_get, error_text, flash, page_of, render
from yiwang.resources.catalogue.queries import reviews_all
from yiwang.resources.virtual.actions import (
    dataset_publish,
    dataset_put,
    dataset_reject,
    dataset_submit,
)
from yiwang.resources.virtual.data import FAULTS, STATES
from yiwang.resources.virtual.probing import spec_probe
from yiwang.resources.virtual.queries import (
    DEFINE,
    dataset_for_staff,
    department_title,
    desk_rows,
    places_get,
)
from yiwang.resources.virtual.rules import spec_dump, spec_problems
from yiwang.sdk.errors import N_, Invalid, NotFound, YiwangError

TEXT_MAX = 200_000
COLUMNS = (
    Column("draft_title", N_("Dataset"), order="draft_title"),
    Column("key", N_("Key"), order="key"),
    Column("department", N_("Provider"), text=lambda row: department_title(row.department_id)),
    Column("state", N_("State"), order="state", text=lambda row: _(STATES[row.state])),
    Column("submitted_at", N_("Submitted on"), order="submitted_at"),
)
EXAMPLE = """\
title: 餐饮从业人员
title_en: People in catering
summary: 餐饮许可与从业人员健康证明
sources:
- key: permits
  title: 食品经营许可
  columns: [{name: permit_no, type: TEXT}, {name: area_code, type: TEXT}]
  parts:
  - {key: city, title: 市级, kind: PARQUET, location: permits/*.parquet}
- key: staff
  title: 从业人员
  columns: [{name: permit_no, type: TEXT}, {name: name, type: TEXT}]
  parts:
  - {key: city, title: 市级, kind: POSTGRESQL, location: YIWANG_SOURCE_HEALTH, table: public.staff}
joins:
- {source: staff, column: permit_no, to_source: permits, to_column: permit_no, kind: INNER}
fields:
- {key: permit_no, source: permits, column: permit_no, title: 许可证号, title_en: Permit}
- {key: area, source: permits, column: area_code, title: 行政区划, title_en: Division}
- {key: name, source: staff, column: name, title: 姓名, title_en: Name, level: 3, mask: NAME}
area_field: area
purposes: [食品安全检查]
small_cell: 5
"""


@require_safe
@allow(populations={"STAFF"}, permission=DEFINE)
def desk(request: HttpRequest) -> HttpResponse:
    """List the definitions that my department keeps, or that I review (主题库管理)."""
    page = page_of(request, desk_rows(), columns=COLUMNS, default_order="key")
    return render(request, "resources/virtual/desk.html", {"page": page, "states": STATES})


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=DEFINE)
def new(request: HttpRequest) -> HttpResponse:
    """Begin a definition (新建主题库)."""
    typed = {
        "key": request.POST.get("key", ""),
        "definition": request.POST.get("definition", EXAMPLE),
    }
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            view = dataset_put(typed["key"].strip(), _yaml(typed["definition"]), now=timezone.now())
        except Invalid as error:
            errors = {name: [_(text) for text in texts] for name, texts in error.fields.items()}
        else:
            return redirect("resources_virtual:definition", view.key)
    context = {"typed": typed, "errors": errors}
    status = 422 if errors else 200
    return render(request, "resources/virtual/new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=DEFINE)
def definition(request: HttpRequest, key: str) -> HttpResponse:
    """Show a definition: edit, check its sources, submit, publish or send back (编制与审核)."""
    view = dataset_for_staff(key)
    problem, errors, probes = "", {}, None
    text = request.POST.get("definition") or _yaml_text(spec_dump(view.draft))
    if request.method == "POST":
        try:
            if request.POST.get("act") == "probe":
                probes = spec_probe(view.draft, places=places_get())
            else:
                return _decide(request, key, text)
        except Invalid as error:
            errors = {name: [_(one) for one in texts] for name, texts in error.fields.items()}
            problem = "" if errors else error_text(error)
        except YiwangError as error:
            problem = error_text(error)
    return render(
        request,
        "resources/virtual/definition.html",
        {
            "view": view,
            "spec": view.draft,
            "text": text,
            "problems": spec_problems(view.draft),
            "problem": problem,
            "errors": errors,
            "probes": probes,
            "faults": {code: _(one) for code, one in FAULTS.items()},
            "state": _(STATES[view.state]),
            "may_review": reviews_all(),
            "is_own": context_get().account_id in view.draft_accounts,
            "reason": request.POST.get("reason", ""),
        },
        status=422 if errors or problem else 200,
    )


def _decide(request: HttpRequest, key: str, text: str) -> HttpResponse:
    act, now = request.POST.get("act", ""), timezone.now()
    if act == "save":
        dataset_put(key, _yaml(text), now=now)
        flash(request, "success", _("Saved."))
    elif act == "submit":
        dataset_submit(key, now=now)
        flash(request, "success", _("Sent to the data department for review."))
    elif act == "publish":
        dataset_publish(key, now=now)
        flash(request, "success", _("Published. It can be asked now and stands in the catalogue."))
    elif act == "reject":
        dataset_reject(key, reason=request.POST.get("reason", ""), now=now)
        flash(request, "success", _("Sent back to the department with your reason."))
    else:
        raise NotFound()
    return redirect("resources_virtual:definition", key)


def _yaml(text: str) -> dict:
    try:
        content = yaml.safe_load(text[:TEXT_MAX])
    except yaml.YAMLError as error:
        raise Invalid(fields={"definition": [str(error)]}) from None
    if not isinstance(content, dict):
        raise Invalid(fields={"definition": [N_("Write the definition as YAML.")]})
    return content


def _yaml_text(content: dict) -> str:
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
