"""The API of landing (归集接口): send a batch, ask what became of it.

Whoever may send on the pages may send here, with the same session and its CSRF token. The code of a
resource stands in the address with a hyphen: 301008320500-000001.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.identity.api import allow, programs
from yiwang.resources.landing.actions.receiving import batch_receive_chunks
from yiwang.resources.landing.data import BatchView, FileRefused
from yiwang.resources.landing.queries import (
    SEND,
    batch_for_staff,
    batch_rows,
    batch_rows_of_staff,
    batch_view,
    resource_to_send,
    resource_view,
)
from yiwang.resources.landing.wording import problem_text, reason_text
from yiwang.sdk.errors import N_

ROWS_MAX = 50_000
LIMIT = 100
KEY_MAX = 120


@programs(zh="报送批次、查询批次列表", en="Send and list batches")
@allow(populations={"STAFF"}, permission=SEND)
@require_http_methods(["GET", "POST"])
def batches(request: HttpRequest, code: str) -> HttpResponse:
    """POST a batch: a file (multipart `file`) or {"rows": [{…}]}; GET lists the newest hundred.

    `mode` DELTA or FULL, as form field, JSON key or parameter. The same bytes, or the same
    Idempotency-Key header, give the earlier batch with status 200; a new one has 202.
    """
    code = code.replace("-", "/")
    resource = resource_to_send(code)
    if request.method == "GET":
        rows = batch_rows_of_staff().filter(resource_id=resource.pk)[:LIMIT]
        return _json({"items": [_facts(batch_view(row)) for row in rows]})
    chunks, name, mode = _sent(request)
    view = batch_receive_chunks(
        code,
        chunks,
        name=name,
        mode=mode,
        source="API",
        now=timezone.now(),
        key=request.headers.get("Idempotency-Key", "")[:KEY_MAX],
    )
    response = _json(_facts(view), status=200 if view.is_repeated else 202)
    response.headers["Location"] = f"/api/v1/resources/landing/batches/{view.id}/"
    return response


@programs(zh="查询一个批次的结果", en="See what became of a batch")
@allow(populations={"STAFF"}, permission=SEND)
@require_GET
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Return a batch: state, progress, counts, reasons, repairs, and the first hundred refused rows' reasons."""
    view = batch_for_staff(batch_id)
    spec = resource_view(view.resource_id).spec
    refused = [
        {"line": row.line, "reasons": [reason_text(reason, spec) for reason in row.reasons]}
        for row in batch_rows(view.id, limit=LIMIT).rows
    ]
    return _json(_facts(view) | {"refused": refused})


def _sent(request: HttpRequest) -> tuple[Iterable[bytes], str, str]:
    mode = request.GET.get("mode", "")
    if upload := request.FILES.get("file"):
        return upload.chunks(), upload.name or "", request.POST.get("mode") or mode or "DELTA"
    try:
        content = json.loads(request.body)
    except (ValueError, RecursionError):
        content = None
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not 0 < len(rows) <= ROWS_MAX:
        words = N_("Send a file, or JSON with 1 to 50,000 rows as {“rows”: [{…}]}.")
        raise FileRefused(fields={"rows": [words]})
    lines = (json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for row in rows)
    return lines, "rows.jsonl", str(content.get("mode") or mode or "DELTA")


def _facts(view: BatchView) -> dict:
    return {
        "id": view.id,
        "resource": view.resource_code,
        "number": view.number,
        "state": view.state,
        "mode": view.mode,
        "name": view.name,
        "sha256": view.sha256,
        "received_at": view.received_at,
        "finished_at": view.finished_at,
        "progress": {"stage": view.stage, "done": view.done, "total": view.total},
        "counts": asdict(view.counts),
        "reasons": view.reasons,
        "warnings": view.warnings,
        "repairs": view.repairs,
        "notes": view.notes,
        "problem": view.problem,
        "explanation": problem_text(view),
        "repeated": view.is_repeated,
    }


def _json(content: dict, *, status: int = 200) -> HttpResponse:
    return HttpResponse(
        msgspec.json.encode(content), status=status, content_type="application/json; charset=utf-8"
    )
