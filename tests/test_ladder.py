"""The ladder: who has an urgent alert not delivered by WhatsApp in time gets it by SMS, once, and nobody else does."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, event, select, text

from tests.conftest import STORY_TIME
from tests.house import TWILIO, Cast, House, Phones, Somebody, add_cast, people, release
from tests.traffic import add_row, change, claim, on_postgres, on_sqlite, row, rows
from wabp import addressing, alerts, db, jobs, ladder, ledger, messages, proofs
from wabp.gateway import Seen, Unknown
from wabp.gateway.inbound import Receipt
from wabp.models import Alert, Delivery, Person, new_id

LATE = 121

Kind = TypeVar("Kind", bound=Phones)


class Asked(Phones):
    """A provider that notes what it was asked, and whether anybody held a connection to the database then."""

    def watch(self, house: House) -> None:
        self.asked: list[str] = []
        self.open_questions = self.most_at_once = 0
        self.connections_open: list[int] = []
        self.book_status = "sent"
        with house.app.app_context():
            self.pool = db.db.engine.pool

    async def ask(self, provider_id: str) -> Receipt:
        self.asked.append(provider_id)
        self.connections_open.append(self.pool.checkedout())  # type: ignore[attr-defined]
        self.open_questions += 1
        self.most_at_once = max(self.most_at_once, self.open_questions)
        await asyncio.sleep(0)
        self.open_questions -= 1
        return await super().ask(provider_id)

    async def seen(self, channel: str, to: str, since: datetime) -> Sequence[Seen]:
        self.connections_open.append(self.pool.checkedout())  # type: ignore[attr-defined]
        return [replace(found, status=self.book_status) for found in await super().seen(channel, to, since)]


class Broken(Phones):
    """A provider that never answers about one message, and nonsense about all others."""

    silent = ""

    async def ask(self, provider_id: str) -> Receipt:
        if provider_id == self.silent:
            await asyncio.sleep(3600)
        raise ValueError("unreadable")


def with_gateway(house: House, phones: Kind) -> Kind:
    """Let a house send by other phones, which hold what was sent so far."""
    phones.messages, phones.stands, phones._ids = house.phones.messages, house.phones.stands, house.phones._ids
    house.phones = phones
    house.services = replace(house.services, gateway=phones)
    return phones


def watched(house: House) -> Asked:
    """Let a house send by phones that note what they are asked."""
    phones = with_gateway(house, Asked(house.clock))
    phones.watch(house)
    return phones


def nothing_climbs(house: House) -> bool:
    """Whether a run of the ladder makes nobody get anything."""
    jobs.climb(house.services)
    return house.send_all() == 0


def by_channel(house: House, alert: Alert, who: Somebody) -> dict[str, tuple[str, str | None]]:
    """Return how somebody's rows of an alert stand: state and reason by channel."""
    with house.reading() as session:
        found = session.execute(
            select(Delivery.channel, Delivery.state, Delivery.reason).where(
                Delivery.cause_id == alert.id, Delivery.person_id == who.id
            )
        )
        return {channel: (state, reason) for channel, state, reason in found}


def only_late(house: House, cast: Cast, *late: Somebody) -> None:
    """Let the provider deliver to everybody by WhatsApp but a few."""
    for message in list(house.phones.messages):
        if message.channel == "whatsapp" and message.to not in {who.number for who in late}:
            house.receipt(message, "delivered")


def sent_but_not_delivered(house: House, cast: Cast, *late: Somebody, **changes: object) -> Alert:
    """Release an urgent alert that WhatsApp delivers to everybody but a few within two minutes."""
    alert = release(house, cast.fatima, **changes)
    house.send_all()
    only_late(house, cast, *late)
    house.clock.forward(seconds=LATE)
    return alert


def channels_of(house: House, who: Somebody) -> list[str]:
    """Return by what each message came that a phone got, in order."""
    return [message.channel for message in house.phones.messages if message.to == who.number]


