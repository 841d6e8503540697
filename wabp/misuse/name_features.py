"""Owns what speaks for and against a candidate being a name: features that people can read. `names` weighs them."""

from collections.abc import Iterator, Sequence
from functools import cache

from wabp.misuse.name_candidates import Sight, is_compound
from wabp.misuse.reading import CLAUSE, SENTENCE, Reading
from wabp.misuse.word_kinds import (
    ARTICLE,
    AT_PLACE,
    BUILDING_OPENER,
    CALLED,
    COMMON,
    CROWNED,
    DOES,
    FAR,
    FIRST,
    FUNCTION,
    KIN,
    LINK,
    MAYBE_FIRST,
    MAYBE_LAST,
    MOSTLY_FIRST,
    NAMED,
    OFFICER,
    ORGANISATION,
    OWNER,
    PARTICLE,
    PROFESSION,
    RARE,
    SAINT,
    SELDOM,
    STREET,
    STREET_OPENER,
    SURE,
    SURNAME_END,
    THING,
    TITLE,
    TOWN,
    WITH_PERSON,
)

# The first that holds names what a neighbour is.
_USAGE = ((FUNCTION, "small"), (COMMON, "common"), (SELDOM, "seldom"), (RARE, "rare"))
_BEFORE = (
    *((OFFICER, "officer"), (TITLE, "title"), (THING, "thing"), (CALLED, "called"), (KIN, "kin"), (SAINT, "saint")),
    *((PROFESSION, "profession"), (CROWNED, "crowned"), (OWNER, "owner"), (ARTICLE, "article"), (WITH_PERSON, "with")),
    *((AT_PLACE, "at"), (LINK, "link"), (PARTICLE, "particle"), (STREET_OPENER | STREET, "street")),
    *((BUILDING_OPENER, "building"), (ORGANISATION, "organisation"), (TOWN, "town"), (DOES, "does"), (SURE, "name")),
    *_USAGE,
)
_FURTHER = ((OFFICER, "officer"), (KIN | TITLE, "kin"), (CALLED, "called"), (AT_PLACE, "at"), (WITH_PERSON, "with"))
_AFTER = (
    *((DOES, "does"), (CALLED, "called"), (OWNER, "owner"), (LINK, "link"), (ARTICLE, "article"), (PARTICLE, "particle")),
    *((TITLE | KIN, "kin"), (OFFICER, "officer"), (AT_PLACE, "at"), (WITH_PERSON, "with"), (STREET, "street")),
    *((ORGANISATION, "organisation"), (TOWN, "town"), (SURE, "name")),
    *_USAGE,
)
_MARKS = (
    *((TOWN, "town"), (ORGANISATION, "organisation"), (CROWNED, "crowned"), (SAINT, "saint"), (KIN, "kin"), (TITLE, "title")),
    *((OFFICER, "officer"), (BUILDING_OPENER, "building"), (STREET, "street"), (THING, "thing")),
)
_LINKS = {"article", "owner", "particle", "with"}
_PEOPLES = ("anen", "enen", "iers", "ezen", "ische", "aanse", "eese", "istan", "landers", "enaars", "ois", "aise", "ienne")
_PAST = ("eerde", "eert", "elde", "erde", "kte", "gde", "pte", "nde", "mde")
# "het Rietveld" is a place, or made small.
_NEUTER = frozenset(("het", "t"))
_AND = "en"
# "les Dupont" are a family.
_PLURAL = "les"
_QUOTES = "\"“”«'‘"
_SHOWN_LENGTH, _SHOWN_WORDS, _SHOWN_THIRDS = 7, 4, 4


def before(sight: Sight, first: int) -> str:
    """Return what stands before the candidate, in a word."""
    if sight.opens(first):
        return "start"
    index = first - 1
    kind, word = sight.kinds[index], sight.words[index]
    if sight.gaps[first] == CLAUSE:
        return "clause-title" if kind & TITLE else "clause"
    if not word.isalpha():
        return "number"
    # French "en" stands before places, Dutch "en" between names.
    name = "link" if word == _AND and sight.reading.language != "fr" else _called(kind, _BEFORE)
    if name == "title" and index and sight.kinds[index - 1] & OFFICER and sight.gaps[index] != SENTENCE:
        return "officer"
    if kind & (ARTICLE | OWNER | PARTICLE) and name in _LINKS and sight.touches(index):
        further = index - 1
        if sight.kinds[further] & (ARTICLE | PARTICLE) and sight.touches(further):
            further -= 1
        told = next((told for flag, told in _FURTHER if sight.kinds[further] & flag), None)
        return f"{told}+{name}" if told else name
    return name


def after(sight: Sight, stop: int) -> str:
    """Return what stands behind the candidate, in a word."""
    if stop >= len(sight.words) or sight.gaps[stop] == SENTENCE:
        return "end"
    kind, word = sight.kinds[stop], sight.words[stop]
    clause = "clause-" if sight.gaps[stop] == CLAUSE else ""
    if not word.isalpha():
        return clause + "number"
    if clause:
        return clause + ("role" if kind & (KIN | TITLE | OFFICER) else "other")
    told = _called(kind, _AFTER)
    if told in ("common", "seldom", "rare"):
        return "past" if word.endswith(_PAST) else "verb" if word.endswith("t") else told
    return told


