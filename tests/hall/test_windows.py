"""A window takes any matter for any department: identified, taken in, routed, and nothing stays with the clerk."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.hall.test_applications import ELDER_CARD, FILLED, fill, the_application, the_item
from tests.pictures import PNG
from yiwang.engines.api import attachment_get, draft_get
from yiwang.hall.applications.actions.materials import material_attach
from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.actions.work import work_conclude
from yiwang.hall.applications.errors import ApplicationNotFound, NotEligible
from yiwang.hall.applications.filing import acting_for
from yiwang.hall.applications.models import DraftCase
from yiwang.hall.applications.queries.access import application_rows, application_visible_get
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.ratings.errors import RatedAlready
from yiwang.hall.ratings.queries import case_of, rating_of
from yiwang.hall.windows.actions import (
    hand_over_make,
    hand_over_receive,
    original_keep,
    rating_ask,
    visit_begin,
    visit_end,
    visit_open,
    visit_rate,
    visits_expire,
    window_put,
)
from yiwang.hall.windows.errors import (
    HandOverNotFound,
    HandOverReceived,
    IdentityNotConfirmed,
    MatterNotTaken,
    NothingToHandOver,
    NotTheirAgent,
    RatingCodeWrong,
    VisitNotFound,
    VisitOver,
    WindowNotYours,
)
from yiwang.hall.windows.models import Original, Taking, Window
from yiwang.hall.windows.queries import (
    hand_over_get,
    held_counts,
    own_visit_get,
    takeable_list,
    taking_list,
    visit_at_tablet,
    visit_by_code,
    visit_rows,
    window_counts,
    window_get,
    window_list,
)
from yiwang.identity.api import account_find, data_scope, department_find
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.resources.registries.models import Person
from yiwang.sdk.errors import NotFound


@pytest.fixture
def now(now, monkeypatch):
    """The clock stands still, also for the question whether a visit is over."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    return now


@pytest.fixture
def clerk(city):
    return city.staff("administrative_approval", "WINDOW_CLERK")


@pytest.fixture
def windows(city, clerk):
    """A window of the hall, run by the approval bureau, and a community window in another district."""
    with context_use(context_system("测试")):
        for code, kind, area in (("H1", "HALL", "320508"), ("C1", "COMMUNITY", "320506001000")):
            window_put(
                code,
                title={"zh": f"{code}号窗口", "en": f"Window {code}"},
                kind=kind,
                department_id=clerk.department_id,
                area_code=area,
                address="政务路1号",
            )


def person_of(city, username: str) -> dict:
    ref = city.context(username).subject_ref.removeprefix("person:")
    if not ref.startswith("P"):
        ref = account_find(username).subject_ref.removeprefix("person:")
    with data_scope(purpose="测试"):
        return Person.objects.filter(ref=ref).values("ref", "name", "id_number").first()


def visit_of(city, clerk, now, *, who="elder", window="H1", uscc=""):
    person = person_of(city, who)
    with context_use(clerk):
        return visit_open(
            window, id_number=person["id_number"], name=person["name"], uscc=uscc, now=now
        )


def take_in(visit, clerk, now) -> str:
    with context_use(clerk):
        draft_id = visit_begin(visit.number, ELDER_CARD, now=now)
        with acting_for(visit.applicant_ref):
            fill(draft_id, FILLED, now=now)
            return application_submit(draft_id, now=now).number


def test_a_clerk_takes_in_another_departments_matter_and_that_department_decides(
    city, clerk, windows, now
):
    visit = visit_of(city, clerk, now)

    number = take_in(visit, clerk, now)

    application = the_application(number)
    elder = city.context("elder")
    assert application.channel == "WINDOW"
    assert application.filed_by_id == clerk.account_id
    assert application.filed_by_name == clerk.name
    assert application.applicant_ref == elder.subject_ref
    assert application.account_id == elder.account_id
    assert application.visit_id == visit.id
    owner = department_find("civil_affairs", application.area_code, level="DISTRICT")
    assert application.department_id == owner.id != clerk.department_id
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        work_conclude(the_item(number).id, outcome="APPROVE", opinion="材料齐全", now=now)
    assert the_application(number).state == "APPROVED"
    with context_use(elder):
        assert application_visible_get(number, purpose="测试").number == number


