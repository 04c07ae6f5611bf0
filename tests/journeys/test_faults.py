"""Faults that must be answered (须答复的差错): nothing typed is lost, the person is told what to do."""

import json
import threading
import urllib.parse
import uuid
from collections import Counter

import pytest

from tests.journeys.conftest import LiveCity
from tests.journeys.steps import (
    ANSWERS,
    RARE,
    check_page,
    contact_page,
    copy_of,
    item_of,
    submitted,
)
from yiwang.config.browsing import Browser, Form, Page
from yiwang.config.check import PDF, _second_factor

AT_ONCE = 32


def at_once(browser: Browser, page: Page, form: Form, **given) -> list[Page]:
    """Press the same button in 32 tabs at the same moment."""
    answers: list[Page] = []
    gate = threading.Barrier(AT_ONCE)

    def press() -> None:
        tab = copy_of(browser)
        gate.wait()
        answers.append(tab.submit(page, form, expect=None, **given))

    threads = [threading.Thread(target=press) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == AT_ONCE
    return answers


def test_a_form_submitted_32_times_at_once_makes_one_application(live_city, walk):
    elder = walk.browser("load0")
    page = check_page(elder)
    before = live_city.query("SELECT count(*) FROM hall_applications_application")[0][0]

    answers = at_once(elder, page, page.form(action="/submit/"))

    assert {answer.status for answer in answers} == {200}
    assert len({answer.url for answer in answers}) == 1
    assert "/receipt/" in answers[0].url
    after = live_city.query("SELECT count(*) FROM hall_applications_application")[0][0]
    assert after - before == 1


def test_an_approval_given_32_times_at_once_makes_one_decision_and_one_licence(live_city, walk):
    number = submitted(walk, "load1")
    clerk = walk.browser("clerk")
    page = clerk.open(item_of(live_city, number))

    answers = at_once(
        clerk,
        page,
        page.form(action="/conclude/"),
        values={"opinion": "材料齐全，准予发证"},
        button=("outcome", "APPROVE"),
    )

    statuses = Counter(answer.status for answer in answers)
    assert statuses[200] == 1
    assert statuses[409] == AT_ONCE - 1, statuses
    late = next(answer for answer in answers if answer.status == 409)
    assert late.has("不能再更改"), late.text
    for table, column in (
        ("hall_applications_decision", "application_id"),
        ("hall_applications_applicationopinion", "application_id"),
    ):
        sql = (
            f"SELECT count(*) FROM {table} t JOIN hall_applications_application a "
            f"ON a.id = t.{column} WHERE a.number = '{number}'"
        )
        assert live_city.query(sql) == [(1,)]
    licences = f"SELECT count(*) FROM hall_licences_licence WHERE source = 'application:{number}'"
    assert live_city.query(licences) == [(1,)]


def test_a_bill_paid_32_times_at_once_is_one_payment_and_one_voucher(live_city, walk):
    elder = walk.browser("load3")
    page = elder.open(bill_of(live_city, "load3"))

    checkouts = at_once(elder, page, page.form(action="/pay/"), button=("provider", "sandbox"))

    assert {answer.status for answer in checkouts} == {200}
    assert len({answer.url for answer in checkouts}) == 1
    checkout = checkouts[0]
    assert "/sandbox/" in checkout.url

    paid = at_once(elder, checkout, checkout.form(action="/sandbox/"), button=("answer", "pay"))

    assert {answer.status for answer in paid} == {200}
    number = checkout.url.strip("/").split("/")[-1]
    bill, voucher = live_city.query(
        "SELECT b.id, b.voucher FROM hall_payments_bill b JOIN hall_payments_payment p "
        f"ON p.bill_id = b.id WHERE p.number = '{number}' AND b.state = 'PAID'"
    )[0]
    assert {answer.url for answer in paid} == {page.url}
    assert [answer.text[:300] for answer in paid if not answer.has(voucher)] == []
    payments = f"SELECT state FROM hall_payments_payment WHERE bill_id = {bill}"
    assert live_city.query(payments) == [("CAPTURED",)]
    events = (
        "SELECT e.result FROM hall_payments_paymentevent e JOIN hall_payments_payment p "
        f"ON p.id = e.payment_id WHERE p.bill_id = {bill} AND e.result = 'APPLIED'"
    )
    assert live_city.query(events) == [("APPLIED",)]
    vouchers = f"SELECT count(*) FROM hall_payments_bill WHERE voucher = '{voucher}'"
    assert live_city.query(vouchers) == [(1,)]
    refunds = (
        "SELECT count(*) FROM hall_payments_refund r JOIN hall_payments_payment p "
        f"ON p.id = r.payment_id WHERE p.bill_id = {bill}"
    )
    assert live_city.query(refunds) == [(0,)]


def bill_of(city: LiveCity, username: str) -> str:
    """Bill somebody of the live city; return the bill's address."""
    payer = city.accounts[username]
    number = f"B-{uuid.uuid4().hex[:12]}"
    item = {
        "key": "card",
        "title": {"zh": "工本费", "en": "Card"},
        "amount_fen": 1050,
        "basis": "苏价费〔2026〕1号（演示）",
    }
    values = {
        "number": number,
        "subject": f"test:{number}",
        "title": json.dumps({"zh": "证件补领", "en": "Card"}),
        "payer_ref": payer["subject_ref"],
        "payer_name": payer["name"],
        "department_id": "1",
        "area_code": payer["area_code"],
        "lines": json.dumps([item]),
        "amount_fen": "1050",
        "refunded_fen": "0",
        "state": "DUE",
        "voucher": "",
        "opened_at": "2026-11-20 02:00:00+00:00",
    }
    row = ", ".join(f"'{value}'" for value in values.values())
    city.execute(f"INSERT INTO hall_payments_bill ({', '.join(values)}) VALUES ({row})")
    found = city.query(f"SELECT id FROM hall_payments_bill WHERE number = '{number}'")
    return f"/hall/payments/{found[0][0]}/"


def test_what_was_typed_when_the_session_had_ended_is_there_after_signing_in(live_city, walk):
    elder = copy_of(walk.browser("load5"))
    page = contact_page(elder)
    form = page.form(having="_fields")
    _sessions_end(live_city, "load5")

    asked = elder.submit(page, form, {**ANSWERS, "address": RARE}, button=("go", "save"))

    assert "/sign-in/" in asked.url
    assert asked.has("已为您暂存 30 分钟"), asked.text
    back = _sign_in(live_city, elder, asked, "load5")
    assert "/pages/contact/" in back.url
    assert back.form(having="_fields").value("address") == RARE
    assert back.has("已恢复")


def test_what_was_typed_is_not_shown_to_another_person_at_that_browser(live_city, walk):
    elder = Browser(live_city.base)
    _sign_in(live_city, elder, elder.open("/identity/accounts/sign-in/"), "load6")
    page = contact_page(elder)
    secret = "只有本人知道的地址一二三"
    _sessions_end(live_city, "load6")
    asked = elder.submit(
        page, page.form(having="_fields"), {"address": secret}, button=("go", "save")
    )

    back = _sign_in(live_city, elder, asked, "citizen", expect=None)

    assert back.status in (403, 404)
    assert secret not in back.body
    assert secret not in elder.open("/hall/applications/mine/").body


def test_an_officers_words_are_there_after_signing_in_again(live_city, walk):
    number = submitted(walk, "load2")
    item = item_of(live_city, number)
    officer = copy_of(walk.browser("clerk"))
    page = officer.open(item)
    page.url = f"{live_city.base}/portal/spaces/desk/?show=all"  # the panel beside the desk's list
    _sessions_end(live_city, "clerk")
    words = {"reason": "材料不实：" + RARE, "legal_basis": "某法第一条"}

    asked = officer.submit(
        page, page.form(action="/conclude/"), words, button=("outcome", "CORRECT")
    )

    assert asked.has("已为您暂存 30 分钟")
    code = _sign_in(live_city, officer, asked, "clerk")
    _second_factor(officer, code, live_city.accounts["clerk"]["totp_secret"])
    again = officer.open(item).form(action="/conclude/")
    assert again.value("reason") == words["reason"]
    assert again.value("legal_basis") == words["legal_basis"]
    walk.browsers.pop("clerk")


def _sessions_end(city: LiveCity, username: str) -> None:
    city.execute(
        "DELETE FROM identity_accounts_accountsession WHERE account_id = "
        f"(SELECT id FROM identity_accounts_account WHERE username = '{username}')"
    )
    city.codes_forget()


def _sign_in(
    city: LiveCity, browser: Browser, page: Page, username: str, *, expect: int | None = 200
) -> Page:
    form = page.form(having="password")
    given = {"username": username, "password": city.accounts[username]["password"]}
    return browser.submit(page, form, given, expect=expect)


def test_two_devices_typing_into_one_field_are_both_kept(walk):
    first = walk.browser("load7")
    second = copy_of(first)
    stale = contact_page(first)
    current = contact_page(second)
    second.submit(
        current,
        current.form(having="_fields"),
        {"address": "人民路一百号甲室", "phone": "13900000001"},
        button=("go", "save"),
    )

    first.submit(
        stale, stale.form(having="_fields"), {"address": "观前街二百号乙室"}, button=("go", "save")
    )

    page = contact_page(first)
    form = page.form(having="_fields")
    shown = {form.value("address")}
    assert page.has("人民路一百号甲室") or form.value("address") == "人民路一百号甲室"
    assert page.has("观前街二百号乙室") or form.value("address") == "观前街二百号乙室"
    assert form.value("phone") == "13900000001"  # only one device changed it: nothing to ask
    taken = first.submit(page, form, button=("_take", "address"), expect=None)
    now = taken.form(having="_fields").value("address")
    assert {now} | shown == {"人民路一百号甲室", "观前街二百号乙室"}


def test_a_form_without_its_token_is_answered_with_what_to_do(live_city, walk):
    elder = walk.browser("load2")
    page = elder.open("/portal/spaces/")
    form = next(form for form in page.forms if form.method == "post")
    form.values = [pair for pair in form.values if pair[0] != "csrfmiddlewaretoken"]

    answer = elder.submit(page, form, expect=403)

    assert answer.has("刷新"), answer.text
    assert answer.has("苏州市")


def test_a_page_that_only_takes_forms_says_so_in_our_shell(live_city, walk):
    elder = walk.browser("load2")

    for address in (
        "/identity/accounts/sign-out/",
        "/language/",
        "/hall/applications/drafts/1/submit/",
    ):
        page = elder.open(address, expect=405)

        assert page.has("苏州市"), page.body
        assert page.has("返回"), page.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "http://127.0.0.1:1/",
        "%09//evil.example",
    ],
)
def test_signing_in_never_leads_to_another_house(live_city, target):
    browser = Browser(live_city.base)
    page = browser.open("/identity/accounts/sign-in/?" + urllib.parse.urlencode({"next": target}))

    after = _sign_in(live_city, browser, page, "load2", expect=None)

    assert after.url.startswith(live_city.base)
    form = next(form for form in after.forms if "language" in form.action)
    back = browser.submit(after, form, {"next": target}, expect=None)
    assert back.url.startswith(live_city.base)


