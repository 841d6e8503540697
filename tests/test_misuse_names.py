"""Persons are found by name, whole and however typed; streets, shops, officers and senders are not persons."""

import pytest

from wabp.misuse import names, places
from wabp.misuse.reading import Reading


def found(text: str, *known: str) -> list[tuple[str, str]]:
    reading = Reading(text)
    standing = places.find(reading, known)
    return [
        (reading.typed(reading.starts[first], reading.ends[stop - 1]), rule)
        for first, stop, rule in names.find(reading, standing, ())
    ]


def persons(text: str) -> list[str]:
    return [name for name, _ in found(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kevin Maes heeft mijn fiets gestolen", "Kevin Maes"),
        ("Het was Jan van der Elst die aan de deur stond", "Jan van der Elst"),
        ("Gisteren zag ik Fatima El Amrani in de winkel", "Fatima El Amrani"),
        ("Iedereen weet dat Mehmet Yıldırım dealt", "Mehmet Yıldırım"),
        ("De dader is Piotr Wiśniewski, nummer 14", "Piotr Wiśniewski"),
        ("Volgens Mamadou Diallo was het laat", "Mamadou Diallo"),
        ("J'ai vu Jean-Pierre Lambert hier soir", "Jean-Pierre Lambert"),
        ("C'est Nguyen Van Duc qui a tout vu", "Nguyen Van Duc"),
        ("It was Sean O'Connor who broke the window", "Sean O'Connor"),
        ("Ich habe Ramona Schulz gestern gesehen", "Ramona Schulz"),
        ("Bij An Goossens is ingebroken", "An Goossens"),
        ("Het gaat om Mo A., hij heeft het gedaan", "Mo A"),
    ],
)
def test_a_full_name_is_found_whole(text: str, name: str) -> None:
    assert persons(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "kevin maes heeft mijn fiets gestolen",
        "KEVIN MAES HEEFT MIJN FIETS GESTOLEN",
        "Kévin Mâes heeft mijn fiets gestolen",
        "K e v i n  Maes heeft mijn fiets gestolen",
        "k3v1n maes heeft mijn fiets gestolen",
        "kevinmaes heeft mijn fiets gestolen",
        "Кevin Мaes heeft mijn fiets gestolen",
    ],
)
def test_no_disguise_hides_a_name(text: str) -> None:
    assert len(persons(text)) == 1


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Kevin heeft het gedaan", "person_name.first_only"),
        ("Let op, Youssef dealt weer aan het plein", "person_name.first_only"),
        ("Kevin Maes heeft het gedaan", "person_name.full"),
        ("Mevrouw Claes is gevallen", "person_name.titled"),
        ("Madame Renard est tombée", "person_name.titled"),
        ("de familie Wouters is op reis", "person_name.titled"),
        ("Dat meisje van de Mertens pikt snoep", "person_name.kinship"),
    ],
)
def test_the_rule_tells_what_kind_of_name_it_is(text: str, rule: str) -> None:
    assert [told for _, told in found(text)] == [rule]


@pytest.mark.parametrize(
    "text",
    [
        "jan van de bakker weet wie het was",
        "da's weer dienen onnozelaar van den Ahmed",
        "de zoon van de Peeters steelt",
        "die kleine van Peeters heeft mijn brievenbus opgeblazen",
        "tout le monde sait que les Van Roosbroeck battent leur chien",
        "Ruud z'n dochter jat mascara",
        "merci Rosa voor de hulp",
        "onze Jayden (10) is van zijn step geduwd",
        "Le petit Enzo, 5 ans, est retrouvé",
        "the Adeyemi family is away",
        "kzag daar weer het jefke van de kapper",
        "Thibault et sa nana ont volé le frigo",
        "le vélo est caché dans le garage de Kevin",
        "C'est le fils qui a cambriolé la maison des Henrard",
        "The Petrovs cleaned out the house next door",
        "Voor Corneel Bos komt de regeling te laat",
        "c'est monsieur Tilquin qui a crié",
        "Onze vorige coördinator Hilde Pauwels gaf sleutels door aan inbrekers",
    ],
)
def test_nicknames_kin_and_first_names_alone_count(text: str) -> None:
    assert len(persons(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Verbruggen scoorde twee keer in de tweede helft.",
        "Volgens trainer Hoekstra was het een zware wedstrijd.",
        "Rabbijn Mosje Feldman overleed in Antwerpen.",
        "De Canadees Robert Ellsworth won de prijs.",
    ],
)
def test_persons_in_the_news_are_found(text: str) -> None:
    assert persons(text)


