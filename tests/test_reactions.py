"""What follows from a refusal: SMS instead, the same once more, a lane that is shut, an address that is dead.

Nobody gets anything twice on a channel, and what could not go is not lost.
"""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.house import Cast, House, Message, Somebody, people, release
from tests.traffic import add_row, address_of, change, claim, hand_over, lane, note, row, row_of, rows
from wabp import channels, jobs, lanes, ledger
from wabp.gateway import SMS, WHATSAPP, Refused
from wabp.models import Address, Alert, Delivery, Template

INFO = {"kind": "info", "category": "prevention", "text": "Sluit uw ramen als u weggaat.", "called": None}
INFO |= {"called_at": None}


def rows_of(house: House, alert: Alert, who: Somebody) -> list[Delivery]:
    """Everything that was written to somebody because of an alert, oldest first."""
    return [found for found in rows(house, "alert") if (found.cause_id, found.person_id) == (alert.id, who.id)]


def stands(house: House, alert: Alert, who: Somebody) -> list[tuple[str, str]]:
    return [(found.channel, found.state) for found in rows_of(house, alert, who)]


def address(house: House, who: Somebody) -> Address:
    with house.reading() as session:
        found = address_of(session, who)
        session.expunge(found)
        return found


def got(house: House, who: Somebody) -> list[str]:
    """By which channels somebody's phone got something, in order."""
    return [message.channel for message in house.phones.messages if message.to == who.number]


def sent_alert(house: House, cast: Cast, **changes: object) -> tuple[Alert, Message]:
    """An alert that An was sent by WhatsApp a moment ago, with her copy."""
    alert = release(house, cast.fatima, **changes)
    house.send_all()
    house.clock.forward(seconds=2)
    return alert, house.phones.last(cast.an.number)


def add_forms(house: House, *sids: str, language: str = "nl", kind: str = "urgent") -> None:
    """Let the provider have approved forms, each a minute newer than the one before it."""
    with house.writing() as session:
        for position, sid in enumerate(sids):
            made = house.clock() - timedelta(minutes=len(sids) - position)
            session.add(Template(kind=kind, language=language, content_sid=sid, created_at=made))
        session.commit()


def is_stopped(house: House, *channels_: str) -> list[bool]:
    with house.reading() as session:
        shut = lanes.stopped(session)
        return [lane(house, channel) in shut for channel in channels_]


def outside_window(house: House, *who: Somebody) -> None:
    for somebody in who:
        change(house, somebody, window_from=house.clock() - timedelta(days=3))


# ---- the other channel ----


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize("changes", [{}, INFO], ids=["urgent", "info"])
def test_who_has_no_whatsapp_gets_it_by_sms_at_once_and_is_marked(
    house: House, cast: Cast, changes: dict[str, object], later: bool
) -> None:
    if later:
        alert, message = sent_alert(house, cast, **changes)
        house.receipt(message, "undelivered", 63024)
    else:
        alert = release(house, cast.fatima, **changes)
        house.phones.answers = [Refused(63024, 400)] * 5
    house.send_all()
    assert stands(house, alert, cast.an) == [(WHATSAPP, "undelivered" if later else "failed"), (SMS, "accepted")]
    assert rows_of(house, alert, cast.an)[0].reason == "provider_63024"
    known = address(house, cast.an)
    assert (known.whatsapp, known.no_whatsapp_at) == (False, house.clock())


def test_who_had_no_whatsapp_gets_sms_until_it_is_tried_again_after_thirty_days(house: House, cast: Cast) -> None:
    _, message = sent_alert(house, cast)
    house.receipt(message, "undelivered", 63024)
    assert row_of(house, release(house, cast.fatima, text="Iemand klimt over de muur."), cast.an).channel == SMS
    house.clock.forward(days=30, seconds=-1)
    jobs.try_whatsapp_again(house.services)
    assert not address(house, cast.an).whatsapp
    house.clock.forward(seconds=1)
    jobs.try_whatsapp_again(house.services)
    known = address(house, cast.an)
    assert (known.whatsapp, known.no_whatsapp_at) == (True, None)


