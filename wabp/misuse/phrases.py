"""Owns the shared way of looking for phrases: patterns in plain letters, and words that turn one harmless."""

import re
from collections.abc import Iterator, Sequence

from wabp.misuse.findings import Span
from wabp.misuse.normalise import Folded

# "volg niemand", "do not post photos": said against the thing, not for it.
NEGATED = re.compile(
    r"(?:\b(?:niet|geen|nooit|niemand|zonder|ne|n'|pas de|jamais|aucune?|personne|don't|do not|never|no|not|nicht|keine?n?|nie"
    r"|gelieve geen|niet zelf)\b[^.!?\n]{0,40})$"
)


def found(
    folded: Folded, label: str, patterns: Sequence[re.Pattern[str]], instead: str, *, unless: re.Pattern[str] | None = None
) -> Iterator[Span]:
    """Yield what the patterns find, unless words just before it speak against it."""
    for pattern in patterns:
        for match in pattern.finditer(folded.plain):
            before = folded.plain[max(0, match.start() - 50) : match.start()]
            if unless is None or not unless.search(before):
                yield Span(label, *folded.back(*match.span()), instead)
