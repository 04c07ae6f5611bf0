"""Pages of deliveries: the holder's, the department's desk, lockers, and the couriers' door."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.deliveries import actions
from yiwang.hall.deliveries.couriers import courier_list
from yiwang.hall.deliveries.data import STATES, DeliveryView
from yiwang.hall.deliveries.errors import PickupCodeWrong, PickupLocked, ReceiverIncomplete
from yiwang.hall.deliveries.following import message_receive
from yiwang.hall.deliveries.queries import (
    HAND_OVER,
    LOCKERS,
    delivery_count,
    delivery_get,
    delivery_list,
    locker_list,
    step_list,
)
from yiwang.identity.api import allow, public
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    datetime_text,
    error_text,
    flash,
    page_of,
    pushed,
    rate_exceeded,
    render,
    source_of,
)
from yiwang.sdk.errors import N_, NotFound

HOLDERS = {"CITIZEN", "AGENT"}
TRIES_PER_MINUTE = 10
COLUMNS = (
    Column("number", N_("Delivery number")),
    Column("title", N_("What")),
    Column("method", N_("How"), text=lambda row: _(row.method_label)),
    Column("state", N_("State"), text=lambda row: _(row.state_label)),
    Column(
        "due_at",
        N_("To be delivered by"),
        text=lambda row: datetime_text(row.due_at) if row.due_at else "—",
    ),
)


def _page(request: HttpRequest):
    source = source_of(delivery_list, delivery_count, ("state", "number"))
    choices = choices_of(STATES)
    filters = [
        Filter("state", N_("State"), "select", choices=choices),
        Filter("number", N_("Delivery or tracking number")),
    ]
    return page_of(request, source, columns=COLUMNS, filters=filters)


@require_GET
@allow(populations=HOLDERS, purpose="查看本人递送")
def mine(request: HttpRequest) -> HttpResponse:
    """List what is on its way to me (我的递送)."""
    return render(request, "hall/deliveries/mine.html", {"page": _page(request), "href": _href})


def _href(row: DeliveryView) -> str:
    return reverse("hall_deliveries:detail", args=[row.id])


@require_GET
@allow(populations=HOLDERS, purpose="查看本人递送")
def detail(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Show where a delivery is (递送详情) and, for a pick-up, its code."""
    names = {"delivery": delivery_get(delivery_id), "steps": step_list(delivery_id)}
    return render(request, "hall/deliveries/detail.html", names)


@require_GET
@allow(populations={"STAFF"}, permission=HAND_OVER, purpose="递送管理")
def desk(request: HttpRequest) -> HttpResponse:
    """List what my departments have to deliver (本部门递送), the soonest due first."""
    page = _page(request)
    if page.wants_export:
        return page.export("deliveries")
    return render(request, "hall/deliveries/desk.html", {"page": page})


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=HAND_OVER, purpose="递送管理")
def item(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Hand over, place, hand out or call off a delivery (办理递送)."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        errors = _act(request, delivery_id)
        if not errors:
            flash(request, "success", _("Done. The receiver has been told."))
            return redirect("hall_deliveries:item", delivery_id)
    names = {
        "delivery": delivery_get(delivery_id),
        "steps": step_list(delivery_id),
        "couriers": [(one.key, one.title) for one in courier_list()],
        "errors": errors,
    }
    return render(request, "hall/deliveries/item.html", names, status=422 if errors else 200)


def _act(request: HttpRequest, delivery_id: int) -> dict[str, list[str]]:
    post, now = request.POST, timezone.now()
    try:
        match post.get("do", ""):
            case "hand_over":
                actions.delivery_hand_over(delivery_id, courier=post.get("courier", ""), now=now)
            case "place":
                actions.delivery_place(delivery_id, now=now)
            case "pick_up":
                actions.delivery_pick_up(delivery_id, code=post.get("code", "")[:8], now=now)
            case "document":
                actions.delivery_pick_up_by_document(
                    delivery_id, document_tail=post.get("document", ""), now=now
                )
            case "cancel":
                reason = post.get("reason", "")[:200]
                actions.delivery_cancel(delivery_id, reason=reason, now=now)
            case _:
                raise NotFound()
    except (PickupCodeWrong, PickupLocked) as error:
        return {"code": [error_text(error)]}
    except ReceiverIncomplete as error:
        return dict(error.fields)
    return {}


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=LOCKERS, purpose="取件柜管理")
def lockers(request: HttpRequest) -> HttpResponse:
    """List the lockers and set one up (自助取件柜)."""
    names = ("code", "zh", "en", "address", "boxes")
    typed = {name: request.POST.get(name, "").strip()[:200] for name in names}
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        errors = {name: [_("Please fill this in.")] for name in names if not typed[name]}
        boxes = int(typed["boxes"]) if typed["boxes"].isdecimal() and len(typed["boxes"]) < 4 else 0
        if not errors and not 0 < boxes <= 500:
            errors["boxes"] = [_("A locker has 1 to 500 boxes.")]
        if not errors:
            actions.locker_put(
                typed["code"][:20],
                title={"zh": typed["zh"], "en": typed["en"]},
                address=typed["address"],
                boxes=boxes,
                is_open=request.POST.get("is_closed") != "1",
            )
            flash(request, "success", _("Saved."))
            return redirect("hall_deliveries:lockers")
    found = {"lockers": locker_list(only_open=False), "typed": typed, "errors": errors}
    return render(request, "hall/deliveries/lockers.html", found, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@public
def box(request: HttpRequest, code: str) -> HttpResponse:
    """Open a box with the pick-up code (自助取件): the screen on a locker."""
    locker = next((one for one in locker_list() if one.code == code), None)
    if locker is None:
        raise NotFound()
    names: dict[str, object] = {"locker": locker}
    if request.method == "POST":
        if rate_exceeded(
            f"hall.deliveries.box:{code}:{context_get().address}", per_minute=TRIES_PER_MINUTE
        ):
            names["error"] = _("Too many tries. Wait a minute.")
        else:
            typed = request.POST.get("code", "")[:8]
            try:
                names["opened"] = actions.box_open(code, code=typed, now=timezone.now())
            except PickupCodeWrong as error:
                names["error"] = error_text(error)
    status = 422 if "error" in names else 200
    return render(request, "hall/deliveries/box.html", names, status=status)


@pushed()
def message(request: HttpRequest, courier: str) -> HttpResponse:
    """Take what a courier pushes (物流轨迹推送); its signature is its credential."""
    message_receive(courier, request.headers, request.body, now=timezone.now())
    return HttpResponse("ok", content_type="text/plain")
