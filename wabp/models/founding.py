"""How a group is founded: the application, who is appointed, what was decided, and who signed the charter."""

import uuid
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wabp.models.base import Base, Moment, Sealed, WithId
from wabp.models.groups import Group
from wabp.models.people import Account, Person
from wabp.vault import SealedBytes


class Application(WithId, Base):
    """The answers of somebody who founds a group, while they are being given or changed.

    Until it is sent it belongs to a browser; afterwards to the group. `answers` is JSON by question, sealed.
    `revision` rises with every save, so that a second tab notices.
    """

    __tablename__ = "application"

    browser_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    group_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("group.id"), unique=True)
    answers: Mapped[SealedBytes] = mapped_column(Sealed)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Moment)
    saved_at: Mapped[datetime] = mapped_column(Moment)

    group: Mapped[Group | None] = relationship()


class ApplicationVersion(WithId, Base):
    """An application as it was handed in, the first time or again. Never changes."""

    __tablename__ = "application_version"
    __table_args__ = (UniqueConstraint("group_id", "number"),)

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"))
    number: Mapped[int]
    answers: Mapped[SealedBytes] = mapped_column(Sealed)
    charter_version: Mapped[str] = mapped_column(String(20))
    sent_at: Mapped[datetime] = mapped_column(Moment)


class Appointment(WithId, Base):
    """That somebody founds, coordinates or deputises: by name, and proven by a code sent from their own phone.

    `role` is founder (who neither coordinates nor deputises), coordinator or deputy; `founded` marks the
    one who applied.
    """

    __tablename__ = "appointment"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    founded: Mapped[bool] = mapped_column(default=False)
    name: Mapped[SealedBytes] = mapped_column(Sealed)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    proven_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)

    group: Mapped[Group] = relationship()
    person: Mapped[Person | None] = relationship()


class ReverseCode(WithId, Base):
    """Four letters on a page that a phone sends us: they tie the two together, once. Stored as a keyed hash.

    Kinds: `join` (a browser at a group's page) and `appointment`.
    """

    __tablename__ = "reverse_code"
    __table_args__ = (Index("ix_reverse_code_browser", "browser_digest", "group_id"),)

    kind: Mapped[str] = mapped_column(String(12))
    digest: Mapped[str] = mapped_column(String(24), index=True)
    # Sealed, so that a reloaded page shows the same letters.
    letters: Mapped[SealedBytes] = mapped_column(Sealed)
    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"), index=True)
    appointment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    browser_digest: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime] = mapped_column(Moment, index=True)
    used_at: Mapped[datetime | None] = mapped_column(Moment)

    appointment: Mapped[Appointment | None] = relationship()


class Review(WithId, Base):
    """One decision on one version of an application: approve, more_info or decline. The applicant reads the reason.

    `checklist` is by charter point: ok, todo or wrong. `account_id` is empty when the operator decided.
    """

    __tablename__ = "review"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"), index=True)
    version: Mapped[int]
    decision: Mapped[str] = mapped_column(String(10))
    reason: Mapped[SealedBytes] = mapped_column(Sealed)
    checklist: Mapped[dict[str, str]] = mapped_column(JSON)
    screened: Mapped[bool] = mapped_column(default=False)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    rulebook_version: Mapped[str] = mapped_column(String(20))
    decided_at: Mapped[datetime] = mapped_column(Moment)

    account: Mapped[Account | None] = relationship()


class CharterSignature(WithId, Base):
    """That one party, `coordinator` or `inspector`, signed a version of the charter for a group."""

    __tablename__ = "charter_signature"
    __table_args__ = (UniqueConstraint("group_id", "party"),)

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"))
    party: Mapped[str] = mapped_column(String(12))
    # Kind of actor and id: person, account, or operator (who has none).
    signed_by: Mapped[str] = mapped_column(String(8))
    signed_by_id: Mapped[uuid.UUID | None]
    charter_version: Mapped[str] = mapped_column(String(20))
    signed_at: Mapped[datetime] = mapped_column(Moment)
