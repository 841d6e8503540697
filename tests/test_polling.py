"""The net under lost hooks: what the provider's books say reaches us all the same, once, and never too late news."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from tests.house import SMS, WA, Cast, House, Message, people, release
from tests.traffic import inbound, memberships, on_sqlite, row_of, rows
from wabp import forgetting, groups, inbox, jobs, polling
from wabp.gateway import Books
from wabp.gateway.inbound import Inbound
from wabp.models import Delivery


class Polled:
    """A house whose provider's books are read each minute, and how far back."""

    def __init__(self, house: House) -> None:
        self.house, self.poller = house, jobs.Poller()
        self.read: list[timedelta] = []
        books = house.phones.books

        async def remembered(since: datetime) -> Books:
            self.read.append(house.clock() - since)
            return await books(since)

        house.phones.books = remembered  # type: ignore[method-assign]

    def poll(self) -> None:
        self.poller.poll_books(self.house.services)

    def minutes(self, number: int) -> None:
        """Let time pass as it does while the jobs run."""
        for _ in range(number):
            self.house.clock.forward(minutes=1)
            self.poll()


@pytest.fixture
def polled(house: House, cast: Cast) -> Polled:
    polled = Polled(house)
    polled.poll()
    polled.read.clear()
    return polled


def to(house: House, number: str) -> Message:
    return house.phones.last(number)


def arrive(house: House, who: str, text: str, *, ago: float = 120.0, **more: object) -> Inbound:
    """Let a message come in whose hook never comes."""
    number = len(house.phones.arrived)
    at = house.clock() - timedelta(seconds=ago)
    message = Inbound(f"SM{number:032x}", "whatsapp", "phone", who, text, to=WA, at=at)
    house.phones.arrived.append(replace(message, **more))  # type: ignore[arg-type]
    return house.phones.arrived[-1]


# ---- what became of our messages ----


def test_callbacks_that_never_came_are_made_good(polled: Polled, cast: Cast) -> None:
    house = polled.house
    alert = release(house, cast.fatima)
    house.send_all()
    for who, status in ((cast.an, "delivered"), (cast.jean, "read")):
        house.phones.stands[to(house, who.number).provider_id] = status
    polled.minutes(1)
    assert row_of(house, alert, cast.an).state == "accepted"
    polled.minutes(2)
    assert row_of(house, alert, cast.an).state == "delivered"
    assert row_of(house, alert, cast.jean).state == "read"
    # All others are `sent` by the books.
    assert people(house, alert) == {"delivered": 1, "read": 1, "sent": 5}


def test_what_ended_without_a_callback_has_its_consequences(polled: Polled, cast: Cast) -> None:
    house = polled.house
    release(house, cast.fatima)
    house.send_all()
    sid = to(house, cast.an.number).provider_id
    books = house.phones.books

    async def with_error(since: datetime) -> Books:
        found = await books(since)
        return Books([replace(r, error_code=63024) if r.provider_id == sid else r for r in found.receipts], [])

    house.phones.stands[sid] = "undelivered"
    house.phones.books = with_error  # type: ignore[method-assign]
    polled.minutes(3)
    (failed,) = (row for row in rows(house, "alert") if row.provider_id == sid)
    assert (failed.state, failed.error_code) == ("undelivered", 63024)
    house.send_all()
    # Not on WhatsApp: it goes by SMS instead, as after a callback.
    assert [message.channel for message in house.phones.messages if message.to == cast.an.number] == ["whatsapp", "sms"]


def test_polling_twice_changes_nothing_more(polled: Polled, cast: Cast) -> None:
    house = polled.house
    release(house, cast.fatima)
    house.send_all()
    house.phones.stands = {message.provider_id: "delivered" for message in house.phones.messages}
    polled.minutes(3)
    before = [(row.state, row.updated_at) for row in rows(house)]
    assert {state for state, _ in before} == {"delivered"}
    polled.minutes(10)
    jobs.Poller().poll_books(house.services)
    assert [(row.state, row.updated_at) for row in rows(house)] == before


def test_many_are_written_in_chunks(polled: Polled, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "CHUNK", 2)
    house = polled.house
    alert = release(house, cast.fatima)
    house.send_all()
    house.phones.stands = {message.provider_id: "delivered" for message in house.phones.messages}
    polled.minutes(3)
    assert people(house, alert) == {"delivered": 7}


def test_a_callback_that_overtook_its_answer_is_looked_after_too(polled: Polled, cast: Cast) -> None:
    house = polled.house
    alert = release(house, cast.fatima)
    house.send_all()
    with house.writing() as session:
        for row in session.scalars(select(Delivery)):
            row.state, row.rank, row.sent_at, row.accepted_at = "sent", 3, house.clock(), None
        session.commit()
    house.phones.stands = {message.provider_id: "delivered" for message in house.phones.messages}
    polled.minutes(3)
    assert people(house, alert) == {"delivered": 7}


