"""The pages and the API: a steward of the housing bureau, one of another district, a citizen."""

import json
import re
from io import BytesIO

import pytest
from django.contrib.auth import get_user_model

from yiwang.identity.api import accounts_load, posts_load
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.housing.actions import event_post
from yiwang.resources.housing.models import Dwelling
from yiwang.resources.housing.tests.conftest import (
    BUILDING,
    BUILT,
    ELDER,
    ELDER_REF,
    HOME,
    NOW,
    SON_REF,
    lease,
    owned,
    report,
)

pytestmark = pytest.mark.usefixtures("registry")
ROOM = "/resources/housing/"
BUREAU, LAND, KUNSHAN = (
    "苏州市姑苏区住房和城乡建设局",
    "苏州市自然资源和规划局",
    "昆山市住房和城乡建设局",
)


@pytest.fixture
def as_(client, departments):
    names = {"bureau": BUREAU, "land": LAND, "kunshan": KUNSHAN}
    posts = [
        {"department_uscc": departments[name], "title": "数据管理岗", "roles": ["DATA_STEWARD"]}
        for name in names.values()
    ]
    rows = [
        {
            "username": "elder",
            "population": "CITIZEN",
            "name": "周",
            "subject_ref": f"person:{ELDER}",
        },
        *(
            {
                "username": key,
                "population": "STAFF",
                "name": key,
                "posts": [{"department_uscc": departments[name], "title": "数据管理岗"}],
            }
            for key, name in names.items()
        ),
    ]
    with context_use(context_system("test")):
        posts_load(posts, now=NOW)
        accounts_load(rows, now=NOW)

    def sign_in(name):
        client.force_login(get_user_model().objects.get(username=name))
        return client

    return sign_in


@pytest.fixture
def home():
    with context_use(context_system("test")):
        event_post(
            [BUILDING, owned(), lease("l1", "2020-01-01", "2099-12-31")]
            + [lease("l2", "2021-01-01", "2021-12-31")],
            now=NOW,
        )


def test_the_search_finds_by_address_and_shows_no_person(as_, home):
    page = as_("bureau").get(ROOM + "?address=历史街区").content.decode()
    assert BUILT["address"] in page
    assert "周" not in page.split("<main")[1].split("</main")[0].replace("周边", "")
    assert HOME not in as_("kunshan").get(ROOM).content.decode()
    assert "没有" in as_("bureau").get(ROOM + "?address=不存在的地址").content.decode()
    export = b"".join(as_("bureau").get(ROOM + "?export=csv").streaming_content).decode()
    assert HOME in export


def test_a_dwelling_shows_its_rights_only_for_a_purpose(as_, home):
    url = f"{ROOM}{HOME}/"
    bare = as_("bureau").get(url).content.decode()
    assert "89.50" in bare
    assert "周根泉" not in bare
    assert audit_list(person_ref=ELDER) == []
    page = as_("bureau").get(url + "?purpose=房屋核查").content.decode()
    for text in ("周根泉", "周建华", "文-l1", "2020-01-01"):
        assert text in page
    assert "重叠" in page
    assert {row["purpose"] for row in audit_list(person_ref=ELDER)} == {"房屋核查"}
    early = as_("bureau").get(url + "?purpose=房屋核查&on=2001-07-01").content.decode()
    assert "周根泉" not in early
    unknown = as_("bureau").get(url + "?purpose=房屋核查&known=2020-01-01").content.decode()
    assert "文-l1" not in unknown
    assert as_("bureau").get(url + "?purpose=x&on=soon").status_code == 422
    assert as_("kunshan").get(url).status_code == 404


def test_citizens_see_their_own_homes_and_nothing_else(as_, home):
    page = as_("elder").get(ROOM + "mine/").content.decode()
    assert BUILT["address"] in page
    assert "单独所有" in page
    assert audit_list(person_ref=ELDER) == []
    assert as_("elder").get(ROOM).status_code == 403
    assert as_("bureau").get(ROOM + "mine/").status_code == 403


def test_figures_say_how_they_are_counted(as_, home):
    page = as_("bureau").get(ROOM + "statistics/").content.decode()
    assert "统计口径" in page
    assert 'href="/resources/housing/?area=320508&amp;use=LET">1<' in page


