"""Delivery: from the ledger to the provider and back. The only module that calls `Gateway.send`.

The worker runs it in steps, each with its own short transaction, and none open during a provider call:

    claim → commit → hand_over → record → commit        a chunk of rows that wait
    doubts → (closed) → look → settle → commit          rows whose hand-over nobody can prove
    apply → commit                                      a receipt that came in

A row that was claimed and never proved is looked up in the provider's books from 60 seconds on. Only when
the books do not show it twice, 30 seconds apart, is it sent again (ADR 0002).
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from wabp import alerts, groups, ledger, rules, segments, texts
from wabp.gateway import (
    SMS,
    WHATSAPP,
    Accepted,
    CannotAsk,
    Gateway,
    NotNow,
    Outcome,
    Outgoing,
    Refused,
    Seen,
    Unknown,
)
from wabp.gateway.inbound import Receipt
from wabp.models import Address, Alert, Person, Template, vault_of
from wabp.models.base import label_of
from wabp.vault import Vault

log = logging.getLogger(__name__)

STATUS_HOOK = "/hooks/twilio/status"

# The provider takes 1 to 36,000 seconds; a message with less than 5 left would arrive too late.
_SHORTEST_LIFE = 5
_LONGEST_LIFE = 36_000

# A process that was frozen must not hand over rows that another has taken for lost meanwhile.
_CLAIM_HOLDS_SECONDS = 20.0
_LOOK_AFTER = timedelta(seconds=60)
_LOOK_AGAIN_AFTER = timedelta(seconds=30)
_LOOKS_AT_ONCE = 200

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


@dataclass(frozen=True)
class Doubt:
    """A row without proof, and what its message looked like."""

    message: Outgoing
    claimed_at: datetime
    missed_at: datetime | None


# What asking the provider about doubtful rows gave: None where it could not be asked.
Looks = Sequence[tuple[Doubt, Sequence[Seen] | None]]


@dataclass(frozen=True)
class Sending:
    """What delivery needs to know of this installation."""

    public_url: str
    demo_allowed: bool


def claim(session: Session, sending: Sending, channel: str, limit: int, now: datetime) -> Chunk:
    """Claim up to `limit` rows of a channel and compose their messages. The caller commits, then hands over."""
    started = time.clock_gettime(_BOOT_CLOCK)
    rows = ledger.claim(session, channel, limit, now)
    gone = ledger.left_meanwhile(session, [row.id for row in rows])
    composer = _Composer(session, sending, now)
    messages, too_late, not_here = [], [], []
    later: dict[datetime, list[int]] = {}
    for row in rows:
        if row.id in gone:
            continue
        if not composer.may_write_to(row):
            not_here.append(row.id)
        elif (row.expires_at - now).total_seconds() < _SHORTEST_LIFE:
            too_late.append(row.id)
        elif morning := composer.asleep_until(row):
            later.setdefault(morning, []).append(row.id)
        elif message := composer.try_message(row):
            messages.append(message)
        else:
            later.setdefault(now + _MEND_WITHIN, []).append(row.id)
    ledger.end(session, gone, "skipped", "stopped", now)
    ledger.end(session, too_late, "expired", "expired", now)
    ledger.end(session, not_here, "skipped", "demo", now)
    for moment, ids in later.items():
        ledger.hold(session, ids, moment, now)
    return Chunk(tuple(messages), sum(map(_cost, messages)), now, started)


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
    proofs, back, unknown = [], [], []
    wait = 0.0
    for row_id, outcome in outcomes:
        if isinstance(outcome, Accepted):
            proofs.append((row_id, outcome.provider_id, outcome.status, None))
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
    ledger.raise_states(session, proofs, now)
    ledger.put_back(session, back, chunk.claimed_at, now)
    ledger.mark_unknown(session, unknown, now)
    return wait


def apply(session: Session, delivery_id: int, receipt: Receipt, now: datetime) -> None:
    """Raise a row by a receipt. The id came back under our own MAC, so the row is proved to be this one."""
    ledger.raise_states(
        session, [(delivery_id, receipt.provider_id, receipt.status, receipt.error_code)], now
    )


def doubts(session: Session, sending: Sending, now: datetime) -> list[Doubt]:
    """Return the rows that it is time to look up in the provider's books."""
    composer = _Composer(session, sending, now)
    due = [
        (composer.try_message(row), claimed_at, missed_at)
        for row, claimed_at, missed_at in ledger.in_doubt(session, now - _LOOK_AFTER, _LOOKS_AT_ONCE)
        if missed_at is None or missed_at <= now - _LOOK_AGAIN_AFTER
    ]
    return [Doubt(message, claimed_at, missed_at) for message, claimed_at, missed_at in due if message]


