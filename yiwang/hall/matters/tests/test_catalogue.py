"""The open catalogue loads whole, once, and says where it comes from."""

import csv
import gzip

import pytest

from yiwang.engines.api import search
from yiwang.hall.matters.catalogue import COLUMNS, SHIPPED, CatalogueUnreadable, catalogue_import
from yiwang.hall.matters.data import MatterFilter
from yiwang.hall.matters.guides import guide_get
from yiwang.hall.matters.models import Matter, MatterVersion
from yiwang.hall.matters.queries import matter_get, matter_list
from yiwang.hall.matters.rules import CATALOGUE_DEPARTMENTS, FUNCTION_NAMES, ITEM_TYPES
from yiwang.hall.matters.tests.conftest import LATER, NOW
from yiwang.kernel.api import ANONYMOUS, context_use
from yiwang.sdk.errors import SignInNeeded

pytestmark = pytest.mark.django_db
ROW = {
    "department": "区民政局",
    "main_item": "老年人福利",
    "name": "申领老年人优待证",
    "itemCode": "511Z07001006-511602000000-000-11511301008778183N-1-00",
    "areaCode": "511602000000",
    "taskType": "20",
    "deptCode": "x",
    "link": "http://example.invalid/1",
}


def write(path, *rows, columns=COLUMNS):
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_shipped_catalogue_loads_whole_and_again_changes_nothing(system):
    counts = catalogue_import(now=NOW)
    assert (counts.read, counts.added, counts.changed, counts.unmapped) == (1135, 1135, 0, {})
    again = catalogue_import(now=LATER)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 1135)
    assert Matter.objects.count() == MatterVersion.objects.count() == 1135
    assert matter_list(MatterFilter(kind="GUIDE_ONLY")).total == 1135
    assert matter_list(MatterFilter(item_type="01", kind="GUIDE_ONLY")).total == 536
    assert matter_list(MatterFilter(department="human_resources")).total == 144
    assert search("社保卡", kinds=["matter"]).total == 12


def test_every_shipped_department_and_type_is_mapped_to_a_known_one():
    rows = list(
        csv.DictReader(gzip.decompress(SHIPPED.read_bytes()).decode("utf-8-sig").splitlines())
    )
    assert {row["department"] for row in rows} <= set(CATALOGUE_DEPARTMENTS)
    assert {row["taskType"].zfill(2) for row in rows} <= set(ITEM_TYPES)
    assert {function for function, _ in CATALOGUE_DEPARTMENTS.values()} <= set(FUNCTION_NAMES)


def test_an_entry_keeps_its_code_and_its_guide_says_where_it_comes_from(tmp_path, system):
    catalogue_import(write(tmp_path / "a.csv", ROW), now=NOW)
    row = matter_list().rows[0]
    assert row.code[:4] == "5120"
    guide = guide_get(row.code)
    assert guide.local_task_code == ROW["itemCode"]
    assert guide.source_note["department"] == "区民政局"
    assert (guide.kind, guide.can_apply, guide.legal, guide.materials_needed) == (
        "GUIDE_ONLY", False, None, (),
    )  # fmt: skip
    assert [hit.ref for hit in search("老年人福利").hits] == [row.code]


def test_an_unknown_department_is_counted_and_loaded_not_dropped(tmp_path, system):
    counts = catalogue_import(write(tmp_path / "a.csv", {**ROW, "department": "区某某局"}), now=NOW)
    assert (counts.added, counts.unmapped) == (1, {"区某某局": 1})
    assert matter_list(MatterFilter(department="unmapped")).total == 1


def test_a_changed_row_becomes_a_version_and_a_repeated_one_counts_once(tmp_path, system):
    catalogue_import(write(tmp_path / "a.csv", ROW, ROW), now=NOW)
    code = matter_list().rows[0].code
    changed = write(tmp_path / "b.csv", {**ROW, "name": "老年人优待证换发"})
    counts = catalogue_import(changed, now=LATER)
    assert (counts.read, counts.added, counts.changed) == (1, 0, 1)
    assert [matter_get(code, number).title["zh"] for number in (1, 2)] == [
        "申领老年人优待证",
        "老年人优待证换发",
    ]
    assert catalogue_import(changed, now=LATER).unchanged == 1


def test_another_file_or_another_person_changes_nothing(tmp_path, system):
    with pytest.raises(CatalogueUnreadable):
        catalogue_import(write(tmp_path / "a.csv", ROW, columns=COLUMNS[:-1]), now=NOW)
    with context_use(ANONYMOUS), pytest.raises(SignInNeeded):
        catalogue_import(write(tmp_path / "a.csv", ROW), now=NOW)
    assert Matter.objects.count() == 0