def test_books_that_cannot_be_read_are_read_the_next_minute(
    polled: Polled, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    house = polled.house
    alert = release(house, cast.fatima)
    house.send_all()
    house.phones.stands = {message.provider_id: "delivered" for message in house.phones.messages}
    arrive(house, cast.an.number, "STOP", ago=0)
    house.phones.cannot_ask = True
    polled.minutes(5)
    assert people(house, alert) == {"accepted": 7}
    assert "books could not be read" in caplog.text
    house.phones.cannot_ask = False
    polled.minutes(1)
    assert people(house, alert)["delivered"] == 7
    assert memberships(house, cast.an) == {"molenwijk": "left"}


# ---- how often, and how far back ----


@on_sqlite
def test_nothing_is_asked_while_nothing_is_open_but_for_what_came_in(polled: Polled) -> None:
    polled.minutes(12)
    assert polled.read == [timedelta(minutes=50)] * 3


@on_sqlite
def test_what_is_open_is_asked_for_each_minute_and_later_every_ten(polled: Polled, cast: Cast) -> None:
    house = polled.house
    release(house, cast.fatima)
    house.send_all()
    polled.minutes(30)
    minutes = [round(read.total_seconds() / 60) for read in polled.read if read != timedelta(minutes=50)]
    # From its second to its tenth minute each minute, then every ten; in between, further back, for what came in.
    assert minutes == [2, 3, 5, 6, 7, 9, 10, 30]
    assert polled.read.count(timedelta(minutes=50)) == 7
    polled.read.clear()
    polled.minutes(60)
    hours = [read for read in polled.read if read > timedelta(minutes=50)]
    assert 3 <= len(hours) <= 6


@on_sqlite
def test_after_a_day_nobody_asks_any_more(polled: Polled, cast: Cast) -> None:
    house = polled.house
    release(house, cast.fatima)
    house.send_all()
    house.clock.forward(hours=25)
    polled.minutes(20)
    assert all(read <= timedelta(hours=24) for read in polled.read)
    assert polled.read[1:] == [timedelta(minutes=50)] * len(polled.read[1:])


@on_sqlite
def test_a_clock_that_was_set_back_does_not_put_it_off(polled: Polled) -> None:
    polled.house.clock.forward(hours=-3)
    polled.minutes(1)
    assert len(polled.read) == 1


# ---- what came in ----


def test_a_stop_whose_hook_was_lost_takes_effect(polled: Polled, cast: Cast) -> None:
    house = polled.house
    arrive(house, cast.an.number, "Stop aub!", ago=0)
    polled.minutes(5)
    assert memberships(house, cast.an) == {"molenwijk": "left"}
    house.send_all()
    assert len(house.phones.of(cast.an.number)) == 1
    polled.minutes(10)
    assert [message.handled_as for message in inbound(house)] == ["stop"]


def test_what_came_in_is_taken_before_receipts_and_in_its_order(polled: Polled, cast: Cast) -> None:
    house = polled.house
    arrive(house, cast.an.number, "STOP", ago=90)
    arrive(house, cast.an.number, "START", ago=80)
    polled.minutes(4)
    assert [message.handled_as for message in inbound(house)] == ["stop", "start"]
    assert memberships(house, cast.an) == {"molenwijk": "active"}


def test_a_report_reaches_the_coordinator_by_the_number_that_was_written_to(polled: Polled, cast: Cast) -> None:
    house = polled.house
    arrive(house, cast.an.number, "Er staat een open raam in de Molenstraat 12")
    polled.minutes(4)
    house.send_all()
    assert [message.handled_as for message in inbound(house)] == ["report"]
    assert len(house.phones.of(cast.fatima.number)) == 1


def test_a_hook_that_is_on_its_way_is_waited_for(polled: Polled, cast: Cast) -> None:
    house = polled.house
    house.clock.forward(minutes=4)
    arrive(house, cast.an.number, "STOP", ago=30)
    polled.poll()
    assert inbound(house) == []
    polled.minutes(5)
    assert [message.handled_as for message in inbound(house)] == ["stop"]


def test_a_hook_that_comes_after_all_finds_it_done(polled: Polled, cast: Cast) -> None:
    house = polled.house
    found = arrive(house, cast.an.number, "STOP")
    polled.minutes(4)
    answer = house.say(cast.an.number, "STOP", MessageSid=found.provider_id)
    assert answer.status_code == 200
    house.send_all()
    assert len(house.phones.of(cast.an.number)) == 1


@pytest.mark.parametrize("text", ["START", "MEEDOEN molenwijk"])
def test_what_was_written_before_a_stop_brings_nobody_back(polled: Polled, cast: Cast, text: str) -> None:
    house = polled.house
    house.say(cast.an.number, "STOP")
    house.clock.forward(minutes=1)
    house.say(cast.an.number, "START")
    arrive(house, cast.an.number, text, ago=0)
    house.clock.forward(minutes=1)
    house.say(cast.an.number, "STOP")
    polled.minutes(5)
    assert memberships(house, cast.an) == {"molenwijk": "left"}
    assert [message.handled_as for message in inbound(house)] == ["stop", "start", "stop", "late"]


def test_a_stop_that_is_found_late_does_not_hide_what_was_written_after_it(polled: Polled, cast: Cast) -> None:
    house = polled.house
    house.clock.forward(minutes=4)
    arrive(house, cast.an.number, "STOP", ago=90)
    arrive(house, cast.an.number, "START", ago=30)
    polled.poll()
    assert memberships(house, cast.an) == {"molenwijk": "left"}
    polled.minutes(4)
    assert memberships(house, cast.an) == {"molenwijk": "active"}


def test_what_was_written_after_a_stop_counts(polled: Polled, cast: Cast) -> None:
    house = polled.house
    house.say(cast.an.number, "STOP")
    house.clock.forward(minutes=1)
    arrive(house, cast.an.number, "START", ago=0)
    polled.minutes(5)
    assert memberships(house, cast.an) == {"molenwijk": "active"}


def test_one_that_cannot_be_handled_does_not_stand_before_the_others(
    polled: Polled, cast: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = polled.house
    arrive(house, cast.jean.number, "boom")
    arrive(house, cast.an.number, "STOP")
    real = inbox.handle

    def handle(session, message_id, **more):  # type: ignore[no-untyped-def]
        if inbox.unseal(session, session.get(inbox.InboundMessage, message_id), "body") == "boom":
            raise RuntimeError
        real(session, message_id, **more)

    monkeypatch.setattr(inbox, "handle", handle)
    polled.minutes(4)
    assert memberships(house, cast.an) == {"molenwijk": "left"}
    monkeypatch.setattr(inbox, "handle", real)
    house.clock.forward(seconds=30)
    jobs.handle_left_over(house.services)
    assert all(message.handled_at for message in inbound(house))
    assert cast.an.number.lstrip("+") not in caplog.text


# ---- after a pause ----


@on_sqlite
def test_a_process_that_starts_reads_what_came_in_while_nobody_did(house: House, cast: Cast) -> None:
    arrive(house, cast.an.number, "STOP", ago=3 * 3600)
    arrive(house, cast.jean.number, "STOP", ago=25 * 3600)
    polled = Polled(house)
    polled.poll()
    assert polled.read == [timedelta(hours=24)]
    assert memberships(house, cast.an) == {"molenwijk": "left"}
    assert memberships(house, cast.jean) == {"molenwijk": "active"}


@on_sqlite
def test_after_books_that_could_not_be_read_for_hours_all_of_it_is_read(polled: Polled, cast: Cast) -> None:
    house = polled.house
    arrive(house, cast.an.number, "STOP", ago=0)
    house.phones.cannot_ask = True
    polled.minutes(130)
    house.phones.cannot_ask = False
    polled.minutes(1)
    assert memberships(house, cast.an) == {"molenwijk": "left"}


def test_who_was_forgotten_does_not_come_back_by_the_books(house: House, cast: Cast) -> None:
    polled = Polled(house)
    child = "+32470000099"
    house.say(child, "MEEDOEN molenwijk", MessageSid="SM" + "c" * 32)
    house.say(child, "ik ben 14", MessageSid="SM" + "d" * 32)
    wrote_at = house.clock()
    for sid, text in (("c", "MEEDOEN molenwijk"), ("d", "ik ben 14")):
        arrive(house, child, text, provider_id="SM" + sid * 32, at=wrote_at)
    polled.minutes(61)
    with house.writing() as session:
        assert forgetting.strangers(session, now=house.clock()) == 1
        session.commit()
    house.clock.forward(minutes=5)
    # This process, and one that starts now and reads a long way back.
    polled.minutes(10)
    jobs.Poller().poll_books(house.services)
    assert inbound(house) == []
    with house.reading() as session:
        assert groups.person_at(session, "phone", child) is None


@on_sqlite
def test_no_number_and_no_text_gets_into_the_log(polled: Polled, cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    arrive(polled.house, cast.an.number, "canary words", channel="sms", to=SMS)
    polled.minutes(4)
    assert "came in without their hook" in caplog.text
    assert "canary" not in caplog.text
    assert cast.an.number.lstrip("+") not in caplog.text
