"""Coming in by a link (凭短信链接进入): a code to the phone first, then the number of one's document; withdrawing.

The code proves the phone before anything is asked of the registry, and serves once, right or wrong; so nobody
can try numbers out with a link that is not theirs. The registry must confirm number, name and this phone
(practice: it stands for the operators' check of the three); what is not right says nothing about which.
"""

import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest

from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.matters.queries import matter_version_get
from yiwang.hall.messages.sendings import sending_add
from yiwang.hall.parties.actions import part_clear, party_join_meant, party_withdraw_row
from yiwang.hall.parties.data import Presence
from yiwang.hall.parties.errors import (
    PartyCodesUsedUp,
    PartyCodeTooSoon,
    PartyEntryNeeded,
    PartyLinkGone,
)
from yiwang.hall.parties.identifying import person_identify
from yiwang.hall.parties.links import (
    READ_LIFE,
    digest_of,
    link_find,
    link_rows,
)
from yiwang.hall.parties.models import PartyCase, PartyLink, PartyPart
from yiwang.hall.parties.queries import PURPOSE, part_rows
from yiwang.hall.parties.signing import Signatory, signatory_find
from yiwang.identity.api import account_list, agent_list
from yiwang.kernel.api import action, audit_record, context_get, context_system, context_use
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import person_ref_of
from yiwang.sdk.masking import mask_name, mask_phone

IDENTIFYING = "凭短信链接共同办理核验身份"
VISITOR = "短信链接来访人"
"""Who asks the registry, to whom it concerns: before the answer nobody knows who they are."""
NOBODY = 0
"""The account of drafts and files of who has none: no account has this id."""
CODE_LIFE = timedelta(minutes=10)
CODE_PAUSE = timedelta(seconds=60)
CODES_AT_MOST = 8
ENTRY_LIFE = timedelta(minutes=60)
CODE_SUBJECT = N_("Code for an invitation")
CODE_TEXT = N_(
    "Your code is %(code)s, for ten minutes, to take part in an application. Nobody will ask you for it; tell it to nobody."
)


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What the page of a link says before it is known who opened it (链接页面): names and number masked.

    enterprise: the name of an enterprise that is asked, which is public; "" for a person.
    """

    part_id: int
    title: dict
    party: dict
    applicant: str
    phone: str
    expires_at: datetime
    has_code: bool
    is_open: bool
    enterprise: str = ""


def link_facts(word: str, *, now: datetime) -> LinkFacts:
    """Return what anybody who has the link may read (链接页面). Raises PartyLinkGone."""
    link = _found(link_find(word, now=now))
    case = link.part.case
    return LinkFacts(
        part_id=link.part_id,
        title=case.title,
        party=link.part.title,
        applicant=mask_name(case.applicant_name),
        phone=mask_phone(link.phone),
        expires_at=link.expires_at,
        has_code=bool(link.code_digest) and _is_fresh(link, now),
        is_open=case.state == PartyCase.State.DRAFT,
        enterprise=link.part.name if link.part.kind == "enterprise" else "",
    )


def _found(link: PartyLink | None) -> PartyLink:
    if link is None:
        raise PartyLinkGone()
    return link


def _is_fresh(link: PartyLink, now: datetime) -> bool:
    return link.code_at is not None and now < link.code_at + CODE_LIFE


@action("hall.parties.link_code")
def link_code_send(word: str, *, now: datetime) -> None:
    """Send a one-time code to the link's phone (发送验证码). Raises PartyLinkGone, PartyCodeTooSoon, PartyCodesUsedUp."""
    link = _found(link_find(word, now=now, lock=True))
    if link.code_at is not None and now < link.code_at + CODE_PAUSE:
        raise PartyCodeTooSoon()
    if link.codes_sent >= CODES_AT_MOST:
        raise PartyCodesUsedUp()
    code = f"{secrets.randbelow(1_000_000):06d}"
    link.code_digest = digest_of(code, of=f"code:{link.pk}")
    link.code_at, link.codes_sent = now, link.codes_sent + 1
    link.save(update_fields=["code_digest", "code_at", "codes_sent"])
    text = gettext(CODE_TEXT) % {"code": code}
    sending_add("SMS", link.phone, title=gettext(CODE_SUBJECT), text=text, is_urgent=True, now=now)
    audit_record(f"party:{link.part_id}", detail={"link": link.pk, "codes": link.codes_sent})


