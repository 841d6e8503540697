"""What leaves and what comes in: the ledger's rows, the provider's templates, and stored inbound messages.

Also how the work of sending is shared: the lanes, one for each sender of ours, and the leases on them.
"""

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
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wabp.models.base import Base, Moment, RowNumber, Sealed, WithId
from wabp.models.people import Address
from wabp.vault import SealedBytes


def _partial(name: str, *columns: str, where: str) -> Index:
    """Return an index of the rows alone that a condition names: small, however many rows came to an end."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Delivery(Base):
    """One message to one address by one channel, because of one cause: the truth about what was sent.

    Causes: `alert` (cause_id is the alert), `answer` (an inbound message), `notice` (an id of its own).
    The text of an alert is composed when it leaves; answers and notices carry a text key and values that
    say nothing about a person. What does, or what opens a door, is in `secret_values`: JSON, sealed to the
    cause's id. States and their ranks are in `wabp.ledger`.

    `sender` is the number of ours that it leaves from. Within a priority rows go by `turn`, so that no group
    waits for all of another. `attempt` counts how often it went before: a receipt names the one that it is
    about. `by_form` is whether it went as an approved form. When `climb_at` is over and nothing says delivered,
    the ladder asks. `follows_id` is the copy that this row corrects.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("cause", "cause_id", "address_id", "channel"),
        _partial(
            *("ix_delivery_waiting", "channel", "sender", "priority", "turn", "id"),
            where="state = 'queued' AND not_before IS NULL",
        ),
        _partial("ix_delivery_held", "not_before", where="state = 'queued' AND not_before IS NOT NULL"),
        _partial("ix_delivery_queued", "expires_at", where="state = 'queued'"),
        _partial("ix_delivery_climbing", "climb_at", where="climb_at IS NOT NULL"),
        _partial("ix_delivery_follows", "follows_id", where="follows_id IS NOT NULL"),
        _partial("ix_delivery_unfinished", "accepted_at", where="state in ('accepted', 'sent')"),
        _partial("ix_delivery_by_form", "claimed_at", "address_id", where="by_form"),
        _partial("ix_delivery_in_doubt", "claimed_at", where="state in ('sending', 'unknown')"),
    )

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    cause: Mapped[str] = mapped_column(String(6))
    cause_id: Mapped[uuid.UUID]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    address_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("address.id"), index=True)
    channel: Mapped[str] = mapped_column(String(8))
    sender: Mapped[str] = mapped_column(String(20), default="", server_default="")
    language: Mapped[str] = mapped_column(String(2))
    priority: Mapped[int] = mapped_column(SmallInteger)
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    text_key: Mapped[str | None] = mapped_column(String(60))
    text_values: Mapped[dict[str, str] | None] = mapped_column(JSON)
    secret_values: Mapped[SealedBytes | None] = mapped_column(Sealed)
    state: Mapped[str] = mapped_column(String(11), default="queued")
    rank: Mapped[int] = mapped_column(SmallInteger, default=0)
    reason: Mapped[str | None] = mapped_column(String(40))
    attempt: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    by_form: Mapped[bool] = mapped_column(default=False, server_default=false())
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    not_before: Mapped[datetime | None] = mapped_column(Moment)
    climb_at: Mapped[datetime | None] = mapped_column(Moment)
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


class Lane(Base):
    """One sender of ours on one channel, and what stands in its way. Made when it first has something to note.

    `stopped_at` is when the provider shut it, with `stopped_code`. `told_at` is when the operator was told so, until
    they are told that it is open again.
    `forms_again_at`: until then no approved form leaves by it, as the provider's limit of people a day is reached.
    `daily_limit` is that limit, when the operator has one.
    """

    __tablename__ = "lane"

    channel: Mapped[str] = mapped_column(String(8), primary_key=True)
    sender: Mapped[str] = mapped_column(String(20), primary_key=True)
    stopped_at: Mapped[datetime | None] = mapped_column(Moment)
    stopped_code: Mapped[int | None]
    told_at: Mapped[datetime | None] = mapped_column(Moment)
    forms_again_at: Mapped[datetime | None] = mapped_column(Moment)
    daily_limit: Mapped[int | None]


class Lease(Base):
    """Who may do something that one process at a time may do; see `wabp.leases`."""

    __tablename__ = "lease"

    purpose: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str | None] = mapped_column(String(120))
    epoch: Mapped[int] = mapped_column(default=0)
    beat: Mapped[int] = mapped_column(default=0)


class Template(WithId, Base):
    """A message form that the provider approved, for writing outside the 24-hour window.

    Of several for a kind and language the newest approved one is used; the others stand by. States: approved,
    paused, since `paused_at`.
    """

    __tablename__ = "template"
    __table_args__ = (UniqueConstraint("kind", "language", "content_sid"),)

    kind: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(2))
    content_sid: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10), default="approved")
    paused_at: Mapped[datetime | None] = mapped_column(Moment)
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
    # The number of ours that they wrote to.
    written_to: Mapped[str | None] = mapped_column(String(20))
    received_at: Mapped[datetime] = mapped_column(Moment)
    handled_at: Mapped[datetime | None] = mapped_column(Moment)
    handled_as: Mapped[str | None] = mapped_column(String(20))
