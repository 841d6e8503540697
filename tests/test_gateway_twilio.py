"""What becomes of a message handed to Twilio: every way that a request can end has one honest outcome."""

import asyncio
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl

import pytest
from aiohttp import ClientSession

from tests.provider import (
    ACCOUNT,
    DROPPED_AFTER_ACCEPTING,
    DROPPED_BEFORE_ACCEPTING,
    SMS_FROM,
    TOKEN,
    UNREADABLE,
    WHATSAPP_FROM,
    Answer,
    Provider,
    Receipts,
    broken,
    ending,
    hanging,
    refused,
    too_many,
)
from wabp.gateway import SMS, WHATSAPP, Accepted, CannotAsk, NotNow, Outcome, Outgoing, Refused, Unknown
from wabp.gateway.hooks import SIGNATURE_HEADER, is_signed, read_inbound, read_receipt
from wabp.gateway.inbound import Inbound, Receipt
from wabp.gateway.twilio import TwilioGateway, _basic

ANNA = "+32470000010"
PUBLIC = "https://watch.example"
HERE = Path(__file__).parent
TEMPLATE = "HX" + "3" * 32
T = TypeVar("T")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        provider.receipts = Receipts(lost=True)
        yield provider


def gateway_of(provider: Provider | str, **more: object) -> TwilioGateway:
    url = provider if isinstance(provider, str) else provider.url
    given = {
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "whatsapp_from": WHATSAPP_FROM,
        "sms_from": SMS_FROM,
    }
    return TwilioGateway(**{**given, "api_url": url, **more})  # type: ignore[arg-type]


def message(channel: str = WHATSAPP, body: str | None = "Hello", **more: object) -> Outgoing:
    given = {"delivery_id": 1, "to": ANNA, "callback_url": "http://127.0.0.1:9/hooks/twilio/status?m=1&k=x"}
    return Outgoing(**{**given, "channel": channel, "validity_seconds": 600, "body": body, **more})  # type: ignore[arg-type]


def using(gateway: TwilioGateway, work: Callable[[TwilioGateway], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await work(gateway)
        finally:
            await gateway.close()

    return asyncio.run(run())


def outcome(provider: Provider | str, outgoing: Outgoing | None = None, **more: object) -> Outcome:
    return using(gateway_of(provider, **more), lambda gateway: gateway.send(outgoing or message()))


def test_a_whatsapp_text_arrives_with_its_callback_and_its_life(provider: Provider) -> None:
    taken = outcome(provider, message(body="Één vraag: été? 🙂 a+b&c=d"))
    (kept,) = provider.messages
    assert taken == Accepted(kept.sid, "queued")
    assert (kept.to, kept.sender) == (f"whatsapp:{ANNA}", f"whatsapp:{WHATSAPP_FROM}")
    assert kept.callback == "http://127.0.0.1:9/hooks/twilio/status?m=1&k=x"
    assert kept.validity == 600
    assert provider.phone(ANNA) == ["Één vraag: été? 🙂 a+b&c=d"]


def test_an_sms_has_plain_addresses(provider: Provider) -> None:
    outcome(provider, message(SMS))
    assert (provider.messages[0].to, provider.messages[0].sender) == (ANNA, SMS_FROM)


def test_a_template_goes_with_all_its_variables_and_without_a_text(provider: Provider) -> None:
    outcome(
        provider, message(body="not this", content_sid=TEMPLATE, variables={"1": 'Café "Bij ons"', "2": "b"})
    )
    (kept,) = provider.messages
    assert (kept.content_sid, kept.variables) == (TEMPLATE, {"1": 'Café "Bij ons"', "2": "b"})
    assert "not this" not in kept.body


def test_a_life_that_twilio_does_not_know_is_brought_within_its_bounds(provider: Provider) -> None:
    outcome(provider, message(validity_seconds=999_999))
    outcome(provider, message(validity_seconds=0))
    assert [kept.validity for kept in provider.messages] == [36_000, 1]


def test_half_a_character_does_not_stop_the_lane(provider: Provider) -> None:
    assert isinstance(outcome(provider, message(body="a\ud83d")), Accepted)
    assert provider.phone(ANNA) == ["a?"]


@pytest.mark.parametrize(("channel", "code"), [(WHATSAPP, 63007), (SMS, 21606)], ids=["whatsapp", "sms"])
def test_a_channel_without_a_sender_is_refused_without_asking(
    provider: Provider, channel: str, code: int
) -> None:
    assert outcome(provider, message(channel), whatsapp_from=None, sms_from=None) == Refused(code, 400)
    assert provider.requests["create"] == 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refused(21610), Refused(21610, 400)),
        (refused(20404, 404), Refused(20404, 404)),
        (Answer(status=403, code=0, accepts=False), Refused(0, 403)),
        (too_many(), NotNow(1.0)),
        (too_many("7"), NotNow(7.0)),
        (too_many("0"), NotNow(1.0)),
        (too_many("-3"), NotNow(1.0)),
        (too_many("nan"), NotNow(1.0)),
        (too_many("Wed, 21 Oct 2026 07:28:00 GMT"), NotNow(1.0)),
        (too_many("86400"), NotNow(300.0)),
        (broken(500), Unknown()),
        (broken(503, accepts=True), Unknown()),
        (refused(20408, 408), Unknown()),
        (refused(0, 302), Unknown()),
        (DROPPED_BEFORE_ACCEPTING, Unknown()),
        (DROPPED_AFTER_ACCEPTING, Unknown()),
        (UNREADABLE, Unknown()),
        (Answer(text="[]"), Unknown()),
        (Answer(text="null"), Unknown()),
        (Answer(text='{"sid": 7}'), Unknown()),
        (Answer(text=""), Unknown()),
    ],
)
def test_every_answer_has_its_outcome_and_is_asked_once(
    provider: Provider, answer: Answer, expected: Outcome
) -> None:
    provider.script(answer)
    assert outcome(provider) == expected
    assert provider.requests["create"] == 1


