"""Delivery: every message once, also when a process dies, an answer is lost, or a receipt comes from anybody."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.pool import NullPool

from tests.conftest import STORY_TIME
from tests.house import ACCOUNT, TWILIO, Cast, House, Phones, add_cast, people, release
from tests.traffic import (
    add_row,
    change,
    claim,
    counts,
    hand_over,
    lane,
    mark_demo,
    memberships,
    note,
    on_sqlite,
    row,
    row_of,
    rows,
)
from wabp import db, delivery, doubts, jobs, joining, messages, sanctions, segments, worker
from wabp.gateway import SMS, WHATSAPP, Accepted, NotNow, Outcome, Outgoing, Refused, Unknown
from wabp.models import Address, AlertText, Delivery, Group, Joining, Membership, Template
from wabp.vault import Vault


class Watching(Phones):
    """A provider that looks into the database, over a connection of its own, while it is being called."""

    def watch(self, house: House) -> None:
        with house.app.app_context():
            self.pool = db.db.engine.pool
        self.own = create_engine(house.settings.database_url, poolclass=NullPool)
        self.seen_states: list[str] = []
        self.connections_open: list[int] = []

    async def send(self, message: Outgoing) -> Outcome:
        self.connections_open.append(self.pool.checkedout())  # type: ignore[attr-defined]
        with self.own.connect() as connection:
            found = connection.execute(text("SELECT state FROM delivery WHERE id = :id"), {"id": message.delivery_id})
            self.seen_states.append(found.scalar_one())
        return await super().send(message)


def with_gateway(house: House, phones: Phones) -> None:
    """Let a house send by other phones."""
    house.phones = phones
    house.services = replace(house.services, gateway=phones)


# ---- the order of things ----


def test_a_claim_is_committed_before_the_provider_is_called_and_no_connection_is_held_meanwhile(
    house: House, cast: Cast
) -> None:
    watching = Watching(house.clock)
    watching.watch(house)
    with_gateway(house, watching)
    release(house, cast.fatima)
    assert house.send_all() == 7
    assert watching.seen_states == ["sending"] * 7
    assert watching.connections_open == [0] * 7


def test_a_chunk_whose_claim_was_not_committed_leaves_its_rows_waiting(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    with house.writing() as session:
        claims = delivery.claim(session, house.services.sending, lane(house), 100, house.clock())
        assert len(claims) == 5
    assert people(house, alert) == {"queued": 7}
    assert house.send_all() == 7


# ---- what the provider answers ----


def test_an_accepted_message_is_bound_to_its_row(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    stored = row(house, row_id)
    assert (stored.state, stored.rank, stored.accepted_at) == ("accepted", 2, house.clock())
    assert stored.provider_id == house.phones.last(cast.an.number).provider_id


@pytest.mark.parametrize(
    ("refusal", "reason"), [(Refused(63024, 400), "provider_63024"), (Refused(None, 422), "provider_422")]
)
def test_a_refused_message_ends_with_the_providers_number_and_is_not_tried_again(
    house: House, cast: Cast, refusal: Refused, reason: str
) -> None:
    row_id = add_row(house, cast.an)
    house.phones.answers = [refusal]
    house.send_all()
    assert (row(house, row_id).state, row(house, row_id).reason) == ("failed", reason)
    house.clock.forward(minutes=2)
    house.look_up_doubts()
    assert house.send_all() == 0


def test_a_message_that_was_surely_not_taken_goes_again(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.phones.answers = [NotNow(7)]
    house.send_some(WHATSAPP, 10)
    assert row(house, row_id).state == "queued"
    assert house.send_all() == 1
    assert len(house.phones.of(cast.an.number)) == 1


def test_a_message_that_nobody_can_tell_of_stays_in_doubt_and_is_not_repeated(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.phones.answers = [Unknown()]
    house.send_all()
    assert row(house, row_id).state == "unknown"
    assert house.send_all() == 0


def test_one_row_whose_send_raises_leaves_the_others_of_its_chunk_proved(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [RuntimeError("broken")]
    house.send_all()
    assert people(house, alert) == {"unknown": 1, "accepted": 6}


# ---- a process that dies between two steps ----


def test_killed_after_the_claim_it_is_sent_once_after_two_looks(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    claim(house)
    assert people(house, alert) == {"sending": 5, "queued": 2}
    house.clock.forward(seconds=59)
    house.look_up_doubts()
    assert house.send_all() == 2, "the SMS only: before a minute is over nobody looks"
    house.clock.forward(seconds=1)
    house.look_up_doubts()
    assert people(house, alert) == {"unknown": 5, "accepted": 2}
    house.clock.forward(seconds=29)
    house.look_up_doubts()
    assert house.send_all() == 0, "the second look comes 30 seconds after the first"
    house.clock.forward(seconds=1)
    house.look_up_doubts()
    assert house.send_all() == 5
    assert people(house, alert) == {"accepted": 7}
    assert all(len(house.phones.of(who.number)) == 1 for who in cast.street)


def test_killed_after_the_hand_over_it_is_bound_and_never_sent_again(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    hand_over(house, claim(house))
    house.clock.forward(seconds=60)
    house.look_up_doubts()
    house.send_all()
    assert people(house, alert) == {"sent": 5, "accepted": 2}
    assert all(len(house.phones.of(who.number)) == 1 for who in cast.street)


def test_a_lost_answer_is_found_in_the_providers_books(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.phones.lost_answers = [Unknown()]
    house.send_all()
    assert row(house, row_id).state == "unknown"
    house.clock.forward(seconds=60)
    house.look_up_doubts()
    assert row(house, row_id).provider_id == house.phones.last(cast.an.number).provider_id
    assert house.send_all() == 0


def test_while_the_provider_cannot_be_asked_nothing_is_sent_again(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.phones.lost_answers = [Unknown()]
    house.send_all()
    house.phones.cannot_ask = True
    for _ in range(10):
        house.clock.forward(seconds=60)
        house.look_up_doubts()
        assert house.send_all() == 0
    assert row(house, row_id).state == "unknown"
    house.phones.cannot_ask = False
    house.look_up_doubts()
    assert row(house, row_id).state == "sent"


def test_a_doubt_that_outlives_its_message_ends_as_unknown_and_a_late_receipt_still_counts(
    house: House, cast: Cast
) -> None:
    row_id = add_row(house, cast.an)
    house.phones.lost_answers = [Unknown()]
    house.send_all()
    house.phones.cannot_ask = True
    house.clock.forward(hours=1, seconds=1)
    house.look_up_doubts()
    jobs.expire(house.services)
    assert (row(house, row_id).state, row(house, row_id).reason, row(house, row_id).rank) == ("failed", "unknown", 1)
    house.receipt(house.phones.last(cast.an.number), "delivered")
    assert (row(house, row_id).state, row(house, row_id).reason) == ("delivered", None)


def test_killed_while_recording_a_chunk_nobody_is_missed_and_nobody_warned_twice(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    chunk = claim(house)
    outcomes = hand_over(house, chunk)
    with house.writing() as session:
        delivery.record(session, outcomes, house.clock())
    house.clock.forward(seconds=60)
    house.look_up_doubts()
    house.send_all()
    assert people(house, alert) == {"sent": 5, "accepted": 2}
    assert all(len(house.phones.of(who.number)) == 1 for who in cast.street)


def test_recording_a_chunk_twice_changes_nothing(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    chunk = claim(house)
    outcomes = hand_over(house, chunk)
    note(house, outcomes)
    once = [(r.state, r.provider_id) for r in rows(house)]
    note(house, outcomes)
    assert [(r.state, r.provider_id) for r in rows(house)] == once


def test_a_process_that_was_frozen_hands_over_nothing(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    chunk = claim(house)
    frozen = [replace(claim, started=claim.started - 20.5) for claim in chunk]
    outcomes = hand_over(house, frozen)
    assert house.phones.messages == []
    note(house, outcomes)
    assert people(house, alert) == {"queued": 7}
    assert house.send_all() == 7


def test_a_frozen_process_that_wakes_does_not_take_back_what_another_claimed_since(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    frozen = claim(house)
    for seconds in (60, 30):
        house.clock.forward(seconds=seconds)
        house.look_up_doubts()
    second = claim(house)
    outcomes = hand_over(house, second)
    note(house, hand_over(house, [replace(one, started=one.started - 90) for one in frozen]))
    assert row(house, row_id).state == "sending"
    assert claim(house) == []
    note(house, outcomes)
    assert len(house.phones.of(cast.an.number)) == 1


def test_two_senders_that_settle_the_same_doubt_send_it_once(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    claim(house)
    house.clock.forward(seconds=60)
    house.look_up_doubts()
    house.clock.forward(seconds=30)
    with house.reading() as session:
        due = doubts.doubts(session, house.services.sending, house.clock())
    slow = asyncio.run(doubts.look(house.services.gateway, due))
    house.look_up_doubts()
    quick = claim(house)
    outcomes = hand_over(house, quick)
    with house.writing() as session:
        doubts.settle(session, slow, house.clock())
        session.commit()
    assert claim(house) == []
    note(house, outcomes)
    assert row(house, row_id).state == "accepted"
    assert len(house.phones.of(cast.an.number)) == 1


def test_a_message_that_now_would_read_otherwise_is_still_recognised_in_the_books(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    hand_over(house, claim(house))
    with house.writing() as session:
        session.get_one(Group, alert.group_id).name = "Molenwijk en omstreken"
        session.commit()
    for _ in range(3):
        house.clock.forward(seconds=60)
        house.look_up_doubts()
    house.send_all()
    assert all(len(house.phones.of(who.number)) == 1 for who in cast.street)


def test_a_form_that_was_answered_at_once_is_still_recognised_in_the_books(house: House, cast: Cast) -> None:
    add_forms(house)
    change(house, cast.an, window_from=house.clock() - timedelta(days=3))
    alert = release(house, cast.fatima)
    hand_over(house, claim(house))
    house.say(cast.an.number, "Ik zie ze ook aan de sluis")
    for _ in range(3):
        house.clock.forward(seconds=60)
        house.look_up_doubts()
    house.send_all()
    assert row_of(house, alert, cast.an).state == "sent"
    assert len([m for m in house.phones.messages if m.to == cast.an.number and m.content_sid]) == 1


def test_an_entry_of_another_row_does_not_prove_a_doubt(house: House, cast: Cast) -> None:
    lost = add_row(house, cast.an)
    claim(house)
    other = add_row(house, cast.an)
    house.send_all()
    for seconds in (60, 30):
        house.clock.forward(seconds=seconds)
        house.look_up_doubts()
    assert row(house, lost).state == "queued"
    assert row(house, other).state == "accepted"
    assert house.send_all() == 1


def test_an_entry_that_is_too_late_for_a_claim_does_not_prove_it(house: House, cast: Cast) -> None:
    lost = add_row(house, cast.an)
    claim(house)
    house.clock.forward(seconds=65)
    add_row(house, cast.an)
    on_its_way = claim(house)
    hand_over(house, on_its_way)
    house.look_up_doubts()
    assert row(house, lost).state == "unknown"


def test_two_doubts_of_one_person_are_told_apart_by_their_text(house: House, cast: Cast) -> None:
    house.phones.lost_answers = [Unknown(), Unknown()]
    first, second = add_row(house, cast.an), add_row(house, cast.an)
    house.send_all()
    house.phones.messages.reverse()
    house.clock.forward(seconds=60)
    house.look_up_doubts()
    for row_id in (first, second):
        stored = row(house, row_id)
        assert stored.text_values is not None
        [message] = [m for m in house.phones.messages if m.provider_id == stored.provider_id]
        assert stored.text_values["link"] in message.body


# ---- receipts ----


def test_a_receipt_that_comes_before_our_own_record_binds_the_row(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    chunk = claim(house)
    outcomes = hand_over(house, chunk)
    message = house.phones.last(cast.an.number)
    house.receipt(message, "delivered")
    assert (row(house, row_id).state, row(house, row_id).provider_id) == ("delivered", message.provider_id)
    note(house, outcomes)
    assert (row(house, row_id).state, row(house, row_id).rank) == ("delivered", 5)


def test_a_receipt_proves_a_message_whose_answer_was_lost(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.phones.lost_answers = [Unknown()]
    house.send_all()
    house.receipt(house.phones.last(cast.an.number), "sent")
    house.clock.forward(minutes=5)
    house.look_up_doubts()
    assert row(house, row_id).state == "sent"
    assert house.send_all() == 0


@on_sqlite
def test_a_receipt_with_another_proof_than_ours_is_refused_and_changes_nothing(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.send_all()
    first, second = house.phones.messages[0], house.phones.messages[1]
    before = [(r.id, r.state, r.provider_id) for r in rows(house)]
    url = urlsplit(first.callback_url)
    mine, theirs = parse_qs(url.query), parse_qs(urlsplit(second.callback_url).query)
    form = [("AccountSid", ACCOUNT), ("MessageSid", first.provider_id), ("MessageStatus", "delivered")]
    for forged in (
        f"m={mine['m'][0]}&k={theirs['k'][0]}",
        f"m={mine['m'][0]}&k={mine['k'][0]}A",
        f"m={mine['m'][0]}",
        f"k={mine['k'][0]}",
        f"m=0{mine['m'][0]}&k={mine['k'][0]}",
        "m=1%20or%201&k=x",
        "m=%F0%9F%98%80&k=%00",
        "",
    ):
        assert house.hook(f"{url.path}?{forged}", form).status_code == 403
    assert [(r.id, r.state, r.provider_id) for r in rows(house)] == before


@on_sqlite
@pytest.mark.parametrize("header", ["", "AAAA", "=" * 300, "\u00e9"])
def test_a_receipt_that_the_provider_did_not_sign_is_refused_and_changes_nothing(
    house: House, cast: Cast, header: str
) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    message = house.phones.last(cast.an.number)
    path = message.callback_url.removeprefix(house.settings.public_url)
    form = [("AccountSid", ACCOUNT), ("MessageSid", message.provider_id), ("MessageStatus", "read")]
    assert house.hook(path, form, header).status_code == 403
    assert row(house, row_id).state == "accepted"


@on_sqlite
def test_a_receipt_for_another_account_is_refused(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    message = house.phones.last(cast.an.number)
    path = message.callback_url.removeprefix(house.settings.public_url)
    form = [("AccountSid", "AC" + "f" * 32), ("MessageSid", message.provider_id), ("MessageStatus", "read")]
    assert house.hook(path, form).status_code == 403
    assert row(house, row_id).state == "accepted"


def test_a_receipt_that_is_repeated_changes_nothing(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    message = house.phones.last(cast.an.number)
    assert house.receipt(message, "delivered").status_code == 204
    first = row(house, row_id)
    house.clock.forward(days=5)
    assert house.receipt(message, "delivered").status_code == 204
    assert (row(house, row_id).delivered_at, row(house, row_id).updated_at) == (first.delivered_at, first.updated_at)


def test_receipts_in_the_wrong_order_leave_the_best(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    for status in ("read", "sent", "delivered", "queued", "failed"):
        assert house.receipt(house.phones.last(cast.an.number), status).status_code == 204
    assert row(house, row_id).state == "read"


def test_a_receipt_for_a_row_that_is_gone_is_taken_and_forgotten(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    with house.writing() as session:
        session.delete(session.get_one(Delivery, row_id))
        session.commit()
    assert house.receipt(house.phones.last(cast.an.number), "delivered").status_code == 204
    assert rows(house) == []


def test_a_receipt_for_a_row_that_never_was_is_taken_and_forgotten(house: House, cast: Cast) -> None:
    vault: Vault = house.app.extensions["vault"]
    form = [("AccountSid", ACCOUNT), ("MessageSid", "SM" + "1" * 32), ("MessageStatus", "delivered")]
    proof = vault.sign("callback", "999999")
    assert house.hook(f"{messages.STATUS_HOOK}?m=999999&k={proof}", form).status_code == 204
    assert rows(house) == []


@on_sqlite
def test_a_receipt_that_says_nothing_is_bad_input(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    message = house.phones.last(cast.an.number)
    path = message.callback_url.removeprefix(house.settings.public_url)
    assert house.hook(path, [("AccountSid", ACCOUNT), ("MessageSid", message.provider_id)]).status_code == 400
    assert row(house, row_id).state == "accepted"


def test_a_receipt_under_an_id_that_another_row_holds_still_proves_its_own(house: House, cast: Cast) -> None:
    first, second = add_row(house, cast.an), add_row(house, cast.an)
    house.send_all()
    mine, theirs = house.phones.messages
    path = mine.callback_url.removeprefix(house.settings.public_url)
    with house.writing() as session:
        session.get_one(Delivery, first).provider_id = None
        session.commit()
    form = [("AccountSid", ACCOUNT), ("MessageSid", theirs.provider_id), ("MessageStatus", "delivered")]
    assert house.hook(path, form).status_code == 204
    assert (row(house, first).state, row(house, first).provider_id) == ("delivered", None)
    assert (row(house, second).state, row(house, second).provider_id) == ("accepted", theirs.provider_id)


def test_a_message_that_the_provider_let_lapse_is_expired(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    house.receipt(house.phones.last(cast.an.number), "undelivered", 30036)
    assert (row(house, row_id).state, row(house, row_id).error_code) == ("expired", 30036)


# ---- nothing late ----


def test_what_expired_in_our_queue_is_never_sent(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.clock.forward(hours=2)
    assert house.send_all() == 0
    jobs.expire(house.services)
    assert people(house, alert) == {"expired": 7}


@on_sqlite
@pytest.mark.parametrize(("left", "messages"), [(6, 1), (5, 1), (4.9, 0), (0.1, 0), (0, 0)])
def test_what_has_too_little_life_left_is_not_handed_over(
    house: House, cast: Cast, left: float, messages: int
) -> None:
    row_id = add_row(house, cast.an, expires_at=house.clock() + timedelta(seconds=left))
    assert house.send_all() == messages
    jobs.expire(house.services)
    assert row(house, row_id).state == ("accepted" if messages else "expired")


@hypothesis_settings(max_examples=60, deadline=None)
@given(left=st.integers(5, 200_000), waited=st.integers(0, 100_000))
def test_the_provider_may_keep_a_message_for_what_is_left_of_its_life_and_never_beyond_ten_hours(
    left: int, waited: int
) -> None:
    now = datetime.fromisoformat("2027-01-12T20:06:00+00:00") + timedelta(seconds=waited)
    seconds = messages.life_left(now + timedelta(seconds=left), now)
    assert 1 <= seconds <= 36_000
    assert seconds == min(left, 36_000)


@on_sqlite
def test_validity_is_what_is_left_when_the_message_leaves(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.send_some(WHATSAPP, 1)
    house.clock.forward(minutes=90)
    house.send_some(WHATSAPP, 1)
    assert [message.validity_seconds for message in house.phones.messages] == [7200, 1800]


@on_sqlite
def test_info_is_valid_at_the_provider_for_ten_hours_at_most(house: House, cast: Cast) -> None:
    release(house, cast.fatima, kind="info", category="prevention", called=None, called_at=None, text="Sluit uw fiets.")
    house.send_all()
    assert {message.validity_seconds for message in house.phones.messages} == {36_000}


# ---- who is never written to ----


@pytest.fixture
def real_provider(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house whose provider reaches the world."""
    changes = {"WABP_TWILIO_ACCOUNT_SID": ACCOUNT, "WABP_TWILIO_AUTH_TOKEN": "newer,older"}
    built = House(database_url, tmp_path, STORY_TIME, **(TWILIO | changes))
    with built.app.app_context():
        db.db.create_all()
    yield built
    built.close()


