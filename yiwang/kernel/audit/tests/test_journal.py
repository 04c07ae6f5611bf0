"""Reads are audited beside the database, and moved into it exactly once."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection, transaction

from yiwang.kernel.audit import journal
from yiwang.kernel.audit.actions import audit_read_record
from yiwang.kernel.audit.context import RequestContext, context_use
from yiwang.kernel.audit.journal import journal_close, reads_move
from yiwang.kernel.audit.models import AuditEvent, AuditJournal
from yiwang.kernel.audit.queries import data_access_list

pytestmark = pytest.mark.skipif(
    "postgresql" in os.environ.get("YIWANG_DATABASE", ""), reason="SQLite has one writer"
)
CLERK = RequestContext(
    population="STAFF",
    account_id=7,
    name="李芳",
    post_title="审查",
    department_name="民政局",
    purpose="办理老年人优待证",
)
WRITER = """
import os, signal, sys
from pathlib import Path
from yiwang.kernel.audit.journal import JournalWriter
writer = JournalWriter(Path(sys.argv[1]))
for number in range(40):
    writer.put(sys.argv[2].encode().replace(b"NUMBER", str(number).encode()) + b"\\n")
    print(number, flush=True)
    if number == 25:
        os.kill(os.getpid(), signal.SIGKILL)
"""
LINE = (
    '["2026-11-22T01:00:00+00:00","registries.read","STAFF",7,"李芳","审查",null,"","核实","WEB","",'
    '"person:PNUMBER","PNUMBER","DONE",{"fields":["name"]}]'
)


@pytest.fixture
def beside(settings, tmp_path):
    journal_close()
    settings.AUDIT_READS_BESIDE, settings.DATA_DIR = True, tmp_path
    yield tmp_path / "audit"
    journal_close()


def _read(*refs: str) -> None:
    with context_use(CLERK):
        for ref in refs:
            audit_read_record(
                f"person:{ref}", act="registries.read", person_ref=ref, detail={"fields": ["name"]}
            )


def _refs() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("person_ref", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_read_is_on_the_disk_first_and_moved_once(beside):
    _read("P1", "P2")
    assert AuditEvent.objects.count() == 0
    assert (reads_move(), reads_move()) == (2, 0)
    row = AuditEvent.objects.get(person_ref="P2")
    assert (row.act, row.population, row.account_id, row.actor_name, row.post_title) == (
        "registries.read",
        "STAFF",
        7,
        "李芳",
        "审查",
    )
    assert (row.purpose, row.subject, row.outcome) == ("办理老年人优待证", "person:P2", "DONE")
    assert row.detail == {"fields": ["name"]}
    _read("P3")
    assert (reads_move(), _refs()) == (1, ["P1", "P2", "P3"])


@pytest.mark.django_db(transaction=True)
def test_the_person_sees_a_read_at_once(beside):
    _read("P1")
    [seen] = data_access_list("P1").rows
    assert (seen.department_name, seen.post_title, seen.fields) == ("民政局", "审查", ("name",))


@pytest.mark.django_db(transaction=True)
def test_a_file_goes_when_its_process_has_gone_on(beside, monkeypatch):
    monkeypatch.setattr(journal, "FILE_BYTES", 700)
    _read(*(f"P{number}" for number in range(9)))
    files = sorted(path.name for path in beside.iterdir())
    assert len(files) > 2
    assert reads_move() == 9
    assert [path.name for path in beside.iterdir()] == files[-1:]
    assert [row.name for row in AuditJournal.objects.all()] == files[-1:]
    journal_close()
    assert reads_move() == 0
    assert list(beside.iterdir()) == []
    assert _refs() == [f"P{number}" for number in range(9)]


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_process_had_acknowledged_is_moved(beside):
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{WRITER}", f"{beside}", LINE],
        capture_output=True,
        check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "yiwang.config.settings"},
        cwd=Path(__file__).parents[4],
        text=True,
    )
    assert done.stdout.split() == [f"{number}" for number in range(26)]
    assert reads_move() == 26
    assert _refs() == [f"P{number}" for number in range(26)]
    assert list(beside.iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_threads_that_read_at_the_same_time_lose_nothing(beside):
    threads = [
        Thread(target=lambda n=n: (_read(*(f"P{n}-{i}" for i in range(20))), connection.close()))
        for n in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reads_move() == 100
    assert len(set(_refs())) == 100


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_a_read_goes_with_it_and_nothing_is_moved(beside):
    _read("P1")
    with transaction.atomic():
        _read("P2")
        assert reads_move() == 0
        assert _refs() == ["P2"]
        transaction.set_rollback(True)
    assert _refs() == []
    assert (reads_move(), _refs()) == (1, ["P1"])


@pytest.mark.django_db(transaction=True)
def test_an_unfinished_line_is_left_out(beside):
    _read("P1")
    [path] = beside.iterdir()
    with path.open("r+b") as file:
        end = file.read().index(b"\0")
        file.seek(end)
        file.write(b'["2026-\n')
    assert (reads_move(), _refs()) == (1, ["P1"])
