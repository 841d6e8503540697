"""Chatter is noticed in every language; outages, roads, prevention and what was stolen belong in a watch group."""

import pytest

from wabp.misuse import clues_of, offtopic


def found(text: str) -> str:
    return next((span.rule.removeprefix("offtopic.") for span in offtopic.find(clues_of(text, (), ()))), "")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Goedemorgen iedereen, fijne dag!", "greeting"),
        ("Bonjour à tous, bon week-end", "greeting"),
        ("bedankt iedereen!!", "thanks"),
        ("Merci Rosa pour les gâteaux hier", "thanks_for"),
        ("Gelukkige verjaardag Tom!", "congratulation"),
        ("Te koop: wasmachine Miele, 150 euro", "sale"),
        ("À vendre vélo enfant 30 €", "sale"),
        ("For sale: garden table, 40 euros", "sale"),
        ("Free to collect: baby cot", "giveaway"),
        ("Onze hond Bobby is weggelopen, bruine labrador", "lost_pet"),
        ("Lost cat, ginger, answers to Whiskers", "lost_pet"),
        ("Sleutels gevonden aan de speeltuin", "lost_thing"),
        ("J'ai perdu mes lunettes près de la place", "lost_thing"),
        ("Iemand een tip voor een goede elektricien?", "search"),
        ("Qui connaît un bon dentiste dans le quartier ?", "search"),
        ("Can anyone recommend a good plumber?", "search"),
        ("De burgemeester moet opstappen", "politics"),
        ("Zaterdag buurtfeest met springkasteel en bbq, iedereen welkom", "party"),
        ("Street party on Saturday, bring your own drinks", "party"),
        ("Recept voor appeltaart: 4 eieren, 200 g suiker", "recipe"),
        ("oeps verkeerde groep sorry", "small_talk"),
        ("Wat eten jullie vanavond? Ik maak stoofvlees", "small_talk"),
        ("hahaha", "joke"),
        ("ok", "reaction"),
        ("👍", "reaction"),
    ],
)
def test_chatter_is_noticed(text: str, kind: str) -> None:
    assert found(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Stroompanne in de wijk, Fluvius is verwittigd",
        "Straat afgesloten door wegenwerken tot vrijdag",
        "Code oranje voor storm vannacht, zet losse spullen binnen",
        "Preventieavond over inbraak op donderdag 19u in het buurthuis, iedereen welkom",
        "Vergadering BIN dinsdag om 20u in de parochiezaal, koffie voorzien",
        "Alarm afgesloten, bedankt voor jullie waakzaamheid",
        "Het is voorbij, persoon gevonden. Dank aan iedereen die meezocht",
        "Fiets gestolen: zwarte Gazelle, iemand iets gezien?",
        "Goedenavond, er loopt een verdacht persoon in de Kerkstraat",
        "Verkeer: kermis dit weekend, Markt afgesloten voor auto's",
        "Emma, 9 jaar, draagt een gele jas, is niet thuisgekomen",
        "Merci de fermer vos portails, des vols sont signalés",
        "Coupure d'électricité rue Haute jusque 16h",
        "Rue fermée samedi à cause de la brocante",
        "Alerte terminée, merci à tous pour votre vigilance",
        "Neighbourhood watch meeting on Tuesday at 8pm, tea and biscuits",
        "All clear, thanks everyone for keeping an eye out",
        "Power is back on, thanks for your patience",
    ],
)
def test_what_belongs_in_a_watch_group_is_no_chatter(text: str) -> None:
    assert not found(text)


def test_the_finding_is_about_the_whole_text_and_changes_no_word() -> None:
    (span,) = offtopic.find(clues_of("Te koop: fiets", (), ()))
    assert (span.start, span.end, span.instead) == (None, None, None)
