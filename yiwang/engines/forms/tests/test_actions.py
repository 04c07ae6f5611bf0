from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from yiwang.engines.forms.actions import (
    DraftTooLarge,
    draft_discard,
    draft_open,
    draft_post,
    draft_save,
    form_put,
)
from yiwang.engines.forms.data import ValueSource
from yiwang.engines.forms.models import Draft, FormVersion
from yiwang.engines.forms.queries import (
    draft_get,
    draft_list,
    draft_state,
    form_get,
    form_list,
    form_post_values,
    form_state,
    form_validate,
)
from yiwang.engines.forms.rules.problems import FormInvalid
from yiwang.engines.forms.tests.examples import COMPLETE, shop, text
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.sdk.errors import Forbidden, NotFound

pytestmark = pytest.mark.django_db
REGISTRY = {"zh": "法人库", "en": "Enterprise registry"}


def opened(form, now, **prefill):
    return draft_open(
        account_id=7,
        purpose_key="matter:shop",
        form_version_id=form.version_id,
        prefill=prefill,
        now=now,
    )


# --- versions ------------------------------------------------------------------------------------


def test_the_same_definition_is_the_same_version_and_a_changed_one_the_next(form, now):
    with context_use(context_system("test")):
        same = form_put("test.shop", shop(), source="test again", now=now)
        changed = form_put("test.shop", shop(title=text("开新店", "Shop")), source="test", now=now)
        back = form_put("test.shop", shop(), source="test", now=now)
    assert (same.version_id, same.number) == (form.version_id, 1)
    assert changed.number == 2
    assert back.number == 1
    assert form_get(form.version_id).title == text("开店", "Open a shop")
    assert [view.number for view in form_list()] == [2]


def test_a_faulty_definition_leaves_nothing_behind(db, now):
    with context_use(context_system("test")), pytest.raises(FormInvalid):
        form_put("test.bad", shop(conditions=[{"when": "nobody", "show": ["gas"]}]), source="t")
    assert FormVersion.objects.count() == 0


def test_a_version_cannot_be_changed_even_in_the_database(form):
    with pytest.raises(DatabaseError), transaction.atomic():
        FormVersion.objects.update(source="someone else")
    assert form_get(form.version_id).source == "test"


def test_a_citizen_cannot_load_a_form(db, citizen):
    with pytest.raises(Forbidden):
        form_put("test.shop", shop(), source="me")
    assert FormVersion.objects.count() == 0


def test_state_and_validation_speak_the_active_language(form, settings):
    from django.utils.translation import override

    with override("en"):
        assert form_validate(form.version_id, {})["name"] == ["Enter: Name."]
    with override("zh-hans"):
        assert form_validate(form.version_id, {})["name"] == ["请填写店名。"]
    assert form_validate(form.version_id, {}, pages=["kitchen"]) == {}
    assert list(form_validate(form.version_id, {}, pages=["place"])) == ["name", "kind"]
    assert form_state(form.version_id, COMPLETE).is_valid


# --- drafts --------------------------------------------------------------------------------------


def test_a_draft_is_prefilled_with_source_and_date(form, citizen, now):
    source = ValueSource("得月楼", REGISTRY, date(2026, 11, 2), 4)
    draft = opened(form, now, name=source, mobile="13800000000", stranger="x", code=None)
    assert draft.values == {"name": "得月楼", "mobile": "13800000000"}
    assert draft.sources["name"] == source
    assert draft.revision == 1
    state = draft_state(draft)
    assert state.page("place").fields[0].source == source


def test_opening_again_on_another_device_goes_on_with_the_same_draft(form, citizen, now):
    first = opened(form, now)
    draft_post(first.id, post={"name": "百味斋"}, page="place", now=now)
    again = opened(form, now)
    assert (again.id, again.values, again.page) == (first.id, {"name": "百味斋"}, "place")
    assert Draft.objects.count() == 1
    assert [each.id for each in draft_list(account_id=7)] == [first.id]


def test_fresh_registry_values_replace_untouched_ones_only(form, citizen, now):
    first = opened(form, now, mobile="13800000000", code="AB123")
    draft_post(first.id, post={"mobile": "13911112222"}, page="people", now=now)
    again = opened(form, now, mobile="13700000000", code="CD456")
    assert again.values == {"mobile": "13911112222", "code": "CD456"}
    assert again.sources["mobile"].value == "13700000000"


def test_what_is_typed_is_kept_as_typed_even_when_it_is_wrong(form, citizen, now):
    draft = opened(form, now)
    saved = draft_post(draft.id, post={"seats": "十二", "name": "长" * 9000}, page="place", now=now)
    assert draft_get(draft.id).values == {"seats": "十二", "name": "长" * 9000}
    assert saved.revision == 2
    assert draft_get(draft.id).updated_at == now


def test_a_locked_value_cannot_be_changed_by_a_forged_post(form, citizen, now):
    draft = opened(form, now, name=ValueSource("得月楼", REGISTRY))
    saved = draft_post(draft.id, post={"name": "假名字", "seats": "8"}, page="place", now=now)
    assert saved.values == {"name": "得月楼", "seats": 8}


