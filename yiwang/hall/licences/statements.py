"""What a licence says to whoever has no connection (离线查验): a signed statement in the QR code on its back.

It holds what stood on the licence when it was issued; whether it was taken back since, only the city knows.
"""

from django.utils import timezone

from yiwang.hall.licences.data import LicenceView, OfflineView
from yiwang.hall.licences.rules import offline_read, offline_words
from yiwang.kernel.api import public_keys, seal_key_get
from yiwang.sdk.statements import statement_sign


def licence_statement(licence: LicenceView) -> str:
    """Sign what stands on a licence (签发离线查验声明); the same licence under the same key gives the same text."""
    issued_date = timezone.localtime(licence.issued_at).date()
    return statement_sign(offline_words(licence, issued_date=issued_date), key=seal_key_get().key)


def licence_statement_read(text: str) -> OfflineView:
    """Check a statement under this city's keys (离线验签). Raises StatementBroken, StatementKeyUnknown."""
    return offline_read(text, keys=public_keys())
