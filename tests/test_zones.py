"""How a zone's districts and streets are read, placed and kept small; and every file that is refused."""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import select

from tests.house import Cast, House, add_zone
from wabp import zones
from wabp.accounts import NOBODY, OPERATOR, SYSTEM
from wabp.data import ghent
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import AuditEvent, District, Street, Zone
from wabp.zones import Given
from wabp.zones.districts import read_districts
from wabp.zones.outlines import MOST_POINTS
from wabp.zones.streets import read_streets

# Two squares beside each other, south of Ghent, and a third whose hole is the middle of it.
WEST = [[3.70, 51.00], [3.72, 51.00], [3.72, 51.02], [3.70, 51.02], [3.70, 51.00]]
EAST = [[3.72, 51.00], [3.74, 51.00], [3.74, 51.02], [3.72, 51.02], [3.72, 51.00]]
POND = [[3.725, 51.005], [3.735, 51.005], [3.735, 51.015], [3.725, 51.015], [3.725, 51.005]]


def feature(name: object, *rings: object, kind: str = "Polygon", key: str = "district") -> dict[str, object]:
    coordinates = [list(rings)] if kind == "MultiPolygon" else list(rings)
    return {"type": "Feature", "properties": {key: name}, "geometry": {"type": kind, "coordinates": coordinates}}


