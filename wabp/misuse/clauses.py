"""Owns cutting a typed text into sentences and clauses, and putting together again those that are kept."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from wabp.misuse import lexicon, places
from wabp.misuse.reading import JOINED, SENTENCE, Reading

# A new clause begins where one of [conjunctions] is followed by who does something.
DOERS = frozenset(
    "ik wij we ze zij hij er wie die dat je jullie gij ge men iemand iedereen on je nous vous il elle ils elles tu c ca qui "
    "i we they he she it you who there er sie wir ich".split()
)
_SHORTEST = 3
_CLOSERS = frozenset(")\"'”»’")
# A sign that belongs to the word before it, such as that of the euro.
_SIGN = re.compile(r"[^\w\s,;:.!?…()\[\]\"'-]+")
_ENDING = re.compile(r"[.!?…]+")
_FIRST_WORD = re.compile(r"[^\w\n]{0,3}([^\W\d_]+)")
_OPENING_WORD = re.compile(r"[^\W_]+[\s,]+")


@dataclass(frozen=True, slots=True)
class Clause:
    """Words `first` up to, not with, `stop`, which stand at `start:end` of the typed text."""

    first: int
    stop: int
    start: int
    end: int
    opens: bool


class Page:
    """A typed text in clauses. `whole` are typed spans inside which nothing is cut, such as an address with dots."""

    def __init__(self, text: str, whole: Collection[tuple[int, int]] = ()) -> None:
        self.text = text
        self.reading = reading = Reading(text)
        spans = [reading.back(start, end) for start, end in zip(reading.starts, reading.ends, strict=True)]
        self.starts = [start for start, _ in spans]
        self.ends = [end for _, end in spans]
        self.clauses = self._cut(sorted(whole))
        self._firsts = [clause.first for clause in self.clauses]

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """The rows of words that name a street or a building, in order."""
        return sorted(places.find(self.reading, ()))

    def words_of(self, start: int, end: int) -> range:
        """Return the words that a typed span touches."""
        return range(bisect_right(self.ends, start), bisect_left(self.starts, end))

    def clauses_of(self, start: int, end: int) -> range:
        """Return the clauses that a typed span touches."""
        words = self.words_of(start, end)
        if not words:
            return range(0)
        return range(bisect_right(self._firsts, words.start) - 1, bisect_right(self._firsts, words.stop - 1))

    def sentence_of(self, number: int) -> range:
        """Return the clauses of the sentence that clause `number` is in."""
        first, stop = number, number + 1
        while first > 0 and not self.clauses[first].opens:
            first -= 1
        while stop < len(self.clauses) and not self.clauses[stop].opens:
            stop += 1
        return range(first, stop)

    def behind(self, number: int) -> str:
        """Return what is typed between a clause and the next."""
        end = self.clauses[number].end
        return self.text[end : self.clauses[number + 1].start if number + 1 < len(self.clauses) else len(self.text)]

    def _cut(self, whole: Sequence[tuple[int, int]]) -> list[Clause]:
        reading = self.reading
        if not reading.words:
            return []
        opening, last = {0: True}, 0
        joining = lexicon.sections("mending")["conjunctions"]
        for index in range(1, len(reading.words)):
            gap = reading.gaps[index]
            if gap == JOINED:
                following = reading.words[index + 1] if index + 1 < len(reading.words) else ""
                if reading.words[index] not in joining or following not in DOERS or index - last < _SHORTEST:
                    continue
            elif not any(character.isspace() for character in self.text[self.ends[index - 1] : self.starts[index]]):
                continue
            if not _inside(whole, self.ends[index - 1], self.starts[index]):
                opening[index], last = gap == SENTENCE, index
        bounds = [*opening, len(reading.words)]
        return [
            Clause(first, stop, self.starts[first], self.ends[stop - 1], opening[first])
            for first, stop in pairwise(bounds)
        ]

    def rebuilt(self, kept: Callable[[int], str | None], told: Callable[[int], str]) -> str:
        """Put the text together of what `kept` gives for each clause, None for one that goes; `told` stands in its place.

        What is told is a sentence of its own. Marks and blanks stay as typed wherever both neighbours stay.
        """
        pieces: list[str] = []
        number = 0
        while number < len(self.clauses):
            sentence = self.sentence_of(number)
            said = self._sentence(sentence, kept, told)
            if number == 0 and said and kept(0) is not None:
                pieces.append(self.text[: self.clauses[0].start])
            last = self.behind(sentence.stop - 1)
            if said:
                pieces.append(said + (last if kept(sentence.stop - 1) is not None else _closing(said, last)))
            elif "\n" in last and pieces and not pieces[-1].endswith("\n"):
                pieces.append("\n")
            number = sentence.stop
        return "".join(pieces)

    def _sentence(self, sentence: range, kept: Callable[[int], str | None], told: Callable[[int], str]) -> str:
        said, before = "", sentence.start - 1
        for number in sentence:
            words, instead = kept(number), told(number)
            if instead:
                said, before = f"{ended(said)} {instead}".lstrip(), number
            if words is None:
                continue
            if not said:
                said = words if number == sentence.start else _opened(words)
            elif told(before) or (before != number - 1 and said.endswith((".", "?", "!"))):
                said = f"{ended(said)} {_opened(words)}"
            else:
                said += self._between(before, number) + words
            before = number
            if number + 1 < sentence.stop and kept(number + 1) is None and (sign := _SIGN.match(self.behind(number))):
                said += sign.group()
        return said

    def _between(self, before: int, number: int) -> str:
        gap = self.behind(before)
        if before == number - 1:
            return gap
        if "(" in gap and "," not in self.behind(number - 1):
            return " "
        return ", " if not gap.strip() or "(" in gap or ")" in gap else gap


def _inside(whole: Sequence[tuple[int, int]], end: int, start: int) -> bool:
    at = bisect_right(whole, (end, end)) - 1
    return any(first < start and end < stop for first, stop in whole[max(0, at - 1) : at + 2])


def ended(said: str) -> str:
    """Return the words with the mark that ends a sentence, ready for the next one."""
    if not said:
        return ""
    said = said.rstrip(" ,;:-(")
    last = said[-1:]
    return f"{said}." if last.isalnum() or last in _CLOSERS else said


def _opened(words: str) -> str:
    return capital(without_opening(words))


def without_opening(words: str) -> str:
    """Return the words of a clause without the one that joined it to what is gone."""
    found = _OPENING_WORD.match(words)
    opening = Reading(found.group()).words[:1] if found else []
    return words[found.end() :] if found and opening and opening[0] in _joining() else words


def _joining() -> frozenset[str]:
    return lexicon.sections("mending")["conjunctions"]


def _closing(said: str, last: str) -> str:
    """End a sentence whose last clause is gone; what that clause asked is not asked any more."""
    blank = "\n" if "\n" in last else " " if last[-1:].isspace() else ""
    if said.endswith((".", "!", "?")):
        return blank
    marks = _ENDING.search(last)
    return (("." if "?" in marks.group() else marks.group()) if marks else "") + blank


def capital(words: str) -> str:
    """Return the words with a capital first letter, unless that would make a name of them ("elke", "mark")."""
    found = _FIRST_WORD.match(words)
    if not found or found.group(1).casefold() in lexicon.listed("first_names"):
        return words
    at = found.start(1)
    return words[:at] + words[at].upper() + words[at + 1 :] if len(words[at].upper()) == 1 else words
