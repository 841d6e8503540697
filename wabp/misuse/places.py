"""Owns telling names of streets, shops, schools and towns from names of persons."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, lru_cache

from wabp.misuse import lexicon
from wabp.misuse.reading import JOINED, SENTENCE, Reading, plain_words
from wabp.misuse.word_kinds import (
    ARTICLE,
    AT_PLACE,
    BUILDING_OPENER,
    CROWNED,
    DOES,
    FIRST,
    FUNCTION,
    KIN,
    LAND,
    MAYBE_FIRST,
    NAMED,
    OFFICER,
    PARTICLE,
    RARE,
    SAINT,
    SMALL,
    STREET,
    STREET_OPENER,
    STREET_WORD,
    SURE,
    TITLE,
    TOWN,
    TRADE,
    WITH_PERSON,
    kinds,
)  # fmt: skip

_LONGEST, _LONGEST_BUILDING = 6, 4
# In lower case a street is called after so many names at most: "rue marie josé villiers".
_MOST_NAMES = 3
_PLACE = STREET | STREET_WORD | STREET_OPENER | BUILDING_OPENER | SAINT | TRADE | TOWN | WITH_PERSON
# With a capital inside a sentence these open the name of a café or a hairdresser's: "Chez Valérie".
_TRADESMEN = frozenset(
    "bakker slager beenhouwer apotheker kapper kapster juwelier opticien boulanger boucher traiteur coiffeur baker butcher "
    "loodgieter schilder dakwerker elektricien aannemer tuinaannemer plombier electricien chauffagiste".split()
)
_AT_SOMEBODYS = frozenset("chez bij".split())
# Behind these particles a family name goes on; "van de" may also lead to where somebody lives.
_INSIDE = frozenset(
    "van von der den ten ter te vander vanden vande de het d l la le du des di da del della do dos das el al ben zu y t".split()
)
# "de flat van Suresh" is his, "café de Paris" is called so.
# "Mijn buurman van Vaartdijk 9".
_LIVES = frozenset("van vd de du".split())
# "le garage de Kevin" is his too.
_HIS = frozenset(("de", "d"))
_OF = frozenset("van of von".split())


def find(reading: Reading, known: Collection[str]) -> list[tuple[int, int]]:
    """Return the rows of words (first, stop) that name a place; `known` are the zone's own streets and places."""
    kind_of = kinds()
    found = [kind_of[word] for word in reading.words]
    rows = [row for row in _known(reading.words, _long_names()) if not _is_family(reading, found, row[0])]
    if known:
        rows += _known(reading.words, _index(frozenset(known)))
    if any(map(_PLACE.__and__, found)) or not _TRADESMEN.isdisjoint(reading.words):
        rows += _named(_Walk(reading, found))
    return _joined(rows)


def _is_family(reading: Reading, found: Sequence[int], first: int) -> bool:
    """True where "De Haan" stands behind a first name or a title: it is a town and a family."""
    return bool(
        first
        and reading.gaps[first] == JOINED
        and found[first] & (PARTICLE | ARTICLE)
        and found[first - 1] & (SURE | MAYBE_FIRST | TITLE)
    )


class _Walk:
    """The words of a reading with their kinds, and steps over them that stay within a name."""

    def __init__(self, reading: Reading, kinds: Sequence[int]) -> None:
        self.reading = reading
        self.words, self.gaps, self.kinds = reading.words, reading.gaps, kinds
        self.capital = [False] * len(kinds) if reading.shouted else reading.capital

    def touches(self, index: int) -> bool:
        return 0 < index < len(self.words) and self.gaps[index] == JOINED

    def opens(self, index: int) -> bool:
        return index == 0 or self.gaps[index] == SENTENCE

    def is_hyphened(self, index: int) -> bool:
        return index > 0 and self.reading.plain[self.reading.starts[index] - 1] == "-"

    def is_name(self, index: int) -> bool:
        """True for a word that may be part of what a street is called after."""
        kind = self.kinds[index]
        if self.capital[index]:
            opens = self.opens(index)
            crowned = bool(kind & (SAINT | CROWNED))
            return crowned or (not kind & (TITLE | KIN | OFFICER) and (not opens or bool(kind & (NAMED | RARE))))
        return bool(kind & (SAINT | CROWNED)) or bool(kind & NAMED and not kind & (SMALL | KIN | TITLE))


