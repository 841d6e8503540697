"""What somebody gets who writes to the group's number: logs of phones, from STOP to a stranger's hello."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests import doors
from tests.house import ACCOUNT, SMS, WA, Cast, House, Somebody, release
from tests.traffic import add_row, change, inbound, memberships, on_sqlite, row, row_of, rows
from wabp import db, inbox, jobs
from wabp.gateway.hooks import SIGNATURE_HEADER, signature
from wabp.gateway.inbound import Inbound
from wabp.models import AuditEvent, Consent, InboundMessage, Membership, Person, Report, unseal

STRANGER, DUTCH_STRANGER, GERMAN_STRANGER = "+32400112233", "+31600112233", "+4915100112233"
HOOK = "/hooks/twilio/inbound"


def heard(house: House, number: str) -> list[str]:
    """Let everything be sent, and return what a phone got since it was last asked."""
    house.send_all()
    got = house.phones.of(number)
    house.phones.messages = [message for message in house.phones.messages if message.to != number]
    return got


def consents(house: House, who: Somebody) -> list[bool]:
    """Return of each consent of somebody, oldest first, whether it still holds."""
    with house.reading() as session:
        found = session.scalars(select(Consent).where(Consent.person_id == who.id).order_by(Consent.given_at))
        return [consent.withdrawn_at is None for consent in found]


def reports(house: House) -> list[Report]:
    """Return all reports, oldest first."""
    with house.reading() as session:
        found = session.scalars(select(Report).order_by(Report.created_at, Report.id)).all()
        session.expunge_all()
        return list(found)


def at_once(house: House, calls: list[Callable[[], TestResponse]]) -> list[int]:
    """Make calls at the same moment, each in a thread of its own. Returns their answers' codes."""
    gate = Barrier(len(calls))

    def make(call: Callable[[], TestResponse]) -> int:
        gate.wait(timeout=10)
        return call().status_code

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


# ---- STOP ----

STOPS = [
    ("an", "whatsapp", "STOP", "U krijgt geen berichten meer van Molenwijk", "Bel 101"),
    ("an", "sms", "stop maar, dank u", "U krijgt geen berichten meer van Molenwijk", "Bel 101"),
    ("an", "whatsapp", "Gelieve mij uit te schrijven a.u.b.", "U krijgt geen berichten", "Bel 101"),
    ("godelieve", "sms", "Geen berichten meer a.u.b.", "U krijgt geen berichten meer", "Bel 101"),
    ("jean", "whatsapp", "Arrêtez s'il vous plaît", "Vous ne recevez plus de messages de Molenwijk", "Appelez le 101"),
    ("jean", "sms", "Plus de messages SVP !", "Vous ne recevez plus de messages de Molenwijk", "Appelez le 101"),
    ("priya", "whatsapp", "please stop texting me", "You get no more messages from Molenwijk", "Call 101"),
    ("priya", "sms", "Unsubscribe", "You get no more messages from Molenwijk", "Call 101"),
    ("heinz", "sms", "Bitte keine Nachrichten mehr", "Sie bekommen keine Nachrichten mehr von Molenwijk", "Rufen"),
    ("heinz", "whatsapp", "abmelden", "Sie bekommen keine Nachrichten mehr von Molenwijk", "Rufen"),
]


@on_sqlite
@pytest.mark.parametrize(("who", "channel", "words", "confirmation", "emergency"), STOPS)
def test_who_says_stop_in_their_own_words_is_told_once_in_their_language_how_to_come_back_and_whom_to_call(
    house: House, cast: Cast, who: str, channel: str, words: str, confirmation: str, emergency: str
) -> None:
    person: Somebody = getattr(cast, who)
    assert house.say(person.number, words, channel).status_code == 200
    house.send_all()
    [message] = house.phones.messages
    assert (message.to, message.channel) == (person.number, channel)
    assert message.body.startswith(confirmation)
    assert "START" in message.body
    assert "30" in message.body
    assert emergency in message.body
    assert "112" in message.body
    assert memberships(house, person) == {"molenwijk": "left"}
    assert consents(house, person) == [False]
    release(house, cast.fatima)
    assert house.send_all() == 6
    assert heard(house, person.number) == [message.body]


