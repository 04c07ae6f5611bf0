"""Documents at the level of acts: where each comes from, what may follow."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.hall.test_applications import ELDER_CARD, FILLED, fill, the_application
from tests.hall.test_pack_journeys import (
    applicant_make,
    item_of,
    officer_act,
    officer_of,
    upload,
)
from tests.hall.test_pack_journeys import (
    fill as fill_all,
)
from tests.pictures import PDF
from yiwang.engines.api import attachment_put
from yiwang.hall.api import (
    application_submit,
    guide_get,
    licence_issue,
    licence_list_by_source,
    matter_get,
)
from yiwang.hall.applications.actions.applicant import application_withdraw
from yiwang.hall.applications.actions.drafts import draft_begin
from yiwang.hall.applications.actions.materials import (
    material_attach,
    material_choose,
    material_detach,
)
from yiwang.hall.applications.errors import ChoiceNotOffered, SubmissionIncomplete
from yiwang.hall.applications.models import (
    Application,
    ApplicationMaterial,
    DraftMaterial,
    MaterialChoice,
)
from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.applications.queries.details import application_detail_get
from yiwang.hall.applications.queries.drafts import draft_context_get
from yiwang.hall.applications.queries.materials import material_line_list
from yiwang.hall.licences.models import Licence, LicenceUse
from yiwang.hall.promises.actions import promise_break, promise_keep, promise_supply
from yiwang.hall.promises.errors import CommitmentBarred, PromiseUnkept
from yiwang.hall.promises.queries import promise_list_of
from yiwang.identity.api import data_scope
from yiwang.kernel.api import audit_list, context_system, context_use
from yiwang.sdk.packs import Commitment, Material, MayFollow, pack_read

TITLE = {"zh": "水质检测报告", "en": "Water test report"}
ACCEPT = ("application/pdf", "image/jpeg", "image/png")
DAY = date(2026, 11, 20)


def sample_of(pack: str, name: str) -> dict:
    folder = Path(settings.PACK_DIRS[0]) / pack
    files = pack_read(folder).section("sample")
    return next(file for file in files if file.name == name).data["rows"][0]["values"]


def code_of(pack: str, name: str) -> str:
    files = pack_read(Path(settings.PACK_DIRS[0]) / pack).section("matters")
    return next(file for file in files if file.name == name).data["code"]


def pdf(name: str = "报告.pdf", more: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF + more, content_type="application/pdf")


class Filing:
    """A draft of the elder's, whose matter is given other documents."""

    def __init__(self, city, now) -> None:
        self.city, self.now = city, now
        with self.acting():
            self.draft_id = draft_begin(ELDER_CARD, now=now)

    def acting(self):
        return context_use(self.city.context("elder"))

    @property
    def holder_ref(self) -> str:
        return self.city.context("elder").subject_ref

    def lines(self, *materials: Material, now=None):
        with self.acting():
            context = draft_context_get(self.draft_id)
            spec = replace(context.matter.spec, materials=materials)
            context = replace(context, matter=replace(context.matter, spec=spec))
            found = material_line_list(context, form_data={}, now=now or self.now)
        return {line.key: line for line in found}

    def line(self, now=None, **changes: object):
        values = {"key": "report", "title": TITLE, "accept": ACCEPT, **changes}
        return self.lines(Material(**values), now=now)["report"]

    def licence(self, **changes: object):
        with context_use(context_system("测试")):
            made = licence_issue(
                "civil_affairs.elder_card",
                holder_ref=self.holder_ref,
                holder_name="某",
                holder_number="1",
                data={"form": {}, "applicant": {}},
                area_code="320508",
                department_id=self.city.staff("civil_affairs", "WINDOW_CLERK").department_id,
                source="test",
                now=self.now,
            )
            with data_scope(purpose="测试"):
                Licence.objects.filter(pk=made.id).update(**changes) if changes else None
        return made

    def earlier(self, *, as_of: date, state: str = "APPROVED", holder_ref: str = "") -> Application:
        """Make an earlier application of the applicant that had this document."""
        with self.acting():
            context = draft_context_get(self.draft_id)
            kept = attachment_put(
                account_id=context.draft.account_id, file=pdf(), accept=list(ACCEPT),
                max_bytes=10_000_000, now=self.now,
            )  # fmt: skip
        department_id = self.city.staff("civil_affairs", "WINDOW_CLERK").department_id
        number = f"E{as_of}{state}{holder_ref}"
        application = application_rows("测试").create(
            number=number, query_code="x", submission_key=number,
            account_id=context.draft.account_id, applicant_ref=holder_ref or self.holder_ref,
            applicant_name="某", applicant_number="1",
            matter_version_id=context.matter.version_id, matter_code=context.matter.code,
            title={"zh": "排水许可", "en": "Drainage permit"}, department_id=department_id,
            area_code="320508", form_version_id=context.draft.form_version_id, form_data={},
            state=state, receipt_hash="", submitted_at=self.now,
            decided_at=None if state == "HANDLING" else self.now,
        )  # fmt: skip
        ApplicationMaterial.objects.create(
            application=application, key="report", title=TITLE, source="UPLOAD",
            attachment_id=kept.id, digest=kept.sha256, document="water_test", as_of=as_of,
        )  # fmt: skip
        return application


