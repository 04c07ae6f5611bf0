"""The designer: drafts are never lost or overwritten, only what is sound is published."""

import json
from datetime import UTC, date, datetime

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from yiwang.engines.designer import actions, queries
from yiwang.engines.designer.data import (
    DraftChanged,
    NoteMissing,
    ProcessKeyInvalid,
    ProcessKeyTaken,
    ProcessUnknown,
    PublisherIsWriter,
)
from yiwang.engines.designer.models import ProcessDraft, ProcessPublication
from yiwang.engines.workflow.data import ProcessInvalid
from yiwang.engines.workflow.interchange.canonical import Model, model_equal
from yiwang.engines.workflow.interchange.difference import changes_find
from yiwang.engines.workflow.models import ProcessVersion
from yiwang.engines.workflow.tests.models_of_processes import chain, flow, process, user
from yiwang.engines.workflow.tests.models_of_processes import start_process as begin
from yiwang.identity.api import account_create, department_put, post_assign, post_put
from yiwang.kernel.api import RequestContext, context_system, context_use
from yiwang.sdk.errors import Forbidden

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'
SOUND = process(START, user("t"), END, *chain("s", "t", "e"))
STUCK = process(
    START,
    '<exclusiveGateway id="x" default="x__a"/>',
    user("a"),
    user("b"),
    '<parallelGateway id="j"/>',
    END,
    *chain("s", "x", "a", "j", "e"),
    flow("x", "b", "fee > 1"),
    *chain("b", "j"),
)
TITLE = {"zh": "开店", "en": "Open a shop"}
HOME = "/engines/designer/"


@pytest.fixture
def system():
    with context_use(context_system("test")):
        yield


@pytest.fixture
def draft(system):
    return actions.process_draft_new("city.shop", title=TITLE, xml=SOUND, now=NOW)


def staff(role: str):
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
            role.lower(),
            population="STAFF",
            name="丁某",
            password="粉墙黛瓦 枕河人家 1986",
            now=NOW,
        )
        post = post_put(department, title="岗位", roles=[role], now=NOW)
        post_assign(key, post_id=post, from_date=date(2026, 1, 1), now=NOW)
    return get_user_model().objects.get(pk=key)


@pytest.fixture
def designer(client, db):
    client.force_login(staff("SYSTEM_ADMIN"))
    return client


def test_a_process_is_drafted_saved_and_published_and_runs_on_its_version(draft):
    assert (draft.base_number, draft.revision) == (0, 1)
    assert model_equal(SOUND, draft.xml) is False  # a drawing was added
    assert "BPMNShape" in draft.xml
    saved = actions.process_draft_save(
        "city.shop", xml=SOUND.replace('name="t"', 'name="审批"'), revision=1, now=NOW
    )
    assert saved.revision == 2
    view = actions.process_draft_publish("city.shop", revision=2, note="首版", now=NOW)
    assert (view.number, view.title) == (1, TITLE)
    assert not ProcessDraft.objects.exists()
    assert ProcessPublication.objects.get().note == "首版"
    again = actions.process_draft_open("city.shop", now=NOW)
    assert (again.base_number, again.xml) == (1, queries.version_xml("city.shop", 1))
    assert actions.process_draft_open("city.shop", now=NOW) == again


def test_a_draft_that_somebody_saved_meanwhile_is_not_overwritten(draft):
    actions.process_draft_save("city.shop", xml=SOUND, revision=1, now=NOW)
    kept = queries.draft_get("city.shop")
    with pytest.raises(DraftChanged):
        actions.process_draft_save("city.shop", xml=STUCK, revision=1, now=NOW)
    with pytest.raises(DraftChanged):
        actions.process_draft_publish("city.shop", revision=1, note="x", now=NOW)
    with pytest.raises(DraftChanged):
        actions.process_draft_discard("city.shop", revision=1)
    assert queries.draft_get("city.shop") == kept
    assert not ProcessVersion.objects.exists()


