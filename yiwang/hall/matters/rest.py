"""The API of the matters (事项接口): list and item, JSON."""

from collections.abc import Mapping

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yiwang.hall.matters.data import MatterFilter
from yiwang.hall.matters.guides import guide_build
from yiwang.hall.matters.queries import matter_get, matter_list
from yiwang.identity.api import public
from yiwang.sdk.errors import Invalid
from yiwang.sdk.text import clean

MAX_LIMIT = 200
FILTERS = tuple(MatterFilter.__dataclass_fields__)
_PARAMETERS = frozenset({*FILTERS, "order", "limit", "offset"})


@public
@require_GET
def matters(request: HttpRequest) -> HttpResponse:
    """List matters in force.

    Parameters: department, theme, life_event, service_object, item_type, kind, order, limit, offset.
    """
    limit, offset = _paging(request.GET)
    page = matter_list(
        MatterFilter(**{name: clean(request.GET.get(name, "")) for name in FILTERS}),
        order=request.GET.get("order", "code"),
        offset=offset,
        limit=limit,
    )
    items = [
        {
            **msgspec.to_builtins(row),
            "url": request.build_absolute_uri(f"{request.path}{row.code}/"),
        }
        for row in page.rows
    ]
    return _json({"total": page.total, "limit": limit, "offset": offset, "items": items})


@public
@require_GET
def matter(request: HttpRequest, code: str) -> HttpResponse:
    """Return a matter: its definition, version, and the guide in both languages."""
    view = matter_get(code)
    return _json(
        {
            "code": view.code,
            "version": view.number,
            "kind": view.kind,
            "can_apply": view.can_apply,
            "valid_from": view.valid_from,
            "local_task_code": view.local_task_code,
            "source": view.source,
            "source_note": view.source_note,
            "is_made": view.is_made,
            "definition": view.spec,
            "guide": {lang: guide_build(view, language=lang) for lang in ("zh", "en")},
        }
    )


def _paging(query: Mapping[str, str]) -> tuple[int, int]:
    """Read limit (1 to 200) and offset; raises `Invalid` naming each wrong parameter."""
    wrong: dict[str, list[str]] = {}
    for name in query:
        if name not in _PARAMETERS:
            wrong[name] = [_("This parameter is not known.")]
    numbers = {}
    for name, default, lowest, highest in (("limit", 50, 1, MAX_LIMIT), ("offset", 0, 0, 10**6)):
        text = query.get(name, str(default))
        valid = text.isascii() and text.isdigit() and len(text) < 8
        number = int(text) if valid else -1
        if not lowest <= number <= highest:
            wrong[name] = [f"{lowest} … {highest}"]
        numbers[name] = number
    if wrong:
        raise Invalid(fields=wrong)
    return numbers["limit"], numbers["offset"]


def _json(data: object) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(data), content_type="application/json")
