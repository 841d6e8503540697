"""Minors: who says to be under age while joining is refused kindly, told who helps, and forgotten."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from wabp import ages, groups, joining, notices, rules
from wabp.models import Consent, Person
from wabp.notices import Answer

# By then the answer has left.
KEPT_FOR = timedelta(hours=1)


def refuse(
    session: Session, person: Person, text: str, *, joins: bool, country: str, now: datetime
) -> Answer | None:
    """Return what to answer somebody on their way into a group who says to be too young, else None.

    `joins` says that the way begins with this very message. Nothing of it is kept: requests and consents go at
    once, the person as soon as the answer has left. The words themselves are for the caller to wipe.
    """
    rows = [row for row in joining.of_person(session, person) if joining.lives(row, now)]
    if not rows and not joins:
        return None
    group = rows[0].group if rows else None
    rulebook = groups.rulebook_of(group) if group else rules.load_rulebook(country)
    if not ages.says_minor(text, rulebook.minimum_age):
        return None
    for row in joining.of_person(session, person):
        if groups.membership_of(session, person.id, row.group_id) is None:
            of_row = Consent.person_id == person.id, Consent.group_id == row.group_id
            session.execute(delete(Consent).where(*of_row))
        session.delete(row)
    session.flush()
    person.forget_at = now + KEPT_FOR
    values = {
        "age": str(rulebook.minimum_age),
        "help": _helpers(rulebook, person.language),
        "officer": notices.officer(rulebook.country, person.language),
    }
    return Answer("joining.minor", values, group=group)


def _helpers(rulebook: rules.Rulebook, language: str) -> str:
    """Return name and number of who listens to young people in a country, in their language where there is one."""
    known = (*rules.load_rulebook(rulebook.country).emergency_numbers, *rulebook.emergency_numbers)
    numbers = {number.key: number for number in known}
    line = numbers.get(f"youth_line_{language}") or numbers["youth_line"]
    name = line.names[language].partition("(")[0].partition(",")[0].strip()
    return f"{name} {line.number}"
