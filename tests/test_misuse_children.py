"""A child or youngster who could be recognised is found; children in general, grown-ups and hours are not."""

import pytest

from wabp.misuse import children, clues_of


def found(text: str) -> set[str]:
    return {match.rule.removeprefix("children.") for match in children.recognised(clues_of(text, (), ()))}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("jongen van 14 met rode jas gooit stenen naar auto's", "age_and_looks"),
        ("jongen van veertien in een grijze trui spuit graffiti", "age_and_looks"),
        ("gastje van een jaar of tien met Barcelona shirt", "age_and_looks"),
        ("Twee meisjes van 11 en 12 jaar met roze rugzakken", "age_and_looks"),
        ("Emma Peeters, 9 jaar, draagt een gele jas", "age_and_looks"),
        ("Noor Peeters (11, lange blonde vlechten) werd lastiggevallen", "age_and_looks"),
        ("12-jarige jongen vermist", "missing"),
        ("Klein meiske met roze frakske loopt verloren op den Dries", "small_and_looks"),
        ("peuter gevonden op de stoep", "missing"),
        ("Het zoontje van de bakker speelt alleen aan het spoor", "child_of"),
        ("De kinderen van de familie Willems wachten alleen op de bus", "child_of"),
        ("jongetje zit in het derde leerjaar", "class_at_school"),
        ("Une fille de 9 ans, en 3e primaire à l'école Saint-Joseph, a été suivie", "age_and_school"),
        ("Un garçon de douze ans avec un pull rouge", "age_and_looks"),
        ("fillette perdue près de la gare", "missing"),
        ("Le fils de la boulangère, 13 ans, traîne seul", "age_and_family"),
        ("Boy of 10 in a red hoodie", "age_and_looks"),
        ("Girl, 7, pink coat, near the bakery", "age_and_looks"),
        ("My son Tim Miller is in year 4 at St John's", "class_at_school"),
        ("Junge, 8 Jahre, blaue Jacke", "age_and_looks"),
    ],
)
def test_a_child_who_could_be_recognised_is_found(text: str, why: str) -> None:
    assert why in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Spelende kinderen op straat, rij voorzichtig",
        "Groep jongeren hangt rond aan het bushokje",
        "Mijn zoon heeft gisteren een verdachte auto gezien",
        "Mijn zoon van 32 met een rode jas werd aangevallen",
        "Man van 45 met rode jas belt aan",
        "Jongeman van ongeveer 20 jaar met zwarte pet",
        "Proficiat met de geboorte van jullie zoontje",
        "Vrouw van 17 tot 18 uur aan de deur geweest",
        "Nieuwe speeltuin voor kinderen van 3 tot 12 jaar opent zaterdag",
        "De school is 50 jaar oud",
        "Hou hem in het oog tot de politie er is, grijze trui",
        "Homme de 35 ans, veste noire, sonne aux portes",
        "Lucie Dubois est enceinte de 8 mois",
        "Ralentissez devant l'école, les enfants traversent",
        "Man aged 30 with a beard is looking into cars",
        "Kids are playing in the street, drive slowly",
    ],
)
def test_children_in_general_and_grown_ups_are_not(text: str) -> None:
    assert not found(text)


def test_words_about_a_child_become_a_child() -> None:
    text = "jongen van 14 met rode jas gooit stenen"
    assert [span.instead for span in children.find(clues_of(text, (), ()))] == ["@child"]
