"""What happens at a window (窗口业务): identify, take in for any department, keep papers, hand them over."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.utils import timezone

from yiwang.hall.applications.actions.filing import draft_begin_for, filed_drafts_drop
from yiwang.hall.applications.filing import COMMUNITY as COMMUNITY_CHANNEL
from yiwang.hall.applications.filing import WINDOW as WINDOW_CHANNEL
from yiwang.hall.applications.filing import Filing, acting_for
from yiwang.hall.bundles.actions.drafts import (
    bundle_draft_begin,
    bundle_draft_begin_for,
    bundle_filed_drafts_drop,
)
from yiwang.hall.bundles.queries.bundles import bundle_get
from yiwang.hall.counters.actions.tickets import ticket_application_add
from yiwang.hall.counters.actions.windows import ticket_finish, ticket_visit_begin
from yiwang.hall.counters.queries.tickets import ticket_in_hand
from yiwang.hall.matters.queries import matter_get
from yiwang.hall.parties.actions import parties_leave, party_accept, party_join
from yiwang.hall.parties.data import OwnPart, Presence
from yiwang.hall.parties.identifying import person_identify
from yiwang.hall.parties.signing import office_of
from yiwang.hall.ratings.actions import rating_follow_up, rating_give
from yiwang.hall.ratings.data import ON_SITE, Trace
from yiwang.hall.windows.data import COMMUNITY, PURPOSE, VISIT_LIFE, VisitView, WindowView
from yiwang.hall.windows.errors import (
    HandOverNotFound,
    HandOverReceived,
    IdentityNotConfirmed,
    MatterNotTaken,
    NothingToHandOver,
    NotTheirAgent,
    OriginalIncomplete,
    VisitNotFound,
)
from yiwang.hall.windows.mandates import mandate_bundle_require, mandate_require
from yiwang.hall.windows.models import HandOver, Original, Taking, Visit, Window
from yiwang.hall.windows.queries import (
    MANAGE,
    OWN_VISIT,
    RECEIVE,
    SERVE,
    bundle_takeable,
    citizen_account,
    hand_over_rows,
    matter_takeable,
    own_visit_get,
    own_window_row,
    ticket_of_visit,
    visit_of_ticket,
    visit_rows,
    visit_subject,
    visit_view,
    window_view,
)
from yiwang.hall.windows.rules import is_elsewhere
from yiwang.identity.api import account_list, agent_list
from yiwang.kernel.api import (
    action,
    audit_record,
    context_get,
    context_system,
    context_use,
    permission_require,
    serial_next,
)
from yiwang.resources.api import NotInRegistry, enterprise_get
from yiwang.sdk.identifiers import normalise, person_ref_of, spoken_code

ADVICE = {"zh": "窗口咨询", "en": "Advice at a window"}


@action("hall.windows.window_put", permission=MANAGE)
def window_put(
    code: str,
    *,
    title: Mapping[str, str],
    kind: str,
    department_id: int,
    area_code: str,
    address: str,
    matters: tuple[str, ...] = (),
    is_open: bool = True,
) -> WindowView:
    """Set a window up or change it (设置窗口); the same code again changes that window."""
    window, _is_new = Window.objects.update_or_create(
        code=code,
        defaults={
            "title": dict(title),
            "kind": kind,
            "department_id": department_id,
            "area_code": area_code,
            "address": address,
            "matters": list(matters),
            "is_open": is_open,
        },
        create_defaults={
            "title": dict(title),
            "kind": kind,
            "department_id": department_id,
            "area_code": area_code,
            "address": address,
            "matters": list(matters),
            "is_open": is_open,
            "evaluator_key": secrets.token_urlsafe(18),
        },
    )
    audit_record(f"window:{code}", detail={"kind": kind, "open": is_open})
    return window_view(window)


# --- visits --------------------------------------------------------------------------------------


def visit_open(
    window_code: str,
    *,
    id_number: str,
    name: str,
    uscc: str = "",
    purpose: str = "",
    ticket_id: int | None = None,
    now: datetime,
) -> VisitView:
    """Identify who stands at the window and open a visit (窗口来访); for an enterprise, by its agent.

    The population registry says yes or no to number and name, audited with the purpose whatever it answers;
    no value of the person is read here. ticket_id: the ticket in the clerk's hand that the visitor holds.
    Raises IdentityNotConfirmed, NotTheirAgent, WindowNotYours, TicketStateWrong.
    """
    permission_require(SERVE)
    ref = person_identify(id_number, name, purpose=PURPOSE, now=now)
    if not ref:
        raise IdentityNotConfirmed(fields={"id_number": [str(IdentityNotConfirmed())]})
    return _visit_open(
        window_code,
        visitor=(ref, name.strip()),
        uscc=uscc,
        purpose=purpose,
        ticket_id=ticket_id,
        now=now,
    )


@action("hall.windows.visit_open", permission=SERVE)
def _visit_open(
    window_code: str,
    *,
    visitor: tuple[str, str],
    uscc: str,
    purpose: str,
    ticket_id: int | None,
    now: datetime,
) -> VisitView:
    window = own_window_row(window_code)
    context = context_get()
    applicant = _enterprise_of(uscc, visitor[0], now=now) if uscc.strip() else visitor
    day = timezone.localdate(now)
    row = visit_rows().create(
        number=f"V{day:%Y%m%d}{serial_next(f'hall.windows:V:{day:%Y%m%d}'):05d}",
        window=window,
        clerk_id=context.account_id,
        clerk_name=context.name,
        visitor_ref=visitor[0],
        visitor_name=visitor[1],
        applicant_ref=applicant[0],
        applicant_name=applicant[1],
        purpose=(purpose.strip() or "窗口办事")[:100],
        rating_code=spoken_code(),
        opened_at=now,
        expires_at=now + VISIT_LIFE,
        ticket_id=ticket_id,
    )
    if ticket_id is not None:
        ticket_visit_begin(ticket_id, rating_code=row.rating_code, now=now)
    audit_record(
        f"visit:{row.number}",
        person_ref=person_ref_of(visitor[0]),
        detail={
            "window": window.code,
            "for": applicant[0],
            "purpose": row.purpose,
            "ticket": ticket_id,
        },
    )
    return visit_view(row)


def _enterprise_of(uscc: str, visitor_ref: str, *, now: datetime) -> tuple[str, str]:
    """Return the enterprise for which a person may act (企业经办核验). Raises NotTheirAgent."""
    code = normalise(uscc)
    refusal = NotTheirAgent(fields={"uscc": [str(NotTheirAgent())]})
    try:
        enterprise = enterprise_get(code)
    except NotInRegistry:
        raise refusal from None
    ref = f"enterprise:{code}"
    if not office_of(ref, visitor_ref, on=timezone.localdate(now)):
        raise refusal
    return ref, enterprise.name


@action("hall.windows.visit_begin", permission=SERVE)
def visit_begin(
    number: str, matter_code: str, *, now: datetime, mandate_id: int | None = None
) -> int:
    """Begin a matter of any department for the visitor (无差别受理); return the draft's id.

    mandate_id: for who authorised the visitor instead (受托办理), within what that covers. Raises VisitOver,
    MatterNotTaken, MandateNotFound, MandateEnded, MandateElsewhere, and what refuses the applicant.
    """
    visit = own_visit_get(number, now=now)
    matter = matter_get(matter_code)
    if not matter_takeable(matter, visit.window):
        raise MatterNotTaken(title=matter.title)
    filing, applicant_ref = visit_filing(visit), visit.applicant_ref
    if mandate_id is not None:
        day = timezone.localdate(now)
        mandate = mandate_require(visit, mandate_id, matter=matter, on=day)
        filing, applicant_ref = replace(filing, delegation_id=mandate.id), mandate.principal_ref
    draft_id = draft_begin_for(matter.code, applicant_ref=applicant_ref, filing=filing, now=now)
    detail = {"matter": matter.code, "draft": draft_id, "mandate": mandate_id}
    audit_record(f"visit:{number}", detail=detail)
    return draft_id


@action("hall.windows.visit_bundle_begin", permission=SERVE)
def visit_bundle_begin(
    number: str, key: str, *, now: datetime, mandate_id: int | None = None
) -> int:
    """Begin a bundle for the visitor (窗口受理一件事): one form for all its matters; return the draft's id.

    mandate_id: for who authorised the visitor instead (受托办理); of its matters, those that this covers. Raises
    VisitOver, BundleNotFound, MatterNotTaken, BundleNotForYou, MandateNotFound, MandateEnded, MandateElsewhere.
    """
    visit = own_visit_get(number, now=now)
    bundle = bundle_get(key)
    if not bundle_takeable(bundle, visit.window):
        raise MatterNotTaken(title=bundle.title)
    filing, applicant_ref = visit_filing(visit), visit.applicant_ref
    if mandate_id is None:
        with acting_for(applicant_ref):
            draft_id = bundle_draft_begin(key, filing=filing, now=now)
    else:
        day = timezone.localdate(now)
        mandate = mandate_bundle_require(visit, mandate_id, bundle=bundle, on=day)
        filing, applicant_ref = replace(filing, delegation_id=mandate.id), mandate.principal_ref
        draft_id = bundle_draft_begin_for(key, applicant_ref=applicant_ref, filing=filing, now=now)
    audit_record(
        f"visit:{number}",
        person_ref=person_ref_of(applicant_ref),
        detail={"bundle": key, "draft": draft_id, "mandate": mandate_id},
    )
    return draft_id


def visit_filing(visit: VisitView) -> Filing:
    """Return how what is taken in at a visit is filed (窗口申报方式)."""
    channel = COMMUNITY_CHANNEL if visit.window.kind == COMMUNITY else WINDOW_CHANNEL
    return Filing(channel=channel, by_name=visit.clerk_name, visit_id=visit.id)


@action("hall.windows.visit_join", permission=SERVE)
def visit_join(
    number: str, *, now: datetime, code: str = "", invitation_id: int | None = None
) -> OwnPart:
    """Let the visitor take part in an application of somebody else (到窗口共同办理): by code, or as invited.

    The clerk fills the part in for them. Raises VisitOver, PartyCodeWrong, PartyTwice.
    """
    visit = own_visit_get(number, now=now)
    at = presence_of(visit)
    with acting_for(visit.applicant_ref):
        if invitation_id is not None:
            own = party_accept(invitation_id, at=at, now=now)
        else:
            own = party_join(code, at=at, now=now)
    audit_record(
        f"visit:{number}",
        person_ref=person_ref_of(visit.visitor_ref),
        detail={"part": own.part.id},
    )
    return own


def presence_of(visit: VisitView) -> Presence:
    """Return who stands at the window as a party (到窗口的当事人)."""
    if visit.applicant_ref.startswith("enterprise:"):
        agents = agent_list(visit.applicant_ref, timezone.localdate(visit.opened_at))
        account_id = next((one.id for one in agents), None)
    else:
        account_id = citizen_account(visit.applicant_ref)
    return Presence(visit.id, visit.applicant_name, account_id)


@action("hall.windows.visit_end", permission=SERVE)
def visit_end(number: str, *, now: datetime, with_ticket: bool = False) -> None:
    """End a visit (结束来访): the clerk's access ends, what was not submitted is thrown away.

    with_ticket: the ticket that the visitor holds is finished too, if it is still in the clerk's hand.
    """
    visit = own_visit_get(number, now=now)
    _end([visit.id], now=now)
    ticket = ticket_of_visit(visit)
    if with_ticket and ticket is not None:
        ticket_finish(ticket.window_id, now=now)
    audit_record(f"visit:{number}", person_ref=person_ref_of(visit.visitor_ref))


def visit_of_ticket_end(ticket_id: int, now: datetime) -> None:
    """End the acting clerk's visit of a ticket (随号票结束来访), if one is open."""
    found = visit_of_ticket(ticket_id, now)
    if found is not None:
        visit_end(found.number, now=now)


