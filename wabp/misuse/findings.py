"""Owns what a finding is: one of fifteen labels, where it stands in the text, what it leads to."""

from dataclasses import dataclass
from typing import Literal

Action = Literal["refuse", "confirm", "advise"]

LABELS: tuple[str, ...] = (
    "person_name",
    "licence_plate",
    "phone_number",
    "email",
    "social_handle_or_link",
    "home_address",
    "photo_request",
    "profiling",
    "insult_or_hate",
    "vigilantism",
    "accusation",
    "minor",
    "health",
    "urgent_no_call",
    "offtopic",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: offsets into the text as typed (None: the whole text), why, and words to put instead.

    `rule` names what found it, such as "vigilantism.catch_them"; it says nothing of the text.
    """

    label: str
    start: int | None
    end: int | None
    action: Action
    why: str
    replacement: str | None
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """What a detector returns: a label, where (None: the whole text), what stands there instead, and the rule that found it.

    Detectors speak of places in the plain text of a `Reading`; `misuse.detect` turns them into places in the typed text.
    `instead` is words, or names a sentence of the wording ("@person"); None leaves the words alone.
    """

    label: str
    start: int | None
    end: int | None
    instead: str | None = ""
    rule: str = ""
