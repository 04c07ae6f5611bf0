"""The pages of the fusion desk in a browser of the test client: who sees what, in both languages."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from yiwang.resources.fusion.models import FusionRun, ReviewPair, Verdict
from yiwang.resources.fusion.queries import bindings
from yiwang.resources.fusion.tests.desk_city import ACCOUNTS, city_with_a_pair

HOME = "/resources/fusion/"


pytestmark = [pytest.mark.filled(by=city_with_a_pair), pytest.mark.pages]


@pytest.fixture
def city(seeds, filled, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    city = filled.moved(tmp_path)
    city.clients = {name: Client() for name, *_more in ACCOUNTS}
    for name, client in city.clients.items():
        client.force_login(get_user_model().objects.get(username=name))
    return city


def page(client, address, status=200, language="zh-Hans"):
    response = client.get(f"{HOME}{address}", headers={"Accept-Language": language})
    assert response.status_code == status, response.content.decode()[:3000]
    return response.content.decode()


def post(client, address, **values):
    return client.post(f"{HOME}{address}", values, headers={"Accept-Language": "zh-Hans"})


def test_the_bureau_sees_what_feeds_each_class_and_binds_another(city):
    client = city.clients["one"]
    text = page(client, "sources/")
    assert "最低生活保障" in text
    assert f"共 {len(bindings('population'))} 类，已绑定 2 类" in text
    assert "Sources of the registries" in page(client, "sources/", language="en")
    page(client, "sources/?registry=legal-persons")
    answer = post(
        client, "sources/", **{"class": "C03", "resource": f"{city.permits} 居住证", "act": "bind"}
    )
    assert answer.status_code == 302
    assert page(client, "sources/").count(city.permits) >= 2
    assert post(client, "sources/", **{"class": "C03", "act": "unbind"}).status_code == 302
    assert post(client, "sources/", **{"class": "C03", "resource": "没有"}).status_code == 422
    assert (
        post(
            city.clients["police"], "sources/", **{"class": "C03", "resource": city.permits}
        ).status_code
        == 422
    )


def test_a_run_is_asked_for_watched_and_read(city):
    client = city.clients["one"]
    assert page(client, "runs/").count("已发布") >= 1
    text = page(client, f"runs/{city.first.id}/")
    assert "没有有效标识" in text
    assert "Rows without a valid identifier" in page(
        client, f"runs/{city.first.id}/", language="en"
    )
    answer = post(client, "runs/", registry="population")
    run = FusionRun.objects.latest("pk")
    assert (answer.status_code, run.state) == (302, "WAITING")
    text = page(client, f"runs/{run.pk}/")
    assert f'hx-get="{HOME}runs/{run.pk}/"' in text
    partial = client.get(f"{HOME}runs/{run.pk}/", headers={"HX-Request": "true"})
    assert "<html" not in partial.content.decode()
    over = client.get(f"{HOME}runs/{city.first.id}/", headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"
    assert post(client, "runs/", registry="population").status_code == 422
    assert post(city.clients["police"], "runs/", registry="population").status_code == 422
    page(client, "runs/999999/", status=404)


def test_a_failed_run_says_what_to_do(city):
    FusionRun.objects.filter(pk=city.first.id).update(
        state="FAILED", error_code="disk_full", error="No space left on device"
    )
    text = page(city.clients["one"], f"runs/{city.first.id}/")
    assert "No space left on device" in text
    assert "原主数据照常有效" in text


def test_both_records_stand_side_by_side_masked_until_opened_for_a_purpose(city):
    client, address = city.clients["one"], f"review/{city.pair}/"
    text = page(client, address)
    assert "王**" in text
    assert "王晓明" not in text
    assert "同音" in text
    assert "164****5678" in text
    assert post(client, address, act="open").status_code == 422
    opened = post(client, address, act="open", purpose="NAME")
    assert opened.status_code == 200
    assert "王晓明" in opened.content.decode()
    assert "王小明" in opened.content.decode()
    assert "王晓明" not in page(client, address)
    assert "differs by characters of the same sound" in page(client, address, language="en")


def test_two_reviewers_answer_without_seeing_each_others_word_and_a_third_settles(city):
    one, two, judge = (city.clients[name] for name in ("one", "two", "judge"))
    address = f"review/{city.pair}/"
    page(judge, address, status=404)
    assert post(one, "review/next/").headers["Location"] == f"{HOME}{address}"
    assert "另一位" in page(two, address)
    assert post(two, address, act="MUST").status_code == 422
    assert post(one, address, act="MUST", reason="秘密的理由").status_code == 302
    seen = page(two, address)
    assert "秘密的理由" not in seen
    assert "您的判定" in seen
    assert post(one, address, act="MUST").status_code == 422
    assert Verdict.objects.count() == 1
    assert post(two, address, act="CANNOT").status_code == 302
    assert "秘密的理由" not in page(two, address)
    assert "秘密的理由" in page(judge, address)
    assert post(judge, address, act="CANNOT").status_code == 422
    assert post(judge, address, act="CANNOT", reason="不同").status_code == 302
    assert ReviewPair.objects.get().outcome == "CANNOT"
    assert "秘密的理由" in page(two, address)
    assert "0.0%" in page(one, "review/agreement/").replace(" ", "")


def test_a_decision_is_undone_by_two_in_the_page(city):
    one, two, address = city.clients["one"], city.clients["two"], f"review/{city.pair}/"
    for client in (one, two):
        assert post(client, address, act="MUST").status_code == 302
    assert post(one, address, act="undo", reason="").status_code == 422
    assert post(one, address, act="undo", reason="错了").status_code == 302
    assert post(one, address, act="undo_confirm").status_code == 422
    assert post(two, address, act="undo_confirm").status_code == 302
    assert ReviewPair.objects.get().state == "OPEN"


def test_other_departments_do_not_see_a_pair(city):
    page(city.clients["police"], f"review/{city.pair}/", status=404)
    page(city.clients["civil"], f"review/{city.pair}/")
    assert f"review/{city.pair}/" in page(city.clients["civil"], "review/")
    assert f"review/{city.pair}/" not in page(city.clients["police"], "review/?show=all")


def test_the_queue_filters_and_says_when_nothing_waits(city):
    client = city.clients["one"]
    assert f"{HOME}review/{city.pair}/" in page(client, "review/")
    assert f"{HOME}review/{city.pair}/" not in page(client, "review/?likely=50")
    assert f"{HOME}review/{city.pair}/" in page(
        client, "review/?likely=90&registry=population&state=OPEN"
    )
    post(client, f"review/{city.pair}/", act="UNSURE")
    assert 'class="empty"' in page(client, "review/")
    assert f"{HOME}review/{city.pair}/" in page(client, "review/?show=all")


def test_the_lineage_page_shows_jobs_and_data_sets(city):
    client = city.clients["one"]
    text = page(client, "lineage/")
    assert "<svg" in text
    assert "fuse.population" in text
    assert "Data lineage" in page(client, "lineage/", language="en")
    lines = b"".join(client.get(f"{HOME}lineage/export.ndjson").streaming_content).splitlines()
    assert len(lines) == 2
    page(city.clients["judge"], "lineage/", status=403)
