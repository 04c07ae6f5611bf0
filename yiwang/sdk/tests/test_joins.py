"""Opinions together (会签规则): the answer, early and the same in any order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.sdk.joins import (
    AGREE,
    ALL,
    ANY,
    QUORUM,
    REFUSE,
    VETO,
    Join,
    join_decide,
    join_load,
    join_problems,
)

PARTIES = ("fire", "food", "health", "roads", "water")


def whole(join: Join, opinions: dict) -> str:
    """Say what the policy means once all have spoken, straight from its definition."""
    agreed = sum(one == AGREE for one in opinions.values())
    total = len(opinions)
    if join.policy == ALL:
        return AGREE if agreed == total else REFUSE
    if join.policy == ANY:
        return AGREE if agreed or not total else REFUSE
    enough = agreed >= min(join.quorum or total // 2 + 1, total)
    vetoed = any(opinions[one] == REFUSE for one in join.veto)
    return AGREE if enough and not vetoed else REFUSE


@st.composite
def rounds(draw):
    parties = draw(st.lists(st.sampled_from(PARTIES), min_size=1, max_size=5, unique=True))
    policy = draw(st.sampled_from([ALL, ANY, QUORUM, VETO]))
    quorum = draw(st.integers(0, len(parties))) if policy in (QUORUM, VETO) else 0
    veto = ()
    if policy == VETO:
        veto = tuple(draw(st.lists(st.sampled_from(parties), min_size=1, unique=True)))
    opinions = {one: draw(st.sampled_from([AGREE, REFUSE])) for one in parties}
    return Join(policy, quorum, veto), opinions, draw(st.permutations(parties))


@given(rounds())
def test_in_any_order_the_early_answer_is_the_answer_of_the_whole(case):
    join, opinions, order = case
    said = dict.fromkeys(opinions)
    answers = [join_decide(join, said)]
    for party in order:
        said[party] = opinions[party]
        answers.append(join_decide(join, said))

    known = [one for one in answers if one is not None]
    assert answers[-1] == whole(join, opinions)
    assert set(known) == {whole(join, opinions)}


@given(rounds())
def test_it_stays_open_only_while_both_answers_are_still_possible(case):
    join, opinions, order = case
    said = dict.fromkeys(opinions)
    for party in order:
        left = [one for one, value in said.items() if value is None]
        ends = {whole(join, {**said, **dict.fromkeys(left, value)}) for value in (AGREE, REFUSE)}
        assert (join_decide(join, said) is None) == (len(ends) == 2)
        said[party] = opinions[party]


@pytest.mark.parametrize(
    ("join", "said"),
    [
        (Join(VETO), "The policy VETO must say who may veto."),
        (Join(ALL, veto=("fire",)), "veto belongs to the policy VETO."),
        (Join(VETO, veto=("police",)), "veto names police, who is not asked."),
        (Join(ANY, quorum=1), "quorum belongs to the policies QUORUM and VETO."),
        (Join(QUORUM, quorum=6), "A quorum of 6 cannot be reached by 5."),
    ],
)
def test_a_join_that_cannot_work_is_named(join, said):
    assert said in join_problems(join, PARTIES)


def test_nothing_said_is_all():
    assert join_load(None) == Join(ALL)
    assert join_load({"policy": "VETO", "veto": ["fire"], "quorum": 2}) == Join(VETO, 2, ("fire",))


def test_nobody_asked_is_agreed():
    assert [join_decide(Join(policy), {}) for policy in (ALL, ANY, QUORUM)] == [AGREE] * 3
