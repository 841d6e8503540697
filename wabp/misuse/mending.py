"""Owns the rewrite of a text: words instead of what was found, advice once at its end; what still fails gives way to a neutral line.

Names, plates and the like are replaced where they stand. A clause that calls to act, asks for pictures or speaks of
somebody's health goes; the hours, places, clothes and vehicles in it stay.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from wabp.misuse.clauses import ended
from wabp.misuse.findings import Finding, Span
from wabp.misuse.rounds import BY_SENTENCES, LAST, Round
from wabp.texts import say

_MOST_FACTS = 10
# One word that is left of a text ("Done.") is not kept before the advice.
_LONG_WORD, _LONGEST_REST = re.compile(r"\w{3,}"), 60


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


def rewritten(text: str, findings: Sequence[Finding], check: Callable[[str], Sequence[Finding]], language: str) -> str:
    """Return `text` mended until nothing in it is refused; what cannot be mended is left out."""
    standing = [finding for finding in findings if finding.replacement is not None]
    asked = {finding.label for finding in findings}
    body, mended, known, advice, told = text, text, list[str](), list[str](), False
    for firmness in range(LAST):
        if not standing:
            break
        within = [finding for finding in standing if (finding.start or 0) < len(body)]
        if firmness and len(within) < len(standing):
            # What was put behind the text does not pass either.
            known, advice, told = [], [], True
        page = Round(body, within, language, firmness, asked)
        body = _tidy(page.body())
        known = list(dict.fromkeys([*known, *(page.facts if firmness < BY_SENTENCES else ())]))
        advice = list(dict.fromkeys([*advice, *(page.advice if not told else ())]))
        mended = _composed(body, known, advice, language)
        standing = [
            finding
            for finding in check(mended)
            if finding.action == "refuse" or (finding.label in asked and finding.replacement is not None)
        ]
    if mended.strip() and not any(finding.action == "refuse" for finding in check(mended)):
        return mended
    return _neutral(language)


def _neutral(language: str, known: Sequence[str] = ()) -> str:
    place = f"({', '.join(known)})" if known else say("findings.instead.area", language)
    return say("findings.instead.neutral", language, place=place)


def _composed(body: str, known: Sequence[str], advice: Sequence[str], language: str) -> str:
    """Put the facts of what went and the advice behind the body, each in sentences of its own."""
    if advice and len(_LONG_WORD.findall(body[:_LONGEST_REST])) < 2:
        body = ""
    said = body.casefold()
    left = [fact for fact in known if fact.casefold() not in said][:_MOST_FACTS]
    call = _neutral(language).partition(". ")[2]
    asked = {line for line in advice if line.casefold() in said}
    if say("findings.instead.ask_police", language) in said:
        asked.add(call)
    lines = [line for line in advice if line not in asked]
    if not body.strip() and left:
        event = _neutral(language, left).partition(". ")[0]
        return " ".join([f"{event}.", *lines] if lines else [f"{event}.", call])
    if not body.strip() and lines[:1] == [call]:
        return " ".join([_neutral(language), *lines[1:]])
    if left:
        lines.insert(0, say("findings.instead.details", language, facts=", ".join(left)))
    if not lines:
        return body
    return " ".join([ended(body), *lines]).strip() if body.strip() else " ".join(lines)


def _tidy(text: str) -> str:
    """Close up blanks and take out marks that lost their words."""
    text = re.sub(r"[ \t]{2,}", " ", text)
    text = _paired(text)
    text = re.sub(r"\([ ,;:]*\)|\[[ ,;:]*\]", "", text)
    text = re.sub(r"[ \t]{2,}", " ", text)
    text = re.sub(r" +([,.])(?!\w)", r"\1", text)
    text = re.sub(r",[ ,]*([.!?(])", lambda found: " (" if found.group(1) == "(" else found.group(1), text)
    text = re.sub(r",(?:\s*,)+", ",", text)
    text = re.sub(r"(?<=\w)\.\s*\.(?=\s|$)", ".", text)
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip()
    return re.sub(r"[ ,;:-]+$", "", text)


def _paired(text: str) -> str:
    """Leave out brackets that lost their other half."""
    open_at: list[int] = []
    lone: list[int] = []
    for position, character in enumerate(text):
        if character == "(":
            open_at.append(position)
        elif character == ")":
            # A smile is no bracket.
            if open_at:
                open_at.pop()
            elif text[position - 1 : position].isalnum() or text[position - 1 : position] == " ":
                lone.append(position)
    bounds = [-1, *sorted([*lone, *open_at]), len(text)]
    return "".join(text[first + 1 : last] for first, last in pairwise(bounds))
