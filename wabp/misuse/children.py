"""Owns finding a child or youngster who could be recognised. Children in general and grown-ups are none of its business."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence

from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span
from wabp.misuse.phrases import Match

_GROWN = 18
_NUMBERS = {
    word: value
    for words in (
        "een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien",
        "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
    )
    for value, word in enumerate(words.split(), 1)
}
_NUMBERS |= {"dizaine": 10, "tiental": 10, "douzaine": 12, "dozijn": 12}
_ARTICLES = frozenset(("een", "un", "one"))
_MONTHS = frozenset("maanden mois months weken monate".split())
# After a bare number these make it an hour, a share, a price, a row of something else.
_NO_AGE_BEHIND = frozenset(
    "uur u h tot a until to euro eur km m min minuten minutes procent percent maal keer cm kg u00 am pm jours dagen bis".split()
)
# How many words apart two things still tell of one child; and how long a phrase is at most.
_NEAR, _CLOSE, _LONGEST = 24, 8, 12
_DIGITS = re.compile(r"\d{1,3}")


def find(clues: Clues) -> Iterator[Span]:
    """Yield each child that could be recognised, from who it is to what it looks like."""
    who = {match.first for match in clues.of("children") if match.rule == "children._child"}
    who.update(first for first, _ in clues.names)
    last = -1
    for match in sorted(recognised(clues), key=lambda match: (match.first, -match.stop)):
        if match.first >= last:
            last = match.stop
            # Words about a child become "a child"; a school or class alone is left out.
            yield clues.span(match, "minor", "@child" if match.first in who else "")


def recognised(clues: Clues) -> Sequence[Match]:
    """Return the words that tell of a child who could be recognised."""
    return clues.once(_recognised)


def _recognised(clues: Clues) -> Sequence[Match]:
    pieces: dict[str, list[Match]] = {}
    for match in clues.of("children"):
        pieces.setdefault(match.rule.removeprefix("children."), []).append(match)
    if not pieces:
        return ()
    names = [Match("children", "name", first, stop, "") for first, stop in clues.names]
    children, relatives = pieces.get("_child", []), pieces.get("child_of", [])
    who = sorted([*children, *names, *relatives], key=lambda match: match.first)
    looks = pieces.get("_looks", ())
    return (
        *relatives,
        *(
            match
            for match in pieces.get("class_at_school", ())
            if _nearest(match, who, _NEAR) or _nearest(match, looks, _CLOSE)
        ),
        *_with_age(clues, pieces, who, names),
        *_small(pieces),
        *_in_club(pieces, children, names),
        *_at_school(pieces.get("_school", ()), children, names),
    )


def _with_age(
    clues: Clues, pieces: Mapping[str, Sequence[Match]], who: Sequence[Match], names: Sequence[Match]
) -> Iterator[Match]:
    """Yield somebody with an age under eighteen and one more thing by which to know who it is."""
    details = {
        "age_and_looks": pieces.get("_looks", ()),
        "age_and_school": [*pieces.get("_school", ()), *pieces.get("class_at_school", ())],
        "age_and_family": pieces.get("_of_parent", ()),
    }
    over = "_over" in pieces
    for age in _ages(clues, pieces):
        baby = not _MONTHS.isdisjoint(clues.reading.words[age.first : age.stop])
        person = _nearest(age, pieces.get("_child", ()) if baby else who, _CLOSE)
        if not person:
            # Nobody is named; looks and a school together tell who it is.
            looks = [match for match in details["age_and_looks"] if abs(match.first - age.first) <= _CLOSE]
            if age.rule == "children._age" and not baby and (len(looks) > 1 or (looks and details["age_and_school"])):
                yield _joined("age_and_looks", age, *looks)
            continue
        if _is_at_home(clues, age):
            yield _joined("age_and_home", person, age)
        for rule, kind in details.items():
            detail = _nearest(age, kind, _NEAR)
            if detail:
                yield _joined(rule, person, age, detail)
        if not over and _nearest(age, pieces.get("_lost", ()), _NEAR):
            yield _joined("missing", person, age)
        name = _nearest(age, names, _CLOSE)
        if name and age.rule != "children._age_or_house":
            yield _joined("name_and_age", name, age)


def _is_at_home(clues: Clues, age: Match) -> bool:
    """Tell whether somebody's home stands beside an age."""
    starts = clues.reading.starts
    low, high = starts[max(0, age.first - _CLOSE)], clues.reading.ends[min(len(starts), age.stop + _CLOSE) - 1]
    return any(home.start is not None and low <= home.start <= high for home in clues.homes)


