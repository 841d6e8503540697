"""The ladder: from WhatsApp to SMS, for urgent alerts that nothing says were delivered in time (R6).

    due → (closed) → ask → settle → commit

The provider is asked first, with no session open. What it says was delivered stays on WhatsApp; anything else goes by
SMS as well, once, and so it does when the provider cannot be asked. Nothing here sends.
"""

import asyncio
import logging
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, select, update
from sqlalchemy.orm import Session, aliased

from wabp import addressing, channels, doubts, groups, ledger, messages, proofs, reactions
from wabp.doubts import Doubt, Looks
from wabp.gateway import SMS, CannotAsk, Gateway
from wabp.gateway.inbound import Receipt
from wabp.models import Address, Alert, Delivery, Person

log = logging.getLogger(__name__)

Reply = TypeVar("Reply")

# How many rows are asked about at a time.
CHUNK = 200
# No more questions at once than a provider answers without complaint, and no longer for a chunk than this: what has no
# answer by then climbs, as somebody waits for the alert.
_QUESTIONS_AT_ONCE = 32
_ANSWER_WITHIN_SECONDS = 10.0

_UNDERWAY = ("sending", "unknown", "accepted", "sent")
# Why a row stays on WhatsApp. The board says these in words; where all is over there is nothing to say.
_OVER, _NO_SMS, _SMS_STOPPED, _NIGHT = "over", "no_sms", "sms_stopped", "night"


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt of a row of which the provider's id is known."""

    row_id: int
    attempt: int
    provider_id: str


@dataclass(frozen=True)
class Due:
    """Rows whose time to be delivered is over.

    `sent` and `in_doubt` are asked about; of `unaskable` ones no message could be put together. `staying` do not
    climb, for a reason.
    """

    sent: list[Sent] = field(default_factory=list)
    in_doubt: list[Doubt] = field(default_factory=list)
    unaskable: list[int] = field(default_factory=list)
    staying: dict[int, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.may_climb or self.staying)

    @property
    def may_climb(self) -> list[int]:
        """All rows that climb unless the provider says that they were delivered."""
        doubtful = [doubt.message.delivery_id for doubt in self.in_doubt]
        return [*(sent.row_id for sent in self.sent), *doubtful, *self.unaskable]


@dataclass(frozen=True)
class Answers:
    """What the provider said of the rows that are due: None where it could not be asked."""

    due: Due
    receipts: Sequence[tuple[Sent, Receipt | None]]
    looks: Looks


def due(session: Session, sending: messages.Sending, now: datetime) -> Due:
    """Return the first rows for which it is time to ask, at most `CHUNK`."""
    found = session.execute(
        _over_time(session, now)
        .add_columns(Delivery.attempt, Delivery.provider_id, Delivery.claimed_at, Person.quiet_at_night, Alert)
        .join(Person, Person.id == Delivery.person_id)
        .order_by(Delivery.climb_at, Delivery.id)
        .limit(CHUNK)
    ).all()
    result = Due()
    doubtful: dict[int, datetime] = {}
    for row in found:
        if row.hindrance is None and row.quiet_at_night and groups.night_until(row.Alert.group, now):
            result.staying[row.id] = _NIGHT
        elif row.hindrance is not None:
            result.staying[row.id] = row.hindrance
        elif row.provider_id is not None:
            result.sent.append(Sent(row.id, row.attempt, row.provider_id))
        else:
            doubtful[row.id] = row.claimed_at
    composer = messages.Composer(session, sending, now)
    in_doubt = []
    for claimed in ledger.load(session, doubtful):
        message = composer.try_message(claimed)
        if message is None:
            result.unaskable.append(claimed.id)
        else:
            in_doubt.append(Doubt(message, doubtful[claimed.id], None))
    result.in_doubt.extend(doubts.beside_others(session, composer, in_doubt))
    return result


async def ask(gateway: Gateway, due: Due) -> Answers:
    """Ask the provider how each row stands. Never raises: what cannot be asked climbs."""
    deadline = asyncio.get_running_loop().time() + _ANSWER_WITHIN_SECONDS
    places = asyncio.Semaphore(_QUESTIONS_AT_ONCE)

    async def one(sent: Sent) -> Receipt:
        async with places:
            return await gateway.ask(sent.provider_id)

    receipts = (_answer(one(sent), deadline, sent.row_id) for sent in due.sent)
    books = _answer(doubts.look(gateway, due.in_doubt), deadline)
    said, looks = await asyncio.gather(asyncio.gather(*receipts), books)
    return Answers(due, list(zip(due.sent, said, strict=True)), looks or ())