def test_who_writes_by_whatsapp_has_it_whatever_was_thought(house: House, cast: Cast) -> None:
    change(house, cast.an, whatsapp=False, no_whatsapp_at=house.clock(), bad_count=1)
    with house.writing() as session:
        channels.heard_by_whatsapp(address_of(session, cast.an), "+32400001818", house.clock())
        session.commit()
    known = address(house, cast.an)
    assert (known.whatsapp, known.no_whatsapp_at, known.bad_count) == (True, None, 0)
    assert (known.window_from, known.written_to) == (house.clock(), "+32400001818")


@pytest.mark.parametrize("error", [None, 77777, 30410])
def test_info_that_did_not_arrive_for_another_reason_does_not_go_by_sms_and_an_urgent_alert_does(
    house: House, cast: Cast, error: int | None
) -> None:
    info, its = sent_alert(house, cast, **INFO)
    urgent, theirs = sent_alert(house, cast)
    for message in (its, theirs):
        house.receipt(message, "undelivered", error)
    house.send_all()
    assert stands(house, info, cast.an) == [(WHATSAPP, "undelivered")]
    assert stands(house, urgent, cast.an) == [(WHATSAPP, "undelivered"), (SMS, "accepted")]


def test_a_receipt_that_comes_twice_or_late_causes_no_second_sms(house: House, cast: Cast) -> None:
    alert, message = sent_alert(house, cast)
    for status, error in (("undelivered", 63024), ("undelivered", 63024), ("failed", 63003), ("sent", None)):
        house.receipt(message, status, error)
        house.send_all()
    house.receipt(message, "delivered")
    assert stands(house, alert, cast.an) == [(WHATSAPP, "delivered"), (SMS, "accepted")]
    assert got(house, cast.an) == [WHATSAPP, SMS]


def test_who_blocked_us_on_whatsapp_is_not_written_to_by_sms(house: House, cast: Cast) -> None:
    alert, message = sent_alert(house, cast)
    house.receipt(message, "undelivered", 63033)
    assert stands(house, alert, cast.an) == [(WHATSAPP, "undelivered")]
    assert row_of(house, alert, cast.an).reason == "blocked"
    house.clock.forward(seconds=130)
    jobs.climb(house.services)
    house.deliver_everything()
    assert got(house, cast.an) == [WHATSAPP]


