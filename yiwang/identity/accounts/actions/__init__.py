"""Writes of accounts (账户维护): signing in, accounts, posts held, authorities, sessions."""

from yiwang.identity.accounts.actions.accounts import (
    account_close,
    account_create,
    accounts_load,
    password_change,
    password_set,
    preferences_set,
    totp_reset,
)
from yiwang.identity.accounts.actions.agency import (
    agent_act_for,
    agent_authority_grant,
    agent_authority_revoke,
)
from yiwang.identity.accounts.actions.delegations import (
    delegation_accept,
    delegation_offer,
    delegation_revoke,
    delegation_use_record,
)
from yiwang.identity.accounts.actions.pending_forms import (
    pending_form_keep,
    pending_form_take,
)
from yiwang.identity.accounts.actions.posts import post_assign, post_choose, post_leave
from yiwang.identity.accounts.actions.sessions import session_purge, session_revoke
from yiwang.identity.accounts.actions.sign_in import (
    SignInStep,
    sign_in_code,
    sign_in_demo,
    sign_in_finish,
    sign_in_password,
    sign_out,
    totp_enrol,
)

__all__ = [
    "SignInStep",
    "account_close",
    "account_create",
    "accounts_load",
    "agent_act_for",
    "agent_authority_grant",
    "agent_authority_revoke",
    "delegation_accept",
    "delegation_offer",
    "delegation_revoke",
    "delegation_use_record",
    "password_change",
    "password_set",
    "pending_form_keep",
    "pending_form_take",
    "post_assign",
    "post_choose",
    "post_leave",
    "preferences_set",
    "session_purge",
    "session_revoke",
    "sign_in_code",
    "sign_in_demo",
    "sign_in_finish",
    "sign_in_password",
    "sign_out",
    "totp_enrol",
    "totp_reset",
]
