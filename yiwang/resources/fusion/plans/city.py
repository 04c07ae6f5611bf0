"""The plans by which a city's registries are filled (基础库融合计划): the shipped ones, and what a registry serves beside.

The benchmark measures the fields that every department knows. A registry also serves what one department
alone keeps: the household, the portrait's key, the scope of business. Its sources are landed batches, so the
forms are those that landing writes, not the departments' own.
"""

from dataclasses import replace
from functools import cache

from yiwang.resources.fusion.data import Field, FusionPlan, Source, TieSource, Trust
from yiwang.resources.fusion.plans.legal_persons import MARKET, legal_person_plan
from yiwang.resources.fusion.plans.population import (
    HOUSEHOLD,
    INSURANCE,
    RESIDENCE,
    population_plan,
)

PERSON_FIELDS = (
    Field("household", "TEXT", "户号"),
    Field("household_address", "ADDRESS", "户籍地址"),
    Field("community", "TEXT", "所在社区"),
    Field("employer_code", "TEXT", "工作单位代码"),
    Field("photo", "TEXT", "照片"),
    Field("deceased_date", "DATE", "死亡日期"),
)
# class number → field → format
PERSON_FORMATS = {
    1: {
        "household": "CLEAN",
        "household_address": "PROVINCE",
        "community": "CLEAN",
        "photo": "CLEAN",
        "deceased_date": "ISO",
    },
    2: {"community": "CLEAN"},
    3: {"community": "CLEAN"},
    9: {"employer_code": "CLEAN"},
    13: {"employer_code": "CLEAN"},
}
PERSON_TRUST = {
    "household": {1: Trust(9, HOUSEHOLD)},
    "household_address": {1: Trust(9, HOUSEHOLD)},
    "community": {2: Trust(3, RESIDENCE), 3: Trust(2, RESIDENCE), 1: Trust(2, HOUSEHOLD)},
    "employer_code": {9: Trust(9, INSURANCE), 13: Trust(6, INSURANCE)},
    "photo": {1: Trust(9, HOUSEHOLD)},
    "deceased_date": {1: Trust(9, HOUSEHOLD)},
}
ORGANISATION_FIELDS = (
    Field("representative_id", "TEXT", "法定代表人身份号码"),
    Field("business_scope", "TEXT", "经营范围"),
    Field("registered_capital", "TEXT", "注册资本"),
    Field("community", "TEXT", "所在社区"),
)
REGISTERED = {field.name: "CLEAN" for field in ORGANISATION_FIELDS}
# How a field is written once a batch has been landed: dates as ISO, codes as codes, texts as typed.
LANDED = {
    "NAME": "TYPED",
    "TEXT": "TYPED",
    "ADDRESS": "PROVINCE",
    "CODE": "CODE",
    "DATE": "ISO",
    "PHONE": "TYPED",
}
# Which trade of government a department of the plans is; a city that is cut otherwise replaces this table.
REGISTRY_FUNCTIONS = {
    "D01": "public_security", "D02": "civil_affairs", "D03": "human_resources",
    "D04": "medical_insurance", "D05": "health", "D06": "education", "D07": "housing_fund",
    "D08": "housing", "D09": "natural_resources", "D10": "tax", "D11": "disabled",
    "D12": "veterans", "D13": "market_supervision",
    "L01": "market_supervision", "L02": "general_office", "L03": "civil_affairs", "L04": "tax",
    "L05": "human_resources", "L06": "medical_insurance", "L07": "housing_fund",
    "L08": "statistics", "L09": "market_supervision", "L10": "commerce", "L11": "ecology",
    "L12": "emergency", "L13": "housing", "L14": "transport", "L15": "health", "L16": "education",
    "L17": "culture_tourism", "L18": "agriculture", "L19": "water", "L20": "urban_management",
    "L21": "public_security", "L22": "fire_rescue", "L23": "science", "L24": "justice",
    "L25": "development_reform", "L26": "industry",
}  # fmt: skip
ORGANISATION_FORMATS = {1: REGISTERED, 2: REGISTERED, 3: REGISTERED}
ORGANISATION_TRUST = {
    field.name: {number: Trust(9, MARKET) for number in (1, 2, 3)} for field in ORGANISATION_FIELDS
}


PERSON_TIES = (
    TieSource(1, "D01", "户籍家庭关系", "", "ID_NUMBER"),
    TieSource(2, "D02", "婚姻登记", "SPOUSE", "ID_NUMBER", rank=9),
    TieSource(3, "D05", "出生医学证明", "CHILD", "ID_NUMBER", rank=3),
)
ORGANISATION_TIES = (
    TieSource(1, "L01", "分支机构", "BRANCH", "USCC"),
    TieSource(2, "L01", "投资", "INVESTOR", "EITHER"),
    TieSource(3, "L01", "法定代表人", "REPRESENTATIVE", "ID_NUMBER"),
)
# A portrait, a death and a number are believed only of whom a valid number names.
PERSON_UNFILLED = ("photo", "deceased_date")
ORGANISATION_UNFILLED = ("uscc", "representative_id")


def _extended(
    plan: FusionPlan,
    fields: tuple[Field, ...],
    formats: dict[int, dict[str, str]],
    trust: dict[str, dict[int, Trust]],
    ties: tuple[TieSource, ...],
    unfilled: tuple[str, ...],
) -> FusionPlan:
    everything = plan.fields + fields
    landed = {field.name: LANDED[field.kind] for field in everything}
    # What one department alone keeps is compared with nothing: it is served as written.
    landed |= {field.name: "CLEAN" for field in fields if field.kind == "TEXT"}

    def source(one: Source) -> Source:
        supplied = {**one.formats, **formats.get(one.number, {})}
        return replace(one, id_format="TYPED", formats={name: landed[name] for name in supplied})

    return replace(
        plan,
        sources=tuple(source(one) for one in plan.sources),
        fields=everything,
        trust={**plan.trust, **trust},
        ties=ties,
        unfilled=unfilled,
    )


@cache
def city_population_plan() -> FusionPlan:
    """Return the plan of the population registry (人口库): 13 departments, 32 classes, 14 fields."""
    return _extended(
        population_plan(),
        PERSON_FIELDS,
        PERSON_FORMATS,
        PERSON_TRUST,
        PERSON_TIES,
        PERSON_UNFILLED,
    )


@cache
def city_legal_person_plan() -> FusionPlan:
    """Return the plan of the legal-person registry (法人库): 26 departments, 26 classes, 13 fields."""
    return _extended(
        legal_person_plan(),
        ORGANISATION_FIELDS,
        ORGANISATION_FORMATS,
        ORGANISATION_TRUST,
        ORGANISATION_TIES,
        ORGANISATION_UNFILLED,
    )
