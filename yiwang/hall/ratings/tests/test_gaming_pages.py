"""Pages against made-up ratings: who decides sees and decides, the head appeals, everybody reads what was left out."""

import pytest
from django.contrib.auth import get_user_model

from yiwang.hall.ratings import gaming
from yiwang.hall.ratings.models import GamingFinding, GamingRule
from yiwang.hall.ratings.tests.test_gaming import MINUTE, NOW, SYSTEM, put, rating
from yiwang.identity.api import account_create, department_put, post_assign, post_put
from yiwang.kernel.api import context_use

pytestmark = pytest.mark.pages


def staff(department_id, role, username):
    with context_use(SYSTEM):
        key = account_create(
            username, population="STAFF", name=f"陆{username}", password="粉墙黛瓦 枕河人家 1986", now=NOW
        )  # fmt: skip
        post = post_put(department_id, title=f"岗位{username}", roles=[role], now=NOW)
        post_assign(key, post_id=post, from_date=NOW.date(), now=NOW)
    return get_user_model().objects.get(pk=key)


@pytest.fixture
def department(db):
    with context_use(SYSTEM):
        gaming.rules_seed()
        return department_put(
            "11320508014149488K", name="甲局", function="civil_affairs", level="DISTRICT",
            area_code="320508000000", now=NOW,
        )  # fmt: skip


@pytest.fixture
def finding(department):
    put(*[
        rating(n, NOW - n * MINUTE, place="W02", department_id=department, text="好评")
        for n in range(1, 9)
    ])  # fmt: skip
    gaming.gaming_detect(now=NOW)
    return GamingFinding.objects.get(rule_key="burst_place")


def text_of(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def test_a_supervisor_decides_the_head_appeals_and_the_public_reads_why(
    finding, department, client
):
    head, supervisor = (
        staff(department, role, name)
        for role, name in (("DEPARTMENT_HEAD", "head"), ("SUPERVISOR", "zhu"))
    )
    page = f"/hall/ratings/findings/{finding.pk}/"
    client.force_login(head)
    assert client.get(page).status_code == 404
    client.force_login(supervisor)
    assert "窗口 W02" in text_of(client, "/hall/ratings/findings/?kind=BURST_PLACE")
    table = b"".join(client.get("/hall/ratings/findings/?export=csv").streaming_content).decode()
    assert "窗口 W02,甲局,8,8" in table
    shown = text_of(client, page)
    assert shown.count('name="kept"') == 8
    assert "person:" not in shown
    assert client.post(page, {"do": "leave_out", "reason": ""}).status_code == 422
    first = finding.evidence.order_by("rating_id").first().rating_id
    done = client.post(page, {"do": "leave_out", "reason": "代评", "kept": [first, "x"]})
    assert done.status_code == 302
    assert finding.evidence.filter(is_left_out=True).count() == 7
    ranking = text_of(client, "/hall/ratings/?days=365")
    assert "代评" in ranking
    client.force_login(head)
    assert client.post(page, {"do": "appeal", "reason": "集体办证"}).status_code == 302
    assert GamingFinding.objects.get(pk=finding.pk).state == "APPEALED"
    assert client.post(page, {"do": "nonsense", "reason": "x"}).status_code == 404


def test_thresholds_are_changed_on_the_page_and_what_is_wrong_stands_beside_them(
    department, client
):
    client.force_login(staff(department, "SUPERVISOR", "zhu"))
    assert "最少条数" in text_of(client, "/hall/ratings/rules/")
    page = "/hall/ratings/rules/too_fast/"
    wrong = client.post(page, {"count_min": "5", "seconds": "x", "days": "7", "is_enabled": "1"})
    assert wrong.status_code == 422
    right = {"count_min": "9", "seconds": "5", "days": "7"}
    assert client.post(page, right).status_code == 302
    row = GamingRule.objects.get(key="too_fast")
    assert (row.count_min, row.seconds, row.is_enabled) == (9, 5, False)
    assert client.get("/hall/ratings/rules/none/").status_code == 404
