"""Old versions go with what only they had; what holds now, references and the list of versions stay."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from yiwang.kernel.api import RequestContext, audit_list, context_system, context_use, worker_run
from yiwang.resources.fusion.lineage import lineage_read
from yiwang.resources.fusion.queries.sources import lineage_folder
from yiwang.resources.registries import commands, pruning
from yiwang.resources.registries.data import (
    MasterNotThere,
    MasterShrinks,
    NotInRegistry,
    RegistryBusy,
)
from yiwang.resources.registries.masters import change_list, job_get, master_compare, master_list
from yiwang.resources.registries.models import Person, RegistryMaster
from yiwang.resources.registries.pruning import HistoryPruned, registry_prune
from yiwang.resources.registries.publishing import registry_publish, registry_rollback
from yiwang.resources.registries.refresh import prune_request
from yiwang.resources.registries.subjects import person_as_of, person_find, person_history
from yiwang.resources.registries.tests.made import LI, WANG, ZHANG, population, register_row
from yiwang.sdk.errors import Forbidden, Invalid

FIRST = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=number) for number in range(5)]
PURPOSE = {"purpose": "测试"}


@pytest.fixture(autouse=True)
def _system(db):
    with context_use(context_system("测试")):
        yield


def versions_publish(folder):
    """Publish five versions: Zhang moves each time, Li is in the first two, Wang comes in the fourth; returns references."""
    with context_use(context_system("测试")):
        for place, day in enumerate(DAYS):
            rows = [register_row(ZHANG, 1, address=f"{place}号")]
            rows += [register_row(LI, 2)] if place < 2 else []
            rows += [register_row(WANG, 3)] if place > 2 else []
            population(folder / "in", {1: rows}, folder / "out")
            registry_publish("population", folder / "out", now=day, confirmed=True)
            if place == 1:
                li = ref(LI)
        return {ZHANG: ref(ZHANG), LI: li, WANG: ref(WANG)}


pytestmark = pytest.mark.filled(by=versions_publish)


@pytest.fixture
def versions(filled):
    """The references of the three."""
    return filled


def ref(number):
    return person_find(id_number=number, **PURPOSE)[0].ref


def rows():
    found = Person._base_manager.order_by("from_master", "id")
    return [(row.id_number, row.from_master, row.address) for row in found]


def prune(keep=2, reason="保存期已满"):
    return registry_prune("population", keep=keep, reason=reason, now=NOW)


def test_rows_of_removed_versions_go_and_the_last_of_who_left_stays(versions):
    assert len(rows()) == 7
    view = prune()
    assert (view.floor, view.versions, view.rows, view.ties, view.kept) == (4, [1, 2, 3], 3, 0, 1)
    li = register_row(LI, 2)["address"].removeprefix("江苏省苏州市")
    wang = register_row(WANG, 3)["address"].removeprefix("江苏省苏州市")
    assert rows() == [(LI, 1, li), (ZHANG, 4, "3号"), (WANG, 4, wang), (ZHANG, 5, "4号")]
    assert [(m.number, m.state) for m in master_list("population")] == [
        (5, "PUBLISHED"),
        (4, "PUBLISHED"),
        (3, "PRUNED"),
        (2, "PRUNED"),
        (1, "PRUNED"),
    ]
    done = audit_list(subject="registry:population", limit=2)
    assert [row["act"] for row in done] == [
        "resources.registries.pruned",
        "resources.registries.prune",
    ]
    assert done[0]["detail"] == {
        "floor": 4,
        "rows": 3,
        "ties": 0,
        "kept": 1,
        "reason": "保存期已满",
    }


def test_a_day_of_a_removed_version_is_answered_so_and_a_kept_one_as_before(versions):
    prune()
    assert person_as_of(versions[ZHANG], date(2026, 11, 4), **PURPOSE).address == "3号"
    assert person_as_of(versions[ZHANG], date(2026, 11, 5), **PURPOSE).address == "4号"
    with pytest.raises(HistoryPruned) as error:
        person_as_of(versions[ZHANG], date(2026, 11, 3), **PURPOSE)
    assert "2026-11-04" in str(error.value)
    with pytest.raises(NotInRegistry):
        person_as_of(versions[ZHANG], date(2026, 10, 31), **PURPOSE)


def test_history_says_where_it_was_cut(versions):
    prune()
    kinds = [(one.kind, one.master) for one in person_history(versions[ZHANG], **PURPOSE)]
    assert kinds == [("CHANGED", 5), ("EARLIER", 4)]
    assert [one.kind for one in person_history(versions[LI], **PURPOSE)] == ["GONE", "EARLIER"]


def test_nobody_goes_back_to_or_compares_with_a_removed_version(versions):
    prune()
    assert registry_rollback("population", reason="数据有误", now=NOW).number == 4
    with pytest.raises(MasterNotThere):
        registry_rollback("population", reason="数据有误", now=NOW)
    with pytest.raises(MasterNotThere):
        master_compare("population", 1, 4)
    assert ref(ZHANG) == versions[ZHANG]
    assert [change["kind"] for change in change_list("population", after=0)[0]] == [
        "RETIRED",
        "CREATED",
    ]


def test_who_comes_back_has_the_reference_of_before(versions, tmp_path):
    prune()
    people = [register_row(ZHANG, 1), register_row(LI, 2), register_row(WANG, 3)]
    population(tmp_path / "in", {1: people}, tmp_path / "out")
    registry_publish("population", tmp_path / "out", now=NOW)
    assert {number: ref(number) for number in versions} == versions


def test_killed_in_between_nothing_of_the_removed_is_shown_and_it_goes_on(versions, monkeypatch):
    monkeypatch.setattr(pruning, "STEP", 1)
    told = []

    def report(stage, done, total):
        told.append((stage, done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registry_prune("population", keep=2, reason="保存期已满", now=NOW, report=report)
    assert told == [("prune", 0, 3), ("prune", 1, 3), ("prune", 2, 3)]
    with pytest.raises(HistoryPruned):
        person_as_of(versions[ZHANG], date(2026, 11, 3), **PURPOSE)
    assert ref(ZHANG) == versions[ZHANG]
    assert (prune().rows, len(rows())) == (1, 4)
    assert (prune().rows, len(rows())) == (0, 4)


def test_a_version_that_never_was_goes_too_and_its_reference_stays(versions, tmp_path):
    registry_rollback("population", reason="数据有误", now=NOW)
    population(tmp_path / "in", {1: [register_row(WANG, 3)]}, tmp_path / "out")
    registry_publish("population", tmp_path / "out", now=NOW, confirmed=True)
    registry_publish("population", tmp_path / "out", now=NOW)
    prune()
    assert [(number, first) for number, first, _ in rows()] == [(LI, 1), (ZHANG, 4), (WANG, 4)]
    assert RegistryMaster.objects.get(number=5).state == "DISCARDED"


@pytest.mark.parametrize(
    ("keep", "reason", "field"), [(1, "x", "keep"), (0, "x", "keep"), (2, "  ", "reason")]
)
def test_too_few_versions_or_no_reason_change_nothing(versions, keep, reason, field):
    with pytest.raises(Invalid) as error:
        prune(keep, reason)
    assert list(error.value.fields) == [field]
    assert len(rows()) == 7
    assert {master.state for master in master_list("population")} == {"PUBLISHED"}


def test_only_the_data_bureau_prunes_and_not_while_a_version_is_written(versions):
    clerk = RequestContext(
        population="STAFF", permissions=frozenset({"resources.registries.publish"})
    )
    with context_use(clerk), pytest.raises(Forbidden):
        prune()
    RegistryMaster.objects.create(
        registry="population", number=6, base=5, state="HELD", started_at=NOW
    )
    with pytest.raises(RegistryBusy):
        prune()
    assert len(rows()) == 7


def test_the_worker_prunes_and_says_so(versions):
    assert prune_request("population", keep=3, reason="保存期已满", now=NOW).state == "WAITING"
    with pytest.raises(RegistryBusy):
        prune_request("population", keep=3, reason="保存期已满", now=NOW)
    worker_run(once=True)
    job = job_get("population")
    assert (job.state, job.stage, job.problem) == ("DONE", "prune", "")
    assert [m.number for m in master_list("population") if m.state == "PRUNED"] == [2, 1]


def test_the_command_prunes_and_lists(versions):
    said = []
    commands.versions_prune("population", keep=2, reason="清理", as_json=True, echo=said.append)
    assert json.loads(said.pop())["rows"] == 3
    commands.versions_print("population", echo=said.append)
    assert said[0].split() == ["*", "5", "PUBLISHED", "2026-11-05", "10:00", "2"]
    assert said[4].split()[:2] == ["1", "PRUNED"]


def test_a_failed_publishing_leaves_its_mark_in_lineage(versions, tmp_path, settings):
    settings.DATA_DIR = tmp_path / "data"
    population(tmp_path / "in", {1: [register_row(ZHANG, 1)]}, tmp_path / "out")
    with pytest.raises(MasterShrinks):
        registry_publish("population", tmp_path / "out", now=NOW)
    found = list(lineage_read(lineage_folder()))
    assert sorted((one["eventType"], one["job"]["name"]) for one in found) == [
        ("FAIL", "publish.population"),
        ("START", "publish.population"),
    ]
    failed = next(one for one in found if one["eventType"] == "FAIL")
    assert "master_shrinks" in json.dumps(failed["run"])
