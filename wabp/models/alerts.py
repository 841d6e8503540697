"""What a coordinator tells the street, what the check said of it, and what residents tell the coordinator."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wabp.models.base import Base, Moment, Sealed, WithId
from wabp.models.groups import Group, Membership
from wabp.models.people import Person
from wabp.models.places import Street
from wabp.vault import SealedBytes


class Alert(WithId, Base):
    """One message to a group. States: draft, held, released, closed. Kinds: urgent, info.

    `author_id` is empty for a command of the machine's operator. `form_token` makes a form that is
    sent twice one alert. `not_emergency` is the sealed reason why 101/112 was not the place to call.
    Forms: alert, correction, all_clear; the latter two follow the alert `corrects_id`, and `outcome` is their
    ready-made sentence. `called_off` says why no further copy leaves: corrected, closed, cancelled_by_coordinator.
    """

    __tablename__ = "alert"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"), index=True)
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str] = mapped_column(String(6))
    category: Mapped[str] = mapped_column(String(40))
    street_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("street.id"))
    language: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(8), default="draft")
    called_at: Mapped[datetime | None] = mapped_column(Moment)
    not_emergency: Mapped[SealedBytes | None] = mapped_column(Sealed)
    reason: Mapped[SealedBytes | None] = mapped_column(Sealed)
    form: Mapped[str] = mapped_column(String(10), default="alert", server_default="alert")
    corrects_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alert.id"), index=True)
    rulebook_version: Mapped[str | None] = mapped_column(String(40))
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    saved_at: Mapped[datetime] = mapped_column(Moment)
    released_at: Mapped[datetime | None] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)
    not_before: Mapped[datetime | None] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    outcome: Mapped[str | None] = mapped_column(String(20))
    called_off: Mapped[str | None] = mapped_column(String(30))

    group: Mapped[Group] = relationship()
    author: Mapped[Person | None] = relationship()
    street: Mapped[Street | None] = relationship()
    texts: Mapped[list["AlertText"]] = relationship(
        back_populates="alert", cascade="all, delete-orphan", order_by="AlertText.language"
    )


    @property
    def is_sent(self) -> bool:
        """Whether it was released: from then on it is read and closed, and no longer written."""
        return self.state in {"released", "closed"}


class AlertText(WithId, Base):
    """An alert's free text in one language: as typed, or a version that the coordinator added."""

    __tablename__ = "alert_text"
    __table_args__ = (UniqueConstraint("alert_id", "language"),)

    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alert.id"))
    language: Mapped[str] = mapped_column(String(2))
    body: Mapped[SealedBytes] = mapped_column(Sealed)

    alert: Mapped[Alert] = relationship(back_populates="texts")


class Finding(WithId, Base):
    """What the check said when somebody wanted to send, and what was decided. Never the words themselves.

    Decisions: refused (the release was refused), confirmed (sent with a kept reason), disputed (the writer calls
    the finding wrong; it stays).
    """

    __tablename__ = "finding"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"), index=True)
    alert_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alert.id"), index=True)
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    # All findings of one attempt to send share its id.
    attempt: Mapped[uuid.UUID]
    label: Mapped[str] = mapped_column(String(30))
    # What found it, such as "vigilantism.follow": it says nothing of the words.
    rule: Mapped[str] = mapped_column(String(80), default="")
    action: Mapped[str] = mapped_column(String(8))
    decision: Mapped[str] = mapped_column(String(10))
    rulebook_version: Mapped[str] = mapped_column(String(40))
    decided_at: Mapped[datetime] = mapped_column(Moment)


class Report(WithId, Base):
    """What a resident told the coordinator, alone or about an alert."""

    __tablename__ = "report"

    membership_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("membership.id"), index=True)
    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"), index=True)
    inbound_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    alert_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alert.id"))
    channel: Mapped[str] = mapped_column(String(8))
    body: Mapped[SealedBytes | None] = mapped_column(Sealed)
    language: Mapped[str] = mapped_column(String(2))
    media_count: Mapped[int] = mapped_column(default=0)
    forwarded: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment)
    opened_at: Mapped[datetime | None] = mapped_column(Moment)

    membership: Mapped[Membership] = relationship()
    group: Mapped[Group] = relationship()
