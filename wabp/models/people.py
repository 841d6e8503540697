"""People and how they are reached. Numbers and names are sealed; a number is found by its blind index."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wabp.models.base import Base, Moment, RowNumber, Sealed, WithId
from wabp.models.places import Zone
from wabp.vault import SealedBytes


class Person(WithId, Base):
    """Somebody who gets or wrote a message, known by a language and how to reach them.

    Only coordinators have a name. `zone_id` is empty for a stranger who wrote and joined nothing. `forget_at`
    is when a person in no group goes, when that is not a day after their last answer. For `quiet_at_night`
    urgent alerts wait for the morning too (R7). What was written to them until `stopped_at` leaves no more,
    save answers: that is their last STOP, until they ask for messages again.
    """

    __tablename__ = "person"

    zone_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("zone.id"), index=True)
    language: Mapped[str] = mapped_column(String(2))
    quiet_at_night: Mapped[bool] = mapped_column(default=False, server_default=false())
    name: Mapped[SealedBytes | None] = mapped_column(Sealed)
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment)
    forget_at: Mapped[datetime | None] = mapped_column(Moment)
    stopped_at: Mapped[datetime | None] = mapped_column(Moment)

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
    # Which WhatsApp number of ours they wrote to: the window is open from that one alone.
    written_to: Mapped[str | None] = mapped_column(String(20))
    # When WhatsApp said that it does not know them: tried again after a month.
    no_whatsapp_at: Mapped[datetime | None] = mapped_column(Moment)
    # When the SMS provider said that they do not want any more.
    sms_stopped_at: Mapped[datetime | None] = mapped_column(Moment)
    # How often the provider called the number wrong: twice is enough.
    bad_count: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
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
    """Somebody who signs in by office: inspector, youth_inspector, partner or zone_admin of one zone.

    Works from the moment that the one-time link set a password and a second factor. `totp_step` is the time
    step of the last code that was taken: a code works once. `mailed_at` is when the last reminder went.
    """

    __tablename__ = "account"
    __table_args__ = (Index("uq_account_email", "email_key", "email_digest", unique=True),)

    zone_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("zone.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    name: Mapped[SealedBytes] = mapped_column(Sealed)
    language: Mapped[str] = mapped_column(String(2), default="nl")
    email: Mapped[SealedBytes | None] = mapped_column(Sealed)
    email_key: Mapped[bytes | None] = mapped_column(LargeBinary(4))
    email_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    totp_secret: Mapped[SealedBytes | None] = mapped_column(Sealed)
    totp_step: Mapped[int | None]
    setup_digest: Mapped[str | None] = mapped_column(String(64), unique=True, index=True)
    setup_until: Mapped[datetime | None] = mapped_column(Moment)
    mailed_at: Mapped[datetime | None] = mapped_column(Moment)
    demo: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)

    zone: Mapped[Zone] = relationship()


class SignIn(WithId, Base):
    """One browser that is signed in, as a person or an account. The cookie's token is stored hashed.

    `proved_at` is when a code or a second factor was last given. `browser_digest` tells the same browser
    again at the next sign-in, and `device` is its name in the list of sign-ins.
    """

    __tablename__ = "sign_in"

    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    factor: Mapped[str] = mapped_column(String(10), default="demo")
    device: Mapped[str] = mapped_column(String(60), default="")
    browser_digest: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)
    proved_at: Mapped[datetime] = mapped_column(Moment)
    last_seen_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class SignInCode(WithId, Base):
    """A code that was asked for to sign in by phone, bound to the browser that asked.

    One is written for an unknown number too (`person_id` empty), so that both look and take the same.
    `counted_as` is what limits count it by: a keyed hash of the number and of whether the browser is known.
    """

    __tablename__ = "sign_in_code"

    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    browser_digest: Mapped[str] = mapped_column(String(64), index=True)
    counted_as: Mapped[str] = mapped_column(String(24), index=True)
    code_hash: Mapped[str] = mapped_column(String(200))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class Attempt(Base):
    """That something was tried which costs money or can be guessed: counted by `wabp.limits`, then forgotten."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_counted", "kind", "key_digest", "at"),)

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    kind: Mapped[str] = mapped_column(String(30))
    key_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime] = mapped_column(Moment)
