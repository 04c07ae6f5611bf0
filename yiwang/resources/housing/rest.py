"""The API of the housing registry (住房库接口): departments report, matters ask yes or no."""

import json

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from yiwang.identity.api import allow, programs
from yiwang.resources.housing.actions import REPORT, event_post
from yiwang.resources.housing.queries import housing_check
from yiwang.resources.housing.words import reason_text
from yiwang.sdk.errors import Invalid


@programs(zh="报送住房事件", en="Report housing events")
@require_POST
@allow(populations={"STAFF"}, permission=REPORT)
def events(request: HttpRequest) -> HttpResponse:
    """Take reports: `{"events": [{key, kind, number, …}]}`; sent again, nothing changes."""
    reports = _body(request).get("events")
    if not isinstance(reports, list) or not all(isinstance(one, dict) for one in reports):
        raise Invalid(fields={"events": [_("Send a list of events.")]})
    posted = event_post(reports, now=timezone.now())
    return _json(
        {
            "items": [
                {
                    "key": one.key,
                    "is_new": one.is_new,
                    "state": one.outcome.state,
                    "reason": one.outcome.reason,
                    "text": reason_text(one.outcome.reason, one.outcome.params),
                }
                for one in posted
            ]
        }
    )


@programs(zh="核验是否有住房", en="Verify whether a person owns a dwelling")
@require_POST
@allow(populations={"STAFF"}, permission="resources.housing.read")
def check(request: HttpRequest) -> HttpResponse:
    """Answer whether a person owns a dwelling: `{"person_ref", "purpose", "area_code"}`."""
    body = _body(request)
    found = housing_check(
        str(body.get("person_ref", "")),
        purpose=str(body.get("purpose", "")),
        area_code=str(body.get("area_code", "")),
        now=timezone.now(),
    )
    return _json({"has_dwelling": found.has_dwelling, "as_of": found.as_of.isoformat()})


def _body(request: HttpRequest) -> dict:
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Invalid(fields={"": [_("Send JSON.")]})
    return body


def _json(content: dict) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(content), content_type="application/json")