@action("hall.windows.visits_expire", permission=SERVE)
def visits_expire(*, now: datetime) -> int:
    """End the visits whose time is over (来访到期); returns how many. A sweep calls it."""
    rows = visit_rows("来访到期").filter(ended_at__isnull=True, expires_at__lte=now)
    ids = list(rows.order_by("pk").values_list("pk", flat=True)[:500])
    _end(ids, now=now)
    audit_record("visits", detail={"expired": len(ids)})
    return len(ids)


def visits_sweep(*, now: datetime) -> None:
    """End overdue visits, if there are any (定期清理)."""
    due = visit_rows("来访到期").filter(ended_at__isnull=True, expires_at__lte=now)
    if due.exists():
        with context_use(context_system("来访到期")):
            visits_expire(now=now)


def _end(ids: list[int], *, now: datetime) -> None:
    visit_rows("结束来访").filter(pk__in=ids, ended_at__isnull=True).update(ended_at=now)
    for visit_id in ids:
        filed_drafts_drop(visit_id=visit_id)
        bundle_filed_drafts_drop(visit_id=visit_id)
    parties_leave(ids)


def taking_add(visit_id: int, facts: Mapping[str, object]) -> None:
    """Note what a submission took in at a visit (收件登记), in the submission's own transaction."""
    visit = visit_rows().get(pk=visit_id)
    area_code = str(facts["area_code"])
    Taking.objects.create(
        number=facts["number"],
        query_code=facts["query_code"],
        receipt_hash=facts["receipt_hash"],
        visit=visit,
        window=visit.window,
        matter_code=facts["matter_code"],
        title=facts["title"],
        department_id=facts["department_id"],
        area_code=area_code,
        is_elsewhere=is_elsewhere(visit.window.area_code, area_code),
        delegation_id=facts["delegation_id"],
        taken_at=facts["at"],
    )
    _ticket_tie(visit, str(facts["number"]), now=facts["at"])


