"""Faults: the process dies at a commit, the database or the clock misbehaves, the provider does its worst.

What other files hold already is not repeated here: crashes between the steps of sending are in `test_delivery`, the
provider's refusals in `test_reactions`, its silence in `test_polling`, and all of it mixed in `test_delivery_machine`.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from tests.house import Cast, House, MovableClock, people, release
from tests.provider import Provider
from tests.running import COMMAND, Installation, just_called, wait_until
from tests.test_running import about_the_alert, with_provider
from tests.traffic import (
    add_row,
    claim,
    hand_over,
    inbound,
    lane,
    memberships,
    note,
    on_postgres,
    row,
    row_of,
    rows,
)
from wabp import db, delivery, demo, groups, jobs, residents, settings
from wabp.app import create_app
from wabp.gateway import Outcome, Refused, Unknown
from wabp.models import Alert, Membership
from wabp.services import Services
from wabp.worker import Sender, steps

LATE = 121
TEXT = "Twee personen vluchten richting sluis."


# ---- the connection is cut in COMMIT: nobody can tell whether it was written ----


@contextmanager
def commit_cut(house: House, *, written: bool) -> Iterator[None]:
    """Let the connection break in the next commit, just after the database wrote it or just before."""
    with house.app.app_context():
        dialect = db.db.engine.dialect
    real = dialect.do_commit

    def cut(connection: Any) -> None:
        dialect.do_commit = real  # type: ignore[method-assign]
        (real if written else dialect.do_rollback)(connection)
        raise OperationalError("COMMIT", {}, Exception("the connection was cut"))

    dialect.do_commit = cut  # type: ignore[method-assign]
    try:
        yield
    finally:
        dialect.do_commit = real  # type: ignore[method-assign]


@pytest.mark.parametrize("written", [True, False])
def test_a_release_whose_commit_was_cut_is_one_alert_when_the_button_is_pressed_again(
    house: House, cast: Cast, written: bool
) -> None:
    browser = house.browser(cast.fatima)
    review = browser.compose(
        "molenwijk", "review", kind="urgent", category="burglary", called="yes", called_at="21:04", text=TEXT
    ).location
    form = {"csrf_token": token_on(browser.get(review).text)}
    house.app.testing = False
    with commit_cut(house, written=written):
        assert browser.client.post(review, data=form).status_code >= 500
    assert browser.client.post(review, data=form).status_code == 303
    with house.reading() as session:
        alert = session.scalars(select(Alert)).one()
    assert sum(people(house, alert).values()) == 7
    house.send_all()
    assert Counter(message.to for message in house.phones.messages) == Counter(who.number for who in cast.street)


def token_on(page: str) -> str:
    """Return the token of a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("written", [True, False])
def test_a_claim_whose_commit_was_cut_is_sent_once(house: House, cast: Cast, written: bool) -> None:
    release(house, cast.fatima)
    with commit_cut(house, written=written), pytest.raises(OperationalError):
        claim(house)
    house.send_all()
    for seconds in (61, 31, 1):
        house.clock.forward(seconds=seconds)
        house.look_up_doubts()
        house.send_all()
    assert Counter(message.to for message in house.phones.messages) == Counter(who.number for who in cast.street)


@pytest.mark.parametrize("written", [True, False])
def test_outcomes_whose_commit_was_cut_are_written_once_by_the_second_try(
    house: House, cast: Cast, written: bool
) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [Refused(63024, 400)]
    outcomes = hand_over(house, claim(house))
    with commit_cut(house, written=written), pytest.raises(OperationalError):
        note(house, outcomes)
    note(house, outcomes)
    house.send_all()
    assert people(house, alert) == {"accepted": 7}
    assert Counter(message.to for message in house.phones.messages) == Counter(who.number for who in cast.street)


@pytest.mark.parametrize("written", [True, False])
def test_a_stop_whose_commit_was_cut_is_confirmed_once_when_the_provider_calls_again(
    house: House, cast: Cast, written: bool
) -> None:
    with commit_cut(house, written=written):
        assert house.say(cast.an.number, "STOP", MessageSid="SM" + "5" * 32).status_code == 503
    house.say(cast.an.number, "STOP", MessageSid="SM" + "5" * 32)
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    house.send_all()
    assert memberships(house, cast.an) == {"molenwijk": "left"}
    assert len(house.phones.of(cast.an.number)) == len(inbound(house)) == 1


