"""Owns the one form that telephone numbers have here, and hiding them in text.

One form inside the product: E.164 with a plus, such as +32470000010 (an invented number).
"""

import re

_LOOKS_LIKE_A_NUMBER = re.compile(r"(?<![\w])\+?\d(?:[\s./()-]?\d){7,14}(?![\w])")


def is_e164(value: str) -> bool:
    """Tell whether `value` is already in the product's form."""
    return re.fullmatch(r"\+[1-9][0-9]{6,14}", value) is not None


def mask(text: str) -> str:
    """Return `text` with everything that could be a telephone number replaced: the last net of the logs."""
    return _LOOKS_LIKE_A_NUMBER.sub("[number]", text)
