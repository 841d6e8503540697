"""How a resident joins: one row per person and group, from the first message to the coordinator's decision."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wabp.models.base import Base, Moment, Sealed, WithId
from wabp.models.groups import Group
from wabp.models.people import Person
from wabp.models.places import Street
from wabp.vault import SealedBytes


class Joining(WithId, Base):
    """Where somebody stands on the way into a group.

    Steps: `name` (was this group meant?), `consent` (JA?), `street` (which one?), `waiting` (for the
    coordinator), then `admitted`, `refused` or `ended`. `asked_at` is when the open question was put: it
    stays open for a day. Question and answer are what coordinator and applicant wrote to each other.
    """

    __tablename__ = "joining"
    __table_args__ = (
        UniqueConstraint("person_id", "group_id"),
        Index("ix_joining_waiting", "group_id", "step", "waiting_since"),
    )

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"))
    step: Mapped[str] = mapped_column(String(10))
    means: Mapped[str] = mapped_column(String(8))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    street_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("street.id"))
    waiting_since: Mapped[datetime | None] = mapped_column(Moment)
    question: Mapped[SealedBytes | None] = mapped_column(Sealed)
    answer: Mapped[SealedBytes | None] = mapped_column(Sealed)
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    reason: Mapped[SealedBytes | None] = mapped_column(Sealed)

    person: Mapped[Person] = relationship()
    group: Mapped[Group] = relationship()
    street: Mapped[Street | None] = relationship()
