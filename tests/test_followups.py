"""Corrections, all-clears and calling off: who gets them, when, and what never leaves any more."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests.doors import shell
from tests.house import Cast, House, Somebody, people, release
from tests.traffic import claim, hand_over, note, on_postgres, on_sqlite, row_of, rows
from wabp import addressing, alerts, followups, groups, rules, segments
from wabp.accounts import OPERATOR
from wabp.cli import alerts as commands
from wabp.errors import BadInput, NotThere, WrongState
from wabp.followups import Followed, NobodyGotIt, Words
from wabp.gateway import NotNow, Refused, Unknown
from wabp.models import Alert, AuditEvent, Delivery, Finding, Group, Membership
from wabp.texts import LANGUAGES

OWNERS = Words("Het waren de eigenaars die hun sleutel kwijt waren.", "nl")
FALSE_ALARM = Words("", "nl", ready="false_alarm")


def correct(
    house: House, alert: Alert, words: Words = OWNERS, *, who: Somebody | None = None, token: str | None = None
) -> Followed:
    """Correct an alert by the noun, as a door does; `who` is the operator when left out."""
    with house.writing() as session:
        actor = who.actor if who else OPERATOR
        try:
            done = followups.correct(
                session, actor, session.get_one(Alert, alert.id), words, now=house.clock(), form_token=token
            )
        except NobodyGotIt:
            session.commit()
            raise
        session.commit()
        return kept(session, done)


def close(house: House, alert: Alert, outcome: str = "harmless", words: Words | None = None) -> Followed:
    """Close an alert by the noun, with an all-clear when there are words."""
    with house.writing() as session:
        found = session.get_one(Alert, alert.id)
        done = followups.close(session, OPERATOR, found, outcome, all_clear=words, now=house.clock())
        session.commit()
        return kept(session, done)


def kept(session: Session, done: Followed) -> Followed:
    if done.sent:
        session.refresh(done.sent)
        session.expunge(done.sent)
    return done


def sent_by(done: Followed) -> Alert:
    assert done.sent is not None, done.stopped
    return done.sent


def notices_of(house: House) -> int:
    """What leaves besides alerts: coordinators are told what the operator did."""
    return len([row for row in rows(house, "notice") if row.state != "cancelled"])


def bodies(house: House, who: Somebody, word: str) -> list[str]:
    return [body for body in house.phones.of(who.number) if word in body.split("\n")[0]]


def all_sent(house: House, status: str = "sent") -> None:
    house.send_all()
    house.deliver_everything(status)


# ---- to whom ----


def test_a_correction_of_a_correction_goes_to_everybody_who_got_the_first_alert(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    first = sent_by(correct(house, alert, who=cast.fatima))
    with house.writing() as session:
        # One was not reached by the first correction.
        session.execute(
            update(Delivery).where(Delivery.cause_id == first.id, Delivery.person_id == cast.an.id).values(
                state="failed", rank=4
            )
        )
        session.commit()
    second = sent_by(correct(house, first, who=cast.luc))
    assert second.corrects_id == alert.id
    assert people(house, second) == {"queued": 7}


def test_everybody_gets_it_by_the_copy_that_arrived_and_once(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    house.clock.forward(seconds=120)
    an, jean = row_of(house, alert, cast.an), row_of(house, alert, cast.jean)
    with house.writing() as session:
        assert addressing.write_by_sms(session, [an.id, jean.id], now=house.clock()) == {an.id, jean.id}
        session.commit()
    house.send_all()
    house.deliver_everything("sent")
    house.receipt(next(m for m in house.phones.messages if m.to == cast.jean.number), "delivered")
    correction = sent_by(correct(house, alert, who=cast.fatima))
    assert people(house, correction) == {"queued": 7}
    assert row_of(house, correction, cast.an).channel == "sms"
    assert row_of(house, correction, cast.jean).channel == "whatsapp"
    house.send_all()
    assert house.send_all() == 0
    assert len(bodies(house, cast.an, "CORRECTIE")) == 1


def test_a_correction_outside_the_window_goes_by_sms_where_no_form_is_approved(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    house.clock.forward(hours=25)
    correction = sent_by(correct(house, alert, who=cast.fatima))
    assert {row.channel for row in rows(house) if row.cause_id == correction.id} == {"sms"}
    assert house.send_all() == 7
    # The hour alone would be taken for today's.
    assert "12/01 21:06" in bodies(house, cast.godelieve, "CORRECTIE")[0]


@pytest.mark.parametrize("state", ["suspended", "removed"])
def test_who_is_out_of_the_group_gets_none_and_the_row_says_why(house: House, cast: Cast, state: str) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    with house.writing() as session:
        session.execute(update(Membership).where(Membership.person_id == cast.an.id).values(state=state))
        session.commit()
    correction = sent_by(correct(house, alert, who=cast.fatima))
    row = row_of(house, correction, cast.an)
    assert (row.state, row.reason) == ("skipped", state)
    assert people(house, correction) == {"queued": 6, "skipped": 1}


def test_stop_between_the_correction_and_its_sending_is_heard(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    correction = sent_by(correct(house, alert, who=cast.fatima))
    house.say(cast.an.number, "STOP")
    house.send_all()
    assert bodies(house, cast.an, "CORRECTIE") == []
    assert row_of(house, correction, cast.an).state == "skipped"


# ---- in which order ----


def test_it_waits_for_the_original_to_be_sent_and_no_longer_than_a_minute(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    correction = sent_by(correct(house, alert, who=cast.fatima))
    assert house.send_all() == 0
    house.receipt(house.phones.last(cast.an.number), "sent")
    house.clock.forward(seconds=1)
    assert house.send_all() == 1
    assert len(bodies(house, cast.an, "CORRECTIE")) == 1
    house.clock.forward(seconds=58)
    assert house.send_all() == 0
    house.clock.forward(seconds=2)
    assert house.send_all() == 6
    assert people(house, correction) == {"accepted": 7}


def test_while_nobody_knows_whether_the_original_left_it_waits_a_minute_too(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.lost_answers = [Unknown()] * 5
    house.send_some("whatsapp", 5)
    correct(house, alert, who=cast.fatima)
    assert house.send_all() == 0
    house.clock.forward(seconds=30)
    assert house.send_all() == 0
    house.clock.forward(seconds=31)
    assert house.send_all() == 5


def test_an_original_proven_absent_never_leaves_and_nothing_is_corrected_for_it(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [Unknown()]
    house.send_some("whatsapp", 1)
    (lost,) = [row for row in rows(house) if row.state == "unknown"]
    # The books are looked at twice before the minute of the correction is over.
    house.clock.forward(seconds=55)
    correction = sent_by(correct(house, alert, who=cast.fatima))
    for _ in range(2):
        house.clock.forward(seconds=31)
        house.look_up_doubts()
    assert house.send_all() == 0
    house.clock.forward(seconds=1)
    assert house.send_all() == 0
    assert {row.id: row.state for row in rows(house)}[lost.id] == "cancelled"
    assert people(house, alert) == {"cancelled": 7}
    (following,) = [row for row in rows(house) if row.cause_id == correction.id]
    assert (following.state, following.reason) == ("cancelled", "not_reached")


def test_what_comes_back_to_the_queue_after_the_correction_does_not_leave(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [NotNow(0)] * 5
    outcomes = hand_over(house, claim(house))
    correction = sent_by(correct(house, alert, who=cast.fatima))
    note(house, outcomes)
    assert people(house, alert) == {"queued": 5, "cancelled": 2}
    assert house.send_all() == 0
    house.clock.forward(seconds=1)
    assert house.send_all() == 0
    assert people(house, alert) == {"cancelled": 7}
    assert {row.reason for row in rows(house) if row.cause_id == alert.id} == {"corrected"}
    assert people(house, correction) == {"cancelled": 5}


def test_a_refused_original_leaves_nobody_to_correct_anything_for(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [Refused(63024, 400)] * 5
    outcomes = hand_over(house, claim(house))
    correction = sent_by(correct(house, alert, who=cast.fatima))
    note(house, outcomes)
    house.send_all()
    house.clock.forward(seconds=61)
    house.send_all()
    assert house.phones.messages == []
    assert people(house, correction) == {"cancelled": 5}


def test_no_copy_by_sms_is_written_of_an_alert_that_was_corrected(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    correct(house, alert, who=cast.fatima)
    with house.writing() as session:
        assert addressing.write_by_sms(session, [row_of(house, alert, cast.an).id], now=house.clock()) == set()


# ---- at night ----


@pytest.fixture
def night_house(house: House) -> House:
    """A house on a Saturday evening in March, 21:50 on the street's clock."""
    house.clock.moment = datetime(2027, 3, 27, 20, 50, tzinfo=UTC)
    return house


