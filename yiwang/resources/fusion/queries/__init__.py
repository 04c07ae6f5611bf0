"""Reads of the fusion desk (融合台): bindings, runs, uncertain pairs and decisions."""

from yiwang.resources.fusion.queries.reviews import (
    agreement,
    agreement_by_reviewers,
    decision_list,
    pair_get,
    pair_rows,
)
from yiwang.resources.fusion.queries.runs import run_get, run_latest, run_list
from yiwang.resources.fusion.queries.sources import (
    bindings,
    feed_folder,
    feeds,
    lineage_folder,
    master_folder,
    plan_get,
)

__all__ = [
    "agreement",
    "agreement_by_reviewers",
    "bindings",
    "decision_list",
    "feed_folder",
    "feeds",
    "lineage_folder",
    "master_folder",
    "pair_get",
    "pair_rows",
    "plan_get",
    "run_get",
    "run_latest",
    "run_list",
]
