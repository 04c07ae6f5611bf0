"""What the law says of an application's limits: silence accepts, who may extend and how far."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.hall.test_applications import elder_card_submit, the_application, the_item
from tests.hall.test_pack_journeys import JOURNEYS, applicant_make, code_of, officer_of, submit
from yiwang.engines.api import clock_list
from yiwang.engines.clocks.actions import clock_silence_sweep
from yiwang.hall.api import matter_get
from yiwang.hall.applications.actions.work import (
    application_deem_accepted,
    correction_request,
    limit_extend,
    work_conclude,
)
from yiwang.hall.applications.errors import ApprovalDocumentMissing
from yiwang.kernel.api import context_system, context_use, event_relay

TEN_DAYS = timedelta(days=14)  # ten working days of an ordinary fortnight


def journey_submit(city, key: str, *, now) -> str:
    pack, journey = next(one.values for one in JOURNEYS if one.id == key)
    applicant = applicant_make(city, journey["applicant"], now=now)
    matter = matter_get(code_of(pack, journey["matter"]))
    return submit(city, pack, journey, matter, applicant, now=now)


def certificate_submit(city, now) -> str:
    return journey_submit(city, "teaching:teacher_certificate_approved", now=now)


def swept(now) -> None:
    with context_use(context_system("测试")):
        clock_silence_sweep(now=now)
        event_relay(now=timezone.now())  # what was published is due in real time


def test_silence_accepts_a_licence_from_the_day_its_papers_came(city, now):
    number = certificate_submit(city, now)

    swept(now + TEN_DAYS)

    application = the_application(number)
    assert (application.state, application.accepted_at) == ("HANDLING", now)
    assert the_item(number, "first").node_id == "review"
    legal = next(c for c in clock_list(f"application:{number}", now=now) if c.kind == "LEGAL")
    assert (legal.started_at, legal.extension_max, legal.approver) == (now, 10, "AGENCY_HEAD")
    swept(now + TEN_DAYS)
    assert the_application(number).accepted_at == now


def test_a_notice_in_time_breaks_the_silence(city, now):
    number = certificate_submit(city, now)
    with context_use(officer_of(the_item(number, "first"), now=now)):
        items = [{"kind": "material", "key": "diploma", "title": {"zh": "学历"}, "what": "不清晰"}]
        correction_request(the_item(number, "first").id, items=items, now=now)

    swept(now + TEN_DAYS)

    assert the_application(number).accepted_at is None
    with context_use(context_system("测试")):
        assert not application_deem_accepted(number, legal_basis="第三十二条", now=now + TEN_DAYS)
    assert (the_application(number).state, the_application(number).accepted_at) == (
        "CORRECTION",
        None,
    )


def test_silence_accepts_nothing_that_is_no_licence(city, now):
    number = elder_card_submit(city, now)

    swept(now + TEN_DAYS)

    assert (the_application(number).state, the_application(number).accepted_at) == (
        "SUBMITTED",
        None,
    )


def test_a_joint_limit_is_extended_with_the_governments_document_only(city, now):
    number = journey_submit(city, "restaurant:open_restaurant_approved", now=now)
    with context_use(officer_of(the_item(number), now=now)):
        work_conclude(the_item(number).id, outcome="ACCEPT", now=now)
    subject = f"application:{number}"
    owner = the_application(number).department_id
    head = replace(the_item(number, "food_permit"), role="DEPARTMENT_HEAD", department_id=owner)
    with context_use(officer_of(head, now=now)):
        with pytest.raises(ApprovalDocumentMissing):
            limit_extend(number, amount=15, reason="需现场核查", now=now)
        assert all(not clock.extensions for clock in clock_list(subject, now=now))
        limit_extend(number, amount=15, reason="需现场核查", approval="苏府批〔2026〕1号", now=now)

    extended = [clock for clock in clock_list(subject, now=now) if clock.extensions]
    assert {clock.approver for clock in extended} == {"GOVERNMENT_HEAD"}
    assert all("苏府批〔2026〕1号" in clock.extensions[0].reason for clock in extended)
