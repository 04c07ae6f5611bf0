import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.promises.data import KINDS, STATES
from yiwang.hall.promises.rules import (
    ENDED,
    NEXT,
    blocks_issue,
    commitment_text,
    follow_text,
    number_zh,
    state_after,
    text_digest,
)

TITLE = {"zh": "检测报告", "en": "Test report"}


@given(st.lists(st.sampled_from(sorted(NEXT)), max_size=12))
def test_whatever_is_done_in_whatever_order_what_ended_stays_ended(acts):
    state = "MADE"
    for act in acts:
        after = state_after(act, state)
        if state in ENDED:
            assert after is None
        state = after or state
        assert state in STATES


@given(st.lists(st.sampled_from(sorted(NEXT)), max_size=12))
def test_a_promise_is_only_kept_broken_or_void_after_it_was_made(acts):
    state, seen = "MADE", ["MADE"]
    for act in acts:
        state = state_after(act, state) or state
        seen.append(state)
    if state == "BROKEN":
        assert "OPEN" in seen or "SUPPLIED" in seen


@pytest.mark.parametrize(
    ("kind", "state", "consequence", "blocks"),
    [
        ("TOLERANT", "MADE", "WITHHOLD", True),
        ("TOLERANT", "OPEN", "WITHHOLD", True),
        ("TOLERANT", "SUPPLIED", "WITHHOLD", True),
        ("TOLERANT", "KEPT", "WITHHOLD", False),
        ("TOLERANT", "VOID", "WITHHOLD", False),
        ("TOLERANT", "OPEN", "REVOKE", False),
        ("TOLERANT", "OPEN", "CREDIT", False),
        ("TOLERANT", "BROKEN", "CREDIT", True),
        ("COMMITMENT", "MADE", "REVOKE", False),
        ("COMMITMENT", "OPEN", "REVOKE", False),
        ("COMMITMENT", "BROKEN", "REVOKE", True),
    ],
)
def test_what_keeps_anything_from_being_issued(kind, state, consequence, blocks):
    assert kind in KINDS
    assert blocks_issue(kind, state, consequence) is blocks


def test_a_promise_says_days_and_consequence_in_both_languages():
    text = follow_text(TITLE, days=15, consequence="REVOKE")
    assert "十五个工作日内补交“检测报告”" in text["zh"]
    assert "撤销已作出的决定" in text["zh"]
    assert "within 15 working days" in text["en"]


def test_a_commitment_says_notice_check_and_consequences_before_it_commits():
    text = commitment_text(
        TITLE,
        notice=[{"zh": "甲", "en": "a"}, {"zh": "乙", "en": "b"}],
        consequences={"zh": "不实的撤销。", "en": "Revoked if untrue."},
        legal_basis="某法",
        check_days=30,
    )
    parts = ["依据某法", "（一）甲；（二）乙；", "三十个工作日内核查", "不实的撤销。", "申请人承诺"]
    places = [text["zh"].index(part) for part in parts]
    assert places == sorted(places)


@given(st.text(min_size=1), st.text(min_size=1))
def test_the_digest_stands_for_the_words(first, second):
    same = text_digest({"zh": first, "en": "x"}) == text_digest({"zh": second, "en": "x"})
    assert same == (first == second)


def test_numbers_in_words():
    assert [number_zh(n) for n in (1, 9, 10, 11, 20, 21, 99)] == [
        "一", "九", "十", "十一", "二十", "二十一", "九十九",
    ]  # fmt: skip
