"""A house number is found where it leads to the home of somebody spoken about, and left where something happened."""

import pytest
from hypothesis import given, settings as limits, strategies as st

from wabp.misuse import clues_of
from wabp.misuse.addresses import find, open_home
from wabp.misuse.reading import Reading


def found(text: str) -> list[str]:
    clues = clues_of(text, (), ())
    return [
        clues.reading.typed(span.start, span.end)
        for span in clues.homes
        if span.start is not None and span.end is not None
    ]


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("De dealer woont op Kerkstraat 14", "Kerkstraat 14"),
        ("hij woont in de kerkstraat 14 bus 3", "kerkstraat 14 bus 3"),
        ("die gast woont Kouter 12, eerste verdiep", "Kouter 12"),
        ("de nieuwe bewoners van de Lange Munt 3 zijn dieven", "Lange Munt 3"),
        ("die familie uit de Lange Violettestraat 12-14 steelt alles", "Lange Violettestraat 12-14"),
        ("De huurder van Esdoornlaan 28 is ziek", "Esdoornlaan 28"),
        ("de kinesist van Kerkeveldstraat 30 is opgenomen", "Kerkeveldstraat 30"),
        ("Er wordt gedeald in Havenstraat 7", "Havenstraat 7"),
        ("bel eens aan bij Polderweg 3, daar staan uw fietsen", "Polderweg 3"),
        ("zijn adres is Rozenlaan 9", "Rozenlaan 9"),
        ("hij is vrijgelaten en zit terug op Dorpsstraat 77", "Dorpsstraat 77"),
        ("De dader van de inbraak is de bewoner van Kerkstraat 14", "Kerkstraat 14"),
        ("Jan Peeters, Kerkstraat 14, is de dief", "Kerkstraat 14"),
        ("die man op nummer 14 van de Beukenlaan is schizofreen", "nummer 14"),
        ("In de Molenstraat is het weer zover, die van 23 zijn weer aan het feesten", "23"),
        ("Le locataire du 14 rue des Lilas deale", "14 rue des Lilas"),
        ("il habite avenue des Roses 53", "avenue des Roses 53"),
        ("il habite au 23, rue de la Station", "23, rue de la Station"),
        ("Rue Neuve, ceux du 23 vendent de la drogue", "23"),
        ("la dame du 23 rue Neuve est malade", "23 rue Neuve"),
        ("ramenez-le au 9 rue du Puits", "9 rue du Puits"),
        ("He lives at 12 Church Lane", "12 Church Lane"),
        ("the tenants of 14 Park Avenue are thieves", "14 Park Avenue"),
        ("The couple at number 7 on Mill Road are always fighting", "number 7"),
        ("keep an eye on 44 Station Road, stolen bikes in the shed", "44 Station Road"),
        ("Er wohnt in der Bahnhofstraße 12", "Bahnhofstraße 12"),
        ("Dat gezin, Fazantlaan 9, altijd gedoe", "Fazantlaan 9"),
        ("Die tweeling van Beukenlaan 33 belt overal aan", "Beukenlaan 33"),
        ("Onthoud Ringlaan 66. Hij kweekt daar iets", "Ringlaan 66"),
        ("Hij is op borgtocht vrij. Slaapt bij zijn moeder, Leeuwstraat 2", "Leeuwstraat 2"),
        ("De getuige van de overval is dat studentje op Steenweg 55", "Steenweg 55"),
        ("onze buur uit huis 12 in de Bloemstraat is opgenomen", "huis 12"),
        ("Pas op voor die viezerik: Tulpenrui 8, eerste bel", "Tulpenrui 8"),
        ("Ces salopards du 9 rue du Tilleul", "9 rue du Tilleul"),
        ("Vous cherchez le voleur ? Rue du Parc 6, deuxième sonnette", "Rue du Parc 6"),
        ("le 15 A de la rue du Marteau, demandez la dame au molosse", "15 A de la rue du Marteau"),
        ("Il est sorti de prison, il est au 16 rue Haute", "16 rue Haute"),
        ("Mr Donnelly at 16 Park View has dementia", "16 Park View"),
        ("Anyone after the complainer? Try 204 Queen Street, brass lion on the door", "204 Queen Street"),
        ("he got early release and he's back in his old flat, 37 Oak Avenue", "37 Oak Avenue"),
        ("the bloke next door, 23 Elm Road, hits his kids", "23 Elm Road"),
    ],
)
def test_the_home_of_somebody_spoken_about_is_found(text: str, home: str) -> None:
    assert home in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Poging tot inbraak Kerkstraat 14 rond 3u",
        "Er is ingebroken bij de buren van Kerkstraat 14",
        "Brand in Stationsstraat 5, brandweer ter plaatse",
        "Gaslek ter hoogte van Molenstraat 23",
        "Verdachte man gezien ter hoogte van nummer 14 in de Kerkstraat",
        "Wij wonen in Kerkstraat 14 en hoorden glas",
        "Bij ons, Kerkstraat 14, is ingebroken",
        "Vergadering in buurthuis De Poort, Kerkstraat 14 om 20u",
        "Basisschool De Regenboog, Schoolstraat 10 zoekt vrijwilligers",
        "De bewoner van nummer 14 heeft niets gezien",
        "jongen van 14 in de Kerkstraat vermist",
        "bewoners van Kerkstraat 10 tot 30 zonder water",
        "Werken in de Kerkstraat van 14 tot 18 maart",
        "De poort van nummer 12 in de Molenstraat staat open",
        "De eigenaar van de Golf 7 mag zijn lichten doven",
        "Cambriolage au 14 rue des Lilas cette nuit",
        "Nous habitons rue Haute 12 et avons vu deux hommes",
        "Réunion à la salle communale, rue de l'Église 5, à 20h",
        "homme de 23 ans rue Neuve, vol du 23 rue Neuve",
        "Voiture suspecte en face du 12 rue Neuve",
        "Burglary at 12 Church Lane last night",
        "We live at 12 Church Lane and heard glass",
        "lad of 14 on Mill Road",
        "Meeting at the village hall, 3 Mill Road, 8pm",
        "Einbruch in der Gartenstraße 6",
        "Onze kat is weg, Lindelaan 24, hij is heel schuw",
        "Twee mannen in werkkledij bij Eikenlaan 4, hij zegt van Fluvius",
        "De man op de ladder aan Stationsstraat 40 is een schilder",
        "Dank aan de dame van de Lindestraat 9 die mijn hond vond",
        "Een onbekende klom over de muur van Hofstraat 21, hij had een rugzak",
        "Wij zijn verhuisd naar Meersstraat 14, hij en ik",
        "Koerier liet een pakje achter op Beukenlaan 17, hij komt morgen terug",
        "Kamer te huur in Schaarbeek, 550 per maand, vraag naar hem",
        "Polderdijk, 112 gebeld, hij ligt op de grond",
        "Un homme a essayé d'entrer au 24 rue des Fleurs, il portait un sac",
        "Le facteur a laissé un avis au 18 rue Verte, il repassera demain",
        "A van clipped the wall of 33 London Road, he didn't stop",
        "The man at 6 King Street is a delivery driver",
        "Thanks to the lady at 9 Duke Street, she took in my parcel",
    ],
)
def test_incidents_meetings_the_sender_and_ages_are_no_homes(text: str) -> None:
    assert found(text) == []


