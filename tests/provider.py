"""A provider on this machine that speaks Twilio's Messages API and keeps books: the referee of the tests.

It knows the form rules, accepts, refuses, breaks off, hangs and calls back as it was told to, and writes
down what each phone really got. In a test it runs in a thread (`with Provider(...) as provider`); for tests
that kill processes it is a command of its own: `python tests/provider.py --port N --token T --books FILE`.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import re
import secrets
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from yarl import URL

ACCOUNT = "AC" + "1" * 32
TOKEN = "an-invented-token"
WHATSAPP_FROM = "+32400001818"
SMS_FROM = "+32400001819"
INBOUND_PATH = "/hooks/twilio/inbound"
BASE = "/2010-04-01/Accounts/{account}/Messages"
_ADDRESS = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}", re.ASCII)
_WINDOW = timedelta(hours=24)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Answer:
    """How one request is treated; without a script every request gets a plain `Answer()`."""

    status: int = 201
    code: int | None = None
    retry_after: str | None = None
    # Whether the message is taken, and what is cut off or left hanging afterwards.
    accepts: bool = True
    drops: bool = False
    hangs_seconds: float = 0.0
    # The end that the message comes to, with the error in the receipt.
    ends: str = "delivered"
    error: int | None = None
    text: str | None = None
    location: str | None = None


PLAIN = Answer()
DROPPED_AFTER_ACCEPTING = Answer(drops=True)
DROPPED_BEFORE_ACCEPTING = Answer(drops=True, accepts=False)
UNREADABLE = Answer(text="<html>all is well</html>")


def refused(code: int, status: int = 400) -> Answer:
    """Return the answer that refuses a request with one of Twilio's numbers."""
    return Answer(status=status, code=code, accepts=False)


def too_many(retry_after: str | None = None) -> Answer:
    """Return the answer to somebody who asks too fast."""
    return Answer(status=429, code=20429, retry_after=retry_after, accepts=False)


def broken(status: int = 500, *, accepts: bool = False) -> Answer:
    """Return the provider's own fault, with or without having taken the message."""
    return Answer(status=status, code=20500, accepts=accepts)


def hanging(seconds: float, *, accepts: bool = True) -> Answer:
    """Return an answer that keeps one waiting."""
    return Answer(hangs_seconds=seconds, accepts=accepts)


def ending(status: str, error: int) -> Answer:
    """Return an acceptance whose message ends badly later on."""
    return Answer(ends=status, error=error)


@dataclass(frozen=True)
class Receipts:
    """How status callbacks reach the product: when, how often, in which order, or not at all."""

    delay: float = 0.0
    copies: int = 1
    reversed: bool = False
    lost: bool = False
    reads: bool = False


@dataclass
class Message:
    """One row of the provider's books."""

    sid: str
    to: str
    sender: str
    body: str
    direction: str
    created: datetime
    status: str = "queued"
    error: int | None = None
    sent: datetime | None = None
    content_sid: str | None = None
    variables: dict[str, str] = field(default_factory=dict)
    callback: str | None = None
    validity: int = 36_000


@dataclass(frozen=True)
class Posted:
    """One hook that was called: where, with what, and the product's answer (0: nobody answered)."""

    url: str
    form: Mapping[str, str]
    status: int


