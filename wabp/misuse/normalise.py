"""Owns reading through disguise: one plain form of a text, with the way back to the letters as typed.

Plain is lower case without accents, look-alikes, marks or invisible characters. Linear in the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

# Letters of other alphabets that look like Latin ones, and letters that do not decompose.
_LOOK_ALIKE = dict(
    zip("аеорсухіјѕһԁԛԝкмтвнгαορνιτκυχΑ", "aeopcyxijshdqwkmtbhraopvitkuxa", strict=True)
) | {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "’": "'", "‘": "'", "`": "'", "´": "'"}
_DASHES = "‐‑‒–—―−"
_INVISIBLE = {"Cf", "Cc", "Mn", "Me", "Cs", "Co"}
_DIGIT_LETTERS = str.maketrans("013457", "oieast")

_WORD = re.compile(r"[^\W_]+")
_SPELLED = re.compile(r"(?<![^\W_])[^\W\d_](?:[ .*_-][^\W\d_]){2,}(?![^\W_])")
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)|\n+|[!?]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word in plain letters, where it stands in the plain text, and whether it was typed with a capital."""

    plain: str
    start: int
    end: int
    capital: bool


class Folded:
    """A typed text and its plain form. Spans of the plain form are turned back by `back`."""

    def __init__(self, text: str) -> None:
        self.text = text
        letters: list[str] = []
        origins: list[int] = []
        cache: dict[str, str] = {}
        for position, character in enumerate(text):
            plain = cache.get(character)
            if plain is None:
                plain = cache[character] = _plain(character)
            if plain:
                letters.append(plain)
                origins.extend([position] * len(plain))
        self.plain = "".join(letters)
        self._origins = origins

    @cached_property
    def cased(self) -> str:
        """The plain text with the capitals as typed, letter by letter at the same offsets."""
        return "".join(
            letter.upper() if self.text[origin].isupper() else letter
            for letter, origin in zip(self.plain, self._origins, strict=True)
        )

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Return the typed offsets of a plain span, with the marks that hang on its last letter."""
        first, last = self._origins[start], self._origins[end - 1] + 1
        while last < len(self.text) and unicodedata.category(self.text[last]) in {"Mn", "Me"}:
            last += 1
        return first, last

    def typed(self, start: int, end: int) -> str:
        """Return the typed letters of a plain span."""
        first, last = self.back(start, end)
        return self.text[first:last]

    def words(self) -> list[Word]:
        """Return all words: spelled-out letters joined, digits inside a word read as letters, glue undone."""
        spelled = {match.start(): match for match in _SPELLED.finditer(self.plain)}
        words: list[Word] = []
        skip_to = 0
        hidden = len(self._origins) < len(self.text)
        for match in _WORD.finditer(self.plain):
            if match.start() < skip_to:
                continue
            letters = spelled.get(match.start())
            if letters:
                skip_to = letters.end()
                joined = "".join(filter(str.isalpha, letters.group()))
                words.append(self._word(joined, letters.start(), letters.end()))
            elif not hidden:
                words.append(self._word(match.group(), match.start(), match.end()))
            else:
                words.extend(self._split(match.group(), match.start()))
        return words

    def _split(self, plain: str, start: int) -> Iterator[Word]:
        """A hidden character inside a word may be what keeps two words apart; both readings are offered."""
        cuts = [
            index
            for index in range(1, len(plain))
            if self._origins[start + index] - self._origins[start + index - 1] > 1
            and unicodedata.category(self.text[self._origins[start + index] - 1]) == "Cf"
        ]
        if len(cuts) == 1 and min(cuts[0], len(plain) - cuts[0]) > 2:
            yield self._word(plain[: cuts[0]], start, start + cuts[0])
            yield self._word(plain[cuts[0] :], start + cuts[0], start + len(plain))
        else:
            yield self._word(plain, start, start + len(plain))

    def _word(self, plain: str, start: int, end: int) -> Word:
        if not plain.isalpha() and sum(map(str.isalpha, plain)) * 2 > len(plain):
            plain = plain.translate(_DIGIT_LETTERS)
        return Word(plain, start, end, self.text[self._origins[start]].isupper())


def sentences(plain: str) -> list[tuple[int, int]]:
    """Return where each sentence starts and ends; a dot inside a number, hour or initial ends none."""
    found: list[tuple[int, int]] = []
    start = 0
    for match in _SENTENCE_END.finditer(plain):
        before = plain[max(start, match.start() - 4) : match.start()]
        if match.group() == "." and re.search(r"(?:^|\W)(?:[a-z]|dr|st|mr|ms|mrs|dhr|mw|nr|fam|bv|ca)$", before):
            continue
        found.append((start, match.end()))
        start = match.end()
    if plain[start:].strip():
        found.append((start, len(plain)))
    return found


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
