"""Answers: what somebody types who founds a group, by question; read, judged and written down.

Owns what may be typed and how long it may be. Keeps what is right of a page, and says of the rest what is wrong.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import groups, rules, texts
from wabp.errors import BadInput
from wabp.models import District, Street, Zone

# One page each, in this order.
QUESTIONS = ("area", "motive", "coordinator", "deputy", "plan", "charter")
LONGEST_NAME = 80
LONGEST_TEXT = 2_000
# More streets than any neighbourhood has: a form that names thousands is a mistake or an attack.
MOST_STREETS = 200

_YES = frozenset({"yes", "on", "1", "true"})
_NO = frozenset({"no", "off", "0", "false"})


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers as far as they are given and right. `charter` is the version that was accepted, or empty."""

    zone_id: uuid.UUID | None = None
    district_id: uuid.UUID | None = None
    street_ids: tuple[uuid.UUID, ...] = ()
    name: str = ""
    motive: str = ""
    founder_coordinates: bool | None = None
    founder_name: str = ""
    coordinator_name: str = ""
    adult: bool = False
    deputy_name: str = ""
    plan: str = ""
    charter: str = ""

    @property
    def coordinator(self) -> str:
        """The name of who coordinates, be it the founder or somebody else."""
        return self.founder_name if self.founder_coordinates else self.coordinator_name


# What belongs to which question.
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "area": ("zone_id", "district_id", "street_ids", "name"),
    "motive": ("motive",),
    "coordinator": ("founder_coordinates", "founder_name", "coordinator_name", "adult"),
    "deputy": ("deputy_name",),
    "plan": ("plan",),
    "charter": ("charter",),
}


def to_data(answers: Answers) -> dict[str, Any]:
    """Return answers as JSON can hold them."""
    return asdict(answers) | {
        "zone_id": answers.zone_id and str(answers.zone_id),
        "district_id": answers.district_id and str(answers.district_id),
        "street_ids": list(map(str, answers.street_ids)),
    }


def from_data(kept: dict[str, Any]) -> Answers:
    """Return answers from what `to_data` made."""
    return Answers(
        **kept
        | {
            "zone_id": _id(kept["zone_id"]),
            "district_id": _id(kept["district_id"]),
            "street_ids": tuple(map(uuid.UUID, kept["street_ids"])),
        }
    )


def zones(session: Session) -> Sequence[Zone]:
    """Return the zones in which a group can be founded."""
    return session.scalars(select(Zone).order_by(Zone.name)).all()


def rulebook_for(session: Session, answers: Answers) -> rules.Rulebook | None:
    """Return the rulebook that the group would fall under, or None while its zone is not chosen."""
    zone = _zone(session, answers.zone_id)
    return None if zone is None else groups.rulebook_of_zone(zone)


def read(
    session: Session, question: str, given: Mapping[str, object], before: Answers
) -> tuple[Answers, list[BadInput]]:
    """Return the answers with what is right of one page, and all that is wrong on it.

    `given` is a form's fields by the names in `Answers`, as typed. Raises KeyError for no such question.
    """
    return _READERS[question](session, given, before)


def problems(session: Session, answers: Answers) -> list[tuple[str, BadInput]]:
    """Return what is still missing or no longer right, by question."""
    given = asdict(answers)
    return [(question, problem) for question in QUESTIONS for problem in read(session, question, given, answers)[1]]


def changed(older: Answers, newer: Answers) -> tuple[str, ...]:
    """Return the questions that were answered otherwise, in order."""
    return tuple(
        question
        for question in QUESTIONS
        if any(getattr(older, field) != getattr(newer, field) for field in _FIELDS[question])
    )


def street_names(session: Session, answers: Answers) -> tuple[str, ...]:
    """Return the names of the streets chosen."""
    chosen = select(Street.name).where(Street.id.in_(answers.street_ids)).order_by(Street.name)
    return tuple(session.scalars(chosen))


