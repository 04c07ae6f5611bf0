"""Without an account one learns state, step and dates by number and code, and nothing of a person."""

from datetime import UTC, datetime

import pytest
from django.apps import apps

from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.guides.following import decision_learn, forecast_sweep
from yiwang.hall.guides.models import CaseDuration
from yiwang.hall.matters.models import MatterVersion
from yiwang.identity.api import account_create, department_put
from yiwang.kernel.api import EventView, calendar_seed_load, context_system, context_use

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
SYSTEM = context_system("test")
TRACK = "/hall/applications/track/"
NUMBER, CODE = "1132050001414567353320116001000202611160001", "ABCD2345"


@pytest.fixture
def case(loaded_packs):
    """An application of 16 November, as a row: no process has to run."""
    version = MatterVersion.objects.get(matter__code="320514002000", valid_to__isnull=True)
    with context_use(SYSTEM):
        account_id = account_create(
            "p1", population="CITIZEN", name="沈秀英", password="粉墙黛瓦 枕河人家 1986", now=NOW
        )
    instance = apps.get_model("engines_workflow", "ProcessInstance").objects.create(
        version_id=version.process_version_id, business_key=f"application:{NUMBER}", started_at=NOW
    )
    with context_use(SYSTEM):
        calendar_seed_load(now=NOW)
        department = department_put(
            "113205000141456735",
            name="苏州市民政局",
            function="civil_affairs",
            level="CITY",
            area_code="320500",
            parent_id=None,
            phone="0512-65211234",
            now=NOW,
        )
        return application_rows("测试").create(
            number=NUMBER,
            query_code=CODE,
            submission_key="draft:1",
            account_id=account_id,
            applicant_ref="person:P1",
            applicant_name="沈秀英",
            applicant_number="320508194001011234",
            matter_version=version,
            matter_code="320514002000",
            title={"zh": "高龄津贴申领", "en": "Allowance"},
            department_id=department,
            area_code="320500",
            form_version_id=version.form_version_id,
            form_data={"name": "沈秀英", "bank_account": "6222021000112233449"},
            state="HANDLING",
            instance_id=instance.pk,
            receipt_hash="0" * 64,
            submitted_at=datetime(2026, 11, 16, 2, tzinfo=UTC),
            accepted_at=datetime(2026, 11, 17, 2, tzinfo=UTC),
        )


def test_number_and_code_show_where_it_stands_and_nothing_personal(case, client):
    text = client.get(f"{TRACK}?number={NUMBER}&code={CODE.lower()}").content.decode()
    for shown in ("高龄津贴申领", "办理中", "苏州市民政局", "预计办结时间"):
        assert shown in text
    for secret in ("沈秀英", "320508194001011234", "6222021000112233449", "person:P1"):
        assert secret not in text


def test_a_wrong_code_shows_nothing_and_guessing_is_stopped(case, client):
    wrong = client.get(f"{TRACK}?number={NUMBER}&code=AAAAAAAA")
    assert wrong.status_code == 404
    assert "高龄津贴申领" not in wrong.content.decode()
    for _again in range(31):
        answer = client.get(f"{TRACK}?number={NUMBER}&code=BBBBBBBB", REMOTE_ADDR="203.0.113.9")
    assert answer.status_code == 429
    # The number itself is held back too, so that many addresses gain nothing.
    held = client.get(f"{TRACK}?number={NUMBER}&code={CODE}", REMOTE_ADDR="203.0.113.10")
    assert held.status_code == 429
    assert "高龄津贴申领" not in held.content.decode()


def decide(case, state="APPROVED"):
    with context_use(SYSTEM):
        application_rows("测试").filter(pk=case.pk).update(state=state, decided_at=NOW)
    payload = {"number": NUMBER, "outcome": state}
    decision_learn(EventView(1, "application.decided", NUMBER, payload, NOW))


def test_a_decision_teaches_how_long_it_took(case):
    decide(case)
    decide(case)
    (row,) = CaseDuration.objects.all()
    assert (row.working_days, row.promised_days, row.item_type) == (4, 10, "05")


def test_what_was_withdrawn_teaches_nothing(case):
    decide(case, "WITHDRAWN")
    assert CaseDuration.objects.count() == 0


def test_the_first_sweep_takes_in_what_was_decided_before(case):
    with context_use(SYSTEM):
        application_rows("测试").update(state="REFUSED", decided_at=NOW)
    assert forecast_sweep(now=NOW) == 3
    assert CaseDuration.objects.get().working_days == 4
