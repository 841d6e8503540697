"""Owns finding what leads to somebody by wire: mail, links and profiles, private phone numbers."""

from collections.abc import Collection, Iterator

from wabp.misuse import links, mailboxes, telephones
from wabp.misuse.findings import Span
from wabp.misuse.reading import Reading


def find(reading: Reading, public: Collection[str]) -> Iterator[Span]:
    """Yield private addresses of mail, links, handles and phone numbers; `public` are numbers that anyone may give."""
    taken: list[tuple[int, int]] = []
    for place, private in mailboxes.find(reading):
        taken.append(place)
        if private:
            yield private
    for place, private in links.find(reading, tuple(taken)):
        taken.append(place)
        if private:
            yield private
    yield from telephones.find(reading, public, sorted(taken))
