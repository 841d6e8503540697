"""Figures, read only: what an alert will cost and reach, how it arrives, and how the board lists it."""

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from wabp import channels, groups, lanes, quota, rules, segments, standing
from wabp.accounts import Actor
from wabp.gateway import SMS, WHATSAPP
from wabp.models import Alert, Delivery, Group, Membership, Street
from wabp.settings import Settings

# Euros for one message by WhatsApp and one part by SMS in Belgium and the Netherlands: an estimate from
# public price lists of 2026. A contract may differ; the page says "about".
WHATSAPP_EUROS, SMS_PART_EUROS = 0.03, 0.10

PAGE_SIZE = 50
A_WEEK = timedelta(days=7)

# How the board speaks of the ledger's states, best first.
BOARD_STATES: Mapping[str, tuple[str, ...]] = {
    "read": ("read",),
    "delivered": ("delivered",),
    "underway": ("sent", "accepted", "sending", "unknown"),
    "waiting": ("queued",),
    "failed": ("undelivered", "failed", "expired"),
    "unreachable": ("skipped", "cancelled"),
}
_BOARD_STATE_OF = {state: shown for shown, states in BOARD_STATES.items() for state in states}
REACHED = ("read", "delivered")


@dataclass(frozen=True)
class Forecast:
    """What releasing would do: how many by which channel, seconds to the last message, euros."""

    recipients: int
    members: int
    whatsapp: int
    sms: int
    unreachable: int
    seconds: int
    euros: float
    nth_this_week: int


@dataclass(frozen=True)
class Progress:
    """Where an alert stands: people by board state, each counted once."""

    recipients: int
    reached: int
    states: Mapping[str, int]
    first_at: datetime | None
    last_at: datetime | None

    @property
    def final(self) -> bool:
        """Whether nothing more is expected to happen by itself."""
        return self.states["underway"] == 0 and self.states["waiting"] == 0


@dataclass(frozen=True)
class Recipient:
    """One person on the board: a number in the group and a street, never a name or phone."""

    number: int | None
    street: str | None
    channels: tuple[str, ...]
    state: str
    reason: str | None
    at: datetime


def forecast(
    session: Session, group: Group, bodies: Mapping[str, str], settings: Settings,
    template_languages: Sequence[str], now: datetime, sends_at: datetime, *, urgent: bool = False,
) -> Forecast:
    """Return what releasing a text to a group now would do. `bodies` holds the SMS text per language.

    `sends_at` is when the messages would leave, which is later than `now` for info that waits for the morning.
    """
    people = channels.channel_counts(
        session,
        group.id,
        template_languages,
        sends_at,
        forms=quota.forms(session, sends_at),
        by_sms=urgent and lanes.only_sms_goes(session),
    )
    whatsapp, sms = people.get(WHATSAPP, 0), people.get(SMS, 0)
    parts = max((segments.count(body).parts for body in bodies.values()), default=1)
    return Forecast(
        recipients=whatsapp + sms,
        members=sum(people.values()),
        whatsapp=whatsapp,
        sms=sms,
        unreachable=people.get("unreachable", 0),
        seconds=max(1, math.ceil(max(whatsapp / settings.whatsapp_mps, sms * parts / settings.sms_sps))),
        euros=round(whatsapp * WHATSAPP_EUROS + sms * parts * SMS_PART_EUROS, 2),
        nth_this_week=released_since(session, group, now - A_WEEK) + 1,
    )


def previews(
    wording: rules.Wording, rulebook: rules.Rulebook, languages: Sequence[str]
) -> dict[tuple[str, rules.Channel], str]:
    """Return the text as each language and channel will get it."""
    channels: tuple[rules.Channel, ...] = ("whatsapp", "sms")
    return {
        (language, channel): rules.compose(wording, language, channel, rulebook)
        for language in languages
        for channel in channels
    }


