"""Pages of receipts: everybody's for verification, the submitter's paper and file."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.receipts import rules
from yiwang.hall.receipts.documents import proof_file, receipt_document
from yiwang.hall.receipts.histories import history_proof, published_links
from yiwang.hall.receipts.queries import proof_get, seal_latest, submission_check
from yiwang.identity.api import allow, public
from yiwang.kernel.api import context_get, rate_exceeded, render
from yiwang.sdk.canonical import canonical_json
from yiwang.sdk.history_proofs import proof_verify

APPLICANTS = {"CITIZEN", "AGENT"}
# A digest of 256 bits cannot be guessed; this keeps a machine from trying.
CHECKS_PER_MINUTE = 30


@public
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Check number and digest of a receipt, or a proof file (回执查验), without signing in."""
    typed = {key: request.GET.get(key, "").strip()[:200] for key in ("number", "digest")}
    errors: dict[str, list[str]] = {}
    history: dict | None = None
    number, digest = typed["number"], rules.digest_clean(typed["digest"])
    if request.method == "POST":
        number, digest, history, errors = _file_read(request)
    elif any(typed.values()):
        errors = _typed_errors(number, digest)
    asked = bool(number or digest or errors or history)
    is_wait = asked and rate_exceeded(
        f"hall.receipts.verify:{context_get().address}", per_minute=CHECKS_PER_MINUTE
    )
    found = checked = None
    if asked and not is_wait and not errors:
        if history is not None:
            checked = proof_verify(history, roots=published_links())
        else:
            found = submission_check(number, digest)
    names = {"typed": typed, "errors": errors, "found": found, "wait": is_wait, "number": number}
    names["checked"] = checked
    status = 429 if is_wait else 422 if errors else 200
    page = {**names, "latest": seal_latest(), "now": timezone.now()}
    return render(request, "hall/receipts/verify.html", page, status=status)


def _typed_errors(number: str, digest: str) -> dict[str, list[str]]:
    errors = {}
    if not number:
        errors["number"] = [_("Enter the number of the receipt.")]
    if not digest:
        errors["digest"] = [_("A digest has 64 figures and letters from a to f.")]
    return errors


def _file_read(
    request: HttpRequest,
) -> tuple[str, str, dict | None, dict[str, list[str]]]:
    """Read a proof file: of a submission its number and digest, of a history what it says."""
    file = request.FILES.get("file")
    if file is None:
        return (
            "",
            "",
            None,
            {"file": [_("Choose the proof file that was downloaded with the receipt.")]},
        )
    if file.size > rules.PROOF_LIMIT:
        return "", "", None, {"file": [_("This file is too large to be a proof file.")]}
    raw = file.read()
    if (history := rules.history_read(raw)) is not None:
        return "", "", history, {}
    read = rules.proof_read(raw)
    if read is None:
        return "", "", None, {"file": [_("This is no proof file of ours, or it is damaged.")]}
    return *read, None, {}


@require_GET
@allow(populations=APPLICANTS, purpose="查看本人提交回执")
def pdf(request: HttpRequest, number: str) -> HttpResponse:
    """Hand out the receipt on paper (回执 PDF) to who submitted."""
    content = receipt_document(proof_get(number))
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="receipt-{number}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@allow(populations=APPLICANTS, purpose="查看本人提交回执")
def proof(request: HttpRequest, number: str) -> HttpResponse:
    """Hand out the proof file (证明文件) to who submitted."""
    response = HttpResponse(proof_file(proof_get(number)), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="proof-{number}.json"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@allow(populations=APPLICANTS, purpose="查看本人办件历程")
def history(request: HttpRequest, number: str) -> HttpResponse:
    """Hand out the proof of a case's history (历程证明文件) to who submitted it."""
    response = HttpResponse(canonical_json(history_proof(number)), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="history-{number}.json"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@public
def roots(request: HttpRequest) -> JsonResponse:
    """Publish the link of every day (公布日根), for anybody to keep and compare."""
    return JsonResponse(published_links())
