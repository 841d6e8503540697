"""Joining: the requests of newcomers, from the moment they wait for a coordinator to the decision.

A coordinator sees street, channel and language of somebody who wants to join, never a number. What the
newcomer says by phone until then is in `wabp.dialogue`. Of a refused one nothing is left after 30 days.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wabp import accounts, groups, limits, notices, relay, rules, sanctions
from wabp.accounts import Actor
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import Group, Joining, Membership, Person, seal, unseal

# While a question of the dialogue waits for the newcomer, for a day.
OPEN = ("name", "consent", "street")
OPEN_FOR = timedelta(hours=24)
WAITING = "waiting"
LONGEST_QUESTION = 300
# More notices than this about requests buzz for nothing: the page lists them all.
MOST_NOTICES, NOTICES_WITHIN = 10, timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Request:
    """One who waits to be admitted. `again` says that this group refused them before."""

    id: uuid.UUID
    street: str
    channel: str
    language: str
    since: datetime
    question: str
    answer: str
    again: bool


def requests(session: Session, actor: Actor, group: Group) -> list[Request]:
    """Return who waits, oldest first, to those who coordinate the group. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    rows = session.scalars(
        select(Joining)
        .where(Joining.group_id == group.id, Joining.step == WAITING)
        .order_by(Joining.waiting_since, Joining.id)
    )
    return [
        Request(
            id=row.id,
            street=row.street.name if row.street else "",
            channel=row.means,
            language=row.person.language,
            since=row.waiting_since or row.asked_at,
            question=unseal(session, row, "question"),
            answer=unseal(session, row, "answer"),
            again=row.decided_at is not None,
        )
        for row in rows
    ]


