from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from yiwang.engines.api import TabularLimits, tabular_open
from yiwang.kernel.api import context_system, context_use
from yiwang.resources.registries.data import (
    MasterNotThere,
    MasterShrinks,
    NotInRegistry,
    RegistryUnknown,
)
from yiwang.resources.registries.masters import master_list
from yiwang.resources.registries.publishing import (
    registry_forward,
    registry_publish,
    registry_rollback,
)
from yiwang.resources.registries.queries import (
    enterprise_get,
    enterprise_values,
    person_get,
    person_list_by_id_number,
    person_values,
)
from yiwang.resources.registries.serving import tie_rows
from yiwang.resources.registries.tests.made import (
    LI,
    SHOP,
    WANG,
    ZHANG,
    insurance_row,
    organisation_row,
    organisations,
    population,
    register_row,
)

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _system(db):
    with context_use(context_system("测试")):
        yield


def publish(out, now=NOW, registry="population", **more):
    return registry_publish(registry, out, now=now, **more)


def one(number):
    found = person_list_by_id_number(number, purpose="测试")
    return found[0] if found else None


@pytest.fixture
def first(tmp_path):
    """Two people, one with a job; published."""
    population(
        tmp_path / "in",
        {1: [register_row(ZHANG, 1), register_row(LI, 2)], 9: [insurance_row(ZHANG, 1)]},
        tmp_path / "out",
    )
    return publish(tmp_path / "out")


def test_a_fused_master_is_served_with_its_sources(first):
    assert (first.number, first.base, first.state, first.is_current) == (1, 0, "PUBLISHED", True)
    assert {name: first.counts[name] for name in ("subjects", "new", "changed", "gone")} == {
        "subjects": 2,
        "new": 2,
        "changed": 0,
        "gone": 0,
    }
    zhang = one(ZHANG)
    assert (zhang.name, zhang.birth_date, zhang.sex) == ("张三", date(1985, 1, 1), "1")
    assert (zhang.ethnicity, zhang.marital_status) == ("01", "20")
    assert (zhang.area_code, zhang.community_code) == ("320508", "320508018001")
    assert (zhang.phone, zhang.employer_uscc) == ("16412340001", SHOP)
    assert zhang.household_address.endswith("1幢")
    assert zhang.sources["name"] == ("public_security", date(2024, 10, 5))
    assert zhang.sources["phone"] == ("human_resources", date(2024, 11, 4))
    values = person_values(zhang.ref, ["name", "employer", "id_number"], purpose="测试")
    assert values["employer"].text == "苏州禾叶餐饮管理有限公司"
    assert values["id_number"].as_of == date(2024, 10, 5)


def test_publishing_again_changes_nothing(first, tmp_path):
    assert publish(tmp_path / "out", now=LATER) == first
    assert len(master_list("population")) == 1


def test_only_what_changed_is_written_and_references_stay(first, tmp_path):
    before = one(ZHANG), one(LI)
    population(
        tmp_path / "in",
        {1: [register_row(ZHANG, 1), register_row(LI, 2, address="新地址"), register_row(WANG, 3)]},
        tmp_path / "out",
    )
    second = publish(tmp_path / "out", now=LATER)
    assert second.counts == {"subjects": 3, "new": 1, "changed": 1, "gone": 0, "ties": 0}
    assert one(ZHANG) == before[0]
    assert (one(LI).ref, one(LI).address) == (before[1].ref, "新地址")
    assert one(WANG).ref not in (before[0].ref, before[1].ref)


