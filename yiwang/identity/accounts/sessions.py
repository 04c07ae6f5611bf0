"""Sessions in the database with their account, so that they can be listed and revoked."""

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from yiwang.identity.accounts.models import AccountSession


class SessionStore(DatabaseStore):
    """Django's database store on `AccountSession`."""

    @classmethod
    def get_model_class(cls):
        return AccountSession

    def create_model_instance(self, data):
        row = super().create_model_instance(data)
        row.account_id = data.get("_auth_user_id") or None
        row.address = data.get("address", "")
        row.user_agent = data.get("user_agent", "")[:200]
        row.created_at = data.get("created_at") or timezone.now()
        row.last_seen_at = timezone.now()
        return row
