"""The health of somebody who can be recognised is found; unknown victims and advice are spared."""

import pytest

from wabp.misuse import clues_of, health


def found(text: str) -> set[str]:
    return {span.rule.removeprefix("health.") for span in health.find(clues_of(text, (), ()))}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Marie Peeters heeft dementie en dwaalt 's nachts rond", "has_illness"),
        ("De brand bij Magda Peeters komt omdat ze alzheimer heeft", "has_illness"),
        ("Onze overbuur heeft kanker, laat hem met rust", "has_illness"),
        ("Mijn buurvrouw op nr 3 ligt in het ziekenhuis, haar huis staat leeg", "in_hospital"),
        ("Mevrouw Janssens heeft haar heup gebroken", "in_hospital"),
        ("Jan Peeters is alcoholist", "is_ill"),
        ("Die man van nummer 20 is schizofreen", "is_ill"),
        ("Els De Smet is zwanger en alleen thuis", "is_ill"),
        ("De zoon van de slager is aan de drugs", "addicted"),
        ("Frans Peeters dreigt met zelfmoord", "mental_state"),
        ("vermist: vrouw van 84 jaar, is dement, grijze mantel", "is_ill"),
        ("Meisje van 14 met bril kreeg een epilepsieaanval", "has_illness"),
        ("Marc Dubois souffre d'Alzheimer", "has_illness"),
        ("La voisine du 12 est hospitalisée", "in_hospital"),
        ("Sophie Lambert est enceinte", "is_ill"),
        ("Mon voisin a fait un AVC ce matin", "has_illness"),
        ("John Miller had a stroke", "has_illness"),
        ("My neighbour Anne Miller is pregnant", "is_ill"),
        ("Gary Miller is off his meds again", "medicine"),
    ],
)
def test_the_health_of_somebody_known_is_found(text: str, what: str) -> None:
    assert what in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Een man werd onwel aan de bushalte, ambulance onderweg",
        "Slachtoffer is naar het ziekenhuis gebracht",
        "Cursus reanimatie en AED in het buurthuis op donderdag",
        "Opgelet CO-vergiftiging: laat je kachel nakijken",
        "Verwarde man loopt over de rijbaan, politie gebeld",
        "Als je iemand kent met dementie, vraag dan raad aan de gemeente",
        "Straat aan het ziekenhuis afgesloten",
        "Er zijn verschillende mensen ziek geworden door het drinkwater",
        "Jan Peeters heeft geen kanker",
        "Une personne a fait un malaise près de la gare",
        "La victime a été emmenée à l'hôpital",
        "A cyclist was hit and taken to hospital",
    ],
)
def test_unknown_victims_and_advice_are_spared(text: str) -> None:
    assert not found(text)