def waiting_count(session: Session, actor: Actor, group: Group) -> int:
    """Return how many wait. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    waiting = select(func.count()).where(Joining.group_id == group.id, Joining.step == WAITING)
    return session.scalar(waiting) or 0


def admit(session: Session, actor: Actor, joining_id: uuid.UUID, *, now: datetime) -> Membership:
    """Let somebody into the group. Who was in it before gets the same number back. Raises NotThere, WrongState."""
    row = _held(session, actor, joining_id)
    group, person = row.group, row.person
    membership = groups.membership_of(session, person.id, group.id)
    if membership is None:
        number = groups.next_number(session, group)
        membership = Membership(group=group, person=person, number=number, joined_at=now)
        session.add(membership)
    elif membership.state in {"suspended", "removed"}:
        raise WrongState("request_sanctioned")
    if membership.state != "active" or membership.left_at is not None:
        membership.role = "member"
        membership.state = "active"
        membership.joined_at = now
        membership.left_at = None
    membership.street_id = row.street_id
    person.zone_id = person.zone_id or group.zone_id
    person.forget_at = None
    decide(row, "admitted", now)
    session.flush()
    notices.tell(session, person, "joining.welcome", group=group, now=now)
    accounts.record(session, actor, "admitted", "membership", membership.id, now=now, zone_id=group.zone_id)
    return membership


def refuse(
    session: Session, actor: Actor, joining_id: uuid.UUID, *, reason: str, tell: bool, now: datetime
) -> None:
    """Do not let somebody in. They read the reason only if `tell`. Raises BadInput, NotThere, WrongState."""
    row = _held(session, actor, joining_id)
    group, person = row.group, row.person
    why = sanctions.read_reason(reason)
    if tell:
        relay.require_sendable(session, actor, group, why, field="reason", now=now)
    groups.withdraw_consent(session, person.id, group.id, now=now)
    decide(row, "refused", now)
    seal(session, row, "reason", why)
    notices.tell(
        session,
        person,
        "joining.refused_because" if tell else "joining.refused",
        group=group,
        now=now,
        secret={"reason": why} if tell else None,
    )
    accounts.record(session, actor, "refused", "joining", row.id, now=now, zone_id=group.zone_id)


def ask(session: Session, actor: Actor, joining_id: uuid.UUID, text: str, *, now: datetime) -> None:
    """Ask somebody who waits a question: what they write next is the answer. Raises BadInput, NotThere, WrongState."""
    row = _held(session, actor, joining_id)
    question = rules.plain(text)
    if not question:
        raise BadInput("question_empty", field="text")
    if len(question) > LONGEST_QUESTION:
        raise BadInput("question_long", field="text", length=len(question), longest=LONGEST_QUESTION)
    if row.question is not None and row.answer is None:
        if unseal(session, row, "question") == question:
            return
        raise WrongState("question_open", field="text")
    relay.require_sendable(session, actor, row.group, question, field="text", now=now)
    seal(session, row, "question", question)
    row.answer = None
    row.asked_at = now
    notices.tell(session, row.person, "joining.question", group=row.group, now=now, secret={"text": question})
    accounts.record(session, actor, "asked", "joining", row.id, now=now, zone_id=row.group.zone_id)


def decide(row: Joining, step: str, now: datetime) -> None:
    """End a request: `admitted`, `refused` or `ended`. What it held besides goes."""
    row.step = step
    row.decided_at = now
    row.street_id = row.waiting_since = row.question = row.answer = row.reason = None


def lives(row: Joining, now: datetime) -> bool:
    """Tell whether somebody is on their way: a question waits for them, or they for a coordinator."""
    return row.step == WAITING or (row.step in OPEN and row.asked_at > now - OPEN_FOR)


def of_person(session: Session, person: Person) -> Sequence[Joining]:
    """Return where somebody stands on the way into groups, latest question first."""
    return session.scalars(
        select(Joining).where(Joining.person_id == person.id).order_by(Joining.asked_at.desc(), Joining.id.desc())
    ).all()


def tell_coordinators(session: Session, row: Joining, key: str, *, public_url: str, now: datetime) -> None:
    """Send those who run the group a link to its requests, and nothing about the newcomer."""
    if limits.spend(session, "request_notice", row.group_id, MOST_NOTICES, NOTICES_WITHIN, now=now):
        link = {"link": f"{public_url}/groups/{row.group.slug}/residents"}
        notices.tell_coordinators(session, row.group, key, now=now, values=link, but=row.person_id)


def stop(session: Session, person: Person, now: datetime) -> list[Group]:
    """End the open dialogues and waiting requests of somebody who said STOP. Returns of which groups."""
    ended = []
    for row in of_person(session, person):
        if lives(row, now):
            ended.append(row.group)
        groups.withdraw_consent(session, person.id, row.group_id, now=now)
        _end(session, row, now)
    return ended


def drop(session: Session, row: Joining, *, now: datetime) -> None:
    """End an open dialogue and what was agreed to in it."""
    groups.withdraw_consent(session, row.person_id, row.group_id, now=now)
    _end(session, row, now)


def settle(session: Session, person: Person, *, now: datetime) -> None:
    """End the requests of somebody who is in the group by now, by START or by an appointment: one consent holds."""
    for row in of_person(session, person):
        membership = groups.membership_of(session, person.id, row.group_id)
        if row.step in (*OPEN, WAITING) and membership is not None and membership.state == "active":
            if row.step == WAITING:
                decide(row, "admitted", now)
            else:
                session.delete(row)
    session.flush()


def _end(session: Session, row: Joining, now: datetime) -> None:
    """A question just goes; a request stays for a while, so that a coordinator who has it open is told."""
    if row.step in OPEN:
        session.delete(row)
        session.flush()
    elif row.step == WAITING:
        decide(row, "ended", now)


def _held(session: Session, actor: Actor, joining_id: uuid.UUID) -> Joining:
    """Return a waiting request of an active group, and keep others from changing it or its person meanwhile.

    Raises NotThere for who does not coordinate the group, WrongState when it is decided or the group is paused.
    """
    row = session.get(Joining, joining_id)
    if row is None:
        raise NotThere
    group = row.group
    groups.require_coordinating(session, actor, group)
    # The whole group: two who are admitted at once get different numbers.
    groups.hold(session, group)
    groups.require_active(group)
    session.execute(select(Person.id).where(Person.id == row.person_id).with_for_update(key_share=True))
    held = session.scalar(
        select(Joining)
        .where(Joining.id == joining_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if held is None or held.step != WAITING:
        raise WrongState("request_decided")
    return held
