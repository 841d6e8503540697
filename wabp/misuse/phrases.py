"""Owns looking for phrases: patterns of words, one file a family in `patterns/`, found in one walk over the words.

A pattern is a row of elements with blanks between them:

    pak             this word                       steel*  a word that starts so     *dief   a word that ends so
    pak|grijp       one of these                    <catch> one of a list in [words] of this file or of common.toml
    [maar]          may be missing                  {laten we|on va}  one of these rows of words
    ..              up to three words               ...     up to eight words, neither across the end of a sentence
    #               a number                        ^ $     the start and the end of a sentence
    @name           a word that was marked, as `marks` says: name, plate, street ...

Words are plain (no accents, no capitals) and cut at apostrophes and hyphens, as `Reading` does. A rule is left alone when a word
of its `unless` lists (of `negation`, if it says nothing) stands in the same clause, up to five words before the match or
two behind it, or within it without being asked for.
"""

import gc
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from wabp.misuse.compiling import (
    ANY,
    END,
    GAP,
    LONGEST_STEM,
    SHORTEST_STEM,
    START,
    WORD,
    Compiler,
    Elements,
    Row,
    Test,
    table,
    texts,
)
from wabp.misuse.reading import CLAUSE, SENTENCE, Reading

_BEFORE, _BEHIND = 5, 2
_MOST_REMEMBERED = 20_000
# A text full of one phrase is told about it often enough.
_MOST_MATCHES = 100
_NOTHING_ELSE: Test = -1


class Match(NamedTuple):
    """A rule of a family that holds for the words from `first` up to, not with, `stop`."""

    family: str
    rule: str
    first: int
    stop: int
    instead: str


# A row with the bits of all tests that it needs, and of each group of which it needs one.
_Asking = tuple[int, tuple[int, ...], Row]
_Known = tuple[frozenset[Test], int, tuple[Test, ...]]


