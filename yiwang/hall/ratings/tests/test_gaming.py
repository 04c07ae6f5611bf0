"""Ratings that look made up are found by rules with thresholds; a person decides, and the ranking says what it left out."""

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yiwang.hall.ratings import gaming, gaming_actions, gaming_queries, queries, registry
from yiwang.hall.ratings.data import ActCount, GamingRuleView, Trace
from yiwang.hall.ratings.detection import suspects_find
from yiwang.hall.ratings.errors import (
    FindingNotFound,
    FindingStateWrong,
    GamingReasonMissing,
    GamingRuleInvalid,
    OwnDecision,
)
from yiwang.hall.ratings.models import GamingFinding, GamingRule, Rating
from yiwang.hall.ratings.tracing import device_of, text_digest
from yiwang.identity.api import data_scope, department_put
from yiwang.kernel.api import RequestContext, context_system, context_use

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SYSTEM = context_system("test")


def officer(account_id, *permissions, department_id=7):
    return RequestContext(
        population="STAFF",
        account_id=account_id,
        name=f"工号{account_id}",
        permissions=frozenset(permissions),
        department_ids=frozenset({department_id}),
        purpose="刷评认定",
    )


HEAD = officer(1, queries.HANDLE)
SUPERVISOR = officer(2, queries.HANDLE, queries.DECIDE, department_id=99)
COLLEAGUE = officer(3, queries.HANDLE, queries.DECIDE, department_id=99)


def rating(number, at, **changes):
    values = {
        "subject": f"visit:{number}",
        "channel": "ON_SITE",
        "title": {"zh": "居住证", "en": "Permit"},
        "matter_code": "1",
        "department_id": 7,
        "rater_ref": f"person:{number}",
        "level": "VERY_SATISFIED",
        "at": at,
        "acted_at": at - MINUTE,
        **changes,
    }
    return Rating(**values)


def put(*rows):
    with data_scope(purpose="测试"):
        return [row.pk for row in Rating.objects.bulk_create(rows)]


def rule(kind, **thresholds):
    named = {"count_min": 0, "minutes": 0, "seconds": 0, "share": 0, "days": 7, **thresholds}
    return GamingRuleView("r", {"zh": "r"}, kind, **named, basis="", is_enabled=True)


def found(kind, **thresholds):
    return [
        (one.subject, one.department_id, one.rating_ids)
        for one in suspects_find(rule(kind, **thresholds), now=NOW)
    ]


def begin(offset=10):
    return NOW - timedelta(hours=offset)


def test_a_burst_from_one_counter_is_found_and_what_was_given_calmly_is_not(db):
    calm = [rating(f"c{n}", begin() + n * 20 * MINUTE, place="W01") for n in range(6)]
    burst = [rating(f"b{n}", begin(6) + n * MINUTE, place="W02") for n in range(5)]
    later = [rating(f"l{n}", begin(2) + n * MINUTE, place="W02") for n in range(4)]
    other = [rating(f"o{n}", begin(6) + n * MINUTE, place="") for n in range(5)]
    put(*calm, *other)
    ids = put(*burst)
    put(*later)
    assert found("BURST_PLACE", count_min=5, minutes=4) == [("place:W02", 7, tuple(ids))]
    assert found("BURST_PLACE", count_min=5, minutes=3) == []
    assert found("BURST_PLACE", count_min=6, minutes=60) == []


def test_two_bursts_of_one_clerk_are_two_and_each_department_has_its_own(db):
    first = put(*[rating(f"a{n}", begin() + n * MINUTE, officer_id=5) for n in range(3)])
    second = put(
        *[
            rating(f"b{n}", begin(4) + n * MINUTE, officer_id=5, department_id=7 + n % 2)
            for n in range(4)
        ]
    )
    assert found("BURST_OFFICER", count_min=3, minutes=5) == [
        ("officer:5", 7, tuple(first)),
        ("officer:5", 7, (second[0], second[2])),
        ("officer:5", 8, (second[1], second[3])),
    ]


KEYS = {
    "BURST_PLACE": ("place", ("W1", "W2", "w1")),
    "BURST_OFFICER": ("officer", (5, 6, 10)),
    "BURST_DEVICE": ("device", ("d", "e", "f")),
    "BURST_OFFICE": ("department", (7, 8, 9)),
}
COLUMNS = {"officer": "officer_id", "department": "department_id"}
EDGES = st.sampled_from([0, 1, 59_999, 60_000, 60_001, 119_999, 120_000, 120_999])
"""Milliseconds around whole minutes, where counting goes wrong first."""