@action("hall.parties.link_enter")
def link_enter(word: str, *, number: str, code: str, now: datetime, name: str = "") -> str:
    """Come in (核验进入) and join as oneself; return what the browser keeps, "" when it was not right.

    name: of who comes for an enterprise, whose representative, agent or authorised deputy they must be.

    After FAILURES_AT_MOST wrong tries the link holds no longer. Raises PartyLinkGone, ChecksTooMany.
    """
    link = _found(link_find(word, now=now, lock=True))
    by = _entering(link, number=number, name=name, code=code, now=now)
    link.code_digest = ""
    if by is None:
        link.failures += 1
        link.save(update_fields=["code_digest", "failures"])
        audit_record(f"party:{link.part_id}", detail={"link": link.pk, "failures": link.failures})
        return ""
    entry = secrets.token_urlsafe(24)
    is_person = link.part.kind == "person"
    link.ref, link.entered_at = by.ref if is_person else link.part.meant_ref, now
    if not is_person:
        link.by_ref, link.by_name = by.ref, name.strip()[:80]
        link.capacity, link.delegation_id = by.capacity, by.delegation_id
    link.entry_digest, link.entry_until = digest_of(entry, of="entry"), now + ENTRY_LIFE
    link.save()
    if not link.part.ref:
        with link_context(link):
            party_join_meant(link.part_id, at=presence_of(link), now=now)
    detail = {"link": link.pk, "for": link.ref, "as": link.capacity}
    audit_record(f"party:{link.part_id}", person_ref=person_ref_of(by.ref), detail=detail)
    return entry


def _entering(
    link: PartyLink, *, number: str, name: str, code: str, now: datetime
) -> Signatory | None:
    """Return who opened the link (核验身份), None unless everything is right and they may take part."""
    given = digest_of(code.strip()[:12], of=f"code:{link.pk}")
    if not link.code_digest or not _is_fresh(link, now):
        return None
    if not compare_digest(given, link.code_digest):
        return None
    part = link.part
    asking = replace(context_get(), name=VISITOR, session_ref=f"party-link:{link.pk}")
    with context_use(asking):
        if part.kind == "enterprise":
            found = person_identify(number, name, purpose=IDENTIFYING, now=now)
        else:
            found = person_identify(
                number, part.name, phone=link.phone, purpose=IDENTIFYING, now=now
            )
    if not found:
        return None
    if part.kind == "enterprise":
        return _signatory(link, found, now=now)
    return Signatory(found, "") if _may_take_part(part, found) else None


def _signatory(link: PartyLink, person_ref: str, *, now: datetime) -> Signatory | None:
    """Return as what a person may act for the enterprise of a link today (企业办理人), None when they may not."""
    part = link.part
    if not _may_take_part(part, part.meant_ref):
        return None
    matter = matter_version_get(part.case.matter_version_id)
    with context_use(context_system(PURPOSE)):
        return signatory_find(part.meant_ref, person_ref, matter=matter, on=timezone.localdate(now))


def _may_take_part(part: PartyPart, ref: str) -> bool:
    """Tell whether a subject may be this party (能否参加): who was meant, and not there already otherwise."""
    if (part.ref and part.ref != ref) or (part.by_number and part.meant_ref != ref):
        return False
    is_there = part_rows().filter(case=part.case, ref=ref).exclude(pk=part.pk).exists()
    return not is_there and part.case.applicant_ref != ref


