"""Commands about zones: the police's and the law's unit, with its districts and streets."""

import dataclasses
import json
import os
from typing import TYPE_CHECKING

import click

from wabp.cli.base import Build, example, note, ready, wabp
from wabp.errors import BadInput

if TYPE_CHECKING:
    from wabp.zones import Country, Given

_MEBIBYTE = 1024 * 1024
_LARGEST_DISTRICTS, _LARGEST_STREETS = 20, 5


@wabp.group("zone")
def zone_commands() -> None:
    """Make zones, and look at them."""


@zone_commands.command(
    "add",
    **example('wabp zone add "PZ Leiebocht" --country be --districts districts.geojson --streets streets.csv'),
)
@click.argument("name")
@click.option("--country", type=click.Choice(["be", "nl"]), required=True, help="Whose law and numbers hold.")
@click.option("--districts", metavar="FILE.geojson", required=True, help="Outlines, with property district or name.")
@click.option("--streets", metavar="FILE.csv", required=True, help="Columns street, district, postcode, lon, lat.")
@click.option(
    "--unplaced",
    metavar="NAME",
    help="District for streets about which the files do not say where they lie; {postcode} makes one for each.",
)
@click.pass_obj
def add_zone(
    build: Build, name: str, country: "Country", districts: str, streets: str, unplaced: str | None
) -> None:
    """Make a zone from two files and print its short name: all of it, or nothing.

    A street lies in the district that its row names, else where its point lies, else in the only district.
    """
    from wabp import zones
    from wabp.accounts import OPERATOR

    outlines = _given(districts, _LARGEST_DISTRICTS)
    rows = _given(streets, _LARGEST_STREETS)
    services = ready(build)
    with services.writing() as session:
        zone = zones.add(
            session, OPERATOR, name, country, outlines, rows, unplaced=unplaced, now=services.clock()
        )
        session.commit()
        [made] = [listed for listed in zones.everything(session, OPERATOR) if listed.slug == zone.slug]
    note(f"The zone {made.name} has {made.districts} districts and {made.streets} streets.")
    print(made.slug)


@zone_commands.command("list", **example("wabp zone list --json"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@click.pass_obj
def list_zones(build: Build, as_json: bool) -> None:
    """List the zones with how many districts, streets and groups they have."""
    from wabp import zones
    from wabp.accounts import OPERATOR

    services = ready(build)
    with services.reading() as session:
        found = zones.everything(session, OPERATOR)
    if as_json:
        print(json.dumps([dataclasses.asdict(zone) for zone in found], ensure_ascii=False))
    else:
        for zone in found:
            print(f"{zone.slug}\t{zone.country}\t{zone.districts}\t{zone.streets}\t{zone.groups}\t{zone.name}")


def _given(path: str, most: int) -> "Given":
    """Read one file, no further than it may be long."""
    from wabp.zones import Given

    name = os.path.basename(path) or path
    try:
        with open(path, "rb") as file:
            data = file.read(most * _MEBIBYTE + 1)
    except OSError as problem:
        raise BadInput("zone_file", field="file", file=path, why=problem.strerror) from None
    if len(data) > most * _MEBIBYTE:
        raise BadInput("zone_file_large", field="file", file=name, most=most)
    return Given(name, data)