def same_name(one: str, other: str) -> bool:
    """Tell whether two typed names are one: capitals and spaces aside."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def _area(session: Session, given: Mapping[str, object], before: Answers) -> tuple[Answers, list[BadInput]]:
    wrong: list[BadInput] = []
    after = before
    zone = _zone(session, _id(given.get("zone_id")))
    if zone is None:
        wrong.append(BadInput("choose_zone", field="zone_id"))
    else:
        after = _in_zone(session, after, zone)
    district_id = _id(given.get("district_id"))
    district = session.get(District, district_id) if district_id else None
    if zone is None or district is None or district.zone_id != zone.id:
        wrong.append(BadInput("choose_district", field="district_id"))
    else:
        if after.district_id != district.id:
            after = replace(after, district_id=district.id, street_ids=())
        streets = _streets(session, district, given.get("street_ids"))
        if streets:
            after = replace(after, street_ids=streets)
        else:
            wrong.append(BadInput("choose_streets", field="street_ids"))
    return _text(after, wrong, given, "name", "group_name", longest=LONGEST_NAME, lines=False)


def _motive(session: Session, given: Mapping[str, object], before: Answers) -> tuple[Answers, list[BadInput]]:
    return _text(before, [], given, "motive", "motive_missing", longest=LONGEST_TEXT)


def _coordinator(
    session: Session, given: Mapping[str, object], before: Answers
) -> tuple[Answers, list[BadInput]]:
    wrong: list[BadInput] = []
    after = before
    coordinates = _yes(given.get("founder_coordinates"))
    if coordinates is None:
        wrong.append(BadInput("who_coordinates", field="founder_coordinates"))
    else:
        after = replace(after, founder_coordinates=coordinates)
    after, wrong = _text(after, wrong, given, "founder_name", "founder_name", longest=LONGEST_NAME, lines=False)
    if coordinates:
        after = replace(after, coordinator_name="")
    elif coordinates is False:
        after, wrong = _text(
            after, wrong, given, "coordinator_name", "coordinator_name", longest=LONGEST_NAME, lines=False
        )
    after = replace(after, adult=_yes(given.get("adult")) is True)
    if not after.adult:
        book = rulebook_for(session, before)
        wrong.append(BadInput("coordinator_adult", field="adult", age=book.minimum_age if book else 18))
    return after, wrong


def _deputy(session: Session, given: Mapping[str, object], before: Answers) -> tuple[Answers, list[BadInput]]:
    after, wrong = _text(before, [], given, "deputy_name", "deputy_name", longest=LONGEST_NAME, lines=False)
    if not wrong and before.coordinator and same_name(after.deputy_name, before.coordinator):
        return before, [BadInput("deputy_other", field="deputy_name")]
    return after, wrong


def _plan(session: Session, given: Mapping[str, object], before: Answers) -> tuple[Answers, list[BadInput]]:
    return _text(before, [], given, "plan", "plan_missing", longest=LONGEST_TEXT)


def _charter(session: Session, given: Mapping[str, object], before: Answers) -> tuple[Answers, list[BadInput]]:
    book = rulebook_for(session, before)
    if book is None:
        return before, [BadInput("choose_zone", field="charter")]
    accepted = given.get("charter")
    if not accepted:
        return replace(before, charter=""), [BadInput("charter_accept", field="charter")]
    if accepted != book.version:
        return replace(before, charter=""), [BadInput("charter_changed", field="charter", version=book.version)]
    return replace(before, charter=book.version), []


_READERS = {
    "area": _area,
    "motive": _motive,
    "coordinator": _coordinator,
    "deputy": _deputy,
    "plan": _plan,
    "charter": _charter,
}


def _in_zone(session: Session, answers: Answers, zone: Zone) -> Answers:
    """Move answers to a zone: what belonged to another one no longer fits."""
    if answers.zone_id == zone.id:
        return answers
    book = rulebook_for(session, answers) if answers.zone_id else None
    same_rules = book is not None and book.country == zone.country
    charter = answers.charter if same_rules else ""
    return replace(answers, zone_id=zone.id, district_id=None, street_ids=(), charter=charter)


def _zone(session: Session, zone_id: uuid.UUID | None) -> Zone | None:
    """Return the zone that was chosen, or the only one there is."""
    if zone_id is not None:
        return session.get(Zone, zone_id)
    every = zones(session)
    return every[0] if len(every) == 1 else None


def _streets(session: Session, district: District, typed: object) -> tuple[uuid.UUID, ...]:
    """Return the streets chosen, in the order of their names; none when one of them is not of the district."""
    given = [typed] if isinstance(typed, str) else typed if isinstance(typed, Iterable) else []
    wanted = {_id(one) for one in given}
    if len(wanted) > MOST_STREETS:
        return ()
    found = session.scalars(
        select(Street.id)
        .where(Street.district_id == district.id, Street.id.in_(wanted - {None}))
        .order_by(Street.name, Street.id)
    ).all()
    return tuple(found) if len(found) == len(wanted) else ()


def _text(
    answers: Answers,
    wrong: list[BadInput],
    given: Mapping[str, object],
    field: str,
    missing: str,
    *,
    longest: int,
    lines: bool = True,
) -> tuple[Answers, list[BadInput]]:
    """Read one text: too long or without a single letter is wrong, and leaves what was kept before."""
    typed = given.get(field)
    text = texts.clean(typed) if isinstance(typed, str) else ""
    if not lines:
        text = " ".join(text.split())
    if not any(map(str.isalpha, text)):
        return answers, [*wrong, BadInput(missing, field=field)]
    if len(text) > longest:
        return answers, [*wrong, BadInput("answer_too_long", field=field, length=len(text), longest=longest)]
    kept: dict[str, Any] = {field: text}
    return replace(answers, **kept), wrong


def _yes(typed: object) -> bool | None:
    if typed is None or isinstance(typed, bool):
        return typed
    word = str(typed).lower()
    return True if word in _YES else False if word in _NO else None


def _id(typed: object) -> uuid.UUID | None:
    if typed is None or isinstance(typed, uuid.UUID):
        return typed
    try:
        return uuid.UUID(str(typed))
    except ValueError:
        return None
