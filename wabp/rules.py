"""Owns the rules of a text that leaves: what may not be in it, what must be, and how it is put together.

The door to `misuse`, `rulebook` and the fixed wording. Pure: no database, no network, no clock.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum

from wabp import misuse
from wabp.misuse import mending, style
from wabp.misuse.findings import LABELS, Action, Finding
from wabp.rulebook.book import Clause, Kind, Number, Rulebook, changes, load_rulebook, read_file, read_rulebook
from wabp.rulebook.composer import (
    Channel,
    Form,
    Wording,
    call_statement,
    compose,
    emergency_line,
    plain,
    template_variables,
)
from wabp.texts import DEFAULT_LANGUAGE, LANGUAGES, say


class Verdict(StrEnum):
    """What may happen with a text: pass, pass after a reason, or not at all."""

    PASS = "pass"
    CONFIRM = "confirm"
    REFUSE = "refuse"


def check(
    text: str,
    language: str,
    rulebook: Rulebook,
    *,
    places: Collection[str] = (),
    kind: Kind | None = None,
    category: str | None = None,
) -> list[Finding]:
    """Return what the rulebook says about `text`, by place; findings on the whole text come last.

    `places` are street and place names, which are never taken for persons. `kind` and `category` of the message
    may change what a finding leads to, never what is found. Never raises, for any text.
    """
    reader = language if language in LANGUAGES else DEFAULT_LANGUAGE
    numbers = [entry.number for entry in rulebook.emergency_numbers]
    notice = rulebook.notice(category, text)
    return [
        Finding(
            label=span.label,
            start=span.start,
            end=span.end,
            action=rulebook.action(span.label, kind, notice),
            why=say(f"findings.why.{span.label}", reader, police=rulebook.police_number),
            replacement=mending.words_instead(span, reader, rulebook.police_number),
            rule=span.rule or span.label,
        )
        for span in misuse.detect(text, numbers, places)
    ]


def advise(text: str, language: str) -> list[str]:
    """Return keys of hints of style, such as "findings.hint.capitals", for `texts.say`. They stop nothing."""
    return [f"findings.hint.{name}" for name in style.hints(text)]


def settled(findings: Sequence[Finding], *, kind: Kind, called: bool) -> list[Finding]:
    """Return the findings that stand: on an urgent alert the answered call question settles its finding."""
    answered = kind == "urgent" and called
    return [finding for finding in findings if not (answered and finding.label == "urgent_no_call")]


def verdict(findings: Sequence[Finding], *, kind: Kind, called: bool) -> Verdict:
    """Return the strictest thing the standing findings ask."""
    actions = {finding.action for finding in settled(findings, kind=kind, called=called)}
    if "refuse" in actions:
        return Verdict.REFUSE
    return Verdict.CONFIRM if "confirm" in actions else Verdict.PASS


def rewrite(
    text: str,
    findings: Sequence[Finding],
    language: str,
    rulebook: Rulebook,
    *,
    places: Collection[str] = (),
    kind: Kind | None = None,
    category: str | None = None,
) -> str:
    """Return `text` with the words to put instead; checked again as `check` was asked, nothing in it is refused."""
    reader = language if language in LANGUAGES else DEFAULT_LANGUAGE

    def again(mended: str) -> list[Finding]:
        return check(mended, reader, rulebook, places=places, kind=kind, category=category)

    return mending.rewritten(text, findings, again, reader)


def language_of(text: str, default: str) -> str:
    """Return the language `text` seems to be in, or `default` when it does not say enough."""
    return style.guess_language(text, default)


__all__ = [
    "LABELS",
    "Action",
    "Channel",
    "Clause",
    "Finding",
    "Form",
    "Kind",
    "Number",
    "Rulebook",
    "Verdict",
    "Wording",
    "advise",
    "call_statement",
    "changes",
    "check",
    "compose",
    "emergency_line",
    "language_of",
    "load_rulebook",
    "plain",
    "read_file",
    "read_rulebook",
    "rewrite",
    "settled",
    "template_variables",
    "verdict",
]