@pytest.fixture
def filing(city, now):
    return Filing(city, now)


LICENCE = {"source": "licence", "licence_type": "civil_affairs.elder_card"}
REGISTRY = {"source": "registry", "registry_field": "person.name"}
EARLIER = {"document": "water_test", "valid_days": 90}


# --- where a document comes from -----------------------------------------------------------------


def test_a_licence_comes_before_the_registry_and_the_registry_before_an_earlier_case(filing):
    filing.earlier(as_of=DAY)
    assert filing.line(**EARLIER).source == "EARLIER"
    assert filing.line(**REGISTRY, **EARLIER).source == "REGISTRY"
    licence = filing.licence()
    line = filing.line(**(LICENCE | {"registry_field": "person.name"} | EARLIER))
    assert (line.source, line.source_ref) == ("LICENCE", f"licence:{licence.identifier}")
    assert (line.as_of, line.may_refuse) == (DAY, True)
    assert licence.identifier in line.why["zh"]
    assert "2026-11-20 签发" in line.why["zh"]


def test_the_line_says_source_and_date(filing):
    line = filing.line(**REGISTRY)
    assert line.why["zh"].startswith("由人口库提供（")
    assert str(line.as_of) in line.why["en"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"valid_from": date(2026, 1, 1), "valid_to": date(2026, 11, 19)},
            "您的这类电子证照已于 2026-11-19 到期，请上传",
        ),
        ({"state": "SUSPENDED"}, "您的这类电子证照已被暂扣，请上传"),
        ({"state": "REVOKED"}, "您的这类电子证照已被撤销，请上传"),
    ],
)
def test_a_licence_that_is_no_good_says_why_one_must_upload(filing, changes, why):
    filing.licence(**changes)
    line = filing.line(**LICENCE)
    assert (line.source, line.why["zh"]) == ("MISSING", why)
    assert line.why["en"].endswith("please upload it")


def test_each_source_that_did_not_help_is_named(filing):
    line = filing.line(**(LICENCE | {"registry_field": "person.nothing"} | EARLIER))
    assert line.why["zh"] == (
        "您没有这类电子证照；基础库中没有这一项；您此前获准的申请中没有这份材料，请上传"
    )
    assert line.why["en"] == (
        "You hold no electronic licence of this kind; the registry has no value; none of your granted "
        "applications had this document; please upload it"
    )
    assert filing.line().why["zh"] == "这份材料市里没有，请上传"


