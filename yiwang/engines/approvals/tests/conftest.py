import pytest

from yiwang.engines.workflow import registry
from yiwang.engines.workflow.registry import InstanceOwner


@pytest.fixture(autouse=True)
def changes(monkeypatch) -> list:
    """What the owner of the cases of these tests was told; it knows two grounds and one effect."""
    told: list = []
    owner = InstanceOwner(
        told.append,
        lambda: [
            ("HEARING", {"zh": "听证", "en": "Hearing"}),
            ("TESTING", {"zh": "检验、检测", "en": "Examination or testing"}),
        ],
        lambda business_key: ["The fee goes back."],
    )
    monkeypatch.setattr(registry, "OWNERS", {"application:": owner})
    return told