def _ticket_tie(visit: Visit, number: str, *, now: datetime) -> None:
    """Tie what was taken in to the ticket in hand (办件关联号票), unless that is another visitor's."""
    ticket = ticket_in_hand(visit.clerk_id)
    if ticket is None or visit.ticket_id not in (None, ticket.id):
        return
    if visit.ticket_id is None:
        others = visit_rows().filter(ticket_id=ticket.id)
        if others.exclude(visitor_ref=visit.visitor_ref).exists():
            return
        visit.ticket_id = ticket.id
        visit.save(update_fields=["ticket_id"])
    ticket_application_add(ticket.id, number=number, now=now)


# --- papers --------------------------------------------------------------------------------------


@action("hall.windows.original_keep", permission=SERVE)
def original_keep(
    visit_number: str, number: str, *, title: str, copies: int, is_copy: bool, now: datetime
) -> None:
    """Note a paper that stays at the window (留存原件) for an application of this visit."""
    own_visit_get(visit_number, now=now)
    taking = Taking.objects.filter(visit__number=visit_number, number=number).first()
    if taking is None:
        raise VisitNotFound()
    if not title.strip() or not 1 <= copies <= 99:
        raise OriginalIncomplete(fields={"title": [str(OriginalIncomplete())]})
    Original.objects.create(
        taking=taking, title=title.strip()[:120], copies=copies, is_copy=is_copy
    )
    audit_record(f"application:{number}", detail={"paper": title.strip()[:120], "copies": copies})


