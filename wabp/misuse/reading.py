"""Owns reading a typed text: one plain form behind every disguise, cut in words, with the way back to the letters typed.

Plain is lower case without accents, look-alikes, marks or invisible characters. Everything is linear in the text.
"""

import re
import unicodedata
from collections.abc import Sequence
from copy import copy
from functools import cached_property
from itertools import pairwise

from wabp.misuse import language

# Letters of other alphabets that look like Latin ones, and letters that do not decompose.
_LOOK_ALIKE = dict(
    zip("аеорсухіјѕһԁԛԝкмтвнгαορνιτκυχΑ", "aeopcyxijshdqwkmtbhraopvitkuxa", strict=True)
) | {
    "œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
    "’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'",
}  # fmt: skip
_DASHES = "‐‑‒–—―−"
_INVISIBLE = {"Cf", "Cc", "Mn", "Me", "Cs", "Co"}
_DIGIT_LETTERS = str.maketrans("013457", "oieast")
_DIGITS = re.compile(r"\d")
_COUNTED = re.compile(r"\d+(?:e|de|ste|er|ere|eme|ieme|st|nd|rd|th|u\d*|h\d*|jaar|jarige?|ans|km|eur|euro|uur|min)")

_WORD = re.compile(r"[^\W_]+")
# Two single letters in a row, which is where spelling out may begin.
_MAY_SPELL = re.compile(r"(?<![^\W_])[^\W\d_][ .*_-][^\W\d_](?![^\W_])")
_SPELLED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .*_-][^\W\d_]){2,}(?![^\W_])")
_ABBREVIATIONS = frozenset(
    "dr st ste mr ms mrs dhr mw mevr mvr nr fam bv ca tel ex av bd bld chee str prof ing mme mlle hr fr ong km min blz apr "
    "jan feb aug sept okt nov dec".split()
)

# What stands between two words: nothing that parts them, the end of a clause, the end of a sentence.
JOINED, CLAUSE, SENTENCE = 0, 1, 2
_PLAIN_GAPS = {" ": JOINED, "": JOINED, "-": JOINED, "'": JOINED, " '": JOINED, "' ": JOINED, ", ": CLAUSE, ". ": SENTENCE}


class _Plain(dict[int, str]):
    """What each character becomes; filled as characters are met. `uneven` are those that do not become exactly one."""

    def __init__(self) -> None:
        super().__init__()
        self.uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = self[code] = _plain(character)
        if len(plain) != 1:
            self.uneven.add(character)
        return plain


class _Cased(dict[int, str]):
    """What each character becomes when its capital is kept; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        cased = self[code] = _PLAIN[code].upper() if chr(code).isupper() else _PLAIN[code]
        return cased


class _Cases(dict[int, str]):
    """ "A" for each capital, "a" for every other letter, " " for the rest; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        case = self[code] = " " if not character.isalpha() else "A" if character.isupper() else "a"
        return case


