"""Pages of supervision: the board down to the case, cards and rules, for supervisor and officer."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model

from yiwang.hall.supervision.models import (
    SupervisionCard,
    SupervisionFact,
    SupervisionLetter,
    SupervisionRule,
)
from yiwang.hall.supervision.sweep import board_count, supervision_sweep
from yiwang.hall.supervision.tests.conftest import NOW, SYSTEM, close_of
from yiwang.identity.api import account_create, post_assign, post_put
from yiwang.kernel.api import context_use

LATE = close_of(date(2026, 11, 24))


def staff(department_id, role, username):
    with context_use(SYSTEM):
        key = account_create(
            username,
            population="STAFF",
            name=f"陆{username}",
            password="粉墙黛瓦 枕河人家 1986",
            now=NOW,
        )
        post = post_put(department_id, title=f"岗位{username}", roles=[role], now=NOW)
        post_assign(key, post_id=post, from_date=date(2026, 1, 1), now=NOW)
    return get_user_model().objects.get(pk=key)


@pytest.fixture
def supervisor(hall, client):
    client.force_login(staff(hall.other, "SUPERVISOR", "zhu"))
    return client


@pytest.fixture
def officer(hall):
    return staff(hall.department, "REVIEWER", "shen")


@pytest.fixture
def card(hall, officer):
    hall.item(LATE, assignee_id=officer.pk, number="A100")
    supervision_sweep(now=NOW)
    board_count(now=NOW)
    return SupervisionCard.objects.get()


def text_of(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def test_the_board_leads_down_to_the_case(supervisor, hall, card):
    board = text_of(supervisor, "/hall/supervision/")
    for word in ("姑苏区民政局", "老年人优待证", 'hx-trigger="every 30s"'):
        assert word in board
    department = text_of(supervisor, f"/hall/supervision/departments/{hall.department}/")
    assert card.code in department
    listed = text_of(supervisor, f"/hall/supervision/steps/?department={hall.department}")
    assert "/hall/supervision/cases/A100/" in listed
    case = text_of(supervisor, "/hall/supervision/cases/A100/")
    assert "审查" in case
    assert card.code in case


def test_the_officer_answers_a_card_on_its_page(client, officer, card):
    client.force_login(officer)
    assert card.code in text_of(client, "/hall/supervision/mine/")
    path = f"/hall/supervision/cards/{card.pk}/"
    assert client.post(path, {"act": "reply", "text": " "}).status_code == 422
    card.refresh_from_db()
    assert card.state == "OPEN"
    assert client.post(path, {"act": "reply", "text": "已补办"}).status_code == 302
    card.refresh_from_db()
    assert (card.state, card.reply) == ("REPLIED", "已补办")


def test_the_supervisor_decides_an_appeal_on_its_page(client, hall, officer, card):
    path = f"/hall/supervision/cards/{card.pk}/"
    client.force_login(officer)
    client.post(path, {"act": "appeal", "text": "依法中止"})
    client.force_login(staff(hall.other, "SUPERVISOR", "zhu"))
    assert "依法中止" in text_of(client, path)
    client.post(path, {"act": "withdraw", "text": "属实"})
    card.refresh_from_db()
    assert (card.state, card.decision) == ("CANCELLED", "属实")


def test_a_stranger_finds_no_card_and_no_board(client, hall, card):
    client.force_login(staff(hall.other, "REVIEWER", "wu"))
    assert client.get(f"/hall/supervision/cards/{card.pk}/").status_code == 404
    for path in ("", "cards/", "rules/", "scores/", "steps/", "cases/A100/", "letters/", "report/"):
        assert client.get(f"/hall/supervision/{path}").status_code == 403, path


def test_cards_and_scores_are_exported(supervisor, card):
    cards = b"".join(supervisor.get("/hall/supervision/cards/?export=csv").streaming_content)
    assert card.code in cards.decode("utf-8-sig")
    quarter = f"{NOW.year}Q4"
    scores = supervisor.get(f"/hall/supervision/scores/?export=csv&quarter={quarter}")
    assert "95" in b"".join(scores.streaming_content).decode("utf-8-sig")


def test_a_violation_is_recorded_and_a_letter_sent_by_form(supervisor, hall, card):
    sent = supervisor.post(
        "/hall/supervision/report/",
        {"trigger": "NOT_ONLINE", "department_id": hall.department, "description": "线下办理"},
    )
    assert sent.status_code == 302
    assert SupervisionFact.objects.get().trigger == "NOT_ONLINE"
    assert supervisor.post("/hall/supervision/report/", {}).status_code == 422
    supervisor.post(
        "/hall/supervision/letters/new/", {"department_id": hall.department, "text": "请整改"}
    )
    letter = SupervisionLetter.objects.get()
    assert "请整改" in text_of(supervisor, f"/hall/supervision/letters/{letter.pk}/")
    assert "姑苏区民政局" in text_of(supervisor, "/hall/supervision/letters/")


def test_a_rule_is_changed_by_form_and_the_past_replayed(supervisor, card):
    path = "/hall/supervision/rules/step_exceeded/"
    values = {
        "title_zh": "环节超时", "title_en": "Step over time", "trigger": "STEP_EXCEEDED",
        "level": "YELLOW", "over_days": "2", "nodes": "", "reply_days": "3", "points": "5",
        "basis": "", "is_enabled": "1", "valid_from": "2099-01-01",
    }  # fmt: skip
    assert supervisor.post(path, {**values, "over_days": "x"}).status_code == 422
    assert supervisor.post(path, values).status_code == 302
    assert "2099" in text_of(supervisor, path)
    assert "环节超时" in text_of(supervisor, "/hall/supervision/rules/")
    replay = text_of(
        supervisor,
        "/hall/supervision/rules/replay/?since=2026-11-01&until=2026-11-25"
        "&days-step_exceeded=0&use-step_exceeded=1",
    )
    assert "本应发出" in replay
    assert replay.count(" checked") == 1  # the others are played as if they were not in use


def test_a_city_adds_a_rule_of_its_own_once(supervisor, hall):
    path = "/hall/supervision/rules/new/"
    values = {
        "key": "step_very_far_over", "title_zh": "环节超时十日", "title_en": "", "nodes": "",
        "trigger": "STEP_EXCEEDED", "level": "RED", "over_days": "10", "reply_days": "3",
        "points": "20", "basis": "自定", "is_enabled": "1", "valid_from": "2099-01-01",
    }  # fmt: skip
    assert 'href="/hall/supervision/rules/new/"' in text_of(supervisor, "/hall/supervision/rules/")
    for wrong in ("", "new", "Step", "step over", "step_exceeded"):
        assert supervisor.post(path, {**values, "key": wrong}).status_code == 422
    assert supervisor.post(path, values).status_code == 302
    assert supervisor.post(path, values).status_code == 422
    rule = SupervisionRule.objects.get(key="step_very_far_over")
    assert (rule.level, rule.over_days, rule.points) == ("RED", 10, 20)


def test_the_pages_speak_english_too(supervisor, card):
    supervisor.cookies["django_language"] = "en"
    for path in ("", "cards/", "rules/", "scores/", f"cards/{card.pk}/"):
        page = supervisor.get(f"/hall/supervision/{path}", headers={"accept-language": "en"})
        assert page.status_code == 200
