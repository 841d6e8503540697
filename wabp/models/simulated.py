"""The simulator's phones: what a provider would keep in its own books, here kept in ours."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from wabp.models.base import Base, Moment, Sealed, WithId
from wabp.vault import SealedBytes


class SimulatedMessage(WithId, Base):
    """A message on a simulated phone. Ids order the chat; statuses are the provider's words.

    `sender` is the number of ours at the other end, whoever wrote.
    """

    __tablename__ = "simulated_message"
    __table_args__ = (Index("ix_simulated_message_phone", "phone_digest", "id"),)

    provider_id: Mapped[str] = mapped_column(String(40), unique=True)
    direction: Mapped[str] = mapped_column(String(3))
    channel: Mapped[str] = mapped_column(String(8))
    sender: Mapped[str] = mapped_column(String(20), default="", server_default="")
    phone: Mapped[SealedBytes] = mapped_column(Sealed)
    phone_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    body: Mapped[SealedBytes] = mapped_column(Sealed)
    callback_url: Mapped[str | None] = mapped_column(String(300))
    status: Mapped[str] = mapped_column(String(12))
    # What the phone will do next, and when; empty when nothing is left to happen.
    next_status: Mapped[str | None] = mapped_column(String(12))
    next_at: Mapped[datetime | None] = mapped_column(Moment, index=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
