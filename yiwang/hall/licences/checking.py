"""Pages on which anybody checks papers of the city (验真): a signed file, what a code says offline, the public keys.

What is handed in is looked at and forgotten: nothing of it is stored.
"""

import json
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.licences.statements import licence_statement_read
from yiwang.identity.api import public
from yiwang.kernel.api import (
    SealView,
    context_get,
    error_text,
    paper_check,
    rate_exceeded,
    render,
    seal_list,
)
from yiwang.sdk.errors import YiwangError
from yiwang.sdk.statements import spki_text

FILE_MAX = 5 << 20
PER_MINUTE = 20
OFFLINE_PAGE = Path(__file__).parent / "offline" / "check.html"


@require_http_methods(["GET", "POST"])
@public
def check_paper(request: HttpRequest) -> HttpResponse:
    """Check a signed file, or the text of an offline code (文件验签、离线码核对)."""
    text = request.POST.get("text", "").strip()[:4000]
    upload = request.FILES.get("file")
    names: dict[str, object] = {"text": text, "errors": {}, "today": timezone.localdate()}
    status = 200
    if request.method == "POST":
        if rate_exceeded(f"hall.licences.paper:{context_get().address}", per_minute=PER_MINUTE):
            names["wait"], status = True, 429
        elif upload is not None:
            status = _file_checked(upload, names)
        elif text:
            try:
                names["said"] = licence_statement_read(text)
            except YiwangError as error:
                names["broken"] = error_text(error)
        else:
            names["errors"], status = (
                {"file": [_("Choose a file, or paste the text of a code.")]},
                422,
            )
    response = render(request, "hall/licences/check_paper.html", names, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _file_checked(upload, names: dict[str, object]) -> int:  # noqa: ANN001 - Django's upload
    if upload.size > FILE_MAX:
        names["errors"] = {
            "file": [_("The file has more than 5 MB; papers of the city are smaller.")]
        }
        return 413
    names["paper"], names["file_name"] = paper_check(upload.read(FILE_MAX)), upload.name[:120]
    return 200


@require_GET
@public
def keys(request: HttpRequest) -> HttpResponse:
    """Publish the public keys that check papers of the city (公布验签公钥)."""
    return render(request, "hall/licences/keys.html", {"seals": seal_list()})


@require_GET
@public
def keys_file(_request: HttpRequest) -> HttpResponse:
    """Hand out the certificates as one PEM file (下载公钥证书)."""
    content = "".join(one.certificate_pem for one in seal_list())
    return _download(content, "yiwang-documents.pem", "application/x-pem-file")


@require_GET
@public
def offline_file(_request: HttpRequest) -> HttpResponse:
    """Hand out the page that checks codes without a connection (下载离线查验页): one file, with the keys in it."""
    page = OFFLINE_PAGE.read_text(encoding="utf-8")
    seals = seal_list()
    known = {one.name: {"spki": _spki(one), "practice": one.is_practice} for one in seals}
    about = f"公钥 {'、'.join(one.name for one in seals)}，{timezone.localdate():%Y-%m-%d} 下载。只能核对颁发时的内容；是否已被撤销，须联网查验。"
    filled = page.replace("__KEYS__", json.dumps(known)).replace("__ABOUT__", about)
    return _download(filled, "yiwang-offline-check.html", "text/html; charset=utf-8")


def _spki(seal: SealView) -> str:
    return spki_text(load_pem_public_key(seal.public_key_pem.encode()))


def _download(content: str, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
