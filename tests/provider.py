"""A provider on this machine that speaks Twilio's Messages API and keeps books: the referee of the tests.

It knows the form rules, accepts, refuses, breaks off, hangs and calls back as it was told to, and writes
down what each phone really got. In a test it runs in a thread (`with Provider(...) as provider`); for tests
that kill processes it is a command of its own, whose books are read by HTTP (`copies_at`):

    python tests/provider.py --port N --token T --books FILE --mps 80 --seed 7 --lost-answers 0.05 ...
"""

import argparse
import asyncio
import base64
import contextlib
import json
import sys
import threading
import time
import urllib.request
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from yarl import URL

if not __package__:
    # As a command it finds what is beside it by its place in the repository.
    sys.path.insert(0, str(Path(__file__).parent.parent))

from tests import _provider_books as books_of
from tests._provider_books import BASE, Message, Refusal, plain
from tests._provider_faults import (
    DROPPED_AFTER_ACCEPTING,
    DROPPED_BEFORE_ACCEPTING,
    PLAIN,
    UNREADABLE,
    Answer,
    Fate,
    Faults,
    Receipts,
    broken,
    ending,
    hanging,
    refused,
    too_many,
)

__all__ = [
    "ACCOUNT", "DROPPED_AFTER_ACCEPTING", "DROPPED_BEFORE_ACCEPTING", "PLAIN", "SMS_FROM", "TOKEN", "UNREADABLE",
    "WHATSAPP_FROM", "Answer", "Faults", "Message", "Posted", "Provider", "Receipts", "broken", "copies_at",
    "ending", "hanging", "refused", "too_many",
]

ACCOUNT = "AC" + "1" * 32
TOKEN = "an-invented-token"
WHATSAPP_FROM = "+32400001818"
SMS_FROM = "+32400001819"
INBOUND_PATH = "/hooks/twilio/inbound"
BOOKS_PATH = "/books"
_WINDOW = timedelta(hours=24)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Posted:
    """One hook that was called: where, with what, and the product's answer (0: nobody answered)."""

    url: str
    form: Mapping[str, str]
    status: int


def copies_at(url: str, *words: str) -> Counter[tuple[str, str]]:
    """Return `Provider.copies` of one that runs as a command."""
    with urllib.request.urlopen(url + BOOKS_PATH, timeout=30) as answer:
        rows = json.load(answer)
    return books_of.copies(((row["to"], row["body"]) for row in rows if row["got"]), words)


