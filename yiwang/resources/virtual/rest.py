"""The API of the virtual library (虚拟库接口): a department's program asks a thematic dataset; JSON.

The same purposes, masking, division, small groups and audit as on the pages. A program waits for its answer, as
long as the dataset allows.
"""

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from yiwang.identity.api import allow, programs
from yiwang.resources.virtual.answering import virtual_query
from yiwang.resources.virtual.data import FAULTS, FilterSpec, MeasureSpec, Query
from yiwang.resources.virtual.queries import QUERY
from yiwang.sdk.errors import N_, Invalid

BODY_MAX = 65_536


class Condition(msgspec.Struct, forbid_unknown_fields=True):
    """One condition of a question: values as text, none for IS_NULL and NOT_NULL."""

    field: str
    op: str
    values: list[str] = []


class Figure(msgspec.Struct, forbid_unknown_fields=True):
    """A figure over groups: COUNT, or SUM, AVG, MIN, MAX of a field."""

    kind: str
    field: str = ""


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    """A question: rows of fields, or figures by groups, for a purpose that the dataset allows."""

    purpose: str
    fields: list[str] = []
    filters: list[Condition] = []
    groups: list[str] = []
    measures: list[Figure] = []
    limit: int = 100


@programs(zh="查询主题库", en="Ask a thematic dataset")
@require_POST
@allow(populations={"STAFF"}, permission=QUERY)
def ask(request: HttpRequest, key: str) -> HttpResponse:
    """Ask: {"purpose", "fields" or "groups" and "measures", "filters", "limit"} → columns and rows."""
    asked = _body(request)
    query = Query(
        fields=tuple(asked.fields),
        filters=tuple(FilterSpec(one.field, one.op, tuple(one.values)) for one in asked.filters),
        groups=tuple(asked.groups),
        measures=tuple(MeasureSpec(one.kind, one.field) for one in asked.measures),
        limit=asked.limit,
    )
    answer = virtual_query(key, query, purpose=asked.purpose.strip()[:200])
    return _json(
        {
            "columns": [name for name, _type in answer.columns],
            "rows": answer.rows,
            "is_cut": answer.is_cut,
            "hidden": answer.hidden,
            "missing": [
                {"part": one.title, "fault": _(FAULTS.get(one.fault, one.fault))}
                for one in answer.missing
            ],
            "sources": [
                {"part": one.title, "state": one.state, "rows": one.rows, "pushed": one.pushed}
                for one in answer.reports
            ],
        }
    )


def _body(request: HttpRequest) -> Asked:
    if len(request.body) > BODY_MAX:
        raise Invalid(fields={"": [N_("This is too long.")]})
    try:
        return msgspec.json.decode(request.body, type=Asked)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise Invalid(fields={"": [str(error)]}) from None


def _json(content: dict) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(content), content_type="application/json")