def _small(pieces: Mapping[str, Sequence[Match]]) -> Iterator[Match]:
    """Yield small children, whose age need not be told, with their looks or lost."""
    for small in pieces.get("_small", ()):
        looks = _nearest(small, pieces.get("_looks", ()), _NEAR)
        if looks:
            yield _joined("small_and_looks", small, looks)
        if "_over" not in pieces and _nearest(small, pieces.get("_lost", ()), _NEAR):
            yield _joined("missing", small)


def _in_club(
    pieces: Mapping[str, Sequence[Match]], children: Sequence[Match], names: Sequence[Match]
) -> Iterator[Match]:
    """Yield whoever plays or learns somewhere and is told by looks."""
    for school in pieces.get("_school", ()):
        who = _nearest(school, children, _CLOSE) or _nearest(school, names, _CLOSE)
        looks = _nearest(school, pieces.get("_looks", ()), _CLOSE)
        if who and looks:
            yield _joined("school_and_looks", who, school, looks)


def _at_school(schools: Sequence[Match], children: Sequence[Match], names: Sequence[Match]) -> Iterator[Match]:
    for school in schools:
        child, name = _nearest(school, children, _CLOSE), _nearest(school, names, _CLOSE)
        if child and name:
            yield _joined("name_and_school", child, name, school)


def _ages(clues: Clues, pieces: Mapping[str, Sequence[Match]]) -> Iterator[Match]:
    """Yield the ages under eighteen."""
    reading = clues.reading
    for match in pieces.get("_age", ()):
        if _is_young(_numbers(clues, match)) or not _MONTHS.isdisjoint(reading.words[match.first : match.stop]):
            yield match
    for rule in ("_age_of_child", "_age_behind", "_age_or_house"):
        for match in pieces.get(rule, ()):
            last = match.stop - 1
            following = reading.words[match.stop] if match.stop < len(reading.words) else ""
            told = rule != "_age_behind" or _is_set_apart(clues, last)
            if told and following not in _NO_AGE_BEHIND and _is_young(_numbers(clues, match, last)):
                yield match


def _is_set_apart(clues: Clues, index: int) -> bool:
    """Tell whether a word stands between brackets or commas, as the age in "Noor (11, ..." does."""
    reading = clues.reading
    before = reading.plain[reading.ends[index - 1] : reading.starts[index]].strip()
    return before in ("(", ",") and reading.plain[reading.ends[index] : reading.ends[index] + 1] in (")", ",", ".", "")


def _numbers(clues: Clues, match: Match, first: int | None = None) -> list[int]:
    """Return the numbers that the words of a match hold, in digits or written out."""
    reading = clues.reading
    found: list[int] = []
    for index in range(match.first if first is None else first, match.stop):
        word = reading.words[index]
        typed = reading.plain[reading.starts[index] : reading.ends[index]]
        digits = _DIGITS.search(typed)
        if digits:
            found.append(int(digits.group()))
        elif word == "onze" and reading.language != "fr":
            continue
        elif (number := _NUMBERS.get(word.removesuffix("jarige").removesuffix("jarig"))) and word not in _ARTICLES:
            found.append(number)
    return found


def _is_young(numbers: Sequence[int]) -> bool:
    return bool(numbers) and all(0 < number < _GROWN for number in numbers)


def _nearest(match: Match, others: Sequence[Match], reach: int) -> Match | None:
    """Return the nearest of `others`, which are in order of place, within `reach` words."""
    best: Match | None = None
    nearest = reach + 1
    low = bisect_left(others, match.first - reach - _LONGEST, key=lambda other: other.first)
    high = bisect_right(others, match.stop + reach, key=lambda other: other.first)
    for other in others[low:high]:
        away = max(other.first - match.stop, match.first - other.stop, 0)
        if away < nearest:
            best, nearest = other, away
    return best


def _joined(rule: str, *matches: Match) -> Match:
    first = min(match.first for match in matches)
    return Match("children", f"children.{rule}", first, max(match.stop for match in matches), "")