def bursts_by_hand(rows, name, *, count_min, gap):
    """Go through the ratings of each key one by one: who lies in a stretch of `gap` with `count_min` of them."""
    wanted = []
    for key in {row[0] for row in rows}:
        own = sorted(
            (at, number, department) for shared, department, at, number in rows if shared == key
        )
        held = set()
        for start in range(len(own) - count_min + 1):
            if own[start + count_min - 1][0] - own[start][0] <= gap:
                held |= set(range(start, start + count_min))
        bursts: list[list] = []
        for at in sorted(held):
            if not bursts or own[at][0] - bursts[-1][-1][0] > gap:
                bursts.append([])
            bursts[-1].append(own[at])
        for burst in bursts:
            for department in {one[2] for one in burst}:
                ids = tuple(one[1] for one in burst if one[2] == department)
                wanted.append((f"{name}:{key}", department, ids))
    return sorted(wanted)


@given(
    kind=st.sampled_from(sorted(KEYS)),
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 90_000) | EDGES, st.integers(7, 8)),
        min_size=1,
        max_size=30,
    ),
    count_min=st.integers(2, 5),
    minutes=st.integers(1, 3),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_statement_finds_what_counting_by_hand_finds(db, kind, steps, count_min, minutes):
    with data_scope(purpose="测试"):
        Rating.objects.all().delete()
    name, keys = KEYS[kind]
    rows, made, at = [], [], begin(20)
    for number, (chosen, step, department) in enumerate(steps):
        at += timedelta(milliseconds=step)
        own = {"department_id": department, COLUMNS.get(name, name): keys[chosen]}
        made.append(rating(f"h{number}", at, **own))
        rows.append([keys[chosen], made[-1].department_id, at])
    untraced = [rating(f"u{number}", row.at, acted_at=None, place="W1", device="d", officer_id=5)
                for number, row in enumerate(made)]  # fmt: skip
    ids = put(*made)
    put(*untraced)
    wanted = bursts_by_hand(
        [(*row, number) for row, number in zip(rows, ids, strict=True)],
        name,
        count_min=count_min,
        gap=minutes * MINUTE,
    )
    assert sorted(found(kind, count_min=count_min, minutes=minutes)) == wanted


def test_ratings_within_seconds_of_the_act_count_when_one_clerk_has_several(db):
    quick = {"officer_id": 5, "acted_at": None}
    rows = []
    for n, seconds in enumerate((0, 2, 3, 4)):
        at = begin() + n * 30 * MINUTE
        rows.append(rating(n, at, **quick | {"acted_at": at - timedelta(seconds=seconds)}))
    ids = put(*rows, rating("x", begin(), officer_id=6, acted_at=begin()))
    assert found("TOO_FAST", count_min=3, seconds=3) == [("officer:5", 7, tuple(ids[:3]))]
    assert found("TOO_FAST", count_min=4, seconds=3) == []


def test_equal_words_are_found_whatever_the_marks_between_them(db):
    words = ["工作人员态度很好，办事快！", "工作人员态度很好 办事快", "工作人员态度很好。办事快。"]
    same = put(
        *[rating(n, begin() + n * MINUTE, text_digest=text_digest(t)) for n, t in enumerate(words)]
    )
    put(rating("z", begin(), text_digest=text_digest("工作人员态度很好，办事慢")))
    ((subject, _department, ids),) = found("SAME_TEXT", count_min=3)
    assert (subject.partition(":")[0], ids) == ("text", tuple(same))
    assert text_digest("很好！") is None


def test_staff_who_rate_are_found_by_their_session_and_by_their_mobile_number(db):
    Account = apps.get_model("identity_accounts", "Account")
    for name, population, ref, phone in (
        ("clerk", "STAFF", "", "13800001111"),
        ("same", "CITIZEN", "person:S", "13800001111"),
        ("else", "CITIZEN", "person:E", "13800002222"),
    ):
        Account.objects.create(
            username=name, population=population, subject_ref=ref, phone=phone, created_at=NOW
        )
    ids = put(
        rating(1, begin(3), rater_ref="person:S"),
        rating(2, begin(2), given_by_id=44),
        rating(3, begin(1), rater_ref="person:E"),
    )
    assert found("STAFF_RATER") == [("staff:7", 7, tuple(ids[:2]))]


