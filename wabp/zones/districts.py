"""Reads the districts: a GeoJSON FeatureCollection of Polygons and MultiPolygons in WGS84."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Never

from wabp.zones.given import LONGEST_NAME, Given, one_line
from wabp.zones.lands import Point, inside
from wabp.zones.outlines import DECIMALS, Bands, Ring, simplified

MOST_DISTRICTS = 1_000


@dataclass(frozen=True, slots=True)
class Area:
    """A district: what is kept of its outline, and whether it holds a point.

    An outline is a list of closed rings, parts and holes alike: what lies inside an odd number of them
    belongs to the district.
    """

    name: str
    outline: list[object]
    _bands: Bands = field(repr=False)

    def holds(self, point: Point) -> bool:
        """Tell whether the point lies in the district, by its whole outline."""
        return self._bands.hold(point)


def read_districts(given: Given, country: str) -> list[Area]:
    """Return the districts in the order of the file. Raises BadInput naming the district and the cure."""
    features = _features(given)
    shapes: dict[str, list[Ring]] = {}
    seen: set[str] = set()
    for position, feature in enumerate(features, start=1):
        name = _name(feature)
        if not name or len(name) > LONGEST_NAME:
            raise given.wrong("zone_district_name", position=position, most=LONGEST_NAME)
        if name.casefold() in seen:
            raise given.wrong("zone_district_twice", position=position, name=name)
        seen.add(name.casefold())
        rings = list(_rings(feature))
        if not rings:
            raise given.wrong("zone_district_shape", position=position, name=name)
        if not all(inside(point, country) for ring in rings for point in ring):
            raise given.wrong("zone_district_elsewhere", position=position, name=name)
        shapes[name] = rings
    small = simplified(shapes)
    return [
        Area(name, [[list(point) for point in ring] for ring in small[name]], Bands(rings))
        for name, rings in shapes.items()
    ]


def _features(given: Given) -> list[Any]:
    try:
        found = json.loads(given.text(), parse_constant=_no_number)
    except json.JSONDecodeError as problem:
        raise given.wrong("zone_not_json", line=problem.lineno) from None
    except (ValueError, RecursionError):
        # A number of thousands of digits, NaN, or brackets without end: no tool writes these.
        raise given.wrong("zone_not_json", line=1) from None
    features = found.get("features") if isinstance(found, Mapping) else None
    if not isinstance(features, list) or not features or found.get("type") != "FeatureCollection":
        raise given.wrong("zone_not_geojson")
    if len(features) > MOST_DISTRICTS:
        raise given.wrong("zone_districts_many", count=len(features), most=MOST_DISTRICTS)
    return features


def _no_number(word: str) -> Never:
    raise ValueError(word)


def _name(feature: object) -> str:
    properties = feature.get("properties") if isinstance(feature, Mapping) else None
    if not isinstance(properties, Mapping):
        return ""
    return one_line(properties.get("district")) or one_line(properties.get("name"))


def _rings(feature: Mapping[str, Any]) -> Iterator[Ring]:
    """Yield the rings of a feature without their closing point; nothing when it is not an area."""
    geometry = feature.get("geometry")
    if not isinstance(geometry, Mapping):
        return
    parts = geometry.get("coordinates")
    if geometry.get("type") == "Polygon":
        parts = [parts]
    elif geometry.get("type") != "MultiPolygon":
        return
    found: list[Ring] = []
    for part in parts if isinstance(parts, list) else ():
        for ring in part if isinstance(part, list) else (None,):
            points = _points(ring)
            if points is None:
                return
            found.append(points)
    yield from found


def _points(ring: object) -> Ring | None:
    """Return the ring's points, each other than the one before; None when they enclose nothing."""
    if not isinstance(ring, list):
        return None
    points: Ring = []
    for position in ring:
        if not isinstance(position, list) or len(position) < 2 or not all(map(_is_number, position[:2])):
            return None
        point = round(float(position[0]), DECIMALS), round(float(position[1]), DECIMALS)
        if not points or point != points[-1]:
            points.append(point)
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    return points if len(points) >= 3 else None


def _is_number(value: object) -> bool:
    # Compared, not converted: a number of hundreds of digits fits no float.
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value < 1e9
