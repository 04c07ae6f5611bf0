"""The receipt on paper and as a file (回执文件): a PDF with a QR code, a JSON file that proves."""

import json
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from yiwang.hall.receipts import rules
from yiwang.hall.receipts.data import ProofView
from yiwang.kernel.api import typeset

SOURCE = Path(__file__).parent / "typst" / "receipt.typ"


def receipt_document(proof: ProofView, *, department: str = "", form: str = "pdf") -> bytes:
    """Typeset the receipt (回执排版) as PDF, or as PNG with form="png". Raises FontsMissing."""
    submitted = timezone.localtime(proof.submitted_at)
    applicant = proof.content.get("applicant") or {}
    rows = [
        ("事项", proof.title.get("zh", "")),
        ("编号", proof.number),
        ("申请人", applicant.get("name", "")),
        ("收件部门", department),
        ("提交时间", f"{submitted:%Y年%m月%d日 %H:%M:%S}"),
        ("提交内容", content_words(proof.content)),
    ]
    data = {
        "city": settings.CITY["name"]["zh"],
        "rows": [{"title": title, "value": value} for title, value in rows if value],
        "digest_lines": rules.digest_group(proof.sha256),
        "seal": f"第 {proof.seal.sequence} 号封存" if proof.seal else "",
        "address": settings.SITE_ADDRESS.rstrip("/") + reverse("hall_receipts:verify"),
    }
    return typeset(SOURCE, data=data, at=proof.submitted_at, qr=verify_address(proof), form=form)


def content_words(content: dict) -> str:
    """Say how much was submitted (提交数量), for the paper: entries and documents."""
    entries, documents = len(content.get("form") or {}), len(content.get("materials") or {})
    return f"填报 {entries} 项，材料 {documents} 份"


def verify_address(proof: ProofView) -> str:
    """Return the absolute address (查验地址) that the QR code leads to: number and digest, no name."""
    query = urlencode({"number": proof.number, "digest": proof.sha256})
    return settings.SITE_ADDRESS.rstrip("/") + reverse("hall_receipts:verify") + f"?{query}"


def proof_file(proof: ProofView) -> bytes:
    """Write the file that proves a submission (证明文件): what was submitted, digest, seal.

    The digest is the SHA-256 of `content` as canonical JSON (RFC 8785); anybody can work it out.
    """
    seal = proof.seal
    value = {
        "format": rules.FORMAT,
        "content": proof.content,
        "sha256": proof.sha256,
        "seal": {"sequence": seal.sequence, "chain": seal.chain} if seal else None,
        "verify_at": settings.SITE_ADDRESS.rstrip("/") + reverse("hall_receipts:verify"),
    }
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
