"""The only door of the area `hall`: what other areas may use. Keep `__all__` sorted and complete."""

from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.data import ApplicationRow, OpenCorrection, Receipt
from yiwang.hall.applications.queries.drafts import draft_open_list
from yiwang.hall.applications.queries.space import (
    application_open_count,
    application_recent_list,
    correction_open_list,
)
from yiwang.hall.matters.actions import matter_close, matter_put
from yiwang.hall.matters.data import LifeEvent, MatterFilter, MatterPage, MatterRow, MatterView
from yiwang.hall.matters.queries import (
    MatterNotFound,
    life_event_list,
    matter_count_by,
    matter_get,
    matter_list,
    matter_popular,
    matter_version_get,
    matter_version_list,
)

__all__ = [
    "ApplicationRow",
    "LifeEvent",
    "MatterFilter",
    "MatterNotFound",
    "MatterPage",
    "MatterRow",
    "MatterView",
    "OpenCorrection",
    "Receipt",
    "application_open_count",
    "application_recent_list",
    "application_submit",
    "correction_open_list",
    "draft_open_list",
    "life_event_list",
    "matter_close",
    "matter_count_by",
    "matter_get",
    "matter_list",
    "matter_popular",
    "matter_put",
    "matter_version_get",
    "matter_version_list",
]