def features(sight: Sight, first: int, stop: int) -> list[str]:
    """Return what speaks for and against the candidate."""
    named = _named(sight, first, stop)
    head, tail = named[0], named[-1]
    if len(named) > 1 and sight.capital[head] and not sight.capital[tail]:
        # "Nadia van de kapper": the name is Nadia.
        named, tail, stop = [head], head, head + 1
    ahead, behind = before(sight, first), after(sight, stop)
    case = "shouted" if sight.shouted else "lower" if sight.lower else "capital" if sight.capital[tail] else "small"
    found = [f"case:{case}", f"before:{ahead}", f"after:{behind}"]
    found += _of_shape(sight, first, stop, named, case, ahead, behind)
    found += _of_words(sight, named, case, ahead)
    found += _of_surroundings(sight, first, stop)
    if ahead == "title":
        found.append(f"titled:{case}:{'small' if sight.kinds[tail] & FUNCTION else 'word'}")
    if first < head or tail - head >= len(named):
        if sight.capital[first] and sight.kinds[first] & PARTICLE and len(sight.words[first]) > 1:
            where = "start" if ahead == "start" else "within"
            found.append(f"particle:capital:{where}:{_shape(sight.kinds[head])}")
        else:
            found.append("particle:within")
    return found


def _named(sight: Sight, first: int, stop: int) -> list[int]:
    """Return the words that are neither particles nor initials."""
    found = [
        index
        for index in range(first, stop)
        if len(sight.words[index]) > 1 and not (sight.kinds[index] & PARTICLE and stop - first > 1)
    ]
    return found or [stop - 1]


def _of_shape(
    sight: Sight, first: int, stop: int, named: Sequence[int], case: str, ahead: str, behind: str
) -> Iterator[str]:
    head, tail = named[0], named[-1]
    shape = _shape(sight.kinds[head])
    opening = len(sight.words[first]) == 1 and first < head
    closing = len(sight.words[stop - 1]) == 1 and stop - 1 > tail
    if len(named) == 1 and not opening and not closing:
        yield f"one:{shape}:{case}"
        yield f"one:{shape}:{_called(sight.kinds[head], _USAGE)}"
        yield f"one:before:{ahead}"
        yield f"one:after:{behind}"
        yield f"one:{shape}:before:{ahead}"
        yield f"one:{shape}:after:{behind}"
        yield f"one:{shape}:length:{min(len(sight.words[head]), _SHOWN_LENGTH)}"
        if sight.kinds[head] & MOSTLY_FIRST:
            yield f"one:mostly:{sight.reading.language}:{ahead if ahead == 'start' else 'within'}"
        if sight.kinds[head] & FAR:
            yield f"one:far:{case}"
        return
    pair = shape + _shape(sight.kinds[tail]) if len(named) > 1 else f"I{shape}" if opening else f"{shape}I"
    yield f"two:{pair}"
    yield f"two:{pair}:{case}"
    if sight.reading.plain.startswith("-", sight.reading.ends[head]):
        yield f"hyphen:{pair}"
    yield f"two:before:{ahead}"
    yield f"two:after:{behind}"


def _of_words(sight: Sight, named: Sequence[int], case: str, ahead: str) -> Iterator[str]:
    joined = 0
    for index in named:
        kind, word = sight.kinds[index], sight.words[index]
        joined |= kind
        for flag, name in _MARKS:
            if kind & flag:
                yield f"is:{name}:{_shape(kind)}" if index == named[0] else f"ends:{name}"
                if ahead == "start" and index == named[0]:
                    yield f"is:{name}:start"
        if kind & RARE and not kind & NAMED:
            yield f"unknown:{word[-1]}"
            yield f"unknown:length:{min(len(word) // 3, _SHOWN_THIRDS)}:{case}"
            if is_compound(word):
                yield "unknown:compound"
            if word.endswith(_PEOPLES):
                yield "unknown:people"
    if len(named) > 1:
        yield f"words:{min(len(named), _SHOWN_WORDS)}:{'known' if joined & NAMED else 'unknown'}"
    if not joined & SURE and joined & SURNAME_END:
        yield "ending:surname"
    if case == "capital":
        if not joined & SURE and sight.reading.language == "de":
            yield "german"
        if all(len(sight.words[index]) > 1 and _is_shouted(sight.reading, index) for index in named):
            yield "acronym" if len(named) == 1 else "acronyms"


def _of_surroundings(sight: Sight, first: int, stop: int) -> Iterator[str]:
    if first - 1 in sight.blocked and sight.touches(first):
        yield "near:place"
    if stop in sight.blocked and sight.touches(stop):
        yield "near:place-behind"
    if sight.touches(first) and sight.words[first - 1] in _NEUTER:
        yield "neuter"
    if sight.touches(first) and sight.words[first - 1] == _PLURAL and sight.capital[stop - 1]:
        yield f"plural:{_shape(sight.kinds[stop - 1])}"
    start = sight.reading.starts[first]
    if start:
        mark = sight.reading.plain[start - 1]
        if mark in _QUOTES:
            yield "quoted"
        elif mark == "(":
            yield "bracket"


def _is_shouted(reading: Reading, index: int) -> bool:
    return reading.typed(reading.starts[index], reading.ends[index]).isupper()


def _called(kind: int, kinds: Sequence[tuple[int, str]]) -> str:
    for flag, name in kinds:
        if kind & flag:
            return name
    return "other"


@cache
def _shape(kind: int) -> str:
    """F and L are names for sure, f and l perhaps; B and b both; U unknown, S seldom, C common, W holds sentences together."""
    if kind & SURE:
        return "B" if kind & SURE == SURE else "F" if kind & FIRST else "L"
    if kind & NAMED:
        return "b" if kind & NAMED == MAYBE_FIRST | MAYBE_LAST else "f" if kind & MAYBE_FIRST else "l"
    return "U" if kind & RARE else "S" if kind & SELDOM else "C" if kind & COMMON else "W"
