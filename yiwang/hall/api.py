"""The only door of the area `hall`: what other areas may use. Keep `__all__` sorted and complete."""

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
    "LifeEvent",
    "MatterFilter",
    "MatterNotFound",
    "MatterPage",
    "MatterRow",
    "MatterView",
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
