"""What becomes of a message handed to Twilio: every way that a request can end has one honest outcome."""

import asyncio
import logging
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

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
from wabp.gateway import SMS, WHATSAPP, Accepted, Books, CannotAsk, NotNow, Outcome, Outgoing, Refused, Unknown, twilio
from wabp.gateway.inbound import Inbound, Receipt
from wabp.gateway.twilio import TwilioGateway

ANNA = "+32470000010"
PUBLIC = "https://watch.example"
HERE = Path(__file__).parent
TEMPLATE = "HX" + "3" * 32
SECOND_WHATSAPP = "+32400001820"
SENDERS = (f"whatsapp:{WHATSAPP_FROM}", f"whatsapp:{SECOND_WHATSAPP}", SMS_FROM)
T = TypeVar("T")


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(senders=SENDERS) as provider:
        provider.receipts = Receipts(lost=True)
        yield provider


def gateway_of(provider: Provider | str, **more: object) -> TwilioGateway:
    url = provider if isinstance(provider, str) else provider.url
    given = {
        "account_sid": ACCOUNT,
        "auth_token": TOKEN,
        "senders": {WHATSAPP: (WHATSAPP_FROM, SECOND_WHATSAPP), SMS: (SMS_FROM,)},
    }
    return TwilioGateway(**{**given, "api_url": url, **more})  # type: ignore[arg-type]


def message(channel: str = WHATSAPP, body: str | None = "Hello", **more: object) -> Outgoing:
    given = {"delivery_id": 1, "to": ANNA, "callback_url": "http://127.0.0.1:9/hooks/twilio/status?m=1&k=x"}
    given["sender"] = WHATSAPP_FROM if channel == WHATSAPP else SMS_FROM
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


def test_each_message_leaves_from_the_number_that_it_names(provider: Provider) -> None:
    outcome(provider, message(sender=SECOND_WHATSAPP))
    outcome(provider)
    senders = [f"whatsapp:{SECOND_WHATSAPP}", f"whatsapp:{WHATSAPP_FROM}"]
    assert [kept.sender for kept in provider.messages] == senders


@pytest.mark.parametrize(("channel", "code"), [(WHATSAPP, 63007), (SMS, 21606)], ids=["whatsapp", "sms"])
def test_a_number_that_is_not_ours_is_refused_without_asking(
    provider: Provider, channel: str, code: int
) -> None:
    assert outcome(provider, message(channel, sender="+32400001899")) == Refused(code, 400)
    assert outcome(provider, message(channel), senders={}) == Refused(code, 400)
    assert provider.requests["create"] == 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refused(21610), Refused(21610, 400)),
        (refused(20404, 404), Refused(20404, 404)),
        (Answer(status=403, code=0, accepts=False), Refused(0, 403)),
        (too_many(), NotNow(1.0, too_fast=True)),
        (too_many("7"), NotNow(7.0, too_fast=True)),
        (too_many("0"), NotNow(1.0, too_fast=True)),
        (too_many("-3"), NotNow(1.0, too_fast=True)),
        (too_many("nan"), NotNow(1.0, too_fast=True)),
        (too_many("Wed, 21 Oct 2026 07:28:00 GMT"), NotNow(1.0, too_fast=True)),
        (too_many("86400"), NotNow(300.0, too_fast=True)),
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


def test_several_loops_use_it_at_once_and_each_closes_its_own_connections(provider: Provider) -> None:
    gateway = gateway_of(provider)
    assert isinstance(using(gateway, lambda one: one.send(message())), Accepted)
    sid, outcomes = provider.messages[0].sid, list[Outcome]()
    provider.script(hanging(0.3))
    slow = threading.Thread(target=lambda: outcomes.append(using(gateway, lambda one: one.send(message()))))
    slow.start()
    while provider.requests["create"] < 2:
        time.sleep(0.01)
    # On another loop, which closes the gateway while the first is still waiting.
    using(gateway, lambda one: one.ask(sid))
    slow.join()
    assert isinstance(outcomes[0], Accepted)


def test_connections_are_kept_for_the_next_message(provider: Provider) -> None:
    async def five(gateway: TwilioGateway) -> list[Outcome]:
        return [await gateway.send(message()) for _ in range(5)]

    assert all(isinstance(one, Accepted) for one in using(gateway_of(provider), five))
    assert provider.connections == 1


def test_an_open_gateway_has_loaded_what_the_first_message_needs(provider: Provider) -> None:
    script = (
        "import asyncio, sys\nimport test_gateway_twilio as tests\n"
        "async def run():\n"
        "    gateway = tests.gateway_of(sys.argv[1])\n"
        "    await gateway.open()\n"
        "    before = set(sys.modules)\n"
        "    taken = await gateway.send(tests.message())\n"
        "    await gateway.close()\n"
        "    return type(taken).__name__, sorted(set(sys.modules) - before)\n"
        "print(asyncio.run(run()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, provider.url],
        capture_output=True, text=True, env={"PYTHONPATH": f"{HERE}:{HERE.parent}"}, check=False,
    )
    assert done.stdout.strip() == "('Accepted', [])", done.stdout + done.stderr


def test_opening_works_while_the_provider_cannot_be_found() -> None:
    async def opened_and_sent(gateway: TwilioGateway) -> Outcome:
        await gateway.open()
        return await gateway.send(message())

    assert using(gateway_of("http://provider.invalid"), opened_and_sent) == NotNow(2.0)


def test_a_thousand_connections_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(256, 4096), (1024, 1024), (4096, 4096), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)]
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _which, pair: given.append(pair))
    for pair in limits:
        monkeypatch.setattr(resource, "getrlimit", lambda _which, pair=pair: pair)
        asyncio.run(open_and_close(gateway_of("http://127.0.0.1:9")))
    assert given == [(1512, 4096), (1024, 1024)]


