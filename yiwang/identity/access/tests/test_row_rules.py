"""One rule, two readings: the filter of a list and the check of a row can never differ."""

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from yiwang.identity.access.row_rules import (
    everyone,
    field_equals,
    field_in,
    field_prefix,
    nobody,
    of_context,
)
from yiwang.identity.access.scope import (
    PurposeMissing,
    UnscopedQuery,
    data_scope,
    protected,
    protected_fields,
    scope_get,
)
from yiwang.identity.access.tests.models import Row, Unit
from yiwang.kernel.api import RequestContext, context_get, context_use

NUMBERS = (None, 0, 1, 2, 7)
WORDS = (None, "", "a", "A", "ab", "320506", "320506001", "苏", "苏州", "%", "_b", "a\\")
STAFF = RequestContext(
    population="STAFF", account_id=1, department_id=7, department_ids=frozenset({1, 7})
)


@pytest.fixture(scope="module")
def rows(django_db_setup, django_db_blocker):
    """Every combination of number, word and unit, once for all the examples."""
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            editor.create_model(Unit)
            editor.create_model(Row)
        try:
            units = [None, *(Unit.objects.create(area=word) for word in (None, "a", "320506001"))]
            Row.objects.bulk_create(
                Row(number=number, word=word, unit=unit)
                for number in NUMBERS
                for word in WORDS
                for unit in units
            )
            yield list(Row.objects.select_related("unit"))
        finally:
            with connection.schema_editor() as editor:
                editor.delete_model(Row)
                editor.delete_model(Unit)


leaves = st.one_of(
    st.just(everyone),
    st.just(nobody),
    st.builds(field_equals, st.just("number"), st.sampled_from(NUMBERS)),
    st.builds(field_equals, st.just("number"), st.just(of_context("account_id"))),
    st.builds(field_equals, st.just("number"), st.just(of_context("department_id"))),
    st.builds(field_in, st.just("number"), st.just("department_ids")),
    st.builds(field_in, st.just("number"), st.lists(st.sampled_from(NUMBERS), max_size=3)),
    st.builds(field_equals, st.sampled_from(["word", "unit__area"]), st.sampled_from(WORDS)),
    st.builds(
        field_in,
        st.sampled_from(["word", "unit__area"]),
        st.lists(st.sampled_from(WORDS), max_size=3),
    ),
    st.builds(field_prefix, st.sampled_from(["word", "unit__area"]), st.sampled_from(WORDS)),
)
rules = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        st.builds(lambda a: ~a, inner),
    ),
    max_leaves=8,
)
contexts = st.builds(
    RequestContext,
    population=st.just("STAFF"),
    account_id=st.sampled_from([None, 0, 1, 2]),
    department_id=st.sampled_from([None, 1, 7]),
    department_ids=st.frozensets(st.sampled_from([0, 1, 2, 7]), max_size=3),
)


@pytest.mark.django_db
@settings(max_examples=300, deadline=None)
@given(rule=rules, context=contexts)
def test_the_filter_finds_exactly_the_rows_that_the_check_permits(rows, rule, context):
    found = set(Row.objects.filter(rule.filter(context)).values_list("pk", flat=True))
    assert found == {row.pk for row in rows if rule.permits(context, row)}


@pytest.mark.django_db
@settings(max_examples=100, deadline=None)
@given(rule=rules, context=contexts)
def test_a_rule_and_its_negation_never_permit_the_same_row(rows, rule, context):
    both = rule & ~rule
    assert not Row.objects.filter(both.filter(context)).exists()
    assert not any(rule.permits(context, row) and (~rule).permits(context, row) for row in rows)


@pytest.mark.parametrize(
    ("rule", "row", "expected"),
    [
        (field_in("number", "department_ids"), {"number": 7}, True),
        (field_in("number", "department_ids"), {"number": 8}, False),
        (~field_in("number", "department_ids"), {"number": None}, False),
        (~field_equals("word", "SECRET"), {"word": None}, False),
        (~field_equals("word", "SECRET"), {"word": "OPEN"}, True),
        (field_equals("word", None), {"word": None}, False),
        (field_prefix("word", "320506"), {"word": "320506001"}, True),
        (field_prefix("word", "a"), {"word": "Abc"}, False),
        (field_equals("unit__area", "a"), {"unit": None}, False),
        (field_equals("unit__area", "a"), {"unit__area": "a"}, True),
        (everyone, {}, True),
        (nobody | everyone, {}, True),
        (~everyone, {}, False),
    ],
)
def test_what_is_unknown_is_not_permitted(rule, row, expected):
    assert rule.permits(STAFF, row) is expected


def test_a_context_without_the_attribute_permits_nothing_either_way():
    rule = field_equals("number", of_context("account_id"))
    nobody_yet = RequestContext()
    assert not rule.permits(nobody_yet, {"number": 1})
    assert not (~rule).permits(nobody_yet, {"number": 1})


def test_a_rule_over_an_attribute_that_does_not_exist_cannot_be_made():
    with pytest.raises(ValueError, match="no attribute 'salary'"):
        field_in("number", "salary")


@pytest.mark.django_db
def test_personal_data_are_not_read_without_a_scope(rows):
    with pytest.raises(UnscopedQuery):
        Row.personal.count()
    with pytest.raises(UnscopedQuery):
        Row.personal.filter(number=1)
    with pytest.raises(UnscopedQuery):
        Row.personal.scoped(everyone)


@pytest.mark.django_db
def test_inside_a_scope_they_are_read_for_its_purpose(rows):
    with data_scope(purpose="办理老年人优待证", reason="application:1"):
        assert context_get().purpose == "办理老年人优待证"
        assert scope_get().reason == "application:1"
        assert Row.personal.count() == len(rows)
    assert scope_get() is None
    with pytest.raises(UnscopedQuery):
        Row.personal.count()


@pytest.mark.django_db
def test_a_scoped_read_gives_the_rows_of_the_rule(rows):
    context = RequestContext(population="STAFF", department_ids=frozenset({7}), purpose="审批")
    with context_use(context):
        found = Row.personal.scoped(field_in("number", "department_ids"))
        assert {row.number for row in found} == {7}


def test_a_scope_without_a_purpose_does_not_open():
    with pytest.raises(PurposeMissing), data_scope(purpose="  "):
        pass


def test_the_model_states_the_protection_level_of_its_fields():
    assert protected_fields(Row) == {"word": 3}
    with pytest.raises(ValueError, match="1 to 4"):
        protected(object(), level=5)
