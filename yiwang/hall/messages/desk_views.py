"""Desks of messages: the templates a city edits, what goes out and what failed, the stop list."""

from collections import Counter
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.messages.choices import STOPS, stop_lift, stop_put
from yiwang.hall.messages.data import CHANNELS, FAILED, STATES, STOP_SOURCES
from yiwang.hall.messages.errors import (
    ChannelUnknown,
    ChoiceInvalid,
    SendingNotFailed,
    TemplateInvalid,
)
from yiwang.hall.messages.models import MessageSending, StopEntry
from yiwang.hall.messages.queries import address_masked, sending_view
from yiwang.hall.messages.rules import GROUPS, KINDS, Template, fields_of, sms_parts, text_make
from yiwang.hall.messages.sendings import (
    OUTGOING,
    channel_set,
    channel_states,
    failed_resend,
    sending_resend,
    stop_rows,
)
from yiwang.hall.messages.shipped import TEMPLATES
from yiwang.hall.messages.templates import (
    MANAGE,
    template_change,
    template_get,
    template_list,
    template_restore,
    version_list,
)
from yiwang.identity.api import allow
from yiwang.kernel.api import (
    Column,
    Filter,
    choices_of,
    datetime_text,
    error_text,
    flash,
    localized,
    page_of,
    render,
)
from yiwang.sdk.errors import N_, Conflict, NotFound, YiwangError

ALL_CHANNELS = {**CHANNELS, "LETTER": N_("Letter")}
QUICK = timedelta(seconds=10)
SAMPLE = {
    "number": "32050820261122000001",
    "title": {"zh": "老年人优待证", "en": "Senior citizen card"},
    "department": {"zh": "市民政局", "en": "Civil Affairs Bureau"},
    "reason": {"zh": "材料与登记信息不一致。", "en": "The documents differ from the register."},
    "legal_basis": {"zh": "《行政许可法》第三十八条。", "en": "Administrative Licensing Law, article 38."},
    "amount": "10",
    "tracking": "YL000000000123",
    "measures": {"zh": "已增设窗口。", "en": "A window was added."},
    "n": "3", "count": "2", "red": "0", "yellow": "1", "warnings": "1",
    "lines": {"zh": "· 新异常 3", "en": "· New exceptions 3"},
}  # fmt: skip


