"""Search finds what people type: words, parts, old characters, synonyms, pinyin."""

import doctest

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.engines.text import index, rules
from yiwang.engines.text.actions import (
    search_put,
    search_put_many,
    search_rebuild,
    search_remove,
    synonyms_put,
)
from yiwang.engines.text.data import SearchEntry
from yiwang.engines.text.models import SearchDocument
from yiwang.engines.text.queries import search
from yiwang.sdk.text import fold

pytestmark = pytest.mark.django_db

LETTERS = "老年人优待证办理優領證长重行abAB12，。（ \n"
texts = st.text(LETTERS, min_size=1, max_size=14)


def refs(query: str, **options) -> list[str]:
    return [hit.ref for hit in search(query, **options).hits]


@pytest.fixture
def city():
    search_put(
        "matter",
        "elder",
        title="老年人优待证",
        title_en="Senior citizen card",
        keywords=["老年证", "优待证", "敬老卡"],
        body="年满六十周岁的本市户籍老年人可以申请，当场发证。",
        url="/hall/matters/322014001000/",
        weight=10,
    )
    search_put(
        "matter",
        "restaurant",
        title="开餐馆“一件事”",
        title_en="Opening a restaurant",
        keywords=["开饭店", "餐饮服务"],
        body="营业执照、食品经营许可、户外招牌设置和消防安全检查一次申请。",
        url="/b/",
    )
    search_put("department", "civil", title="苏州市民政局", url="/d/", body="负责老年人福利工作")
    search_put("place", "cz", title="长桥街道", url="/p/")


@pytest.mark.parametrize(
    "query",
    ["老年证", "優待", "优待证", "lnz", "LNZ", "lnryzz"[:3], "lnrydz", "laonianren", "youdai",
     "laonianrenyoudaizheng", "lao nian", "敬老卡", "老人证", "証"[:0] + "優待證", "Senior", "senior card",
     "老年人 优待", "六十周岁", "老", "年滿六十"],
)  # fmt: skip
def test_the_senior_card_is_found_first_or_at_all_by_what_people_type(city, query):
    assert "elder" in refs(query)


def test_a_title_comes_before_a_body(city):
    assert refs("老年人") == ["elder", "civil"]


def test_a_polyphone_is_found_by_each_of_its_readings(city):
    assert refs("changqiao") == ["cz"]
    assert refs("zhangqiao") == ["cz"]
    assert refs("cq") == ["cz"]
    assert "cz" in refs("zq")


def test_kinds_limit_and_offset_cut_the_list_and_the_total_stays(city):
    assert refs("老年人", kinds=["department"]) == ["civil"]
    first = search("老年人", limit=1)
    assert (first.total, [hit.ref for hit in first.hits]) == (2, ["elder"])
    assert refs("老年人", limit=1, offset=1) == ["civil"]
    assert search("老年人", kinds=[]).total == 0


def test_a_pack_adds_synonyms_and_taking_them_back_works(city):
    assert refs("摆渡") == []
    synonyms_put("pack:x", [["摆渡", "民政局"]])
    assert refs("摆渡") == ["civil"]
    assert refs("bd") == ["civil"]
    synonyms_put("pack:x", [])
    assert refs("摆渡") == []


def test_nothing_found_brings_the_nearest(city):
    result = search("老年人优代证件")
    assert (result.total, result.hits) == (0, ())
    assert result.suggestions[0].ref == "elder"


def test_every_example_in_the_rules_holds():
    assert doctest.testmod(rules).failed == 0


def test_a_hit_shows_where_the_words_stand(city):
    hit = search("优待").hits[0]
    assert hit.title_parts == (("老年人", False), ("优待", True), ("证", False))
    assert search("六十周岁").hits[0].snippet.startswith("年满六十周岁")
    assert ("六十周岁", True) in search("六十周岁").hits[0].snippet_parts


@pytest.mark.parametrize("query", ["", "   ", "。，（）", "\x00", "_", "%", "'", '"', "*", "\\"])
def test_a_query_without_words_finds_nothing(city, query):
    assert search(query).total == 0


@pytest.mark.parametrize(
    "query", ['老年" OR "', "老年')", "老年*", "NEAR(老年)", "title:老年", "a:*"]
)
def test_marks_of_the_index_languages_are_only_text(city, query):
    assert search(query).total == 0


def test_a_very_long_query_is_cut_and_answered(city):
    assert search("老年人" * 3000).total == 0


def test_putting_again_replaces_and_removing_removes(city):
    search_put("matter", "elder", title="高龄津贴", url="/c/")
    assert refs("优待") == []
    assert refs("高龄津贴") == ["elder"]
    assert search_remove("matter", "elder") is True
    assert search_remove("matter", "elder") is False
    assert refs("高龄津贴") == []


def test_control_characters_do_not_reach_the_table(city):
    search_put("page", "x", title="甲\x00乙\f丙", url="/", body="丁\x00\f戊")
    assert refs("甲乙丙") == ["x"]
    assert refs("丁戊") == ["x"]


def expected(document: tuple[str, str, str], part: str) -> bool:
    fields = [fold(text) for text in document]
    return all(any(word in field for field in fields) for word in part.split())


slow = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@slow
@given(
    documents=st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=6),
    data=st.data(),
)
def test_every_part_of_two_characters_or_more_is_found_and_nothing_else(documents, data):
    """Recall and precision against the truth by substring are both 1."""
    SearchDocument.objects.all().delete()
    index.index_clear()
    search_put_many(
        SearchEntry("x", str(number), title, "/", body=body, keywords=[word])
        for number, (title, word, body) in enumerate(documents)
    )
    stored = {row.ref: (row.title, *row.keywords, row.body) for row in SearchDocument.objects.all()}
    field = data.draw(
        st.sampled_from(sorted({text for texts_ in stored.values() for text in texts_}))
    )
    start = data.draw(st.integers(0, max(0, len(field) - 2)))
    end = data.draw(st.integers(min(start + 2, len(field)), len(field)))
    part = fold(field[start:end])
    if not any(rules.query_tokens(word) for word in part.split()):
        return
    words = " ".join(word for word in part.split() if rules.query_tokens(word))
    truth = {ref for ref, document in stored.items() if expected(document, words)}
    found = search(part, limit=100)
    by_text = {hit.ref for hit in found.hits if expected(stored[hit.ref], words)}
    assert by_text == truth
    if not words.isascii():
        assert {hit.ref for hit in found.hits} == truth


operations = st.lists(
    st.tuples(st.sampled_from(["put", "remove"]), st.sampled_from("abcde"), texts, texts),
    max_size=12,
)


@slow
@given(operations)
def test_the_index_holds_exactly_the_tokens_of_the_table(steps):
    SearchDocument.objects.all().delete()
    index.index_clear()
    for act, ref, title, body in steps:
        if act == "put":
            search_put("x", ref, title=title, body=body, url="/")
        else:
            search_remove("x", ref)
    truth = {
        row.pk: rules.index_tokens(row.haystack, row.readings)
        for row in SearchDocument.objects.all()
    }
    assert index.index_dump() == truth
    assert search_rebuild() == len(truth)
    assert index.index_dump() == truth
