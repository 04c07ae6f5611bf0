"""An application's promises, a department that looks after them, and the applicant."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from yiwang.hall.licences.actions import licence_issue, licence_type_put
from yiwang.hall.promises import registry
from yiwang.hall.promises.actions import promises_begin, promises_make
from yiwang.hall.promises.data import COMMITMENT, TOLERANT, Pledge, PromiseCase
from yiwang.hall.promises.models import Promise
from yiwang.hall.promises.rules import commitment_text, follow_text, text_digest
from yiwang.identity.api import data_scope, department_put
from yiwang.kernel.api import RequestContext, calendar_seed_load, context_system, context_use

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)  # a Friday, 10:00 in the city
SUBJECT = "application:A1"
SYSTEM = context_system("test")
HOLDER = RequestContext(
    population="CITIZEN", account_id=11, name="沈月琴", subject_ref="person:P1", purpose="履行承诺"
)
NEIGHBOUR = RequestContext(population="CITIZEN", account_id=12, subject_ref="person:P2")
PDF = b"%PDF-1.7\n1 0 obj\n"
REPORT = {"zh": "检测报告", "en": "Test report"}
PROOF = {"zh": "住所使用证明", "en": "Proof of address"}
CARD = {
    "title": {"zh": "营业执照", "en": "Business licence"},
    "type_code": "11320500014149488K009",
    "holder": "PERSON",
    "validity_years": None,
    "fields": [],
    "template": "CARD",
    "legal_basis": [],
}


def file(content: bytes = PDF, name: str = "报告.pdf"):
    return SimpleUploadedFile(name, content)


def pledge(kind: str = TOLERANT, **changes: object) -> Pledge:
    text = (
        follow_text(REPORT, days=10, consequence="WITHHOLD")
        if kind == TOLERANT
        else commitment_text(
            PROOF,
            notice=[{"zh": "住所真实", "en": "the address exists"}],
            consequences={"zh": "承诺不实的，撤销登记。", "en": "If untrue, it is revoked."},
            legal_basis="国办发〔2020〕42号",
            check_days=30,
        )
    )
    values = {
        "kind": kind,
        "key": "report" if kind == TOLERANT else "proof",
        "title": REPORT if kind == TOLERANT else PROOF,
        "text": text,
        "sha256": text_digest(text),
        "days": 10 if kind == TOLERANT else 30,
        "consequence": "WITHHOLD" if kind == TOLERANT else "REVOKE",
        "made_at": NOW,
        "accept": ("application/pdf",),
        "max_mb": 1,
        **changes,
    }
    return Pledge(**values)


class Hall:
    """A department, and makers of promises."""

    def __init__(self) -> None:
        with context_use(SYSTEM):
            calendar_seed_load(now=NOW)
            self.department = self._department("11320508014149488K", "姑苏区民政局", "320508")
            self.other = self._department("11320505014149488K", "虎丘区民政局", "320505")

    def _department(self, uscc, name, area_code):
        return department_put(
            uscc,
            name=name,
            function="civil_affairs",
            level="DISTRICT",
            area_code=area_code,
            parent_id=None,
            now=NOW,
        )

    def case(self, subject: str = SUBJECT) -> PromiseCase:
        return PromiseCase(
            subject=subject,
            number=subject.removeprefix("application:"),
            matter_code="320116001000",
            title={"zh": "公司设立登记", "en": "Company registration"},
            holder_ref="person:P1",
            holder_name="沈月琴",
            account_id=11,
            department_id=self.department,
        )

    def make(self, *pledges: Pledge, subject: str = SUBJECT, begin: bool = True) -> list[int]:
        with context_use(SYSTEM):
            keys = promises_make(self.case(subject), pledges or (pledge(),), now=NOW)
            if begin:
                promises_begin(subject, kinds=[TOLERANT, COMMITMENT], now=NOW)
        return keys

    def licence(self, subject: str = SUBJECT):
        with context_use(SYSTEM):
            licence_type_put("test.licence", CARD, source="pack:test@1", now=NOW)
            return licence_issue(
                "test.licence",
                holder_ref="person:P1",
                holder_name="沈月琴",
                holder_number="320508195501020021",
                data={},
                area_code="320508",
                department_id=self.other,
                source=subject,
                now=NOW,
            )

    def officer(self, *permissions: str, department_id: int | None = None) -> RequestContext:
        return RequestContext(
            population="STAFF",
            account_id=21,
            name="陆审批",
            department_id=department_id or self.department,
            department_ids=frozenset({department_id or self.department}),
            permissions=frozenset(permissions or {"hall.promises.check", "hall.promises.break"}),
            purpose="承诺核查",
        )


@pytest.fixture
def hall(db, settings, tmp_path) -> Hall:
    settings.MEDIA_ROOT = tmp_path
    return Hall()


@pytest.fixture(autouse=True)
def supplied(monkeypatch):
    """Collect what is handed on to the room of the applications."""
    told = []
    take = {"application:": lambda promise, *rest: told.append((promise.key, *rest))}
    monkeypatch.setattr(registry, "_supplies", take)
    return told


def row(promise_id: int) -> Promise:
    with data_scope(purpose="测试"):
        return Promise.objects.get(pk=promise_id)
