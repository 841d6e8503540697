"""The sender at work: many at once at a lane's pace, what is urgent first, and nothing in doubt when it has to stop."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select, update

from tests.house import WA, Cast, House, people, release
from tests.traffic import add_row, on_sqlite, row, rows
from wabp import delivery, leases, worker
from wabp.gateway import Accepted, NotNow, Outcome, Outgoing, Refused, Unknown
from wabp.models import Delivery, Lane, Lease
from wabp.pace import Pace
from wabp.worker import steps
from wabp.worker.dispatcher import Dispatcher

pytestmark = on_sqlite


@contextmanager
def sending(house: House) -> Iterator[worker.Sender]:
    """Let a sender work while the block lasts."""
    sender = worker.Sender(house.services)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


def eventually(look: Callable[[], bool], seconds: float = 5) -> None:
    until = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.01)


def dispatcher(house: House, per_second: int, *, probe: bool = False) -> Dispatcher:
    """A dispatcher of the WhatsApp lane that has its lease."""
    lane = steps.LaneName("whatsapp", WA)
    held = steps.take_lane(house.services, leases.Watch(leases.this_holder()), lane)
    assert held is not None
    pace, places = Pace(per_second, time.monotonic), asyncio.Semaphore(100)
    return Dispatcher(house.services, lane, held, pace, asyncio.Lock(), places, probe=probe)


def test_everything_that_waits_goes_and_the_lane_is_given_back(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    with sending(house):
        eventually(lambda: people(house, alert) == {"accepted": 7})
    with house.reading() as session:
        assert {lease.holder for lease in session.scalars(select(Lease))} == {None}


def test_what_is_released_while_it_works_goes_at_once(house: House, cast: Cast) -> None:
    with sending(house):
        for count in (1, 2, 3):
            add_row(house, cast.an)
            eventually(lambda wanted=count: len(house.phones.messages) == wanted, 1)


def test_what_is_urgent_overtakes_what_was_claimed_before_it(house: House, cast: Cast) -> None:
    for _ in range(40):
        add_row(house, cast.jean, priority=2)
    sender = dispatcher(house, 20)

    async def work() -> None:
        running = asyncio.create_task(sender.run())
        while len(house.phones.messages) < 3:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(add_row, house, cast.an, priority=0)
        sender.hear(0)
        while not any(message.to == cast.an.number for message in house.phones.messages):
            await asyncio.sleep(0.01)
        sender.stop()
        await running

    asyncio.run(work())
    overtaken = [message.to for message in house.phones.messages].index(cast.an.number)
    assert overtaken <= 3 + 20 * 0.3


def send_and_stop_after(house: House, sender: Dispatcher, count: int) -> None:
    """Let a dispatcher send until the phones got so many, then ask it to stop, and wait until it has."""

    async def work() -> None:
        running = asyncio.create_task(sender.run())
        while len(house.phones.messages) < count:
            await asyncio.sleep(0.01)
        sender.stop()
        await running

    asyncio.run(work())


def test_asked_to_stop_it_gives_back_what_it_had_claimed(house: House, cast: Cast) -> None:
    numbers = [add_row(house, cast.an) for _ in range(30)]
    send_and_stop_after(house, dispatcher(house, 10), 2)
    states = [row(house, number).state for number in numbers]
    assert set(states) == {"accepted", "queued"}
    assert states.count("accepted") == len(house.phones.messages)


def test_a_process_whose_lane_was_taken_over_sends_no_more(house: House, cast: Cast) -> None:
    for _ in range(60):
        add_row(house, cast.an)
    sender = dispatcher(house, 10)

    async def work() -> None:
        running = asyncio.create_task(sender.run())
        while len(house.phones.messages) < 2:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(take_over, house)
        await asyncio.wait_for(running, 5)

    asyncio.run(work())
    assert len(house.phones.messages) < 30
    with house.reading() as session:
        assert session.scalars(select(Lease)).one().holder == "another"


def take_over(house: House) -> None:
    with house.writing() as session:
        session.execute(update(Lease).values(holder="another", epoch=Lease.epoch + 1))
        session.commit()


def test_too_many_requests_are_waited_out_and_cost_no_message(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [NotNow(0.2, too_fast=True), NotNow(0.2, too_fast=True)]
    with sending(house):
        eventually(lambda: people(house, alert) == {"accepted": 7})
    assert max(len(house.phones.of(who.number)) for who in cast.street) == 1


def test_a_provider_that_shuts_us_out_keeps_its_queue_and_a_single_message_tries_again(
    house: House, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_PROBE_SECONDS", 0.3)
    alert = release(house, cast.fatima)
    plain, paid = house.phones.send, threading.Event()

    async def until_paid(message: Outgoing) -> Outcome:
        return await plain(message) if paid.is_set() else Refused(20003, 401)

    house.phones.send = until_paid  # type: ignore[method-assign]
    with sending(house):
        eventually(lambda: len(stopped(house)) == 2)
        assert people(house, alert).keys() <= {"queued", "sending"}, "nothing is given up, and nothing went"
        paid.set()
        # What was tried in vain rests for a while, so that another message tries the next time.
        house.clock.forward(minutes=3)
        eventually(lambda: people(house, alert) == {"accepted": 7}, 15)
    assert stopped(house) == []


def stopped(house: House) -> list[str]:
    with house.reading() as session:
        return [lane.sender for lane in session.scalars(select(Lane).where(Lane.stopped_at.is_not(None)))]


def test_one_that_hangs_keeps_nobody_else_waiting(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    go_on = threading.Event()
    plain = house.phones.send

    async def hanging_for_an(message: Outgoing) -> Outcome:
        if message.to != cast.an.number:
            return await plain(message)
        while not go_on.is_set():
            await asyncio.sleep(0.02)
        return Unknown()

    house.phones.send = hanging_for_an  # type: ignore[method-assign]
    with sending(house):
        eventually(lambda: people(house, alert) == {"accepted": 6, "sending": 1})
        go_on.set()
        eventually(lambda: people(house, alert) == {"accepted": 6, "unknown": 1})


def test_a_long_line_of_failures_pauses_the_lane(house: House, cast: Cast) -> None:
    for _ in range(30):
        add_row(house, cast.an)
    house.phones.answers = [Unknown()] * 30
    sender = dispatcher(house, 1000)

    async def work() -> None:
        running = asyncio.create_task(sender.run())
        await asyncio.sleep(0.6)
        sender.stop()
        await running

    asyncio.run(work())
    assert 5 <= 30 - len(house.phones.answers) < 30


def test_a_probe_sends_one_message_and_opens_the_lane(house: House, cast: Cast) -> None:
    numbers = [add_row(house, cast.an) for _ in range(3)]
    lane = steps.LaneName("whatsapp", WA)
    steps.stop_lane(house.services, lane, 20003)
    asyncio.run(dispatcher(house, 80, probe=True).run())
    assert [row(house, number).state for number in numbers] == ["accepted", "queued", "queued"]
    assert stopped(house) == []


def test_rows_of_a_number_that_is_not_ours_any_more_go_by_one_that_is(house: House, cast: Cast) -> None:
    number = add_row(house, cast.an, sender="+32400009999")
    with sending(house):
        eventually(lambda: row(house, number).state == "accepted")
    assert row(house, number).sender == WA


def test_two_senders_of_one_house_send_each_message_once(house: House, cast: Cast) -> None:
    for _ in range(50):
        add_row(house, cast.an)
    with sending(house), sending(house):
        eventually(lambda: all(one.state == "accepted" for one in rows(house)), 10)
    assert len(house.phones.messages) == 50


def test_while_the_database_is_away_no_outcome_is_forgotten(
    house: House, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    number = add_row(house, cast.an)
    plain, failures = steps.record, iter([True, True])

    def record(*arguments: object) -> None:
        if next(failures, False):
            raise OperationalError("away", None, Exception())
        plain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(steps, "record", record)
    monkeypatch.setattr("wabp.worker.dispatcher._RETRY_SECONDS", 0.05)
    with sending(house):
        eventually(lambda: row(house, number).state == "accepted")
    assert len(house.phones.messages) == 1


def test_rows_are_in_sending_while_they_are_under_way(house: House, cast: Cast) -> None:
    number = add_row(house, cast.an)
    seen: list[str] = []

    async def looking(message: Outgoing) -> Outcome:
        seen.append(await asyncio.to_thread(lambda: row(house, number).state))
        return Accepted("SM" + "1" * 32, "queued")

    house.phones.send = looking  # type: ignore[method-assign]
    with sending(house):
        eventually(lambda: row(house, number).state == "accepted")
    assert seen == ["sending"]
    with house.reading() as session:
        assert session.get_one(Delivery, number).provider_id == "SM" + "1" * 32


def test_a_pause_that_the_provider_asked_for_is_kept_although_nothing_is_under_way(house: House, cast: Cast) -> None:
    for _ in range(3):
        add_row(house, cast.an)
    house.phones.answers = [NotNow(60, too_fast=True)]
    with sending(house):
        time.sleep(2.5)
        assert len(house.phones.messages) == 0
    assert {one.state for one in rows(house)} == {"queued"}


def test_a_probe_stays_one_message_however_often_it_is_told_that_more_wait(house: House, cast: Cast) -> None:
    for _ in range(5):
        add_row(house, cast.an)
    sender = dispatcher(house, 80, probe=True)

    async def work() -> None:
        running = asyncio.create_task(sender.run())
        while not running.done():
            sender.hear(0)
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(work(), 5))
    assert len(house.phones.messages) == 1


def test_stopped_in_the_middle_of_writing_it_still_writes_down_all_that_it_knows(
    house: House, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [add_row(house, cast.an) for _ in range(40)]
    plain = steps.record

    def slowly(*arguments: object) -> None:
        time.sleep(0.3)
        plain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(steps, "record", slowly)
    send_and_stop_after(house, dispatcher(house, 60), 15)
    states = [row(house, number).state for number in numbers]
    assert set(states) == {"accepted", "queued"}
    assert states.count("accepted") == len(house.phones.messages)


def test_an_outcome_that_cannot_be_written_down_stops_no_other(
    house: House, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = add_row(house, cast.an), add_row(house, cast.jean)
    plain = steps.record

    def record(services: object, lane: object, done: list[tuple[delivery.Claim, Outcome]]) -> None:
        if any(claim.message.delivery_id == bad for claim, _ in done):
            raise ValueError("not to be written")
        plain(services, lane, done)  # type: ignore[arg-type]

    monkeypatch.setattr(steps, "record", record)
    with sending(house):
        eventually(lambda: row(house, good).state == "accepted")
    assert row(house, bad).state == "sending", "the provider's books will tell"


def test_a_lane_that_is_shut_out_stays_shut_although_others_of_the_batch_went(house: House, cast: Cast) -> None:
    first, second = add_row(house, cast.an), add_row(house, cast.jean)
    lane = steps.LaneName("whatsapp", WA)
    claims = steps.claim(house.services, None, lane, 2)
    steps.record(
        house.services, lane, [(claims[0], Accepted("SM" + "7" * 32, "queued")), (claims[1], Refused(63007, 400))]
    )
    assert row(house, first).state == "accepted"
    assert row(house, second).state == "queued"
    assert stopped(house) == [WA]
