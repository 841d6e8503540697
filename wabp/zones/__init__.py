"""Zones: making one from two files of places, and finding a street again. All of a zone comes in, or nothing.

Which street lies in which district is never guessed: the list says so, a point says so, there is one district
only, or the operator names the district for the rest.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wabp import accounts, texts
from wabp.accounts import Actor
from wabp.errors import BadInput, WrongState
from wabp.models import District, Group, Street, Zone, new_id
from wabp.zones.districts import Area, read_districts
from wabp.zones.given import LONGEST_NAME, Given
from wabp.zones.placing import place
from wabp.zones.rulebooks import use_rulebook
from wabp.zones.search import Place, places_of
from wabp.zones.streets import read_streets

Country = Literal["be", "nl"]

TIMEZONES = {"be": "Europe/Brussels", "nl": "Europe/Amsterdam"}
_LONGEST_SLUG = 80


@dataclass(frozen=True, slots=True)
class Listed:
    """A zone in the operator's list."""

    slug: str
    name: str
    country: str
    districts: int
    streets: int
    groups: int


def add(
    session: Session,
    actor: Actor,
    name: str,
    country: Country,
    districts: Given,
    streets: Given,
    *,
    unplaced: str | None,
    now: datetime,
) -> Zone:
    """Make a zone with its districts and streets. For the operator alone.

    `unplaced` names the district of streets about which nothing else says where they lie; `{postcode}` in
    it makes one for each postcode. Raises BadInput, naming file and line, or WrongState when the zone exists.
    """
    accounts.require_operator(actor)
    name = texts.clean(name).replace("\n", " ")
    slug = slug_of(name)
    if not slug or len(name) > LONGEST_NAME:
        raise BadInput("zone_name", field="name", most=LONGEST_NAME)
    if session.scalar(select(Zone.id).where(Zone.slug == slug)) is not None:
        raise WrongState("zone_exists", slug=slug)
    areas = read_districts(districts, country)
    placed = place(read_streets(streets, country), areas, unplaced, streets)
    zone = Zone(slug=slug, name=name, country=country, timezone=TIMEZONES[country], created_at=now)
    rows = {area.name: District(zone=zone, name=area.name, outline=area.outline) for area in areas}
    for there in placed.keys() - rows.keys():
        rows[there] = District(zone=zone, name=there)
    try:
        session.add_all([zone, *rows.values()])
        session.flush()
    except IntegrityError:
        # Somebody else made it between our look and our row.
        raise WrongState("zone_exists", slug=slug) from None
    session.execute(
        insert(Street),
        [
            {"id": new_id(), "district_id": rows[there].id, "name": row.name, "postcode": row.postcode}
            for there, found in placed.items()
            for row in found
        ],
    )
    accounts.record(session, actor, "added", "zone", zone.id, zone_id=zone.id, now=now)
    return zone


def everything(session: Session, actor: Actor) -> list[Listed]:
    """Return all zones, to the operator alone."""
    accounts.require_operator(actor)
    districts = dict(
        session.execute(select(District.zone_id, func.count()).group_by(District.zone_id)).all()
    )
    streets = dict(
        session.execute(
            select(District.zone_id, func.count()).join(Street).group_by(District.zone_id)
        ).all()
    )
    groups = dict(session.execute(select(Group.zone_id, func.count()).group_by(Group.zone_id)).all())
    return [
        Listed(
            zone.slug,
            zone.name,
            zone.country,
            districts.get(zone.id, 0),
            streets.get(zone.id, 0),
            groups.get(zone.id, 0),
        )
        for zone in session.scalars(select(Zone).order_by(Zone.slug))
    ]


def slug_of(name: str) -> str:
    """Return the short name for addresses and commands: plain letters, digits and hyphens, or ""."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-")


__all__ = [
    "LONGEST_NAME",
    "TIMEZONES",
    "Area",
    "Country",
    "Given",
    "Listed",
    "Place",
    "add",
    "everything",
    "places_of",
    "slug_of",
    "use_rulebook",
]
