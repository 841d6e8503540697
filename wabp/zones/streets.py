"""Reads the list of streets: CSV with a header, comma, semicolon or tab between values."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from wabp.zones.given import LONGEST_NAME, Given, one_line
from wabp.zones.lands import Point, inside

MOST_ROWS = 20_000
_LONGEST_POSTCODE = 10
_COLUMNS = ("district", "postcode", "lon", "lat")
_NUMBER = re.compile(r"-?[0-9]{1,3}(?:[.,][0-9]{1,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One street of the list, with what the list says about where it lies."""

    line: int
    name: str
    postcode: str | None
    district: str
    point: Point | None


def read_streets(given: Given, country: str) -> list[Row]:
    """Return the streets in the order of the file. Raises BadInput naming the line and the cure."""
    found = list(_rows(given, country))
    if not found:
        raise given.wrong("zone_streets_none")
    return found


def _rows(given: Given, country: str) -> Iterator[Row]:
    text = given.text()
    header_line = text.partition("\n")[0]
    separator = max(",;\t", key=header_line.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = _columns(given, next(reader, []))
        rows = 0
        for values in reader:
            if not any(map(str.strip, values)):
                continue
            rows += 1
            if rows > MOST_ROWS:
                raise given.wrong("zone_streets_many", line=reader.line_num, most=MOST_ROWS)
            if len(values) != len(columns):
                raise given.wrong(
                    "zone_street_row", line=reader.line_num, count=len(values), wanted=len(columns)
                )
            yield _row(given, reader.line_num, dict(zip(columns, map(one_line, values), strict=True)), country)
    except csv.Error:
        raise given.wrong("zone_streets_quotes", line=reader.line_num) from None


def _columns(given: Given, header: list[str]) -> list[str]:
    """Return the header with the names that we know, and each other column under its position."""
    names = [one_line(name).casefold() for name in header]
    known = [name if name in _COLUMNS else "street" if name in {"street", "name"} else "" for name in names]
    if "street" not in known or any(known.count(name) > 1 for name in ("street", *_COLUMNS)):
        raise given.wrong("zone_streets_header")
    return [name or f"column {position}" for position, name in enumerate(known)]


def _row(given: Given, line: int, values: dict[str, str], country: str) -> Row:
    name, postcode = values["street"], values.get("postcode", "")
    if not name or len(name) > LONGEST_NAME or len(postcode) > _LONGEST_POSTCODE:
        raise given.wrong("zone_street_name", line=line, most=LONGEST_NAME, postcode=_LONGEST_POSTCODE)
    written = values.get("lon", ""), values.get("lat", "")
    point = None
    if any(written):
        if not all(map(_NUMBER.fullmatch, written)):
            raise given.wrong("zone_street_point", line=line)
        longitude, latitude = (float(number.replace(",", ".")) for number in written)
        point = longitude, latitude
        if not inside(point, country):
            raise given.wrong("zone_street_point", line=line)
    return Row(line, name, postcode or None, values.get("district", ""), point)
