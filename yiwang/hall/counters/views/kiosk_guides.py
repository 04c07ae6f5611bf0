"""Guided questions at a machine (终端情形引导): one touch a question; at the end the ticket for what was found."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yiwang.hall.counters.data import KioskView
from yiwang.hall.counters.queries.halls import queue_list
from yiwang.hall.counters.rules import queue_for
from yiwang.hall.counters.views.kiosk import for_machines, kiosk_page
from yiwang.hall.guides.data import MATERIAL_STATES, GuideQuestions, Walk
from yiwang.hall.guides.queries import guide_get, guide_list, guide_walk
from yiwang.hall.matters.queries import matter_get
from yiwang.identity.api import public


@require_GET
@public
@for_machines
def guides(request: HttpRequest, kiosk: KioskView) -> HttpResponse:
    """List the guided questions (终端引导列表)."""
    return kiosk_page(request, "guides", guides=guide_list())


@require_GET
@public
@for_machines
def guide(request: HttpRequest, kiosk: KioskView, key: str) -> HttpResponse:
    """Ask the next question, or say which matter it is, what to bring and which ticket to take (终端引导)."""
    found = guide_get(key)
    given = {one.key: request.GET.get(one.key, "")[:40] for one in found.spec.questions}
    walk = guide_walk(found, given, today=timezone.localdate())
    code = walk.advice.matter_code if walk.advice else ""
    return kiosk_page(
        request,
        "guide",
        guide=found,
        walk=walk,
        back=_back(found, walk),
        queue=_queue(kiosk, code) if code else None,
        states={state: _(text) for state, text in MATERIAL_STATES.items()},
    )


def _queue(kiosk: KioskView, code: str) -> int | None:
    queues = queue_list(kiosk.hall_id, now=timezone.now())
    return queue_for(queues, code, matter_get(code).department_function)


def _back(found: GuideQuestions, walk: Walk) -> str:
    """Return where the last answer can be given anew (上一步)."""
    if not walk.answers:
        return reverse("hall_counters:kiosk_guides")
    before = dict(list(walk.answers.items())[:-1])
    return f"{reverse('hall_counters:kiosk_guide', args=[found.key])}?{urlencode(before)}"
