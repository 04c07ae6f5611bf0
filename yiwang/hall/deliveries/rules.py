"""What becomes of a delivery (递送规则). Pure."""

import secrets

from yiwang.hall.deliveries import data

FROM_COURIER = {
    "ACCEPTED": data.UNDER_WAY,
    "IN_TRANSIT": data.UNDER_WAY,
    "OUT_FOR_DELIVERY": data.UNDER_WAY,
    "DELIVERED": data.DELIVERED,
    "RETURNED": data.RETURNED,
    "LOST": data.RETURNED,
}
"""Where a parcel is after what its courier says; a lost one is the department's again, to be made anew."""

OPEN_STATES = (data.WAITING, data.UNDER_WAY, data.PLACED)
TRIES = 5
"""So many wrong pick-up codes lock a delivery until somebody shows a document at the counter."""

DELIVER_WITHIN = 10
"""Working days from the decision (行政许可法第四十四条)."""


def state_after(state: str, kind: str) -> str:
    """Return the state after a courier's message (状态迁移); what has ended stays ended.

    >>> state_after("UNDER_WAY", "DELIVERED"), state_after("DELIVERED", "IN_TRANSIT")
    ('DELIVERED', 'DELIVERED')
    """
    return FROM_COURIER[kind] if state in (data.WAITING, data.UNDER_WAY) else state


def code_make() -> str:
    """Draw a pick-up code (取件码) of eight digits."""
    return f"{secrets.randbelow(10**8):08}"


def phone_mask(phone: str) -> str:
    """Show enough of a telephone number to recognise it (手机号脱敏).

    >>> phone_mask("13800001234")
    '138****1234'
    """
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"
