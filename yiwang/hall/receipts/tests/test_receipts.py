"""What was submitted can be proven, and nobody changes it unnoticed."""

import io
import json

import pytest
import zxingcpp
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from yiwang.hall.receipts import registry
from yiwang.hall.receipts.actions import submissions_seal
from yiwang.hall.receipts.documents import proof_file, receipt_document, verify_address
from yiwang.hall.receipts.errors import ReceiptNotFound
from yiwang.hall.receipts.models import SealMember, SubmissionRecord, SubmissionSeal
from yiwang.hall.receipts.queries import proof_get, seal_chain_check, submission_check
from yiwang.hall.receipts.rules import digest_clean, proof_read
from yiwang.hall.receipts.tests.conftest import (
    NOW,
    NUMBER,
    OTHER,
    OWNER,
    append_only_lifted,
    content_of,
    keep,
)
from yiwang.identity.api import data_scope
from yiwang.kernel.api import audit_list, context_use
from yiwang.sdk.canonical import canonical_digest

pytestmark = pytest.mark.django_db


def alter(table: str, **values: object) -> None:
    """Change a row as somebody with the database in hand could: past the triggers."""
    with append_only_lifted(), connection.cursor() as cursor:
        names = ", ".join(f"{name} = %s" for name in values)
        cursor.execute(f"UPDATE hall_receipts_{table} SET {names}", list(values.values()))
    connection.check_constraints()


def test_number_and_digest_confirm_what_was_submitted_and_when():
    digest = keep()
    found = submission_check(NUMBER, digest)
    assert (found.state, found.submitted_at, found.sealed_at) == ("CONFIRMED", NOW, None)
    assert submissions_seal(now=NOW) == 1
    sealed = submission_check(NUMBER, digest)
    assert (sealed.state, sealed.sealed_at, sealed.sequence) == ("CONFIRMED", NOW, 1)


def test_a_wrong_number_and_a_wrong_digest_get_the_same_answer():
    digest = keep()
    assert submission_check("X" + NUMBER, digest) == submission_check(NUMBER, "0" * 64)
    assert submission_check(NUMBER, "0" * 64).state == "UNKNOWN"


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_changed_content_is_noticed(is_sealed):
    digest = keep()
    if is_sealed:
        submissions_seal(now=NOW)
    alter("submissionrecord", content=json.dumps(content_of(phone="13900000000")))
    assert submission_check(NUMBER, digest).state == "ALTERED"


def test_a_changed_time_is_noticed():
    digest = keep()
    alter("submissionrecord", submitted_at=NOW.replace(hour=3))
    assert submission_check(NUMBER, digest).state == "ALTERED"


def test_content_changed_together_with_its_digest_is_noticed_by_the_seal():
    digest = keep()
    submissions_seal(now=NOW)
    forged = content_of(phone="13900000000")
    alter("submissionrecord", content=json.dumps(forged), sha256=canonical_digest(forged))
    assert submission_check(NUMBER, digest).state == "ALTERED"
    assert submission_check(NUMBER, canonical_digest(forged)).state == "ALTERED"
    assert seal_chain_check() == 1


def test_a_seal_made_anew_does_not_fit_the_one_after_it():
    keep()
    submissions_seal(now=NOW)
    keep("A2")
    submissions_seal(now=NOW)
    assert seal_chain_check() is None
    with append_only_lifted():
        first = SubmissionSeal.objects.get(sequence=1)
        SubmissionSeal.objects.filter(sequence=1).update(chain="f" * 64)
    assert seal_chain_check() == 1
    with append_only_lifted():
        SubmissionSeal.objects.filter(sequence=1).update(chain=first.chain)
        SubmissionSeal.objects.filter(sequence=2).update(sequence=3)
    assert seal_chain_check() == 2


def test_what_another_room_has_changed_in_its_own_rows_is_noticed(monkeypatch):
    digest = keep()
    monkeypatch.setattr(registry, "_rebuilds", [content_of])
    assert submission_check(NUMBER, digest).state == "CONFIRMED"
    monkeypatch.setattr(registry, "_rebuilds", [lambda number: content_of(number, extra="1")])
    assert submission_check(NUMBER, digest).state == "ALTERED"


@pytest.mark.parametrize("model", [SubmissionRecord, SubmissionSeal, SealMember])
def test_rows_are_only_ever_added(model):
    keep()
    submissions_seal(now=NOW)
    with data_scope(purpose="测试"):
        row = model.objects.get()
        for act in (row.save, row.delete):
            with pytest.raises(DatabaseError), transaction.atomic():
                act()


