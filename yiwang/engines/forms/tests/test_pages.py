from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import RequestFactory
from django.utils.translation import override

from yiwang.engines.forms.actions import attachment_put, draft_open, draft_post
from yiwang.engines.forms.data import ValueSource
from yiwang.engines.forms.queries import draft_get, draft_state
from yiwang.kernel.api import render

pytestmark = pytest.mark.django_db
REGISTRY = {"zh": "法人库", "en": "Enterprise registry"}
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@pytest.fixture
def draft(form, citizen, now):
    source = ValueSource("得月楼", REGISTRY, date(2026, 11, 2), registry_field="enterprise.name")
    phone = ValueSource("13800000000", {"zh": "人口库", "en": "Population"}, date(2026, 11, 2))
    return draft_open(
        account_id=7,
        purpose_key="shop",
        form_version_id=form.version_id,
        prefill={"name": source, "mobile": phone},
        now=now,
    )


@pytest.fixture
def html(tmp_path, settings, draft):
    """Render one macro for the draft as it stands, in English."""
    (tmp_path / "page.html").write_text(
        '{% import "engines/forms/form.html" as forms with context %}'
        "{% if summary %}{{ forms.form_summary(state, edit_href='/draft/{page}/') }}"
        "{% else %}{{ forms.form_page(state, state.page(key), draft, action='/draft/',"
        " errors_shown=errors_shown, wrong_href='/wrong/{field}/', progress=True) }}{% endif %}",
        encoding="utf-8",
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    def page(key="place", *, errors_shown=False, summary=False) -> str:
        now_draft = draft_get(draft.id)
        with override("en"):
            names = {
                "draft": now_draft,
                "state": draft_state(now_draft),
                "key": key,
                "errors_shown": errors_shown,
                "summary": summary,
            }
            return render(RequestFactory().get("/"), "page.html", names).content.decode()

    return page


def test_a_locked_value_is_text_with_its_source_and_a_way_to_object(html):
    page = html()
    assert 'name="name"' not in page
    assert "得月楼" in page
    assert "Enterprise registry · 2026-11-02" in page
    assert 'href="/wrong/enterprise.name/"' in page
    assert 'name="_fields" value="born seats area kind"' in page


def test_a_page_works_without_scripts_and_says_where_one_is(html):
    page = html()
    assert 'method="post" action="/draft/"' in page
    assert "Page 1 of 3" in page
    assert 'name="go" value="next"' in page
    assert 'name="go" value="back"' not in page
    assert 'name="go" value="back"' in html("kitchen")
    assert 'name="_revision" id="form-revision" value="1"' in page


def test_only_fields_that_decide_on_others_ask_the_server_for_the_page_anew(html):
    page = html()
    assert page.count('hx-trigger="change consume"') == 3  # the three options of `kind`
    assert page.count('hx-trigger="change"') == 1


def test_what_is_wrong_stands_beside_the_field_and_on_top_and_is_kept(html, draft, now):
    draft_post(draft.id, post={"seats": "十二", "born": "tomorrow"}, page="place", now=now)
    page = html(errors_shown=True)
    assert page.count("Seats must be a whole number, for example 12.") == 2
    assert 'href="#f-seats"' in page
    assert 'value="十二"' in page
    assert 'type="text" id="f-born" name="born"' in page  # a date input would drop the text
    assert 'value="tomorrow"' in page


def test_required_fields_are_not_blamed_before_the_person_goes_on(html):
    assert "Choose: Kind." not in html()
    assert "Choose: Kind." in html(errors_shown=True)


def test_rows_have_plain_buttons(html, draft, now):
    draft_post(draft.id, post={"staff.0.person": "张三", "_add": "staff"}, page="people", now=now)
    page = html("people")
    assert 'name="staff.0.person"' in page
    assert 'name="staff.1._row"' in page
    assert 'name="_remove" value="staff.1"' in page
    assert 'name="_add" value="staff"' in page
    assert page.index('name="go" value="next"') < page.index('name="_remove"')


def test_an_empty_row_is_not_blamed_before_the_person_goes_on(html, draft, now):
    draft_post(draft.id, post={"_add": "staff"}, page="people", now=now)
    assert "Add at least one row to Staff." not in html("people")
    assert "Add at least one row to Staff." in html("people", errors_shown=True)


def test_two_devices_are_shown_both_values(html, draft, now):
    draft_post(draft.id, post={"kind": "MEAL", "_revision": "1"}, page="place", now=now)
    draft_post(draft.id, post={"kind": "DRINK", "_revision": "1"}, page="place", now=now)
    page = html()
    assert "The other device has: Drinks" in page
    assert 'name="_take" value="kind"' in page


def test_a_changed_registry_value_says_what_the_registry_has(html, draft, now):
    draft_post(draft.id, post={"mobile": "13911112222"}, page="people", now=now)
    page = html("people")
    assert "The registry has: 13800000000" in page
    assert 'value="13911112222"' in page


def test_the_summary_shows_words_instead_of_codes_and_links_to_change(html, draft, now):
    posted = {"kind": "MEAL", "born": "2026-12-01", "staff.0.person": "张三", "agree": "on"}
    draft_post(draft.id, post=posted, page="", now=now)
    page = html(summary=True)
    assert "Meals" in page
    assert "1 December 2026" in page
    assert "张三" in page
    assert 'href="/draft/kitchen/"' in page
    assert "Not filled in" in page


def test_markup_in_what_was_typed_stays_text(html, draft, now):
    draft_post(draft.id, post={"seats": "<script>alert(1)</script>"}, page="place", now=now)
    for page in (html(errors_shown=True), html(summary=True)):
        assert "<script>alert" not in page


# --- the download --------------------------------------------------------------------------------


@pytest.fixture
def kept(citizen, now):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return attachment_put(
        account_id=7,
        file=SimpleUploadedFile("合同.pdf", b"%PDF-1.7\n"),
        accept=["application/pdf"],
        max_bytes=1000,
        now=now + timedelta(hours=1),
    )


def test_a_file_is_handed_out_as_a_download_of_its_detected_type(kept):
    from yiwang.engines.forms.views import attachment

    response = attachment(RequestFactory().get(kept.url), kept.id)
    assert b"".join(response.streaming_content) == b"%PDF-1.7\n"
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert response["X-Content-Type-Options"] == "nosniff"


def account_of(username: str):
    from django.contrib.auth import get_user_model

    return get_user_model().objects.create(username=username, population="CITIZEN", created_at=NOW)


def test_only_the_owner_and_those_a_rule_allows_get_the_file(db, client, now, monkeypatch):
    from django.core.files.uploadedfile import SimpleUploadedFile

    from yiwang.engines.forms import registry
    from yiwang.kernel.api import RequestContext, audit_list, context_use

    monkeypatch.setattr(registry, "_rules", [])
    owner, stranger, reader = account_of("a"), account_of("b"), account_of("c")
    with context_use(RequestContext(population="CITIZEN", account_id=owner.pk)):
        kept = attachment_put(
            account_id=owner.pk,
            file=SimpleUploadedFile("合同.pdf", b"%PDF-1.7\n"),
            accept=["application/pdf"],
            max_bytes=1000,
            now=now,
        )
    client.force_login(stranger)
    assert client.get(kept.url).status_code == 404
    client.force_login(reader)
    assert client.get(kept.url).status_code == 404
    registry.attachment_access_register(lambda context, wanted: context.account_id == reader.pk)
    assert client.get(kept.url).status_code == 200
    client.force_login(owner)
    assert client.get(kept.url).status_code == 200
    opened = [row["account_id"] for row in audit_list(subject=f"attachment:{kept.id}")]
    assert opened == [owner.pk, reader.pk, owner.pk]  # newest first; the last is the upload
    client.logout()
    assert client.get(kept.url).status_code in (302, 401)