def _named(walk: _Walk) -> Iterator[tuple[int, int]]:
    for index, kind in enumerate(walk.kinds):
        if not kind & _PLACE and walk.words[index] not in _TRADESMEN:
            continue
        if kind & TRADE and walk.capital[index] and (first := _owners(walk, index)) < index:
            yield first, index + 1
        if kind & TOWN and not kind & SURE and walk.capital[index] and (stop := _hyphened(walk, index)) > index + 1:
            yield index, stop
        if _names_business(walk, index):
            yield index, _behind_capitals(walk, index)
        if walk.words[index] in _AT_SOMEBODYS and walk.capital[index] and not walk.opens(index):
            yield index, _behind_capitals(walk, index)
        if kind & STREET:
            first = _back(walk, index)
            if not kind & LAND or _is_somewhere(walk, first, index):
                yield first, index + 1
        elif kind & STREET_WORD and (row := _english(walk, index) or _led(walk, index)):
            yield row
        if kind & STREET_OPENER:
            yield index, _behind_street(walk, index)
        elif kind & (BUILDING_OPENER | SAINT) and (stop := _behind_building(walk, index)) > index + 1:
            yield index, stop


def _names_business(walk: _Walk, index: int) -> bool:
    """True for "bij bakker Maes", "van Loodgieter Maes" and "Schilderwerken Maes"; "Auto Maes gestolen" is somebody's car."""
    kind, word = walk.kinds[index], walk.words[index]
    if word in _TRADESMEN and walk.touches(index):
        return walk.capital[index] or bool(walk.kinds[index - 1] & (AT_PLACE | WITH_PERSON))
    return walk.capital[index] and bool(kind & TRADE) and not kind & NAMED and (not walk.opens(index) or len(word) > _LONGEST)


def _owners(walk: _Walk, index: int) -> int:
    """Return where the name of a shop starts that ends in a trade: "Kees Smit Tuinmeubelen"."""
    first = index
    while walk.touches(first) and index - first < _LONGEST_BUILDING:
        step = first - 1
        if not (walk.capital[step] and walk.is_name(step)) and not (first < index and walk.kinds[step] & PARTICLE and step):
            break
        first = step
    while first < index and not walk.capital[first]:
        first += 1
    return first


def _hyphened(walk: _Walk, index: int) -> int:
    """Return where a part of a town or a station ends: "Liège-Guillemins", "Antwerpen-Berchem"."""
    stop = index + 1
    while walk.touches(stop) and walk.is_hyphened(stop) and walk.capital[stop]:
        stop += 1
    return stop


def _behind_capitals(walk: _Walk, index: int) -> int:
    stop = index + 1
    while walk.touches(stop) and walk.capital[stop] and stop - index <= _LONGEST_BUILDING:
        stop += 1
    return stop


def _is_somewhere(walk: _Walk, first: int, index: int) -> bool:
    """Tell "in de Gerrit Rietveldhof" and "Drees-flat", which are places, from "bij Mrs Achterberg" and "Clyde Landveld"."""
    if walk.touches(first) and walk.words[first - 1] in _LIVES and walk.touches(index + 1) and walk.words[index + 1].isdigit():
        return True
    # "Voor Corneel Bos" speaks of somebody, "in de Pieter Bos" hardly does.
    asked = ARTICLE if first < index and walk.kinds[index] & NAMED else AT_PLACE | ARTICLE
    return bool(walk.touches(first) and walk.kinds[first - 1] & asked) or walk.is_hyphened(index)


