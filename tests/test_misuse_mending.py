"""What a text becomes when the words to put instead are taken over, and what each finding says."""

import re
import time

import pytest

from wabp import rules
from wabp.misuse import clauses, mending
from wabp.misuse.findings import LABELS, Finding
from wabp.texts import LANGUAGES, say

BE = rules.load_rulebook("be")
DISTANCE = "Volg niemand, kijk van op een veilige plaats en bel 101."
PICTURES = "Bewaar beelden voor de politie."


def mended(text: str, language: str = "nl") -> str:
    return rules.rewrite(text, rules.check(text, language, BE), language, BE)


def found(label: str, text: str, words: str, instead: str, rule: str = "") -> Finding:
    """A finding of given words, so that what is tested does not hang on what is found."""
    start = text.index(words)
    return Finding(label, start, start + len(words), "refuse", "", instead, rule or label)


def put(text: str, *findings: tuple[str, str, str], language: str = "nl") -> str:
    """Mend given findings (label, words, words instead) of a text that nothing else is found in."""
    return mending.rewritten(text, [found(label, text, *rest) for label, *rest in findings], lambda _: [], language)


# ---- names ----


@pytest.mark.parametrize(
    ("text", "name", "language", "expected"),
    [
        ("Mevrouw Claes viel op de stoep", "Claes", "nl", "Een vrouw viel op de stoep"),
        ("gisteren zag opa Henk een busje", "Henk", "nl", "gisteren zag een man een busje"),
        ("den Ahmed zag een witte bus", "Ahmed", "nl", "Iemand zag een witte bus"),
        ("Mijn buurman Jan zag een busje", "Jan", "nl", "Mijn buurman zag een busje"),
        ("Bij familie Wouters gaat het alarm af", "Wouters", "nl", "Bij een gezin gaat het alarm af"),
        ("Ludo, jij hebt de poort opengelaten", "Ludo", "nl", "Jij hebt de poort opengelaten"),
        ("Bedankt Anneleen voor de tip over het busje", "Anneleen", "nl", "Bedankt voor de tip over het busje"),
        ("Hij heet Kevin, hij rijdt met een bus", "Kevin", "nl", "Hij rijdt met een bus"),
        ("Mr Nguyen a vu une camionnette", "Nguyen", "fr", "Un homme a vu une camionnette"),
        ("La voiture d'Ahmed est volée", "Ahmed", "fr", "La voiture de quelqu'un est volée"),
        ("Les Dupont ont entendu du bruit", "Dupont", "fr", "Des personnes ont entendu du bruit"),
        ("The Miller family heard glass break", "Miller", "en", "A family heard glass break"),
        ("Kevin's bike was stolen", "Kevin", "en", "Somebody's bike was stolen"),
    ],
)
def test_what_belongs_to_a_name_goes_with_it(text: str, name: str, language: str, expected: str) -> None:
    assert put(text, ("person_name", name, say("findings.instead.person", language)), language=language) == expected


def test_people_named_side_by_side_become_people() -> None:
    text = "Twee mannen klimmen binnen bij Ingrid en Wannes"
    names = (("person_name", "Ingrid", "iemand"), ("person_name", "Wannes", "iemand"))
    assert put(text, *names) == "Twee mannen klimmen binnen bij personen"


# ---- origin and insults ----


@pytest.mark.parametrize(
    ("text", "words", "instead", "language", "expected"),
    [
        ("de donkere man liep richting kerk", "donkere man", "een man", "nl", "de man liep richting kerk"),
        ("twee Marokkanen voelen aan deuren", "Marokkanen", "personen", "nl", "twee personen voelen aan deuren"),
        ("een Marokkaan belde aan", "Marokkaan", "personen", "nl", "Iemand belde aan"),
        ("Deux Maghrébins sonnent", "Maghrébins", "des personnes", "fr", "Deux personnes sonnent"),
        ("c'est toujours les mêmes origines, on vole mes jantes", "mêmes origines", "", "fr", "On vole mes jantes"),
    ],
)
def test_who_stays_when_the_origin_goes_agrees(
    text: str, words: str, instead: str, language: str, expected: str
) -> None:
    assert put(text, ("profiling", words, instead), language=language) == expected


