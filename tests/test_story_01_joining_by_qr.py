"""Story 01, on the phone: Marie scans the poster in the Kerkdreef, joins, and reads French from then on."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import doors
from tests.house import Cast, House, Somebody, release
from tests.joining import Phone, admit, page, request_id, requests, standing
from wabp import groups, joining, reverse_codes
from wabp.errors import NotThere
from wabp.models import Address, AuditEvent, Consent, Group, Membership, Person

MARIE, OTHER = "+32470000020", "+32470000029"


@pytest.fixture
def marie(house: House, cast: Cast) -> Phone:
    """Marie's phone, on Tuesday 12 January 2027 at seven in the evening."""
    house.clock.at("19:02")
    return Phone(house, MARIE)


@pytest.fixture
def fatima(house: House, cast: Cast) -> Phone:
    return Phone(house, cast.fatima.number)


def code_on_page(house: House, browser: str = "one browser", slug: str = "molenwijk") -> str:
    """Return the letters that the group's page shows to a browser."""
    with page(house, slug) as (session, group):
        return reverse_codes.issue(
            session, "join", group, life=reverse_codes.JOIN_LIFE, browser=browser, now=house.clock()
        ).letters


def is_linked(house: House, browser: str = "one browser") -> bool:
    with page(house) as (session, group):
        shown = reverse_codes.of_browser(session, "join", group, browser, now=house.clock())
        return shown is not None and shown.used


def test_marie_joins_in_three_messages_and_is_admitted(house: House, cast: Cast, marie: Phone, fatima: Phone) -> None:
    # 19:02
    consent = marie.says("Meedoen molenwijk")
    assert consent.startswith("Molenwijk stuurt een kort bericht als er iets gebeurt in uw straat.")
    for words in ("coordinator", "/g/molenwijk", "18 jaar of ouder", "woont of werkt", "STOP", "JA"):
        assert words in consent
    assert "Fatima" not in consent
    # 19:03
    house.clock.at("19:03")
    streets = marie.says("ja hoor")
    assert streets.split("\n")[1:] == ["1 Molenstraat", "2 Kerkdreef", "3 Vaartkant", "4 geen van deze"]
    assert fatima.hears() == [], "nobody is told before there is something to decide"
    waiting = marie.says("2")
    assert waiting.startswith("Uw aanvraag voor Molenwijk is bij de coordinator.")
    [told] = fatima.hears()
    assert told.startswith("Molenwijk: iemand wil meedoen.")
    assert told.endswith("/groups/molenwijk/residents")
    assert MARIE not in told
    # An alert meanwhile is not for her.
    release(house, cast.fatima, called_at="19:01")
    assert marie.hears() == []
    # 19:10
    house.clock.at("19:10")
    [request] = requests(house, cast.fatima.actor)
    assert (request.street, request.channel, request.language) == ("Kerkdreef", "whatsapp", "nl")
    assert request.since == house.clock() - timedelta(minutes=7)
    admit(house, cast)
    [welcome] = marie.hears()
    assert welcome.startswith("Welkom bij Molenwijk!")
    for words in ("meldt", "NACHT UIT", "TAAL", "STOP", "101", "112"):
        assert words in welcome
    assert requests(house, cast.fatima.actor) == []
    # 19:11
    house.clock.at("19:11")
    assert marie.says("TAAL FR").startswith("C'est noté")
    # 19:12
    assert marie.says("MEEDOEN MOLENWIJK").startswith("Vous faites déjà partie de Molenwijk.")
    assert standing(house, MARIE) == ({"molenwijk": "active"}, 1)
    house.clock.at("21:06")
    release(house, cast.fatima)
    [alert] = marie.hears()
    assert "101 appelé à 21:04, ne rappelez pas" in alert


def test_one_person_is_left_with_a_sealed_number_one_consent_and_an_audit_of_ids(
    house: House, cast: Cast, marie: Phone
) -> None:
    house.clock.at("19:03")
    marie.joins()
    house.clock.at("19:10")
    admit(house, cast)
    with house.reading() as session:
        address = groups.person_at(session, "phone", MARIE)
        assert address is not None
        assert len(session.scalars(select(Address).where(Address.person_id == address.person_id)).all()) == 1
        [consent] = session.scalars(select(Consent).where(Consent.person_id == address.person_id)).all()
        [membership] = session.scalars(select(Membership).where(Membership.person_id == address.person_id)).all()
        assert (consent.means, consent.given_at) == ("whatsapp", house.clock() - timedelta(minutes=7))
        assert consent.text_version == groups.rulebook_of(membership.group).version
        assert (membership.number, membership.role, membership.street.name) == (8, "member", "Kerkdreef")
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.act == "admitted")).all()
        assert (event.actor, event.actor_id, event.noun_id) == ("person", cast.fatima.id, membership.id)
        assert event.detail is None
        assert address.person.zone_id == membership.group.zone_id
        assert groups.registry(session, cast.claes.actor)[0].members == 8
    assert MARIE.removeprefix("+") not in doors.loot(house)


