"""Owns the facts that ship with the product: places for the demo zone, each with its source.

`ghent()` holds `source`, `note` and `districts`; a district has a `name`, an `outline` (GeoJSON polygon
coordinates, longitude first) and `streets` (`name`, `postcode`, `assigned`). No person is in here.
"""

import json
from functools import cache
from importlib.resources import files
from typing import TypedDict


class Street(TypedDict):
    """A street of the list. `assigned` is `demo`: nobody stated that it lies in this district."""

    name: str
    postcode: str
    assigned: str


class District(TypedDict):
    """A quarter with its outline: one closed ring of longitude and latitude."""

    name: str
    outline: list[list[list[float]]]
    streets: list[Street]


class Places(TypedDict):
    """The whole file."""

    source: list[str]
    note: str
    districts: list[District]


@cache
def ghent() -> Places:
    """Return the quarters and streets of Ghent for the demo zone. Shared: do not change what it returns."""
    places: Places = json.loads((files("wabp") / "data" / "ghent.json").read_text(encoding="utf-8"))
    return places
