"""What landing lends to quality: how corrected rows become a batch (更正批次)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from yiwang.sdk.errors import N_, YiwangError


class FixUnavailable(YiwangError):
    """Nobody has registered how corrected rows are sent."""

    code = "fix_unavailable"
    status = 501
    message = N_("Corrections of single rows cannot be sent here. Send a corrected file instead.")


class FixSender(Protocol):
    """Sends whole rows as a FIX batch and returns the batch's number."""

    def __call__(
        self, resource_id: int, rows: Sequence[dict[str, str]], *, reason: str, now: datetime
    ) -> int: ...


_senders: list[Callable[..., int]] = []


def fix_register(function: FixSender) -> None:
    """Say how corrected rows become a batch (登记更正通道); the last one counts."""
    _senders[:] = [function]


def fix_forget() -> None:
    """Take the sender out again: for tests."""
    _senders.clear()


def fix_send(
    resource_id: int, rows: Sequence[dict[str, str]], *, reason: str, now: datetime
) -> int:
    """Send corrected rows as a batch (发送更正); raises `FixUnavailable`."""
    if not _senders:
        raise FixUnavailable()
    return _senders[0](resource_id, rows, reason=reason, now=now)
