"""Applications at action level: from draft to licence, correction, refusal, withdrawal."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.utils import translation

from yiwang.engines.api import clock_list, draft_post, draft_state, instance_get, work_item_list
from yiwang.hall.api import application_submit, licence_list_by_source
from yiwang.hall.applications.actions.applicant import application_withdraw, correction_answer
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.materials import material_attach
from yiwang.hall.applications.actions.work import correction_request, work_conclude
from yiwang.hall.applications.errors import (
    AlreadyEnded,
    ApplicationNotFound,
    CorrectionAnswered,
    CorrectionItemsMissing,
    NoDepartment,
    NotEligible,
    ReasonMissing,
    SubmissionIncomplete,
    WrongApplicant,
)
from yiwang.hall.applications.models import Application, Decision, DraftCase, DraftMaterial
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.details import application_detail_get, application_track
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.identity.api import UnscopedQuery, data_scope
from yiwang.kernel.api import audit_list, context_use, error_text
from yiwang.sdk.errors import Forbidden

ELDER_CARD = "322014001000"
FILLED = {"delivery": "ELECTRONIC", "agree": "true"}


def fill(draft_id: int, values: dict, *, now) -> None:
    """Type values into every page that has them, as a browser would."""
    context = draft_context_get(draft_id)
    for page in draft_state(context.draft, names=context.applicant.names(now.date())).pages:
        names = {field.key for field in page.fields}
        typed = {key: value for key, value in values.items() if key in names}
        if typed:
            draft_post(draft_id, post=typed, page=page.key, now=now)


def elder_card_submit(city, now) -> str:
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        fill(draft_id, FILLED, now=now)
        return application_submit(draft_id, now=now).number


def the_application(number: str) -> Application:
    return application_rows("测试").get(number=number)


def the_item(number: str, branch: str = ""):
    items = work_item_list(
        business_key=f"application:{number}", states=("READY", "CLAIMED", "SUSPENDED")
    )
    return next(item for item in items if item.branch == branch)


def test_an_on_the_spot_matter_ends_in_a_licence_of_the_applicant(city, now):
    number = elder_card_submit(city, now)

    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        work_conclude(the_item(number).id, outcome="APPROVE", opinion="材料齐全", now=now)

    application = the_application(number)
    licences = licence_list_by_source(f"application:{number}")
    assert application.state == "APPROVED"
    assert application.decided_at == now
    assert [item.holder_ref for item in licences] == [application.applicant_ref]
    assert Decision.objects.get(application=application).outcome == "APPROVED"
    assert instance_get(application.instance_id).state == "COMPLETED"


def test_what_the_registry_knows_is_prefilled_with_source_and_date(city, now):
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        draft = draft_context_get(draft_id).draft

    for field in ("name", "id_number", "birth_date", "address", "photo"):
        assert draft.values[field], field
        assert draft.sources[field].source["zh"] == "人口库"
        assert draft.sources[field].as_of is not None


def test_reading_the_registry_for_a_form_shows_in_who_looked_at_my_data(city, now):
    person_ref = city.context("elder").subject_ref.removeprefix("person:")
    with context_use(city.context("elder")):
        draft_begin(ELDER_CARD, now=now)

    reads = [row for row in audit_list(person_ref=person_ref) if row["act"] == "registries.read"]
    assert len(reads) == 1
    assert reads[0]["purpose"] == "办理老年人优待证"


def test_the_number_has_43_characters_and_the_receipt_a_hash(city, now):
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        fill(draft_id, FILLED, now=now)
        receipt = application_submit(draft_id, now=now)

    assert len(receipt.number) == 43
    assert receipt.number[18:31] == f"4{ELDER_CARD}"
    assert receipt.number[31:39] == "20261120"
    assert len(receipt.receipt_hash) == 64
    assert receipt.is_new


def test_submitting_the_same_draft_again_gives_the_same_receipt(city, now):
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        fill(draft_id, FILLED, now=now)
        first = application_submit(draft_id, now=now)
        second = application_submit(draft_id, now=now)

    assert second.number == first.number
    assert second.receipt_hash == first.receipt_hash
    assert not second.is_new
    assert application_rows("测试").count() == 1


def test_an_incomplete_form_is_refused_and_nothing_is_written(city, now):
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        with pytest.raises(SubmissionIncomplete) as refusal:
            application_submit(draft_id, now=now)

        assert {"delivery", "agree"} <= set(refusal.value.fields)
        assert draft_context_get(draft_id).draft.id == draft_id
    assert application_rows("测试").count() == 0


def test_nothing_stays_of_a_draft_that_was_submitted_but_the_application(city, now):
    elder_card_submit(city, now)
    assert (DraftCase.objects.count(), DraftMaterial.objects.count()) == (0, 0)


def test_a_refusal_names_the_matter_in_the_language_of_the_reader(city, now):
    with context_use(city.context("agent")), pytest.raises(WrongApplicant) as refusal:
        draft_begin(ELDER_CARD, now=now)
    with translation.override("en"):
        assert error_text(refusal.value).startswith("Senior citizen card is not for this kind")
    with translation.override("zh-hans"):
        assert "老年人优待证" in error_text(refusal.value)


def test_somebody_elses_draft_cannot_be_submitted(city, now):
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        fill(draft_id, FILLED, now=now)

    with context_use(city.context("citizen")), pytest.raises(Exception, match="."):
        application_submit(draft_id, now=now)
    assert application_rows("测试").count() == 0


def test_whoever_is_too_young_is_told_why(city, now):
    with context_use(city.context("citizen")), pytest.raises(NotEligible) as refusal:
        draft_begin(ELDER_CARD, now=now)

    assert "六十周岁" in error_text(refusal.value)


def test_an_enterprise_cannot_apply_for_a_persons_matter(city, now):
    with context_use(city.context("agent")), pytest.raises(WrongApplicant):
        draft_begin(ELDER_CARD, now=now)


def test_a_refusal_needs_reason_and_legal_basis(city, now):
    number = elder_card_submit(city, now)

    with (
        context_use(city.staff("civil_affairs", "WINDOW_CLERK")),
        pytest.raises(ReasonMissing) as refusal,
    ):
        work_conclude(the_item(number).id, outcome="REFUSE", reason="不符合条件", now=now)

    assert set(refusal.value.fields) == {"legal_basis"}
    assert the_application(number).state == "SUBMITTED"
    assert the_item(number).state in ("READY", "CLAIMED")


def test_a_refusal_gives_reason_basis_and_remedy_and_issues_nothing(city, now):
    number = elder_card_submit(city, now)

    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        work_conclude(
            the_item(number).id,
            outcome="REFUSE",
            reason="申请人户籍和居住证均不在本市",
            legal_basis="《江苏省老年人权益保障条例》",
            now=now,
        )

    with context_use(city.context("elder")):
        detail = application_detail_get(number, purpose="查看本人办件", now=now)
    assert detail.application.state == "REFUSED"
    assert detail.decision.reasons[0]["text"] == "申请人户籍和居住证均不在本市"
    assert detail.decision.legal_basis == ["《江苏省老年人权益保障条例》"]
    assert "行政复议" in detail.decision.remedy["zh"]
    assert detail.licences == ()


@pytest.mark.parametrize(
    "attempt",
    [
        lambda decision: Decision.objects.filter(pk=decision.pk).update(outcome="APPROVED"),
        lambda decision: decision.save(),
        lambda decision: decision.delete(),
        lambda decision: decision.application.delete(),
    ],
    ids=["update", "save", "delete", "delete_application"],
)
def test_a_decision_can_neither_be_changed_nor_deleted(city, now, attempt):
    number = elder_card_submit(city, now)
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        work_conclude(
            the_item(number).id,
            outcome="REFUSE",
            reason="照片不符合要求。",
            legal_basis="《老年人权益保障法》",
            now=now,
        )
    decision = Decision.objects.get(application__number=number)
    with data_scope(purpose="测试"), pytest.raises(DatabaseError), transaction.atomic():
        attempt(decision)
    assert Decision.objects.get(application__number=number).outcome == decision.outcome


def test_a_correction_pauses_the_clock_until_it_is_answered(city, now):
    number = elder_card_submit(city, now)
    later = now + datetime.timedelta(days=3)
    item = the_item(number)

    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        correction_id = correction_request(
            item.id,
            items=[
                {
                    "kind": "field",
                    "key": "phone",
                    "title": {"zh": "手机号码", "en": "Mobile phone"},
                    "what": "号码无法接通",
                }
            ],
            now=now,
        )
    paused = clock_list(f"application:{number}/acceptance", now=later)
    assert [clock.state for clock in paused] == ["PAUSED"]
    assert paused[0].pauses[0].ground == "CORRECTION"
    assert the_application(number).state == "CORRECTION"
    assert the_item(number).state == "SUSPENDED"

    with context_use(city.context("elder")):
        correction_answer(
            number, correction_id, values={"phone": "13912345678"}, files={}, now=later
        )

    running = clock_list(f"application:{number}/acceptance", now=later)
    assert [clock.state for clock in running] == ["RUNNING"]
    assert the_application(number).form_data["phone"] == "13912345678"
    assert the_application(number).state == "SUBMITTED"
    assert the_item(number).state in ("READY", "CLAIMED")


def test_a_correction_changes_only_what_it_names(city, now):
    number = elder_card_submit(city, now)
    before = the_application(number).form_data["address"]
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        correction_id = correction_request(
            the_item(number).id,
            items=[{"kind": "field", "key": "phone", "title": {"zh": "手机"}, "what": "请核对"}],
            now=now,
        )

    with context_use(city.context("elder")):
        correction_answer(
            number,
            correction_id,
            values={"phone": "13912345678", "address": "别处"},
            files={},
            now=now,
        )

    assert the_application(number).form_data["address"] == before


def test_a_correction_is_answered_once(city, now):
    number = elder_card_submit(city, now)
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        correction_id = correction_request(
            the_item(number).id,
            items=[{"kind": "field", "key": "phone", "title": {"zh": "手机"}, "what": "请核对"}],
            now=now,
        )
    with context_use(city.context("elder")):
        correction_answer(number, correction_id, values={"phone": "13912345678"}, files={}, now=now)
        with pytest.raises(CorrectionAnswered):
            correction_answer(
                number, correction_id, values={"phone": "13900000000"}, files={}, now=now
            )

    assert the_application(number).form_data["phone"] == "13912345678"


def test_a_correction_notice_must_say_something(city, now):
    number = elder_card_submit(city, now)
    with (
        context_use(city.staff("civil_affairs", "WINDOW_CLERK")),
        pytest.raises(CorrectionItemsMissing),
    ):
        correction_request(
            the_item(number).id,
            items=[{"kind": "field", "key": "phone", "title": {"zh": "手机"}, "what": " "}],
            now=now,
        )

    assert the_application(number).state == "SUBMITTED"


def test_withdrawing_ends_the_work_and_the_clocks(city, now):
    number = elder_card_submit(city, now)

    with context_use(city.context("elder")):
        application_withdraw(number, reason="资料填错", now=now)

    application = the_application(number)
    assert application.state == "WITHDRAWN"
    assert instance_get(application.instance_id).state == "WITHDRAWN"
    assert work_item_list(business_key=f"application:{number}") == []
    states = {clock.state for clock in clock_list(f"application:{number}/acceptance", now=now)}
    assert states == {"STOPPED"}


def test_an_ended_application_cannot_be_withdrawn(city, now):
    number = elder_card_submit(city, now)
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        work_conclude(the_item(number).id, outcome="APPROVE", now=now)

    with context_use(city.context("elder")), pytest.raises(AlreadyEnded):
        application_withdraw(number, now=now)

    assert the_application(number).state == "APPROVED"


def test_another_citizen_cannot_see_an_application(city, now):
    number = elder_card_submit(city, now)

    with context_use(city.context("citizen")), pytest.raises(ApplicationNotFound):
        application_detail_get(number, purpose="查看", now=now)


def test_an_officer_of_another_department_can_neither_see_nor_decide(city, now):
    number = elder_card_submit(city, now)
    item = the_item(number)

    with context_use(city.staff("market_supervision", "APPROVER")):
        with pytest.raises(ApplicationNotFound):
            application_detail_get(number, purpose="查看", now=now)
        with pytest.raises(Forbidden):
            work_conclude(item.id, outcome="APPROVE", now=now)

    assert the_application(number).state == "SUBMITTED"


def test_number_and_query_code_show_the_progress_to_anybody(city, now):
    number = elder_card_submit(city, now)
    code = the_application(number).query_code

    found = application_track(number, code.lower(), now=now)
    assert found["state"] == "SUBMITTED"
    assert "applicant_name" not in found
    assert application_track(number, "WRONGCOD", now=now) is None


def test_applications_are_personal_data_and_cannot_be_read_without_purpose(city):
    with pytest.raises(UnscopedQuery):
        Application.objects.count()
    with data_scope(purpose="测试"):
        assert Application.objects.count() == 0


def test_a_document_of_the_wrong_kind_is_refused_with_what_is_accepted(city, now):
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        with pytest.raises(Exception, match="(?i)jpe?g|png"):
            material_attach(
                draft_id,
                "photo",
                file=SimpleUploadedFile("photo.jpg", b"MZ\x90\x00 not a picture"),
                now=now,
            )


def test_a_place_without_the_department_is_named_with_what_to_do(city, now, monkeypatch):
    monkeypatch.setattr(
        "yiwang.hall.applications.actions.submission.department_find", lambda *_, **__: None
    )
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        fill(draft_id, FILLED, now=now)
        with pytest.raises(NoDepartment) as refusal:
            application_submit(draft_id, now=now)

        assert refusal.value.params["area"]["zh"] == "姑苏区"
        assert draft_context_get(draft_id).draft.id == draft_id
    assert application_rows("测试").count() == 0
