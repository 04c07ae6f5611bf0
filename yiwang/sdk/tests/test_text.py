"""Text is cleaned for keeping and folded for comparing."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.sdk import text

CHINESE = st.text(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=12
)


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(text).failed == 0


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  张三\u3000", "张三"),
        ("１２３ＡＢＣａｂｃ", "123ABCabc"),
        ("甲（乙），丙。", "甲（乙），丙。"),
        ("一\u200b二\ufeff三\u202e", "一二三"),
        ("行一\r\n行二\r行三\t尾", "行一\n行二\n行三\t尾"),
        ("\x00\x07a\x1b[31m", "a[31m"),
        ("\ud800", ""),
        ("", ""),
    ],
)
def test_clean_keeps_what_people_type_and_drops_what_machines_paste(typed, kept):
    assert text.clean(typed) == kept


@given(st.text(max_size=40))
def test_cleaning_twice_changes_nothing_more(typed):
    once = text.clean(typed)
    assert text.clean(once) == once


@given(CHINESE, st.data())
def test_a_part_of_a_folded_text_is_the_folded_part(whole, data):
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start + 1, len(whole)))
    assert text.fold(whole[start:end]) in text.fold(whole)


@given(CHINESE, st.data())
def test_the_tokens_of_a_part_are_among_those_of_the_whole(whole, data):
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start + 1, len(whole)))
    assert text.query_tokens(text.fold(whole[start:end])) <= text.tokens(whole)


def test_readings_stay_few_even_for_a_long_text_of_polyphones():
    assert len(text.pinyin_full("长重行乐和" * 10)) == text.MAX_READINGS
    assert len(text.pinyin_initials("长重行乐和" * 10)) == text.MAX_READINGS


def test_initials_know_every_reading_of_a_polyphone():
    assert text.pinyin_initials("重庆") == {"cq", "zq", "tq"}
    assert text.pinyin_initials("A4纸，2张") == {"a4z2z"}