def released_since(session: Session, group: Group, since: datetime) -> int:
    """Return how many alerts a group got since a moment, without what followed them."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Alert)
            .where(Alert.group_id == group.id, Alert.released_at > since, Alert.form == "alert")
        )
        or 0
    )


def progress(session: Session, actor: Actor, alert: Alert) -> Progress:
    """Return where an alert stands, to those who coordinate its group. Raises NotThere."""
    groups.require_coordinating(session, actor, alert.group)
    people = standing.people_by_state(session, "alert", alert.id)
    states = {shown: sum(people.get(state, 0) for state in states) for shown, states in BOARD_STATES.items()}
    first, last = session.execute(
        select(
            func.min(func.coalesce(Delivery.sent_at, Delivery.accepted_at)),
            func.max(func.coalesce(Delivery.sent_at, Delivery.accepted_at)),
        ).where(Delivery.cause == "alert", Delivery.cause_id == alert.id)
    ).one()
    return Progress(sum(people.values()), sum(states[state] for state in REACHED), states, first, last)


def recipients(
    session: Session, actor: Actor, alert: Alert, *, state: str | None, page: int
) -> tuple[list[Recipient], int]:
    """Return one page of the people an alert went to, newest news first, and how many pages there are."""
    groups.require_coordinating(session, actor, alert.group)
    best = standing.best_of_each("alert", alert.id).add_columns(func.max(Delivery.updated_at).label("at"))
    if state is not None:
        wanted = [standing.goodness_of(known) for known in BOARD_STATES[state]]
        best = best.having(func.max(standing.best_state_column()).in_(wanted))
    found = best.subquery()
    total = session.scalar(select(func.count()).select_from(found)) or 0
    rows = session.execute(
        select(found.c.person_id, found.c.best, found.c.at, Membership.number, Street.name)
        .outerjoin(
            Membership,
            and_(Membership.person_id == found.c.person_id, Membership.group_id == alert.group_id),
        )
        .outerjoin(Street, Street.id == Membership.street_id)
        .order_by(found.c.at.desc(), Membership.number)
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    ).all()
    details = _details(session, alert.id, [row.person_id for row in rows])
    listed = []
    for row in rows:
        stands = standing.state_of_goodness(row.best)
        channels, reasons = details[row.person_id]
        listed.append(
            Recipient(row.number, row.name, channels, _BOARD_STATE_OF[stands], reasons.get(stands), row.at)
        )
    return listed, max(1, math.ceil(total / PAGE_SIZE))


def arrivals(session: Session, alert: Alert) -> tuple[list[float], list[float]]:
    """Return the seconds from release to delivery and to reading, sorted, one per row."""
    rows = session.execute(
        select(Delivery.delivered_at, Delivery.read_at).where(
            Delivery.cause == "alert", Delivery.cause_id == alert.id
        )
    ).all()
    released = alert.released_at
    if released is None:
        return [], []
    # A message that was read was delivered, also when the receipt of that got lost.
    delivered = sorted(first - released for d, r in rows if (first := d or r))
    read = sorted(r - released for _, r in rows if r)
    return [gap.total_seconds() for gap in delivered], [gap.total_seconds() for gap in read]


def _details(
    session: Session, alert_id: uuid.UUID, people: Sequence[uuid.UUID]
) -> dict[uuid.UUID, tuple[tuple[str, ...], dict[str, str]]]:
    rows = session.execute(
        select(Delivery.person_id, Delivery.channel, Delivery.state, Delivery.reason)
        .where(Delivery.cause == "alert", Delivery.cause_id == alert_id, Delivery.person_id.in_(people))
        .order_by(Delivery.id)
    )
    details: dict[uuid.UUID, tuple[tuple[str, ...], dict[str, str]]] = {}
    for person_id, channel, state, reason in rows:
        channels, reasons = details.get(person_id, ((), {}))
        details[person_id] = ((*channels, channel), {**reasons, **({state: reason} if reason else {})})
    return details
