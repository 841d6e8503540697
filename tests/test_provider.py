"""The referee itself: what the tests of faults lean on."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from aiohttp import ClientSession

from tests.provider import ACCOUNT, TOKEN, Answer, Faults, Provider, Receipts, copies_at, ending
from tests.test_gateway_twilio import ANNA, HERE, PUBLIC, SENDERS, gateway_of, message, outcome, using
from wabp.gateway import SMS, WHATSAPP, Accepted, NotNow, Outcome, Outgoing, Refused, Unknown
from wabp.gateway.hooks import SIGNATURE_HEADER, is_signed, read_inbound, read_receipt
from wabp.gateway.inbound import Inbound, Receipt
from wabp.gateway.twilio import TwilioGateway, _basic


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(senders=SENDERS) as provider:
        provider.receipts = Receipts(lost=True)
        yield provider


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
    senders = {WHATSAPP: ("+32400001899",), SMS: ("+32400001899",)}
    assert outcome(provider, message(sender="+32400001899"), senders=senders) == Refused(63007, 400)
    assert outcome(provider, message(SMS, sender="+32400001899"), senders=senders) == Refused(21606, 400)


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


# --- faults by chance ---


def send_to(provider: Provider | str, phones: list[str], **more: object) -> dict[str, Outcome]:
    """Send one message to each phone, all at once; return what became of each."""

    async def all_at_once(gateway: TwilioGateway) -> list[Outcome]:
        return await asyncio.gather(*(gateway.send(message(to=phone)) for phone in phones))

    return dict(zip(phones, using(gateway_of(provider, **more), all_at_once), strict=True))


PHONES = [f"+3247{number:07}" for number in range(300)]


def test_a_share_of_all_goes_wrong_and_the_books_tell_what_was_really_got() -> None:
    faults = Faults(seed=7, lost_answers=0.2, hangs=0.1, fives=0.2, hang_seconds=3)
    with Provider(faults=faults) as provider:
        provider.receipts = Receipts(lost=True)
        outcomes = send_to(provider, PHONES, timeout=1.0)
        got = provider.copies("Hello")
    kinds = Counter(type(one).__name__ for one in outcomes.values())
    assert 100 < kinds["Accepted"] < 200
    assert kinds["Accepted"] + kinds["Unknown"] == 300
    assert set(got.values()) == {1}
    in_doubt = {phone for phone, one in outcomes.items() if isinstance(one, Unknown)}
    arrived = {to.removeprefix("whatsapp:") for to, _ in got}
    assert arrived > set(PHONES) - in_doubt
    # All lost answers arrived, and half of the others.
    assert 60 < len(arrived & in_doubt) < 130


def test_one_seed_gives_each_phone_the_same_fate_in_any_order() -> None:
    fates = []
    for order in (PHONES[:100], PHONES[99::-1]):
        with Provider(faults=Faults(seed=3, lost_answers=0.3, fives=0.3)) as provider:
            provider.receipts = Receipts(lost=True)
            fates.append((send_to(provider, order).items(), provider.copies("Hello")))
    kinds = [{phone: type(one) for phone, one in outcomes} for outcomes, _ in fates]
    assert kinds[0] == kinds[1]
    assert fates[0][1] == fates[1][1]


def test_a_script_comes_before_chance() -> None:
    with Provider(faults=Faults(fives=1.0)) as provider:
        provider.script(Answer())
        assert isinstance(outcome(provider), Accepted)
        assert outcome(provider) == Unknown()


def test_each_sender_is_held_to_its_pace_in_any_second() -> None:
    with Provider(mps=10) as provider:
        provider.receipts = Receipts(lost=True)
        outcomes = list(send_to(provider, PHONES[:30]).values())
        assert sum(isinstance(one, Accepted) for one in outcomes) == 10
        assert outcomes.count(NotNow(1.0, too_fast=True)) == provider.requests["too many"] == 20
        assert isinstance(outcome(provider, message(SMS)), Accepted)
        time.sleep(1.05)
        assert isinstance(outcome(provider), Accepted)


def told_by_chance(product: tuple[str, list[Inbound | Receipt]], **chances: float) -> tuple[Counter[str], list[str]]:
    """Send forty messages; return how often each status was told, and the statuses of each message in order."""
    product[1].clear()
    with Provider(deliver_to=product[0], faults=Faults(seed=1, **chances)) as provider:  # type: ignore[arg-type]
        callback = f"{PUBLIC}/hooks/twilio/status?m=1&k=a%2Fb"

        async def forty(gateway: TwilioGateway) -> list[Outcome]:
            return await asyncio.gather(*(gateway.send(message(callback_url=callback)) for _ in range(40)))

        using(gateway_of(provider), forty)
        provider.settle()
        # What each phone got is another matter than what we were told of it.
        assert provider.copies() == {(f"whatsapp:{ANNA}", "Hello"): 40}
    receipts = [one for one in product[1] if isinstance(one, Receipt)]
    stories = [
        " ".join(one.status for one in receipts if one.provider_id == sid) for sid in {r.provider_id for r in receipts}
    ]
    return Counter(one.status for one in receipts), stories


def test_callbacks_are_lost_doubled_shuffled_and_late_by_chance(product: tuple[str, list[Inbound | Receipt]]) -> None:
    assert told_by_chance(product)[0] == {"sent": 40, "delivered": 40}
    lost, _ = told_by_chance(product, callbacks_lost=0.5)
    assert 20 < lost.total() < 60
    doubled, _ = told_by_chance(product, callbacks_doubled=0.5)
    assert 100 < doubled.total() < 140
    assert doubled.keys() == {"sent", "delivered"}
    for way in ({"callbacks_shuffled": True}, {"callbacks_late": 0.3}):
        told_them, stories = told_by_chance(product, **way)
        assert told_them == {"sent": 40, "delivered": 40}
        assert 8 < stories.count("delivered sent") < 32


def test_what_ended_badly_was_not_got() -> None:
    with Provider() as provider:
        provider.script(ending("undelivered", 30003), Answer(), Answer(), ending("failed", 63016))
        for channel in (SMS, SMS, WHATSAPP, WHATSAPP):
            outcome(provider, message(channel))
        provider.settle()
        assert provider.copies("Hello", "lo") == {(ANNA, "Hello"): 1, (f"whatsapp:{ANNA}", "Hello"): 1}
        assert provider.copies("Bye") == {}
        assert copies_at(provider.url, "Hello") == provider.copies("Hello")


def test_as_a_command_it_takes_its_faults_by_name_and_shows_its_books() -> None:
    options = "--seed 5 --fives 0.5 --mps 20 --sender whatsapp:+32400001818 --callbacks-shuffled"
    command = [sys.executable, str(HERE / "provider.py"), "--token", TOKEN, *options.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            outcomes = Counter(type(one).__name__ for one in send_to(url, PHONES[:80]).values())
            got = copies_at(url, "Hello")
        finally:
            process.kill()
    assert outcomes.keys() == {"NotNow", "Unknown", "Accepted"}
    assert outcomes.total() == 80
    assert outcomes["Accepted"] < got.total() < 80 - outcomes["NotNow"]
