"""What describes or suspects somebody by origin, skin or faith, and what only sounds so."""

import pytest

from wabp.misuse import detect, profiling
from wabp.misuse.clues import Clues
from wabp.misuse.phrases import phrases
from wabp.misuse.reading import Reading


def rules(text: str) -> set[str]:
    reading = Reading(text)
    clues = Clues(reading, phrases().find(reading, {}), [], [], [])
    return {span.rule for span in profiling.find(clues)}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("mannen met een Oost-Europees uiterlijk in een grijze Passat", "origin_of_looks"),
        ("type maghrébin, 20-25 ans, sac à dos", "described_person"),
        ("c'est toujours les mêmes origines", "origin_of_looks"),
        ("man with eastern european accent at the door", "origin_of_looks"),
        ("de dief zag er Turks uit", "origin_of_looks"),
        ("il avait l'air arabe", "origin_of_looks"),
        ("he looked Romanian", "origin_of_looks"),
        ("twee donkere mannen stonden te roken aan de poort", "described_person"),
        ("a white guy in a hoodie tried the car doors", "described_person"),
        ("gezocht: blanke vrouw met rode jas", "described_person"),
        ("trois jeunes maghrébins en trottinette", "described_person"),
        ("Südländisch aussehender Mann klingelt an Türen", "described_person"),
        ("hij is blank, 1m80 en draagt een zwarte jas", "colour_told"),
        ("Person of colour seen near the school gates", "skin_colour"),
        ("un homme à la peau mate frappe aux portes", "skin_colour"),
        ("dader was donker van huid", "colour_told"),
        ("vrouw met hijab en kinderwagen vraagt geld", "dress_of_faith"),
        ("une dame voilée avec une poussette sonne partout", "dress_of_faith"),
        ("2 buitenlanders bellen overal aan", "pointed_at_people"),
        ("groepje Afghanen hangt elke avond aan de Lidl", "pointed_at_people"),
        ("des Roumains font du porte-à-porte avec des tapis", "people"),
        ("zigeuners staan weer op de parking", "people"),
        ("Wieder Rumänen an der Tür", "people"),
        ("het zijn altijd die asielzoekers", "blamed_people"),
        ("ge ziet direct dat die gasten niet van hier zijn", "not_from_here"),
        ("Russian-speaking couple tried to get in the lobby", "foreign_speaker"),
        ("sinds die Afghanen hier wonen is mijn fiets weg", "since_they_came"),
        ("Surprise surprise, typical Russians", "always_them"),
        ("dat zit in hun bloed", "in_their_nature"),
        ("die gasten van dat azc jatten alles", "those_of_the_centre"),
        ("gespuis uit den Balkan aan de deur", "far_region"),
        ("ze spraken Roemeens onder elkaar", "language_spoken"),
        ("gast met een bruin kleurke", "skin_colour"),
        ("une femme typée philippine photographie les sonnettes", "described_person"),
        ("Latvian fruit pickers were counting windows", "described_person"),
        ("Klonk als een Duitser", "origin_of_looks"),
        ("een neger met een rugzak staat aan de bushalte", "ethnic_slur"),
    ],
)
def test_origin_skin_and_faith_are_found(text: str, rule: str) -> None:
    assert f"profiling.{rule}" in rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "Er is brand in de moskee in de Kerkstraat",
        "Inbraak bij de Poolse winkel op de hoek",
        "Stroompanne rond de Marokkaanse school",
        "Vol de vélo rue des Juifs",
        "Bij de Chinees op de hoek is ingebroken",
        "Le chinois du coin a été cambriolé",
        "Chinese restaurant on Church Street had its window smashed",
        "Grijze wagen met Roemeense nummerplaat rijdt rond",
        "une camionnette à plaque bulgare tourne dans le quartier",
    ],
)
def test_shops_streets_and_plates_have_an_origin_too(text: str) -> None:
    assert not rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "Man met donkere jas en zwarte broek liep weg",
        "jonge man met baard en zwarte pet",
        "De man droeg een witte muts en donkere bril",
        "homme, veste noire, cheveux bruns",
        "un homme en noir a fui vers la gare",
        "Suspect wore a black hoodie and white trainers",
        "Een zwarte Audi met getinte ramen reed rond",
        "Het was donker en de man liep weg",
        "Oude zwarte fiets van mijn dochter gestolen",
        "Duitse herder ontsnapt, niet benaderen",
    ],
)
def test_clothes_hair_cars_and_darkness_are_no_skin(text: str) -> None:
    assert not rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "Ik ben moslim en woon hier al jaren",
        "Nous sommes un groupe de réfugiés",
        "Welkomstfeest voor Oekraïense vluchtelingen zaterdag in de parochiezaal",
        "De CEO van dat bedrijf is een immigrant",
        "Zulke moslims moeten worden geëerd",
        "Folders in het Arabisch en Turks in de bus gekregen, oplichting",
        "Een Nederlands sprekende vrouw belt in naam van de bank",
        "Poolse chauffeur gewond bij ongeval op de E19",
        "Huidskleur zegt niks, beschrijf liever kleding",
        "Sinds het asielcentrum open is komt er een extra bus",
        "The Sikh temple is hosting the burglary prevention evening",
        "Les flamands et les wallons courent ensemble dimanche, rue fermée",
        "Duitsers hebben hier in 1944 een brug opgeblazen, lezing zondag",
        "Déneigement terminé, trottoirs encore blancs",
        "Terug uit vakantie in Marokko, alles in orde",
    ],
)
def test_a_group_that_is_only_named_is_no_description(text: str) -> None:
    assert not rules(text)


@pytest.mark.parametrize(
    ("text", "found", "instead"),
    [
        ("Een Marokkaanse man belt aan", "Marokkaanse man", "@man"),
        ("une femme d'origine africaine sonne", "d'origine africaine", ""),
        ("Roemeense familie vraagt geld aan de deur", "Roemeense familie", "@household"),
        ("Weer Bulgaren aan de deur", "Weer Bulgaren", "@persons"),
    ],
)
def test_the_person_stays_when_the_origin_goes(text: str, found: str, instead: str) -> None:
    spans = [span for span in detect(text, (), ()) if span.label == "profiling" and not span.rule.endswith(".drift")]
    assert [(text[span.start : span.end], span.instead) for span in spans] == [(found, instead)]
