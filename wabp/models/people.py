"""People and how they are reached. Numbers and names are sealed; a number is found by its blind index."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wabp.models.base import Base, Moment, Sealed, WithId
from wabp.models.places import Zone
from wabp.vault import SealedBytes


class Person(WithId, Base):
    """Somebody who gets or wrote a message, known by a language and how to reach them.

    Only coordinators have a name. `zone_id` is empty for a stranger who wrote and joined nothing.
    """

    __tablename__ = "person"

    zone_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("zone.id"), index=True)
    language: Mapped[str] = mapped_column(String(2))
    name: Mapped[SealedBytes | None] = mapped_column(Sealed)
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment)

    addresses: Mapped[list["Address"]] = relationship(back_populates="person")


class Address(WithId, Base):
    """One way to reach a person: kind `phone` (E.164) or `wa_user` (a WhatsApp user id without number)."""

    __tablename__ = "address"
    __table_args__ = (
        UniqueConstraint("kind", "index_key", "index_digest"),
        # A person is written to at one address, however many they have.
        Index(
            "uq_address_primary",
            "person_id",
            unique=True,
            sqlite_where=text("is_primary"),
            postgresql_where=text("is_primary"),
        ),
    )

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[SealedBytes] = mapped_column(Sealed)
    index_key: Mapped[bytes] = mapped_column(LargeBinary(4))
    index_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    is_primary: Mapped[bool] = mapped_column(default=True)
    whatsapp: Mapped[bool] = mapped_column(default=True)
    # The last message from this address by WhatsApp: free text is allowed for 24 hours after it.
    window_from: Mapped[datetime | None] = mapped_column(Moment)
    dead_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)

    person: Mapped[Person] = relationship(back_populates="addresses")


class Consent(WithId, Base):
    """That a person asked for a group's messages: to which text, by which means, when, and when it ended."""

    __tablename__ = "consent"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"), index=True)
    text_version: Mapped[str] = mapped_column(String(20))
    means: Mapped[str] = mapped_column(String(20))
    given_at: Mapped[datetime] = mapped_column(Moment)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Moment)


class Account(WithId, Base):
    """Somebody who signs in by office: inspector, youth_inspector, partner or zone_admin of one zone."""

    __tablename__ = "account"

    zone_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("zone.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    name: Mapped[SealedBytes] = mapped_column(Sealed)
    demo: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)

    zone: Mapped[Zone] = relationship()


class SignIn(WithId, Base):
    """One browser that is signed in, as a person or an account. The cookie's token is stored hashed."""

    __tablename__ = "sign_in"

    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
