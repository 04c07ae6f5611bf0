"""Several departments' opinions as one (联审汇合): what the process hears after each of them."""

from yiwang.hall.applications.models import Application
from yiwang.hall.matters.queries import matter_version_get
from yiwang.sdk.joins import AGREE, REFUSE, join_decide

SAID = {"AGREED": AGREE, "REFUSED": REFUSE}


def joined_variables(application: Application, branch: str) -> dict[str, str]:
    """Return what the branches' opinions say together so far (汇合结论), for the process to end early.

    {} for a matter without a join, or a step of no branch; else {"joined": "AGREE", "REFUSE" or ""}.
    """
    join = matter_version_get(application.matter_version_id).spec.join if branch else None
    if join is None:
        return {}
    states = dict(application.branches.exclude(key="owner").values_list("key", "state"))
    opinions = {key: SAID.get(state) for key, state in states.items()}
    return {"joined": join_decide(join, opinions) or ""}