@contextmanager
def link_context(link: PartyLink):  # noqa: ANN201 - a context manager
    """Act as who came in by a link (凭链接办理): for themselves, with nothing but this; the audit names the link."""
    acting = replace(
        context_get(),
        population="ANONYMOUS",
        account_id=NOBODY,
        name=link.part.name,
        subject_ref=link.ref,
        permissions=frozenset(),
        purpose=PURPOSE,
        session_ref=f"party-link:{link.pk}",
    )
    with context_use(acting) as context:
        yield context


def presence_of(link: PartyLink) -> Presence:
    """Return who came in by a link as a party (凭链接办理的当事人)."""
    return Presence(
        None,
        link.part.name,
        _account_of(link),
        link_id=link.pk,
        by_name=link.by_name or "",
        capacity=link.capacity or "",
        delegation_id=link.delegation_id,
    )


def _account_of(link: PartyLink) -> int | None:
    """Return the account to tell of what becomes of it (通知账户), None without one: then by the phone."""
    with context_use(context_system(PURPOSE)):
        if link.part.kind == "enterprise":
            found = agent_list(link.ref, timezone.localdate())
        else:
            found = [
                one for one in account_list(subject_ref=link.ref) if one.population == "CITIZEN"
            ]
    return found[0].id if found else None


def link_entered(word: str, entry: str, *, now: datetime) -> PartyLink:
    """Return the link of who came in and may go on (已核验). Raises PartyLinkGone, PartyEntryNeeded."""
    link = _found(link_find(word, now=now))
    given = digest_of(entry[:64], of="entry")
    is_in = link.entry_digest and link.entry_until is not None and now < link.entry_until
    if not entry or not is_in or not compare_digest(given, link.entry_digest):
        raise PartyEntryNeeded()
    if link.by_ref:
        by = _signatory(link, link.by_ref, now=now)
        if by is None:  # what let them act for the enterprise has ended
            raise PartyEntryNeeded()
        link.capacity, link.delegation_id = by.capacity, by.delegation_id
    return link


@action("hall.parties.link_close")
def link_close(word: str, *, now: datetime) -> None:
    """End what the browser may do (退出); the link stays, and asks for a code again. Raises PartyLinkGone."""
    link = _found(link_find(word, now=now, lock=True))
    link.entry_digest, link.entry_until = "", None
    link.save(update_fields=["entry_digest", "entry_until"])
    audit_record(f"party:{link.part_id}", detail={"link": link.pk})


@action("hall.parties.link_decline")
def link_decline(word: str, *, now: datetime) -> None:
    """Say that the invitation is not for the owner of this phone (拒绝邀请); nobody need say who they are.

    Once somebody came in, only they withdraw: `party_withdraw`. Raises PartyLinkGone, PartyEntryNeeded.
    """
    link = _found(link_find(word, now=now, lock=True))
    if link.part.ref:
        raise PartyEntryNeeded()
    party_withdraw_row(link.part, now=now)
    audit_record(f"party:{link.part_id}", detail={"link": link.pk, "declined": True})


@action("hall.parties.links_expire")
def links_expire(*, now: datetime) -> int:
    """End the links whose time is over (链接到期); what was typed by them and not confirmed is deleted. Counts them."""
    rows = _overdue(now).select_for_update(of=("self",)).order_by("pk")[:500]
    ended = list(rows)
    for link in ended:
        part = link.part
        if part.case.state == PartyCase.State.DRAFT and part.link_id and not part.confirmed_at:
            part_clear(part)
            part.save()
    link_rows().filter(pk__in=[link.pk for link in ended]).update(ended_at=now, entry_digest="")
    audit_record("party_links", detail={"expired": len(ended)})
    return len(ended)


def _overdue(now: datetime):  # noqa: ANN202 - a queryset of this room
    rows = link_rows().filter(ended_at__isnull=True)
    drafts = rows.filter(part__case__state=PartyCase.State.DRAFT, expires_at__lte=now)
    return drafts | rows.filter(expires_at__lte=now - READ_LIFE)


def links_sweep(*, now: datetime) -> None:
    """End overdue links, if there are any (定期清理)."""
    if _overdue(now).exists():
        with context_use(context_system("链接到期")):
            links_expire(now=now)
