"""The pack contract: every problem has a file and a line."""

import doctest
import textwrap

import pytest

from yiwang.sdk import packs
from yiwang.sdk.packs import PackError, PackFile, definition_dump, definition_load, matter_check
from yiwang.sdk.packs import documents as documents_module
from yiwang.sdk.packs.manifest import load_order, pack_read
from yiwang.sdk.packs.matters import matter_parse

MATTER = """\
code: "322014001000"
title: {zh: 老年人优待证, en: Senior citizen card}
aliases: [老年证]
item_type: "20"
department: civil_affairs
level: DISTRICT
service_objects: ["1"]
project_type: "1"
eligibility:
  when: "applicant.kind == 'person' and years_between(applicant.birth_date, today) >= 60"
  zh: 年满六十周岁的本市户籍老年人
  en: Residents of this city aged sixty or more
legal_basis:
  - {title: {zh: 中华人民共和国老年人权益保障法, en: Law on the elderly}, article: 第五十三条}
limits:
  legal: {amount: 20, unit: WORKING_DAY}
  promised: {amount: 0, unit: WORKING_DAY}
materials:
  - {key: photo, title: {zh: 照片, en: Photograph}, source: registry, registry_field: person.photo}
refusal_remedy: {zh: 可申请行政复议, en: You may ask for review}
form: elder_card_apply
workflow: hall_basics.accept_decide
themes: [社会保障]
"""


def matter_file(text: str) -> PackFile:
    data, lines = packs.yaml_read(text, pack="senior", path="matters/card.yaml")
    return PackFile("senior", "matters/card.yaml", data, lines)


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(documents_module).failed == 0


def test_a_sound_matter_is_read_and_survives_its_plain_form():
    definition = matter_parse(matter_file(MATTER))
    assert (definition.code, definition.title["zh"]) == ("322014001000", "老年人优待证")
    assert definition.limits.promised.amount == 0
    assert definition_load(definition_dump(definition)) == definition


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("322014001000", "320114001000", 1, "Digits 3-4 of the code are 01, the item type is 20."),
        ('"322014001000"', '"32201400100"', 1, "code"),
        (", en: Senior citizen card", "", 2, "en"),
        ("en: Senior citizen card", "en: 老年证", 2, "The English text has Chinese characters."),
        ("zh: 老年人优待证", "zh: Senior card", 2, "The Chinese text has no Chinese characters."),
        ("department: civil_affairs\n", "", 1, "department"),
        ("level: DISTRICT", "level: COUNTY", 6, "level"),
        ('project_type: "1"', 'project_type: "2"', 8, "A promise of 0 means on the spot"),
        ("today) >= 60", "today >= 60", 10, "The condition cannot be read"),
        ("applicant.kind", "person.kind", 10, "The condition uses person"),
        ("  - {title: {zh: 中华", "  - {name: x, title: {zh: 中华", 14, "name"),
        (", article: 第五十三条", "", 14, "article"),
        ("legal: {amount: 20, unit: WORKING_DAY}", "legal: {amount: 20, unit: DAYS}", 16, "DAYS"),
        ("promised: {amount: 0, unit: WORKING_DAY}", "promised: {amount: 0, unit: CALENDAR_DAY}",
         17, "The promised and the legal limit differ in unit."),
        ("amount: 0,", "amount: 30,", 17, "The promised limit is longer than the legal one."),
        ("amount: 0,", "amount: 3,", 17, "A matter done on the spot"),
        (", registry_field: person.photo", "", 19, "needs registry_field"),
        ("source: registry", "source: upload", 19, "needs accept"),
        ("source: registry", "source: magic", 19, "magic"),
        ("themes: [社会保障]", "themes: [魔法]", 23, "魔法"),
        ("form: elder_card_apply", "form: Elder Card", 21, "form"),
        ("refusal_remedy: {zh: 可申请行政复议, en: You may ask for review}\n", "", 1, "refusal_remedy"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_line(old, new, line, message):
    assert old in MATTER
    problems = matter_check(matter_file(MATTER.replace(old, new)))
    assert problems
    assert any(problem.line == line and message in problem.message for problem in problems), (
        problems
    )


def test_further_rules_of_the_guide_are_checked():
    text = MATTER + textwrap.dedent(
        """\
        visits: 1
        fee: {amount_fen: 100}
        branches:
          - {key: a, title: {zh: 甲, en: A}, department: health, level: CITY, limit: {amount: 25, unit: WORKING_DAY}}
          - {key: a, title: {zh: 乙, en: B}, department: health, level: CITY}
        """
    )
    assert [(p.line, p.message) for p in matter_check(matter_file(text))] == [
        (24, "Visits on the spot need a visit_reason."),
        (25, "A fee needs its basis."),
        (27, "The limit of a must have the legal limit's unit and not exceed it."),
        (28, "The key a appears twice."),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\na: 2", 2, "The key a appears twice."),
        ("a: &x 1\nb: *x", 1, "Anchors and aliases"),
        ("a: !!python/object:os.system x", 1, "is not allowed"),
        ("a: [1\nb: 2", 2, "YAML"),
        ("a:\n\t- 1", 2, "YAML"),
    ],
)
def test_traps_of_yaml_are_refused_with_their_line(text, line, message):
    with pytest.raises(PackError) as caught:
        packs.yaml_read(text, pack="p", path="x.yaml")
    problem = caught.value.problems[0]
    assert problem.line == line
    assert message in problem.message