@pytest.mark.parametrize(
    ("text", "words", "language", "expected"),
    [
        ("Vuile smeerlappen hebben banden lekgestoken", "smeerlappen", "nl", "De daders hebben banden lekgestoken"),
        ("achterlijke kneus heeft mijn spiegel eraf gereden", "kneus", "nl", "Iemand heeft mijn spiegel eraf gereden"),
        ("Wat een tuig, heel de speelplaats is volgespoten", "tuig", "nl", "Heel de speelplaats is volgespoten"),
        ("Smeerlappen! Mijn regenput is leeggepompt", "Smeerlappen", "nl", "Mijn regenput is leeggepompt"),
        ("Quel débile a bloqué la sortie ?", "débile", "fr", "Quelqu'un a bloqué la sortie ?"),
        ("C'est un crétin, il roule à 90 rue du Parc", "crétin", "fr", "Il roule à 90 rue du Parc"),
        ("you old git, your bins block the gate", "git", "en", "Your bins block the gate"),
    ],
)
def test_an_insult_becomes_somebody_or_goes_with_its_clause(
    text: str, words: str, language: str, expected: str
) -> None:
    instead = say("findings.instead.culprits", language)
    assert put(text, ("insult_or_hate", words, instead), language=language) == expected


def test_the_same_words_never_stand_twice_in_a_row() -> None:
    text = "Die klootzakken, smeerlappen hebben de bank vernield"
    insults = (("insult_or_hate", "klootzakken", "de daders"), ("insult_or_hate", "smeerlappen", "de daders"))
    assert put(text, *insults) == "De daders hebben de bank vernield"


# ---- calls to act, pictures, health ----


def test_advice_stands_once_and_last_as_a_sentence_of_its_own() -> None:
    text = "We pakken hem, sluit de straat af, jogging gris, rode pet"
    calls = (("vigilantism", "We pakken hem", DISTANCE), ("vigilantism", "sluit de straat af", DISTANCE))
    assert put(text, *calls) == f"Jogging gris, rode pet. {DISTANCE}"


def test_what_the_suspect_wore_outlives_a_call_to_act() -> None:
    text = "Volg die man met een zwarte jas richting station en pak hem."
    body = put(text, ("vigilantism", "pak hem", DISTANCE))
    assert "zwarte jas" in body
    assert "richting station" in body
    assert "pak hem" not in body
    assert body.endswith(DISTANCE)


def test_the_hour_and_place_of_a_patrol_of_our_own_are_not_kept() -> None:
    text = "Vanavond om 22u verzamelen in de Kerkstraat voor een ronde"
    assert put(text, ("vigilantism", "verzamelen", DISTANCE)) == DISTANCE


def test_pictures_are_asked_for_no_more_but_the_hour_and_street_stay() -> None:
    text = "Post je deurbelbeelden van 21u30 in de Kerkstraat hier"
    body = put(text, ("photo_request", "Post je deurbelbeelden", PICTURES))
    assert body == f"Er is iets gemeld (21u30, Kerkstraat). {PICTURES}"


def test_health_goes_with_its_clause_and_the_person_stays_the_subject() -> None:
    text = "Jef is dement, zit aan de bushalte in de Kerkstraat."
    body = put(text, ("person_name", "Jef", "iemand"), ("health", "is dement", ""))
    assert body == "Iemand zit aan de bushalte in de Kerkstraat."


# ---- accusations ----


def test_an_accusation_is_told_with_what_was_stolen() -> None:
    text = "Opgelet voor Kevin Maes van Molenstraat 14, hij steelt fietsen."
    assert mended(text) == "Er worden fietsen gestolen in de buurt. Iets gezien? Bel de politie."


def test_an_accusation_without_who_keeps_the_deed() -> None:
    text = "Peter Claes heeft gisteren de kas van het wijkfeest leeggeroofd"
    neutral = "Er is iets gemeld in de buurt. Iets gezien? Bel de politie."
    accused = ("accusation", text, neutral)
    assert put(text, ("person_name", "Peter Claes", "iemand"), accused) == text.replace("Peter Claes", "Iemand")


def test_what_says_nothing_without_the_accusation_is_the_neutral_line() -> None:
    text = "Kevin Maes is een dader."
    neutral = say("findings.instead.neutral", "nl", place="in de buurt")
    assert put(text, ("accusation", "Kevin Maes is een dader", neutral)) == neutral


# ---- numbers and plates ----


def test_a_plate_is_directed_to_the_police_once() -> None:
    instead = say("findings.instead.plate", "nl", police="101")
    text = "Blauwe Golf, 1-ABC-123, en een witte bus 2-DEF-456 reden traag door de Kerkdreef"
    assert put(text, ("licence_plate", "1-ABC-123", instead), ("licence_plate", "2-DEF-456", instead)) == (
        "Blauwe Golf (geef de nummerplaat door aan 101), en een witte bus (nummerplaat) reden traag door de Kerkdreef"
    )