def test_nothing_of_the_visitor_stays_with_the_clerk(city, clerk, windows, now):
    visit = visit_of(city, clerk, now)
    number = take_in(visit, clerk, now)
    with context_use(clerk):
        draft_id = visit_begin(visit.number, ELDER_CARD, now=now)
        visit_end(visit.number, now=now)

        with pytest.raises(ApplicationNotFound):
            application_visible_get(number, purpose="测试")
        with pytest.raises(VisitOver):
            own_visit_get(visit.number, now=now)
        with pytest.raises(NotFound):
            draft_get(draft_id)
        with pytest.raises(VisitOver):
            visit_begin(visit.number, ELDER_CARD, now=now)
    assert DraftCase.objects.count() == 0


def test_a_document_given_at_the_window_belongs_to_the_applicant(city, clerk, windows, now):

    visit = visit_of(city, clerk, now)
    with context_use(clerk), acting_for(visit.applicant_ref):
        draft_id = visit_begin(visit.number, ELDER_CARD, now=now)
        fill(draft_id, FILLED, now=now)
        key = draft_context_get(draft_id).matter.materials[1].key

        file = SimpleUploadedFile("a.png", PNG, content_type="image/png")
        material_attach(draft_id, key, file=file, now=now)
        number = application_submit(draft_id, now=now).number
    attachment_id = the_application(number).materials.get(source="UPLOAD").attachment_id

    with context_use(clerk), pytest.raises(NotFound):
        attachment_get(attachment_id)
    with context_use(city.context("elder")):
        assert attachment_get(attachment_id).account_id == city.context("elder").account_id


def test_a_visit_is_over_after_two_hours_and_its_drafts_are_thrown_away(
    city, clerk, windows, now, monkeypatch
):
    visit = visit_of(city, clerk, now)
    with context_use(clerk):
        draft_id = visit_begin(visit.number, ELDER_CARD, now=now)
    later = now + timedelta(hours=2)
    monkeypatch.setattr("django.utils.timezone.now", lambda: later)

    with context_use(clerk), pytest.raises(VisitOver):
        fill(draft_id, FILLED, now=later)
    with context_use(context_system("测试")):
        assert visits_expire(now=later) == 1
        assert visits_expire(now=later) == 0
    assert DraftCase.objects.count() == 0


def test_another_clerk_can_neither_see_nor_use_a_visit(city, clerk, windows, now):
    visit = visit_of(city, clerk, now)
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        with pytest.raises(VisitNotFound):
            own_visit_get(visit.number, now=now)
        with pytest.raises(VisitNotFound):
            visit_begin(visit.number, ELDER_CARD, now=now)
        with pytest.raises(WindowNotYours):
            visit_of(city, city.staff("civil_affairs", "WINDOW_CLERK"), now)
    assert DraftCase.objects.count() == 0


def test_who_the_registry_does_not_confirm_opens_no_visit_and_the_question_is_recorded(
    city, clerk, windows, now
):
    person = person_of(city, "elder")
    with context_use(clerk):
        with pytest.raises(IdentityNotConfirmed):
            visit_open("H1", id_number=person["id_number"], name="别人", now=now)
        with pytest.raises(IdentityNotConfirmed):
            visit_open("H1", id_number="320508", name=person["name"], now=now)

    assert visit_rows().count() == 0
    asked = [
        row for row in audit_list(person_ref=person["ref"]) if row["act"] == "registries.check"
    ]
    assert [(row["purpose"], row["actor_name"]) for row in asked] == [
        ("窗口受理核验身份", clerk.name)
    ]