@pytest.mark.parametrize("written", [True, False])
def test_a_receipt_whose_commit_was_cut_counts_when_it_comes_again(house: House, cast: Cast, written: bool) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    message = house.phones.last(cast.an.number)
    with commit_cut(house, written=written):
        assert house.receipt(message, "delivered").status_code == 503
    assert house.receipt(message, "delivered").status_code == 204
    assert row_of(house, alert, cast.an).state == "delivered"


# ---- two that wait for each other ----


@on_postgres
def test_of_a_message_and_a_page_that_wait_for_each_other_neither_is_lost(house: House, cast: Cast) -> None:
    house.say(cast.luc.number, "STOP")
    with house.reading() as session:
        left = session.scalars(select(Membership.id).where(Membership.person_id == cast.luc.id)).one()
    with ThreadPoolExecutor(1) as other, house.writing() as session:
        # The page has the group, and wants the person next; the message has the person, and wants the group.
        group = groups.by_slug(session, cast.fatima.actor, "molenwijk")
        groups.hold_active(session, group)
        answer = other.submit(house.say, cast.luc.number, "START")
        wait_until("the message to wait", lambda: waits_for_a_lock(house), 10)
        try:
            residents.hold(session, cast.fatima.actor, group, left)
            session.commit()
        except OperationalError:
            session.rollback()
        answer.result(20)
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    assert memberships(house, cast.luc) == {"molenwijk": "active"}
    assert [message.handled_as for message in inbound(house)] == ["stop", "start"]


def waits_for_a_lock(house: House) -> bool:
    """Whether somebody waits for somebody else in the database."""
    with house.reading() as session:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return bool(session.connection().exec_driver_sql(waiting).scalar())


# ---- doubts ----


def in_doubt_since(house: House, *seconds: int) -> None:
    """Let time pass in steps, with the look into the provider's books at each."""
    for step in seconds:
        house.clock.forward(seconds=step)
        house.look_up_doubts()


def test_an_entry_of_a_younger_doubt_does_not_prove_an_older_one(house: House, cast: Cast) -> None:
    lost = add_row(house, cast.an)
    claim(house)
    house.clock.forward(seconds=40)
    taken = add_row(house, cast.an)
    house.phones.lost_answers = [Unknown()]
    house.send_all()
    in_doubt_since(house, 21, 31, 31)
    house.send_all()
    link = link_of(house, lost), link_of(house, taken)
    bodies = house.phones.of(cast.an.number)
    assert [sum(one in body for body in bodies) for one in link] == [1, 1]
    assert row(house, taken).provider_id == house.phones.messages[0].provider_id


def test_an_entry_of_a_doubt_that_was_given_up_does_not_prove_another(house: House, cast: Cast) -> None:
    given_up = add_row(house, cast.an, expires_at=house.clock() + timedelta(seconds=130))
    house.phones.cannot_ask = True
    house.phones.lost_answers = [Unknown()]
    house.send_all()
    house.clock.forward(seconds=3)
    lost = add_row(house, cast.an)
    claim(house)
    house.clock.forward(seconds=130)
    jobs.expire(house.services)
    house.phones.cannot_ask = False
    assert row(house, given_up).reason == "unknown"
    in_doubt_since(house, 1, 31)
    house.send_all()
    assert sum(link_of(house, lost) in body for body in house.phones.of(cast.an.number)) == 1


def link_of(house: House, row_id: int) -> str:
    """Return what only the text of this row holds."""
    values = row(house, row_id).text_values
    assert values is not None
    return values["link"]


def test_a_message_that_met_a_fault_of_the_providers_goes_again_only_when_the_books_lack_it_twice(
    house: House, cast: Cast
) -> None:
    row_id = add_row(house, cast.an)
    house.phones.answers = [Unknown()]
    house.send_all()
    in_doubt_since(house, 61)
    assert (row(house, row_id).state, house.send_all()) == ("unknown", 0)
    in_doubt_since(house, 31)
    assert house.send_all() == 1


def test_a_message_that_met_a_fault_of_the_providers_does_not_go_again_after_its_end(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an, expires_at=house.clock() + timedelta(seconds=90))
    house.phones.answers = [Unknown()]
    house.send_all()
    in_doubt_since(house, 61, 31)
    assert house.send_all() == 0
    assert row(house, row_id).state in ("expired", "failed")


# ---- the clock of the machine jumps ----


