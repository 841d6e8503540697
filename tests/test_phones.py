"""Numbers: read as people type them, refused where they are of no use or cost too much."""

import pytest
from hypothesis import given, strategies as st

from wabp import phones
from wabp.errors import BadInput


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("+32470000010", "BE", "+32470000010"),
        ("0470 00 00 10", "BE", "+32470000010"),
        ("0470/00.00.10", "BE", "+32470000010"),
        (" 0032 470 00 00 10 ", "BE", "+32470000010"),
        ("+32 (0)470 00 00 10", "NL", "+32470000010"),
        ("06-10000010", "NL", "+31610000010"),
        ("+31 6 1000 0010", "BE", "+31610000010"),
        ("00 33 6 12 34 56 78", "BE", "+33612345678"),
        ("+352 621 123 456", "BE", "+352621123456"),
        ("+49 151 00000001", "BE", "+4915100000001"),
        ("+32400999001", "BE", "+32400999001"),
        ("0400 99 90 01", "BE", "+32400999001"),
    ],
)
def test_a_mobile_number_is_read_however_it_is_written(typed: str, region: str, number: str) -> None:
    assert phones.read(typed, region) == number
    assert phones.is_e164(number)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        *((typed, "number_unreadable") for typed in ("", "   ", "\0", "+", "++32", "0470", "112", "+999123456", "abc")),
        *((typed, "number_unreadable") for typed in ("1-800-FLOWERS", "0470 00 00 10 ext 5", "+3244" * 5, "0" * 500)),
        *((typed, "number_not_mobile") for typed in ("02 811 00 00", "+3280012345", "+31850123456", "+31900123456")),
        *((typed, "number_not_mobile") for typed in ("+4930123456", "+35227123456", "+33123456789", "+31880000000")),
        *((typed, "number_country") for typed in ("+447911123456", "+12025550123", "+88213123456", "+37120000000")),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_cure_and_without_the_number(typed: str, key: str) -> None:
    with pytest.raises(BadInput) as refusal:
        phones.read(typed, "BE")
    assert refusal.value.key == f"errors.{key}"
    assert refusal.value.field == "number"
    for language in ("nl", "fr", "en", "de"):
        assert len(typed.strip()) < 4 or typed.strip()[-4:] not in refusal.value.say(language)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0470 00 00 10", "+32470000010"),
        ("06 1000 0010", "+31610000010"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("0400 99 90 01", "+32400999001"),
    ],
)
def test_where_two_countries_are_served_a_number_is_the_one_that_is_surely_mobile(typed: str, number: str) -> None:
    assert phones.read_as_any(typed, ["BE", "NL"]) == number


@pytest.mark.parametrize(
    ("typed", "key"),
    [("02 811 00 00", "not_mobile"), ("abc", "unreadable"), ("+447911123456", "country")],
)
def test_where_two_countries_are_served_the_plainest_refusal_is_said(typed: str, key: str) -> None:
    with pytest.raises(BadInput) as refusal:
        phones.read_as_any(typed, ["BE", "NL"])
    assert refusal.value.key == f"errors.number_{key}"


@given(st.text(max_size=60))
def test_nothing_that_is_typed_breaks_the_reading(typed: str) -> None:
    try:
        number = phones.read(typed, "BE")
    except BadInput:
        return
    assert phones.is_e164(number)
    assert phones.may_join(number)


@pytest.mark.parametrize("number", ["+32470000001", "+31610000010", "+32400999001", "+32400000001", "+33612345678"])
def test_mobile_and_invented_numbers_may_join(number: str) -> None:
    assert phones.may_join(number)


@pytest.mark.parametrize(
    "number",
    ["+3228110000", "+3280012345", "+31850123456", "+31900123456", "+447911123456", "+1202555", "0470000001", ""],
)
def test_fixed_lines_expensive_numbers_and_those_from_afar_may_not(number: str) -> None:
    assert not phones.may_join(number)


def test_hiding_numbers_leaves_ids_whole() -> None:
    ids = "01a1ff48-7095-7571-bc6c-b81021e19291 00000000-0000-0000-0000-000000000001"
    assert phones.mask(ids) == ids
    assert phones.mask("bel 0470-00.00.01, id 01a1ff48-7095-7571-bc6c-b81021e19291, +32470000001") == (
        "bel [number], id 01a1ff48-7095-7571-bc6c-b81021e19291, [number]"
    )
