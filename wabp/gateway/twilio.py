"""The port spoken to Twilio, through its own library over connections that are ours (`wabp.gateway.line`).

The library's asynchronous transport ignores its time-out, follows the environment and can repeat a POST
that got no answer; ours does none of that. The library is loaded by `open` or the first message, so that a
command which sends nothing does not wait for it. No telephone number leaves this module in an error.
"""

import asyncio
import base64
import json
import logging
import resource
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from wabp.errors import BadInput
from wabp.gateway import (
    SMS,
    WHATSAPP,
    Accepted,
    Books,
    CannotAsk,
    NotNow,
    Outcome,
    Outgoing,
    Refused,
    Seen,
    Unknown,
    hooks,
)
from wabp.gateway.inbound import Inbound, Receipt
from wabp.gateway.line import Answer, Line, NoAnswer, NotConnected

log = logging.getLogger(__name__)

NOT_CONNECTED_SECONDS = 2.0
TOO_MANY_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 300
LONGEST_VALIDITY_SECONDS = 36_000
# An entry that was overlooked would be sent again, so what is a little too old is shown as well.
CLOCKS_APART = timedelta(seconds=60)
BOOKS_LIMIT = 1_000
PAGE_SIZE, MOST_PAGES = 1_000, 20
# Files, pipes and connections of a process besides those to the provider.
_OTHER_FILES = 512
# What Twilio itself answers when the sender is not one of the account's.
_NO_SENDER = {WHATSAPP: 63007, SMS: 21606}
# What the library throws at a 2xx answer that is not the JSON it should be.
_UNREADABLE = (ValueError, TypeError, AttributeError, KeyError)
_FORM_BYTES = {
    byte: chr(byte) if chr(byte).isalnum() or chr(byte) in "_.-~" else "+" if byte == 0x20 else f"%{byte:02X}"
    for byte in range(0x80)
} | {byte: f"%{byte:02X}" for byte in range(0x80, 0x100)}


class TwilioGateway:
    """One account at Twilio, and our numbers by channel. Each event loop has connections of its own until `close`."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        senders: Mapping[str, Sequence[str]],
        api_url: str,
        *,
        connections: int = 1_000,
        timeout: float = 10.0,
        connect_timeout: float = 3.0,
    ) -> None:
        self._account = (account_sid, auth_token)
        self._senders = senders
        self._api_url = api_url
        self._connections = connections
        self._new_line = partial(
            Line, api_url, connections=connections, timeout=timeout, connect_timeout=connect_timeout
        )
        self._tls: ssl.SSLContext | None = None
        self._lines: dict[asyncio.AbstractEventLoop, Line] = {}
        self._library: Any = None

    async def open(self) -> None:
        """Load the library, find the server and make room for connections: the first message leaves at once."""
        _make_room(self._connections)
        self._messages()
        await self._line().find()

    async def send(self, message: Outgoing) -> Outcome:
        """Hand over one message. A sender that is not ours is refused here, as Twilio would."""
        if message.sender not in self._senders.get(message.channel, ()):
            return Refused(_NO_SENDER.get(message.channel), 400)
        try:
            made = await self._messages().create_async(**_fields(message))
        except NotConnected:
            return NotNow(NOT_CONNECTED_SECONDS)
        except _Answered as answer:
            return _outcome_of(answer)
        except (NoAnswer, *_UNREADABLE):
            return Unknown()
        if not (isinstance(made.sid, str) and made.sid):
            return Unknown()
        return Accepted(made.sid, made.status if isinstance(made.status, str) else "queued")

    async def seen(self, channel: str, to: str, since: datetime) -> Sequence[Seen]:
        """Return what Twilio took for one recipient since a moment. Raises CannotAsk.

        Filtered here and not by Twilio: its only filter is the date of sending, which a message that still
        waits in its queue does not have, and such a message is just what must not be overlooked.
        """
        try:
            found = await self._messages().list_async(to=_address(channel, to), limit=BOOKS_LIMIT)
            return [_seen(message) for message in found if message.date_created >= since - CLOCKS_APART]
        except self._cannot_ask():
            raise CannotAsk from None

    async def ask(self, provider_id: str) -> Receipt:
        """Return how one message stands. Raises CannotAsk."""
        try:
            return _receipt(await self._messages()(provider_id).fetch_async())
        except self._cannot_ask():
            raise CannotAsk from None

    async def books(self, since: datetime) -> Books:
        """Return what the books say since a moment of messages from and to our numbers, oldest first. Raises CannotAsk.

        By number, so that a large bulletin does not hide what came in. Of each number the newest
        `MOST_PAGES` pages are read; that there was more is logged.
        """
        receipts: list[Receipt] = []
        inbound: list[Inbound] = []
        try:
            for channel, numbers in self._senders.items():
                for number in numbers:
                    address = _address(channel, number)
                    inbound += _all_inbound(await self._read(since, to=address))
                    sent = await self._read(since, from_=address)
                    receipts += [_receipt(message) for message in sent if message.direction != "inbound"]
        except self._cannot_ask():
            raise CannotAsk from None
        return Books(receipts, sorted(inbound, key=lambda one: one.at or since))

    async def close(self) -> None:
        """Give back the connections of this loop. A later call makes new ones."""
        if line := self._lines.pop(asyncio.get_running_loop(), None):
            line.close()
            # Let them hear of it before the loop ends.
            await asyncio.sleep(0)

    async def _read(self, since: datetime, **which: str) -> list[Any]:
        """Return the messages made since a moment, oldest first. Twilio lists the newest first."""
        found: list[Any] = []
        page = await self._messages().page_async(page_size=PAGE_SIZE, **which)
        for _ in range(MOST_PAGES):
            lately = [message for message in page if message.date_created >= since - CLOCKS_APART]
            found += lately
            # The order is that of sending: only a whole page of early ones says that no later one follows.
            if not lately or page.next_page_url is None:
                return found[::-1]
            page = await page.next_page_async()
        log.warning("the provider's books are longer than what is read of them", extra={"count": len(found)})
        return found[::-1]

    def _cannot_ask(self) -> tuple[type[Exception], ...]:
        from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]

        return (NotConnected, NoAnswer, _Answered, TwilioException, BadInput, *_UNREADABLE)

    def _messages(self) -> Any:
        if self._library is None:
            self._library = _library(self._account, self._api_url, self._line)
        return self._library.messages

    def _line(self) -> Line:
        """Return the line of the running loop."""
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            if self._tls is None and urlsplit(self._api_url).scheme == "https":
                self._tls = ssl.create_default_context()
            line = self._lines[loop] = self._new_line(tls=self._tls)
        return line


class _Answered(Exception):
    """The provider answered something else than 2xx. Keeps no text: it may hold a number."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.status = answer.status
        self.code = _code_in(answer.body)
        self.wait_seconds = _wait_in(answer.headers)


