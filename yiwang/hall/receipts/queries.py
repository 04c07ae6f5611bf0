"""Proving what was submitted (提交证明): to anybody with number and digest, and to its submitter."""

from yiwang.hall.receipts import rules
from yiwang.hall.receipts.data import (
    ALTERED,
    CONFIRMED,
    UNKNOWN,
    ProofView,
    SealView,
    SubmissionCheck,
)
from yiwang.hall.receipts.errors import ReceiptNotFound
from yiwang.hall.receipts.models import SealMember, SubmissionRecord, SubmissionSeal
from yiwang.hall.receipts.registry import content_rebuild
from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_get, context_system, context_use
from yiwang.sdk.canonical import NotCanonical, canonical_digest, canonical_read, exact

PURPOSE = "查验提交回执"


def submission_check(number: str, sha256: str) -> SubmissionCheck:
    """Say whether exactly this was submitted under this number, and when (回执查验); nothing else.

    sha256: 64 hexadecimal digits. A wrong number and a wrong digest get the same answer. ALTERED when
    anything kept of it no longer fits: the record, its seal, or the application's own rows.
    """
    record = _record(number)
    if record is None:
        return SubmissionCheck(UNKNOWN)
    member = SealMember.objects.select_related("seal").filter(record=record).first()
    if not _is_intact(record, member):
        return SubmissionCheck(ALTERED)
    if record.sha256 != sha256:
        return SubmissionCheck(UNKNOWN)
    return SubmissionCheck(
        CONFIRMED,
        submitted_at=record.submitted_at,
        sealed_at=member.seal.sealed_at if member else None,
        sequence=member.seal.sequence if member else None,
    )


def proof_get(number: str) -> ProofView:
    """Return what its submitter may take along as proof (提交证明). Raises ReceiptNotFound for others."""
    record = _record(number)
    subject_ref = context_get().subject_ref
    if record is None or not subject_ref or record.holder_ref != subject_ref:
        raise ReceiptNotFound()
    member = SealMember.objects.select_related("seal").filter(record=record).first()
    return ProofView(
        number=record.number,
        title=record.title,
        content=canonical_read(record.content),
        sha256=record.sha256,
        submitted_at=record.submitted_at,
        seal=_seal_view(member.seal) if member else None,
    )


def proof_exists(number: str) -> bool:
    """Tell whether anything was kept of a submission; older ones have a receipt without proof."""
    with data_scope(purpose=PURPOSE, reason=number):
        return SubmissionRecord.objects.filter(number=number).exists()


def seal_latest() -> SealView | None:
    """Return the newest seal (最新封存), which anybody may write down as a witness."""
    seal = SubmissionSeal.objects.order_by("-sequence").first()
    return _seal_view(seal) if seal else None


def seal_chain_check() -> int | None:
    """Check the whole chain of seals (封存链核验); the first sequence that does not fit, None if all do."""
    before, expected = rules.FIRST, 1
    for seal in SubmissionSeal.objects.order_by("sequence").iterator():
        if seal.sequence != expected or not _chain_fits(seal, before) or not _root_fits(seal):
            return expected
        before, expected = seal.chain, expected + 1
    return None


def _record(number: str) -> SubmissionRecord | None:
    with data_scope(purpose=PURPOSE, reason=number):
        return SubmissionRecord.objects.filter(number=number.strip()).first()


def _is_intact(record: SubmissionRecord, member: SealMember | None) -> bool:
    try:
        content = canonical_read(record.content)
        if canonical_digest(content) != record.sha256:
            return False
    except (ValueError, NotCanonical):
        return False
    if not isinstance(content, dict) or content.get("submitted_at") not in (
        None,
        rules.moment_text(record.submitted_at),
    ):
        return False
    if member is not None and not _seal_fits(member.seal):
        return False
    with context_use(context_system(PURPOSE)):
        rebuilt = content_rebuild(record.number)
    return rebuilt is None or canonical_digest(exact(rebuilt)) == record.sha256


def _seal_fits(seal: SubmissionSeal) -> bool:
    before = rules.FIRST
    if seal.sequence > 1:
        row = SubmissionSeal.objects.filter(sequence=seal.sequence - 1).first()
        if row is None:
            return False
        before = row.chain
    return _chain_fits(seal, before) and _root_fits(seal)


def _chain_fits(seal: SubmissionSeal, before: str) -> bool:
    made = rules.chain_make(
        sequence=seal.sequence, before=before, root=seal.root, sealed_at=seal.sealed_at
    )
    return made == seal.chain


def _root_fits(seal: SubmissionSeal) -> bool:
    with data_scope(purpose=PURPOSE, reason=f"seal:{seal.sequence}"):
        rows = SubmissionRecord.objects.filter(member__seal=seal).order_by("member__place")
        lines = list(rows.values_list("number", "sha256", "submitted_at"))
    return len(lines) == seal.count and rules.root_make(lines) == seal.root


def _seal_view(seal: SubmissionSeal) -> SealView:
    return SealView(seal.sequence, seal.chain, seal.count, seal.sealed_at)
