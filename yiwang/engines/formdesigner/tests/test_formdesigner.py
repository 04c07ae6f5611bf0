"""The designer of forms: nobody overwrites another, two persons publish, nothing half right gets out."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile

from yiwang.engines.formdesigner import actions, queries
from yiwang.engines.formdesigner.data import (
    FormDraftChanged,
    FormKeyInvalid,
    FormKeyTaken,
    NothingChanged,
    PublisherIsWriter,
    ReasonMissing,
)
from yiwang.engines.formdesigner.models import FormDraft, FormPublication
from yiwang.engines.formdesigner.queries import DESIGN, PUBLISH
from yiwang.engines.formdesigner.rules import edits
from yiwang.engines.formdesigner.rules.files import form_read, form_write
from yiwang.engines.forms.actions import draft_open, form_put
from yiwang.engines.forms.models import FormVersion
from yiwang.engines.forms.rules.problems import FormInvalid
from yiwang.engines.forms.tests.examples import shop, text
from yiwang.identity.api import account_create, department_put, post_assign, post_put
from yiwang.kernel.api import RequestContext, audit_list, context_system, context_use
from yiwang.sdk.errors import Forbidden

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
HOME = "/engines/formdesigner/"
MAY = frozenset({DESIGN, PUBLISH})
WRITER = RequestContext(population="STAFF", account_id=1, name="甲", permissions=MAY)
OTHER = RequestContext(population="STAFF", account_id=2, name="乙", permissions=MAY)


def rename(definition: dict) -> dict:
    return edits.title_put(definition, text("开店申请", "Open a shop"))


@pytest.fixture
def published():
    with context_use(context_system("test")):
        return form_put("test.shop", shop(), source="test@1", now=NOW)


@pytest.fixture
def draft(published):
    with context_use(WRITER):
        view = actions.form_draft_open("test.shop", now=NOW)
        return actions.form_draft_change(
            view.key, change=rename, what="rename", revision=view.revision, now=NOW
        )


def test_a_second_person_publishes_what_the_first_wrote_with_the_reason_kept(draft):
    with context_use(OTHER):
        view = actions.form_draft_publish(
            "test.shop", revision=draft.revision, reason=" 改名 ", now=NOW
        )
    assert (view.number, view.title["zh"]) == (2, "开店申请")
    note = FormPublication.objects.get()
    assert (note.reason, note.writer_names, note.published_by_name) == ("改名", ["甲"], "乙")
    assert not FormDraft.objects.exists()
    with context_use(context_system("test")):
        acts = [row["act"] for row in audit_list(subject="form:test.shop")]
    assert "engines.formdesigner.draft_publish" in acts


def test_who_wrote_on_a_draft_cannot_publish_it_even_after_somebody_else_wrote_too(draft):
    with context_use(OTHER):
        view = actions.form_draft_change(
            draft.key,
            change=lambda one: edits.field_move(one, "born", by=1),
            what="field_down",
            revision=draft.revision,
            now=NOW,
        )
    for person in (WRITER, OTHER):
        with context_use(person), pytest.raises(PublisherIsWriter):
            actions.form_draft_publish(draft.key, revision=view.revision, reason="x", now=NOW)
    assert FormVersion.objects.count() == 1


def test_a_draft_that_somebody_changed_meanwhile_is_not_overwritten(draft):
    with context_use(OTHER), pytest.raises(FormDraftChanged):
        actions.form_draft_change(draft.key, change=rename, what="x", revision=1, now=NOW)
    with context_use(OTHER), pytest.raises(FormDraftChanged):
        actions.form_draft_publish(draft.key, revision=1, reason="x", now=NOW)
    with context_use(OTHER), pytest.raises(FormDraftChanged):
        actions.form_draft_discard(draft.key, revision=1)
    assert queries.draft_get(draft.key).definition == draft.definition


def test_a_draft_with_faults_is_kept_and_not_published(draft):
    with context_use(WRITER):
        view = actions.form_draft_change(
            draft.key,
            change=lambda one: edits.condition_put(one, 0, when="nobody == 1"),
            what="conditions_put",
            revision=draft.revision,
            now=NOW,
        )
    with context_use(OTHER), pytest.raises(FormInvalid) as caught:
        actions.form_draft_publish(draft.key, revision=view.revision, reason="x", now=NOW)
    assert [each.path for each in caught.value.problems] == ["conditions:0"]
    with context_use(OTHER), pytest.raises(ReasonMissing):
        actions.form_draft_publish(draft.key, revision=view.revision, reason=" ", now=NOW)
    assert FormVersion.objects.count() == 1
    assert queries.draft_get(draft.key).revision == view.revision


def test_a_draft_that_says_what_a_version_says_is_not_published_again(published):
    with context_use(WRITER):
        view = actions.form_draft_open("test.shop", now=NOW)
    with context_use(OTHER), pytest.raises(NothingChanged):
        actions.form_draft_publish("test.shop", revision=view.revision, reason="x", now=NOW)
    assert (FormVersion.objects.count(), FormPublication.objects.count()) == (1, 0)


def test_a_new_form_is_written_from_an_empty_page_and_its_key_is_taken_once(db):
    with context_use(WRITER):
        view = actions.form_draft_new("city.pet", title=text("养犬登记", "Dogs"), now=NOW)
        assert [each.blocks for each in queries.draft_check(view.definition)] == [True]
        add = lambda one: edits.field_add(  # noqa: E731
            one, "dog", kind="string", title=text("犬名", "Dog"), page="main"
        )
        view = actions.form_draft_change(
            "city.pet", change=add, what="field_add", revision=1, now=NOW
        )
        with pytest.raises(FormKeyTaken):
            actions.form_draft_new("city.pet", title=text("养犬登记", "Dogs"), now=NOW)
        for key in ("", "Pet", "a.b.c", "养犬"):
            with pytest.raises(FormKeyInvalid):
                actions.form_draft_new(key, title=text("养犬登记", "Dogs"), now=NOW)
    with context_use(OTHER):
        made = actions.form_draft_publish("city.pet", revision=2, reason="新设", now=NOW)
    assert (made.key, made.number, made.fields) == ("city.pet", 1, ("dog",))


def test_without_the_permission_nothing_is_written_or_published(draft):
    nobody = RequestContext(population="STAFF", account_id=3, name="丙")
    with context_use(nobody), pytest.raises(Forbidden):
        actions.form_draft_change("test.shop", change=rename, what="x", revision=2, now=NOW)
    with context_use(nobody), pytest.raises(Forbidden):
        actions.form_draft_publish("test.shop", revision=2, reason="x", now=NOW)
    assert (FormVersion.objects.count(), queries.draft_get("test.shop").revision) == (1, 2)


def test_open_drafts_that_a_change_touches_are_counted(draft, published):
    with context_use(RequestContext(population="CITIZEN", account_id=7, name="丁")):
        filled = {"name": "店", "born": "2026-01-01"}
        draft_open(
            account_id=7,
            purpose_key="a",
            form_version_id=published.version_id,
            prefill=filled,
            now=NOW,
        )
    with context_use(WRITER):
        actions.form_draft_change(
            draft.key,
            change=lambda one: edits.field_remove(edits.field_remove(one, "born"), "code"),
            what="field_remove",
            revision=draft.revision,
            now=NOW,
        )
    changes = queries.version_changes("test.shop", 1, 0)
    assert queries.draft_effects("test.shop", 1, changes) == (1, {"born": 1, "code": 0})
    assert [(row.key, row.number, row.open_drafts) for row in queries.form_rows_list()] == [
        ("test.shop", 1, 1)
    ]


def test_the_preview_evaluates_as_for_people_and_nothing_of_it_is_an_application(draft):
    with context_use(WRITER):
        view = actions.form_draft_try(
            draft.key, post={"kind": "OTHER", "seats": "多"}, page="place"
        )
    state = queries.preview_state(view.definition, view.trial, registry=False)
    shown = {each.key: each for each in state.page("place").fields}
    assert shown["kind_other"].required
    assert shown["seats"].errors
    assert view.revision == draft.revision


# --- pages ---------------------------------------------------------------------------------------


def staff(name: str, role: str = "SYSTEM_ADMIN"):
    with context_use(context_system("test")):
        department = department_put(
            "11320500014149519N",
            name="数据局",
            name_en="Data bureau",
            function="data",
            level="CITY",
            area_code="320500",
            now=NOW,
        )
        key = account_create(
            name, population="STAFF", name=name, password="粉墙黛瓦 枕河人家 1986", now=NOW
        )
        post = post_put(department, title="岗位", roles=[role], now=NOW)
        post_assign(key, post_id=post, from_date=date(2026, 1, 1), now=NOW)
    return get_user_model().objects.get(pk=key)


def text_of(client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    return response.content.decode()


def test_the_pages_lead_from_a_version_to_the_next_without_scripts(client, published):
    client.force_login(staff("writer"))
    at = HOME + "test.shop/"
    assert "test.shop" in text_of(client, HOME)
    assert client.post(at + "draft/", {"do": "open"}).url == at + "draft/"
    assert 'value="field_up:seats"' in text_of(client, at + "draft/")
    assert client.post(at + "draft/", {"do": "field_up:seats", "revision": 1}).url.endswith(
        "#field-seats"
    )
    added = {
        "do": "field_add:place",
        "revision": 2,
        "new_place_name": "sign",
        "new_place_kind": "string",
    }
    added |= {"new_place_title_zh": "招牌", "new_place_title_en": "Sign"}
    assert client.post(at + "draft/", added).url == at + "draft/fields/sign/"
    field = {"revision": 3, "title_zh": "招牌名称", "title_en": "Name on the sign", "required": "1"}
    assert client.post(at + "draft/fields/sign/", {**field, "maxLength": "多"}).status_code == 422
    assert client.post(at + "draft/fields/sign/", {**field, "maxLength": "40"}).status_code == 302
    rule = {"revision": 4, "when": "kind == 'MEAL'", "show": ["sign"]}
    assert client.post(at + "draft/rules/conditions/new/", rule).status_code == 302
    page = {"revision": 5, "title_zh": "店铺", "title_en": "Shop"}
    assert client.post(at + "draft/pages/place/", page).status_code == 302
    assert client.post(at + "draft/form/", {**page, "revision": 6}).status_code == 302
    definition = queries.draft_get("test.shop").definition
    assert definition["schema"]["properties"]["sign"] == {"type": "string", "maxLength": 40}
    assert definition["conditions"][-1] == {"when": "kind == 'MEAL'", "show": ["sign"]}
    stale = client.post(at + "draft/", {"do": "field_remove:sign", "revision": 2})
    assert stale.status_code == 302
    assert "sign" in queries.draft_get("test.shop").definition["schema"]["properties"]
    assert "招牌名称" in text_of(client, at + "compare/?before=1&after=0")
    assert client.post(at + "draft/publish/", {"revision": 7, "reason": "x"}).status_code == 403
    client.force_login(staff("publisher", "DATA_STEWARD"))
    assert 'name="reason"' in text_of(client, at + "draft/publish/")
    assert client.post(at + "draft/publish/", {"revision": 7, "reason": ""}).status_code == 422
    assert client.post(at + "draft/publish/", {"revision": 7, "reason": "加招牌"}).url == at
    assert "加招牌" in text_of(client, at)
    assert FormVersion.objects.count() == 2


def test_the_file_of_a_version_is_brought_in_again_as_the_draft(client, published):
    client.force_login(staff("writer"))
    at = HOME + "test.shop/"
    content = client.get(at + "file.yaml?version=1").content
    assert form_read(content.decode()) == shop()
    changed = form_write(rename(shop())).encode()
    sent = {"file": SimpleUploadedFile("a.yaml", changed)}
    assert client.post(at + "draft/upload/", sent).url == at + "draft/"
    assert queries.draft_get("test.shop").definition["title"]["zh"] == "开店申请"
    for bad in (b"a: [", b"- 1", b"\xff"):
        answer = client.post(at + "draft/upload/", {"file": SimpleUploadedFile("a.yaml", bad)})
        assert answer.url == at
    assert queries.draft_get("test.shop").definition["title"]["zh"] == "开店申请"
    new = {"key": "city.shop", "title_zh": "店", "title_en": "Shop"}
    made = client.post(HOME + "new/", {**new, "file": SimpleUploadedFile("a.yaml", changed)})
    assert made.url == HOME + "city.shop/draft/"
    assert client.post(HOME + "new/", new).status_code == 422


def test_the_preview_stands_in_a_frame_of_our_own_pages_only(client, draft):
    client.force_login(staff("writer"))
    at = HOME + "test.shop/preview/frame/"
    assert "form-phone" in text_of(client, HOME + "test.shop/preview/")
    answer = client.get(at)
    assert "frame-ancestors 'self'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'none'" in client.get(HOME)["Content-Security-Policy"]
    sent = {"_fields": "seats kind", "seats": "0", "kind": "MEAL", "go": "next"}
    assert client.post(at + "?page=place", sent).status_code == 422
    right = client.post(at + "?page=place", {**sent, "seats": "9", "name": "店"})
    assert right.status_code in (302, 422)
    assert queries.draft_get("test.shop").trial["seats"] == 9
    assert client.post(HOME + "test.shop/preview/").status_code == 302
    assert queries.draft_get("test.shop").trial == {}
    assert text_of(client, at + "?version=1&page=place")
    text_of(client, at + "?version=9", 404)


def test_who_may_only_look_changes_nothing(client, draft):
    client.force_login(staff("reader", "REVIEWER"))
    at = HOME + "test.shop/"
    assert "field_up" not in text_of(client, at)
    text_of(client, at + "draft/", 403)
    text_of(client, at + "draft/publish/", 403)
    client.post(at + "preview/frame/?page=place", {"_fields": "seats", "seats": "9"})
    assert queries.draft_get("test.shop").trial == {}
