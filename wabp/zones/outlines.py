"""Outlines small enough to keep and to draw, with the borders that neighbours share still shared.

Simplifying works on stretches of border between the points where districts meet, each in one direction
whoever it belongs to, so that both neighbours keep the same points of it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from wabp.zones.lands import Point

Ring = list[Point]

# Five decimals of a degree are about a metre.
DECIMALS = 5
# What a district's outline should not have more points than; coarser steps are tried until it has not.
MOST_POINTS = 200
_STEPS_IN_METRES = (8, 16, 32, 64, 128)
_METRES_PER_DEGREE = 111_320
_BANDS = 256
# A stretch that is cut this often is cut in the middle, so that no drawing takes for ever.
_DEEPEST = 40


def simplified(shapes: Mapping[str, Sequence[Ring]]) -> dict[str, list[Ring]]:
    """Return each district's rings with fewer points, closed, the first of them as the last."""
    meetings = _meetings(ring for rings in shapes.values() for ring in rings)
    weighed = {name: [_weighed(ring, meetings) for ring in rings] for name, rings in shapes.items()}
    kept: dict[str, list[Ring]] = {}
    for step in _STEPS_IN_METRES:
        kept = {name: _kept(rings, step) for name, rings in weighed.items()}
        if all(sum(map(len, rings)) <= MOST_POINTS for rings in kept.values()):
            break
    return {name: [[*ring, ring[0]] for ring in rings] for name, rings in kept.items()}


class Bands:
    """The rings of a district, cut into bands of latitude: which of them a point lies in is quickly told."""

    def __init__(self, rings: Sequence[Ring]) -> None:
        latitudes = [latitude for ring in rings for _, latitude in ring]
        self._south, north = min(latitudes), max(latitudes)
        self._height = (north - self._south) / _BANDS or 1.0
        self._edges: list[list[tuple[Point, Point]]] = [[] for _ in range(_BANDS + 1)]
        for ring in rings:
            for edge in zip(ring, [*ring[1:], ring[0]], strict=True):
                low, high = sorted((self._band(edge[0][1]), self._band(edge[1][1])))
                for band in range(low, high + 1):
                    self._edges[band].append(edge)

    def hold(self, point: Point) -> bool:
        """Tell whether the point lies inside an odd number of rings."""
        longitude, latitude = point
        band = self._band(latitude)
        if not 0 <= band <= _BANDS:
            return False
        crossed = 0
        for (west, south), (east, north) in self._edges[band]:
            if (south > latitude) != (north > latitude):
                crossed += longitude < (east - west) * (latitude - south) / (north - south) + west
        return crossed % 2 == 1

    def _band(self, latitude: float) -> int:
        return math.floor((latitude - self._south) / self._height)


def _meetings(rings: Iterable[Ring]) -> set[Point]:
    """Return the points where a border is shared by others than just before: both neighbours keep these."""
    beside: dict[Point, set[Point]] = defaultdict(set)
    for ring in rings:
        for before, point, after in zip([ring[-1], *ring], ring, [*ring[1:], ring[0]], strict=False):
            beside[point].update((before, after))
    return {point for point, others in beside.items() if len(others) != 2}


def _kept(rings: Sequence[Sequence[tuple[Point, float]]], step: float) -> list[Ring]:
    """Return what is left of the rings; one that comes to nothing goes, unless it is all there is."""
    left = [[point for point, weight in ring if weight >= step] for ring in rings]
    return [ring for ring in left if len(ring) >= 3] or [[point for point, _ in rings[0]]]


def _weighed(ring: Ring, meetings: set[Point]) -> list[tuple[Point, float]]:
    """Return the ring's points, each with how many metres the outline would be off without it."""
    cuts = [position for position, point in enumerate(ring) if point in meetings]
    if not cuts:
        cuts = [ring.index(min(ring))]
    start = cuts[0]
    turned = [*ring[start:], *ring[:start], ring[start]]
    ends = [*(cut - start for cut in cuts), len(ring)]
    found: list[tuple[Point, float]] = []
    for first, last in pairwise(ends):
        stretch = turned[first : last + 1]
        backwards = (stretch[-1], stretch[-2]) < (stretch[0], stretch[1])
        weights = _weights(stretch[::-1] if backwards else stretch)
        found += zip(stretch[:-1], (weights[::-1] if backwards else weights)[:-1], strict=True)
    return found


def _weights(stretch: Sequence[Point]) -> list[float]:
    """Return for each point of a stretch the step up to which it stays (Douglas and Peucker)."""
    weights = [math.inf] * len(stretch)
    scale = _METRES_PER_DEGREE * math.cos(math.radians(stretch[0][1]))
    flat = [(longitude * scale, latitude * _METRES_PER_DEGREE) for longitude, latitude in stretch]
    waiting = [(0, len(stretch) - 1, math.inf, 0)]
    while waiting:
        first, last, limit, depth = waiting.pop()
        if last - first < 2:
            continue
        distance, farthest = max(_distances(flat, first, last))
        if depth > _DEEPEST:
            farthest = (first + last) // 2
        weight = min(distance, limit)
        weights[farthest] = weight
        waiting += [(first, farthest, weight, depth + 1), (farthest, last, weight, depth + 1)]
    return weights


def _distances(flat: Sequence[Point], first: int, last: int) -> Iterator[tuple[float, int]]:
    """Yield how far each point between two others is from the line through these, with its position."""
    (x1, y1), (x2, y2) = flat[first], flat[last]
    length = math.hypot(x2 - x1, y2 - y1)
    for position in range(first + 1, last):
        x, y = flat[position]
        if length == 0:
            yield math.hypot(x - x1, y - y1), position
        else:
            yield abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length, position