def _back(walk: _Walk, index: int) -> int:
    """Return where the name of a street that ends at `index` starts: "Jan Van Rijswijcklaan"."""
    first = step = index
    groups = 0
    while step > 0 and index - step < _LONGEST and walk.touches(step):
        step -= 1
        kind, word = walk.kinds[step], walk.words[step]
        if word in _INSIDE:
            groups += step + 1 == index or walk.words[step + 1] not in _INSIDE
            if groups > 1:
                break
            if walk.capital[step] and not walk.opens(step):
                first = step
            continue
        if not (len(word) == 1 and walk.capital[step]) and not walk.is_name(step):
            break
        if walk.capital[index] and not walk.capital[step] and not kind & (SAINT | CROWNED):
            break
        first = step
        if kind & (SAINT | CROWNED):
            break
    return index if first < index and _lives_there(walk, first, index) else first


def _lives_there(walk: _Walk, first: int, index: int) -> bool:
    """True for "Chantal van de Wilgenstraat": somebody, and the street named after something is where to find her."""
    between = walk.words[first + 1 : index]
    small = [word for word in between if word in ("van", "de", "het", "den", "t")]
    if not small or any(walk.capital[step] for step in range(first + 1, index) if walk.words[step] == "van"):
        return False
    if not walk.kinds[first] & NAMED or _stem_kind(walk.words[index]) & RARE:
        return False
    numbered = walk.touches(index + 1) and walk.words[index + 1].isdigit()
    return between[-2:] in (["van", "de"], ["van", "het"], ["van", "den"], ["van", "t"]) or (between[-1:] == ["van"] and numbered)


def _stem_kind(word: str) -> int:
    """Return the kind of what stands before the ending: "wilgen" of "wilgenstraat"."""
    kind_of = kinds()
    for length in range(min(len(word) - 2, 10), 2, -1):
        if kind_of[word[-length:]] & STREET_WORD:
            stem = word[:-length]
            return min((kind_of[form] for form in (stem, stem.removesuffix("s"), stem + "e")), key=lambda kind: bool(kind & RARE))
    return RARE


def _english(walk: _Walk, index: int) -> tuple[int, int] | None:
    """"Victoria Road", "willem drees-flat": a street word of its own behind what it is called after."""
    first = index
    while walk.touches(first) and index - first < _LONGEST_BUILDING:
        step = first - 1
        # "Willem de Zwijger school"; "Jan van de school" is somebody.
        within = first < index and walk.capital[first] and walk.words[step] in _INSIDE and _is_led_by_capital(walk, step)
        if not within and not (walk.is_name(step) if walk.capital[step] else walk.kinds[step] & SURE):
            break
        first = step
    # "Corneel Bos" and "Dries" are persons.
    if first == index or (walk.kinds[index] & LAND and walk.kinds[index] & NAMED and not _is_somewhere(walk, first, index)):
        return None
    return first, index + 1


def _is_led_by_capital(walk: _Walk, index: int) -> bool:
    """True for a particle with a name before it, maybe past one more: "Willem de", "Jan van den"."""
    step = index - (walk.touches(index) and walk.words[index - 1] in _INSIDE)
    return walk.touches(step) and walk.capital[step - 1] and bool(walk.kinds[step - 1] & (NAMED | CROWNED))


def _led(walk: _Walk, index: int) -> tuple[int, int] | None:
    """"Laan van Meerdervoort", "Plein der Naties": a street word that leads to its name."""
    stop = index + 2
    if walk.kinds[index] & SURE or not walk.touches(index + 1) or walk.words[index + 1] not in ("van", "der", "de"):
        return None
    if not walk.capital[index] and (walk.words[index] != "laan" or walk.words[index + 1] != "van"):
        return None
    while walk.touches(stop) and stop - index < 4 and walk.kinds[stop] & (ARTICLE | PARTICLE):
        stop += 1
    if not walk.touches(stop) or not (walk.capital[stop] or not walk.capital[index]):
        return None
    return index, stop + 1


