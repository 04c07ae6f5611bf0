"""What happened to a case is linked, sealed by the day, published; its holder proves it, and nothing of another case."""

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.receipts import histories
from yiwang.hall.receipts.actions import submission_keep
from yiwang.hall.receipts.errors import ReceiptNotFound
from yiwang.hall.receipts.models import HistoryDay, HistoryLeaf
from yiwang.hall.receipts.tests.conftest import append_only_lifted
from yiwang.kernel.api import RequestContext, context_system, context_use
from yiwang.sdk.history_proofs import leaf_make, path_root, proof_verify, tree_path, tree_root

DAY = timedelta(days=1)
MORNING = datetime(2026, 11, 18, 2, tzinfo=UTC)
SYSTEM = context_system("test")
HOLDER = RequestContext(population="CITIZEN", account_id=11, subject_ref="person:P1", purpose="x")
Event, Instance, Model, Version = (
    apps.get_model("engines_workflow", name)
    for name in ("HistoryEvent", "ProcessInstance", "ProcessModel", "ProcessVersion")
)


@given(st.lists(st.text("0123456789abcdef", min_size=4, max_size=4), min_size=1, max_size=20))
def test_every_leaf_finds_the_root_and_no_other_leaf_does(leaves):
    root = tree_root(leaves)
    for place, leaf in enumerate(leaves):
        path = tree_path(leaves, place)
        assert path_root(leaf, path) == root
        if len(leaves) > 1:
            assert path_root(leaf_make("n", "k", leaf), path) != root


@pytest.fixture
def city(db):
    """Three cases: A1 moves on two days, A2 on the first, A3 today."""
    version = Version.objects.create(
        process=Model.objects.create(key="test.h"), number=1, digest="h", xml=""
    )
    made = {}
    for number in ("A1", "A2", "A3"):
        made[number] = Instance.objects.create(
            version=version, business_key=f"application:{number}", started_at=MORNING
        )
        with context_use(SYSTEM):
            submission_keep(
                number, title={"zh": "某事"}, content={"number": number}, holder_ref="person:P1"
                if number == "A1" else "person:P2", now=MORNING,
            )  # fmt: skip

    def happens(number, seq, at, kind):
        Event.objects.create(
            instance=made[number], seq=seq, at=at, kind=kind, node_id="accept",
            actor_name="沈办事", detail={"comment": f"{kind} 张三"},
        )  # fmt: skip

    happens("A1", 1, MORNING, "STARTED")
    happens("A2", 1, MORNING, "STARTED")
    happens("A1", 2, MORNING + timedelta(hours=1), "OPENED")
    happens("A1", 3, MORNING + DAY, "COMPLETED")
    happens("A3", 1, MORNING + 2 * DAY, "STARTED")
    return happens


def proof_of(number="A1"):
    with context_use(HOLDER):
        return histories.history_proof(number)


def seal(now=MORNING + 2 * DAY):
    return histories.histories_seal(now=now)


def test_days_that_are_over_are_sealed_once_and_chained(city):
    assert seal() == 2
    assert seal() == 0
    first, second = HistoryDay.objects.order_by("day")
    assert [(one.count, one.events) for one in (first, second)] == [(2, 3), (1, 1)]
    assert second.before == first.link
    assert histories.histories_check() == []


def test_the_holder_proves_the_history_and_learns_nothing_of_another_case(city):
    seal()
    proof = proof_of()
    result = proof_verify(proof, roots=histories.published_links())
    assert (result.is_right, result.is_published, result.events, result.pending) == (
        True, True, 3, 0,
    )  # fmt: skip
    text = json.dumps(proof, ensure_ascii=False)
    assert all(word not in text for word in ("A2", "A3", "张三", "沈办事"))
    with context_use(HOLDER), pytest.raises(ReceiptNotFound):
        histories.history_proof("A2")


def test_what_happened_after_the_last_day_is_said_to_be_pending(city):
    seal()
    city("A1", 4, MORNING + 2 * DAY, "REOPENED")
    result = proof_verify(proof_of(), roots=histories.published_links())
    assert (result.is_right, result.events, result.pending) == (True, 4, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: proof["events"][1].update(at="2026-11-17T00:00:00.000000Z"),
        lambda proof: proof["events"].pop(0),
        lambda proof: proof["events"].reverse(),
        lambda proof: proof["anchors"][0].update(nonce="0" * 32),
        lambda proof: proof["anchors"][0]["path"].clear(),
        lambda proof: proof["anchors"].reverse(),
        lambda proof: proof.update(key="application:A2"),
        lambda proof: proof.update(events=None),
        lambda proof: proof.update(format="other/1"),
    ],
)
def test_a_file_that_was_changed_is_noticed(city, change):
    seal()
    proof = copy.deepcopy(proof_of())
    change(proof)
    assert not proof_verify(proof, roots=histories.published_links()).is_right


def test_a_file_that_agrees_with_itself_but_not_with_what_was_published_is_noticed(city):
    seal()
    links = dict.fromkeys(histories.published_links(), "0" * 64)
    result = proof_verify(proof_of(), roots=links)
    assert (result.is_right, result.is_published, len(result.problems)) == (False, False, 2)
    assert proof_verify(proof_of()).is_right
    assert not proof_verify(proof_of()).is_published


def test_an_event_rewritten_behind_the_chain_is_found_by_working_the_days_out_anew(city):
    seal()
    with append_only_lifted():
        Event.objects.filter(instance__business_key="application:A1", seq=2).update(kind="SKIPPED")
    assert histories.histories_check() == ["2026-11-18", "2026-11-19"]
    assert not proof_verify(proof_of(), roots=histories.published_links()).is_right


def test_days_and_leaves_are_only_ever_added(city):
    seal()
    for rows in (HistoryDay.objects, HistoryLeaf.objects):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.all().delete()


@pytest.mark.pages
def test_anybody_checks_the_file_on_the_public_page_and_reads_the_roots(city, client):
    from django.core.files.uploadedfile import SimpleUploadedFile

    seal()
    links = client.get("/hall/receipts/roots.json").json()
    assert links == histories.published_links()
    proof = proof_of()

    def shown(content):
        file = SimpleUploadedFile("h.json", json.dumps(content).encode())
        return client.post("/hall/receipts/verify/", {"file": file}).content.decode()

    assert "2026-11-18、2026-11-19" in shown(proof)
    proof["events"].pop()
    assert "2026-11-19" in shown(proof)
    assert "历程已核实" not in shown(proof)
