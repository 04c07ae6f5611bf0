"""Two devices, one draft: what each typed stays until the person has chosen; nobody's value goes without a word."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from yiwang.engines.forms.actions import draft_open, draft_post
from yiwang.engines.forms.differences import (
    DifferencesChanged,
    draft_difference_digest,
    draft_difference_errors,
    draft_difference_list,
    draft_settle,
    draft_way_on,
)
from yiwang.engines.forms.models import Draft
from yiwang.engines.forms.queries import draft_get
from yiwang.engines.forms.rules.merge import offers_join
from yiwang.identity.api import account_create
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.sdk.errors import NotFound


def opened(form, now, account_id=7):
    return draft_open(
        account_id=account_id,
        purpose_key="shop",
        form_version_id=form.version_id,
        prefill={},
        now=now,
    )


def differing(form, now, **typed):
    """A draft that two devices typed into from the same page: the second one's values are put aside."""
    draft = opened(form, now)
    for side in ("first", "second"):
        post = {name: values[side == "second"] for name, values in typed.items()}
        saved = draft_post(draft.id, post={**post, "_revision": "1"}, page="", now=now)
    return saved


def settle(draft, now, **choices):
    return draft_settle(draft.id, choices=choices, seen=draft_difference_digest(draft), now=now)


def test_a_page_that_does_not_know_yet_cannot_win_by_saving_again(form, citizen, now):
    draft = differing(form, now, seats=("40", "50"), mobile=("13800000000", "13800000000"))
    assert (draft.values["seats"], draft.disputed) == (40, ("seats",))
    again = {"seats": "50", "area": "80", "_revision": str(draft.revision)}
    saved = draft_post(draft.id, post=again, page="place", now=now)
    assert (saved.values["seats"], saved.values["area"]) == (40, 80)
    assert [value for value, _at in saved.conflicts["seats"].offers] == [50]
    assert saved.disputed == ("seats",)


def test_a_third_value_typed_without_having_seen_the_others_loses_none_of_them(form, citizen, now):
    draft = differing(form, now, seats=("40", "50"))
    post = {"seats": "60", "_revision": str(draft.revision)}
    saved = draft_post(draft.id, post=post, page="place", now=now + timedelta(minutes=1))
    assert saved.values["seats"] == 60
    assert [value for value, _at in saved.conflicts["seats"].offers] == [40, 50]


def test_what_is_typed_over_both_values_on_a_page_that_shows_them_is_the_choice(form, citizen, now):
    draft = differing(form, now, seats=("40", "50"))
    post = {"seats": "60", "_seen": "seats", "_revision": str(draft.revision)}
    saved = draft_post(draft.id, post=post, page="place", now=now)
    assert (saved.values["seats"], saved.conflicts) == (60, {})


@pytest.mark.parametrize(("choice", "seats"), [("kept", 40), ("0", 50)])
def test_the_person_chooses_field_by_field_and_the_rest_stays_open(
    form, citizen, now, choice, seats
):
    draft = differing(form, now, seats=("40", "50"), kind=("MEAL", "DRINK"))
    settled = settle(draft, now, seats=choice)
    assert settled.values["seats"] == seats
    assert list(settled.conflicts) == ["kind"]
    row = audit_list(subject=f"draft:{draft.id}")[0]
    assert row["detail"] == {"settled": ["seats"], "open": ["kind"]}


def test_a_value_taken_away_on_one_device_is_a_value_to_choose(form, citizen, now):
    draft = opened(form, now)
    begun = draft_post(draft.id, post={"seats": "40"}, page="place", now=now)
    for seats in ("50", ""):
        post = {"seats": seats, "_revision": str(begun.revision)}
        draft = draft_post(draft.id, post=post, page="place", now=now)
    assert draft.values["seats"] == 50
    assert draft_difference_list(draft)[0].options[1].text == {}
    assert "seats" not in settle(draft, now, seats="0").values


def test_the_rows_of_both_devices_can_be_kept(form, citizen, now):
    draft = opened(form, now)
    for rows in (("张三",), ("李四", "王五")):
        post = {f"staff.{place}.person": name for place, name in enumerate(rows)}
        draft = draft_post(draft.id, post={**post, "_revision": "1"}, page="people", now=now)
    (difference,) = draft_difference_list(draft)
    assert difference.may_both is True
    assert [option.total for option in difference.options] == [1, 2]
    assert [row[0] for row in difference.options[1].rows] == ["姓名", "李四", "王五"]
    settled = settle(draft, now, staff="both")
    assert [row["person"] for row in settled.values["staff"]] == ["张三", "李四", "王五"]


