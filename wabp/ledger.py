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

from sqlalchemy import ColumnElement, CursorResult, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from wabp.models import Address, Alert, Delivery, Group, Membership, Person, vault_of
from wabp.models.base import label_of
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

# How long an answer to somebody who waits for it is worth sending, and how long a notice is.
ANSWER_LIFE = timedelta(hours=1)
NOTICE_LIFE = timedelta(hours=24)


# A row's number is known only after it was written, so what is sealed in it is bound to its cause.
SECRET_LABEL = label_of(Delivery, "secret_values")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this process may now send, with what it needs to be sent."""

    id: int
    cause: str
    cause_id: uuid.UUID
    channel: str
    language: str
    text_key: str | None
    text_values: Mapping[str, str]
    secret_values: SealedBytes | None
    expires_at: datetime
    address_id: uuid.UUID
    address_value: bytes
    window_from: datetime | None


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
) -> Delivery:
    """Write one row for an answer or a notice. A second one for the same cause is a database error.

    What nobody may read in the database, such as a code or a coordinator's words, goes into `secret_values`.
    """
    row = Delivery(
        cause=cause,
        cause_id=cause_id,
        person_id=address.person_id,
        address_id=address.id,
        channel=channel,
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


def claim(session: Session, channel: str, limit: int, now: datetime) -> list[Claimed]:
    """Take up to `limit` rows for sending: urgent first, then answers, then info, oldest first.

    The caller commits before anything is handed over, so that a crash leaves the row in `sending`.
    """
    # As a CTE: PostgreSQL may run a subquery with a limit and locks more than once, and take too many.
    ready = (
        select(Delivery.id)
        .where(_waiting(channel, now))
        .order_by(Delivery.priority, Delivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("ready")
    )
    taken = session.scalars(
        update(Delivery)
        .where(Delivery.id.in_(select(ready.c.id)), Delivery.state == "queued")
        .values(state="sending", rank=RANKS["sending"], claimed_at=now, missed_at=None, updated_at=now)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    return load(session, taken)


def load(session: Session, ids: Iterable[int]) -> list[Claimed]:
    """Return what is needed to send the rows with these ids, in the order of sending."""
    wanted = list(ids)
    if not wanted:
        return []
    rows = session.execute(
        select(
            Delivery.id,
            Delivery.cause,
            Delivery.cause_id,
            Delivery.channel,
            Delivery.language,
            Delivery.text_key,
            Delivery.text_values,
            Delivery.secret_values,
            Delivery.expires_at,
            Delivery.address_id,
            Address.value,
            Address.window_from,
        )
        .join(Address, Address.id == Delivery.address_id)
        .where(Delivery.id.in_(wanted))
        .order_by(Delivery.priority, Delivery.id)
    )
    return [
        Claimed(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6] or {}, row[7], row[8], row[9], row[10], row[11]
        )
        for row in rows
    ]


def something_waits(session: Session, channel: str, now: datetime) -> bool:
    """Tell whether a claim would find anything."""
    query = select(Delivery.id).where(_waiting(channel, now))
    return session.execute(query.limit(1)).first() is not None


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


def called_off(session: Session, ids: Collection[int]) -> set[int]:
    """Return which of these rows are info of a group that was suspended after they were written."""
    return set(
        session.scalars(
            select(Delivery.id)
            .join(Alert, and_(Delivery.cause == "alert", Alert.id == Delivery.cause_id))
            .join(Group, Group.id == Alert.group_id)
            .where(Delivery.id.in_(ids), Alert.kind == "info", Group.state.in_(("suspended", "closed")))
        )
    )


def put_back(session: Session, ids: Collection[int], claimed_at: datetime, now: datetime) -> int:
    """Return rows of one claim that surely were not handed over to the queue.

    Rows that somebody else claimed since then stay with them: they may be on their way.
    """
    return _move(
        session, ids, "queued", now, from_states=("sending", "unknown"), of_claim=claimed_at, claimed_at=None
    )


def hold(session: Session, ids: Collection[int], until: datetime, now: datetime) -> int:
    """Return rows of this very transaction's claim to the queue, to be claimed again from a moment on."""
    return _move(session, ids, "queued", now, from_states=("sending",), claimed_at=None, not_before=until)


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


def expire(session: Session, now: datetime) -> int:
    """End rows whose time is over: queued ones as expired, doubtful ones as failed without proof."""
    waiting = update(Delivery).where(Delivery.state == "queued", Delivery.expires_at <= now)
    doubtful = update(Delivery).where(
        Delivery.state.in_(("sending", "unknown")),
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


def in_doubt(session: Session, claimed_before: datetime, limit: int) -> list[tuple[Claimed, datetime, datetime | None]]:
    """Return rows claimed before a moment that have no proof yet: (row, claimed at, first missed at)."""
    found = session.execute(
        select(Delivery.id, Delivery.claimed_at, Delivery.missed_at)
        .where(Delivery.state.in_(("sending", "unknown")), Delivery.claimed_at <= claimed_before)
        .order_by(Delivery.claimed_at, Delivery.id)
        .limit(limit)
    ).all()
    rows = {row.id: row for row in load(session, [row_id for row_id, _, _ in found])}
    return [(rows[row_id], claimed_at, missed_at) for row_id, claimed_at, missed_at in found if claimed_at]


def _waiting(channel: str, now: datetime) -> ColumnElement[bool]:
    """Whether a row of a channel may be claimed now."""
    return and_(
        Delivery.state == "queued",
        Delivery.channel == channel,
        Delivery.expires_at > now,
        or_(Delivery.not_before.is_(None), Delivery.not_before <= now),
    )


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