@pytest.mark.parametrize(
    "text",
    [
        "Inbraak in de Jan Van Rijswijcklaan, politie is ter plaatse",
        "inbraak in de jan van rijswijcklaan, politie is ter plaatse",
        "Brand in de Koning Albertlaan",
        "Cambriolage rue Léon Fredericq, la police est sur place",
        "cambriolage place eugène flagey hier soir",
        "Verdachte wagen aan de Kouter en aan Ter Rivieren",
        "Groep jongeren op 't Zand",
        "Auto opengebroken aan het Sint-Pietersplein",
        "Ruit stuk bij bakkerij Maes",
        "De school Sint-Jozef is gesloten",
        "Poging tot inbraak bij residentie Pieter Coecke",
        "Een grijze Renault Clio reed traag rond",
        "Gestolen: fiets van het merk Batavus",
        "In maart en april is het rustig",
        "Een paar Oost-Europeanen slapen in dat busje",
        "Onze kat Minka is weg",
        "Een auto met Frans kenteken staat half op het trottoir",
        "wie spreekt er goed Frans om dat uit te leggen",
        "le monsieur du bus s'est blessé",
        "Merry Christmas everyone",
        "Ma Toyota a été forcée",
        "De trein naar Burkina Faso is een grap",
        "ze zin den auto aan t openbreken bie de bakker",
        "Right, the bins are out again",
    ],
)
def test_streets_buildings_brands_and_months_are_nobody(text: str) -> None:
    assert persons(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Wijkinspecteur Claes komt vrijdag langs",
        "de wijkinspecteur Özdemir volgt het dossier op",
        "Vragen aan het adres van inspecteur De Clercq",
        "l'inspecteur Dewaele tient sa permanence mercredi",
        "Officer Jansen will be at the library",
        "The new wijkagent, mevrouw De Graaf, starts Monday",
        "Jan Peeters, wijkagent in Gent, komt langs",
    ],
)
def test_officers_in_function_are_no_private_persons(text: str) -> None:
    assert persons(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Sluit goed af. Groeten, Bart, BIN Dennenwijk",
        "Alles is in orde. Mvg Luc, BIN-coördinator",
        "Alarm was loos. Tine (coördinator)",
        "Meld alles aan Marleen, coördinator",
        "Fin d'alerte. Bonne soirée. Pascal",
        "All quiet now.\nBest regards,\nKaren",
        "Sluit dus ook uw tuinpoort af. Hans",
        "Treffen morgen. Gruß, Petra, Koordinatorin",
        "Sandra, buurtcoördinator, vraagt: sluit uw zolderraam",
        "Fin de l'alerte de 14h, rien à signaler. Marc pour le PLP",
        "Notez les numéros de série. Anne-Marie",
    ],
)
def test_who_signs_is_not_reported(text: str) -> None:
    assert persons(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Wie heeft het gedaan? Kevin.",
        "cheers Deepak for fixing my bike",
        "Groetjes aan Lotte uit Spanje",
    ],
)
def test_who_is_greeted_thanked_or_answered_with_does_not_sign(text: str) -> None:
    assert len(persons(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "er staat een roos in de tuin en een wolf aan de deur",
        "Grace period for the parking fine ends today",
        "de kleine bakker op de hoek is gesloten",
        "Mis je een pakje? Neem contact op",
        "Ben onderweg naar huis",
        "la pierre est tombée sur la route",
    ],
)
def test_words_that_are_also_names_stay_words(text: str) -> None:
    assert persons(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Alles is weer rustig. De coördinator van BIN Heide, Annelies Wouters",
        "Nothing wrong, alert closed. Wim V., coordinator",
        "Your windows too, please. Your coordinator, Mrs. Van Damme",
        "Controleer de sloten. Ronald en Petra",
        "Er is ingebroken. Groeten, Ronald en Petra",
        "De zaal is open. Tot dan, Rita De Smedt",
        "Sluit de deuren, aub. Nele Maes",
        "Alles gecheckt. Henk van de buurtpreventie",
    ],
)
def test_who_signs_as_a_pair_in_full_or_by_role_is_left_alone(text: str) -> None:
    assert persons(text) == []


def test_a_full_name_behind_a_culprit_is_no_signature() -> None:
    assert len(persons("We kennen de dader. Kevin Maes")) == 1


def test_what_belongs_to_something_else_is_left_alone() -> None:
    reading = Reading("Kevin Maes")
    assert list(names.find(reading, (), {0, 1})) == []


def test_a_long_text_is_read_in_time() -> None:
    for text in ("Kevin Maes " * 9000, "van de " * 14000, "A. B. " * 16000, "xqz " * 25000, "K" * 100_000):
        persons(text)
