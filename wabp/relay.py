"""The relay: what a coordinator writes to one resident through the group's number, and the check before it leaves.

Words that the rulebook refuses stay here, whichever form they were typed into. Nobody's number is shown.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import accounts, groups, judging, limits, notices, residents, rules
from wabp.accounts import Actor
from wabp.errors import BadInput, WrongState
from wabp.models import Group, Membership, Person, Reply, seal, unseal

LONGEST = 500
MOST_REPLIES, REPLIES_WITHIN = 20, timedelta(hours=1)
# The same words to the same resident so soon after are the same press of the button.
SAME_PRESS = timedelta(minutes=2)


class NotSendable(BadInput):
    """The words hold what may not leave: `check` says what and why, `better` is what to write instead.

    That it was refused is kept, without the words: commit also when this is raised.
    """

    def __init__(self, field: str, text: str, language: str, check: judging.Check) -> None:
        super().__init__("words_refused", field=field)
        self.text = text
        self.language = language
        self.check = check

    @property
    def better(self) -> str:
        """The text with the words to put instead."""
        return self.check.better(self.language)


@dataclass(frozen=True, slots=True)
class Written:
    """One reply as it is shown later, with the name of the coordinator who wrote it."""

    text: str
    by: str
    at: datetime
    report_id: uuid.UUID | None


def judge(group: Group, text: str, *, reader: str, field: str) -> NotSendable | None:
    """Return why these words may not leave by the group's rulebook, or None: what it does not refuse passes."""
    language = rules.language_of(text, reader)
    check = judging.check_texts(group, {language: text}, kind="info")
    return NotSendable(field, text, language, check) if check.verdict is rules.Verdict.REFUSE else None


def require_sendable(session: Session, actor: Actor, group: Group, text: str, *, field: str, now: datetime) -> None:
    """Raise NotSendable when the group's rulebook refuses something in these words."""
    problem = judge(group, text, reader=actor.language, field=field)
    if problem is None:
        return
    judging.keep(session, actor, group, problem.check, "refused", now=now)
    raise problem


def reply(
    session: Session,
    actor: Actor,
    group: Group,
    membership_id: uuid.UUID,
    typed: str,
    *,
    report_id: uuid.UUID | None = None,
    now: datetime,
) -> Reply:
    """Write to one resident, perhaps about a report of theirs. The same words twice in a row are sent once.

    Raises BadInput, NotSendable, NotThere, and WrongState when the resident left or the group may not send.
    """
    membership = residents.hold(session, actor, group, membership_id)
    if membership.state not in residents.PRESENT or membership.left_at is not None:
        raise WrongState("resident_left", field="text")
    text = rules.plain(typed)
    if not text:
        raise BadInput("reply_empty", field="text")
    if len(text) > LONGEST:
        raise BadInput("reply_long", field="text", length=len(text), longest=LONGEST)
    if known := _just_written(session, actor, membership, text, report_id, now):
        return known
    require_sendable(session, actor, group, text, field="text", now=now)
    if not limits.spend(session, "reply", actor.id, MOST_REPLIES, REPLIES_WITHIN, now=now):
        raise BadInput("many_replies", field="text", most=MOST_REPLIES)
    written = Reply(
        group_id=group.id,
        membership_id=membership.id,
        report_id=report_id,
        written_by_id=actor.id if actor.kind == "person" else None,
        written_at=now,
    )
    seal(session, written, "text", text)
    session.add(written)
    notices.tell(session, membership.person, "residents.relay", group=group, now=now, secret={"text": text})
    accounts.record(session, actor, "replied", "membership", membership.id, now=now, zone_id=group.zone_id)
    return written


def to_resident(session: Session, actor: Actor, membership: Membership) -> list[Written]:
    """Return what was written to one resident, newest first. Raises NotThere."""
    groups.require_coordinating(session, actor, membership.group)
    query = select(Reply).where(Reply.membership_id == membership.id).order_by(Reply.written_at.desc(), Reply.id.desc())
    return _shown(session, session.scalars(query).all())


def about_report(session: Session, actor: Actor, group: Group, report_id: uuid.UUID) -> list[Written]:
    """Return what was answered to one report, oldest first. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    query = select(Reply).where(Reply.group_id == group.id, Reply.report_id == report_id)
    return _shown(session, session.scalars(query.order_by(Reply.written_at, Reply.id)).all())


def _just_written(
    session: Session, actor: Actor, membership: Membership, text: str, report_id: uuid.UUID | None, now: datetime
) -> Reply | None:
    lately = session.scalars(
        select(Reply).where(
            Reply.membership_id == membership.id,
            Reply.written_by_id == actor.id,
            Reply.report_id == report_id if report_id else Reply.report_id.is_(None),
            Reply.written_at > now - SAME_PRESS,
        )
    )
    return next((known for known in lately if unseal(session, known, "text") == text), None)


def _shown(session: Session, replies: Sequence[Reply]) -> list[Written]:
    writers = {reply.written_by_id for reply in replies if reply.written_by_id}
    people = session.scalars(select(Person).where(Person.id.in_(writers))).all()
    names = {person.id: unseal(session, person, "name") for person in people}
    return [
        Written(
            text=unseal(session, row, "text"),
            by=names[row.written_by_id] if row.written_by_id else "",
            at=row.written_at,
            report_id=row.report_id,
        )
        for row in replies
    ]
