"""Guided questions always end, narrow what one needs, say why, and need neither script nor memory."""

import shutil
from pathlib import Path

import pytest

from yiwang.hall.guides.models import GuideVersion
from yiwang.hall.guides.queries import guide_get, guide_list_of, guide_walk, outcome_of
from yiwang.hall.guides.rules import paths, verdict
from yiwang.hall.guides.tests.test_forecasts import NOW, TODAY
from yiwang.kernel.api import pack_load_all

SHOP, ELDER, WASTE = (
    "business_guides.open_shop",
    "civil_affairs.elder_benefits",
    "urban_services.construction_waste",
)
SOLE_TRADER, RESTAURANT = "320731021000", "321050001000"


def ask(key, **answers):
    return guide_walk(guide_get(key), answers, today=TODAY)


def states(advice):
    return {each.title["zh"]: each.state for each in advice.materials}


def test_the_packs_questions_load_and_every_way_ends_in_an_outcome(loaded_packs):
    assert [
        loaded_packs[name] for name in ("business_guides", "civil_affairs", "urban_services")
    ] == [
        (),
        (),
        (),
    ]
    counted = {}
    for key in (SHOP, ELDER, WASTE):
        spec = guide_get(key).spec
        ends = [outcome_of(spec, answers)[0] for answers in paths(spec)]
        assert None not in ends, key
        assert {each.key for each in ends} == {each.key for each in spec.outcomes}
        counted[key] = len(ends)
    assert counted == {SHOP: 15, ELDER: 9, WASTE: 46}


def test_who_opens_a_shop_is_told_which_matter_and_which_rule_decided(loaded_packs):
    walk = ask(SHOP, who="ALONE", age="FROM_16", trade="FOOD_SALES")
    advice = walk.advice
    assert (advice.matter_code, advice.eligible, advice.is_free) == (SOLE_TRADER, "YES", True)
    assert [code for code, _title in advice.also] == ["320131023000"]
    assert advice.fired == (("应办事项", (4,)),)
    company = ask(SHOP, who="COMPANY", trade="FOOD_SERVICE").advice
    assert (company.matter_code, company.eligible) == (RESTAURANT, "YES")


def test_a_question_is_asked_only_where_the_answer_matters(loaded_packs):
    assert ask(SHOP, who="COMPANY").question.key == "trade"
    assert ask(SHOP, who="ALONE", age="UNDER_16").advice.matter_code == ""
    assert ask(ELDER, age="UNDER_60").advice.title["zh"] == "还没有到年龄"
    # An answer to a question that is not asked, and one that is no option, count for nothing.
    walk = ask(SHOP, who="COMPANY", age="UNDER_16", trade="CARS")
    assert (walk.answers, walk.question.key) == ({"who": "COMPANY"}, "trade")


def test_documents_are_narrowed_to_the_case(loaded_packs):
    answers = {"age": "FROM_80", "household": "LOCAL", "want": "ALLOWANCE"}
    alone = ask(ELDER, **answers, who_applies="SELF").advice
    family = ask(ELDER, **answers, who_applies="FAMILY").advice
    assert states(alone) == {
        "居民身份证": "HELD",
        "居民户口簿": "HELD",
        "申请人本人银行卡": "NEEDED",
        "委托书": "NOT_NEEDED",
    }
    assert states(family)["委托书"] == "NEEDED"


def test_a_fee_is_narrowed_to_a_range(loaded_packs):
    def fee(**answers):
        return ask(WASTE, who="ENTERPRISE", **answers).advice.fee

    assert fee(waste_kind="SOIL", disposal_kind="LANDFILL", volume="UP_TO_100") == (200, 20000)
    assert fee(waste_kind="DECORATION", disposal_kind="LANDFILL", volume="MORE") == (800000, None)
    assert fee(waste_kind="MUD", disposal_kind="BACKFILL", volume="MORE") == (0, 0)


def test_what_the_answers_do_not_reach_is_left_open():
    facts = {"form": {}, "applicant": {"kind": "person"}, "age": [59, 61]}
    rule = "years_between(applicant.birth_date, today) >= 60"
    assert verdict(rule, facts, today=TODAY) == "UNKNOWN"
    assert verdict("applicant.area_code == '320508'", facts, today=TODAY) == "UNKNOWN"
    assert verdict("applicant.kind == 'enterprise'", facts, today=TODAY) == "NO"


def test_loading_the_same_again_makes_no_version(loaded_packs):
    before = GuideVersion.objects.count()
    pack_load_all(NOW)
    assert GuideVersion.objects.count() == before


def test_a_guide_leads_from_the_matter_to_its_questions(loaded_packs):
    assert [guide.key for guide in guide_list_of(SOLE_TRADER)] == [SHOP]
    assert guide_list_of("000000000000") == []


BROKEN = {
    "age == 'FROM_80' and household == 'LOCAL'": ("children == 'X'", "children is no question"),
    "outcomes:\n  - key: TOO_YOUNG": ("outcomes:\n  - key: TOO_OLD", "lead nowhere"),
    "matter: elder_allowance": ("matter: elder_allowances", "elder_allowances"),
    "when: want ==": ("wen: want ==", "wen is not known"),
    "question: 应办事项": ("question: 该办事项", "has no decision"),
    "{value: FROM_60, zh: 六十至七十九周岁, en: 60 to 79,": (
        "{value: FROM_80, zh: 六十至七十九周岁, en: 60 to 79,",
        "different options",
    ),
}


@pytest.mark.parametrize("whole", BROKEN)
def test_a_broken_file_is_refused_with_its_line(db, tmp_path, settings, whole):
    shipped = Path(settings.PACK_DIRS[0])
    for name in ("hall_basics", "civil_affairs"):
        shutil.copytree(shipped / name, tmp_path / name)
    file = tmp_path / "civil_affairs" / "guides" / "elder_benefits.yaml"
    text = file.read_text()
    broken, told = BROKEN[whole]
    assert whole in text
    file.write_text(text.replace(whole, broken, 1))
    settings.PACK_DIRS = [tmp_path]
    states = {state.pack: state for state in pack_load_all(NOW)}
    problems = [str(each) for each in states["civil_affairs"].problems]
    assert any(told in each for each in problems), problems
    assert all("guides/elder_benefits.yaml" in each for each in problems)
    assert not GuideVersion.objects.filter(key=ELDER).exists()


def test_the_pages_ask_one_question_each_and_end_in_a_matter(loaded_packs, client):
    assert "我想开店，先办哪一件" in client.get("/hall/guides/").content.decode()
    first = client.get(f"/hall/guides/{SHOP}/").content.decode()
    assert 'type="radio"' in first
    assert "第 1 问，最多 3 问" in first
    second = client.get(f"/hall/guides/{SHOP}/?who=ALONE&asked=who").content.decode()
    assert 'name="who" value="ALONE"' in second
    assert "请选择一项" not in second
    again = client.get(f"/hall/guides/{SHOP}/?who=ALONE&asked=age").content.decode()
    assert "请选择一项" in again
    end = client.get(f"/hall/guides/{SHOP}/?who=ALONE&age=FROM_18&trade=OTHER").content.decode()
    for text in (
        "个体工商户设立登记",
        "按您的回答，可以申请",
        f"/hall/applications/start/{SOLE_TRADER}/",
    ):
        assert text in end
    assert client.get("/hall/guides/nothing/").status_code == 404


def test_the_guide_of_a_matter_shows_forecast_and_questions(loaded_packs, client):
    text = client.get(f"/hall/matters/{SOLE_TRADER}/").content.decode()
    assert "数据不足" in text
    assert f"/hall/guides/{SHOP}/" in text
