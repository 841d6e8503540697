"""Owns finding misuse in a typed text: one module per family of pattern. Only wabp.rules looks in here."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import replace

from wabp.misuse import (
    accusations,
    addresses,
    children,
    hate,
    health,
    identifiers,
    images,
    meaning,
    names,
    offtopic,
    places,
    plates,
    profiling,
    urgency,
    vigilantism,
)
from wabp.misuse.clues import Clues
from wabp.misuse.findings import LABELS, Span
from wabp.misuse.phrases import phrases
from wabp.misuse.reading import Reading

_MEANINGS = (
    accusations.find,
    children.find,
    health.find,
    images.find,
    profiling.find,
    hate.find,
    vigilantism.find,
    urgency.find,
    offtopic.find,
)


def detect(text: str, public: Collection[str], known_places: Collection[str]) -> list[Span]:
    """Return all spans by place in the typed text, those of the whole text last.

    `public` are numbers that anyone may give; `known_places` are streets and places that are never a person's name.
    """
    clues = clues_of(text, public, known_places)
    found = by_pattern(clues)
    found.update(meaning.find(clues, frozenset(_decided(clues, found))))
    return sorted((_typed(clues.reading, span) for span in found), key=_order)


def _decided(clues: Clues, found: Iterable[Span]) -> Iterator[str]:
    """Yield the labels on which the detectors have spoken, so that the model has no say: found, or acquitted."""
    yield from {span.label for span in found}
    if urgency.is_settled(clues):
        yield "urgent_no_call"
    if accusations.doubted(clues):
        yield "accusation"
    if offtopic.is_about_safety(clues):
        yield "offtopic"


def by_pattern(clues: Clues) -> set[Span]:
    """Return what the detectors find, without what a trained model adds: spans of the plain text."""
    reading = clues.reading
    named = (
        Span("person_name", reading.starts[first], reading.ends[stop - 1], "@person", rule)
        for (first, stop), rule in zip(clues.names, clues.name_rules, strict=True)
    )
    said = (span for family in _MEANINGS for span in family(clues))
    return {*clues.things, *named, *clues.homes, *said}


def clues_of(text: str, public: Collection[str], known_places: Collection[str]) -> Clues:
    """Return who and what a text names, and the phrases in it."""
    reading = Reading(text)
    things = [*identifiers.find(reading, public), *plates.find(reading)]
    taken = words_in(reading, things) if things else frozenset[int]()
    standing = places.find(reading, known_places)
    people = list(names.find(reading, standing, taken))
    homes = list(addresses.find(reading, people, standing))
    named = [(first, stop) for first, stop, _ in people]
    marks: dict[str, set[int]] = {}
    for mark, rows in (("name", named), ("place", standing)):
        for first, stop in rows:
            marks.setdefault(mark, set()).update(range(first, stop))
    for span in (*things, *homes):
        mark = "home" if span.label == "home_address" else span.label
        marks.setdefault(mark, set()).update(words_in(reading, (span,)))
    return Clues(
        reading,
        phrases().find(reading, marks),
        named,
        standing,
        things,
        homes,
        [rule for _, _, rule in people],
    )


def words_in(reading: Reading, spans: Iterable[Span]) -> Set[int]:
    """Return the words that the spans touch."""
    return {index for span in spans for index in _range(reading.starts, reading.ends, span)}


def _range(starts: Sequence[int], ends: Sequence[int], span: Span) -> range:
    if span.start is None or span.end is None:
        return range(0)
    return range(bisect_right(ends, span.start), bisect_left(starts, span.end))


def _typed(reading: Reading, span: Span) -> Span:
    if span.start is None or span.end is None:
        return span
    start, end = reading.back(span.start, span.end)
    return replace(span, start=start, end=end)


def _order(span: Span) -> tuple[bool, int, int, int, str]:
    return span.start is None, span.start or 0, span.end or 0, LABELS.index(span.label), span.rule