@require_GET
@allow(populations={"STAFF"}, permission=MANAGE)
def templates(request: HttpRequest) -> HttpResponse:
    """List the message templates by audience (消息模板)."""
    found = template_list()
    groups = [
        (title, [one for one in found if one.audience == audience])
        for audience, title in (
            ("APPLICANT", N_("To applicants")),
            ("STAFF", N_("To civil servants")),
        )
    ]
    parts = {
        one.name: max(sms_parts(_sample(one)["sms"][lang]) for lang in ("zh", "en"))
        for one in found
    }
    context = {"groups": groups, "sms_parts": parts, "group_names": GROUPS, "channels": CHANNELS}
    return render(request, "hall/messages/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=MANAGE)
def template(request: HttpRequest, name: str) -> HttpResponse:
    """Show, preview, change and restore a template (修改消息模板)."""
    if name not in TEMPLATES:
        raise NotFound()
    current = template_get(name)
    shown, errors = current, {}
    version, reason = current.version, ""
    if request.method == "POST":
        shown, version, reason = _form(request, current)
        act = request.POST.get("act", "")
        try:
            if act == "save":
                template_change(
                    name, _values(shown), version=version, reason=reason, now=timezone.now()
                )
            elif act == "restore":
                template_restore(name, version=version, now=timezone.now())
        except TemplateInvalid as error:
            errors = {key: [_(text) for text in texts] for key, texts in error.fields.items()}
        else:
            if act in ("save", "restore"):
                flash(
                    request,
                    "success",
                    _("The template is kept. It holds from the next message on."),
                )
                return redirect("hall_messages:template", name)
    return render(
        request,
        "hall/messages/template.html",
        {
            "template": shown,
            "version": version,
            "reason": reason,
            "errors": errors,
            "fields": sorted(TEMPLATES[name].fields),
            "preview": _sample(shown),
            "sms_parts": {lang: sms_parts(text) for lang, text in _sample(shown)["sms"].items()},
            "missing": _left_out(shown, TEMPLATES[name]),
            "versions": version_list(name),
            "kinds": choices_of(KINDS),
            "groups": [(code, localized(text)) for code, text in GROUPS.items()],
            "channels": choices_of(CHANNELS),
        },
        status=422 if errors else 200,
    )


def _form(request: HttpRequest, current: Template) -> tuple[Template, int, str]:
    given = request.POST

    def both(part: str) -> dict[str, str]:
        return {
            lang: given.get(f"{part}_{lang}", "").replace("\r\n", "\n")[:4000]
            for lang in ("zh", "en")
        }

    shown = Template(
        current.name,
        kind=given.get("kind", "")[:8],
        group=given.get("group", "")[:10],
        is_urgent=given.get("is_urgent") == "1",
        channels=tuple(code for code in CHANNELS if code in given.getlist("channels")),
        title=both("title"),
        body=both("body"),
        sms=both("sms"),
        audience=current.audience,
        topic=current.topic,
        where=current.where,
        page=current.page,
        version=current.version,
    )
    version = given.get("version", "")
    return shown, int(version) if version.isdecimal() else -1, given.get("reason", "")[:300]


def _values(shown: Template) -> dict[str, object]:
    names = ("kind", "group", "is_urgent", "channels", "title", "body", "sms")
    return {name: getattr(shown, name) for name in names}


def _sample(template: Template) -> dict[str, dict[str, str]]:
    parts = {"title": template.title, "body": template.body, "sms": template.sms_text}
    return {part: text_make(pattern, SAMPLE) for part, pattern in parts.items()}


def _left_out(shown: Template, shipped: Template) -> list[str]:
    """Return the fields that the shipped text tells and this one does not: a hint, no fault."""
    told = {name for text in shown.body.values() for name in fields_of(text)}
    told |= {name for text in shown.title.values() for name in fields_of(text)}
    return sorted(shipped.fields - told)


def _address_text(row: MessageSending) -> str:
    return address_masked(row.channel, row.address)


def _rows(rows: object, value: str) -> object:
    return rows.filter(pk=int(value)) if value.isdecimal() else rows  # type: ignore[attr-defined]


_COLUMNS = (
    Column("id", N_("Sending number"), order="id"),
    Column("channel", N_("Channel"), text=lambda row: _(ALL_CHANNELS[row.channel])),
    Column("address", N_("Sent to"), text=_address_text),
    Column("title", N_("Message")),
    Column("state", N_("State"), text=lambda row: _(STATES[row.state])),
    Column("created_at", N_("Written"), text=lambda row: datetime_text(row.created_at)),
    Column(
        "sent_at",
        N_("Sent"),
        text=lambda row: datetime_text(row.sent_at) if row.sent_at else "—",
    ),
    Column("error", N_("What went wrong")),
)


def _filters() -> tuple[Filter, ...]:
    states = [("FAILED", _("Failed")), *choices_of(STATES)]
    channels = choices_of(ALL_CHANNELS)
    return (
        Filter(
            "state",
            N_("State"),
            "select",
            states,
            lambda rows, value: rows.filter(state__in=FAILED if value == "FAILED" else [value]),
        ),
        Filter(
            "channel",
            N_("Channel"),
            "select",
            channels,
            lambda rows, value: rows.filter(channel=value),
        ),
        Filter("number", N_("Sending number"), apply=_rows),
    )


@require_GET
@allow(populations={"STAFF"}, permission=OUTGOING)
def outgoing(request: HttpRequest) -> HttpResponse:
    """Show how the channels do, what goes out and what failed (发送监控与死信)."""
    rows = MessageSending.objects.order_by("-pk")
    page = page_of(request, rows, columns=_COLUMNS, filters=_filters(), count_cap=10_000)
    if page.wants_export:
        return page.export("sendings")
    now = timezone.now()
    return render(
        request,
        "hall/messages/outgoing.html",
        {
            "page": page,
            "now": now,
            "states": STATES,
            "failed": FAILED,
            "channels": ALL_CHANNELS,
            "channel_states": channel_states(),
            "day": _last_day(now),
            "view": sending_view,
        },
    )


def _last_day(now: datetime) -> list[dict]:
    """Count the last day by channel: states, and how many were handed over within ten seconds."""
    rows = MessageSending.objects.filter(created_at__gte=now - timedelta(days=1)).values_list(
        "channel", "state", "not_before", "sent_at"
    )
    counts: dict[str, Counter] = {channel: Counter() for channel in ALL_CHANNELS}
    for channel, state, due, sent in rows.iterator(chunk_size=5000):
        counts[channel][state] += 1
        if sent is not None:
            counts[channel]["handed_over"] += 1
            counts[channel]["quick"] += sent - due <= QUICK
    return [
        {
            "channel": channel,
            "sent": found["handed_over"],
            "quick": round(100 * found["quick"] / found["handed_over"])
            if found["handed_over"]
            else None,
            "waiting": found["CREATED"] + found["SENDING"],
            "failed": sum(found[state] for state in FAILED),
        }
        for channel, found in counts.items()
    ]


@require_POST
@allow(populations={"STAFF"}, permission=OUTGOING)
def resend(request: HttpRequest) -> HttpResponse:
    """Send failed ones once more (重发): one, or all of a channel that failed in one way."""
    now = timezone.now()
    number = request.POST.get("sending", "")
    try:
        if number.isdecimal():
            sending_resend(int(number), now=now, address=request.POST.get("address", "")[:254])
            count = 1
        else:
            given = request.POST
            count = failed_resend(given.get("channel", "")[:8], given.get("state", ""), now=now)
    except SendingNotFailed as error:
        flash(request, "warning", error_text(error))
    else:
        text = ngettext("%(n)s is sent once more.", "%(n)s are sent once more.", count)
        flash(request, "success", text % {"n": count})
    return redirect("hall_messages:outgoing")


@require_POST
@allow(populations={"STAFF"}, permission=OUTGOING)
def channel(request: HttpRequest) -> HttpResponse:
    """Stop a channel, let it go on, set its rate (渠道开关与限速)."""
    given = request.POST
    rate = given.get("per_minute", "")
    try:
        channel_set(
            given.get("channel", ""),
            is_stopped=given.get("is_stopped") == "1",
            per_minute=int(rate) if rate.isdecimal() else 0,
        )
    except ChannelUnknown:
        flash(request, "warning", _("Enter from 1 to 100,000 sendings a minute."))
    else:
        flash(request, "success", _("The channel is set."))
    return redirect("hall_messages:outgoing")


_STOP_COLUMNS = (
    Column("channel", N_("Channel"), text=lambda row: _(ALL_CHANNELS[row.channel])),
    Column("address", N_("Address"), text=_address_text),
    Column("source", N_("Why it is here"), text=lambda row: _(STOP_SOURCES[row.source])),
    Column("reason", N_("Reason")),
    Column("at", N_("Since"), text=lambda row: datetime_text(row.at)),
)


def _stop_filters() -> tuple[Filter, ...]:
    return (
        Filter(
            "source",
            N_("Why it is here"),
            "select",
            choices_of(STOP_SOURCES),
            lambda rows, value: rows.filter(source=value),
        ),
        Filter(
            "address",
            N_("Address or number"),
            apply=lambda rows, value: rows.filter(address=value.strip().lower()),
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@allow(populations={"STAFF"}, permission=STOPS)
def stops(request: HttpRequest) -> HttpResponse:
    """Show the addresses that want nothing (停发名单), add one and take one off."""
    errors: dict[str, list[str]] = {}
    values = {name: request.POST.get(name, "")[:254] for name in ("channel", "address", "reason")}
    if request.method == "POST":
        try:
            _stop_change(request, values)
        except ChoiceInvalid as error:
            errors = {key: [_(text) for text in texts] for key, texts in error.fields.items()}
        except YiwangError as error:
            flash(request, "warning", error_text(error))
            return redirect("hall_messages:stops")
        else:
            flash(request, "success", _("The stop list is changed."))
            return redirect("hall_messages:stops")
    page = page_of(request, stop_rows(), columns=_STOP_COLUMNS, filters=_stop_filters())
    if page.wants_export:
        return page.export("stop-list")
    return render(
        request,
        "hall/messages/stops.html",
        {
            "page": page,
            "errors": errors,
            "values": values,
            "channels": choices_of(CHANNELS),
            "channel_names": ALL_CHANNELS,
            "masked": address_masked,
        },
        status=422 if errors else 200,
    )


def _stop_change(request: HttpRequest, values: dict[str, str]) -> None:
    now = timezone.now()
    lift = request.POST.get("lift", "")
    if not lift:
        stop_put(values["channel"], values["address"], reason=values["reason"], now=now)
        return
    if not StopEntry.objects.filter(pk=lift if lift.isdecimal() else 0).exists():
        raise Conflict()
    stop_lift(int(lift), now=now)