def test_a_master_is_rolled_back_and_forward_and_then_published_upon(first, tmp_path):
    ref = one(LI).ref
    population(
        tmp_path / "in",
        {1: [register_row(ZHANG, 1), register_row(LI, 2, address="新地址"), register_row(WANG, 3)]},
        tmp_path / "out",
    )
    publish(tmp_path / "out", now=LATER)
    wang = one(WANG).ref
    assert registry_rollback("population", reason="数据有误", now=LATER).number == 1
    assert one(LI).address.endswith("2幢")
    assert one(WANG) is None
    with pytest.raises(MasterNotThere):
        registry_rollback("population", reason="再退", now=LATER)
    assert registry_forward("population", reason="核对无误", now=LATER).number == 2
    assert one(LI).address == "新地址"
    registry_rollback("population", reason="数据有误", now=LATER)
    third = publish(tmp_path / "out", now=LATER)
    assert (third.number, third.base) == (3, 1)
    assert (one(LI).ref, one(LI).address, one(WANG).ref) == (ref, "新地址", wang)
    assert [(m.number, m.state) for m in master_list("population")] == [
        (3, "PUBLISHED"),
        (2, "DISCARDED"),
        (1, "PUBLISHED"),
    ]
    with pytest.raises(MasterNotThere):
        registry_forward("population", reason="x", now=LATER)


def test_a_master_that_lost_many_waits_for_a_word(first, tmp_path):
    ref = one(LI).ref
    population(tmp_path / "in", {1: [register_row(ZHANG, 1)], 9: []}, tmp_path / "out")
    with pytest.raises(MasterShrinks) as error:
        publish(tmp_path / "out", now=LATER)
    assert str(error.value).startswith("The new version would lose 1 of 2 subjects.")
    assert one(LI).ref == ref
    [held, _] = master_list("population")
    assert (held.state, held.is_current) == ("HELD", False)
    view = publish(tmp_path / "out", now=LATER, confirmed=True)
    assert (view.number, view.state, view.counts["gone"]) == (2, "PUBLISHED", 1)
    assert one(LI) is None
    with pytest.raises(NotInRegistry):
        person_get(ref, purpose="测试")
    population(
        tmp_path / "in", {1: [register_row(ZHANG, 1), register_row(LI, 2)]}, tmp_path / "out"
    )
    publish(tmp_path / "out", now=LATER)
    assert one(LI).ref == ref


def test_an_unknown_registry_is_refused(tmp_path):
    with pytest.raises(RegistryUnknown):
        publish(tmp_path, registry="weather")


def test_legal_persons_are_served_with_who_represents_them(first, tmp_path):
    organisations(
        tmp_path / "oin",
        {1: [organisation_row(SHOP, "苏州禾叶餐饮管理有限公司", 1)]},
        tmp_path / "o",
    )
    view = publish(tmp_path / "o", registry="legal-persons")
    assert (view.registry, view.counts["subjects"]) == ("legal-persons", 1)
    shop = enterprise_get(SHOP)
    assert (shop.name, shop.state, shop.industry) == ("苏州禾叶餐饮管理有限公司", "ACTIVE", "H")
    assert (shop.registered_capital, shop.established_date) == ("100.5", date(2019, 4, 1))
    assert shop.legal_representative_ref == one(ZHANG).ref
    values = enterprise_values(SHOP, ["name", "registered_address"], purpose="测试")
    assert values["registered_address"].as_of == date(2024, 10, 5)


def test_of_two_periods_of_one_pair_the_latest_counts(tmp_path):
    told = [("2010-01-01", "2015-06-30", 1), ("2018-02-01", None, 2)]
    with tabular_open(TabularLimits(threads=1)) as connection:
        connection.execute(
            "create table t (identifier varchar, other_identifier varchar, kind varchar,"
            ' class integer, row_no bigint, "at" timestamp, valid_from date, valid_to date)'
        )
        for begun, ended, row in told:
            connection.execute(
                "insert into t values ('A', 'B', 'BRANCH', 1, ?, timestamp '2026-01-01', ?, ?)",
                [row, begun, ended],
            )
        connection.execute(f"copy t to '{tmp_path / 'ties.parquet'}'")
        feed = SimpleNamespace(
            master=SimpleNamespace(folder=tmp_path),
            connection=connection,
            registry="legal-persons",
        )
        ((*_, begun, ended),) = tie_rows(feed)
    assert (begun, ended) == ("2018-02-01", None)
