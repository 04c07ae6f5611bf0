"""One matter, one rating; a bad one must be answered; the ranking counts what was said and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest

from yiwang.hall.ratings import actions, queries
from yiwang.hall.ratings.errors import (
    CaseStateWrong,
    FollowUpTooEarly,
    NothingToRate,
    OwnAppeal,
    RatedAlready,
    RatingIncomplete,
    RatingNotFound,
)
from yiwang.hall.ratings.models import Rating, RatingCase
from yiwang.identity.api import data_scope, department_put
from yiwang.kernel.api import RequestContext, calendar_seed_load, context_system, context_use

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)
RATER = RequestContext(population="CITIZEN", account_id=11, subject_ref="person:P1", purpose="评价")
OTHER = RequestContext(population="CITIZEN", account_id=12, subject_ref="person:P2", purpose="评价")


def officer(account_id, *permissions, department_id=7):
    return RequestContext(
        population="STAFF",
        account_id=account_id,
        permissions=frozenset(permissions),
        department_ids=frozenset({department_id}),
        purpose="差评整改",
    )


HEAD = officer(1, queries.HANDLE)
SUPERVISOR = officer(2, queries.HANDLE, queries.DECIDE, department_id=99)


def give(
    level="SATISFIED", *, subject="application:1", department_id=7, text="太慢了", **indicators
):
    with context_use(RATER):
        return actions.rating_give(
            subject,
            channel="ONLINE",
            title={"zh": "居住证", "en": "Permit"},
            matter_code="1",
            department_id=department_id,
            rater_ref="person:P1",
            level=level,
            indicators=indicators,
            text=text,
            now=NOW,
        )


@pytest.fixture
def case(db):
    with context_use(context_system("test")):
        calendar_seed_load(now=NOW)
    give("DISSATISFIED")
    return RatingCase.objects.get()


def state_of(case):
    return RatingCase.objects.get(pk=case.pk).state


def test_one_matter_is_rated_once(db):
    rating = give(efficiency="VERY_SATISFIED", platform="", nonsense="SATISFIED")
    assert rating.indicators == {"efficiency": "VERY_SATISFIED"}
    with pytest.raises(RatedAlready):
        give("VERY_DISSATISFIED")
    assert queries.rating_of("application:1").level == "SATISFIED"
    assert not RatingCase.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"level": ""}, {"level": "5"}, {"level": "DISSATISFIED", "text": " "}, {"efficiency": "good"}],
)
def test_numbers_and_bad_ratings_without_a_word_are_refused(db, wrong):
    with pytest.raises(RatingIncomplete):
        give(**wrong)
    with data_scope(purpose="测试"):
        assert not Rating.objects.exists()


def test_a_bad_rating_opens_work_with_one_and_fifteen_working_days(case):
    assert (case.state, case.department_id) == ("OPEN", 7)
    assert case.contact_due_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert case.rectify_due_at == datetime(2026, 12, 11, 9, tzinfo=UTC)


def test_the_department_calls_back_puts_right_and_the_rater_says_once_more(case):
    with context_use(HEAD):
        with pytest.raises(CaseStateWrong):
            actions.case_rectify(case.pk, measures="已改", now=NOW)
        with pytest.raises(RatingIncomplete):
            actions.case_contact(case.pk, note=" ", now=NOW)
        actions.case_contact(case.pk, note="电话致歉", now=NOW)
    with context_use(RATER), pytest.raises(FollowUpTooEarly):
        actions.rating_follow_up("application:1", level="SATISFIED", text="", now=NOW)
    with context_use(HEAD):
        actions.case_rectify(case.pk, measures="增设窗口", now=NOW + DAY)
    with context_use(OTHER), pytest.raises(NothingToRate):
        actions.rating_follow_up("application:1", level="SATISFIED", text="", now=NOW)
    with context_use(RATER):
        actions.rating_follow_up("application:1", level="SATISFIED", text="好了", now=NOW + DAY)
        with pytest.raises(FollowUpTooEarly):
            actions.rating_follow_up("application:1", level="SATISFIED", text="", now=NOW)
    found = queries.rating_of("application:1")
    assert (found.level, found.follow_up) == ("DISSATISFIED", "SATISFIED")


def test_another_department_neither_sees_nor_handles_the_case(case):
    with context_use(officer(3, queries.HANDLE, department_id=8)):
        assert queries.case_list() == []
        with pytest.raises(RatingNotFound):
            queries.case_get(case.pk)
        with pytest.raises(RatingNotFound):
            actions.case_contact(case.pk, note="x", now=NOW)
    assert state_of(case) == "OPEN"


def test_supervision_decides_appeals_and_a_mistake_is_not_counted(case):
    both = officer(1, queries.HANDLE, queries.DECIDE)
    with context_use(HEAD):
        actions.case_appeal(case.pk, reason="评错部门", now=NOW)
        with pytest.raises(CaseStateWrong):
            actions.case_contact(case.pk, note="x", now=NOW)
    with context_use(both), pytest.raises(OwnAppeal):
        actions.case_decide(case.pk, is_mistaken=True, reason="同意", now=NOW)
    with context_use(SUPERVISOR):
        actions.case_decide(case.pk, is_mistaken=False, reason="理由不足", now=NOW)
    assert state_of(case) == "OPEN"
    with context_use(HEAD):
        actions.case_appeal(case.pk, reason="有录像", now=NOW)
    with context_use(SUPERVISOR):
        actions.case_decide(case.pk, is_mistaken=True, reason="属实", now=NOW)
        with pytest.raises(CaseStateWrong):
            actions.case_decide(case.pk, is_mistaken=True, reason="属实", now=NOW)
    assert state_of(case) == "MISTAKEN"
    (row,) = queries.ranking(since=NOW - DAY, until=NOW + DAY)
    assert (row.counted, row.bad, row.share) == (0, 0, None)


def test_the_ranking_counts_what_was_said(db):
    with context_use(context_system("test")):
        good, poor = (
            department_put(
                f"1132050801414948{n}K",
                name=name,
                function="civil_affairs",
                level="DISTRICT",
                area_code=f"32050{n}000000",
                now=NOW,
            )
            for n, name in ((8, "甲局"), (9, "乙局"))
        )
    for n in range(3):
        give(subject=f"application:g{n}", department_id=good)
    for n, level in enumerate(["SATISFIED", "VERY_DISSATISFIED", "FAIRLY_SATISFIED"]):
        give(level, subject=f"application:p{n}", department_id=poor)
    rows = queries.ranking(since=NOW, until=NOW + DAY)
    assert [(row.place, row.name, row.satisfied, row.counted, row.bad) for row in rows] == [
        (1, "甲局", 3, 3, 0),
        (2, "乙局", 2, 3, 1),
    ]
    assert queries.ranking(since=NOW + DAY, until=NOW + 2 * DAY) == []


def test_the_ranking_is_public_and_shows_the_departments(case, client):
    page = client.get("/hall/ratings/?days=365")
    assert page.status_code == 200
