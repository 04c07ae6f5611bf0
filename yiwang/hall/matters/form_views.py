"""The page on which a matter is given another version of its form (选用表单版本)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.matters.form_versions import (
    MANAGE,
    FormLacksFields,
    FormOfAnother,
    FormReasonMissing,
    fields_lacking,
    matter_form_list,
    matter_form_use,
)
from yiwang.hall.matters.queries import matter_get
from yiwang.identity.api import allow
from yiwang.kernel.api import context_get, error_text, flash, render
from yiwang.sdk.errors import NotFound


@allow(populations={"STAFF"}, permission="engines.formdesigner.read")
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, code: str) -> HttpResponse:
    """Show which form version a matter uses, and let it use another (选用表单版本)."""
    view = matter_get(code)
    if view.form_version_id is None:
        raise NotFound()
    errors: dict[str, list[str]] = {}
    reason = request.POST.get("reason", "").strip()[:2000]
    chosen = request.POST.get("version", "")
    if request.method == "POST":
        number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else 0
        try:
            matter_form_use(code, form_version_id=number, reason=reason, now=timezone.now())
        except FormReasonMissing as error:
            errors = {"reason": [error_text(error)]}
        except (FormOfAnother, FormLacksFields) as error:
            errors = {"version": [error_text(error)]}
        else:
            flash(
                request,
                "success",
                _("New applications use this version; those under way keep theirs."),
            )
            return redirect("hall_matters:form", code)
    versions = matter_form_list(view)
    names = {
        "view": view,
        "versions": [(form, fields_lacking(view, form)) for form in versions],
        "current": next(form for form in versions if form.version_id == view.form_version_id),
        "may_choose": context_get().may(MANAGE),
        "reason": reason,
        "chosen": chosen,
        "errors": errors,
    }
    return render(request, "hall/matters/form.html", names, status=422 if errors else 200)
