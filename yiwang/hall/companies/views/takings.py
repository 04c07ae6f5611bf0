"""Taking up a company that only the registry has: what it says, what is different, who holds the shares (承接)."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yiwang.hall.companies.actions.takings import CLAIMED, company_take
from yiwang.hall.companies.data import COMPANY_KINDS, FACTS
from yiwang.hall.companies.errors import AlreadyRegistered, NotTakeable, TakingIncomplete
from yiwang.hall.companies.taken import RegistryRecord, takeable_get
from yiwang.identity.api import allow
from yiwang.kernel.api import context_get, error_text, flash, rate_exceeded, render

PARTIES = {"CITIZEN", "AGENT"}
PURPOSE = "承接企业登记信息"
ROWS_LEAST, ROWS_MOST, A_MINUTE = 3, 50, 10
ROW = ("name", "number", "capital_wan")


@require_http_methods(["GET", "POST"])
@allow(populations=PARTIES, purpose=PURPOSE)
def take(request: HttpRequest) -> HttpResponse:
    """Show what the registry has of one's company, and take it up (承接登记信息)."""
    given = request.POST if request.method == "POST" else request.GET
    uscc = given.get("uscc", "").strip().upper()[:18]
    record, refused = _found(uscc)
    errors: dict[str, list[str]] = {}
    if request.method == "POST" and record is not None:
        try:
            count = company_take(uscc, claims=given, holders=_holders(given), now=timezone.now())
        except TakingIncomplete as error:
            errors = dict(error.fields)
        else:
            said = _("Your registrar settles %(count)s points; you are told when it is done.")
            done = _("The company stands in the register. You can file for it now.")
            flash(request, "success", said % {"count": count} if count else done)
            return redirect("hall_companies:own_company", record.uscc)
    names = {
        "asked": uscc,
        "record": record,
        "refused": refused,
        "errors": errors,
        "typed": given if request.method == "POST" else {},
        "facts": FACTS,
        "claimed": CLAIMED,
        "kind": COMPANY_KINDS[record.kind] if record else "",
        "holders": _rows(record, given) if record else [],
    }
    return render(request, "hall/companies/take.html", names, status=_status(errors, refused))


def _status(errors: Mapping, refused: str) -> int:
    return 422 if errors or refused else 200


def _found(uscc: str) -> tuple[RegistryRecord | None, str]:
    """Return the record that one may take up, or why not; looked up so often a minute and no more."""
    if not uscc:
        return None, ""
    if rate_exceeded(f"hall.companies.take:{context_get().account_id}", per_minute=A_MINUTE):
        return None, _("Too many in a minute. Wait a little and try again.")
    try:
        return takeable_get(uscc), ""
    except (AlreadyRegistered, NotTakeable) as error:
        return None, error_text(error)


def _holders(given: Mapping[str, str]) -> list[dict[str, str]]:
    count = given.get("rows", "")
    number = min(int(count), ROWS_MOST) if count.isdecimal() else 0
    return [{key: given.get(f"{key}-{row}", "")[:60] for key in ROW} for row in range(number)]


def _rows(record: RegistryRecord, given: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the rows for shareholders: as typed, else whom the registry names, with some to fill in."""
    rows = _holders(given) or [
        {"name": name, "number": "", "capital_wan": ""} for _ref, name in record.holders
    ]
    if not _holders(given) and len(rows) == 1:
        rows[0]["capital_wan"] = record.value("registered_capital")
    missing = max(ROWS_LEAST, len(record.holders) + 1) - len(rows)
    if given.get("more"):
        missing = max(missing, 3)
    return rows + [dict.fromkeys(ROW, "") for _row in range(missing)]
