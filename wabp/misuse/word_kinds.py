"""Owns what a single word may be: a name for sure or perhaps, a title, a street, a preposition of place ...

Kinds are flags that add up, so that one look at a word tells everything that names and places ask of it.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import chain

from wabp.misuse import lexicon
from wabp.misuse.registers import registers

# A name for sure, and a word that is now and then a name.
FIRST, LAST, MAYBE_FIRST, MAYBE_LAST = (1 << bit for bit in range(4))
# How often people use it: hardly ever, seldom, often, or to hold sentences together.
RARE, SELDOM, COMMON, FUNCTION = (1 << bit for bit in range(4, 8))
# What it says of the words beside it.
TITLE, KIN, OFFICER, PROFESSION, CROWNED, SAINT, THING = (1 << bit for bit in range(8, 15))
PARTICLE, ARTICLE, OWNER, LINK, CALLED, DOES, AT_PLACE, WITH_PERSON = (1 << bit for bit in range(15, 23))
# Places: a town; a word that ends as streets do, is a street word, or opens the name of a street or building.
TOWN, ORGANISATION, STREET, STREET_WORD, STREET_OPENER, BUILDING_OPENER = (1 << bit for bit in range(23, 29))
# Ends as family names do; is a first name nearly always when it has a capital.
SURNAME_END, MOSTLY_FIRST = (1 << bit for bit in range(29, 31))
# Ends as places do that are family names as often: "berg", "veld".
LAND = 1 << 31
# Is a name of the registers only, not of our lists.
FAR = 1 << 32
# With a capital behind a name it makes that a shop's: "Kees Smit Tuinmeubelen".
TRADE = 1 << 33

SURE = FIRST | LAST
NAMED = SURE | MAYBE_FIRST | MAYBE_LAST
# Words that hold a sentence together; as part of a name they need a capital.
SMALL = AT_PLACE | WITH_PERSON | ARTICLE | OWNER | CALLED | DOES | LINK | PARTICLE

_ROLES = {"titles": TITLE, "kin": KIN, "officers": OFFICER, "particles": PARTICLE}
_CONTEXTS = {
    "at a place": AT_PLACE,
    "with a person": WITH_PERSON,
    "articles": ARTICLE,
    "owners": OWNER,
    "called": CALLED,
    "does": DOES,
    "links": LINK,
    "saints": SAINT,
    "crowned": CROWNED,
    "professions": PROFESSION,
    "things with a name": THING,
}
# Share of the words in ordinary texts from which a word is seldom, common, or holds sentences together.
_SELDOM, _COMMON, _FUNCTION = 1e-6, 5e-6, 1.2e-4
_MOST_REMEMBERED = 60_000
_SHORTEST_END, _LONGEST_END = 2, 14
_SHORTEST_SURE, _SHORTEST_PLURAL, _SHORTEST_TRADE = 3, 6, 7
_SMALL_FORMS = ("ke", "ske", "eke", "tje", "etje", "je", "ie", "atje")


class _Kinds(dict[str, int]):
    """The kind of each plain word, worked out when a word is first met and remembered for the next."""

    def __init__(self) -> None:
        super().__init__()
        self._meanings = _meanings()
        self._ends = _of_ends()
        self._doubtful = lexicon.listed("ambiguous")
        self._surely = lexicon.sections("mostly_names")
        names = registers()
        self._lists = (
            (_parts(lexicon.listed("first_names")), names.first, FIRST, MAYBE_FIRST),
            (_parts(lexicon.listed("last_names")), names.last, LAST, MAYBE_LAST),
        )

    def __missing__(self, word: str) -> int:
        kind = self._kind(word)
        if len(self) < _MOST_REMEMBERED:
            self[word] = kind
        return kind

    def _kind(self, word: str) -> int:
        usage = _usage(word)
        kind = self._listed(word, usage) | usage
        if not word.isalpha():
            return kind & ~NAMED
        if kind & RARE and not kind & NAMED:
            kind |= FIRST if self._is_pet_form(word) else LAST if self._is_plural(word) else 0
        for length in range(_SHORTEST_END, min(_LONGEST_END, len(word) - 2) + 1):
            kind |= self._ends.get(word[-length:], 0)
        # "Kerkhof" and "Vandenberg" end as streets do, yet are names.
        return kind & ~(STREET | TRADE) if kind & SURE else kind

    def _listed(self, word: str, usage: int) -> int:
        """Return what the lists tell of a word; one that holds sentences together is a name for sure or not at all."""
        kind = self._meanings.get(word, 0)
        surely = word in self._surely[""]
        if not kind & (SMALL | TITLE | KIN | OFFICER) and (surely or usage != FUNCTION or word not in self._doubtful):
            kind |= self._named(word, usage, kind)
            if surely and word in self._doubtful:
                kind |= MAYBE_FIRST | MOSTLY_FIRST
        return kind | (MAYBE_FIRST if word in self._surely["before a family name"] else 0)

    def _named(self, word: str, usage: int, meaning: int) -> int:
        """Return which names our lists and the registers hold it for; what is also a word is a name perhaps."""
        is_ours = any(word in ours for ours, *_ in self._lists)
        # Whoever is called as a brand is, is not known by that.
        if meaning & ORGANISATION and not is_ours:
            return 0
        kind = 0
        doubtful = word in self._doubtful
        for ours, register, sure, maybe in self._lists:
            if word in ours:
                kind |= maybe if doubtful else sure
            elif word in register and usage != FUNCTION:
                kind |= maybe if doubtful or meaning & TOWN or usage == COMMON or len(word) < _SHORTEST_SURE else sure
        if kind and not is_ours:
            kind |= FAR
        return kind or (MAYBE_FIRST | MAYBE_LAST if doubtful else 0)

    def _is_plural(self, word: str) -> bool:
        """True for "the Petrovs", "the Hendersons"."""
        return len(word) > _SHORTEST_PLURAL and word.endswith("s") and bool(self[word[:-1]] & LAST)

    def _is_pet_form(self, word: str) -> bool:
        """True for a first name made small: "jefke", "fatimaatje", "jantje"."""
        return any(
            word.endswith(ending) and self[word[: -len(ending)]] & (FIRST | MOSTLY_FIRST) for ending in _SMALL_FORMS
        )


@cache
def kinds() -> Mapping[str, int]:
    """Return what each plain word may be, as flags."""
    return _Kinds()


def _usage(word: str) -> int:
    often = lexicon.commonness(word)
    return FUNCTION if often >= _FUNCTION else COMMON if often >= _COMMON else SELDOM if often >= _SELDOM else RARE


def _meanings() -> dict[str, int]:
    """Return what our lists tell of words, names apart."""
    found: dict[str, int] = {}
    for flag, words in _lists():
        for word in words:
            found[word] = found.get(word, 0) | flag
    return found


def _lists() -> Iterator[tuple[int, Collection[str]]]:
    yield TOWN, lexicon.listed("towns") | lexicon.countries()
    yield ORGANISATION, lexicon.listed("organisations")
    places = lexicon.sections("street_endings")
    yield STREET_WORD, places["streets"] | places["lands"] | places["english"]
    yield LAND, places["lands"]
    yield STREET_OPENER, places["openers"]
    yield BUILDING_OPENER, places["building openers"] | places["openers within a word"]
    yield TRADE, places["trades"]
    roles, contexts = lexicon.sections("roles"), lexicon.sections("contexts")
    yield from ((flag, roles[name]) for name, flag in _ROLES.items())
    yield from ((flag, contexts[name]) for name, flag in _CONTEXTS.items())


def _of_ends() -> dict[str, int]:
    """Return what the last letters of a longer word make of it."""
    places = lexicon.sections("street_endings")
    found = dict.fromkeys(places["streets"], STREET) | dict.fromkeys(places["lands"], STREET | LAND)
    others = {SURNAME_END: lexicon.sections("contexts")["family name endings"], BUILDING_OPENER: places["openers within a word"]}
    others[TRADE] = frozenset(trade for trade in places["trades"] if len(trade) >= _SHORTEST_TRADE)
    for flag, endings in others.items():
        for ending in endings:
            found[ending] = found.get(ending, 0) | flag
    return found


def _parts(names: Collection[str]) -> frozenset[str]:
    """Return the words of names that are long enough to know them by."""
    parts = chain.from_iterable(name.replace("-", " ").replace("'", " ").split() for name in names)
    return frozenset(part for part in parts if part.isalpha() and len(part) > 1)
