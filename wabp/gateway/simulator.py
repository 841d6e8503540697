"""The provider for trying everything on one machine: phones in our own database, receipts as from Twilio.

It stands in for somebody else's machine and so keeps, and commits, books of its own. What it tells the
product goes through the product's own signed hooks, and never while a session is open: the product needs
the database to answer.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from wabp.clock import Clock
from wabp.gateway import WHATSAPP, Accepted, Books, CannotAsk, Outcome, Outgoing, Refused, Seen, Unknown
from wabp.gateway.hooks import SIGNATURE_HEADER, Form, read_inbound, signature
from wabp.gateway.inbound import Inbound, Receipt
from wabp.models.base import seal, unseal, vault_of
from wabp.models.simulated import SimulatedMessage

INBOUND_PATH = "/hooks/twilio/inbound"
TO_PHONE = "out"
FROM_PHONE = "in"
DELIVERY_TIME = timedelta(seconds=1)
CALL_AGAIN_AFTER = timedelta(seconds=5)
MOST_CALLS = 5
ROWS_AT_ONCE = 500
CLOCKS_APART = timedelta(seconds=5)
_NO_SENDER = 21606

AppPost = Callable[[str, Form, Mapping[str, str]], int]


class OpenSession(Protocol):
    """Opens a session: `functools.partial(db.opened, app)` is one."""

    def __call__(self, *, reading: bool = False) -> AbstractContextManager[Session]: ...


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message on a phone's screen; `direction` is `in` for what the phone's owner typed."""

    direction: str
    body: str
    at: datetime
    status: str
    channel: str


@dataclass(frozen=True, slots=True)
class _Call:
    """One hook still to be called."""

    path: str
    form: Form
    due: datetime
    tries: int = 1


