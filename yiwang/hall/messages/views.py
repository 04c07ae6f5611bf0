"""Pages of the person's messages (我的消息), of how they want to be told, and the doors of providers and mail programs."""

from datetime import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yiwang.hall.messages.actions import mark_all_read, mark_read
from yiwang.hall.messages.channels import channel_get
from yiwang.hall.messages.choices import (
    choice_get,
    choice_put,
    stop_add,
    stop_lift_own,
    stops_among,
    unsubscribe_read,
)
from yiwang.hall.messages.data import CHANNELS, STATES
from yiwang.hall.messages.digest_rules import KINDS, ORDER
from yiwang.hall.messages.digests import digest_choose, digest_lines, digest_wanted
from yiwang.hall.messages.errors import ChoiceInvalid
from yiwang.hall.messages.queries import (
    address_masked,
    count_unread,
    message_get,
    message_rows,
    message_view,
    sending_list,
)
from yiwang.hall.messages.rules import GROUPS
from yiwang.hall.messages.sendings import DEAD, receipts_take
from yiwang.hall.messages.timing import AT_ONCE, DIGEST, OFF
from yiwang.identity.api import AccountView, account_get, allow, public
from yiwang.kernel.api import (
    Column,
    Source,
    choices_of,
    context_get,
    flash,
    page_of,
    pushed,
    render,
)
from yiwang.sdk.errors import N_, NotFound

STEWARD = "DATA_STEWARD"
RECEIPTS_MAX = 1 << 20
COLUMNS = (Column("title", N_("Message")), Column("sent_at", N_("Sent")))
WAYS = ((AT_ONCE, N_("At once")), (DIGEST, N_("Once a day")), (OFF, N_("Not at all")))
LANGUAGES = (("", N_("As in my account")), ("zh", "中文"), ("en", "English"))


@require_GET
@allow()
def messages(request: HttpRequest) -> HttpResponse:
    """List my messages (我的消息), unread first."""
    rows = message_rows(context_get().account_id)
    source = Source(
        lambda query: [
            message_view(row) for row in rows[query.offset : query.offset + query.limit]
        ],
        lambda _query, cap: rows.order_by()[:cap].count(),
    )
    page = page_of(request, source, columns=COLUMNS)
    unread = count_unread(context_get().account_id)
    context = context_get()
    return render(
        request,
        "hall/messages/list.html",
        {
            "page": page,
            "unread": unread,
            "shell": shell(),
            "is_steward": STEWARD in context.roles,
            "digest_wanted": digest_wanted(context.account_id),
        },
    )


@require_GET
@allow()
def detail(request: HttpRequest, message_id: int) -> HttpResponse:
    """Show one of my messages and how it reached me; opening it marks it as read."""
    message = message_get(message_id, account_id=context_get().account_id)
    if not message.is_read:
        mark_read(message_id, now=timezone.now())
    return render(
        request,
        "hall/messages/detail.html",
        {
            "message": message,
            "sendings": sending_list(message_id),
            "channels": CHANNELS,
            "states": STATES,
            "shell": shell(),
        },
    )