@action("hall.windows.hand_over_make", permission=SERVE)
def hand_over_make(window_code: str, *, department_id: int, now: datetime) -> str:
    """Make the list of all papers at a window for a department (开具交接单); returns its number.

    Two who press at once share no paper: each is on one list. Raises NothingToHandOver.
    """
    window = own_window_row(window_code)
    held = Original.objects.filter(
        state="HELD", taking__window=window, taking__department_id=department_id
    )
    ids = [row.pk for row in held.select_for_update()]
    if not ids:
        raise NothingToHandOver()
    year = timezone.localdate(now).year
    hand_over = HandOver.objects.create(
        number=f"J{year}{serial_next(f'hall.windows:J:{year}'):06d}",
        window=window,
        department_id=department_id,
        handed_by=context_get().name,
        handed_at=now,
    )
    moved = Original.objects.filter(pk__in=ids, state="HELD")
    if not moved.update(state="SENT", hand_over=hand_over):
        raise NothingToHandOver()
    audit_record(f"hand_over:{hand_over.number}", detail={"papers": len(ids)})
    return hand_over.number


@action("hall.windows.hand_over_receive", permission=RECEIVE)
def hand_over_receive(number: str, *, missing: frozenset[int], note: str, now: datetime) -> None:
    """Sign for a list (签收交接单); papers that are not there are named and stay the window's to find.

    Raises HandOverNotFound (also for the window's own side), HandOverReceived.
    """
    context = context_get()
    row = hand_over_rows().filter(number=number).first()
    if row is None or row.department_id not in context.department_ids:
        raise HandOverNotFound()
    signed = HandOver.objects.filter(pk=row.pk, received_at__isnull=True).update(
        received_at=now, received_by=context.name, note=note.strip()[:300]
    )
    if not signed:
        raise HandOverReceived()
    items = Original.objects.filter(hand_over=row)
    items.filter(pk__in=missing).update(state="MISSING")
    items.exclude(pk__in=missing).update(state="RECEIVED")
    audit_record(f"hand_over:{number}", detail={"missing": len(missing)})


