import dataclasses
from datetime import UTC, datetime

import pytest

from yiwang.kernel.api import context_system, context_use
from yiwang.sdk.packs import (
    Eligibility,
    LegalBasis,
    Limit,
    Limits,
    Material,
    MatterDefinition,
)

NOW = datetime(2026, 11, 21, 2, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 2, tzinfo=UTC)
CARD = MatterDefinition(
    code="322014001000",
    title={"zh": "老年人优待证", "en": "Senior citizen card"},
    item_type="20",
    department="civil_affairs",
    level="DISTRICT",
    project_type="1",
    aliases=("老年证", "敬老卡"),
    eligibility=Eligibility(zh="年满六十周岁的居民", en="Residents aged sixty or more"),
    legal_basis=(LegalBasis({"zh": "老年人权益保障法", "en": "Law on the elderly"}, "第五十三条"),),
    limits=Limits(Limit(20), Limit(0)),
    materials=(
        Material(key="photo", title={"zh": "照片", "en": "Photograph"}, accept=("image/png",)),
    ),
    refusal_remedy={"zh": "可以申请行政复议", "en": "You may ask for review"},
    life_events=("retirement",),
    themes=("社会保障",),
)


@pytest.fixture
def system():
    with context_use(context_system("test")):
        yield


@pytest.fixture
def put(db, system):
    from yiwang.hall.matters.actions import matter_put

    def put_card(*, now=NOW, source="pack:senior@1.0.0", form=11, process=22, **changes):
        return matter_put(
            dataclasses.replace(CARD, **changes),
            form_version_id=form,
            process_version_id=process,
            source=source,
            now=now,
        )

    return put_card
