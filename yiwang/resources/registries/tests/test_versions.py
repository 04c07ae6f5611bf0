"""Whatever happens to versions, a reader sees exactly one whole master."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.identity.api import data_scope
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.registries import writing
from yiwang.resources.registries.data import MasterNotThere
from yiwang.resources.registries.models import Person
from yiwang.resources.registries.publishing import (
    registry_forward,
    registry_publish,
    registry_rollback,
)
from yiwang.resources.registries.store import master_current, person_row_by_id_number, rows_where
from yiwang.resources.registries.tests.made import (
    LI,
    WANG,
    ZHANG,
    ZHAO,
    insurance_row,
    population,
    register_row,
    ties_write,
)

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
# Who lives where in each variant of the city.
VARIANTS = (
    {ZHANG: "甲", LI: "乙"},
    {ZHANG: "甲", LI: "丙", WANG: "丁"},
    {ZHANG: "戊", WANG: "丁", ZHAO: "己"},
)
QUIETLY = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def outs(tmp_path_factory):
    """Fuse each variant once; the insurance has everybody's work."""
    made = []
    for place, variant in enumerate(VARIANTS):
        folder = tmp_path_factory.mktemp(f"variant{place}")
        register = [
            register_row(number, row, address=address)
            for row, (number, address) in enumerate(variant.items(), start=1)
        ]
        jobs = [insurance_row(number, row) for row, number in enumerate(variant, start=1)]
        numbers = list(variant)
        ties_write(folder / "in", "population", [(numbers[0], numbers[1], "SPOUSE")])
        population(folder / "in", {1: register, 9: jobs}, folder / "out", seed=place + 1)
        made.append(folder / "out")
    return made


@pytest.fixture(autouse=True)
def _system():
    with context_use(context_system("测试")):
        yield


def publish(out):
    return registry_publish("population", out, now=NOW, confirmed=True)


def seen(at=None) -> dict[str, str]:
    with data_scope(purpose="测试"):
        rows = rows_where(Person, "ref <> ''", [], at=at)
    found = {row.id_number: row.address for row in rows}
    assert len(found) == len(rows)
    return found


def refs() -> dict[str, str]:
    with data_scope(purpose="测试"):
        return {row.id_number: row.ref for row in rows_where(Person, "ref <> ''", [])}


@pytest.mark.heavy
@pytest.mark.django_db
@QUIETLY
@given(
    acts=st.lists(st.sampled_from(["0", "1", "2", "back", "forward"]), min_size=1, max_size=7),
)
def test_any_sequence_shows_exactly_one_whole_version(outs, acts):
    with transaction.atomic():
        history, redo, known = [], [], {}
        for act in acts:
            if act == "back":
                if len(history) < 2:
                    with pytest.raises(MasterNotThere):
                        registry_rollback("population", reason="试", now=NOW)
                else:
                    registry_rollback("population", reason="试", now=NOW)
                    redo.append(history.pop())
            elif act == "forward":
                if redo:
                    registry_forward("population", reason="试", now=NOW)
                    history.append(redo.pop())
                else:
                    with pytest.raises(MasterNotThere):
                        registry_forward("population", reason="试", now=NOW)
            elif not history or history[-1] != int(act):
                publish(outs[int(act)])
                history.append(int(act))
                redo = []
            assert seen() == (VARIANTS[history[-1]] if history else {})
            for number, ref in refs().items():
                assert known.setdefault(number, ref) == ref
        transaction.set_rollback(True)


class Killed(BaseException):
    """What a kill looks like from inside: nothing after it runs."""


@pytest.mark.heavy
@pytest.mark.django_db
@QUIETLY
@given(dies_at=st.integers(0, 6), back=st.booleans())
def test_a_killed_writer_is_started_again_and_ends_the_same(outs, monkeypatch, dies_at, back):
    insert, left = writing.rows_insert, [dies_at]

    def dying(*arguments):
        if not left[0]:
            raise Killed
        left[0] -= 1
        insert(*arguments)

    with transaction.atomic():
        publish(outs[0])
        with monkeypatch.context() as patch:
            patch.setattr(writing, "rows_insert", dying)
            patch.setattr(writing, "BATCH", 1)
            died = False
            try:
                with transaction.atomic():
                    publish(outs[2])
            except Killed:
                died = True
        if died:
            assert seen() == VARIANTS[0]
        publish(outs[1] if back else outs[2])
        assert seen() == VARIANTS[1 if back else 2]
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_a_killed_writer_leaves_rows_that_nobody_sees_and_goes_on(outs, monkeypatch):
    publish(outs[0])
    insert, left = writing.rows_insert, [1]

    def dying(*arguments):
        if not left[0]:
            raise Killed
        left[0] -= 1
        insert(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "rows_insert", dying)
        patch.setattr("yiwang.resources.registries.publishing.BATCH", 1)
        with pytest.raises(Killed):
            publish(outs[2])
    assert Person._base_manager.filter(from_master=2).count() == 1
    assert (master_current("population"), seen()) == (1, VARIANTS[0])
    assert publish(outs[2]).number == 2
    assert seen() == VARIANTS[2]
    assert seen(at=1) == VARIANTS[0]


@pytest.mark.django_db(transaction=True)
def test_lookups_while_a_version_is_written_see_the_one_before(outs, monkeypatch):
    publish(outs[0])
    monkeypatch.setattr("yiwang.resources.registries.publishing.BATCH", 1)
    found, ready, end = [], threading.Event(), threading.Event()

    def look() -> None:
        try:
            with context_use(context_system("测试")), data_scope(purpose="测试"):
                while not end.is_set():
                    at = master_current("population")
                    li = person_row_by_id_number(LI, at=at)
                    wang = person_row_by_id_number(WANG, at=at)
                    one = person_row_by_id_number(LI)
                    found.append((at, li and li.address, wang and wang.address, one.address))
                    ready.set()
        finally:
            connections.close_all()

    reader = threading.Thread(target=look)
    reader.start()
    ready.wait(20)
    steps = []
    registry_publish(
        "population",
        outs[1],
        now=NOW,
        report=lambda stage, *_: steps.append((stage, seen() == VARIANTS[0])),
    )
    end.set()
    reader.join(20)
    # Until the pointer has moved, a reader beside the writer sees the version before.
    assert {same for stage, same in steps if stage == "write"} == {True}
    assert set(found) <= {(1, "乙", None, "乙"), (1, "乙", None, "丙"), (2, "丙", "丁", "丙")}
    assert (1, "乙", None, "乙") in found
    numbers = [one[0] for one in found]
    assert numbers == sorted(numbers)
    assert seen() == VARIANTS[1]
    connection.close()