def test_a_witness_is_asked_to_call_the_police_and_a_buyer_to_write() -> None:
    witness = "Iets gezien? Bel mij op 0470 00 11 22."
    assert put(witness, ("phone_number", "0470 00 11 22", "(privénummer)")) == "Iets gezien? Bel de politie."
    sale = "Te koop: damesfiets. Bel 0470 00 11 22"
    phone = found("phone_number", sale, "0470 00 11 22", "(privénummer)")
    chatter = Finding("offtopic", None, None, "confirm", "", None)
    assert mending.rewritten(sale, [phone, chatter], lambda _: [], "nl") == (
        "Te koop: damesfiets. Stuur mij een privébericht"
    )


def test_a_number_that_only_says_how_to_reach_somebody_takes_its_clause_along() -> None:
    text = "Poort staat open in de Kerkstraat. Mail: an@example.com, tel 0470 00 11 22"
    reach = (("email", "an@example.com", "(mailadres)"), ("phone_number", "0470 00 11 22", "(privénummer)"))
    assert put(text, *reach) == "Poort staat open in de Kerkstraat."


# ---- how it is put together ----


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ik zag niets ( Kevin ) vannacht", "ik zag niets vannacht"),
        ("Qui a vu Kevin ? Appelez le 101 !", "Qui a vu quelqu'un ? Appelez le 101 !"),
        ("Gezien om 21u.\nKevin liep weg.\nGroeten", "Gezien om 21u.\nIemand liep weg.\nGroeten"),
    ],
)
def test_marks_lines_and_french_blanks_stay_as_typed(text: str, expected: str) -> None:
    language = "fr" if "Qui" in text else "nl"
    instead = "" if "(" in text else say("findings.instead.person", language)
    label = "profiling" if "(" in text else "person_name"
    assert put(text, (label, "Kevin", instead), language=language) == expected


def test_a_sentence_found_as_a_whole_keeps_its_clauses_with_facts() -> None:
    text = "Man met zwarte jas in de Kerkstraat om 21u, die deugt van geen kanten."
    drift = found("health", text, text.rstrip("."), "", "health.drift")
    assert mending.rewritten(text, [drift], lambda _: [], "nl") == "Man met zwarte jas in de Kerkstraat om 21u."


def test_what_cannot_be_mended_is_the_neutral_line() -> None:
    stubborn = Finding("health", 0, 4, "refuse", "", "", "health")
    neutral = say("findings.instead.neutral", "nl", place="in de buurt")

    def check(text: str) -> list[Finding]:
        return [] if text == neutral else [stubborn]

    assert mending.rewritten("Alle woorden blijven fout. Ook deze.", [stubborn], check, "nl") == neutral


def test_no_rewrite_says_that_the_police_were_called() -> None:
    for language in LANGUAGES:
        for key in ("neutral", "photos", "distance", "plate", "stolen", "theft"):
            said = say(f"findings.instead.{key}", language, place="", police="101", things="")
            assert not re.search(r"gebeld|appelée?\b|called|verständigt|weet ervan", said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_put_instead_is_itself_no_misuse(language: str) -> None:
    for key in ("neutral", "photos", "distance", "plate", "stolen", "theft", "ask_police", "details"):
        said = say(f"findings.instead.{key}", language, place="(Kerkstraat, 21u)", police="101", things="", facts="21u")
        assert not [finding for finding in rules.check(said, language, BE) if finding.action == "refuse"], said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("label", LABELS)
def test_every_explanation_is_one_or_two_short_sentences(label: str, language: str) -> None:
    why = say(f"findings.why.{label}", language, police="101")
    assert 1 <= len(re.findall(r"[.?!](?=\s|$)", why)) <= 2
    assert len(why) <= 200
    assert "{" not in why


@pytest.mark.parametrize("piece", ["Kevin, ", "pak hem, ", "Molenstraat 14, ", "klootzak en ", "(", "rode jas "])
def test_a_hostile_text_is_mended_in_linear_time(piece: str) -> None:
    def seconds(size: int) -> float:
        text = (piece * size)[:size]
        findings = rules.check(text, "nl", BE)
        started = time.process_time()
        rules.rewrite(text, findings, "nl", BE)
        return time.process_time() - started

    seconds(100)
    assert seconds(40_000) < max(1.0, 8 * seconds(10_000))


def test_clauses_are_put_together_as_they_were_typed() -> None:
    page = clauses.Page("  Hé, kijk!  Een bus (wit), en ik zag niets… \n Ok 👍")
    assert page.rebuilt(
        lambda number: page.text[page.clauses[number].start : page.clauses[number].end], lambda _: ""
    ) == (page.text)