def test_what_belongs_to_somebody_else_does_not_exist(live_city, walk, documents):
    number = submitted(walk, "load3")
    clerk = walk.browser("clerk")
    item = item_of(live_city, number)
    page = clerk.open(item)
    clerk.submit(
        page, page.form(action="/conclude/"), {"opinion": "准予"}, button=("outcome", "APPROVE")
    )
    licence = live_city.query(
        f"SELECT id FROM hall_licences_licence WHERE source = 'application:{number}'"
    )[0][0]
    instance = live_city.query(
        f"SELECT id FROM engines_workflow_processinstance WHERE business_key = 'application:{number}'"
    )[0][0]
    agent, papers = documents
    agent.submit(
        papers,
        papers.form(action="/materials/"),
        button=("go", "stay"),
        files={"layout": ("图.pdf", "application/pdf", PDF)},
    )
    attachment = live_city.query("SELECT max(id) FROM engines_forms_attachment")[0][0]
    draft = live_city.query("SELECT max(id) FROM engines_forms_draft")[0][0]
    citizen = walk.browser("citizen")

    for address in (
        f"/hall/applications/mine/{number}/",
        f"/hall/applications/mine/{number}/receipt/",
        f"/hall/applications/mine/{number}/corrections/1/",
        f"/hall/licences/{licence}/",
        f"/hall/licences/{licence}/pdf",
        f"/hall/licences/{licence}/image",
        f"/engines/workflow/instances/{instance}/diagram.json",
        f"/engines/forms/attachments/{attachment}/",
        f"/hall/applications/drafts/{draft}/",
        f"/hall/applications/drafts/{draft}/check/",
        f"/hall/applications/drafts/{draft}/materials/",
    ):
        page = citizen.open(address, expect=None)
        assert page.status == 404, (address, page.status)
        assert live_city.accounts["load3"]["name"] not in page.text
    agent.open(f"/engines/forms/attachments/{attachment}/")  # its owner gets it


def test_an_officer_of_another_department_is_refused(live_city, walk):
    number = submitted(walk, "load0")
    item = item_of(live_city, number)
    officer = walk.browser("market_clerk")
    own = walk.browser("clerk").open(item)

    for address in (item, f"/hall/applications/{number}/"):
        page = officer.open(address, expect=None)
        assert page.status in (403, 404), (address, page.status)
        assert live_city.accounts["load0"]["name"] not in page.text
    form = own.form(action="/conclude/")
    token = officer.open("/portal/spaces/desk/").forms[0].value("csrfmiddlewaretoken")
    form.values = [pair for pair in form.values if pair[0] != "csrfmiddlewaretoken"]
    form.values.append(("csrfmiddlewaretoken", token))
    answer = officer.submit(own, form, {"opinion": "x"}, button=("outcome", "APPROVE"), expect=None)
    assert answer.status in (403, 404), answer.text
    state = f"SELECT state FROM hall_applications_application WHERE number = '{number}'"
    assert live_city.query(state) == [("SUBMITTED",)]
