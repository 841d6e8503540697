"""Owns the one form that telephone numbers have here, which of them may be used, and hiding them in text.

One form inside the product: E.164 with a plus, such as +32470000010 (an invented number). Only mobile numbers
of the countries around the streets are written to: what costs more than a text message never is.
"""

import re
from collections.abc import Sequence

from wabp.errors import BadInput

# Belgium, the Netherlands and their neighbours, by country code.
COUNTRIES = {32: "BE", 31: "NL", 352: "LU", 33: "FR", 49: "DE"}
# More than this is no number, however it is written.
LONGEST_TYPED = 40

# An id of ours may hold eight digits in a row, and the log needs it whole.
_ID = r"(?<![\w-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![\w-])"
_LOOKS_LIKE_A_NUMBER = re.compile(rf"({_ID})|(?<!\w)\+?\d(?:[\s./()-]?\d){{7,14}}(?!\w)")


def is_e164(value: str) -> bool:
    """Tell whether `value` is already in the product's form."""
    return re.fullmatch(r"\+[1-9][0-9]{6,14}", value) is not None


def spaced(e164: str) -> str:
    """Return a number as people read and dial it from anywhere, such as +32 400 00 18 18."""
    import phonenumbers

    return phonenumbers.format_number(phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def mask(text: str) -> str:
    """Return `text` with everything that could be a telephone number replaced: the last net of the logs."""
    return _LOOKS_LIKE_A_NUMBER.sub(lambda found: found.group(1) or "[number]", text)


def read(typed: str, region: str) -> str:
    """Return the number that somebody typed, in the product's form. A national number is one of `region`.

    Raises BadInput for what is no number, not of an allowed country, or surely not a mobile one.
    """
    import phonenumbers

    typed = typed.strip()
    # Letters would be read as digits of a keypad, or as an extension.
    if len(typed) > LONGEST_TYPED or any(character.isalpha() for character in typed):
        raise BadInput("number_unreadable", field="number")
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException:
        raise BadInput("number_unreadable", field="number") from None
    if not phonenumbers.is_possible_number(number):
        raise BadInput("number_unreadable", field="number")
    if number.country_code not in COUNTRIES:
        raise BadInput("number_country", field="number")
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not may_join(found):
        raise BadInput("number_not_mobile", field="number")
    return found


def read_as_any(typed: str, regions: Sequence[str]) -> str:
    """Return the number that somebody typed as one of the region where it is surely mobile, else of the first that can.

    Raises BadInput as `read` does.
    """
    found: list[str | BadInput] = []
    for region in regions:
        try:
            number = read(typed, region)
        except BadInput as problem:
            found.append(problem)
        else:
            if _kind_of(number) == "mobile":
                return number
            found.append(number)
    readable = [each for each in found if isinstance(each, str) or each.key != "errors.number_unreadable"]
    best = (readable or found)[0]
    if isinstance(best, BadInput):
        raise best
    return best


def may_join(e164: str) -> bool:
    """Tell whether a number may be one of ours: of an allowed country, and not surely something else than mobile.

    A range that the list of numbers does not know passes: new ranges are given out, and invented ones are none.
    """
    return _kind_of(e164) in {"mobile", "unknown"}


def _kind_of(e164: str) -> str:
    """Return mobile, unknown (a possible number of an allowed country), or other."""
    import phonenumbers

    try:
        number = phonenumbers.parse(e164 if is_e164(e164) else "")
    except phonenumbers.NumberParseException:
        return "other"
    if number.country_code not in COUNTRIES or not phonenumbers.is_possible_number(number):
        return "other"
    kinds = phonenumbers.PhoneNumberType
    names = {kinds.MOBILE: "mobile", kinds.FIXED_LINE_OR_MOBILE: "mobile", kinds.UNKNOWN: "unknown"}
    return names.get(phonenumbers.number_type(number), "other")
