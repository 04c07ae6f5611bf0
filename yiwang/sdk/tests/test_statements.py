"""Signed statements: the same text for the same words, and no change that goes unseen."""

import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from yiwang.sdk.statements import (
    StatementBroken,
    StatementKeyUnknown,
    _bytes,
    key_name,
    statement_read,
    statement_sign,
)

KEY = derive_private_key(20261122, SECP256R1())
KEYS = {key_name(KEY.public_key()): KEY.public_key()}
WORDS = ["食品经营许可证", "JY12345678", None, 20311120]
LETTERS = "ABab01-_.é"


def test_the_same_words_give_the_same_text():
    assert statement_sign(WORDS, key=KEY) == statement_sign(WORDS, key=KEY)
    assert statement_read(statement_sign(WORDS, key=KEY), keys=KEYS).words == tuple(WORDS)


@given(st.integers(0, 10_000), st.sampled_from(LETTERS))
@hypothesis_settings(max_examples=60)
def test_one_changed_letter_is_seen(place, letter):
    text = statement_sign(WORDS, key=KEY)
    at = place % len(text)
    changed = text[:at] + letter + text[at + 1 :]
    if changed != text:
        with pytest.raises((StatementBroken, StatementKeyUnknown)):
            statement_read(changed, keys=KEYS)


@given(st.text(max_size=40))
@hypothesis_settings(max_examples=60)
def test_whatever_is_no_statement_is_refused_with_words(text):
    with pytest.raises((StatementBroken, StatementKeyUnknown)):
        statement_read(text, keys=KEYS)


def test_a_key_that_is_not_at_hand_is_named():
    other = derive_private_key(7, SECP256R1())
    with pytest.raises(StatementKeyUnknown) as refusal:
        statement_read(statement_sign(WORDS, key=other), keys=KEYS)
    assert refusal.value.params["key"] == key_name(other.public_key())


def test_openssl_finds_the_signature_valid(tmp_path):
    signed, _, signature = statement_sign(WORDS, key=KEY).rpartition(".")
    halves = _bytes(signature)
    raw = encode_dss_signature(
        int.from_bytes(halves[:32], "big"), int.from_bytes(halves[32:], "big")
    )
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for name, content in (("signed", signed.encode()), ("signature", raw), ("public.pem", public)):
        (tmp_path / name).write_bytes(content)
    command = "openssl dgst -sha256 -verify public.pem -signature signature signed"
    assert (
        subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False).returncode
        == 0
    )
