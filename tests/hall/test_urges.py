"""The applicant urges a running application: at most once in a day, seen on the desk and by the supervisors."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from tests.hall.test_applications import ELDER_CARD, FILLED, fill
from tests.hall.test_pack_journeys import item_of, officer_of
from yiwang.engines.api import instance_get, work_item_claim, work_item_due_set
from yiwang.hall.api import application_submit, message_list, urged_items
from yiwang.hall.applications.actions.applicant import application_withdraw
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.urges import application_urge
from yiwang.hall.applications.actions.work import correction_request, work_conclude
from yiwang.hall.applications.errors import (
    AlreadyEnded,
    ApplicationNotFound,
    UrgedBefore,
    WaitsForYou,
)
from yiwang.hall.applications.models import ApplicationUrge
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.details import application_detail_get
from yiwang.hall.applications.queries.urges import urge_rows, urge_state
from yiwang.kernel.api import context_system, context_use, event_relay

HOURS = timedelta(hours=1)


@pytest.fixture
def number(city, now) -> str:
    with context_use(city.context("elder")):
        draft_id = draft_begin(ELDER_CARD, now=now)
        fill(draft_id, FILLED, now=now)
        return application_submit(draft_id, now=now).number


def urge(city, number: str, *, at, note: str = "") -> int:
    with context_use(city.context("elder")):
        return application_urge(number, note=note, now=at)


def test_urging_is_written_down_shown_on_the_desk_and_told_to_who_holds_the_step(city, now, number):
    item = item_of(number, "decide")
    officer = officer_of(item, now=now)
    with context_use(officer):
        work_item_claim(item.id, now=now)
    assert urge(city, number, at=now + HOURS, note=" 老人急用 ") == 1

    mark = urged_items([item.id, item.id + 1])
    assert {key: (one.times, one.note) for key, one in mark.items()} == {item.id: (1, "老人急用")}
    with context_use(context_system("测试")):
        event_relay(limit=1000, now=timezone.now())
        kinds = [event.kind for event in instance_get(item.instance_id).history]
    assert kinds.count("URGED") == 1
    with context_use(officer):
        assert [one.title["zh"] for one in message_list(officer.account_id)][0].startswith(
            "申请人催办"
        )
        detail = application_detail_get(number, purpose="办理办件", now=now)
    assert [one.text for one in detail.timeline if one.title == "Urged by the applicant"] == [
        "老人急用"
    ]


def test_one_may_urge_again_only_after_the_citys_interval(city, now, number, settings):
    settings.URGE_HOURS = 48
    urge(city, number, at=now)
    with pytest.raises(UrgedBefore):
        urge(city, number, at=now + 47 * HOURS)
    assert ApplicationUrge.objects.count() == 1
    state = urge_state(application_rows("测试").get(number=number), now=now + HOURS)
    assert (state.may, state.refusal.code) == (False, "application_urged_before")
    urge(city, number, at=now + 48 * HOURS)
    assert urged_items([item_of(number, "decide").id]).popitem()[1].times == 2


def test_nobody_else_urges_and_what_waits_for_the_applicant_or_has_ended_is_refused_in_words(
    city, now, number
):
    with context_use(city.context("citizen")), pytest.raises(ApplicationNotFound):
        application_urge(number, note="", now=now)
    item = item_of(number, "decide")
    asked = {
        "kind": "field",
        "key": "phone",
        "title": {"zh": "手机", "en": "Phone"},
        "what": "换号",
    }
    with context_use(officer_of(item, now=now)):
        correction_request(item.id, items=[asked], now=now)
    with pytest.raises(WaitsForYou):
        urge(city, number, at=now)
    with context_use(city.context("elder")):
        application_withdraw(number, reason="不办了", now=now)
    with pytest.raises(AlreadyEnded):
        urge(city, number, at=now)
    assert ApplicationUrge.objects.count() == 0


def test_supervisors_see_in_which_light_a_step_was_urged_and_what_followed(city, now, number):
    item = item_of(number, "decide")
    with context_use(context_system("测试")):
        work_item_due_set(f"application:{number}", due_at=now - HOURS, warn_at=now - 2 * HOURS)
    urge(city, number, at=now)
    supervisor = city.context("supervisor")
    with context_use(supervisor):
        (row,) = urge_rows()
        assert (row.light, row.concluded_at, row.asked_at) == ("RED", None, None)
    with context_use(officer_of(item, now=now)):
        work_conclude(item.id, outcome="APPROVE", opinion="同意", now=now + HOURS)
        assert not urge_rows().filter(concluded_at=None).exists()
    with context_use(city.context("market_clerk")):
        assert list(urge_rows()) == []


def test_the_pages_urge_once_refuse_in_words_and_mark_it_for_officer_and_supervisor(
    city, client, still, number
):
    client.force_login(city.account("elder"))
    page = f"/hall/applications/mine/{number}/"
    assert f'action="{page}urge/"' in client.get(page).content.decode()
    client.post(f"{page}urge/", {"note": "急用"})
    again = client.post(f"{page}urge/", {"note": "再催"}, follow=True).content.decode()
    assert "承办人员已经看到" in again
    assert ApplicationUrge.objects.count() == 1

    item = item_of(number, "decide")
    officer = officer_of(item, now=still)
    client.force_login(get_user_model().objects.get(pk=officer.account_id))
    assert "已催办" in client.get("/portal/spaces/desk/").content.decode()
    assert "急用" in client.get(f"/hall/applications/items/{item.id}/").content.decode()
    assert client.get("/hall/applications/urges/").status_code == 403

    client.force_login(city.account("supervisor"))
    for which in ("", "?which=open", "?export=csv"):
        shown = b"".join(client.get(f"/hall/applications/urges/{which}"))
        assert number[-12:] in shown.decode()
    late = client.get("/hall/applications/urges/?which=supervised").content.decode()
    assert number not in late
