"""Everything that happens to alerts, at any moment and in any order: nobody is missed, and nobody is warned twice.

A machine releases, sends, crashes, corrects, moves the clock and lets people say STOP; the provider refuses, loses
answers and tells anything in any order. After every step the phones, which remember all they got, are the referee.

    WABP_MACHINE_RUNS=5000 .venv/bin/python -m pytest tests/test_delivery_machine.py -m 'not postgres'

A failure shows its steps, as a program, and the seed that finds it again: WABP_MACHINE_SEED.
"""

import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, seed, settings as hypothesis_settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event, select, text

from tests.conftest import STORY_TIME
from tests.house import House, Message, Phones, Somebody, add_group, add_member, add_zone, content
from tests.traffic import claim, hand_over, note
from wabp import alerts, db, delivery, drafts, followups, groups, jobs, ledger, standing, templates
from wabp.gateway import Books, NotNow, Outcome, Outgoing, Refused, Seen, Unknown
from wabp.gateway.inbound import Receipt
from wabp.models import Alert, Base, Delivery, Membership

RUNS = {"sqlite": int(os.environ.get("WABP_MACHINE_RUNS", "200")), "postgres": 15}
STEPS = 30
MOST_ALERTS = 4
# Claimed earlier than this a message is not handed over any more (trust.md's fault of the frozen worker).
CLAIM_HOLDS = timedelta(seconds=20)
LADDER = timedelta(seconds=120)
FORM = "HX" + "a" * 32
STREET_CLOCK = ZoneInfo("Europe/Brussels")
NIGHT = (time(22, 0), time(7, 0))
LINES = ("Bel 101", "Appelez le 101", "Call 101", "Rufen Sie 101", "Rufen")

# A rank falls only when a claim is given back, or when the next attempt begins; what arrived never does.
WATCH = {
    "sqlite": [
        "CREATE TRIGGER no_fall BEFORE UPDATE ON delivery WHEN NEW.rank < OLD.rank AND OLD.rank > 1 "
        "AND NOT (NEW.attempt = OLD.attempt + 1 AND OLD.rank = 4) BEGIN SELECT RAISE(ABORT, 'a rank fell'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION no_fall() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.rank < OLD.rank AND OLD.rank > 1 "
        "AND NOT (NEW.attempt = OLD.attempt + 1 AND OLD.rank = 4) THEN RAISE EXCEPTION ''a rank fell''; END IF; "
        "RETURN NEW; END'",
        "CREATE TRIGGER no_fall BEFORE UPDATE ON delivery FOR EACH ROW EXECUTE FUNCTION no_fall()",
    ],
}

CHANNELS = st.sampled_from(["whatsapp", "sms"])
REFUSALS = (
    Refused(20429, 429), Refused(None, 503), Refused(21211, 400), Refused(21610, 400), Refused(63007, 400),
    Refused(63016, 400), Refused(63018, 429), Refused(63024, 400), Refused(20003, 401), Refused(30450, 400),
)
ANSWERS: tuple[Outcome | Exception, ...] = (
    *REFUSALS, NotNow(1.0), NotNow(1.0, too_fast=True), Unknown(), Unknown(), RuntimeError("a fault of ours"),
)
STATUSES = (
    ("queued", None), ("sent", None), ("delivered", None), ("delivered", None), ("read", None), ("a_new_word", None),
    ("undelivered", 30003), ("undelivered", 30005), ("undelivered", 30008), ("failed", 63016), ("failed", 63024),
    ("failed", 63018), ("failed", None), ("undelivered", 21610), ("failed", 30036), ("canceled", None),
)
UNDER_WAY = frozenset({"queued", "sending", "unknown", "accepted", "sent"})
DID_NOT_ARRIVE = frozenset({"undelivered", "failed", "canceled"})
ARRIVED = frozenset({"delivered", "read"})
JUMPS = (1, 1, 9, 31, 31, 61, 61, 121, 121, 600, 3_600, 7_300, 43_200)


