"""The pages of bundles and of requests for opinions (页面): without scripts, in both languages."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.hall.test_bundles import RESIDENT, answers, begin
from tests.hall.test_consultations import seat
from tests.hall.test_pack_journeys import (
    PACKS,
    applicant_make,
    item_of,
    officer_act,
    submit,
    typed_of,
)
from tests.pictures import PDF
from yiwang.hall.api import matter_get
from yiwang.hall.bundles.queries.bundles import bundle_get
from yiwang.hall.bundles.queries.cases import bundle_case_list
from yiwang.hall.bundles.queries.drafts import bundle_draft_get, bundle_sheet
from yiwang.hall.consultations.models import Consultation
from yiwang.identity.api import account_list_by_department
from yiwang.kernel.api import context_use

ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


@pytest.fixture
def resident(city, now):
    return applicant_make(city, {"kind": "person", "min_age": 25, "max_age": 50}, now=now)


def browser(city, account_id: int) -> Client:
    from django.contrib.auth import get_user_model

    client = Client()
    client.force_login(get_user_model().objects.get(pk=account_id))
    return client


def _typed(resident, draft_id: int, values: dict, key: str) -> dict:
    with context_use(resident):
        page = bundle_sheet(bundle_draft_get(draft_id), now=timezone.now()).state.page(key)
    typed = {}
    for field in page.fields:
        if field.key in values and not field.locked:
            typed.update(typed_of(field.key, values[field.key]))
    return typed


def words(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_public_pages_say_what_belongs_to_a_bundle_and_how_long_it_takes(city):
    client = Client()
    listed = words(client.get(reverse("hall_bundles:list")))
    shown = words(client.get(reverse("hall_bundles:detail", args=[RESIDENT])))

    assert "新市民安居就业“一件事”" in listed
    assert "决定完成时间的是：居住证申领 → 教师资格认定" in shown
    assert "合并后只有" in shown
    english = words(client.get(reverse("hall_bundles:detail", args=[RESIDENT]), **ENGLISH))
    assert "The end is decided by: Residence permit → Certification of teachers" in english
    assert client.get(reverse("hall_bundles:detail", args=["x.y"])).status_code == 404


def test_a_citizen_files_a_bundle_page_by_page_and_follows_it(city, resident):
    client = browser(city, resident.account_id)
    values = answers(bundle_get(RESIDENT), needs_insurance="YES", teaches="NO", trained="NO")
    answer = client.get(reverse("hall_bundles:start", args=[RESIDENT]), follow=True)
    draft_id = int(answer.request["PATH_INFO"].split("/")[4])
    seen = []
    for _page in range(12):
        path = answer.request["PATH_INFO"]
        seen.append(path.rstrip("/").rsplit("/", 1)[-1])
        with context_use(resident):
            sheet = bundle_sheet(bundle_draft_get(draft_id), now=timezone.now())
        if seen[-1] == "plan":
            assert "前置事项：居住证申领" in words(answer)
            page = sheet.state.pages[1].key
            answer = client.get(reverse("hall_bundles:draft", args=[draft_id, page]))
        elif seen[-1] == "documents":
            files = {
                one.key: SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
                for one in sheet.documents
                if not one.is_satisfied
            }
            answer = client.post(path, {**files, "go": "next"}, follow=True)
        elif seen[-1] == "check":
            break
        else:
            # What an answer shows is typed on a second visit of the page, as without scripts.
            client.post(path, _typed(resident, draft_id, values, seen[-1]))
            typed = _typed(resident, draft_id, values, seen[-1])
            answer = client.post(path, {**typed, "go": "next"}, follow=True)
    assert seen[:2] == ["questions", "plan"]
    assert seen[-2:] == ["documents", "check"]

    answer = client.post(reverse("hall_bundles:submit", args=[draft_id]), follow=True)
    assert "已全部提交" in words(answer), words(answer)[200:900]
    with context_use(resident):
        number = bundle_case_list()[0].number
    progress = client.get(reverse("hall_bundles:case", args=[number]))
    assert "共 2 项，已办结 0 项" in words(progress)
    assert number in words(client.get(reverse("hall_bundles:mine")))
    page = client.get(reverse("hall_bundles:case", args=[number]), **ENGLISH)
    assert "0 of 2 matters have their answer" in words(page)
    client.post(reverse("hall_bundles:withdraw", args=[number]), {"reason": "不办了"})
    assert "已撤回" in words(client.get(reverse("hall_bundles:case", args=[number])))


def test_a_page_that_lacks_something_says_so_and_keeps_what_was_typed(city, resident, now):
    draft_id = begin(RESIDENT, resident, now=now, needs_insurance="NO", teaches="NO", trained="NO")
    client = browser(city, resident.account_id)
    url = reverse("hall_bundles:draft", args=[draft_id, "permit_residence"])

    answer = client.post(url, {"moved_in": timezone.localdate().isoformat(), "go": "next"})

    assert answer.status_code == 422
    assert "办理居住登记满半年方可申领居住证。" in words(answer)
    assert timezone.localdate().isoformat() in answer.content.decode()


def test_an_officer_asks_another_department_which_answers_and_the_file_shows_it(city, now):
    pack = next(one for one in PACKS if one.manifest.id == "residence")
    journey = pack.files["tests/journey.yaml"].data["journeys"][0]
    person = applicant_make(city, journey["applicant"], now=now)
    number = submit(city, pack, journey, matter_get("320709001000"), person, now=now)
    officer_act(number, {"officer": "accept", "outcome": "ACCEPT"}, now=now)
    item = item_of(number, "review")
    reviewer = account_list_by_department(item.department_id, role="REVIEWER", on=now.date())[0]
    client = browser(city, reviewer.id)
    page = reverse("hall_applications:work", args=[item.id])
    assert "征求意见" in words(client.get(page))
    url = reverse("hall_consultations:ask", args=[item.id])
    empty = client.post(url, {"question": "", "days": "x"})
    assert empty.status_code == 422
    assert "请至少选择一个部门或专家组。" in words(empty)

    asked = seat("housing")
    form = {"question": "住所是否真实？", "days": "5", "policy": "ALL",
            "parties": [f"DEPARTMENT:{asked[0]}", ""]}  # fmt: skip
    answer = client.post(url, form, follow=True)
    assert "已发出，答复将归入案卷。" in words(answer)
    row = Consultation.objects.get()
    other = browser(city, asked[1])
    assert row.number in words(other.get(reverse("hall_consultations:asked")))
    shown = other.get(reverse("hall_consultations:detail", args=[row.pk]))
    assert "住所是否真实？" in words(shown)
    post = reverse("hall_consultations:answer", args=[row.parties.get().pk])
    wrong = other.post(post, {"consultation": row.pk, "opinion": "REFUSE", "answer": "不真实。"})
    assert wrong.status_code == 422
    assert "不真实。" in wrong.content.decode()
    file = SimpleUploadedFile("a.pdf", PDF, content_type="application/pdf")
    right = {"consultation": row.pk, "opinion": "AGREE", "answer": "经核实，真实。", "file": file}
    assert other.post(post, right).status_code == 302
    assert "经核实，真实。" in words(client.get(page))
    attachment = row.parties.get().attachment_id
    assert client.get(reverse("engines_forms:attachment", args=[attachment])).status_code == 200
    export = client.get(reverse("hall_consultations:sent"), {"export": "csv"})
    assert row.number in b"".join(export.streaming_content).decode("utf-8-sig")
