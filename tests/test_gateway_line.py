"""The connections to a provider: every way that a server can answer, stall or break off."""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wabp.gateway import line as lines
from wabp.gateway.line import Answer, Line, NoAnswer, NotConnected

T = TypeVar("T")
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """A server that answers request after request with the bytes it was given, and counts its connections."""

    def __init__(self, *answers: bytes, ends: bool = False) -> None:
        self.answers, self.ends = list(answers), ends
        self.connections, self.requests = 0, list[bytes]()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._answer(reader, writer)
                while not self.ends:
                    await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        self.requests.append(head + await reader.readexactly(length))
        answer = self.answers.pop(0) if self.answers else b""
        # In pieces as small as can be: an answer may be cut anywhere.
        step = 1 if len(answer) < 200 else len(answer)
        for start in range(0, len(answer), step):
            writer.write(answer[start : start + step])
            await asyncio.sleep(0)
            await writer.drain()


@contextlib.asynccontextmanager
async def line_to(server: Server, tls: ssl.SSLContext | None = None, **limits: float) -> AsyncIterator[Line]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    given = {"connections": 10, "timeout": 0.3, "connect_timeout": 0.3} | limits
    line = Line(server.url, tls=tls, **given)  # type: ignore[arg-type]
    try:
        yield line
    finally:
        line.close()
        listening.close()
        await asyncio.sleep(0.01)


def ask(server: Server, times: int = 1, **limits: float) -> list[Answer | Exception]:
    """Ask one after the other; return what came back."""

    async def run() -> list[Answer | Exception]:
        came: list[Answer | Exception] = []
        async with line_to(server, **limits) as line:
            for _ in range(times):
                try:
                    came.append(await line.ask("POST", server.url + "/a?b=c", {"X-Name": "value"}, b"body"))
                except (NoAnswer, NotConnected) as trouble:
                    came.append(trouble)
        return came

    return asyncio.run(run())


def test_a_request_is_written_as_it_should_be() -> None:
    server = Server(OK)
    assert ask(server) == [Answer(200, {"content-length": "2"}, b"ok")]
    host = server.url.removeprefix("http://").encode()
    assert server.requests == [
        b"POST /a?b=c HTTP/1.1\r\nHost: " + host + b"\r\nX-Name: value\r\nContent-Length: 4\r\n\r\nbody"
    ]


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (OK, 200, b"ok"),
        (b"HTTP/1.1 201 Created\r\ncontent-LENGTH:2\r\n\r\nok", 201, b"ok"),
        (b"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n", 500, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n", 200, b"ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n00\r\nT: v\r\n\r\n", 200, b"ok"),
    ],
)
def test_whole_answers_are_read_and_leave_the_connection_open(raw: bytes, status: int, body: bytes) -> None:
    server = Server(raw, OK)
    first, second = ask(server, times=2)
    assert isinstance(first, Answer)
    assert (first.status, first.body) == (status, body)
    assert isinstance(second, Answer)
    assert server.connections == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n\r\nok",
    ],
)
def test_a_connection_that_the_server_ends_is_not_used_again(raw: bytes) -> None:
    server = Server(raw, raw, ends=True)
    assert [one.body for one in ask(server, times=2) if isinstance(one, Answer)] == [b"ok", b"ok"]
    assert server.connections == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
    ],
)
@pytest.mark.parametrize("ends", [True, False], ids=["breaks off", "stalls"])
def test_half_an_answer_is_none(raw: bytes, ends: bool) -> None:
    server = Server(raw, OK, ends=ends)
    first, second = ask(server, times=2)
    assert isinstance(first, NoAnswer)
    assert isinstance(second, Answer)
    # Never asked again by itself, nor on a connection where the rest of an answer may still come.
    assert (len(server.requests), server.connections) == (2, 2)


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-x\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more" + b"." * 200,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\nok",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * lines.LARGEST_HEAD,
    ],
)
def test_what_is_no_answer_is_taken_for_none_at_once(raw: bytes) -> None:
    server = Server(raw, OK)
    first, second = ask(server, times=2, timeout=20)
    assert isinstance(first, NoAnswer)
    assert isinstance(second, Answer)
    assert server.connections == 2


def test_an_answer_larger_than_anything_sane_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LARGEST_BODY", 1_000)
    assert isinstance(ask(Server(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2_000), timeout=20)[0], NoAnswer)


def test_a_connection_that_rested_long_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_REST_SECONDS", -1.0)
    server = Server(OK, OK)
    assert all(isinstance(one, Answer) for one in ask(server, times=2))
    assert server.connections == 2


def test_one_who_gives_up_takes_their_connection_along_and_frees_the_place() -> None:
    server = Server(OK)

    async def run() -> Answer:
        async with line_to(server, connections=1, timeout=20) as line:
            server.answers.insert(0, b"")
            first = asyncio.create_task(line.ask("GET", server.url, {}))
            while not server.requests:
                await asyncio.sleep(0.01)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return await line.ask("GET", server.url, {})

    assert asyncio.run(run()).body == b"ok"
    assert server.connections == 2


def test_closing_leaves_what_is_under_way_in_doubt_and_what_waits_unsent() -> None:
    server = Server()

    async def run() -> list[object]:
        async with line_to(server, connections=1, timeout=20) as line:
            both = [asyncio.create_task(line.ask("GET", server.url, {})) for _ in range(2)]
            while not server.requests:
                await asyncio.sleep(0.01)
            line.close()
            return list(await asyncio.gather(*both, return_exceptions=True))

    first, second = asyncio.run(run())
    assert isinstance(first, NoAnswer)
    assert isinstance(second, NotConnected)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.2:1/", "https://{}", "http://{}.evil.example/", "http://{}/a b", "http://{}/\r\nX: y"]
)
def test_another_server_or_a_broken_address_is_never_asked(url: str) -> None:
    server = Server(OK)

    async def run() -> None:
        async with line_to(server) as line:
            with pytest.raises(NotConnected):
                await line.ask("GET", url.format(server.url.removeprefix("http://")), {"Authorization": "secret"})

    asyncio.run(run())
    assert server.requests == []


def test_a_second_address_is_tried_when_the_first_takes_no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(OK, OK)

    async def run() -> list[Answer]:
        async with line_to(server) as line:
            looked_up = 0

            async def look_up() -> list[str]:
                nonlocal looked_up
                looked_up += 1
                return ["127.0.0.2", "127.0.0.1"]

            monkeypatch.setattr(line, "_look_up", look_up)
            came = await asyncio.gather(*(line.ask("GET", server.url, {}) for _ in range(2)))
            assert looked_up == 1
            return came

    assert [answer.body for answer in asyncio.run(run())] == [b"ok", b"ok"]


def certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    file = folder / "server.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    )
    return file


@pytest.mark.parametrize("trusted", [True, False])
def test_over_tls_only_a_server_with_a_trusted_certificate_is_asked(tmp_path: Path, trusted: bool) -> None:
    file, server = certificate(tmp_path), Server(OK, OK)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(file)
    ours = ssl.create_default_context(cafile=file if trusted else None)

    async def run() -> list[Answer]:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=theirs)
        url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        line = Line(url, connections=2, timeout=5, connect_timeout=5, tls=ours)
        try:
            return [await line.ask("GET", url, {}) for _ in range(2)]
        finally:
            line.close()
            listening.close()
            await asyncio.sleep(0.05)

    if trusted:
        assert [answer.body for answer in asyncio.run(run())] == [b"ok", b"ok"]
        assert server.connections == 1
    else:
        with pytest.raises(NotConnected):
            asyncio.run(run())
        assert server.requests == []