def test_an_enterprise_is_served_by_its_agent_and_by_nobody_else(city, clerk, windows, now):
    uscc = city.context("agent").subject_ref.removeprefix("enterprise:")

    visit = visit_of(city, clerk, now, who="agent", uscc=uscc)

    assert visit.applicant_ref == f"enterprise:{uscc}"
    assert visit.visitor_ref == account_find("agent").subject_ref
    with pytest.raises(NotTheirAgent):
        visit_of(city, clerk, now, who="elder", uscc=uscc)


def test_the_condition_of_a_matter_holds_at_the_window_too(city, clerk, windows, now):
    visit = visit_of(city, clerk, now, who="citizen")
    with context_use(clerk), pytest.raises(NotEligible):
        visit_begin(visit.number, ELDER_CARD, now=now)


def test_a_community_window_takes_what_is_taken_anywhere_for_the_district_of_the_applicant(
    city, clerk, windows, now
):
    visit = visit_of(city, clerk, now, window="C1")
    with context_use(clerk):
        codes = {matter.code for matter in takeable_list(visit.window)}
        every = {matter.code for matter in takeable_list(window_get("H1"))}

    number = take_in(visit, clerk, now)

    taking = Taking.objects.get(number=number)
    application = the_application(number)
    assert application.channel == "COMMUNITY"
    assert taking.is_elsewhere
    assert application.area_code[:6] == "320508"
    assert ELDER_CARD in codes < every
    assert "C1" in [one.code for one in window_list(matter_code=ELDER_CARD)]
    assert [one.code for one in window_list(area_code="320506")] == ["C1"]
    parallel = next(code for code in sorted(every - codes))
    with context_use(clerk), pytest.raises(MatterNotTaken):
        visit_begin(visit.number, parallel, now=now)


def test_papers_go_to_the_department_by_a_list_that_both_sides_sign(city, clerk, windows, now):
    visit = visit_of(city, clerk, now)
    number = take_in(visit, clerk, now)
    owner = the_application(number).department_id
    with context_use(clerk):
        for title in ("身份证复印件", "居住证明原件"):
            original_keep(visit.number, number, title=title, copies=1, is_copy=False, now=now)
        assert held_counts("H1")[0][::2] == (owner, 2)
        listed = hand_over_make("H1", department_id=owner, now=now)
        with pytest.raises(NothingToHandOver):
            hand_over_make("H1", department_id=owner, now=now)
        gone = hand_over_get(listed).items[1].id
        with pytest.raises(HandOverNotFound):
            hand_over_receive(listed, missing=frozenset(), note="", now=now)
    officer = city.staff("civil_affairs", "WINDOW_CLERK")
    with context_use(officer):
        hand_over_receive(listed, missing=frozenset({gone}), note="缺一份", now=now)
        with pytest.raises(HandOverReceived):
            hand_over_receive(listed, missing=frozenset(), note="", now=now)
        found = hand_over_get(listed)
    assert (found.received_by, found.missing, found.note) == (officer.name, 1, "缺一份")
    assert sorted(Original.objects.values_list("state", flat=True)) == ["MISSING", "RECEIVED"]
    with (
        context_use(city.staff("market_supervision", "WINDOW_CLERK")),
        pytest.raises(HandOverNotFound),
    ):
        hand_over_get(listed)


def test_a_visit_is_rated_once_at_the_tablet_or_with_the_code(city, clerk, windows, now):
    visit = visit_of(city, clerk, now)
    key = Window.objects.get(code="H1").evaluator_key
    assert visit_at_tablet(key, now=now)[1] is None
    with context_use(clerk):
        rating_ask(visit.number, now=now)
    found = visit_at_tablet(key, now=now)[1]

    visit_rate(found, level="DISSATISFIED", indicators={}, text="等候太久", now=now)

    assert found.number == visit.number
    assert visit_at_tablet(key, now=now)[1] is None
    with pytest.raises(RatedAlready):
        visit_rate(
            visit_by_code(visit.rating_code.lower(), now=now),
            level="SATISFIED",
            indicators={},
            text="",
            now=now,
        )
    rating = rating_of(f"visit:{visit.number}")
    assert (rating.channel, rating.level) == ("ON_SITE", "DISSATISFIED")
    assert rating.department_id == clerk.department_id
    assert case_of(f"visit:{visit.number}").state == "OPEN"


