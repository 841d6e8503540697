"""The ledger: one row per cause, address and channel, whose state only rises.

    rank 0  queued
    rank 1  sending, unknown          claimed; nobody has proof yet
    rank 2  accepted                  the provider has it
    rank 3  sent                      the provider handed it on
    rank 4  undelivered, failed       ... or it ended without being handed over:
            expired, cancelled, skipped
    rank 5  delivered
    rank 6  read

A later proof may raise any row, also one that was given up (`wabp.proofs`). `failed` with reason `unknown`
keeps rank 1, so that any proof at all still counts. Nothing here calls a provider.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    ScalarSelect,
    and_,
    case,
    exists,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session, aliased

from wabp import channels
from wabp.gateway import WHATSAPP
from wabp.models import Address, Alert, Delivery, Group, Membership, Person, vault_of
from wabp.models.base import Moment, label_of
from wabp.vault import SealedBytes

RANKS = {
    "queued": 0,
    "sending": 1,
    "unknown": 1,
    "accepted": 2,
    "sent": 3,
    "undelivered": 4,
    "failed": 4,
    "expired": 4,
    "cancelled": 4,
    "skipped": 4,
    "delivered": 5,
    "read": 6,
}

PRIORITY_URGENT, PRIORITY_ANSWER, PRIORITY_INFO = 0, 1, 2

# How long after the hand-over of an urgent alert by WhatsApp the ladder asks whether it arrived (R6).
CLIMB_AFTER = timedelta(seconds=120)

# Why an alert may be called off: `Alert.called_off`, and the reason of its copies that did not leave.
CALLED_OFF = ("corrected", "closed", "cancelled_by_coordinator")

# How long an answer to somebody who waits for it is worth sending, and how long a notice is.
ANSWER_LIFE = timedelta(hours=1)
NOTICE_LIFE = timedelta(hours=24)


# In the very words of the partial indexes: with parameters in their place SQLite would read the whole table.
QUEUED = text("delivery.state = 'queued'")
_READY = text("delivery.state = 'queued' AND delivery.not_before IS NULL")
_HELD = text("delivery.state = 'queued' AND delivery.not_before IS NOT NULL")
_IN_DOUBT = text("delivery.state in ('sending', 'unknown')")

# A row's number is known only after it was written, so what is sealed in it is bound to its cause.
SECRET_LABEL = label_of(Delivery, "secret_values")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this process may now send, with what it needs to be sent."""

    id: int
    cause: str
    cause_id: uuid.UUID
    channel: str
    sender: str
    language: str
    priority: int
    turn: int
    attempt: int
    text_key: str | None
    text_values: Mapping[str, str] | None
    secret_values: SealedBytes | None
    expires_at: datetime
    created_at: datetime
    follows_id: int | None
    address_id: uuid.UUID
    address_value: bytes
    window_from: datetime | None
    written_to: str | None

    @property
    def order(self) -> tuple[int, int, int]:
        """Where it stands in its lane."""
        return self.priority, self.turn, self.id


def add_message(
    session: Session,
    *,
    cause: str,
    cause_id: uuid.UUID,
    address: Address,
    language: str,
    channel: str,
    text_key: str,
    text_values: Mapping[str, str],
    now: datetime,
    secret_values: Mapping[str, str] | None = None,
    life: timedelta = ANSWER_LIFE,
    sender: str | None = None,
) -> Delivery:
    """Write one row for an answer or a notice. A second one for the same cause is a database error.

    `sender` is the number of ours that it should leave from, if that is still ours.

    What nobody may read in the database, such as a code or a coordinator's words, goes into `secret_values`.
    """
    row = Delivery(
        cause=cause,
        cause_id=cause_id,
        person_id=address.person_id,
        address_id=address.id,
        channel=channel,
        sender=channels.sender_of(address, channel, sender),
        language=language,
        priority=PRIORITY_ANSWER,
        text_key=text_key,
        text_values=dict(text_values),
        expires_at=now + life,
        created_at=now,
        updated_at=now,
    )
    if secret_values:
        secret = json.dumps(secret_values)
        row.secret_values = vault_of(session).seal(SECRET_LABEL, cause_id, secret)
    session.add(row)
    return row


