"""Demonstration accounts (演示账户): shown on the sign-in page of a demonstration city only."""

import json
import logging
from datetime import datetime

import pyotp
from django.conf import settings

from yiwang.identity.accounts.data import TOTP_STEP_SECONDS
from yiwang.identity.accounts.models import Account
from yiwang.identity.accounts.second_factor import totp_secret_of

logger = logging.getLogger(__name__)


def is_demo_city() -> bool:
    """Tell whether this installation is a demonstration city."""
    return bool(settings.CITY.get("demo"))


def demo_account_list() -> list[dict]:
    """Return the rows that the demonstration's builder wrote to demo-accounts.json.

    Each: username, password, role {zh, en}, name, department ({zh, en} or text), totp_secret.
    """
    path = settings.DATA_DIR / "demo-accounts.json"
    if not is_demo_city() or not path.exists():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        logger.exception("The list of demonstration accounts %s cannot be read.", path)
        return []
    return [row for row in rows if isinstance(row, dict) and row.get("username")]


def demo_code(account: Account, now: datetime) -> str:
    """Return the code that a made civil servant's authenticator would show, "" for real accounts.

    A code is good once. The next one is good already (clock drift), so it is shown when the present
    one has been used.
    """
    if not (is_demo_city() and account.is_made and account.totp_secret):
        return ""
    current = int(now.timestamp()) // TOTP_STEP_SECONDS
    step = max(current, account.totp_last_step + 1)
    if step > current + 1:
        return ""
    return pyotp.TOTP(totp_secret_of(account)).at(step * TOTP_STEP_SECONDS)