def test_refused_reports_wait_on_the_desk_until_they_are_put_aside_or_take_effect(as_):
    body = {"events": [owned(), report("s1", "SEIZED", "2020-01-01", {"authority": "法院"})]}
    url = "/api/v1" + ROOM + "events/"
    answer = as_("land").post(url, json.dumps(body), content_type="application/json")
    assert [(one["state"], one["reason"]) for one in answer.json()["items"]] == [
        ("REFUSED", "NOT_BUILT")
    ] * 2
    again = as_("land").post(url, json.dumps(body), content_type="application/json")
    assert [one["is_new"] for one in again.json()["items"]] == [False, False]
    listed = as_("land").get(ROOM + "exceptions/").content.decode()
    assert listed.count("缺少竣工验收事件") == 2
    assert "缺少竣工验收事件" not in as_("bureau").get(ROOM + "exceptions/").content.decode()
    one = re.search(rf'"({ROOM}exceptions/\d+/)"', listed).group(1)
    assert as_("bureau").get(one).status_code == 404
    assert as_("land").post(one, {"act": "aside", "note": ""}).status_code == 422
    assert as_("land").post(one, {"act": "retry"}).status_code == 302
    assert "缺少竣工验收事件" in as_("land").get(one).content.decode()
    as_("bureau").post(url, json.dumps({"events": [BUILDING]}), content_type="application/json")
    assert "已生效" in as_("land").get(one).content.decode()


def test_the_api_says_what_is_wrong_and_keeps_nothing(as_):
    url = "/api/v1" + ROOM + "events/"
    for body in ("[]", "{", '{"events": 1}', json.dumps({"events": [{"key": "x"}]})):
        answer = as_("bureau").post(url, body, content_type="application/json")
        assert answer.status_code == 422
        assert answer["Content-Type"].startswith("application/problem+json")
    assert as_("elder").post(url, "{}", content_type="application/json").status_code == 403
    assert Dwelling.objects.count() == 0


def test_a_check_by_the_api_answers_yes_or_no(as_, home):
    url = "/api/v1" + ROOM + "check/"
    asked = {"person_ref": ELDER, "purpose": "公租房申请"}
    answer = as_("bureau").post(url, json.dumps(asked), content_type="application/json")
    assert answer.json()["has_dwelling"] is True
    refused = as_("bureau").post(
        url, json.dumps(asked | {"purpose": ""}), content_type="application/json"
    )
    assert refused.status_code == 403


def test_a_file_of_reports_is_taken_as_csv_and_as_lines(as_, home):
    csv = (
        "key,kind,number,document,effective_date,landlord,tenant,end_date,rent_fen\n"
        f"c1,LEASE_ENDED,{HOME},文-c1,2026-01-01,,,,\n"
        f"c2,LEASE_FILED,{HOME},文-c2,2026-02-01,{ELDER_REF},{SON_REF},2026-12-31,200000\n"
    )
    client = as_("bureau")
    bad = client.post(ROOM + "import/", {"file": _file("x.csv", csv)})
    assert bad.status_code == 422
    good = client.post(
        ROOM + "import/",
        {"file": _file("x.csv", csv.split("\n", 2)[0] + "\n" + csv.split("\n")[2])},
    )
    assert good.status_code == 200
    assert "共 1 条报送" in good.content.decode()
    lines = json.dumps(report("c3", "LEASE_ENDED", "2026-01-01", {"of": "文-l1"})) + "\n"
    page = client.post(ROOM + "import/", {"file": _file("x.jsonl", lines)}).content.decode()
    assert "新增 1 条，其中 0 条" in page
    assert client.post(ROOM + "import/", {}).status_code == 422
    assert client.post(ROOM + "import/", {"file": _file("x.jsonl", "{")}).status_code == 422


def _file(name: str, text: str) -> BytesIO:
    file = BytesIO(text.encode())
    file.name = name
    return file


def test_a_divided_dwelling_leads_to_its_parts_and_back(as_):
    parts = [
        {
            "number": f"320508001001GB00009F0001000{number}",
            "facts": {**BUILT, "area_m2": area, "flat": f"101-{number}"},
            "owners": [[ELDER_REF, "1"]],
        }
        for number, area in ((1, "50"), (2, "39.5"))
    ]
    act = report("d1", "DIVIDED", "2010-05-01", {"from": [HOME], "into": parts})
    with context_use(context_system("test")):
        event_post([BUILDING, owned(), act], now=NOW)
    client = as_("bureau")
    page = client.get(f"{ROOM}{HOME}/").content.decode()
    assert "房屋分割" in page
    for part in parts:
        assert f'href="{ROOM}{part["number"]}/"' in page
    assert f'href="{ROOM}{HOME}/"' in client.get(f"{ROOM}{parts[0]['number']}/").content.decode()
