"""Pages of guided questions (情形引导): one question a page, all answers in the address, nothing kept."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yiwang.hall.guides.data import MATERIAL_STATES, GuideQuestions, Walk
from yiwang.hall.guides.queries import forecast_of, guide_get, guide_list, guide_walk
from yiwang.hall.matters.queries import matter_get
from yiwang.identity.api import public
from yiwang.kernel.api import localized, render

ASKED = "asked"


@public
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """List the guided questions (情形引导)."""
    return render(request, "hall/guides/index.html", {"guides": guide_list()})


@public
@require_GET
def guide(request: HttpRequest, key: str) -> HttpResponse:
    """Ask the next question, or say which matter it is and why (引导提问与结论)."""
    found = guide_get(key)
    given = {name: request.GET.get(name, "")[:40] for name in _names(found)}
    walk = guide_walk(found, given, today=timezone.localdate())
    context = {
        "guide": found,
        "walk": walk,
        "answered": _answered(found, walk),
        "number": len(walk.answered) + 1,
        "most": len(walk.answered) + walk.remaining,
        "errors": {},
        "back": _back(found, walk),
        "again": reverse("hall_guides:guide", args=[key]),
        "states": {state: _(text) for state, text in MATERIAL_STATES.items()},
    }
    question = walk.question
    if question is not None and request.GET.get(ASKED) == question.key:
        context["errors"] = {question.key: [_("Choose one of the answers.")]}
    if walk.advice is not None and walk.advice.matter_code:
        context["forecast"] = forecast_of(matter_get(walk.advice.matter_code))
    return render(request, "hall/guides/guide.html", context)


def _names(found: GuideQuestions) -> list[str]:
    return [question.key for question in found.spec.questions]


def _answered(found: GuideQuestions, walk: Walk) -> list[dict[str, str]]:
    """What was answered, each with the address at which it can be answered anew."""
    rows, before = [], {}
    for question, option in walk.answered:
        rows.append(
            {
                "question": localized(question.text),
                "answer": localized(option.text),
                "key": question.key,
                "value": option.value,
                "change": _address(found, before),
            }
        )
        before[question.key] = option.value
    return rows


def _back(found: GuideQuestions, walk: Walk) -> str:
    answers = list(walk.answers.items())
    return _address(found, dict(answers[:-1])) if answers else ""


def _address(found: GuideQuestions, answers: dict[str, str]) -> str:
    address = reverse("hall_guides:guide", args=[found.key])
    return f"{address}?{urlencode(answers)}" if answers else address