def collection(*features: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def two_districts() -> bytes:
    return collection(feature("Molenwijk", WEST), feature("Vaart", EAST))


def districts(data: bytes, country: str = "be") -> list[zones.Area]:
    return read_districts(Given("wijken.geojson", data), country)


def streets(text: str | bytes) -> list[object]:
    data = text.encode() if isinstance(text, str) else text
    return [(row.name, row.district, row.postcode, row.point) for row in read_streets(Given("straten.csv", data), "be")]


def refusal(problem: pytest.ExceptionInfo[BadInput]) -> str:
    return problem.value.say("en")


def add(
    house: House,
    csv: str,
    outlines: bytes | None = None,
    *,
    name: str = "PZ Beekland",
    country: zones.Country = "be",
    unplaced: str | None = None,
) -> str:
    """Make a zone and return its slug."""
    with house.writing() as session:
        zone = zones.add(
            session,
            OPERATOR,
            name,
            country,
            Given("wijken.geojson", outlines or two_districts()),
            Given("straten.csv", csv.encode()),
            unplaced=unplaced,
            now=house.clock(),
        )
        session.commit()
        return zone.slug


def placed(house: House, slug: str = "pz-beekland") -> dict[str, list[str]]:
    """Return a zone's streets by district, those without streets too."""
    with house.reading() as session:
        found = session.scalars(select(District).join(Zone).where(Zone.slug == slug)).all()
        return {
            district.name: sorted(session.scalars(select(Street.name).where(Street.district_id == district.id)))
            for district in found
        }


# ---- a zone ----


def test_a_zone_comes_in_with_its_country_s_clock_its_districts_and_their_streets(house: House) -> None:
    slug = add(house, "street,district,postcode\nMolenstraat,Molenwijk,9999\nVaartkant,vaart,\n")
    assert slug == "pz-beekland"
    with house.reading() as session:
        zone = session.scalars(select(Zone)).one()
        assert (zone.name, zone.country, zone.timezone, zone.demo) == ("PZ Beekland", "be", "Europe/Brussels", False)
        assert {street.postcode for street in session.scalars(select(Street))} == {"9999", None}
        assert {street.assigned for street in session.scalars(select(Street))} == {"zone"}
        kept = session.scalars(select(District.outline).where(District.name == "Molenwijk")).one()
        assert set(map(tuple, kept[0])) == set(map(tuple, WEST))  # type: ignore[index, arg-type]
        event = session.scalars(select(AuditEvent)).one()
        assert (event.actor, event.act, event.noun, event.noun_id, event.zone_id) == (
            "operator", "added", "zone", zone.id, zone.id,
        )
    assert placed(house) == {"Molenwijk": ["Molenstraat"], "Vaart": ["Vaartkant"]}


def test_a_dutch_zone_keeps_dutch_time(light_house: House) -> None:
    square = [[4.6, 51.8], [4.7, 51.8], [4.7, 51.9], [4.6, 51.9], [4.6, 51.8]]
    add(light_house, "street\nDijklaan\n", collection(feature("Dijk", square, key="name")), country="nl")
    with light_house.reading() as session:
        assert session.scalars(select(Zone.timezone)).one() == "Europe/Amsterdam"
    assert placed(light_house) == {"Dijk": ["Dijklaan"]}


def test_a_street_lies_where_its_row_says_else_where_its_point_is(light_house: House) -> None:
    add(
        light_house,
        "name;district;lon;lat\n"
        "Kerkdreef;Molenwijk;3,73;51,01\n"  # what the row says goes before the point
        "Molenstraat;;3,71;51,01\n"
        "Vaartkant;;3.73;51.001\n",
    )
    assert placed(light_house) == {"Molenwijk": ["Kerkdreef", "Molenstraat"], "Vaart": ["Vaartkant"]}


def test_a_point_in_a_hole_lies_outside_and_one_on_a_shared_border_lies_in_one_district() -> None:
    [west, east] = districts(collection(feature("West", WEST), feature("Oost", EAST, POND, kind="MultiPolygon")))
    assert not east.holds((3.73, 51.01))
    assert east.holds((3.7225, 51.01))
    for latitude in (51.001, 51.01, 51.0199):
        assert west.holds((3.72, latitude)) + east.holds((3.72, latitude)) == 1
    for far in ((3.0, 51.01), (3.71, 50.0), (3.71, 60.0), (3.9, 51.01)):
        assert not west.holds(far)


def test_what_the_files_do_not_say_is_never_guessed_but_named_by_the_operator(light_house: House) -> None:
    csv = "postcode,street\n9000,Aaigemstraat\n9030,Kerkdreef\n9030,Molenstraat\n"
    with pytest.raises(BadInput) as problem:
        add(light_house, csv)
    assert "straten.csv, line 2: nothing says in which district 'Aaigemstraat' lies" in refusal(problem)
    assert "--unplaced" in refusal(problem)
    add(light_house, csv, unplaced="Elders")
    assert placed(light_house) == {
        "Molenwijk": [], "Vaart": [], "Elders": ["Aaigemstraat", "Kerkdreef", "Molenstraat"],
    }
    add(light_house, csv, unplaced="Postcode {postcode}", name="Tweede zone")
    assert placed(light_house, "tweede-zone") == {
        "Molenwijk": [], "Vaart": [], "Postcode 9000": ["Aaigemstraat"], "Postcode 9030": ["Kerkdreef", "Molenstraat"],
    }
    with light_house.reading() as session:
        without = session.scalars(select(District.name).where(District.outline.is_(None)))
        assert sorted(without) == ["Elders", "Postcode 9000", "Postcode 9030"]


def test_the_rest_may_go_to_a_district_that_has_an_outline(light_house: House) -> None:
    add(light_house, "street,district\nMolenstraat,Vaart\nKerkdreef,\n", unplaced="MOLENWIJK")
    assert placed(light_house) == {"Molenwijk": ["Kerkdreef"], "Vaart": ["Molenstraat"]}


def test_a_street_without_postcode_gets_no_district_named_after_one(light_house: House) -> None:
    with pytest.raises(BadInput) as problem:
        add(light_house, "street\nKerkdreef\n", unplaced="Postcode {postcode}")
    assert "line 2" in refusal(problem)


def test_where_there_is_one_district_every_street_lies_in_it(light_house: House) -> None:
    add(light_house, "street\nKerkdreef\nMolenstraat\n", collection(feature("Molenwijk", WEST)))
    assert placed(light_house) == {"Molenwijk": ["Kerkdreef", "Molenstraat"]}


def test_a_long_street_may_lie_in_two_districts_and_one_name_have_two_postcodes(light_house: House) -> None:
    add(
        light_house,
        "street,district,postcode\nVaartkant,Molenwijk,9000\nVaartkant,Vaart,9000\nVaartkant,Vaart,9030\n",
    )
    assert placed(light_house) == {"Molenwijk": ["Vaartkant"], "Vaart": ["Vaartkant", "Vaartkant"]}


def test_a_zone_is_made_once_and_nobody_but_the_operator_makes_or_lists_one(
    light_house: House, light_cast: Cast
) -> None:
    csv = "street,district\nMolenstraat,Molenwijk\n"
    add(light_house, csv)
    with pytest.raises(WrongState, match="pz-beekland"):
        add(light_house, csv, name="pz   BEEKLAND")
    files = Given("a", two_districts()), Given("b", csv.encode())
    for who in (NOBODY, SYSTEM, light_cast.fatima.actor, light_cast.claes.actor, light_cast.de_smet.actor):
        with light_house.writing() as session:
            with pytest.raises(NotThere):
                zones.add(session, who, "Nieuw", "be", *files, unplaced=None, now=light_house.clock())
            with pytest.raises(NotThere):
                zones.everything(session, who)


def test_the_list_counts_each_zone_apart(light_house: House, light_cast: Cast) -> None:
    add(light_house, "street,district\nMolenstraat,Molenwijk\nKerkdreef,Vaart\nVaartkant,Vaart\n")
    with light_house.reading() as session:
        found = zones.everything(session, OPERATOR)
    listed = {zone.slug: (zone.districts, zone.streets, zone.groups) for zone in found}
    assert listed == {"pz-leiebocht": (1, 3, 1), "basisteam-merwedrecht": (1, 2, 1), "pz-beekland": (2, 3, 0)}


def test_a_zone_that_is_refused_leaves_nothing_behind(house: House) -> None:
    for csv in ("street,district\nMolenstraat,Molenwijk\nKerkdreef,Nergens\n", "street\n"):
        with pytest.raises(BadInput):
            add(house, csv)
    with house.reading() as session:
        for table in (Zone, District, Street, AuditEvent):
            assert session.scalars(select(table)).all() == []


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("PZ Leiebocht", "pz-leiebocht"),
        ("  Zône de Police Été  ", "zone-de-police-ete"),
        ("Basisteam 's-Hertogendam/Zuid", "basisteam-s-hertogendam-zuid"),
        ("Straße 1", "strasse-1"),
        ("x" * 100, "x" * 80),
        ("…", ""),
    ],
)
def test_a_short_name_has_plain_letters_only(name: str, slug: str) -> None:
    assert zones.slug_of(name) == slug


