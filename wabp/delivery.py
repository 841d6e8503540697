"""Delivery: from the ledger to the provider and back. The only module that calls `Gateway.send`.

The worker runs it in steps, each with its own short transaction, and none open during a provider call:

    claim → commit → hand_over → record → commit        rows of one lane that wait
    doubts → (closed) → look → settle → commit          rows whose hand-over nobody can prove: `wabp.doubts`
    apply → commit                                      receipts that came in
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wabp import addressing, lanes, ledger, messages, proofs, reactions, segments
from wabp.gateway import SMS, Accepted, Gateway, NotNow, Outcome, Outgoing, Refused, Unknown, trouble
from wabp.gateway.inbound import Receipt
from wabp.lanes import LaneName
from wabp.models import Delivery

log = logging.getLogger(__name__)

# A process that was frozen must not hand over rows that another has taken for lost meanwhile.
_CLAIM_HOLDS_SECONDS = 20.0
# A correction waits until its original was sent, so as not to overtake it, but no longer than this (R11).
_FOLLOW_WITHIN, _LOOK_AGAIN = timedelta(seconds=60), timedelta(seconds=1)
# Where the copies stand that a correction follows: it may go, or waits, or there is nobody to correct anything for.
_GOT = frozenset({"sent", "delivered", "read", "unproved"})
_ON_ITS_WAY = frozenset({"accepted", "sending", "unknown"})
# A row whose message cannot be put together is tried again after this long; the others do not wait for it.
_MEND_WITHIN = timedelta(minutes=1)

# Counts on while the machine sleeps, where the system has such a clock.
_BOOT_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Claim:
    """One message that this process may hand over. `order` is its place in the lane, the least goes first.

    `cost` is 1, or the segments of an SMS. `claimed_at` is what the row says, `started` the reading of a clock that
    nobody sets.
    """

    message: Outgoing
    order: tuple[int, int, int]
    cost: int
    claimed_at: datetime
    started: float

    @property
    def is_fresh(self) -> bool:
        """Whether nobody else can have taken the row for lost yet, and it is not over."""
        age = time.clock_gettime(_BOOT_CLOCK) - self.started
        return age <= min(_CLAIM_HOLDS_SECONDS, self.message.validity_seconds)


# What became of each message of some claims.
Outcomes = Sequence[tuple[Claim, Outcome]]


def claim(
    session: Session,
    sending: messages.Sending,
    lane: LaneName,
    limit: int,
    now: datetime,
    *,
    above: int | None = None,
) -> list[Claim]:
    """Claim up to `limit` rows of a lane and compose their messages. The caller commits, then hands over.

    `above` leaves out rows of this priority and later ones.
    """
    started = time.clock_gettime(_BOOT_CLOCK)
    rows = ledger.claim(session, lane.channel, lane.sender, limit, now, above=above)
    composer = messages.Composer(session, sending, now)
    going = _in_turn(session, _still_wanted(session, rows, now), now)
    moved, formless_until = _without_form(session, composer, lane, going, now)
    ready, too_late, not_here = [], [], []
    later: dict[datetime, list[int]] = {}
    for row in going:
        if row.id in moved:
            continue
        if not composer.may_write_to(row):
            not_here.append(row.id)
        elif (row.expires_at - now).total_seconds() < messages.SHORTEST_LIFE:
            too_late.append(row.id)
        elif morning := composer.asleep_until(row):
            later.setdefault(morning, []).append(row.id)
        elif formless_until is not None and composer.needs_form(row):
            later.setdefault(formless_until, []).append(row.id)
        elif message := composer.try_message(row):
            ready.append(Claim(message, row.order, _cost(message), now, started))
        else:
            later.setdefault(now + _MEND_WITHIN, []).append(row.id)
    ledger.end(session, too_late, "expired", "expired", now)
    ledger.end(session, not_here, "skipped", "demo", now)
    for moment, ids in later.items():
        ledger.hold(session, ids, moment, now)
    ledger.note_forms(session, [claim.message.delivery_id for claim in ready if claim.message.content_sid])
    return ready


async def hand_over(gateway: Gateway, claim: Claim) -> Outcome:
    """Hand one committed claim to the provider. No session may be open."""
    if not claim.is_fresh:
        return NotNow(0)
    try:
        return await gateway.send(claim.message)
    except Exception:
        # A gateway promises never to raise. When it does, the message may be gone all the same.
        log.exception("the gateway raised", extra={"delivery": claim.message.delivery_id})
        return Unknown()


def record(session: Session, outcomes: Outcomes, now: datetime) -> None:
    """Write down what became of messages."""
    proved: list[proofs.Proof] = []
    back: dict[datetime, list[int]] = {}
    refused: dict[datetime, list[tuple[Outgoing, Refused]]] = {}
    unknown: list[int] = []
    for claim, outcome in outcomes:
        message = claim.message
        if isinstance(outcome, Accepted):
            proved.append(proofs.Proof(message.delivery_id, message.attempt, outcome.provider_id, outcome.status))
        elif isinstance(outcome, Refused):
            refused.setdefault(claim.claimed_at, []).append((message, outcome))
        elif isinstance(outcome, NotNow):
            back.setdefault(claim.claimed_at, []).append(message.delivery_id)
        else:
            unknown.append(message.delivery_id)
    _apply(session, proved, now)
    for claimed_at, ids in back.items():
        ledger.put_back(session, ids, claimed_at, now)
    for claimed_at, refusals in refused.items():
        reactions.refused(session, refusals, claimed_at, now)
    ledger.mark_unknown(session, unknown, now)


def apply(session: Session, receipts: Sequence[tuple[int, int, Receipt]], now: datetime) -> None:
    """Raise rows by receipts: (row, attempt, receipt). Both came back under our own MAC, so the row is proved."""
    _apply(
        session,
        [
            proofs.Proof(row_id, attempt, receipt.provider_id, receipt.status, receipt.error_code)
            for row_id, attempt, receipt in receipts
        ],
        now,
    )


def went_through(outcome: Outcome) -> bool:
    """Tell whether the provider took a message: then nothing stands in a lane's way."""
    return isinstance(outcome, Accepted)