def test_a_seal_is_made_once_for_each_record_and_stands_in_the_audit_trail():
    keep()
    keep("A2")
    assert [submissions_seal(now=NOW), submissions_seal(now=NOW)] == [2, 0]
    keep("A3")
    assert submissions_seal(now=NOW) == 1
    assert list(SubmissionSeal.objects.values_list("sequence", "count")) == [(1, 2), (2, 1)]
    (row,) = audit_list(subject="submission_seal:2")
    assert row["detail"]["chain"] == SubmissionSeal.objects.get(sequence=2).chain


def test_a_submission_is_kept_once():
    keep()
    with pytest.raises(DatabaseError), transaction.atomic():
        keep()


@given(
    st.dictionaries(st.sampled_from("abcd"), st.text(max_size=5) | st.integers(0, 9), max_size=3),
    st.dictionaries(st.sampled_from("abcd"), st.text(max_size=5) | st.integers(0, 9), max_size=3),
)
def test_two_contents_have_one_digest_only_if_they_are_the_same(first, second):
    same = canonical_digest(content_of(**first)) == canonical_digest(content_of(**second))
    assert same == (content_of(**first) == content_of(**second))


# --- what the submitter takes along ------------------------------------------------------------


def test_only_who_submitted_gets_the_proof(client):
    keep()
    with context_use(OWNER):
        assert proof_get(NUMBER).content == content_of()
    for context in (OTHER,):
        with context_use(context), pytest.raises(ReceiptNotFound):
            proof_get(NUMBER)
    assert client.get(reverse("hall_receipts:proof", args=[NUMBER])).status_code == 302


def test_the_paper_has_words_digest_and_a_code_that_leads_to_the_check():
    digest = keep()
    submissions_seal(now=NOW)
    with context_use(OWNER):
        proof = proof_get(NUMBER)
    pdf = receipt_document(proof, department="姑苏区民政局")
    pages = PdfReader(io.BytesIO(pdf)).pages
    text = "".join(page.extract_text() for page in pages).replace(" ", "").replace("\n", "")
    assert len(pages) == 1
    for words in (
        "提交回执",
        NUMBER,
        "沈月琴",
        "2026年11月22日12:00:00",
        digest,
        "填报1项，材料1份",
    ):
        assert words in text
    image = Image.open(io.BytesIO(receipt_document(proof, form="png")))
    assert [code.text for code in zxingcpp.read_barcodes(image)] == [verify_address(proof)]


def test_the_paper_comes_out_the_same_each_time():
    keep()
    with context_use(OWNER):
        proof = proof_get(NUMBER)
    assert receipt_document(proof) == receipt_document(proof)


# --- the public page ---------------------------------------------------------------------------


def verify(client, **typed):
    return client.get(reverse("hall_receipts:verify"), typed)


def test_anybody_verifies_with_number_and_digest_and_learns_nothing_else(client):
    digest = keep()
    answer = verify(client, number=NUMBER, digest=digest.upper()[:32] + " " + digest[32:])
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "alert-success" in page
    for secret in ("沈月琴", "320508195501020021", "13800000000", "老年人优待证"):
        assert secret not in page


def test_the_page_says_when_it_does_not_fit_and_when_it_was_changed(client):
    digest = keep()
    assert "不相符" in verify(client, number=NUMBER, digest="0" * 64).content.decode()
    alter("submissionrecord", content="{}")
    assert "事后被改动" in verify(client, number=NUMBER, digest=digest).content.decode()
    assert verify(client, number=NUMBER, digest="abc").status_code == 422


def test_the_proof_file_verifies_by_its_own_content(client):
    keep()
    with context_use(OWNER):
        raw = proof_file(proof_get(NUMBER))

    def post(content):
        file = SimpleUploadedFile("proof.json", content, content_type="application/json")
        return client.post(reverse("hall_receipts:verify"), {"file": file})

    assert "alert-success" in post(raw).content.decode()
    claimed = json.loads(raw)
    claimed["content"]["form"]["phone"] = "13900000000"
    assert "不相符" in post(json.dumps(claimed).encode()).content.decode()
    for broken in (b"", b"[]", b"{", raw[:50], b"[" * 100_000):
        assert post(broken).status_code == 422


@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused_and_never_crashes(content):
    assert proof_read(content) is None


def test_a_machine_that_tries_is_asked_to_wait(client, monkeypatch):
    monkeypatch.setattr("yiwang.hall.receipts.views.rate_exceeded", lambda *_of, **_with: True)
    assert verify(client, number=NUMBER, digest="0" * 64).status_code == 429


def test_a_digest_is_read_however_it_is_typed():
    digest = "ab" * 32
    assert digest_clean(f"SHA256:{digest.upper()}") == digest
    assert digest_clean(" ".join(digest[at : at + 8] for at in range(0, 64, 8))) == digest
    assert digest_clean(digest[1:]) == ""
