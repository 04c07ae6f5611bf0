"""Pages of the person's messages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from yiwang.hall.messages.actions import mark_all_read, mark_read
from yiwang.hall.messages.queries import count_unread, message_get, message_rows, message_view
from yiwang.identity.api import allow
from yiwang.kernel.api import Column, Source, context_get, flash, page_of, render
from yiwang.sdk.errors import N_

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
    return render(request, "hall/messages/list.html", {"page": page, "unread": unread})


@require_GET
@allow()
def detail(request: HttpRequest, message_id: int) -> HttpResponse:
    """Show one of my messages; opening it marks it as read."""
    message = message_get(message_id, account_id=context_get().account_id)
    if not message.is_read:
        mark_read(message_id, now=timezone.now())
    return render(request, "hall/messages/detail.html", {"message": message})


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
