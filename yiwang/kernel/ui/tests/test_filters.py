"""How values read in both languages."""

from datetime import UTC, date, datetime

import pytest
from django.utils.translation import override

from yiwang.kernel.ui import filters


@pytest.mark.parametrize(
    ("language", "expected"), [("zh-hans", "2026年11月2日"), ("en", "2 November 2026")]
)
def test_a_date_reads_in_the_active_language(language, expected):
    with override(language):
        assert filters.date_text(date(2026, 11, 2)) == expected
        assert filters.date_text("2026-11-02") == expected


def test_a_moment_is_shown_in_the_citys_time():
    with override("zh-hans"):
        text = filters.datetime_text(datetime(2026, 11, 1, 17, 5, tzinfo=UTC))
    assert text == "2026年11月2日 01:05"


@pytest.mark.parametrize("empty", [None, ""])
def test_nothing_reads_as_nothing(empty):
    assert filters.date_text(empty) == ""
    assert filters.datetime_text(empty) == ""
    assert filters.localized(None) == ""
    assert filters.money_fen(None) == ""


@pytest.mark.parametrize(("fen", "text"), [(1, "¥0.01"), (123456, "¥1,234.56"), (-500, "¥-5.00")])
def test_money_is_shown_in_yuan_without_rounding(fen, text):
    assert filters.money_fen(fen) == text


def test_no_fee_is_a_word():
    with override("zh-hans"):
        assert filters.money_fen(0) == "免费"


def test_a_text_falls_back_to_the_other_language():
    with override("en"):
        assert filters.localized({"zh": "居住证", "en": ""}) == "居住证"
        assert filters.localized({"zh": "居住证", "en": "Permit"}) == "Permit"
    with override("zh-hans"):
        assert filters.localized({"en": "Permit"}) == "Permit"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KB"),
        (5 * 1024**2, "5.0 MB"),
        (3 * 1024**3, "3.0 GB"),
    ],
)
def test_a_size_reads_in_its_unit(size, text):
    assert filters.filesize(size) == text


def test_a_limit_reads_in_its_unit():
    with override("en"):
        assert filters.duration(1, "WORKING_DAY") == "1 working day"
        assert filters.duration(20, "WORKING_DAY") == "20 working days"
        assert filters.duration(1.5, "WORKING_HOUR") == "1.5 working hours"
    with override("zh-hans"):
        assert filters.duration(20, "WORKING_DAY") == "20个工作日"


def test_a_list_and_a_label_have_the_marks_of_the_language():
    values = ["张三<", {"zh": "李四", "en": "Li Si"}]
    with override("zh-hans"):
        assert filters.listed(values) == "张三&lt;、李四"
        assert filters.listed(["1", "2"], clauses=True) == "1；2"
        assert filters.colon("理由") == "理由："
    with override("en"):
        assert filters.listed(values) == "张三&lt;, Li Si"
        assert filters.listed(["1", "2"], clauses=True) == "1; 2"
        assert filters.colon("Reason") == "Reason: "
        assert filters.listed([]) == ""


def test_articles_of_a_law_are_cited_as_the_language_does():
    with override("zh-hans"):
        assert filters.articles("第九条、第十一条") == "第九条、第十一条"
    with override("en"):
        assert filters.articles("第九条、第十一条") == "arts. 9, 11"