@on_sqlite
def test_stop_by_the_providers_own_word_is_stop_whatever_the_text_says(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "ARRET", "sms", OptOutType="STOP")
    assert memberships(house, cast.an) == {"molenwijk": "left"}


def test_a_second_stop_on_the_same_day_is_silent(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "STOP")
    assert len(heard(house, cast.an.number)) == 1
    house.clock.forward(hours=5)
    house.say(cast.an.number, "Stop!", "sms")
    assert heard(house, cast.an.number) == []
    house.clock.forward(hours=24)
    house.say(cast.an.number, "STOP")
    [answer] = heard(house, cast.an.number)
    assert "bij geen enkele buurtgroep" in answer
    assert "101" in answer


def test_two_stops_at_the_same_moment_are_confirmed_once(house: House, cast: Cast) -> None:
    codes = at_once(
        house,
        [lambda: house.say(cast.an.number, "STOP"), lambda: house.say(cast.an.number, "stop aub", "sms")] * 3,
    )
    assert codes == [200] * 6
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    assert len(heard(house, cast.an.number)) == 1
    assert consents(house, cast.an) == [False]


def test_stop_ends_what_still_waits_and_nothing_of_anybody_else(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.say(cast.an.number, "STOP")
    assert (row_of(house, alert, cast.an).state, row_of(house, alert, cast.an).reason) == ("skipped", "stopped")
    assert house.send_all() == 7, "six copies and the confirmation"
    assert [body[:24] for body in house.phones.of(cast.an.number)] == ["U krijgt geen berichten "]


def test_stop_while_an_alert_is_half_sent_reaches_exactly_the_copies_that_had_not_left(
    house: House, cast: Cast
) -> None:
    alert = release(house, cast.fatima)
    house.send_some("whatsapp", 3)
    before = {message.to for message in house.phones.messages}
    assert before == {cast.fatima.number, cast.luc.number, cast.an.number}
    house.say(cast.an.number, "STOP")
    house.say(cast.jean.number, "STOP")
    house.send_all()
    assert row_of(house, alert, cast.an).state == "accepted"
    assert row_of(house, alert, cast.jean).state == "skipped"
    assert len(house.phones.of(cast.an.number)) == 2
    assert len(house.phones.of(cast.jean.number)) == 1
    house.receipt(house.phones.messages[2], "delivered")
    assert row_of(house, alert, cast.an).state == "delivered"


def test_stop_ends_all_groups_and_names_them(house: House, cast: Cast) -> None:
    with house.writing() as session:
        dike = session.scalars(select(Membership).where(Membership.person_id == cast.noor.id)).one().group_id
        session.add(
            Membership(group_id=dike, person_id=cast.an.id, number=9, joined_at=house.clock(), role="member")
        )
        session.commit()
    house.say(cast.an.number, "STOP")
    [answer] = heard(house, cast.an.number)
    assert "Molenwijk" in answer
    assert "Dijklaan" in answer
    assert memberships(house, cast.an) == {"molenwijk": "left", "dijklaan": "left"}


@on_sqlite
def test_a_report_that_happens_to_hold_the_word_is_a_report(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "Er stopt al de hele dag een wit busje")
    assert memberships(house, cast.an) == {"molenwijk": "active"}
    [answer] = heard(house, cast.an.number)
    assert "STOP" in answer
    assert len(reports(house)) == 1


@on_sqlite
def test_a_coordinator_can_stop_as_well(house: House, cast: Cast) -> None:
    house.say(cast.fatima.number, "stop")
    assert memberships(house, cast.fatima) == {"molenwijk": "left"}
    assert len(heard(house, cast.fatima.number)) == 1


# ---- START ----


def test_start_within_thirty_days_gives_the_same_membership_back(house: House, cast: Cast) -> None:
    house.say(cast.jean.number, "STOP")
    heard(house, cast.jean.number)
    house.clock.forward(days=29, hours=23)
    house.say(cast.jean.number, "Start svp")
    [answer] = heard(house, cast.jean.number)
    assert answer.startswith("Vous revoilà dans Molenwijk")
    assert memberships(house, cast.jean) == {"molenwijk": "active"}
    assert consents(house, cast.jean) == [False, True]
    house.clock.at("21:06")
    release(house, cast.fatima)
    house.send_all()
    assert len(house.phones.of(cast.jean.number)) == 1


def test_start_after_thirty_days_restores_nothing(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "STOP")
    heard(house, cast.an.number)
    house.clock.forward(days=30)
    house.say(cast.an.number, "START")
    [answer] = heard(house, cast.an.number)
    assert "nummer van een buurtgroep" in answer
    assert memberships(house, cast.an) == {"molenwijk": "left"}
    assert consents(house, cast.an) == [False]


@on_sqlite
@pytest.mark.parametrize("sanction", ["suspended", "removed"])
def test_start_does_not_lift_a_sanction(house: House, cast: Cast, sanction: str) -> None:
    with house.writing() as session:
        session.scalars(select(Membership).where(Membership.person_id == cast.an.id)).one().state = sanction
        session.commit()
    house.say(cast.an.number, "STOP")
    house.say(cast.an.number, "START")
    assert memberships(house, cast.an) == {"molenwijk": sanction}


def test_of_start_stop_start_the_last_word_holds(house: House, cast: Cast) -> None:
    for words in ("START", "STOP", "START", "STOP", "START"):
        house.say(cast.an.number, words)
    assert memberships(house, cast.an) == {"molenwijk": "active"}
    assert consents(house, cast.an).count(True) == 1


@on_sqlite
def test_who_is_in_and_says_start_hears_that_they_are_in(house: House, cast: Cast) -> None:
    house.say(cast.priya.number, "start")
    [answer] = heard(house, cast.priya.number)
    assert answer.startswith("You are already in Molenwijk")
    assert consents(house, cast.priya) == [True]


# ---- strangers ----

HELLOS = [
    (STRANGER, "Hallo, hoe kan ik lid worden van de groep in mijn straat?", "Dit is het nummer van een", "Bel 101"),
    (STRANGER, "Bonjour, qui est dans ce groupe de la rue ?", "Ceci est le numéro d'un groupe", "Appelez le 101"),
    (STRANGER, "Hello, what is this number and who are you?", "This is the number of a", "Call 101"),
    (STRANGER, "Guten Tag, wer sind Sie und was ist das für eine Gruppe?", "Das ist die Nummer einer", "Rufen Sie 101"),
    (DUTCH_STRANGER, "Hallo, hoe kan ik lid worden van de groep in mijn straat?", "Dit is het nummer", "Bel 112"),
    (DUTCH_STRANGER, "Hello, what is this number and who are you?", "This is the number of a", "Call 112"),
    (GERMAN_STRANGER, "Guten Tag, was ist das für eine Gruppe?", "Das ist die Nummer einer", "Rufen Sie 101"),
]


@on_sqlite
@pytest.mark.parametrize(("number", "words", "answer", "emergency"), HELLOS)
@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_a_stranger_gets_one_helpful_answer_a_day_in_their_language_with_the_line_of_their_country(
    house: House, channel: str, number: str, words: str, answer: str, emergency: str
) -> None:
    house.say(number, words, channel)
    house.say(number, "???", channel)
    house.send_all()
    house.clock.forward(hours=12)
    house.say(number, words, channel)
    house.send_all()
    [message] = house.phones.messages
    assert (message.to, message.channel) == (number, channel)
    assert message.body.startswith(answer)
    assert emergency in message.body
    assert ("101" in message.body) is (number != DUTCH_STRANGER)
    house.clock.forward(hours=12, seconds=1)
    house.say(number, words, channel)
    assert len(heard(house, number)) == 2


@on_sqlite
def test_a_stranger_known_by_a_user_id_alone_is_answered_by_whatsapp(house: House) -> None:
    house.say("BE.1a2b3c4d", "Hallo, hoe kan ik lid worden?", ExternalUserId="BE.1a2b3c4d")
    [answer] = heard(house, "BE.1a2b3c4d")
    assert answer.startswith("Dit is het nummer van een buurtgroep")


@on_sqlite
def test_a_strangers_reaction_is_not_answered(house: House) -> None:
    house.say(STRANGER, "👍", MessageType="reaction")
    assert house.send_all() == 0


@on_sqlite
def test_a_stranger_who_says_stop_hears_once_that_there_is_nothing_to_stop(house: House) -> None:
    house.say(STRANGER, "STOP", "sms")
    house.say(STRANGER, "STOP", "sms")
    [answer] = heard(house, STRANGER)
    assert answer.startswith("U bent bij geen enkele buurtgroep")


def test_of_a_stranger_nothing_is_left_after_a_day_of_silence(house: House, cast: Cast) -> None:
    before = doors.rows(house)
    for words in ("Hallo, wie is dit?", "STOP", "Hallo?"):
        house.say(STRANGER, words)
    house.deliver_everything()
    house.send_all()
    house.deliver_everything()
    house.clock.forward(hours=23, minutes=59)
    jobs.forget_strangers(house.services)
    assert len(inbound(house)) == 3
    house.clock.forward(minutes=2)
    jobs.forget_strangers(house.services)
    after = doors.rows(house)
    assert {name for name in after if after[name] != before[name]} == {"audit_event"}
    with house.reading() as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.act == "forgot"))
        assert (event.actor, event.noun_id, event.detail) == ("system", None, "strangers 1")
    jobs.forget_strangers(house.services)
    assert doors.rows(house) == after


