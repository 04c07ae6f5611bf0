import re

import pytest
from django.contrib.auth import get_user_model

from yiwang.identity.api import accounts_load, departments_load, posts_load
from yiwang.kernel.api import audit_list, context_system, context_use, worker_run
from yiwang.resources.registries.masters import job_get, master_list
from yiwang.resources.registries.publishing import registry_publish
from yiwang.resources.registries.subjects import person_find
from yiwang.resources.registries.tests.conftest import NOW, departments_put
from yiwang.resources.registries.tests.made import (
    LI,
    SHOP,
    ZHANG,
    insurance_row,
    organisation_row,
    organisations,
    population,
    register_row,
)
from yiwang.sdk.identifiers import uscc_make

PEOPLE = "/resources/registries/people/"
MASTERS = "/resources/registries/masters/"
WHY = {"purpose": "CASE", "note": "1132-0007"}


def registries_publish(folder):
    """Publish a version of both registries; returns the references of the two persons."""
    departments_put()
    with context_use(context_system("测试")):
        register = [register_row(ZHANG, 1), register_row(LI, 2)]
        population(
            folder / "in",
            {1: register, 9: [insurance_row(ZHANG, 1, name="张山")]},
            folder / "out",
        )
        registry_publish("population", folder / "out", now=NOW)
        rows = [organisation_row(SHOP, "禾叶餐饮", 1)]
        organisations(folder / "oin", {1: rows}, folder / "o")
        registry_publish("legal-persons", folder / "o", now=NOW)
        return {n: person_find(id_number=n, purpose="测试")[0].ref for n in (ZHANG, LI)}


pytestmark = pytest.mark.filled(by=registries_publish)


@pytest.fixture
def city(filled):
    """The references of the two persons."""
    return filled


@pytest.fixture
def people(departments):
    bureau = uscc_make("1", "1", "320500", "MB900009")
    row = {
        "uscc": bureau,
        "name": "苏州市数据局",
        "short_name": "数据局",
        "name_en": "Data Bureau",
        "function": "data",
        "level": "CITY",
        "area_code": "320500",
        "parent_uscc": None,
        "phone": "0512-40000000",
        "complaint_phone": "",
        "address": "",
        "office_hours": "",
    }
    civil = departments["苏州市民政局"]
    posts = {
        "bureau": (bureau, "数据管理岗", "DATA_STEWARD"),
        "steward": (civil, "数据管理岗", "DATA_STEWARD"),
        "reviewer": (civil, "审查岗", "REVIEWER"),
        "clerk": (civil, "窗口受理岗", "WINDOW_CLERK"),
    }
    accounts = [
        {
            "username": name,
            "population": "STAFF",
            "name": name,
            "posts": [{"department_uscc": uscc, "title": title}],
        }
        for name, (uscc, title, _role) in posts.items()
    ]
    with context_use(context_system("test")):
        departments_load([row], now=NOW)
        posts_load(
            [
                {"department_uscc": uscc, "title": title, "roles": [role]}
                for uscc, title, role in posts.values()
            ],
            now=NOW,
        )
        accounts_load(accounts, now=NOW)
    return {name: get_user_model().objects.get(username=name) for name in posts}


@pytest.fixture
def as_(client, people):
    def sign_in(name):
        client.force_login(people[name])
        return client

    return sign_in


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_clerk_verifies_and_may_not_look_up(city, as_):
    client = as_("clerk")
    page = text_of(client.get(PEOPLE))
    assert 'name="claim-name"' in page
    assert 'value="find"' not in page
    answer = client.post(PEOPLE, {"act": "check", "id_number": LI, "claim-name": "李四", **WHY})
    assert "一致" in text_of(answer)
    refused = client.post(PEOPLE, {"act": "find", "id_number": LI, **WHY})
    assert (refused.status_code, city[LI] in text_of(refused)) == (422, False)
    assert client.get(f"{PEOPLE}{city[LI]}/").status_code == 403


def test_a_purpose_is_needed_before_anything_is_verified(city, as_):
    before = len(audit_list(person_ref=city[LI]))
    answer = as_("clerk").post(PEOPLE, {"act": "check", "id_number": LI, "claim-name": "李四"})
    assert answer.status_code == 422
    assert "李四" in text_of(answer)
    assert len(audit_list(person_ref=city[LI])) == before


def test_a_reviewer_looks_up_reads_masked_and_the_person_sees_it(city, as_):
    client = as_("reviewer")
    assert "办理申请" in text_of(client.get(f"{PEOPLE}{city[ZHANG]}/"))
    found = text_of(client.post(PEOPLE, {"act": "find", "id_number": ZHANG, **WHY}))
    assert city[ZHANG] in found
    assert found.count(ZHANG) == 1  # what was typed, in the form
    page = text_of(client.get(f"{PEOPLE}{city[ZHANG]}/"))
    assert "164****0001" in page
    assert "张山" in page
    assert ZHANG not in page
    assert "16412340001" not in page
    row = audit_list(person_ref=city[ZHANG], limit=1)[0]
    assert row["purpose"] == "Handling an application · 1132-0007"
    assert client.post(f"{PEOPLE}{city[ZHANG]}/", {"reason": "核对"}).status_code == 403