@require_POST
@allow()
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all my messages as read."""
    count = mark_all_read(now=timezone.now())
    text = ngettext(
        "%(count)s message marked as read.", "%(count)s messages marked as read.", count
    )
    flash(request, "success", text % {"count": count})
    return redirect("hall_messages:list")


@require_http_methods(["GET", "HEAD", "POST"])
@allow()
def choices(request: HttpRequest) -> HttpResponse:
    """Show and keep how I want to be told (消息偏好)."""
    account = account_get(context_get().account_id)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        errors = _choices_keep(request, account)
        if not errors:
            flash(request, "success", _("Your choices are kept."))
            return redirect("hall_messages:choices")
    choice = choice_get(account.id)
    groups = [
        (key, title, {channel: choice.mode(key, channel) for channel in CHANNELS})
        for key, title in GROUPS.items()
        if (key == "WORK") == (account.population == "STAFF")
    ]
    return render(
        request,
        "hall/messages/choices.html",
        {
            "masked": {code: address_masked(code, at) for code, at in _addresses(account).items()},
            "choice": choice,
            "groups": groups,
            "channels": CHANNELS,
            "ways": choices_of(WAYS),
            "languages": choices_of(LANGUAGES),
            "stopped": _stopped(account),
            "errors": {key: [_(text) for text in texts] for key, texts in errors.items()},
            "shell": shell(),
        },
        status=422 if errors else 200,
    )


def _choices_keep(request: HttpRequest, account: AccountView) -> dict[str, list[str]]:
    given = request.POST
    ways = {
        group: {channel: given.get(f"{group}-{channel}", AT_ONCE) for channel in CHANNELS}
        for group in GROUPS
        if any(f"{group}-{channel}" in given for channel in CHANNELS)
    }
    times, errors = {}, {}
    for name in ("quiet_from", "quiet_to", "digest_at"):
        try:
            times[name] = time.fromisoformat(given.get(name, ""))
        except ValueError:
            errors[name] = [N_("Enter a time such as 21:00.")]
    if errors:
        return errors
    try:
        choice_put(language=given.get("language", ""), ways=ways, now=timezone.now(), **times)
    except ChoiceInvalid as error:
        return error.fields
    for channel, address in _addresses(account).items():
        if given.get(f"lift-{channel}") == "1":
            stop_lift_own(channel, address, now=timezone.now())
    return {}


def _addresses(account: AccountView) -> dict[str, str]:
    known = {"EMAIL": account.email, "SMS": account.phone}
    return {channel: address for channel, address in known.items() if address}


def _stopped(account: AccountView) -> dict[str, dict]:
    """Return the person's own addresses that receive nothing, masked, and whether they do not exist."""
    found = {}
    for channel, address in _addresses(account).items():
        for stop in stops_among(channel, [address]).values():
            found[channel] = {
                "address": address_masked(channel, address),
                "is_dead": stop.source == DEAD,
                "reason": stop.reason,
                "at": stop.at,
            }
    return found


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@public
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Send nothing more to an address (退订): the link of an e-mail, one click in the mail program (RFC 8058)."""
    channel, address = unsubscribe_read(token)
    if request.method == "POST":
        reason = _("Asked for by the link in a message")
        stop_add(channel, address, reason=reason, source="PERSON", now=timezone.now())
    return render(
        request,
        "hall/messages/unsubscribe.html",
        {
            "channel": CHANNELS[channel],
            "address": address_masked(channel, address),
            "is_done": request.method == "POST",
        },
    )


@pushed(body_max=RECEIPTS_MAX)
def receipts(request: HttpRequest, channel: str) -> HttpResponse:
    """Take what a provider says became of sendings (回执); its signature is its credential."""
    now = timezone.now()
    found = channel_get(channel).receipts_read(request.headers, request.body, now=now)
    receipts_take(channel, found, now=now)
    return HttpResponse(status=204)


@require_GET
@allow(populations={"STAFF"})
def digest(request: HttpRequest, day: str) -> HttpResponse:
    """Show my digest of a day line by line, each with the way to its desk (摘要详情)."""
    lines = digest_lines(context_get().account_id, day[:10])
    if not lines:
        raise NotFound()
    groups = [
        (KINDS[kind].heading, [line for line in lines if line.kind == kind])
        for kind in sorted({line.kind for line in lines}, key=ORDER.__getitem__)
    ]
    return render(
        request, "hall/messages/digest.html", {"day": day, "groups": groups, "n": len(lines)}
    )


@require_POST
@allow(populations={"STAFF"})
def digest_switch(request: HttpRequest) -> HttpResponse:
    """Switch my daily digest on or off (摘要开关)."""
    is_wanted = request.POST.get("wanted") == "1"
    digest_choose(is_wanted=is_wanted, now=timezone.now())
    text = (
        _("You will get a digest of your department's data each day.")
        if is_wanted
        else _("You will get no digest any more. The desks show the same.")
    )
    flash(request, "success", text)
    return redirect("hall_messages:list")


def shell() -> str:
    """Return the frame of the page: the desk for civil servants, the space for everybody else."""
    name = "desk" if context_get().population == "STAFF" else "space"
    return f"kernel/ui/{name}.html"