def test_an_unsound_draft_is_kept_and_not_published(draft):
    actions.process_draft_save("city.shop", xml=STUCK, revision=1, now=NOW)
    with pytest.raises(ProcessInvalid) as caught:
        actions.process_draft_publish("city.shop", revision=2, note="x", now=NOW)
    assert "This join can wait for ever" in str(caught.value)
    assert queries.draft_get("city.shop").revision == 2
    assert not ProcessVersion.objects.exists()
    with pytest.raises(NoteMissing):
        actions.process_draft_publish("city.shop", revision=2, note=" ", now=NOW)


def test_what_cannot_be_read_is_refused_and_the_draft_stays(draft):
    with pytest.raises(ProcessInvalid):
        actions.process_draft_save("city.shop", xml="<definitions", revision=1, now=NOW)
    assert queries.draft_get("city.shop") == draft


@pytest.mark.parametrize("key", ["", "City", "a.b.c", "1shop", "开店", "a/b"])
def test_keys_that_are_none_are_refused(system, key):
    with pytest.raises(ProcessKeyInvalid):
        actions.process_draft_new(key, title=TITLE, now=NOW)
    assert not ProcessDraft.objects.exists()


def test_a_key_is_taken_once(draft):
    with pytest.raises(ProcessKeyTaken):
        actions.process_draft_new("city.shop", title=TITLE, now=NOW)
    actions.process_draft_publish("city.shop", revision=1, note="x", now=NOW)
    with pytest.raises(ProcessKeyTaken):
        actions.process_draft_new("city.shop", title=TITLE, now=NOW)
    with pytest.raises(ProcessUnknown):
        queries.draft_get("city.shop")


def test_without_the_permission_nothing_is_drafted(db):
    reviewer = RequestContext(population="STAFF", account_id=1, roles=frozenset({"REVIEWER"}))
    with context_use(reviewer), pytest.raises(Forbidden):
        actions.process_draft_new("city.shop", title=TITLE, now=NOW)
    assert not ProcessDraft.objects.exists()


def test_changes_are_told_element_by_element():
    before = process(START, user("t"), user("u"), END, *chain("s", "t", "u", "e"))
    after = process(
        START,
        user("t", role="REVIEWER").replace('name="t"', 'name="审查"'),
        '<exclusiveGateway id="x" default="x__e"/>',
        END,
        *chain("s", "t", "x", "e"),
        flow("x", "t", "fee > 1"),
    )
    found = changes_find(Model.read(before), Model.read(after))
    told = [(one.kind, one.id, [(a.key, a.before, a.after) for a in one.aspects]) for one in found]
    assert told == [
        ("ADDED", "x", []),
        ("ADDED", "t__x", []),
        ("ADDED", "x__e", []),
        ("ADDED", "x__t", []),
        ("REMOVED", "u", []),
        ("REMOVED", "t__u", []),
        ("REMOVED", "u__e", []),
        ("CHANGED", "t", [("name", "t", "审查"), ("yw:role", "APPROVER", "REVIEWER")]),
    ]
    assert changes_find(Model.read(before), Model.read(before)) == []


def test_an_element_that_only_moved_has_not_changed(draft):
    moved = draft.xml.replace('x="72"', 'x="75"')
    assert moved != draft.xml
    kinds = {one.kind for one in changes_find(Model.read(draft.xml), Model.read(moved))}
    assert kinds == {"MOVED"}


