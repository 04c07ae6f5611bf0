"""The lineage page (数据血缘): what ran, which data sets it read and made."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from yiwang.identity.api import allow
from yiwang.kernel.api import Column, Filter, page_of, render
from yiwang.resources.fusion.graph import graph_of, layout
from yiwang.resources.fusion.lineage import lineage_read
from yiwang.resources.fusion.permissions import LINEAGE
from yiwang.resources.fusion.queries import lineage_folder
from yiwang.resources.fusion.views import words
from yiwang.sdk.errors import N_

SHOWN = 2000
KINDS = {
    "LANDING": N_("Landing of records"),
    "FUSION": N_("Fusion of records"),
    "PUBLISHING": N_("Publishing of a registry"),
}
STATES = {
    "START": N_("Run begun"),
    "RUNNING": N_("Run under way"),
    "COMPLETE": N_("Run completed"),
    "FAIL": N_("Run failed"),
    "ABORT": N_("Run given up"),
    "OTHER": N_("Note"),
}
COLUMNS = (
    Column("at", N_("Time")),
    Column("job", N_("Job")),
    Column("state", N_("Event")),
    Column("inputs", N_("Data sets read")),
    Column("outputs", N_("Data sets made")),
)


@require_safe
@allow(populations={"STAFF"}, permission=LINEAGE)
def lineage(request: HttpRequest) -> HttpResponse:
    """Show data sets and jobs as a graph and the latest events as a list (血缘图与事件)."""
    events = list(islice(lineage_read(lineage_folder()), SHOWN))
    graph = graph_of(events)
    page = page_of(
        request,
        [_row(one) for one in events],
        columns=COLUMNS,
        filters=(
            Filter("job", N_("Job"), kind="select", choices=[(name, name) for name in sorted(graph.jobs)],
                   apply=lambda rows, value: [row for row in rows if row["job"] == value]),
            Filter("run", N_("Identifier of the run"), apply=lambda rows, value: [row for row in rows if row["run"] == value]),
        ),
    )  # fmt: skip
    context = {
        "page": page,
        "graph": graph,
        "drawing": layout(graph),
        "capped": len(events) == SHOWN,
        "shown": SHOWN,
        "kinds": KINDS,
        "words": words,
        "states": STATES,
    }
    return render(request, "resources/fusion/lineage.html", context)


@require_safe
@allow(populations={"STAFF"}, permission=LINEAGE)
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give out all events, the newest first, one a line (导出血缘事件)."""
    lines = _lines(lineage_read(lineage_folder()))
    response = StreamingHttpResponse(lines, content_type="application/x-ndjson; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="lineage.ndjson"'
    return response


def _lines(events: Iterable[dict]) -> Iterator[str]:
    for one in events:
        yield json.dumps(one, ensure_ascii=False) + "\n"


def _row(event: dict) -> dict:
    return {
        "at": datetime.fromisoformat(event["eventTime"]),
        "job": event["job"]["name"],
        "title": event["job"].get("facets", {}).get("documentation", {}).get("description", ""),
        "state": event["eventType"],
        "state_text": _(STATES.get(event["eventType"], event["eventType"])),
        "run": event["run"]["runId"],
        "inputs": [one["name"] for one in event.get("inputs", ())],
        "outputs": [one["name"] for one in event.get("outputs", ())],
        "rows": next(
            (
                one["outputFacets"]["outputStatistics"]["rowCount"]
                for one in event.get("outputs", ())
                if one.get("outputFacets", {}).get("outputStatistics")
            ),
            None,
        ),
        "error": event["run"].get("facets", {}).get("errorMessage", {}).get("message", ""),
    }
