"""The port spoken to Twilio, through its own library over connections that are ours.

The library's asynchronous transport ignores its time-out, follows the environment and can repeat a POST
that got no answer; the one here does none of that. The library is loaded at the first message, so that a
command which sends nothing does not wait for it. No telephone number leaves this module in an error.
"""

import asyncio
import base64
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from wabp.gateway import SMS, WHATSAPP, Accepted, CannotAsk, NotNow, Outcome, Outgoing, Refused, Seen, Unknown

NOT_CONNECTED_SECONDS = 2.0
TOO_MANY_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 300
LONGEST_VALIDITY_SECONDS = 36_000
CLOCKS_APART = timedelta(seconds=5)
BOOKS_LIMIT = 1_000
# What Twilio itself answers when the sender is not one of the account's.
_NO_SENDER = {WHATSAPP: 63007, SMS: 21606}
# What the library throws at a 2xx answer that is not the JSON it should be.
_UNREADABLE = (ValueError, TypeError, AttributeError, KeyError)


class TwilioGateway:
    """One account at Twilio. The connections are made on the first loop that sends, until `close`."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        whatsapp_from: str | None,
        sms_from: str | None,
        api_url: str,
        *,
        connections: int = 100,
        timeout: float = 10.0,
        connect_timeout: float = 3.0,
    ) -> None:
        self._account = (account_sid, auth_token)
        self._senders = {WHATSAPP: whatsapp_from, SMS: sms_from}
        self._api_url = api_url
        self._line = _Line(connections, timeout, connect_timeout)
        self._library: Any = None

    async def send(self, message: Outgoing) -> Outcome:
        """Hand over one message. A channel without a sender is refused here, as Twilio would."""
        sender = self._senders.get(message.channel)
        if sender is None:
            return Refused(_NO_SENDER.get(message.channel), 400)
        try:
            made = await self._messages().create_async(**_fields(message, sender))
        except _NotConnected:
            return NotNow(NOT_CONNECTED_SECONDS)
        except _Answered as answer:
            return _outcome_of(answer)
        except (_NoAnswer, *_UNREADABLE):
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
        except (_Trouble, *_UNREADABLE, _library_error()):
            raise CannotAsk from None

    async def close(self) -> None:
        """Give back the connections. A later call on another loop makes new ones."""
        await self._line.close()

    def _messages(self) -> Any:
        if self._library is None:
            self._library = _library(self._account, self._api_url, self._line)
        return self._library.messages


class _Trouble(Exception):
    """No usable answer came back."""


class _NotConnected(_Trouble):
    """No connection was made, so the request was surely not seen."""


class _NoAnswer(_Trouble):
    """The request may have arrived, and no whole answer came back."""


class _Answered(_Trouble):
    """The provider answered something else than 2xx. Keeps no text: it may hold a number."""

    def __init__(self, status: int, code: int | None, wait_seconds: float) -> None:
        super().__init__(status, code)
        self.status = status
        self.code = code
        self.wait_seconds = wait_seconds


class _Line:
    """Owns the pooled connections of one event loop."""

    def __init__(self, connections: int, timeout: float, connect_timeout: float) -> None:
        self._connections = connections
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._session: Any = None
        self._places: asyncio.Semaphore | None = None

    async def ask(
        self,
        method: str,
        url: str,
        query: Mapping[str, object] | None,
        form: Mapping[str, object] | None,
        headers: Mapping[str, str],
    ) -> tuple[int, str]:
        """Return status and text of a 2xx answer. Raises _NotConnected, _NoAnswer or _Answered."""
        import aiohttp

        session, places = self._opened()
        # A lone surrogate in a text must not stop a lane: it goes out as a question mark.
        data = None if form is None else urlencode(form, doseq=True, errors="replace").encode()
        # Waiting for a free connection happens before the clock of the time-outs starts: a message that
        # was never sent must not end in doubt.
        async with places:
            try:
                async with session.request(
                    method, url, params=query or None, data=data, headers=headers, allow_redirects=False
                ) as answer:
                    status, received, text = answer.status, answer.headers, await answer.read()
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                raise _NotConnected from None
            except (aiohttp.ClientError, TimeoutError, OSError):
                raise _NoAnswer from None
        readable = text.decode("utf-8", "replace")
        if not 200 <= status < 300:
            raise _Answered(status, _code_in(readable), _wait_in(received))
        return status, readable

    async def close(self) -> None:
        session, self._session, self._places = self._session, None, None
        if session is not None:
            await session.close()

    def _opened(self) -> tuple[Any, asyncio.Semaphore]:
        if self._session is None or self._places is None:
            import aiohttp

            self._places = asyncio.Semaphore(self._connections)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=aiohttp.ClientTimeout(
                    total=self._timeout,
                    connect=self._connect_timeout,
                    sock_connect=self._connect_timeout,
                    sock_read=self._timeout,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session, self._places


def _library(account: tuple[str, str], api_url: str, line: _Line) -> Any:
    """Load Twilio's library and return a client of it that talks over `line`."""
    from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
    from twilio.http.response import Response  # type: ignore[import-untyped]
    from twilio.rest import Client  # type: ignore[import-untyped]

    # Below WARNING these write addresses and queries, and a query holds a telephone number.
    for name in ("twilio", "aiohttp"):
        logging.getLogger(name).setLevel(logging.WARNING)

    class OverOurLine(AsyncHttpClient):  # type: ignore[misc]
        async def request(
            self,
            method: str,
            uri: str,
            params: dict[str, object] | None = None,
            data: dict[str, object] | None = None,
            headers: dict[str, str] | None = None,
            auth: tuple[str, str] = account,
            **_ours_already: object,
        ) -> Response:
            by_hand = {**(headers or {}), "Authorization": _basic(auth)}
            return Response(*await line.ask(method.upper(), uri, params, data, by_hand))

    client = Client(*account, http_client=OverOurLine(logging.getLogger("twilio"), is_async=True))
    # Taken from TWILIO_EDGE and TWILIO_REGION, they would rewrite the address that the settings name.
    client.edge = client.region = None
    client.api.base_url = api_url
    return client