def _behind_street(walk: _Walk, index: int) -> int:
    """Return where the name behind "rue" ends: all its capitals, or in lower case the names and one word that tells."""
    stop = index + 1
    told = names = 0
    while walk.touches(stop) and stop - index <= _LONGEST and not walk.words[stop].isdigit():
        kind = walk.kinds[stop]
        named = bool(kind & NAMED)
        if walk.capital[stop]:
            told += 1
        elif kind & (PARTICLE | ARTICLE):
            if told and not _leads_on(walk, stop):
                break
        elif not told or walk.is_hyphened(stop):
            told, names = told + 1, names + (named or bool(kind & CROWNED))
        elif 0 < names < _MOST_NAMES and kind & (NAMED | RARE) and not kind & (FUNCTION | DOES) and not walk.capital[stop - 1]:
            told, names = told + 1, names + 1
        else:
            break
        stop += 1
    return stop


def _leads_on(walk: _Walk, index: int) -> bool:
    """True for a particle with a capital, or a name, behind it: "place du Vieux Marché", "rue jean de la fontaine"."""
    step = index
    while step < len(walk.words) and walk.touches(step) and walk.kinds[step] & (PARTICLE | ARTICLE) and step - index < 3:
        step += 1
    return step < len(walk.words) and walk.touches(step) and walk.capital[step]


def _behind_building(walk: _Walk, index: int) -> int:
    """Return where the name behind "school", "café" or "Sint" ends."""
    stop = index + 1
    if walk.touches(stop) and walk.words[stop] in _OF and not walk.capital[stop]:
        return stop
    while walk.touches(stop) and stop - index <= _LONGEST_BUILDING:
        kind = walk.kinds[stop]
        if stop > index + 1 and walk.words[stop - 1] in _HIS and kind & FIRST and not kind & TOWN and not _goes_on(walk, stop):
            return index + 1
        capital = walk.capital[stop] and not kind & (TITLE | KIN | OFFICER)
        leads_on = kind & (PARTICLE | ARTICLE) and walk.touches(stop + 1) and walk.capital[stop + 1]
        lower = stop == index + 1 and kind & SURE and not walk.capital[stop - 1]
        if not (capital or leads_on or lower):
            break
        stop += 1
    return stop


def _goes_on(walk: _Walk, index: int) -> bool:
    return walk.touches(index + 1) and walk.capital[index + 1]


_Names = Mapping[str, Mapping[str, Sequence[tuple[str, ...]]]]


def _known(words: Sequence[str], places: _Names) -> Iterator[tuple[int, int]]:
    """Yield where one of the places stands, word for word."""
    for index, word in enumerate(words):
        if word in places:
            following = words[index + 1] if index + 1 < len(words) else ""
            for place in (*places[word].get("", ()), *places[word].get(following, ())):
                if tuple(words[index : index + len(place)]) == place:
                    yield index, index + len(place)


@cache
def _long_names() -> _Names:
    """Return the towns, countries and organisations whose name is more than one word."""
    names = lexicon.listed("towns") | lexicon.countries() | lexicon.listed("organisations")
    return _index(frozenset(name for name in names if not name.isalpha()), least=2)


@lru_cache(maxsize=64)
def _index(known: frozenset[str], least: int = 1) -> _Names:
    """Return the words of the places by their first and second word ("" when there is no second)."""
    found: dict[str, dict[str, list[tuple[str, ...]]]] = {}
    for place in known:
        words = tuple(plain_words(place))
        if len(words) >= least and sum(map(len, words)) > 2:
            found.setdefault(words[0], {}).setdefault(words[1] if len(words) > 1 else "", []).append(words)
    return found


def _joined(rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the rows in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for first, stop in sorted(rows):
        if joined and first < joined[-1][1]:
            joined[-1] = joined[-1][0], max(stop, joined[-1][1])
        else:
            joined.append((first, stop))
    return joined