def test_a_stop_between_the_refusal_and_the_sms_is_obeyed(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    house.clock.forward(seconds=2)
    house.say(cast.an.number, "STOP")
    house.receipt(house.phones.last(cast.an.number), "undelivered", 63024)
    house.send_all()
    assert got(house, cast.an).count(WHATSAPP) == 2, "the notice, and the one confirmation"
    assert SMS not in got(house, cast.an)
    assert row(house, row_id).state == "undelivered"


# ---- the window ----


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_free_text_outside_the_window_goes_again_as_form_once_and_our_clock_is_put_right(
    house: House, cast: Cast, later: bool
) -> None:
    add_forms(house, "HXone")
    alert = release(house, cast.fatima)
    if later:
        house.send_all()
        house.clock.forward(seconds=1)
        house.receipt(house.phones.last(cast.an.number), "failed", 63016)
    else:
        house.phones.answers = [Refused(63016, 400)] * 5
    house.send_all()
    form = house.phones.last(cast.an.number)
    assert form.content_sid == "HXone"
    assert all(form.variables.values())
    assert address(house, cast.an).window_from is None
    assert stands(house, alert, cast.an) == [(WHATSAPP, "accepted")]
    house.receipt(form, "delivered")
    assert stands(house, alert, cast.an) == [(WHATSAPP, "delivered")]


def test_the_receipt_of_the_first_try_that_comes_twice_does_not_end_the_second(house: House, cast: Cast) -> None:
    add_forms(house, "HXone")
    alert, message = sent_alert(house, cast)
    house.receipt(message, "failed", 63016)
    house.send_all()
    house.receipt(message, "failed", 63016)
    assert stands(house, alert, cast.an) == [(WHATSAPP, "accepted")]
    assert row_of(house, alert, cast.an).attempt == 1
    assert len(got(house, cast.an)) == 2


def test_without_a_form_in_their_language_it_goes_by_sms(house: House, cast: Cast) -> None:
    add_forms(house, "HXone", language="nl")
    alert = release(house, cast.fatima)
    house.phones.answers = [Refused(63016, 400)] * 5
    house.send_all()
    assert stands(house, alert, cast.jean) == [(WHATSAPP, "failed"), (SMS, "accepted")]


def test_a_form_that_may_not_begin_a_conversation_goes_by_sms_and_not_round_and_round(house: House, cast: Cast) -> None:
    add_forms(house, "HXone")
    outside_window(house, cast.an)
    alert, message = sent_alert(house, cast)
    assert message.content_sid == "HXone"
    house.receipt(message, "failed", 63016)
    house.send_all()
    assert stands(house, alert, cast.an) == [(WHATSAPP, "failed"), (SMS, "accepted")]


# ---- waiting, and once more ----


def test_too_many_to_one_person_waits_ten_seconds_and_costs_no_retry(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [Refused(63018, 400)]
    assert house.send_all() == 6
    [waiting] = [found for found in rows(house, "alert") if found.state == "queued"]
    assert (waiting.attempt, waiting.not_before) == (0, house.clock() + timedelta(seconds=10))
    house.clock.forward(seconds=9)
    assert house.send_all() == 0
    house.clock.forward(seconds=1)
    assert house.send_all() == 1
    assert people(house, alert) == {"accepted": 7}


def test_too_many_to_one_person_said_later_sends_the_same_again(house: House, cast: Cast) -> None:
    alert, message = sent_alert(house, cast)
    house.receipt(message, "undelivered", 63018)
    house.clock.forward(seconds=11)
    house.send_all()
    assert got(house, cast.an) == [WHATSAPP, WHATSAPP]
    assert stands(house, alert, cast.an) == [(WHATSAPP, "accepted")]


def test_a_full_queue_at_the_provider_is_waited_out(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [Refused(21611, 400)] * 2
    house.send_some(SMS, 10)
    assert row_of(house, alert, cast.heinz).not_before == house.clock() + timedelta(minutes=5)
    house.clock.forward(minutes=5)
    house.send_all()
    assert people(house, alert) == {"accepted": 7}


def test_what_is_of_no_use_any_more_after_the_wait_ends(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an, expires_at=house.clock() + timedelta(seconds=12))
    house.phones.answers = [Refused(63018, 400)]
    house.send_all()
    assert (row(house, row_id).state, row(house, row_id).reason) == ("failed", "provider_63018")


def test_an_sms_that_was_not_delivered_for_no_known_reason_goes_once_more_later(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    house.receipt(house.phones.last(cast.heinz.number), "undelivered", 30008)
    again_at = row_of(house, alert, cast.heinz).not_before
    assert again_at is not None
    assert timedelta(seconds=20) < again_at - house.clock() < timedelta(seconds=40)
    house.clock.forward(minutes=1)
    house.send_all()
    assert got(house, cast.heinz) == [SMS, SMS]
    house.receipt(house.phones.last(cast.heinz.number), "undelivered", 30008)
    house.clock.forward(minutes=5)
    assert house.send_all() == 0
    assert stands(house, alert, cast.heinz) == [(SMS, "undelivered")]


def test_there_is_no_retry_when_the_alert_is_over_by_then(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    house.clock.forward(hours=2, seconds=-32)
    house.receipt(house.phones.last(cast.heinz.number), "undelivered", 30003)
    assert stands(house, alert, cast.heinz) == [(SMS, "undelivered")]


def test_what_whatsapp_could_not_bring_goes_by_sms_at_once_when_urgent_and_is_tried_again_when_info(
    house: House, cast: Cast
) -> None:
    urgent, first = sent_alert(house, cast)
    info, _ = sent_alert(house, cast, **INFO)
    house.receipt(first, "undelivered", 63012)
    assert stands(house, urgent, cast.an) == [(WHATSAPP, "undelivered"), (SMS, "queued")]

    def fail_the_last() -> None:
        by_whatsapp = [m for m in house.phones.messages if (m.to, m.channel) == (cast.an.number, WHATSAPP)]
        house.receipt(by_whatsapp[-1], "undelivered", 63012)

    for _ in range(3):
        fail_the_last()
        assert stands(house, info, cast.an) == [(WHATSAPP, "queued")]
        house.clock.forward(minutes=2)
        house.send_all()
    fail_the_last()
    assert stands(house, info, cast.an) == [(WHATSAPP, "undelivered"), (SMS, "queued")]


# ---- who wants none ----


def test_who_said_stop_to_our_sms_number_gets_one_try_and_then_no_sms_from_any_alert(
    house: House, cast: Cast
) -> None:
    first, second = release(house, cast.fatima), release(house, cast.fatima, text="Iemand klimt over de muur.")
    house.phones.answers = [Refused(21610, 400)]
    house.send_some(SMS, 1)
    heinz, godelieve = cast.heinz, cast.godelieve
    who = heinz if address(house, heinz).sms_stopped_at else godelieve
    assert address(house, who).sms_stopped_at == house.clock()
    house.send_all()
    assert got(house, who) == []
    assert {row_of(house, alert, who).reason for alert in (first, second)} == {"sms_stopped"}
    third = release(house, cast.fatima, text="Er brandt een auto.")
    assert stands(house, third, who) == [(SMS, "skipped")]
    assert row_of(house, third, who).reason == "sms_stopped"


def test_who_wants_no_sms_still_gets_whatsapp_and_no_ladder(house: House, cast: Cast) -> None:
    change(house, cast.an, sms_stopped_at=house.clock())
    alert, message = sent_alert(house, cast)
    assert got(house, cast.an) == [WHATSAPP]
    house.receipt(message, "undelivered", 63024)
    house.send_all()
    assert stands(house, alert, cast.an) == [(WHATSAPP, "undelivered")]


def test_start_by_sms_lets_sms_go_again(house: House, cast: Cast) -> None:
    change(house, cast.heinz, sms_stopped_at=house.clock())
    with house.writing() as session:
        channels.sms_wanted_again(address_of(session, cast.heinz))
        session.commit()
    assert stands(house, release(house, cast.fatima), cast.heinz) == [(SMS, "queued")]


@pytest.mark.parametrize("code", [21614, 30005])
def test_an_address_known_bad_twice_is_dead(house: House, cast: Cast, code: int) -> None:
    for times in (1, 2):
        alert = release(house, cast.fatima, text=f"Iemand klimt over muur {times}.")
        house.send_all()
        house.receipt(house.phones.last(cast.heinz.number), "undelivered", code)
        known = address(house, cast.heinz)
        assert (known.bad_count, known.dead_at is not None) == (times, times == 2)
        assert stands(house, alert, cast.heinz) == [(SMS, "undelivered")]
    assert row_of(house, release(house, cast.fatima, text="Er brandt een auto."), cast.heinz).reason == "no_number"


def test_a_number_that_takes_no_sms_twice_still_gets_whatsapp_when_it_has_that(house: House, cast: Cast) -> None:
    for times in (1, 2):
        row_id = add_row(house, cast.an, channel=SMS)
        house.phones.answers = [Refused(30006, 400)]
        house.send_all()
        assert row(house, row_id).state == "failed"
        assert address(house, cast.an).bad_count == times
    known = address(house, cast.an)
    assert (known.dead_at, known.sms_stopped_at) == (None, house.clock())
    assert stands(house, release(house, cast.fatima), cast.an) == [(WHATSAPP, "queued")]


# ---- a lane that is shut ----


def test_when_whatsapp_is_shut_what_is_urgent_goes_by_sms_and_never_by_both(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [Refused(63007, 400)]
    house.send_some(WHATSAPP, 1)
    assert is_stopped(house, WHATSAPP, SMS) == [True, False]
    assert house.send_all() == 7
    assert {message.channel for message in house.phones.messages} == {SMS}
    states = [found.state for found in rows(house, "alert") if found.channel == WHATSAPP]
    assert sorted(states) == ["failed", "skipped", "skipped", "skipped", "skipped"]
    with house.writing() as session:
        assert lanes.reopen(session, lane(house))
        session.commit()
    assert house.send_all() == 0
    assert people(house, alert) == {"accepted": 7}


def test_when_whatsapp_is_shut_info_waits_and_goes_when_it_is_open_again(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima, **INFO)
    house.phones.answers = [Refused(63051, 400)]
    house.send_some(WHATSAPP, 1)
    house.send_some(SMS, 10)
    assert is_stopped(house, WHATSAPP) == [True]
    assert people(house, alert) == {"queued": 5, "accepted": 2}
    assert house.send_all() == 5
    assert is_stopped(house, WHATSAPP) == [False]
    assert people(house, alert) == {"accepted": 7}


def test_while_whatsapp_is_shut_a_new_urgent_alert_goes_by_sms_and_new_info_waits(house: House, cast: Cast) -> None:
    with house.writing() as session:
        lanes.stop(session, lane(house), 63007, house.clock())
        session.commit()
    urgent, info = release(house, cast.fatima), release(house, cast.fatima, **INFO)
    assert {found.channel for found in rows(house) if found.cause_id == urgent.id} == {SMS}
    assert stands(house, info, cast.an) == [(WHATSAPP, "queued")]


def test_what_was_claimed_when_whatsapp_was_shut_goes_by_sms_by_the_job(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    claims = claim(house)
    with house.writing() as session:
        lanes.stop(session, lane(house), None, house.clock())
        ledger.put_back(session, [one.message.delivery_id for one in claims], house.clock(), house.clock())
        session.commit()
    jobs.urgent_by_sms(house.services)
    jobs.urgent_by_sms(house.services)
    assert house.send_all() == 7
    assert {message.channel for message in house.phones.messages} == {SMS}
    assert people(house, alert) == {"accepted": 7}


def test_who_wants_quiet_at_night_keeps_it_when_whatsapp_is_shut(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    morning = house.clock() + timedelta(hours=1)
    with house.writing() as session:
        ledger_row = session.get_one(Delivery, row_of(house, alert, cast.an).id)
        ledger_row.not_before = morning
        lanes.stop(session, lane(house), 63007, house.clock())
        session.commit()
    jobs.urgent_by_sms(house.services)
    assert rows_of(house, alert, cast.an)[-1].not_before == morning


@pytest.mark.parametrize("refusal", [Refused(20003, 401), Refused(None, 401), Refused(30002, 400)])
def test_when_the_account_is_shut_out_all_lanes_stop_and_everything_stays_in_the_queue(
    house: House, cast: Cast, refusal: Refused
) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [refusal] * 5
    house.send_some(WHATSAPP, 10)
    assert is_stopped(house, WHATSAPP, SMS) == [True, True]
    jobs.urgent_by_sms(house.services)
    assert people(house, alert) == {"queued": 7}
    assert len(rows(house, "alert")) == 7
    house.clock.forward(minutes=3)
    assert house.send_all() == 7
    assert is_stopped(house, WHATSAPP, SMS) == [False, False]
    assert sorted(got(house, cast.an)) == [WHATSAPP]


def test_who_tries_a_shut_lane_meets_another_message_the_next_time(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima, **INFO)
    for _ in range(2):
        house.phones.answers = [Refused(63007, 400)]
        house.send_some(WHATSAPP, 1)
    waiting = sorted(found.not_before is not None for found in rows(house, "alert") if found.channel == WHATSAPP)
    assert waiting == [False, False, False, False, True]
    house.send_all()
    house.clock.forward(minutes=2)
    house.send_all()
    assert people(house, alert) == {"accepted": 7}


def test_the_operator_is_told_what_to_mend_and_no_number_is_logged(
    light_house: House, light_cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    release(light_house, light_cast.fatima)
    light_house.phones.answers = [Refused(63007, 400)] * 5
    light_house.send_some(WHATSAPP, 10)
    told = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [(record.code, record.count) for record in told] == [(63007, 5)]  # type: ignore[attr-defined]
    assert "not a WhatsApp sender" in told[0].getMessage()
    assert "+32" not in caplog.text


# ---- forms that the provider pauses ----


def forms_used(house: House, who: Somebody) -> list[str | None]:
    return [message.content_sid for message in house.phones.messages if message.to == who.number]


def paused(house: House) -> Sequence[str]:
    with house.reading() as session:
        return [form.content_sid for form in session.query(Template).filter(Template.state == "paused")]


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_when_a_form_is_paused_the_one_that_stands_by_takes_its_place_and_after_it_sms(
    house: House, cast: Cast, later: bool
) -> None:
    add_forms(house, "HXold", "HXnew")
    outside_window(house, cast.an, cast.fatima)
    alert = release(house, cast.fatima)

    def refuse() -> None:
        if later:
            house.send_some(WHATSAPP, 10)
            house.clock.forward(seconds=1)
            # Both copies come back, one after the other: the form that stands by must not be taken for paused.
            for who in (cast.an, cast.fatima):
                house.receipt(house.phones.last(who.number), "failed", 63041)
        else:
            house.phones.answers = [Refused(63041, 400)] * 2
            house.send_some(WHATSAPP, 2)

    for somebody in (cast.luc, cast.jean, cast.priya):
        change(house, somebody, whatsapp=True)
        with house.writing() as session:
            ledger.end(session, [row_of(house, alert, somebody).id], "skipped", "stopped", house.clock())
            session.commit()
    refuse()
    assert paused(house) == ["HXnew"]
    assert stands(house, alert, cast.an) == [(WHATSAPP, "queued")]
    refuse()
    assert sorted(paused(house)) == ["HXnew", "HXold"]
    house.send_all()
    for who in (cast.an, cast.fatima):
        assert forms_used(house, who)[-1] is None
        assert got(house, who)[-1] == SMS
        assert forms_used(house, who)[:-1] == (["HXnew", "HXold"] if later else [])


def test_when_no_form_is_left_those_who_wait_for_one_go_by_sms_without_asking_whatsapp(
    house: House, cast: Cast
) -> None:
    add_forms(house, "HXone")
    outside_window(house, cast.an)
    alert = release(house, cast.fatima)
    with house.writing() as session:
        session.query(Template).update({"state": "paused"})
        session.commit()
    house.send_all()
    assert stands(house, alert, cast.an) == [(WHATSAPP, "skipped"), (SMS, "accepted")]
    assert got(house, cast.an) == [SMS]


# ---- crashes and late news ----


def test_a_refusal_of_a_row_that_another_process_claimed_since_changes_nothing(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    frozen = claim(house)
    house.phones.answers = [Refused(63024, 400)]
    late = hand_over(house, frozen)
    house.clock.forward(minutes=2)
    with house.writing() as session:
        ledger.put_back(session, [row_id], frozen[0].claimed_at, house.clock())
        session.commit()
    claim(house)
    note(house, late)
    assert row(house, row_id).state == "sending"
    assert address(house, cast.an).whatsapp
    assert len(rows(house)) == 1


def test_refusals_that_are_recorded_twice_are_acted_on_once(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    claims = claim(house)
    house.phones.answers = [Refused(63024, 400)] * 5
    outcomes = hand_over(house, claims)
    note(house, outcomes)
    note(house, outcomes)
    assert sorted(stands(house, alert, cast.an)) == [(SMS, "queued"), (WHATSAPP, "failed")]
    assert house.send_all() == 7
