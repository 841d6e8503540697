"""Owns what the detectors of meaning are given: a reading, the phrases found in it, and who and what it names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from wabp.misuse.findings import Span
from wabp.misuse.phrases import Match
from wabp.misuse.reading import Reading

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, eq=False)
class Clues:
    """`names` and `places` are rows of words (first, stop); `things` and `homes` are spans of the plain text."""

    reading: Reading
    matches: Mapping[str, Sequence[Match]]
    names: Sequence[tuple[int, int]]
    places: Sequence[tuple[int, int]]
    things: Sequence[Span]
    homes: Sequence[Span] = ()
    name_rules: Sequence[str] = ()
    _made: dict[object, object] = field(default_factory=dict)

    def once(self, work: Callable[["Clues"], Made]) -> Made:
        """Return what `work` makes of these clues, made once for all detectors that ask."""
        if work not in self._made:
            self._made[work] = work(self)
        return cast(Made, self._made[work])

    def of(self, family: str) -> Sequence[Match]:
        """Return the phrases of one family, in order of place."""
        return self.matches.get(family, ())

    def spans(self, family: str, label: str) -> Iterator[Span]:
        """Yield each phrase of a family as a span, the widest of those that overlap."""
        last = -1
        for match in sorted(self.of(family), key=lambda match: (match.first, -match.stop)):
            if match.first >= last:
                last = match.stop
                yield self.span(match, label)

    def span(self, match: Match, label: str, instead: str | None = None) -> Span:
        """Return one phrase as a span of the plain text."""
        start, end = self.reading.starts[match.first], self.reading.ends[match.stop - 1]
        return Span(label, start, end, match.instead if instead is None else instead, match.rule)