def test_yaml_values_are_plain_json():
    text = (
        "a: yes\nb: 2026-01-01\nc: 0512\nd: 1.5\ne: null\nf: true\ng: '1'\nh: -3\ni: 1e3\nj:\nk: ''"
    )
    data, _ = packs.yaml_read(text)
    assert data == {
        "a": "yes", "b": "2026-01-01", "c": "0512", "d": 1.5, "e": None, "f": True, "g": "1",
        "h": -3, "i": 1000.0, "j": None, "k": "",
    }  # fmt: skip


def write_pack(root, name, *, depends=(), **values):
    folder = root / name
    folder.mkdir()
    manifest = {
        "id": f'"{name}"',
        "title": '{ zh = "包", en = "Pack" }',
        "version": '"1.0.0"',
        "owner": '"civil_affairs"',
        "depends": str(list(depends)),
    } | values
    lines = [f"{key} = {value}" for key, value in manifest.items() if value is not None]
    (folder / "pack.toml").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("values", "line", "message"),
    [
        ({"id": '"other"'}, 1, "id must be the folder's name, good."),
        ({"title": '{ zh = "包" }'}, 2, "title needs zh and en."),
        ({"version": '"1"'}, 3, "version must be like 1.0.0."),
        ({"owner": None}, 1, "owner must name the function of a department."),
        ({"color": '"red"'}, 6, "The key color is not known."),
        ({"depends": ["good"]}, 5, "A pack cannot depend on itself."),
        ({"version": "1."}, 3, "TOML"),
    ],
)
def test_a_faulty_manifest_is_told_with_its_line(tmp_path, values, line, message):
    folder = write_pack(tmp_path, "good", **values)
    with pytest.raises(PackError) as caught:
        pack_read(folder)
    problem = caught.value.problems[0]
    assert (problem.pack, problem.file, problem.line) == ("good", "pack.toml", line)
    assert message in problem.message


def test_every_unreadable_file_is_told_at_once(tmp_path):
    folder = write_pack(tmp_path, "good")
    (folder / "matters").mkdir()
    (folder / "matters" / "a.yaml").write_text("a: [", encoding="utf-8")
    (folder / "matters" / "b.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(PackError) as caught:
        pack_read(folder)
    assert [problem.file for problem in caught.value.problems] == [
        "matters/a.yaml",
        "matters/b.yaml",
    ]


def test_packs_load_after_what_they_depend_on_and_circles_are_told(tmp_path):
    names = {"a": ["b"], "b": [], "c": ["d"], "d": ["c"], "e": ["nothing"], "f": ["c"]}
    found = {name: pack_read(write_pack(tmp_path, f"p{name}", depends=[f"p{d}" for d in depends]))
             for name, depends in names.items()}  # fmt: skip
    order, refused = load_order({f"p{name}": pack for name, pack in found.items()})
    assert order == ["pb", "pa"]
    assert set(refused) == {"pc", "pd", "pe", "pf"}
    assert "pnothing, which does not exist" in refused["pe"].message
    assert refused["pc"].line == 5