@dataclass
class Taken:
    """A message that a phone got, unless the provider says otherwise, and what we were told of it."""

    message: Message
    row_id: int
    fell: bool = False
    arrived: bool = False
    finished: bool = False


class Telling(Phones):
    """Phones whose provider notes what it told us about each message."""

    def begin(self) -> None:
        """Forget everything: another run begins."""
        for kept in (self.messages, self.answers, self.lost_answers, self.stands, self.arrived):
            kept.clear()
        self.cannot_ask = False
        self.taken: dict[str, Taken] = {}

    async def send(self, message: Outgoing) -> Outcome:
        before = len(self.messages)
        outcome = await super().send(message)
        for got in self.messages[before:]:
            self.taken[got.provider_id] = Taken(got, row_of(got))
        return outcome

    async def ask(self, provider_id: str) -> Receipt:
        told = await super().ask(provider_id)
        self.told(provider_id, told.status)
        return told

    async def seen(self, channel: str, to: str, since: datetime) -> Sequence[Seen]:
        found = await super().seen(channel, to, since)
        now = [replace(one, status=self.stands.get(one.provider_id, one.status)) for one in found]
        for one in now:
            self.told(one.provider_id, one.status)
        return now

    async def books(self, since: datetime) -> Books:
        found = await super().books(since)
        for receipt in found.receipts:
            self.told(receipt.provider_id, receipt.status)
        return found

    def told(self, provider_id: str, status: str) -> None:
        taken = self.taken[provider_id]
        taken.fell |= status in DID_NOT_ARRIVE
        taken.arrived |= status in ARRIVED


def row_of(message: Message) -> int:
    """Return the row whose receipts a message asks for."""
    named: str = parse_qs(urlsplit(message.callback_url).query)["m"][0]
    return int(named.partition(".")[0])


@dataclass
class Story:
    """An alert, or what followed one, by a word that only its text holds."""

    word: str
    alert: Alert
    # Of an alert: all who were in the group. Of what follows one: who had a copy that may have arrived.
    people: frozenset[object]
    first: "Story | None" = None
    closed: bool = False
    called_off: bool = False

    @property
    def urgent(self) -> bool:
        return self.alert.kind == "urgent"


@dataclass(frozen=True)
class Known:
    """What was known when a message was claimed: nothing later can keep it from leaving."""

    stopped: frozenset[object]
    arrived: frozenset[tuple[str, str]]
    called_off: frozenset[str]
    at: datetime


@dataclass(frozen=True)
class Held:
    """A chunk that a process claimed and has not handed over."""

    claims: list[delivery.Claim]
    channel: str
    known: Known


@dataclass
class Row:
    id: int
    cause: str
    cause_id: object
    person_id: object
    channel: str
    state: str
    rank: int
    reason: str | None
    provider_id: str | None
    expires_at: datetime
    attempt: int
    not_before: datetime | None


class Street:
    """One house for all runs: each empties it and fills it anew, which is quicker than building."""

    def __init__(self, house: House) -> None:
        self.house = house
        phones = Telling(house.clock)
        house.phones = phones
        self.phones = phones
        house.services = replace(house.services, gateway=phones)
        with house.app.app_context():
            db.db.create_all()
            if db.db.engine.dialect.name == "sqlite":
                # A power cut is not among the faults here, and waiting for the disk would take most of the time.
                event.listen(db.db.engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous = OFF"))
                db.db.engine.dispose()
        with house.writing() as session:
            for statement in WATCH[session.get_bind().dialect.name]:
                session.execute(text(statement))
            session.commit()

    def begin(self, quiet: str | None) -> tuple[Somebody, ...]:
        """Empty it, and let five people move in: the coordinator first."""
        house = self.house
        self.phones.begin()
        house.clock.moment = now = STORY_TIME
        with house.writing() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())
            zone = add_zone(session, "PZ Leiebocht", "be", "Europe/Brussels", now)
            group = add_group(session, zone, "molenwijk", ("Molenstraat",), now, quiet=quiet)
            long_ago = now - timedelta(days=3)
            lives = (
                add_member(session, group, "+32470000010", now, role="coordinator", name="Fatima"),
                add_member(session, group, "+32470000001", now),
                add_member(session, group, "+32470000002", now, language="fr", window=long_ago),
                add_member(session, group, "+32470000003", now, language="en", window=now - timedelta(hours=23)),
                add_member(session, group, "+32470000004", now, language="de", whatsapp=False),
            )
            for kind in ("urgent", "info"):
                templates.add(session, kind, "fr", FORM, now=now)
            session.commit()
        return lives


