"""A quick stand-in for Twilio's Messages API on this machine, which counts: the referee of the benches of delivery.

    python bench/_provider.py --port N --latency-ms 80 --cap 80 --callbacks

It checks the account, answers 201 after the latency and 429 over the cap (a second that slides, for each sender),
and keeps books: who got what, when. Moments are those at which the whole request was here. Besides the API:

    GET  /stats?word=W    counts, first and last moment (seconds since 1970), messages in each second; of texts with W
    GET  /count?word=W    how many messages were accepted
    GET  /books?word=W    a row [moment, to, sid, callback, text] for each accepted message
    POST /reset           forgets everything
"""

import argparse
import asyncio
import base64
import gc
import json
import signal
import time
from collections import Counter, defaultdict, deque
from functools import lru_cache
from typing import NamedTuple, cast
from urllib.parse import parse_qs, unquote_plus, urlsplit

import httptools
import uvloop
from _posting import ACCOUNT, TOKEN, Line, signed_receipt

_MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
_BASIC = b"Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode())
_CALLING_LINES = 8
# After how many seconds a message is said to be sent, and delivered.
_LIFE = ((0.2, "sent"), (1.0, "delivered"))
_REASONS = {200: "OK", 201: "Created", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many"}

_plain = lru_cache(maxsize=4096)(lambda raw: unquote_plus(raw.decode("latin-1")))


class Message(NamedTuple):
    """One accepted message."""

    at: float
    to: str
    sender: str
    sid: str
    callback: str
    text: str


class Books:
    """What was asked and accepted since the last reset."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.messages: list[Message] = []
        self.refused: list[float] = []
        self.denied = 0
        self._in_the_last_second: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, form: dict[bytes, bytes]) -> Message | None:
        """Write one message down; None when its sender is over the cap."""
        now = time.monotonic()
        sender = _plain(form[b"From"])
        if self._cap:
            recent = self._in_the_last_second[sender]
            while recent and recent[0] <= now - 1.0:
                recent.popleft()
            if len(recent) >= self._cap:
                self.refused.append(time.time())
                return None
            recent.append(now)
        text = _plain(form.get(b"Body") or form.get(b"ContentVariables", b""))
        to = form[b"To"].replace(b"%3A", b":").replace(b"%2B", b"+").decode()
        callback = form.get(b"StatusCallback", b"").decode()
        message = Message(time.time(), to, sender, f"SM{len(self.messages):08x}{_random()}", callback, text)
        self.messages.append(message)
        return message

    def stats(self, word: str) -> dict[str, object]:
        """Return the figures of all messages whose text has a word."""
        chosen = [message for message in self.messages if word in message.text]
        moments = [message.at for message in chosen]
        copies = Counter((message.to, message.text) for message in chosen)
        first = min(moments, default=None)
        return {
            "accepted": len(chosen),
            "refused": len(self.refused),
            "denied": self.denied,
            "unique_to": len({message.to for message in chosen}),
            "doubled": sum(copies.values()) - len(copies),
            "first": first,
            "last": max(moments, default=None),
            "per_second": _per_second(moments, first or 0.0),
        }

    def rows(self, word: str) -> list[tuple[float, str, str, str, str]]:
        """Return the messages whose text has a word, oldest first."""
        return [
            (one.at, one.to, one.sid, unquote_plus(one.callback), one.text)
            for one in self.messages
            if word in one.text
        ]

    def sent_to(self, to: str) -> list[Message]:
        """Return what one address was sent, newest first."""
        return [message for message in reversed(self.messages) if message.to == to]

    def find(self, sid: str) -> Message | None:
        """Return one message by its id."""
        return next((message for message in self.messages if message.sid == sid), None)


class Caller:
    """Tells the product what became of its messages, over a few connections that stay open."""

    def __init__(self) -> None:
        self._due: deque[bytes] = deque()
        self._lines: list[Line] = []
        self._tasks: set[asyncio.Future[None]] = set()
        self.answers: Counter[int] = Counter()

    def follow(self, message: Message) -> None:
        """Tell the life of one message in time."""
        for seconds, status in _LIFE:
            asyncio.get_running_loop().call_later(seconds, self._tell, message, status)

    def _tell(self, message: Message, status: str) -> None:
        url = unquote_plus(message.callback)
        self._due.append(signed_receipt(url, message.sid, message.to, status))
        self._lines = [line for line in self._lines if not line.ended.done()]
        resting = next((line for line in self._lines if line.idle), None)
        if resting:
            resting.go_on()
        elif len(self._lines) + len(self._tasks) < _CALLING_LINES:
            opening = asyncio.ensure_future(self._open(urlsplit(url).port or 80))
            self._tasks.add(opening)
            opening.add_done_callback(self._tasks.discard)

    async def _open(self, port: int) -> None:
        try:
            _, line = await asyncio.get_running_loop().create_connection(
                lambda: Line(lambda: self._due.popleft() if self._due else None, self._note), "127.0.0.1", port
            )
            self._lines.append(line)
        except OSError:
            self.answers[0] += 1

    def _note(self, status: int) -> None:
        self.answers[status] += 1


class Connection(asyncio.Protocol):
    """One connection of the product: reads a request, answers it after the latency."""

    def __init__(self, books: Books, latency: float, caller: Caller | None) -> None:
        self._books, self._latency, self._caller = books, latency, caller
        self._reader = httptools.HttpRequestParser(self)
        self._begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self._ours = value == _BASIC

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        posted, url, ours, body = self._reader.get_method() == b"POST", self._url.decode(), self._ours, self._body
        self._begin()
        if posted and url == f"{_MESSAGES}.json":
            if not ours:
                self._books.denied += 1
                self._say(401, _trouble(20003, 401))
                return
            self._create(body)
        elif url.startswith(_MESSAGES):
            self._look(url, ours)
        else:
            self._control(posted, url)

    def _begin(self) -> None:
        self._url, self._body, self._ours = b"", b"", False

    def _create(self, body: bytes) -> None:
        form = dict(pair.split(b"=", 1) for pair in body.split(b"&"))
        if not form.keys() >= {b"To", b"From"}:
            self._answer(_response(400, _trouble(21604, 400)))
            return
        message = self._books.take(form)
        if message is None:
            self._answer(_response(429, _trouble(20429, 429)))
            return
        if self._caller and message.callback:
            self._caller.follow(message)
        self._answer(_response(201, _shown(message, "queued")))

    def _look(self, url: str, ours: bool) -> None:
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if not ours:
            self._say(401, _trouble(20003, 401))
        elif parts.path == f"{_MESSAGES}.json":
            found = [json.loads(_shown(message, "delivered")) for message in self._books.sent_to(query.get("To", ""))]
            self._say(200, json.dumps({"messages": found, "page": 0, "page_size": 1000, "next_page_uri": None}))
        elif message := self._books.find(parts.path.removeprefix(f"{_MESSAGES}/").removesuffix(".json")):
            self._say(200, _shown(message, "delivered"))
        else:
            self._say(404, _trouble(20404, 404))

    def _control(self, posted: bool, url: str) -> None:
        parts = urlsplit(url)
        word = parse_qs(parts.query).get("word", [""])[0]
        if posted and parts.path == "/reset":
            self._books.forget()
            gc.collect()
            self._say(200, "{}")
        elif parts.path == "/stats":
            called = dict(self._caller.answers) if self._caller else {}
            self._say(200, json.dumps(self._books.stats(word) | {"callbacks": called}))
        elif parts.path == "/count":
            self._say(200, str(sum(word in message.text for message in self._books.messages)))
        elif parts.path == "/books":
            self._say(200, json.dumps(self._books.rows(word)))
        else:
            self._say(404, "{}")

    def _say(self, status: int, text: str) -> None:
        self._write(_response(status, text))

    def _answer(self, response: bytes) -> None:
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._write, response)
        else:
            self._write(response)

    def _write(self, response: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(response)


def _per_second(moments: list[float], first: float) -> list[int]:
    counts = Counter(int(moment - first) for moment in moments)
    return [counts[second] for second in range(max(counts, default=-1) + 1)]


def _random() -> str:
    return f"{time.monotonic_ns() & 0xFFFFFFFFFFFFFFFFFFFFFFFF:024x}"


@lru_cache(maxsize=8)
def _date(second: int) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(second))


_quoted = lru_cache(maxsize=4096)(json.dumps)


def _shown(message: Message, status: str) -> str:
    """Return a message in Twilio's JSON."""
    at = _date(int(message.at))
    uri = f"{_MESSAGES}/{message.sid}"
    return (
        f'{{"account_sid": "{ACCOUNT}", "api_version": "2010-04-01", "body": {_quoted(message.text)}, '
        f'"date_created": "{at}", "date_sent": null, "date_updated": "{at}", "direction": "outbound-api", '
        f'"error_code": null, "error_message": null, "from": "{message.sender}", "messaging_service_sid": null, '
        f'"num_media": "0", "num_segments": "1", "price": null, "price_unit": null, "sid": "{message.sid}", '
        f'"status": "{status}", "subresource_uris": {{"media": "{uri}/Media.json"}}, "tags": null, '
        f'"to": "{message.to}", "uri": "{uri}.json"}}'
    )


def _trouble(code: int, status: int) -> str:
    about = f"https://www.twilio.com/docs/errors/{code}"
    return json.dumps({"code": code, "message": "Not as it should be", "more_info": about, "status": status})


def _response(status: int, text: str) -> bytes:
    body = text.encode()
    head = f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


async def _serve(port: int, latency: float, cap: int, callbacks: bool) -> None:
    loop = asyncio.get_running_loop()
    books, caller = Books(cap), Caller() if callbacks else None
    server = await loop.create_server(lambda: Connection(books, latency, caller), "127.0.0.1", port, backlog=4096)
    stopping = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, stopping.set)
    # Books of a hundred thousand messages would make each full collection a pause of the referee's own.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    await stopping.wait()
    server.close()


def main() -> None:
    """Serve until stopped."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--port", type=int, required=True)
    reader.add_argument("--latency-ms", type=float, default=80)
    reader.add_argument("--cap", type=int, default=0, help="messages a second for each sender; 0: no cap")
    reader.add_argument("--callbacks", action=argparse.BooleanOptionalAction, default=False)
    given = reader.parse_args()
    uvloop.run(_serve(given.port, given.latency_ms / 1000, given.cap, given.callbacks))


if __name__ == "__main__":
    main()
