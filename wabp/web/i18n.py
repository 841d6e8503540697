"""The words of pages: gettext in the reader's language, and days as that language writes them."""

from datetime import datetime

import flask_babel


def _(message: str, **values: object) -> str:
    """Return a page's words in the reader's language, %(names)s filled in."""
    return str(flask_babel.gettext(message, **values))


def ngettext(one: str, many: str, count: int, **values: object) -> str:
    """Return the form for a number; %(num)d is the number."""
    return str(flask_babel.ngettext(one, many, count, **values))


def date(moment: datetime, pattern: str) -> str:
    """Return a local day by a CLDR pattern, such as `d MMM`. German writes the day with a dot."""
    if flask_babel.get_locale().language == "de":
        pattern = pattern.replace("d ", "d. ")
    # The day alone: given a moment, the library would first move it to a time zone of its own.
    return str(flask_babel.format_date(moment.date(), pattern))


def decimal(number: float, pattern: str) -> str:
    """Return a number by a CLDR pattern, such as `#,##0.00`."""
    return str(flask_babel.format_decimal(number, pattern))