def claim(
    session: Session, channel: str, sender: str, limit: int, now: datetime, *, above: int | None = None
) -> list[Claimed]:
    """Take up to `limit` rows of a lane for sending: urgent first, then answers, then info, then by turn.

    `above` leaves out this priority and what comes after it. The caller commits before anything is handed over, so
    that a crash leaves the row in `sending`.
    """
    waiting = _waiting(channel, sender)
    if above is not None:
        waiting = and_(waiting, Delivery.priority < above)
    # As a CTE: PostgreSQL may run a subquery with a limit and locks more than once, and take too many.
    ready = (
        select(Delivery.id)
        .where(waiting)
        .order_by(Delivery.priority, Delivery.turn, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
        .cte("ready")
    )
    climbs = and_(
        Delivery.cause == "alert", Delivery.channel == WHATSAPP, Delivery.priority == PRIORITY_URGENT
    )
    taken = session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(select(ready.c.id)), Delivery.state == "queued")
        .values(
            state="sending",
            rank=RANKS["sending"],
            claimed_at=now,
            missed_at=None,
            by_form=False,
            climb_at=case((climbs, literal(now + CLIMB_AFTER, Moment)), else_=None),
            updated_at=now,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    return load(session, taken)


_LOADED = (
    *(Delivery.id, Delivery.cause, Delivery.cause_id, Delivery.channel, Delivery.sender, Delivery.language),
    *(Delivery.priority, Delivery.turn, Delivery.attempt, Delivery.text_key, Delivery.text_values),
    *(Delivery.secret_values, Delivery.expires_at, Delivery.created_at, Delivery.follows_id),
    *(Delivery.address_id, Address.value, Address.window_from, Address.written_to),
)


def load(session: Session, ids: Iterable[int]) -> list[Claimed]:
    """Return what is needed to send the rows with these ids, in the order of sending."""
    wanted = list(ids)
    if not wanted:
        return []
    rows: Iterable[Sequence[Any]] = session.execute(
        select(*_LOADED)
        .join(Address, Address.id == Delivery.address_id)
        .where(Delivery.id.in_(wanted))
        .order_by(Delivery.priority, Delivery.turn, Delivery.id)
    )
    return [Claimed(*row) for row in rows]


def first_priority(channel: str, sender: str) -> ScalarSelect[int]:
    """Return the query for the priority of the first row that waits in a lane: null when none does."""
    return (
        select(Delivery.priority)
        .where(_waiting(channel, sender))
        .order_by(Delivery.priority)
        .limit(1)
        .scalar_subquery()
    )


def first_held() -> ScalarSelect[datetime | None]:
    """Return the query for the moment when the first of the rows that are held may go: null when none is."""
    return select(Delivery.not_before).where(_HELD).order_by(Delivery.not_before).limit(1).scalar_subquery()


def let_go(session: Session, now: datetime) -> int:
    """Let the rows go that were held until now."""
    return _changed(
        session.execute(
            update(Delivery)
            .where(_HELD, Delivery.not_before <= now)
            .values(not_before=None, updated_at=now)
            .execution_options(synchronize_session=False)
        )
    )


def adopt(session: Session, channel: str, senders: Sequence[str]) -> int:
    """Give rows that wait for a number which is not ours any more to one that is. Returns how many."""
    return _changed(
        session.execute(
            update(Delivery)
            .where(QUEUED, Delivery.channel == channel, Delivery.sender.not_in(list(senders)))
            .values(sender=senders[0])
            .execution_options(synchronize_session=False)
        )
    )


def left_meanwhile(session: Session, ids: Collection[int]) -> set[int]:
    """Return which of these rows are for somebody who left or said STOP after they were written.

    Answers go all the same.
    """
    theirs = Membership.person_id == Delivery.person_id
    still_in = exists().where(theirs, Membership.group_id == Alert.group_id, Membership.state == "active")
    stopped = exists().where(Person.id == Delivery.person_id, Person.stopped_at >= Delivery.created_at)
    return set(
        session.scalars(
            select(Delivery.id)
            .outerjoin(Alert, and_(Delivery.cause == "alert", Alert.id == Delivery.cause_id))
            .where(
                Delivery.id.in_(ids),
                or_(and_(Delivery.cause == "alert", ~still_in), and_(Delivery.cause != "answer", stopped)),
            )
        )
    )


def called_off(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Return why rows may not leave any more: their alert was called off, or is info of a suspended group.

    Waits for whoever calls the alert off in this moment. What is claimed is then either known to them as handed
    over, or called off here.
    """
    if not ids:
        return {}
    suspended = and_(Alert.kind == "info", Group.state.in_(("suspended", "closed")))
    found = session.execute(
        select(Delivery.id, Alert.called_off, case((suspended, "suspended")))
        .join(Alert, and_(Delivery.cause == "alert", Alert.id == Delivery.cause_id))
        .join(Group, Group.id == Alert.group_id)
        .where(Delivery.id.in_(ids))
        .with_for_update(read=True, of=Alert)
    )
    return {row_id: why for row_id, alert, group in found if (why := alert or group)}


def standing_of_originals(session: Session, ids: Collection[int]) -> dict[int, set[str]]:
    """Return the states of the copies that these rows follow: all copies that their person has of the first alert.

    `unproved` stands for one that was given up without anybody knowing whether it arrived.
    """
    if not ids:
        return {}
    original, copy = aliased(Delivery), aliased(Delivery)
    state = case((_unproved(copy), "unproved"), else_=copy.state)
    found = session.execute(
        select(Delivery.id, state)
        .join(original, original.id == Delivery.follows_id)
        .join(
            copy,
            and_(
                copy.cause == original.cause,
                copy.cause_id == original.cause_id,
                copy.address_id == original.address_id,
            ),
        )
        .where(Delivery.id.in_(ids))
    )
    states: dict[int, set[str]] = {}
    for row_id, stands in found:
        states.setdefault(row_id, set()).add(stands)
    return states


def handed_over() -> ColumnElement[bool]:
    """Return a SQL expression: whether the provider has a row's message, or may have it."""
    on_its_way = Delivery.state.in_(("sending", "unknown", "accepted", "sent", "delivered", "read"))
    return or_(on_its_way, _unproved(Delivery))


def _unproved(row: Any) -> ColumnElement[bool]:
    return and_(row.state == "failed", row.reason == "unknown")


def delivered_already(session: Session, ids: Collection[int]) -> set[int]:
    """Return which of these rows are for somebody who has the same by the other channel, delivered or read."""
    other = aliased(Delivery)
    has_it = exists().where(
        other.cause == Delivery.cause,
        other.cause_id == Delivery.cause_id,
        other.address_id == Delivery.address_id,
        other.id != Delivery.id,
        other.state.in_(("delivered", "read")),
    )
    return set(session.scalars(select(Delivery.id).where(Delivery.id.in_(ids), has_it)))


def note_forms(session: Session, ids: Collection[int]) -> None:
    """Note of rows of this very transaction's claim that they go as an approved form, outside the window."""
    if ids:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(list(ids)))
            .values(by_form=True)
            .execution_options(synchronize_session=False)
        )


