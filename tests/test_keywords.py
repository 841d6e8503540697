"""What a short message commands or answers, in four languages, and which only look like it."""

import pytest
from hypothesis import given, strategies as st

from wabp import ages, keywords
from wabp.keywords import Apply, CodeAlone, Join, Language, Night

JOINS = [
    ("MEEDOEN MOLENWIJK", Join("nl", "molenwijk", None)),
    ("Meedoen molenwijk", Join("nl", "molenwijk", None)),
    ("meedoen molenwijk kvrt", Join("nl", "molenwijk", "KVRT")),
    ("MEEDOEN MOLENWIJK KVRT.", Join("nl", "molenwijk", "KVRT")),
    ("Hallo, ik wil graag meedoen met Buurtgroep Molenwijk aub", Join("nl", "molenwijk", None)),
    ("«Meedoen», Molenwijk! a.u.b.", Join("nl", "molenwijk", None)),
    ("mee doen molenwijk", Join("nl", "molenwijk", None)),
    ("Ik doe mee met Molenwijk", Join("nl", "molenwijk", None)),
    ("ik wil bij molenwijk meedoen", Join("nl", "molenwijk", None)),
    ("MEEDOEN-MOLENWIJK", Join("nl", "molenwijk", None)),
    ("MEEDOEN", Join("nl", "", None)),
    ("MEEDOEN KVRT", Join("nl", "", "KVRT")),
    ("REJOINDRE MOLENWIJK", Join("fr", "molenwijk", None)),
    ("« Rejoindre Molenwijk » s.v.p.", Join("fr", "molenwijk", None)),
    ("Bonjour, je voudrais rejoindre le groupe de l'Église, merci", Join("fr", "l eglise", None)),
    ("JOIN: molenwijk, please!", Join("en", "molenwijk", None)),
    ("I would like to join Molenwijk", Join("en", "molenwijk", None)),
    ("join the group Noord-West", Join("en", "noord west", None)),
    ("BEITRETEN MOLENWIJK bitte", Join("de", "molenwijk", None)),
    ("Ich möchte der Gruppe Molenwijk bitte beitreten", Join("de", "molenwijk", None)),
]


@pytest.mark.parametrize(("text", "command"), JOINS)
def test_joining_is_understood_with_politeness_capitals_accents_and_punctuation_around_it(
    text: str, command: Join
) -> None:
    assert keywords.read(text) == command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("AANVRAAG KVRT", Apply("nl", "KVRT")),
        ("aanvraag kvrt a.u.b.", Apply("nl", "KVRT")),
        ("Demande KVRT svp", Apply("fr", "KVRT")),
        ("apply bcdf", Apply("en", "BCDF")),
        ("Antrag: BCDF", Apply("de", "BCDF")),
        ("AANVRAAG", Apply("nl", None)),
        ("aanvraag kvra", Apply("nl", "KVRA")),
        ("NACHT UIT", Night(quiet=True)),
        ("nuit off svp", Night(quiet=True)),
        ("Night off!", Night(quiet=True)),
        ("Nacht aus bitte", Night(quiet=True)),
        ("nacht aan", Night(quiet=False)),
        ("NUIT ON", Night(quiet=False)),
        ("night on", Night(quiet=False)),
        ("Nacht an", Night(quiet=False)),
        ("goede nacht", None),
        ("vannacht licht uit in de straat", None),
        ("TAAL FR", Language("fr")),
        ("taal: Frans aub", Language("fr")),
        ("Langue néerlandais", Language("nl")),
        ("LANGUAGE English please", Language("en")),
        ("Sprache Deutsch", Language("de")),
        ("taal klingon", Language(None)),
        ("sprache", Language(None)),
        ("KVRT", CodeAlone("KVRT")),
    ],
)
def test_other_commands_are_understood_too(text: str, command: object) -> None:
    assert keywords.read(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍",
        "ja",
        "molenwijk",
        "grrr",
        "pfff",
        "Er wordt ingebroken in de Molenstraat",
        "Join us at the corner, there is a burglar",
        "Meedoen aan de wandeling van zondag om elf uur kan nog",
        "Aanvraag vergunning straatfeest",
        "aanvraag ingediend",
        "taal is belangrijk",
        "Wie wil er meedoen met de straat?",
        "demande de surveillance",
        "x" * 50_000,
        "meedoen " * 20_000,
    ],
)
def test_a_sentence_that_only_holds_the_word_is_no_command(text: str) -> None:
    assert keywords.read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("ja", "JA!", "Ja.", "jaaa", "ja hoor", "ja graag!", "ok ja", "ja ja", "ja dank u", "hallo ja", "akkoord"),
        *("ja dat is goed", "Ja, ik ben 45 jaar", "Ja hoor, ik ben 18", "Ja, ik woon in de Vaartkant 3", "👍 ja"),
        *("ja ik wil meedoen", "oui", "Oui merci", "oui d'accord", "d'accord", "oui, je suis d’accord", "bien sûr"),
        *("yes", "yes please", "Yes, thank you!", "yes I am 34", "ok", "sure", "of course", "jawohl", "Ja bitte"),
        *("Ja, das ist in Ordnung", "einverstanden", "natürlich"),
    ],
)
def test_yes_in_its_many_ways_agrees(text: str) -> None:
    assert keywords.is_yes(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "👍", "nee", "jan", "misschien", "ja?", "wie zit er in", "nee ok", "no thanks", "not yes"),
        *("ja maar niet 's nachts", "ja als het gratis is", "ja wie zijn jullie", "oui mais non", "yes but I am 16"),
        *("ja, en wanneer krijg ik dan iets?", "ik wil geen ja zeggen", "ja " * 200),
    ],
)
def test_a_condition_a_question_or_a_denial_is_no_yes(text: str) -> None:
    assert not keywords.is_yes(text)


