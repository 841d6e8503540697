"""Owns what a text only tells of: words in quotation marks, words that somebody else said and that are condemned."""

import re
from bisect import bisect_left
from collections.abc import Sequence

from wabp.misuse.phrases import Match
from wabp.misuse.reading import Reading

_REPORT, _JUDGED, _DISBELIEF, _SPEECH_ITSELF, _ONE_OF_US = (
    f"reported._{rule}" for rule in ("report", "judged", "disbelief", "speech_itself", "one_of_us")
)
_QUOTED = re.compile(r'"[^"\n]{2,300}"|[“„«][^“”„«»\n]{2,300}[”“»]|(?<!\w)\'[^\'\n]{2,200}\'(?!\w)')
_QUOTES = "\"“„«'"
_SHORT_QUOTE, _FEW_WORDS = 3, 2
_BEFORE, _BEHIND = 6, 4


class Told:
    """What of a reading is only told of; `found` are the matches of the family "reported" in it."""

    def __init__(self, reading: Reading, found: Sequence[Match]) -> None:
        self._reading = reading
        self._at = {rule: sorted(match.first for match in found if match.rule == rule) for rule in (_REPORT, _JUDGED)}
        self._spans = {
            rule: [(match.first, match.stop) for match in found if match.rule == rule]
            for rule in (_DISBELIEF, _SPEECH_ITSELF, _ONE_OF_US)
        }
        self._quoted = _quoted(reading)

    def quotes(self, first: int) -> bool:
        """True when word `first` is quoted, and words outside tell or judge it or it is a whole phrase."""
        if first not in self._quoted:
            return False
        outside = len(self._reading.words) - len(self._quoted)
        if len(self._quoted) >= _SHORT_QUOTE and outside >= _FEW_WORDS:
            return True
        return any(index not in self._quoted for rule in self._at for index in self._at[rule])

    def condemns(self, first: int) -> bool:
        """True when the sentence of word `first` tells what others say and what to think of it, or does not believe it."""
        low, high = self._reading.sentence_of(first)
        if any(low <= start and stop <= first for start, stop in self._spans[_DISBELIEF]) and not self._asks(high):
            return True
        if any(low <= start < high for rule in (_SPEECH_ITSELF, _ONE_OF_US) for start, _ in self._spans[rule]):
            return True
        return _any_in(self._at[_REPORT], low, high) and _any_in(self._at[_JUDGED], low, high)

    def names(self, first: int, stop: int) -> bool:
        """True when the words are what somebody is called, close to words that condemn it."""
        low, high = first - _BEFORE, stop + _BEHIND
        return _any_in(self._at[_REPORT], low, high) and _any_in(
            self._at[_JUDGED], first - 2 * _BEFORE, stop + 2 * _BEFORE
        )

    def _asks(self, stop: int) -> bool:
        end = self._reading.ends[stop - 1]
        return "?" in self._reading.plain[end : end + 4]


def _any_in(indexes: Sequence[int], low: int, high: int) -> bool:
    place = bisect_left(indexes, low)
    return place < len(indexes) and indexes[place] < high


def _quoted(reading: Reading) -> frozenset[int]:
    if not any(mark in reading.plain for mark in _QUOTES):
        return frozenset()
    starts = reading.starts
    return frozenset(
        index
        for found in _QUOTED.finditer(reading.plain)
        for index in range(bisect_left(starts, found.start()), bisect_left(starts, found.end()))
    )
