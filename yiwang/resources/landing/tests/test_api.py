"""The API and the command: rows or files in, once, with everything that became of them."""

import io
import json

import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue.tests.test_pages import world
from yiwang.resources.landing import actions, commands
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.tests.conftest import FIELDS, HEAD, NOW, ROWS, feed_rows
from yiwang.resources.landing.tests.test_pages import sent
from yiwang.resources.quality.models import QualityException

__all__ = ["sent", "world"]
pytestmark = pytest.mark.django_db
API = "/api/v1/resources/landing/"
ROW = {
    "number": "J1",
    "name": "甲",
    "id_number": None,
    "sex": "1",
    "registered_date": None,
    "amount": 5,
}


def send(client, resource, rows, **headers):
    return client.post(
        f"{API}{resource.code.replace('/', '-')}/batches/", json.dumps({"rows": rows}),
        content_type="application/json", headers=headers,
    )  # fmt: skip


def test_rows_are_sent_processed_and_looked_up(world, sent):
    response = send(world.steward, sent, [ROW, ROW | {"number": "J2", "sex": "男"}])
    assert response.status_code == 202
    made = response.json()
    assert (made["state"], made["number"], made["repeated"]) == ("RECEIVED", 1, False)
    with context_use(context_system("test")):
        actions.batch_process(made["id"], now=NOW)
    found = world.steward.get(response.headers["Location"]).json()
    assert (found["state"], found["counts"]["accepted"], found["refused"]) == ("LANDED", 2, [])
    assert found["repairs"]["CODE"]["count"] == 1
    assert feed_rows(sent.code, "number") == ["J1", "J2"]
    listed = world.steward.get(f"{API}{sent.code.replace('/', '-')}/batches/").json()
    assert [one["id"] for one in listed["items"]] == [made["id"]]


def test_the_same_content_or_key_gives_the_same_batch(world, sent):
    first = send(world.steward, sent, [ROW], **{"Idempotency-Key": "a1"})
    again = send(world.steward, sent, [ROW])
    keyed = send(world.steward, sent, [ROW | {"name": "乙"}], **{"Idempotency-Key": "a1"})
    assert (again.status_code, keyed.status_code) == (200, 200)
    assert first.json()["id"] == again.json()["id"] == keyed.json()["id"]
    assert again.json()["repeated"] is True
    assert Batch.objects.count() == 1


def test_a_file_is_sent(world, sent):
    file = io.BytesIO((HEAD + ROWS).encode("gb18030"))
    file.name = "a.csv"
    address = f"{API}{sent.code.replace('/', '-')}/batches/"
    response = world.steward.post(address, {"file": file, "mode": "FULL"})
    assert (response.status_code, response.json()["mode"]) == (202, "FULL")


@pytest.mark.parametrize("body", ["", "{", "[]", '{"rows": []}', '{"rows": 3}', "[" * 100_000])
def test_what_is_no_batch_is_refused(world, sent, body):
    address = f"{API}{sent.code.replace('/', '-')}/batches/"
    response = world.steward.post(address, body, content_type="application/json")
    assert response.status_code == 422
    assert not Batch.objects.exists()


def test_others_may_not_send(world, sent):
    assert send(world.client("STAFF"), sent, [ROW]).status_code == 403
    assert send(world.client("CITIZEN"), sent, [ROW]).status_code == 403
    assert send(world.client("ANONYMOUS"), sent, [ROW]).status_code == 401
    assert world.steward.get(f"{API}999-1/batches/").status_code == 404
    assert world.steward.get(f"{API}batches/99/").status_code == 404
    assert not Batch.objects.exists()


def test_the_command_lands_and_tells_everything(resource, tmp_path):
    said = []
    path = tmp_path / "数据.csv"
    path.write_text(HEAD + ROWS + "A4,丁,,男,2024/1/5,1\nA4,丁,,男,2024/1/5,1\nA5,戊,,1,坏,1\n")
    assert commands.file_land(str(path), resource=resource.code, echo=said.append) == 0
    assert said == [
        "batch 1  landed  rows 6  accepted 4  rejected 1  exact duplicates 1  known 0  superseding 0",
        "  rejected 1: 登记日期不是有效日期（如 2024-01-05）",
        "  repaired 2: Name replaced by its code, as sex '男' to '1'",
        "  repaired 2: Date written as year-month-day, as registered_date '2024/1/5' to '2024-01-05'",
    ]
    said.clear()
    assert (
        commands.file_land(str(path), resource=resource.code, as_json=True, echo=said.append) == 0
    )
    facts = json.loads(said[0])
    assert (facts["repeated"], facts["rows"], facts["duplicates"]) == (True, 6, 1)
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    said.clear()
    assert commands.file_land(str(bad), resource=resource.code, echo=said.append) == 1
    assert "前 30 行中没有找到表头" in said[-1]


def test_a_bad_row_opens_an_exception_that_a_corrected_one_closes(land, resource):
    many = "".join(f"B{n},张三,,1,2024-01-01,1\n" for n in range(20))
    land(HEAD + many + "C1,李四,,1,坏,1\n")
    opened = QualityException.objects.get()
    assert (opened.rule, opened.rows_open, opened.state) == ("type:registered_date", 1, "OPEN")
    land(HEAD + "C1,李四,,1,2024-05-01,1\n")
    opened.refresh_from_db()
    assert (opened.state, opened.ending) == ("CLOSED", "PROVED")


def test_a_correction_of_single_rows_is_a_batch_of_its_own(land, resource):
    from yiwang.resources.landing.actions.receiving import rows_fix

    land(HEAD + ROWS)
    whole = dict.fromkeys((one.name for one in FIELDS), "") | {
        "number": "A2",
        "name": "顾明",
        "sex": "1",
    }
    with context_use(context_system("test")):
        number = rows_fix(resource.id, [whole], reason="异常 1 号", now=NOW)
        batch = actions.batch_process(Batch.objects.get(number=number).pk, now=NOW)
    assert (batch.source, batch.state, batch.counts.superseding) == ("FIX", "LANDED", 1)
    assert dict(feed_rows(resource.code, "number", "name"))["A2"] == "顾明"
