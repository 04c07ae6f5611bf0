"""Pages of cards and letters (监察牌、监察建议书): the supervisor's and those of who must answer."""

from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yiwang.hall.supervision.actions import (
    card_appeal,
    card_cancel,
    card_decide,
    card_reply,
    card_settle,
    letter_issue,
    letter_reply,
    violation_report,
)
from yiwang.hall.supervision.data import LEVELS, REPORTABLE, STATES, TRIGGERS
from yiwang.hall.supervision.errors import ReasonNeeded, ReportInvalid
from yiwang.hall.supervision.models import SupervisionCard, SupervisionLetter
from yiwang.hall.supervision.queries import (
    REPLY,
    SUPERVISE,
    VIEW,
    card_get,
    card_may_reply,
    letter_list,
    responsible_filter,
)
from yiwang.hall.supervision.views import PURPOSE, department_name, words
from yiwang.identity.api import account_get, allow, department_get, department_list
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    context_get,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, NotFound, YiwangError

TEXT_MAX = 2000


def _columns(departments: dict[int, str]) -> tuple[Column, ...]:
    return (
        Column("code", N_("Supervision number"), order="id"),
        Column("level", N_("Supervision level"), text=lambda row: _(LEVELS[row.level])),
        Column("trigger", N_("Violation class"), text=lambda row: _(TRIGGERS[row.trigger])),
        Column("number", N_("Application number")),
        Column("department", N_("Department"), text=lambda row: departments.get(row.department_id, "")),
        Column("issued_at", N_("Card issued"), order="issued_at"),
        Column("reply_due_at", N_("Answer due"), order="reply_due_at"),
        Column("state", N_("State"), text=lambda row: _(STATES[row.state])),
    )  # fmt: skip


def _filters(departments: dict[int, str]) -> list[Filter]:
    used = set(SupervisionCard.objects.values_list("department_id", flat=True).distinct())
    of_department = [(key, name) for key, name in departments.items() if key in used]
    return [
        Filter("level", N_("Supervision level"), "select", choices_of(LEVELS), _by("level")),
        Filter("state", N_("State"), "select", choices_of(STATES), _by("state")),
        Filter("trigger", N_("Violation class"), "select", choices_of(TRIGGERS), _by("trigger")),
        Filter("department", N_("Department"), "select", of_department, _by("department_id")),
        Filter(
            "number",
            N_("Application number"),
            apply=lambda rows, value: rows.filter(number__startswith=value.strip()),
        ),
    ]


def _by(column: str):
    return lambda rows, value: rows.filter(**{column: value})


def _departments() -> dict[int, str]:
    return {row.id: localized(department_name(row)) for row in department_list()}


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def cards(request: HttpRequest) -> HttpResponse:
    """List all cards (监察牌台账) by level, state, class and department; export."""
    departments = _departments()
    page = page_of(
        request,
        SupervisionCard.objects.order_by("-id"),
        columns=_columns(departments),
        filters=_filters(departments),
        default_order="-code",
    )
    if page.wants_export:
        return page.export("supervision-cards")
    names = {"page": page, "departments": departments, "now": timezone.now(), **words()}
    return render(request, "hall/supervision/cards.html", names)


@require_GET
@allow(populations={"STAFF"}, permission=REPLY, purpose="答复监察牌")
def mine(request: HttpRequest) -> HttpResponse:
    """List the cards I must answer (本人待答复监察牌), the soonest first."""
    departments = _departments()
    rows = SupervisionCard.objects.filter(responsible_filter(context_get()))
    waiting = Q(state="OPEN", reply_due_at__isnull=False)
    page = page_of(
        request,
        rows.order_by(F("state").desc(), F("reply_due_at").asc(nulls_last=True), "-id"),
        columns=_columns(departments),
        filters=[
            Filter("level", N_("Supervision level"), "select", choices_of(LEVELS), _by("level")),
            Filter("state", N_("State"), "select", choices_of(STATES), _by("state")),
        ],
    )
    letters_to_me = letter_list(department_ids=context_get().department_ids)
    names = {
        "page": page,
        "departments": departments,
        "waiting": rows.filter(waiting).count(),
        "letters": letters_to_me[:5] if "DEPARTMENT_HEAD" in context_get().roles else (),
        "now": timezone.now(),
        **words(),
    }
    return render(request, "hall/supervision/mine.html", names)


