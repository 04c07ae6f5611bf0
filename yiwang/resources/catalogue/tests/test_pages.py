"""The pages: a citizen browses, a steward keeps the department's catalogue, a reviewer decides."""

import io

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from tests.architecture.world import World
from yiwang.identity.api import accounts_load, departments_load, posts_load
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue import actions
from yiwang.resources.catalogue.demo import catalogue_demo_load
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.tests.conftest import NOW, SPEC

pytestmark = pytest.mark.django_db
HOME = "/resources/catalogue/"
DATA = "91320500MATRIX0009"


@pytest.fixture
def world(seeds):
    world = World(("DATA_STEWARD",))
    with context_use(context_system("test")):
        departments_load(
            [{"uscc": DATA, "name": "数据局", "short_name": "市数据局", "function": "data",
              "level": "CITY", "area_code": "320500"}],
            now=NOW,
        )  # fmt: skip
        post = {"department_uscc": DATA, "title": "数据管理岗"}
        posts_load([post | {"roles": ["DATA_STEWARD"]}], now=NOW)
        accounts_load(
            [{"username": "reviewer", "population": "STAFF", "name": "秦思远", "posts": [post]}],
            now=NOW,
        )
    world.reviewer = Client()
    world.reviewer.force_login(get_user_model().objects.get(username="reviewer"))
    world.steward = world.client("DATA_STEWARD")
    return world


def page(client, address, status=200, language="zh-Hans", **more):
    response = client.get(address, headers={"Accept-Language": language}, **more)
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def post(client, address, **values):
    return client.post(address, values, headers={"Accept-Language": "zh-Hans"})


FORM = {
    "title": "婚姻登记信息", "summary": "全市婚姻登记。", "category": "DEPARTMENT", "theme": "社会救助",
    "format": "TABLE", "sharing": "2", "sharing_mode": "CHECK", "sharing_condition": "核验",
    "opening": "CLOSED", "opening_reason": "个人信息", "cycle": "DAILY", "channel": "1", "rows": "2",
    "f0-title": "登记证号", "f0-name": "number", "f0-type": "C", "f0-length": "40", "f0-level": "2",
    "f0-sharing": "1", "f0-is_key": "1",
    "f1-type": "C", "f1-level": "1", "f1-sharing": "1",
}  # fmt: skip


def test_the_catalogue_is_browsed_filtered_searched_and_exported_by_everyone(world):
    with context_use(context_system("test")):
        catalogue_demo_load(NOW)
    client = Client()
    text = page(client, HOME)
    assert "数据目录" in text
    assert "婚姻登记信息" in page(client, f"{HOME}?q=婚姻")
    assert "婚姻登记信息" in page(client, f"{HOME}?q=hydj&department=civil_affairs")
    assert 'class="empty"' in page(client, f"{HOME}?q=没有这样的资源")
    assert "Marriage registration" in page(client, f"{HOME}?q=婚姻", language="en")
    for address in ("?light=RED", "?level=DISTRICT", "?sharing=3&order=-delivered", "?page=999"):
        page(client, HOME + address)
    page(client, f"{HOME}?q=%00&theme=%00&order=zz")
    csv = client.get(f"{HOME}export.csv?q=婚姻登记")
    assert csv.status_code == 200
    assert "婚姻登记信息" in csv.content.decode()
    assert client.get(f"{HOME}export.xlsx?theme=法律服务").content[:2] == b"PK"
    assert client.get(f"{HOME}export.json").json()["format"] == "yiwang-catalogue"
    assert client.get(f"{HOME}export.pdf").status_code == 404


def test_a_resource_shows_its_metadata_fields_versions_and_what_changed(world):
    with context_use(context_system("test")):
        made = actions.resource_register(SPEC, department_id=world.own_department, now=NOW)
        for cycle in ("DAILY", "WEEKLY"):
            from dataclasses import replace

            actions.draft_put(made.id, replace(SPEC, cycle=cycle, fields=SPEC.fields[:3]), now=NOW)
            actions.resource_submit(made.id, now=NOW)
            actions.resource_publish(made.id, now=NOW)
    address = f"{HOME}items/{made.slug}/"
    text = page(Client(), address)
    for words in (SPEC.title, "男方姓名", "3级 个人或保密", "有条件共享", "sexes", "版本比对"):
        assert words in text
    compared = page(Client(), f"{address}compare/")
    assert "每日" in compared
    assert "每周" in compared
    assert "两个版本内容相同" in page(Client(), f"{address}compare/?before=1&after=1")
    assert "alert-warning" in page(Client(), f"{address}?version=1")
    page(Client(), f"{address}?version=9", status=404)
    page(Client(), f"{address}compare/?before=x&after=99999999999")
    assert "Marriage registration" in page(Client(), address, language="en")


@pytest.mark.parametrize("slug", ["x", "301-1", "a" * 900, "%00"])
def test_an_unknown_resource_is_a_404_page(db, slug):
    page(Client(), f"{HOME}items/{slug}/", status=404)


