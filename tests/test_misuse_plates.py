"""Plates are found whole, in part, masked, personal or said; roads, models, dates and rooms are none."""

import pytest
from hypothesis import given, settings as limits, strategies as st

from wabp.misuse import plates
from wabp.misuse.reading import Reading


def found(text: str) -> list[str]:
    reading = Reading(text)
    return [
        reading.typed(span.start, span.end)
        for span in plates.find(reading)
        if span.start is not None and span.end is not None
    ]


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("1-ABC-123 reed traag", "1-ABC-123"),
        ("plaque 1-ABC-234 au coin de la rue", "1-ABC-234"),
        ("wagen 1 abc 123 gezien", "1 abc 123"),
        ("golf zwart 1trx482 weg", "1trx482"),
        ("1.ABC.123 witte camionette", "1.ABC.123"),
        ("oude auto TRX-482", "TRX-482"),
        ("wagen met 482-TRX", "482-TRX"),
        ("taxi T-XAB-123", "T-XAB-123"),
        ("moto M-GHT-12", "M-GHT-12"),
        ("aanhangwagen Q-ABC-123", "Q-ABC-123"),
        ("dealerplaat Z-ABC-123", "Z-ABC-123"),
        ("oldtimer O-ABC-123", "O-ABC-123"),
        ("bromfiets S-ABC-123", "S-ABC-123"),
        ("XT-482-R", "XT-482-R"),
        ("kenteken zt482r", "zt482r"),
        ("zt 482 r is het kenteken", "zt 482 r"),
        ("23-KBX-8", "23-KBX-8"),
        ("SB-19-KL", "SB-19-KL"),
        ("88-XKL-2 hollander", "88-XKL-2"),
        ("voiture bd 734 qx", "bd 734 qx"),
        ("AC-XY 318 steht hier", "AC-XY 318"),
        ("camionette CJ 27 LMO", "CJ 27 LMO"),
        ("Bulgaars busje PB 4471 HK", "PB 4471 HK"),
        ("Poolse bus WX 4471C", "WX 4471C"),
        ("LB07 XKD parked", "LB07 XKD"),
        ("Lithuanian van, plate KGH 218", "KGH 218"),
        ("Spaanse wagen 1234 BCD", "1234 BCD"),
        ("Italiaanse auto AB 123 CD", "AB 123 CD"),
        ("luxemburgse plaat AB 1234", "AB 1234"),
    ],
)
def test_a_whole_plate_is_found_with_exact_words(text: str, plate: str) -> None:
    assert plate in found(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("plaat begint met 1-XK.", "1-XK"),
        ("plaat begint met 2-H. Wie heeft beelden?", "2-H"),
        ("nummerplaat eindigt op 44", "44"),
        ("plaat met 88 op het einde", "88"),
        ("kenteken op HZ eindigend, laatste letters HZ", "HZ"),
        ("plaat iets met TRX", "TRX"),
        ("plaque qui commence par 2-B", "2-B"),
        ("la plaque finit par 771", "771"),
        ("partial plate 1-TX", "1-TX"),
        ("1-A?C-... auto", "1-A?C-..."),
        ("2-KLM-7.. witte bus", "2-KLM-7.."),
        ("peugeot 1-DEF-4.6", "1-DEF-4.6"),
        ("Sprinter 1-YHT-6?2", "1-YHT-6?2"),
        ("UK van WN16 ..T", "WN16 ..T"),
        ("nummerplaat: BOSS-1", "BOSS-1"),
        ("gepersonaliseerde plaat JANNEKE", "JANNEKE"),
    ],
)
def test_a_part_a_mask_and_a_personal_plate_are_found_where_they_are_announced(text: str, part: str) -> None:
    assert part in found(text)


@pytest.mark.parametrize(
    ("text", "plate"),
    [
        ("de plaat is een a b c een twee drie", "een a b c een twee drie"),
        ("kenteken xray tango 482 romeo", "xray tango 482 romeo"),
        ("un a b c cent vingt-trois sur la plaque", "un a b c cent vingt-trois"),
        ("plaat twee h k l negen negen een", "twee h k l negen negen een"),
        ("nrplaat 2 h g t 4 5 6", "2 h g t 4 5 6"),
        ("1 abc twee drie vier", "1 abc twee drie vier"),
    ],
)
def test_a_plate_that_is_said_is_found(text: str, plate: str) -> None:
    assert found(text) == [plate]


@pytest.mark.parametrize(
    "text",
    [
        "Roemeense nummerplaat, wagen met plaat uit Litouwen",
        "plaat niet gezien, nummerplaat doorgegeven aan 101",
        "plaque d'immatriculation transmise à la police",
        "auto met Duitse nummerplaat, 2 keer voorbij gereden",
        "om 10u30, op 14/11 om 19u30, 14-nov-24, 3-jan-24",
        "dossier 24-1187-03",
        "Meldnummer PL-2024-123",
        "Molenstraat 4 bus 203, app 12 b",
        "langs de N16 en de E40, A12 richting Gent",
        "9000 Gent, 1017 AB Amsterdam",
        "Golf 7 GTI 220, Peugeot 308 SW, BMW X5, Mercedes C 220 CDI",
        "iPhone 12 Pro 256 GB",
        "BMW X5 met Poolse plaat",
        "Volvo XC90 T8, Ford Transit L2H2",
        "code van BIN groep: 4-ABD-12",
        "N-VA 20 zetels",
        "250 EUR, 2 man en 100 kg",
        "de laatste 14 dagen 3 auto's gestolen",
        "vlucht FR 1234",
        "bus 70 naar Gent, lijn 12",
        "auto's wassen kan do 13-16 uur",
        "Un ado de 10-11 ans, les autos coupent la rue en deux de 8h à 13h",
        "Un ket de 10-11 ans dort dans le sas",
    ],
)
def test_what_only_looks_like_a_plate_is_left_alone(text: str) -> None:
    assert found(text) == []


@limits(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("1-ABCabc 23.?xplaat\n"), max_size=160) | st.text(max_size=120))
def test_any_text_is_read_without_error_and_spans_stay_inside(text: str) -> None:
    for prefix in ("", "plaat begint met "):
        reading = Reading(prefix + text)
        for span in plates.find(reading):
            assert span.start is not None
            assert span.end is not None
            assert 0 <= span.start < span.end <= len(reading.plain)
