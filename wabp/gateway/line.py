"""A line to one web server: HTTP/1.1 over connections that stay open, with one request at a time on each.

Made for very many small requests: a general client costs more for each of them than all else that is done for
a message. It never repeats a request, follows no redirect, no proxy and nothing in the environment, keeps no
cookies and asks no other host. It knows neither messages nor credentials, and its errors hold no text.
"""

import asyncio
import contextlib
import re
import socket
import ssl
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple, cast
from urllib.parse import urlsplit

# Servers close what rests for long; a request that meets such a close half-way would end in doubt.
LONGEST_REST_SECONDS = 15.0
KNOWN_FOR_SECONDS = 30.0
LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 64 * 1024 * 1024
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,7}(?=[ \t;\r])")


class NotConnected(Exception):
    """No connection was made, so the request was surely not seen."""


class NoAnswer(Exception):
    """The request may have arrived, and no whole answer came back."""


class Answer(NamedTuple):
    """What the server answered. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Line:
    """The connections of one event loop to the server of `url`. Time-outs are in seconds."""

    def __init__(
        self, url: str, *, connections: int, timeout: float, connect_timeout: float, tls: ssl.SSLContext | None
    ) -> None:
        parts = urlsplit(url)
        self._server = parts.scheme, parts.netloc
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if tls else 80)
        self._tls = tls
        self._timeout, self._connect_timeout = timeout, connect_timeout
        self._loop = asyncio.get_running_loop()
        self._places = asyncio.Semaphore(connections)
        self._open: set[_Connection] = set()
        self._resting: deque[_Connection] = deque()
        self._found: asyncio.Future[list[str]] | None = None
        self._found_until = 0.0
        self._turn = 0
        self._closed = False

    async def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Ask once and return the answer, whatever its status. Raises NotConnected or NoAnswer.

        Waiting for a free connection happens before the clock of the time-out starts: a request that was never
        sent must not end in doubt.
        """
        request = self._request(method, url, headers, body)
        async with self._places:
            if self._closed:
                raise NotConnected
            connection = self._rested() or await self._connect()
            try:
                return await connection.ask(request, self._timeout)
            finally:
                if connection.can_rest and connection in self._open:
                    self._resting.append(connection)
                else:
                    self._drop(connection)

    async def find(self) -> None:
        """Look up where the server is, so that the first request need not. It may fail, and then says nothing."""
        with contextlib.suppress(OSError):
            await self._addresses()

    def close(self) -> None:
        """Break all connections; what is under way gets no answer."""
        self._closed = True
        for connection in list(self._open):
            self._drop(connection)
        self._resting.clear()

    def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> bytes:
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) != self._server:
            # Credentials are for this server alone.
            raise NotConnected
        target = url[len(parts.scheme) + len("://") + len(parts.netloc) :] or "/"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"Content-Length: {len(body)}")
        if not all(line.isascii() and line.isprintable() for line in lines) or " " in target:
            raise NotConnected
        return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body

    def _rested(self) -> "_Connection | None":
        """Return the connection that was used last; give up those that rested too long."""
        stale = self._loop.time() - LONGEST_REST_SECONDS
        while self._resting and self._resting[0].since < stale:
            self._drop(self._resting.popleft())
        while self._resting:
            if (connection := self._resting.pop()).can_rest:
                return connection
            self._drop(connection)
        return None

    async def _connect(self) -> "_Connection":
        try:
            async with asyncio.timeout(self._connect_timeout):
                addresses = await self._addresses()
                for left in reversed(range(len(addresses))):
                    # In turn, so that many connections are spread over all of a server's addresses.
                    self._turn += 1
                    try:
                        connection = await self._connect_to(addresses[self._turn % len(addresses)])
                    except OSError:
                        if not left:
                            raise
                    else:
                        self._open.add(connection)
                        return connection
        except OSError:
            # It may have moved. Asking once a second is enough, however many wait.
            self._found_until = min(self._found_until, self._loop.time() + 1.0)
        raise NotConnected from None

    async def _connect_to(self, address: str) -> "_Connection":
        _, connection = await self._loop.create_connection(
            lambda: _Connection(self._loop),
            address,
            self._port,
            ssl=self._tls,
            server_hostname=self._host if self._tls else None,
        )
        return connection

    async def _addresses(self) -> list[str]:
        """Return where the server is. Looked up once for all that wait, and again after a while."""
        now = self._loop.time()
        if self._found is None or now > self._found_until:
            self._found = asyncio.ensure_future(self._look_up())
            self._found.add_done_callback(_look_at_error)
            self._found_until = now + KNOWN_FOR_SECONDS
        return await asyncio.shield(self._found)

    async def _look_up(self) -> list[str]:
        try:
            found = await self._loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except UnicodeError:
            raise OSError from None
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def _drop(self, connection: "_Connection") -> None:
        self._open.discard(connection)
        connection.abort()