def text_of(client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def test_the_pages_lead_from_a_file_to_a_published_version(designer):
    sent = SimpleUploadedFile("a.bpmn", SOUND.encode())
    posted = {"key": "city.shop", "title_zh": "开店", "file": sent}
    assert designer.post(HOME + "new/", posted).url == HOME + "city.shop/draft/"
    assert "designer.js" in text_of(designer, HOME + "city.shop/draft/")
    answer = designer.post(HOME + "city.shop/draft/save/", {"xml": STUCK, "revision": "1"})
    said = json.loads(answer.content)
    assert (said["revision"], said["report"]["state"]) == (2, "unsound")
    assert [one["element"] for one in said["report"]["problems"]] == ["j"]
    assert not said["report"]["publishable"]
    answer = designer.post(HOME + "city.shop/draft/save/", {"xml": SOUND, "revision": "1"})
    assert answer.status_code == 409
    answer = designer.post(HOME + "city.shop/draft/save/", {"xml": "<a", "revision": "2"})
    assert answer.status_code == 422
    designer.post(
        HOME + "city.shop/draft/upload/", {"file": SimpleUploadedFile("b", SOUND.encode())}
    )
    assert "您编写了此版本" in text_of(designer, HOME + "city.shop/draft/publish/")
    posted = {"revision": "3", "note": ""}
    assert designer.post(HOME + "city.shop/draft/publish/", posted).status_code == 422
    posted["note"] = "首版"
    own = designer.post(HOME + "city.shop/draft/publish/", posted)
    assert own.status_code == 422
    assert not ProcessVersion.objects.exists()
    publisher = Client()
    publisher.force_login(staff("SECURITY_ADMIN"))
    assert "<textarea" in text_of(publisher, HOME + "city.shop/draft/publish/")
    assert publisher.post(HOME + "city.shop/draft/publish/", posted).url == HOME + "city.shop/"
    page = text_of(designer, HOME + "city.shop/")
    assert "首版" in page
    assert "开店" in text_of(designer, HOME)
    file = designer.get(HOME + "city.shop/file.bpmn?version=1")
    assert file["Content-Disposition"] == 'attachment; filename="city.shop-v1.bpmn"'
    assert model_equal(file.content, queries.version_xml("city.shop", 1))


def test_nobody_who_drew_a_version_publishes_it(db):
    def person(key):
        return context_use(
            RequestContext(
                population="STAFF",
                account_id=key,
                name=f"人{key}",
                permissions=frozenset({"engines.designer.design", "engines.workflow.publish"}),
            )
        )

    with person(1):
        actions.process_draft_new("city.shop", title=TITLE, xml=SOUND, now=NOW)
    with person(2):
        actions.process_draft_save("city.shop", xml=SOUND, revision=1, now=NOW)
    for key in (1, 2):
        with person(key), pytest.raises(PublisherIsWriter):
            actions.process_draft_publish("city.shop", revision=2, note="x", now=NOW)
    assert ProcessDraft.objects.exists()
    assert not ProcessVersion.objects.exists()
    with person(3):
        actions.process_draft_publish("city.shop", revision=2, note="x", now=NOW)
    made = ProcessPublication.objects.get()
    assert (made.written_by_name, made.published_by_name) == ("人2", "人3")


def test_two_versions_are_compared_in_words_and_marks(designer, draft):
    actions.process_draft_publish("city.shop", revision=1, note="x", now=NOW)
    actions.process_draft_open("city.shop", now=NOW)
    changed = SOUND.replace('yw:outcomes="DONE"', 'yw:outcomes="YES,NO"')
    actions.process_draft_save("city.shop", xml=changed, revision=1, now=NOW)
    page = text_of(designer, HOME + "city.shop/compare/?before=1&after=0")
    assert "<del>DONE</del>" in page
    assert "<ins>YES,NO</ins>" in page
    assert "&#34;t&#34;: &#34;changed&#34;" in page
    assert designer.get(HOME + "city.shop/compare/?before=9&after=0").status_code == 404


def test_instances_are_listed_and_shown_where_they_stand(designer):
    instance_id = begin(SOUND)
    key = ProcessVersion.objects.get().process.key
    assert "0001" in text_of(designer, f"{HOME}{key}/instances/")
    page = text_of(designer, f"{HOME}{key}/instances/{instance_id}/")
    assert "data-active" in page
    assert "产生待办" in page
    assert designer.get(f"{HOME}{key}x/instances/{instance_id}/").status_code == 404


def test_who_may_read_does_not_draw(client, draft):
    client.force_login(staff("REVIEWER"))
    assert "开店" in text_of(client, HOME)
    assert client.get(HOME + "city.shop/draft/").status_code == 403
    assert client.get(HOME + "city.shop/instances/").status_code == 403
    answer = client.post(HOME + "city.shop/draft/save/", {"xml": STUCK, "revision": "1"})
    assert answer.status_code == 403
    assert queries.draft_get("city.shop") == draft