def test_a_stranger_who_wrote_under_an_earlier_key_is_forgotten_whole(house: House) -> None:
    newer = house.settings.data_keys
    older = House(house.settings.database_url, house.folder, house.clock(), WABP_DATA_KEYS="B" * 43)
    older.say(STRANGER, "Hallo, wie is dit?")
    older.close()
    both = House(house.settings.database_url, house.folder, house.clock(), WABP_DATA_KEYS="A" * 43 + "," + "B" * 43)
    assert both.settings.data_keys[0] == newer[0]
    both.say(STRANGER, "Hallo, nog iemand?", MessageSid="SM" + "2" * 32)
    assert len(inbound(both)) == 2
    both.clock.forward(hours=25)
    jobs.forget_strangers(both.services)
    assert inbound(both) == []
    assert rows(both) == []
    both.close()


def test_members_are_not_forgotten_with_the_strangers(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "STOP")
    house.clock.forward(days=3)
    jobs.forget_strangers(house.services)
    assert memberships(house, cast.an) == {"molenwijk": "left"}


# ---- reports ----


def test_a_report_is_answered_once_and_the_coordinator_gets_a_link_without_the_words(
    house: House, cast: Cast
) -> None:
    house.say(cast.an.number, "Iemand voelt aan de deuren in de Molenstraat, grijze trui")
    house.send_all()
    answer, notice = sorted(house.phones.messages, key=lambda message: message.to)
    assert (answer.to, notice.to) == (cast.an.number, cast.fatima.number)
    assert answer.body.startswith("Uw melding is bij de coordinator. Niemand leest dit dag en nacht.")
    assert "Bel 101 (politie) of 112" in answer.body
    [report] = reports(house)
    link = f"{house.settings.public_url}/reports/{report.id}"
    assert notice.body == f"Molenwijk: er is een nieuwe melding. Lees ze hier: {link}"
    with house.reading() as session:
        assert unseal(session, session.get_one(Report, report.id), "body").startswith("Iemand voelt aan de deuren")


