"""Ways in that somebody tried: each was open once."""

import re
from time import process_time

import pytest
from sqlalchemy import select

from tests.doors import form_on
from tests.house import Browser, Cast, House, content
from wabp import accounts, alerts, demo, drafts, groups
from wabp.errors import WrongState
from wabp.models import Alert, Membership, Report

HIDDEN = [
    "Pas op voor Ja*n Pee*ters, hij steelt.",
    "pas op voor jan   peeters, hij   is de dief",
    "Pas op voor Jan\nPeeters, hij is de dief.",
    "Bel naar 0470_12_34_56 als u hem ziet.",
    "Pas op voor J~an Peet~ers.",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_marks_that_no_phone_shows_hide_nothing(light_house: House, light_cast: Cast, text: str) -> None:
    with light_house.writing() as session:
        actor = light_cast.fatima.actor
        group = groups.by_slug(session, actor, "molenwijk")
        alert = drafts.draft(session, actor, group, content(text=text), now=light_house.clock())
        released = alerts.release(session, actor, alert, now=light_house.clock())
        session.commit()
        assert released.stopped is not None
        assert released.stopped.stopped_by == "refused"
    assert light_house.send_all() == 0


@pytest.mark.parametrize("text", HIDDEN)
def test_the_offered_words_for_a_hidden_name_may_be_sent(light_house: House, light_cast: Cast, text: str) -> None:
    browser = light_house.browser(light_cast.fatima)
    page = browser.compose("molenwijk", "accept_rewrite", kind="info", category="other", text=text)
    assert page.status_code == 200
    offered = form_on(page)["text"]
    assert "eeters" not in offered
    assert "0470" not in offered


def test_a_draft_that_leaves_while_somebody_edits_it_leaves_as_it_was_checked(house: House, cast: Cast) -> None:
    now = house.clock()
    with house.writing() as session:
        group = groups.by_slug(session, cast.fatima.actor, "molenwijk")
        alert_id = drafts.draft(session, cast.fatima.actor, group, content(), now=now).id
        session.commit()
    with house.reading() as looking:
        seen_by_luc = alerts.get(looking, cast.luc.actor, alert_id)
        assert not seen_by_luc.is_sent
    with house.writing() as session:
        alert = alerts.get(session, cast.fatima.actor, alert_id)
        assert alerts.release(session, cast.fatima.actor, alert, now=now).stopped is None
        session.commit()
    with house.writing() as session:
        alert = session.get_one(Alert, alert_id)
        with pytest.raises(WrongState):
            drafts.edit(session, cast.luc.actor, alert, content(text="Jan Peeters is de dief."), now=now)
        session.rollback()
    house.send_all()
    assert not any("Peeters" in message.body for message in house.phones.messages)


def test_a_text_that_repeats_itself_is_answered_at_once(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser(light_cast.fatima)
    began = process_time()
    page = browser.compose("molenwijk", "check", kind="info", category="other", text="Jan Peeters steelt. " * 10_000)
    assert page.status_code == 200
    assert process_time() - began < 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "wabp.example.be"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"Via": "1.1 proxy"},
    ],
    ids=str,
)
def test_what_a_proxy_passes_on_finds_no_demo_sign_in_and_no_phones(
    light_house: House, light_cast: Cast, headers: dict[str, str]
) -> None:
    with light_house.writing() as session:
        demo.load(session, members=3, quiet="none", now=light_house.clock())
        session.commit()
        [who, *_others] = [str(row.id) for row, _role, _name in accounts.demo_people(session)]
    browser = Browser(light_house)
    assert who in browser.client.get("/sign-in").text
    passed_on = browser.client.get("/sign-in", headers=headers)
    assert passed_on.status_code == 200
    assert who not in passed_on.text
    form = {"csrf_token": re.findall(r'name="csrf_token" value="([^"]+)"', passed_on.text)[0], "who": who}
    assert browser.client.post("/sign-in", data=form, headers=headers).status_code == 404
    for path in ("/simulator", "/simulator/1"):
        assert browser.client.get(path, headers=headers).status_code == 404
    assert browser.post("/sign-in", who=who).status_code == 303


@pytest.mark.parametrize("text", ["STOP\n\nVerzonden vanaf mijn telefoon", "Stop Molenwijk", "molenwijk stop aub"])
def test_stop_with_a_signature_or_the_name_of_the_group_is_stop(house: House, cast: Cast, text: str) -> None:
    house.say(cast.an.number, text)
    with house.reading() as session:
        state = session.scalar(select(Membership.state).where(Membership.person_id == cast.an.id))
        reports = session.scalars(select(Report)).all()
    assert state == "left"
    assert not reports


def test_sixty_reports_buzz_the_coordinator_four_times(light_house: House, light_cast: Cast) -> None:
    for number in range(60):
        light_house.say(light_cast.an.number, f"Ik zie iemand aan nummer {number}")
    light_house.send_all()
    assert len(light_house.phones.of(light_cast.fatima.number)) == 4
    assert len(light_house.phones.of(light_cast.an.number)) == 4
