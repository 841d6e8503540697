"""The figures for who watches: right for any number of processes, and nothing about anybody in them."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from tests.house import SMS, WA, Cast, House, add_cast, release
from tests.traffic import add_row, on_sqlite, row_of
from wabp import figures, lanes, leases, ledger
from wabp.figures import Timekeeper
from wabp.lanes import LaneName
from wabp.leading import Leader
from wabp.models import Delivery

INFO = {"kind": "info", "category": "prevention", "called": None, "called_at": None, "text": "Zondag wegenwerken."}


def scraped(house: House) -> dict[str, float]:
    """Return the figures as they are scraped, by name and labels."""
    answer = house.app.test_client().get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_what_waits_is_counted_by_channel_and_priority_with_the_age_of_the_oldest(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.clock.forward(seconds=30)
    add_row(house, cast.an)
    house.clock.forward(seconds=12)
    found = scraped(house)
    assert found['wabp_waiting{channel="whatsapp",priority="urgent"}'] == 5
    assert found['wabp_waiting{channel="sms",priority="urgent"}'] == 2
    assert found['wabp_waiting{channel="whatsapp",priority="answer"}'] == 1
    assert found['wabp_waiting{channel="sms",priority="info"}'] == 0
    assert found['wabp_waiting_oldest_seconds{channel="whatsapp",priority="urgent"}'] == 42
    assert found['wabp_waiting_oldest_seconds{channel="whatsapp",priority="answer"}'] == 12
    house.send_all()
    found = scraped(house)
    assert not any(value for name, value in found.items() if name.startswith("wabp_waiting"))
    assert found['wabp_rows{state="accepted"}'] == 8


def test_what_is_held_for_the_morning_is_counted_apart(house: House, cast: Cast) -> None:
    add_row(house, cast.an, not_before=house.clock() + timedelta(hours=8))
    found = scraped(house)
    assert found["wabp_held"] == 1
    assert found['wabp_waiting{channel="whatsapp",priority="answer"}'] == 0


def test_the_seconds_of_each_stage_are_told_for_the_slowest_too(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.clock.forward(seconds=2)
    house.send_all()
    house.clock.forward(seconds=3)
    for message in house.phones.messages:
        house.receipt(message, "sent")
    house.clock.forward(seconds=4)
    slow, *quick = house.phones.messages
    for message in quick:
        house.receipt(message, "delivered")
    house.clock.forward(seconds=60)
    house.receipt(slow, "delivered")
    found = scraped(house)
    assert found['wabp_stage_seconds{priority="urgent",quantile="0.99",stage="accepted"}'] == 2
    assert found['wabp_stage_seconds{priority="urgent",quantile="0.5",stage="sent"}'] == 3
    assert found['wabp_stage_seconds{priority="urgent",quantile="0.5",stage="delivered"}'] == 4
    assert found['wabp_stage_seconds{priority="urgent",quantile="0.99",stage="delivered"}'] == 64
    house.clock.forward(hours=1)
    assert not any(name.startswith("wabp_stage_seconds") for name in scraped(house))


def test_rows_of_the_day_before_are_counted_no_more(house: House, cast: Cast) -> None:
    ids = [add_row(house, cast.an) for _ in range(5)]
    with house.writing() as session:
        # What retention removed leaves gaps in the numbers.
        session.execute(text("DELETE FROM delivery WHERE id = :id"), {"id": ids[1]})
        session.commit()
    house.clock.forward(hours=20)
    for _ in range(3):
        add_row(house, cast.an)
    assert scraped(house)['wabp_rows{state="queued"}'] == 7
    house.clock.forward(hours=5)
    assert scraped(house)['wabp_rows{state="queued"}'] == 3
    house.clock.forward(hours=20)
    assert scraped(house)['wabp_rows{state="queued"}'] == 0


def test_an_empty_ledger_has_figures_too(house: House) -> None:
    found = scraped(house)
    assert found['wabp_rows{state="queued"}'] == found['wabp_in_doubt{state="unknown"}'] == found["wabp_held"] == 0


def test_what_nobody_can_prove_is_counted(house: House, cast: Cast) -> None:
    for state in ("sending", "unknown", "unknown"):
        add_row(house, cast.an, state=state, rank=1, claimed_at=house.clock())
    found = scraped(house)
    assert found['wabp_in_doubt{state="sending"}'] == 1
    assert found['wabp_in_doubt{state="unknown"}'] == 2


def test_lanes_that_the_provider_shut_are_counted_by_channel(house: House, cast: Cast) -> None:
    with house.writing() as session:
        lanes.stop(session, LaneName("whatsapp", WA), 63007, house.clock())
        session.commit()
    found = scraped(house)
    assert found['wabp_lanes{channel="whatsapp"}'] == found['wabp_lanes_stopped{channel="whatsapp"}'] == 1
    assert (found['wabp_lanes{channel="sms"}'], found['wabp_lanes_stopped{channel="sms"}']) == (1, 0)


def test_who_runs_the_timed_jobs_is_told_by_its_beat(house: House) -> None:
    assert scraped(house)["wabp_scheduler_present"] == 0
    leader = Leader(house.services)
    leader.start()
    found = scraped(house)
    assert (found["wabp_scheduler_present"], found["wabp_scheduler_epoch"]) == (1, 1)
    with house.writing() as session:
        assert leases.renew(session, leases.Held(leases.of_scheduler(), 1))
        session.commit()
    assert scraped(house)["wabp_scheduler_beat"] == found["wabp_scheduler_beat"] + 1
    leader.stop()
    assert scraped(house)["wabp_scheduler_present"] == 0
    with house.reading() as session:
        assert figures.timekeeper(session).epoch == 1
        assert figures.timekeeper(session) != Timekeeper(False, 0, 0)


@on_sqlite
def test_nothing_about_anybody_is_in_them(house: House) -> None:
    cast = add_cast(house)
    alert = release(house, cast.fatima)
    house.say(cast.an.number, "Ik zie een wit busje aan de sluis")
    house.send_all()
    with house.writing() as session:
        lanes.stop(session, LaneName("sms", SMS), None, house.clock())
        session.execute(update(Delivery).values(reason="provider_63007"))
        session.commit()
    shown = house.app.test_client().get("/metrics").text
    numbers = [number.lstrip("+") for number in (WA, SMS, *(who.number for who in cast.street))]
    for secret in (*numbers, "busje", "achterdeur"):
        assert secret not in shown
    for somebody in (cast.fatima, cast.an):
        assert str(somebody.id) not in shown
        assert row_of(house, alert, somebody).provider_id not in shown
    assert str(alert.id) not in shown
    assert re.search(r"\d{6,}", shown) is None


@pytest.mark.parametrize("priority", sorted(figures.PRIORITIES))
def test_every_priority_has_a_name(priority: int) -> None:
    assert priority in {ledger.PRIORITY_URGENT, ledger.PRIORITY_ANSWER, ledger.PRIORITY_INFO}