def test_what_changed_while_the_person_chose_is_looked_at_again(form, citizen, now):
    draft = differing(form, now, seats=("40", "50"))
    draft_post(draft.id, post={"seats": "70", "_revision": "1"}, page="place", now=now)
    with pytest.raises(DifferencesChanged):
        settle(draft, now, seats="0")
    stored = draft_get(draft.id)
    assert stored.values["seats"] == 40
    assert [value for value, _at in stored.conflicts["seats"].offers] == [70, 50]


def test_a_draft_is_not_submitted_while_values_differ_and_its_pages_lead_to_the_choice(
    form, citizen, now
):
    draft = differing(form, now, seats=("40", "50"))
    assert list(draft_difference_errors(draft)) == ["seats"]
    assert draft_way_on(draft, "/next/?a=1").endswith(
        f"/drafts/{draft.id}/differences/?back=%2Fnext%2F%3Fa%3D1"
    )
    settled = settle(draft, now, seats="0")
    assert draft_difference_errors(settled) == {}
    assert draft_way_on(settled, "/next/") == "/next/"


def test_nobody_else_settles_a_draft(form, citizen, somebody_else, now):
    draft = differing(form, now, seats=("40", "50"))
    with context_use(somebody_else), pytest.raises(NotFound):
        settle(draft, now, seats="0")
    assert Draft.objects.get().values["seats"] == 40


VALUES = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from("甲乙"))


@given(st.lists(VALUES, max_size=8), VALUES)
@hypothesis_settings(max_examples=60, suppress_health_check=list(HealthCheck))
def test_offers_hold_each_other_value_once_the_newest_first(typed, kept):
    joined = offers_join(
        [{"value": value, "at": str(n)} for n, value in enumerate(typed)], kept=kept
    )
    held = [joined, *joined["also"]] if joined else []
    expected = [repr(value) for value in typed if repr(value) != repr(kept)]
    assert [repr(one["value"]) for one in held] == list(dict.fromkeys(expected))[:5]


# --- the page ------------------------------------------------------------------------------------


@pytest.fixture
def typist(client, form, now):
    """A signed-in person whose draft was filled in differently on two devices."""
    with context_use(context_system("test")):
        key = account_create(
            "person", population="CITIZEN", name="甲", subject_ref="person:1", now=now
        )
        draft = opened(form, now, account_id=key)
        for seats in ("40", "50"):
            post = {"seats": seats, "_revision": "1"}
            draft_post(draft.id, post=post, page="place", now=now)
    client.force_login(get_user_model().objects.get(pk=key))
    client.draft = f"/engines/forms/drafts/{draft.id}/differences/"
    return client


def stored_of(client) -> dict:
    row = Draft.objects.get()
    return {"seats": row.values["seats"], "open": sorted(row.others)}


def seen_in(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]


def test_the_page_shows_both_values_and_the_choice_leads_back(typist):
    page = typist.get(typist.draft + "?back=/hall/").content.decode()
    assert page.index("座位数") < page.index(">40<") < page.index(">50<")
    post = {"seen": seen_in(page), "choice-seats": "0", "back": "/hall/"}
    answer = typist.post(typist.draft, post)
    assert (answer.status_code, answer["Location"]) == (302, "/hall/")
    assert stored_of(typist) == {"seats": 50, "open": []}
    assert 'name="seen"' not in typist.get(typist.draft).content.decode()


def test_no_choice_and_an_old_page_change_nothing(typist):
    seen = seen_in(typist.get(typist.draft).content.decode())
    assert typist.post(typist.draft, {"seen": seen}).status_code == 422
    assert typist.post(typist.draft, {"seen": "", "choice-seats": "0"}).status_code == 409
    assert stored_of(typist) == {"seats": 40, "open": ["seats"]}


@pytest.mark.parametrize("back", ["https://elsewhere.example/", "//elsewhere.example/", "hall/"])
def test_the_page_leads_nowhere_else(typist, back):
    page = typist.get(typist.draft, {"back": back}).content.decode()
    assert 'name="back" value=""' in page