class Machine(RuleBasedStateMachine):
    """Does anything to one street at any moment."""

    street: Street

    def __init__(self) -> None:
        super().__init__()
        self.house = self.street.house
        self.phones = self.street.phones
        self.stories: list[Story] = []
        self.held: list[Held] = []
        self.stopped: set[object] = set()
        self.said: dict[object, int] = {}
        self.checked = 0
        self.looks_on = True
        self.poller = jobs.Poller()
        self.words = iter(f"zone{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
        self.late: dict[str, Known] = {}
        # When WhatsApp was first tried: by cause and person.
        self.tried_at: dict[tuple[object, object], datetime] = {}

    @initialize(quiet=st.sampled_from(["none", "none", None]), urgent=st.booleans())
    def move_in(self, quiet: str | None, urgent: bool) -> None:
        self.quiet = quiet is None
        self.lives = self.street.begin(quiet)
        self.numbers = {who.id: who.number for who in self.lives}
        self.release(urgent)

    # ---- what people do ----

    @precondition(lambda self: len(self.firsts()) < MOST_ALERTS)
    @rule(urgent=st.booleans())
    def release_another(self, urgent: bool) -> None:
        self.release(urgent)

    def release(self, urgent: bool) -> None:
        word = next(self.words)
        local = self.house.clock().astimezone(STREET_CLOCK)
        typed = (
            content(text=f"Twee personen vluchten richting {word}.", called_at=f"{local - timedelta(minutes=2):%H:%M}")
            if urgent
            else content(kind="info", category="traffic", text=f"Wegenwerken aan {word}.", called=None, called_at=None)
        )
        who = self.lives[0].actor
        with self.house.writing() as session:
            group = groups.by_slug(session, who, "molenwijk")
            alert = drafts.draft(session, who, group, typed, now=self.house.clock())
            stopped = alerts.release(session, who, alert, now=self.house.clock()).stopped
            session.commit()
            assert stopped is None, stopped
            session.refresh(alert)
            session.expunge(alert)
        here = frozenset(who.id for who in self.lives) - self.stopped
        self.stories.append(Story(word, alert, here))

    def firsts(self) -> list[Story]:
        return [story for story in self.stories if story.first is None]

    @precondition(lambda self: self.firsts() and len(self.stories) < 3 * MOST_ALERTS)
    @rule(which=st.integers(0, 11), closes=st.booleans())
    def correct_or_close(self, which: int, closes: bool) -> None:
        first = self.firsts()[which % len(self.firsts())]
        if first.closed:
            return
        word = next(self.words)
        who, now = self.lives[0].actor, self.house.clock()
        words = followups.Words(f"Het ging over {word}.", "nl")
        had = {row.person_id for row in self.rows() if row.cause_id == first.alert.id and may_have_arrived(row)}
        with self.house.writing() as session:
            alert = session.get_one(Alert, first.alert.id)
            try:
                if closes:
                    done = followups.close(session, who, alert, "police_came", all_clear=words, now=now)
                else:
                    done = followups.correct(session, who, alert, words, now=now)
            except followups.NobodyGotIt:
                session.commit()
                assert not had
                first.called_off = True
                return
            session.commit()
            assert done.stopped is None, done.stopped
            sent = done.sent
            if sent is not None:
                session.refresh(sent)
                session.expunge(sent)
        first.closed, first.called_off = closes, True
        assert (sent is not None) == bool(had)
        if sent is not None:
            self.stories.append(Story(word, sent, frozenset(had), first))

    @precondition(lambda self: self.stories)
    @rule(which=st.integers(0, 11))
    def cancel_the_rest(self, which: int) -> None:
        story = self.stories[which % len(self.stories)]
        who = self.lives[0].actor
        with self.house.writing() as session:
            alert = session.get_one(Alert, story.alert.id)
            followups.cancel_rest(session, who, alert, now=self.house.clock())
            session.commit()
        story.called_off = True

    @rule(which=st.integers(1, 4), stops=st.booleans(), channel=CHANNELS)
    def say(self, which: int, stops: bool, channel: str) -> None:
        who = self.lives[which]
        assert self.house.say(who.number, "STOP" if stops else "START", channel).status_code == 200
        self.said[who.id] = self.said.get(who.id, 0) + 1
        with self.house.reading() as session:
            state = session.scalar(select(Membership.state).where(Membership.person_id == who.id))
        assert not (stops and state == "active")
        (self.stopped.discard if state == "active" else self.stopped.add)(who.id)

    # ---- what the sender does, and how it dies ----

    @rule(channel=CHANNELS, limit=st.sampled_from([1, 2, 100]))
    def send(self, channel: str, limit: int) -> None:
        self.house.send_some(channel, limit)

    @rule()
    def send_all(self) -> None:
        self.house.send_all()

    @rule(channel=CHANNELS, limit=st.sampled_from([1, 2, 100]))
    def claim(self, channel: str, limit: int) -> None:
        known = self.known()
        if claims := claim(self.house, channel, limit):
            self.held.append(Held(claims, channel, known))

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0, 5), ends=st.sampled_from(["recorded", "recorded", "killed before", "killed after"]))
    def hand_over(self, which: int, ends: str) -> None:
        held = self.held.pop(which % len(self.held))
        if ends == "killed before":
            return
        gone = self.house.clock() - held.known.at
        # The clock of the machine's own that tells how old a claim is stands still in tests.
        claims = [replace(one, started=one.started - gone.total_seconds()) for one in held.claims]
        before = len(self.phones.messages)
        outcomes = hand_over(self.house, claims)
        self.late.update({got.provider_id: held.known for got in self.phones.messages[before:]})
        if ends == "recorded":
            note(self.house, outcomes, held.channel)

    # ---- what the provider does ----

    @rule(answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3))
    def refuse_next(self, answers: list[Outcome | Exception]) -> None:
        self.phones.answers += answers
        self.looks_on = False

    @rule(count=st.integers(1, 3))
    def lose_next_answers(self, count: int) -> None:
        self.phones.lost_answers += [Unknown()] * count
        self.looks_on = False

    @precondition(lambda self: self.phones.messages)
    @rule(which=st.integers(0, 200), status=st.sampled_from(STATUSES), times=st.integers(1, 2))
    def tell(self, which: int, status: tuple[str, int | None], times: int) -> None:
        message = self.phones.messages[-1 - which % len(self.phones.messages)]
        for _ in range(times):
            self.receipt(message, *status)

    def receipt(self, message: Message, status: str, code: int | None = None) -> None:
        assert self.house.receipt(message, status, code).status_code == 204
        self.phones.told(message.provider_id, status)

    @precondition(lambda self: self.phones.messages)
    @rule(which=st.integers(0, 200), status=st.sampled_from(["queued", "sent", "delivered", "read", "undelivered"]))
    def stand(self, which: int, status: str) -> None:
        """What the provider says of a message when it is asked; no hook tells it."""
        message = self.phones.messages[-1 - which % len(self.phones.messages)]
        self.phones.stands[message.provider_id] = status
        self.looks_on = False

    @rule(cannot=st.booleans())
    def answer_questions(self, cannot: bool) -> None:
        self.phones.cannot_ask = cannot
        self.looks_on = False

    # ---- time ----

    @rule(seconds=st.sampled_from(JUMPS), works=st.booleans())
    def wait(self, seconds: int, works: bool) -> None:
        """Let time pass, with the jobs that run meanwhile unless the product is down."""
        self.house.clock.forward(seconds=seconds)
        self.looks_on = works
        if works:
            self.run_jobs()

    def run_jobs(self) -> None:
        for job in (jobs.expire, jobs.settle_doubts, jobs.climb, self.poller.poll_books):
            job(self.house.services)

    @rule(name=st.sampled_from(["expire", "settle_doubts", "climb"]))
    def run_job(self, name: str) -> None:
        getattr(jobs, name)(self.house.services)

    # ---- the referee ----

    def known(self) -> Known:
        return Known(frozenset(self.stopped), self.arrived(), self.off(), self.house.clock())

    def arrived(self) -> frozenset[tuple[str, str]]:
        """Who we were told has which alert: (word, number)."""
        told = [taken.message for taken in self.phones.taken.values() if taken.arrived]
        return frozenset((story.word, message.to) for message in told if (story := self.story_of(message)))

    def off(self) -> frozenset[str]:
        return frozenset(story.word for story in self.stories if story.called_off)

    def story_of(self, message: Message) -> Story | None:
        return next((story for story in self.stories if f"{story.word}." in message.body), None)

    def rows(self) -> list[Row]:
        columns = [getattr(Delivery, name) for name in Row.__dataclass_fields__]
        with self.house.reading() as session:
            return [Row(*row) for row in session.connection().execute(select(*columns).order_by(Delivery.id))]

    @invariant()
    def after_each_step_that_touched_the_ledger(self) -> None:
        if self.looks_on:
            self.the_referee_is_content()
        self.looks_on = True

    def the_referee_is_content(self) -> None:
        rows = {row.id: row for row in self.rows()}
        for row in rows.values():
            if row.channel == "whatsapp" and row.state != "queued":
                self.tried_at.setdefault((row.cause_id, row.person_id), self.house.clock())
        while self.checked < len(self.phones.messages):
            self.check_message(self.phones.messages[self.checked], rows)
            self.checked += 1
        self.check_rows(rows)

    def check_message(self, message: Message, rows: dict[int, Row]) -> None:
        """What may not be true of a message at the moment when it left."""
        row = rows[row_of(message)]
        known = self.late.get(message.provider_id) or replace(self.known(), at=message.at)
        assert message.to == self.numbers[row.person_id]
        assert message.channel == row.channel
        if message.channel == "whatsapp":
            self.tried_at.setdefault((row.cause_id, row.person_id), known.at)
        assert message.at <= row.expires_at + CLAIM_HOLDS, "it left after its end"
        if row.cause != "answer":
            assert row.person_id not in known.stopped, "it left after STOP"
        elif row.person_id in self.said:
            had = [one for one in self.phones.taken.values() if one.message.to == message.to and not one.fell]
            answers = [one for one in had if rows[one.row_id].cause == "answer"]
            assert len(answers) <= self.said[row.person_id], "more answers than questions"
        story = self.story_of(message)
        if story is None:
            return
        self.check_alert(message, row, story, known)

    def check_alert(self, message: Message, row: Row, story: Story, known: Known) -> None:
        here = self.phones.messages.index(message)
        earlier = [one for one in self.phones.messages[:here] if one.to == message.to]
        same = [one for one in earlier if self.story_of(one) is story]
        assert row.person_id in story.people, "it was not for them"
        assert message.at - known.at <= CLAIM_HOLDS, "a claim that is too old left"
        assert (story.word, message.to) not in known.arrived, "somebody who has it got it again"
        assert all(self.phones.taken[one.provider_id].fell for one in same if one.channel == message.channel), "twice"
        if message.channel == "sms":
            for one in (one for one in same if one.channel == "whatsapp"):
                climbed = story.urgent and message.at >= self.tried_at[row.cause_id, row.person_id] + LADDER
                assert climbed or self.phones.taken[one.provider_id].fell, "SMS on top"
        assert story.word not in known.called_off, "it was called off"
        assert message.body.rstrip().split("\n")[-1].startswith(LINES), "the emergency line is not last"
        local = known.at.astimezone(STREET_CLOCK).time()
        asleep = self.quiet and not story.urgent and (local >= NIGHT[0] or local < NIGHT[1])
        assert not asleep, "info at night"
        followed = [one for one in earlier if (later := self.story_of(one)) and later.first is story]
        assert not followed, "the first came after what corrects it"

    def check_rows(self, rows: dict[int, Row]) -> None:
        for row in rows.values():
            kept = (row.state, row.reason) == ("failed", "unknown")
            assert row.rank == (1 if kept else ledger.RANKS[row.state]), row
            if row.provider_id is not None:
                assert self.phones.taken[row.provider_id].row_id == row.id, "bound to another row's message"
        for story in self.stories:
            mine = [row for row in rows.values() if row.cause_id == story.alert.id]
            assert {row.person_id for row in mine} == story.people
        for taken in self.phones.taken.values():
            if taken.arrived:
                assert rows[taken.row_id].state in ARRIVED, "we were told that it arrived"

    @rule()
    def look_at_the_board(self) -> None:
        """Everybody is counted once, under the best of their rows."""
        for story in self.stories:
            best: dict[object, str] = {}
            for row in self.rows():
                if row.cause_id == story.alert.id:
                    known = best.setdefault(row.person_id, row.state)
                    best[row.person_id] = max(known, row.state, key=standing.goodness_of)
            with self.house.reading() as session:
                shown = standing.people_by_state(session, "alert", story.alert.id)
            assert shown == Counter(best.values())
            assert sum(shown.values()) == len(story.people)

    # ---- the end ----

    def teardown(self) -> None:
        """Let everything go well from here on: whoever could still be reached has it, and every row has its end."""
        self.look_at_the_board()
        self.phones.answers.clear()
        self.phones.lost_answers.clear()
        self.phones.cannot_ask = False
        self.phones.stands.clear()
        self.held.clear()
        begun = self.house.clock()
        hopeful = {
            row.id for row in self.rows()
            if row.state in ("queued", "sending", "unknown") and row.expires_at > begun + timedelta(minutes=30)
            and (row.not_before or begun) < begun + timedelta(minutes=10)
        }
        self.go_on(seconds=31, times=25)
        for row in self.rows():
            if row.id in hopeful:
                assert row.state not in ("queued", "sending", "unknown", "expired"), f"lost: {row}"
                assert (row.state, row.reason) != ("failed", "unknown"), f"lost: {row}"
        self.go_on(seconds=12 * 3600, times=6)
        for row in self.rows():
            assert row.state not in UNDER_WAY, f"no end: {row}"
            # The provider may say that it failed without saying why.
            why = row.reason or any(taken.fell for taken in self.phones.taken.values() if taken.row_id == row.id)
            assert row.state in ARRIVED or why, f"an end without a reason: {row}"

    def go_on(self, *, seconds: int, times: int) -> None:
        for _ in range(times):
            self.house.clock.forward(seconds=seconds)
            self.run_jobs()
            self.house.send_all()
            self.the_referee_is_content()
            for taken in list(self.phones.taken.values()):
                if not taken.finished:
                    taken.finished = True
                    self.receipt(taken.message, "failed" if taken.fell and not taken.arrived else "delivered")
            self.the_referee_is_content()
            if all(row.state not in UNDER_WAY for row in self.rows()):
                return


def may_have_arrived(row: Row) -> bool:
    """Whether a copy was handed over, or nobody knows."""
    on_its_way = row.state in ("sending", "unknown", "accepted", "sent", "delivered", "read")
    return on_its_way or (row.state, row.reason) == ("failed", "unknown")


def test_whatever_happens_nobody_is_missed_and_nobody_is_warned_twice(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kind = "sqlite" if database_url.startswith("sqlite") else "postgres"
    number = int(os.environ.get("WABP_MACHINE_SEED") or random.SystemRandom().getrandbits(32))
    house = House(database_url, tmp_path, STORY_TIME)
    machine = seed(number)(type("Machine", (Machine,), {"street": Street(house)}))
    how = hypothesis_settings(
        max_examples=RUNS[kind],
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=how)
    except BaseException as found:
        found.add_note(f"WABP_MACHINE_SEED={number} finds this again")
        raise
    finally:
        house.close()