def test_a_document_of_an_earlier_case_is_used_as_long_as_it_is_not_too_old(filing):
    filing.earlier(as_of=DAY - timedelta(days=90))
    line = filing.line(**EARLIER)
    assert (line.source, line.as_of) == ("EARLIER", DAY - timedelta(days=90))
    assert line.why["zh"].startswith("沿用您 2026-08-22 在“排水许可”申请中提交的材料")
    assert line.attachment_name == "报告.pdf"
    late = filing.line(**EARLIER, now=filing.now + timedelta(days=1))
    assert (late.source, late.why["zh"]) == (
        "MISSING",
        "您 2026-08-22 提交过的已超过 90 天，请上传",
    )


@pytest.mark.parametrize("state", ["REFUSED", "NOT_ACCEPTED", "WITHDRAWN", "HANDLING"])
def test_only_a_granted_case_hands_its_documents_on(filing, state):
    filing.earlier(as_of=DAY, state=state)
    assert filing.line(**EARLIER).source == "MISSING"


def test_nobody_elses_documents_are_used(filing):
    filing.earlier(as_of=DAY, holder_ref="person:OTHER")
    assert filing.line(**EARLIER).source == "MISSING"


def test_the_newest_one_counts(filing):
    filing.earlier(as_of=DAY - timedelta(days=200))
    filing.earlier(as_of=DAY - timedelta(days=3))
    assert filing.line(**EARLIER).as_of == DAY - timedelta(days=3)


def test_a_document_that_no_pack_names_is_reused_for_the_same_line_only(filing):
    filing.earlier(as_of=DAY)
    assert filing.line(valid_days=90).source == "MISSING"


def test_one_may_refuse_what_the_city_has_and_take_it_back(filing):
    MaterialChoice.objects.create(
        draft_id=filing.draft_id, key="report", kind="UPLOAD", made_at=filing.now
    )
    line = filing.line(**REGISTRY)
    assert (line.source, line.is_refused) == ("MISSING", True)
    assert line.why["zh"] == "您选择不沿用已有的，请上传"
    MaterialChoice.objects.all().delete()
    assert filing.line(**REGISTRY).source == "REGISTRY"


def test_words_that_changed_since_are_not_agreed_to(filing):
    MaterialChoice.objects.create(
        draft_id=filing.draft_id, key="report", kind="PROMISE", sha256="0" * 64, made_at=filing.now
    )
    assert filing.line(may_follow=MayFollow(days=5)).source == "MISSING"
    assert (
        filing.line(commitment=Commitment(check_days=5, notice=(TITLE,), consequences=TITLE)).source
        == "MISSING"
    )


def test_looking_through_licences_and_earlier_cases_shows_in_who_looked_at_my_data(city, now):
    agent = city.context("agent")
    with context_use(agent):
        draft_begin(code_of("urban_services", "drainage_permit"), now=now)
    (read,) = audit_list(subject=f"materials:{agent.subject_ref}")
    assert read["act"] == "hall.applications.materials_read"
    assert read["detail"]["earlier"] == ["water_test"]
    assert "排水" in read["detail"]["purpose"]


# --- uploads of a draft ----------------------------------------------------------------------------


@contextmanager
def trader_draft(city, now, *, applicant=None):
    applicant = applicant or applicant_make(city, {"kind": "person"}, now=now)
    with context_use(applicant):
        yield applicant, draft_begin(code_of("market_supervision", "sole_trader"), now=now)


@contextmanager
def drainage_draft(city, now):
    with context_use(city.context("agent")):
        yield draft_begin(code_of("urban_services", "drainage_permit"), now=now)


