"""Owns finding the street, or the name, that somebody means among names that are known.

Forgives accents, capitals, articles, a house number, a sentence around it, a first name left out and small
typos. What could be two of the names is none of them: the writer is asked again rather than put into the
wrong street.
"""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from wabp.keywords import fold

_LONGEST_TYPED = 200
# How many letters may be wrong in a name of fewer letters than this.
_TYPOS = ((4, 0), (7, 1), (12, 2))
_MOST_TYPOS = 3
_SHORTEST_TAIL = 5

# What may stand before a street: who lives or works where.
_SENTENCE = frozenset(
    """
    ik wij we woon wonen werk werken heb een zaak winkel ben mijn straat adres is in op aan van bij ja het dat thuis
    j je nous habite habitons travaille travaillons suis mon adresse dans a au aux c est oui i we live work am at on
    my street address yes it s the ich wir wohne wohnen arbeite arbeiten bin meine im
    """.split()
)
_ARTICLES = frozenset("de het t den la le les l d du des der die das dem the of".split())
_AFTER = frozenset("nr nummer no n numero number hausnummer bus bte boite box app aub svp please bitte a b c d".split())
# Without such a word it is another street.
_TELLING = frozenset(
    """
    oude oud nieuwe nieuw grote groot kleine klein korte kort lange lang hoge lage oost west noord zuid
    """.split()
)
_PARTS = re.compile(r"[,;\n]|\s[-–]\s|\s/\s|\(|\)")
_LANGUAGES = re.compile(r"\s[-–]\s|\s?/\s?")
_WORD = re.compile(r"[^\W_]+")
_SHORT = (
    (re.compile(r"(?:strasse|straete|str)$"), "straat"),
    (re.compile(r"(?<=..)ln$"), "laan"),
    (re.compile(r"(?:stwg|stw)$"), "steenweg"),
    (re.compile(r"^(?:av|ave)$"), "avenue"),
    (re.compile(r"^(?:boul|blvd|bld|bd)$"), "boulevard"),
    (re.compile(r"^(?:ch|chee)$"), "chaussee"),
    (re.compile(r"^(?:sinte?|ste|saint|sainte|sankt)$"), "st"),
    (re.compile(r"^r$"), "rue"),
)


def best(typed: str, names: Iterable[str]) -> str | None:
    """Return the one of the street `names` that was typed, or None when it is none or could be several."""
    whole: dict[str, str] = {}
    tails: dict[str, set[str]] = {}
    for name in names:
        for full, endings in _keys_of(name):
            whole.setdefault(full, name)
            for end in endings:
                tails.setdefault(end, set()).add(name)
    wanted = _wanted(typed)
    if exact := next((whole[key] for key in wanted if key in whole), None):
        return exact
    if ending := next((tails[key] for key in wanted if key in tails), None):
        return next(iter(ending)) if len(ending) == 1 else None
    return _close(wanted, whole)


def nearest(typed: str, names: Iterable[str]) -> str | None:
    """Return the one of `names` that a single name was meant to be, letters forgiven; None when it is unsure."""
    return _close([key(typed)], {key(name): name for name in names})


def key(name: str) -> str:
    """Return what is left of a name when capitals, accents, blanks and hyphens do not count."""
    return "".join(_WORD.findall(fold(name)))


def _close(wanted: Collection[str], known: dict[str, str]) -> str | None:
    """Return the name whose key is nearest to a wanted one, when no other name is as near."""
    for typed in wanted:
        found = process.extract(typed, known.keys(), scorer=OSA.distance, score_cutoff=_typos(len(typed)), limit=8)
        near = [(distance, known[match]) for match, distance, _ in found if distance <= _typos(len(match))]
        at_best = {name for distance, name in near if distance == near[0][0]}
        if len(at_best) == 1:
            return at_best.pop()
    return None


def _typos(length: int) -> int:
    return next((most for fewer_than, most in _TYPOS if length < fewer_than), _MOST_TYPOS)


def _wanted(typed: str) -> list[str]:
    """Return the keys that typed words may mean, likeliest first."""
    keys: list[str] = []
    for part in _PARTS.split(typed[:_LONGEST_TYPED]):
        words = _words(part)
        street = [word for word in words if not word[0].isdigit()]
        while street and street[-1] in _AFTER:
            street.pop()
        keys += [_key(words), _key(street), _key(_without_sentence(street))]
    return [found for found in dict.fromkeys(keys) if found and not found.isdigit()]


def _without_sentence(words: list[str]) -> list[str]:
    start = 0
    while start < len(words) - 1 and words[start] in _SENTENCE | _ARTICLES | _AFTER:
        start += 1
    return words[start:]


@lru_cache(maxsize=20_000)
def _keys_of(name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each key of a known name with its endings; one in two languages ("Hoogstraat - Rue Haute") has two."""
    found = []
    for part in _LANGUAGES.split(name):
        words = _words(part)
        endings = []
        while len(words) > 1 and words[0] not in _TELLING:
            words = words[1:]
            endings.append(_key(words))
        if whole := _key(_words(part)):
            found.append((whole, tuple(end for end in endings if len(end) >= _SHORTEST_TAIL and end != whole)))
    return tuple(found)


def _key(words: list[str]) -> str:
    return "".join(_in_full(word) for word in words if word not in _ARTICLES) or "".join(words)


def _in_full(word: str) -> str:
    for pattern, full in _SHORT:
        if pattern.search(word):
            return pattern.sub(full, word)
    return word


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))