class Phrases:
    """All patterns, compiled. A word is tested once against everything and remembered."""

    def __init__(self, families: Mapping[str, Mapping[str, object]], common: Mapping[str, str]) -> None:
        compiled = Compiler(common)
        with _no_collecting():
            for family, tables in families.items():
                compiled.add(family, tables)
        self._exact, self._stems, self._ends = compiled.exact, compiled.stems, compiled.ends
        self._marks, self._lists = compiled.marks, compiled.lists
        self._negation = frozenset(common.get("negation", "").split())
        # Which of the tests that rows need are met is kept as bits of a number; those that rows need most have the low ones.
        needed = Counter(test for row in compiled.rows for tests in (row.needed, *row.either) for test in tests)
        self._bits = {test: 1 << place for place, (test, _) in enumerate(needed.most_common())}
        self._by_anchor: dict[Test, list[_Asking]] = {}
        for row in compiled.rows:
            asking = (self._mask(row.needed), tuple(map(self._mask, row.either)), row)
            self._by_anchor.setdefault(row.anchor, []).append(asking)
        self._known: dict[str, _Known] = {}

    def find(
        self, reading: Reading, marks: Mapping[str, Collection[int]], family: str | None = None
    ) -> dict[str, list[Match]]:
        """Return the matches of each family, or of one, in order of place. `marks` gives the words that "@..." stands for."""
        known = [self._known_of(word) for word in reading.words]
        tests = [met for met, _, _ in known]
        marked = {self._marks["@" + mark]: at for mark, at in marks.items() if at and "@" + mark in self._marks}
        for test, indexes in marked.items():
            for index in indexes:
                tests[index] = tests[index] | {test}
        matches: set[Match] = set()
        counts: dict[str, int] = {}
        for first, stop in reading.sentences:
            # No row reaches across the end of a sentence, so one is tried only where its words stand in the same one:
            # most rows are done with by that.
            present = 0
            for _, bits, _ in known[first:stop]:
                present |= bits
            here = [(test, [at for at in indexes if first <= at < stop]) for test, indexes in marked.items()]
            for test, indexes in here:
                if indexes:
                    present |= self._bits.get(test, 0)
            anchored = [(test, (index,)) for index in range(first, stop) for test in known[index][2]]
            for test, indexes in (*anchored, *here):
                if not indexes:
                    continue
                for mask, either, row in self._by_anchor.get(test, ()):
                    if mask & present != mask or (either and not all(map(present.__and__, either))):
                        continue
                    if family is None or row.rule.family == family:
                        for index in indexes:
                            self._try(row, reading, tests, index, counts, matches)
        found: dict[str, list[Match]] = {}
        for match in sorted(matches, key=_place):
            found.setdefault(match.family, []).append(match)
        return found

    def _try(
        self,
        row: Row,
        reading: Reading,
        tests: Sequence[frozenset[Test]],
        index: int,
        counts: dict[str, int],
        matches: set[Match],
    ) -> None:
        """Add the match of a row that is anchored at word `index`, if it holds there."""
        gaps = reading.gaps
        stop = _ahead(row.after, 0, index, tests, gaps) if row.after else index + 1
        if stop is None:
            return
        first = _aback(row.before, 0, index, tests, gaps) if row.before else index
        rule = row.rule
        if first is None or (rule.unless and self._is_off(row, gaps, tests, first, stop)):
            return
        if rule.languages and reading.language and reading.language not in rule.languages:
            return
        often = counts[rule.name] = counts.get(rule.name, 0) + 1
        if often <= _MOST_MATCHES:
            matches.add(Match(rule.family, rule.name, first, stop, rule.instead))

    def speaks_against(self, words: Collection[str]) -> bool:
        """Tell whether a word of denial is among the words."""
        return not self._negation.isdisjoint(words)

    def lists_of(self, word: str) -> Iterator[str]:
        """Yield the names of the lists that hold a word, such as "vigilantism.catch"."""
        yield from self._lists.get(word, ())
        for cut in range(SHORTEST_STEM, min(len(word), LONGEST_STEM) + 1):
            yield from self._lists.get(word[:cut] + "*", ())
            yield from self._lists.get("*" + word[-cut:], ())

    def _is_off(
        self, row: Row, gaps: Sequence[int], tests: Sequence[frozenset[Test]], first: int, stop: int
    ) -> bool:
        """Tell whether a word that the rule does not bear stands near, other than one that the row asks for itself."""
        low = first
        while low > 0 and first - low < _BEFORE and gaps[low] < CLAUSE:
            low -= 1
        high = stop
        while high < len(tests) and high - stop < _BEHIND and gaps[high] < CLAUSE:
            high += 1
        unless = row.rule.unless
        near = [index for index in range(low, high) if not unless.isdisjoint(tests[index])]
        if not near:
            return False
        asked = {row.anchor, *_asked(row.after), *_asked(row.before)}
        return any(not first <= index < stop or tests[index].isdisjoint(asked) for index in near)

    def _known_of(self, word: str) -> _Known:
        """Return the tests that a word meets, the bits of those that rows need, and those that rows start from."""
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            met = frozenset(self._met_by(word))
            anchors = tuple(test for test in sorted(met) if test in self._by_anchor)
            known = self._known[word] = (met, self._mask(met), anchors)
        return known

    def _mask(self, tests: Iterable[Test]) -> int:
        bits = 0
        for test in tests:
            bits |= self._bits.get(test, 0)
        return bits

    def _met_by(self, word: str) -> Iterator[Test]:
        yield from self._exact.get(word, ())
        for cut in range(SHORTEST_STEM, min(len(word), LONGEST_STEM) + 1):
            yield from self._stems.get(word[:cut], ())
            yield from self._ends.get(word[-cut:], ())
        if word.isdigit():
            number = self._marks.get("#")
            if number is not None:
                yield number


def _ahead(
    elements: Elements, step: int, index: int, tests: Sequence[frozenset[Test]], gaps: Sequence[int]
) -> int | None:
    """Return the word after the last one when the elements from `step` on follow word `index`."""
    while step < len(elements):
        kind, value, rows = elements[step]
        step += 1
        if kind == WORD:
            index += 1
            if index >= len(tests) or gaps[index] == SENTENCE or value not in tests[index]:
                return None
        elif kind == GAP:
            return _ahead_of_gap(elements, step, index, value, tests, gaps)
        elif kind == ANY:
            for row in rows:
                if value:
                    stop = _ahead((*row, *elements[step:]), 0, index, tests, gaps)
                else:
                    at = _words_ahead(row, index, tests, gaps)
                    stop = None if at is None else _ahead(elements, step, at, tests, gaps)
                if stop is not None:
                    return stop
            return None
        elif kind == START or not (index + 1 == len(tests) or gaps[index + 1] == SENTENCE):
            return None
    return index + 1