def test_the_same_file_twice_on_a_line_is_kept_once_and_on_two_lines_said(city, now):
    with drainage_draft(city, now) as draft_id:
        first = material_attach(draft_id, "drainage_plan", file=pdf(), now=now)
        again = material_attach(draft_id, "drainage_plan", file=pdf("同一份.pdf"), now=now)
        other = material_attach(draft_id, "water_test", file=pdf(), now=now)
    assert (first.is_repeated, again.is_repeated, other.is_repeated) == (False, True, False)
    matter = matter_get(code_of("urban_services", "drainage_permit"))
    titles = {one.key: one.title for one in matter.materials}
    assert other.also_on == (titles["drainage_plan"],)
    assert DraftMaterial.objects.filter(draft_id=draft_id).count() == 2


def test_a_choice_that_the_matter_does_not_offer_is_refused(city, now):
    with trader_draft(city, now) as (_who, draft_id):
        with pytest.raises(ChoiceNotOffered):
            material_choose(draft_id, "premises_proof", kind="PROMISE", now=now)
        with pytest.raises(ChoiceNotOffered):
            material_choose(draft_id, "id_card", kind="COMMIT", now=now)
        material_choose(draft_id, "premises_proof", kind="COMMIT", now=now)
        material_choose(draft_id, "premises_proof", kind="", now=now)
    assert MaterialChoice.objects.count() == 0


@pytest.fixture
def browser_of(city, client):
    """Sign an account in and give its draft's page of documents."""

    def sign_in(username: str, code: str, now):
        with context_use(city.context(username)):
            draft_id = draft_begin(code, now=now)
        client.force_login(city.account(username))
        return client, f"/hall/applications/drafts/{draft_id}/materials/"

    return sign_in


def test_a_file_too_large_says_so_beside_its_field_and_the_others_are_kept(
    browser_of, settings, now
):
    settings.UPLOAD_LIMITS_MB = {"": (1, 8)}
    client, page = browser_of("agent", code_of("urban_services", "drainage_permit"), now)
    files = {"drainage_plan": pdf(more=b"x" * (3 << 20)), "water_test": pdf("水质.pdf")}
    answer = client.post(page, {**files, "go": "next"})
    text = answer.content.decode()
    assert answer.status_code == 413
    assert "报告.pdf”（3 MB）没有保存" in text
    assert list(DraftMaterial.objects.values_list("key", flat=True)) == ["water_test"]
    assert "水质.pdf" in text


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pdf", PDF + b"<</S /JavaScript /JS (x)>>", "脚本"),
        ("a.pdf", PDF + b"trailer <</Encrypt 5 0 R>>", "密码"),
        ("a.pdf", b"", "0 字节"),
        ("a.pdf", b"MZ\x90\x00", "可接收"),
        ("../../x\x00.exe", PDF, "x.exe"),
    ],
)
def test_what_is_wrong_with_a_file_stands_beside_its_field(browser_of, now, name, content, words):
    client, page = browser_of("agent", code_of("urban_services", "drainage_permit"), now)
    file = SimpleUploadedFile("a.pdf", content)
    file._name = name
    answer = client.post(page, {"drainage_plan": file})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert DraftMaterial.objects.count() == 0


def test_promises_are_made_on_the_page_only_after_their_words_were_agreed_to(browser_of, now):
    client, page = browser_of("agent", code_of("urban_services", "drainage_permit"), now)
    assert "十个工作日内补交" in client.get(page).content.decode()
    refused = client.post(page, {"choose": "follow:water_test"})
    assert refused.status_code == 422
    assert MaterialChoice.objects.count() == 0
    agreed = {"choose": "follow:water_test", "agree:follow:water_test": "1"}
    assert client.post(page, agreed).status_code == 302
    assert "您已承诺受理后 10 个工作日内补交" in client.get(page).content.decode()
    assert client.post(page, {"choose": "undo:water_test"}).status_code == 302
    assert MaterialChoice.objects.count() == 0


def test_the_page_lets_one_refuse_what_the_city_has(browser_of, now):
    client, page = browser_of("elder", ELDER_CARD, now)
    assert client.post(page, {"choose": "refuse:photo"}).status_code == 302
    text = client.get(page).content.decode()
    assert "您选择不沿用已有的，请上传" in text
    assert 'value="undo:photo"' in text