@pytest.mark.parametrize("name", ["", " ", "…", "\0", "полиция", "x" * 121])
def test_a_name_that_gives_no_short_name_is_refused(light_house: House, name: str) -> None:
    with pytest.raises(BadInput, match="letters a-z"):
        add(light_house, "street,district\nMolenstraat,Molenwijk\n", name=name)


@pytest.mark.parametrize("unplaced", ["", " \t", "x" * 121])
def test_the_rest_needs_a_district_with_a_name(light_house: House, unplaced: str) -> None:
    with pytest.raises(BadInput, match="--unplaced"):
        add(light_house, "street\nMolenstraat\n", unplaced=unplaced)


# ---- outlines ----


def test_outlines_become_small_and_neighbours_keep_the_same_border() -> None:
    # A river of a thousand bends between two banks; each bank's ring runs its own way along it.
    river = [[3.72 + 0.001 * math.sin(step / 9), 51.0 + step * 0.00002] for step in range(1001)]
    west = [*river, [3.70, 51.02], [3.70, 51.0], river[0]]
    east = [*reversed(river), [3.74, 51.0], [3.74, 51.02], river[-1]]
    [left, right] = districts(collection(feature("West", west), feature("Oost", east)))
    kept = [{tuple(point) for point in area.outline[0]} for area in (left, right)]  # type: ignore[attr-defined]
    # All of the border that one has, the other has.
    assert kept[0] - kept[1] == {(3.70, 51.02), (3.70, 51.0)}
    assert kept[1] - kept[0] == {(3.74, 51.0), (3.74, 51.02)}
    assert 20 < len(kept[0]) <= MOST_POINTS
    for area, whole in ((left, west), (right, east)):
        [ring] = area.outline
        assert ring[0] == ring[-1]  # type: ignore[index]
        assert size(ring) == pytest.approx(size(whole), rel=0.01)  # type: ignore[arg-type]


