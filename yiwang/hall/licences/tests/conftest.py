"""Two departments that issue, a type of card and one of certificate, and people who hold them."""

from datetime import UTC, datetime

import pytest

from yiwang.hall.licences.actions import licence_issue, licence_type_put
from yiwang.identity.api import department_put
from yiwang.kernel.api import RequestContext, context_system, context_use

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
SYSTEM = context_system("test")
HOLDER = RequestContext(
    population="CITIZEN", account_id=11, subject_ref="person:P1", purpose="查看证照"
)
NEIGHBOUR = RequestContext(
    population="CITIZEN", account_id=12, subject_ref="person:P2", purpose="查看证照"
)
FIELDS = [
    {"name": "name", "title": {"zh": "姓名", "en": "Name"}, "from": "holder.name"},
    {"name": "sex", "title": {"zh": "性别", "en": "Sex"}, "from": "applicant.sex"},
    {"name": "birth", "title": {"zh": "出生日期", "en": "Born"}, "from": "form.birth_date"},
    {"name": "scope", "title": {"zh": "优待范围", "en": "Where"}, "from": "全市"},
]
BASIS = [{"title": {"zh": "中华人民共和国老年人权益保障法", "en": "Law"}, "article": "第五十三条"}]
CARD = {
    "title": {"zh": "老年人优待证", "en": "Senior citizen card"},
    "type_code": "11320500014149488K001",
    "holder": "PERSON",
    "validity_years": None,
    "fields": FIELDS,
    "template": "CARD",
    "legal_basis": BASIS,
}
PERMIT = {
    **CARD,
    "title": {"zh": "食品经营许可证", "en": "Food business permit"},
    "type_code": "11320500014149488K002",
    "holder": "ENTERPRISE",
    "validity_years": 5,
    "template": "CERTIFICATE",
    "fields": [{"name": "name", "title": {"zh": "名称", "en": "Name"}, "from": "holder.name"}],
}
DATA = {"form": {"birth_date": "1955-01-02"}, "applicant": {"sex": "2"}}


class Hall:
    """Ids of what was made, and makers of more."""

    def __init__(self) -> None:
        with context_use(SYSTEM):
            self.department = self._department("11320508014149488K", "姑苏区民政局", "320508")
            self.other = self._department("11320505014149488K", "虎丘区民政局", "320505")
            licence_type_put("senior.card", CARD, source="pack:senior@1", now=NOW)
            licence_type_put("food.permit", PERMIT, source="pack:food@1", now=NOW)

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

    def issue(self, source="application:1", type_key="senior.card", **changes):
        values = {
            "holder_ref": "person:P1",
            "holder_name": "沈月琴",
            "holder_number": "320508195501020021",
            "data": DATA,
            "area_code": "320508",
            "department_id": self.department,
            "source": source,
            "account_id": 11,
            "now": NOW,
            **changes,
        }
        with context_use(SYSTEM):
            return licence_issue(type_key, **values)

    def permit(self, source="application:2", **changes):
        return self.issue(
            source,
            "food.permit",
            **{
                "holder_ref": "enterprise:91320508MA1",
                "holder_name": "平江小馆餐饮有限公司",
                "holder_number": "91320508MA1",
                **changes,
            },
        )

    def officer(self, department_id=None, *permissions):
        department_id = department_id or self.department
        return RequestContext(
            population="STAFF",
            account_id=21,
            name="陆审批",
            department_id=department_id,
            department_ids=frozenset({department_id}),
            department_name="姑苏区民政局",
            permissions=frozenset(permissions or {"hall.licences.revoke"}),
            purpose="证照监管",
        )


@pytest.fixture
def hall(db) -> Hall:
    return Hall()
