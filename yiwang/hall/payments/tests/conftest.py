"""A bill of a person, of one department, and the people around it."""

from datetime import UTC, datetime

import pytest

from yiwang.hall.payments.actions import bill_open
from yiwang.hall.payments.data import FeeLine
from yiwang.kernel.api import RequestContext, context_system, context_use

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
PAYER = RequestContext(
    population="CITIZEN", account_id=11, subject_ref="person:P1", name="张三", purpose="缴费"
)
OTHER = RequestContext(
    population="CITIZEN", account_id=12, subject_ref="person:P2", name="李四", purpose="缴费"
)
LINES = (
    FeeLine("card", {"zh": "工本费", "en": "Card"}, 1050, "苏价费〔2026〕1号（演示）"),
    FeeLine("post", {"zh": "邮寄费", "en": "Postage"}, 1200),
)


def officer(account_id: int, *permissions: str, department_id: int = 7) -> RequestContext:
    return RequestContext(
        population="STAFF",
        account_id=account_id,
        name=f"科员{account_id}",
        permissions=frozenset(permissions),
        department_ids=frozenset({department_id}),
        purpose="收费管理",
    )


def open_bill(subject: str = "application:1", lines=LINES):
    with context_use(context_system("test")):
        return bill_open(
            subject,
            title={"zh": "身份证补领", "en": "Card"},
            payer_ref="person:P1",
            payer_name="张三",
            account_id=11,
            lines=lines,
            department_id=7,
            area_code="320508000000",
            now=NOW,
        )


@pytest.fixture
def bill(db):
    return open_bill()
