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
from wabp.misuse.reading import CLAUSE, Reading

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
_Tests = Sequence[frozenset[Test]]
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
                            self._try(row, reading, tests, index, range(first, stop), counts, matches)
        found: dict[str, list[Match]] = {}
        for match in sorted(matches, key=_place):
            found.setdefault(match.family, []).append(match)
        return found

    def _try(
        self,
        row: Row,
        reading: Reading,
        tests: _Tests,
        index: int,
        sentence: range,
        counts: dict[str, int],
        matches: set[Match],
    ) -> None:
        """Add the match of a row that is anchored at word `index`, if it holds there."""
        last = _reach(row.after, 0, index, 1, tests, sentence) if row.after else index
        if last is None:
            return
        first = _reach(row.before, 0, index, -1, tests, sentence) if row.before else index
        rule, stop = row.rule, last + 1
        if first is None or (rule.unless and self._is_off(row, reading.gaps, tests, first, stop)):
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

    def _is_off(self, row: Row, gaps: Sequence[int], tests: _Tests, first: int, stop: int) -> bool:
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


def _reach(elements: Elements, step: int, index: int, way: int, tests: _Tests, sentence: range) -> int | None:
    """Return the last word reached when the elements from `step` on follow word `index`, or stand before it.

    `way` is 1 or -1: backwards, the elements are read backwards too. No word outside `sentence` is looked at.
    """
    while step < len(elements):
        kind, value, rows = elements[step]
        step += 1
        if kind == WORD:
            index += way
            if index not in sentence or value not in tests[index]:
                return None
        elif kind == GAP:
            return _reach_past_gap(elements, step, index, way, value, tests, sentence)
        elif kind == ANY:
            for row in rows:
                if value:
                    last = _reach((*row, *elements[step:]), 0, index, way, tests, sentence)
                else:
                    at = _reach(row, 0, index, way, tests, sentence)
                    last = None if at is None else _reach(elements, step, at, way, tests, sentence)
                if last is not None:
                    return last
            return None
        elif kind != (END if way > 0 else START) or index + way in sentence:
            return None
    return index


def _reach_past_gap(
    elements: Elements, step: int, index: int, way: int, most: int, tests: _Tests, sentence: range
) -> int | None:
    """The same past up to `most` words of any kind: those that the next element cannot follow are passed by quickly."""
    kind, value, _ = elements[step] if step < len(elements) else (GAP, 0, ())
    for passed in range(index, index + (most + 1) * way, way):
        if passed not in sentence:
            return None
        if kind == WORD and (passed + way not in sentence or value not in tests[passed + way]):
            continue
        last = _reach(elements, step, passed, way, tests, sentence)
        if last is not None:
            return last
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
