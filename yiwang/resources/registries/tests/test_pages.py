import pytest
from django.contrib.auth import get_user_model

from yiwang.identity.api import accounts_load, posts_load
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.registries.tests.conftest import COMPANY, ELDER, NOW, SON, WIFE

pytestmark = pytest.mark.usefixtures("registry")
ME = "/resources/registries/me/"


@pytest.fixture
def people(departments):
    branch = departments["苏州市公安局姑苏分局"]
    civil = departments["苏州市民政局"]
    posts = [
        {"department_uscc": branch, "title": "数据管理岗", "roles": ["DATA_STEWARD"]},
        {"department_uscc": civil, "title": "窗口受理岗", "roles": ["WINDOW_CLERK"]},
    ]
    rows = [
        {
            "username": "elder",
            "population": "CITIZEN",
            "name": "周",
            "subject_ref": f"person:{ELDER}",
        },
        {
            "username": "agent",
            "population": "AGENT",
            "name": "周",
            "subject_ref": f"person:{SON}",
            "authorities": [{"enterprise_ref": f"enterprise:{COMPANY}", "enterprise_name": "禾叶"}],
        },
        *(
            {
                "username": name,
                "population": "STAFF",
                "name": name,
                "posts": [{"department_uscc": post["department_uscc"], "title": post["title"]}],
            }
            for name, post in zip(("steward", "clerk"), posts, strict=True)
        ),
    ]
    with context_use(context_system("test")):
        posts_load(posts, now=NOW)
        accounts_load(rows, now=NOW)
    return {row["username"]: get_user_model().objects.get(username=row["username"]) for row in rows}


@pytest.fixture
def as_(client, people):
    def sign_in(name):
        client.force_login(people[name])
        return client

    return sign_in


def test_a_citizen_sees_everything_held_with_its_source_and_nobody_looked(as_):
    page = as_("elder").get(ME).content.decode()
    for text in ("周根泉", "3205081958", "苏州市公安局姑苏分局", "2026-11-02", "陈桂珍", "周建华"):
        assert text in page
    assert f'src="/resources/registries/photo/{ELDER}/"' in page
    assert 'href="?field=address#objection"' in page
    assert audit_list(person_ref=ELDER) == []


def test_this_is_wrong_is_prefilled_and_answers_with_a_number(as_):
    client = as_("elder")
    page = client.get(ME + "?field=person.address").content.decode()
    assert '<option value="address" selected>' in page
    answer = client.post(ME, {"field": "address", "claimed": "新地址", "note": ""})
    assert answer.status_code == 302
    number = audit_list(subject="")[0]["subject"].removeprefix("objection:")
    assert answer["Location"] == f"{ME}objections/{number}/"
    shown = client.get(answer["Location"]).content.decode()
    assert number in shown
    assert "苏州市公安局姑苏分局" in shown
    again = client.post(ME, {"field": "address", "claimed": "又一个"})
    assert again.status_code == 409


def test_an_empty_objection_keeps_what_was_typed(as_):
    answer = as_("elder").post(ME, {"field": "address", "claimed": "", "note": "我搬家了"})
    assert answer.status_code == 422
    assert "我搬家了" in answer.content.decode()
    assert as_("elder").post(ME, {"claimed": "x"}).status_code == 422


def test_the_access_log_shows_office_purpose_and_fields(as_, people):
    from dataclasses import replace

    from yiwang.kernel.api import ANONYMOUS
    from yiwang.resources.registries.queries import person_values

    clerk = replace(
        ANONYMOUS, population="STAFF", department_name="苏州市民政局", post_title="窗口受理岗"
    )
    with context_use(clerk):
        person_values(ELDER, ["birth_date"], purpose="办理老年人优待证")
    page = as_("elder").get("/resources/registries/access-log/").content.decode()
    for text in ("苏州市民政局", "窗口受理岗", "办理老年人优待证", "出生日期"):
        assert text in page


def test_a_portrait_is_for_its_person_and_for_staff_with_a_purpose(as_):
    url = f"/resources/registries/photo/{ELDER}/"
    assert as_("elder").get(url)["Content-Type"] == "image/png"
    assert audit_list(person_ref=ELDER) == []
    assert as_("agent").get(url).status_code == 403
    assert as_("clerk").get(url).status_code == 403
    assert as_("clerk").get(url + "?purpose=制证").status_code == 200
    assert as_("clerk").get(f"/resources/registries/photo/{WIFE}/?purpose=制证").status_code == 404


def test_the_agent_sees_the_enterprise_and_the_citizen_may_not_open_that_page(as_):
    page = as_("agent").get("/resources/registries/enterprise/").content.decode()
    assert "苏州禾叶餐饮管理有限公司" in page
    assert "法人库" in page
    assert as_("elder").get("/resources/registries/enterprise/").status_code == 403


def test_the_steward_answers_on_the_desk_and_the_clerk_does_not(as_):
    location = as_("elder").post(ME, {"field": "address", "claimed": "新地址"})["Location"]
    number = location.rstrip("/").rpartition("/")[2]
    desk = f"/resources/registries/objections/{number}/"
    assert as_("clerk").get("/resources/registries/objections/").status_code == 403
    assert as_("clerk").get(desk).status_code == 403
    client = as_("steward")
    assert number in client.get("/resources/registries/objections/?state=OPEN").content.decode()
    assert "新地址" in client.get(desk).content.decode()
    bad = client.post(desk, {"outcome": "CORRECTED", "corrected": "新地址2", "answer": ""})
    assert bad.status_code == 422
    assert "新地址2" in bad.content.decode()
    good = client.post(desk, {"outcome": "CORRECTED", "corrected": "新地址2", "answer": "已更正"})
    assert good.status_code == 302
    assert "已更正" in as_("elder").get(location).content.decode()
    assert "新地址2" in as_("elder").get(ME).content.decode()