def _library_error() -> type[Exception]:
    from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]

    return TwilioException  # type: ignore[no-any-return]


def _fields(message: Outgoing, sender: str) -> dict[str, object]:
    """Return the arguments of `create`: a template takes the place of the text."""
    fields: dict[str, object] = {
        "to": _address(message.channel, message.to),
        "from_": _address(message.channel, sender),
        "status_callback": message.callback_url,
        "validity_period": max(1, min(message.validity_seconds, LONGEST_VALIDITY_SECONDS)),
    }
    if message.content_sid is None:
        return fields | {"body": message.body or ""}
    variables = json.dumps(dict(message.variables), ensure_ascii=False)
    return fields | {"content_sid": message.content_sid, "content_variables": variables}


def _address(channel: str, value: str) -> str:
    return f"whatsapp:{value}" if channel == WHATSAPP else value


def _outcome_of(answer: _Answered) -> Outcome:
    if answer.status == 429:
        return NotNow(answer.wait_seconds)
    # 408 comes from something on the way that gave up waiting; it does not say what arrived.
    if 400 <= answer.status < 500 and answer.status != 408:
        return Refused(answer.code, answer.status)
    return Unknown()


def _seen(message: Any) -> Seen:
    return Seen(message.sid, message.status, message.body or "", message.date_created, message.error_code)


def _code_in(text: str) -> int | None:
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    code = answer.get("code") if isinstance(answer, dict) else None
    return code if isinstance(code, int) else None


def _wait_in(headers: Mapping[str, str]) -> float:
    asked = headers.get("Retry-After", "")
    sane = asked.isascii() and asked.isdecimal() and len(asked) < 10 and int(asked) > 0
    return float(min(int(asked), LONGEST_WAIT_SECONDS)) if sane else TOO_MANY_SECONDS


def _basic(account: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(account).encode()).decode()
