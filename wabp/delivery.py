"""Delivery: from the ledger to the provider and back. The only module that calls `Gateway.send`.

The worker runs it in steps, each with its own short transaction, and none open during a provider call:

    claim → commit → hand_over → record → commit        a chunk of rows that wait
    doubts → (closed) → look → settle → commit          rows whose hand-over nobody can prove
    apply → commit                                      a receipt that came in

A row that was claimed and never proved is looked up in the provider's books from 60 seconds on. Only when
the books do not show it twice, 30 seconds apart, is it sent again (ADR 0002).
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import select
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
)
from wabp.gateway.inbound import Receipt
from wabp.models import Address, Alert, Person, Template, vault_of
from wabp.models.base import label_of
from wabp.vault import Vault

STATUS_HOOK = "/hooks/twilio/status"

# The provider takes 1 to 36,000 seconds; a message with less than 5 left would arrive too late.
_SHORTEST_LIFE = 5
_LONGEST_LIFE = 36_000

# A process that was frozen must not hand over rows that another has taken for lost meanwhile.
_CLAIM_HOLDS_SECONDS = 20.0
_LOOK_AFTER = timedelta(seconds=60)
_LOOK_AGAIN_AFTER = timedelta(seconds=30)
_LOOKS_AT_ONCE = 200


@dataclass(frozen=True)
class Chunk:
    """Rows claimed together, ready to hand over. `cost` is messages, or segments for SMS."""

    messages: tuple[Outgoing, ...]
    cost: int
    claimed_at: float


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
    started = time.monotonic()
    rows = ledger.claim(session, channel, limit, now)
    composer = _Composer(session, sending, now)
    messages, too_late, not_here = [], [], []
    for row in rows:
        if not composer.may_write_to(row):
            not_here.append(row.id)
        elif (row.expires_at - now).total_seconds() < _SHORTEST_LIFE:
            too_late.append(row.id)
        else:
            messages.append(composer.message(row))
    ledger.end(session, too_late, "expired", "expired", now)
    ledger.end(session, not_here, "skipped", "demo", now)
    return Chunk(tuple(messages), sum(map(_cost, messages)), started)


async def hand_over(gateway: Gateway, chunk: Chunk) -> list[tuple[int, Outcome]]:
    """Hand a committed chunk to the provider, all at once. No session may be open."""

    async def one(message: Outgoing) -> tuple[int, Outcome]:
        if time.monotonic() - chunk.claimed_at > _CLAIM_HOLDS_SECONDS:
            return message.delivery_id, NotNow(0)
        return message.delivery_id, await gateway.send(message)

    return await asyncio.gather(*map(one, chunk.messages))


def record(session: Session, outcomes: Sequence[tuple[int, Outcome]], now: datetime) -> float:
    """Write down what became of a chunk. Returns how many seconds the provider asked us to wait."""
    proofs, back, unknown = [], [], []
    wait = 0.0
    for row_id, outcome in outcomes:
        if isinstance(outcome, Accepted):
            proofs.append((row_id, outcome.provider_id, outcome.status, None))
        elif isinstance(outcome, Refused):
            reason = f"provider_{outcome.code or outcome.http_status}"
            ledger.end(session, [row_id], "failed", reason, now)
        elif isinstance(outcome, NotNow):
            back.append(row_id)
            wait = max(wait, outcome.wait_seconds)
        else:
            unknown.append(row_id)
    ledger.raise_states(session, proofs, now)
    ledger.put_back(session, back, now)
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
    return [
        Doubt(composer.message(row), claimed_at, missed_at)
        for row, claimed_at, missed_at in ledger.in_doubt(session, now - _LOOK_AFTER, _LOOKS_AT_ONCE)
        if missed_at is None or missed_at <= now - _LOOK_AGAIN_AFTER
    ]


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
    """Bind the rows that the books show; queue again those that they did not show twice."""
    candidates = {seen.provider_id for _, found in looks for seen in found or ()}
    taken = ledger.bound_ids(session, candidates)
    proofs, missed, again = [], [], []
    for doubt, found in looks:
        row_id = doubt.message.delivery_id
        if found is None:
            continue
        match = next((s for s in found if s.provider_id not in taken and _same(s, doubt.message)), None)
        if match is not None:
            taken.add(match.provider_id)
            proofs.append((row_id, match.provider_id, match.status, match.error_code))
        elif doubt.missed_at is None:
            missed.append(row_id)
        else:
            again.append(row_id)
    ledger.raise_states(session, proofs, now)
    ledger.mark_missed(session, missed, now)
    ledger.put_back(session, again, now)


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

    def message(self, row: ledger.Claimed) -> Outgoing:
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
            validity_seconds=self._life(row),
            body=body,
            content_sid=content_sid,
            variables=variables,
        )

    def _life(self, row: ledger.Claimed) -> int:
        left = int((row.expires_at - self._now).total_seconds())
        return max(_SHORTEST_LIFE, min(left, _LONGEST_LIFE))

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


def _same(seen: Seen, message: Outgoing) -> bool:
    """Whether an entry in the books is this message. A template's text is the provider's: time and number decide."""
    return message.body is None or seen.body.strip() == message.body.strip()
