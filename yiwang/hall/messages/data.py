"""What other areas see of messages, and what a channel is given to send and says of it."""

from dataclasses import dataclass, field
from datetime import datetime

from yiwang.sdk.errors import N_

CHANNELS: dict[str, str] = {"EMAIL": N_("E-mail"), "SMS": N_("Text message")}
STATES: dict[str, str] = {
    "CREATED": N_("Waiting"),
    "SENDING": N_("Being sent"),
    "SENT": N_("Given to the carrier"),
    "DELIVERED": N_("Delivered"),
    "TEMPORARY_FAILURE": N_("Could not be delivered for now"),
    "PERMANENT_FAILURE": N_("Cannot be delivered"),
    "TECHNICAL_FAILURE": N_("Technical fault"),
    "BUNDLED": N_("In the daily digest"),
    "STOPPED": N_("Not sent: on the stop list"),
    "CANCELLED": N_("Called off before it was sent"),
}
STOP_SOURCES: dict[str, str] = {
    "PERSON": N_("The receiver's wish"),
    "STAFF": N_("Entered by staff"),
    "PROVIDER": N_("Cannot be reached"),
}
FAILED = ("TEMPORARY_FAILURE", "PERMANENT_FAILURE", "TECHNICAL_FAILURE")


@dataclass(frozen=True, slots=True)
class SendingView:
    """A delivery fact (发送记录): what became of a message on one channel."""

    id: int
    channel: str
    address: str
    state: str
    created_at: datetime
    not_before: datetime
    sent_at: datetime | None
    completed_at: datetime | None
    attempts: int
    error: str
    parts: int


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message (消息). kind: info, success, warning or danger; title, body: {zh, en}."""

    id: int
    account_id: int
    template: str
    kind: str
    title: dict
    body: dict
    link: str
    sent_at: datetime
    read_at: datetime | None

    @property
    def is_read(self) -> bool:
        """Whether its receiver has opened it."""
        return self.read_at is not None


@dataclass(frozen=True, slots=True)
class Letter:
    """What a channel (渠道) sends to one address.

    key: the provider's idempotency key, the same for every attempt at one sending. headers: of an e-mail.
    """

    key: str
    address: str
    title: str
    text: str
    sent_at: datetime
    sender: str = ""
    reply_to: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says later (回执). state: DELIVERED or one of the failures; key: the letter's."""

    key: str
    state: str
    at: datetime
    detail: str = ""