class Provider:
    """A provider. `public_url` is where the product says it is, `deliver_to` where it really is.

    Each sender is held to `mps` messages in any second, when given. `faults` happen by chance where no script says
    otherwise.
    """

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
        mps: int | None = None,
        faults: Faults | None = None,
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
        self.peers: set[object] = set()
        self._mps, self._faults = mps, faults
        self._lately: dict[str, deque[float]] = defaultdict(deque)
        self._asked: Counter[str] = Counter()
        self._by_sid: dict[str, Message] = {}
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
        return [message.body for message in self.messages if plain(message.to) == number and message.got]

    def copies(self, *words: str) -> Counter[tuple[str, str]]:
        """Return how often each phone got what: by address and the first of `words` that the text holds.

        Without words each text counts for itself. What ended failed or undelivered was not got.
        """
        return books_of.copies(((message.to, message.body) for message in self.messages if message.got), words)

    @property
    def connections(self) -> int:
        """How many connections were made so far."""
        return len(self.peers)

    def say(
        self,
        phone: str,
        text: str,
        channel: str = "whatsapp",
        *,
        lost: bool = False,
        to: str | None = None,
        **more: str,
    ) -> int:
        """Write as a phone would to the product's number `to`; return its answer (0 when the hook was `lost`)."""
        return self._wait_for(self._say(phone, text, channel, lost, to, more))

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
        app.router.add_get(BOOKS_PATH, self._show_books)
        self._session = ClientSession(timeout=ClientTimeout(total=10), trust_env=False)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1_024)
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
        if request.transport is not None:
            self.peers.add(request.transport.get_extra_info("peername"))
        try:
            # Read as raw pairs: what was really sent, not what a form parser makes of it.
            form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
            if self._on_request:
                self._on_request(form)
            fate = self._fate_of(form.get("To", ""))
            answer = self._answer_to(form.get("To", "")) or fate.answer()
            self._check_account(request)
            message = books_of.checked(form, self._senders, self._clock)
            self._check_pace(message.sender)
            if answer.accepts:
                self._take(message, answer, fate)
            return await self._reply(request, answer, books_of.shown(message, self.account), 201)
        except Refusal as refusal:
            return books_of.error(refusal.code, refusal.status)
        finally:
            self._now_open -= 1

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.requests["list"] += 1
        try:
            self._check_account(request)
        except Refusal as refusal:
            return books_of.error(refusal.code, refusal.status)
        query = request.query
        size, page = min(int(query.get("PageSize", "50")), 1_000), int(query.get("Page", "0"))
        found = [message for message in reversed(self.messages) if books_of.matches(message, query)]
        following = (
            request.rel_url.update_query(Page=str(page + 1)) if len(found) > size * (page + 1) else None
        )
        shown = {
            "messages": [books_of.shown(message, self.account) for message in found[size * page : size * (page + 1)]],
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
        except Refusal as refusal:
            return books_of.error(refusal.code, refusal.status)
        message = self._by_sid.get(request.match_info["sid"])
        if message is None:
            return books_of.error(20404, 404)
        return web.json_response(books_of.shown(message, self.account))

    async def _show_books(self, _request: web.Request) -> web.Response:
        return web.json_response([message.row() | {"got": message.got} for message in self.messages])

    async def _reply(
        self, request: web.Request, answer: Answer, shown: object, status: int
    ) -> web.StreamResponse:
        if answer.hangs_seconds:
            await asyncio.sleep(answer.hangs_seconds)
        if answer.drops and request.transport is not None:
            request.transport.abort()
        if answer.code is not None:
            response = books_of.error(answer.code, answer.status)
            if answer.retry_after is not None:
                response.headers["Retry-After"] = answer.retry_after
            if answer.location is not None:
                response.headers["Location"] = answer.location
            return response
        if answer.text is not None:
            return web.Response(text=answer.text, status=status)
        return web.json_response(shown, status=status)

    # --- rules and books ---------------------------------------------------------------------------

    def _answer_to(self, to: str) -> Answer | None:
        """Return what was said of the next request, if anything."""
        for queue in (self._by_number.get(plain(to)), self._by_order):
            if queue:
                return queue.popleft()
        return None

    def _fate_of(self, to: str) -> Fate:
        if self._faults is None:
            return Fate.kind()
        self._asked[to] += 1
        return self._faults.fate(to, self._asked[to])

    def _check_pace(self, sender: str) -> None:
        """Count one message of a sender. Raises Refusal when it is one too many within a second."""
        if self._mps is None:
            return
        now, lately = self._loop.time(), self._lately[sender]
        while lately and lately[0] <= now - 1.0:
            lately.popleft()
        if len(lately) >= self._mps:
            self.requests["too many"] += 1
            raise Refusal(20429, 429)
        lately.append(now)

    def _check_account(self, request: web.Request) -> None:
        expected = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            raise Refusal(20003, 401)

    def _take(self, message: Message, answer: Answer, fate: Fate) -> None:
        """Write a message into the books and set off its receipts."""
        self._keep(message)
        ends, error = answer.ends, answer.error
        if self._window and message.to.startswith("whatsapp:") and message.content_sid is None:
            heard = self._heard.get(plain(message.to))
            if heard is None or self._clock() - heard > _WINDOW:
                ends, error = "failed", 63016
        if self._books:
            with self._books.open("a", encoding="utf-8") as file:
                file.write(json.dumps(message.row()) + "\n")
        if self._on_message:
            self._on_message(message)
        self._spawn(self._carry(message, ends, error, fate))

    def _keep(self, message: Message) -> None:
        self.messages.append(message)
        self._by_sid[message.sid] = message

    # --- calling the product -----------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._calling.add(task)
        task.add_done_callback(self._calling.discard)

    async def _carry(self, message: Message, ends: str, error: int | None, fate: Fate) -> None:
        """Bring a message to its end, telling the product of each step as `receipts` and its fate say."""
        way = self.receipts
        steps = {"failed": ["failed"], "sent": ["sent"]}.get(ends, ["sent", ends])
        if ends == "delivered" and way.reads and message.to.startswith("whatsapp:"):
            steps.append("read")
        at_the_end: list[dict[str, str]] = []
        for status in steps:
            await asyncio.sleep(way.delay)
            message.status, message.sent = status, message.sent or self._clock()
            message.error = error if status == ends else None
            form = books_of.receipt_form(message, self.account)
            if way.reversed or fate.faults.callbacks_shuffled:
                at_the_end.insert(0, form)
            else:
                await self._tell(message, form, way, fate)
        if fate.faults.callbacks_shuffled:
            fate.shuffle(at_the_end)
        for form in at_the_end:
            await self._tell(message, form, way, fate)

    async def _tell(self, message: Message, form: dict[str, str], way: Receipts, fate: Fate) -> None:
        if message.callback is None or way.lost:
            return
        for delay in fate.delays(way.copies):
            if delay:
                self._spawn(self._post_late(delay, message.callback, form))
            else:
                await self._post(message.callback, form)

    async def _post_late(self, delay: float, url: str, form: dict[str, str]) -> None:
        await asyncio.sleep(delay)
        await self._post(url, form)

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

    async def _say(
        self, phone: str, text: str, channel: str, lost: bool, to: str | None, more: Mapping[str, str]
    ) -> int:
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        ours = sorted(sender for sender in self._senders if sender.startswith("whatsapp:") == bool(prefix))
        own = prefix + to if to else ours[0]
        message = Message(books_of.new_sid(), own, prefix + phone, text, "inbound", self._clock(), "received")
        message.sent, message.media = message.created, more.get("NumMedia", "0")
        self._keep(message)
        if prefix:
            self._heard[phone] = self._clock()
        if lost:
            return 0
        assert self.public_url is not None, "say() needs public_url"
        form = books_of.inbound_form(message, self.account, more)
        return await self._post(self.public_url.rstrip("/") + INBOUND_PATH, form)

    async def _settled(self, seconds: float) -> None:
        async with asyncio.timeout(seconds):
            while self._calling:
                await asyncio.gather(*self._calling)


def main() -> None:
    """Run as a command until it is ended; says where it listens on the first line."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--port", type=int, default=0)
    reader.add_argument("--token", default=TOKEN)
    reader.add_argument("--books", type=Path)
    reader.add_argument("--deliver-to")
    reader.add_argument("--public-url")
    reader.add_argument("--mps", type=int)
    reader.add_argument("--window", action="store_true")
    reader.add_argument("--sender", action="append", help="may be given several times; WhatsApp as whatsapp:+32…")
    for one in fields(Faults):
        name = "--" + one.name.replace("_", "-")
        if isinstance(one.default, bool):
            reader.add_argument(name, action="store_true")
        else:
            reader.add_argument(name, type=type(one.default), default=one.default)
    given = vars(reader.parse_args())
    faults = Faults(**{one.name: given.pop(one.name) for one in fields(Faults)})
    senders = given.pop("sender")
    with Provider(**given, faults=faults, **({"senders": senders} if senders else {})) as provider:
        print(provider.url, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