def test_a_steward_sees_full_values_for_a_reason(city, as_):
    client = as_("steward")
    assert client.post(f"{PEOPLE}{city[ZHANG]}/", WHY).status_code == 302
    assert ZHANG not in text_of(client.get(f"{PEOPLE}{city[ZHANG]}/"))
    assert client.post(f"{PEOPLE}{city[ZHANG]}/", {"reason": " "}).status_code == 422
    assert ZHANG in text_of(client.post(f"{PEOPLE}{city[ZHANG]}/", {"reason": "核对证件"}))
    assert ZHANG not in text_of(client.get(f"{PEOPLE}{city[ZHANG]}/"))
    row = next(r for r in audit_list(person_ref=city[ZHANG]) if r["act"].endswith("unmask"))
    assert row["detail"]["reason"] == "核对证件"


def test_a_value_leads_to_its_lineage(city, as_):
    client = as_("steward")
    client.post(f"{PEOPLE}{city[ZHANG]}/", WHY)
    page = text_of(client.get(f"/resources/registries/lineage/{city[ZHANG]}/name/"))
    for text in ("C01 户籍人口", "张山", "居民身份证法", "第 1 版"):
        assert text in page
    assert client.get(f"/resources/registries/lineage/{city[ZHANG]}/religion/").status_code == 422


def test_the_data_bureau_removes_old_versions_with_a_reason(city, as_, tmp_path):
    client = as_("bureau")
    url = f"{MASTERS}population/"
    assert "清理历史版本" not in text_of(client.get(url))
    with context_use(context_system("测试")):
        for place in (2, 3):
            rows = [register_row(ZHANG, 1, address=f"{place}号"), register_row(LI, 2)]
            population(tmp_path / "in", {1: rows, 9: []}, tmp_path / "out")
            registry_publish("population", tmp_path / "out", now=NOW)
    assert "清理历史版本" in text_of(client.get(url))
    refused = client.post(url, {"act": "prune", "keep": "1", "reason": ""})
    assert (refused.status_code, "至少保留两个版本" in text_of(refused)) == (422, True)
    assert client.post(url, {"act": "prune", "keep": "2", "reason": "到期"}).status_code == 302
    worker_run(once=True)
    assert [one.state for one in master_list("population")] == ["PUBLISHED", "PUBLISHED", "PRUNED"]
    assert "已清理" in text_of(client.get(url))


def test_the_day_of_a_subject_is_shown_or_said_to_be_missing(city, as_):
    client = as_("steward")
    client.post(f"{PEOPLE}{city[ZHANG]}/", WHY)
    assert "当时" in text_of(client.get(f"{PEOPLE}{city[ZHANG]}/?on=2026-11-21"))
    assert "没有该主体" in text_of(client.get(f"{PEOPLE}{city[ZHANG]}/?on=2020-01-01"))
    assert client.get(f"{PEOPLE}{city[ZHANG]}/?on=yesterday").status_code == 422


def test_people_without_a_number_are_listed_for_a_purpose(city, as_):
    client = as_("steward")
    assert "使用目的" in text_of(client.get(f"{PEOPLE}provisional/"))
    client.post(f"{PEOPLE}{city[ZHANG]}/", WHY)
    assert "都有身份号码" in text_of(client.get(f"{PEOPLE}provisional/"))


def test_organisations_are_found_by_code_and_by_name(city, as_):
    client = as_("reviewer")
    for asked in (SHOP, "禾叶餐饮"):
        page = text_of(client.get("/resources/registries/organisations/", {"q": asked}))
        assert SHOP in page
    key = re.search(r"/resources/registries/organisations/(E\d{10})/", page)[1]
    assert "100.5" in text_of(client.get(f"/resources/registries/organisations/{key}/"))
    assert as_("clerk").get("/resources/registries/organisations/").status_code == 403


def test_the_bureau_rolls_back_and_a_department_only_looks(city, as_, tmp_path):
    with context_use(context_system("测试")):
        population(
            tmp_path / "in",
            {1: [register_row(ZHANG, 1), register_row(LI, 2, address="新")]},
            tmp_path / "out",
        )
        registry_publish("population", tmp_path / "out", now=NOW)
    client = as_("steward")
    page = text_of(client.get(MASTERS))
    assert "现行" in page
    assert "rollback" not in page
    url = f"{MASTERS}population/"
    assert client.post(url, {"act": "rollback", "reason": "x"}).status_code == 403
    client = as_("bureau")
    assert client.post(url, {"act": "rollback", "reason": ""}).status_code == 422
    assert [m.number for m in master_list("population") if m.is_current] == [2]
    assert client.post(url, {"act": "rollback", "reason": "数据有误"}).status_code == 302
    assert [m.number for m in master_list("population") if m.is_current] == [1]
    assert "数据有误" in text_of(client.get(url))
    assert client.post(url, {"act": "forward", "reason": "核对无误"}).status_code == 302
    compared = text_of(client.get(f"{url}compare/?older=1&newer=2"))
    assert "现住址" in compared
    assert city[LI] in compared


def test_publishing_is_asked_for_once_and_its_state_is_shown(city, as_):
    client = as_("bureau")
    url = f"{MASTERS}population/"
    assert client.post(url, {"act": "refresh"}).status_code == 302
    assert job_get("population").state == "WAITING"
    assert client.post(url, {"act": "refresh"}).status_code == 409
    assert "progress" in text_of(client.get(f"{url}progress/"))
    assert client.get(f"{MASTERS}weather/").status_code == 404
