"""Bindings, the feed, runs with their report: through actions and queries."""

import pyarrow.parquet as pq
import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.fusion.actions import source_bind, source_unbind
from yiwang.resources.fusion.data import FusionNothing
from yiwang.resources.fusion.models import FusionRun, FusionSource, ReviewPair
from yiwang.resources.fusion.publish import master_open
from yiwang.resources.fusion.queries import bindings, master_folder, run_list
from yiwang.resources.fusion.tests.desk_city import LATER, NOW, PEOPLE, desk_city, id_number
from yiwang.sdk.errors import Forbidden


@pytest.fixture
def city(seeds, settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    return desk_city(tmp_path)


def test_a_binding_says_which_columns_match_by_name_and_by_title_and_what_is_missing(city):
    found = {one.code: one for one in bindings("population")}
    assert found["C07"].matched == {
        "id_number": "sfzh",
        "name": "xm",
        "sex": "sex",
        "phone": "phone",
    }
    assert found["C07"].missing == ("birth_date", "address", "marital")
    assert found["C02"].missing == ("employer", "community")
    assert found["C01"].resource_code == ""
    assert found["C07"].department_id == city.ids["civil_affairs"]


def test_only_the_data_bureau_binds(city):
    with city.as_person(3, "civil_affairs"), pytest.raises(Forbidden):
        source_bind("population", 8, city.living, now=NOW)
    assert FusionSource.objects.count() == 2


def test_a_run_keeps_its_counts_its_report_and_its_master(city):
    view = city.run()
    assert view.state == "PUBLISHED"
    assert {name: view.counts[name] for name in ("records", "persons", "provisional", "residue", "review")} == {
        "records": 3, "persons": 2, "provisional": 1, "residue": 1, "review": 1}  # fmt: skip
    assert view.report["classes"] == {"C02": 2, "C07": 1}
    assert view.report["pairs"] == {"opened": 1, "kept": 0, "closed": 0}
    assert view.report["placed"] == {"REST": 1}
    assert master_open(master_folder("population")).manifest.run == view.run
    assert set(view.seconds) >= {
        "feed",
        "standardise",
        "fuse",
        "residue",
        "publish",
        "report",
        "review",
    }


def test_a_class_gets_its_columns_in_the_formats_that_it_declares(city):
    city.run()
    found = master_folder("population").parent / "feed"
    [living] = (found / "D02" / "C07").glob("*.parquet")
    [row] = pq.read_table(living).to_pylist()
    assert (row["id_number"], row["name"], row["sex"], row["birth_date"]) == (
        None,
        "王晓明",
        "1",
        None,
    )  # the plan of the registry declares the code, the department writes the word
    [permits] = (found / "D01" / "C02").glob("*.parquet")
    rows = pq.read_table(permits).to_pylist()
    assert [str(row["birth_date"]) for row in rows] == ["1980-01-01", "1980-01-01"]


@pytest.mark.parametrize(
    ("written", "form", "kept"),
    [
        ("19800101", "CHINESE", "1980年01月01日"),
        ("1980-01-01", "COMPACT", "19800101"),
        ("1980年1月1日", "ISO", "1980-01-01"),
        ("1980.01.01", "SLASH", "1980/01/01"),
        ("不详", "ISO", "不详"),
    ],
)
def test_a_day_is_brought_into_the_declared_format(tmp_path, written, form, kept):
    import pyarrow as pa

    from yiwang.resources.fusion.feed import FeedClass, feed_write

    source = tmp_path / "in.parquet"
    pq.write_table(
        pa.table(
            {"row_no": [1], "updated_at": pa.array([0], pa.timestamp("s")), "born": [written]}
        ),
        source,
    )
    wanted = FeedClass("C99", "D99/C99", {"birth_date": ("DATE", form)})
    assert feed_write(wanted, [source], tmp_path / "feed", columns={"birth_date": "born"}) == 1
    assert feed_write(wanted, [source], tmp_path / "feed", columns={"birth_date": "born"}) == 0
    [path] = (tmp_path / "feed" / "D99" / "C99").glob("*.parquet")
    assert pq.read_table(path).column("birth_date").to_pylist() == [kept]


def test_a_file_that_is_as_declared_is_linked_and_not_copied(tmp_path):
    import pyarrow as pa

    from yiwang.resources.fusion.feed import FeedClass, feed_write

    source = tmp_path / "in.parquet"
    pq.write_table(
        pa.table(
            {
                "row_no": [1],
                "updated_at": pa.array([0], pa.timestamp("s")),
                "birth_date": ["19800101"],
            }
        ),
        source,
    )
    wanted = FeedClass("C99", "D99/C99", {"birth_date": ("DATE", "COMPACT")})
    feed_write(wanted, [source], tmp_path / "feed", columns={"birth_date": "birth_date"})
    [path] = (tmp_path / "feed" / "D99" / "C99").glob("*.parquet")
    assert path.stat().st_ino == source.stat().st_ino


def test_what_is_unbound_leaves_with_the_next_run(city):
    city.run()
    with city.as_person(9):
        source_unbind("population", 7, now=LATER)
    view = city.run(now=LATER)
    assert view.counts["records"] == 2
    assert view.report["pairs"] == {"opened": 0, "kept": 0, "closed": 1}
    assert ReviewPair.objects.get().state == "CLOSED"


def test_a_broken_file_leaves_a_failed_run_with_its_reason_and_the_old_master(city):
    before = city.run()
    broken = city.folder / "broken.parquet"
    broken.write_bytes(b"PAR1 no more")
    city.landed[city.permits] = [broken]
    with pytest.raises(Exception):  # noqa: B017, PT011 - DuckDB's own
        city.run(now=LATER)
    failed = run_list("population")[0]
    assert (failed.state, failed.run) == ("FAILED", "")
    assert failed.error_code
    assert failed.error
    assert master_open(master_folder("population")).manifest.run == before.run


def test_a_run_that_was_killed_is_found_interrupted_by_the_next(city):
    from uuid import uuid4

    FusionRun.objects.create(
        registry="population", trace=uuid4(), state="RUNNING", created_at=NOW, started_at=NOW
    )
    view = city.run(now=LATER)
    assert [one.state for one in run_list("population")] == ["PUBLISHED", "INTERRUPTED"]
    assert view.counts["persons"] == 2


def test_a_registry_without_any_landed_row_says_so(city):
    with context_use(context_system("test")):
        FusionSource.objects.all().delete()
    with pytest.raises(FusionNothing):
        city.run()
    assert run_list("population")[0].error_code == "fusion_nothing"


def test_the_report_counts_who_disagrees_with_whom(city):
    other = {**PEOPLE[0], "name": "王大明", "address": "江苏省苏州市平江街道9号"}
    city.land(city.permits, [dict(row) for row in PEOPLE])
    code = city.publish(
        "户籍人口", "public_security",
        {"id_number": "公民身份号码", "name": "姓名", "sex": "性别", "birth_date": "出生日期", "address": "住址"},
    )  # fmt: skip
    with city.as_person(9):
        source_bind("population", 1, code, now=NOW)
    city.land(code, [{**other, "id_number": id_number(1)}])
    view = city.run()
    # The household register is the source of the name, the residence permit of where one lives now.
    assert view.report["against"]["name"] == {"C02": {"C01": 1}}
    assert view.report["against"]["address"] == {"C01": {"C02": 1}}
    assert view.report["conflicts"]["name"] == 1
    assert view.report["disagreements"]["name"] == {"C02": 1}


def test_what_comparisons_find_goes_to_who_supplied_it(city):
    rows = [dict(row) for row in PEOPLE]
    rows[0]["birth_date"] = "1981-05-06"  # the number says 1980
    city.land(city.permits, rows)
    view = city.run()
    # The other person's number is a man's.
    assert view.report["comparisons"] == {"BIRTH_DATE_NUMBER": 1, "SEX_NUMBER": 1}
    assert view.report["exceptions"] == 2
    from yiwang.resources.quality.models import QualityException

    found = QualityException.objects.get(rule="BIRTH_DATE_NUMBER")
    assert found.department_id == city.ids["public_security"]
    assert "号码" in found.message


PERMITS = """\
公民身份号码,姓名,性别,出生日期,住址,联系电话
320508198001010016,王小明,1,1980-01-01,江苏省苏州市平江街道1号,16412345678
320508198001010032,李静,2,1980/1/1,江苏省苏州市平江街道2号,16412340000
"""
LIVING = """\
证件号,姓名,性别,联系电话
,王晓明,1,16412345678
"""


def test_what_was_landed_is_fused_by_the_job_that_a_steward_asked_for(city):
    from yiwang.resources.fusion.actions import fusion_run, run_request
    from yiwang.resources.landing.actions import batch_receive

    for code, text in ((city.permits, PERMITS), (city.living, LIVING)):
        path = city.folder / "sent.csv"
        path.write_text(text)
        with context_use(context_system("test")):
            batch = batch_receive(
                code, path, name="sent.csv", now=NOW, mode="FULL", source="FOLDER", run="NOW"
            )
        assert batch.counts.accepted == text.count("\n") - 1, batch
    with city.as_person(9):
        asked = run_request("population", now=NOW)
    with context_use(context_system("test")):
        fusion_run.call(asked.id)
        fusion_run.call(asked.id)  # delivered again: nothing happens
    [view] = run_list("population")
    assert (view.id, view.state) == (asked.id, "PUBLISHED")
    assert (view.counts["persons"], view.counts["residue"], view.counts["review"]) == (2, 1, 1)
    assert ReviewPair.objects.count() == 1


class Killed(BaseException):
    """As `kill -9`: nothing of ours catches it."""


@pytest.mark.heavy
@pytest.mark.parametrize("where", ["feed_build", "fuse", "fusion_ended", "pairs_load", "_publish"])
def test_a_run_that_dies_anywhere_ends_the_same_when_it_is_run_again(city, monkeypatch, where):
    from yiwang.resources.fusion.actions import runs
    from yiwang.resources.fusion.tests.made import groups_of

    before = city.run()
    city.land(city.permits, [dict(row) for row in PEOPLE[:1]], "less")

    def die(*_args, **_more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(runs, where, die)
        with pytest.raises(Killed):
            city.run(now=LATER)
    assert run_list("population")[0].state == "RUNNING"
    assert (master_folder("population") / "manifest.json").exists()
    after = city.run(now=LATER)
    states = [one.state for one in run_list("population")]
    assert states == ["PUBLISHED", "INTERRUPTED", "PUBLISHED"]
    assert (after.counts["records"], after.counts["persons"]) == (2, 1)
    assert after.run != before.run
    assert len(groups_of(master_folder("population"))) == 2
    assert ReviewPair.objects.count() == 1
    assert ReviewPair.objects.get().state == "OPEN"
