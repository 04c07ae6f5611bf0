"""Pages of promises: who promised hands in, the department concludes."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from yiwang.hall.promises.data import COMMITMENT
from yiwang.hall.promises.tests.conftest import NOW, PDF, SYSTEM, file, pledge, row
from yiwang.identity.api import account_create, post_assign, post_put
from yiwang.kernel.api import context_use

WORD = "粉墙黛瓦 枕河人家 1986"


@pytest.fixture
def holder(hall, client):
    with context_use(SYSTEM):
        key = account_create(
            "shen", population="CITIZEN", name="沈月琴", subject_ref="person:P1", password=WORD, now=NOW
        )  # fmt: skip
    client.force_login(get_user_model().objects.get(pk=key))
    return client


def officer(client, department_id, role="APPROVER"):
    with context_use(SYSTEM):
        key = account_create("lu", population="STAFF", name="陆审批", password=WORD, now=NOW)
        post = post_put(department_id, title=f"岗位{role}", roles=[role], now=NOW)
        post_assign(key, post_id=post, from_date=date(2026, 1, 1), now=NOW)
    client.force_login(get_user_model().objects.get(pk=key))
    return client


def at(name, *args):
    return reverse(f"hall_promises:{name}", args=args)


def test_who_promised_finds_it_reads_the_words_and_hands_in(holder, hall):
    (key,) = hall.make()
    assert "检测报告" in holder.get(at("mine")).content.decode()
    page = holder.get(at("detail", key)).content.decode()
    assert row(key).text["zh"] in page
    assert row(key).sha256 in page
    assert holder.post(at("detail", key), {"file": file()}).status_code == 302
    assert row(key).state == "SUPPLIED"
    assert "报告.pdf" in holder.get(at("detail", key)).content.decode()


def test_what_is_wrong_with_a_file_stands_beside_its_field(holder, hall):
    (key,) = hall.make()
    for upload, status, words in (
        (None, 422, "请选择"),
        (file(PDF + b"<</S /Launch>>"), 422, "打开其他程序"),
        (file(b""), 422, "0 字节"),
        (file(PDF + b"x" * (1024 * 1024)), 422, "1 MB"),
    ):
        answer = holder.post(at("detail", key), {"file": upload} if upload else {})
        assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert row(key).state == "OPEN"


def test_a_file_too_large_to_keep_is_answered_with_413_beside_its_field(holder, hall, settings):
    settings.UPLOAD_LIMITS_MB = {"": (1, 8)}
    (key,) = hall.make()
    answer = holder.post(at("detail", key), {"file": file(PDF + b"x" * (3 * 1024 * 1024))})
    assert answer.status_code == 413
    assert "3 MB" in answer.content.decode()
    assert row(key).state == "OPEN"


def test_a_stranger_finds_nothing(holder, hall, client):
    (key,) = hall.make()
    with context_use(SYSTEM):
        other = account_create(
            "wu", population="CITIZEN", name="吴某", subject_ref="person:P2", password=WORD, now=NOW
        )
    client.force_login(get_user_model().objects.get(pk=other))
    assert client.get(at("detail", key)).status_code == 404
    assert client.post(at("detail", key), {"file": file()}).status_code == 404
    assert "检测报告" not in client.get(at("mine")).content.decode()


def test_the_department_lists_filters_exports_and_concludes(hall, client):
    (follows, commits) = hall.make(pledge(), pledge(COMMITMENT))
    staff = officer(client, hall.department)
    page = staff.get(at("desk")).content.decode()
    assert "检测报告" in page
    assert "住所使用证明" in page
    waiting = staff.get(at("desk"), {"state": "WAITING"}).content.decode()
    assert "住所使用证明" in waiting
    assert "检测报告" not in waiting
    assert staff.get(at("desk"), {"export": "csv"}).status_code == 200
    assert staff.post(at("item", commits), {"do": "keep", "result": ""}).status_code == 422
    said = {"do": "keep", "result": "现场核查属实"}
    assert staff.post(at("item", commits), said).status_code == 302
    assert row(commits).state == "KEPT"
    answer = staff.post(at("item", follows), {"do": "break", "reason": "x", "legal_basis": ""})
    assert answer.status_code == 422
    assert row(follows).state == "OPEN"
    assert staff.post(at("item", follows), {"do": "?"}).status_code == 422


def test_an_untrue_commitment_shows_its_bar_which_can_be_lifted(hall, client):
    (key,) = hall.make(pledge(COMMITMENT))
    staff = officer(client, hall.department)
    said = {"do": "break", "reason": "现场无此住所", "legal_basis": "行政许可法第六十九条"}
    assert staff.post(at("item", key), said).status_code == 302
    page = staff.get(at("item", key)).content.decode()
    assert "现场无此住所" in page
    assert 'value="lift"' in page
    assert staff.post(at("item", key), {"do": "lift", "reason": "已修复"}).status_code == 302
    assert 'value="lift"' not in staff.get(at("item", key)).content.decode()


def test_another_department_finds_nothing(hall, client):
    (key,) = hall.make()
    staff = officer(client, hall.other)
    assert staff.get(at("item", key)).status_code == 404
    assert "检测报告" not in staff.get(at("desk")).content.decode()


def test_a_clerk_at_the_window_sees_no_button_to_break(hall, client):
    (key,) = hall.make(pledge(COMMITMENT))
    staff = officer(client, hall.department, role="WINDOW_CLERK")
    assert 'value="break"' not in staff.get(at("item", key)).content.decode()
