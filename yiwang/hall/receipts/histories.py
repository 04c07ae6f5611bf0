"""Sealing the histories of all cases day by day, and giving a holder the proof of one (历程封存与证明)."""

import secrets
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from yiwang.engines.api import HistoryFact, history_scan
from yiwang.hall.receipts import rules
from yiwang.hall.receipts.errors import ReceiptNotFound
from yiwang.hall.receipts.models import HistoryDay, HistoryLeaf, SubmissionRecord
from yiwang.identity.api import data_scope
from yiwang.kernel.api import action, audit_record, context_get, context_system, context_use
from yiwang.sdk.canonical import canonical_digest, exact
from yiwang.sdk.history_proofs import (
    FIRST,
    FORMAT,
    day_link,
    event_link,
    leaf_make,
    tree_path,
    tree_root,
)

CHUNK = 5_000
EVENTS_MAX = 10_000
SETTLED = timedelta(hours=1)
"""After midnight, so that no act of the day is still on its way."""
_ZONE = timezone.get_default_timezone()


def histories_seal(*, now: datetime) -> int:
    """Seal every day that is over and has events (历程封存); returns how many days."""
    with context_use(context_system("历程封存")):
        last = HistoryDay.objects.order_by("-day").first()
        after = last.until_id if last else 0
        sealed = 0
        while first := history_scan(after=after, limit=1):
            day = first[0].at.astimezone(_ZONE).date()
            day = max(day, last.day + timedelta(days=1)) if last else day
            until = datetime.combine(day + timedelta(days=1), time(), _ZONE)
            if now < until + SETTLED:
                break
            last = _day_seal(day, until, last, now=now)
            after = last.until_id
            sealed += 1
        return sealed


@action("hall.receipts.seal_day")
def _day_seal(day: date, until: datetime, last: HistoryDay | None, *, now: datetime) -> HistoryDay:
    """Write one day (日根): the unique day lets one of two at the same time through."""
    after, heads, events = last.until_id if last else 0, {}, 0
    while facts := history_scan(after=after, until=until, limit=CHUNK):
        after, events = facts[-1].id, events + len(facts)
        _heads_take(heads, facts)
    rows = [
        HistoryLeaf(place=place, key=key, events=count, head=head, nonce=secrets.token_hex(16))
        for place, (key, (count, head)) in enumerate(sorted(heads.items()))
    ]
    root = tree_root([leaf_make(row.nonce, row.key, row.head) for row in rows])
    before = last.link if last else FIRST
    sealed = HistoryDay.objects.create(
        day=day,
        count=len(rows),
        events=events,
        until_id=after,
        root=root,
        before=before,
        link=day_link(before, day=day.isoformat(), root=root, count=len(rows)),
        sealed_at=now,
    )
    for row in rows:
        row.day = sealed
    HistoryLeaf.objects.bulk_create(rows, batch_size=1_000)
    # Stands in the audit trail too: whoever rewrites one has the other against him.
    audit_record(f"history_day:{day}", detail={"link": sealed.link, "count": len(rows)})
    return sealed


def _heads_take(heads: dict[str, tuple[int, str]], facts: list[HistoryFact]) -> None:
    keys = {fact.business_key for fact in facts} - heads.keys()
    heads.update(_heads_of(keys))
    for fact in facts:
        count, head = heads[fact.business_key]
        heads[fact.business_key] = (count + 1, event_link(head, event_of(fact)))


def _heads_of(keys: set[str]) -> dict[str, tuple[int, str]]:
    """Return where the chains of cases stood when they were last sealed."""
    found = dict.fromkeys(keys, (0, FIRST))
    wanted = sorted(keys)
    for start in range(0, len(wanted), 1_000):
        rows = HistoryLeaf.objects.filter(key__in=wanted[start : start + 1_000]).order_by("pk")
        found.update({row.key: (row.events, row.head) for row in rows})
    return found


def event_of(fact: HistoryFact) -> dict:
    """Return what of an event is linked (入链事件): no name; the rest of it as a digest."""
    return {
        "instance": fact.instance_id,
        "seq": fact.seq,
        "at": rules.moment_text(fact.at),
        "kind": fact.kind,
        "step": fact.node_id,
        "detail_sha256": canonical_digest(exact(fact.detail)),
    }


def history_proof(number: str) -> dict:
    """Return the proof of the history of one's own case (历程证明). Raises ReceiptNotFound for others."""
    subject_ref = context_get().subject_ref
    with data_scope(purpose="查看本人办件历程", reason=number):
        record = SubmissionRecord.objects.filter(number=number, holder_ref=subject_ref).first()
    if record is None or not subject_ref:
        raise ReceiptNotFound()
    key = f"application:{number}"
    facts = history_scan(after=0, limit=EVENTS_MAX, business_key=key)
    leaves = HistoryLeaf.objects.filter(key=key).select_related("day").order_by("pk")
    return {
        "format": FORMAT,
        "key": key,
        "submission_sha256": record.sha256,
        "events": [event_of(fact) for fact in facts],
        "anchors": [_anchor(leaf) for leaf in leaves],
    }


def _anchor(leaf: HistoryLeaf) -> dict:
    day = leaf.day
    rows = HistoryLeaf.objects.filter(day=day).order_by("place")
    leaves = [leaf_make(*row) for row in rows.values_list("nonce", "key", "head")]
    return {
        "day": day.day.isoformat(),
        "events": leaf.events,
        "nonce": leaf.nonce,
        "path": tree_path(leaves, leaf.place),
        "count": day.count,
        "before": day.before,
        "link": day.link,
    }


def published_links() -> dict[str, str]:
    """Return what is published: {day: link} (公布的日根)."""
    return {day.isoformat(): link for day, link in HistoryDay.objects.values_list("day", "link")}


def histories_check(*, since: date | None = None) -> list[str]:
    """Work all days out anew from the events (历程核验); the days that do not fit, oldest first."""
    wrong, before, after, kept = [], FIRST, 0, {}
    for day in HistoryDay.objects.order_by("day"):
        heads = _day_heads(after, day, kept)
        rows = list(day.leaves.order_by("place"))
        leaves = [leaf_make(row.nonce, row.key, row.head) for row in rows]
        fits = (
            {row.key: (row.events, row.head) for row in rows} == heads
            and tree_root(leaves) == day.root
            and day.before == before
            and day.link
            == day_link(before, day=day.day.isoformat(), root=day.root, count=day.count)
        )
        if not fits and (since is None or day.day >= since):
            wrong.append(day.day.isoformat())
        before, after = day.link, day.until_id
    return wrong


def _day_heads(after: int, day: HistoryDay, kept: dict) -> dict[str, tuple[int, str]]:
    """Return the heads of the cases that moved on a day; kept: those of all cases so far."""
    moved: set[str] = set()
    while after < day.until_id:
        facts = [one for one in history_scan(after=after, limit=CHUNK) if one.id <= day.until_id]
        if not facts:
            break
        after = facts[-1].id
        for fact in facts:
            count, head = kept.get(fact.business_key, (0, FIRST))
            kept[fact.business_key] = (count + 1, event_link(head, event_of(fact)))
            moved.add(fact.business_key)
    return {key: kept[key] for key in moved}