def _ahead_of_gap(
    elements: Elements, step: int, index: int, most: int, tests: Sequence[frozenset[Test]], gaps: Sequence[int]
) -> int | None:
    """The same behind up to `most` words of any kind: those that the next element cannot follow are passed by quickly."""
    kind, value, _ = elements[step] if step < len(elements) else (END, 0, ())
    for last in range(index, min(index + most, len(tests) - 1) + 1):
        if last > index and gaps[last] == SENTENCE:
            return None
        if kind == WORD:
            if last + 1 == len(tests) or gaps[last + 1] == SENTENCE:
                return None
            if value not in tests[last + 1]:
                continue
        stop = _ahead(elements, step, last, tests, gaps)
        if stop is not None:
            return stop
    return None


def _words_ahead(
    row: Elements, index: int, tests: Sequence[frozenset[Test]], gaps: Sequence[int]
) -> int | None:
    """Return the last word of a row that follows word `index`; a row holds words and bounds, no gaps."""
    for kind, value, _ in row:
        if kind == END:
            return index if index + 1 == len(tests) or gaps[index + 1] == SENTENCE else None
        index += 1
        if kind == START or index >= len(tests) or gaps[index] == SENTENCE or value not in tests[index]:
            return None
    return index


def _words_aback(
    row: Elements, index: int, tests: Sequence[frozenset[Test]], gaps: Sequence[int]
) -> int | None:
    """Return the first word of a row, read backwards, that stands before word `index`."""
    for kind, value, _ in row:
        if kind == START:
            return index if index == 0 or gaps[index] == SENTENCE else None
        if kind == END or index == 0 or gaps[index] == SENTENCE or value not in tests[index - 1]:
            return None
        index -= 1
    return index


def _aback(
    elements: Elements, step: int, index: int, tests: Sequence[frozenset[Test]], gaps: Sequence[int]
) -> int | None:
    """Return the first word when the elements from `step` on stand, read backwards, before word `index`."""
    while step < len(elements):
        kind, value, rows = elements[step]
        step += 1
        if kind == WORD:
            if index == 0 or gaps[index] == SENTENCE or value not in tests[index - 1]:
                return None
            index -= 1
        elif kind == GAP:
            return _aback_of_gap(elements, step, index, value, tests, gaps)
        elif kind == ANY:
            for row in rows:
                if value:
                    first = _aback((*row, *elements[step:]), 0, index, tests, gaps)
                else:
                    at = _words_aback(row, index, tests, gaps)
                    first = None if at is None else _aback(elements, step, at, tests, gaps)
                if first is not None:
                    return first
            return None
        elif kind == END or not (index == 0 or gaps[index] == SENTENCE):
            return None
    return index


def _aback_of_gap(
    elements: Elements, step: int, index: int, most: int, tests: Sequence[frozenset[Test]], gaps: Sequence[int]
) -> int | None:
    """The same before up to `most` words of any kind."""
    kind, value, _ = elements[step] if step < len(elements) else (START, 0, ())
    for first in range(index, max(index - most, 0) - 1, -1):
        if first < index and gaps[first + 1] == SENTENCE:
            return None
        if kind == WORD:
            if first == 0 or gaps[first] == SENTENCE:
                return None
            if value not in tests[first - 1]:
                continue
        found = _aback(elements, step, first, tests, gaps)
        if found is not None:
            return found
    return None


def _place(match: Match) -> tuple[int, int, str]:
    return match.first, match.stop, match.rule


def _asked(elements: Elements) -> Iterator[Test]:
    for kind, value, rows in elements:
        if kind == WORD:
            yield value
        for row in rows:
            yield from _asked(row)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Compiling makes many small things that all stay: to look for garbage among them would only take time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


# Read on its own, before names and homes are known: see `addresses`.
_EARLY = "addresses"


@cache
def phrases() -> Phrases:
    """Return the patterns of all families."""
    tables = _files()
    common = texts(table(tables["common"], "common")["words"], "common")
    return Phrases({family: tables[family] for family in tables if family not in ("common", _EARLY)}, common)


@cache
def early_phrases() -> Phrases:
    """Return the patterns that are asked before the others; each table of their file is a family."""
    tables = _files()
    own = dict(tables[_EARLY])
    words = texts(table(tables["common"], "common")["words"], "common") | texts(own.pop("words"), _EARLY)
    return Phrases({family: table(rules, family) for family, rules in own.items()}, words)


@cache
def _files() -> Mapping[str, Mapping[str, object]]:
    return {
        entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text(encoding="utf-8"))
        for entry in sorted((files("wabp.misuse") / "patterns").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }
