"""Owns finding misuse in a typed text: one module per family of pattern. Only wabp.rules looks in here."""

from collections.abc import Collection

from wabp.misuse import (
    addresses,
    identifiers,
    images,
    insults,
    names,
    offtopic,
    persons,
    plates,
    profiling,
    urgency,
    vigilantism,
)
from wabp.misuse.findings import LABELS, Span
from wabp.misuse.normalise import Folded


def detect(text: str, public: Collection[str], places: Collection[str]) -> list[Span]:
    """Return all spans by place, those of the whole text last.

    `public` are numbers that anyone may give; `places` are names that are never a person's.
    """
    folded = Folded(text)
    things = [*identifiers.find(folded, public), *plates.find(folded)]
    taken = _cover(len(text), things)
    named = [span for span in names.find(folded, places) if not any(taken[span.start : span.end])]
    homes = list(addresses.find(folded, _places_of(named)))
    spans = [
        *things,
        *named,
        *homes,
        *persons.find(folded, _places_of([*named, *homes, *things])),
        *images.find(folded),
        *profiling.find(folded),
        *insults.find(folded),
        *vigilantism.find(folded),
        *filter(None, (urgency.find(folded), offtopic.find(folded))),
    ]
    return sorted(set(spans), key=_order)


def _places_of(spans: Collection[Span]) -> list[tuple[int, int]]:
    return sorted((span.start, span.end) for span in spans if span.start is not None and span.end is not None)


def _cover(length: int, spans: Collection[Span]) -> bytearray:
    """Return one byte per character, 1 where a span stands."""
    covered = bytearray(length)
    for span in spans:
        if span.start is not None and span.end is not None:
            covered[span.start : span.end] = b"\x01" * (span.end - span.start)
    return covered


def _order(span: Span) -> tuple[bool, int, int, int]:
    return span.start is None, span.start or 0, span.end or 0, LABELS.index(span.label)
