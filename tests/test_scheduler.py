"""The timed jobs: one process runs them, the others stand by, and nothing is missed or doubled when clocks change."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from apscheduler.job import Job

from tests.conftest import STORY_TIME
from tests.house import Cast, House, people, release
from tests.running import wait_until
from tests.test_quiet_hours import INFO, night, street_time
from tests.traffic import on_sqlite
from wabp import db, jobs, leases
from wabp.leading import Leader
from wabp.services import Services


@contextmanager
def leading(house: House) -> Iterator[Leader]:
    """A process that would run the jobs."""
    leader = Leader(house.services)
    leader.start()
    try:
        yield leader
    finally:
        leader.stop()


@contextmanager
def planned(house: House, leads: Callable[[], bool]) -> Iterator[list[Job]]:
    """All jobs as they are planned."""
    scheduler = jobs.start(house.services, leads)
    try:
        yield scheduler.get_jobs()
    finally:
        scheduler.shutdown()


# ---- one leads ----


def test_of_two_schedulers_one_leads(house: House) -> None:
    with leading(house) as first, leading(house) as second:
        assert (first.leads(), second.leads()) == (True, False)


def test_who_stops_hands_over_at_once(house: House) -> None:
    with leading(house) as first, leading(house) as second:
        first.stop()
        assert not first.leads()
        wait_until("the second to lead", second.leads, 3)


def take_over(house: House) -> None:
    """Do what another machine does that has watched a leader stand still for long enough."""
    clock = iter((0.0, leases.STALE_SECONDS))
    impatient = leases.Watch("another machine", monotonic=clock.__next__)
    for _ in range(2):
        with house.writing() as session:
            taken = leases.take(session, impatient, leases.of_scheduler())
            session.commit()
    assert taken is not None


def test_who_was_frozen_and_wakes_up_leads_no_more_before_its_next_job(house: House) -> None:
    with leading(house) as frozen:
        assert frozen.leads()
        take_over(house)
        assert not frozen.leads()


@on_sqlite
def test_jobs_run_only_while_their_process_leads(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.clock.forward(days=2)
    for leads, state in ((False, "queued"), (True, "expired")):
        with planned(house, lambda leads=leads: leads) as all_of_them:  # type: ignore[misc]
            (expire,) = [job for job in all_of_them if job.id == "expire"]
            expire.func(*expire.args)
        with house.reading() as session:
            found = session.connection().exec_driver_sql("SELECT DISTINCT state FROM delivery").scalars().all()
        assert found == [state]


def test_a_database_that_is_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    house = House(f"sqlite:///{folder / 'wabp.sqlite3'}", tmp_path, STORY_TIME)
    with leading(house) as leader:
        assert not leader.leads()
        folder.mkdir()
        with house.app.app_context():
            db.db.create_all()
        wait_until("it to lead", leader.leads, 5)
    house.close()


# ---- when clocks change ----

NIGHTS = [
    (street_time("2027-03-27T22:30:00"), datetime(2027, 3, 28, 5, tzinfo=UTC)),
    (street_time("2027-10-30T22:30:00"), datetime(2027, 10, 31, 6, tzinfo=UTC)),
]


@on_sqlite
@pytest.mark.parametrize(("evening", "morning"), NIGHTS)
def test_every_job_comes_at_the_same_distance_all_night(house: House, evening: datetime, morning: datetime) -> None:
    with planned(house, lambda: False) as all_of_them:
        assert all_of_them
        for job in all_of_them:
            came = [evening]
            while came[-1] < morning:
                came.append(job.trigger.get_next_fire_time(came[-1], came[-1]))
            gaps = {later.astimezone(UTC) - earlier.astimezone(UTC) for earlier, later in pairwise(came)}
            assert gaps == {job.trigger.interval}, job.id


def tick(services: Services, all_of_them: list[Job]) -> None:
    """Run every job twice, as two schedulers would of which one has just lost the lead."""
    for job in all_of_them * 2:
        work: Callable[[Services], None] = job.args[0]
        work(services)


@pytest.mark.parametrize(("evening", "morning"), NIGHTS)
def test_with_all_jobs_running_info_of_the_evening_goes_once_at_seven(
    house: House, evening: datetime, morning: datetime
) -> None:
    cast = night(house, evening)
    alert = release(house, cast.fatima, **INFO)
    with planned(house, lambda: False) as all_of_them:
        while house.clock() < morning:
            tick(house.services, all_of_them)
            assert house.send_all() == 0, house.clock()
            house.clock.forward(minutes=15)
        assert house.clock() == morning
        assert house.send_all() == 7
        house.deliver_everything()
        for _ in range(8):
            tick(house.services, all_of_them)
            assert house.send_all() == 0
            house.clock.forward(minutes=15)
    assert all(len(house.phones.of(who.number)) == 1 for who in cast.street)
    assert people(house, alert) == {"delivered": 7}
    assert {message.at for message in house.phones.messages} == {morning}