class Reading:
    """A typed text, its plain form and its words.

    `words[i]` is a plain word; it stands at `starts[i]:ends[i]` of the plain text, was typed with a capital when
    `capital[i]`, and `gaps[i]` tells what parts it from the word before (JOINED, CLAUSE or SENTENCE). `numbered` are
    the words that were typed with a digit, in order.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = text.translate(_PLAIN)
        self._origins = None if _PLAIN.uneven.isdisjoint(text) else self._trace()
        self.words: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.capital: list[bool] = []
        self.gaps: list[int] = []
        self.numbered: list[int] = []
        self._cut()

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Return the typed offsets of a plain span, with the marks that hang on its last letter."""
        if self._origins is None:
            return start, end
        first, last = self._origins[start], self._origins[end - 1] + 1
        while last < len(self.text) and unicodedata.category(self.text[last]) in {"Mn", "Me"}:
            last += 1
        return first, last

    def typed(self, start: int, end: int) -> str:
        """Return the typed letters of a plain span."""
        first, last = self.back(start, end)
        return self.text[first:last]

    def span_of(self, first: int, stop: int) -> tuple[int, int]:
        """Return the typed offsets of the words from `first` up to, not with, `stop`."""
        return self.back(self.starts[first], self.ends[stop - 1])

    def with_words(self, words: Sequence[tuple[str, int, int, int]]) -> "Reading":
        """Return the same text cut in other words: each a word, its start and end in the plain text, and its gap."""
        other = copy(self)
        for name in ("sentences", "language", "_sentence_at"):
            vars(other).pop(name, None)
        first_letters = dict(zip(self.starts, self.capital, strict=True))
        other.words = [word for word, _, _, _ in words]
        other.starts = [start for _, start, _, _ in words]
        other.ends = [end for _, _, end, _ in words]
        other.capital = [first_letters.get(start, False) for _, start, _, _ in words]
        other.gaps = [gap for _, _, _, gap in words]
        if self.numbered:
            other.numbered = [index for index, word in enumerate(words) if not self.plain[word[1] : word[2]].isalpha()]
        return other

    def sentence_of(self, index: int) -> tuple[int, int]:
        """Return the first word of the sentence that word `index` is in, and the word after its last."""
        return self.sentences[self._sentence_at[index]]

    def is_asked(self, index: int) -> bool:
        """True when the sentence that word `index` is in ends as a question."""
        _, stop = self.sentence_of(index)
        after = self.starts[stop] if stop < len(self.starts) else len(self.plain)
        return "?" in self.plain[self.ends[stop - 1] : after]

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Where each sentence starts and ends, in words."""
        bounds = [0, *(index for index, gap in enumerate(self.gaps) if gap == SENTENCE and index), len(self.words)]
        return [(first, stop) for first, stop in pairwise(bounds) if first < stop]

    @cached_property
    def shouted(self) -> bool:
        """True when most of the text stands in capitals, so that a capital says nothing."""
        cases = self.text.translate(_CASES)
        capitals, small = cases.count("A"), cases.count("a")
        return capitals > small and capitals + small > 7

    @cached_property
    def cased(self) -> str:
        """The plain text with the capitals as typed, letter by letter at the same offsets."""
        return self.text.translate(_CASED)

    @cached_property
    def language(self) -> str:
        """The language that the small words speak, "" when they do not tell."""
        return language.of_words(self.words[:200])

    @cached_property
    def _sentence_at(self) -> list[int]:
        return [number for number, (first, stop) in enumerate(self.sentences) for _ in range(first, stop)]

    def _trace(self) -> list[int]:
        """Return, per plain character, where the typed one stands."""
        return [position for position, character in enumerate(self.text) for _ in _PLAIN[ord(character)]]

    def _cut(self) -> None:
        """Cut the plain text in words. Most texts have no letters spelled out and nothing hidden: these go the short way."""
        plain, text = self.plain, self.text
        spelled = {found.start(): found for found in _SPELLED.finditer(plain)} if _MAY_SPELL.search(plain) else {}
        if self._origins is None and not spelled:
            self.words = words = _WORD.findall(plain)
            at = 0
            for word in words:
                start = plain.index(word, at)
                self.starts.append(start)
                gap = plain[at:start]
                at = start + len(word)
                self.ends.append(at)
                self.capital.append(text[start].isupper())
                kind = _PLAIN_GAPS.get(gap)
                number = len(self.gaps)
                if kind is None or (kind == SENTENCE and number and _is_abbreviated(words[number - 1])):
                    kind = _kind(gap, words[number - 1] if number else "", word)
                self.gaps.append(kind)
            for index, word in enumerate(words):
                if not word.isalpha():
                    words[index] = _lettered(word)
                    self.numbered.append(index)
            return
        hidden = self._origins is not None and len(self._origins) < len(self.text)
        end = 0
        for found in _WORD.finditer(plain):
            start, stop = found.span()
            if start < end:
                continue
            word = found.group()
            letters = spelled.get(start) if spelled else None
            if letters:
                stop = letters.end()
                self._add("".join(filter(str.isalpha, letters.group())), start, stop, plain[end:start])
            elif hidden and (cut := self._hidden_cut(start, stop)):
                self._add(word[: cut - start], start, cut, plain[end:start])
                self._add(word[cut - start :], cut, stop, "")
            else:
                self._add(word, start, stop, plain[end:start])
            end = stop

    def _add(self, word: str, start: int, stop: int, gap: str) -> None:
        before = self.words[-1] if self.words else ""
        kind = _PLAIN_GAPS.get(gap)
        if kind is None or (kind == SENTENCE and _is_abbreviated(before)):
            kind = _kind(gap, before, word)
        if not word.isalpha():
            self.numbered.append(len(self.words))
        self.words.append(_lettered(word))
        self.starts.append(start)
        self.ends.append(stop)
        self.capital.append(self.text[start if self._origins is None else self._origins[start]].isupper())
        self.gaps.append(kind)

    def _hidden_cut(self, start: int, stop: int) -> int | None:
        """A hidden character inside a long word may be what keeps two words apart: they are then read as two."""
        origins = self._origins or []
        cuts = [
            index
            for index in range(start + 1, stop)
            if origins[index] - origins[index - 1] > 1 and unicodedata.category(self.text[origins[index] - 1]) == "Cf"
        ]
        return cuts[0] if len(cuts) == 1 and min(cuts[0] - start, stop - cuts[0]) > 2 else None


def _lettered(word: str) -> str:
    """Return a word whose digits stand for letters in letters: "k3vin" is a name, "3de" and "1abc234" are none."""
    if word.isalpha() or len(_DIGITS.findall(word)) * 2 >= len(word) or _COUNTED.fullmatch(word):
        return word
    return word.translate(_DIGIT_LETTERS)


def _is_abbreviated(word: str) -> bool:
    return len(word) == 1 or word in _ABBREVIATIONS


def _kind(gap: str, before: str, word: str) -> int:
    """Return what parts two words, by the marks between them."""
    if "\n" in gap or "!" in gap or "?" in gap:
        return SENTENCE
    if "." in gap or "…" in gap:
        if gap == "." and (before.isdigit() or word.isdigit()):
            return JOINED
        return JOINED if gap.startswith(".") and not gap[1:].strip() and _is_abbreviated(before) else SENTENCE
    return JOINED if not gap.strip(" -'\"*_~") else CLAUSE


def _plain(character: str) -> str:
    if character in "\n\r\u2028\u2029":
        return "\n"
    if character.isspace():
        return " "
    if character.isascii():
        return "" if unicodedata.category(character) == "Cc" else character.lower()
    if character in _DASHES:
        return "-"
    if unicodedata.category(character) in _INVISIBLE:
        return ""
    folded = ""
    for part in unicodedata.normalize("NFKD", character.casefold()):
        if unicodedata.category(part) in _INVISIBLE:
            continue
        digit = unicodedata.digit(part, None)
        folded += str(digit) if digit is not None else _LOOK_ALIKE.get(part, part)
    return folded


def plain_words(text: str) -> list[str]:
    """Return the plain words of a short text, as every list and pattern is folded."""
    return Reading(text).words


_PLAIN = _Plain()
_CASED = _Cased()
_CASES = _Cases()
