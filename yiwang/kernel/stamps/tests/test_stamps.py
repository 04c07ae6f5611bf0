"""Stamps: new after every change, never given out twice, read once in an act."""

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from yiwang.kernel.audit.actions import action, audit_record
from yiwang.kernel.audit.context import context_system, context_use
from yiwang.kernel.codes.actions import code_table_load
from yiwang.kernel.codes.queries import code_get, code_list
from yiwang.kernel.codes.rules import CodeRow
from yiwang.kernel.stamps.actions import stamp_get, stamp_renew

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@action("test.stamps")
def _act(function) -> None:
    function()
    audit_record("thing:t")


def _load(edition: str, name: str, *, since: date) -> None:
    with context_use(context_system("测试")):
        code_table_load(
            "colours",
            edition=edition,
            rows=[CodeRow("1", name)],
            valid_from=since,
            now=NOW,
            source="test",
        )


def test_a_stamp_is_empty_before_and_new_after_every_change():
    assert stamp_get("test.thing") == ""
    stamp_renew("test.thing")
    first = stamp_get("test.thing")
    stamp_renew("test.thing")
    assert len({"", first, stamp_get("test.thing")}) == 3


def test_a_stamp_that_was_rolled_back_is_not_given_out_again():
    stamp_renew("test.thing")
    before = stamp_get("test.thing")
    with transaction.atomic():
        stamp_renew("test.thing")
        lost = stamp_get("test.thing")
        transaction.set_rollback(True)
    assert stamp_get("test.thing") == before != lost


def test_an_act_asks_once_and_again_after_its_own_change(django_assert_num_queries):
    def twice():
        with django_assert_num_queries(1):
            assert stamp_get("test.thing") == stamp_get("test.other") == ""
        stamp_renew("test.thing")
        assert stamp_get("test.thing") != ""

    _act(twice)


def test_a_code_read_before_is_read_anew_after_the_table_changed():
    _load("2020", "红", since=date(2020, 1, 1))
    day = date(2026, 1, 1)
    assert code_get("colours", "1", as_of=day).name == "红"
    assert code_list("colours", parent="", as_of=day)[0].name == "红"
    _load("2025", "朱红", since=date(2025, 1, 1))
    assert code_get("colours", "1", as_of=day).name == "朱红"
    assert code_list("colours", parent="", as_of=day)[0].name == "朱红"
    assert code_get("colours", "1", as_of=date(2024, 12, 31)).name == "红"


def test_codes_asked_again_cost_the_stamp_only(django_assert_num_queries):
    _load("2020", "红", since=date(2020, 1, 1))
    code_get("colours", "1", as_of=date(2026, 1, 1))
    with django_assert_num_queries(1):
        assert code_get("colours", "1", as_of=date(2026, 1, 1)).name == "红"
