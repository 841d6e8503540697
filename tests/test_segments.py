"""How many SMS parts a text takes."""

import pytest
from hypothesis import given, strategies as st

from wabp import segments


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("ë" * 70, "UCS-2", 1),
        ("ë" * 71, "UCS-2", 2),
        ("ë" * 134, "UCS-2", 2),
        ("ë" * 135, "UCS-2", 3),
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 36, "UCS-2", 2),
    ],
)
def test_parts_follow_the_alphabet(text: str, encoding: str, parts: int) -> None:
    counted = segments.count(text)
    assert (counted.encoding, counted.parts) == (encoding, parts)


@pytest.mark.parametrize("letter", "^{}[]~|\\€")
def test_an_extended_letter_costs_two(letter: str) -> None:
    assert segments.count(letter).units == 2


@pytest.mark.parametrize("letter", "ëïêâîôûç·")
def test_a_letter_outside_the_alphabet_is_named(letter: str) -> None:
    assert segments.count(f"caf{letter}").culprits == (letter,)


@pytest.mark.parametrize("letter", "éèàùìòöäüñÇßø")
def test_a_letter_inside_the_alphabet_costs_one(letter: str) -> None:
    assert segments.count(letter).units == 1


def test_a_pair_is_never_cut_in_two() -> None:
    # 66 letters and an emoji are 68 units: the emoji moves to the next part whole.
    assert segments.count("ë" * 66 + "😀" + "ë" * 65).parts == 2
    assert segments.count("ë" * 66 + "😀" + "ë" * 66).parts == 3


def test_simplify_makes_a_text_cheaper() -> None:
    assert segments.simplify("Drie carrosserieën · ça") == "Drie carrosserieen - ca"


@given(st.text())
def test_simplify_never_costs_more_parts(text: str) -> None:
    assert segments.count(segments.simplify(text)).parts <= segments.count(text).parts


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("« Ça brûle à l’hôtel »", '" Ça brule à l\'hotel "'),
        ("Gevonden: ½ fles, 3 × …", "Gevonden: 1/2 fles, 3 x ..."),
        ("Brand 🔥 in het hôtel", "Brand 🔥 in het hôtel"),
        ("Пожар на улице", "Пожар на улице"),
    ],
)
def test_letters_are_folded_only_when_that_makes_it_cheaper_and_says_the_same(typed: str, sent: str) -> None:
    assert segments.affordable(typed) == sent
