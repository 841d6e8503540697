"""Owns where the sender signs: behind a closing, beside the role of coordinator, or alone at the end. Not misuse."""

import re
from collections.abc import Iterator

from wabp.misuse.normalise import Folded, sentences

_COORDINATORS = re.compile(
    r"(?<![a-z])(?:[a-z]{0,20}co-?ordinat\w{2,6}|koordinator(?:in)?|[a-z]{0,20}beheerders?|beheerster|moderator|[a-z]{0,20}regisseur|admin|"
    r"bin|plp|wabp|responsable)\b"
)
_ROLE = r"\W{0,4}(?:(?:bin|plp|wabp|uw|jullie|je|de|the|your|votre|le|la|neighbourhood|wijk|buurt)\W{1,2}){0,3}"
_CLOSING = re.compile(
    r"(?:^|[\n.!?,)]|\s)(?:(?:met )?(?:vriendelijke |hartelijke |beste |veel |lieve )?(?:groet(?:en|jes)?|grtjs|grtz|gr|mvg)"
    r"|vg|lg|mfg|bien a vous|bien cordialement|cordialement|bav|amicalement|salutations|kind regards|best regards"
    r"|regards|best wishes|best|cheers|thanks|thank you|dank(?:u|je)?|bedankt|merci|gruss|grusse|viele grusse"
    r"|mit freundlichen grussen|liebe grusse|danke)(?: (?:van|from|von|de))?[.,!:\s]{1,4}"
)
_OWN = re.compile(r"\b(?:mij|moi|mir|me),? ([^\W\d_]{2,20})(?=,)|\b(?:ik ben|je suis|i am|ich bin) ([^\W\d_]{2,20})(?=,)")


def find(folded: Folded) -> Iterator[tuple[int, int]]:
    """Yield the plain spans of the sender's own name."""
    plain = folded.plain
    name = r"[^\W\d_]{2,20}(?:[ -][^\W\d_]{1,20}){0,3}"
    for closing in _CLOSING.finditer(plain):
        rest = re.compile(rf"{name}(?=\s*(?:[,.!(\n-]|$))").match(plain, closing.end())
        if rest and len(plain) - rest.end() <= 60 and "\n" not in plain[rest.end() :].strip():
            yield rest.span()
    for role in _COORDINATORS.finditer(plain):
        before = re.compile(rf"({name}){_ROLE}$").search(plain, max(0, role.start() - 60), role.start())
        if before and _beside(plain, before.end(1), role.start()):
            yield before.span(1)
        after = re.compile(rf"[ :]{{1,2}}{name}").match(plain, role.end())
        if after:
            yield after.span()
    for own in _OWN.finditer(plain):
        yield own.span()
    ends = sentences(plain)
    if len(ends) > 1:
        start, end = ends[-1]
        alone = re.fullmatch(r"\s*([^\W\d_]{2,20}(?:-[^\W\d_]{2,20})?)[\s.!]*", plain[start:end])
        if alone:
            yield start + alone.start(1), start + alone.end(1)


def _beside(plain: str, start: int, end: int) -> bool:
    """A role belongs to the name before it when a comma, bracket or line parts them."""
    return any(mark in plain[start:end] for mark in ",(\n-")