@pytest.mark.parametrize("hours", [2, -2])
def test_when_the_clock_jumps_while_a_chunk_is_under_way_nobody_gets_it_twice(
    house: House, cast: Cast, hours: int
) -> None:
    release(house, cast.fatima)
    claims = claim(house)
    house.clock.forward(hours=hours)
    jobs.settle_doubts(house.services)
    jobs.expire(house.services)
    note(house, hand_over(house, claims))
    house.clock.forward(seconds=31)
    for job in (jobs.settle_doubts, jobs.expire, jobs.climb):
        job(house.services)
    house.send_all()
    house.clock.forward(hours=-hours)
    for seconds in (61, 31, LATE):
        house.clock.forward(seconds=seconds)
        jobs.settle_doubts(house.services)
        house.send_all()
    counted = Counter((message.to, message.channel) for message in house.phones.messages)
    assert set(counted.values()) == {1}


@pytest.mark.parametrize("hours", [2, -2])
def test_when_the_clock_jumps_the_pace_stays(light_house: House, hours: int) -> None:
    with time_machine.travel(light_house.clock(), tick=True) as traveller:
        pace = Sender(light_house.services)._pace(lane(light_house))
        while pace.wait(1) <= 0:
            pace.spend(1)
        traveller.shift(timedelta(hours=hours))
        assert 0 < pace.wait(1) <= 1


# ---- receipts ----


def test_in_every_order_and_three_times_each_the_receipts_of_a_message_end_as_read(house: House, cast: Cast) -> None:
    words = ("queued", "sent", "delivered", "read")
    for order in permutations(words):
        row_id = add_row(house, cast.an)
        house.send_all()
        for word in order:
            for _ in range(3):
                assert house.receipt(house.phones.last(cast.an.number), word).status_code == 204
        assert row(house, row_id).state == "read"