async def look(gateway: Gateway, in_doubt: Sequence[Doubt]) -> Looks:
    """Ask the provider what it has for each doubtful row; None where it cannot be asked now."""

    async def one(doubt: Doubt) -> tuple[Doubt, Sequence[Seen] | None]:
        try:
            seen = await gateway.seen(doubt.message.channel, doubt.message.to, doubt.claimed_at)
        except CannotAsk:
            return doubt, None
        return doubt, seen

    return await asyncio.gather(*map(one, in_doubt))


def settle(session: Session, looks: Looks, now: datetime) -> None:
    """Bind the rows that the books show; queue again those that they did not show twice.

    The same text decides first. An entry that no row accounts for counts as well: what was sent may read
    otherwise than what we would compose now, and nobody must be warned twice.
    """
    asked = [(doubt, found) for doubt, found in looks if found is not None]
    taken = ledger.bound_ids(session, {seen.provider_id for _, found in asked for seen in found})
    matches: dict[int, Seen] = {}
    for fits in (_same_text, _same_time):
        for doubt, found in asked:
            row_id = doubt.message.delivery_id
            match = next((seen for seen in found if seen.provider_id not in taken and fits(seen, doubt)), None)
            if match is not None and row_id not in matches:
                taken.add(match.provider_id)
                matches[row_id] = match
    proofs = [(row_id, seen.provider_id, seen.status, seen.error_code) for row_id, seen in matches.items()]
    ledger.raise_states(session, proofs, now)
    for doubt, _ in asked:
        row_id = doubt.message.delivery_id
        if row_id not in matches and doubt.missed_at is None:
            ledger.mark_missed(session, [row_id], doubt.claimed_at, now)
        elif row_id not in matches:
            ledger.put_back(session, [row_id], doubt.claimed_at, now)


def life_left(expires_at: datetime, now: datetime) -> int:
    """Return for how many seconds the provider may still try: never beyond what it allows."""
    left = int((expires_at - now).total_seconds())
    return max(_SHORTEST_LIFE, min(left, _LONGEST_LIFE))


def receipt_row(vault: Vault, delivery_id: str, mac: str) -> int | None:
    """Return the row that a status callback speaks of, or None when the MAC is not ours."""
    known = delivery_id.isascii() and delivery_id.isdigit() and len(delivery_id) < 19
    return int(delivery_id) if known and vault.signed_by_us("callback", delivery_id, mac) else None


