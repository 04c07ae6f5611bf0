"""Scores worked out by hand; the monitor; standards that are data."""

from datetime import date, timedelta

import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.resources.quality.actions.monitoring import (
    AlertEnded,
    alert_acknowledge,
    monitor_sweep,
)
from yiwang.resources.quality.data import Rule, RuleCount
from yiwang.resources.quality.models import QualityAlert, QualityScore
from yiwang.resources.quality.queries import department_scores, score_latest, standard_get
from yiwang.resources.quality.rules import level_of, measures_of
from yiwang.resources.quality.tests.conftest import NOW
from yiwang.sdk.errors import Invalid, NotFound

DAY = date(2026, 11, 18)
ROWS = [
    ("A1", "张三", "1", "2026-01-02"),
    ("A2", None, "1", "2026-01-02"),
    ("A3", "李四", "7", "1999-01-02"),
    ("A4", "王五", "2", "2026-13-02"),
]


def scores(scope, **keys):
    return {key: row.score for key, row in score_latest(scope, **keys).items()}


def test_the_score_of_a_resource_is_what_one_works_out_by_hand(city):
    city.batch(ROWS)
    # Conformity: name, number and sex not too long (3 of 3, 4 of 4, 4 of 4), sex coded (3 of 4), a
    # date (3 of 4): (100 + 100 + 100 + 75 + 75) / 5 = 90.
    # Completeness: number (4 of 4), name (3 of 4): 87.5. Accuracy: number unique (4 of 4): 100.
    # Consistency: of the three rows with a date two are later: 66.67. Accessibility: it landed: 100.
    found = scores("RESOURCE", resource_id=city.resource_id)
    assert found["", "COMPLETENESS"] == 87.5
    assert found["", "ACCURACY"] == 100.0
    assert found["", "CONSISTENCY"] == 66.67
    assert found["", "ACCESSIBILITY"] == 100.0
    assert ("", "TIMELINESS") not in found  # nothing was promised before the first batch
    assert found["", "NORMATIVITY"] == 90.0
    # 0.20·90 + 0.20·87.5 + 0.25·100 + 0.15·66.67 + 0.05·100 = 75.5005, of weights 0.85
    assert found["", ""] == 88.82
    assert found["name", "COMPLETENESS"] == 75.0
    assert found["sex", "NORMATIVITY"] == 87.5
    assert found["registered_date", ""] == round((0.20 * 75 + 0.15 * 66.67) / 0.35, 2)


def test_department_and_city_are_the_mean_of_their_resources(city):
    city.batch(ROWS)
    one = scores("RESOURCE", resource_id=city.resource_id)
    for scope, keys in (("DEPARTMENT", {"department_id": city.ids["bureau"]}), ("CITY", {})):
        found = scores(scope, **keys)
        assert found == {key: score for key, score in one.items() if key[0] == ""}
    assert [row.score for row in department_scores()] == [88.82]


def test_a_days_scores_are_replaced_and_days_before_stay(city):
    city.batch(ROWS)
    city.batch(ROWS[:1], now=NOW + timedelta(hours=1))
    city.batch(ROWS[:1], now=NOW + timedelta(days=3))
    rows = QualityScore.objects.filter(scope="RESOURCE", field="", property="")
    assert list(rows.order_by("day").values_list("day", "score", "is_latest")) == [
        (DAY, 100.0, False),
        (DAY + timedelta(days=3), 85.0, True),  # three days for a daily feed: timeliness is 0
    ]


def test_a_correction_of_some_rows_says_nothing_of_the_whole(city):
    city.batch(ROWS)
    before = scores("CITY")
    city.batch([("A2", None, "1", "2026-01-02")], source="FIX")
    assert scores("CITY") == before


def test_levels_and_weights_are_data_of_the_city(city, settings):
    standard = standard_get()
    assert [level_of(score, standard)[0] for score in (95, 94.99, 75, 60, 59.99, None)] == [
        "A", "B", "C", "D", "E", "",
    ]  # fmt: skip
    own = settings.DATA_DIR / "quality" / "standard.yaml"
    own.parent.mkdir(exist_ok=True)
    own.write_text(
        "weights: {ACCURACY: 3, COMPLETENESS: 1}\n"
        "levels: [{least: 50, key: 好, zh: 好, en: Good}, {least: 0, key: 差, zh: 差, en: Poor}]\n"
        "days: {answer: 2, fix: 3, decide: 1}\n",
        encoding="utf-8",
    )
    rule = Rule("a", "VALID", "ACCURACY", ("x",))
    other = Rule("b", "REQUIRED", "COMPLETENESS", ("x",))
    measures = measures_of([RuleCount(rule, 10, 2), RuleCount(other, 10, 6)], standard_get())
    assert [(one.field, one.property, one.score) for one in measures] == [
        ("", "", 70.0), ("x", "", 70.0), ("", "ACCURACY", 80.0), ("x", "ACCURACY", 80.0),
        ("", "COMPLETENESS", 40.0), ("x", "COMPLETENESS", 40.0),
    ]  # fmt: skip
    assert level_of(70.0, standard_get()) == ("好", {"zh": "好", "en": "Good"})


def alerts():
    rows = QualityAlert.objects.order_by("kind", "field")
    return [(row.kind, row.field, row.state) for row in rows]


def many(count, *, sex="1", name="张三"):
    return [(f"B{number}", name, sex, "2026-01-02") for number in range(count)]


def test_the_monitor_tells_jumps_drift_and_silence_once(city):
    from yiwang.resources.catalogue.models import Resource

    for hour in range(4):
        city.batch(many(50), now=NOW + timedelta(hours=hour))
    with context_use(context_system("test")):
        Resource.objects.update(last_delivered_at=NOW)
        assert monitor_sweep(now=NOW) == 0
        city.batch(many(10, sex="2", name=None), now=NOW + timedelta(hours=5))
        assert monitor_sweep(now=NOW) == 3
        assert alerts() == [
            ("DRIFT", "name", "OPEN"), ("DRIFT", "sex", "OPEN"), ("VOLUME", "", "OPEN"),
        ]  # fmt: skip
        assert monitor_sweep(now=NOW) == 0
        later = NOW + timedelta(days=3)
        assert monitor_sweep(now=later) == 1
        assert monitor_sweep(now=later) == 0
        Resource.objects.update(last_delivered_at=later)
        monitor_sweep(now=later)
    assert ("SILENT", "", "GONE") in alerts()


def test_an_alert_is_explained_with_a_reason_by_who_may_see_it(city):
    for hour in range(4):
        city.batch(many(50), now=NOW + timedelta(hours=hour))
    city.batch(many(5), now=NOW + timedelta(hours=5))
    with context_use(context_system("test")):
        monitor_sweep(now=NOW)
    alert = QualityAlert.objects.get(kind="VOLUME")
    assert alert.figures == {"rows": 5, "usual": 50, "z": -45.0}
    with context_use(city.context("health", 4)), pytest.raises(NotFound):
        alert_acknowledge(alert.pk, reason="不归我管", now=NOW)
    with city.steward():
        with pytest.raises(Invalid):
            alert_acknowledge(alert.pk, reason=" ", now=NOW)
        assert QualityAlert.objects.get(pk=alert.pk).state == "OPEN"
        alert_acknowledge(alert.pk, reason="年底停办", now=NOW)
        with pytest.raises(AlertEnded):
            alert_acknowledge(alert.pk, reason="再说一次", now=NOW)
    assert QualityAlert.objects.get(pk=alert.pk).reason == "年底停办"
