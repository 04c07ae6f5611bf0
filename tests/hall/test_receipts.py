"""What a receipt proves (回执存证): what was submitted, and that it was not changed since."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.hall.test_applications import ELDER_CARD, FILLED, fill, the_application
from tests.hall.test_pack_journeys import (
    item_of,
    officer_of,
)
from tests.pictures import PNG
from yiwang.hall.api import (
    application_submit,
)
from yiwang.hall.applications.actions.applicant import correction_answer
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.work import correction_request
from yiwang.hall.applications.models import (
    ApplicationMaterial,
)
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.receipts.queries import proof_get, submission_check
from yiwang.kernel.api import context_use

TITLE = {"zh": "水质检测报告", "en": "Water test report"}


def elder_submit(city, now):
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        fill(draft_id, FILLED, now=now)
        return application_submit(draft_id, now=now)


def test_the_digest_of_the_receipt_confirms_what_was_submitted(city, now):
    receipt = elder_submit(city, now)
    found = submission_check(receipt.number, receipt.receipt_hash)
    assert (found.state, found.submitted_at) == ("CONFIRMED", now)
    with context_use(city.context("elder")):
        content = proof_get(receipt.number).content
    assert content["form"]["delivery"] == "ELECTRONIC"
    assert set(content["materials"]) == {"id_card", "photo"}


@pytest.mark.parametrize(
    "change",
    [
        lambda rows, number: rows.update(form_data={"delivery": "MAIL"}),
        lambda rows, number: rows.update(applicant_name="别人"),
        lambda rows, number: rows.update(submitted_at=rows.get().submitted_at - timedelta(days=1)),
        lambda rows, number: ApplicationMaterial.objects.filter(
            application__number=number, key="photo"
        ).update(source_ref="registry:other"),
        lambda rows, number: ApplicationMaterial.objects.filter(
            application__number=number, key="photo"
        ).delete(),
    ],
)
def test_a_row_of_the_application_changed_behind_its_back_is_noticed(city, now, change):
    receipt = elder_submit(city, now)
    change(application_rows("测试").filter(number=receipt.number), receipt.number)
    assert submission_check(receipt.number, receipt.receipt_hash).state == "ALTERED"


def test_a_correction_changes_the_application_and_not_what_was_submitted(city, now):
    receipt = elder_submit(city, now)
    number = receipt.number
    items = [
        {"kind": "field", "key": "delivery", "title": TITLE, "what": "请选择邮寄"},
        {"kind": "material", "key": "photo", "title": TITLE, "what": "请补照片"},
    ]
    with context_use(officer_of(item_of(number, "decide"), now=now)):
        correction_request(item_of(number, "decide").id, items=items, now=now)
    correction = the_application(number).corrections.get()
    with context_use(city.context("elder")):
        correction_answer(
            number, correction.pk, values={"delivery": "ELECTRONIC"},
            files={"photo": SimpleUploadedFile("a.png", PNG)}, now=now,
        )  # fmt: skip
    assert ApplicationMaterial.objects.filter(application__number=number, key="photo").count() == 2
    assert submission_check(number, receipt.receipt_hash).state == "CONFIRMED"
