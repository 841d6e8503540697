"""Owns compiling the patterns of `phrases`: from the text of a pattern to rows that can be looked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import inf
from typing import NamedTuple

from wabp.misuse import lexicon
from wabp.misuse.reading import plain_words

SHORTEST_STEM, LONGEST_STEM = 3, 24
_SHORT_GAP, _LONG_GAP = 3, 8

Test = int
# What an element asks for: a word that meets a test; up to so many words; a bound of the sentence; one of several rows,
# with 1 when there is a gap in one of them.
WORD, GAP, START, END, ANY = range(5)
Element = tuple[int, int, "tuple[Elements, ...]"]
Elements = tuple[Element, ...]
_Parts = tuple[str, ...]

_BOUNDS = {"^": START, "$": END}
_GAPS = {"..": _SHORT_GAP, "...": _LONG_GAP}
# What stands between brackets or braces, or a word without blanks.
_PART = re.compile(r"\[[^\]]*\]|\{[^}]*\}|[^\s\[{]+")
_NESTED = re.compile(r"[\[{][^\]}]*[\[{]")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a pattern belongs to: its family and name, what to put instead, and where it does not hold."""

    family: str
    name: str
    instead: str
    unless: frozenset[Test]
    languages: frozenset[str]


class Row(NamedTuple):
    """A row of a rule: what must follow the anchor, its rarest word, and what must stand before it, read backwards.

    It cannot hold unless all of `needed` are met in the text, and one of each of `either`.
    """

    rule: Rule
    anchor: Test
    after: Elements
    before: Elements
    needed: frozenset[Test]
    either: tuple[frozenset[Test], ...]


class _Choice(NamedTuple):
    """One part of a pattern: the rows of which one must stand there, forwards and as one element in both directions."""

    rows: tuple[Elements, ...]
    weight: float
    forwards: Elements
    backwards: Elements
    needed: frozenset[Test]
    either: frozenset[Test]


class Compiler:
    """Turns families of patterns into rows, and their words into tests that a word of a text meets or not."""

    def __init__(self, common: Mapping[str, str]) -> None:
        self.exact: dict[str, list[Test]] = {}
        self.stems: dict[str, list[Test]] = {}
        self.ends: dict[str, list[Test]] = {}
        self.marks: dict[str, Test] = {}
        self.rows: list[Row] = []
        self.lists: dict[str, list[str]] = {}
        self._common = common
        self._tests: dict[object, Test] = {}
        self._weight: list[float] = []
        self._words: Mapping[str, str] = {}
        # What the parts of the family at hand mean: a list's name means another list elsewhere.
        self._by_part: dict[str, Test] = {}
        self._written: dict[str, _Choice] = {}

    def add(self, family: str, tables: Mapping[str, object]) -> None:
        """Compile one family: the tables of its file. Raises ValueError naming the rule that is wrong."""
        own = texts(tables.get("words", {}), family)
        self._words = {**self._common, **own}
        self._by_part.clear()
        self._written.clear()
        for name in own:
            for word in _spread(f"<{name}>", self._words)[0]:
                self.lists.setdefault(word, []).append(f"{family}.{name}")
        general = table(tables.get("family", {}), family)
        for name, given in table(tables.get("rules", {}), family).items():
            where = f"{family}.{name}"
            read = table(given, where)
            unless = _strings(read.get("unless", general.get("unless", ["negation"])), where)
            rule = Rule(
                family,
                where,
                str(read.get("instead", general.get("instead", ""))),
                frozenset(self._test_of(self._words[kind]) for kind in unless),
                frozenset(_strings(read.get("languages", []), where)),
            )
            for pattern in _strings(read["say"], where):
                self._add(rule, pattern)

    def _add(self, rule: Rule, pattern: str) -> None:
        """Write one part out, the one that holds the rarest words; each of its rows can then be an anchor."""
        choices = self._choices(rule, pattern)
        best = min(range(len(choices)), key=lambda place: choices[place].weight)
        if choices[best].weight == inf:
            raise ValueError(f"{rule.name}: {pattern!r} asks for no word")
        others = [*choices[:best], *choices[best + 1 :]]
        needed = frozenset(test for choice in others for test in choice.needed)
        either = tuple(choice.either for choice in others if choice.either)
        first = tuple(element for choice in reversed(choices[:best]) for element in choice.backwards)
        last = tuple(element for choice in choices[best + 1 :] for element in choice.forwards)
        for row in choices[best].rows:
            words = [(self._weight[value], place) for place, (kind, value, _) in enumerate(row) if kind == WORD]
            at = min(words)[1]
            before = (*reversed(row[:at]), *first)
            own = needed.union(row[place][1] for _, place in words if place != at)
            self.rows.append(Row(rule, row[at][1], (*row[at + 1 :], *last), before, own, either))

    def _choices(self, rule: Rule, pattern: str) -> list[_Choice]:
        if _NESTED.search(pattern):
            raise ValueError(f"{rule.name}: {pattern!r} has brackets within brackets")
        choices: list[_Choice] = []
        for part in _PART.findall(pattern):
            known = self._written.get(part)
            if known is None:
                known = self._written[part] = self._choice(part)
            choices.append(known)
        if not choices:
            raise ValueError(f"{rule.name}: an empty pattern")
        return choices

    def _choice(self, part: str) -> _Choice:
        parts = _options(part[1:-1], self._words) if part[0] in "[{" else _row(part, self._words)
        # The longest is tried first, so that a match is as wide as it can be; what may be missing is missed last.
        parts = sorted(parts, key=len, reverse=True)
        if part[0] == "[":
            parts.append(())
        rows = tuple(tuple(map(self._element, row)) for row in parts)
        words = [[value for kind, value, _ in row if kind == WORD] for row in rows]
        weight = sum(min(map(self._weight.__getitem__, row), default=inf) for row in words)
        if len(rows) == 1:
            return _Choice(rows, weight, rows[0], rows[0][::-1], frozenset(words[0]), frozenset())
        told = frozenset(min(row, key=self._weight.__getitem__) for row in words) if all(words) else frozenset[Test]()
        gaps = int(any(kind == GAP for row in rows for kind, _, _ in row))
        backwards = ((ANY, gaps, tuple(row[::-1] for row in rows)),)
        return _Choice(rows, weight, ((ANY, gaps, rows),), backwards, frozenset(), told)

    def _element(self, part: str) -> Element:
        if part in _BOUNDS:
            return _BOUNDS[part], 0, ()
        if part in _GAPS:
            return GAP, _GAPS[part], ()
        return WORD, self._test_of(part), ()

    def _test_of(self, part: str) -> Test:
        """Return the test that a word meets when it is one of `part`, which may be alternatives and <lists>."""
        known = self._by_part.get(part)
        if known is not None:
            return known
        if part == "#" or part.startswith("@"):
            test = self._new(part, 1e-3 if part == "#" else 0.0)
            self.marks[part] = test
        else:
            exact, stems, ends = _alternatives(part, self._words)
            common = sum(map(lexicon.commonness, exact)) + 1e-5 * (len(stems) + len(ends))
            before = len(self._weight)
            test = self._new((exact, stems, ends), common)
            if test == before:
                for group, met in ((exact, self.exact), (stems, self.stems), (ends, self.ends)):
                    for word in group:
                        met.setdefault(word, []).append(test)
        self._by_part[part] = test
        return test

    def _new(self, key: object, weight: float) -> Test:
        test = self._tests.get(key)
        if test is None:
            test = self._tests[key] = len(self._weight)
            self._weight.append(weight)
        return test