# ---- climbing ----


def test_what_is_not_delivered_after_two_minutes_goes_by_sms_once(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    jobs.climb(house.services)
    assert house.send_all() == 1
    assert channels_of(house, cast.luc) == ["whatsapp", "sms"]
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("sent", None), "sms": ("accepted", None)}
    house.clock.forward(seconds=LATE)
    jobs.climb(house.services)
    assert house.send_all() == 0


def test_the_sms_says_the_same_in_the_same_language_to_the_same_moment(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    jobs.climb(house.services)
    house.send_all()
    by_whatsapp, by_sms = (message for message in house.phones.messages if message.to == cast.luc.number)
    assert "101 appelé à 21:04, ne rappelez pas" in by_sms.body
    assert by_sms.body.split("\n")[-1] == by_whatsapp.body.split("\n")[-1]
    assert not set("*_~`") & set(by_sms.body)
    found = [r for r in rows(house, "alert") if r.person_id == cast.luc.id]
    assert len({(r.expires_at, r.priority, r.turn, r.language, r.address_id) for r in found}) == 1
    assert people(house, alert) == {"delivered": 4, "sent": 1, "accepted": 2}


def test_before_two_minutes_are_over_nobody_is_asked_and_nothing_climbs(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    asked = watched(house).asked
    house.clock.forward(seconds=119)
    jobs.climb(house.services)
    assert asked == []
    assert people(house, alert) == {"accepted": 7}
    assert house.send_all() == 0


def test_who_has_it_delivered_is_not_even_asked_about(house: House, cast: Cast) -> None:
    sent_but_not_delivered(house, cast, cast.luc)
    asked = watched(house).asked
    jobs.climb(house.services)
    assert asked == [house.phones.last(cast.luc.number).provider_id]


@pytest.mark.parametrize("word", ["delivered", "read"])
def test_what_the_provider_calls_delivered_when_asked_stays_on_whatsapp(house: House, cast: Cast, word: str) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    house.phones.stands[house.phones.last(cast.luc.number).provider_id] = word
    jobs.climb(house.services)
    assert house.send_all() == 0
    assert by_channel(house, alert, cast.luc) == {"whatsapp": (word, None)}


def test_while_the_provider_cannot_be_asked_the_alert_climbs_anyway(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    house.phones.cannot_ask = True
    jobs.climb(house.services)
    assert house.send_all() == 1
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("accepted", None), "sms": ("accepted", None)}


def test_an_answer_that_nobody_can_read_or_that_never_comes_does_not_keep_the_alert_from_anybody(
    house: House, cast: Cast, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_but_not_delivered(house, cast, cast.luc, cast.an)
    monkeypatch.setattr(ladder, "_ANSWER_WITHIN_SECONDS", 0.05)
    silent = house.phones.last(cast.luc.number).provider_id
    with_gateway(house, Broken(house.clock)).silent = silent
    jobs.climb(house.services)
    assert house.send_all() == 2
    assert channels_of(house, cast.luc) == channels_of(house, cast.an) == ["whatsapp", "sms"]
    assert "the gateway raised" in caplog.text
    assert silent not in caplog.text


def test_the_provider_is_asked_a_few_questions_at_a_time(
    house: House, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "_QUESTIONS_AT_ONCE", 2)
    sent_but_not_delivered(house, cast, *cast.street)
    gateway = watched(house)
    jobs.climb(house.services)
    assert (len(gateway.asked), gateway.most_at_once) == (5, 2)


def test_no_database_connection_is_held_while_the_provider_is_asked(house: House, cast: Cast) -> None:
    house.phones.lost_answers = [Unknown()]
    release(house, cast.fatima)
    house.send_all()
    house.clock.forward(seconds=LATE)
    gateway = watched(house)
    jobs.climb(house.services)
    assert gateway.connections_open == [0] * 5


def test_many_at_once_climb_chunk_by_chunk_in_one_run(
    house: House, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder, "CHUNK", 2)
    alert = sent_but_not_delivered(house, cast, *cast.street)
    jobs.climb(house.services)
    assert house.send_all() == 5
    assert people(house, alert) == {"sent": 5, "accepted": 2}
    assert all(channels_of(house, who)[-1:] == ["sms"] for who in cast.street)
    assert len(rows(house, "alert")) == 12


# ---- rows without the provider's id ----


def test_a_row_in_doubt_climbs_and_is_bound_to_what_the_books_show(house: House, cast: Cast) -> None:
    house.phones.lost_answers = [Unknown()] * 5
    alert = release(house, cast.fatima)
    house.send_all()
    house.clock.forward(seconds=LATE)
    jobs.climb(house.services)
    assert house.send_all() == 5
    with house.reading() as session:
        bound = session.execute(
            select(Delivery.state, Delivery.provider_id).where(Delivery.channel == "whatsapp")
        ).all()
    assert {state for state, _ in bound} == {"sent"}
    assert None not in {provider_id for _, provider_id in bound}
    assert people(house, alert) == {"sent": 5, "accepted": 2}


def test_a_row_in_doubt_that_the_books_call_delivered_stays_on_whatsapp(house: House, cast: Cast) -> None:
    watched(house).book_status = "delivered"
    house.phones.lost_answers = [Unknown()] * 5
    alert = release(house, cast.fatima)
    house.send_all()
    house.clock.forward(seconds=LATE)
    jobs.climb(house.services)
    assert house.send_all() == 0
    assert people(house, alert) == {"delivered": 5, "accepted": 2}


def test_a_row_in_doubt_that_the_books_do_not_show_goes_by_sms_and_by_whatsapp_only_after_two_looks(
    house: House, cast: Cast
) -> None:
    alert = release(house, cast.fatima)
    claim(house, limit=1)
    house.clock.forward(seconds=LATE)
    jobs.climb(house.services)
    house.send_some("sms", 10)
    (late,) = [r for r in rows(house, "alert") if r.state == "sending"]
    climbed = [r for r in rows(house, "alert") if r.person_id == late.person_id]
    assert [(r.channel, r.state) for r in climbed] == [("whatsapp", "sending"), ("sms", "accepted")]
    assert climbed[0].missed_at is None, "the ladder's look is not one of the two that it takes to send again"
    assert alert.id == late.cause_id


def test_what_was_delivered_by_sms_is_not_sent_again_by_whatsapp(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    claim(house, limit=1)
    house.clock.forward(seconds=LATE)
    jobs.climb(house.services)
    house.send_some("sms", 10)
    (doubtful,) = [r for r in rows(house, "alert") if r.state == "sending"]
    who = next(somebody for somebody in cast.street if somebody.id == doubtful.person_id)
    house.receipt(house.phones.last(who.number), "delivered")
    house.look_up_doubts()
    house.clock.forward(seconds=31)
    house.look_up_doubts()
    house.send_all()
    assert channels_of(house, who) == ["sms"]
    assert by_channel(house, alert, who) == {"whatsapp": ("skipped", "has_it"), "sms": ("delivered", None)}


# ---- late truth ----


def test_a_delivered_that_comes_while_the_sms_waits_keeps_the_sms_here(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    jobs.climb(house.services)
    house.receipt(house.phones.last(cast.luc.number), "delivered")
    assert house.send_all() == 0
    assert channels_of(house, cast.luc) == ["whatsapp"]
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("delivered", None), "sms": ("skipped", "has_it")}
    assert people(house, alert) == {"delivered": 5, "accepted": 2}


def test_a_delivered_that_comes_after_the_sms_left_is_noted_and_nothing_more_is_sent(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    jobs.climb(house.services)
    house.send_all()
    by_whatsapp, by_sms = (message for message in house.phones.messages if message.to == cast.luc.number)
    house.receipt(by_whatsapp, "delivered")
    house.receipt(by_sms, "sent")
    house.clock.forward(seconds=LATE)
    jobs.climb(house.services)
    assert house.send_all() == 0
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("delivered", None), "sms": ("sent", None)}
    assert people(house, alert) == {"delivered": 5, "accepted": 2}, "two rows, one person"


def test_somebody_else_having_it_keeps_nobodys_sms(house: House, cast: Cast) -> None:
    sent_but_not_delivered(house, cast, cast.luc, cast.an)
    jobs.climb(house.services)
    house.receipt(house.phones.last(cast.an.number), "delivered")
    assert house.send_all() == 1
    assert channels_of(house, cast.luc) == ["whatsapp", "sms"]


def test_an_earlier_alert_that_was_delivered_keeps_no_later_one_here(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.send_all()
    house.deliver_everything()
    house.clock.forward(minutes=10)
    release(house, cast.fatima, text="Opnieuw gestommel in de tuin achter de sluis.", called_at="21:15")
    assert house.send_all() == 7


# ---- what stays where it is ----


def test_info_never_climbs_by_time(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima, kind="info", category="traffic", text="Zondag wegenwerken.", called="no")
    house.send_all()
    house.clock.forward(minutes=10)
    jobs.climb(house.services)
    assert house.send_all() == 0
    assert people(house, alert) == {"accepted": 7}


def test_answers_and_notices_never_climb(house: House, cast: Cast) -> None:
    answer = add_row(house, cast.an, cause="answer")
    notice = add_row(house, cast.luc)
    house.send_all()
    house.clock.forward(minutes=10)
    jobs.climb(house.services)
    assert house.send_all() == 0
    assert {row(house, answer).climb_at, row(house, notice).climb_at} == {None}


def test_an_sms_does_not_climb(house: House, cast: Cast) -> None:
    sent_but_not_delivered(house, cast)
    jobs.climb(house.services)
    assert house.send_all() == 0
    assert channels_of(house, cast.heinz) == ["sms"]


def test_a_closed_alert_climbs_no_more(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    with house.writing() as session:
        alerts.close(session, cast.fatima.actor, session.get_one(Alert, alert.id), "police_came", now=house.clock())
        session.commit()
    assert nothing_climbs(house)


def test_an_alert_that_was_called_off_climbs_no_more(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    with house.writing() as session:
        ledger.call_off(session, alert.id, "corrected", house.clock())
        session.commit()
    assert nothing_climbs(house)
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("accepted", None)}


@pytest.mark.parametrize(("state", "climbs"), [("released", 0), ("closed", 0), ("draft", 1)])
def test_what_was_followed_by_something_newer_climbs_no_more_but_a_draft_changes_nothing(
    house: House, cast: Cast, state: str, climbs: int
) -> None:
    first = new_id()
    correction = sent_but_not_delivered(house, cast, cast.luc)
    with house.writing() as session:
        known = session.get_one(Alert, correction.id)
        now = house.clock()
        of_both = {"group_id": known.group_id, "kind": "urgent", "category": "burglary", "language": "nl"}
        moments = {"created_at": now, "saved_at": now}
        session.add(Alert(id=first, state="closed", released_at=now - timedelta(hours=1), **of_both, **moments))
        session.flush()
        known.form, known.corrects_id = "correction", first
        released = None if state == "draft" else now
        session.add(
            Alert(state=state, form="all_clear", corrects_id=first, released_at=released, **of_both, **moments)
        )
        session.commit()
    jobs.climb(house.services)
    assert house.send_all() == climbs


def test_near_the_end_of_an_alert_nothing_climbs(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.clock.forward(hours=2, seconds=-messages.SHORTEST_LIFE - LATE)
    house.send_all()
    only_late(house, cast, cast.luc)
    house.clock.forward(seconds=LATE + 1)
    assert nothing_climbs(house)
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("accepted", None)}


def test_with_just_enough_life_left_it_still_climbs(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.clock.forward(hours=2, seconds=-messages.SHORTEST_LIFE - LATE)
    house.send_all()
    only_late(house, cast, cast.luc)
    house.clock.forward(seconds=LATE)
    jobs.climb(house.services)
    assert house.send_all() == 1
    assert house.phones.last(cast.luc.number).validity_seconds == messages.SHORTEST_LIFE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sms_stopped_at": True}, "sms_stopped"),
        ({"dead_at": True}, "no_sms"),
        ({"kind": "wa_user"}, "no_sms"),
    ],
)
def test_who_cannot_be_reached_by_sms_gets_no_row_and_the_board_is_told_why(
    house: House, cast: Cast, changes: dict[str, object], reason: str
) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    change(house, cast.luc, **{name: house.clock() if value is True else value for name, value in changes.items()})
    asked = watched(house).asked
    assert nothing_climbs(house)
    assert asked == []
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("accepted", reason)}
    house.receipt(house.phones.last(cast.luc.number), "delivered")
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("delivered", None)}


def test_without_an_sms_number_of_ours_nothing_climbs(tmp_path: Path) -> None:
    settings = {name: value for name, value in TWILIO.items() if name != "WABP_SMS_FROM"}
    house = House(f"sqlite:///{tmp_path / 'whatsapp.sqlite3'}", tmp_path, STORY_TIME, **settings)
    with house.app.app_context():
        db.db.create_all()
    cast = add_cast(house)
    alert = release(house, cast.fatima)
    house.send_all()
    house.clock.forward(seconds=LATE)
    assert nothing_climbs(house)
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("accepted", "no_sms")}
    house.close()


def test_who_asked_for_quiet_nights_is_not_woken_by_the_ladder(house: House, cast: Cast) -> None:
    with house.writing() as session:
        session.get_one(Person, cast.luc.id).quiet_at_night = True
        session.commit()
    house.clock.at("21:59:00")
    alert = sent_but_not_delivered(house, cast, cast.luc, cast.an, called_at="21:58")
    jobs.climb(house.services)
    house.send_all()
    assert channels_of(house, cast.luc) == ["whatsapp"]
    assert channels_of(house, cast.an) == ["whatsapp", "sms"]
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("accepted", "night")}


def test_who_left_before_it_climbed_gets_no_sms(house: House, cast: Cast) -> None:
    sent_but_not_delivered(house, cast, cast.luc)
    house.say(cast.luc.number, "STOP")
    house.send_all()
    before = len(house.phones.messages)
    jobs.climb(house.services)
    house.send_all()
    assert len(house.phones.messages) == before


def test_what_is_delivered_between_the_question_and_the_answer_stays_on_whatsapp(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    with house.reading() as session:
        due = ladder.due(session, house.services.sending, house.clock())
    answers = asyncio.run(ladder.ask(house.services.gateway, due))
    house.receipt(house.phones.last(cast.luc.number), "delivered")
    with house.writing() as session:
        ladder.settle(session, answers, house.clock())
        session.commit()
    assert house.send_all() == 0
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("delivered", None)}


def test_a_row_that_went_for_a_new_attempt_meanwhile_waits_for_its_own_two_minutes(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc)
    with house.reading() as session:
        due = ladder.due(session, house.services.sending, house.clock())
    answers = asyncio.run(ladder.ask(house.services.gateway, due))
    (sent,) = due.sent
    with house.writing() as session:
        proofs.raise_states(session, [proofs.Proof(sent.row_id, 0, sent.provider_id, "undelivered")], house.clock())
        ledger.send_again(session, [sent.row_id], None, house.clock())
        session.commit()
    house.send_all()
    with house.writing() as session:
        assert ladder.settle(session, answers, house.clock()) == 0
        session.commit()
    assert house.send_all() == 0
    assert by_channel(house, alert, cast.luc) == {"whatsapp": ("accepted", None)}
    house.clock.forward(seconds=LATE)
    jobs.climb(house.services)
    assert house.send_all() == 1


# ---- twice at once ----


def test_the_same_answers_settled_twice_write_one_sms(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, *cast.street)
    with house.reading() as session:
        due = ladder.due(session, house.services.sending, house.clock())
    answers = asyncio.run(ladder.ask(house.services.gateway, due))
    done = []
    for _ in range(2):
        with house.writing() as session:
            done.append(ladder.settle(session, answers, house.clock()))
            session.commit()
    assert done == [5, 0]
    assert len(rows(house, "alert")) == 12
    assert house.send_all() == 5
    assert people(house, alert) == {"sent": 5, "accepted": 2}


def test_two_schedulers_at_the_same_moment_write_one_sms_each(house: House, cast: Cast) -> None:
    sent_but_not_delivered(house, cast, *cast.street)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(jobs.climb, house.services) for _ in range(4)]:
            done.result()
    assert len(rows(house, "alert")) == 12
    assert house.send_all() == 5