def test_the_change_of_language_is_written_down(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    admit(house, cast)
    marie.hears()
    marie.says("TAAL FR")
    with house.reading() as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.act == "language_changed")).all()
        person = session.get_one(Person, event.noun_id)
        assert (event.actor_id, person.language) == (person.id, "fr")


# ---- the four letters of the page ----


def test_the_letters_tie_page_and_phone_and_nothing_more(house: House, cast: Cast, marie: Phone) -> None:
    letters = code_on_page(house)
    assert not is_linked(house)
    assert marie.says(f"MEEDOEN MOLENWIJK {letters}").startswith("Molenwijk stuurt een kort bericht")
    assert is_linked(house)
    assert standing(house, MARIE) == ({}, 0), "the letters sign nobody in and admit nobody"


def test_another_phone_that_sends_the_letters_later_goes_on_without_them(
    house: House, cast: Cast, marie: Phone
) -> None:
    letters = code_on_page(house)
    marie.says(f"MEEDOEN MOLENWIJK {letters}")
    answer = Phone(house, OTHER).says(f"meedoen molenwijk {letters.lower()}")
    assert answer.startswith("Die code is gebruikt of te oud; u hebt ze niet nodig. Molenwijk stuurt")
    assert "JA" in answer


def test_after_half_an_hour_the_letters_are_old_and_the_join_goes_on(house: House, cast: Cast, marie: Phone) -> None:
    letters = code_on_page(house)
    house.clock.forward(minutes=31)
    answer = marie.says(f"REJOINDRE MOLENWIJK {letters}")
    assert answer.startswith("Ce code a servi ou est trop vieux ; pas besoin. Molenwijk envoie")
    assert not is_linked(house)
    assert marie.says("oui").startswith("Où habitez")


def test_letters_of_another_groups_page_are_left_for_that_group(house: House, cast: Cast, marie: Phone) -> None:
    letters = code_on_page(house, slug="dijklaan")
    assert marie.says(f"MEEDOEN MOLENWIJK {letters}").startswith("Die code is gebruikt of te oud")
    assert Phone(house, OTHER).says(f"MEEDOEN DIJKLAAN {letters}").startswith("Dijklaan stuurt")


def test_the_letters_say_which_group_was_meant_when_its_name_is_mistyped(
    house: House, cast: Cast, marie: Phone
) -> None:
    letters = code_on_page(house)
    assert marie.says(f"MEEDOEN MOLEWIJK {letters}").startswith("Molenwijk stuurt")


def test_the_letters_alone_are_enough_and_old_ones_alone_are_answered(
    house: House, cast: Cast, marie: Phone
) -> None:
    letters = code_on_page(house)
    assert marie.says(letters).startswith("Molenwijk stuurt")
    answer = Phone(house, OTHER).says(letters)
    assert answer.startswith("Die code is gebruikt of te oud")
    assert "Stuur MEEDOEN en de naam van uw groep." in answer


def test_a_strangers_letters_sent_by_marie_enrol_marie_and_give_the_stranger_nothing(
    house: House, cast: Cast, marie: Phone
) -> None:
    stranger = house.browser()
    letters = re.findall(r"MOLENWIJK ([B-Z]{4})", stranger.get("/g/molenwijk").text)[0]
    marie.says(f"MEEDOEN MOLENWIJK {letters}")
    marie.says("ja")
    marie.says("2")
    admit(house, cast)
    assert standing(house, MARIE) == ({"molenwijk": "active"}, 1)
    shown = stranger.get("/g/molenwijk").text
    assert MARIE not in shown
    assert "70000020" not in re.sub(r"\D", "", shown)
    assert stranger.get("/groups/molenwijk").status_code in {302, 303, 404}
    assert stranger.get("/groups/molenwijk/residents").status_code in {302, 303, 404}


# ---- who decides ----


def test_only_who_coordinates_the_group_sees_and_decides_requests(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    wanted = request_id(house, cast.fatima.actor)
    strangers: tuple[Somebody, ...] = (cast.an, cast.willem, cast.claes, cast.de_smet, cast.officer_elsewhere)
    with house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        for who in strangers:
            with pytest.raises(NotThere):
                joining.requests(session, who.actor, group)
            with pytest.raises(NotThere):
                joining.waiting_count(session, who.actor, group)
            with pytest.raises(NotThere):
                joining.admit(session, who.actor, wanted, now=house.clock())
            with pytest.raises(NotThere):
                joining.refuse(session, who.actor, wanted, reason="neen, neen", tell=True, now=house.clock())
            with pytest.raises(NotThere):
                joining.ask(session, who.actor, wanted, "Waar woont u?", now=house.clock())
        assert joining.waiting_count(session, cast.luc.actor, group) == 1