def test_control_characters_do_not_reach_the_database(form, citizen, now):
    draft = opened(form, now)
    saved = draft_save(draft.id, values={"name": "百\x00味"}, page="place", revision=1, now=now)
    assert saved.values == {"name": "百味"}


def test_two_devices_on_different_fields_both_keep_what_they_typed(form, citizen, now):
    draft = opened(form, now, mobile="13800000000")
    phone = {"name": "百味斋", "seats": "", "_fields": "name seats", "_revision": "1"}
    laptop = {"name": "", "seats": "40", "_fields": "name seats", "_revision": "1"}
    draft_post(draft.id, post=phone, page="place", now=now)
    saved = draft_post(draft.id, post=laptop, page="place", now=now)
    assert saved.values == {"name": "百味斋", "seats": 40, "mobile": "13800000000"}
    assert saved.conflicts == {}


def test_two_devices_on_the_same_field_are_answered_with_both_values(form, citizen, now):
    draft = opened(form, now)
    draft_post(draft.id, post={"name": "百味斋", "_revision": "1"}, page="place", now=now)
    later = now + timedelta(minutes=1)
    stale = draft_post(draft.id, post={"name": "得月楼", "_revision": "1"}, page="place", now=later)
    conflict = stale.conflicts["name"]
    assert (conflict.kept, conflict.other) == ("百味斋", "得月楼")
    shown = draft_state(stale).page("place").fields[0]
    assert shown.conflict == conflict
    taken = draft_post(draft.id, post={"_take": "name"}, page="place", now=later)
    assert taken.values["name"] == "得月楼"
    assert taken.conflicts["name"].other == "百味斋"
    settled = draft_post(
        draft.id, post={"name": "得月楼A", "_seen": "name"}, page="place", now=later
    )
    assert settled.conflicts == {}


def test_very_long_texts_are_kept_without_swelling_the_history(form, citizen, now):
    draft = opened(form, now)
    for letter in "甲乙丙丁戊己庚辛":
        saved = draft_post(draft.id, post={"name": letter * 200_000}, page="place", now=now)
    assert saved.values["name"] == "辛" * 200_000
    assert len(str(Draft.objects.get().history)) < 1_000_000


def test_more_than_a_form_can_hold_is_refused_and_what_was_there_stays(form, citizen, now):
    draft = opened(form, now)
    draft_post(draft.id, post={"name": "百味斋"}, page="place", now=now)
    with pytest.raises(DraftTooLarge):
        draft_post(draft.id, post={"name": "x" * 12_000_001}, page="place", now=now)
    assert draft_get(draft.id).values == {"name": "百味斋"}


def test_saving_twice_the_same_changes_nothing(form, citizen, now):
    draft = opened(form, now)
    once = draft_post(draft.id, post={"name": "百味斋"}, page="place", now=now)
    twice = draft_post(draft.id, post={"name": "百味斋"}, page="place", now=now)
    assert (once.revision, twice.revision) == (2, 2)


def test_a_new_version_of_the_form_takes_over_the_draft_with_all_values(form, citizen, now):
    draft = opened(form, now)
    draft_post(draft.id, post={"name": "百味斋"}, page="place", now=now)
    with context_use(context_system("test")):
        newer = form_put("test.shop", shop(title=text("新", "New")), source="test", now=now)
    again = opened(newer, now)
    assert (again.id, again.form_version_id) == (draft.id, newer.version_id)
    assert again.values == {"name": "百味斋"}


def test_nobody_else_reads_saves_or_discards_a_draft(form, citizen, somebody_else, now):
    draft = opened(form, now)
    with context_use(somebody_else):
        for attempt in (
            lambda: draft_get(draft.id),
            lambda: draft_save(draft.id, values={"name": "x"}, page="place", revision=1, now=now),
            lambda: draft_discard(draft.id),
            lambda: opened(form, now),
            lambda: draft_list(account_id=7),
        ):
            with pytest.raises(NotFound):
                attempt()
    assert draft_get(draft.id).values == {}
    assert Draft.objects.count() == 1


def test_the_audit_names_the_fields_that_changed_and_no_values(form, citizen, now):
    draft = opened(form, now)
    draft_post(draft.id, post={"name": "百味斋"}, page="place", now=now)
    row = audit_list(subject=f"draft:{draft.id}")[0]
    assert row["act"] == "engines.forms.draft_post"
    assert row["detail"] == {"fields": ["name"], "revision": 2, "others": []}


def test_a_discarded_draft_is_gone(form, citizen, now):
    draft = opened(form, now)
    draft_discard(draft.id)
    with pytest.raises(NotFound):
        draft_get(draft.id)


def test_some_fields_can_be_read_from_a_post_outside_any_draft(form):
    values = form_post_values(
        form.version_id,
        {"seats": "４０", "name": "假名字", "code": "AB\x00123"},
        fields=["seats", "code", "no such field"],
        values={"name": "得月楼"},
    )
    assert values == {"name": "得月楼", "seats": 40, "code": "AB123"}