# --- 告知承诺 --------------------------------------------------------------------------------------


def trader_submit(city, now, *, applicant=None) -> tuple[str, object]:
    with trader_draft(city, now, applicant=applicant) as (who, draft_id):
        fill_all(draft_id, sample_of("market_supervision", "sole_trader_register"), now=now)
        material_choose(draft_id, "premises_proof", kind="COMMIT", now=now)
        return application_submit(draft_id, now=now).number, who


def run(number: str, *steps: str, now) -> None:
    outcomes = {"accept": "ACCEPT", "review": "AGREE", "decide": "APPROVE"}
    for step in steps:
        officer_act(number, {"officer": step, "outcome": outcomes[step]}, now=now)


def test_a_commitment_replaces_the_document_is_checked_and_when_untrue_revokes_the_licence(
    city, now
):
    number, who = trader_submit(city, now)
    subject = f"application:{number}"
    (promise,) = promise_list_of(subject)
    assert (promise.kind, promise.state, promise.key) == ("COMMITMENT", "MADE", "premises_proof")
    assert "申请人对住所享有所有权或者使用权" in promise.text["zh"]
    material = ApplicationMaterial.objects.get(application__number=number, key="premises_proof")
    assert (material.source, material.digest) == ("COMMITTED", promise.sha256)

    run(number, "accept", "review", "decide", now=now)
    (promise,) = promise_list_of(subject)
    assert promise.state == "OPEN"
    assert promise.due_at.date() == date(2026, 12, 18)
    assert [one.state for one in licence_list_by_source(subject)] == ["VALID"]

    head = replace(
        officer_of_department(city, promise.department_id),
        permissions=frozenset({"hall.promises.check", "hall.promises.break"}),
    )
    with context_use(head):
        promise_break(
            promise.id, reason="现场无此住所", legal_basis="行政许可法第六十九条", now=now
        )
    assert [one.state for one in licence_list_by_source(subject)] == ["REVOKED"]

    with trader_draft(city, now, applicant=who) as (_who, draft_id):
        with pytest.raises(CommitmentBarred):
            material_choose(draft_id, "premises_proof", kind="COMMIT", now=now)
        lines = material_line_list(draft_context_get(draft_id), form_data={}, now=now)
    line = next(one for one in lines if one.key == "premises_proof")
    assert (line.source, line.commitment, line.barred) == ("MISSING", None, number)


def officer_of_department(city, department_id: int):
    from yiwang.kernel.api import RequestContext

    return RequestContext(
        population="STAFF", account_id=1, name="负责人", department_id=department_id,
        department_ids=frozenset({department_id}), purpose="承诺核查",
    )  # fmt: skip


def test_the_officer_reads_the_same_provenance_and_the_promise(city, now):
    number, _who = trader_submit(city, now)
    with context_use(officer_of(item_of(number, "accept"), now=now)):
        detail = application_detail_get(number, purpose="办理办件", now=now)
    whys = {material.key: material.why["zh"] for material in detail.materials}
    assert whys["id_card"].startswith("由人口库提供（")
    assert whys["premises_proof"] == "您已书面承诺，免于提交"
    assert [one.key for one in detail.promises] == ["premises_proof"]


def test_the_guide_says_what_may_follow_and_what_a_commitment_replaces(city):
    guide = guide_get(code_of("urban_services", "drainage_permit"), "zh")
    follows = {one.key: (one.follow_days, one.valid_days) for one in guide.materials_needed}
    assert follows["water_test"] == (10, 90)
    assert follows["drainage_plan"] == (0, 0)
    trader = guide_get(code_of("market_supervision", "sole_trader"), "zh")
    assert [one.key for one in trader.materials_needed if one.may_commit] == ["premises_proof"]