class _Composer:
    """Makes the messages of one chunk, composing each text once for all who read it."""

    def __init__(self, session: Session, sending: Sending, now: datetime) -> None:
        self._session = session
        self._sending = sending
        self._now = now
        self._vault = vault_of(session)
        self._alerts: dict[uuid.UUID, tuple[rules.Wording, rules.Rulebook]] = {}
        self._asleep: dict[uuid.UUID, datetime | None] = {}
        self._bodies: dict[tuple[uuid.UUID, str, str], str] = {}
        self._templates: dict[tuple[str, str], str] | None = None
        self._demo: set[uuid.UUID] | None = None

    def may_write_to(self, row: ledger.Claimed) -> bool:
        """Demo people have invented numbers, which belong to somebody: never write to them for real."""
        if self._sending.demo_allowed:
            return True
        if self._demo is None:
            self._demo = _demo_addresses(self._session)
        return row.address_id not in self._demo

    def asleep_until(self, row: ledger.Claimed) -> datetime | None:
        """Return when the night ends that began while this row waited; None when it may go now (R7)."""
        if row.cause != "alert":
            return None
        if row.cause_id not in self._asleep:
            alert = self._session.get_one(Alert, row.cause_id)
            self._asleep[row.cause_id] = alerts.begins_at(alert.group, alert.kind, self._now)
        return self._asleep[row.cause_id]

    def try_message(self, row: ledger.Claimed) -> Outgoing | None:
        """Return the message of one row, or None where it cannot be put together now: a lane goes on without it."""
        try:
            return self._message(row)
        except SQLAlchemyError:
            raise
        except Exception:
            log.exception("a message could not be composed", extra={"delivery": row.id})
            return None

    def _message(self, row: ledger.Claimed) -> Outgoing:
        """Return the message of one row, as free text or as an approved template."""
        content_sid, variables, body = None, {}, None
        wants_template = row.cause == "alert" and row.channel == WHATSAPP and not self._window_open(row)
        if wants_template and (sid := self._template(row)):
            wording, rulebook = self._alert(row.cause_id)
            content_sid, variables = sid, rules.template_variables(wording, row.language, rulebook)
        else:
            body = self._body(row)
        return Outgoing(
            delivery_id=row.id,
            channel=row.channel,
            to=self._vault.open(label_of(Address, "value"), row.address_id, row.address_value),
            callback_url=self._callback_url(row.id),
            validity_seconds=life_left(row.expires_at, self._now),
            body=body,
            content_sid=content_sid,
            variables=variables,
        )

    def _window_open(self, row: ledger.Claimed) -> bool:
        return row.window_from is not None and row.window_from > self._now - ledger.WINDOW

    def _callback_url(self, row_id: int) -> str:
        proof = urlencode({"m": row_id, "k": self._vault.sign("callback", str(row_id))})
        return f"{self._sending.public_url}{STATUS_HOOK}?{proof}"

    def _body(self, row: ledger.Claimed) -> str:
        if row.text_key is not None:
            return texts.say(row.text_key, row.language, **row.text_values)
        key = (row.cause_id, row.language, row.channel)
        if key not in self._bodies:
            wording, rulebook = self._alert(row.cause_id)
            channel: rules.Channel = "sms" if row.channel == SMS else "whatsapp"
            self._bodies[key] = rules.compose(wording, row.language, channel, rulebook)
        return self._bodies[key]

    def _alert(self, alert_id: uuid.UUID) -> tuple[rules.Wording, rules.Rulebook]:
        if alert_id not in self._alerts:
            alert = self._session.get_one(Alert, alert_id)
            self._alerts[alert_id] = (alerts.wording(self._session, alert), groups.rulebook_of(alert.group))
        return self._alerts[alert_id]

    def _template(self, row: ledger.Claimed) -> str | None:
        if self._templates is None:
            approved = self._session.scalars(select(Template).where(Template.state == "approved"))
            self._templates = {(form.kind, form.language): form.content_sid for form in approved}
        wording, _ = self._alert(row.cause_id)
        return self._templates.get((wording.kind, row.language))


def _demo_addresses(session: Session) -> set[uuid.UUID]:
    return set(
        session.scalars(select(Address.id).join(Person, Person.id == Address.person_id).where(Person.demo))
    )


def _cost(message: Outgoing) -> int:
    return segments.count(message.body or "").parts if message.channel == SMS else 1


def _shut_out(refused: Refused) -> bool:
    return refused.code in _SHUT_OUT_CODES or refused.http_status == _SHUT_OUT_STATUS


def _same_text(seen: Seen, doubt: Doubt) -> bool:
    return doubt.message.body is not None and seen.body.strip() == doubt.message.body.strip()


def _same_time(seen: Seen, doubt: Doubt) -> bool:
    """Whether this claim could have made an entry. One from later is another row's, perhaps still on its way."""
    return seen.created_at < doubt.claimed_at + _LOOK_AFTER
