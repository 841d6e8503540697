"""Owns the text of an alert as a phone shows it: header, place, typed text, call statement, safety lines.

Typed text is a value put once into its slot. Only that text is ever shortened.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wabp import segments
from wabp.rulebook.book import Rulebook
from wabp.rulebook.graphemes import shorten
from wabp.texts import LANGUAGES, clean, say

Channel = Literal["whatsapp", "sms"]
Form = Literal["alert", "correction", "all_clear"]

WHATSAPP_CHARACTERS = 1600
SMS_PARTS = 6
TEMPLATE_CHARACTERS = 1024
# The template's own words around its variables count too.
_TEMPLATE_OWN_WORDS = 64
_NAME_CHARACTERS = 80

# WhatsApp reads these as bold, italic, struck through and fixed width.
_MARKUP = str.maketrans({"*": None, "~": None, "_": "-", "`": "'"})
_QUOTE_MARK = re.compile(r"^(?:>\s*)+", re.MULTILINE)
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True)
class Wording:
    """What an alert says: `texts` holds a version per language, always one in `language`, the typed one.

    A correction or all-clear names the alert that it is `about` by its hour; `ready` is the key of its ready-made
    sentence, which stands before what was typed.
    """

    kind: Literal["urgent", "info"]
    category: str
    group: str
    language: str
    texts: Mapping[str, str]
    street: str | None
    called: str | None
    until: str | None
    check_word: str | None = None
    form: Form = "alert"
    about: str | None = None
    ready: str | None = None

    @property
    def says_called(self) -> bool:
        """Whether it holds the call statement: what follows an alert does not."""
        return self.form == "alert" and self.kind == "urgent" and self.called is not None


def compose(
    wording: Wording, language: str, channel: Channel, rulebook: Rulebook, *, limit: int | None = None
) -> str:
    """Return the alert for one reader's language and channel, its emergency line whole and last.

    `limit` is a number of characters; without it WhatsApp takes 1,600 and SMS six parts.
    """
    bold = (lambda line: f"*{line}*") if channel == "whatsapp" else segments.simplify
    separator = "·" if channel == "whatsapp" else "-"
    above = [bold(_header(wording, language, rulebook, separator)), _place(wording, language, rulebook)]
    above += _ready(wording, language)
    below = [_safety(wording, language), emergency_line(language, rulebook)]
    if wording.says_called:
        below.insert(0, bold(call_statement(language, rulebook, wording.called or "")))
    typed, mark = _typed(wording, language, rulebook)
    if channel == "sms":
        typed = segments.affordable(_one_line(typed))

    def whole(text: str) -> str:
        middle = [mark + text] if text else []
        return "\n".join(above + middle + below)

    def fits(text: str) -> bool:
        message = whole(text)
        if limit is not None and _units(message) > limit:
            return False
        if channel == "sms":
            return segments.count(message).parts <= SMS_PARTS
        return limit is not None or _units(message) <= WHATSAPP_CHARACTERS

    return whole(shorten(typed, fits, " ..." if channel == "sms" else "…"))


def emergency_line(language: str, rulebook: Rulebook) -> str:
    """Return whom to call in an emergency, in one line."""
    form = "one" if rulebook.police_number == rulebook.rescue_number else "two"
    return say(
        f"alert.emergency.{form}", language, police=rulebook.police_number, rescue=rulebook.rescue_number
    )


def call_statement(language: str, rulebook: Rulebook, called: str) -> str:
    """Return that the police were called at `called` (an hour as text) and need no second call."""
    return say("alert.called", language, police=rulebook.police_number, called=_one_line(clean(called)))


def template_variables(wording: Wording, language: str, rulebook: Rulebook) -> dict[str, str]:
    """Return the four values of a provider template: header, text, call and validity, emergency line.

    None is empty or holds a newline or tab; together they leave room for the template's own words.
    """
    header = f"{_header(wording, language, rulebook, '·')} · {_place(wording, language, rulebook)}"
    statement = _safety(wording, language)
    if wording.says_called:
        statement = f"{call_statement(language, rulebook, wording.called or '')} · {statement}"
    line = emergency_line(language, rulebook)
    typed, mark = _typed(wording, language, rulebook)
    typed = _one_line(typed.replace("\n", " · "))
    ready = " ".join(_ready(wording, language))
    room = TEMPLATE_CHARACTERS - _TEMPLATE_OWN_WORDS - sum(map(_units, (header, statement, line, ready))) - 1
    text = shorten(typed, lambda part: _units(mark + part) <= room, "…")
    text = " ".join(filter(None, (ready, mark + text if text else ""))) or _category(wording.category, language)
    return {"1": header, "2": text, "3": statement, "4": line}


def _header(wording: Wording, language: str, rulebook: Rulebook, separator: str) -> str:
    what = wording.kind if wording.form == "alert" else wording.form
    return f"{say(f'alert.{what}', language)} {separator} {_name(wording.group, rulebook)}"


def _place(wording: Wording, language: str, rulebook: Rulebook) -> str:
    street = _name(wording.street or "", rulebook)
    place = ", ".join(filter(None, (_category(wording.category, language), street)))
    return say("alert.about", language, first=wording.about, place=place) if wording.about else place


def _ready(wording: Wording, language: str) -> list[str]:
    """Return the ready-made sentence of a correction; an all-clear also says that it is over, and thanks."""
    ready = [say(f"alert.{wording.form}_because.{wording.ready}", language)] if wording.ready else []
    return [*ready, say("alert.over", language)] if wording.form == "all_clear" else ready


def _category(slug: str, language: str) -> str:
    """A zone may add a category that has no words here yet: it is then shown as a plain message."""
    try:
        return say(f"alert.category.{slug}", language)
    except KeyError:
        return say("alert.category.other", language)


def _safety(wording: Wording, language: str) -> str:
    until = say("alert.until", language, until=_one_line(clean(wording.until))) if wording.until else ""
    word = say("alert.check_word", language, word=_one_line(wording.check_word)) if wording.check_word else ""
    return " ".join(filter(None, (until, word, say("alert.stop", language))))


def _typed(wording: Wording, language: str, rulebook: Rulebook) -> tuple[str, str]:
    """Return the text for a reader of `language`, and the mark that names its language when it is another."""
    own = wording.texts.get(language)
    text = wording.texts.get(wording.language, "") if own is None else own
    foreign = own is None and wording.language != language
    mark = f"[{say(f'alert.written_in.{wording.language}', language)}] " if foreign else ""
    # What no channel can carry need not be worked on.
    return _harmless(text[: 4 * WHATSAPP_CHARACTERS], rulebook), mark


def plain(text: str) -> str:
    """Return typed text as a phone will show it: no markup, no quote marks, one blank between words.

    It is what must be checked: a mark that the phone does not show could part a name in two.
    """
    bare = _QUOTE_MARK.sub("", clean(text).translate(_MARKUP))
    return "\n".join(filter(None, map(_one_line, bare.split("\n"))))


def _name(name: str, rulebook: Rulebook) -> str:
    return _one_line(_harmless(name[: 4 * _NAME_CHARACTERS], rulebook))[:_NAME_CHARACTERS].rstrip()


def _harmless(text: str, rulebook: Rulebook) -> str:
    """Return text without markup, blank lines, or a copy of our own emergency line."""
    text = plain(text)
    lines = "|".join(re.escape(emergency_line(language, rulebook)) for language in LANGUAGES)
    copies = re.compile(lines, re.IGNORECASE)
    while True:
        tidy = "\n".join(filter(None, map(_one_line, text.split("\n"))))
        text = copies.sub(" ", tidy)
        if text == tidy:
            return text


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def _units(text: str) -> int:
    """A provider may count an emoji as two, so we count what costs most."""
    return len(text.encode("utf-16-be", "surrogatepass")) // 2