def sleeping(house: House, cast: Cast) -> None:
    """Give the group the rulebook's quiet hours."""
    with house.writing() as session:
        session.execute(update(Group).values(quiet=None))
        session.commit()


INFO = {"kind": "info", "category": "traffic", "called": None, "called_at": None, "text": "Omgevallen boom op de weg."}


def test_the_correction_of_info_waits_for_the_morning_and_of_an_urgent_alert_goes_at_once(
    night_house: House, cast: Cast
) -> None:
    house = night_house
    sleeping(house, cast)
    info, urgent = release(house, cast.fatima, **INFO), release(house, cast.fatima, called_at="21:48")
    all_sent(house)
    house.clock.at("22:10")
    late, at_once = (sent_by(correct(house, alert, who=cast.fatima)) for alert in (info, urgent))
    assert house.send_all() == 7
    assert people(house, at_once) == {"accepted": 7}
    # That night the clocks jump: seven on the street is five by the world's clock.
    house.clock.moment = datetime(2027, 3, 28, 4, 59, 59, tzinfo=UTC)
    assert house.send_all() == 0
    house.clock.forward(seconds=1)
    assert house.send_all() == 7
    assert people(house, late) == {"accepted": 7}


def test_the_all_clear_of_a_night_goes_at_once_to_who_got_the_alert_and_not_to_who_sleeps(
    night_house: House, cast: Cast
) -> None:
    house = night_house
    sleeping(house, cast)
    house.say(cast.godelieve.number, "NACHT UIT", "sms")
    house.send_all()
    heard = len(house.phones.of(cast.godelieve.number))
    house.clock.at("23:10")
    alert = release(house, cast.fatima, called_at="23:08")
    assert house.send_all() == 6
    house.deliver_everything()
    house.clock.at("23:20")
    done = close(house, alert, words=Words("", "nl"))
    told = notices_of(house)
    assert house.send_all() == 6 + told
    assert people(house, sent_by(done)) == {"accepted": 6}
    house.clock.forward(hours=10)
    house.send_all()
    assert len(house.phones.of(cast.godelieve.number)) == heard
    assert row_of(house, alert, cast.godelieve).reason == "night"