def test_invented_people_are_never_written_to_by_a_real_provider(real_provider: House) -> None:
    cast = add_cast(real_provider)
    mark_demo(real_provider, cast.an, cast.heinz)
    alert = release(real_provider, cast.fatima)
    assert real_provider.send_all() == 5
    assert real_provider.phones.of(cast.an.number) == real_provider.phones.of(cast.heinz.number) == []
    assert (row_of(real_provider, alert, cast.an).state, row_of(real_provider, alert, cast.an).reason) == (
        "skipped",
        "demo",
    )


@on_sqlite
def test_invented_people_are_written_to_by_simulated_phones(house: House, cast: Cast) -> None:
    mark_demo(house, cast.an)
    release(house, cast.fatima)
    assert house.send_all() == 7


def test_an_invented_number_in_doubt_is_not_sent_again_by_a_real_provider(real_provider: House) -> None:
    cast = add_cast(real_provider)
    row_id = add_row(real_provider, cast.an)
    claim(real_provider)
    mark_demo(real_provider, cast.an)
    for seconds in (60, 30):
        real_provider.clock.forward(seconds=seconds)
        real_provider.look_up_doubts()
    assert real_provider.send_all() == 0
    assert row(real_provider, row_id).reason == "demo"


def test_receipts_signed_with_either_token_count_while_the_token_is_changed(real_provider: House) -> None:
    house, cast = real_provider, add_cast(real_provider)
    row_id = add_row(house, cast.an)
    house.send_all()
    message = house.phones.last(cast.an.number)
    for token, status, answer in (("older", "sent", 204), ("newer", "delivered", 204), ("oldest", "read", 403)):
        assert house.receipt(message, status, token=token).status_code == answer
    assert row(house, row_id).state == "delivered"