# --- ratings on the spot -------------------------------------------------------------------------


@action("hall.windows.rating_ask", permission=SERVE)
def rating_ask(number: str, *, now: datetime) -> None:
    """Let the tablet at the window ask the visitor (请求评价)."""
    visit = own_visit_get(number, now=now)
    rows = visit_rows("现场评价").filter(OWN_VISIT.filter(context_get()), pk=visit.id)
    rows.update(rating_asked_at=now)
    audit_record(f"visit:{number}")


def visit_rate(
    visit: VisitView,
    *,
    level: str,
    indicators: Mapping[str, str],
    text: str,
    device: str | None = None,
    typed: str | None = None,
    now: datetime,
) -> None:
    """Rate a visit on the spot (现场评价), once; after a remedy once more. The caller holds the visit's code.

    device: digest of what it is given with, None at the window's own tablet; typed: the words written, ticks apart.

    Raises RatingIncomplete, RatedAlready, FollowUpTooEarly.
    """
    subject = visit_subject(visit.number)
    first = Taking.objects.filter(visit_id=visit.id).order_by("pk").first()
    told = account_list(subject_ref=visit.visitor_ref)
    rating_give(
        subject,
        channel=ON_SITE,
        title=first.title if first else ADVICE,
        matter_code=first.matter_code if first else "",
        department_id=visit.window.department_id,
        rater_ref=visit.visitor_ref,
        level=level,
        indicators=indicators,
        text=text,
        place=visit.window.code,
        account_id=next((one.id for one in told if one.population == "CITIZEN"), None),
        trace=Trace(
            officer_id=visit.clerk_id,
            acted_at=(visit.rating_asked_at if device is None else visit.ended_at)
            or visit.opened_at,
            device=device,
            typed=typed,
        ),
        now=now,
    )


def visit_rate_again(visit: VisitView, *, level: str, text: str, now: datetime) -> None:
    """Say once more how it was after it was put right (追评), with the same code. Raises FollowUpTooEarly."""
    rating_follow_up(
        visit_subject(visit.number), level=level, text=text, rater_ref=visit.visitor_ref, now=now
    )
