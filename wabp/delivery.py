"""Delivery: from the ledger to the provider and back. The only module that calls `Gateway.send`.

The worker runs it in steps, each with its own short transaction, and none open during a provider call:

    claim → commit → hand_over → record → commit        a chunk of rows that wait
    doubts → (closed) → look → settle → commit          rows whose hand-over nobody can prove: `wabp.doubts`
    apply → commit                                      a receipt that came in
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wabp import ledger, messages, proofs, segments
from wabp.gateway import SMS, Accepted, Gateway, NotNow, Outcome, Outgoing, Refused, Unknown
from wabp.gateway.inbound import Receipt

log = logging.getLogger(__name__)

# A process that was frozen must not hand over rows that another has taken for lost meanwhile.
_CLAIM_HOLDS_SECONDS = 20.0
# A row whose message cannot be put together is tried again after this long; the others do not wait for it.
_MEND_WITHIN = timedelta(minutes=1)
# Refusals that say our account is shut out, not that a message is wrong: keep the queue, try again slowly.
_SHUT_OUT_CODES = frozenset({20003, 20005, 20404, 30002})
_SHUT_OUT_STATUS = 401
_SHUT_OUT_SECONDS = 30.0

# Counts on while the machine sleeps, where the system has such a clock.
_BOOT_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True)
class Chunk:
    """Rows claimed together, ready to hand over. `cost` is messages, or segments for SMS.

    `claimed_at` is what the rows say, `started` the reading of a clock that nobody sets.
    """

    messages: tuple[Outgoing, ...]
    cost: int
    claimed_at: datetime
    started: float


# What became of each row of a chunk, by its number.
Outcomes = Sequence[tuple[int, Outcome]]


def claim(session: Session, sending: messages.Sending, channel: str, limit: int, now: datetime) -> Chunk:
    """Claim up to `limit` rows of a channel and compose their messages. The caller commits, then hands over."""
    started = time.clock_gettime(_BOOT_CLOCK)
    rows = ledger.claim(session, channel, limit, now)
    claimed = [row.id for row in rows]
    gone, called_off = ledger.left_meanwhile(session, claimed), ledger.called_off(session, claimed)
    composer = messages.Composer(session, sending, now)
    ready, too_late, not_here = [], [], []
    later: dict[datetime, list[int]] = {}
    for row in rows:
        if row.id in gone or row.id in called_off:
            continue
        if not composer.may_write_to(row):
            not_here.append(row.id)
        elif (row.expires_at - now).total_seconds() < messages.SHORTEST_LIFE:
            too_late.append(row.id)
        elif morning := composer.asleep_until(row):
            later.setdefault(morning, []).append(row.id)
        elif message := composer.try_message(row):
            ready.append(message)
        else:
            later.setdefault(now + _MEND_WITHIN, []).append(row.id)
    ledger.end(session, gone, "skipped", "stopped", now)
    ledger.end(session, called_off - gone, "cancelled", "suspended", now)
    ledger.end(session, too_late, "expired", "expired", now)
    ledger.end(session, not_here, "skipped", "demo", now)
    for moment, ids in later.items():
        ledger.hold(session, ids, moment, now)
    return Chunk(tuple(ready), sum(map(_cost, ready)), now, started)


async def hand_over(gateway: Gateway, chunk: Chunk) -> Outcomes:
    """Hand a committed chunk to the provider, all at once. No session may be open."""

    async def one(message: Outgoing) -> tuple[int, Outcome]:
        if time.clock_gettime(_BOOT_CLOCK) - chunk.started > _CLAIM_HOLDS_SECONDS:
            return message.delivery_id, NotNow(0)
        try:
            return message.delivery_id, await gateway.send(message)
        except Exception:
            # A gateway promises never to raise. When it does, the rest of the chunk must not be in doubt too.
            log.exception("the gateway raised", extra={"delivery": message.delivery_id})
            return message.delivery_id, Unknown()

    return await asyncio.gather(*map(one, chunk.messages))


def record(session: Session, chunk: Chunk, outcomes: Outcomes, now: datetime) -> float:
    """Write down what became of a chunk. Returns how many seconds to leave the provider alone."""
    proved, back, unknown = [], [], []
    wait = 0.0
    for row_id, outcome in outcomes:
        if isinstance(outcome, Accepted):
            proved.append((row_id, outcome.provider_id, outcome.status, None))
        elif isinstance(outcome, Refused) and _shut_out(outcome):
            log.error("the provider shuts our account out", extra={"code": outcome.code})
            back.append(row_id)
            wait = max(wait, _SHUT_OUT_SECONDS)
        elif isinstance(outcome, Refused):
            reason = f"provider_{outcome.code or outcome.http_status}"
            ledger.end(session, [row_id], "failed", reason, now)
        elif isinstance(outcome, NotNow):
            back.append(row_id)
            wait = max(wait, outcome.wait_seconds)
        else:
            unknown.append(row_id)
    proofs.raise_states(session, proved, now)
    ledger.put_back(session, back, chunk.claimed_at, now)
    ledger.mark_unknown(session, unknown, now)
    return wait


def apply(session: Session, delivery_id: int, receipt: Receipt, now: datetime) -> None:
    """Raise a row by a receipt. The id came back under our own MAC, so the row is proved to be this one."""
    proofs.raise_states(
        session, [(delivery_id, receipt.provider_id, receipt.status, receipt.error_code)], now
    )


def _cost(message: Outgoing) -> int:
    return segments.count(message.body or "").parts if message.channel == SMS else 1


def _shut_out(refused: Refused) -> bool:
    return refused.code in _SHUT_OUT_CODES or refused.http_status == _SHUT_OUT_STATUS