def test_who_said_stop_while_their_copy_was_claimed_gets_no_second_try(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    chunk = claim(house)
    house.say(cast.an.number, "STOP")
    note(house, [(one, NotNow(1)) for one in chunk])
    house.send_all()
    assert (row_of(house, alert, cast.an).state, row_of(house, alert, cast.an).reason) == ("skipped", "stopped")
    assert [body[:4] for body in house.phones.of(cast.an.number)] == ["U kr"]
    assert people(house, alert) == {"accepted": 6, "skipped": 1}


def test_who_said_stop_while_their_copy_was_in_doubt_gets_no_second_try(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    claim(house)
    house.say(cast.an.number, "STOP")
    for seconds in (60, 30):
        house.clock.forward(seconds=seconds)
        house.look_up_doubts()
    house.send_all()
    assert row_of(house, alert, cast.an).reason == "stopped"
    assert len(house.phones.of(cast.an.number)) == 1, "the confirmation alone"


def test_a_coordinator_who_left_gets_no_notice_that_was_written_before(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "Er staat een deur open op de Vaartkant")
    chunk = claim(house)
    house.say(cast.fatima.number, "STOP")
    note(house, [(one, NotNow(1)) for one in chunk])
    house.send_all()
    assert len(house.phones.of(cast.fatima.number)) == 1, "the confirmation alone"
    assert len(house.phones.of(cast.an.number)) == 1
    assert memberships(house, cast.fatima) == {"molenwijk": "left"}


def test_one_row_that_cannot_be_opened_does_not_hold_up_the_street(
    house: House, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    alert = release(house, cast.fatima)
    with house.writing() as session:
        other = session.get_one(Address, row_of(house, alert, cast.jean).address_id).value
        session.get_one(Address, row_of(house, alert, cast.an).address_id).value = other
        session.commit()
    assert house.send_all() == 6
    assert row_of(house, alert, cast.an).state == "queued"
    assert "could not be composed" in caplog.text
    house.clock.forward(minutes=1)
    assert house.send_all() == 0, "tried again, and still not to be opened"
    house.clock.forward(hours=2)
    jobs.expire(house.services)
    assert row_of(house, alert, cast.an).state == "expired"


# ---- forms, texts and cost ----


def add_forms(house: House, *languages: str) -> None:
    """Let the provider have approved the message forms of urgent alerts."""
    with house.writing() as session:
        for language in languages or ("nl", "fr", "en", "de"):
            session.add(
                Template(kind="urgent", language=language, content_sid=f"HX{language}", created_at=house.clock())
            )
        session.commit()


@on_sqlite
def test_inside_the_window_free_text_goes_and_outside_it_the_approved_form_with_every_variable(
    house: House, cast: Cast
) -> None:
    add_forms(house)
    change(house, cast.jean, window_from=house.clock() - timedelta(days=3))
    text_of_two_lines = "Twee personen forceren achterdeur.\nZwarte jassen,\tvluchten richting sluis."
    release(house, cast.fatima, text=text_of_two_lines)
    house.send_all()
    free, form = house.phones.last(cast.an.number), house.phones.last(cast.jean.number)
    assert (free.content_sid, free.variables) == (None, {})
    assert form.content_sid == "HXfr"
    assert sorted(form.variables) == ["1", "2", "3", "4"]
    assert all(value.strip() for value in form.variables.values())
    assert not any(mark in value for value in form.variables.values() for mark in "\n\r\t")
    assert sum(len(value) for value in form.variables.values()) <= 1024
    assert "101" in form.variables["4"]
    assert "112" in form.variables["4"]


@on_sqlite
def test_the_longest_text_still_fits_a_form(house: House, cast: Cast) -> None:
    add_forms(house)
    for who in cast.street[:5]:
        change(house, who, window_from=house.clock() - timedelta(days=3))
    release(house, cast.fatima, text="Twee personen lopen weg richting de sluis. " * 23)
    house.send_all()
    forms = [message for message in house.phones.messages if message.content_sid]
    assert len(forms) == 5
    assert all(sum(len(value) for value in form.variables.values()) <= 1024 for form in forms)


def test_outside_the_window_and_without_a_form_it_goes_by_sms(house: House, cast: Cast) -> None:
    add_forms(house, "nl")
    for who in (cast.an, cast.jean):
        change(house, who, window_from=house.clock() - timedelta(hours=24))
    release(house, cast.fatima)
    house.send_all()
    assert house.phones.last(cast.an.number).channel == WHATSAPP
    assert house.phones.last(cast.jean.number).channel == SMS


@on_sqlite
def test_a_message_costs_one_by_whatsapp_and_its_parts_by_sms(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    assert [one.cost for one in claim(house, WHATSAPP)] == [1] * 5
    by_sms = claim(house, SMS)
    parts = [segments.count(claim.message.body or "").parts for claim in by_sms]
    assert len(parts) == 2
    assert min(parts) > 1
    assert [claim.cost for claim in by_sms] == parts


@on_sqlite
def test_each_phone_gets_its_own_language_and_nobody_elses_link_for_receipts(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.send_all()
    links = [message.callback_url for message in house.phones.messages]
    assert max(counts(links).values()) == 1
    assert all(link.startswith(f"{house.settings.public_url}/hooks/twilio/status?m=") for link in links)
    assert "101 appelé à 21:04" in house.phones.of(cast.jean.number)[0]
    assert "101 um 21:04 angerufen" in house.phones.of(cast.heinz.number)[0]


def test_an_alert_whose_text_is_gone_stops_nothing_else(house: House, cast: Cast) -> None:
    broken, whole = release(house, cast.fatima), release(house, cast.fatima, text="Iemand klimt over de muur.")
    with house.writing() as session:
        for version in session.query(AlertText).filter(AlertText.alert_id == broken.id):
            version.body = session.query(AlertText).filter(AlertText.alert_id == whole.id).one().body
        session.commit()
    assert house.send_all() == 7
    assert people(house, whole) == {"accepted": 7}
    assert people(house, broken) == {"queued": 7}


# ---- the sender ----


@on_sqlite
def test_a_stopped_sender_ends_soon_and_gives_its_connections_back(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    sender = worker.Sender(house.services)
    sender.start()
    deadline = time.monotonic() + 5
    while len(house.phones.messages) < 7 and time.monotonic() < deadline:
        time.sleep(0.02)
    sender.stop()
    assert len(house.phones.messages) == 7
    with house.app.app_context():
        engine: Engine = db.db.engine
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@on_sqlite
def test_a_sender_outlives_trouble_in_a_step(house: House, cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    house.phones.answers = [OSError("line cut"), Accepted("SM" + "9" * 32, "queued")]
    first, second = add_row(house, cast.an), add_row(house, cast.jean)
    house.send_all()
    assert {row(house, first).state, row(house, second).state} == {"unknown", "accepted"}
    assert "the gateway raised" in caplog.text


def test_what_the_provider_gives_back_after_a_stop_does_not_leave_any_more(house: House, cast: Cast) -> None:
    newcomer = "+32470000060"
    for said in ("MEEDOEN MOLENWIJK", "ja", "1"):
        house.say(newcomer, said)
    house.send_all()
    with house.writing() as session:
        request = session.scalars(select(Joining)).one()
        joining.ask(session, cast.fatima.actor, request.id, "Sinds wanneer woont u hier?", now=house.clock())
        own = session.scalars(select(Membership).where(Membership.person_id == cast.an.id)).one()
        why = "Schelden in antwoorden."
        sanctions.impose(session, cast.fatima.actor, own.group, own.id, "suspension", why, days=7, now=house.clock())
        session.commit()
    chunk = claim(house)
    assert len(chunk) == 2
    for number in (newcomer, cast.an.number):
        house.say(number, "STOP")
    note(house, [(one, NotNow(0)) for one in chunk])
    house.send_all()
    assert house.phones.last(newcomer).body.startswith("Uw aanvraag voor Molenwijk is gestopt.")
    assert house.phones.last(cast.an.number).body.startswith("U krijgt geen berichten meer van Molenwijk, ook niet")
    rows_now = [row(house, one.message.delivery_id) for one in chunk]
    assert {(stored.state, stored.reason) for stored in rows_now} == {("skipped", "stopped")}


def test_what_failed_before_is_not_taken_for_the_attempt_that_is_in_doubt_now(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    first = house.phones.last(cast.an.number)
    house.phones.stands[first.provider_id] = "failed"
    house.receipt(first, "failed", 30008)
    house.phones.answers = [Unknown()]
    house.clock.forward(minutes=5)
    house.send_all()
    assert (row(house, row_id).state, row(house, row_id).attempt) == ("unknown", 1)
    for seconds in (60, 30):
        house.clock.forward(seconds=seconds)
        house.look_up_doubts()
    assert row(house, row_id).state == "queued", "nothing of this attempt is in the books"
    assert house.send_all() == 1


def test_what_is_over_by_the_time_it_could_go_is_not_handed_over(house: House, cast: Cast) -> None:
    add_row(house, cast.an, expires_at=house.clock() + timedelta(seconds=8))
    [only] = claim(house)
    outcomes = hand_over(house, [replace(only, started=only.started - 9)])
    assert house.phones.messages == []
    assert [type(outcome) for _, outcome in outcomes] == [NotNow]
