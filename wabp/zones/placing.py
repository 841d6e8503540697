"""Puts each street of a list into a district: by name, by point, because there is one, or where the rest goes."""

from collections.abc import Mapping, Sequence

from wabp.errors import BadInput
from wabp.zones.districts import Area
from wabp.zones.given import LONGEST_NAME, Given, one_line
from wabp.zones.streets import Row

_POSTCODE = "{postcode}"


def place(
    rows: Sequence[Row], areas: Sequence[Area], unplaced: str | None, given: Given
) -> dict[str, list[Row]]:
    """Return the streets by district's name. Raises BadInput for one that lies nowhere or stands there twice."""
    rest = None if unplaced is None else one_line(unplaced)
    if rest is not None and not 0 < len(rest) <= LONGEST_NAME:
        raise BadInput("zone_unplaced", field="unplaced", most=LONGEST_NAME)
    known = {area.name.casefold(): area.name for area in areas}
    # A district for the rest may be one that has an outline, however it is written.
    names = dict(known)
    placed: dict[str, list[Row]] = {}
    lines: dict[tuple[str, str, str | None], int] = {}
    for row in rows:
        found = _district_of(row, areas, known, rest, given)
        there = names.setdefault(found.casefold(), found)
        first = lines.setdefault((there, row.name.casefold(), row.postcode), row.line)
        if first != row.line:
            raise given.wrong("zone_street_twice", line=row.line, street=row.name, first=first)
        placed.setdefault(there, []).append(row)
    return placed


def _district_of(
    row: Row, areas: Sequence[Area], known: Mapping[str, str], rest: str | None, given: Given
) -> str:
    if row.district:
        if row.district.casefold() not in known:
            raise given.wrong("zone_street_district", line=row.line, district=row.district)
        return known[row.district.casefold()]
    if row.point is not None:
        for area in areas:
            if area.holds(row.point):
                return area.name
    elif len(areas) == 1:
        return areas[0].name
    if rest is not None and (row.postcode or _POSTCODE not in rest):
        return rest.replace(_POSTCODE, row.postcode or "")[:LONGEST_NAME]
    key = "zone_street_outside" if row.point is not None else "zone_street_nowhere"
    raise given.wrong(key, line=row.line, street=row.name)
