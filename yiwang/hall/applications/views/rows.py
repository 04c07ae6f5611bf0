"""All rows of a repeating group of an application (分组全部行), for those who may see the application."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from yiwang.engines.api import form_rows
from yiwang.hall.applications.queries.access import application_visible_get
from yiwang.identity.api import allow
from yiwang.kernel.api import audit_record, sheet_response
from yiwang.sdk.identifiers import person_ref_of

PURPOSE = "查看申请表明细"


@allow(populations={"CITIZEN", "AGENT", "STAFF"}, purpose=PURPOSE)
@require_safe
def rows(request: HttpRequest, number: str, group: str, form: str) -> HttpResponse:
    """Hand out the rows of a group as CSV or Excel (下载明细)."""
    application = application_visible_get(number, purpose=PURPOSE)
    table = form_rows(application.form_version_id, group, application.form_data)
    audit_record(
        f"application:{number}",
        act="hall.applications.rows_read",
        person_ref=person_ref_of(application.applicant_ref),
        detail={"group": group, "rows": len(table) - 1},
    )
    return sheet_response("xlsx" if form == "xlsx" else "csv", table, group)
