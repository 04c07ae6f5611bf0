"""Decision documents: complete or not made, signed, and only for who may see the application."""

import io
from dataclasses import replace
from datetime import date

import pytest
from django.test import Client
from pypdf import PdfReader

from tests.hall.test_applications import elder_card_submit, the_application, the_item
from yiwang.hall.applications.actions.work import work_conclude
from yiwang.hall.applications.errors import ApplicationNotFound
from yiwang.hall.applications.models import Decision
from yiwang.hall.papers.data import DecisionPaper
from yiwang.hall.papers.documents import decision_document_get, decision_typeset
from yiwang.hall.papers.errors import DecisionNotMade, PaperLacking
from yiwang.hall.papers.rules import paper_lacking, paper_sentences, paper_title
from yiwang.kernel.api import context_use, paper_check

REASON, BASIS = "申请人户籍和居住证均不在本市", "《江苏省老年人权益保障条例》"
PAPER = DecisionPaper(
    outcome="REFUSED",
    is_licensing=True,
    document_number="姑苏区市监局不许字〔2026〕第0001号",
    application_number="1",
    matter="食品经营许可",
    applicant="平江小馆",
    department="姑苏区市场监督管理局",
    submitted_date=date(2026, 11, 1),
    decided_date=date(2026, 11, 21),
    legal_basis=("《中华人民共和国食品安全法》第三十五条",),
    reasons=(("市场监督管理局", "布局不合要求。"), ("消防救援大队", "疏散通道不足。")),
    remedy="可以在六十日内申请行政复议。",
)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }


def words(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return "".join(page.extract_text() for page in pages).replace(" ", "").replace("\n", "")


@pytest.mark.django_db
def test_a_refusal_is_a_signed_document_that_says_why_by_which_law_and_what_one_can_do(city, now):
    number = elder_card_submit(city, now)
    with context_use(city.context("elder")), pytest.raises(DecisionNotMade):
        decision_document_get(number, purpose="查看")
    with context_use(city.staff("civil_affairs", "WINDOW_CLERK")):
        work_conclude(
            the_item(number).id, outcome="REFUSE", reason=REASON, legal_basis=BASIS, now=now
        )
    client = Client()
    client.force_login(city.account("elder"))
    address = f"/hall/papers/decisions/{number}.pdf"
    assert address in client.get(f"/hall/applications/mine/{number}/").content.decode()
    content = client.get(address).content
    decision = Decision.objects.get(application=the_application(number))
    text = words(content)
    for said in ("决定书", decision.document_number, REASON, BASIS, number):
        assert said in text, said
    check = paper_check(content)
    assert (check.state, check.is_practice) == ("INTACT", True)
    assert client.get(address).content == content  # signed once
    client.force_login(city.account("citizen"))
    assert client.get(address).status_code == 404
    with context_use(city.context("citizen")), pytest.raises(ApplicationNotFound):
        decision_document_get(number, purpose="查看")


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        ({}, []),
        ({"reasons": ()}, ["reasons"]),
        ({"reasons": (("局", " "),)}, ["reasons"]),
        ({"legal_basis": ()}, ["legal_basis"]),
        ({"remedy": ""}, ["remedy"]),
        ({"outcome": "NOT_ACCEPTED", "remedy": "", "reasons": ()}, ["reasons", "remedy"]),
        ({"outcome": "APPROVED", "remedy": "", "reasons": ()}, []),
        ({"outcome": "APPROVED", "legal_basis": (), "applicant": ""}, ["applicant", "legal_basis"]),
    ],
)
def test_a_document_lacking_what_the_law_wants_is_not_made(changes, lacking):
    paper = replace(PAPER, **changes)
    assert paper_lacking(paper) == lacking
    if lacking:
        with pytest.raises(PaperLacking):
            decision_typeset(paper, decision=None)


def test_what_a_document_lacks_is_named_in_words():
    with pytest.raises(PaperLacking) as refused:
        decision_typeset(replace(PAPER, reasons=(), remedy=""), decision=None)
    assert refused.value.text(lambda message: message, "zh").endswith("it lacks 理由、救济途径.")
    assert str(refused.value).endswith("it lacks the reasons, the remedy.")


def test_the_titles_and_sentences_follow_the_law():
    assert paper_title(PAPER) == "不予行政许可决定书"
    assert paper_title(replace(PAPER, outcome="NOT_ACCEPTED")) == "不予受理行政许可申请决定书"
    assert paper_title(replace(PAPER, outcome="APPROVED", is_licensing=False)) == "准予办理决定书"
    ended = replace(PAPER, outcome="TERMINATED", reasons=(("局", "申请人已注销。"),))
    assert paper_title(ended) == "终止办理决定书"
    assert paper_sentences(ended)[-1] == "理由：申请人已注销。"
    sentences = paper_sentences(PAPER)
    assert sentences[0].endswith(
        "根据《中华人民共和国行政许可法》第三十八条第二款的规定，"
        "依据《中华人民共和国食品安全法》第三十五条，决定不予行政许可。"
    )
    assert sentences[1:] == [
        "理由（市场监督管理局）：布局不合要求。",
        "理由（消防救援大队）：疏散通道不足。",
    ]
    assert "行政许可法" not in paper_sentences(replace(PAPER, is_licensing=False))[0]
