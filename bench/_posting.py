"""Posts made as fast as one process can: kept-alive connections, requests that were put together beforehand.

Used to call the product back, by the stand-in for the provider and by the load of `callbacks.py`.
"""

import asyncio
import base64
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable
from typing import cast
from urllib.parse import urlencode, urlsplit

import httptools

ACCOUNT = "AC" + "1" * 32
TOKEN = "an-invented-token"
SENDERS = {"whatsapp": "+32400001818", "sms": "+32400001819"}


def signed_receipt(url: str, sid: str, to: str, status: str) -> bytes:
    """Return the whole request by which Twilio would tell `url` what became of a message."""
    whatsapp = to.startswith("whatsapp:")
    form = {
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": ACCOUNT,
        "From": f"whatsapp:{SENDERS['whatsapp']}" if whatsapp else SENDERS["sms"],
        "To": to,
        "ApiVersion": "2010-04-01",
        **({"ChannelPrefix": "whatsapp"} if whatsapp else {}),
    }
    signed = url + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.digest(TOKEN.encode(), signed.encode(), hashlib.sha1)).decode()
    parts = urlsplit(url)
    body = urlencode(form)
    head = (
        f"POST {url.removeprefix(f'{parts.scheme}://{parts.netloc}')} HTTP/1.1\r\n"
        f"Host: {parts.netloc}\r\nX-Twilio-Signature: {signature}\r\nUser-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


class Line(asyncio.Protocol):
    """One connection that posts what `following` gives, one request at a time, until that gives None.

    `answered` is called with each status; 0 is a connection that ended before its answer.
    """

    def __init__(self, following: Callable[[], bytes | None], answered: Callable[[int], None]) -> None:
        self._following, self._answered = following, answered
        self._waiting = False
        self._transport: asyncio.Transport | None = None
        self._reader = httptools.HttpResponseParser(self)
        self.idle = False
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self.go_on()

    def data_received(self, data: bytes) -> None:
        self._reader.feed_data(data)

    def on_message_complete(self) -> None:
        self._waiting = False
        status = self._reader.get_status_code()
        self._reader = httptools.HttpResponseParser(self)
        self._answered(status)
        self.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting:
            self._answered(0)
        if not self.ended.done():
            self.ended.set_result(None)

    def go_on(self) -> None:
        """Post the next request, or rest when there is none."""
        assert self._transport is not None
        request = self._following()
        self.idle = request is None
        if request is not None:
            self._waiting = True
            self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def post_all(port: int, requests: list[bytes], connections: int, seconds: float) -> tuple[Counter[int], float]:
    """Post until all requests or all seconds are used up. Returns answers by status, and the seconds it took."""
    loop = asyncio.get_running_loop()
    position = 0
    answers: Counter[int] = Counter()
    lines: list[Line] = []
    ends = loop.time() + seconds

    def following() -> bytes | None:
        nonlocal position
        if position == len(requests) or loop.time() > ends:
            return None
        position += 1
        return requests[position - 1]

    def answered(status: int) -> None:
        answers[status] += 1
        if sum(answers.values()) == position and (position == len(requests) or loop.time() > ends):
            for line in lines:
                line.close()

    started = loop.time()
    for _ in range(connections):
        _, line = await loop.create_connection(lambda: Line(following, answered), "127.0.0.1", port)
        lines.append(line)
    await asyncio.wait([line.ended for line in lines])
    return answers, loop.time() - started
