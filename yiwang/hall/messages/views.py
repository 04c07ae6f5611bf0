"""Pages of the person's messages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from yiwang.hall.messages.actions import mark_all_read, mark_read
from yiwang.hall.messages.digest_rules import KINDS, ORDER
from yiwang.hall.messages.digests import digest_choose, digest_lines, digest_wanted
from yiwang.hall.messages.queries import count_unread, message_get, message_rows, message_view
from yiwang.identity.api import allow
from yiwang.kernel.api import Column, Source, context_get, flash, page_of, render
from yiwang.sdk.errors import N_, NotFound

STEWARD = "DATA_STEWARD"
COLUMNS = (Column("title", N_("Message")), Column("sent_at", N_("Sent")))


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
    """Show one of my messages; opening it marks it as read."""
    message = message_get(message_id, account_id=context_get().account_id)
    if not message.is_read:
        mark_read(message_id, now=timezone.now())
    return render(request, "hall/messages/detail.html", {"message": message, "shell": shell()})


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
