"""Owns finding danger now, with nobody said to have called."""

from collections.abc import Iterator

from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span

_FAMILY = "urgency"
_HINT = f"{_FAMILY}._"
_CALLED, _SETTLED = f"{_HINT}called", (f"{_HINT}settled", f"{_HINT}mended")
_NOT_NOW = (f"{_HINT}over", f"{_HINT}over_fr", f"{_HINT}habit")


def find(clues: Clues) -> Iterator[Span]:
    """Yield at most one finding, about the whole text."""
    happening = [match for match in clues.of(_FAMILY) if not match.rule.startswith(_HINT)]
    if not happening or is_settled(clues):
        return
    reading = clues.reading
    elsewhen = {reading.sentence_of(match.first)[0] for match in clues.of(_FAMILY) if match.rule in _NOT_NOW}
    for match in happening:
        if reading.sentence_of(match.first)[0] not in elsewhen:
            yield Span("urgent_no_call", None, None, None, match.rule)
            return


def is_settled(clues: Clues) -> bool:
    """True when the text says that someone called, or that nothing is wrong any more.

    Advice to call is no call, and neither is the question whether anybody did.
    """
    return any(
        match.rule in _SETTLED or (match.rule == _CALLED and not clues.reading.is_asked(match.first))
        for match in clues.of(_FAMILY)
    )
