"""What single words may be: names from our lists and from registers, countries, words that only look like names."""

import pytest

from wabp.misuse import lexicon
from wabp.misuse.registers import registers
from wabp.misuse.word_kinds import (
    COMMON,
    FAR,
    FIRST,
    FUNCTION,
    LAST,
    MAYBE_FIRST,
    MOSTLY_FIRST,
    NAMED,
    RARE,
    SURE,
    TOWN,
    kinds,
)


def test_registers_hold_names_of_many_countries_in_our_letters() -> None:
    names = registers()
    assert len(names.first) > 12_000
    assert len(names.last) > 15_000
    assert {"lotte", "rachid", "agnieszka", "svetlana", "zehra"} <= names.first
    assert {"peeters", "yilmaz", "kowalczyk", "shevchenko"} <= names.last


@pytest.mark.parametrize(("word", "kind"), [("kevin", FIRST), ("peeters", LAST), ("jefke", FIRST), ("petrovs", LAST)])
def test_a_name_is_known_also_when_made_small_or_many(word: str, kind: int) -> None:
    assert kinds()[word] & kind


def test_a_name_of_registers_only_is_told_from_ours() -> None:
    assert kinds()["agnieszka"] & NAMED
    far = next(word for word in sorted(registers().first) if kinds()[word] & FIRST and kinds()[word] & FAR)
    assert far not in lexicon.listed("first_names")


@pytest.mark.parametrize("word", ["roos", "caddie", "wolf", "till"])
def test_what_is_a_word_too_is_a_name_perhaps(word: str) -> None:
    assert not kinds()[word] & SURE


def test_a_word_that_is_a_name_with_a_capital_stays_doubtful_in_lower_case() -> None:
    assert kinds()["bill"] & MAYBE_FIRST
    assert kinds()["bill"] & MOSTLY_FIRST
    assert not kinds()["bill"] & SURE


@pytest.mark.parametrize("word", ["belgie", "frankreich", "vietnam"])
def test_countries_are_places(word: str) -> None:
    assert kinds()[word] & TOWN


def test_how_often_a_word_is_used_is_known() -> None:
    assert kinds()["de"] & FUNCTION
    assert kinds()["fiets"] & COMMON
    assert kinds()["insluipers"] & RARE
    assert lexicon.commonness("de") > lexicon.commonness("fiets") > lexicon.commonness("insluipers") == 0