class Simulator:
    """Simulated phones. Calls that failed are kept in memory only: a restart loses them, as in the world."""

    def __init__(
        self,
        app_post: AppPost,
        open_session: OpenSession,
        clock: Clock,
        token: str,
        account_sid: str,
        senders: Mapping[str, Sequence[str]],
        public_url: str,
    ) -> None:
        self._app_post = app_post
        self._open_session = open_session
        self._clock = clock
        self._token = token
        self._account_sid = account_sid
        self._senders = senders
        self._public_url = public_url.rstrip("/")
        self._calls: deque[_Call] = deque()
        self._arriving: list[tuple[str, Outgoing]] = []
        self._storing: asyncio.Future[bool] | None = None

    async def open(self) -> None:
        """There is nothing to get ready."""

    async def send(self, message: Outgoing) -> Outcome:
        """Take one message. All that arrive in the same turn of the loop are stored in one transaction."""
        if message.sender not in self._senders.get(message.channel, ()):
            return Refused(_NO_SENDER, 400)
        provider_id = _new_provider_id()
        self._arriving.append((provider_id, message))
        if self._storing is None:
            self._storing = asyncio.ensure_future(self._store())
        # One caller who gives up must not take the others' messages along.
        stored = await asyncio.shield(self._storing)
        return Accepted(provider_id, "queued") if stored else Unknown()

    async def seen(self, channel: str, to: str, since: datetime) -> Sequence[Seen]:
        """Return what was taken for one phone since a moment. Raises CannotAsk."""
        try:
            with self._open_session(reading=True) as session:
                rows = session.scalars(
                    select(SimulatedMessage)
                    .where(_on_phone(session, to), SimulatedMessage.direction == TO_PHONE)
                    .where(SimulatedMessage.channel == channel)
                    .where(SimulatedMessage.created_at >= since - CLOCKS_APART)
                )
                return [
                    Seen(row.provider_id, row.status, _body(session, row), row.created_at) for row in rows
                ]
        except SQLAlchemyError:
            raise CannotAsk from None

    async def ask(self, provider_id: str) -> Receipt:
        """Return how one message stands. Raises CannotAsk."""
        asked_for = SimulatedMessage.provider_id == provider_id
        try:
            with self._open_session(reading=True) as session:
                status = session.scalar(select(SimulatedMessage.status).where(asked_for))
        except SQLAlchemyError:
            raise CannotAsk from None
        if status is None:
            raise CannotAsk
        return Receipt(provider_id, status)

    async def books(self, since: datetime) -> Books:
        """Return what happened on all phones since a moment, oldest first. Raises CannotAsk."""
        try:
            with self._open_session(reading=True) as session:
                rows = session.scalars(
                    select(SimulatedMessage)
                    .where(SimulatedMessage.created_at >= since - CLOCKS_APART)
                    .order_by(SimulatedMessage.id)
                ).all()
                receipts = [Receipt(row.provider_id, row.status) for row in rows if row.direction == TO_PHONE]
                inbound = [self._came_in(session, row) for row in rows if row.direction == FROM_PHONE]
        except SQLAlchemyError:
            raise CannotAsk from None
        return Books(receipts, inbound)

    async def close(self) -> None:
        """There is nothing to give back."""

    def advance(self, now: datetime) -> int:
        """Let all phones do what is due, tell the product, and return how many steps were made."""
        if not self._calls and not self._something_is_due(now):
            return 0
        steps = 0
        while moved := self._move_due(now):
            steps += moved
        self._make_calls(now)
        return steps

    def type_message(self, phone: str, channel: str, body: str) -> None:
        """Let the owner of a phone read what is there and send `body`; the product is told of both."""
        now = self._clock()
        calls = []
        with self._writing() as session:
            # An SMS tells nobody that it was read.
            for row in session.scalars(_unread(session, phone)) if channel == WHATSAPP else ():
                row.status = "read"
                calls += self._receipt_calls(row, phone, now)
            row = SimulatedMessage(
                provider_id=_new_provider_id(),
                direction=FROM_PHONE,
                channel=channel,
                sender=self._written_to(session, phone, channel),
                status="received",
                created_at=now,
            )
            _add(session, row, phone, body)
            calls.append(_Call(INBOUND_PATH, self._inbound_form(row, phone, body), now))
        self._calls.extend(calls)
        self._make_calls(now)

    def chat(self, session: Session, phone: str, limit: int = 50) -> list[Bubble]:
        """Return the last messages on one phone, oldest first."""
        latest = (
            select(SimulatedMessage)
            .where(_on_phone(session, phone))
            .order_by(SimulatedMessage.id.desc())
            .limit(limit)
        )
        return [
            Bubble(row.direction, _body(session, row), row.created_at, row.status, row.channel)
            for row in reversed(session.scalars(latest).all())
        ]

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """The one place where the simulator's books are committed."""
        with self._open_session() as session:
            yield session
            session.commit()

    async def _store(self) -> bool:
        await asyncio.sleep(0)
        arrived, self._arriving, self._storing = self._arriving, [], None
        now = self._clock()
        try:
            with self._writing() as session:
                for provider_id, message in arrived:
                    _add(session, _outgoing_row(provider_id, message, now), message.to, _shown(message))
        except SQLAlchemyError:
            return False
        return True

    def _something_is_due(self, now: datetime) -> bool:
        with self._open_session(reading=True) as session:
            due = select(SimulatedMessage.id).where(SimulatedMessage.next_at <= now)
            return session.execute(due.limit(1)).first() is not None

    def _move_due(self, now: datetime) -> int:
        """Move the messages that are due by one step each, and plan to tell of it."""
        with self._writing() as session:
            due = session.scalars(
                select(SimulatedMessage)
                .where(SimulatedMessage.next_at <= now)
                .order_by(SimulatedMessage.next_at, SimulatedMessage.id)
                .limit(ROWS_AT_ONCE)
                .with_for_update(skip_locked=True)
            ).all()
            calls = []
            for row in due:
                _step(row)
                calls += self._receipt_calls(row, unseal(session, row, "phone"), now)
        self._calls.extend(calls)
        return len(due)

    def _make_calls(self, now: datetime) -> None:
        """Call the hooks that are due; one that answers with its own fault is called again later."""
        for _ in range(len(self._calls)):
            try:
                call = self._calls.popleft()
            except IndexError:
                # Another thread was quicker.
                return
            if call.due > now:
                self._calls.append(call)
                continue
            headers = {SIGNATURE_HEADER: signature(self._public_url + call.path, call.form, self._token)}
            answer = self._app_post(call.path, call.form, headers)
            if answer >= 500 and call.tries < MOST_CALLS:
                self._calls.append(replace(call, due=now + CALL_AGAIN_AFTER, tries=call.tries + 1))

    def _receipt_calls(self, row: SimulatedMessage, phone: str, now: datetime) -> list[_Call]:
        """Return the call that tells of a message's state; none when it leads anywhere but to the product."""
        url = row.callback_url or ""
        if not url.startswith(self._public_url + "/"):
            return []
        form = [
            ("MessageSid", row.provider_id),
            ("SmsSid", row.provider_id),
            ("MessageStatus", row.status),
            ("SmsStatus", row.status),
            *self._ends(row.channel, row.sender, phone),
        ]
        return [_Call(url.removeprefix(self._public_url), form, now)]

    def _written_to(self, session: Session, phone: str, channel: str) -> str:
        """Return the number of ours that a phone's owner answers: the one that wrote last, else the first."""
        last = (
            select(SimulatedMessage.sender)
            .where(_on_phone(session, phone), SimulatedMessage.channel == channel)
            .where(SimulatedMessage.direction == TO_PHONE)
            .order_by(SimulatedMessage.id.desc())
            .limit(1)
        )
        return session.scalar(last) or next(iter(self._senders.get(channel, ())), "")

    def _came_in(self, session: Session, row: SimulatedMessage) -> Inbound:
        form = self._inbound_form(row, unseal(session, row, "phone"), _body(session, row))
        return replace(read_inbound(form), at=row.created_at)

    def _inbound_form(self, row: SimulatedMessage, phone: str, body: str) -> Form:
        form = [("MessageSid", row.provider_id), ("SmsStatus", row.status), ("Body", body), ("NumMedia", "0")]
        form += self._ends(row.channel, phone, row.sender)
        if row.channel == WHATSAPP:
            form += [("WaId", phone.lstrip("+")), ("MessageType", "text")]
        return form

    def _ends(self, channel: str, sender: str, to: str) -> list[tuple[str, str]]:
        prefix = "whatsapp:" if channel == WHATSAPP else ""
        return [
            ("From", prefix + sender),
            ("To", prefix + to),
            ("AccountSid", self._account_sid),
            ("ApiVersion", "2010-04-01"),
        ]


