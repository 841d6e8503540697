"""Private numbers, mail, links and handles are found in any writing; public ones, dates and files are left alone."""

import pytest
from hypothesis import given, settings as limits, strategies as st

from wabp.misuse import identifiers
from wabp.misuse.reading import Reading

PUBLIC = ("101", "112", "0800 30 300")


def found(text: str) -> list[tuple[str, str]]:
    reading = Reading(text)
    return [
        (span.label, reading.typed(span.start, span.end))
        for span in identifiers.find(reading, PUBLIC)
        if span.start is not None and span.end is not None
    ]


def rules_of(text: str) -> set[str]:
    return {span.rule for span in identifiers.find(Reading(text), PUBLIC)}


@pytest.mark.parametrize(
    "number",
    [
        "0400 00 11 22",
        "0400/00.11.22",
        "0400-001122",
        "(0400) 00 11 22",
        "0 4 7 0 0 0 1 1 2 2",
        "09 000 11 22",
        "+32 (0)470 00 11 22",
        "+32.470.00.11.22",
        "0032 470 00 11 22",
        "32470001122",
        "06-12 34 56 70",
        "06 - 12 34 56 70",
        "020-6240000",
        "o47o 00 11 22",
        "+48 512 300 600",
        "07700 900123",
        "0151 23456700",
        "0️⃣4️⃣7️⃣0️⃣ 00 11 22",
        "０４７０ ００ １１ ２２",
        "nul vier zeven nul, nul nul elf tweeëntwintig",
        "nul zes eenentwintig nul nul drieënveertig achttien",
        "nul vier zeven nul dan drie nullen 122",
        "zéro quatre cent septante-cinq, douze, trente-quatre, quatre-vingt-six",
        "oh seven seven double zero, nine double zero one two three",
        "null eins fünf eins zwei drei vier fünf sechs sieben acht",
        "plus tweeëndertig vierhonderdzeventig nul nul elf tweeëntwintig",
    ],
)
def test_a_private_number_is_found_however_it_is_written(number: str) -> None:
    assert ("phone_number", number) in found(f"zag je iets? bel {number}, liefst vandaag")


@pytest.mark.parametrize(
    "text",
    [
        "Bel 101, 112 of 0900-8844",
        "tips: 0800-7000 of 0800 30 300",
        "Card Stop 078 170 170",
        "Antigifcentrum 070 245 245, dokter van wacht 1733, Child Focus 116 000",
        "politiezone Gent 09 266 61 11",
        "police de Bruxelles 02 279 79 79",
        "wijkinspecteur Claes, 0473 00 11 22",
        "gemeente Evergem 09 216 05 00",
        "op 03-04-2027 18.30 en op 14/11/2026",
        "zaal open 09.00-12.00 en 13.00-17.00",
        "dossier 0412345678",
        "numéro de dossier 2024/0475/123456",
        "PV-nummer GE.37.L2.123456/2024",
        "BTW BE 0412.345.678",
        "BE68 5390 0754 7034",
        "NL91 ABNA 0417 1643 00",
        "pakje, track 0312345678901234",
        "1017 AB Amsterdam, 9000 Gent",
        "prijs 1.250.000 of 2.300.000 euro",
    ],
)
def test_public_lines_dates_files_and_amounts_are_no_private_numbers(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "valse politie belt met 02 000 45 67",
        "Politie is verwittigd. Bel mij op 09 000 45 67",
        "De politie zegt: mijn nummer is 09 000 45 67",
    ],
)
def test_the_police_beside_a_number_do_not_make_it_theirs(text: str) -> None:
    assert [label for label, _ in found(text)] == ["phone_number"]


@pytest.mark.parametrize(
    "address",
    [
        "jan.peeters@example.com",
        "SOPHIE-1982@example.nl",
        "jan_peeters(at)example.be",
        "jan[at]example[dot]be",
        "jan.peeters(a)gmail.com",
        "jan punt peeters at gmail punt com",
        "jan punt peeters apenstaartje telenet punt be",
        "jean arobase skynet point be",
        "marie tiret dupont arobase gmail point com",
        "anna underscore smit at hotmail dot com",
        "jan @ gmail.com",
        "jan@gmail,com",
        "jan.peeters@gmail",
    ],
)
def test_mail_is_found_also_when_it_is_written_to_slip_past(address: str) -> None:
    assert found(f"foto's naar {address}") == [("email", address)]


@pytest.mark.parametrize(
    "link",
    [
        "https://x.example/a?b=1",
        "hxxps://fout.example/a",
        "www.zonnedeal.example",
        "facebook.com/jan.peeters.99",
        "t.me/wijkalarm_zuid",
        "chat.whatsapp.com/AbC123",
        "wa.me/32400001122",
        "bit.ly/3xyzA",
        "buurtalarm.com",
        "www . facebook . com/jan",
        "https dubbelpunt slash slash camwijk punt be",
        "instagram dot com slash kevin",
        "@dievenalarm_zuid",
    ],
)
def test_links_and_handles_are_found_in_any_form(link: str) -> None:
    assert found(f"kijk op {link} vandaag") == [("social_handle_or_link", link)]


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("zijn snap is dylanneke_q9", "dylanneke_q9"),
        ("insta: lil.razor", "lil.razor"),
        ("hij zit op TikTok als kevin.zz", "kevin.zz"),
        ('zoek op fb naar "bikeking99"', "bikeking99"),
        ("insta van de dader is kev_1070", "kev_1070"),
        ("son compte insta c'est ilyes.1070", "ilyes.1070"),
        ("on snapchat he goes by razor_zz94", "razor_zz94"),
        ("kevinvdh88 op TikTok", "kevinvdh88"),
        ("snapchat: dylanneke", "dylanneke"),
        ("Discord: koen#1234", "koen#1234"),
    ],
)
def test_an_account_is_found_behind_the_name_of_a_platform(text: str, account: str) -> None:
    assert ("social_handle_or_link", account) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "www.politie.be, https://www.politie.nl/aangifte of lokalepolitie.be/5415",
        "verdacht@safeonweb.be, wijkagent@politie.nl, info@stad.gent, info@gemeente-zelzate.be",
        "stad.gent/veilig, www.vlaanderen.be, overheid.nl, brussels.be, meldmisdaadanoniem.nl, burgernet.nl",
        "kijk op www.gent.be/veiligheid",
        "gezien.De man liep weg.de dader ook",
        "a.u.b. d.w.z. o.a. om 18.30, nummer 1.Let op",
        "zie foto.jpg of plan.pdf",
        "staat op facebook: zie foto",
        "snap niet waarom, account op BE-Alert aanmaken",
        "kom @ 19u30, @iedereen welkom",
        "look at politie.be for tips, we meet at noon",
        "op dat punt net gebeld",
    ],
)
def test_authorities_and_ordinary_writing_are_spared(text: str) -> None:
    assert found(text) == []


def test_a_finding_tells_what_kind_of_writing_it_was() -> None:
    assert rules_of("nul vier zeven nul nul nul elf tweeëntwintig") == {"phone_number.spoken"}
    assert rules_of("jan(at)example.be") == {"email.disguised"}


@limits(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("0123456789 .-/@abc(o)+:wetnul\n"), max_size=200) | st.text(max_size=120))
def test_any_text_is_read_without_error_and_spans_stay_inside(text: str) -> None:
    reading = Reading(text)
    for span in identifiers.find(reading, PUBLIC):
        assert span.start is not None
        assert span.end is not None
        assert 0 <= span.start < span.end <= len(reading.plain)