def test_the_same_person_and_the_same_clerk_again_and_again_without_naming_the_person(db):
    pair = {"officer_id": 5, "rater_ref": "person:P"}
    ids = put(*[rating(n, begin(20) + n * DAY / 24, **pair) for n in range(4)])
    put(rating("o", begin(), officer_id=6, rater_ref="person:P"))
    ((subject, _department, rating_ids),) = found("SAME_PAIR", count_min=4)
    assert rating_ids == tuple(ids)
    assert subject.startswith("pair:")
    assert "person" not in subject


def test_silence_about_refusals_is_found_where_grants_are_rated(db, monkeypatch):
    acts = {
        "t": lambda since, until: [ActCount(7, 10, 20), ActCount(8, 10, 20), ActCount(9, 10, 3)]
    }
    monkeypatch.setattr(registry, "_sources", acts)
    online = {"channel": "ONLINE", "outcome": "GOOD"}
    put(
        *[rating(f"{d}/{n}", begin(), department_id=d, **online) for d in (7, 8, 9) for n in range(5)],
        *[rating(f"8b{n}", begin(), department_id=8, channel="ONLINE", outcome="BAD") for n in range(9)],
    )  # fmt: skip
    (one,) = suspects_find(rule("SILENT", count_min=20, share=30), now=NOW)
    assert (one.subject, one.department_id, one.rating_ids) == ("department:7", 7, ())
    assert one.figures == {"good_acts": 10, "good_rated": 5, "bad_acts": 20, "bad_rated": 0}


def test_what_is_of_before_the_traces_or_too_long_ago_is_not_looked_at(db):
    old = NOW - 8 * DAY
    put(*[rating(f"n{n}", begin(), place="W1", acted_at=None) for n in range(5)])
    put(*[rating(f"o{n}", old, place="W1") for n in range(5)])
    assert found("BURST_PLACE", count_min=3, minutes=5) == []


@pytest.fixture
def city(db):
    """Five ratings in a burst at W02 of department 7, one calm dissatisfied one; the shipped rules."""
    with context_use(SYSTEM):
        department = department_put(
            "11320508014149488K",
            name="甲局",
            function="civil_affairs",
            level="DISTRICT",
            area_code="320508000000",
            now=NOW,
        )
        gaming.rules_seed()
    GamingRule.objects.exclude(key="burst_place").update(is_enabled=False)
    GamingRule.objects.filter(key="burst_place").update(count_min=5)
    burst = put(
        *[
            rating(f"b{n}", begin() + n * MINUTE, place="W02", department_id=department)
            for n in range(5)
        ]
    )
    put(rating("calm", begin(2), level="DISSATISFIED", department_id=department))
    return department, burst


def head_of(department):
    return officer(1, queries.HANDLE, department_id=department)


def detected():
    gaming.gaming_detect(now=NOW)
    return GamingFinding.objects.get()


def ranked():
    (row,) = queries.ranking(since=NOW - DAY, until=NOW)
    return row.satisfied, row.counted, row.not_counted


def test_running_twice_finds_nothing_twice_and_a_burst_that_goes_on_grows_its_finding(city):
    department, burst = city
    first = detected()
    assert (first.ratings, first.satisfied, first.state) == (5, 5, "OPEN")
    assert first.thresholds == {"count_min": 5, "minutes": 10, "days": 7}
    assert gaming.gaming_detect(now=NOW) == 0
    put(rating("b5", begin() + 5 * MINUTE, place="W02", department_id=department))
    again = detected()
    assert (again.pk, again.ratings) == (first.pk, 6)


def test_a_person_leaves_ratings_out_with_a_reason_and_the_ranking_says_so(city):
    department, burst = city
    one = detected()
    assert ranked() == (5, 6, 0)
    with context_use(SUPERVISOR):
        with pytest.raises(GamingReasonMissing):
            gaming_actions.finding_decide(one.pk, leave_out=True, reason=" ", now=NOW)
        assert ranked() == (5, 6, 0)
        count = gaming_actions.finding_decide(
            one.pk, leave_out=True, kept=[burst[0]], reason="录像显示由工作人员代评", now=NOW
        )
        with pytest.raises(FindingStateWrong):
            gaming_actions.finding_decide(one.pk, leave_out=False, reason="x", now=NOW)
    assert (count, ranked()) == (4, (1, 2, 4))
    (shown,) = gaming_queries.left_out_list(since=NOW - DAY, until=NOW)
    assert (shown.left_out, shown.reason) == (4, "录像显示由工作人员代评")