def shuts(outcome: Outcome) -> bool:
    """Tell whether the provider says that nothing goes by this lane, or by any."""
    return isinstance(outcome, Refused) and trouble.of(outcome.code, outcome.http_status).stops is not None


def _without_form(
    session: Session, composer: messages.Composer, lane: LaneName, rows: Sequence[ledger.Claimed], now: datetime
) -> tuple[set[int], datetime | None]:
    """Let rows go by SMS that would need an approved form which there is none of, or which may reach nobody now.

    Returns which, and until when the others that need one have to wait.
    """
    again_at = lanes.forms_again_at(session, lane)
    until = again_at if again_at is not None and again_at > now else None
    formless = [row.id for row in rows if composer.needs_form(row) and (until or not composer.has_form(row))]
    moved = addressing.move_to_sms(session, Delivery.id.in_(formless), "sending", now=now) if formless else set()
    return moved, until


def _apply(session: Session, proved: Sequence[proofs.Proof], now: datetime) -> None:
    reactions.ended(session, proofs.raise_states(session, proved, now), now)


def _still_wanted(session: Session, rows: Sequence[ledger.Claimed], now: datetime) -> list[ledger.Claimed]:
    """End what nobody should get any more, and return the others."""
    claimed = [row.id for row in rows]
    gone, called_off = ledger.left_meanwhile(session, claimed), ledger.called_off(session, claimed)
    has_it = ledger.delivered_already(session, claimed)
    ledger.end(session, gone, "skipped", "stopped", now)
    for why in {*called_off.values()}:
        ledger.end(session, [row_id for row_id in called_off if called_off[row_id] == why], "cancelled", why, now)
    ledger.end(session, has_it, "skipped", "has_it", now)
    return [row for row in rows if not (row.id in gone or row.id in called_off or row.id in has_it)]


def _in_turn(session: Session, rows: Sequence[ledger.Claimed], now: datetime) -> list[ledger.Claimed]:
    """Hold corrections whose original is still on its way, end those that correct nothing, return the others."""
    originals = ledger.standing_of_originals(session, [row.id for row in rows if row.follows_id is not None])
    unheard = {row_id for row_id, states in originals.items() if states.isdisjoint(_GOT | _ON_ITS_WAY)}
    early = {row.id for row in rows if now < row.created_at + _FOLLOW_WITHIN}
    waiting = {row_id for row_id, states in originals.items() if states.isdisjoint(_GOT)} & early - unheard
    ledger.end(session, unheard, "cancelled", "not_reached", now)
    ledger.hold(session, waiting, now + _LOOK_AGAIN, now)
    return [row for row in rows if row.id not in unheard and row.id not in waiting]


def _cost(message: Outgoing) -> int:
    return segments.count(message.body or "").parts if message.channel == SMS else 1