def size(ring: Sequence[Sequence[float]]) -> float:
    """The area of a ring in square degrees."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))) / 2


def test_the_demo_s_own_outlines_pass_and_stay_as_large(light_house: House) -> None:
    whole = ghent()["districts"]
    kept = districts(collection(*(feature(found["name"], *found["outline"]) for found in whole)))
    assert [area.name for area in kept] == [found["name"] for found in whole]
    for area, found in zip(kept, whole, strict=True):
        assert size(area.outline[0]) == pytest.approx(size(found["outline"][0]), rel=0.03)  # type: ignore[arg-type]


def test_an_outline_is_closed_rounded_and_keeps_its_parts() -> None:
    open_ring = [[3.700000123, 51.0], [3.72, 51.0, 12.5], [3.72, 51.02]]
    [area] = districts(collection(feature("Molenwijk", open_ring, POND)))
    first, second = area.outline
    assert first == [[3.7, 51.0], [3.72, 51.0], [3.72, 51.02], [3.7, 51.0]]
    assert len(second) == 5  # type: ignore[arg-type]


def test_a_speck_beside_a_district_goes_and_a_district_that_is_a_speck_stays() -> None:
    speck = [[3.73, 51.0], [3.73001, 51.0], [3.73001, 51.00001], [3.73, 51.0]]
    [area] = districts(collection(feature("Molenwijk", speck, WEST)))
    assert len(area.outline) == 1
    [tiny] = districts(collection(feature("Speldenprik", speck)))
    assert len(tiny.outline[0]) == 4  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "wijken.geojson, line 1: this is not JSON"),
        (b'{\n"type":', "wijken.geojson, line 2: this is not JSON"),
        (b"PK\x03\x04\x14\x00", "wijken.geojson, line 1: this is not UTF-8 text"),
        (b'{"type":\n"\xff"}', "wijken.geojson, line 2: this is not UTF-8 text"),
        ("{}".encode("utf-16"), "line 1: this is not UTF-8 text"),
        (b"[" * 100_000, "line 1: this is not JSON"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "line 1: this is not JSON"),
        (b'{"a": NaN}', "line 1: this is not JSON"),
        (b"[]", "FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": []}', "FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": {}}', "FeatureCollection"),
        (json.dumps(feature("Molenwijk", WEST)).encode(), "FeatureCollection"),
        (collection(*[feature("a", WEST)] * 1_001), "1001 districts; a zone has at most 1000"),
        (collection(feature("Molenwijk", WEST), 7), "district 2: it needs a name"),
        (collection(feature("", WEST)), "district 1: it needs a name"),
        (collection(feature(12, WEST)), "district 1: it needs a name"),
        (collection(feature("\ud800", WEST)), "district 1: it needs a name"),
        (collection(feature("x" * 121, WEST)), "at most 120 characters"),
        (collection({"type": "Feature", "properties": None}), "district 1: it needs a name"),
        (collection(feature("Molenwijk", WEST), feature("MOLENWIJK ", EAST)), "district 2: the name 'MOLENWIJK'"),
        (collection({"properties": {"name": "A"}, "geometry": None}), "district 1 (A): it has no area"),
        (collection(feature("A", WEST, kind="LineString")), "district 1 (A): it has no area"),
        (collection(feature("A", WEST[:2])), "district 1 (A): it has no area"),
        (collection(feature("A", [WEST[0], WEST[0], WEST[1], WEST[0]])), "it has no area"),
        (collection(feature("A", WEST, [])), "it has no area"),
        (collection(feature("A")), "it has no area"),
        (collection(feature("A", "rond")), "it has no area"),
        (collection(feature("A", [["3.7", "51"], *WEST])), "it has no area"),
        (collection(feature("A", [[True, 51.0], *WEST])), "it has no area"),
        (collection(feature("A", [[3.7], *WEST])), "it has no area"),
        (collection(feature("A", [[10**400, 51], *WEST])), "it has no area"),
        (b'{"type":"FeatureCollection","features":[{"properties":{"name":"A"},"geometry":{"type":"Polygon",'
         b'"coordinates":[[[1e999,51],[3,51],[3,52]]]}}]}', "it has no area"),
        (collection(feature("A", [[y, x] for x, y in WEST])), "longitude first"),
        (collection(feature("A", [[104_000, 193_000], [105_000, 193_000], [105_000, 194_000]])), "longitude first"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_districts_that_cannot_be_used_are_refused_by_name_and_place(data: bytes, said: str) -> None:
    with pytest.raises(BadInput) as problem:
        districts(data)
    assert said in refusal(problem)
    assert "wijken.geojson" in refusal(problem)


def test_a_belgian_outline_is_no_dutch_one() -> None:
    square = [[4.6, 51.8], [4.7, 51.8], [4.7, 51.9], [4.6, 51.8]]
    assert districts(collection(feature("A", square)), "nl")
    with pytest.raises(BadInput, match="--country"):
        districts(collection(feature("A", square)), "be")


# ---- the list of streets ----


@pytest.mark.parametrize(
    "text",
    [
        "street,postcode\nKerkdreef,9000\n",
        "\ufeffstreet,postcode\r\nKerkdreef,9000\r\n",
        "STREET ; Postcode\nKerkdreef;9000",
        "name\tpostcode\nKerkdreef\t9000\n",
        "postcode,street\n\n9000,  Kerkdreef \n,\n",
        'postcode,street,remark\n9000,"Kerkdreef","with, a comma"\n',
        "postcode,street\r9000,Kerkdreef\r",
    ],
)
def test_a_list_is_read_as_spreadsheets_and_registers_write_it(text: str) -> None:
    assert streets(text) == [("Kerkdreef", "", "9000", None)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("", "straten.csv, line 1: name the columns"),
        ("Kerkdreef\nMolenstraat\n", "line 1: name the columns"),
        ("street,name\nA,B\n", "line 1: name the columns"),
        ("street,lon,lon\nA,1,2\n", "line 1: name the columns"),
        ("postcode\n9000\n", "line 1: name the columns"),
        ("street\n", "line 2: there is no street"),
        ("street\n\n \n", "line 2: there is no street"),
        ("street,postcode\nKerkdreef\n", "line 2: it has 1 values, the header 2"),
        ("street,postcode\nA,1\nKerkdreef, achter,9000\n", "line 3: it has 3 values, the header 2"),
        ('street\n"Kerkdreef\n', "a quote is not closed"),
        ('street\n"Kerk"dreef\n', "line 2: a quote"),
        (f"street\n{'x' * 140_000}\n", "line 2: a quote"),
        ("street,postcode\n,9000\n", "line 2: write the street's name"),
        ("street,postcode\n\u200b,9000\n", "line 2: write the street's name"),
        (f"street\n{'x' * 121}\n", "at most 120 characters"),
        ("street,postcode\nKerkdreef,12345678901\n", "the postcode in at most 10"),
        ("street,lon,lat\nA,3.7,\n", "line 2: write lon and lat"),
        ("street,lon,lat\nA,oost,51\n", "line 2: write lon and lat"),
        ("street,lon,lat\nA,nan,51\n", "line 2: write lon and lat"),
        ("street,lon,lat\nA,51.05,3.72\n", "line 2: write lon and lat"),
        ("street,lon,lat\nA,1e9,51\n", "line 2: write lon and lat"),
        ("street,lon,lat\nA,٣,51\n", "line 2: write lon and lat"),
        ("street\n" + "A\n" * 20_001, "line 20002: a zone has at most 20000 streets"),
        (b"street\nKerkdreef\n\xe9\n", "line 3: this is not UTF-8 text"),
        (b"street\nKerk\0dreef\n", "line 2: this is not UTF-8 text"),
        (b"PK\x03\x04\x14\x00\x06\x00", "line 1: this is not UTF-8 text"),
        ("street\nKerkdreef\n".encode("utf-16"), "line 1: this is not UTF-8 text"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_list_that_cannot_be_used_is_refused_by_line(data: str | bytes, said: str) -> None:
    with pytest.raises(BadInput) as problem:
        streets(data)
    assert said in refusal(problem)
    assert "straten.csv" in refusal(problem)


@pytest.mark.parametrize(
    ("csv", "said"),
    [
        ("street,district\nA,Molenwijk\nKerkdreef,Haven\n", "line 3: the outlines have no district 'Haven'"),
        ("street,lon,lat\nKerkdreef,3.9,51.01\n", "line 2: the point of 'Kerkdreef' lies in no district"),
        ("street,district\nA,Vaart\n\nKerkdreef,Vaart\nkerkdreef,vaart\n", "line 5: 'kerkdreef' stands on line 4"),
        ("street,lon,lat,district\nA,3.71,51.01,\nA,,,Molenwijk\n", "line 3: 'A' stands on line 2"),
    ],
)
def test_a_street_that_lies_nowhere_or_stands_there_twice_is_named(light_house: House, csv: str, said: str) -> None:
    with pytest.raises(BadInput) as problem:
        add(light_house, csv)
    assert said in refusal(problem)


def test_twenty_thousand_streets_are_placed_by_their_points(light_house: House) -> None:
    rows = [f"Straat {number},{3.7001 + number % 399 / 10_000:.4f},51.01" for number in range(20_000)]
    add(light_house, "\n".join(["street,lon,lat", *rows]))
    found = placed(light_house)
    assert sum(map(len, found.values())) == 20_000
    assert min(map(len, found.values())) > 9_000


# ---- anything at all ----

BITS = [b"street", b"name", b"district", b"lon,lat", b"\n", b",", b";", b'"', b"\0", b"\xef\xbb\xbf", b"3.71", b"PK"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(WEST),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["type", "features", "properties", "district", "name", "geometry", "coordinates"]), inner
    ),
    max_leaves=12,
)


def outcome(read: Callable[[], bool]) -> str:
    """Return `read`, or the file that the refusal begins with."""
    try:
        return "read" if read() else "nothing"
    except BadInput as problem:
        return re.split(r"[ ,]", problem.say("en"))[0]


@given(st.binary(max_size=200) | st.lists(st.sampled_from(BITS) | st.binary(max_size=3)).map(b"".join))
def test_any_bytes_are_a_list_of_streets_or_one_clear_refusal(data: bytes) -> None:
    assert outcome(lambda: bool(streets(data))) in {"read", "straten.csv"}


@given(
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.lists(JSON, max_size=3).map(lambda found: collection(*found))
    | JSON.map(lambda rings: collection({"properties": {"name": "A"}, "geometry": rings}))
    | JSON.map(lambda rings: collection(feature("A", rings, kind="MultiPolygon")))
)
def test_any_bytes_are_districts_or_one_clear_refusal(data: bytes) -> None:
    assert outcome(lambda: bool(districts(data))) in {"read", "wijken.geojson"}


@given(
    st.lists(
        st.lists(st.tuples(st.floats(3.6, 3.8), st.floats(50.9, 51.1)), min_size=3, max_size=30), min_size=1, max_size=3
    )
)
def test_however_an_outline_runs_its_rings_stay_closed_and_of_its_own_points(
    rings: list[list[tuple[float, float]]]
) -> None:
    try:
        [area] = districts(collection(feature("A", *rings)))
    except BadInput:
        return
    own: Mapping[tuple[float, ...], None] = dict.fromkeys((round(x, 5), round(y, 5)) for ring in rings for x, y in ring)
    assert area.outline
    for ring in area.outline:
        assert ring[0] == ring[-1]  # type: ignore[index]
        assert len(ring) >= 4  # type: ignore[arg-type]
        assert all(tuple(point) in own for point in ring)  # type: ignore[attr-defined]


def test_no_zone_is_made_beside_one_that_was_just_made(light_house: House) -> None:
    with light_house.writing() as session:
        add_zone(session, "PZ Beekland", "be", "Europe/Brussels", light_house.clock())
        session.commit()
    with pytest.raises(WrongState, match="zone list"):
        add(light_house, "street,district\nMolenstraat,Molenwijk\n")