def test_who_asked_for_quiet_but_got_the_alert_gets_its_correction_at_once(night_house: House, cast: Cast) -> None:
    house = night_house
    sleeping(house, cast)
    house.say(cast.godelieve.number, "NACHT UIT", "sms")
    alert = release(house, cast.fatima, called_at="21:48")
    all_sent(house)
    house.clock.at("22:10")
    correct(house, alert, who=cast.fatima)
    house.send_all()
    assert len(bodies(house, cast.godelieve, "CORRECTIE")) == 1


# ---- closing and calling off ----


def test_closing_calls_off_what_waits_and_sends_nothing(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_some("whatsapp", 5)
    with house.writing() as session:
        alerts.close(session, cast.fatima.actor, session.get_one(Alert, alert.id), "harmless", now=house.clock())
        session.commit()
    assert house.send_all() == 0
    assert people(house, alert) == {"accepted": 5, "cancelled": 2}
    assert row_of(house, alert, cast.heinz).reason == "closed"


def test_a_correction_that_is_on_its_way_still_arrives_after_the_alert_was_closed(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    correction = sent_by(correct(house, alert, who=cast.fatima))
    close(house, alert)
    house.send_all()
    assert people(house, correction) == {"accepted": 7}


def test_the_all_clear_takes_the_place_of_a_correction_that_still_waits(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    correct(house, alert, who=cast.fatima)
    close(house, alert, words=Words("", "nl"))
    house.send_all()
    mine = [body.split("\n")[0] for body in house.phones.of(cast.an.number)]
    assert mine == ["*DRINGEND · Molenwijk*", "*AFGELOPEN · Molenwijk*"]


def test_cancelling_the_rest_says_how_many_and_lets_nothing_more_leave(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.phones.answers = [NotNow(0)]
    outcomes = hand_over(house, claim(house, limit=1))
    with house.writing() as session:
        found = session.get_one(Alert, alert.id)
        assert followups.cancel_rest(session, cast.luc.actor, found, now=house.clock()) == 6
        assert followups.cancel_rest(session, cast.luc.actor, found, now=house.clock()) == 0
        session.commit()
    note(house, outcomes)
    assert house.send_all() == 0
    assert people(house, alert) == {"cancelled": 7}
    with house.reading() as session:
        found = session.get_one(Alert, alert.id)
        assert followups.called_off_count(session, cast.luc.actor, found) == 7
        events = session.scalars(select(AuditEvent).where(AuditEvent.act == "cancelled_rest")).all()
        assert [event.detail for event in events] == ["6"]


def test_correcting_what_nobody_got_yet_stops_it_instead(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    with pytest.raises(NobodyGotIt) as stopped:
        correct(house, alert, who=cast.fatima)
    assert "7 residents" in str(stopped.value)
    assert house.send_all() == 0
    assert people(house, alert) == {"cancelled": 7}
    with pytest.raises(NobodyGotIt, match="Nobody got this alert"):
        correct(house, alert, who=cast.fatima)


def test_an_alert_that_nobody_got_is_closed_without_an_all_clear(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    assert close(house, alert, words=Words("", "nl")).sent is None
    with house.reading() as session:
        assert session.get_one(Alert, alert.id).state == "closed"
    assert {message.body[:9] for message in house.phones.messages} <= {"Molenwijk"}


# ---- what may be said ----


def test_a_ready_made_sentence_comes_in_the_language_of_each_reader(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    correct(house, alert, FALSE_ALARM, who=cast.fatima)
    house.send_all()
    said = {
        cast.an: "Het was loos alarm.", cast.jean: "C'était une fausse alerte.", cast.priya: "It was a false alarm.",
        cast.heinz: "Es war falscher Alarm.",
    }
    for who, sentence in said.items():
        assert sentence in house.phones.last(who.number).body
        assert "[" not in house.phones.last(who.number).body


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (Words("", "nl"), "text"),
        (Words("  \n", "nl"), "text"),
        (Words("", "nl", ready="wrong_street"), "text"),
        (Words("x" * 1001, "nl"), "text"),
        (Words("Kort.", "nl", ready="anything"), "ready"),
        (Words("Kort.", "es"), "language"),
        (Words("", "nl", {"fr": "C'est une erreur."}), "text"),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_field(
    light_house: House, light_cast: Cast, words: Words, field: str
) -> None:
    alert = release(light_house, light_cast.fatima)
    light_house.send_all()
    with pytest.raises(BadInput) as refused:
        correct(light_house, alert, words, who=light_cast.fatima)
    assert refused.value.field == field


def test_a_refusal_is_kept_without_words_and_a_question_asks_for_a_reason(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    named = correct(house, alert, Words("Het was Kevin Maes.", "nl"), who=cast.fatima)
    assert named.stopped is not None
    assert named.stopped.stopped_by == "refused"
    profiled = Words("Het was een donkere man met een hond die hier woont.", "nl")
    asked = correct(house, alert, profiled, who=cast.fatima)
    assert asked.stopped is not None
    assert asked.stopped.stopped_by == "needs_reason"
    assert house.send_all() == 0
    correction = sent_by(correct(house, alert, replace(profiled, reason="zo werd het gemeld"), who=cast.fatima))
    with house.reading() as session:
        found = session.scalars(select(Finding).order_by(Finding.decided_at, Finding.id)).all()
        assert {(one.decision, one.alert_id) for one in found} == {
            ("refused", alert.id), ("confirmed", correction.id)
        }


def test_a_refused_all_clear_leaves_the_alert_open(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    assert close(house, alert, words=Words("Het was Kevin Maes.", "nl")).stopped is not None
    with house.reading() as session:
        assert session.get_one(Alert, alert.id).state == "released"


def test_words_about_an_alert_need_no_reason_for_being_about_safety(light_house: House, light_cast: Cast) -> None:
    alert = release(light_house, light_cast.fatima)
    light_house.send_all()
    for text in ("De sleutels zijn terecht.", "Mijn kat zat op het dak.", "politie is geweest"):
        sent_by(correct(light_house, alert, Words(text, "nl"), who=light_cast.fatima))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
@pytest.mark.parametrize(
    ("form", "ready"),
    [
        *(("correction", ready) for ready in (None, *followups.READY)),
        *(("all_clear", outcome) for outcome in alerts.OUTCOMES),
    ],
)
def test_short_words_take_two_parts_of_sms_and_every_form_is_filled(
    language: str, channel: rules.Channel, form: rules.Form, ready: str | None
) -> None:
    rulebook = rules.load_rulebook("be")
    wording = rules.Wording(
        kind="urgent", category="suspicious_behaviour", group="Molenwijk", language=language,
        texts={language: "De politie is geweest."}, street="Korenbloemstraat", called="21:04", until=None,
        check_word=None, form=form, about="21:06", ready=ready,
    )  # fmt: skip
    body = rules.compose(wording, language, channel, rulebook)
    assert body.split("\n")[-1] == rules.emergency_line(language, rulebook)
    assert "21:06" in body
    assert "21:04" not in body
    if channel == "sms":
        assert (segments.count(body).encoding, segments.count(body).parts) == ("GSM-7", 2)
    variables = rules.template_variables(wording, language, rulebook)
    assert variables["1"].split(" · ")[0] == body.replace("*", "").replace(" - ", " · ").split(" · ")[0]
    assert all(value and "\n" not in value for value in variables.values())
    assert "De politie is geweest." in variables["2"]
    empty = replace(wording, texts={})
    assert all(rules.template_variables(empty, language, rulebook).values())


# ---- who may, and when ----


def test_a_draft_and_a_closed_alert_are_not_corrected(light_house: House, light_cast: Cast) -> None:
    alert = release(light_house, light_cast.fatima)
    light_house.send_all()
    with light_house.writing() as session:
        session.get_one(Alert, alert.id).state = "draft"
        session.commit()
    with pytest.raises(WrongState, match="not sent yet"):
        correct(light_house, alert, who=light_cast.fatima)
    with light_house.writing() as session:
        session.get_one(Alert, alert.id).state = "released"
        session.commit()
    close(light_house, alert)
    with pytest.raises(WrongState, match=r"closed\. Write a new one"):
        correct(light_house, alert, who=light_cast.luc)


@pytest.mark.parametrize("who", ["an", "willem", "claes", "de_smet", "karim"])
def test_nobody_but_those_who_run_the_group_follows_an_alert(light_house: House, light_cast: Cast, who: str) -> None:
    alert = release(light_house, light_cast.fatima)
    light_house.send_some("whatsapp", 5)
    somebody: Somebody = getattr(light_cast, who)
    with light_house.writing() as session:
        found = session.get_one(Alert, alert.id)
        with pytest.raises(NotThere):
            followups.correct(session, somebody.actor, found, OWNERS, now=light_house.clock())
        with pytest.raises(NotThere):
            followups.close(session, somebody.actor, found, "harmless", all_clear=OWNERS, now=light_house.clock())
        with pytest.raises(NotThere):
            followups.cancel_rest(session, somebody.actor, found, now=light_house.clock())
        with pytest.raises(NotThere):
            followups.audience(session, somebody.actor, found)
    assert people(light_house, alert) == {"accepted": 5, "queued": 2}


def test_a_suspended_group_corrects_nothing_and_may_still_close(light_house: House, light_cast: Cast) -> None:
    alert = release(light_house, light_cast.fatima)
    all_sent(light_house)
    with light_house.writing() as session:
        groups.by_slug(session, OPERATOR, "molenwijk").state = "suspended"
        session.commit()
    with pytest.raises(WrongState, match="not active"):
        correct(light_house, alert, who=light_cast.fatima)
    with pytest.raises(WrongState, match="not active"):
        close(light_house, alert, words=Words("", "nl"))
    close(light_house, alert)


def test_the_token_of_another_alert_s_form_is_no_way_in(light_house: House, light_cast: Cast) -> None:
    one, other = release(light_house, light_cast.fatima), release(light_house, light_cast.fatima)
    light_house.send_all()
    correct(light_house, one, who=light_cast.fatima, token="a-token")
    with pytest.raises(BadInput, match="open too long"):
        correct(light_house, other, who=light_cast.fatima, token="a-token")


# ---- at the same moment ----


def at_once(*acts: threading.Thread) -> None:
    for act in acts:
        act.start()
    for act in acts:
        act.join(30)
        assert not act.is_alive()


def test_two_clicks_at_the_same_moment_are_one_correction(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    together, made = threading.Barrier(4), []

    def click() -> None:
        together.wait()
        made.append(sent_by(correct(house, alert, who=cast.fatima, token="one-form")).id)

    at_once(*(threading.Thread(target=click) for _ in range(4)))
    assert len(made) == 4
    assert len(set(made)) == 1
    assert house.send_all() == 7


@pytest.mark.parametrize("turn", range(6))
def test_whoever_a_claim_is_made_for_while_the_alert_is_corrected_hears_both_or_nothing(
    house: House, cast: Cast, turn: int
) -> None:
    alert = release(house, cast.fatima)
    house.send_some("whatsapp", 1)
    together = threading.Barrier(3)

    def send(channel: str) -> None:
        together.wait()
        threading.Event().wait(turn * 0.002)
        house.send_some(channel, 2)

    def mend() -> None:
        together.wait()
        correct(house, alert, who=cast.fatima)

    senders = [threading.Thread(target=send, args=[channel]) for channel in ("whatsapp", "sms")]
    at_once(*senders, threading.Thread(target=mend))
    house.clock.forward(seconds=61)
    house.send_all()
    for who in cast.street:
        got = house.phones.of(who.number)
        assert len(got) in (0, 2)
        assert row_of(house, alert, who).state == ("accepted" if got else "cancelled")


@on_postgres
@pytest.mark.parametrize("correction_first", [True, False])
def test_a_claim_and_a_correction_that_overlap_settle_who_hears_of_it(
    house: House, cast: Cast, correction_first: bool
) -> None:
    alert = release(house, cast.fatima)
    house.send_some("whatsapp", 1)
    begun, claimed = threading.Event(), []

    def claims() -> None:
        claimed.extend(claim(house))
        begun.set()

    def corrects() -> None:
        correct(house, alert, who=cast.fatima)

    first, second = (corrects, claims) if correction_first else (claims, corrects)
    with house.writing() as session:
        # Somebody has the alert: both come as far as they can, in this order.
        session.execute(select(Alert.id).where(Alert.id == alert.id).with_for_update())
        threads = [threading.Thread(target=first), threading.Thread(target=second)]
        for thread in threads:
            thread.start()
            threading.Event().wait(0.3)
        assert not begun.is_set()
        session.rollback()
    for thread in threads:
        thread.join(20)
    note(house, hand_over(house, claimed))
    house.clock.forward(seconds=61)
    house.send_all()
    assert {len(house.phones.of(who.number)) for who in cast.street} <= {0, 2}


# ---- by command ----


@on_sqlite
def test_a_correction_by_command_prints_its_id_and_the_coordinators_hear_of_it(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    before = notices_of(house)
    said = shell(house, capsys, "alert", "correct", str(alert.id), "--text", OWNERS.text)
    assert (said.code, said.err) == (0, "")
    with house.reading() as session:
        correction = session.scalars(select(Alert).where(Alert.form == "correction")).one()
        assert said.out.strip() == str(correction.id)
        assert correction.author_id is None
    assert notices_of(house) == before + 2
    house.send_all()
    assert OWNERS.text in bodies(house, cast.an, "CORRECTIE")[0]


@on_sqlite
def test_closing_by_command_sends_the_all_clear_when_asked(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet, told = release(house, cast.fatima), release(house, cast.fatima)
    all_sent(house)
    assert shell(house, capsys, "alert", "close", str(quiet.id), "--outcome", "harmless").out == ""
    said = shell(
        house, capsys, "alert", "close", str(told.id), "--outcome", "police_came", "--all-clear", "--text", "Dank u."
    )
    with house.reading() as session:
        all_clear = session.scalars(select(Alert).where(Alert.form == "all_clear")).one()
        assert said.out.strip() == str(all_clear.id)
    house.send_all()
    assert "De politie is langs geweest." in bodies(house, cast.an, "AFGELOPEN")[0]
    assert "Dank u." in bodies(house, cast.an, "AFGELOPEN")[0]


@on_sqlite
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["correct", "ID", "--text", "Kevin Maes was het niet."], "person_name «Kevin Maes»"),
        (["correct", "ID"], "Choose a sentence"),
        (["correct", "ID", "--ready", "wrong_street"], "Add which street"),
        (["correct", "ID", "--ready", "never"], "false_alarm"),
        (["correct", "none", "--text", "Fout."], "no alert with this id"),
        (["close", "ID", "--outcome", "fine"], "police_came"),
        (["close", "ID", "--outcome", "harmless", "--text", "Dank u."], "--all-clear"),
        (["close", "ID", "--outcome", "harmless", "--all-clear", "--text", "Kevin Maes!"], "person_name"),
    ],
)
def test_a_command_that_cannot_be_done_names_the_cure_and_sends_nothing(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    alert = release(house, cast.fatima)
    all_sent(house)
    answer = shell(house, capsys, "alert", *[str(alert.id) if word == "ID" else word for word in words])
    assert answer.code == 2
    assert said in answer.err
    assert house.send_all() == 0
    with house.reading() as session:
        assert session.get_one(Alert, alert.id).state == "released"


def test_the_commands_know_the_same_sentences_and_outcomes() -> None:
    assert (commands._READY, commands._OUTCOMES) == (followups.READY, alerts.OUTCOMES)