class _Connection(asyncio.Protocol):
    """One connection: writes a request, reads its answer. `since` is when it last had something to do."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: asyncio.Future[Answer] | None = None
        self._reader = _Reader()
        self.can_rest = False
        self.since = 0.0

    async def ask(self, request: bytes, seconds: float) -> Answer:
        """Return the answer to a request. Raises NoAnswer when it does not come in time, or not whole."""
        waiting: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting = waiting
        # Only a whole answer makes it fit for another request.
        self.can_rest = False
        self._transport.write(request)
        timer = self._loop.call_later(seconds, self._fail)
        try:
            return await waiting
        finally:
            timer.cancel()
            self._waiting = None
            self.since = self._loop.time()

    def abort(self) -> None:
        """Break the connection."""
        self.can_rest = False
        self._fail()
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        waiting = self._waiting
        if waiting is None or waiting.done():
            # Nothing was asked: nobody knows what this would answer.
            self.abort()
            return
        try:
            answer = self._reader.feed(data)
        except ValueError:
            self._fail()
            return
        if answer is not None:
            self.can_rest = self._reader.leaves_open
            waiting.set_result(answer)

    def eof_received(self) -> None:
        self.can_rest = False
        answer = self._reader.end()
        if answer is not None and self._waiting and not self._waiting.done():
            self._waiting.set_result(answer)

    def connection_lost(self, _error: Exception | None) -> None:
        self.can_rest = False
        self._fail()

    def _fail(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(NoAnswer())


class _Reader:
    """Puts answers together from the bytes that come in. Raises ValueError at what is no answer."""

    _bytes: bytearray
    _body: bytearray
    _status: int
    _headers: dict[str, str]
    _length: int | None
    _chunked: bool

    def __init__(self) -> None:
        self.leaves_open = False
        self._begin()

    def feed(self, data: bytes) -> Answer | None:
        """Take bytes; return the answer once it is whole."""
        self._bytes += data
        while not self._status:
            if not self._read_head():
                return None
        if self._chunked:
            if not self._read_chunks():
                return None
        elif self._length is None:
            self._body, self._bytes = self._body + self._bytes, bytearray()
        elif len(self._bytes) >= self._length:
            self._body, self._bytes = self._bytes[: self._length], self._bytes[self._length :]
        if len(self._body) + len(self._bytes) > LARGEST_BODY:
            raise ValueError
        whole = self._chunked or (self._length is not None and len(self._body) == self._length)
        return self._whole() if whole else None

    def end(self) -> Answer | None:
        """Be told that nothing more comes; return the answer that this makes whole."""
        until_the_end = self._status and self._length is None and not self._chunked
        return self._whole() if until_the_end else None

    def _begin(self) -> None:
        self._bytes, self._body = bytearray(), bytearray()
        self._status, self._headers = 0, {}
        self._length, self._chunked = None, False

    def _whole(self) -> Answer:
        if self._bytes:
            raise ValueError
        answer = Answer(self._status, self._headers, bytes(self._body))
        self._begin()
        return answer

    def _read_head(self) -> bool:
        """Read the status and headers when they are here; what only says that more will come is left out."""
        ends = self._bytes.find(b"\r\n\r\n")
        if ends < 0:
            if len(self._bytes) > LARGEST_HEAD:
                raise ValueError
            return False
        first, *lines = self._bytes[:ends].decode("latin-1").split("\r\n")
        del self._bytes[: ends + 4]
        version, _, rest = first.partition(" ")
        status = rest[:3]
        if version not in {"HTTP/1.1", "HTTP/1.0"} or not (status.isdecimal() and len(status) == 3):
            raise ValueError
        if status[0] == "1":
            return self._read_head()
        self._headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self._status = int(status)
        self._read_length(version)
        return True

    def _read_length(self, version: str) -> None:
        coding, length = self._headers.get("transfer-encoding"), self._headers.get("content-length")
        if coding is not None:
            if coding.lower() != "chunked":
                raise ValueError
            self._chunked = True
        elif self._status in {204, 304}:
            self._length = 0
        elif length is not None:
            if not (length.isascii() and length.isdecimal() and len(length) < 12):
                raise ValueError
            self._length = int(length)
        stays = "close" not in self._headers.get("connection", "").lower() and version == "HTTP/1.1"
        self.leaves_open = stays and (self._chunked or self._length is not None)

    def _read_chunks(self) -> bool:
        """Move whole chunks into the body. True when the last one was read."""
        while (ends := self._bytes.find(b"\r\n")) >= 0:
            start, said = ends + 2, _CHUNK_SIZE.match(self._bytes)
            if said is None:
                raise ValueError
            size = int(said[0], 16)
            if size == 0:
                return self._read_trailer(start)
            if len(self._bytes) < start + size + 2:
                return False
            if self._bytes[start + size : start + size + 2] != b"\r\n":
                raise ValueError
            self._body += self._bytes[start : start + size]
            del self._bytes[: start + size + 2]
        if len(self._bytes) > LARGEST_HEAD:
            raise ValueError
        return False

    def _read_trailer(self, start: int) -> bool:
        """Leave out the headers that may follow the last chunk."""
        if self._bytes[start : start + 2] == b"\r\n":
            del self._bytes[: start + 2]
            return True
        ends = self._bytes.find(b"\r\n\r\n", start)
        if ends < 0:
            return False
        del self._bytes[: ends + 4]
        return True


def _look_at_error(found: asyncio.Future[list[str]]) -> None:
    """Nobody may be waiting any more; then the error is of no interest."""
    if not found.cancelled():
        found.exception()