def put_back(session: Session, ids: Collection[int], claimed_at: datetime, now: datetime) -> int:
    """Return rows of one claim that surely were not handed over to the queue.

    Rows that somebody else claimed since then stay with them: they may be on their way.
    """
    return _move(
        session, ids, "queued", now, from_states=("sending", "unknown"), of_claim=claimed_at, claimed_at=None,
        climb_at=None,
    )


def hold(session: Session, ids: Collection[int], until: datetime, now: datetime) -> int:
    """Return rows of this very transaction's claim to the queue, to be claimed again from a moment on."""
    return _move(
        session, ids, "queued", now, from_states=("sending",), claimed_at=None, climb_at=None, not_before=until
    )


def send_again(session: Session, ids: Collection[int], not_before: datetime | None, now: datetime) -> int:
    """Queue rows once more whose message surely did not arrive: the next attempt, which old receipts cannot end."""
    return _move(
        session,
        ids,
        "queued",
        now,
        from_states=("sending", "unknown", "undelivered", "failed"),
        attempt=Delivery.attempt + 1,
        reason=None,
        provider_id=None,
        claimed_at=None,
        missed_at=None,
        climb_at=None,
        accepted_at=None,
        sent_at=None,
        not_before=not_before,
    )


def mark_unknown(session: Session, ids: Collection[int], now: datetime) -> int:
    """Say of claimed rows that nobody can tell whether the provider took them."""
    return _move(session, ids, "unknown", now, from_states=("sending",))


