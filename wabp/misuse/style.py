"""Owns hints of style and the cheap guess of a text's language. Neither stops anything."""

import re

from wabp.misuse.normalise import Folded

_LONG = 320
_PAST = re.compile(
    r"\b(?:gisteren\w*|vannacht|eergisteren|vorige (?:nacht|week|maand)|afgelopen (?:nacht|week|weekend)|daarnet al|"
    r"hier (?:soir|matin|apres-midi|vers)|avant-hier|cette nuit|la nuit derniere|la semaine derniere|"
    r"yesterday|last (?:night|week|weekend)|overnight|gestern\w*|vorgestern|letzte (?:nacht|woche))\b"
)
_COMMON = {
    "nl": "de het een en van is in op te dat niet zijn er aan met voor door bij naar ze hij wij ik je we wie geen ook "
    "werd wordt heeft hebben naar om uit deze die aub graag let straat",
    "fr": "le la les un une et est dans de du des en que qui pas pour sur au aux il elle ne se ce avec par vous nous "
    "je on sont dans merci rue chez cette",
    "en": "the a an and is in on of to that not are was with for from by at they he she we you it this has have please "
    "who street someone",
    "de": "der die das ein eine und ist in auf zu dass nicht sind mit fur von bei aus sie er wir ich an im am den dem "
    "wurde hat haben bitte strasse jemand",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}


def hints(text: str) -> list[str]:
    """Return names of hints: capitals, exclamation, length, old_news."""
    letters = [character for character in text if character.isalpha()]
    words = re.findall(r"[^\W\d_]{4,}", text)
    shouted = sum(word.isupper() for word in words)
    plain = Folded(text).plain
    found = {
        "capitals": len(letters) >= 12 and shouted >= 3 and shouted * 2 >= len(words),
        "exclamation": "!!" in text or text.count("!") > 2,
        "length": len(text) > _LONG,
        "old_news": bool(_PAST.search(plain)),
    }
    return [name for name, true in found.items() if true]


def guess_language(text: str, default: str) -> str:
    """Return the language whose small words occur most; `default` when two are level or none occurs."""
    words = re.findall(r"[^\W\d_]+", Folded(text).plain)[:200]
    counts = {language: sum(word in known for word in words) for language, known in _WORDS.items()}
    best = max(counts.values())
    winners = [language for language, count in counts.items() if count == best]
    if best == 0 or (len(winners) > 1 and default in winners):
        return default
    return winners[0] if len(winners) == 1 else default
