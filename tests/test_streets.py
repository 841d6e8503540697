"""Which street somebody means who types it on a phone."""

import time

import pytest
from hypothesis import given, strategies as st

from wabp import streets

OWN = ("Molenstraat", "Kerkdreef", "Vaartkant")
ZONE = (
    *OWN,
    *("Rue de l'Église", "Nieuwstraat", "Nieuwestraat", "Kerkstraat", "Koning Albertlaan", "Sint-Rafaëlstraat"),
    *("Pr.Guislainstr.", "Dijklaan", "Hoogstraat - Rue Haute", "Avenue Louise", "Van Eyckstraat", "Goethestraße"),
    *("Chaussée de Gand", "Brusselsesteenweg", "1 Meistraat", "Groenstraat", "Groentstraat", "Oude Beestenmarkt"),
)


@pytest.mark.parametrize(
    ("typed", "street"),
    [
        ("Vaartkant", "Vaartkant"),
        ("De Vaartkant", "Vaartkant"),
        ("vaart kant", "Vaartkant"),
        ("VAARTKANT!!!", "Vaartkant"),
        ("kerkdreef 12", "Kerkdreef"),
        ("kerkdreef 12b bus 3", "Kerkdreef"),
        ("kerkdref", "Kerkdreef"),
        ("Vaartknat", "Vaartkant"),
        ("molenstaat", "Molenstraat"),
        ("ik woon in de Molenstr. 14", "Molenstraat"),
        ("Molenstraat 14, 9000 Gent", "Molenstraat"),
        ("boven de bakker, Kerkdreef", "Kerkdreef"),
        ("I live at Kerkdreef 3b", "Kerkdreef"),
        ("Ich wohne in der Vaartkant", "Vaartkant"),
        ("op nummer 4 in de Vaartkant", "Vaartkant"),
        ("rue de l'Église 4", "Rue de l'Église"),
        ("RUE EGLISE", "Rue de l'Église"),
        ("j'habite rue de l’église n°4", "Rue de l'Église"),
        ("nieuwstraat", "Nieuwstraat"),
        ("nieuwestraat", "Nieuwestraat"),
        ("groenstraat 3", "Groenstraat"),
        ("koning albert laan", "Koning Albertlaan"),
        ("st-rafaelstraat", "Sint-Rafaëlstraat"),
        ("guislainstraat", "Pr.Guislainstr."),
        ("eyckstraat", "Van Eyckstraat"),
        ("hoogstraat", "Hoogstraat - Rue Haute"),
        ("Rue Haute", "Hoogstraat - Rue Haute"),
        ("av. louise 12", "Avenue Louise"),
        ("Goethestrasse 4", "Goethestraße"),
        ("ch. de Gand", "Chaussée de Gand"),
        ("brusselse stwg 4", "Brusselsesteenweg"),
        ("1 meistraat", "1 Meistraat"),
        ("meistraat 4", "1 Meistraat"),
    ],
)
def test_a_street_is_found_as_people_type_it(typed: str, street: str) -> None:
    assert streets.best(typed, ZONE) == street


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "12", "ja", "straat", "Kerk", "Stationsstraat", "Kerkplein", "beestenmarkt"),
        *("wie zit er allemaal in die groep?", "er is ingebroken in de straat", "x" * 5_000, "\u202e\x00", "🏠"),
    ],
)
def test_what_is_no_known_street_is_none(typed: str) -> None:
    assert streets.best(typed, ZONE) is None


def test_what_could_be_two_streets_is_neither() -> None:
    assert streets.best("Kerkdreed", ("Kerkdreef", "Kerkdreek")) is None
    assert streets.best("Rubensstraat", ("Peter Rubensstraat", "Jan Rubensstraat")) is None


def test_no_streets_no_answer() -> None:
    assert streets.best("Kerkdreef", ()) is None
    assert streets.nearest("molenwijk", ()) is None


@pytest.mark.parametrize(
    ("typed", "name"),
    [("molewijk", "molenwijk"), ("MOLENWIJK", "molenwijk"), ("noordwst", "noord-west"), ("geheim", None), ("", None)],
)
def test_a_name_with_a_letter_wrong_is_near_one(typed: str, name: str | None) -> None:
    assert streets.nearest(typed, ("molenwijk", "kerkplein", "noord-west")) == name


def test_three_thousand_streets_are_looked_through_in_no_time() -> None:
    first = "Kerk Molen Vaart Dijk Haven Stations Linden Berken Eiken Konings Prinsen Wilgen Zee Rozen Tulpen".split()
    second = "hof berg dal veld bos meer beek water poort toren".split()
    last = "straat laan plein dreef weg kaai pad steenweg singel baan erf hof lei vest rij park markt ring gaarde dam"
    names = [f"{a}{b}{c}" for a in first for b in second for c in last.split()]
    assert len(names) == 3_000
    began = time.perf_counter()
    assert streets.best("ik woon in de kerkveldstrat 12, boven", names) == "Kerkveldstraat"
    assert time.perf_counter() - began < 0.5


@given(st.text(max_size=300))
def test_no_text_makes_the_looking_fail(typed: str) -> None:
    assert streets.best(typed, ZONE) in {None, *ZONE}
