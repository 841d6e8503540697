"""Messages: what a row of the ledger becomes when it leaves, its text or template, its life and its callback.

Owns the address that receipts come back to, and the proof in it that they are about a row of ours. Reads
only: who is written to and when a row moves is for `wabp.delivery` and `wabp.doubts`.
"""

import json
import logging
import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from wabp import alerts, channels, groups, ledger, rules, templates, texts
from wabp.gateway import SMS, WHATSAPP, Outgoing
from wabp.models import Address, Alert, Person, vault_of
from wabp.models.base import label_of
from wabp.vault import Vault

log = logging.getLogger(__name__)

STATUS_HOOK = "/hooks/twilio/status"

# The provider takes 1 to 36,000 seconds; a message with less than 5 left would arrive too late.
SHORTEST_LIFE = 5
_LONGEST_LIFE = 36_000


@dataclass(frozen=True)
class Sending:
    """What delivery needs to know of this installation."""

    public_url: str
    demo_allowed: bool


def life_left(expires_at: datetime, now: datetime) -> int:
    """Return for how many seconds the provider may still try: never beyond what it allows."""
    left = int((expires_at - now).total_seconds())
    return max(SHORTEST_LIFE, min(left, _LONGEST_LIFE))


def receipt_row(vault: Vault, delivery_id: str, mac: str) -> tuple[int, int] | None:
    """Return row and attempt that a status callback speaks of, or None when the MAC is not ours.

    `delivery_id` is `17` for the first attempt and `17.1` for the second.
    """
    row_id, _, attempt = delivery_id.partition(".")
    known = _is_number(row_id) and (not attempt or _is_number(attempt))
    if not (known and vault.signed_by_us("callback", delivery_id, mac)):
        return None
    return int(row_id), int(attempt or 0)


def _is_number(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 19


class Composer:
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

    def needs_form(self, row: ledger.Claimed) -> bool:
        """Tell whether a row may go only as an approved form: an alert by WhatsApp outside the window."""
        return row.cause == "alert" and row.channel == WHATSAPP and not _window_open(row, self._now)

    def has_form(self, row: ledger.Claimed) -> bool:
        """Tell whether there is an approved form for an alert's row."""
        return self._template(row) is not None

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
        if self.needs_form(row) and (sid := self._template(row)):
            wording, rulebook = self._alert(row.cause_id)
            content_sid, variables = sid, rules.template_variables(wording, row.language, rulebook)
        else:
            body = self._body(row)
        return Outgoing(
            delivery_id=row.id,
            channel=row.channel,
            sender=row.sender,
            attempt=row.attempt,
            to=self._vault.open(label_of(Address, "value"), row.address_id, row.address_value),
            callback_url=self._callback_url(row),
            validity_seconds=life_left(row.expires_at, self._now),
            body=body,
            content_sid=content_sid,
            variables=variables,
        )

    def _callback_url(self, row: ledger.Claimed) -> str:
        names = f"{row.id}.{row.attempt}" if row.attempt else str(row.id)
        # Digits, a point and URL-safe letters: nothing in it needs another spelling.
        return f"{self._sending.public_url}{STATUS_HOOK}?m={names}&k={self._vault.sign('callback', names)}"

    def _body(self, row: ledger.Claimed) -> str:
        if row.text_key is not None:
            return texts.say(row.text_key, row.language, **(row.text_values or {}), **self._secrets(row))
        key = (row.cause_id, row.language, row.channel)
        if key not in self._bodies:
            wording, rulebook = self._alert(row.cause_id)
            channel: rules.Channel = "sms" if row.channel == SMS else "whatsapp"
            self._bodies[key] = rules.compose(wording, row.language, channel, rulebook)
        return self._bodies[key]

    def _secrets(self, row: ledger.Claimed) -> dict[str, str]:
        if row.secret_values is None:
            return {}
        opened: dict[str, str] = json.loads(self._vault.open(ledger.SECRET_LABEL, row.cause_id, row.secret_values))
        return opened

    def _alert(self, alert_id: uuid.UUID) -> tuple[rules.Wording, rules.Rulebook]:
        if alert_id not in self._alerts:
            alert = self._session.get_one(Alert, alert_id)
            self._alerts[alert_id] = (alerts.wording(self._session, alert), groups.rulebook_of(alert.group))
        return self._alerts[alert_id]

    def _template(self, row: ledger.Claimed) -> str | None:
        if self._templates is None:
            self._templates = templates.approved(self._session)
        kind = self._session.get_one(Alert, row.cause_id).kind
        return self._templates.get((kind, row.language))


def _window_open(row: ledger.Claimed, now: datetime) -> bool:
    """The window is open from the number that they wrote to, and from no other."""
    here = row.written_to is None or row.written_to == row.sender
    return here and channels.window_open(row.window_from, now)


def _demo_addresses(session: Session) -> set[uuid.UUID]:
    return set(
        session.scalars(select(Address.id).join(Person, Person.id == Address.person_id).where(Person.demo))
    )
