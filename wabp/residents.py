"""Residents: the members of a group as those who coordinate it see them.

A number in the group and a street; never a phone, and a name only of who coordinates. Nobody is found by number.
"""

import math
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from wabp import groups
from wabp.accounts import Actor
from wabp.errors import NotThere
from wabp.models import Group, Membership, Person, Sanction, Street, unseal

PAGE_SIZE = 100
# Who is in the group, also while suspended. Who left is nobody's business any more.
PRESENT = ("active", "suspended")
REMOVED = ("removed",)


@dataclass(frozen=True, slots=True)
class Resident:
    """One member. `name` is empty for everybody who does not coordinate; `until` is when a suspension ends."""

    id: uuid.UUID
    number: int
    street: str | None
    role: str
    name: str
    state: str
    since: datetime
    until: datetime | None
    own: bool


@dataclass(frozen=True, slots=True)
class OnStreet:
    """How many of a group live on a street. `id` and `name` are empty for those without a street."""

    id: uuid.UUID | None
    name: str | None
    count: int


def streets(session: Session, actor: Actor, group: Group) -> list[OnStreet]:
    """Return the streets that members live on, with how many. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    counts = session.execute(
        select(Membership.street_id, Street.name, func.count())
        .outerjoin(Street, Street.id == Membership.street_id)
        .where(Membership.group_id == group.id, Membership.state.in_(PRESENT))
        .group_by(Membership.street_id, Street.name)
        .order_by(Street.name)
    )
    return [OnStreet(street_id, name, count) for street_id, name, count in counts]


def count(session: Session, actor: Actor, group: Group, *, states: Collection[str]) -> int:
    """Return how many members are in one of these states. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    return (
        session.scalar(
            select(func.count())
            .select_from(Membership)
            .where(Membership.group_id == group.id, Membership.state.in_(states))
        )
        or 0
    )


def listed(
    session: Session,
    actor: Actor,
    group: Group,
    *,
    states: Collection[str] = PRESENT,
    street_id: uuid.UUID | None = None,
    page: int = 1,
) -> tuple[list[Resident], int]:
    """Return one page of members by street and number, and how many pages there are. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    chosen: list[ColumnElement[bool]] = [Membership.group_id == group.id, Membership.state.in_(states)]
    if street_id is not None:
        chosen.append(Membership.street_id == street_id)
    total = session.scalar(select(func.count()).select_from(Membership).where(*chosen)) or 0
    pages = max(1, math.ceil(total / PAGE_SIZE))
    rows = session.execute(
        select(Membership, Street.name)
        .outerjoin(Street, Street.id == Membership.street_id)
        .where(*chosen)
        .order_by(Street.name.is_(None), Street.name, Membership.number)
        .offset((min(max(page, 1), pages) - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    ).all()
    ends = _suspended_until(session, [membership.id for membership, _ in rows if membership.state == "suspended"])
    return [_seen(session, actor, membership, street, ends) for membership, street in rows], pages


def get(session: Session, actor: Actor, group: Group, membership_id: uuid.UUID) -> Membership:
    """Return one member. Raises NotThere, also for who left."""
    groups.require_coordinating(session, actor, group)
    membership = session.get(Membership, membership_id)
    if membership is None or membership.group_id != group.id or membership.state not in PRESENT + REMOVED:
        raise NotThere
    return membership


def show(session: Session, actor: Actor, membership: Membership) -> Resident:
    """Return how a member is shown. Raises NotThere."""
    groups.require_coordinating(session, actor, membership.group)
    street = membership.street.name if membership.street else None
    return _seen(session, actor, membership, street, _suspended_until(session, [membership.id]))


def hold(session: Session, actor: Actor, group: Group, membership_id: uuid.UUID) -> Membership:
    """Return one member of an active group, whatever their state, and keep others from changing them meanwhile.

    What the member does by message waits too. Raises NotThere, and WrongState for a group that may not send.
    """
    groups.require_coordinating(session, actor, group)
    groups.hold_active(session, group)
    membership = session.get(Membership, membership_id)
    if membership is None or membership.group_id != group.id:
        raise NotThere
    session.execute(select(Person.id).where(Person.id == membership.person_id).with_for_update(key_share=True))
    session.refresh(membership, with_for_update=True)
    return membership


def _seen(
    session: Session,
    actor: Actor,
    membership: Membership,
    street: str | None,
    ends: dict[uuid.UUID, datetime],
) -> Resident:
    coordinates = membership.role in groups.COORDINATING
    return Resident(
        id=membership.id,
        number=membership.number,
        street=street,
        role=membership.role,
        name=unseal(session, membership.person, "name") if coordinates else "",
        state=membership.state,
        since=membership.joined_at,
        until=ends.get(membership.id) if membership.state == "suspended" else None,
        own=actor.kind == "person" and membership.person_id == actor.id,
    )


def _suspended_until(session: Session, members: Sequence[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """Return when the running suspension of each of these members ends."""
    if not members:
        return {}
    ends = session.execute(
        select(Sanction.membership_id, func.max(Sanction.until))
        .where(Sanction.membership_id.in_(members), Sanction.kind == "suspension", Sanction.lifted_at.is_(None))
        .group_by(Sanction.membership_id)
    )
    return {member: until for member, until in ends if member is not None and until is not None}
