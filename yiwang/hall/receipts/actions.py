"""Keeping and sealing what was submitted (存证、封存)."""

from collections.abc import Mapping
from datetime import datetime

from yiwang.hall.receipts import rules
from yiwang.hall.receipts.models import SealMember, SubmissionRecord, SubmissionSeal
from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_system, context_use, rows_insert
from yiwang.sdk.canonical import canonical_digest, canonical_json, exact
from yiwang.sdk.identifiers import person_ref_of

SEAL_AT_ONCE = 500
SEALS_AT_ONCE = 40


@action("hall.receipts.keep")
def submission_keep(
    number: str, *, title: Mapping, content: Mapping, holder_ref: str, now: datetime
) -> str:
    """Keep what is submitted, for good (提交存证), and return its SHA-256; part of the act that submits.

    content: a JSON value with "number"; it is kept as its canonical JSON (RFC 8785).
    """
    plain = exact(content)
    digest = canonical_digest(plain)
    record = SubmissionRecord(
        number=number,
        holder_ref=holder_ref,
        title=dict(title),
        content=canonical_json(plain).decode(),
        sha256=digest,
        submitted_at=now,
    )
    rows_insert([record])
    audit_record(
        f"submission:{number}", person_ref=person_ref_of(holder_ref), detail={"sha256": digest}
    )
    return digest


def submissions_seal(*, now: datetime) -> int:
    """Seal what has not been sealed yet (封存), in batches of 500; returns how many records."""
    total = 0
    with context_use(context_system("提交存证封存")):
        for _round in range(SEALS_AT_ONCE):
            sealed = _seal(now=now)
            total += sealed
            if sealed < SEAL_AT_ONCE:
                break
    return total


def _seal(*, now: datetime) -> int:
    with data_scope(purpose="提交存证封存", reason="seal"):
        rows = SubmissionRecord.objects.filter(member=None).order_by("pk")
        waiting = list(rows.only("number", "sha256", "submitted_at")[:SEAL_AT_ONCE])
    return _seal_write(waiting, now=now) if waiting else 0


@action("hall.receipts.seal")
def _seal_write(waiting: list[SubmissionRecord], *, now: datetime) -> int:
    """Write one seal. Two at the same time: the unique sequence lets one through, the next goes on."""
    last = SubmissionSeal.objects.order_by("-sequence").first()
    sequence, before = (last.sequence + 1, last.chain) if last else (1, rules.FIRST)
    root = rules.root_make((row.number, row.sha256, row.submitted_at) for row in waiting)
    seal = SubmissionSeal.objects.create(
        sequence=sequence,
        count=len(waiting),
        root=root,
        chain=rules.chain_make(sequence=sequence, before=before, root=root, sealed_at=now),
        sealed_at=now,
    )
    SealMember.objects.bulk_create(
        SealMember(seal=seal, record=row, place=place) for place, row in enumerate(waiting)
    )
    # The chain's head stands in the audit trail too: whoever rewrites one has the other against him.
    audit_record(f"submission_seal:{sequence}", detail={"chain": seal.chain, "count": seal.count})
    return len(waiting)
