"""Leases: one process at a time, replaced when it is dead or stands still, without comparing two clocks."""

import os
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import select

from tests.house import House
from wabp import leases
from wabp.models import Lease

LANE = leases.of_lane("whatsapp", "+32400001818")


class Stopwatch:
    """Monotonic seconds that are moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def watch(holder: str, seconds: Stopwatch | None = None) -> leases.Watch:
    """What a process on another machine sees."""
    return leases.Watch(f"elsewhere/1/1/{holder}", seconds or Stopwatch())


def take(house: House, watch: leases.Watch) -> leases.Held | None:
    with house.writing() as session:
        held = leases.take(session, watch, LANE)
        session.commit()
    return held


def renew(house: House, held: leases.Held) -> bool:
    with house.writing() as session:
        ours = leases.renew(session, held)
        session.commit()
    return ours


def test_the_first_who_asks_has_it_and_the_next_waits(house: House) -> None:
    one, other = watch("one"), watch("other")
    assert take(house, one) is not None
    assert take(house, other) is None


def test_who_gives_it_back_lets_the_next_have_it_at_once(house: House) -> None:
    held = take(house, watch("one"))
    assert held is not None
    with house.writing() as session:
        leases.give_back(session, held)
        session.commit()
    assert take(house, watch("other")) is not None


def test_a_holder_that_shows_no_sign_of_life_is_replaced_and_can_do_nothing_any_more(house: House) -> None:
    seconds = Stopwatch()
    other = watch("other", seconds)
    held = take(house, watch("one"))
    assert held is not None
    assert take(house, other) is None
    seconds.seconds += leases.STALE_SECONDS - 0.1
    assert take(house, other) is None
    seconds.seconds += 0.2
    new = take(house, other)
    assert new is not None
    assert not renew(house, held)
    with house.writing() as session:
        assert not leases.is_held(session, held)
        assert leases.is_held(session, new)
        leases.give_back(session, held)
        session.commit()
    assert renew(house, new), "what the old holder gives back is not its own any more"


def test_every_sign_of_life_starts_the_waiting_anew(house: House) -> None:
    seconds = Stopwatch()
    other = watch("other", seconds)
    held = take(house, watch("one"))
    assert held is not None
    for _ in range(5):
        assert take(house, other) is None
        seconds.seconds += leases.BEAT_SECONDS
        assert renew(house, held)
    assert take(house, other) is None


def test_a_dead_holder_is_replaced_within_ten_seconds() -> None:
    assert leases.BEAT_SECONDS + leases.STALE_SECONDS < 10


def test_two_who_find_it_stale_at_the_same_moment_do_not_both_get_it(house: House) -> None:
    seconds = Stopwatch()
    one, two = watch("one", seconds), watch("two", seconds)
    take(house, watch("gone"))
    assert take(house, one) is None
    assert take(house, two) is None
    seconds.seconds += leases.STALE_SECONDS
    with house.reading() as session:
        seen = session.scalars(select(Lease)).one()
        session.expunge(seen)
    assert take(house, one) is not None
    with house.writing() as session:
        assert leases.take(session, two, LANE) is None
    assert (seen.epoch, seen.beat) == (1, 0)


def test_a_holder_that_ended_on_this_machine_is_not_waited_for(house: House) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from wabp import leases; print(leases.this_holder())"],
        capture_output=True,
        text=True,
        check=True,
    )
    take(house, leases.Watch(done.stdout.strip(), Stopwatch()))
    assert take(house, leases.Watch(leases.this_holder(), Stopwatch())) is not None


@pytest.mark.process
def test_a_holder_that_is_only_frozen_is_waited_for_and_one_that_lives_too(house: House) -> None:
    program = "from wabp import leases; import time; print(leases.this_holder(), flush=True); time.sleep(60)"
    alive = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert alive.stdout is not None
        take(house, leases.Watch(alive.stdout.readline().strip(), Stopwatch()))
        assert take(house, leases.Watch(leases.this_holder(), Stopwatch())) is None
        os.kill(alive.pid, signal.SIGSTOP)
        assert take(house, leases.Watch(leases.this_holder(), Stopwatch())) is None
    finally:
        alive.kill()
        # Not waited for yet: what is left of a process in the table is no life.
        time.sleep(0.2)
    assert take(house, leases.Watch(leases.this_holder(), Stopwatch())) is not None
    alive.wait()
    assert alive.stdout is not None
    alive.stdout.close()
