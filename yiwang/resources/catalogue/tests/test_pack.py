"""Datasets of packs: drafts of the owner; errors with file and line; a later word is a revision."""

import pytest
from django.conf import settings

from yiwang.kernel.api import context_use
from yiwang.resources.catalogue import actions
from yiwang.resources.catalogue.models import Resource
from yiwang.resources.catalogue.pack import dataset_parse, datasets_read
from yiwang.resources.catalogue.queries import resource_by_id
from yiwang.resources.catalogue.tests.conftest import NOW
from yiwang.sdk.packs import Manifest, PackError, PackFile, PackSection, yaml_read

GOOD = """\
key: cards
title: {zh: 持证人, en: Holders}
summary: {zh: 全部, en: All}
theme: 社会救助
cycle: DAILY
sharing: {type: 2, condition: 核验, mode: CHECK}
open: {type: CLOSED, reason: 个人信息}
keys: [number]
fields:
  - {name: number, title: {zh: 编号, en: Number}, type: C, length: 64, level: 2}
  - {name: sex, title: {zh: 性别, en: Sex}, type: C, level: 2, code_table: sexes}
quality:
  - {key: has, that: len(number) > 3, message: {zh: 太短, en: Short}}
"""


def section(text, name="cards", owner="civil_affairs"):
    content, lines = yaml_read(text)
    manifest = Manifest("civil", {"zh": "民", "en": "C"}, "1.0.0", owner)
    file = PackFile("civil", f"datasets/{name}.yaml", content, lines)
    return PackSection(manifest, "datasets", (file,), lambda *_: None)


def read(text, **more):
    return datasets_read(section(text, **more), now=NOW)


@pytest.mark.django_db
def test_a_dataset_is_a_draft_of_the_owner_until_people_publish_it(city, system):
    codes = read(GOOD)
    row = Resource.objects.get()
    assert codes == {"cards": row.code}
    assert (row.state, row.department_id, row.pack_ref) == (
        "DRAFT",
        city.ids["bureau"],
        "civil.cards",
    )
    with city.steward():
        actions.resource_submit(row.pk, now=NOW)
    with city.reviewer():
        view = actions.resource_publish(row.pk, now=NOW)
    assert view.spec.fields[0].is_key
    assert view.spec.quality[0].that == "len(number) > 3"
    assert read(GOOD) == codes
    assert resource_by_id(row.pk).state == "PUBLISHED"
    read(GOOD.replace("DAILY", "WEEKLY"))
    view = resource_by_id(row.pk)
    assert (view.state, view.draft.cycle, view.spec.cycle) == ("DRAFT", "WEEKLY", "DAILY")


@pytest.mark.django_db
def test_without_departments_the_dataset_waits_for_its_provider(seeds, system):
    read(GOOD)
    assert Resource.objects.get().department_id is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("cycle: DAILY", "cycle: OFTEN", 5, "not in the list"),
        ("type: 2, condition: 核验", "type: 3, reason: 不想", 6, "law or regulation"),
        ("keys: [number]", "keys: [nothing]", 8, "No field is called nothing"),
        ("length: 64", "length: long", 1, "length"),
        ("code_table: sexes", "code_table: nowhere", 11, "no code table nowhere"),
        ("len(number) > 3", "len(number", 13, ""),
        ("theme: 社会救助", "colour: red", 4, "colour is not known"),
        ("key: cards", "key: other", 1, "key must be the file's name"),
        ("summary: {zh: 全部, en: All}", "summary: 全部", 3, "zh and en"),
        ("level: 2, code_table", "level: 7, code_table", 11, "one of 1 to 4"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(city, system, before, after, line, words):
    with pytest.raises(PackError) as caught:
        read(GOOD.replace(before, after))
    problem = caught.value.problems[0]
    assert (problem.file, problem.line) == ("datasets/cards.yaml", line)
    assert words in problem.message
    assert not Resource.objects.exists()


@pytest.mark.django_db
def test_nobody_but_the_machine_or_a_steward_writes_datasets(city):
    from yiwang.kernel.api import ANONYMOUS
    from yiwang.sdk.errors import SignInNeeded

    with context_use(ANONYMOUS), pytest.raises(SignInNeeded):
        read(GOOD)
    assert not Resource.objects.exists()


def test_the_shipped_datasets_read_without_a_problem():
    for name in (
        "civil_affairs/datasets/elder_card_holders",
        "market_supervision/datasets/food_permits",
    ):
        path = settings.PACK_DIRS[0] / f"{name}.yaml"
        content, lines = yaml_read(path.read_text())
        pack = name.partition("/")[0]
        spec, problems = dataset_parse(PackFile(pack, f"datasets/{path.name}", content, lines))
        assert problems == []
        assert spec.matters
        assert all(one.title_en for one in spec.fields)