def test_a_redirect_is_not_followed(provider: Provider) -> None:
    elsewhere = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    provider.script(Answer(status=302, code=0, accepts=False, location=elsewhere))
    assert outcome(provider) == Unknown()
    assert provider.requests == {"create": 1}


def test_wrong_credentials_are_refused_with_twilios_number(provider: Provider) -> None:
    assert outcome(provider, auth_token="another") == Refused(20003, 401)


def test_a_refusal_without_a_number_has_none() -> None:
    with Provider(account="AC" + "2" * 32) as another:
        assert outcome(another) == Refused(None, 404)


def test_a_provider_that_hangs_is_left_in_doubt_after_the_time_out(provider: Provider) -> None:
    provider.script(hanging(5.0))
    started = time.monotonic()
    assert outcome(provider, timeout=0.2) == Unknown()
    assert time.monotonic() - started < 2
    assert provider.phone(ANNA) == ["Hello"]


def test_no_connection_is_surely_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert outcome(f"http://127.0.0.1:{taken.getsockname()[1]}") == NotNow(2.0)


def test_an_unknown_host_is_surely_not_sent() -> None:
    assert outcome("http://provider.invalid") == NotNow(2.0)


def test_a_server_that_takes_no_connections_is_surely_not_sent() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        with socket.create_connection(address), socket.socket() as second:
            second.setblocking(False)
            second.connect_ex(address)
            assert outcome(f"http://127.0.0.1:{address[1]}", connect_timeout=0.2) == NotNow(2.0)


def test_waiting_for_a_free_connection_does_not_count_as_the_providers_time(provider: Provider) -> None:
    provider.script(*[hanging(0.1)] * 6)
    gateway = gateway_of(provider, connections=2, timeout=0.25, connect_timeout=0.15)

    async def six(gateway: TwilioGateway) -> list[Outcome]:
        return await asyncio.gather(*(gateway.send(message()) for _ in range(6)))

    assert all(isinstance(one, Accepted) for one in using(gateway, six))
    assert provider.busiest == 2


def test_a_gateway_can_be_used_again_on_another_loop_once_closed(provider: Provider) -> None:
    gateway = gateway_of(provider)
    for _ in range(2):
        assert isinstance(using(gateway, lambda gateway: gateway.send(message())), Accepted)


def test_closing_an_unused_gateway_is_no_trouble(provider: Provider) -> None:
    asyncio.run(gateway_of(provider).close())


def since_now(provider: Provider | str, channel: str = WHATSAPP, **more: object) -> list[object]:
    since = datetime.now(UTC) - timedelta(seconds=1)
    found = using(gateway_of(provider, **more), lambda gateway: gateway.seen(channel, ANNA, since))
    return list(found)


