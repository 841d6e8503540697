"""Which group somebody's street belongs to: for anybody, by a name with spelling forgiven. Never about people."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import groups, streets
from wabp.models import District, Group, GroupStreet, Street, Zone

# One name may be a street in many places; more than these help nobody.
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A street, where it lies, and its group when there is one that anybody may know of."""

    street: str
    district: str
    zone: str
    group: Group | None


def places_of(session: Session, typed: str) -> list[Place]:
    """Return the streets that were meant, of all zones; nothing when none was, or it could be several."""
    names = session.scalars(select(Street.name).distinct()).all()
    meant = streets.best(typed, names)
    if meant is None:
        return []
    written = [name for name in names if name.casefold() == meant.casefold()]
    covering = (
        select(GroupStreet.street_id, Group.id)
        .join(Group, Group.id == GroupStreet.group_id)
        .where(Group.state.in_(groups.PUBLIC))
        .subquery()
    )
    found = session.execute(
        select(Street.name, District.name, Zone.name, Group)
        .join(District, District.id == Street.district_id)
        .join(Zone, Zone.id == District.zone_id)
        .outerjoin(covering, covering.c.street_id == Street.id)
        .outerjoin(Group, Group.id == covering.c.id)
        .where(Street.name.in_(written))
        .order_by(Zone.name, District.name, Street.postcode)
        .limit(MOST_SHOWN)
    )
    return [Place(*row) for row in found]
