"""Rating a visit on the spot (现场评价): on the tablet at the window, or with the code on the receipt."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.ratings.data import BAD, INDICATORS, LEVELS, ON_SITE
from yiwang.hall.ratings.errors import FollowUpTooEarly, RatedAlready, RatingIncomplete
from yiwang.hall.ratings.queries import case_of, rating_of
from yiwang.hall.ratings.tracing import device_of
from yiwang.hall.windows.actions import visit_rate, visit_rate_again
from yiwang.hall.windows.data import COMPLAINTS, VisitView
from yiwang.hall.windows.errors import RatingCodeWrong
from yiwang.hall.windows.queries import visit_at_tablet, visit_by_code, visit_subject
from yiwang.identity.api import public
from yiwang.kernel.api import choices_of, context_get, flash, rate_exceeded, render

TRIES_PER_MINUTE = 10
FACES = {
    "VERY_SATISFIED": "emoji-laughing",
    "SATISFIED": "emoji-smile",
    "FAIRLY_SATISFIED": "emoji-neutral",
    "DISSATISFIED": "emoji-frown",
    "VERY_DISSATISFIED": "emoji-angry",
}


@require_http_methods(["GET", "POST"])
@public
def evaluator(request: HttpRequest, key: str) -> HttpResponse:
    """Show the tablet at a window (窗口评价器): five words; when dissatisfied, why."""
    now = timezone.now()
    window, visit = visit_at_tablet(key, now=now)
    names: dict[str, object] = {"window": window, "visit": visit, "faces": _faces(), "key": key}
    level = request.POST.get("level", "")
    if request.method == "POST" and visit is not None and request.POST.get("visit") == visit.number:
        text = _said(request)
        if level in BAD and not text:
            names |= {"level": level, "complaints": [(one, _(one)) for one in COMPLAINTS]}
            return render(request, "hall/windows/evaluator.html", names)
        try:
            typed = request.POST.get("text", "")
            visit_rate(visit, level=level, indicators={}, text=text, typed=typed, now=now)
        except RatingIncomplete:
            return render(request, "hall/windows/evaluator.html", names, status=422)
        except RatedAlready:
            pass
        return redirect("hall_windows:evaluator", key)
    return render(request, "hall/windows/evaluator.html", names)


def _faces() -> list[tuple[str, str, str]]:
    return [(code, _(text), FACES[code]) for code, text in LEVELS.items()]


def _said(request: HttpRequest) -> str:
    """Join what was ticked and written, in the language of the city's officers (差评原因)."""
    ticked = [_(one) for one in COMPLAINTS if one in request.POST.getlist("complaint")]
    written = request.POST.get("text", "").replace("\x00", "").strip()[:1000]
    return "；".join([*ticked, written] if written else ticked)


@require_http_methods(["GET", "POST"])
@public
def rate(request: HttpRequest) -> HttpResponse:
    """Rate a visit with the code on the receipt (扫码评价), once; after a remedy once more."""
    code = (request.POST.get("code") or request.GET.get("code", "")).replace("\x00", "")[:12]
    names = {"code": code, "typed": {}, "errors": {}, "visit": None}
    if not code:
        return render(request, "hall/windows/rate.html", names)
    if rate_exceeded(f"hall.windows.rate:{context_get().address}", per_minute=TRIES_PER_MINUTE):
        names["errors"] = {"code": [_("Too many tries. Wait a minute.")]}
        return render(request, "hall/windows/rate.html", names, status=429)
    try:
        visit = visit_by_code(code, now=timezone.now())
    except RatingCodeWrong as error:
        names["errors"] = {"code": [_(error.message)]}
        return render(request, "hall/windows/rate.html", names, status=404)
    return _rate_visit(request, visit, names)


def _rate_visit(request: HttpRequest, visit: VisitView, names: dict) -> HttpResponse:
    keys = ("level", "text", *INDICATORS[ON_SITE])
    typed = {key: request.POST.get(key, "").replace("\x00", "")[:2000] for key in keys}
    subject = visit_subject(visit.number)
    rated = rating_of(subject)
    errors: dict[str, list[str]] = {}
    if request.method == "POST" and typed["level"] + typed["text"] + request.POST.get("send", ""):
        try:
            device = device_of(context_get().address, request.headers.get("User-Agent", ""))
            _give(visit, typed, again=rated is not None, device=device)
        except RatingIncomplete as error:
            errors = {"level" if not typed["level"] else "text": [_(error.message)]}
        except (RatedAlready, FollowUpTooEarly) as error:
            flash(request, "warning", _(error.message))
            return redirect(f"{request.path}?code={visit.rating_code}")
        else:
            flash(request, "success", _("Thank you. Your word counts."))
            return redirect(f"{request.path}?code={visit.rating_code}")
    names |= {
        "visit": visit,
        "typed": typed,
        "errors": errors,
        "rated": rated,
        "case": case_of(subject),
        "levels": choices_of(LEVELS),
        "indicators": choices_of(INDICATORS[ON_SITE]),
    }
    return render(request, "hall/windows/rate.html", names, status=422 if errors else 200)


def _give(visit: VisitView, typed: dict[str, str], *, again: bool, device: str | None) -> None:
    now = timezone.now()
    if again:
        visit_rate_again(visit, level=typed["level"], text=typed["text"], now=now)
        return
    indicators = {key: typed[key] for key in INDICATORS[ON_SITE]}
    said = {"level": typed["level"], "indicators": indicators, "text": typed["text"]}
    visit_rate(visit, **said, device=device, now=now)
