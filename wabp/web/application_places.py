"""The place of an application on its first page: zone, then district, then the streets of that district."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import request
from sqlalchemy import select

from wabp import answers, groups, keywords
from wabp.answers import Answers
from wabp.models import District, Group, Street, Zone
from wabp.web.pages import session

# So many streets are found at a glance; more are listed by letter.
_FEW = 40


@dataclass(frozen=True, slots=True)
class Place:
    """What is chosen so far. `unknown` names the field with which something was chosen that is not there."""

    zones: Sequence[Zone]
    zone: Zone | None
    districts: Sequence[District]
    district: District | None
    answered: uuid.UUID | None
    unknown: str | None = None


def of_request(given: Answers, typed: Mapping[str, object], group: Group | None) -> Place:
    """Return the place that this request names, else the one that was answered.

    A group that was handed in stays in its zone.
    """
    zones = [group.zone] if group is not None else answers.zones(session())
    named = request.args.get("district", typed.get("district_id"))
    district = _district(named, zones)
    if district is None and named is None and not {"zone", "choose"} & set(request.args):
        district = _district(given.district_id, zones)
    if district is not None:
        return Place(zones, district.zone, (), district, given.district_id)
    wanted = request.args.get("zone", typed.get("zone_id"))
    zone = next((zone for zone in zones if str(zone.id) == wanted), zones[0] if len(zones) == 1 else None)
    unknown = None
    if zone is None and "zone" in request.args:
        unknown = "zone"
    elif named is not None:
        unknown = "district" if zone is not None else "zone"
    return Place(zones, zone, _districts(zone), None, given.district_id, unknown)


def shown(place: Place, group: Group | None, other_url: str) -> dict[str, Any]:
    """Return what the page with the streets shows: by letter, with the groups that everybody knows of."""
    assert place.district is not None
    streets = session().scalars(
        select(Street).where(Street.district_id == place.district.id).order_by(Street.name, Street.postcode)
    ).all()
    held = groups.holding(session(), [street.id for street in streets], but=group.id if group else None)
    taken = {street.id: holder.name for street, holder in held if holder.state in groups.PUBLIC}
    entries: list[dict[str, Any]] = [
        {
            "id": str(street.id),
            "name": street.name,
            "postcode": street.postcode,
            "taken": taken.get(street.id),
            "letter": (keywords.fold(street.name)[:1] or "–").upper(),
        }
        for street in streets
    ]
    entries.sort(key=lambda entry: keywords.fold(entry["name"]))
    return {
        "place": {
            "zone_id": str(place.district.zone_id),
            "district_id": str(place.district.id),
            "zone": place.district.zone.name,
            "district": place.district.name,
            "other_url": other_url,
        },
        "letters": _by_letter(entries) if len(entries) > _FEW else [{"name": "", "streets": entries}],
    }


def _by_letter(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"name": letter, "streets": list(found)}
        for letter, found in groupby(entries, key=lambda entry: str(entry["letter"]))
    ]


def _district(named: object, zones: Sequence[Zone]) -> District | None:
    try:
        found = session().get(District, named if isinstance(named, uuid.UUID) else uuid.UUID(str(named)))
    except ValueError:
        return None
    return found if found is not None and found.zone_id in {zone.id for zone in zones} else None


def _districts(zone: Zone | None) -> Sequence[District]:
    """Return the districts of a zone that have streets."""
    if zone is None:
        return ()
    return session().scalars(
        select(District)
        .where(District.zone_id == zone.id, District.id.in_(select(Street.district_id)))
        .order_by(District.name)
    ).all()