async def open_and_close(gateway: TwilioGateway) -> None:
    await gateway.open()
    await gateway.close()


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
    provider.messages[1].created -= timedelta(seconds=90)
    assert since_now(provider) == []


def test_an_error_is_shown_with_the_message_in_the_books(provider: Provider) -> None:
    provider.script(Answer(ends="undelivered", error=63024))
    outcome(provider)
    provider.settle()
    (found,) = since_now(provider)
    assert (found.status, found.error_code) == ("undelivered", 63024)  # type: ignore[attr-defined]


def test_one_message_is_asked_after(provider: Provider) -> None:
    provider.script(ending("undelivered", 63024))
    outcome(provider)
    provider.settle()
    sid = provider.messages[0].sid
    stands = using(gateway_of(provider), lambda gateway: gateway.ask(sid))
    assert stands == Receipt(sid, "undelivered", 63024)


@pytest.mark.parametrize("sid", ["SM" + "0" * 32, "SM x", "SM\r\nX: y", "../../Calls/CA1"])
def test_a_message_that_is_not_in_the_books_cannot_be_asked_after(provider: Provider, sid: str) -> None:
    with pytest.raises(CannotAsk):
        using(gateway_of(provider), lambda gateway: gateway.ask(sid))


def read_books(provider: Provider, since: datetime | None = None, **more: object) -> Books:
    return using(
        gateway_of(provider, **more), lambda gateway: gateway.books(since or datetime.now(UTC) - timedelta(minutes=1))
    )


def test_the_books_tell_how_each_of_our_messages_stands(provider: Provider) -> None:
    provider.script(ending("undelivered", 30003), Answer())
    outcome(provider, message(sender=SECOND_WHATSAPP))
    outcome(provider, message(SMS))
    provider.settle()
    provider.receipts = Receipts(delay=30)
    outcome(provider)
    late = read_books(provider).receipts
    bad, good, waiting = (kept.sid for kept in provider.messages)
    assert sorted(late, key=lambda one: one.status) == [
        Receipt(good, "delivered"), Receipt(waiting, "queued"), Receipt(bad, "undelivered", 30003)
    ]


def test_the_books_tell_what_came_in_oldest_first_as_a_hook_would(provider: Provider) -> None:
    provider.say(ANNA, "STOP", lost=True)
    provider.say(ANNA, "Été 🙂", SMS, lost=True)
    provider.messages[1].created += timedelta(seconds=2)
    provider.say("+32470000011", "photo", lost=True, to=SECOND_WHATSAPP, NumMedia="2")
    provider.messages[2].created += timedelta(seconds=1)
    sids = [kept.sid for kept in provider.messages]
    read = read_books(provider).inbound
    assert [one.at for one in read] == sorted(one.at for one in read if one.at)
    assert [replace(one, at=None) for one in read] == [
        Inbound(sids[0], WHATSAPP, "phone", ANNA, "STOP", to=WHATSAPP_FROM),
        Inbound(sids[2], WHATSAPP, "phone", "+32470000011", "photo", media_count=2, to=SECOND_WHATSAPP),
        Inbound(sids[1], SMS, "phone", ANNA, "Été 🙂", to=SMS_FROM),
    ]


def test_books_leave_out_what_is_older_and_what_is_not_between_our_numbers_and_people(provider: Provider) -> None:
    outcome(provider)
    provider.say(ANNA, "old", lost=True)
    for kept in provider.messages:
        kept.created -= timedelta(minutes=2)
    provider.say("nobody at all", "from a name", lost=True)
    with Provider() as other:
        other.say(ANNA, "to another's number", lost=True, to="+32400001899")
        assert read_books(other) == Books([], [])
    assert read_books(provider) == Books([], [])


def test_long_books_are_read_page_by_page_and_not_for_ever(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(twilio, "PAGE_SIZE", 2)
    for number in range(7):
        provider.say(ANNA, f"Text {number}", lost=True)
    assert len(read_books(provider).inbound) == 7
    assert "longer" not in caplog.text
    monkeypatch.setattr(twilio, "MOST_PAGES", 2)
    assert [one.body for one in read_books(provider).inbound] == ["Text 3", "Text 4", "Text 5", "Text 6"]
    assert "longer" in caplog.text


def test_books_are_not_read_further_than_they_are_asked_for(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio, "PAGE_SIZE", 2)
    for _ in range(9):
        outcome(provider)
    for kept in provider.messages[:7]:
        kept.created -= timedelta(hours=1)
    assert len(read_books(provider, senders={SMS: (SMS_FROM,), WHATSAPP: (WHATSAPP_FROM,)}).receipts) == 2
    # To and from by SMS, to by WhatsApp, and from by WhatsApp until a whole page is too old.
    assert provider.requests["list"] == 5


@pytest.mark.parametrize(
    "answer", [broken(), UNREADABLE, hanging(5.0), Answer(text='{"messages": [{"sid": "SM1", "date_created": "x"}]}')]
)
def test_no_half_books_are_given(provider: Provider, answer: Answer) -> None:
    provider.script_lists(Answer(), answer)
    with pytest.raises(CannotAsk):
        read_books(provider, timeout=0.2)


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
    provider.script_lists(answer)
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
        "t.TwilioGateway('AC', 'x', {}, 'http://127.0.0.1:9')\n"
        "sys.exit(any(name.split('.')[0] in ('twilio', 'aiohttp', 'requests') for name in sys.modules))\n"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=HERE.parent, check=False).returncode == 0
