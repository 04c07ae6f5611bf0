"""The only door of the area `identity`: what other areas may use. Keep `__all__` sorted and complete."""

from yiwang.identity.access.data import ROLES, Role
from yiwang.identity.access.permissions import (
    permission_register,
    permissions_of,
)
from yiwang.identity.access.policies import RoutePolicy, allow, public
from yiwang.identity.access.programs import programs
from yiwang.identity.access.row_rules import (
    Rule,
    everyone,
    field_equals,
    field_in,
    field_prefix,
    nobody,
    of_context,
    rule_by_office,
)
from yiwang.identity.access.scope import (
    PersonalDataManager,
    UnscopedQuery,
    data_scope,
    protected,
    protected_fields,
)
from yiwang.identity.accounts.actions import (
    account_create,
    accounts_load,
    delegation_accept,
    delegation_offer,
    delegation_revoke,
    delegation_use_record,
    pending_form_take,
    post_assign,
    post_leave,
)
from yiwang.identity.accounts.actions.delegations import DelegationCodeWrong
from yiwang.identity.accounts.data import (
    AccountView,
    DelegationUseView,
    DelegationView,
    DeputyFiling,
)
from yiwang.identity.accounts.delegations import STATES as DELEGATION_STATES
from yiwang.identity.accounts.delegations import USES as DELEGATION_USES
from yiwang.identity.accounts.delegations import (
    DelegationMissing,
    delegation_covered,
    delegation_deputy_of,
    delegation_get,
    delegation_given_list,
    delegation_held_list,
    delegation_ids_held,
    delegation_of_deputy_list,
    delegation_require,
    delegation_use_list,
    deputy_filing_count,
    deputy_filing_list,
    deputy_principal_list,
)
from yiwang.identity.accounts.queries import (
    AccountUnknown,
    account_find,
    account_get,
    account_list,
    account_list_by_address,
    account_list_by_department,
    account_shared_refs,
    agent_list,
    agent_may_act_for,
    holding_list,
)
from yiwang.identity.accounts.sealing import key_new as seal_key_new
from yiwang.identity.accounts.second_factor import key_add as seal_key_add
from yiwang.identity.accounts.second_factor import key_list as seal_key_list
from yiwang.identity.accounts.second_factor import seal_count, totp_reseal
from yiwang.identity.accounts.session_context import context_of_account
from yiwang.identity.organisations.actions import (
    department_put,
    departments_load,
    post_put,
    posts_load,
)
from yiwang.identity.organisations.data import DepartmentView, PostView
from yiwang.identity.organisations.queries import (
    DepartmentUnknown,
    department_below,
    department_by_uscc,
    department_chain,
    department_children,
    department_find,
    department_get,
    department_list,
    post_list,
)
from yiwang.identity.organisations.sections import department_section_register
from yiwang.identity.tokens.actions import program_account_put, token_issue, token_revoke
from yiwang.identity.tokens.data import IssuedToken

__all__ = [
    "DELEGATION_STATES",
    "DELEGATION_USES",
    "ROLES",
    "AccountUnknown",
    "AccountView",
    "DelegationCodeWrong",
    "DelegationMissing",
    "DelegationUseView",
    "DelegationView",
    "DepartmentUnknown",
    "DepartmentView",
    "DeputyFiling",
    "IssuedToken",
    "PersonalDataManager",
    "PostView",
    "Role",
    "RoutePolicy",
    "Rule",
    "UnscopedQuery",
    "account_create",
    "account_find",
    "account_get",
    "account_list",
    "account_list_by_address",
    "account_list_by_department",
    "account_shared_refs",
    "accounts_load",
    "agent_list",
    "agent_may_act_for",
    "allow",
    "context_of_account",
    "data_scope",
    "delegation_accept",
    "delegation_covered",
    "delegation_deputy_of",
    "delegation_get",
    "delegation_given_list",
    "delegation_held_list",
    "delegation_ids_held",
    "delegation_of_deputy_list",
    "delegation_offer",
    "delegation_require",
    "delegation_revoke",
    "delegation_use_list",
    "delegation_use_record",
    "department_below",
    "department_by_uscc",
    "department_chain",
    "department_children",
    "department_find",
    "department_get",
    "department_list",
    "department_put",
    "department_section_register",
    "departments_load",
    "deputy_filing_count",
    "deputy_filing_list",
    "deputy_principal_list",
    "everyone",
    "field_equals",
    "field_in",
    "field_prefix",
    "holding_list",
    "nobody",
    "of_context",
    "pending_form_take",
    "permission_register",
    "permissions_of",
    "post_assign",
    "post_leave",
    "post_list",
    "post_put",
    "posts_load",
    "program_account_put",
    "programs",
    "protected",
    "protected_fields",
    "public",
    "rule_by_office",
    "seal_count",
    "seal_key_add",
    "seal_key_list",
    "seal_key_new",
    "token_issue",
    "token_revoke",
    "totp_reseal",
]
