"""What is in force: the last writer wins in any order, two at once, killed at any point."""

import itertools
import random
import threading

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.catalogue.data import FieldSpec
from yiwang.resources.landing import actions, folding, pipeline, tables
from yiwang.resources.landing.models import Batch, Feed
from yiwang.resources.landing.queries import feed_files, row_origin
from yiwang.resources.landing.reading import opening
from yiwang.resources.landing.tests.conftest import HEAD, NOW, ROWS, feed_rows

KEYED = (FieldSpec("k", "键", is_key=True), FieldSpec("v", "值"))
TIMED = (*KEYED, FieldSpec("updated_at", "更新时间", type="T"))
PLAIN = (FieldSpec("k", "键"), FieldSpec("v", "值"))


class Fold:
    """Batches of (key, value) without a database: what `folding` says, and what it should say."""

    def __init__(self, folder, fields):
        import pyarrow as pa

        self.pa, self.folder, self.fields = pa, folder, fields
        self.connection = tables.connection_open(folder / "work")
        self.batches, self.base, self.epoch = [], 0, 0

    def add(self, rows, mode):
        import pyarrow.parquet as pq

        number = len(self.batches) + 1
        self.epoch += mode == "FULL"
        names = [one.name for one in self.fields]
        plain = self.folder / f"{number}.plain.parquet"
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        pq.write_table(
            self.pa.table({n: self.pa.array(c, self.pa.string()) for n, c in columns.items()}),
            plain,
        )
        key = [one for one in self.fields if one.is_key] or self.fields
        at = (
            "updated_at::timestamp"
            if "updated_at" in names
            else f"timestamp '2024-01-01' + interval {number} day"
        )
        path = self.folder / f"{number}.parquet"
        self.connection.execute(
            f"copy (select {self.base} + row_number() over () as _row_no, {pipeline.row_hash(key)} as _key, "
            f"{pipeline.row_hash(self.fields)} as _hash, {at} as _at, * from '{plain}') to '{path}' (format parquet)"
        ).fetchall()
        self.base += len(rows)
        self.batches.append(folding.Landed(number, self.epoch, path, mode == "FULL"))
        return self.batches[-1]

    def rows(self, within=None, fresh=None):
        folding.fold(self.connection, self.batches, within=within, fresh=fresh)
        return folding.files_write(self.connection, self.batches, self.fields, self.folder / "feed")

    def values(self, files):
        import pyarrow.parquet as pq

        found = [
            row
            for file in files
            for row in pq.read_table(self.folder / "feed" / file.name).to_pylist()
        ]
        return sorted(tuple(str(row[one.name]) for one in self.fields) for row in found)


def expected(history, fields):
    """Say by the plain rule what should be in force: [(rows, mode)] → sorted rows."""
    keys = [i for i, one in enumerate(fields) if one.is_key] or list(range(len(fields)))
    timed = next((i for i, one in enumerate(fields) if one.name == "updated_at"), None)
    now = {}
    for rows, mode in history:
        if mode == "FULL":
            now = {}
        for row in rows:
            key = tuple(row[i] for i in keys)
            if timed is None or key not in now or row[timed] >= now[key][timed]:
                now[key] = row
    return sorted(now.values())


