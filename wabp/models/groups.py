"""Groups, who is in them, and what was imposed on either."""

import secrets
import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from wabp.models.base import Base, Moment, Sealed, WithId
from wabp.models.people import Person
from wabp.models.places import District, Street, Zone
from wabp.vault import SealedBytes

# Words that read alike in our four languages, in letters that every phone and SMS knows.
_CHECK_WORDS = (
    "alfa bravo cactus cobra delta disco domino gorilla igloo judo karate kiwi koala lama lasso mango mokka ninja "
    "omega opera panda piano polka puma radio robot rumba safari salsa samba sigma tango tipi yoga zebra"
).split()


def new_check_word() -> str:
    """Return a word and a number that nobody outside the group can guess."""
    return f"{secrets.choice(_CHECK_WORDS)} {secrets.randbelow(90) + 10}"


class Group(WithId, Base):
    """A neighbourhood-watch group: a hub that writes to each member apart.

    States: draft, submitted, more_info, declined, approved, active, suspended, closed.
    `quiet` lays over the rulebook: None follows it, "none", or "22:00-07:00".
    """

    __tablename__ = "group"

    zone_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("zone.id"), index=True)
    district_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("district.id"), index=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(12), default="draft")
    quiet: Mapped[str | None] = mapped_column(String(11))
    demo: Mapped[bool] = mapped_column(default=False)
    # Stands on every alert and is told to those who join, so that a message that lacks it can be mistrusted.
    check_word: Mapped[str] = mapped_column(String(20), default=new_check_word)
    created_at: Mapped[datetime] = mapped_column(Moment)
    # Since when the state is what it is; empty for a group that was made before this was kept.
    state_since: Mapped[datetime | None] = mapped_column(Moment)

    zone: Mapped[Zone] = relationship()
    district: Mapped[District] = relationship()
    streets: Mapped[list[Street]] = relationship(secondary="group_street", order_by=Street.name)


class GroupStreet(Base):
    """That a group covers a street."""

    __tablename__ = "group_street"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"), primary_key=True)
    street_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("street.id"), primary_key=True, index=True)


class Membership(WithId, Base):
    """A person in a group. Roles: member, deputy, coordinator. States: active, left, suspended, removed.

    Who says STOP while suspended stays so, with `left_at` set: the end of the sanction does not bring them back.
    `number` is what a coordinator sees instead of a name or a phone: "Resident 14".
    """

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("group_id", "person_id"), UniqueConstraint("group_id", "number"))

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    street_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("street.id"))
    number: Mapped[int]
    role: Mapped[str] = mapped_column(String(12), default="member")
    state: Mapped[str] = mapped_column(String(10), default="active")
    joined_at: Mapped[datetime] = mapped_column(Moment)
    left_at: Mapped[datetime | None] = mapped_column(Moment)

    group: Mapped[Group] = relationship()
    person: Mapped[Person] = relationship()
    street: Mapped[Street | None] = relationship()


class Sanction(WithId, Base):
    """What was imposed on a resident (`warning`, `suspension`, `removal`) or, without a membership, on the group.

    Only a resident's suspension ends by itself, at `until`; others when they are lifted. The reason is what
    the one concerned reads.
    """

    __tablename__ = "sanction"
    __table_args__ = (Index("ix_sanction_of", "group_id", "membership_id", "imposed_at"),)

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"))
    membership_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("membership.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    reason: Mapped[SealedBytes] = mapped_column(Sealed)
    # Kind of actor and id: person, account or operator. The table it points into depends on the kind.
    imposed_by: Mapped[str] = mapped_column(String(8))
    imposed_by_id: Mapped[uuid.UUID | None]
    imposed_at: Mapped[datetime] = mapped_column(Moment)
    until: Mapped[datetime | None] = mapped_column(Moment)
    lifted_at: Mapped[datetime | None] = mapped_column(Moment)
    lift_reason: Mapped[SealedBytes | None] = mapped_column(Sealed)

    group: Mapped[Group] = relationship()
    membership: Mapped[Membership | None] = relationship()


class Reply(WithId, Base):
    """What a coordinator wrote to one resident through the group's number, perhaps about a report."""

    __tablename__ = "reply"

    group_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("group.id"), index=True)
    membership_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("membership.id"), index=True)
    report_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("report.id"), index=True)
    text: Mapped[SealedBytes] = mapped_column(Sealed)
    written_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id"))
    written_at: Mapped[datetime] = mapped_column(Moment)
