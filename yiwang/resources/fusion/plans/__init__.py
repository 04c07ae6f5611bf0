"""The plans that are shipped (融合计划): two for measuring, and the same two as a city's registries use them."""

from yiwang.resources.fusion.plans.city import (
    REGISTRY_FUNCTIONS,
    city_legal_person_plan,
    city_population_plan,
)
from yiwang.resources.fusion.plans.legal_persons import legal_person_plan
from yiwang.resources.fusion.plans.population import population_plan

PLANS = {"population": population_plan, "legal-persons": legal_person_plan}
# By registry: how the serving registries are fused.
REGISTRY_PLANS = {"population": city_population_plan, "legal-persons": city_legal_person_plan}

__all__ = [
    "PLANS",
    "REGISTRY_FUNCTIONS",
    "REGISTRY_PLANS",
    "city_legal_person_plan",
    "city_population_plan",
    "legal_person_plan",
    "population_plan",
]