@on_postgres
def test_rows_that_somebody_else_writes_at_this_moment_are_done_the_next_time(house: House, cast: Cast) -> None:
    alert = sent_but_not_delivered(house, cast, cast.luc, cast.an)
    with house.writing() as other:
        other.execute(text("UPDATE delivery SET updated_at = updated_at WHERE person_id = :id"), {"id": cast.luc.id})
        with ThreadPoolExecutor(1) as pool:
            pool.submit(jobs.climb, house.services).result(timeout=20)
        assert by_channel(house, alert, cast.an)["sms"] == ("queued", None)
        other.commit()
    assert "sms" not in by_channel(house, alert, cast.luc)
    jobs.climb(house.services)
    assert house.send_all() == 2


# ---- the query ----


def test_rows_that_have_nothing_to_climb_to_leave_the_index(house: House, cast: Cast) -> None:
    sent_but_not_delivered(house, cast, cast.luc)
    house.receipt(house.phones.last(cast.luc.number), "undelivered", 63999)
    jobs.climb(house.services)
    assert {r.climb_at for r in rows(house)} == {None}


def plans_of(house: House, run: Callable[[], object]) -> list[str]:
    """Run something, and return how the database goes about each statement on the ledger."""
    sqlite = house.settings.database_url.startswith("sqlite")
    explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN "
    plans: list[str] = []

    def look(
        connection: Connection, cursor: object, statement: str, parameters: object, context: object, many: bool
    ) -> None:
        if "delivery" in statement and not many and not statement.startswith("EXPLAIN"):
            plan = connection.exec_driver_sql(explain + statement, parameters)  # type: ignore[arg-type]
            plans.append(str(plan.all()))

    with house.app.app_context():
        engine = db.db.engine
    event.listen(engine, "before_cursor_execute", look)
    run()
    event.remove(engine, "before_cursor_execute", look)
    return plans


def test_what_is_due_is_found_by_its_index(house: House, cast: Cast) -> None:
    def look() -> None:
        with house.reading() as session:
            if "postgres" in house.settings.database_url:
                # It reads a table of a few rows as a whole, whatever there is.
                session.execute(text("SET LOCAL enable_seqscan = off"))
            ladder.due(session, house.services.sending, house.clock())

    (plan,) = plans_of(house, look)
    assert "ix_delivery_climbing" in plan


@on_sqlite
def test_climbing_never_goes_through_all_rows_or_all_numbers(house: House, cast: Cast) -> None:
    sent_but_not_delivered(house, cast, cast.luc)

    def write_many() -> None:
        # For many rows at once the database may choose another way than for one.
        with house.writing() as session:
            addressing.write_by_sms(session, range(1, ladder.CHUNK), now=house.clock())

    plans = plans_of(house, write_many) + plans_of(house, lambda: jobs.climb(house.services))
    assert len(plans) > 4
    assert not [plan for plan in plans if "SCAN delivery" in plan or "SCAN address" in plan or "(kind=?)" in plan]