def _options(group: str, words: Mapping[str, str]) -> list[_Parts]:
    """Return the rows of a group; its single words make one row together."""
    options = [option.strip() for option in group.split("|")]
    singles = [option for option in options if " " not in option and option[:1] not in "^$#@" and option.strip(".")]
    rows = _row("|".join(singles), words) if singles else []
    return rows + [row for option in options if option not in singles for row in _row(option, words)]


def _row(part: str, words: Mapping[str, str]) -> list[_Parts]:
    """Return the rows of one part; a list that holds groups of words ("laten_we") gives a row for each of them."""
    if " " in part.strip():
        rows = [_row(inner, words) for inner in part.split()]
        return [tuple(piece for row in chosen for piece in row) for chosen in product(*rows)]
    options = part.split("|")
    marks = [option for option in options if option in ("..", "...", "^", "$", "#") or option.startswith("@")]
    if marks:
        rest = "|".join(option for option in options if option not in marks)
        return [*((mark,) for mark in marks), *(_row(rest, words) if rest else [])]
    singles, groups = _spread(part, words)
    whole = part if not groups else "|".join(singles)
    return [*([(whole,)] if singles else []), *groups]


def _spread(part: str, words: Mapping[str, str]) -> tuple[list[str], list[_Parts]]:
    """Return the single words of a part, stems among them, and the rows of words, lists written out."""
    singles: list[str] = []
    groups: list[_Parts] = []
    for option in part.split("|"):
        if option.startswith("<") and option.endswith(">"):
            if option[1:-1] not in words:
                raise ValueError(f"{part}: there is no list {option}")
            text = words[option[1:-1]]
            inner = _spread("|".join(text.split()), words) if "<" in text else _spread_list(text)
        else:
            inner = _spread_word(option)
        singles += inner[0]
        groups += inner[1]
    return singles, groups


@cache
def _spread_list(text: str) -> tuple[list[str], list[_Parts]]:
    spread = [_spread_word(word) for word in text.split()]
    return [word for singles, _ in spread for word in singles], [row for _, groups in spread for row in groups]


@cache
def _spread_word(option: str) -> tuple[list[str], list[_Parts]]:
    if "*" in option:
        return [option], []
    if option.isascii() and option.isalpha() and option.islower():
        return [option], []
    cut = tuple(plain_words(option.replace("_", " ")))
    return ([cut[0]], []) if len(cut) == 1 else ([], [cut])


def _alternatives(part: str, words: Mapping[str, str]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return the whole words, the beginnings and the ends that a part asks for."""
    singles = _spread("|".join(part.split()), words)[0]
    whole = frozenset(word for word in singles if "*" not in word)
    stems = frozenset(word[:-1] for word in singles if word.endswith("*"))
    ends = frozenset(word[1:] for word in singles if word.startswith("*"))
    for bare in stems | ends:
        if len(bare) < SHORTEST_STEM:
            raise ValueError(f"{bare}: a stem needs {SHORTEST_STEM} letters")
    return whole, stems, ends


def table(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: write a table")
    return value


def _strings(value: object, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{where}: write a list of texts")
    return value


def texts(value: object, where: str) -> dict[str, str]:
    return {name: str(words) for name, words in table(value, where).items()}
