"""Pages on which the lists are adjusted (清单调整): preparing, publishing, completing one's own powers."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.lists import actions, queries
from yiwang.hall.lists.data import POWER_TYPES, DetailView
from yiwang.hall.lists.errors import AdjustmentIncomplete, EntryNotFound, NotYourPower
from yiwang.hall.lists.queries import MAINTAIN, PREPARE, PUBLISH
from yiwang.hall.lists.views import change_page, day_of, words
from yiwang.hall.matters.data import MatterFilter
from yiwang.hall.matters.queries import matter_get, matter_list
from yiwang.hall.matters.views import function_names
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    ListQuery,
    Source,
    context_get,
    error_text,
    flash,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, NotFound, YiwangError

PURPOSE = "权责清单管理"
DETAIL_FIELDS = tuple(DetailView.__dataclass_fields__)
MINE_COLUMNS = (
    Column("title", N_("Name of the power"), order="title"),
    Column("item_type", N_("Kind of power"), order="item_type"),
    Column("missing", N_("Still missing")),
)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=PUBLISH, purpose=PURPOSE)
def desk(request: HttpRequest) -> HttpResponse:
    """Prepare, hand over, publish or send back an adjustment (清单调整台)."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            _act(request)
        except AdjustmentIncomplete as error:
            errors = {name: [_(each) for each in texts] for name, texts in error.fields.items()}
        except YiwangError as error:
            errors = {"": [error_text(error)]}
        else:
            return redirect("hall_lists:desk")
    view = queries.adjustment_open_get()
    names = function_names()
    actor = context_get()
    context = {
        "view": view,
        "counts": queries.change_counts(view.id) if view else {},
        "page": change_page(request, view.id, names, left_out=True) if view else None,
        "may_prepare": actor.may(PREPARE),
        "is_preparer": bool(view) and view.prepared_by_id == actor.account_id,
        "errors": errors,
        "past": queries.adjustment_list(published=True, limit=5),
        **words(names),
    }
    return render(request, "hall/lists/desk.html", context, status=422 if errors else 200)


def _act(request: HttpRequest) -> None:
    do, now = request.POST.get("do", ""), timezone.now()
    if do == "prepare":
        view = actions.adjustment_prepare(now=now)
        flash(request, "success", _("The adjustment was prepared from the catalogue."))
        return
    view = queries.adjustment_open_get()
    if view is None:
        raise NotFound()
    match do:
        case "save" | "submit":
            actions.adjustment_edit(
                view.id,
                reason=request.POST.get("reason", ""),
                legal_ground=request.POST.get("legal_ground", ""),
                effective_date=_day(request.POST.get("effective_date", "")),
            )
            if do == "submit":
                actions.adjustment_submit(view.id)
            flash(
                request,
                "success",
                _("Saved.") if do == "save" else _("Handed over to be published."),
            )
        case "publish":
            actions.adjustment_publish(view.id, now=now)
            flash(request, "success", _("Published. Everybody can read the lists now."))
        case "return":
            actions.adjustment_return(view.id, note=request.POST.get("note", ""))
            flash(request, "success", _("Sent back."))
        case "discard":
            actions.adjustment_discard(view.id)
            flash(request, "success", _("The adjustment was dropped. The lists stay as they are."))
        case _:
            raise NotFound()  # fmt: skip


def _day(text: str) -> date:
    found = day_of(text)
    if found is None:
        sentence = N_("Give a day, for example 2026-12-01.")
        raise AdjustmentIncomplete(fields={"effective_date": [sentence]})
    return found


@require_POST
@allow(populations={"STAFF"}, permission=PREPARE, purpose=PURPOSE)
def mark(request: HttpRequest, change_id: int) -> HttpResponse:
    """Leave a power out of the adjustment, or take it in again (暂不调整)."""
    actions.change_mark(
        change_id,
        is_left_out=request.POST.get("do") == "leave",
        note=request.POST.get("note", ""),
    )
    return redirect("hall_lists:desk")


@require_GET
@allow(populations={"STAFF"}, permission=MAINTAIN, purpose=PURPOSE)
def mine(request: HttpRequest) -> HttpResponse:
    """List the powers of one's own department with what is still missing (本部门权责事项)."""
    functions = queries.functions_of_actor()
    function = next(iter(sorted(functions)), "-")
    names = function_names()
    choices = [(key, names.get(key, key)) for key in sorted(functions)]
    filters = [Filter("department", N_("Department"), kind="select", choices=choices)]

    def wanted(query: ListQuery) -> MatterFilter:
        return MatterFilter(department=query.filters.get("department") or function)

    def fetch(query: ListQuery) -> list:
        order = query.order[0] if query.order else "title"
        found = matter_list(wanted(query), order=order, offset=query.offset, limit=query.limit)
        return [
            (row, _missing(row.code) if row.item_type in POWER_TYPES else None)
            for row in found.rows
        ]

    source = Source(fetch, lambda query, cap: min(matter_list(wanted(query), limit=0).total, cap))
    page = page_of(request, source, columns=MINE_COLUMNS, filters=filters)
    return render(request, "hall/lists/mine.html", {"page": page, **words(names)})


def _missing(code: str) -> list[str]:
    detail = queries.detail_get(code)
    return [name for name in DETAIL_FIELDS if not getattr(detail, name)]


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=MAINTAIN, purpose=PURPOSE)
def complete(request: HttpRequest, code: str) -> HttpResponse:
    """Add what the catalogue does not say: office, responsibilities, accountability (补充清单信息)."""
    matter = matter_get(code)
    if matter.department_function not in queries.functions_of_actor():
        raise NotYourPower()
    if request.method == "POST":
        given = {name: request.POST.get(name, "")[:2000] for name in DETAIL_FIELDS}
        actions.detail_put(code, DetailView(**given), now=timezone.now())
        flash(request, "success", _("Saved. It appears with the next adjustment of the lists."))
        return redirect("hall_lists:mine")
    context = {
        "matter": matter,
        "detail": queries.detail_get(code),
        "published": _published(code),
        **words(function_names()),
    }
    return render(request, "hall/lists/complete.html", context)


def _published(code: str) -> bool:
    try:
        queries.entry_get(code)
    except EntryNotFound:
        return False
    return True
