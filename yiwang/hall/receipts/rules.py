"""Pure rules of receipts (回执规则): digests, seals, what a proof file looks like."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from yiwang.sdk import history_proofs
from yiwang.sdk.canonical import NotCanonical, canonical_digest, canonical_read

FORMAT = "yiwang-submission-proof/1"
FIRST = "0" * 64
_HEX = re.compile(r"[0-9a-f]{64}")
PROOF_LIMIT = 4 * 1024 * 1024


def moment_text(at: datetime) -> str:
    """Write a moment the same way from either database: UTC, microseconds, "Z".

    >>> moment_text(datetime(2026, 11, 22, 4, tzinfo=UTC))
    '2026-11-22T04:00:00.000000Z'
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest_clean(text: str) -> str:
    """Return a typed digest as 64 small hexadecimal digits (摘要规范化), "" when it is none.

    >>> digest_clean(" AB12 " + "0" * 60)[:6], digest_clean("zz")
    ('ab1200', '')
    """
    plain = "".join(text.split()).lower().removeprefix("sha256:")
    return plain if _HEX.fullmatch(plain) else ""


def digest_group(digest: str) -> str:
    """Write a digest in groups of eight, as it stands on paper.

    >>> digest_group("0123456789abcdef")
    '01234567 89abcdef'
    """
    return " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))


def root_make(lines: Iterable[tuple[str, str, datetime]]) -> str:
    """Digest the records under a seal (封存内容摘要): (number, sha256, submitted_at) in their order."""
    text = "\n".join(f"{number} {sha256} {moment_text(at)}" for number, sha256, at in lines)
    return hashlib.sha256(text.encode()).hexdigest()


def chain_make(*, sequence: int, before: str, root: str, sealed_at: datetime) -> str:
    """Digest a seal together with the one before it (链摘要); the first follows 64 zeros."""
    text = f"{sequence} {before} {root} {moment_text(sealed_at)}"
    return hashlib.sha256(text.encode()).hexdigest()


def proof_read(raw: bytes) -> tuple[str, str] | None:
    """Read number and digest out of a proof file (读取证明文件); None when it is none of ours.

    The digest is worked out from the file's own content: what the file claims counts for nothing.
    """
    try:
        proof = canonical_read(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(proof, Mapping) or proof.get("format") != FORMAT:
        return None
    content = proof.get("content")
    if not isinstance(content, Mapping) or not isinstance(content.get("number"), str):
        return None
    try:
        return content["number"], canonical_digest(content)
    except (NotCanonical, RecursionError):
        return None


def history_read(raw: bytes) -> dict | None:
    """Read a file that says it is a history proof (读取历程证明), None for any other."""
    try:
        proof = canonical_read(raw)
    except (ValueError, RecursionError):
        return None
    is_one = isinstance(proof, Mapping) and proof.get("format") == history_proofs.FORMAT
    return dict(proof) if is_one else None
