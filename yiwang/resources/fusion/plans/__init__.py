"""The plans that are shipped (融合计划): population and legal persons."""

from yiwang.resources.fusion.plans.legal_persons import legal_person_plan
from yiwang.resources.fusion.plans.population import population_plan

PLANS = {"population": population_plan, "legal-persons": legal_person_plan}

__all__ = ["PLANS", "legal_person_plan", "population_plan"]
