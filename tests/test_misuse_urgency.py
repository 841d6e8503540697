"""Danger now without a call is noticed once; a call that was made, the past, habits and advice are not."""

import pytest

from wabp.misuse import clues_of, urgency


def found(text: str) -> list[str]:
    return [span.rule for span in urgency.find(clues_of(text, (), ()))]


@pytest.mark.parametrize(
    "text",
    [
        "Twee mannen breken nu de garage open in de Eikenstraat",
        "Twee personen forceren achterdeur, zwarte jassen, vluchten richting sluis.",
        "ze zin den auto vant gebuur aan t openbreken",
        "Er zit iemand in mijn kelder!!",
        "ik hoor glas breken bij de buren en zij zijn op reis",
        "Moet ik bellen? Er klimt iemand over de poort van nr 7",
        "iemand voelt op dit moment aan alle autodeuren in de straat",
        "Nu een nepagent aan de deur bij mijn moeder",
        "Bel 112!! De schuur staat in lichterlaaie",
        "Ruik sterk gas in de traphal, iemand anders ook?",
        "er wordt gevochten op het plein, ene heeft een mes",
        "Zware aanrijding op het kruispunt, fietser ligt op straat",
        "Mijn buurman is in elkaar gezakt op de oprit, wie kan reanimeren?",
        "kind in het water gevallen aan de kaai, haast u!",
        "heeft iemand de politie gebeld? ze stelen nu mijn katalysator",
        "Help! Ils sont en train de forcer la porte du voisin",
        "Un homme frappe une femme devant le Delhaize",
        "Il y a le feu dans l'immeuble en face",
        "Une dame est tombée et ne répond plus",
        "Someone's breaking into number 8 right now",
        "There's a guy with a knife outside the chip shop",
        "Es brennt in der Schulstraße!",
        "Zwei Männer brechen gerade das Fahrradgeschäft auf",
    ],
)
def test_danger_now_gives_one_finding_about_the_whole_text(text: str) -> None:
    assert len(found(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "101 gebeld: inbraak bezig in de Kastanjelaan, blijf binnen",
        "ik sta aan de lijn met de 101, ze zitten in de tuin van de buren en breken de deur open",
        "flikken zijn er al, ze breken nu in bij nr 5",
        "Pol is gebeld, ze breken in bij nr 5",
        "112 al gebeld, fietser ligt gewond op straat",
        "Brand in de Molenstraat, brandweer onderweg. Sluit ramen en deuren",
        "Er wordt gevochten op het plein, politie verwittigd",
        "J'ai appelé le 112, un homme est à terre devant la pharmacie",
        "Les pompiers arrivent, feu de cave au 12",
        "Called it in, someone is trying doors on our road",
        "Police on their way, guy with a knife near the park",
        "Polizei ist verständigt, jemand bricht bei Nr. 3 ein",
    ],
)
def test_a_call_that_was_made_settles_it(text: str) -> None:
    assert not found(text)


def test_a_question_whether_anybody_called_settles_nothing() -> None:
    assert urgency.is_settled(clues_of("iemand heeft 112 gebeld", (), ()))
    assert not urgency.is_settled(clues_of("heeft iemand 112 gebeld?", (), ()))
    assert not urgency.is_settled(clues_of("Bel 112!", (), ()))


@pytest.mark.parametrize(
    "text",
    [
        "Vannacht is er ingebroken in twee garages",
        "De inbrekers kwamen binnen via het kelderraam. Sluit dus ook uw kelder af",
        "Cambriolage hier soir rue Basse",
        "Burglary overnight in Oak Road",
        "Twee mannen kijken overal binnen in de Lindelaan",
        "Verdachte wagen rijdt traag rond in de wijk",
        "Let op: valse agenten bellen aan bij ouderen, laat niemand binnen",
        "Inbrekers klimmen vaak via de garage naar boven, zet geen ladders buiten",
        "Op dit moment veel inbraken in de regio, sluit goed af",
        "Bij brand bel je 112",
        "Als iemand inbreekt: niet naar beneden, bel 101",
        "De brand is onder controle",
        "Oefening brandweer zaterdag, rook zichtbaar",
        "werken aan waterleiding, nu geen water",
        "Stroompanne in de hele wijk, Fluvius is op de hoogte",
        "Schoten gehoord rond 1u? Het was vuurwerk volgens de politie.",
        "Ik stuur straks de foto door in de groep",
    ],
)
def test_the_past_habits_advice_and_suspicion_are_not_urgent(text: str) -> None:
    assert not found(text)