def mark_missed(session: Session, ids: Collection[int], claimed_at: datetime, now: datetime) -> int:
    """Note that the provider's books did not show rows of one claim: the first of two looks before sending again."""
    return _move(
        session, ids, "unknown", now, from_states=("sending", "unknown"), of_claim=claimed_at, missed_at=now
    )


def end(session: Session, ids: Collection[int], state: str, reason: str, now: datetime) -> int:
    """End rows that were never handed over, for a reason that the board shows."""
    return _move(
        session, ids, state, now, from_states=("queued", "sending", "unknown"), reason=reason
    )


def skip_person(session: Session, person_id: uuid.UUID, reason: str, now: datetime) -> int:
    """End everything that still waits for a person, except answers to them."""
    return _end_waiting(session, "skipped", reason, now, Delivery.person_id == person_id, Delivery.cause != "answer")


def skip_in_group(session: Session, person_id: uuid.UUID, group_id: uuid.UUID, reason: str, now: datetime) -> int:
    """End a group's alerts that still wait for a person who may not get them any more."""
    of_group = _of_alerts(Alert.group_id == group_id)
    return _end_waiting(session, "skipped", reason, now, Delivery.person_id == person_id, of_group)


def cancel_info(session: Session, group_id: uuid.UUID, reason: str, now: datetime) -> int:
    """Call off what still waits of a group's info. Urgent alerts go on: somebody may need them."""
    return _end_waiting(
        session, "cancelled", reason, now, _of_alerts(Alert.group_id == group_id, Alert.kind == "info")
    )


def cancel_notice(session: Session, notice_id: uuid.UUID, reason: str, now: datetime) -> int:
    """Call off what still waits of a notice to many."""
    return _end_waiting(session, "cancelled", reason, now, Delivery.cause == "notice", Delivery.cause_id == notice_id)


def call_off(session: Session, alert_id: uuid.UUID, reason: str, now: datetime) -> int:
    """Let no further copy of an alert leave, and end those that wait. Returns how many were ended.

    The caller holds the alert. What somebody is claiming in this moment is left to them: they see `called_off`.
    """
    session.execute(
        update(Alert)
        .where(Alert.id == alert_id, Alert.called_off.is_(None))
        .values(called_off=reason)
        .execution_options(synchronize_session="fetch")
    )
    waiting = select(Delivery.id).where(
        Delivery.cause == "alert", Delivery.cause_id == alert_id, Delivery.state == "queued"
    )
    free = waiting.with_for_update(skip_locked=True, key_share=True)
    return _end_waiting(session, "cancelled", reason, now, Delivery.id.in_(free))


