"""Identifiers, states, dates, codes and faces of licences."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yiwang.hall.licences.rules import (
    CODE_LETTERS,
    code_group,
    code_normalise,
    face_make,
    last_day,
    licence_identifier_make,
    licence_identifier_valid,
    serial_make,
    state_on,
)
from yiwang.sdk.identifiers import mod37_36_check

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize(
    "identifier",
    [
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
        "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
        "1.2.156.3005.2.11320500014145678K001.11320500014145678K.20261121000001.001.H",
    ],
)
def test_identifiers_that_were_really_issued_are_valid_and_made_alike(identifier):
    assert licence_identifier_valid(identifier)
    type_code, issuer, serial, version = identifier.split(".")[5:9]
    made = licence_identifier_make(
        type_code=type_code, issuer_uscc=issuer, serial=serial, version=version
    )
    assert made == identifier


def test_the_third_published_vector_has_its_check_character():
    assert mod37_36_check("11320500014145678K00111320500014145678K20261121000001001") == "H"


@given(st.integers(0, 54), st.sampled_from(ALPHABET))
def test_one_changed_character_is_found(position, other):
    identifier = "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F"
    offset = len("1.2.156.3005.2.")
    at = offset + position
    if at >= len(identifier) or identifier[at] in (".", other):
        return
    assert not licence_identifier_valid(identifier[:at] + other + identifier[at + 1 :])


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.156.3005.2.a.b.c.d.e", "1.2.156.3005.2....."])
def test_what_is_no_identifier_is_not_valid(text):
    assert not licence_identifier_valid(text)


@pytest.mark.parametrize(
    ("day", "state"),
    [
        ("2026-10-31", "PENDING"),
        ("2026-11-01", "VALID"),
        ("2027-10-01", "VALID"),
        ("2027-10-02", "EXPIRING"),
        ("2027-11-01", "EXPIRING"),
        ("2027-11-02", "EXPIRED"),
    ],
)
def test_the_state_follows_from_the_dates(day, state):
    found = state_on(
        "VALID",
        valid_from=date(2026, 11, 1),
        valid_to=date(2027, 11, 1),
        today=date.fromisoformat(day),
    )
    assert found == state


@pytest.mark.parametrize("stored", ["SUSPENDED", "REVOKED"])
def test_what_an_officer_decided_outlives_the_dates(stored):
    day = date(2000, 1, 1)
    assert state_on(stored, valid_from=day, valid_to=day, today=date(2026, 1, 1)) == stored


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(1, 60))
def test_a_validity_of_years_ends_the_day_before_the_anniversary(first, years):
    after = last_day(first, years) + timedelta(days=1)
    assert after.year == first.year + years
    assert (after.month, after.day) in {(first.month, first.day), (3, 1)}


@given(st.text(CODE_LETTERS, min_size=16, max_size=16))
def test_a_code_survives_paper_hyphens_and_small_letters(code):
    assert code_normalise(code_group(code)) == code
    assert code_normalise("  " + code_group(code).lower().replace("0", "o") + " ") == code


@pytest.mark.parametrize(
    "typed", ["", "123", "7K3M-Q2W9-AB11-0XY", "7K3M-Q2W9-AB11-0XY中", "'" * 16]
)
def test_what_cannot_be_a_code_is_nothing(typed):
    assert code_normalise(typed) == ""


def test_the_face_takes_paths_literals_and_leaves_gaps_empty():
    fields = [
        {"name": "a", "title": {}, "from": "form.address.street"},
        {"name": "b", "title": {}, "from": "applicant.sex"},
        {"name": "c", "title": {}, "from": "form.missing.deeper"},
        {"name": "d", "title": {}, "from": "全市"},
        {"name": "e", "title": {}, "from": "holder.name"},
    ]
    data = {
        "form": {"address": {"street": "平江路"}},
        "applicant": {"sex": "2"},
        "holder": {"name": "沈月琴"},
    }
    assert [entry["value"] for entry in face_make(fields, data)] == [
        "平江路",
        {"zh": "女", "en": "Female"},
        "",
        "全市",
        "沈月琴",
    ]


def test_serials_sort_by_year_and_number():
    assert serial_make(2026, 99999999) < serial_make(2027, 1)
