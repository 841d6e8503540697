"""What leaves and what comes in: the ledger's rows, the provider's templates, and stored inbound messages."""

import uuid
from datetime import datetime

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wabp.models.base import Base, Moment, RowNumber, Sealed, WithId
from wabp.models.people import Address
from wabp.vault import SealedBytes


class Delivery(Base):
    """One message to one address by one channel, because of one cause: the truth about what was sent.

    Causes: `alert` (cause_id is the alert), `answer` (an inbound message), `notice` (an id of its own).
    The text of an alert is composed when it leaves; answers and notices carry a text key and values that
    say nothing about a person. What does, or what opens a door, is in `secret_values`: JSON, sealed to the
    cause's id. States and their ranks are in `wabp.ledger`.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("cause", "cause_id", "address_id", "channel"),
        Index(
            "ix_delivery_waiting",
            "channel",
            "priority",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_delivery_in_doubt",
            "claimed_at",
            sqlite_where=text("state in ('sending', 'unknown')"),
            postgresql_where=text("state in ('sending', 'unknown')"),
        ),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    cause: Mapped[str] = mapped_column(String(6))
    cause_id: Mapped[uuid.UUID]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    address_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("address.id"), index=True)
    channel: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(2))
    priority: Mapped[int] = mapped_column(SmallInteger)
    text_key: Mapped[str | None] = mapped_column(String(60))
    text_values: Mapped[dict[str, str] | None] = mapped_column(JSON)
    secret_values: Mapped[SealedBytes | None] = mapped_column(Sealed)
    state: Mapped[str] = mapped_column(String(11), default="queued")
    rank: Mapped[int] = mapped_column(SmallInteger, default=0)
    reason: Mapped[str | None] = mapped_column(String(40))
    not_before: Mapped[datetime | None] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)
    claimed_at: Mapped[datetime | None] = mapped_column(Moment)
    missed_at: Mapped[datetime | None] = mapped_column(Moment)
    accepted_at: Mapped[datetime | None] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    read_at: Mapped[datetime | None] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    provider_id: Mapped[str | None] = mapped_column(String(40), unique=True)
    error_code: Mapped[int | None]

    address: Mapped[Address] = relationship()


class Template(WithId, Base):
    """A message form that the provider approved, for writing outside the 24-hour window."""

    __tablename__ = "template"
    __table_args__ = (UniqueConstraint("kind", "language"),)

    kind: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2))
    content_sid: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10), default="approved")
    created_at: Mapped[datetime] = mapped_column(Moment)


class InboundMessage(WithId, Base):
    """A message that came in, stored once by the provider's id before anything is made of it."""

    __tablename__ = "inbound_message"
    __table_args__ = (Index("ix_inbound_message_from", "from_digest", "received_at"),)

    provider_id: Mapped[str] = mapped_column(String(64), unique=True)
    channel: Mapped[str] = mapped_column(String(8))
    from_kind: Mapped[str] = mapped_column(String(10))
    from_value: Mapped[SealedBytes] = mapped_column(Sealed)
    from_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    body: Mapped[SealedBytes] = mapped_column(Sealed)
    media_count: Mapped[int] = mapped_column(default=0)
    forwarded: Mapped[bool] = mapped_column(default=False)
    reaction: Mapped[bool] = mapped_column(default=False)
    quoted_provider_id: Mapped[str | None] = mapped_column(String(64))
    opt_out: Mapped[str | None] = mapped_column(String(10))
    received_at: Mapped[datetime] = mapped_column(Moment)
    handled_at: Mapped[datetime | None] = mapped_column(Moment)
    handled_as: Mapped[str | None] = mapped_column(String(20))
