"""Owns telephone numbers: reading them, keeping them in one form, and hiding them in text.

One form inside the product: E.164 with a plus, such as +32470000010 (an invented number).
"""

import re

import phonenumbers

from wabp.errors import BadInput

ALLOWED_COUNTRIES = {"be": "BE", "nl": "NL"}

_LOOKS_LIKE_A_NUMBER = re.compile(r"(?<![\w])\+?\d(?:[\s./()-]?\d){7,14}(?![\w])")


def normalise(typed: str, country: str | None = None) -> str:
    """Return the E.164 form of what was typed, reading national forms in `country` ("be" or "nl").

    Raises BadInput when it cannot be a telephone number.
    """
    try:
        number = phonenumbers.parse(typed, ALLOWED_COUNTRIES.get(country or ""))
    except phonenumbers.NumberParseException:
        raise BadInput("bad_number", field="number") from None
    if not phonenumbers.is_possible_number(number):
        raise BadInput("bad_number", field="number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_e164(value: str) -> bool:
    """Tell whether `value` is already in the product's form."""
    return re.fullmatch(r"\+[1-9][0-9]{6,14}", value) is not None


def mask(text: str) -> str:
    """Return `text` with everything that could be a telephone number replaced: the last net of the logs."""
    return _LOOKS_LIKE_A_NUMBER.sub("[number]", text)
