"""What agents may do for enterprises (企业经办授权)."""

from datetime import date, datetime

from django.db.models import Q

from yiwang.identity.accounts.models import Account, AgentAuthority
from yiwang.identity.accounts.queries import AccountUnknown, agent_may_act_for
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import N_, Conflict, Forbidden, NotFound


class AuthorityMissing(Forbidden):
    """The agent has no authority for the enterprise today."""

    code = "authority_missing"
    message = N_("You are not authorised to act for this enterprise. Ask its legal representative.")


class AuthorityUnknown(NotFound):
    """No such authority, or it has ended."""

    code = "authority_unknown"
    message = N_("This authority does not exist or has ended already.")


class AuthorityGranted(Conflict):
    """The agent has the authority already."""

    code = "authority_granted"
    message = N_("This agent may act for %(name)s already.")


@action("identity.accounts.agent_authority_grant", permission="identity.accounts.manage")
def agent_authority_grant(
    account_id: int,
    *,
    enterprise_ref: str,
    enterprise_name: str,
    from_date: date,
    now: datetime,
    to_date: date | None = None,
    scope: str = "ALL",
) -> int:
    """Let an agent act for an enterprise (授权经办) from a day on; return the authority's id."""
    account = Account.objects.select_for_update().filter(pk=account_id, population="AGENT").first()
    if account is None:
        raise AccountUnknown(key=account_id)
    if agent_may_act_for(account_id, enterprise_ref, from_date):
        raise AuthorityGranted(name=enterprise_name)
    authority = AgentAuthority.objects.create(
        account=account,
        enterprise_ref=enterprise_ref,
        enterprise_name=enterprise_name,
        scope=scope,
        from_date=from_date,
        to_date=to_date,
    )
    audit_record(f"account:{account_id}", detail={"enterprise_ref": enterprise_ref})
    return authority.pk


@action("identity.accounts.agent_authority_revoke", permission="identity.accounts.manage")
def agent_authority_revoke(authority_id: int, *, to_date: date, now: datetime) -> None:
    """End an authority (撤销授权) on a day, the first on which it holds no more."""
    running = Q(to_date=None) | Q(to_date__gt=to_date)
    authority = AgentAuthority.objects.filter(running, pk=authority_id).first()
    if authority is None:
        raise AuthorityUnknown()
    AgentAuthority.objects.filter(running, pk=authority_id).update(
        to_date=max(to_date, authority.from_date)
    )
    audit_record(
        f"account:{authority.account_id}", detail={"enterprise_ref": authority.enterprise_ref}
    )


@action("identity.accounts.agent_act_for")
def agent_act_for(account_id: int, enterprise_ref: str, *, on: date, now: datetime) -> str:
    """Choose which enterprise the agent represents (代表企业); the view keeps it in the session.

    Raises `AuthorityMissing` without an authority for it on that day.
    """
    if context_get().account_id != account_id:
        raise Forbidden()
    if not agent_may_act_for(account_id, enterprise_ref, on):
        raise AuthorityMissing()
    audit_record(f"account:{account_id}", detail={"enterprise_ref": enterprise_ref})
    return enterprise_ref