def test_promises_of_a_withdrawn_application_fall_away(city, now):
    number, who = trader_submit(city, now)
    with context_use(who):
        application_withdraw(number, now=now)
    assert [one.state for one in promise_list_of(f"application:{number}")] == ["VOID"]


# --- 容缺受理 --------------------------------------------------------------------------------------


def test_what_follows_is_accepted_on_a_promise_and_nothing_is_issued_before_it_is_there(city, now):
    agent = city.context("agent")
    with context_use(agent):
        matter = matter_get(code_of("urban_services", "drainage_permit"))
        draft_id = draft_begin(matter.code, now=now)
        fill_all(draft_id, sample_of("urban_services", "drainage_permit_apply"), now=now)
        for key in ("drainage_plan", "pretreatment_plan"):
            material_attach(draft_id, key, file=upload(matter, key), now=now)
        with pytest.raises(SubmissionIncomplete) as refused:
            application_submit(draft_id, now=now)
        assert set(refused.value.fields) == {"material:water_test"}
        material_choose(draft_id, "water_test", kind="PROMISE", now=now)
        number = application_submit(draft_id, now=now).number
    subject = f"application:{number}"
    run(number, "accept", "review", now=now)
    (promise,) = promise_list_of(subject)
    assert (promise.state, promise.days, promise.due_at.date()) == ("OPEN", 10, date(2026, 12, 4))

    with context_use(officer_of(item_of(number, "decide"), now=now)):
        unkept = application_detail_get(number, purpose="办理办件", now=now).unkept
    assert [one.id for one in unkept] == [promise.id]
    with pytest.raises(PromiseUnkept):
        run(number, "decide", now=now)
    assert licence_list_by_source(subject) == []
    assert the_application(number).state == "HANDLING"

    with context_use(agent):
        promise_supply(promise.id, file=pdf("水质.pdf", b"1"), now=now)
    rows = ApplicationMaterial.objects.filter(application__number=number, key="water_test")
    assert list(rows.order_by("version").values_list("version", "source", "document")) == [
        (1, "PROMISED", "water_test"),
        (2, "UPLOAD", "water_test"),
    ]
    officer = officer_of_department(city, promise.department_id)
    with context_use(replace(officer, permissions=frozenset({"hall.promises.check"}))):
        promise_keep(promise.id, result="合格", now=now)
    run(number, "decide", now=now)
    assert the_application(number).state == "APPROVED"

    with context_use(agent):
        again = draft_begin(matter.code, now=now)
        lines = material_line_list(draft_context_get(again), form_data={}, now=now)
    reused = next(one for one in lines if one.key == "water_test")
    assert (reused.source, reused.as_of) == ("EARLIER", DAY)


def test_the_use_of_a_licence_is_recorded_for_its_holder(filing, monkeypatch):
    licence = filing.licence()
    material = Material(key="card", title=TITLE, accept=ACCEPT, **LICENCE)
    context_get = draft_context_get

    def with_material(draft_id):
        context = context_get(draft_id)
        spec = replace(context.matter.spec, materials=(material,))
        return replace(context, matter=replace(context.matter, spec=spec))

    monkeypatch.setattr(
        "yiwang.hall.applications.actions.submission.draft_context_get", with_material
    )
    with filing.acting():
        fill(filing.draft_id, FILLED, now=filing.now)
        application_submit(filing.draft_id, now=filing.now)
    (use,) = LicenceUse.objects.filter(licence=licence.id)
    assert (use.kind, use.purpose) == ("REUSED", "老年人优待证")


def test_taking_a_document_off_leaves_the_line_as_it_was(city, now):
    with trader_draft(city, now) as (_who, draft_id):
        material_attach(draft_id, "premises_proof", file=pdf(), now=now)
        material_detach(draft_id, "premises_proof")
        lines = material_line_list(draft_context_get(draft_id), form_data={}, now=now)
    assert {one.key: one.source for one in lines}["premises_proof"] == "MISSING"
