"""What goes wrong with a delivery is a state on the desk that says what to do, and nothing is lost."""

import errno
import json
import resource as machine
import threading

import pytest
from django.db import connections

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue.tests.test_pages import page, world
from yiwang.resources.landing import actions, commands, pipeline
from yiwang.resources.landing.actions import processing
from yiwang.resources.landing.models import Batch
from yiwang.resources.landing.queries import feed_files
from yiwang.resources.landing.reading import opening
from yiwang.resources.landing.tests.conftest import HEAD, NOW, ROWS, feed_rows
from yiwang.resources.landing.tests.test_pages import HOME, run, sent, upload

__all__ = ["sent", "world"]
pytestmark = pytest.mark.django_db
FULL = OSError(errno.ENOSPC, "No space left on device")


def raising(error):
    def instead(*_args, **_kwargs):
        raise error

    return instead


def desk(world, batch_id):
    """Read a batch's page as a clerk does, in Chinese and in English."""
    address = f"{HOME}batches/{batch_id}/"
    return page(world.steward, address), page(world.steward, address, language="en")


def in_force(resource):
    return [(path.name, path.read_bytes()) for path in feed_files(resource.code)]


@pytest.fixture
def landed(world, sent):
    """Land three rows by the page; what is in force must not change under what follows."""
    upload(world.steward, sent, HEAD + ROWS)
    assert run(Batch.objects.get().pk).state == "LANDED"
    return in_force(sent)


def test_a_disk_that_is_full_at_the_door_takes_nothing_and_says_so(
    world, sent, landed, data_dir, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr("yiwang.resources.landing.storing.os.fsync", raising(FULL))
        text = upload(world.steward, sent, HEAD + "B1,张三,,1,2024-01-01,1\n").content.decode()
    assert "磁盘空间不足，无法保存该文件，本次报送未接收任何内容" in text
    assert Batch.objects.count() == 1
    assert list((data_dir / "landing" / "incoming").iterdir()) == []
    assert in_force(sent) == landed
    upload(world.steward, sent, HEAD + "B1,张三,,1,2024-01-01,1\n")
    assert run(Batch.objects.latest("pk").pk).state == "LANDED"


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (opening, "table_copy"),
        (pipeline, "table_copy"),
        (processing, "faults_keep"),
        (processing, "force"),
        (processing, "batch_judge"),
    ],
)
def test_a_disk_that_fills_up_while_a_batch_is_worked_on_keeps_the_original(
    world, sent, landed, monkeypatch, where, name
):
    upload(world.steward, sent, HEAD + "B1,张三,,1,2024-01-01,1\n")
    batch = Batch.objects.latest("pk")
    with monkeypatch.context() as patch:
        patch.setattr(where, name, raising(FULL))
        assert run(batch.pk).state == "FAILED"
    chinese, english = desk(world, batch.pk)
    assert "磁盘已满。原件已保留，腾出空间后请重试。" in chinese
    assert "The disk is full. The original is kept; try again when there is room." in english
    assert in_force(sent) == landed
    with context_use(context_system("test")):
        actions.batch_retry(batch.pk, now=NOW, run=False)
    assert run(batch.pk).state == "LANDED"
    assert feed_rows(sent.code, "number") == ["A1", "A2", "A3", "B1"]


@pytest.mark.parametrize("kind", ["engine", "python"])
def test_a_limit_of_memory_that_does_not_do_is_told_with_what_to_do(
    world, sent, landed, monkeypatch, kind
):
    import duckdb

    error = {"engine": duckdb.OutOfMemoryException("could not allocate"), "python": MemoryError()}
    upload(world.steward, sent, HEAD + "B1,张三,,1,2024-01-01,1\n")
    batch = Batch.objects.latest("pk")
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "_prepare", raising(error[kind]))
        assert run(batch.pk).problem == "MEMORY"
    chinese, english = desk(world, batch.pk)
    assert "单个批次可用的内存不足。原件已保留，请拆分后分批报送" in chinese
    assert "The memory that one batch may take was not enough. The original is kept" in english
    assert in_force(sent) == landed
    with context_use(context_system("test")):
        actions.batch_retry(batch.pk, now=NOW, run=False)
    assert run(batch.pk).state == "LANDED"


