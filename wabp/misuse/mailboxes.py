"""Owns finding private addresses of mail, also those written to slip past: "(at)", "apenstaartje", "jan punt peeters at gmail punt com"."""

import re
import string
from collections.abc import Iterable, Iterator

from wabp.misuse import authorities
from wabp.misuse.findings import Span
from wabp.misuse.reading import Reading

_DOT = r"(?:punt|dot|point|punkt|punto)"
_DASH = r"(?:streepje|liggend streepje|laag streepje|koppelteken|tiret du bas|tiret|underscore|dash|minus|bindestrich|strich)"
_AT_WORDS = frozenset(
    "apenstaart apenstaartje apestaart apestaartje aapenstaart aapenstaartje aapstaart aapstaartje arobase arobas arrobase arobaze at "
    "klammeraffe affenschwanz".split()
)
_AT_SIGN = re.compile(
    r"@|[\[({<] ?(?:at|a|@|apenstaartje?|arobase) ?[\])}>]"
    r"|(?<![^\W_])(?:aa?pe?n?staart(?:je)?|arr?oba[sz]e?|klammeraffe|affenschwanz|at)(?![^\W_])"
)
_TYPED_SIGN = re.compile("@")
# What stands before the sign, read in the 90 characters before it.
_BOX = re.compile(
    rf"[\w+-]{{1,40}}(?:(?:\.| ?[\[({{] ?(?:{_DOT}|\.) ?[\])}}] ?| (?:{_DOT}|{_DASH}) | \. ?)[\w+-]{{1,40}}){{0,5}}\.? {{0,2}}$"
)
_BOX_SIGNS = string.ascii_lowercase + string.digits + "._+-"
_HOST = re.compile(
    rf" {{0,2}}[a-z\d-]{{1,60}}(?:(?:\.| ?[\[({{] ?(?:{_DOT}|\.) ?[\])}}] ?| (?:{_DOT}) | \. ?|, ?)[a-z\d-]{{1,24}}){{1,4}}"
)
_TIGHT_HOST = re.compile(r"[a-z\d-]{1,60}(?:\.[a-z\d-]{1,24}){1,5}")
_BARE_HOST = re.compile(r" {0,2}([a-z]{3,20})(?![\w.])")
_PARTS = re.compile(rf"[^a-z\d-]+(?:{_DOT}[^a-z\d]+)?|(?<=[^a-z]){_DOT}(?=[^a-z])")

# Mailboxes that need no ending to be known, and endings that a loose address must have.
_PROVIDERS = frozenset(
    "gmail hotmail outlook live telenet skynet proximus scarlet yahoo icloud ziggo kpnmail kpn xs4all planet upcmail casema hetnet "
    "home orange voo brutele gmx web wanadoo laposte free sfr protonmail proton msn me mail googlemail".split()
)
_KNOWN_ALONE = _PROVIDERS - frozenset("live home orange free web mail me planet scarlet yahoo proton".split()) | {"yahoo"}
_ENDINGS = frozenset("com net org be nl fr de eu uk lu info me io vlaanderen brussels gent amsterdam frl example test".split())
# "Look at politie.be", "kom af at 21.30": the little word "at" needs a mailbox before it.
_NO_BOX = frozenset(
    "look looking see check be is was are were meet us me him her it them at now here there out online stuff info more posted "
    "available anyone everyone someone staring shouting knocking up find found back order book".split()
)


def find(reading: Reading) -> Iterable[tuple[tuple[int, int], Span | None]]:
    """Return where each address of mail stands, and the finding when it is private."""
    plain = reading.plain
    bracket = "(" in plain or "[" in plain or "{" in plain or "<" in plain
    if bracket or not _AT_WORDS.isdisjoint(reading.words):
        return _addresses(plain, _AT_SIGN)
    return _addresses(plain, _TYPED_SIGN) if "@" in plain else ()


def _addresses(plain: str, at: re.Pattern[str]) -> Iterator[tuple[tuple[int, int], Span | None]]:
    last = 0
    for sign in at.finditer(plain):
        found = _around(plain, sign, last)
        if found:
            start, end, host, rule = found
            last = end
            private = None if authorities.owns(host) else Span("email", start, end, "@email", f"email.{rule}")
            yield (start, end), private


def _around(plain: str, sign: re.Match[str], last: int) -> tuple[int, int, str, str] | None:
    """Return the whole address around a sign: where, its host, and how it was written."""
    low = max(last, sign.start() - 90)
    if sign.start() == low:
        return None
    before = plain[sign.start() - 1]
    after = plain[sign.end()] if sign.end() < len(plain) else " "
    if sign.group() == "@" and before.isalnum() and after.isalnum():
        host = _TIGHT_HOST.match(plain, sign.end())
        if host and not host.group().rpartition(".")[2].isdigit():
            segment = plain[low : sign.start()]
            start = low + len(segment) - len(segment[len(segment.rstrip(_BOX_SIGNS)) :].lstrip("."))
            return start, host.start() + len(host.group().rstrip("-")), host.group(), "typed"
    if not (before.isalnum() or before in " -_.") or not (after.isalnum() or after == " "):
        return None
    return _loose(plain, sign, low)


def _loose(plain: str, sign: re.Match[str], low: int) -> tuple[int, int, str, str] | None:
    host = _HOST.match(plain, sign.end())
    parts = [part for part in _PARTS.split(host.group()) if part] if host else []
    while len(parts) > 1 and parts[-1] not in _ENDINGS:
        parts.pop()
    bare = _BARE_HOST.match(plain, sign.end())
    if host and len(parts) > 1:
        end = sign.end() + host.group().rindex(parts[-1]) + len(parts[-1])
    elif bare and bare.group(1) in _KNOWN_ALONE:
        end, parts = bare.end(1), [bare.group(1), "com"]
    else:
        return None
    box = _BOX.search(plain, low, sign.start())
    if not box or (sign.group() == "at" and box.group().split()[-1] in _NO_BOX):
        return None
    return box.start(), end, ".".join(parts), "disguised"
