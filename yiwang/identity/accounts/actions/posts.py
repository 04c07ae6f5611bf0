"""Taking up, leaving and choosing posts (任职)."""

from datetime import date, datetime

from django.db.models import Q

from yiwang.identity.accounts.actions.sessions import sessions_end
from yiwang.identity.accounts.models import Account, PostHolding
from yiwang.identity.accounts.queries import AccountUnknown, holding_list
from yiwang.identity.organisations.actions import roles_check
from yiwang.identity.organisations.models import Post
from yiwang.kernel.api import action, audit_record, context_get
from yiwang.sdk.errors import N_, Conflict, Forbidden, Invalid, NotFound


class PostUnknown(NotFound):
    """No such post, or it is not held by this person."""

    code = "post_unknown"
    message = N_("The post %(key)s does not exist or is not held.")


class PostForStaffOnly(Invalid):
    """Posts are held by civil servants."""

    code = "post_for_staff_only"
    message = N_("Only a civil servant's account can hold a post.")


class PostHeldAlready(Conflict):
    """The person holds this post already."""

    code = "post_held_already"
    message = N_("%(name)s holds this post already.")


@action("identity.accounts.post_assign", permission="identity.accounts.post_assign")
def post_assign(account_id: int, *, post_id: int, from_date: date, now: datetime) -> int:
    """Let a civil servant hold a post (任职) from a day on; return the holding's id.

    Raises `RolesInConflict` when two administrators' roles would meet in one person (三员分立),
    `PostHeldAlready`, `PostForStaffOnly`.
    """
    account = Account.objects.select_for_update().filter(pk=account_id, is_active=True).first()
    if account is None:
        raise AccountUnknown(key=account_id)
    if account.population != "STAFF":
        raise PostForStaffOnly()
    post = Post.objects.filter(pk=post_id).first()
    if post is None:
        raise PostUnknown(key=post_id)
    held = PostHolding.objects.filter(Q(to_date=None) | Q(to_date__gt=from_date), account=account)
    if held.filter(post=post).exists():
        raise PostHeldAlready(name=account.name)
    together = [role for roles in held.values_list("post__roles", flat=True) for role in roles]
    roles_check([*together, *post.roles])
    holding = PostHolding.objects.create(account=account, post=post, from_date=from_date)
    audit_record(
        f"account:{account_id}",
        detail={"post_id": post_id, "title": post.title, "from": from_date.isoformat()},
    )
    return holding.pk


@action("identity.accounts.post_leave", permission="identity.accounts.post_leave")
def post_leave(holding_id: int, *, to_date: date, now: datetime) -> None:
    """End a post (离任) on a day, the first on which it is held no more; sessions end at once."""
    holding = PostHolding.objects.filter(pk=holding_id, to_date=None).first()
    if holding is None:
        raise PostUnknown(key=holding_id)
    to_date = max(to_date, holding.from_date)
    changed = PostHolding.objects.filter(pk=holding_id, to_date=None).update(to_date=to_date)
    if not changed:
        raise Conflict()
    ended = sessions_end(holding.account_id)
    audit_record(
        f"account:{holding.account_id}",
        detail={"holding_id": holding_id, "to": to_date.isoformat(), "sessions_ended": ended},
    )


@action("identity.accounts.post_choose")
def post_choose(account_id: int, *, post_id: int, on: date, now: datetime) -> int:
    """Choose which of one's posts to act from (切换岗位); the view keeps it in the session."""
    if context_get().account_id != account_id:
        raise Forbidden()
    held = {holding.post_id: holding for holding in holding_list(account_ids=[account_id], on=on)}
    if post_id not in held:
        raise PostUnknown(key=post_id)
    audit_record(f"account:{account_id}", detail={"post_id": post_id})
    return post_id
