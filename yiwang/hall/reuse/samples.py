"""What the registries can fill into a form (预填来源目录), with made values for previews."""

from collections.abc import Iterator

from yiwang.engines.api import PrefillSource
from yiwang.hall.matters.rules import function_title
from yiwang.resources.api import ENTERPRISE_FIELDS, PERSON_FIELDS

SAMPLES = {
    "person.name": "张样例",
    "person.id_number": "32050019900101001X",
    "person.birth_date": "1990-01-01",
    "person.sex": "1",
    "person.ethnicity": "01",
    "person.address": "样例路1号1幢101室",
    "person.household_address": "样例路1号1幢101室",
    "person.area_code": "320508",
    "person.phone": "13800000000",
    "person.marital_status": "10",
    "person.employer": "样例科技有限公司",
    "enterprise.name": "样例餐饮有限公司",
    "enterprise.uscc": "91320500MA00000000",
    "enterprise.legal_representative": "张样例",
    "enterprise.registered_address": "样例路2号",
    "enterprise.area_code": "320508",
    "enterprise.business_scope": "餐饮服务",
    "enterprise.registered_capital": 100,
    "enterprise.established_date": "2020-01-01",
    "enterprise.phone": "051200000000",
}


def prefill_sources() -> Iterator[PrefillSource]:
    """Yield every field of the population and the legal-person registry (预填来源)."""
    for owner, zh, en, fields in (
        ("person", "人口库", "Population registry", PERSON_FIELDS),
        ("enterprise", "法人库", "Legal-person registry", ENTERPRISE_FIELDS),
    ):
        for name, each in fields.items():
            department = function_title(each.function)
            yield PrefillSource(
                f"{owner}.{name}",
                {"zh": f"{zh}·{each.title['zh']}", "en": f"{en}, {each.title['en']}"},
                SAMPLES.get(f"{owner}.{name}", ""),
                each.title,
                {"zh": f"{department['zh']}（{zh}）", "en": f"{department['en']} ({en})"},
            )
