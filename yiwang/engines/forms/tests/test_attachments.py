from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from yiwang.engines.forms import registry
from yiwang.engines.forms.actions import (
    attachment_put,
    draft_open,
    draft_post,
)
from yiwang.engines.forms.models import Attachment
from yiwang.engines.forms.queries import attachment_get, attachment_open
from yiwang.engines.forms.registry import attachment_access_register
from yiwang.engines.forms.rules.files import AttachmentRefused
from yiwang.engines.forms.tests.examples import shop, text
from yiwang.kernel.api import RequestContext, context_system, context_use
from yiwang.sdk.errors import NotFound, SignInNeeded

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7\n1 0 obj\n"
STAFF = RequestContext(population="STAFF", account_id=99, name="丙", department_id=3)


def put(now, *, name="合同.pdf", content=PDF, account_id=7):
    return attachment_put(
        account_id=account_id,
        file=SimpleUploadedFile(name, content, content_type="application/x-claimed"),
        accept=["application/pdf"],
        max_bytes=1024,
        now=now,
    )


def test_a_file_is_kept_with_what_its_content_says(citizen, now):
    kept = put(now)
    assert (kept.name, kept.size) == ("合同.pdf", len(PDF))
    assert kept.content_type == "application/pdf"
    assert kept.declared_type == "application/x-claimed"
    with attachment_open(kept.id) as file:
        assert file.read() == PDF
    assert kept.url == f"/engines/forms/attachments/{kept.id}/"


def test_the_same_content_is_kept_once_on_disk(citizen, now, tmp_path):
    first, second = put(now), put(now, name="copy.pdf")
    assert first.id != second.id
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    assert [attachment_get(each.id).name for each in (second, first)] == ["copy.pdf", "合同.pdf"]


def test_a_refused_file_leaves_neither_row_nor_file(citizen, now, tmp_path):
    for content in (b"", b"MZ\x90", PDF + b"x" * 2000):
        with pytest.raises(AttachmentRefused):
            put(now, content=content)
    assert Attachment.objects.count() == 0
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_nobody_uploads_for_another_account(citizen, now):
    with pytest.raises(NotFound):
        put(now, account_id=8)
    with pytest.raises(SignInNeeded):
        put(now, account_id=None)
    assert Attachment.objects.count() == 0


def test_staff_open_a_file_only_when_a_rule_says_so(citizen, now, monkeypatch):
    monkeypatch.setattr(registry, "_rules", [])
    kept = put(now)
    with context_use(STAFF):
        with pytest.raises(NotFound):
            attachment_open(kept.id)
        attachment_access_register(lambda context, wanted: wanted == kept.id)
        assert attachment_get(kept.id).name == "合同.pdf"


def photo_form():
    from yiwang.engines.forms.actions import form_put

    definition = shop(conditions=[], checks=[])
    definition["schema"]["properties"]["code"] = {"type": "string"}
    definition["ui"]["fields"]["code"] = {"title": text("照片", "Photo"), "widget": "photo"}
    with context_use(context_system("test")):
        return form_put("test.photo", definition, source="test")


def test_a_photo_in_a_form_is_kept_and_a_wrong_one_loses_nothing_typed(citizen, now):
    form = photo_form()
    draft = draft_open(
        account_id=7, purpose_key="photo", form_version_id=form.version_id, prefill={}, now=now
    )
    wrong = draft_post(
        draft.id,
        post={"mobile": "13800000000"},
        files={"code": SimpleUploadedFile("me.jpg", PDF)},
        page="people",
        now=now,
    )
    assert wrong.values == {"mobile": "13800000000"}
    assert len(wrong.refusals["code"]) == 1
    right = draft_post(
        draft.id,
        post={},
        files={"code": SimpleUploadedFile("me.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF")},
        page="people",
        now=now,
    )
    kept = Attachment.objects.get()
    assert right.values == {"mobile": "13800000000", "code": f"attachment:{kept.pk}"}


@pytest.mark.django_db(transaction=True)
def test_thirty_two_uploads_of_one_content_at_once_keep_it_once(now, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path

    def press(n):
        try:
            with context_use(RequestContext(population="CITIZEN", account_id=7)):
                return put(now, name=f"{n}.pdf").sha256
        finally:
            connection.close()

    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    with ThreadPoolExecutor(1 if in_memory else 32) as pool:
        digests = set(pool.map(press, range(32)))
    assert len(digests) == 1
    assert Attachment.objects.count() == 32
    assert set(Attachment.objects.values_list("path", flat=True)) == {
        f"attachments/{digest[:2]}/{digest[2:4]}/{digest}" for digest in digests
    }
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
