"""What comes in from a provider, once its signature was checked: messages and receipts, as plain data."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message from somebody. `from_kind` is `phone` (E.164) or `wa_user` (a WhatsApp user id)."""

    provider_id: str
    channel: str
    from_kind: str
    from_value: str
    body: str
    media_count: int = 0
    forwarded: bool = False
    reaction: bool = False
    quoted_provider_id: str | None = None
    opt_out: str | None = None
    # The number of ours that was written to, in the E.164 form.
    to: str | None = None
    # When the provider got it; a hook does not say, its books do.
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the provider says became of one message we sent: its own status word and error number."""

    provider_id: str
    status: str
    error_code: int | None = None
