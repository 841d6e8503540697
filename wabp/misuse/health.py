"""Owns finding what is said of the health of somebody who can be recognised. Unknown victims and advice are spared."""

from collections.abc import Iterator, Sequence

from wabp.misuse import children
from wabp.misuse.clues import Clues
from wabp.misuse.findings import Span
from wabp.misuse.phrases import Match
from wabp.misuse.subjects import subjects_of

_CHILD_NEAR = 24


def find(clues: Clues) -> Iterator[Span]:
    """Yield the widest phrases about somebody's health."""
    matches = clues.of("health")
    said = [match for match in matches if not match.rule.startswith("health._")]
    if not said:
        return
    missing = any(match.rule == "health._missing" for match in matches)
    advice = {clues.reading.sentence_of(match.first): 0 for match in matches if match.rule == "health._advice"}
    for match in matches:
        if match.rule == "health._if":
            advice.setdefault(clues.reading.sentence_of(match.first), match.first)
    said = [match for match in said if advice.get(clues.reading.sentence_of(match.first), match.stop) >= match.stop]
    if not said:
        return
    subjects = subjects_of(clues)
    young: Sequence[Match] = children.recognised(clues)
    if not (subjects or missing or young):
        return
    last = -1
    for match in sorted(said, key=lambda match: (match.first, -match.stop)):
        if match.first >= last and (subjects.told_of(match, strangers=missing) or _is_near(match, young)):
            last = match.stop
            yield clues.span(match, "health", "")


def _is_near(match: Match, young: Sequence[Match]) -> bool:
    return any(abs(child.first - match.first) <= _CHILD_NEAR for child in young)
