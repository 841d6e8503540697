"""Where the two countries lie, roughly: enough to notice coordinates that are swapped or of another kind."""

Point = tuple[float, float]

# West, south, east, north, in degrees.
_LANDS = {"be": (2.3, 49.3, 6.6, 51.7), "nl": (3.1, 50.6, 7.4, 53.8)}


def inside(point: Point, country: str) -> bool:
    """Tell whether a longitude and latitude could be a place in the country."""
    west, south, east, north = _LANDS[country]
    return west <= point[0] <= east and south <= point[1] <= north
