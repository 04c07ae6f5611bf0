"""Errors, notices, health and switches: what a person or a program gets."""

import json
import logging

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path
from django.utils.translation import override

from yiwang.kernel.ui.flashes import flash
from yiwang.kernel.ui.policies import public
from yiwang.kernel.ui.problems import error_response, field_texts
from yiwang.kernel.ui.templating import render
from yiwang.sdk.errors import N_, Conflict, Invalid, SignInNeeded

pytestmark = pytest.mark.django_db


def _raising(error):
    @public
    def view(request):
        raise error

    return view


@public
def say(request):
    flash(request, "success", "已保存 <b>")
    return HttpResponse("said")


@public
def show(request):
    return render(
        request,
        "kernel/ui/error.html",
        {"shell": "kernel/ui/portal.html", "text": "x", "status": 404},
    )


urlpatterns = [
    path("", include(("yiwang.kernel.ui.urls", "kernel_ui"))),
    path("conflict/", _raising(Conflict())),
    path("api/v1/conflict/", _raising(Conflict())),
    path("invalid/", _raising(Invalid(fields={"name": ["Enter a name."]}))),
    path("api/v1/invalid/", _raising(Invalid(fields={"name": ["Enter a name."]}))),
    path("sign-in-needed/", _raising(SignInNeeded())),
    path("denied/", _raising(PermissionDenied())),
    path("suspicious/", _raising(SuspiciousOperation())),
    path("broken/", _raising(ZeroDivisionError("secret detail"))),
    path("say/", say),
    path("show/", show),
]
handler404 = "yiwang.kernel.ui.views.not_found"
handler500 = "yiwang.kernel.ui.views.server_error"
handler403 = "yiwang.kernel.ui.views.forbidden"
handler400 = "yiwang.kernel.ui.views.bad_request"


@pytest.fixture
def client():
    with override_settings(ROOT_URLCONF=__name__):
        yield Client(raise_request_exception=False)


def test_an_expected_error_is_a_page_in_chinese_with_the_status(client):
    response = client.get("/conflict/")
    assert response.status_code == 409
    assert "有人在此期间作了修改" in response.text
    assert "<h1>" in response.text


def test_the_same_error_is_problem_json_for_a_program(client):
    for response in (
        client.get("/api/v1/conflict/"),
        client.get("/conflict/", headers={"Accept": "application/json"}),
    ):
        assert response.headers["Content-Type"] == "application/problem+json"
        problem = json.loads(response.content)
        assert problem["status"] == response.status_code == 409
        assert problem["code"] == "conflict"
        assert problem["type"] == "urn:yiwang:problem:conflict"
        assert problem["title"] == "Conflict"
        assert problem["detail"]
        assert problem["instance"] == response.request["PATH_INFO"]


def test_field_errors_reach_the_program_and_the_person(client):
    problem = json.loads(client.get("/api/v1/invalid/").content)
    assert problem["fields"] == {"name": ["Enter a name."]}
    page = client.get("/invalid/")
    assert page.status_code == 422
    assert '<a href="#f-name">Enter a name.</a>' in page.text


def test_htmx_gets_a_notice_and_not_a_page(client):
    response = client.get("/conflict/", headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert "<html" not in response.text
    assert response.headers["HX-Retarget"] == "#notices"


def test_a_page_for_signed_in_people_leads_to_the_sign_in_and_back(client):
    response = client.get("/sign-in-needed/?a=1")
    assert response.status_code == 302
    assert (
        response.headers["Location"]
        == "/identity/accounts/sign-in/?next=%2Fsign-in-needed%2F%3Fa%3D1"
    )


def test_a_form_sent_without_signing_in_says_so_and_leads_back_to_the_form():
    request = RequestFactory().post("/send/", headers={"Referer": "http://testserver/form/7/"})
    response = error_response(request, SignInNeeded())
    assert response.status_code == 401
    assert "next=%2Fform%2F7%2F" in response.text


@pytest.mark.parametrize(
    ("address", "status"), [("/denied/", 403), ("/suspicious/", 400), ("/nowhere/", 404)]
)
def test_djangos_own_errors_are_pages_and_problems(client, address, status):
    page = client.get(address)
    assert page.status_code == status
    assert '<main id="content"' in page.text
    problem = client.get(address, headers={"Accept": "application/json"})
    assert json.loads(problem.content)["status"] == status


def test_a_defect_is_logged_once_with_the_reference_that_the_person_sees(client, caplog):
    with caplog.at_level(logging.WARNING):
        response = client.get("/broken/")
    assert response.status_code == 500
    assert "secret detail" not in response.text
    [record] = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert record.args[0] in response.text
    assert record.exc_info[0] is ZeroDivisionError


def test_a_flash_is_said_once_and_escaped(client):
    client.get("/say/")
    page = client.get("/show/")
    assert "已保存 &lt;b&gt;" in page.text
    assert "已保存" not in client.get("/show/").text


def test_a_forged_flash_is_ignored(client):
    client.cookies["flash"] = "forged"
    assert client.get("/show/").status_code == 200


def test_every_answer_has_a_policy_without_inline_scripts(client):
    policy = client.get("/conflict/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_language_is_remembered(client):
    assert 'lang="zh-Hans"' in client.get("/show/").text
    response = client.post("/language/", {"language": "en", "next": "/show/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/show/")
    page = client.get("/show/").text
    assert '<html lang="en"' in page
    assert "Nothing here" in page


def test_a_switch_never_leads_to_another_site(client):
    response = client.post("/language/", {"language": "en", "next": "https://elsewhere.example/"})
    assert response.headers["Location"] == "/"


def test_large_print_is_switched_on_and_off(client):
    client.post("/large-print/", {"on": "1", "next": "/show/"})
    assert 'class="large-print"' in client.get("/show/").text
    client.post("/large-print/", {"on": "0", "next": "/show/"})
    assert 'class="large-print"' not in client.get("/show/").text


def test_switches_answer_only_to_post(client):
    assert client.get("/language/").status_code == 405


def test_health_says_what_is_missing_and_still_serves(client):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "DEGRADED",
        "database": "OK",
        "migrations_pending": 0,
        "worker": {"alive": 0, "heartbeat_age_seconds": None},
        "packs": {},
    }


@pytest.mark.parametrize("shell", ["portal", "space", "desk"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_component_renders_in_every_shell_and_language(client, shell, language):
    client.cookies["django_language"] = language
    page = client.get(f"/ui/?shell={shell}&errors=1")
    assert page.status_code == 200
    assert page.text.count("<h1>") == 1
    assert ' style="' not in page.text
    assert "onclick" not in page.text


def test_the_chinese_page_has_no_english_sentence_left(client):
    page = client.get("/ui/").text
    for text in ("Submit the application", "Elapsed", "Rows per page", "Skip to the content"):
        assert text not in page


def test_what_is_wrong_with_a_field_is_said_in_the_language_of_the_page():
    error = Invalid(fields={"reason": [N_("Say why the offices are closed.")]})
    with override("zh-hans"):
        assert field_texts(error) == {"reason": ["请说明停止办公的原因。"]}
    with override("en"):
        assert field_texts(error) == {"reason": ["Say why the offices are closed."]}
