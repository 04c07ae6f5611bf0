"""The file of a company and its hand-over between registrars (企业档案、档案移交): reads."""

import hashlib

from django.db.models import Q, QuerySet
from django.utils import timezone

from yiwang.hall.companies.data import TransferView
from yiwang.hall.companies.errors import FileTransferNotFound
from yiwang.hall.companies.models import Company, FileTransfer, Filing
from yiwang.hall.companies.queries import PURPOSE
from yiwang.identity.api import Rule, data_scope, department_get, field_in
from yiwang.kernel.api import context_get
from yiwang.sdk.canonical import canonical_json

FROM: Rule = field_in("from_department_id", "department_ids")
TO: Rule = field_in("to_department_id", "department_ids")


def contents_of(company: Company) -> dict:
    """List what the file of a company consists of (档案目录), as plain values.

    entries [{kind, number, at}], filings [{number, kind, digest}], notices [{number, way}], licence: its id or null;
    the digests are those that the parties confirmed, so that the file proves itself.
    """
    with data_scope(purpose=PURPOSE, reason=f"file:{company.uscc}"):
        filings = Filing.objects.filter(company=company, state="REGISTERED").order_by("pk")
        signed = list(filings.values("number", "kind", "digest"))
    entries = company.entries.order_by("pk").values_list("kind", "application_number", "at")
    return {
        "uscc": company.uscc,
        "name": company.name,
        "entries": [
            {"kind": kind, "number": number, "at": timezone.localtime(at).isoformat()}
            for kind, number, at in entries
        ],
        "filings": signed,
        "notices": list(company.notices.order_by("pk").values("number", "way")),
        "licence": company.licence_id,
    }


def digest_of(contents: dict) -> str:
    """Return what proves a list of contents (目录摘要): SHA-256 of its canonical JSON."""
    return hashlib.sha256(canonical_json(contents)).hexdigest()


def transfer_rows() -> QuerySet[FileTransfer]:
    """Return the hand-overs that the acting officer's departments give or take (可见档案移交)."""
    context = context_get()
    return FileTransfer.objects.filter(FROM.filter(context) | TO.filter(context))


def transfer_list(
    *, state: str = "", way: str = "", limit: int = 20, offset: int = 0
) -> list[TransferView]:
    """List hand-overs of files (档案移交清单), the newest first. way: OUT (to give), IN (to take)."""
    rows = _found(state, way).select_related("company").order_by("-pk")
    return [_view(row) for row in rows[offset : offset + limit]]


def transfer_count(*, state: str = "", way: str = "", cap: int = 100_000) -> int:
    """Count them, up to `cap`."""
    return _found(state, way)[:cap].count()


def _found(state: str, way: str) -> QuerySet[FileTransfer]:
    rows, context = transfer_rows(), context_get()
    if way:
        rows = rows.filter((FROM if way == "OUT" else TO).filter(context))
    return rows.filter(state=state) if state else rows


def transfer_get(number: str) -> TransferView:
    """Return a hand-over that one's departments give or take (档案移交). Raises FileTransferNotFound."""
    row = transfer_rows().select_related("company").filter(number=number).first()
    if row is None:
        raise FileTransferNotFound()
    return _view(row)


def transfer_of_application(number: str) -> TransferView | None:
    """Return the hand-over that an application asked for (办件对应的档案移交)."""
    rows = FileTransfer.objects.select_related("company").filter(application_number=number)
    row = rows.first() if number else None
    return _view(row) if row else None


def transfer_list_of(company_id: int) -> list[TransferView]:
    """List the hand-overs of a company's file (企业档案移交记录), the oldest first; the caller has checked the reader."""
    rows = FileTransfer.objects.select_related("company").filter(
        ~Q(state="CALLED_OFF"), company_id=company_id
    )
    return [_view(row) for row in rows.order_by("pk")]


def _view(row: FileTransfer) -> TransferView:
    own = context_get().department_ids
    is_open = row.state in ("ASKED", "OBJECTED")
    return TransferView(
        number=row.number,
        uscc=row.company.uscc,
        company_name=row.company.name,
        application_number=row.application_number,
        from_department=department_get(row.from_department_id).name,
        to_department=department_get(row.to_department_id).name,
        from_department_id=row.from_department_id,
        to_department_id=row.to_department_id,
        state=row.state,
        asked_at=row.asked_at,
        due_date=row.due_date,
        contents=row.contents or (contents_of(row.company) if is_open else {}),
        digest=row.digest,
        papers=row.papers,
        note=row.note,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        may_answer=is_open and row.from_department_id in own,
    )
