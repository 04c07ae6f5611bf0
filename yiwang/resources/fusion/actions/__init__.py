"""Writes of the fusion desk (融合台): bindings, runs, verdicts, lineage."""

from yiwang.resources.fusion.actions.lineage import lineage_emit
from yiwang.resources.fusion.actions.reviews import (
    dispute_settle,
    pair_claim,
    pair_open,
    pair_release,
    undo_confirm,
    undo_refuse,
    undo_request,
    verdict_give,
)
from yiwang.resources.fusion.actions.runs import fusion_run, run_record, run_request
from yiwang.resources.fusion.actions.sources import feed_build, source_bind, source_unbind

__all__ = [
    "dispute_settle",
    "feed_build",
    "fusion_run",
    "lineage_emit",
    "pair_claim",
    "pair_open",
    "pair_release",
    "run_record",
    "run_request",
    "source_bind",
    "source_unbind",
    "undo_confirm",
    "undo_refuse",
    "undo_request",
    "verdict_give",
]
