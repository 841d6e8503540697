"""`wabp zone`: two files in, a zone's short name out, and one line for whatever a file may hold."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.test_commands import Shell, built
from tests.test_zones import EAST, WEST, collection, feature
from wabp.models import AuditEvent, Zone

STREETS = "street,district\nMolenstraat,Molenwijk\nVaartkant,Vaart\n"


class Places:
    """Two good files in a folder, and the command that reads them."""

    def __init__(self, folder: Path, shell: Shell) -> None:
        self.shell = shell
        self.districts = folder / "wijken.geojson"
        self.streets = folder / "straten.csv"
        self.districts.write_bytes(collection(feature("Molenwijk", WEST), feature("Vaart", EAST)))
        self.streets.write_text(STREETS, encoding="utf-8")

    def arguments(self, name: str = "PZ Beekland", *more: str) -> list[str]:
        files = ["--districts", str(self.districts), "--streets", str(self.streets)]
        return ["zone", "add", name, "--country", "be", *files, *more]

    def zones(self) -> int:
        with self.shell.house.reading() as session:
            return session.scalar(select(func.count()).select_from(Zone)) or 0


@pytest.fixture
def places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Places]:
    with built(tmp_path) as house:
        yield Places(tmp_path, Shell(house, capsys))


def test_the_short_name_is_all_that_standard_output_holds(places: Places) -> None:
    code, out, err = places.shell.run(*places.arguments())
    assert (code, out) == (0, "pz-beekland\n")
    assert err == "The zone PZ Beekland has 2 districts and 2 streets.\n"
    with places.shell.house.reading() as session:
        assert session.scalars(select(AuditEvent.actor)).all() == ["operator"]


def test_the_list_shows_what_is_there(places: Places) -> None:
    assert json.loads(places.shell.answer("zone", "list", "--json")) == []
    places.shell.answer(*places.arguments())
    row = {"slug": "pz-beekland", "name": "PZ Beekland", "country": "be", "districts": 2, "streets": 2, "groups": 0}
    assert json.loads(places.shell.answer("zone", "list", "--json")) == [row]
    assert places.shell.answer("zone", "list") == "pz-beekland\tbe\t2\t2\t0\tPZ Beekland"


def test_a_register_that_knows_only_postcodes_is_taken_when_the_operator_names_the_districts(places: Places) -> None:
    places.streets.write_text("postcode,street\n9000,Aaigemstraat\n9030,Kerkdreef\n", encoding="utf-8")
    assert "line 2" in places.shell.refused(*places.arguments())
    places.shell.answer(*places.arguments("PZ Beekland", "--unplaced", "Postcode {postcode}"))
    [zone] = json.loads(places.shell.answer("zone", "list", "--json"))
    assert (zone["districts"], zone["streets"]) == (4, 2)


def test_a_second_time_says_that_it_is_there(places: Places) -> None:
    places.shell.answer(*places.arguments())
    assert "`wabp zone list`" in places.shell.refused(*places.arguments())
    assert places.zones() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["zone", "add"], "Missing argument 'NAME'"),
        (["zone", "add", "X", "--country", "fr"], "'fr'"),
        (["zone", "add", "X", "--country", "be"], "--districts"),
        (["zone"], "`wabp zone --help`"),
        (["zone", "remove", "x"], "No such command 'remove'"),
    ],
)
def test_a_command_that_is_not_complete_says_what_is_missing(places: Places, arguments: list[str], said: str) -> None:
    assert said in places.shell.refused(*arguments)


def test_a_file_that_is_not_there_or_no_file_is_named(places: Places, tmp_path: Path) -> None:
    for path, why in ((tmp_path / "nowhere.csv", "No such file"), (tmp_path, "Is a directory")):
        places.streets = path
        line = places.shell.refused(*places.arguments())
        assert str(path) in line
        assert why in line
    assert places.zones() == 0


@pytest.mark.parametrize(("which", "most"), [("districts", 20), ("streets", 5)])
def test_a_file_without_end_is_not_read_to_its_end(places: Places, which: str, most: int) -> None:
    setattr(places, which, Path("/dev/zero"))
    assert f"zero is larger than {most} MiB" in places.shell.refused(*places.arguments())


@pytest.mark.parametrize("seed", range(25))
def test_a_damaged_file_is_one_line_or_still_a_zone(places: Places, seed: int) -> None:
    dice = random.Random(seed)
    for file in (places.districts, places.streets):
        data = bytearray(file.read_bytes())
        for _ in range(dice.randint(0, 4)):
            place = dice.randrange(len(data))
            damage = (bytes([dice.randrange(256)]), b"", b'"', b"\0", data[: dice.randrange(40)])
            data[place : place + dice.randint(0, 3)] = dice.choice(damage)
        file.write_bytes(data)
    code, out, err = places.shell.run(*places.arguments())
    assert (code, out) in {(0, "pz-beekland\n"), (2, "")}
    assert err.count("\n") == 1
    assert places.zones() == (code == 0)
