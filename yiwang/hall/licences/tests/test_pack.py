"""Reading licences/*.yaml: every mistake with file and line, the same file twice changes nothing."""

import pytest

from yiwang.hall.licences.models import LicenceType
from yiwang.hall.licences.pack import licences_read
from yiwang.hall.licences.queries import licence_type_get, licence_type_list
from yiwang.hall.licences.tests.conftest import NOW, SYSTEM
from yiwang.kernel.api import context_use
from yiwang.sdk.packs import Manifest, PackError, PackFile, PackSection, yaml_read

GOOD = """\
key: elder_card
title: {zh: 老年人优待证, en: Senior citizen card}
type_code: "11320500014149488K001"
holder: person
validity: null
fields:
  - {name: name, title: {zh: 姓名, en: Name}, from: holder.name}
  - {name: photo, title: {zh: 照片, en: Photo}, from: form.photo}
template: landscape
legal_basis:
  - {title: {zh: 老年人权益保障法, en: Elderly rights law}, article: 第五十三条}
"""

pytestmark = pytest.mark.django_db


def _section(text: str) -> PackSection:
    data, lines = yaml_read(text, pack="senior", path="licences/elder_card.yaml")
    manifest = Manifest("senior", {"zh": "老龄", "en": "Senior"}, "1.0.0", "civil_affairs")
    file = PackFile("senior", "licences/elder_card.yaml", data, lines)
    return PackSection(manifest, "licences", (file,), lambda section, name: None)


def _read(text: str) -> dict:
    with context_use(SYSTEM):
        return licences_read(_section(text), now=NOW)


def test_a_file_becomes_a_type_under_its_packs_name():
    assert _read(GOOD) == {"elder_card": "senior.elder_card"}
    kind = licence_type_get("senior.elder_card")
    assert (kind.version, kind.template, kind.holder) == (1, "CARD", "PERSON")
    assert kind.validity_years is None
    assert kind.legal_basis[0]["article"] == "第五十三条"


def test_reading_again_changes_nothing_and_a_change_is_a_new_version():
    _read(GOOD)
    _read(GOOD)
    assert LicenceType.objects.count() == 1
    _read(GOOD.replace("validity: null", "validity: {years: 5}"))
    assert [(kind.version, kind.validity_years) for kind in licence_type_list()] == [(2, 5)]


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("key: elder_card", "key: other", 1, "file's name"),
        ("en: Senior citizen card", "fr: Carte", 2, "zh and en"),
        ("11320500014149488K001", "11320500014149488K01", 3, "21 characters"),
        ("holder: person", "holder: nobody", 4, "person or enterprise"),
        ("validity: null", "validity: {years: 0}", 5, "N from 1 to 100"),
        ("validity: null", "validity: {months: 3}", 5, "null or"),
        ("validity: null", "validity: 5", 5, "null or"),
        ("from: holder.name", "form: holder.name", 7, "name, title and from"),
        ("name: photo", "name: name", 8, "appears twice"),
        ("template: landscape", "template: round", 9, "card"),
        ("template: landscape", "colour: red\ntemplate: landscape", 9, "colour is not known"),
    ],
)
def test_a_mistake_is_reported_with_its_line_and_nothing_is_stored(before, after, line, words):
    with pytest.raises(PackError) as caught:
        _read(GOOD.replace(before, after))
    problem = caught.value.problems[0]
    assert (problem.pack, problem.file) == ("senior", "licences/elder_card.yaml")
    assert problem.line == line
    assert words in problem.message
    assert LicenceType.objects.count() == 0


@pytest.mark.parametrize("text", ["- a\n- b\n", "title: 1\n", ""])
def test_what_is_no_licence_type_at_all_is_reported_too(text):
    with pytest.raises(PackError):
        _read(text)