@on_sqlite
def test_a_report_of_the_coordinator_is_told_to_the_deputy(house: House, cast: Cast) -> None:
    house.say(cast.fatima.number, "Er ligt glas op de Vaartkant")
    house.send_all()
    assert [message.to for message in house.phones.messages] == [cast.fatima.number, cast.luc.number]
    assert house.phones.of(cast.luc.number)[0].startswith("Molenwijk : il y a un nouveau signalement")


@on_sqlite
def test_when_the_coordinator_cannot_be_reached_the_deputy_is_told(house: House, cast: Cast) -> None:
    change(house, cast.fatima, dead_at=house.clock())
    house.say(cast.an.number, "Er ligt glas op de Vaartkant")
    house.send_all()
    assert {message.to for message in house.phones.messages} == {cast.an.number, cast.luc.number}


@on_sqlite
def test_in_the_netherlands_the_answer_to_a_report_names_112_alone(house: House, cast: Cast) -> None:
    house.say(cast.noor.number, "Er loopt iemand door de achtertuinen")
    [answer] = heard(house, cast.noor.number)
    assert "Bel 112." in answer
    assert "101" not in answer


def test_the_fourth_report_in_an_hour_gets_another_answer_and_the_fifth_none_and_all_are_kept(
    house: House, cast: Cast
) -> None:
    answers = []
    for number in range(1, 7):
        house.say(cast.an.number, f"Nu al {number} keer aangebeld")
        answers += heard(house, cast.an.number)
        house.clock.forward(minutes=5)
    assert [answer[:8] for answer in answers] == ["Uw meldi"] * 3 + ["We krege"]
    assert "101" in answers[3]
    assert len(reports(house)) == 6
    house.clock.forward(hours=1)
    house.say(cast.an.number, "En nu weer")
    assert heard(house, cast.an.number)[0].startswith("Uw melding")


