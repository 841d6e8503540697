"""Appointments: who founds, coordinates and deputises, by name, and proven by a code from their own phone.

A name in an application appoints nobody: the code does, sent from the phone of the one who is named. Owns
what the phone's AANVRAAG does, and how appointments follow an application that changes.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import accounts, groups, limits, phones, reverse_codes
from wabp.accounts import Actor
from wabp.answers import Answers, same_name
from wabp.errors import NotThere, WrongState
from wabp.models import Application, Appointment, Group, Membership, Person, seal, unseal
from wabp.notices import Answer
from wabp.paperwork import reference

# The founder sits at the page; the others get their code from the founder.
FOUNDER_CODE_LIFE = timedelta(minutes=30)
CODE_LIFE = timedelta(hours=24)
MOST_WRONG_CODES = 5
WRONG_CODES_WITHIN = timedelta(days=1)

# While a group is in one of these, somebody can still be appointed.
_OPEN = ("draft", "submitted", "more_info", "approved", "active")
_PUT_OUT = ("suspended", "removed")
_WRONG = "appointment_code"


@dataclass(frozen=True, slots=True)
class Appointed:
    """An appointment as a page shows it: a name and whether its phone has sent the code, never the number."""

    id: uuid.UUID
    role: str
    name: str
    founded: bool
    proven_at: datetime | None


def of_group(session: Session, group: Group) -> Sequence[Appointment]:
    """Return the living appointments of a group: founder, coordinator, deputy."""
    order = {"founder": 0, "coordinator": 1, "deputy": 2}
    found = session.scalars(
        select(Appointment)
        .where(Appointment.group_id == group.id, Appointment.ended_at.is_(None))
        .order_by(Appointment.created_at, Appointment.id)
    ).all()
    return sorted(found, key=lambda appointment: order[appointment.role])


def shown(session: Session, group: Group) -> tuple[Appointed, ...]:
    """Return the living appointments of a group as a page shows them. Who stopped since is not proven any more."""
    return tuple(
        Appointed(
            one.id,
            one.role,
            unseal(session, one, "name"),
            one.founded,
            one.proven_at if _stands(session, one) else None,
        )
        for one in of_group(session, group)
    )


def founder(session: Session, group: Group) -> Appointment | None:
    """Return the appointment of who applied, whatever else they do in the group."""
    return next((one for one in of_group(session, group) if one.founded), None)


def may_see(session: Session, actor: Actor, group: Group) -> bool:
    """Tell whether an actor founded, coordinates or deputises: who may follow the application."""
    return _founds(session, actor, group) or groups.role_in(session, actor, group) in groups.COORDINATING


def may_change(session: Session, actor: Actor, group: Group) -> bool:
    """Tell whether an actor may change and withdraw the application, and hand on its codes.

    That is who founded or coordinates; of a group that is at work, its coordinator alone.
    """
    if groups.role_in(session, actor, group) == "coordinator":
        return True
    return group.state not in groups.PUBLIC and _founds(session, actor, group)


def may_be_told(session: Session, appointment: Appointment) -> bool:
    """Tell whether who proved an appointment still hears of it: STOP ends that, like everything."""
    if appointment.person_id is None:
        return False
    membership = groups.membership_of(session, appointment.person_id, appointment.group_id)
    return membership is None or membership.state == "active"


def stop(session: Session, person: Person, *, now: datetime) -> list[Group]:
    """End what somebody who says STOP applied for without being a member. Returns the groups it was about.

    The application goes on with the others; who stopped hears nothing of it, and can be forgotten.
    """
    founded = session.scalars(
        select(Appointment).where(
            Appointment.person_id == person.id, Appointment.role == "founder", Appointment.ended_at.is_(None)
        )
    ).all()
    for appointment in founded:
        appointment.ended_at = now
        appointment.person = None
    session.flush()
    return [appointment.group for appointment in founded]


def follow(session: Session, actor: Actor, group: Group, answers: Answers, *, now: datetime) -> None:
    """Let the appointments say what the answers say. Another name is another person, who proves anew.

    Only who acts may correct their own name without proving it again.
    """
    wanted = _wanted(answers)
    for one in of_group(session, group):
        role, name = wanted.pop("founder" if one.founded else one.role, (None, ""))
        own = one.person_id is not None and one.person_id == actor.id
        if role is None or not (one.founded or own or same_name(name, unseal(session, one, "name"))):
            one.ended_at = now
            _retire(session, one, now)
            if role is not None:
                _add(session, group, role, name, now)
            continue
        seal(session, one, "name", name)
        if own:
            seal(session, _person(one), "name", name)
        if one.role != role:
            _retire(session, one, now)
            one.role = role
            if one.person is not None:
                _enter(session, one, one.person, now)
    for key, (role, name) in wanted.items():
        if role == "founder" and group.state != "draft":
            # Who founded has stopped since: the others go on without them.
            continue
        _add(session, group, role, name, now, founded=key == "founder")
    session.flush()


def code_shown(
    session: Session, holder: Actor | Application, appointment: Appointment, *, now: datetime
) -> reverse_codes.Shown | None:
    """Return the living code of an appointment, for a page that only reads. Raises NotThere."""
    _require_holder(session, holder, appointment)
    found = reverse_codes.of_appointment(session, appointment, now=now)
    return None if found is not None and found.used and not _stands(session, appointment) else found


def code_for(
    session: Session, holder: Actor | Application, appointment: Appointment, *, now: datetime
) -> reverse_codes.Shown:
    """Return the code of an appointment, a fresh one when none lives any more.

    For who may change the application, and for the browser that applied until the founder's phone has sent its
    code: it shows that by its application. Who stopped since may be appointed anew. Raises NotThere, and
    WrongState when the appointment stands or its group takes nobody any more.
    """
    _require_holder(session, holder, appointment)
    if _stands(session, appointment):
        raise WrongState("appointment_proven")
    if appointment.ended_at is not None or appointment.group.state not in _OPEN:
        raise WrongState("application_over")
    living = reverse_codes.of_appointment(session, appointment, now=now)
    if living is not None and not living.used:
        return living
    return reverse_codes.issue(
        session,
        "appointment",
        appointment.group,
        life=FOUNDER_CODE_LIFE if appointment.founded else CODE_LIFE,
        appointment=appointment,
        now=now,
    )


def prove(
    session: Session, person: Person, letters: str | None, *, means: str, public_url: str, now: datetime
) -> Answer:
    """Do what AANVRAAG with a code asks: appoint the person whose phone sent it. Returns what to answer.

    The founder's code hands the application in. A code that may not be used by this phone stays for another.
    """
    if letters is None:
        return Answer("founding.how", {"link": f"{public_url}/apply"})
    if limits.used(session, _WRONG, person.id, WRONG_CODES_WITHIN, now=now) >= MOST_WRONG_CODES:
        return Answer("founding.too_many_codes")
    code = reverse_codes.take(session, "appointment", letters, now=now)
    appointment = code.appointment if code else None
    if code is None or appointment is None:
        return _answer_again(session, person, letters, public_url, now)
    group = appointment.group
    groups.hold(session, group)
    if appointment.ended_at is not None or group.state not in _OPEN:
        return Answer("founding.over", group=group)
    if _stands(session, appointment):
        # Whose post it is came back before somebody else sent the code.
        return _answer(appointment, public_url) if appointment.person_id == person.id else Answer("founding.code_over")
    refused = _refusal(session, appointment, person)
    if refused:
        code.used_at = None
        return Answer(refused, group=group)
    _appoint(session, appointment, person, means, now)
    if appointment.founded and group.state == "draft":
        groups.move(session, group, "submitted", now=now)
        _record(session, "submitted", appointment, person, now)
    return _answer(appointment, public_url)


def _answer_again(session: Session, person: Person, letters: str, public_url: str, now: datetime) -> Answer:
    """Answer a code that cannot be taken: once more to the phone that used it, else that it is over."""
    used = reverse_codes.used_lately(session, "appointment", letters, now=now)
    if used is not None and used.appointment is not None and used.appointment.person_id == person.id:
        return _answer(used.appointment, public_url)
    limits.count(session, _WRONG, person.id, now=now)
    return Answer("founding.code_over")


def _answer(appointment: Appointment, public_url: str) -> Answer:
    """Say to somebody who was appointed what happens now, and how they hear of it."""
    group = appointment.group
    waits = group.state != "active"
    key = "submitted" if appointment.founded and waits else f"{appointment.role}_{'waits' if waits else 'now'}"
    link = f"{public_url}/groups/{group.slug}/application"
    return Answer(f"founding.{key}", {"link": link, "reference": reference(group)}, group=group)


def _wanted(answers: Answers) -> dict[str, tuple[str, str]]:
    """Return role and name of who should be appointed, by `founder` for who applies, else by role."""
    founder_name = answers.founder_name
    founder_deputises = not answers.founder_coordinates and same_name(answers.deputy_name, founder_name)
    founds_as = "coordinator" if answers.founder_coordinates else "deputy" if founder_deputises else "founder"
    wanted = {"founder": (founds_as, founder_name)}
    if founds_as != "coordinator":
        wanted["coordinator"] = ("coordinator", answers.coordinator_name)
    if founds_as != "deputy":
        wanted["deputy"] = ("deputy", answers.deputy_name)
    return wanted


def _add(
    session: Session, group: Group, role: str, name: str, now: datetime, *, founded: bool = False
) -> None:
    appointment = Appointment(group=group, group_id=group.id, role=role, founded=founded, created_at=now)
    seal(session, appointment, "name", name)
    session.add(appointment)


def _founds(session: Session, actor: Actor, group: Group) -> bool:
    """Tell whether an actor applied for a group and was not put out of it since."""
    one = founder(session, group)
    if actor.kind != "person" or actor.id is None or one is None or one.person_id != actor.id:
        return False
    membership = groups.membership_of(session, actor.id, group.id)
    return membership is None or membership.state not in _PUT_OUT


def _stands(session: Session, appointment: Appointment) -> bool:
    """Tell whether an appointment was proven and its coordinator or deputy is still there."""
    if appointment.proven_at is None or appointment.person_id is None:
        return False
    membership = groups.membership_of(session, appointment.person_id, appointment.group_id)
    if appointment.role == "founder":
        return True
    return membership is not None and membership.state == "active" and membership.role == appointment.role


def _require_holder(session: Session, holder: Actor | Application, appointment: Appointment) -> None:
    group = appointment.group
    if isinstance(holder, Application):
        holds = holder.group_id == group.id and group.state == "draft"
    else:
        holds = holder.kind == "operator" or may_change(session, holder, group)
    if not holds:
        raise NotThere


def _refusal(session: Session, appointment: Appointment, person: Person) -> str | None:
    """Return the key of why this phone may not be appointed, or None."""
    address = next((one for one in person.addresses if one.is_primary and one.kind == "phone"), None)
    if address is None or not phones.may_join(unseal(session, address, "value")):
        return "founding.not_mobile"
    others = (one for one in of_group(session, appointment.group) if one is not appointment)
    if any(one.person_id == person.id for one in others):
        return "founding.same_phone"
    membership = groups.membership_of(session, person.id, appointment.group_id)
    if membership is None:
        return None
    if membership.state in _PUT_OUT:
        return "founding.barred"
    runs_it = membership.state == "active" and membership.role in groups.COORDINATING
    return "founding.same_phone" if runs_it and membership.role != appointment.role else None


def _appoint(session: Session, appointment: Appointment, person: Person, means: str, now: datetime) -> None:
    group = appointment.group
    _replace(session, appointment, person)
    appointment.person = person
    appointment.proven_at = now
    person.zone_id = person.zone_id or group.zone_id
    person.forget_at = None
    if person.name is None:
        seal(session, person, "name", unseal(session, appointment, "name"))
    _enter(session, appointment, person, now)
    _record(session, "appointed", appointment, person, now, detail=f"{appointment.role} {means}")


def _replace(session: Session, appointment: Appointment, person: Person) -> None:
    """Let who had the post before be a member like others, also when they come back."""
    if appointment.person_id is None or appointment.person_id == person.id:
        return
    membership = groups.membership_of(session, appointment.person_id, appointment.group_id)
    if membership is not None and membership.role == appointment.role:
        membership.role = "member"


def _record(
    session: Session, act: str, appointment: Appointment, person: Person, now: datetime, detail: str | None = None
) -> None:
    group, actor = appointment.group, accounts.person_actor(person)
    accounts.record(session, actor, act, "group", group.id, now=now, zone_id=group.zone_id, detail=detail)


def _enter(session: Session, appointment: Appointment, person: Person, now: datetime) -> None:
    """Make a coordinator or deputy a member with that role; who is one already stays the same member."""
    if appointment.role == "founder":
        return
    group = appointment.group
    membership = groups.membership_of(session, person.id, group.id)
    if membership is None:
        number = groups.next_number(session, group)
        membership = Membership(group_id=group.id, person_id=person.id, number=number, joined_at=now)
        session.add(membership)
    was_in = membership.state == "active"
    membership.role = appointment.role
    if not was_in:
        membership.state = "active"
        membership.joined_at = now
        membership.left_at = None
        groups.give_consent(session, person, group.id, groups.rulebook_of(group).version, "application", now=now)
    session.flush()


def _retire(session: Session, appointment: Appointment, now: datetime) -> None:
    """End the membership that came of an appointment, with its consent."""
    if appointment.person_id is None:
        return
    membership = groups.membership_of(session, appointment.person_id, appointment.group_id)
    if membership is None or membership.state != "active" or membership.role != appointment.role:
        return
    membership.state = "left"
    membership.left_at = now
    groups.withdraw_consent(session, appointment.person_id, appointment.group_id, now=now)


def _person(appointment: Appointment) -> Person:
    assert appointment.person is not None
    return appointment.person
