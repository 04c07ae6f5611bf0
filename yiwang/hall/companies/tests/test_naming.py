"""Names: what they are made of, what may not stand in them, what is too like another one."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.companies.naming import (
    BRACKETS,
    FRONT,
    KnownName,
    NameParts,
    Places,
    compare,
    name_keys,
    name_parse,
    parts_within,
    sounds_of,
    structure_findings,
    tables_build,
)
from yiwang.hall.companies.tables import SHIPPED

TABLES = tables_build(yaml.safe_load((SHIPPED / "naming.yaml").read_text()))
FRONTS = ("苏州市姑苏区", "苏州姑苏区", "苏州市", "苏州")
PLACES = Places(
    known=("苏州市", "姑苏区", "江苏省", "苏州", "江苏", "姑苏"),
    allowed=frozenset(FRONTS),
    reserved=frozenset({"苏州", "苏州市", "姑苏区", "姑苏", "昆山", "昆山市", "东山"}),
)
WITH_FRONTS = Places((*FRONTS, "姑苏区"), PLACES.allowed, PLACES.reserved)


def parts(core="明月", trade="科技", *, division="苏州", form="有限公司", arrangement=FRONT):
    return NameParts(division, core, trade, form, arrangement)


def findings(one, kind="LIMITED"):
    found = structure_findings(one, kind=kind, tables=TABLES, places=PLACES)
    return [(each.kind, each.words) for each in found]


def likeness(one, *names):
    known = [
        KnownName(name, name_keys(name_parse(name, tables=TABLES, places=PLACES), tables=TABLES))
        for name in names
    ]
    found = compare(one, known, tables=TABLES)
    return [(each.kind, each.words, each.effect) for each in found]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("苏州明月科技有限公司", NameParts("苏州", "明月", "科技", "有限公司")),
        ("苏州市姑苏区明月网络科技有限公司", NameParts("苏州市姑苏区", "明月", "网络科技", "有限公司")),
        ("明月(苏州)餐饮管理有限责任公司", NameParts("苏州", "明月", "餐饮管理", "有限责任公司", BRACKETS)),
        ("苏州明月股份有限公司", NameParts("苏州", "明月", "", "股份有限公司")),
        ("苏州科技有限公司", NameParts("苏州", "科技", "", "有限公司")),
    ],
)  # fmt: skip
def test_a_name_is_taken_apart(name, expected):
    assert name_parse(name, tables=TABLES, places=PLACES) == expected


@given(
    core=st.text("明月清风云海山水天和", min_size=2, max_size=5),
    trade=st.sampled_from(sorted(TABLES.trades)),
    form=st.sampled_from(sorted(TABLES.forms)),
    division=st.sampled_from(FRONTS),
    arrangement=st.sampled_from([FRONT, BRACKETS]),
)
def test_what_is_put_together_is_found_by_the_same_keys(core, trade, form, division, arrangement):
    one = NameParts(division, core, trade, form, arrangement)
    again = name_parse(one.text, tables=TABLES, places=WITH_FRONTS)
    assert name_keys(again, tables=TABLES).exact == name_keys(one, tables=TABLES).exact
    assert (again.division, again.form, again.arrangement) == (division, form, arrangement)


def test_a_proper_name_has_no_findings():
    assert findings(parts()) == []
    assert findings(parts(division="苏州市姑苏区", arrangement=BRACKETS)) == []


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (parts(""), [("core_missing", "")]),
        (parts("月"), [("core_short", "2")]),
        (parts("明月清风云海山水天和人家乐"), [("core_long", "12")]),
        (parts("明月A1"), [("characters", "A1")]),
        (parts("昆山"), [("core_is_place", "昆山")]),
        (parts("餐饮"), [("core_is_trade", "餐饮")]),
        (parts("新华为天"), [("well_known", "华为")]),
        (parts(division="南京"), [("division", "南京")]),
        (parts(division="江苏"), [("division", "江苏")]),
        (parts(trade="炼丹"), [("trade_missing", "炼丹")]),
        (parts(trade="融资租赁"), [("trade_permit", "融资租赁")]),
        (parts(form="股份有限公司"), [("form", "股份有限公司")]),
        (parts("中国明月"), [("national", "中国")]),
        (parts("明月政府"), [("state", "政府")]),
        (parts("明月联合国"), [("foreign", "联合国")]),
        (parts("明月最佳"), [("misleading", "最佳")]),
        (parts("明月赌博"), [("morals", "赌博")]),
        (parts("明月研究会"), [("public_body", "研究会")]),
        (parts("明月集团"), [("group", "集团")]),
    ],
)
def test_each_refusal_gives_its_reason(one, expected):
    found = structure_findings(one, kind="LIMITED", tables=TABLES, places=PLACES)
    assert [(each.kind, each.words) for each in found] == expected
    assert all(each.refuses and each.basis and each.text for each in found)


def test_the_form_must_fit_the_kind_of_company():
    assert findings(parts(form="股份有限公司"), "JOINT_STOCK") == []
    assert findings(parts(form="有限公司"), "JOINT_STOCK") == [("form", "有限公司")]


def test_identical_names_are_found_whatever_the_division_and_the_script():
    one = parts("明悦", "网络科技")
    assert likeness(one, "苏州市姑苏区明悦网络科技有限责任公司") == [
        ("identical", "苏州市姑苏区明悦网络科技有限责任公司", "REFUSE")
    ]
    assert likeness(one, "明悅（苏州）网络科技有限公司")[0][0] == "identical"
    assert likeness(parts("云峯"), "苏州云峰科技有限公司")[0][0] == "identical"


def test_the_same_core_in_the_same_trade_is_refused_and_in_another_noted():
    one = parts("明月", "软件")
    assert likeness(one, "苏州明月科技有限公司", "苏州明月餐饮有限公司") == [
        ("same_core_and_trade", "苏州明月科技有限公司", "REFUSE"),
        ("same_core_other_trade", "苏州明月餐饮有限公司", "WARN"),
    ]


def test_what_sounds_the_same_in_the_same_trade_is_refused():
    assert likeness(parts("名悦"), "苏州明月软件有限公司") == [
        ("same_sound_and_trade", "苏州明月软件有限公司", "REFUSE")
    ]
    assert likeness(parts("名悦"), "苏州明月餐饮有限公司") == []


def test_a_character_of_several_readings_is_compared_in_each():
    assert sounds_of("重行") >= {"zhong xing", "chong hang"}
    assert likeness(parts("重行"), "苏州虫行软件有限公司")[0][0] == "same_sound_and_trade"


def test_a_core_within_another_of_the_same_trade_is_noted():
    assert likeness(parts("明月楼"), "苏州明月软件有限公司") == [
        ("contains_known_core", "苏州明月软件有限公司", "WARN")
    ]
    assert parts_within("明月楼") == ["明月", "月楼"]


def test_other_names_are_not_like_it():
    assert likeness(parts("明月"), "苏州清风软件有限公司", "苏州清月软件有限公司") == []
