"""Owns what of a text is worth keeping: whether a clause still says something, and the facts in one that goes."""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator

from wabp.misuse import lexicon
from wabp.misuse.clauses import Clause, Page
from wabp.misuse.reading import CLAUSE, JOINED

_HOUR = re.compile(
    r"(?:\b(?:om|rond|omstreeks|vers|a|at|um|gegen) )?\b\d{1,2}(?:[:.]\d{2}\b| ?[uh](?: ?\d{2})?\b| (?:uur|heures|uhr)\b| ?[ap]m\b)"
)
_DIRECTION = re.compile(
    r"\b(?:richting|direction|towards|heading (?:for|to|towards)|in richtung) (?:(?:het|de|le|la|les|the|den|die) |l')?[^\W_]{2,}"
)
_STREET_ENDINGS = tuple("straat laan weg plein dreef kaai kade gracht pad strasse platz".split())
_LOOKS_ENDINGS = tuple("jas jassen trui broek pet muts zak tas schoenen wagen fiets helm jacke".split())
_LONGEST_LOOK = 5


def words(section: str) -> frozenset[str]:
    """Return one list of words of `words/mending.txt`."""
    return lexicon.sections("mending")[section]


def says_something(page: Page, clause: Clause, gone: Collection[int], least: int = 1) -> bool:
    """Tell whether a clause has words of its own beside the ones that are `gone`."""
    small = words("stump")
    left = 0
    for index in range(clause.first, clause.stop):
        if index not in gone and page.reading.words[index] not in small and not _is_mark(page, index):
            left += 1
            if left >= least:
                return True
    return False


def only_contact(page: Page, clause: Clause, gone: Collection[int]) -> bool:
    """Tell whether a clause only says how to reach somebody."""
    known = words("stump") | words("contact") | words("thanks")
    return all(
        index in gone or page.reading.words[index] in known or _is_mark(page, index)
        for index in range(clause.first, clause.stop)
    )


def facts(page: Page, clause: Clause, hidden: Collection[int], *, looks_only: bool = False) -> list[str]:
    """Return hours, places, directions, clothes and vehicles of a clause, as typed, none that touches `hidden` words.

    With `looks_only` the hour and the place count only beside clothes, a vehicle or a direction.
    """
    if clause.stop - clause.first < 1:
        return []
    looks = set(_looks(page, clause))
    found = looks | set(_matched(page, clause, _DIRECTION))
    if looks_only and not found:
        return []
    found |= set(_matched(page, clause, _HOUR)) | set(_days(page, clause)) | set(_places(page, clause))
    kept: list[str] = []
    last = -1
    for first, stop in sorted(found, key=lambda row: (row[0], -row[1])):
        if first >= last and not any(index in hidden for index in range(first, stop)):
            kept.append(page.text[page.starts[first] : page.ends[stop - 1]])
            last = stop
    return kept


def _is_mark(page: Page, index: int) -> bool:
    word = page.reading.words[index]
    return len(word) < 2 and not word.isdigit()


def _looks(page: Page, clause: Clause) -> Iterator[tuple[int, int]]:
    """Yield rows such as "witte bus", "jogging gris" or "veste à capuche noire"; a van alone says little."""
    reading = page.reading
    colours, behind = words("colours"), words("behind")
    things = words("looks") | {
        word for word in reading.words[clause.first : clause.stop] if len(word) > 5 and word.endswith(_LOOKS_ENDINGS)
    }
    at = clause.first
    while at < clause.stop:
        if reading.words[at] not in things and reading.words[at] not in colours:
            at += 1
            continue
        stop = at + 1
        while stop < min(clause.stop, at + _LONGEST_LOOK) and reading.gaps[stop] == JOINED:
            word = reading.words[stop]
            following = reading.words[stop + 1] if stop + 1 < clause.stop else ""
            if word not in things and word not in colours and not (word in behind and following in things | colours):
                break
            stop += 1
        kinds = set(reading.words[at:stop])
        if kinds & things and (kinds & colours or len(kinds & things) > 1):
            yield at, stop
        at = stop


def _matched(page: Page, clause: Clause, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    reading = page.reading
    for found in pattern.finditer(reading.plain, reading.starts[clause.first], reading.ends[clause.stop - 1]):
        row = page.words_of(*reading.back(*found.span()))
        if row:
            yield row.start, row.stop


def _days(page: Page, clause: Clause) -> Iterator[tuple[int, int]]:
    days, row = words("days"), page.reading.words
    if page.reading.language != "fr":
        # In Dutch "hier" is a place.
        days = days - {"hier"}
    for index in range(clause.first, clause.stop):
        if index + 1 < clause.stop and f"{row[index]} {row[index + 1]}" in days:
            yield index, index + 2
        elif row[index] in days and page.reading.gaps[index] <= CLAUSE:
            yield index, index + 1


def _places(page: Page, clause: Clause) -> Iterator[tuple[int, int]]:
    for number in range(bisect_left(page.places, (clause.first, 0)), len(page.places)):
        first, stop = page.places[number]
        if first >= clause.stop:
            return
        if stop <= clause.stop and _is_street(page, first, stop):
            yield first, stop


def _is_street(page: Page, first: int, stop: int) -> bool:
    """Tell whether a place is surely one: a word that calls it a street, or a capital behind its first word."""
    row = page.reading
    return (
        any(row.words[index].endswith(_STREET_ENDINGS) for index in range(first, stop))
        or (row.words[first] in words("streets") and row.language == "fr")
        or any(row.capital[first + (stop > first + 1) : stop])
    )
