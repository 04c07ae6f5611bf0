"""The only door of the area `kernel`: what other areas may use. Keep `__all__` sorted and complete."""

from yiwang.kernel.audit.actions import (
    ActWithoutAudit,
    action,
    audit_read_record,
    audit_record,
    permission_require,
)
from yiwang.kernel.audit.append_only import append_only
from yiwang.kernel.audit.context import (
    ANONYMOUS,
    RequestContext,
    context_get,
    context_system,
    context_use,
    purpose_use,
)
from yiwang.kernel.audit.data import DataAccess, DataAccessPage
from yiwang.kernel.audit.queries import audit_list, audit_search, data_access_list
from yiwang.kernel.calendar.actions import (
    ClosureExists,
    calendar_seed_load,
    calendar_year_load,
    closure_add,
    closure_remove,
)
from yiwang.kernel.calendar.data import (
    CalendarDayView,
    CalendarFileInvalid,
    CalendarYearView,
    ClosureView,
)
from yiwang.kernel.calendar.queries import (
    calendar_get,
    calendar_of_file,
    calendar_year_get,
    calendar_year_list,
    closure_list,
    office_hours_get,
)
from yiwang.kernel.calendar.rules import (
    CalendarNotPublished,
    OfficeHours,
    WorkingCalendar,
    closed_days,
)
from yiwang.kernel.codes.actions import (
    EditionDateTaken,
    EditionExists,
    code_table_load,
    codes_seed_load,
    succession_decide,
)
from yiwang.kernel.codes.data import CodeView, EditionView, SuccessionView, TableView
from yiwang.kernel.codes.queries import (
    EditionUnknown,
    code_diff,
    code_get,
    code_list,
    code_search,
    code_table_get,
    code_table_list,
    code_trace,
    edition_get,
    succession_list,
)
from yiwang.kernel.codes.rules import CodeDiff, CodeRow
from yiwang.kernel.contents.keeping import content_drop, content_keep
from yiwang.kernel.events.actions import (
    EventOutsideTransaction,
    delivery_retry,
    event_publish,
    event_relay,
)
from yiwang.kernel.events.data import DeliveryView, EventView
from yiwang.kernel.events.queries import delivery_count, delivery_list
from yiwang.kernel.events.registry import subscriber
from yiwang.kernel.jobs.actions import job_retry
from yiwang.kernel.jobs.data import SweepView, WorkerView
from yiwang.kernel.jobs.queries import job_count, sweep_list, worker_list
from yiwang.kernel.jobs.registry import batch_job, job, sweep_register
from yiwang.kernel.jobs.worker import worker_run
from yiwang.kernel.packs.actions import pack_load_all
from yiwang.kernel.packs.commands import pack_check, pack_new
from yiwang.kernel.packs.data import PackState
from yiwang.kernel.packs.registry import pack_section_register
from yiwang.kernel.rows.sending import row_write
from yiwang.kernel.rows.statements import (
    RowPart,
    row_change,
    row_insert,
    row_part,
    row_update,
    rows_delete,
    rows_find,
    rows_insert,
)
from yiwang.kernel.seals.keys import (
    SealKeyUnusable,
    SealView,
    public_keys,
    seal_key_get,
    seal_list,
)
from yiwang.kernel.seals.papers import PaperCheck, paper_check, paper_sign
from yiwang.kernel.serials.actions import (
    serial_last,
    serial_next,
    serial_next_parallel,
    serial_reach,
)
from yiwang.kernel.stamps.actions import stamp_get, stamp_renew
from yiwang.kernel.ui.doors import practice_signer, pushed
from yiwang.kernel.ui.filters import date_text, datetime_text, localized
from yiwang.kernel.ui.flashes import flash
from yiwang.kernel.ui.framing import frame_allow
from yiwang.kernel.ui.limits import rate_exceeded
from yiwang.kernel.ui.menus import menu_register
from yiwang.kernel.ui.policies import RoutePolicy, allow, public
from yiwang.kernel.ui.problems import error_response, error_text, field_texts, wants_partial
from yiwang.kernel.ui.sheets import sheet_response, sheet_text, sheet_write
from yiwang.kernel.ui.tables import (
    Column,
    Filter,
    ListQuery,
    Page,
    Source,
    choices_of,
    keyset_mark,
    keyset_values,
    page_of,
    source_of,
)
from yiwang.kernel.ui.templating import render
from yiwang.kernel.ui.typesetting import FontsMissing, qr_picture, typeset
from yiwang.kernel.ui.uploads import upload_overflow

__all__ = [
    "ANONYMOUS",
    "ActWithoutAudit",
    "CalendarDayView",
    "CalendarFileInvalid",
    "CalendarNotPublished",
    "CalendarYearView",
    "ClosureExists",
    "ClosureView",
    "CodeDiff",
    "CodeRow",
    "CodeView",
    "Column",
    "DataAccess",
    "DataAccessPage",
    "DeliveryView",
    "EditionDateTaken",
    "EditionExists",
    "EditionUnknown",
    "EditionView",
    "EventOutsideTransaction",
    "EventView",
    "Filter",
    "FontsMissing",
    "ListQuery",
    "OfficeHours",
    "PackState",
    "Page",
    "PaperCheck",
    "RequestContext",
    "RoutePolicy",
    "RowPart",
    "SealKeyUnusable",
    "SealView",
    "Source",
    "SuccessionView",
    "SweepView",
    "TableView",
    "WorkerView",
    "WorkingCalendar",
    "action",
    "allow",
    "append_only",
    "audit_list",
    "audit_read_record",
    "audit_record",
    "audit_search",
    "batch_job",
    "calendar_get",
    "calendar_of_file",
    "calendar_seed_load",
    "calendar_year_get",
    "calendar_year_list",
    "calendar_year_load",
    "choices_of",
    "closed_days",
    "closure_add",
    "closure_list",
    "closure_remove",
    "code_diff",
    "code_get",
    "code_list",
    "code_search",
    "code_table_get",
    "code_table_list",
    "code_table_load",
    "code_trace",
    "codes_seed_load",
    "content_drop",
    "content_keep",
    "context_get",
    "context_system",
    "context_use",
    "data_access_list",
    "date_text",
    "datetime_text",
    "delivery_count",
    "delivery_list",
    "delivery_retry",
    "edition_get",
    "error_response",
    "error_text",
    "event_publish",
    "event_relay",
    "field_texts",
    "flash",
    "frame_allow",
    "job",
    "job_count",
    "job_retry",
    "keyset_mark",
    "keyset_values",
    "localized",
    "menu_register",
    "office_hours_get",
    "pack_check",
    "pack_load_all",
    "pack_new",
    "pack_section_register",
    "page_of",
    "paper_check",
    "paper_sign",
    "permission_require",
    "practice_signer",
    "public",
    "public_keys",
    "purpose_use",
    "pushed",
    "qr_picture",
    "rate_exceeded",
    "render",
    "row_change",
    "row_insert",
    "row_part",
    "row_update",
    "row_write",
    "rows_delete",
    "rows_find",
    "rows_insert",
    "seal_key_get",
    "seal_list",
    "serial_last",
    "serial_next",
    "serial_next_parallel",
    "serial_reach",
    "sheet_response",
    "sheet_text",
    "sheet_write",
    "source_of",
    "stamp_get",
    "stamp_renew",
    "subscriber",
    "succession_decide",
    "succession_list",
    "sweep_list",
    "sweep_register",
    "typeset",
    "upload_overflow",
    "wants_partial",
    "worker_list",
    "worker_run",
]
