"""Owns hints of style and the cheap guess of a text's language. Neither stops anything."""

import re

from wabp.misuse import language
from wabp.misuse.reading import Reading

_LONG = 320
_ENOUGH = 2_000
_PAST = re.compile(
    r"\b(?:gisteren\w*|vannacht|eergisteren|vorige (?:nacht|week|maand)|afgelopen (?:nacht|week|weekend)|daarnet al|"
    r"hier (?:soir|matin|apres-midi|vers)|avant-hier|cette nuit|la nuit derniere|la semaine derniere|"
    r"yesterday|last (?:night|week|weekend)|overnight|gestern\w*|vorgestern|letzte (?:nacht|woche))\b"
)
def hints(text: str) -> list[str]:
    """Return names of hints: capitals, exclamation, length, old_news."""
    letters = [character for character in text if character.isalpha()]
    words = re.findall(r"[^\W\d_]{4,}", text)
    shouted = sum(word.isupper() for word in words)
    plain = Reading(text).plain
    found = {
        "capitals": len(letters) >= 12 and shouted >= 3 and shouted * 2 >= len(words),
        "exclamation": "!!" in text or text.count("!") > 2,
        "length": len(text) > _LONG,
        "old_news": bool(_PAST.search(plain)),
    }
    return [name for name, true in found.items() if true]


def guess_language(text: str, default: str) -> str:
    """Return the language whose small words occur most; `default` when two are level or none occurs."""
    return language.of_words(Reading(text[:_ENOUGH]).words[:200]) or default