def test_the_code_of_a_visit_holds_for_fifteen_days(city, clerk, windows, now):
    visit = visit_of(city, clerk, now)
    assert visit_by_code(visit.rating_code, now=now + timedelta(days=15)).number == visit.number
    for code, at in ((visit.rating_code, now + timedelta(days=15, seconds=1)), ("ABCDEFGH", now)):
        with pytest.raises(RatingCodeWrong):
            visit_by_code(code, now=at)


def test_the_figures_count_visits_takings_and_what_visitors_said(city, clerk, windows, now):
    visit = visit_of(city, clerk, now, window="C1")
    take_in(visit, clerk, now)
    visit_of(city, clerk, now)
    visit_rate(visit, level="SATISFIED", indicators={}, text="", now=now)

    with context_use(context_system("测试")):
        counts = window_counts(since=now - timedelta(days=1), until=now + timedelta(seconds=1))

    assert [
        (one.window.code, one.visits, one.takings, one.elsewhere, one.rated, one.share)
        for one in counts
        if one.window.code in {"C1", "H1"}
    ] == [("C1", 1, 1, 1, 1, 100.0), ("H1", 1, 0, 0, 0, None)]


def test_the_pages_lead_from_the_document_to_the_printed_receipt(city, clerk, windows, client):
    person = person_of(city, "elder")
    client.force_login(city.account("approval_clerk"))
    desk = client.post(
        reverse("hall_windows:desk"),
        {"window": "H1", "id_number": person["id_number"], "name": person["name"]},
    )
    number = visit_rows().get().number
    page = reverse("hall_windows:visit", args=[number])
    assert desk.url == page
    assert "老年人优待证" in client.get(page, {"q": "优待证"}).content.decode()

    begun = client.post(page, {"do": "begin", "matter": ELDER_CARD})
    draft_id = DraftCase.objects.get().draft_id
    first = client.get(client.get(begun.url).url)
    assert person["name"] in first.content.decode()
    for key, typed in (("person", {}), ("contact", FILLED)):
        client.post(
            reverse("hall_applications:draft", args=[draft_id, key]), {**typed, "go": "next"}
        )
    receipt = client.post(reverse("hall_applications:submit", args=[draft_id]))
    application = application_rows("测试").get()
    assert receipt.url == reverse("hall_windows:receipt", args=[number, application.number])
    shown = client.get(receipt.url).content.decode()
    assert application.query_code in shown
    assert visit_rows().get().rating_code in shown
    again = client.post(reverse("hall_applications:submit", args=[draft_id]))
    assert again.url == receipt.url
    with context_use(clerk):
        assert len(taking_list(number)) == 1
    client.post(page, {"do": "end"})
    assert client.get(receipt.url).status_code == 403


def test_the_tablet_and_the_code_rate_without_signing_in(city, clerk, windows, client):
    from django.utils import timezone

    visit = visit_of(city, clerk, timezone.now())
    with context_use(clerk):
        rating_ask(visit.number, now=timezone.now())
    page = reverse("hall_windows:evaluator", args=[Window.objects.get(code="H1").evaluator_key])
    asked = client.post(page, {"visit": visit.number, "level": "DISSATISFIED"})
    assert 'name="complaint"' in asked.content.decode()
    assert rating_of(f"visit:{visit.number}") is None

    client.post(
        page,
        {"visit": visit.number, "level": "DISSATISFIED", "complaint": ["I waited too long"]},
    )

    assert rating_of(f"visit:{visit.number}").level == "DISSATISFIED"
    shown = client.get(reverse("hall_windows:rate"), {"code": visit.rating_code})
    assert shown.status_code == 200
    assert client.get(reverse("hall_windows:rate"), {"code": "ABCDEFGH"}).status_code == 404
    assert client.get(reverse("hall_windows:evaluator", args=["nobody"])).status_code == 404
