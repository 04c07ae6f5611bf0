"""The only door of the area `hall`: what other areas may use. Keep `__all__` sorted and complete."""

from yiwang.hall.applications.actions.submission import application_submit
from yiwang.hall.applications.data import ApplicationRow, OpenCorrection, Receipt
from yiwang.hall.applications.filing import CHANNELS as FILING_CHANNELS
from yiwang.hall.applications.queries.drafts import draft_open_list
from yiwang.hall.applications.queries.filed import filed_state_map
from yiwang.hall.applications.queries.space import (
    application_open_count,
    application_recent_list,
    correction_open_list,
)
from yiwang.hall.applications.queries.urges import UrgeMark, urged_items
from yiwang.hall.applications.queries.work import outcome_label_get
from yiwang.hall.bundles.data import BundleScope
from yiwang.hall.bundles.queries.bundles import bundle_scope_list
from yiwang.hall.bundles.queries.cases import bundle_state_map
from yiwang.hall.demonstration import hall_demo_load
from yiwang.hall.licences.actions import (
    licence_issue,
    licence_resume,
    licence_revoke,
    licence_suspend,
    licence_type_put,
)
from yiwang.hall.licences.data import LicenceTypeView, LicenceView, VerificationView
from yiwang.hall.licences.queries import (
    licence_get,
    licence_list,
    licence_list_by_source,
    licence_type_get,
    licence_verify,
)
from yiwang.hall.matters.catalogue import catalogue_import
from yiwang.hall.matters.data import (
    CatalogueCounts,
    GuideView,
    LifeEvent,
    MatterFilter,
    MatterPage,
    MatterView,
)
from yiwang.hall.matters.guides import guide_get
from yiwang.hall.matters.queries import (
    MatterNotFound,
    life_event_list,
    matter_count_by,
    matter_get,
    matter_list,
    matter_popular,
)
from yiwang.hall.matters.rules import THEMES
from yiwang.hall.messages.actions import message_send
from yiwang.hall.messages.data import MessageView
from yiwang.hall.messages.queries import count_unread, message_list
from yiwang.hall.messages.sendings import bounce_take
from yiwang.hall.receipts.histories import histories_check
from yiwang.hall.windows.actions import window_put

__all__ = [
    "FILING_CHANNELS",
    "THEMES",
    "ApplicationRow",
    "BundleScope",
    "CatalogueCounts",
    "GuideView",
    "LicenceTypeView",
    "LicenceView",
    "LifeEvent",
    "MatterFilter",
    "MatterNotFound",
    "MatterPage",
    "MatterView",
    "MessageView",
    "OpenCorrection",
    "Receipt",
    "UrgeMark",
    "VerificationView",
    "application_open_count",
    "application_recent_list",
    "application_submit",
    "bounce_take",
    "bundle_scope_list",
    "bundle_state_map",
    "catalogue_import",
    "correction_open_list",
    "count_unread",
    "draft_open_list",
    "filed_state_map",
    "guide_get",
    "hall_demo_load",
    "histories_check",
    "licence_get",
    "licence_issue",
    "licence_list",
    "licence_list_by_source",
    "licence_resume",
    "licence_revoke",
    "licence_suspend",
    "licence_type_get",
    "licence_type_put",
    "licence_verify",
    "life_event_list",
    "matter_count_by",
    "matter_get",
    "matter_list",
    "matter_popular",
    "message_list",
    "message_send",
    "outcome_label_get",
    "urged_items",
    "window_put",
]
