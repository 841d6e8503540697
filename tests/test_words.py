"""Which short messages end or restart the messages, and which only hold such a word."""

import pytest

from wabp.words import is_start, is_stop


@pytest.mark.parametrize(
    "text",
    [
        "stop",
        "STOP!!",
        "Stop.",
        "stop maar",
        "stop aub",
        "stop a.u.b.",
        "Stop 👍",
        "s t o p",
        "stop, merci",
        "niet meer sturen aub",
        "geen berichten meer a.u.b.",
        "uitschrijven",
        "Meld mij af",
        "ik wil graag stoppen",
        "gelieve te stoppen met sturen",
        "laat me met rust",
        "Gelieve mij uit te schrijven aub",
        "gelieve me af te melden",
        "ik wil uit de groep",
        "veuillez me désinscrire",
        "je quitte le groupe",
        "I want to leave the group please",
        "Ich möchte die Gruppe verlassen",
        "Ich möchte abgemeldet werden",
        "stop ermee!",
        "verwijder mij uit de groep",
        "désinscrire",
        "DESINSCRIRE",
        "arrêtez svp",
        "arrêt s'il vous plaît",
        "plus de messages svp",
        "ne m'envoyez plus de messages",
        "je veux arrêter",
        "retirez-moi de la liste",
        "unsubscribe",
        "please stop texting me",
        "opt-out",
        "I don't want any more messages",
        "no more texts",
        "remove me from this list",
        "cancel",
        "end please",
        "abmelden",
        "Bitte abmelden!",
        "bitte keine Nachrichten mehr",
        "Bitte nicht mehr schicken",
        "Hör auf",
    ],
)
def test_a_message_that_only_asks_to_stop_is_a_stop(text: str) -> None:
    assert is_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I don't want to leave the group",
        "Ik wil me niet uitschrijven",
        "ne pas quitter le groupe svp",
        "Zij wil uit de groep van haar zus",
        "ja",
        "ok",
        "dank u",
        "stop de auto",
        "ze stoppen aan elke deur",
        "Er stopt een busje",
        "stop the thief",
        "niet stoppen",
        "don't stop",
        "STOP MOLENWIJK",
        "stop politie",
        "hij stopt aan de deur",
        "geen probleem",
        "niet meer gezien",
        "het alarm stopt niet",
        "de trein heeft een halt in Gent",
        "start",
        "Er stopt al de hele dag een wit busje aan nummer 9, ze bellen aan. Plaat 1-ABC-123",
    ],
)
def test_a_report_that_holds_the_word_is_no_stop(text: str) -> None:
    assert not is_stop(text)


@pytest.mark.parametrize(
    "text", ["start", "START aub", "start maar", "weer aan", "reprendre svp", "resume please", "wieder starten bitte"]
)
def test_a_message_that_only_asks_to_go_on_is_a_start(text: str) -> None:
    assert is_start(text)


@pytest.mark.parametrize("text", ["", "stop", "niet starten", "start de auto", "ze starten", "de auto start niet"])
def test_other_messages_are_no_start(text: str) -> None:
    assert not is_start(text)


def test_a_giant_message_is_neither() -> None:
    assert not is_stop("stop " * 50_000)
    assert not is_start("start " * 50_000)


def test_the_name_of_a_group_hides_no_part_of_a_word() -> None:
    assert is_stop("stop Molenwijk", {"Molenwijk"})
    assert not is_stop("stop Molenwijkers", {"Molenwijk", "ers"})
