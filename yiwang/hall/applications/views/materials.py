"""Documents of a draft (填报材料): what the city has, what must be uploaded and why, what may follow.

Each line is saved by itself: what is wrong with one file says so beside it, the others are kept.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.engines.api import AttachmentRefused
from yiwang.hall.applications.actions.materials import (
    material_attach,
    material_choose,
    material_detach,
)
from yiwang.hall.applications.data import MaterialLine
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.applications.queries.materials import choice_text, material_line_list
from yiwang.hall.applications.views.drafts import PURPOSE, form_state_of, steps_of
from yiwang.hall.applications.views.filing import FILL, FILLERS, draft_render, for_applicant
from yiwang.identity.api import allow
from yiwang.kernel.api import error_text, flash, localized, upload_overflow
from yiwang.sdk.packs import Material

CHOICES = {"refuse": "UPLOAD", "follow": "PROMISE", "commit": "COMMIT", "undo": ""}
PROMISES = ("follow", "commit")


@require_http_methods(["GET", "POST"])
@allow(populations=FILLERS, permission=FILL, purpose=PURPOSE)
@for_applicant
def materials(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show the documents (申请材料), take files and choices."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        errors = _taken(request, draft_id)
        if not errors:
            leads_on = request.POST.get("go") == "next"
            name = "check" if leads_on else "materials"
            return redirect(f"hall_applications:{name}", draft_id)
    context = draft_context_get(draft_id)
    state = form_state_of(context)
    lines = material_line_list(context, form_data=dict(state.values), now=timezone.now())
    steps = steps_of(context, state)
    by_key = {material.key: material for material in context.matter.materials}
    return draft_render(
        request,
        "hall/applications/materials.html",
        {
            "draft": context,
            "lines": [(line, _offers(line, by_key[line.key])) for line in lines],
            "errors": errors,
            "typed": {name for name in request.POST if name.startswith("agree:")},
            "may_stay": any(line.source == "MISSING" for line in lines),
            "steps": steps,
            "current": len(steps) - 2,
            "back": steps[-3][1],
        },
        status=413 if upload_overflow(request) else 422 if errors else 200,
    )


def _offers(line: MaterialLine, material: Material) -> list[tuple[str, dict]]:
    """Return what may be done instead of uploading now, with the words one would agree to."""
    if line.source != "MISSING":
        return []
    offers = []
    if line.commitment:
        offers.append(("commit", choice_text(material, "COMMIT")))
    if line.may_follow:
        offers.append(("follow", choice_text(material, "PROMISE")))
    return offers


def _taken(request: HttpRequest, draft_id: int) -> dict[str, list[str]]:
    now = timezone.now()
    errors: dict[str, list[str]] = {}
    if removed := request.POST.get("remove", ""):
        material_detach(draft_id, removed)
    act, _sep, key = request.POST.get("choose", "").partition(":")
    if act in CHOICES and key:
        if act in PROMISES and not request.POST.get(f"agree:{act}:{key}"):
            errors[f"{act}:{key}"] = [_("Read the words and tick that you agree to them.")]
        else:
            material_choose(draft_id, key, kind=CHOICES[act], now=now)
    for key, file in request.FILES.items():
        try:
            _say(request, file.name, material_attach(draft_id, key, file=file, now=now))
        except AttachmentRefused as error:
            errors[key] = [error_text(error)]
    return errors


def _say(request: HttpRequest, name: str, attached) -> None:
    if attached.is_repeated:
        flash(
            request, "info", _("%(name)s is there already; it was not kept twice.") % {"name": name}
        )
    elif attached.also_on:
        others = "、".join(localized(title) for title in attached.also_on)
        said = _(
            "%(name)s is the same file as for %(others)s. If that is wrong, remove one of them."
        )
        flash(request, "warning", said % {"name": name, "others": others})
