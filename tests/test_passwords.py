"""Passwords and second factors: which are taken, what is kept of them, and when a code counts."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from wabp import passwords, second_factor
from wabp.errors import BadInput

ABOUT = ("jan.claes@leiebocht.example", "Jan Claes", "PZ Leiebocht")
NOON = datetime(2027, 1, 12, 12, 0, 5, tzinfo=UTC)


def refusal(password: str) -> str | None:
    """Return the key of what is wrong with a password, or None when it is taken."""
    try:
        passwords.require_good(password, ABOUT)
    except BadInput as problem:
        return f"{problem.field}: {problem.key}"
    return None


@pytest.mark.parametrize(
    "password",
    [
        "twaalf kleine eendjes zwemmen",
        "correct horse battery staple",
        "zonder hoofdletters of cijfers",
        "ünïcode wörter ünd Zürich",
        "🐑🐑 schaapjes tellen helpt",
        "  blanks at both ends count  ",
        "kV9-oplz-77aq-Wd3x",
        "!(%@_]^;~$<{",
        "".join(chr(33 + place * 37 % 90) for place in range(128)),
    ],
)
def test_a_password_of_any_kind_is_taken_when_it_is_long_and_hard_to_guess(password: str) -> None:
    assert refusal(password) is None


@pytest.mark.parametrize("password", ["", "kort", "elf tekens!", "x" * 129, "correct horse battery staple" * 5])
def test_a_password_that_is_too_short_or_too_long_is_refused(password: str) -> None:
    assert refusal(password) == "password: errors.password_length"


@pytest.mark.parametrize(
    "password",
    ["welkomwelkom1", "passwordpassword", "123456789012", "qwertyuiop123", "aaaaaaaaaaaaaaaa", "a" * 128],
)
def test_a_password_that_is_quickly_guessed_is_refused(password: str) -> None:
    assert refusal(password) == "password: errors.password_weak"


@pytest.mark.parametrize(
    "password",
    [
        *("PZLeiebocht2027!", "PZ-Leiebocht-2027", "leiebocht-politie", "Politie Leiebocht", "ClaesJan2027!"),
        *("jan.claes@leiebocht.example", "Wijkinspecteur1!", "politiepolitie12", "WIJK-wijk-WIJK-1", "Buurtgroep2027#"),
    ],
)
def test_a_password_made_of_what_everybody_tries_first_is_refused(password: str) -> None:
    assert refusal(password) == "password: errors.password_local"


def test_a_password_may_hold_a_local_word_beside_enough_else() -> None:
    assert refusal("politie eet gebakken kikkers op maan") is None


def test_a_password_is_compared_as_it_was_typed() -> None:
    typed = "Ünïcode  wörter "
    kept = passwords.kept(typed)
    assert passwords.is_right(kept, typed)
    for other in (typed.strip(), typed.casefold(), "U\u0308nïcode  wörter ", typed + "x", typed.replace("  ", " "), ""):
        assert not passwords.is_right(kept, other)
    long = "x7 Qp " * 21
    assert not passwords.is_right(passwords.kept(long + "ab"), long + "ac")


def test_what_is_kept_is_argon2id_and_never_the_same_twice() -> None:
    kept = [passwords.kept("correct horse battery staple") for _ in range(2)]
    assert len(set(kept)) == 2
    for value in kept:
        assert value.startswith("$argon2id$v=19$m=")
        assert len(value) <= 200


def test_without_anything_kept_nothing_is_right() -> None:
    assert not passwords.is_right(None, "")
    assert not passwords.is_right(None, "correct horse battery staple")


# ---- the second factor ----


def test_a_code_counts_for_its_own_half_minute_and_one_either_side() -> None:
    secret = second_factor.new_secret()
    code = pyotp.TOTP(secret).at(NOON)
    steps = [second_factor.step_of(secret, code, NOON + timedelta(seconds=30 * away)) for away in range(-3, 4)]
    present = int(NOON.timestamp()) // 30
    assert steps == [None, None, present, present, present, None, None]


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "٠٠٠٠٠٠", "\0", "-12345", "é" * 6])
def test_what_is_no_code_counts_never(typed: str) -> None:
    assert second_factor.step_of(second_factor.new_secret(), typed, NOON) is None


def test_a_code_may_be_typed_with_a_blank_in_the_middle() -> None:
    secret = second_factor.new_secret()
    code = pyotp.TOTP(secret).at(NOON)
    assert second_factor.step_of(secret, f" {code[:3]} {code[3:]} ", NOON) is not None


def test_secrets_are_long_and_their_address_names_the_account() -> None:
    secret, other = second_factor.new_secret(), second_factor.new_secret()
    assert secret != other
    assert len(secret) == 32
    assert second_factor.address(secret, "jan@example.be") == (
        f"otpauth://totp/wabp:jan%40example.be?secret={secret}&issuer=wabp"
    )
