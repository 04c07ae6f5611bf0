"""Sessions in the database with their account, so that they can be listed and revoked (会话).

The browser holds the key, the table only its digest: who reads the table cannot take over a session.
"""

import hashlib

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from yiwang.identity.accounts.models import Account, AccountSession


def key_digest(session_key: str) -> str:
    """Return what the table holds of a session key."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]


class SessionStore(DatabaseStore):
    """Django's database store on `AccountSession`; loading brings the account along.

    row: the stored session with its account, None before loading or without one.
    """

    row: AccountSession | None = None

    @classmethod
    def get_model_class(cls):
        return AccountSession

    @property
    def account(self) -> Account | None:
        """Return the signed-in account without a query of its own."""
        self._get_session()
        return self.row.account if self.row else None

    def _get_session_from_db(self):
        try:
            row = self.model.objects.select_related("account").get(
                session_key=key_digest(self.session_key), expire_date__gt=timezone.now()
            )
        except self.model.DoesNotExist:
            self._session_key = None
            return None
        self.row = row
        return row

    def flush(self):
        super().flush()
        self.row = None

    def exists(self, session_key):
        return self.model.objects.filter(session_key=key_digest(session_key)).exists()

    def delete(self, session_key=None):
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=key_digest(key)).delete()

    def create_model_instance(self, data):
        now = timezone.now()
        return self.model(
            session_key=key_digest(self._get_or_create_session_key()),
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            account_id=data.get("_auth_user_id") or None,
            address=data.get("address", "")[:45],
            user_agent=data.get("user_agent", "")[:200],
            created_at=self.row.created_at if self.row else now,
            last_seen_at=now,
        )