def test_a_steward_registers_submits_and_the_reviewer_publishes(world):
    steward, reviewer = world.steward, world.reviewer
    assert "尚未登记" in page(steward, f"{HOME}mine/")
    page(steward, f"{HOME}mine/new/")
    response = post(steward, f"{HOME}mine/new/", act="submit", **FORM)
    assert response.status_code == 302, response.content.decode()[-3000:]
    made = Resource.objects.get()
    assert made.state == "SUBMITTED"
    assert "待审核" in page(steward, f"{HOME}mine/{made.pk}/")
    assert "由市数据主管部门审核" in page(steward, f"{HOME}reviews/{made.pk}/")
    assert post(steward, f"{HOME}reviews/{made.pk}/", act="publish").status_code == 422
    assert "婚姻登记信息" in page(reviewer, f"{HOME}reviews/")
    refused = post(reviewer, f"{HOME}reviews/{made.pk}/", act="reject", reason="")
    assert "请填写理由" in refused.content.decode()
    assert post(reviewer, f"{HOME}reviews/{made.pk}/", act="publish").status_code == 302
    assert "婚姻登记信息" in page(Client(), HOME)
    assert "没有待审核" in page(reviewer, f"{HOME}reviews/")
    assert "审核发布" in page(steward, f"{HOME}mine/{made.pk}/")
    edited = post(steward, f"{HOME}mine/{made.pk}/edit/", act="save", **FORM | {"cycle": "WEEKLY"})
    assert edited.status_code == 302
    assert "本次变更内容" in page(steward, f"{HOME}mine/{made.pk}/")
    assert post(steward, f"{HOME}mine/{made.pk}/", act="discard").status_code == 302
    assert post(steward, f"{HOME}mine/{made.pk}/", act="withdraw").status_code == 422
    gone = post(steward, f"{HOME}mine/{made.pk}/", act="withdraw", reason="系统下线")
    assert gone.status_code == 302
    assert "系统下线" in page(reviewer, f"{HOME}reviews/{made.pk}/")
    assert post(reviewer, f"{HOME}reviews/{made.pk}/", act="grant").status_code == 302
    page(Client(), f"{HOME}items/{made.code.replace('/', '-')}/", status=404)


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(world):
    wrong = FORM | {"summary": "", "f0-length": "很长", "f1-title": "无名"}
    response = post(world.steward, f"{HOME}mine/new/", act="submit", **wrong)
    text = response.content.decode()
    assert response.status_code == 422
    assert "请填写整数" in text
    assert 'value="婚姻登记信息"' in text
    wrong = FORM | {"summary": "", "f0-level": "4", "f0-sharing": "1"}
    text = post(world.steward, f"{HOME}mine/new/", act="submit", **wrong).content.decode()
    assert "请用一句话说明资源内容" in text
    assert "4级信息项不得无条件共享" in text
    assert not Resource.objects.exists()
    more = post(world.steward, f"{HOME}mine/new/", act="more", **FORM)
    assert 'name="rows" value="5"' in more.content.decode()
    assert post(world.steward, f"{HOME}mine/new/", act="save", title="只有名称").status_code == 422
    least = {"act": "save", "title": "只有名称", "category": "DEPARTMENT"}
    assert post(world.steward, f"{HOME}mine/new/", **least).status_code == 302
    assert "提交审核前需要改正" in page(world.steward, f"{HOME}mine/{Resource.objects.get().pk}/")


def test_a_file_is_imported_with_a_report(world):
    with context_use(context_system("test")):
        actions.resource_register(SPEC, department_id=world.own_department, now=NOW)
    content = world.steward.get(f"{HOME}mine/export.xlsx").content
    upload = io.BytesIO(content)
    upload.name = "目录.xlsx"
    text = post(world.steward, f"{HOME}mine/import/", file=upload).content.decode()
    assert "逐行导入结果" in text
    assert "没有变化 1" in text
    broken = io.BytesIO(b"x")
    broken.name = "a.xlsx"
    response = post(world.steward, f"{HOME}mine/import/", file=broken)
    assert (response.status_code, "无法按目录读取" in response.content.decode()) == (422, True)
    assert post(world.steward, f"{HOME}mine/import/").status_code == 422


def test_a_proposal_is_taken_up_on_its_page(world, tmp_path):
    (tmp_path / "civil_affairs_homes.csv").write_text("编号,姓名\n1,沈月琴\n2,顾明远\n3,陆文斌\n")
    (tmp_path / "unknown.csv").write_text("a,b\n1,2\n")
    with context_use(context_system("test")):
        known, unknown = actions.inventory_propose(str(tmp_path), now=NOW)
    assert "civil_affairs_homes" in page(world.steward, f"{HOME}proposals/")
    assert "unknown" not in page(world.steward, f"{HOME}proposals/")
    assert "unknown" in page(world.reviewer, f"{HOME}proposals/?state=OPEN")
    text = page(world.steward, f"{HOME}proposals/{known.id}/")
    assert "人员姓名" in text
    assert "沈月琴" not in text
    response = post(
        world.steward, f"{HOME}proposals/{known.id}/", act="accept",
        department=str(world.own_department), title="养老机构",
    )  # fmt: skip
    made = Resource.objects.get()
    assert response.headers["Location"] == reverse("resources_catalogue:edit", args=[made.pk])
    again = post(world.steward, f"{HOME}proposals/{known.id}/", act="dismiss")
    assert "该提议已经处理" in again.content.decode()
    away = post(world.reviewer, f"{HOME}proposals/{unknown.id}/", act="dismiss")
    assert away.status_code == 302


def test_standards_are_public(world):
    assert "暂无数据元" in page(Client(), f"{HOME}standards/")
    with context_use(context_system("test")):
        catalogue_demo_load(NOW)
    text = page(Client(), f"{HOME}standards/")
    assert "公民身份号码" in text
    assert "卫生健康性别代码对照" in text


def test_nobody_else_opens_the_desk(world):
    for address in ("mine/", "mine/new/", "reviews/", "proposals/"):
        for persona in ("CITIZEN", "AGENT", "STAFF"):
            page(world.client(persona), HOME + address, status=403)
