"""Owns the rewrite of a text: words instead of what was found, tidied; what still fails gives way to a neutral line."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

from wabp.misuse.findings import Finding, Span
from wabp.misuse.normalise import Folded, sentences
from wabp.texts import say

# A sentence that accuses is told anew; what is asked of the group or said of a person's health goes by clause.
_BY_SENTENCE = {"accusation"}
_BY_CLAUSE = {"vigilantism", "photo_request", "health"}
_CLAUSE_END = re.compile(r"[,;:](?=\s)|[.!?]+(?=\s|$)|\n")
_TRIES = 3


def words_instead(span: Span, language: str, police: str) -> str | None:
    """Return the words to put in the place of `span`.

    "@person" is a phrase of the wording; "@stolen:bikes|Kerkstraat, 21:00" one that takes things and place.
    """
    if span.instead is None or not span.instead.startswith("@"):
        return span.instead
    phrase, _, where = span.instead[1:].partition("|")
    key, _, things = phrase.partition(":")
    place = f"({where})" if where else say("findings.instead.area", language)
    return say(f"findings.instead.{key}", language, police=police, things=things, place=place)


def rewritten(
    text: str, findings: Sequence[Finding], check: Callable[[str], Sequence[Finding]], language: str
) -> str:
    """Return `text` mended until nothing in it is refused; a sentence that cannot be mended is left out."""
    standing = [finding for finding in findings if finding.replacement is not None]
    for _ in range(_TRIES):
        if not standing:
            break
        text = _tidy(_applied(text, standing))
        standing = [finding for finding in check(text) if finding.action == "refuse"]
    refused = [finding for finding in check(text) if finding.action == "refuse"]
    if refused:
        text = _tidy(_without(text, refused))
    if text and not any(finding.action == "refuse" for finding in check(text)):
        return text
    return say("findings.instead.neutral", language, place=say("findings.instead.area", language))


def _applied(text: str, findings: Sequence[Finding]) -> str:
    """Put the words in; of spans that overlap, the widest gives its words."""
    ends = {"sentence": _sentence_bounds(text), "clause": _clause_bounds(text)}
    spans: list[tuple[int, int, str]] = []
    for finding in findings:
        if finding.start is None or finding.end is None:
            continue
        start, end, words = finding.start, finding.end, finding.replacement or ""
        if finding.label in _BY_SENTENCE | _BY_CLAUSE:
            unit = ends["sentence" if finding.label in _BY_SENTENCE else "clause"]
            start, end = unit[bisect_right(unit, start) - 1], unit[bisect_left(unit, end)]
            words = f" {words} "
        spans.append((start, end, words))
    spans.sort(key=lambda span: (span[0], -span[1]))
    pieces: list[str] = []
    done = 0
    for start, end, words in spans:
        if start >= done:
            pieces += [text[done:start], words]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def _sentence_bounds(text: str) -> list[int]:
    folded = Folded(text)
    ends = [folded.back(start, end)[1] for start, end in sentences(folded.plain) if end > start]
    return sorted({0, *ends, len(text)})


def _clause_bounds(text: str) -> list[int]:
    return sorted({0, *(match.end() for match in _CLAUSE_END.finditer(text)), len(text)})


def _without(text: str, refused: Sequence[Finding]) -> str:
    """Leave out every sentence that a refused finding touches."""
    touched = bytearray(len(text))
    for found in refused:
        start, end = found.start or 0, len(text) if found.end is None else found.end
        touched[start:end] = b"\x01" * (end - start)
    bounds = _sentence_bounds(text)
    return " ".join(text[start:end] for start, end in pairwise(bounds) if not any(touched[start:end]))


def _tidy(text: str) -> str:
    """Close up blanks and orphaned marks, and give each sentence its capital."""
    text = re.sub(r"[ \t]{2,}", " ", text)
    text = re.sub(r"\(\s*\)|\[\s*\]", "", text)
    text = re.sub(r" +([,.;:!?])", r"\1", text)
    text = re.sub(r"[,;:]+([.!?])", r"\1", text)
    text = re.sub(r",(?:\s*,)+", ",", text)
    text = re.sub(r"([.!?])\s*\.(?=\s|$)", r"\1", text)
    text = re.sub(r"(?m)^[ ,.;:!?-]+", "", text)
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip()
    text = re.sub(r"[ ,;:-]+$", "", text)
    return re.sub(r"(^|[.!?]\s+)([^\W\d_])", lambda found: found.group(1) + found.group(2).upper(), text)
