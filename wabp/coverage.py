"""Coverage: how much of each district has a group. Counts only, for who watches over a zone."""

import uuid
from dataclasses import dataclass

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from wabp import accounts, groups
from wabp.accounts import Actor
from wabp.models import District, Group, GroupStreet, Street


@dataclass(frozen=True, slots=True)
class Coverage:
    """A district: its groups at work, its streets, and how many of these have a group."""

    district_id: uuid.UUID
    name: str
    groups: int
    streets: int
    covered: int


def of_zone(session: Session, officer: Actor) -> list[Coverage]:
    """Return the districts of the officer's zone. Raises NotThere for roles that see no register."""
    accounts.require_registry(officer)
    at_work = (
        select(Group.district_id, func.count().label("groups"))
        .where(Group.zone_id == officer.zone_id, Group.state.in_(groups.PUBLIC))
        .group_by(Group.district_id)
        .subquery()
    )
    held = (
        select(GroupStreet.street_id)
        .join(Group, Group.id == GroupStreet.group_id)
        .where(Group.zone_id == officer.zone_id, Group.state.in_(groups.PUBLIC))
        .distinct()
        .subquery()
    )
    found = session.execute(
        select(
            District.id,
            District.name,
            func.coalesce(func.max(at_work.c.groups), 0),
            func.count(distinct(Street.id)),
            func.count(distinct(held.c.street_id)),
        )
        .outerjoin(Street, Street.district_id == District.id)
        .outerjoin(held, held.c.street_id == Street.id)
        .outerjoin(at_work, at_work.c.district_id == District.id)
        .where(District.zone_id == officer.zone_id)
        .group_by(District.id, District.name)
        .order_by(District.name)
    )
    return [Coverage(*row) for row in found]
