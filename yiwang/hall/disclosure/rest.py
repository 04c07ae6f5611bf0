"""The API of the double publicity (双公示接口): what is published, and decisions that systems hand in."""

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from yiwang.hall.disclosure import queries
from yiwang.hall.disclosure.asking import FILTER_KEYS, filter_of
from yiwang.hall.disclosure.data import KINDS
from yiwang.hall.disclosure.intake import LINES_MAX, records_take
from yiwang.hall.disclosure.queries import ENTER
from yiwang.hall.disclosure.wording import problem_texts
from yiwang.identity.api import allow, programs, public
from yiwang.kernel.api import ListQuery, context_get
from yiwang.sdk.errors import Invalid, NotFound

MAX_LIMIT = 200


@public
@require_GET
def records(request: HttpRequest) -> HttpResponse:
    """List published decisions, masked as on the page. Parameters: q, kind, department, since, until, limit, offset."""
    given = {key: request.GET.get(key, "")[:100] for key in FILTER_KEYS}
    filters = filter_of(ListQuery({k: v for k, v in given.items() if v}, (), 0, 0))
    limit, offset = _number(request, "limit", 50, MAX_LIMIT), _number(request, "offset", 0, 10**6)
    items = [
        {
            "id": row.id,
            "kind": row.kind,
            "revision": row.revision,
            "published_at": row.published_at,
            "values": row.values,
        }
        for row in queries.public_list(filters, offset=offset, limit=limit)
    ]
    total = queries.public_count(filters)
    return _json({"total": total, "limit": limit, "offset": offset, "items": items})


@programs(zh="报送行政许可和行政处罚决定", en="Hand in licences and penalties to be published")
@allow(populations={"STAFF"}, permission=ENTER)
@require_POST
def decisions(request: HttpRequest, kind: str) -> HttpResponse:
    """POST {"rows": [{field code: text, …}]}, kind XK or CF; what is wrong is told by row and field."""
    if kind not in KINDS:
        raise NotFound()
    try:
        body = msgspec.json.decode(request.body, type=dict[str, list[dict[str, object]]])
    except msgspec.DecodeError:
        raise Invalid(fields={"rows": [_('Send JSON: {"rows": [{…}]}.')]}) from None
    rows = body.get("rows", [])
    if not 0 < len(rows) <= LINES_MAX:
        raise Invalid(fields={"rows": [f"1 … {LINES_MAX}"]})
    found = records_take(
        kind,
        rows,
        department_id=context_get().department_id,
        source=f"api:{context_get().name}"[:120],
        now=timezone.now(),
    )
    problems = [
        {"row": number, "fields": problem_texts(kind, each), "codes": each}
        for number, each in found.problems.items()
    ]
    answer = {
        "read": found.read,
        "taken": found.taken,
        "unchanged": found.unchanged,
        "ids": found.record_ids,
        "problems": problems,
    }
    return _json(answer, status=200 if not problems else 207)


def _number(request: HttpRequest, name: str, default: int, highest: int) -> int:
    text = request.GET.get(name, "")
    return min(int(text), highest) if text.isascii() and text.isdigit() else default


def _json(data: object, *, status: int = 200) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(data), content_type="application/json", status=status)