ACTS = {
    "reply": (card_reply, REPLY, N_("Your answer has been sent to the supervision office.")),
    "appeal": (card_appeal, REPLY, N_("Your appeal has been sent. It is decided within five working days.")),
    "uphold": (lambda card_id, **named: card_decide(card_id, upheld=True, **named), SUPERVISE, N_("The card is upheld.")),
    "withdraw": (lambda card_id, **named: card_decide(card_id, upheld=False, **named), SUPERVISE, N_("The appeal was granted and the card cancelled.")),
    "cancel": (card_cancel, SUPERVISE, N_("The card is cancelled.")),
    "settle": (card_settle, SUPERVISE, N_("The card is settled.")),
}  # fmt: skip


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, purpose="监察牌")
def card(request: HttpRequest, card_id: int) -> HttpResponse:
    """Show one card (监察牌) to the supervisor and to who must answer; answer, appeal, decide."""
    found = card_get(card_id)
    context, errors, text = context_get(), {}, ""
    act = request.POST.get("act", "")
    if request.method == "POST" and act in ACTS:
        function, _permission, done = ACTS[act]
        text = request.POST.get("text", "")[:TEXT_MAX]
        try:
            function(card_id, text=text, now=timezone.now())
        except ReasonNeeded as error:
            errors = {key: [_(each) for each in texts] for key, texts in error.fields.items()}
        else:
            flash(request, "success", _(done))
            return redirect("hall_supervision:card", card_id)
    department = department_get(found.department_id) if found.department_id else None
    officer = account_get(found.officer_id) if found.officer_id else None
    names = {
        "card": found,
        "events": found.events.all(),
        "department": localized(department_name(department)) if department else "",
        "officer": officer.name if officer else "",
        "may_reply": card_may_reply(found, context),
        "may_supervise": context.may(SUPERVISE),
        "errors": errors,
        "act": act,
        "text": text,
        "now": timezone.now(),
        **words(),
    }
    status = 422 if errors else 200
    return render(request, "hall/supervision/card.html", names, status=status)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SUPERVISE, purpose="登记违规")
def report(request: HttpRequest) -> HttpResponse:
    """Record a violation that somebody found (登记违规事实)."""
    names = ("trigger", "department_id", "number", "description")
    values = {name: request.POST.get(name, "")[:TEXT_MAX] for name in names}
    errors: dict = {}
    if request.method == "POST":
        chosen = values["department_id"]
        now = timezone.now()
        try:
            violation_report(
                values["trigger"],
                department_id=int(chosen) if chosen.isdecimal() else None,
                number=values["number"],
                description=values["description"],
                occurred_at=now,
                now=now,
            )
        except ReportInvalid as error:
            errors = _translated(error)
        else:
            flash(request, "success", _("Recorded. The card is issued within a minute."))
            return redirect("hall_supervision:cards")
    shown = {
        "values": values,
        "errors": errors,
        "classes": [(code, _(TRIGGERS[code])) for code in REPORTABLE],
        "departments": list(_departments().items()),
    }
    return render(request, "hall/supervision/report.html", shown, status=422 if errors else 200)


@require_GET
@allow(populations={"STAFF"}, permission=VIEW, purpose=PURPOSE)
def letters(request: HttpRequest) -> HttpResponse:
    """List the supervision letters (监察建议书), newest first."""
    columns = (
        Column("issued_at", N_("Letter sent"), order="issued_at"),
        Column("department", N_("Department")),
        Column("reply_due_at", N_("Answer due")),
        Column("replied_at", N_("Answered")),
    )
    page = page_of(request, letter_list(), columns=columns)
    return render(
        request,
        "hall/supervision/letters.html",
        {"page": page, "departments": _departments(), "now": timezone.now()},
    )


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, permission=SUPERVISE, purpose="监察建议书")
def letter_new(request: HttpRequest) -> HttpResponse:
    """Write a supervision letter (监察建议书) to a department."""
    values = {name: request.POST.get(name, "")[: 2 * TEXT_MAX] for name in ("text", "basis")}
    values["department_id"] = request.POST.get("department_id", request.GET.get("department", ""))[
        :12
    ]
    errors: dict = {}
    if request.method == "POST":
        chosen = values["department_id"]
        try:
            letter_id = letter_issue(
                int(chosen) if chosen.isdecimal() else 0,
                text=values["text"],
                basis=values["basis"],
                now=timezone.now(),
            )
        except ReportInvalid as error:
            errors = _translated(error)
        else:
            flash(request, "success", _("The letter has been sent to the heads of the department."))
            return redirect("hall_supervision:letter", letter_id)
    shown = {"values": values, "errors": errors, "departments": list(_departments().items())}
    return render(request, "hall/supervision/letter_new.html", shown, status=422 if errors else 200)


@require_http_methods(["GET", "POST"])
@allow(populations={"STAFF"}, purpose="监察建议书")
def letter(request: HttpRequest, letter_id: int) -> HttpResponse:
    """Show a letter (监察建议书) to the supervisor and the department's head, who reports back."""
    context = context_get()
    row = SupervisionLetter.objects.filter(pk=letter_id).first()
    is_head = "DEPARTMENT_HEAD" in context.roles and context.may(REPLY)
    mine = row is not None and is_head and row.department_id in context.department_ids
    if row is None or not (mine or context.may(VIEW)):
        raise NotFound()
    errors, text = {}, ""
    if request.method == "POST":
        text = request.POST.get("text", "")[:TEXT_MAX]
        try:
            letter_reply(letter_id, text=text, now=timezone.now())
        except ReasonNeeded as error:
            errors = _translated(error)
        else:
            flash(request, "success", _("Your report has been sent to the supervision office."))
            return redirect("hall_supervision:letter", letter_id)
    shown = {
        "letter": row,
        "department": _departments().get(row.department_id, ""),
        "may_reply": mine,
        "errors": errors,
        "text": text,
    }
    return render(request, "hall/supervision/letter.html", shown, status=422 if errors else 200)


def _translated(error: YiwangError) -> dict[str, list[str]]:
    return {key: [_(each) for each in texts] for key, texts in error.fields.items()}