@on_sqlite
def test_pictures_are_not_opened_and_the_answer_says_where_they_belong(house: House, cast: Cast) -> None:
    media = {"NumMedia": "1", "MediaUrl0": "https://media.example/secret-picture", "MediaContentType0": "image/jpeg"}
    house.say(cast.an.number, "Kijk", **media)
    [answer] = heard(house, cast.an.number)
    assert "openen we niet: geef ze aan de politie" in answer
    assert [report.media_count for report in reports(house)] == [1]
    assert "secret-picture" not in doors.loot(house)


@on_sqlite
def test_a_picture_without_a_word_is_a_report_too(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "", NumMedia="2", MediaUrl0="https://media.example/1")
    assert [(report.media_count, report.body) for report in reports(house)] == [(2, None)]


@on_sqlite
@pytest.mark.parametrize(("words", "kind"), [("👍", "text"), ("🙏🏽", "text"), ("Top", "reaction"), ("!!!", "text")])
def test_a_reaction_leads_to_no_message_to_anybody(house: House, cast: Cast, words: str, kind: str) -> None:
    house.say(cast.an.number, words, MessageType=kind)
    assert house.send_all() == 0
    assert reports(house) == []


def test_a_report_soon_after_an_alert_is_about_it(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_all()
    house.clock.forward(minutes=119)
    house.say(cast.priya.number, "I saw them too, blue car")
    house.clock.forward(minutes=2)
    house.say(cast.priya.number, "And now it is quiet in the street")
    assert [(report.alert_id, report.language) for report in reports(house)] == [(alert.id, "en"), (None, "en")]


def test_a_quoted_reply_is_about_the_alert_that_it_quotes(house: House, cast: Cast) -> None:
    first = release(house, cast.fatima)
    house.send_all()
    quoted = house.phones.last(cast.an.number).provider_id
    house.clock.forward(minutes=1)
    second = release(house, cast.fatima, text="Iemand klimt over de muur aan de sluis.")
    house.send_all()
    house.clock.forward(hours=20)
    house.say(cast.an.number, "Die zag ik ook", OriginalRepliedMessageSid=quoted)
    house.say(cast.jean.number, "Moi aussi je les ai vus", OriginalRepliedMessageSid=quoted)
    assert [report.alert_id for report in reports(house)] == [first.id, None], "nobody quotes another one's copy"
    assert second.id != first.id


def test_a_report_in_the_morning_is_about_what_was_held_over_night(house: House, cast: Cast) -> None:
    with house.writing() as session:
        session.scalars(select(Membership)).first().group.quiet = "22:00-07:00"  # type: ignore[union-attr]
        session.commit()
    house.clock.at("22:30")
    info = {"kind": "info", "category": "prevention", "called": None, "called_at": None}
    alert = release(house, cast.fatima, text="Zondag wegenwerken in de Kerkdreef vanaf 8 uur.", **info)
    assert house.send_all() == 0
    house.clock.forward(hours=8, minutes=31)
    assert house.send_all() == 7
    house.clock.forward(minutes=9)
    house.say(cast.an.number, "Tot hoe laat duurt dat?")
    assert [report.alert_id for report in reports(house)] == [alert.id]


def test_an_alert_that_never_left_is_not_what_a_report_is_about(house: House, cast: Cast) -> None:
    release(house, cast.fatima)
    house.say(cast.an.number, "Er ligt glas op straat")
    assert [report.alert_id for report in reports(house)] == [None]


def test_writing_by_whatsapp_opens_free_text_for_a_day(house: House, cast: Cast) -> None:
    change(house, cast.an, window_from=None)
    house.say(cast.an.number, "Er ligt glas op straat", "sms")
    alert = release(house, cast.fatima)
    assert row_of(house, alert, cast.an).channel == "sms"
    house.say(cast.an.number, "Er ligt nog glas op straat")
    assert row_of(house, release(house, cast.fatima), cast.an).channel == "whatsapp"


# ---- once, whatever happens ----


def test_the_same_message_twice_has_one_effect_and_one_answer(house: House, cast: Cast) -> None:
    for _ in range(2):
        assert house.say(cast.an.number, "Er ligt glas op straat", MessageSid="SM" + "7" * 32).status_code == 200
    assert len(inbound(house)) == 1
    assert len(reports(house)) == 1
    assert len(heard(house, cast.an.number)) == 1


def test_the_same_message_twenty_times_at_once_has_one_effect_and_one_answer(house: House, cast: Cast) -> None:
    call = lambda: house.say(cast.an.number, "Er ligt glas op straat", MessageSid="SM" + "7" * 32)  # noqa: E731
    assert at_once(house, [call] * 20) == [200] * 20
    assert len(inbound(house)) == 1
    assert len(reports(house)) == 1
    assert len(heard(house, cast.an.number)) == 1
    assert len(heard(house, cast.fatima.number)) == 1


def test_a_stranger_who_sends_five_at_once_is_one_person_with_one_answer(house: House) -> None:
    at_once(house, [lambda: house.say(STRANGER, "Hallo, wie is dit?")] * 5)
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    jobs.handle_left_over(house.services)
    assert len(heard(house, STRANGER)) == 1
    assert all(message.handled_at for message in inbound(house))
    assert len(inbound(house)) == 5
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1


def keep(house: House, number: str, body: str, provider_id: str) -> None:
    """Store a message and die before it is handled."""
    with house.writing() as session:
        inbox.store(session, Inbound(provider_id, "whatsapp", "phone", number, body), now=house.clock())
        session.commit()


def test_a_message_that_was_stored_but_not_handled_is_handled_once_by_the_job(house: House, cast: Cast) -> None:
    keep(house, cast.an.number, "STOP", "SM" + "8" * 32)
    house.clock.forward(seconds=9)
    jobs.handle_left_over(house.services)
    assert memberships(house, cast.an) == {"molenwijk": "active"}, "the request may still be at it"
    house.clock.forward(seconds=2)
    jobs.handle_left_over(house.services)
    jobs.handle_left_over(house.services)
    house.say(cast.an.number, "STOP", MessageSid="SM" + "8" * 32)
    assert memberships(house, cast.an) == {"molenwijk": "left"}
    assert len(heard(house, cast.an.number)) == 1
    assert [message.handled_as for message in inbound(house)] == ["stop"]


def test_messages_left_over_are_handled_in_the_order_in_which_they_came(house: House, cast: Cast) -> None:
    keep(house, cast.an.number, "STOP", "SM" + "1" * 32)
    house.clock.forward(seconds=1)
    keep(house, cast.an.number, "START", "SM" + "2" * 32)
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    assert memberships(house, cast.an) == {"molenwijk": "active"}


def test_a_message_that_cannot_be_handled_does_not_stand_before_a_stop(
    house: House, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    keep(house, cast.an.number, "Er ligt glas", "SM" + "1" * 32)
    house.clock.forward(seconds=1)
    keep(house, cast.an.number, "STOP", "SM" + "2" * 32)
    with house.writing() as session:
        first, second = session.scalars(select(InboundMessage).order_by(InboundMessage.received_at))
        first.body = second.body
        session.commit()
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    assert memberships(house, cast.an) == {"molenwijk": "left"}
    assert "could not be handled" in caplog.text
    assert cast.an.number not in caplog.text


def test_a_job_and_a_request_that_handle_the_same_message_answer_once(house: House, cast: Cast) -> None:
    keep(house, cast.an.number, "STOP", "SM" + "8" * 32)
    [message] = inbound(house)

    def handle() -> None:
        with house.writing() as session:
            inbox.handle(session, message.id, public_url="https://watch.example", now=house.clock())
            session.commit()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(handle) for _ in range(6)]:
            done.result()
    assert len(heard(house, cast.an.number)) == 1


@on_sqlite
def test_stop_leaves_answers_on_their_way(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "Er ligt glas op straat")
    notice = add_row(house, cast.an)
    house.say(cast.an.number, "STOP")
    assert (row(house, notice).state, row(house, notice).reason) == ("skipped", "stopped")
    assert [answer[:8] for answer in heard(house, cast.an.number)] == ["Uw meldi", "U krijgt"]


# ---- what is not the provider's is not stored ----


def form(number: str = "+32470000001", **changes: str) -> list[tuple[str, str]]:
    """Return the form of one message."""
    fields = {
        "AccountSid": ACCOUNT,
        "MessageSid": "SM" + "3" * 32,
        "From": f"whatsapp:{number}",
        "To": f"whatsapp:{WA}",
        "Body": "STOP",
        "NumMedia": "0",
    }
    return [(name, value) for name, value in (fields | changes).items() if value]


def nothing_happened(house: House, cast: Cast) -> bool:
    return not inbound(house) and not rows(house) and memberships(house, cast.an) == {"molenwijk": "active"}


@on_sqlite
def test_json_is_no_form(house: House, cast: Cast) -> None:
    answer = house.app.test_client().post(HOOK, json=dict(form()))
    assert answer.status_code == 415
    assert nothing_happened(house, cast)


@on_sqlite
def test_five_megabytes_are_too_much(house: House, cast: Cast) -> None:
    assert house.hook(HOOK, form(Body="x" * 5_000_000)).status_code == 413
    assert nothing_happened(house, cast)


@on_sqlite
@pytest.mark.parametrize(
    "changes", [{"MessageSid": ""}, {"From": ""}, {"From": "whatsapp:"}, {"From": "Bank"}, {"Body": "x" * 5_000}]
)
def test_a_message_without_what_every_message_has_is_bad_input(
    house: House, cast: Cast, changes: dict[str, str]
) -> None:
    assert house.hook(HOOK, form(**changes)).status_code == 400
    assert nothing_happened(house, cast)


@on_sqlite
def test_another_account_is_refused(house: House, cast: Cast) -> None:
    assert house.hook(HOOK, form(AccountSid="AC" + "9" * 32)).status_code == 403
    assert house.hook(HOOK, form(AccountSid="")).status_code == 403
    assert nothing_happened(house, cast)


@on_sqlite
def test_another_token_is_refused(house: House, cast: Cast) -> None:
    assert house.hook(HOOK, form(), token="not-ours").status_code == 403
    assert house.hook(HOOK, form(), header="").status_code == 403
    assert nothing_happened(house, cast)


@on_sqlite
def test_a_form_that_was_changed_on_the_way_is_refused(house: House, cast: Cast) -> None:
    token = house.app.extensions["hook_tokens"][0]
    header = signature(f"{house.settings.public_url}{HOOK}", form(Body="Hallo"), token)
    assert house.hook(HOOK, form(Body="STOP"), header).status_code == 403
    assert house.hook(f"{HOOK}?x=1", form(Body="Hallo"), header).status_code == 403
    assert nothing_happened(house, cast)


@on_sqlite
def test_what_is_asked_for_and_not_posted_is_no_message(house: House, cast: Cast) -> None:
    client = house.app.test_client()
    token = house.app.extensions["hook_tokens"][0]
    header = signature(f"{house.settings.public_url}{HOOK}", [], token)
    assert client.get(HOOK, headers={SIGNATURE_HEADER: header}).status_code == 405
    assert client.put(HOOK, data=dict(form())).status_code == 405
    assert nothing_happened(house, cast)


@on_sqlite
def test_while_the_token_is_changed_both_sign_messages(house: House, cast: Cast) -> None:
    changing = House(
        house.settings.database_url,
        house.folder,
        house.clock(),
        WABP_GATEWAY="twilio",
        WABP_PUBLIC_URL="https://watch.example",
        WABP_TWILIO_ACCOUNT_SID=ACCOUNT,
        WABP_TWILIO_AUTH_TOKEN="newer,older",
        WABP_WHATSAPP_FROM=WA,
        WABP_SMS_FROM=SMS,
    )
    for token, code in (("newer", 200), ("older", 200), ("oldest", 403)):
        fields = form(MessageSid="SM" + token.encode().hex().ljust(32, "0"), Body=f"Er ligt glas, {token}")
        assert changing.hook(HOOK, fields, token=token).status_code == code
    assert len(inbound(changing)) == 2
    changing.close()


@pytest.mark.parametrize("body", ["\x00", "\ud83d", "\u202e\u200b", "{emergency} %s {0}", "' OR 1=1 --", "ÿ" * 4_000])
def test_odd_text_is_kept_as_a_report_or_as_nothing_and_never_fails(house: House, cast: Cast, body: str) -> None:
    assert house.say(cast.an.number, body.encode("utf-8", "replace").decode()).status_code == 200
    house.send_all()
    assert all("{" not in message.body for message in house.phones.messages)


def test_with_the_database_away_the_provider_hears_that_it_must_try_again(house: House, cast: Cast) -> None:
    with house.app.app_context():
        db.db.drop_all()
    assert house.say(cast.an.number, "STOP").status_code == 503


@on_sqlite
def test_two_houses_do_not_take_each_others_receipts_for_their_own(house: House, cast: Cast) -> None:
    row_id = add_row(house, cast.an)
    house.send_all()
    message = house.phones.last(cast.an.number)
    other = replace(message, callback_url=message.callback_url.replace("k=", "k=A"))
    assert house.receipt(other, "read").status_code == 403
    assert row(house, row_id).state == "accepted"
    assert timedelta(0) == house.clock() - row(house, row_id).updated_at


def test_a_report_in_a_group_that_nobody_runs_is_not_said_to_be_with_the_coordinator(
    light_house: House, light_cast: Cast
) -> None:
    for one in (light_cast.fatima, light_cast.luc):
        light_house.say(one.number, "STOP")
    heard(light_house, light_cast.an.number)
    light_house.say(light_cast.an.number, "Er is iets gaande aan de kerk")
    assert heard(light_house, light_cast.an.number) == [
        "Niemand leidt Molenwijk nu, dus niemand leest uw melding. Gebeurt het nu? Bel 101 (politie) of 112 "
        "(brandweer, ambulance). Vragen? Uw wijkinspecteur kan u helpen."
    ]
    assert len(reports(light_house)) == 1