def test_a_trickle_after_a_burst_that_was_decided_is_no_new_finding(city):
    department, burst = city
    one = detected()
    with context_use(SUPERVISOR):
        gaming_actions.finding_decide(one.pk, leave_out=False, reason="体检日集中办理", now=NOW)
    put(rating("b5", begin() + 5 * MINUTE, place="W02", department_id=department))
    assert gaming.gaming_detect(now=NOW) == 0
    assert GamingFinding.objects.count() == 1
    assert ranked() == (6, 7, 0)


def test_the_department_appeals_once_and_somebody_else_decides(city):
    department, burst = city
    one = detected()
    head = head_of(department)
    with context_use(head), pytest.raises(FindingNotFound):
        gaming_actions.finding_appeal(one.pk, reason="不服", now=NOW)
    with context_use(SUPERVISOR):
        gaming_actions.finding_decide(one.pk, leave_out=True, reason="集中刷评", now=NOW)
    with context_use(HEAD), pytest.raises(FindingNotFound):
        gaming_actions.finding_appeal(one.pk, reason="别的部门", now=NOW)
    with context_use(head):
        gaming_actions.finding_appeal(one.pk, reason="当日有集体办证", now=NOW)
    with context_use(SUPERVISOR), pytest.raises(OwnDecision):
        gaming_actions.finding_rule(one.pk, granted=True, reason="自己改", now=NOW)
    assert ranked() == (0, 1, 5)
    with context_use(COLLEAGUE):
        gaming_actions.finding_rule(one.pk, granted=False, reason="无证据", now=NOW)
    with context_use(head), pytest.raises(FindingStateWrong):
        gaming_actions.finding_appeal(one.pk, reason="再申诉", now=NOW)
    assert ranked() == (0, 1, 5)


def test_a_granted_appeal_lets_them_count_again_except_what_is_out_for_another_reason(city):
    department, burst = city
    one = detected()
    second = GamingFinding.objects.create(
        rule_key="same_text", kind="SAME_TEXT", subject="text:x", department_id=department,
        since_at=NOW, until_at=NOW, found_at=NOW,
    )  # fmt: skip
    second.evidence.create(rating_id=burst[1], rule_key="same_text")
    with context_use(SUPERVISOR):
        gaming_actions.finding_decide(one.pk, leave_out=True, reason="集中刷评", now=NOW)
        gaming_actions.finding_decide(second.pk, leave_out=True, reason="内容雷同", now=NOW)
    with context_use(head_of(department)):
        gaming_actions.finding_appeal(one.pk, reason="当日有集体办证", now=NOW)
    with context_use(COLLEAGUE):
        gaming_actions.finding_rule(one.pk, granted=True, reason="属实", now=NOW)
    assert ranked() == (4, 5, 1)


def test_who_decides_changes_thresholds_within_their_limits_and_findings_keep_theirs(city):
    one = detected()
    put_rule = {"is_enabled": True, "now": NOW}
    with context_use(SUPERVISOR):
        with pytest.raises(GamingRuleInvalid) as wrong:
            gaming_actions.rule_put(
                "burst_place", thresholds={"count_min": 1, "minutes": None, "days": 7}, **put_rule
            )
        assert set(wrong.value.fields) == {"count_min", "minutes"}
        assert gaming_queries.rule_get("burst_place").count_min == 5
        gaming_actions.rule_put(
            "burst_place", thresholds={"count_min": 50, "minutes": 5, "days": 3}, **put_rule
        )
    assert gaming_queries.rule_get("burst_place").thresholds == {
        "count_min": 50,
        "minutes": 5,
        "days": 3,
    }
    assert GamingFinding.objects.get(pk=one.pk).thresholds["count_min"] == 5


def test_a_device_is_a_digest_and_a_tablet_is_none():
    assert device_of("10.0.0.1", "Firefox") != device_of("10.0.0.2", "Firefox")
    assert len(device_of("10.0.0.1", "Firefox")) == 32
    assert Trace().device is None
