"""What one keeps for other forms (我的常用信息): list, write, delete, use on a page of a draft."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from yiwang.engines.api import (
    DraftView,
    FormView,
    block_forms,
    draft_post,
    form_get,
    form_post_values,
    form_state,
)
from yiwang.hall.reuse import actions, queries
from yiwang.hall.reuse.data import BlockEmpty, BlockNotFound, BlocksFull, BlockWrong, RowsFull
from yiwang.hall.reuse.queries import PURPOSE
from yiwang.identity.api import allow
from yiwang.kernel.api import error_text, flash, render

OWNERS = {"CITIZEN", "AGENT"}
REFUSALS = (BlockEmpty, BlockWrong, BlocksFull, RowsFull)


@allow(populations=OWNERS, purpose=PURPOSE)
@require_safe
def blocks(request: HttpRequest) -> HttpResponse:
    """List what one has kept, by kind, with when it was stated and used (我的常用信息)."""
    kinds = block_forms()
    held = queries.block_list() if queries.has_space() else []
    groups = [
        (
            key,
            form.title,
            [(one, queries.block_summary(one.values)) for one in held if one.key == key],
        )
        for key, form in sorted(kinds.items())
    ]
    return render(
        request, "hall/reuse/blocks.html", {"groups": groups, "has_space": queries.has_space()}
    )


@allow(populations=OWNERS, purpose=PURPOSE)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, key: str) -> HttpResponse:
    """Write a block of a kind (新增常用信息)."""
    form = queries.block_form(key)
    return _write(request, key, form, values={}, label="", block_id=None)


@allow(populations=OWNERS, purpose=PURPOSE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, block_id: int) -> HttpResponse:
    """Change or delete a block (修改常用信息)."""
    block = queries.block_get(block_id)
    if request.POST.get("do") == "delete":
        actions.block_delete(block_id)
        flash(request, "success", _("It was deleted; nothing of it is kept here."))
        return redirect("hall_reuse:blocks")
    form = queries.block_form(block.key)
    return _write(
        request, block.key, form, values=dict(block.values), label=block.label, block_id=block_id
    )


def _write(  # noqa: PLR0913 - what one entry is
    request: HttpRequest,
    key: str,
    form: FormView,
    *,
    values: dict,
    label: str,
    block_id: int | None,
) -> HttpResponse:
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        label = request.POST.get("label", "").strip()[:60]
        values = form_post_values(
            form.version_id, request.POST, fields=list(form.fields), values=values
        )
        if not ({"_add", "_remove"} & request.POST.keys()):
            try:
                actions.block_put(
                    key, values=values, label=label, block_id=block_id, now=timezone.now()
                )
            except REFUSALS as error:
                errors = {"": [error_text(error)]}
            else:
                flash(request, "success", _("Kept, as your own statement of today."))
                return redirect("hall_reuse:blocks")
    names = {
        "form": form,
        "state": form_state(form.version_id, values),
        "label": label,
        "block_id": block_id,
        "errors": errors,
        "shown": bool(errors),
    }
    return render(request, "hall/reuse/block.html", names, status=422 if errors else 200)


@require_POST
@allow(populations=OWNERS, purpose=PURPOSE)
def fill(request: HttpRequest, draft_id: int, page: str) -> HttpResponse:
    """Save what stands on a page of one's draft, then use a block there or keep one from it (带入或保存)."""
    now = timezone.now()
    draft = draft_post(draft_id, post=request.POST, page=page, now=now)
    form = form_get(draft.form_version_id)
    fields = [name for name in form.blocks if name in request.POST.get("_fields", "").split()]
    try:
        if request.POST.get("_block"):
            actions.block_use(_number(request.POST["_block"]), draft=draft, fields=fields, now=now)
            flash(request, "success", _("Filled in from what you had kept. Please check it."))
        elif request.POST.get("_row_block"):
            group, block_id, place = _mark(request.POST["_row_block"])
            actions.block_row_use(block_id, draft=draft, group=group, place=place, now=now)
            flash(request, "success", _("Filled in from what you had kept. Please check it."))
        elif request.POST.get("_keep"):
            kept = _kept(form, draft, fields, request.POST["_keep"])
            block = actions.block_put(request.POST["_keep"], values=kept, now=now)
            text = _("Kept in your space as “%(label)s”, your own statement of today.")
            flash(request, "success", text % {"label": block.label})
    except REFUSALS as error:
        flash(request, "danger", error_text(error))
    return redirect(reverse("hall_applications:draft", args=[draft_id, page]))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BlockNotFound()
    return int(text)


def _mark(text: str) -> tuple[str, int, int]:
    """Read "members:12.0": the group, the block, and the row of it."""
    group, _, rest = text.partition(":")
    block_id, _, place = rest.partition(".")
    return group, _number(block_id), _number(place or "0")


def _kept(form: FormView, draft: DraftView, fields: list[str], key: str) -> dict[str, object]:
    """Take the parts of a block out of what stands on the page."""
    parts = {form.blocks[name].partition(".")[::2]: name for name in fields}
    return {
        part: draft.values[name]
        for (kind, part), name in parts.items()
        if kind == key and draft.values.get(name) not in (None, "", [])
    }
