"""Who files for whom, and through which channel (申报方式): oneself, a deputy, or a clerk at a window.

A draft of somebody else's is open to who types it only as long as what entitles them lasts: a delegation
(委托代办) that identity knows, or a visit at a window (窗口来访) that the room of the windows answers for.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from yiwang.identity.api import (
    account_list,
    agent_list,
    delegation_covered,
    delegation_require,
)
from yiwang.kernel.api import RequestContext, context_get, context_use
from yiwang.sdk.errors import N_

ONLINE, WINDOW, COMMUNITY, KIOSK = "ONLINE", "WINDOW", "COMMUNITY", "KIOSK"
CHANNELS = {
    ONLINE: N_("On line"),
    WINDOW: N_("At a window of a hall"),
    COMMUNITY: N_("At a community window"),
    KIOSK: N_("At a kiosk"),
}


@dataclass(frozen=True, slots=True)
class Filing:
    """How an application is filed (申报方式). by_name: who types for the applicant, "" for oneself.

    delegation_id, visit_id: what entitles them; both where a clerk at a window serves a deputy. slot: what
    the draft is part of (a bundle's item), so that it stands beside the person's own draft of the same matter.
    by_name alone: filed by the city itself out of what a clerk took in at a visit that is over.
    """

    channel: str = ONLINE
    by_name: str = ""
    delegation_id: int | None = None
    visit_id: int | None = None
    slot: str = ""

    @property
    def is_own(self) -> bool:
        """Tell whether the applicants file for themselves."""
        return self.delegation_id is None and self.visit_id is None and not self.by_name

    @property
    def suffix(self) -> str:
        """Return what tells drafts of the same matter and applicant apart: one a visit, one a slot."""
        visit = f":visit:{self.visit_id}" if self.visit_id else ""
        return f"{visit}:{self.slot}" if self.slot else visit

    @property
    def columns(self) -> dict[str, object]:
        """Return the values of the columns that drafts and applications keep."""
        return {
            "channel": self.channel,
            "filed_by_name": self.by_name,
            "delegation_id": self.delegation_id,
            "visit_id": self.visit_id,
        }

    @property
    def channel_label(self) -> str:
        """Return the channel in words, as a message id (渠道)."""
        return CHANNELS[self.channel]


OWN = Filing()


def filing_of(row: object) -> Filing:
    """Read the filing from a draft's or an application's row."""
    return Filing(row.channel, row.filed_by_name, row.delegation_id, row.visit_id)


@dataclass(frozen=True, slots=True)
class VisitDoor:
    """What the room of the windows answers (窗口来访): may this account go on, where is the visit's page.

    check: raises when the visit is over or another clerk's, or (not delegated) somebody else's; returns the
    account of a visitor who is a deputy. page: visit id, application's number or "". taken: a submission of
    this visit, in its transaction.
    """

    check: Callable[..., int | None]
    page: Callable[[int, str], str]
    taken: Callable[[int, Mapping[str, object]], None]


_doors: list[VisitDoor] = []


def visit_door_register(door: VisitDoor) -> None:
    """Name who answers for visits at windows."""
    _doors[:] = [door]


def filing_check(
    filing: Filing, *, applicant_ref: str, matter_code: str, themes: tuple[str, ...]
) -> None:
    """Raise unless the acting person may still file for the applicant (能否继续代办)."""
    account_id = _filer(filing, applicant_ref)
    if filing.delegation_id is not None:
        delegation_require(
            filing.delegation_id,
            account_id=account_id,
            principal_ref=applicant_ref,
            matter_code=matter_code,
            themes=themes,
        )


def filing_covered(
    filing: Filing, *, applicant_ref: str, matters: Mapping[str, tuple[str, ...]]
) -> frozenset[str]:
    """Return which of some matters (code → themes) may still be filed for the applicant (可代办事项).

    Raises as `filing_check` does, also when it is none of them.
    """
    account_id = _filer(filing, applicant_ref)
    if filing.delegation_id is None:
        return frozenset(matters)
    return delegation_covered(
        filing.delegation_id, account_id=account_id, principal_ref=applicant_ref, matters=matters
    )


def _filer(filing: Filing, applicant_ref: str) -> int | None:
    """Return the account that a delegation must be held by (受托账户): who acts, or who stands at the window."""
    account_id = context_get().account_id
    if filing.visit_id is None:
        return account_id
    delegated = filing.delegation_id is not None
    deputy = _doors[0].check(filing.visit_id, applicant_ref, delegated=delegated)
    return deputy if delegated else account_id


def filing_page(filing: Filing, number: str = "") -> str:
    """Return where the one who files goes on after leaving or submitting, "" for the applicant's own pages."""
    return _doors[0].page(filing.visit_id, number) if filing.visit_id is not None else ""


def filing_taken(filing: Filing, facts: Mapping[str, object]) -> None:
    """Tell the room of the windows what was taken in (收件), in the same transaction."""
    if filing.visit_id is not None:
        _doors[0].taken(filing.visit_id, facts)


@contextmanager
def acting_for(applicant_ref: str) -> Iterator[RequestContext]:
    """Run a block on behalf of the applicant (代为办理): the same person acts, for another subject.

    Who calls has checked the filing. The audit names who acts; the subject decides what is read.
    """
    with context_use(replace(context_get(), subject_ref=applicant_ref)) as context:
        yield context


def account_of_applicant(applicant_ref: str, *, on) -> int | None:
    """Return the account that hears of an application filed by another, None when the applicant has none."""
    if applicant_ref.startswith("enterprise:"):
        return next((one.id for one in agent_list(applicant_ref, on)), None)
    accounts = account_list(subject_ref=applicant_ref)
    return next((one.id for one in accounts if one.population == "CITIZEN"), None)
