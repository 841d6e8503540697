"""When the provider shuts a lane: the operator hears of it once, and coordinators see what to do meanwhile."""

import logging
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import STORY_TIME
from tests.house import SMS, WA, Cast, House, add_cast, release
from tests.test_mail import Post, post as post
from tests.traffic import on_sqlite
from wabp import alarms, db, jobs, lanes, texts
from wabp.lanes import LaneName
from wabp.models import Account, seal

WHATSAPP_LANE, SMS_LANE = LaneName("whatsapp", WA), LaneName("sms", SMS)
DE_SMET = "desmet@leiebocht.example"


@pytest.fixture
def mailing(tmp_path: Path, post: Post) -> Iterator[House]:
    """The street of the stories, whose administrator has a mailbox."""
    made = House(f"sqlite:///{tmp_path / 'alarms.sqlite3'}", tmp_path, STORY_TIME, WABP_SMTP_URL=post.url)
    with made.app.app_context():
        db.db.create_all()
    cast = add_cast(made)
    with made.writing() as session:
        seal(session, session.get_one(Account, cast.de_smet.id), "email", DE_SMET)
        session.commit()
    yield made
    made.close()


def shut(house: House, *names: LaneName, code: int | None = 63007) -> None:
    """Let the provider refuse everything by these lanes."""
    with house.writing() as session:
        for name in names:
            lanes.stop(session, name, code, house.clock())
        session.commit()


def reopen(house: House, name: LaneName) -> None:
    """Let a message go through."""
    with house.writing() as session:
        assert lanes.reopen(session, name)
        session.commit()


def errors_in(caplog: pytest.LogCaptureFixture) -> list[tuple[str, object]]:
    """Return what the log says of lanes: their names and the provider's numbers."""
    return [(record.lane, record.code) for record in caplog.records if record.levelno == logging.ERROR]


# ---- the operator ----


