"""Calls to act oneself are found in every language and word order; what police and neighbours may do is not."""

import pytest

from wabp.misuse import clues_of, vigilantism


def rules(text: str) -> set[str]:
    return {span.rule for span in vigilantism.find(clues_of(text, (), ()))}


@pytest.mark.parametrize(
    ("text", "behaviour"),
    [
        ("We pakken hem als hij terugkomt", "catch"),
        ("ik vind dat we hem straks gewoon gaan pakken", "catch"),
        ("me gaan em klisn, wie komt er mee?", "catch"),
        ("Hou die kerel vast tot de politie er is", "catch"),
        ("Rijd hem klem bij de rotonde!", "catch"),
        ("wie zit er in de buurt en kan hem onderscheppen?", "catch"),
        ("On va le choper avant qu'il parte", "catch"),
        ("Ne le laissez pas filer", "catch"),
        ("Someone grab him, he's by the bus stop", "catch"),
        ("Haltet ihn fest bis die Polizei kommt", "catch"),
        ("Ik rij achter die witte camionette aan", "follow"),
        ("Er achteraan jongens!", "follow"),
        ("Je le suis en voiture, il part vers la gare", "follow"),
        ("I'm following the van now", "follow"),
        ("Zet uwe auto dwars op de weg, hij komt eraf!", "block"),
        ("Bloquez la rue avec vos voitures !", "block"),
        ("Als ik die kerel te pakken krijg breek ik zijn poten", "beat"),
        ("Laat de honden los op die mannen", "beat"),
        ("Si je le revois dans ma rue je lui casse les jambes", "beat"),
        ("Spreek hem aan en vraag wat hij hier komt doen", "confront"),
        ("Let's go round to his house and have it out with him", "confront"),
        ("Gooi een baksteen door zijn ruit", "sabotage"),
        ("Ik verstop mij vannacht in de bosjes en wacht hem op", "stake_out"),
        ("Wait for him outside his house tonight, all of us", "stake_out"),
        ("Tijd voor een burgerwacht in onze wijk", "patrol"),
        ("Anyone up for patrolling the streets tonight?", "patrol"),
        ("Wie doet vannacht een ronde mee door de wijk?", "round"),
        ("Ik heb mijn honkbalknuppel al klaarliggen", "arms"),
        ("J'ai sorti le fusil, qu'ils viennent", "arms"),
        ("De volgende keer krijgt hij een warm welkom", "threat"),
        ("We weten je wonen, manneke", "threat"),
        ("Next time I see him he'll be leaving in an ambulance", "threat"),
        ("alle mannen naar buiten", "rally"),
        ("Puisque la police ne fait rien, on va s'en occuper nous-mêmes", "rally"),
        ("If the cops won't do anything we will", "rally"),
        ("Iemand die weet waar die gast woont?", "trace_home"),
        ("kan iemand via de nummerplaat opzoeken waar hij woont?", "trace_home"),
        ("Quelqu'un sait où il habite ?", "trace_home"),
        ("Ik ga hem morgen eens bewerken", "plan"),
    ],
)
def test_a_call_to_act_is_found_and_named_by_its_behaviour(text: str, behaviour: str) -> None:
    assert f"vigilantism.{behaviour}" in rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "Politie heeft de dief kunnen pakken in de Veldstraat",
        "Na de melding reed de politie hem klem op de Ring",
        "de dader werd door omstaanders overmeesterd en aan de politie overgedragen",
        "De hondenbrigade volgde het spoor tot aan het kanaal",
        "Niet zelf achter de dader aan gaan, bel 101",
        "Spreek verdachte personen nooit zelf aan",
        "Volg de instructies van de brandweer, ramen en deuren dicht",
        "Suivez la déviation par la chaussée de Mons",
        "Houd de voordeur dicht en bel 101 als je ze ziet",
        "Pak je sleutels en sluit af",
        "blokkeer meteen je bankkaart via Card Stop",
        "Klop aan bij kwetsbare buren, de stroom is weg",
        "De wijkagent doet donderdag een ronde door de wijk met onze BIN-leden",
        "Wij lopen vanavond met z'n tweeën mee met de wijkagent",
        "Loopgroep vertrekt zaterdag om 9u, wie gaat mee?",
        "Wie gaat mee zoeken naar Minoes? zwarte kat",
        "Onze hond Bo is ontsnapt, als je hem ziet hou hem vast en bel me",
        "Trap niet in de val: de bank vraagt nooit je pincode",
        "Ne poursuivez pas le véhicule, appelez le 101",
        "Les agents ont bloqué la rue pour arrêter la voiture volée",
        "Il ne faut surtout pas essayer de le retenir, laissez faire la police",
        "Don't approach him, call 112",
        "The officers chased and caught the driver on the ring road",
        "Keep an eye on elderly neighbours in this heat",
        "We gaan hem missen, onze postbode Jef gaat met pensioen",
        "Cours d'autodéfense mardi soir à la salle communale",
    ],
)
def test_police_advice_sport_and_care_are_no_call_to_act(text: str) -> None:
    assert not rules(text)