def settle(session: Session, answers: Answers, now: datetime) -> int:
    """Write an SMS for every row that the provider does not call delivered. Returns how many rows are done with.

    Rows that moved on meanwhile, or that somebody else writes at this moment, are left alone: what still has to be
    done about these is done the next time.
    """
    due = answers.due
    held = _hold(session, {*due.may_climb, *due.staying}, now)
    proved = [
        proofs.Proof(sent.row_id, sent.attempt, receipt.provider_id, receipt.status, receipt.error_code)
        for sent, receipt in answers.receipts
        if receipt is not None
    ] + doubts.found_in_books(session, answers.looks)
    ours = [proof for proof in proved if proof.row_id in held]
    reactions.ended(session, proofs.raise_states(session, ours, now), now)
    climbing = _still_climbing(session, held.intersection(due.may_climb), now)
    addressing.write_by_sms(session, climbing, now=now)
    _note(session, {row_id: reason for row_id, reason in due.staying.items() if row_id in held}, now)
    _clear(session, held)
    if climbing:
        log.info("climbed to SMS", extra={"count": len(climbing)})
    return len(held)


async def _answer(question: Awaitable[Reply], deadline: float, row_id: int | None = None) -> Reply | None:
    """Return the answer to one question; None when there is none in time.

    One that cannot be read must not keep the alert from all the others.
    """
    try:
        async with asyncio.timeout_at(deadline):
            return await question
    except (CannotAsk, TimeoutError):
        return None
    except Exception:
        log.exception("the gateway raised", extra={"delivery": row_id})
        return None


def _over_time(session: Session, now: datetime) -> Select[int, str | None]:
    """Return the query for rows whose time to be delivered is over, each with what keeps it from climbing."""
    return (
        select(Delivery.id, _hindrance(session, now).label("hindrance"))
        .outerjoin(Alert, and_(Delivery.cause == "alert", Alert.id == Delivery.cause_id))
        .join(Address, Address.id == Delivery.address_id)
        .where(Delivery.climb_at <= now)
    )


def _hindrance(session: Session, now: datetime) -> ColumnElement[str | None]:
    """Return a SQL expression: why a row does not climb; null when nothing is in the way.

    An SMS that would arrive too late to be of use is not worth it.
    """
    lives = Delivery.expires_at >= now + timedelta(seconds=messages.SHORTEST_LIFE)
    climbs = and_(Delivery.state.in_(_UNDERWAY), lives, _goes_on())
    no_sender = literal(SMS not in channels.senders_of(session))
    return case(
        (climbs.is_not(True), _OVER),
        (Address.sms_stopped_at.is_not(None), _SMS_STOPPED),
        (no_sender | ~channels.takes_sms(), _NO_SMS),
        else_=None,
    )


def _goes_on() -> ColumnElement[bool]:
    """Whether an alert, or what follows one, is still the last that the street should know."""
    later = aliased(Alert)
    followed = exists().where(
        later.corrects_id == func.coalesce(Alert.corrects_id, Alert.id),
        later.state.in_(("released", "closed")),
        later.released_at > Alert.released_at,
    )
    return and_(Alert.state == "released", Alert.called_off.is_(None), ~followed)


def _hold(session: Session, row_ids: Collection[int], now: datetime) -> set[int]:
    """Take rows for this transaction: those that are still due and that nobody else writes now.

    Waiting for the others could end in a deadlock with receipts that come in.
    """
    wanted = select(Delivery.id).where(Delivery.id.in_(list(row_ids)), Delivery.climb_at <= now)
    return set(session.scalars(wanted.order_by(Delivery.id).with_for_update(skip_locked=True, key_share=True)))


def _still_climbing(session: Session, row_ids: Collection[int], now: datetime) -> list[int]:
    """Return which rows nothing keeps from climbing, now that the answers are in."""
    rows = session.execute(_over_time(session, now).where(Delivery.id.in_(list(row_ids)))).all()
    return [row.id for row in rows if row.hindrance is None]


def _note(session: Session, reasons: Mapping[int, str], now: datetime) -> None:
    """Note why rows stay on WhatsApp, for the board."""
    for reason in {*reasons.values()} - {_OVER}:
        ids = [row_id for row_id, why in reasons.items() if why == reason]
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(ids), Delivery.state.in_(_UNDERWAY))
            .values(reason=literal(reason), updated_at=now)
            .execution_options(synchronize_session=False)
        )


def _clear(session: Session, row_ids: Collection[int]) -> None:
    """Nothing asks about these rows again."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(list(row_ids)))
        .values(climb_at=None)
        .execution_options(synchronize_session=False)
    )
