"""A licence after its issue: changed, checked, shown, used, cancelled, about to expire."""

from datetime import date, timedelta

import pytest
from django.db import transaction

from yiwang.hall.licences import lifecycle, queries
from yiwang.hall.licences.errors import (
    LicenceChecked,
    LicenceFieldUnknown,
    LicenceNotFound,
    LicenceStateWrong,
    PresentationGone,
    ReasonMissing,
)
from yiwang.hall.licences.models import Licence, LicenceUse
from yiwang.hall.licences.rules import licence_identifier_valid
from yiwang.hall.licences.tests.conftest import HOLDER, NEIGHBOUR, NOW
from yiwang.identity.api import data_scope
from yiwang.kernel.api import RequestContext, context_use

WHY = {"reason": "姓名变更。", "legal_basis": "行政许可法第四十九条"}
MINUTE = timedelta(minutes=1)


def changed(hall, licence, **more):
    values = {"changes": {"name": "沈月"}, **WHY, "now": NOW, **more}
    with context_use(hall.officer()):
        return lifecycle.licence_change(licence.id, **values)


def face_of(licence):
    return {entry["name"]: entry["value"] for entry in licence.face}


def test_a_change_is_the_next_version_of_the_same_number(hall):
    old = hall.issue()
    new = changed(hall, old)
    assert (new.number, new.version, new.state) == (old.number, 2, "VALID")
    assert new.identifier.split(".")[-2] == "002"
    assert licence_identifier_valid(new.identifier)
    assert face_of(new) == {**face_of(old), "name": "沈月"}
    assert new.verify_code != old.verify_code
    with context_use(HOLDER):
        assert [one.version for one in queries.licence_version_list(old.id)] == [2, 1]
        assert queries.licence_get(old.id).state == "REPLACED"
    assert not queries.licence_verify(old.code).is_good
    with pytest.raises(LicenceStateWrong):
        changed(hall, old)
    assert changed(hall, new, changes={}, valid_to=date(2031, 1, 1)).valid_to == date(2031, 1, 1)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"changes": {"height": "2"}}, LicenceFieldUnknown),
        ({"changes": {}}, LicenceFieldUnknown),
        ({"reason": " "}, ReasonMissing),
    ],
)
def test_a_change_names_what_stands_there_and_says_why(hall, wrong, error):
    licence = hall.issue()
    with pytest.raises(error):
        changed(hall, licence, **wrong)
    with data_scope(purpose="测试"):
        assert [row.state for row in Licence.objects.all()] == ["VALID"]


def test_another_department_changes_cancels_and_checks_nothing(hall):
    licence = hall.issue()
    with context_use(hall.officer(hall.other)):
        for act in (
            lambda: lifecycle.licence_change(licence.id, changes={"name": "x"}, **WHY, now=NOW),
            lambda: lifecycle.licence_cancel(licence.id, **WHY, now=NOW),
            lambda: lifecycle.licence_check(
                licence.id, year=2026, is_passed=True, note="", now=NOW
            ),
        ):
            with pytest.raises(LicenceNotFound):
                act()


def test_a_cancelled_licence_is_good_for_nothing_more(hall):
    licence = hall.issue()
    with context_use(hall.officer()):
        lifecycle.licence_cancel(licence.id, **WHY, now=NOW)
        with pytest.raises(LicenceStateWrong):
            lifecycle.licence_cancel(licence.id, **WHY, now=NOW)
    assert queries.licence_verify(licence.code).state == "CANCELLED"
    with pytest.raises(LicenceStateWrong):
        changed(hall, licence)


def test_a_licence_is_checked_once_a_year_and_a_failure_says_why(hall):
    licence = hall.issue()
    with context_use(hall.officer()):
        with pytest.raises(ReasonMissing):
            lifecycle.licence_check(licence.id, year=2026, is_passed=False, note="", now=NOW)
        lifecycle.licence_check(licence.id, year=2026, is_passed=False, note="缺照片", now=NOW)
        with pytest.raises(LicenceChecked):
            lifecycle.licence_check(licence.id, year=2026, is_passed=True, note="", now=NOW)
        lifecycle.licence_check(licence.id, year=2027, is_passed=True, note="", now=NOW)
        found = queries.licence_check_list(licence.id)
    assert [(one.year, one.is_passed, one.note) for one in found] == [
        (2027, True, ""),
        (2026, False, "缺照片"),
    ]


def shown(code, *, at=NOW):
    with context_use(RequestContext()):
        return lifecycle.presentation_open(code, now=at)


def test_a_holder_shows_what_they_choose_for_a_purpose_and_a_while(hall):
    licence = hall.issue()
    with context_use(HOLDER):
        code = lifecycle.licence_present(
            licence.id, purpose="入园优惠", fields=["sex", "secret"], minutes=30, now=NOW
        )
        with pytest.raises(ReasonMissing):
            lifecycle.licence_present(licence.id, purpose="", fields=[], minutes=5, now=NOW)
    seen = shown(code)
    assert (seen.purpose, seen.holder_name, [entry["name"] for entry in seen.face]) == (
        "入园优惠",
        "",
        ["sex"],
    )
    assert [shown(code).looks_left for _ in range(2)] == [1, 0]
    with pytest.raises(PresentationGone):
        shown(code)
    with context_use(HOLDER):
        uses = queries.licence_use_list(licence.id)
    assert [(one.kind, one.purpose) for one in uses] == [("SHOWN", "入园优惠")] * 3


def test_what_is_shown_runs_out_and_only_the_holder_shows(hall):
    licence = hall.issue()
    with context_use(HOLDER):
        code = lifecycle.licence_present(
            licence.id, purpose="入住", fields=["holder_name"], minutes=7, now=NOW
        )
    assert shown(code, at=NOW + 4 * MINUTE).holder_name == "沈月琴"
    for wrong, at in ((code, NOW + 5 * MINUTE), ("0" * 16, NOW), ("", NOW)):
        with pytest.raises(PresentationGone):
            shown(wrong, at=at)
    with context_use(NEIGHBOUR):
        with pytest.raises(LicenceNotFound):
            lifecycle.licence_present(licence.id, purpose="x", fields=[], minutes=5, now=NOW)
        with pytest.raises(LicenceNotFound):
            queries.licence_use_list(licence.id)


def test_a_look_is_asked_for_before_it_counts(hall, client):
    licence = hall.issue()
    with context_use(HOLDER):
        code = lifecycle.licence_present(
            licence.id, purpose="入住", fields=[], minutes=1440, now=NOW
        )
    where = f"/hall/licences/shown/{code}/"
    assert client.get(where).status_code == 200
    assert not LicenceUse.objects.exists()
    gone = client.post("/hall/licences/shown/0000/")
    assert gone.status_code == 404


def test_verifying_by_code_is_seen_by_the_holder(hall, client):
    licence = hall.issue()
    client.get(f"/hall/licences/verify/{licence.code}/")
    with context_use(HOLDER):
        assert [one.kind for one in queries.licence_use_list(licence.id)] == ["VERIFIED"]
    with pytest.raises(Exception, match="only ever added"), transaction.atomic():
        LicenceUse.objects.update(by="x")


def test_holders_are_told_once_before_a_licence_expires(hall):
    licence = hall.permit()
    soon = NOW.replace(year=NOW.year + 5) - timedelta(days=20)
    assert lifecycle.licences_expire(NOW) == 0
    assert lifecycle.licences_expire(soon) == 1
    assert lifecycle.licences_expire(soon) == 0
    with data_scope(purpose="测试"):
        assert Licence.objects.get(pk=licence.id).expiry_told_at == soon