def test_a_lost_answer_is_found_in_the_books(provider: Provider) -> None:
    provider.script(DROPPED_AFTER_ACCEPTING)
    assert outcome(provider, message(body="Find me")) == Unknown()
    provider.settle()
    using(gateway_of(provider), lambda gateway: gateway.send(message(SMS, to="+32470000011")))
    (found,) = using(
        gateway_of(provider),
        lambda gateway: gateway.seen(WHATSAPP, ANNA, datetime.now(UTC) - timedelta(seconds=1)),
    )
    assert (found.provider_id, found.body, found.status) == (provider.messages[0].sid, "Find me", "delivered")
    assert found.created_at.tzinfo is not None
    assert found.error_code is None


def test_a_message_that_still_waits_unsent_is_found_too(provider: Provider) -> None:
    provider.receipts = Receipts(delay=30)
    outcome(provider)
    assert provider.messages[0].sent is None
    assert len(since_now(provider)) == 1


def test_the_books_of_the_other_channel_and_of_earlier_are_left_out(provider: Provider) -> None:
    outcome(provider, message(SMS))
    outcome(provider)
    provider.messages[1].created -= timedelta(seconds=30)
    assert since_now(provider) == []


def test_an_error_is_shown_with_the_message_in_the_books(provider: Provider) -> None:
    provider.script(Answer(ends="undelivered", error=63024))
    outcome(provider)
    provider.settle()
    (found,) = since_now(provider)
    assert (found.status, found.error_code) == ("undelivered", 63024)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "answer",
    [
        broken(),
        too_many(),
        refused(20003, 401),
        DROPPED_BEFORE_ACCEPTING,
        hanging(5.0),
        UNREADABLE,
        Answer(text="[]"),
        Answer(text='{"a": [], "b": []}'),
        Answer(text='{"messages": [{"sid": "SM1", "date_created": "never"}]}'),
    ],
)
def test_books_that_cannot_be_read_are_said_to_be_so(provider: Provider, answer: Answer) -> None:
    # Twice: a look-up whose connection breaks may be asked again, unlike a message.
    provider.script_lists(answer, answer)
    with pytest.raises(CannotAsk):
        since_now(provider, timeout=0.2)


def test_books_that_cannot_be_reached_are_said_to_be_so() -> None:
    with pytest.raises(CannotAsk):
        since_now("http://provider.invalid")