def test_a_lane_that_was_shut_is_told_once_and_once_more_when_it_is_open(
    mailing: House, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    jobs.tell_operator(mailing.services)
    assert post.mails == []
    shut(mailing, WHATSAPP_LANE)
    for _ in range(3):
        jobs.tell_operator(mailing.services)
        mailing.clock.forward(seconds=10)
        # The provider says so again and again.
        shut(mailing, WHATSAPP_LANE)
    assert post.recipients == [DE_SMET]
    body = post.mails[0].get_content()
    assert post.mails[0]["Subject"] == "wabp: WhatsApp is dicht"
    for wanted in ("21:06", "63007", "Dringende berichten gaan ondertussen via sms"):
        assert wanted in body
    assert errors_in(caplog) == [("whatsapp/1", 63007)]

    reopen(mailing, WHATSAPP_LANE)
    for _ in range(2):
        jobs.tell_operator(mailing.services)
    assert [mail["Subject"] for mail in post.mails[1:]] == ["wabp: WhatsApp is weer open"]
    shut(mailing, WHATSAPP_LANE)
    jobs.tell_operator(mailing.services)
    assert len(post.mails) == 3


def test_what_was_shut_and_opened_before_anybody_was_told_is_not_told(mailing: House, post: Post) -> None:
    shut(mailing, WHATSAPP_LANE)
    reopen(mailing, WHATSAPP_LANE)
    jobs.tell_operator(mailing.services)
    assert post.mails == []


def test_when_nothing_goes_out_any_more_the_mail_says_to_call(mailing: House, post: Post) -> None:
    shut(mailing, WHATSAPP_LANE, SMS_LANE, code=20003)
    jobs.tell_operator(mailing.services)
    assert len(post.mails) == 2
    for mail in post.mails:
        assert "zelf moeten opbellen" in mail.get_content()
        assert "WABP_TWILIO_AUTH_TOKEN" in mail.get_content()


def test_a_mail_that_reached_nobody_is_sent_again(mailing: House, post: Post) -> None:
    shut(mailing, WHATSAPP_LANE)
    post.refuses = True
    jobs.tell_operator(mailing.services)
    assert post.mails == []
    post.refuses = False
    for _ in range(2):
        jobs.tell_operator(mailing.services)
    assert len(post.mails) == 1


def test_while_a_mail_is_on_its_way_another_scheduler_sends_none(mailing: House, post: Post) -> None:
    shut(mailing, WHATSAPP_LANE)
    meanwhile: list[int] = []

    def another_ticks() -> None:
        if not meanwhile:
            meanwhile.append(1)
            jobs.tell_operator(mailing.services)

    post.meanwhile = another_ticks
    jobs.tell_operator(mailing.services)
    assert meanwhile
    assert len(post.mails) == 1


def test_without_mail_it_stands_in_the_log(house: House, cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    shut(house, SMS_LANE, code=None)
    for _ in range(2):
        jobs.tell_operator(house.services)
    assert errors_in(caplog) == [("sms/1", None)]
    assert SMS not in caplog.text


def test_neither_log_nor_mail_names_a_number(mailing: House, post: Post, caplog: pytest.LogCaptureFixture) -> None:
    shut(mailing, WHATSAPP_LANE, SMS_LANE, code=None)
    jobs.tell_operator(mailing.services)
    said = caplog.text + "".join(mail.as_string() for mail in post.mails)
    for number in (WA, SMS):
        assert number.lstrip("+") not in said


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_mail_can_be_written_in_every_language(light_house: House, language: str) -> None:
    operator = alarms.Operator("", language, ZoneInfo("Europe/Brussels"))
    with light_house.writing() as session:
        for code in (None, 20003, 63007):
            lanes.stop(session, WHATSAPP_LANE, code, light_house.clock())
            subject, body = alarms.mail_of(session, alarms.Alarm(WHATSAPP_LANE, light_house.clock(), code), operator)
            assert "WhatsApp" in subject
            assert "{" not in subject + body
        subject, body = alarms.mail_of(session, alarms.Alarm(SMS_LANE, None, None), operator)
        assert "SMS" in subject


# ---- the coordinator ----


def board(house: House, cast: Cast, alert: object) -> str:
    return house.browser(cast.fatima).get(f"/alerts/{alert}").text


@on_sqlite
def test_on_an_ordinary_day_no_banner_stands_there(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    for page in (board(house, cast, alert.id), house.browser(cast.fatima).get("/groups/molenwijk").text):
        assert "does not work" not in page
        assert "werkt niet" not in page


@on_sqlite
def test_coordinators_see_which_channel_is_shut_since_when_and_how_far_the_alert_came(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_some("whatsapp", 2)
    house.clock.forward(minutes=1)
    shut(house, WHATSAPP_LANE)
    overview = house.browser(cast.fatima).get("/groups/molenwijk").text
    assert "WhatsApp werkt niet sinds 21:07." in overview
    assert "Dringende berichten gaan ondertussen via sms." in overview
    page = board(house, cast, alert.id)
    assert "WhatsApp werkt niet sinds 21:07." in page
    assert "Van dit bericht vertrokken er 2, 5 wachten." in page
    fragment = house.browser(cast.fatima).get(f"/alerts/{alert.id}/progress").text
    assert "WhatsApp werkt niet sinds 21:07." in fragment
    reopen(house, WHATSAPP_LANE)
    assert "werkt niet" not in board(house, cast, alert.id)


@on_sqlite
def test_when_everything_is_shut_they_are_told_to_call_people_themselves(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    shut(house, WHATSAPP_LANE, SMS_LANE, code=20003)
    page = board(house, cast, alert.id)
    assert "Er vertrekt niets sinds 21:06." in page
    assert "Bel mensen zelf op." in page
    assert "via sms" not in page


@on_sqlite
def test_without_sms_they_call_those_who_have_no_whatsapp(house: House, cast: Cast) -> None:
    shut(house, SMS_LANE)
    overview = house.browser(cast.fatima).get("/groups/molenwijk").text
    assert "Sms werkt niet sinds 21:06." in overview
    assert "Bel zelf wie geen WhatsApp heeft." in overview


def test_of_several_numbers_one_that_is_shut_is_called_that(tmp_path: Path) -> None:
    second = "+32400001820"
    numbers = {"WABP_WHATSAPP_FROM": f"{WA},{second}", "WABP_SMS_FROM": SMS}
    house = House(f"sqlite:///{tmp_path / 'w.sqlite3'}", tmp_path, STORY_TIME, **numbers)
    with house.app.app_context():
        db.db.create_all()
    cast = add_cast(house)
    shut(house, LaneName("whatsapp", second))
    overview = house.browser(cast.fatima).get("/groups/molenwijk").text
    assert "Een van onze nummers voor WhatsApp werkt niet sinds 21:06." in overview
    with house.reading() as session:
        assert alarms.label(lanes.ours(session), LaneName("whatsapp", second)) == "whatsapp/2"
        assert alarms.label(lanes.ours(session), LaneName("whatsapp", "+32400001899")) == "whatsapp/-"
    house.close()
