"""Pages of licences: the holder's, the officer's, everybody's."""

from datetime import date

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

from yiwang.hall.licences import views
from yiwang.hall.licences.queries import licence_get
from yiwang.hall.licences.tests.conftest import HOLDER, NOW, SYSTEM
from yiwang.identity.api import account_create, post_assign, post_put
from yiwang.kernel.api import audit_list, context_use, data_access_list

SECRETS = ("沈月琴", "320508195501020021", "1955", "person:P1")


def _citizen(username="shen", subject_ref="person:P1") -> AbstractBaseUser:
    with context_use(SYSTEM):
        key = account_create(
            username,
            population="CITIZEN",
            name="沈月琴",
            subject_ref=subject_ref,
            password="粉墙黛瓦 枕河人家 1986",
            now=NOW,
        )
    return get_user_model().objects.get(pk=key)


def _officer(department_id, role="APPROVER", username="lu") -> AbstractBaseUser:
    with context_use(SYSTEM):
        key = account_create(
            username, population="STAFF", name="陆审批", password="粉墙黛瓦 枕河人家 1986", now=NOW
        )
        post = post_put(department_id, title=f"岗位{role}", roles=[role], now=NOW)
        post_assign(key, post_id=post, from_date=date(2026, 1, 1), now=NOW)
    return get_user_model().objects.get(pk=key)


def test_the_holder_finds_the_licence_opens_it_and_takes_the_pdf(hall, client):
    licence = hall.issue()
    client.force_login(_citizen())
    listed = client.get("/hall/licences/").content.decode()
    assert "老年人优待证" in listed
    assert "有效" in listed
    page = client.get(f"/hall/licences/{licence.id}/").content.decode()
    for word in ("沈月琴", "女", licence.identifier, licence.code, "长期有效"):
        assert word in page, word
    pdf = client.get(f"/hall/licences/{licence.id}/pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert "no-store" in pdf["Cache-Control"]
    picture = client.get(f"/hall/licences/{licence.id}/image")
    assert picture.content.startswith(b"\x89PNG")


def test_an_empty_list_says_why_and_offers_the_next_step(hall, client):
    client.force_login(_citizen())
    assert "还没有证照" in client.get("/hall/licences/").content.decode()


@pytest.mark.parametrize("path", ["", "pdf", "image"])
def test_a_neighbour_is_told_that_there_is_nothing(hall, client, path):
    licence = hall.issue()
    client.force_login(_citizen("gu", "person:P2"))
    assert client.get(f"/hall/licences/{licence.id}/{path}").status_code == 404
    assert client.get("/hall/licences/issued/").status_code == 403


def test_anybody_verifies_with_the_code_and_learns_nothing_personal(hall, client):
    licence = hall.issue()
    found = client.get(f"/hall/licences/verify/{licence.code}/")
    text = found.content.decode()
    for word in ("老年人优待证", licence.number, "沈**", "姑苏区民政局", "有效", "bi-patch-check"):
        assert word in text, word
    for secret in SECRETS:
        assert secret not in text, secret
    assert found["Cache-Control"] == "no-store"
    typed = client.get("/hall/licences/verify/", {"code": f" {licence.code.lower()} "})
    assert typed["Location"] == f"/hall/licences/verify/{licence.code}/"


def test_a_wrong_code_is_kept_and_explained(hall, client):
    wrong = client.get("/hall/licences/verify/", {"code": "7K3M-Q2W9"})
    assert wrong.status_code == 200
    assert "7K3M-Q2W9" in wrong.content.decode()
    missing = client.get("/hall/licences/verify/0000-0000-0000-0000/")
    assert missing.status_code == 404
    assert "没有找到" in missing.content.decode()
    script = client.get("/hall/licences/verify/", {"code": "<script>alert(1)</script>"})
    assert b"<script>alert" not in script.content


def test_too_many_look_ups_from_one_address_wait(hall, client, monkeypatch):
    monkeypatch.setattr(views, "VERIFY_PER_MINUTE", 2)
    licence = hall.issue()
    address = f"/hall/licences/verify/{licence.code}/"
    codes = [client.get(address).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_an_officer_revokes_with_reason_and_everyone_sees_it(hall, client):
    licence = hall.issue()
    client.force_login(_officer(hall.department))
    assert licence.number in client.get("/hall/licences/issued/").content.decode()
    assert "沈月琴" not in client.get("/hall/licences/issued/").content.decode()
    detail = client.get(f"/hall/licences/{licence.id}/").content.decode()
    assert "撤销证照" in detail
    address = f"/hall/licences/{licence.id}/revoke/"
    assert client.get(address).status_code == 200
    refused = client.post(address, {"reason": "虚假材料", "legal_basis": ""})
    assert refused.status_code == 422
    assert "虚假材料" in refused.content.decode()
    with context_use(HOLDER):
        assert licence_get(licence.id).state == "VALID"
    done = client.post(address, {"reason": "虚假材料", "legal_basis": "行政许可法第六十九条"})
    assert done["Location"] == f"/hall/licences/{licence.id}/"
    text = client.get(f"/hall/licences/verify/{licence.code}/").content.decode()
    assert "已撤销" in text
    assert "虚假材料" not in text
    again = client.post(address, {"reason": "又", "legal_basis": "又"})
    assert again.status_code == 409
    looks = [row for row in data_access_list("P1").rows if row.act == "hall.licences.read"]
    assert len(looks) >= 1
    assert audit_list(subject=f"licence:{licence.id}")[0]["actor_name"] == "陆审批"


@pytest.mark.parametrize("where", ["other department", "other role"])
def test_other_officers_neither_see_nor_revoke(hall, client, where):
    licence = hall.issue()
    if where == "other department":
        client.force_login(_officer(hall.other))
        expected = 404
    else:
        client.force_login(_officer(hall.department, "WINDOW_CLERK"))
        expected = 403
    values = {"reason": "x", "legal_basis": "y"}
    revoke = client.post(f"/hall/licences/{licence.id}/revoke/", values)
    assert revoke.status_code == expected
    assert client.get(f"/hall/licences/{licence.id}/").status_code == 404
    with context_use(HOLDER):
        assert licence_get(licence.id).state == "VALID"


def test_an_unknown_act_is_nothing(hall, client):
    licence = hall.issue()
    client.force_login(_officer(hall.department))
    assert client.get(f"/hall/licences/{licence.id}/burn/").status_code == 404
