"""Links to a party's phone (当事人短信链接): made, found by their word, shown to the applicant.

The word stands in the text message only; here is its digest. What a link lets do is decided when it is opened:
see `entering`.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from yiwang.hall.messages.sendings import sending_add
from yiwang.hall.parties.data import LinkView
from yiwang.hall.parties.errors import (
    PartyLinkNeedless,
    PartyLinksTooMany,
    PartyPhoneUnknown,
    PartyPhoneWrong,
)
from yiwang.hall.parties.models import PartyCase, PartyLink, PartyPart
from yiwang.hall.parties.queries import PURPOSE
from yiwang.identity.api import data_scope
from yiwang.kernel.api import localized, serial_next
from yiwang.resources.api import enterprise_get
from yiwang.sdk.errors import N_
from yiwang.sdk.identifiers import mobile_valid, normalise
from yiwang.sdk.masking import mask_name, mask_phone

LINK_LIFE = timedelta(days=7)
READ_LIFE = timedelta(days=60)
"""How much longer a link opens the part once it was submitted: to see what became of it."""
PER_PHONE_A_DAY = 6
PER_DRAFT_A_DAY = 12
FAILURES_AT_MOST = 5
SUBJECT = N_("Invitation to take part in an application")
INVITATION = N_(
    "%(name)s asks you to take part in the application “%(title)s”. Until %(day)s open %(url)s, prove who you are "
    "with your identity number and a code sent to this phone, fill in your part and confirm it. If it does not "
    "concern you, ignore this message; give nobody the code."
)
INVITATION_OF_ENTERPRISE = N_(
    "%(name)s asks %(enterprise)s to take part in the application “%(title)s”. Until %(day)s its legal representative, "
    "an agent or an authorised deputy opens %(url)s, proves who they are with their identity number and a code sent to "
    "this phone, fills in the part and confirms it. If it does not concern you, ignore this message."
)

ENDED_SUBJECT = N_("An application in which you take part")
ENDED = N_(
    "The application “%(title)s” (%(number)s) in which you took part has its answer. Open your link to see it."
)


def link_rows() -> QuerySet[PartyLink]:
    """Return all links for a stated purpose (使用目的); the caller narrows them down."""
    with data_scope(purpose=PURPOSE):
        return PartyLink.objects.select_related("part__case")


def digest_of(word: str, *, of: str) -> str:
    """Return what is kept of a secret word (摘要): keyed, so that a short code cannot be tried out on a copy."""
    text = f"hall.parties:{of}:{word}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()


def phone_clean(text: str) -> str:
    """Return a mobile number as it is kept (手机号码). Raises PartyPhoneWrong."""
    phone = normalise(text).replace(" ", "").replace("-", "").removeprefix("+86")
    if not mobile_valid(phone):
        raise PartyPhoneWrong(fields={"phone": [str(PartyPhoneWrong())]})
    return phone


def link_make(part: PartyPart, *, phone: str, now: datetime) -> PartyLink:
    """Send a link to a part to a phone (发送链接), in the caller's act; the ones before hold no longer.

    Nothing is asked about the number: whoever has the phone hears, and proves who they are by opening it. Of an
    enterprise it is the phone of its registry entry, whatever is given. Raises PartyPhoneWrong, PartyPhoneUnknown,
    PartyLinkNeedless, PartyLinksTooMany.
    """
    phone = phone_clean(phone) if part.kind == "person" else _registered_phone(part)
    has_come_otherwise = bool(part.ref) and part.link_id is None
    if has_come_otherwise or part.declined_at or part.case.state != "DRAFT":
        raise PartyLinkNeedless()
    _count(part, phone, now=now)
    link_rows().filter(part=part, ended_at__isnull=True).update(ended_at=now, entry_digest="")
    word = secrets.token_urlsafe(16)
    link = link_rows().create(
        part=part,
        phone=phone,
        digest=digest_of(word, of="link"),
        sent_at=now,
        expires_at=now + LINK_LIFE,
    )
    _send(link, word, now=now)
    return link


def _registered_phone(part: PartyPart) -> str:
    """Return the mobile phone that the register has of the enterprise meant (登记电话). Raises PartyPhoneUnknown."""
    refusal = PartyPhoneUnknown(fields={"phone": [str(PartyPhoneUnknown())]})
    if not part.meant_ref:
        raise refusal
    try:
        return phone_clean(enterprise_get(part.meant_ref.removeprefix("enterprise:")).phone)
    except PartyPhoneWrong:
        raise refusal from None


def _count(part: PartyPart, phone: str, *, now: datetime) -> None:
    """Count links by phone and by draft (限量), also those of parties taken off again."""
    day = timezone.localdate(now)
    of_phone = serial_next(f"hall.parties:phone:{digest_of(phone, of='phone')}:{day}")
    of_draft = serial_next(f"hall.parties:links:{part.case.draft_id}:{day}")
    if of_phone > PER_PHONE_A_DAY or of_draft > PER_DRAFT_A_DAY:
        raise PartyLinksTooMany()


def _send(link: PartyLink, word: str, *, now: datetime) -> None:
    case = link.part.case
    day = timezone.localtime(link.expires_at)
    words = INVITATION if link.part.kind == "person" else INVITATION_OF_ENTERPRISE
    text = gettext(words) % {
        "name": mask_name(case.applicant_name),
        "enterprise": link.part.name,
        "title": localized(case.title),
        "day": f"{day:%Y-%m-%d %H:%M}",
        "url": settings.SITE_ADDRESS + reverse("hall_parties:link", args=[word]),
    }
    sending_add("SMS", link.phone, title=gettext(SUBJECT), text=text, now=now)


def link_find(word: str, *, now: datetime, lock: bool = False) -> PartyLink | None:
    """Return the link with this word that holds now (查找链接), None for every other."""
    rows = link_rows().filter(
        is_holding(now),
        digest=digest_of(word[:64], of="link"),
        failures__lt=FAILURES_AT_MOST,
        part__declined_at__isnull=True,
    )
    return (rows.select_for_update(of=("self",)) if lock else rows).first()


def is_holding(now: datetime) -> Q:
    """Return the filter of the links that hold (有效链接); longer, to read, once it was submitted."""
    draft = Q(part__case__state=PartyCase.State.DRAFT)
    reading = ~draft & Q(expires_at__gt=now - READ_LIFE)
    return Q(ended_at__isnull=True) & (draft & Q(expires_at__gt=now) | reading)


def links_of_parts(part_ids: Collection[int], *, now: datetime) -> dict[int, LinkView]:
    """Return the last link of each part (最近链接), for the applicant whose parties they are."""
    rows = link_rows().filter(part_id__in=list(part_ids)).order_by("pk")
    return {row.part_id: link_view(row, now=now) for row in rows}


def link_view(row: PartyLink, *, now: datetime) -> LinkView:
    """Turn a link's row into what the applicant sees (链接状态)."""
    if row.ended_at is not None or row.failures >= FAILURES_AT_MOST:
        state = "ENDED"
    elif row.expires_at <= now:
        state = "EXPIRED"
    else:
        state = "ENTERED" if row.entered_at else "SENT"
    return LinkView(mask_phone(row.phone), state, row.sent_at, row.expires_at)


def links_end_tell(parts: Collection[PartyPart], *, now: datetime) -> None:
    """Tell parties without an account of the end of the application (办结短信), at the phone of their link."""
    confirmed = [part.confirmed_link_id for part in parts if part.confirmed_link_id]
    for link in link_rows().filter(pk__in=confirmed).order_by("pk"):
        case = link.part.case
        text = gettext(ENDED) % {"title": localized(case.title), "number": case.number}
        sending_add("SMS", link.phone, title=gettext(ENDED_SUBJECT), text=text, now=now)