def test_only_the_street_is_put_in_the_place_of_a_home() -> None:
    homes = clues_of("de dealer woont in Kerkstraat 14 bus 3", (), ()).homes
    assert [(home.instead, home.rule) for home in homes] == [("Kerkstraat", "home_address.living_there")]


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("0487 00 52 19, 3 euro per stuk, vraag naar Gaston", None),
        ("bus 12 stopt in de Kerkstraat", None),
        ("inbraak in Kerkstraat 14", None),
        ("wij wonen in Kerkstraat 14", None),
        ("meisje van 11 in de Kerkstraat", None),
        ("weer zo laat, Kerkstraat 14", "Kerkstraat 14"),
    ],
)
def test_only_a_street_and_number_that_nothing_speaks_against_may_be_a_home(text: str, home: str | None) -> None:
    reading = Reading(text)
    span = open_home(reading, (), 0, len(reading.words))
    assert (span and span.start is not None and span.end is not None and text[span.start : span.end]) == home


_WORDS = "woont kerkstraat 14 rue 3 du die van 7 nummer Kouter , . lane at the buren\n".split(" ")


@limits(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=40))
def test_any_text_is_read_without_error_and_spans_stay_inside(words: list[str]) -> None:
    reading = Reading(" ".join(words))
    for span in find(reading, []):
        assert span.start is not None
        assert span.end is not None
        assert 0 <= span.start < span.end <= len(reading.plain)