@pytest.mark.parametrize("text", ["nee", "Neen!", "nee dank u", "liever niet", "non merci", "no thanks", "nein danke"])
def test_no_declines(text: str) -> None:
    assert keywords.is_no(text)
    assert not keywords.is_yes(text)


@pytest.mark.parametrize("text", ["", "ja", "nee?", "niets gezien", "nog niet", "Noordstraat"])
def test_other_answers_do_not_decline(text: str) -> None:
    assert not keywords.is_no(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("2", 2), ("2.", 2), (" 2 ", 2), ("nr. 2", 2), ("nummer 2 aub", 2), ("numéro 3", 3), ("12", 12), ("de 4", 4)),
        *(("", None), ("twee", None), ("Vaartkant 2", None), ("2 of 3", None), ("-", None), ("1234", None)),
    ],
)
def test_a_number_picks_from_a_list(text: str, number: int | None) -> None:
    assert keywords.choice(text) == number


@pytest.mark.parametrize(
    "text", ["geen van deze", "Geen", "andere straat", "aucune", "none of these, please", "keine davon", "nee"]
)
def test_none_of_the_list_is_said_in_words(text: str) -> None:
    assert keywords.is_none_of_these(text)
    assert not keywords.is_none_of_these(f"{text} Vaartkant")


@pytest.mark.parametrize(
    "text",
    [
        "wie zit er allemaal in die groep?",
        "Wie zit er in?",
        "wie zijn de leden",
        "wie doet er allemaal mee",
        "zit mijn buurman er ook in?",
        "Qui est dans ce groupe ?",
        "qui sont les membres",
        "qui fait partie du groupe ?",
        "who is in this group",
        "who are the members?",
        "is my neighbour a member?",
        "Wer ist alles in der Gruppe?",
        "Wer macht mit?",
    ],
)
def test_who_asks_who_is_in_is_heard(text: str) -> None:
    assert keywords.asks_who_is_in(text)


@pytest.mark.parametrize("text", ["ja", "2", "Vaartkant", "wie leidt de groep?", "wanneer?", "kan ik lid worden?"])
def test_other_questions_do_not_ask_who_is_in(text: str) -> None:
    assert not keywords.asks_who_is_in(text)


@pytest.mark.parametrize(
    "text",
    [
        *("ik ben 16", "yes but I am 16", "ja maar ik ben pas 16", "ja ik ben zestien", "ben 12", "ik ben al 16"),
        *("Ik ben 17, mag dat?", "ik ben 16jaar", "17 jaar", "16 jaar oud", "ja 15 jaar", "16j", "nog geen 18"),
        *("ik ben geen 18", "bijna 18", "ik word in mei 18", "ik ben minderjarig", "mijn leeftijd is 15"),
        *("j'ai 15 ans", "J’ai dix-sept ans", "oui mais je n'ai que 14 ans", "Je n'ai que seize ans", "oui, 16 ans"),
        *("je n'ai pas encore 18 ans", "j'aurai 18 ans en mars", "je suis mineure", "moins de 18 ans", "j'ai 16"),
        *("I'm only 17", "im 15", "I'm 17 years old so can I join?", "yes! im 16yo", "i am fifteen", "under 18"),
        *("I am not 18 yet", "almost 18 :)", "16 years old", "I am a minor"),
        *("ich bin 17 Jahre", "ich bin erst 17 Jahre alt", "Ja, ich bin sechzehn", "noch nicht 18"),
        "hallo meedoen molenwijk ik ben 16",
    ],
)
def test_who_says_to_be_under_age_is_heard(text: str) -> None:
    assert ages.says_minor(text, 18)


@pytest.mark.parametrize(
    "text",
    [
        *("", "ja", "2", "12", "nr 16", "Vaartkant 16", "De Vaartkant 17", "ik woon op 16", "ik ben nr 16", "rue 17"),
        *("ik ben van de Vaartkant 16", "je suis au 16", "I am at 12 Mill street", "ik ben 10 minuten weg"),
        *("ik woon hier al 15 jaar", "ja ik woon er 12 jaar", "ja ik werk hier 8 jaar", "ik ben al 10 jaar lid"),
        *("ik ben 16 jaar getrouwd", "j'habite ici depuis 15 ans", "I have lived here for 15 years"),
        *("ich wohne hier seit 15 Jahren", "ik ben 18", "18 jaar", "ik ben 78 jaar", "j'ai 42 ans", "I am 34"),
        *("ich bin 18 Jahre alt", "ja ik ben ouder dan 18", "plus de 18 ans", "I'm over 18", "ik ben niet minderjarig"),
        *("mijn zoon is 16", "my son is 16 years old", "ik ben 45 en mijn dochter is 12", "j'ai 2 enfants"),
    ],
)
def test_house_numbers_years_of_living_and_ages_of_others_are_not_the_writers_age(text: str) -> None:
    assert not ages.says_minor(text, 18)


def test_the_age_is_that_of_the_rulebook() -> None:
    assert ages.says_minor("ik ben 20", 21)
    assert not ages.says_minor("ik ben 16", 16)
    assert ages.says_minor("nog geen 21", 21)


@given(st.text(max_size=600))
def test_no_text_makes_the_reading_fail(text: str) -> None:
    keywords.read(text)
    keywords.choice(text)
    keywords.asks_who_is_in(text)
    assert not (keywords.is_yes(text) and keywords.is_no(text))
    ages.says_minor(text, 18)
