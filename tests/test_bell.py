"""The doorbell: whoever writes something to send rings, a broker that is away disturbs nobody, and a ring is heard."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import make_transient

from tests.house import Cast, House, release
from tests.running import free_port, wait_until
from tests.test_many_machines import Redis
from tests.traffic import add_row, on_sqlite
from wabp import jobs
from wabp.models import Delivery
from wabp.worker import Sender, bell
from wabp.worker.bell import Answering, Bell


@pytest.fixture
def rings(house: House) -> list[int]:
    """What a bell at this house would have rung."""
    heard: list[int] = []

    class Counting(Bell):
        def ring(self) -> None:
            heard.append(1)

    house.app.extensions["bell"] = Counting(f"redis://127.0.0.1:{free_port()}/0")
    return heard


# ---- who rings ----


def test_a_release_rings_once_and_sending_and_receipts_do_not(house: House, cast: Cast, rings: list[int]) -> None:
    rings.clear()
    release(house, cast.fatima)
    assert len(rings) == 1
    house.send_all()
    house.deliver_everything()
    assert len(rings) == 1


def test_an_answer_to_a_resident_rings(house: House, cast: Cast, rings: list[int]) -> None:
    rings.clear()
    house.say(cast.an.number, "STOP")
    assert len(rings) == 1


@on_sqlite
def test_an_sms_instead_of_whatsapp_rings(house: House, cast: Cast, rings: list[int]) -> None:
    release(house, cast.fatima)
    house.send_all()
    rings.clear()
    house.clock.forward(seconds=121)
    jobs.climb(house.services)
    assert rings
    assert house.send_all() > 0


def test_what_was_not_committed_does_not_ring(house: House, cast: Cast, rings: list[int]) -> None:
    row = copy_of_a_row(house, cast)
    rings.clear()
    with house.writing() as session:
        session.add(row)
        session.flush()
        session.rollback()
        session.commit()
    assert rings == []


def test_the_end_of_a_savepoint_does_not_ring_yet(house: House, cast: Cast, rings: list[int]) -> None:
    row = copy_of_a_row(house, cast)
    rings.clear()
    with house.writing() as session:
        with session.begin_nested():
            session.add(row)
        assert rings == []
        session.commit()
    assert len(rings) == 1


def copy_of_a_row(house: House, cast: Cast) -> Delivery:
    """Return a row that could be written."""
    row_id = add_row(house, cast.an)
    with house.writing() as session:
        row = session.scalars(select(Delivery).where(Delivery.id == row_id)).one()
        session.expunge(row)
        session.execute(delete(Delivery).where(Delivery.id == row_id))
        session.commit()
    make_transient(row)
    return row


# ---- a broker that is away ----


def test_ringing_at_a_broker_that_is_away_takes_no_time_fails_nobody_and_is_not_tried_again_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = Bell(f"redis://127.0.0.1:{free_port()}/0")
    for _ in range(20):
        began = time.monotonic()
        away.ring()
        assert time.monotonic() - began < 0.1
        assert away.settle(5)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "redis://" not in caplog.text
    assert not bell.is_reachable(f"redis://127.0.0.1:{free_port()}/0")


def test_a_name_that_nobody_knows_is_a_broker_that_is_away() -> None:
    nowhere = Bell("redis://broker.invalid:6379/0")
    began = time.monotonic()
    nowhere.ring()
    assert time.monotonic() - began < 0.1


# ---- a real one ----


@contextmanager
def listening(url: str) -> Iterator[threading.Event]:
    """Somebody who hears the bell."""
    heard = threading.Event()
    answering = Answering(url, heard.set)
    answering.start()
    try:
        yield heard
    finally:
        answering.stop()


def rings_through(ringing: Bell, heard: threading.Event) -> bool:
    heard.clear()
    ringing.ring()
    return heard.wait(1)


@pytest.mark.process
def test_a_ring_is_heard_also_after_the_broker_was_killed_and_came_back_empty() -> None:
    redis = Redis()
    redis.start()
    try:
        ringing = Bell(redis.url)
        with listening(redis.url) as heard:
            wait_until("a ring to be heard", lambda: rings_through(ringing, heard), 20)
            assert bell.is_reachable(redis.url)
            redis.stop()
            ringing.ring()
            redis.start()
            wait_until("a ring to be heard again", lambda: rings_through(ringing, heard), 40)
    finally:
        redis.stop()


# ---- who hears it ----


@on_sqlite
def test_a_sender_that_seldom_looks_sends_at_once_when_it_rings(house: House, cast: Cast) -> None:
    sender = Sender(house.services, look_seconds=3600)
    sender.ring()
    sender.start()
    try:
        time.sleep(0.3)
        release(house, cast.fatima)
        time.sleep(0.3)
        assert house.phones.messages == []
        sender.ring()
        wait_until("seven messages", lambda: len(house.phones.messages) == 7, 10)
    finally:
        sender.stop()
    sender.ring()
