"""Writes of landing (归集): receiving, processing, deciding about batches, regular sources."""

from yiwang.resources.landing.actions.deciding import (
    batch_cancel,
    batch_release,
    batch_retry,
    batch_withdraw,
)
from yiwang.resources.landing.actions.processing import batch_process
from yiwang.resources.landing.actions.receiving import batch_receive

__all__ = [
    "batch_cancel",
    "batch_process",
    "batch_receive",
    "batch_release",
    "batch_retry",
    "batch_withdraw",
]
