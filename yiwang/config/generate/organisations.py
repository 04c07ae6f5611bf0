"""Organisations of the benchmark (基准法人), ten thousand at a time, as columns. Nobody of them exists."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from yiwang.config.generate.given import shipped
from yiwang.config.generate.lettering import forms, joined, matrix_text, numbered, pick
from yiwang.config.generate.people import FIRST_RECORD, LAST_RECORD, TRADES, people_make
from yiwang.sdk.identifiers import ORG_WEIGHTS, USCC_ALPHABET, USCC_WEIGHTS

CHUNK = 10_000
BODY_FACTOR = 17_000_003  # coprime to 31**6: no two organisations share a body
ALPHABET = np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)
VALUES_31 = np.zeros(256, dtype=np.int64)
VALUES_31[ALPHABET] = np.arange(31)
REGIONS = (
    "320500",
    "320505",
    "320506",
    "320507",
    "320508",
    "320509",
    "320581",
    "320582",
    "320583",
    "320585",
)
# Registering department and class of the code, with what follows the name: enterprises above all.
KINDS = (
    ("91", "有限公司", 0.80),
    ("92", "经营部", 0.08),
    ("52", "服务中心", 0.05),
    ("12", "管理所", 0.05),
    ("51", "协会", 0.02),
)
INDUSTRIES = (
    "C26",
    "C34",
    "C39",
    "E47",
    "F51",
    "F52",
    "G54",
    "H62",
    "I65",
    "K70",
    "L72",
    "M75",
    "O80",
    "P83",
)


@dataclass(slots=True)
class Organisations:
    """Columns of one chunk (机构列), n organisations; text forms stand behind one another, n each.

    codes: forms (18 characters, 9 with hyphen, small letters, missing). code_bytes: (n, 18). names: forms
    (today, before renaming, without 苏州, with a blank). registrations, representatives (today, before),
    addresses (as of people), phones.
    """

    subject: np.ndarray
    code_bytes: np.ndarray
    codes: pa.Array
    names: pa.Array
    registrations: pa.Array
    representatives: pa.Array
    addresses: pa.Array
    phones: pa.Array
    industry: np.ndarray
    status: np.ndarray
    day: np.ndarray
    renamed_at: np.ndarray
    moved_at: np.ndarray
    replaced_at: np.ndarray

    def __len__(self) -> int:
        return len(self.subject)


def organisations_make(
    *, first: int, count: int, chunk: int, chunks: int, seed: int
) -> Organisations:
    """Make organisations `first` to `first + count` (生成机构)."""
    random = np.random.default_rng([seed, 3, chunk])
    subject = np.arange(first, first + count)
    kind = random.choice(len(KINDS), count, p=[share for *_rest, share in KINDS])
    matrix = _codes(random, subject, kind)
    # Twice as many people as organisations: who represents them, and who did before.
    people = people_make(
        first=2 * first, count=2 * count, chunk=chunk, chunks=chunks, seed=seed + 1
    )
    now, before = np.arange(0, 2 * count, 2), np.arange(1, 2 * count, 2)
    names = people.names
    addresses = [people.addresses.take(pa.array(form * 2 * count + now)) for form in range(8)]
    phones = [people.phones.take(pa.array(form * 2 * count + now)) for form in range(8)]
    return Organisations(
        subject=subject,
        code_bytes=matrix,
        codes=code_forms(matrix),
        names=_names(random, subject, kind),
        registrations=joined("3205", numbered(subject * 7919 % 10**11, 11)),
        representatives=forms(names.take(pa.array(now)), names.take(pa.array(before))),
        addresses=forms(*addresses),
        phones=forms(*phones),
        industry=random.integers(0, len(INDUSTRIES), count),
        status=random.choice([1, 2, 3], count, p=[0.85, 0.1, 0.05]),
        day=random.integers(36_000, 46_000, count),
        renamed_at=_moments(random, count, 0.08),
        moved_at=_moments(random, count, 0.25),
        replaced_at=_moments(random, count, 0.2),
    )


def _moments(random: np.random.Generator, count: int, share: float) -> np.ndarray:
    moment = random.integers(FIRST_RECORD, LAST_RECORD, count)
    return np.where(random.random(count) < share, moment, LAST_RECORD + 1)


def _codes(random: np.random.Generator, subject: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Make unified social credit codes with both check characters: uint8 (n, 18)."""
    count = len(subject)
    matrix = np.empty((count, 18), dtype=np.uint8)
    heads = np.array([list(code.encode()) for code, *_rest in KINDS], dtype=np.uint8)
    regions = np.array([list(code.encode()) for code in REGIONS], dtype=np.uint8)
    matrix[:, :2] = heads[kind]
    matrix[:, 2:8] = regions[random.integers(0, len(REGIONS), count)]
    matrix[:, 8:10] = np.frombuffer(b"MA", dtype=np.uint8)
    body = subject * BODY_FACTOR % 31**6
    matrix[:, 10:16] = ALPHABET[body[:, None] // 31 ** np.arange(5, -1, -1) % 31]
    wide = matrix[:, 8:16].astype(np.int64)
    values = np.where(wide < 65, wide - 48, wide - 55)
    checks = np.frombuffer(b"0123456789X", dtype=np.uint8)
    matrix[:, 16] = checks[-(values @ np.array(ORG_WEIGHTS)) % 11]
    total = VALUES_31[matrix[:, :17]] @ np.array(USCC_WEIGHTS)
    matrix[:, 17] = ALPHABET[-total % 31]
    return matrix


def code_forms(matrix: np.ndarray) -> pa.Array:
    count = len(matrix)
    old = np.empty((count, 10), dtype=np.uint8)
    old[:, :8], old[:, 8], old[:, 9] = matrix[:, 8:16], ord("-"), matrix[:, 16]
    small = np.where((matrix >= 65) & (matrix <= 90), matrix + 32, matrix).astype(np.uint8)
    return forms(
        matrix_text(matrix), matrix_text(old), matrix_text(small), pa.nulls(count, pa.string())
    )


def _names(random: np.random.Generator, subject: np.ndarray, kind: np.ndarray) -> pa.Array:
    brands, count = shipped()["brands"], len(subject)
    one, old = subject % len(brands), random.integers(0, len(brands), count)
    # Past the first 6,000 a second brand follows, then a number: names of bodies are unique in a city.
    two = (subject // len(brands) * 7 + subject) % len(brands)
    second = pick([*brands, ""], np.where(subject < len(brands), len(brands), two))
    trade = pick(list(TRADES), random.integers(0, len(TRADES), count))
    tail = pick([word for _code, word, _share in KINDS], kind)
    own = joined(pick(brands, one), second, trade, tail)
    before = joined(pick(brands, one), pick(brands, old), trade, tail)
    return forms(
        joined("苏州", own), joined("苏州", before), joined("苏州市", own), joined("苏州 ", own)
    )