@pytest.mark.heavy
@pytest.mark.parametrize("fields", [KEYED, PLAIN, TIMED], ids=["keyed", "plain", "timed"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_step_by_step_and_all_at_once_the_last_writer_wins(tmp_path_factory, fields, data):
    stamps = [f"2024-01-0{n} 00:00:00" for n in range(1, 5)]
    row = st.tuples(
        st.sampled_from("abc"), st.sampled_from("xyz"),
        *([st.sampled_from(stamps)] if fields is TIMED else []),
    )  # fmt: skip
    batch = st.tuples(
        st.lists(row, min_size=1, max_size=4), st.sampled_from(["DELTA", "DELTA", "FULL"])
    )
    history = data.draw(st.lists(batch, min_size=1, max_size=5))
    model = Fold(tmp_path_factory.mktemp("fold"), fields)
    feed = []
    for rows, mode in history:
        made = model.add(rows, mode)
        feed = model.rows(
            within=[model.folder / "feed" / one.name for one in feed], fresh=made.number
        )
        assert model.rows() == feed
    assert model.values(feed) == expected(history, fields)
    model.connection.close()


def csv(rows):
    return HEAD + "".join(f"{k},{v},,1,2024-01-01,1\n" for k, v in rows)


@pytest.mark.heavy
@pytest.mark.django_db
def test_batches_processed_in_any_order_end_the_same(land, resource):
    sent = [
        csv([("a", "甲"), ("b", "甲")]),
        csv([("b", "乙"), ("c", "乙")]),
        csv([("c", "丙"), ("d", "丙")]),
    ]
    batches = [land(content, run=False) for content in sent]
    for order in itertools.permutations(batches):
        Batch.objects.update(state="RECEIVED", counts={}, problem="")
        Feed.objects.update(files=[], previous=[], rows=0)
        with context_use(context_system("test")):
            for one in order:
                assert actions.batch_process(one.id, now=NOW).state == "LANDED"
        assert feed_rows(resource.code, "number", "name") == [
            ("a", "甲"), ("b", "乙"), ("c", "丙"), ("d", "丙"),
        ]  # fmt: skip


@pytest.mark.django_db
def test_whatever_is_accepted_is_found_at_its_origin(land, resource):
    chance = random.Random(5)
    sent = {}
    for number in range(1, 5):
        lines = []
        for line in range(2, 30):
            key, amount = f"K{chance.randrange(40)}", chance.randrange(5)
            if chance.random() < 0.1:
                key = ""
            lines.append(
                f"{key},{chance.choice([' 甲', '乙　', '丙'])},,男,2024/1/{line % 28 + 1},{amount}"
            )
            sent[number, line] = lines[-1].split(",")
        land(HEAD + "\n".join(lines) + "\n")
    rows = feed_rows(resource.code)
    assert len(rows) > 20
    for row in rows:
        origin = row_origin(resource.code, row["row_no"])
        assert origin.batch_number == row["batch"]
        original = [origin.values_original[name] or "" for name in
                    ("number", "name", "id_number", "sex", "registered_date", "amount")]  # fmt: skip
        assert original == sent[origin.batch_number, origin.line]
        assert origin.values["name"] == row["name"]


@pytest.mark.django_db
def test_a_feed_file_that_did_not_change_keeps_its_name_and_bytes(land, resource):
    land(csv([("a", "甲"), ("b", "甲")]))
    land(csv([("c", "乙")]))
    before = {path.name: path.read_bytes() for path in feed_files(resource.code)}
    land(csv([("a", "丙")]))
    after = {path.name: path.read_bytes() for path in feed_files(resource.code)}
    assert sum(name in after and after[name] == content for name, content in before.items()) == 1
    assert len(after) == 3


class Killed(BaseException):
    """Stands for the death of the process: nothing catches it."""


@pytest.mark.heavy
@pytest.mark.django_db
def test_a_run_that_dies_at_any_point_is_continued_to_the_same_end(land, resource, data_dir):
    expected_rows, ends = None, 0
    content = csv([(f"k{n}", f" 名{n}") for n in range(50)] + [("", "坏")])
    for point in itertools.count():
        view = land(content + "\n" * point, run=False)
        calls = itertools.count()

        def report(stage, done, total, calls=calls, point=point):
            if next(calls) == point:
                raise Killed()

        with context_use(context_system("test")):
            try:
                actions.batch_process(view.id, now=NOW, report=report)
                ends += 1
            except Killed:
                assert Batch.objects.get(pk=view.id).state == "RUNNING"
                assert feed_rows(resource.code) == []
            done = actions.batch_process(view.id, now=NOW)
            assert done.state == "LANDED"
            assert (done.counts.accepted, done.counts.rejected) == (50, 1)
            rows = [(row["number"], row["name"]) for row in feed_rows(resource.code)]
            expected_rows = expected_rows or rows
            assert rows == expected_rows
            actions.batch_withdraw(view.id, reason="再来", now=NOW)
        if ends:
            break
    assert point > 4


@pytest.mark.django_db
def test_a_batch_cancelled_while_it_runs_stays_cancelled_and_leaves_nothing(
    land, resource, data_dir
):
    view = land(HEAD + ROWS, run=False)

    def report(stage, done, total):
        if stage == "CHECK" and not done:
            actions.batch_cancel(view.id, now=NOW)

    with context_use(context_system("test")):
        assert actions.batch_process(view.id, now=NOW, report=report).state == "CANCELLED"
    assert feed_rows(resource.code) == []
    kept = [path for path in (data_dir / "landing").rglob("*") if path.is_file()]
    assert kept == []


@pytest.mark.django_db
def test_a_full_disk_is_told_and_tried_again(land, resource, monkeypatch):
    import errno

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    view = land(HEAD + ROWS, run=False)
    with context_use(context_system("test")):
        with monkeypatch.context() as patch:
            patch.setattr(opening, "_write_rows", full)
            patch.setattr(opening, "_quick_copy", full)
            failed = actions.batch_process(view.id, now=NOW)
        assert (failed.state, failed.problem) == ("FAILED", "DISK")
        actions.batch_retry(view.id, now=NOW, run=False)
        assert actions.batch_process(view.id, now=NOW).state == "LANDED"


@pytest.mark.django_db(transaction=True)
def test_two_batches_of_one_resource_at_once_both_land(land, resource):
    views = [
        land(csv([(f"{name}{n}", name) for n in range(30)] + [("same", name)]), run=False)
        for name in ("甲", "乙", "丙")
    ]
    errors = []

    def work(batch_id):
        try:
            with context_use(context_system("test")):
                actions.batch_process(batch_id, now=NOW)
        except Exception as error:  # noqa: BLE001 - told at the end
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(view.id,)) for view in views]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {row.state for row in Batch.objects.all()} == {"LANDED"}
    rows = feed_rows(resource.code)
    assert len(rows) == 91
    assert [row["name"] for row in rows if row["number"] == "same"] == ["丙"]
    assert len({row["row_no"] for row in rows}) == 91


@pytest.mark.django_db(transaction=True)
def test_the_same_file_sent_twice_at_once_is_one_batch(land, resource, tmp_path):
    from yiwang.resources.landing.tests.conftest import lander

    found, errors = [], []

    def work(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            found.append(lander(resource, folder)(HEAD + ROWS, run=False).id)
        except Exception as error:  # noqa: BLE001 - told at the end
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(found)) == 1
    assert Batch.objects.count() == 1
