"""Reports: what residents tell their coordinator. Nobody else reads them, and nothing is passed on by itself."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wabp import groups
from wabp.accounts import Actor
from wabp.errors import NotThere
from wabp.models import Group, InboundMessage, Membership, Report, seal, unseal

SHOWN_AT_ONCE = 100


def file(
    session: Session,
    membership: Membership,
    message: InboundMessage,
    *,
    alert_id: uuid.UUID | None,
    language: str,
    now: datetime,
) -> Report:
    """Keep what a resident wrote as a report to the coordinators of their group."""
    report = Report(
        membership_id=membership.id,
        group_id=membership.group_id,
        inbound_id=message.id,
        alert_id=alert_id,
        channel=message.channel,
        language=language,
        media_count=message.media_count,
        forwarded=message.forwarded,
        created_at=now,
    )
    seal(session, report, "body", unseal(session, message, "body") or None)
    session.add(report)
    return report


def of_group(session: Session, actor: Actor, group: Group) -> Sequence[Report]:
    """Return a group's reports, newest first, to those who coordinate it. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    return session.scalars(
        select(Report)
        .where(Report.group_id == group.id)
        .order_by(Report.created_at.desc(), Report.id.desc())
        .limit(SHOWN_AT_ONCE)
    ).all()


def get(session: Session, actor: Actor, report_id: uuid.UUID) -> Report:
    """Return one report to those who coordinate its group. Raises NotThere."""
    report = session.get(Report, report_id)
    if report is None:
        raise NotThere
    groups.require_coordinating(session, actor, report.group)
    return report


def mark_opened(session: Session, actor: Actor, report: Report, *, now: datetime) -> None:
    """Note that a coordinator has read a report. Raises NotThere."""
    groups.require_coordinating(session, actor, report.group)
    if report.opened_at is None:
        report.opened_at = now


def unopened(session: Session, actor: Actor, group: Group) -> int:
    """Return how many reports nobody opened yet. Raises NotThere."""
    groups.require_coordinating(session, actor, group)
    return (
        session.scalar(
            select(func.count())
            .select_from(Report)
            .where(Report.group_id == group.id, Report.opened_at.is_(None))
        )
        or 0
    )