def test_no_number_gets_into_a_log_or_an_error(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider.script(refused(21211), broken(), Answer(text="{"), DROPPED_AFTER_ACCEPTING)
    for _ in range(4):
        outcome(provider)
    provider.script_lists(broken())
    with pytest.raises(CannotAsk) as caught:
        since_now(provider)
    told = caplog.text + repr(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__context__)
    assert ANNA.lstrip("+") not in told
    assert TOKEN not in told


def test_environment_of_the_library_and_proxies_are_not_followed(provider: Provider) -> None:
    script = "import asyncio, sys\nimport test_gateway_twilio as tests\nprint(tests.outcome(sys.argv[1]))\n"
    environment = {
        "TWILIO_EDGE": "dublin",
        "TWILIO_REGION": "ie1",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "PYTHONPATH": f"{HERE}:{HERE.parent}",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, provider.url],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.stdout.startswith("Accepted("), done.stderr


def test_the_library_is_loaded_by_the_first_message_only() -> None:
    script = (
        "import sys, wabp.gateway.twilio as t\n"
        "t.TwilioGateway('AC', 'x', None, None, 'http://127.0.0.1:9')\n"
        "sys.exit(any(name.split('.')[0] in ('twilio', 'aiohttp', 'requests') for name in sys.modules))\n"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=HERE.parent, check=False).returncode == 0


# --- the referee itself: what the tests of faults lean on ---------------------------------------------


@pytest.fixture
def product() -> Iterator[tuple[str, list[Inbound | Receipt]]]:
    """Stands where the product listens: keeps what it was told, and whether it was rightly signed."""
    heard: list[Inbound | Receipt] = []

    class Listener(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = parse_qsl(body, keep_blank_values=True)
            right = is_signed(PUBLIC + self.path, form, self.headers[SIGNATURE_HEADER], [TOKEN])
            if right:
                heard.append(read_inbound(form) if "inbound" in self.path else read_receipt(form))
            self.send_response(204 if right else 403)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            """Be silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()
        thread.join()


def told(product: tuple[str, list[Inbound | Receipt]], *answers: Answer, **more: object) -> list[object]:
    """Send one message and return the receipts that came of it."""
    ways = {name: more.pop(name) for name in ("delay", "copies", "reversed", "lost", "reads") if name in more}
    with Provider(deliver_to=product[0], **more) as provider:  # type: ignore[arg-type]
        provider.receipts = Receipts(**ways)  # type: ignore[arg-type]
        provider.script(*answers, to=ANNA)
        outcome(provider, message(callback_url=f"{PUBLIC}/hooks/twilio/status?m=1&k=a%2Fb"))
        provider.settle()
        assert all(posted.status == 204 for posted in provider.posted)
    return [
        (one.status, one.error_code) if one.error_code else one.status
        for one in product[1]
        if isinstance(one, Receipt)
    ]


def test_receipts_come_signed_in_order_doubled_reversed_or_not_at_all(
    product: tuple[str, list[Inbound | Receipt]],
) -> None:
    ways: list[tuple[dict[str, object], list[str]]] = [
        ({}, ["sent", "delivered"]),
        ({"reads": True}, ["sent", "delivered", "read"]),
        ({"copies": 2}, ["sent", "sent", "delivered", "delivered"]),
        ({"reversed": True, "delay": 0.01}, ["delivered", "sent"]),
        ({"lost": True}, []),
    ]
    for way, expected in ways:
        product[1].clear()
        assert told(product, **way) == expected


def test_a_message_can_end_badly_after_it_was_taken(product: tuple[str, list[Inbound | Receipt]]) -> None:
    assert told(product, ending("undelivered", 63024)) == ["sent", ("undelivered", 63024)]


def test_free_text_outside_the_window_fails_and_inside_it_arrives(
    product: tuple[str, list[Inbound | Receipt]],
) -> None:
    assert told(product, window=True) == [("failed", 63016)]
    with Provider(deliver_to=product[0], public_url=PUBLIC, window=True) as provider:
        assert provider.say(ANNA, "Ça va? JA & nee") == 204
        outcome(provider)
        provider.settle()
        assert provider.phone(ANNA) == ["Hello"]
        assert isinstance(product[1][-1], Inbound)
        assert product[1][-1].body == "Ça va? JA & nee"
        assert provider.say(ANNA, "never told", SMS, lost=True) == 0
        assert [kept.body for kept in provider.messages if kept.direction == "inbound"][-1] == "never told"


@pytest.mark.parametrize(
    ("outgoing", "code"),
    [
        (message(to="nobody"), 21211),
        (message(body="x" * 1_601), 21617),
        (message(body=""), 21602),
        (message(callback_url="nowhere"), 21609),
    ],
)
def test_the_referee_knows_the_rules_of_the_form(provider: Provider, outgoing: Outgoing, code: int) -> None:
    assert outcome(provider, outgoing) == Refused(code, 400)
    assert provider.messages == []


def test_the_referee_refuses_senders_of_others(provider: Provider) -> None:
    assert outcome(provider, whatsapp_from="+32400001899") == Refused(63007, 400)
    assert outcome(provider, message(SMS), sms_from="+32400001899") == Refused(21606, 400)


def test_the_books_go_on_on_the_next_page(provider: Provider) -> None:
    for number in range(5):
        outcome(provider, message(body=f"Text {number}"))

    async def pages() -> list[list[str]]:
        shown, path = [], f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageSize=2"
        async with ClientSession(headers={"Authorization": _basic((ACCOUNT, TOKEN))}) as session:
            while path:
                async with session.get(provider.url + path) as answer:
                    page = await answer.json()
                shown.append([one["body"] for one in page["messages"]])
                path = page["next_page_uri"]
        return shown

    assert asyncio.run(pages()) == [["Text 4", "Text 3"], ["Text 2", "Text 1"], ["Text 0"]]


def test_the_referee_runs_as_a_command_that_keeps_books(tmp_path: Path) -> None:
    books = tmp_path / "books.jsonl"
    command = [sys.executable, str(HERE / "provider.py"), "--token", TOKEN, "--books", str(books)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            taken = outcome(process.stdout.readline().strip())
        finally:
            process.kill()
    assert isinstance(taken, Accepted)
    (row,) = [json.loads(line) for line in books.read_text().splitlines()]
    assert (row["sid"], row["to"], row["body"]) == (taken.provider_id, f"whatsapp:{ANNA}", "Hello")