def _library(account: tuple[str, str], api_url: str, line: Callable[[], Line]) -> Any:
    """Load Twilio's library and return a client of it that talks over the line of the running loop."""
    from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
    from twilio.http.response import Response  # type: ignore[import-untyped]
    from twilio.rest import Client  # type: ignore[import-untyped]

    # Below WARNING it writes addresses and queries, and a query holds a telephone number.
    logging.getLogger("twilio").setLevel(logging.WARNING)
    authorization = _basic(account)

    class OverOurLine(AsyncHttpClient):  # type: ignore[misc]
        async def request(
            self,
            method: str,
            uri: str,
            params: dict[str, object] | None = None,
            data: dict[str, object] | None = None,
            headers: dict[str, str] | None = None,
            **_ours_already: object,
        ) -> Response:
            by_hand = {**(headers or {}), "Authorization": authorization}
            url = f"{uri}?{urlencode(params)}" if params else uri
            answer = await line().ask(method.upper(), url, by_hand, _form(data) if data else b"")
            if not 200 <= answer.status < 300:
                raise _Answered(answer)
            return Response(answer.status, answer.body.decode("utf-8", "replace"))

    client = Client(*account, http_client=OverOurLine(logging.getLogger("twilio"), is_async=True))
    # Taken from TWILIO_EDGE and TWILIO_REGION, they would rewrite the address that the settings name.
    client.edge = client.region = None
    client.api.base_url = api_url
    # The part of the library about messages is loaded when it is first asked for.
    assert client.messages is not None
    return client


def _make_room(connections: int) -> None:
    """Allow this process as many open files as it needs, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _fields(message: Outgoing) -> dict[str, object]:
    """Return the arguments of `create`: a template takes the place of the text."""
    fields: dict[str, object] = {
        "to": _address(message.channel, message.to),
        "from_": _address(message.channel, message.sender),
        "status_callback": message.callback_url,
        "validity_period": max(1, min(message.validity_seconds, LONGEST_VALIDITY_SECONDS)),
    }
    if message.content_sid is None:
        return fields | {"body": message.body or ""}
    variables = json.dumps(dict(message.variables), ensure_ascii=False)
    return fields | {"content_sid": message.content_sid, "content_variables": variables}


def _form(fields: Mapping[str, object]) -> bytes:
    """Return a form's body. Four times as quick as the standard library's, which sees to each character."""
    return "&".join(f"{name}={_quoted(str(value))}" for name, value in fields.items()).encode("ascii")


def _quoted(value: str) -> str:
    # A lone surrogate in a text must not stop a lane: it goes out as a question mark.
    return value.encode("utf-8", "replace").decode("latin-1").translate(_FORM_BYTES)


def _address(channel: str, value: str) -> str:
    return f"whatsapp:{value}" if channel == WHATSAPP else value


def _outcome_of(answer: _Answered) -> Outcome:
    if answer.status == 429:
        return NotNow(answer.wait_seconds, too_fast=True)
    # 408 comes from something on the way that gave up waiting; it does not say what arrived.
    if 400 <= answer.status < 500 and answer.status != 408:
        return Refused(answer.code, answer.status)
    return Unknown()


def _seen(message: Any) -> Seen:
    return Seen(message.sid, message.status, message.body or "", message.date_created, message.error_code)


def _receipt(message: Any) -> Receipt:
    code = message.error_code
    return hooks.read_receipt(
        [("MessageSid", message.sid), ("MessageStatus", message.status), ("ErrorCode", str(code) if code else "")]
    )


def _all_inbound(messages: Sequence[Any]) -> list[Inbound]:
    """Return the messages that came in, as a hook would have told of them. Those without a sender are left out."""
    found = []
    for message in messages:
        if message.direction != "inbound":
            continue
        told = {
            "MessageSid": message.sid,
            "From": message.from_,
            "To": message.to,
            "Body": message.body,
            "NumMedia": message.num_media,
        }
        try:
            read = hooks.read_inbound([(name, value or "") for name, value in told.items()])
        except BadInput:
            log.warning("a message in the provider's books cannot be read")
            continue
        found.append(replace(read, at=message.date_created))
    return found


def _code_in(body: bytes) -> int | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, int) else None


def _wait_in(headers: Mapping[str, str]) -> float:
    asked = headers.get("retry-after", "")
    sane = asked.isascii() and asked.isdecimal() and len(asked) < 10 and int(asked) > 0
    return float(min(int(asked), LONGEST_WAIT_SECONDS)) if sane else TOO_MANY_SECONDS


def _basic(account: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(account).encode()).decode()
