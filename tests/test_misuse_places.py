"""Places are told from persons: streets, buildings and the zone's own places, in capitals and in lower case."""

import pytest

from wabp.misuse import places
from wabp.misuse.reading import Reading


def found(text: str, *known: str) -> list[str]:
    reading = Reading(text)
    return [reading.typed(reading.starts[first], reading.ends[stop - 1]) for first, stop in places.find(reading, known)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("brand in de Kerkstraat", "Kerkstraat"),
        ("brand in de Jan Van Rijswijcklaan", "Jan Van Rijswijcklaan"),
        ("brand in de jan van rijswijcklaan", "jan van rijswijcklaan"),
        ("brand in de Pieter de Hoochstraat nu", "Pieter de Hoochstraat"),
        ("brand in de karel de grotelaan nu", "karel de grotelaan"),
        ("Feu rue Léon Fredericq hier", "rue Léon Fredericq"),
        ("feu place eugène flagey hier soir", "place eugène flagey"),
        ("feu avenue des roses hier soir", "avenue des roses"),
        ("feu place général leman hier soir", "place général leman"),
        ("she lives at 5 Rose Lane", "Rose Lane"),
        ("fire in Baker Street tonight", "Baker Street"),
        ("fire near Victoria Road", "Victoria Road"),
        ("Ruit stuk bij bakkerij Maes", "bakkerij Maes"),
        ("Inbraak in tennisclub De Fuik", "tennisclub De Fuik"),
        ("Ramkraak bij Kees Smit Tuinmeubelen", "Kees Smit Tuinmeubelen"),
        ("Camionette van Schilderwerken Peeters gestolen", "Schilderwerken Peeters"),
        ("Truc bij bakker Van Vessem", "bakker Van Vessem"),
        ("Vol au salon de coiffure Chez Valérie hier", "Chez Valérie"),
        ("Vol à Liège-Guillemins hier", "Liège-Guillemins"),
        ("Meeting in the Willem de Zwijger school tonight", "Willem de Zwijger school"),
    ],
)
def test_a_place_is_found_with_what_it_is_called_after(text: str, place: str) -> None:
    assert place in found(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Chantal van de Wilgenstraat 27 heeft mijn kat vergiftigd", "Wilgenstraat"),
        ("Mevrouw Claes van Lindelaan 8 is ziek", "Lindelaan"),
        ("Youssef uit de Heidestraat dealt", "Heidestraat"),
        ("Ronny ut de Hasseltsestraat hèt gestole", "Hasseltsestraat"),
        ("Mijn buurman van Vaartdijk 9 slaat zijn hond", "Vaartdijk"),
    ],
)
def test_who_lives_in_a_street_is_not_part_of_it(text: str, place: str) -> None:
    assert found(text)[0] == place


def test_places_of_the_zone_are_known_word_for_word() -> None:
    text = "Iets gezien aan Roza Verlinden of op de Jonas?"
    assert found(text) == []
    assert found(text, "Roza Verlinden", "De Jonas") == ["Roza Verlinden", "de Jonas"]


def test_a_text_without_places_has_none() -> None:
    assert found("Kevin heeft mijn fiets gestolen") == []


def test_a_long_text_is_read_in_time() -> None:
    for text in ("rue jean " * 11000, "van de straat " * 7000, "Kerkstraat " * 9000, "sint " * 20000):
        found(text)
