"""Alarms: what the operator is told of lanes that the provider shut, and that are open again. Once for each.

Whose mail it is: every zone administrator's, as a lane belongs to the whole installation. Reads and writes rows;
the caller mails and commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from wabp import lanes, texts
from wabp.gateway import WHATSAPP
from wabp.lanes import LaneName
from wabp.models import Account, Lane, unseal

# The provider refuses our credentials: what to do is on our side.
_CREDENTIALS = frozenset({20003})


@dataclass(frozen=True, slots=True)
class Alarm:
    """One lane of which something is to be told: shut since a moment, or open again (`since` is None)."""

    lane: LaneName
    since: datetime | None
    code: int | None


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who is told by mail, in their language and by their clock."""

    email: str
    language: str
    clock: ZoneInfo


def due(session: Session) -> list[Alarm]:
    """Return what is still to be told."""
    shut = and_(Lane.stopped_at.is_not(None), Lane.told_at.is_(None))
    opened = and_(Lane.stopped_at.is_(None), Lane.told_at.is_not(None))
    rows = session.scalars(select(Lane).where(or_(shut, opened)).order_by(Lane.channel, Lane.sender))
    return [Alarm(LaneName(row.channel, row.sender), row.stopped_at, row.stopped_code) for row in rows]


def note_told(session: Session, alarm: Alarm, now: datetime) -> bool:
    """Note that the operator is told. False when another process did, or the lane changed meanwhile."""
    told = None if alarm.since is None else now
    was = Lane.told_at.is_not(None) if alarm.since is None else Lane.told_at.is_(None)
    changed = session.scalars(
        update(Lane)
        .where(Lane.channel == alarm.lane.channel, Lane.sender == alarm.lane.sender, was)
        .where(Lane.stopped_at.is_not_distinct_from(alarm.since))
        .values(told_at=told)
        .returning(Lane.channel)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.all())


def note_untold(session: Session, alarm: Alarm, now: datetime) -> None:
    """Take `note_told` back: it reached nobody, so it is told again."""
    session.execute(
        update(Lane)
        .where(Lane.channel == alarm.lane.channel, Lane.sender == alarm.lane.sender)
        .values(told_at=now if alarm.since is None else None)
        .execution_options(synchronize_session=False)
    )


def operators(session: Session) -> list[Operator]:
    """Return who is told by mail."""
    administrators = session.scalars(
        select(Account)
        .where(Account.role == "zone_admin", Account.disabled_at.is_(None), Account.email.is_not(None))
        .order_by(Account.id)
    ).all()
    return [
        Operator(unseal(session, account, "email"), account.language, ZoneInfo(account.zone.timezone))
        for account in administrators
    ]


def mail_of(session: Session, alarm: Alarm, to: Operator) -> tuple[str, str]:
    """Return subject and body of the mail about an alarm. No number stands in it."""
    name = _name(lanes.ours(session), alarm.lane, to.language)
    if alarm.since is None:
        body = texts.say("operator.open.body", to.language, lane=name)
        return texts.say("operator.open.subject", to.language, lane=name), body
    shut = lanes.stopped(session)
    nothing = all(lane in shut for lane in lanes.ours(session))
    code = texts.say("operator.shut.no_code", to.language) if alarm.code is None else str(alarm.code)
    body = texts.say(
        "operator.shut.body",
        to.language,
        lane=name,
        time=f"{alarm.since.astimezone(to.clock):%H:%M}",
        code=code,
        meanwhile=texts.say(f"operator.meanwhile.{'nothing' if nothing else alarm.lane.channel}", to.language),
        cure=texts.say(f"operator.cure.{_cure(alarm.code)}", to.language),
    )
    return texts.say("operator.shut.subject", to.language, lane=name), body


def label(ours: Sequence[LaneName], lane: LaneName) -> str:
    """Return a lane's name for a log, without its number: `whatsapp/2` for our second one."""
    numbers = [one for one in ours if one.channel == lane.channel]
    return f"{lane.channel}/{numbers.index(lane) + 1 if lane in numbers else '-'}"


def _name(ours: Sequence[LaneName], lane: LaneName, language: str) -> str:
    channel = "WhatsApp" if lane.channel == WHATSAPP else "SMS"
    numbers = [one for one in ours if one.channel == lane.channel]
    if len(numbers) < 2 or lane not in numbers:
        return channel
    place = numbers.index(lane) + 1
    return texts.say("operator.lane", language, channel=channel, place=place, count=len(numbers))


def _cure(code: int | None) -> str:
    if code is None:
        return "no_answer"
    return "credentials" if code in _CREDENTIALS else "number"