def _new_provider_id() -> str:
    return "SM" + secrets.token_hex(16)


def _outgoing_row(provider_id: str, message: Outgoing, now: datetime) -> SimulatedMessage:
    return SimulatedMessage(
        provider_id=provider_id,
        direction=TO_PHONE,
        channel=message.channel,
        sender=message.sender,
        callback_url=message.callback_url,
        status="queued",
        next_status="sent",
        next_at=now,
        created_at=now,
    )


def _add(session: Session, row: SimulatedMessage, phone: str, body: str) -> None:
    row.phone_digest = vault_of(session).fingerprint("simulated", phone).digest
    seal(session, row, "phone", phone)
    seal(session, row, "body", body)
    session.add(row)


def _step(row: SimulatedMessage) -> None:
    """Let a message do what it planned, and plan what comes next."""
    row.status, due = row.next_status or row.status, row.next_at
    row.next_status = row.next_at = None
    if row.status == "sent" and due is not None:
        row.next_status, row.next_at = "delivered", due + DELIVERY_TIME


def _shown(message: Outgoing) -> str:
    """Return what the phone shows; the simulator knows of a template only what was filled in."""
    return "\n".join(message.variables.values()) if message.body is None else message.body


def _on_phone(session: Session, phone: str) -> ColumnElement[bool]:
    live = vault_of(session).fingerprints("simulated", phone)
    return SimulatedMessage.phone_digest.in_([fingerprint.digest for fingerprint in live])


def _unread(session: Session, phone: str) -> Select[SimulatedMessage]:
    return select(SimulatedMessage).where(
        _on_phone(session, phone),
        SimulatedMessage.direction == TO_PHONE,
        SimulatedMessage.channel == WHATSAPP,
        SimulatedMessage.status == "delivered",
    )


def _body(session: Session, row: SimulatedMessage) -> str:
    return unseal(session, row, "body")
