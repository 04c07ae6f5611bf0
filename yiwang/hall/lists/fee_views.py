"""The page of the fee catalogue (收费目录清单): what is charged off it, and loading another."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.lists import fees
from yiwang.hall.lists.errors import FeeFileUnreadable
from yiwang.hall.lists.queries import PREPARE, PUBLISH
from yiwang.hall.matters.views import function_names
from yiwang.identity.api import allow
from yiwang.kernel.api import Column, context_get, error_text, flash, page_of, render
from yiwang.sdk.errors import N_

COLUMNS = (
    Column("kind", N_("Difference"), text=lambda row: _(row.kind_label)),
    Column("code", N_("Matter"), text=lambda row: row.code),
    Column("charged", N_("What the matter says")),
    Column("entry", N_("What the catalogue says")),
)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=PUBLISH, purpose="收费目录管理")
def fee_catalogue(request: HttpRequest) -> HttpResponse:
    """Show where charges and the fee catalogue differ; POST loads another catalogue (收费目录比对)."""
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        sent = request.FILES.get("file")
        try:
            if sent is None or sent.size > fees.FILE_LIMIT:
                raise FeeFileUnreadable(line=1, reason=_("no file, or one of more than 2 MB"))
            rows = fees.fee_rows_read(sent.read())
            count = fees.fees_load(rows, source=sent.name or "", now=timezone.now())
        except FeeFileUnreadable as error:
            errors = {"file": [error_text(error)]}
        else:
            flash(request, "success", _("%(n)s entries are in force now.") % {"n": count})
            return redirect("hall_lists:fees")
    page = page_of(request, fees.fee_differences(), columns=COLUMNS, filters=(), default_order="")
    if page.wants_export:
        return page.export("fee-differences")
    names = {
        "page": page,
        "entries": fees.fee_entry_list(),
        "names": function_names(),
        "may_load": context_get().may(PREPARE),
        "errors": errors,
    }
    return render(request, "hall/lists/fees.html", names, status=422 if errors else 200)
