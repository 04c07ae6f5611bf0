"""The lower organ's review before the higher one decides (下级初审, 行政许可法第四十三条): who has it in hand."""

from yiwang.engines.api import WorkItemView
from yiwang.hall.applications import rules
from yiwang.hall.applications.models import Application
from yiwang.hall.matters.queries import matter_version_get

DONE = ("AGREED", "REFUSED")
RETURN = "RETURN"


def first_review_follow(application: Application, item: WorkItemView, *, outcome: str) -> None:
    """Hand the case over between the two organs (上报或退回), for a matter with a first review only.

    The lower one's conclusion, for or against, puts it into the owner's hands; what the owner sends back is
    the lower one's again. Its 20 days ended with its first conclusion and do not begin anew.
    """
    first = matter_version_get(application.matter_version_id).spec.first_review
    if first is None:
        return
    if item.branch == first.key and outcome in rules.REVIEWS:
        application.branches.filter(key="owner", state="WAITING").update(state="OPEN")
    elif not item.branch and outcome == RETURN:
        sent_back = application.branches.filter(key=first.key, state__in=DONE).update(state="OPEN")
        if sent_back:
            application.branches.filter(key="owner").update(state="WAITING")
