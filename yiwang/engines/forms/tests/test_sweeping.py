"""Uploads that nobody refers to go after a while; whatever anything refers to stays, wherever the reference stands."""

import io
import os
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from yiwang.engines.forms.actions import attachment_put
from yiwang.engines.forms.models import Attachment, Draft, Form, FormVersion
from yiwang.engines.forms.references import ids_named, reference_columns, referenced_among
from yiwang.engines.forms.sweeping import UploadSweep, uploads_sweep, uploads_tidy
from yiwang.engines.forms.tests.test_attachments import PDF
from yiwang.kernel.api import RequestContext, audit_search, context_use

DAY = timedelta(days=1)
SAYINGS = {
    "values": lambda pk: {"photo": f"attachment:{pk}"},
    "history": lambda pk: {"photo": [[1, f"attachment:{pk}"]]},
    "others": lambda pk: {"deep": [{"rows": [{"attachment": pk}]}]},
    "sources": lambda pk: {"attachments": [10**11, pk], "attachment_id": 10**11 + 1},
    "groups": lambda pk: {"x": {"attachments": {"plan": pk}}},
}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }
    return tmp_path / "files"


def put(now, *, text="", account_id=7):
    file = SimpleUploadedFile("a.pdf", PDF + text.encode(), "application/pdf")
    with context_use(RequestContext(population="CITIZEN", account_id=account_id)):
        return attachment_put(
            account_id=account_id, file=file, accept=["application/pdf"], max_bytes=10**6, now=now
        )


def refer(pk, column, now):
    form, _ = Form.objects.get_or_create(key="f", defaults={})
    version, _ = FormVersion.objects.get_or_create(
        form=form,
        number=1,
        defaults={"digest": "x", "definition": {}, "source": "", "created_at": now},
    )
    Draft.objects.create(
        account_id=7, purpose_key=f"{column}:{pk}", form_version=version,
        created_at=now, updated_at=now, **{column: SAYINGS[column](pk)},
    )  # fmt: skip


def left():
    return set(Attachment.objects.values_list("pk", flat=True))


def test_what_nothing_refers_to_goes_with_its_content_after_the_days_and_not_before(
    db, now, folder
):
    old, young = put(now - 31 * DAY, text="old"), put(now - 29 * DAY, text="young")
    kept = put(now - 31 * DAY, text="kept")
    refer(kept.id, "values", now)
    size = len(PDF) + 3
    dry = uploads_sweep(now=now, is_dry=True)
    assert dry == UploadSweep(looked_at=2, unused=1, bytes=size, strays=0)
    assert left() == {old.id, young.id, kept.id}
    assert uploads_sweep(now=now) == dry
    assert left() == {young.id, kept.id}
    assert len([name for _at, _dirs, names in os.walk(folder) for name in names]) == 2
    assert audit_search(act="engines.forms.uploads_sweep")[0]["detail"] == {
        "removed": 1, "bytes": size, "ids": [old.id],
    }  # fmt: skip
    assert uploads_tidy(now) == 0
    assert uploads_sweep(now=now, days=1).unused == 1


def test_a_content_that_another_upload_has_too_stays(db, now):
    old, young = put(now - 40 * DAY), put(now)
    assert uploads_sweep(now=now).unused == 1
    assert left() == {young.id}
    assert default_storage.exists(Attachment.objects.get().path)
    assert old.sha256 == young.sha256


def test_a_content_without_any_upload_goes_when_it_is_old_enough(db, now, folder):
    kept = put(now)
    for name, age in (("ab" * 32, 40), ("cd" * 32, 1)):
        path = default_storage.save(f"attachments/{name[:2]}/{name[2:4]}/{name}", io.BytesIO(b"x"))
        at = (now - age * DAY).timestamp()
        os.utime(folder / path, (at, at))
    assert uploads_sweep(now=now, is_dry=True).strays == 1
    assert uploads_sweep(now=now).strays == 1
    assert default_storage.exists(f"attachments/cd/cd/{'cd' * 32}")
    assert default_storage.exists(Attachment.objects.get(pk=kept.id).path)


def test_a_content_that_was_swept_is_there_again_when_it_comes_again(db, now):
    put(now - 40 * DAY)
    uploads_sweep(now=now)
    again = put(now)
    path = Attachment.objects.get(pk=again.id).path
    assert default_storage.open(path).read() == PDF


def test_every_way_to_name_an_attachment_is_seen_in_every_column_of_the_drafts(db, now):
    for column in SAYINGS:
        one = put(now - 40 * DAY, text=column)
        refer(one.id, column, now)
    assert len(left()) == len(SAYINGS)
    assert uploads_sweep(now=now).unused == 0
    assert referenced_among(left()) == left()


def test_no_column_that_names_attachments_by_id_is_passed_over():
    columns = {
        f"{one.model._meta.label}.{name}" for one in reference_columns() for name in one.numbers
    }
    assert {"hall_applications.DraftMaterial.attachment_id"} <= columns
    texts = {f"{one.model._meta.label}.{name}" for one in reference_columns() for name in one.texts}
    assert {"engines_forms.Draft.values", "hall_applications.Application.form_data"} <= texts


@given(number=st.integers(1, 10**12), around=st.text(max_size=20))
def test_an_id_is_read_whole_whatever_stands_around_it(number, around):
    assert number in ids_named(f"{around}attachment:{number}")
    assert number in ids_named(f'{around}"attachment_id": {number}, {around}')


class NeverOneReferredTo(TestCase):
    """Whatever refers to whatever: exactly the old uploads go that nothing refers to."""

    @settings(max_examples=8, deadline=None)
    @given(
        uploads=st.lists(
            st.tuples(st.integers(0, 60), st.sampled_from(["", *SAYINGS]), st.integers(0, 2)),
            min_size=12,
            max_size=30,
        ),
        days=st.integers(1, 40),
    )
    def test_exactly_the_old_uploads_go_that_nothing_refers_to(self, uploads, days):
        now = timezone.now()
        Draft.objects.all().delete()
        Attachment.objects.all().delete()
        expected = set()
        for age, column, text in uploads:
            row = Attachment.objects.create(
                account_id=7, path=f"attachments/{text}", sha256="x", name="a", size=1,
                content_type="application/pdf", created_at=now - age * DAY,
            )  # fmt: skip
            if column:
                refer(row.pk, column, now)
            if column or age <= days:
                expected.add(row.pk)
        found = uploads_sweep(now=now, days=days)
        assert left() == expected
        assert found.unused == len(uploads) - len(expected)