class _Refusal(Exception):
    def __init__(self, code: int, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class Provider:
    """A provider. `public_url` is where the product says it is, `deliver_to` where it really is."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        account: str = ACCOUNT,
        public_url: str | None = None,
        deliver_to: str | None = None,
        port: int = 0,
        senders: Iterable[str] = (f"whatsapp:{WHATSAPP_FROM}", SMS_FROM),
        window: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        on_message: Callable[[Message], None] | None = None,
        on_request: Callable[[Mapping[str, str]], None] | None = None,
        books: Path | None = None,
    ) -> None:
        self.token, self.account = token, account
        self.public_url, self.deliver_to = public_url, deliver_to
        self.receipts = Receipts()
        self.messages: list[Message] = []
        self.posted: list[Posted] = []
        self.requests: Counter[str] = Counter()
        self.busiest = 0
        self._port, self._senders, self._window, self._clock = port, set(senders), window, clock
        self._on_message, self._on_request, self._books = on_message, on_request, books
        self._by_order: deque[Answer] = deque()
        self._by_number: dict[str, deque[Answer]] = defaultdict(deque)
        self._for_lists: deque[Answer] = deque()
        self._heard: dict[str, datetime] = {}
        self._calling: set[asyncio.Task[None]] = set()
        self._now_open = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="provider", daemon=True)

    # --- what a test says and asks -----------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self._port}"

    def script(self, *answers: Answer, to: str | None = None) -> None:
        """Treat the next new messages so: those to one plain number, else all in order of arrival."""
        (self._by_order if to is None else self._by_number[to]).extend(answers)

    def script_lists(self, *answers: Answer) -> None:
        """Treat the next look-ups in the books so."""
        self._for_lists.extend(answers)

    def phone(self, number: str) -> list[str]:
        """Return what one phone really got, oldest first: the text, or the template's id and variables."""
        return [
            message.body
            for message in self.messages
            if _plain(message.to) == number and message.status not in {"failed", "undelivered"}
        ]

    def say(
        self, phone: str, text: str, channel: str = "whatsapp", *, lost: bool = False, **more: str
    ) -> int:
        """Write to the product as a phone would; return its answer (0 when the hook was `lost`)."""
        return self._wait_for(self._say(phone, text, channel, lost, more))

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until every callback was made."""
        self._wait_for(self._settled(seconds))

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait_for(self._open())
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self._wait_for(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # --- the web server ----------------------------------------------------------------------------

    def _wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self) -> None:
        app = web.Application()
        base = BASE.format(account=self.account)
        app.router.add_post(f"{base}.json", self._create)
        app.router.add_get(f"{base}.json", self._list)
        app.router.add_get(base + "/{sid}.json", self._fetch)
        self._session = ClientSession(timeout=ClientTimeout(total=10), trust_env=False)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        for task in self._calling:
            task.cancel()
        await asyncio.gather(*self._calling, return_exceptions=True)
        await self._session.close()
        await self._runner.cleanup()

    async def _create(self, request: web.Request) -> web.StreamResponse:
        self._now_open += 1
        self.busiest = max(self.busiest, self._now_open)
        self.requests["create"] += 1
        try:
            # Read as raw pairs: what was really sent, not what a form parser makes of it.
            form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
            if self._on_request:
                self._on_request(form)
            answer = self._answer_to(form.get("To", ""))
            self._check_account(request)
            message = self._checked(form)
            if answer.accepts:
                self._take(message, answer)
            return await self._reply(request, answer, _shown(message, self.account), 201)
        except _Refusal as refusal:
            return _error(refusal.code, refusal.status)
        finally:
            self._now_open -= 1

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.requests["list"] += 1
        try:
            self._check_account(request)
        except _Refusal as refusal:
            return _error(refusal.code, refusal.status)
        query = request.query
        size, page = min(int(query.get("PageSize", "50")), 1_000), int(query.get("Page", "0"))
        found = [message for message in reversed(self.messages) if _matches(message, query)]
        following = (
            request.rel_url.update_query(Page=str(page + 1)) if len(found) > size * (page + 1) else None
        )
        shown = {
            "messages": [_shown(message, self.account) for message in found[size * page : size * (page + 1)]],
            "page": page,
            "page_size": size,
            "next_page_uri": following and str(following),
            "uri": str(request.rel_url),
        }
        answer = self._for_lists.popleft() if self._for_lists else PLAIN
        return await self._reply(request, answer, shown, 200)

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        self.requests["fetch"] += 1
        try:
            self._check_account(request)
        except _Refusal as refusal:
            return _error(refusal.code, refusal.status)
        for message in self.messages:
            if message.sid == request.match_info["sid"]:
                return web.json_response(_shown(message, self.account))
        return _error(20404, 404)

    async def _reply(
        self, request: web.Request, answer: Answer, shown: object, status: int
    ) -> web.StreamResponse:
        if answer.hangs_seconds:
            await asyncio.sleep(answer.hangs_seconds)
        if answer.drops and request.transport is not None:
            request.transport.abort()
        if answer.code is not None:
            response = _error(answer.code, answer.status)
            if answer.retry_after is not None:
                response.headers["Retry-After"] = answer.retry_after
            if answer.location is not None:
                response.headers["Location"] = answer.location
            return response
        if answer.text is not None:
            return web.Response(text=answer.text, status=status)
        return web.json_response(shown, status=status)

    # --- rules and books ---------------------------------------------------------------------------

    def _answer_to(self, to: str) -> Answer:
        for queue in (self._by_number.get(_plain(to)), self._by_order):
            if queue:
                return queue.popleft()
        return PLAIN

    def _check_account(self, request: web.Request) -> None:
        expected = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            raise _Refusal(20003, 401)

    def _checked(self, form: Mapping[str, str]) -> Message:
        """Return the message that a form asks for. Raises _Refusal with Twilio's number for what is wrong."""
        to, sender = form.get("To", ""), form.get("From", "")
        if not to:
            raise _Refusal(21604)
        if not _ADDRESS.fullmatch(to):
            raise _Refusal(21211)
        if not sender and "MessagingServiceSid" not in form:
            raise _Refusal(21603)
        if sender and not _ADDRESS.fullmatch(sender):
            raise _Refusal(21212)
        if sender and to.startswith("whatsapp:") != sender.startswith("whatsapp:"):
            raise _Refusal(21910)
        if sender and sender not in self._senders:
            raise _Refusal(63007 if sender.startswith("whatsapp:") else 21606)
        body, content_sid = form.get("Body", ""), form.get("ContentSid")
        if not body and not content_sid:
            raise _Refusal(21602)
        if len(body) > 1_600:
            raise _Refusal(21617)
        validity = form.get("ValidityPeriod", "36000")
        if not (validity.isdecimal() and 1 <= int(validity) <= 36_000):
            raise _Refusal(90007)
        callback = form.get("StatusCallback")
        if callback and not re.fullmatch(r"https?://[^/_\s]+/\S*", callback):
            raise _Refusal(21609)
        variables = _variables(form.get("ContentVariables", "{}"))
        return Message(
            sid="SM" + secrets.token_hex(16),
            to=to,
            sender=sender,
            body=" ".join([content_sid, *variables.values()]) if content_sid else body,
            direction="outbound-api",
            created=self._clock(),
            content_sid=content_sid,
            variables=variables,
            callback=callback,
            validity=int(validity),
        )

    def _take(self, message: Message, answer: Answer) -> None:
        """Write a message into the books and set off its receipts."""
        self.messages.append(message)
        ends, error = answer.ends, answer.error
        if self._window and message.to.startswith("whatsapp:") and message.content_sid is None:
            heard = self._heard.get(_plain(message.to))
            if heard is None or self._clock() - heard > _WINDOW:
                ends, error = "failed", 63016
        if self._books:
            self._write(message)
        if self._on_message:
            self._on_message(message)
        self._spawn(self._carry(message, ends, error))

    def _write(self, message: Message) -> None:
        row = {
            "sid": message.sid,
            "to": message.to,
            "body": message.body,
            "content_sid": message.content_sid,
            "callback": message.callback,
            "at": message.created.isoformat(),
        }
        assert self._books is not None
        with self._books.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    # --- calling the product -----------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._calling.add(task)
        task.add_done_callback(self._calling.discard)

    async def _carry(self, message: Message, ends: str, error: int | None) -> None:
        """Bring a message to its end, telling the product of each step as `receipts` says."""
        way = self.receipts
        steps = {"failed": ["failed"], "sent": ["sent"]}.get(ends, ["sent", ends])
        if ends == "delivered" and way.reads and message.to.startswith("whatsapp:"):
            steps.append("read")
        forms: list[dict[str, str]] = []
        for status in steps:
            await asyncio.sleep(way.delay)
            message.status, message.sent = status, message.sent or self._clock()
            message.error = error if status == ends else None
            form = _receipt(message, self.account)
            if way.reversed:
                forms.insert(0, form)
            else:
                await self._tell(message, form, way)
        for form in forms:
            await self._tell(message, form, way)

    async def _tell(self, message: Message, form: dict[str, str], way: Receipts) -> None:
        if message.callback is None or way.lost:
            return
        for _ in range(way.copies):
            await self._post(message.callback, form)

    async def _post(self, url: str, form: dict[str, str]) -> int:
        headers = {"X-Twilio-Signature": RequestValidator(self.token).compute_signature(url, form)}
        try:
            # Encoded already: spelling the address in another way would break the signature.
            where = URL(self._really(url), encoded=True)
            async with self._session.post(where, data=form, headers=headers) as answer:
                status = answer.status
        except (ClientError, TimeoutError, OSError):
            status = 0
        self.posted.append(Posted(url, form, status))
        return status

    def _really(self, url: str) -> str:
        if self.deliver_to is None:
            return url
        parts = urlsplit(url)
        return self.deliver_to.rstrip("/") + url.removeprefix(f"{parts.scheme}://{parts.netloc}")

    async def _say(self, phone: str, text: str, channel: str, lost: bool, more: Mapping[str, str]) -> int:
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        own = next(
            sender for sender in sorted(self._senders) if sender.startswith("whatsapp:") == bool(prefix)
        )
        message = Message(
            "SM" + secrets.token_hex(16), own, prefix + phone, text, "inbound", self._clock(), "received"
        )
        self.messages.append(replace(message, sent=message.created))
        if prefix:
            self._heard[phone] = self._clock()
        if lost:
            return 0
        assert self.public_url is not None, "say() needs public_url"
        form = {
            "MessageSid": message.sid,
            "SmsMessageSid": message.sid,
            "AccountSid": self.account,
            "From": message.sender,
            "To": message.to,
            "Body": text,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            "ApiVersion": "2010-04-01",
            **({"WaId": phone.lstrip("+"), "MessageType": "text"} if prefix else {}),
            **more,
        }
        return await self._post(self.public_url.rstrip("/") + INBOUND_PATH, form)

    async def _settled(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while self._calling:
                await asyncio.gather(*self._calling)


def _plain(address: str) -> str:
    return address.removeprefix("whatsapp:")


def _variables(text: str) -> dict[str, str]:
    try:
        variables = json.loads(text)
    except ValueError:
        raise _Refusal(21656) from None
    if not isinstance(variables, dict) or not all(isinstance(value, str) for value in variables.values()):
        raise _Refusal(21656)
    return variables


def _matches(message: Message, query: Mapping[str, str]) -> bool:
    if query.get("To", message.to) != message.to or query.get("From", message.sender) != message.sender:
        return False
    sent = message.sent.isoformat() if message.sent else None
    for name in ("DateSent", "DateSent<", "DateSent>"):
        if name not in query:
            continue
        asked = query[name]
        if sent is None:
            return False
        cut = sent[: len(asked.rstrip("Z"))]
        asked = asked.rstrip("Z")
        if not {"DateSent": cut == asked, "DateSent<": cut <= asked, "DateSent>": cut >= asked}[name]:
            return False
    return True


def _shown(message: Message, account: str) -> dict[str, object]:
    """Return a message in Twilio's JSON."""
    return {
        "sid": message.sid,
        "account_sid": account,
        "messaging_service_sid": None,
        "to": message.to,
        "from": message.sender or None,
        "body": message.body,
        "status": message.status,
        "direction": message.direction,
        "date_created": format_datetime(message.created.astimezone(UTC)),
        "date_updated": format_datetime((message.sent or message.created).astimezone(UTC)),
        "date_sent": format_datetime(message.sent.astimezone(UTC)) if message.sent else None,
        "error_code": message.error,
        "error_message": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": f"{BASE.format(account=account)}/{message.sid}.json",
        "subresource_uris": {},
    }


def _error(code: int, status: int) -> web.Response:
    about = f"https://www.twilio.com/docs/errors/{code}"
    shown = {"code": code, "message": "Not as it should be", "more_info": about, "status": status}
    return web.json_response(shown, status=status)


def _receipt(message: Message, account: str) -> dict[str, str]:
    form = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": message.status,
        "SmsStatus": message.status,
        "AccountSid": account,
        "From": message.sender,
        "To": message.to,
        "ApiVersion": "2010-04-01",
    }
    if message.error is not None:
        form["ErrorCode"] = str(message.error)
    if message.to.startswith("whatsapp:"):
        form["ChannelPrefix"] = "whatsapp"
    return form


def main() -> None:
    """Run as a command until it is ended; says where it listens on the first line."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--port", type=int, default=0)
    reader.add_argument("--token", default=TOKEN)
    reader.add_argument("--books", type=Path)
    reader.add_argument("--deliver-to")
    reader.add_argument("--public-url")
    given = reader.parse_args()
    with Provider(
        token=given.token,
        port=given.port,
        books=given.books,
        deliver_to=given.deliver_to,
        public_url=given.public_url,
    ) as provider:
        print(provider.url, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
