"""The port to a messaging provider: what delivery hands over, and what it learns in return.

Two implementations: `twilio` for the world, `simulator` for trying everything on one machine. Which one
is chosen in `wabp.app` alone. Only `wabp.delivery` sends, and never with a database session open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from wabp.gateway.inbound import Inbound, Receipt

WHATSAPP = "whatsapp"
SMS = "sms"
CHANNELS = (WHATSAPP, SMS)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to hand over, from one of our numbers. Either `body`, or `content_sid` with all its `variables`."""

    delivery_id: int
    channel: str
    sender: str
    to: str
    callback_url: str
    validity_seconds: int
    attempt: int = 0
    body: str | None = None
    content_sid: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has the message. `status` is the provider's word for its state."""

    provider_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider did not take the message and will not: `code` is its error number, when it gave one."""

    code: int | None
    http_status: int


@dataclass(frozen=True, slots=True)
class NotNow:
    """Surely not processed, and worth another try: too many requests, or no connection was made.

    `too_fast` is whether the provider said that we ask too much of it.
    """

    wait_seconds: float
    too_fast: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell whether the message was taken: time-out, cut connection, provider's own fault."""


Outcome = Accepted | Refused | NotNow | Unknown


@dataclass(frozen=True, slots=True)
class Seen:
    """One message in the provider's books, as found when looking for a send in doubt."""

    provider_id: str
    status: str
    body: str
    created_at: datetime
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """What the provider's books say of the last while: of messages we sent, and the messages that came in."""

    receipts: Sequence[Receipt]
    inbound: Sequence[Inbound]


class CannotAsk(Exception):
    """The provider's books could not be read now."""


class Gateway(Protocol):
    """A provider of WhatsApp and SMS. Methods may be called on several event loops, each with its own connections."""

    async def open(self) -> None:
        """Get ready, so that the first message does not wait for it."""
        ...

    async def send(self, message: Outgoing) -> Outcome:
        """Hand over one message. Provider trouble is an outcome, never an exception."""
        ...

    async def seen(self, channel: str, to: str, since: datetime) -> Sequence[Seen]:
        """Return what the provider took for one recipient since a moment. Raises CannotAsk."""
        ...

    async def ask(self, provider_id: str) -> Receipt:
        """Return how one message stands. Raises CannotAsk."""
        ...

    async def books(self, since: datetime) -> Books:
        """Return what the books say of all messages since a moment. Raises CannotAsk."""
        ...

    async def close(self) -> None:
        """Give back the connections of this loop; the gateway is not used again on it."""
        ...
