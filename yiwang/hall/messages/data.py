"""What other areas see of messages, and what a channel is given to send."""

from dataclasses import dataclass
from datetime import datetime


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
    """What a channel (渠道) sends: one message to one address, in Chinese first."""

    message_id: int
    address: str
    name: str
    title: str
    text: str
    sent_at: datetime