def test_a_truncated_parquet_file_is_named_as_one(world, sent, landed, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = HEAD.strip().split(",")
    pq.write_table(pa.table({name: ["1"] for name in names}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    upload(world.steward, sent, whole[: len(whole) // 2], name="a.parquet")
    batch = Batch.objects.latest("pk")
    assert (run(batch.pk).state, Batch.objects.get(pk=batch.pk).problem) == ("FAILED", "BROKEN")
    chinese, english = desk(world, batch.pk)
    assert "文件已损坏或没有传完" in chinese
    assert "Export it again and send it again." in english
    assert in_force(sent) == landed


@pytest.mark.heavy
def test_half_a_gigabyte_on_one_line_is_refused_by_the_command_without_its_memory(
    world, sent, landed, tmp_path
):
    path, said = tmp_path / "一行.csv", []
    with path.open("wb") as file:
        file.write(HEAD.encode() + b"A1,")
        for _megabyte in range(500):
            file.write(b"x" * 1024 * 1024)
    before = machine.getrusage(machine.RUSAGE_SELF).ru_maxrss
    assert commands.file_land(str(path), resource=sent.code, as_json=True, echo=said.append) == 1
    facts = json.loads(said[-1])
    assert (facts["state"], facts["problem"]) == ("FAILED", "LINE_TOO_LONG")
    assert machine.getrusage(machine.RUSAGE_SELF).ru_maxrss - before < 60_000
    assert "第 2 行超过 1 MB" in desk(world, Batch.objects.latest("pk").pk)[0]
    assert in_force(sent) == landed


@pytest.mark.django_db(transaction=True)
def test_two_batches_sent_at_once_both_stand_on_the_desk_as_landed(world, sent):
    for letter in "甲乙":
        rows = "".join(f"{letter}{n},张三,,1,2024-01-01,1\n" for n in range(30))
        upload(world.steward, sent, f"{HEAD}{rows}same,{letter},,1,2024-01-01,1\n")
    ids = list(Batch.objects.order_by("pk").values_list("pk", flat=True))
    states = []

    def work(batch_id):
        try:
            states.append(run(batch_id).state)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(batch_id,)) for batch_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == ["LANDED", "LANDED"]
    for batch_id in ids:
        assert "31 行已入库" in desk(world, batch_id)[0]
    rows = feed_rows(sent.code, "number", "name")
    assert len(rows) == 61
    assert ("same", "乙") in rows  # the later one holds, whoever was done first


LAST_YEAR = HEAD + "".join(f"A{n},张三,,1,2024-01-01,{n}\n" for n in range(12))
THIS_YEAR = HEAD + "".join(f"A{n},张三,,1,2025-01-01,{n}\n" for n in range(14))


def test_last_year_s_whole_file_sent_again_stops_and_names_the_batch_it_was(world, sent):
    # What left nothing behind but additions: every row of the old file is still in force.
    grown = LAST_YEAR + "B1,李四,,1,2025-01-01,1\n"
    for content in (LAST_YEAR, grown):
        upload(world.steward, sent, content, mode="FULL")
        assert run(Batch.objects.latest("pk").pk).state == "LANDED"
    before = in_force(sent)
    upload(world.steward, sent, LAST_YEAR.replace("\n", "\r\n"), name="去年.csv", mode="FULL")
    batch = Batch.objects.latest("pk")
    assert (run(batch.pk).state, Batch.objects.get(pk=batch.pk).problem) == ("STOPPED", "AGAIN")
    chinese, english = desk(world, batch.pk)
    assert "这 12 行与第 1 批完全相同，而其后已有更新的批次入库" in chinese
    assert "These are exactly the 12 rows of batch 1, and newer batches came since." in english
    assert in_force(sent) == before
    # The newest delivery all over again is no old one.
    upload(world.steward, sent, grown.replace("\n", "\r\n"), mode="FULL")
    assert run(Batch.objects.latest("pk").pk).state == "LANDED"
    assert in_force(sent) == before


@pytest.mark.parametrize("mode", ["DELTA", "FULL"])
def test_last_year_s_file_that_never_came_before_is_known_by_its_dates(published, tmp_path, mode):
    from yiwang.resources.catalogue.data import FieldSpec
    from yiwang.resources.landing.tests.conftest import lander

    fields = (
        FieldSpec("number", "编号", is_key=True), FieldSpec("name", "名称"),
        FieldSpec("updated_at", "更新时间", type="T"),
    )  # fmt: skip
    resource = published(fields=fields)
    land = lander(resource, tmp_path)
    head = "编号,名称,更新时间\n"
    now = "".join(f"{n},今{n},2026-03-01 08:00:00\n" for n in range(20))
    old = "".join(f"{n},旧{n},2025-03-01 08:00:00\n" for n in range(18))
    assert land(head + now, mode=mode).state == "LANDED"
    before = in_force(resource)
    view = land(head + old, mode=mode)
    assert (view.state, view.problem, view.counts.older) == ("STOPPED", "OLD", 18)
    assert view.counts.superseding == 0
    assert in_force(resource) == before
