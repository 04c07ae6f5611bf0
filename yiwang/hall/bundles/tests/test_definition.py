"""A bundle's file (一件事定义): what is wrong in it is said with its line."""

import pytest

from yiwang.hall.bundles.definition import bundle_check, bundle_dump, bundle_load
from yiwang.sdk.packs import PackFile, yaml_read

HEAD = """\
title: {zh: 甲, en: A}
summary: {zh: 乙, en: B}
kind: person
owner: civil_affairs
questions:
  - {name: wide, title: {zh: 大, en: Wide}, options: [{value: "Y", zh: 是, en: "Yes"}, {value: "N", zh: 否, en: "No"}]}
matters:
  - {key: one, matter: a, when: "wide == 'Y'"}
"""
SOUND = HEAD + "  - {key: two, matter: b, after: {of: [one], policy: QUORUM, quorum: 1}}\n"


def file(text: str) -> PackFile:
    data, lines = yaml_read(text)
    return PackFile("p", "bundles/x.yaml", data, lines)


@pytest.mark.parametrize(
    ("last", "line", "said"),
    [
        ("  - {key: two, matter: b, after: {of: [two]}}", 7, "two → two"),
        ("  - {key: two, matter: b, after: {of: [three]}}", 9, "The bundle has no matter three."),
        ("  - {key: two, matter: b, after: {of: [one], quorum: 1}}", 9, "quorum belongs to"),
        ("  - {key: one, matter: b}", 9, "There is a matter one already."),
        ("  - {key: two, matter: b, when: narrow}", 9, "narrow is neither a question nor"),
        ("  - {key: two, matter: b, when: '1 +'}", 9, "Line 1, column"),
        ("  - {key: two, matter: b}\nshared: [{name: x, fields: {six: x}}]", 10, "no matter six"),
        ("  - {key: two}", 9, "matter"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(last, line, said):
    problems = bundle_check(file(HEAD + last))

    assert [one.line for one in problems] == [line]
    assert said in problems[0].message


def test_a_sound_file_passes_and_its_stored_form_reads_back_the_same():
    assert bundle_check(file(SOUND)) == []
    definition = bundle_load(file(SOUND).data)
    assert bundle_load(bundle_dump(definition)) == definition
    assert definition.matters[1].join.quorum == 1