def test_a_receipt_that_is_five_days_late_still_counts_and_sends_nothing(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    messages = list(house.phones.messages)
    house.clock.forward(days=5)
    jobs.expire(house.services)
    for message in messages:
        assert house.receipt(message, "delivered").status_code == 204
    assert people(house, alert) == {"delivered": 7}
    assert house.send_all() == 0


def test_a_failure_that_is_told_five_days_late_sends_nothing_any_more(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.send_all()
    message = house.phones.last(cast.an.number)
    house.clock.forward(days=5)
    house.receipt(message, "failed", 63016)
    house.receipt(message, "undelivered", 30008)
    assert house.send_all() == 0


@pytest.mark.parametrize("status", ["failed", "undelivered"])
def test_what_lapsed_in_the_providers_queue_is_expired_and_goes_neither_again_nor_by_sms(
    house: House, cast: Cast, status: str
) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    for message in list(house.phones.messages):
        house.receipt(message, status, 30036)
    house.clock.forward(seconds=LATE)
    jobs.climb(house.services)
    assert house.send_all() == 0
    assert people(house, alert) == {"expired": 7}


# ---- what comes in ----


def test_fifty_messages_at_once_are_each_handled_once(house: House, cast: Cast) -> None:
    texts = [(who, f"Ik zag iets bij de sluis, melding {n}") for n in range(10) for who in cast.street[2:]]

    def say(number: int) -> int:
        who, said = texts[number // 2]
        return house.say(who.number, said, MessageSid=f"SM{number // 2:032x}").status_code

    with ThreadPoolExecutor(8) as crowd:
        answers = Counter(crowd.map(say, range(2 * len(texts))))
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    assert answers.keys() <= {200, 503}
    kept = inbound(house)
    assert len({message.provider_id for message in kept}) == len(kept) == len(texts)
    assert all(message.handled_at for message in kept)


# ---- odd texts ----


@pytest.mark.parametrize(
    "odd",
    ["nul \0 hier", "half \ud83d teken", "vlag 👩‍👩‍👧‍👦🇧🇪", "rechts \u202e om \u200b nul", "é" * 400, "sluis " * 110],
    ids=["nul", "surrogate", "joined", "bidi", "accents", "long"],
)
def test_an_odd_text_leaves_clean_to_everybody_by_both_channels(house: House, cast: Cast, odd: str) -> None:
    alert = release(house, cast.fatima, text=f"Iemand voelt aan deuren. {odd}"[:700])
    assert house.send_all() == 7
    assert people(house, alert) == {"accepted": 7}
    for message in house.phones.messages:
        message.body.encode("utf-8")
        assert not set("\0\u202e\u200b") & set(message.body)
        assert message.body.split("\n")[-1].startswith(("Bel 101", "Appelez le 101", "Call 101", "Rufen"))


def test_a_text_of_four_thousand_characters_is_refused_in_a_sentence_and_nothing_is_sent(
    house: House, cast: Cast
) -> None:
    answer = house.browser(cast.fatima).compose(
        "molenwijk", "review", kind="urgent", category="burglary", called="yes", called_at="21:04", text="sluis " * 667
    )
    assert answer.status_code == 400
    assert (house.send_all(), rows(house, "alert")) == (0, [])


@pytest.mark.parametrize("body", ["STOP\0", "x" * 4_001, "é" * 4_000], ids=["nul", "too long", "accents"])
def test_an_odd_message_in_is_kept_whole_or_cut_and_the_next_one_is_heard(house: House, cast: Cast, body: str) -> None:
    assert house.say(cast.an.number, body).status_code == 200
    assert house.say(cast.jean.number, "STOP").status_code == 200
    assert all(message.handled_at for message in inbound(house))
    assert memberships(house, cast.jean) == {"molenwijk": "left"}


# ---- killed at a commit ----

# Loaded by every process of the real command: it kills at the nth commit, before or after the database wrote it.
KILLS = """
import os, signal, threading
from sqlalchemy.engine.default import DefaultDialect

lock, real, seen = threading.Lock(), DefaultDialect.do_commit, [0]
nth, after, all_of_it = int(os.environ["KILL_AT"]), os.environ["KILL_WHEN"] == "after", "KILL_ALL" in os.environ

def do_commit(self, connection):
    with lock:
        seen[0] += 1
        now = seen[0] == nth
    if after or not now:
        real(self, connection)
    if now:
        os.killpg(0, signal.SIGKILL) if all_of_it else os.kill(os.getpid(), signal.SIGKILL)

DefaultDialect.do_commit = do_commit
"""
# All there are, when asked for: WABP_KILLS=all.
EVERY = os.environ.get("WABP_KILLS") == "all"
KILLED = -signal.SIGKILL
# Spread over what a short run does: leases, claims, the first results, receipts.
SOME_KILLS = [(2, "before"), (3, "after"), (4, "before"), (5, "after"), (7, "before"), (9, "after")]


def killing(folder: Path, nth: int, when: str, **more: str) -> dict[str, str]:
    """Return the settings with which a command kills itself at its nth commit."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(KILLS)
    return {"PYTHONPATH": str(folder), "KILL_AT": str(nth), "KILL_WHEN": when, **more}


@pytest.mark.process
def test_killed_at_any_commit_of_a_release_all_rows_of_it_are_there_or_none(tmp_path: Path) -> None:
    wabp = Installation(tmp_path)
    wabp.load_demo(20)
    flags = ("--group", "demo", "--kind", "urgent", "--category", "burglary", "--called", just_called(), "--text", TEXT)
    before = shutil.copy(wabp.database, tmp_path / "before")
    # What a kill after one commit leaves is what a kill before the next one finds.
    for when in ("before", "after") if EVERY else ("before",):
        nth, ended = 0, KILLED
        while ended == KILLED:
            nth += 1
            shutil.copy(before, wabp.database)
            done = wabp.command("alert", "send", *flags, **killing(tmp_path / "kills", nth, when))
            ended = done.returncode
            assert ended in (0, KILLED), done.stderr
            released = count(wabp.database, "alert WHERE state = 'released'")
            written = count(wabp.database, "delivery WHERE cause = 'alert'")
            assert (released, written) in ((0, 0), (1, 20)), (when, nth)
            assert released or ended == KILLED
            clear(wabp.database)
        assert nth > 1


@pytest.mark.process
def test_killed_at_a_commit_while_it_sends_everybody_has_it_once_after_the_next_start(tmp_path: Path) -> None:
    kills = [(nth, when) for nth in range(1, 25) for when in ("before", "after")] if EVERY else SOME_KILLS
    staged = tmp_path / "staged"
    staged.mkdir()
    with with_provider(staged) as (wabp, _):
        wabp.load_demo(20)
        wabp.send()
        keys = {name: wabp.environ[name] for name in ("WABP_SECRET_KEY", "WABP_DATA_KEYS")}
    for nth, when in kills:
        folder = tmp_path / f"{when}-{nth}"
        folder.mkdir()
        with with_provider(folder) as (wabp, provider):
            shutil.copy(staged / wabp.database.name, wabp.database)
            wabp.environ |= keys
            run_until_killed(wabp, provider, killing(folder / "kills", nth, when, KILL_ALL="1"))
            finish(wabp)
            everybody = Counter(f"whatsapp:{demo.number(n)}" for n in range(1, 21))
            assert about_the_alert(provider) == everybody, (when, nth)


def run_until_killed(wabp: Installation, provider: Provider, kills: dict[str, str]) -> None:
    """Run the product until it kills itself, or has nothing more to do."""
    with wabp.log.open("ab") as log:
        process = subprocess.Popen(
            [COMMAND, "run"], cwd=wabp.folder, env=wabp.environ | kills, stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, start_new_session=True,
        )

    def over() -> bool:
        return process.poll() is not None or len(about_the_alert(provider)) == 20

    try:
        wait_until(f"it to end; the log says {wabp.log.read_text()[-1000:]}", over, 60)
        if process.poll() is None:
            time.sleep(1)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def finish(wabp: Installation) -> None:
    """Do what the next start does, with a clock that is moved: two looks into the books, then what is left."""
    clock = MovableClock(datetime.now(UTC))
    app = create_app(settings.load(wabp.environ, wabp.folder), clock=clock)
    services: Services = app.extensions["services"]
    for seconds in (61, 31, 1):
        clock.forward(seconds=seconds)
        jobs.settle_doubts(services)
        send_what_waits(services)
    with app.app_context():
        db.db.engine.dispose()


def send_what_waits(services: Services) -> None:
    """Send all that waits, step by step."""
    for waiting in steps.look(services).waiting:
        claims = steps.claim(services, None, waiting, 100)
        outcomes = jobs.ask(services, all_at_once(services, claims))
        steps.record(services, waiting, list(zip(claims, outcomes, strict=True)))


async def all_at_once(services: Services, claims: Sequence[delivery.Claim]) -> list[Outcome]:
    """Hand over all claims."""
    return list(await asyncio.gather(*(delivery.hand_over(services.gateway, claim) for claim in claims)))


def count(database: Path, what: str) -> int:
    """Return how many rows of a table there are."""
    with closing(sqlite3.connect(database, timeout=10)) as books:
        number: int = books.execute(f"SELECT count(*) FROM {what}").fetchone()[0]
        return number


def clear(database: Path) -> None:
    """Remove a database, with what belongs to it."""
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


# ---- frozen ----


@pytest.mark.process
def test_a_process_that_is_frozen_while_it_sends_is_replaced_and_sends_nothing_twice_when_it_wakes(
    tmp_path: Path,
) -> None:
    members = 60
    with with_provider(tmp_path) as (wabp, provider):
        wabp.environ["WABP_WHATSAPP_MPS"] = "20"
        wabp.load_demo(members)
        wabp.start()
        wabp.send()
        wait_until("it to be in the middle", lambda: len(about_the_alert(provider)) >= 10, 30, 0.01)
        group = os.getpgid(wabp.processes()[0])
        frozen_at = freeze(group, wabp.database)
        other = Installation(tmp_path)
        other.environ = wabp.environ | {"WABP_PORT": str(other.port)}
        other.log = tmp_path / "other.log"
        with other:
            # What the first had claimed is not taken away from it yet.
            wait_until("the other to send", lambda: len(about_the_alert(provider)) > members - 25, 60, 0.3)
            # Longer than a claim holds: the first gives back what it had claimed.
            wait_until("claims to grow old", lambda: time.monotonic() > frozen_at + 21, 60, 0.3)
            os.killpg(group, signal.SIGCONT)
            wait_until("everybody to have it", lambda: len(about_the_alert(provider)) == members, 60, 0.3)
            assert set(about_the_alert(provider).values()) == {1}


def freeze(group: int, database: Path) -> float:
    """Freeze a process group, but not while it holds the database. Returns when."""
    while True:
        os.killpg(group, signal.SIGSTOP)
        with closing(sqlite3.connect(database, timeout=0.2, isolation_level=None)) as books:
            try:
                books.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.killpg(group, signal.SIGCONT)
                time.sleep(0.02)
            else:
                books.execute("ROLLBACK")
                return time.monotonic()