def expire(session: Session, now: datetime) -> int:
    """End rows whose time is over: queued ones as expired, doubtful ones as failed without proof."""
    waiting = update(Delivery).where(QUEUED, Delivery.expires_at <= now)
    doubtful = update(Delivery).where(
        _IN_DOUBT,
        Delivery.expires_at <= now,
        Delivery.claimed_at <= now - timedelta(minutes=2),
    )
    ended = _changed(
        session.execute(
            waiting.values(
                state="expired", rank=RANKS["expired"], reason="expired", updated_at=now
            ).execution_options(synchronize_session=False)
        )
    )
    return ended + _changed(
        session.execute(
            # Rank 1 is kept on purpose: a late callback still proves what happened.
            doubtful.values(state="failed", reason="unknown", updated_at=now).execution_options(
                synchronize_session=False
            )
        )
    )


def in_doubt(
    session: Session, claimed_before: datetime, missed_before: datetime, limit: int
) -> list[tuple[Claimed, datetime, datetime | None]]:
    """Return rows claimed before a moment that have no proof yet: (row, claimed at, first missed at).

    Those that were looked for and missed after `missed_before` are left out: others must not wait for them.
    """
    found = session.execute(
        select(Delivery.id, Delivery.claimed_at, Delivery.missed_at)
        .where(
            _IN_DOUBT,
            Delivery.claimed_at <= claimed_before,
            or_(Delivery.missed_at.is_(None), Delivery.missed_at <= missed_before),
        )
        .order_by(Delivery.claimed_at, Delivery.id)
        .limit(limit)
    ).all()
    rows = {row.id: row for row in load(session, [row_id for row_id, _, _ in found])}
    return [(rows[row_id], claimed_at, missed_at) for row_id, claimed_at, missed_at in found if claimed_at]


def in_doubt_beside(session: Session, ids: Collection[int]) -> dict[int, list[Claimed]]:
    """Return, for each of these rows, the other rows without proof that went to the same address by the same channel.

    Also those that were given up: what the provider's books show may be theirs.
    """
    if not ids:
        return {}
    other = aliased(Delivery)
    pairs = session.execute(
        select(Delivery.id, other.id)
        .join(
            other,
            and_(
                other.address_id == Delivery.address_id, other.channel == Delivery.channel, other.id != Delivery.id
            ),
        )
        .where(Delivery.id.in_(ids), or_(other.state.in_(("sending", "unknown")), _unproved(other)))
    ).all()
    rows = {row.id: row for row in load(session, {other_id for _, other_id in pairs})}
    beside: dict[int, list[Claimed]] = {}
    for row_id, other_id in pairs:
        beside.setdefault(row_id, []).append(rows[other_id])
    return beside


def _waiting(channel: str, sender: str) -> ColumnElement[bool]:
    """Whether a row of a lane may be claimed. What is held is let go first, and what expired ends when claimed."""
    return and_(_READY, Delivery.channel == channel, Delivery.sender == sender)


def _of_alerts(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(Delivery.cause == "alert", Delivery.cause_id.in_(select(Alert.id).where(*which)))


def _end_waiting(session: Session, state: str, reason: str, now: datetime, *which: ColumnElement[bool]) -> int:
    """End rows that nobody has claimed."""
    return _changed(
        session.execute(
            update(Delivery)
            .where(Delivery.state == "queued", *which)
            .values(state=state, rank=RANKS[state], reason=reason, updated_at=now)
            .execution_options(synchronize_session=False)
        )
    )


def _move(
    session: Session,
    ids: Collection[int],
    state: str,
    now: datetime,
    *,
    from_states: Sequence[str],
    of_claim: datetime | None = None,
    **values: object,
) -> int:
    if not ids:
        return 0
    same_claim = [] if of_claim is None else [Delivery.claimed_at == of_claim]
    return _changed(
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(list(ids)), Delivery.state.in_(from_states), *same_claim)
            .values(state=state, rank=RANKS[state], updated_at=now, **values)
            .execution_options(synchronize_session=False)
        )
    )


def _changed(result: Any) -> int:
    assert isinstance(result, CursorResult)
    return result.rowcount
