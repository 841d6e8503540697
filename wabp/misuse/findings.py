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
    """One thing found: offsets into the text as typed (None: the whole text), why, and words to put instead."""

    label: str
    start: int | None
    end: int | None
    action: Action
    why: str
    replacement: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """What a detector returns: a label and where; `instead` names a sentence or gives the words to put there."""

    label: str
    start: int | None
    end: int | None
    instead: str | None = ""
