"""Writes of landing (归集): receiving, processing, deciding about batches, regular sources."""

from yiwang.resources.landing.actions.deciding import (
    batch_cancel,
    batch_release,
    batch_retry,
    batch_withdraw,
    rows_read_note,
)
from yiwang.resources.landing.actions.processing import batch_process
from yiwang.resources.landing.actions.receiving import batch_receive
from yiwang.resources.landing.actions.sources import source_put, source_run, source_sweep

__all__ = [
    "batch_cancel",
    "batch_process",
    "batch_receive",
    "batch_release",
    "batch_retry",
    "batch_withdraw",
    "rows_read_note",
    "source_put",
    "source_run",
    "source_sweep",
]
