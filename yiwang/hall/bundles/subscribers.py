"""What bundles do when an application goes on (订阅): once each, in the worker."""

from yiwang.hall.applications.queries.access import application_rows
from yiwang.hall.bundles.actions.cases import item_decided, item_draft_submitted
from yiwang.hall.bundles.actions.drafts import bundle_filed_drafts_drop
from yiwang.hall.bundles.data import APPROVED, REFUSED, WITHDRAWN
from yiwang.hall.bundles.models import BundleItem
from yiwang.kernel.api import EventView, context_system, context_use, subscriber


def decided_take(event: EventView) -> None:
    """A matter was decided (事项办结): file what waited for it, or stop it with the reason."""
    number = event.payload["number"]
    if BundleItem.objects.filter(application_number=number).exists():
        state = APPROVED if event.payload["outcome"] == "APPROVED" else REFUSED
        item_decided(number, state=state, now=event.published_at)


def withdrawn_take(event: EventView) -> None:
    """The applicant withdrew one matter (单项撤回): what waited for it stops."""
    number = event.payload["number"]
    if BundleItem.objects.filter(application_number=number).exists():
        item_decided(number, state=WITHDRAWN, now=event.published_at)


def submitted_take(event: EventView) -> None:
    """The applicant completed a matter that had needed them (补充后提交)."""
    rows = application_rows("一件事办理").filter(number=event.payload["number"])
    key = rows.values_list("submission_key", flat=True).first() or ""
    draft_id = key.removeprefix("draft:")
    if draft_id.isdecimal() and BundleItem.objects.filter(draft_id=int(draft_id)).exists():
        item_draft_submitted(int(draft_id), event.payload["number"], now=event.published_at)


def deputy_drafts_drop(event: EventView) -> None:
    """Throw away what a deputy had begun (清除受托人草稿) when the delegation has ended."""
    with context_use(context_system("委托终止")):
        bundle_filed_drafts_drop(delegation_id=event.payload["delegation_id"])


def register() -> None:
    """Subscribe (called once, from `ready`)."""
    subscriber("application.decided", name="hall.bundles.decided")(decided_take)
    subscriber("application.withdrawn", name="hall.bundles.withdrawn")(withdrawn_take)
    subscriber("application.submitted", name="hall.bundles.submitted")(submitted_take)
    subscriber("delegation.revoked", name="hall.bundles.drafts_of_deputy")(deputy_drafts_drop)
