"""Joining in other orders: stopping half-way, returning, being put out, asking, deciding twice, limits, forgetting."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import select

from tests import doors
from tests.conftest import STORY_TIME
from tests.house import Cast, House, Somebody, add_cast, add_group, add_member, add_zone
from tests.joining import (
    Phone,
    add_kerkplein,
    admit,
    forget,
    group_state,
    kept,
    page,
    people,
    refuse,
    request_id,
    requests,
    set_state,
    standing,
    steps,
)
from tests.traffic import inbound, on_sqlite
from wabp import db, groups, jobs, joining, relay, reverse_codes, rules, segments, texts
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import AuditEvent, Group, Joining, Membership, Report, Zone

MARIE, TOM = "+32470000020", "+32470000022"


@pytest.fixture
def marie(house: House, cast: Cast) -> Phone:
    return Phone(house, MARIE)


def told(house: House, who: Somebody) -> list[str]:
    """Return what somebody's phone got since it was last looked at."""
    house.send_all()
    got = house.phones.of(who.number)
    house.phones.messages = [message for message in house.phones.messages if message.to != who.number]
    return got


# ---- stopping on the way ----


@pytest.mark.parametrize("said", [["MEEDOEN MOLEWIJK"], ["MEEDOEN MOLENWIJK"], ["MEEDOEN MOLENWIJK", "ja"]])
def test_stop_ends_the_dialogue_and_says_how_to_come_back(
    house: House, cast: Cast, marie: Phone, said: list[str]
) -> None:
    for text in said:
        marie.says(text)
    answer = marie.says("stop maar")
    assert answer.startswith("Uw aanvraag voor Molenwijk is gestopt.")
    assert "Stuur MEEDOEN MOLENWIJK." in answer
    assert (steps(house, MARIE), standing(house, MARIE)) == ({}, ({}, 0))
    assert not marie.says("ja"), "the question is gone, and one answer a day is enough for a stranger"


def test_stop_while_waiting_withdraws_the_request_and_the_coordinator_who_has_it_open_is_told(
    house: House, cast: Cast, marie: Phone
) -> None:
    marie.joins()
    wanted = request_id(house, cast.fatima.actor)
    assert marie.says("STOP MOLENWIJK").startswith("Uw aanvraag voor Molenwijk is gestopt.")
    assert not marie.says("stop"), "once is enough"
    assert requests(house, cast.fatima.actor) == []
    assert standing(house, MARIE) == ({}, 0)
    with page(house) as (session, _group), pytest.raises(WrongState) as refused:
        joining.admit(session, cast.fatima.actor, wanted, now=house.clock())
    assert "trok ze in" in refused.value.say("nl")
    house.clock.forward(hours=25)
    forget(house)
    assert kept(house, MARIE) is None


def test_who_stopped_half_way_may_join_again(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    marie.says("STOP")
    assert marie.joins("1").startswith("Uw aanvraag voor Molenwijk is bij de coordinator.")
    [request] = requests(house, cast.fatima.actor)
    assert (request.street, request.again) == ("Molenstraat", False)
    assert standing(house, MARIE) == ({}, 1)


def test_stop_of_a_member_on_the_way_into_another_group_ends_both(house: House, cast: Cast) -> None:
    add_kerkplein(house)
    an = Phone(house, cast.an.number)
    an.joins("1", "MEEDOEN KERKPLEIN")
    assert an.says("STOP").startswith("U krijgt geen berichten meer van Molenwijk.")
    assert standing(house, cast.an.number) == ({"molenwijk": "left"}, 0)
    assert steps(house, cast.an.number) == {"kerkplein": "ended"}


def test_no_ends_the_dialogue_kindly(house: House, cast: Cast, marie: Phone) -> None:
    marie.says("MEEDOEN MOLENWIJK")
    assert marie.says("nee dank u").startswith("Goed, u doet niet mee met Molenwijk.")
    assert steps(house, MARIE) == {}


@pytest.mark.parametrize("text", ["ja maar niet 's nachts", "wat kost dat?", "👍", "x" * 4_000, "\u202e", "{note}"])
def test_what_is_no_yes_agrees_to_nothing_and_asks_again(house: House, cast: Cast, marie: Phone, text: str) -> None:
    marie.says("MEEDOEN MOLENWIJK")
    assert marie.says(text).startswith("Meedoen met Molenwijk? Antwoord JA.")
    assert standing(house, MARIE) == ({}, 0)


def test_a_reaction_answers_no_question(house: House, cast: Cast, marie: Phone) -> None:
    marie.says("MEEDOEN MOLENWIJK")
    assert not marie.says("ja", MessageType="reaction")
    assert standing(house, MARIE) == ({}, 0)


# ---- coming back ----


def test_start_gives_the_membership_back_and_ends_a_request_that_waits(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    admit(house, cast)
    marie.hears()
    marie.says("STOP")
    marie.joins()
    assert standing(house, MARIE) == ({"molenwijk": "left"}, 1)
    assert marie.says("START").startswith("Welkom terug bij Molenwijk.")
    assert standing(house, MARIE) == ({"molenwijk": "active"}, 1)
    assert requests(house, cast.fatima.actor) == []


def test_who_joins_anew_keeps_the_number_in_the_group(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    admit(house, cast)
    marie.hears()
    marie.says("STOP")
    house.clock.forward(days=40)
    assert marie.joins("3").startswith("Uw aanvraag")
    admit(house, cast)
    with house.reading() as session:
        address = groups.person_at(session, "phone", MARIE)
        assert address is not None
        [membership] = session.scalars(select(Membership).where(Membership.person_id == address.person_id)).all()
        assert (membership.number, membership.state, membership.left_at) == (8, "active", None)
        assert (membership.street and membership.street.name, membership.joined_at) == ("Vaartkant", house.clock())
    assert standing(house, MARIE)[1] == 1


def test_a_coordinator_who_left_and_is_admitted_again_is_a_member(house: House, cast: Cast) -> None:
    luc = Phone(house, cast.luc.number)
    luc.says("STOP")
    luc.joins(keyword="REJOINDRE MOLENWIJK")
    admit(house, cast)
    with page(house) as (session, group):
        assert groups.role_in(session, cast.luc.actor, group) == "member"


@pytest.mark.parametrize("sanction", ["suspended", "removed"])
@pytest.mark.parametrize("words", ["MEEDOEN MOLENWIJK", "START", "JOIN Molenwijk please", "MEEDOEN MOLEWIJK"])
def test_who_is_put_out_is_refused_kindly_whichever_way_they_come_back(
    house: House, cast: Cast, sanction: str, words: str
) -> None:
    set_state(house, cast.an.number, sanction)
    answer = Phone(house, cast.an.number).says(words)
    assert "Molenwijk" in answer
    assert "wijkinspecteur" in answer or "district officer" in answer
    assert steps(house, cast.an.number) == {}
    assert standing(house, cast.an.number)[0] == {"molenwijk": sanction}


def test_who_is_put_out_while_waiting_elsewhere_in_name_only_is_not_admitted(house: House, cast: Cast) -> None:
    an = Phone(house, cast.an.number)
    an.says("STOP")
    an.joins()
    set_state(house, cast.an.number, "removed")
    wanted = request_id(house, cast.fatima.actor)
    with page(house) as (session, _group), pytest.raises(WrongState):
        joining.admit(session, cast.fatima.actor, wanted, now=house.clock())
    assert standing(house, cast.an.number)[0] == {"molenwijk": "removed"}


@pytest.mark.parametrize("said", [["MEEDOEN MOLEWIJK"], ["MEEDOEN MOLENWIJK"], ["MEEDOEN MOLENWIJK", "ja"]])
def test_who_is_put_out_between_two_questions_gets_no_further(
    house: House, cast: Cast, marie: Phone, said: list[str]
) -> None:
    marie.joins()
    admit(house, cast)
    marie.hears()
    marie.says("STOP")
    for text in said:
        marie.says(text)
    set_state(house, MARIE, "removed")
    assert marie.says("ja").startswith("U kunt nu niet meedoen met Molenwijk.")
    assert standing(house, MARIE) == ({"molenwijk": "removed"}, 0)
    assert steps(house, MARIE) == {}


def test_a_member_who_mistypes_the_own_group_is_in_already(house: House, cast: Cast) -> None:
    assert Phone(house, cast.an.number).says("MEEDOEN MOLEWIJK").startswith("U bent al lid van Molenwijk.")
    assert steps(house, cast.an.number) == {}


def test_stop_while_suspended_is_confirmed_once_and_the_end_of_the_sanction_brings_nobody_back(
    house: House, cast: Cast
) -> None:
    set_state(house, cast.an.number, "suspended")
    an = Phone(house, cast.an.number)
    assert an.says("STOP").startswith("U krijgt geen berichten meer van Molenwijk, ook niet")
    assert not an.says("STOP")
    with house.reading() as session:
        one = session.scalars(select(Membership).where(Membership.person_id == cast.an.id)).one()
        assert (one.state, one.left_at) == ("suspended", house.clock())
    assert standing(house, cast.an.number)[1] == 0
    an.says("START")
    assert standing(house, cast.an.number)[0] == {"molenwijk": "suspended"}


def test_the_others_are_told_once_when_a_coordinator_says_stop(house: House, cast: Cast) -> None:
    house.say(cast.fatima.number, "STOP")
    [notice] = told(house, cast.luc)
    assert notice.startswith("Molenwijk : un des coordinateurs est parti.")
    assert len(told(house, cast.fatima)) == 1
    house.say(cast.an.number, "STOP")
    assert told(house, cast.luc) == []
    house.say(cast.luc.number, "STOP")
    house.send_all()
    assert {message.to for message in house.phones.messages} == {cast.an.number, cast.luc.number}


# ---- a member of one group who joins another ----


def test_a_report_written_half_way_is_a_report(house: House, cast: Cast) -> None:
    add_kerkplein(house)
    an = Phone(house, cast.an.number)
    an.says("MEEDOEN KERKPLEIN")
    assert an.says("Er wordt nu ingebroken op nummer 9").startswith("Uw melding is bij de coordinator.")
    assert an.says("ja").startswith("Waar woont of werkt u?")
    assert an.says("Vaartkant, daar loopt iemand met een breekijzer rond").startswith("Uw melding")
    assert an.says("8").startswith("Waar woont of werkt u?")
    assert an.says("Kerkplein 3").startswith("Uw aanvraag voor Kerkplein")
    assert an.says("Er ligt glas op straat").startswith("Uw melding")
    with house.reading() as session:
        assert len(session.scalars(select(Report)).all()) == 3
    assert standing(house, cast.an.number) == ({"molenwijk": "active"}, 2)


def test_a_keyword_in_another_language_does_not_change_what_a_member_reads(house: House, cast: Cast) -> None:
    add_kerkplein(house)
    assert Phone(house, cast.jean.number).says("MEEDOEN KERKPLEIN").startswith("Kerkplein envoie un court message")


# ---- languages ----


def test_another_language_half_way_puts_the_question_once_more_in_it(house: House, cast: Cast, marie: Phone) -> None:
    marie.says("MEEDOEN MOLENWIJK")
    assert marie.says("TAAL DE").startswith("Ab jetzt auf Deutsch. Molenwijk sendet eine kurze Nachricht")
    assert marie.says("SPRACHE klingonisch").startswith("Welche Sprache?")
    assert marie.says("jawohl").startswith("Wo wohnen oder arbeiten Sie?")
    assert marie.says("language english please").startswith("From now on in English. Where do you live or work?")
    assert marie.says("none of these").startswith("Then in which street")
    assert marie.says("the Vaartkant").startswith("Your request for Molenwijk")
    assert requests(house, cast.fatima.actor)[0].language == "en"


@pytest.mark.parametrize(
    ("keyword", "consent", "yes", "streets"),
    [
        ("MEEDOEN", "Regels: ", "JA", "Waar woont"),
        ("REJOINDRE", "Règles : ", "OUI", "Où habitez"),
        ("JOIN", "Rules: ", "YES", "Where do you"),
        ("BEITRETEN", "Regeln: ", "JA", "Wo wohnen"),
    ],
)
def test_the_keyword_sets_the_language(
    house: House, cast: Cast, marie: Phone, keyword: str, consent: str, yes: str, streets: str
) -> None:
    asked = marie.says(f"{keyword} MOLENWIJK")
    assert consent in asked
    assert yes in asked
    assert marie.says(yes).startswith(streets)


# ---- finding the group ----


@pytest.mark.parametrize("name", ["buurtgroep molenwijk", "de Molen-Wijk", "MÓLENWIJK!", "groep molenwijk aub"])
def test_a_groups_name_is_read_forgivingly(house: House, cast: Cast, marie: Phone, name: str) -> None:
    assert marie.says(f"meedoen {name}").startswith("Molenwijk stuurt")


def test_a_name_that_ends_in_four_letters_like_a_code_is_a_name(house: House, cast: Cast, marie: Phone) -> None:
    with house.writing() as session:
        zone = session.scalars(select(Zone).where(Zone.country == "be")).one()
        add_group(session, zone, "dampoort-bvhk", ("Dampoort",), house.clock(), name="Dampoort BVHK")
        add_group(session, zone, "trgt", ("Traag",), house.clock(), name="TRGT")
        session.commit()
    assert marie.says("MEEDOEN DAMPOORT BVHK").startswith("Dampoort BVHK stuurt")
    assert marie.says("MEEDOEN TRGT").startswith("TRGT stuurt")


def test_of_two_groups_with_one_name_the_short_name_is_asked(house: House, cast: Cast, marie: Phone) -> None:
    with house.writing() as session:
        for zone in session.scalars(select(Zone)):
            add_group(session, zone, f"centrum-{zone.country}", ("Markt",), house.clock(), name="Centrum")
        session.commit()
    answer = marie.says("MEEDOEN CENTRUM")
    assert "MEEDOEN CENTRUM-BE, MEEDOEN CENTRUM-NL" in answer
    assert marie.says("MEEDOEN CENTRUM-NL").startswith("Centrum stuurt")


def test_a_long_list_of_streets_is_not_sent_the_name_is_asked(house: House, cast: Cast, marie: Phone) -> None:
    with house.writing() as session:
        zone = session.scalars(select(Zone).where(Zone.country == "be")).one()
        many = [f"{name}laan" for name in "Eik Beuk Berk Els Iep Den Spar Linde Wilg Esp Hulst Taxus Vlier".split()]
        add_group(session, zone, "bomen", many, house.clock(), name="Bomen")
        add_member(session, session.scalars(select(groups.Group).where(groups.Group.slug == "bomen")).one(),
                   "+32470000060", house.clock(), role="coordinator", name="Rik")
        session.commit()
    marie.says("MEEDOEN BOMEN")
    assert marie.says("ja").startswith("In welke straat woont of werkt u?")
    assert marie.says("3").startswith("In welke straat")
    assert marie.says("lindelaan 4").startswith("Uw aanvraag voor Bomen")


def test_meedoen_alone_is_told_what_to_send(house: House, cast: Cast, marie: Phone) -> None:
    assert "Stuur MEEDOEN en de naam van uw groep." in marie.says("meedoen")


def test_who_guesses_codes_soon_finds_none_and_joins_all_the_same(house: House, cast: Cast, marie: Phone) -> None:
    with page(house) as (session, group):
        shown = reverse_codes.issue(
            session, "join", group, life=reverse_codes.JOIN_LIFE, browser="one", now=house.clock()
        )
    for _ in range(10):
        marie.says("WWWX")
    assert not marie.says(shown.letters), "a stranger hears once a day"
    assert marie.says(f"MEEDOEN MOLENWIJK {shown.letters}").startswith("Die code is gebruikt of te oud")
    assert Phone(house, TOM).says(shown.letters).startswith("Molenwijk stuurt")


def test_a_group_without_streets_asks_for_none(house: House, cast: Cast, marie: Phone) -> None:
    with page(house) as (_session, group):
        group.streets = []
    marie.says("MEEDOEN MOLENWIJK")
    assert marie.says("ja").startswith("Uw aanvraag voor Molenwijk is bij de coordinator.")
    assert requests(house, cast.fatima.actor)[0].street == ""
    admit(house, cast)


# ---- asking and deciding ----


def ask(house: House, who: Somebody, text: str) -> None:
    wanted = request_id(house, who.actor)
    with page(house) as (session, _group):
        joining.ask(session, who.actor, wanted, text, now=house.clock())


def test_a_question_of_the_coordinator_is_answered_by_the_next_text(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    told(house, cast.fatima)
    ask(house, cast.fatima, "Werkt u in de Kerkdreef of woont u er?")
    [question] = marie.hears()
    assert question.startswith("De coordinator van Molenwijk vraagt u: Werkt u in de Kerkdreef of woont u er?")
    assert "Kerkdreef of woont" not in doors.loot(house)
    assert marie.says("TAAL FR").startswith("C'est noté"), "a command is no answer"
    assert marie.says("J'y travaille").startswith("Votre réponse est chez le coordinateur de Molenwijk.")
    [notice] = told(house, cast.fatima)
    assert "/groups/molenwijk/residents" in notice
    assert "travaille" not in notice
    [request] = requests(house, cast.fatima.actor)
    assert (request.question, request.answer) == ("Werkt u in de Kerkdreef of woont u er?", "J'y travaille")
    assert "y travaille" not in doors.loot(house)
    ask(house, cast.fatima, "Hoe heet uw zaak?")
    [request] = requests(house, cast.fatima.actor)
    assert (request.question, request.answer) == ("Hoe heet uw zaak?", "")
    admit(house, cast)
    with page(house) as (session, _group):
        [row] = session.scalars(select(joining.Joining)).all()
        assert (row.question, row.answer, row.street_id) == (None, None, None)


def test_stop_is_no_answer_to_a_question(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    ask(house, cast.fatima, "Werkt u hier of woont u hier?")
    marie.hears()
    assert marie.says("stop").startswith("Uw aanvraag voor Molenwijk is gestopt.")
    assert requests(house, cast.fatima.actor) == []


def test_a_question_goes_through_the_check_and_has_a_length(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    for wrong in ("", "  ", "x" * 301, "Kent u Kevin Maes van Molenstraat 14?"):
        with pytest.raises(BadInput):
            ask(house, cast.fatima, wrong)
    assert marie.hears() == []
    ask(house, cast.fatima, "Werkt u hier?")
    with pytest.raises(WrongState):
        ask(house, cast.fatima, "Of woont u hier?")
    ask(house, cast.fatima, "Werkt u hier?")
    assert len(marie.hears()) == 1, "the same press twice asks once"


def test_a_reason_that_is_told_goes_through_the_check_and_one_that_is_not_stays(
    house: House, cast: Cast, marie: Phone
) -> None:
    marie.joins()
    named = "Kevin Maes van Molenstraat 14 kent u niet"
    with pytest.raises(BadInput):
        refuse(house, cast, named, tell=True)
    with pytest.raises(BadInput):
        refuse(house, cast, " ")
    assert len(requests(house, cast.fatima.actor)) == 1
    refuse(house, cast, named)
    assert "Kevin" not in marie.hears()[0]


def test_who_was_refused_may_ask_again_and_the_coordinator_sees_that(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    refuse(house, cast)
    marie.hears()
    assert marie.joins("3").startswith("Uw aanvraag voor Molenwijk is bij de coordinator.")
    [request] = requests(house, cast.fatima.actor)
    assert (request.street, request.again) == ("Vaartkant", True)
    admit(house, cast)
    assert standing(house, MARIE) == ({"molenwijk": "active"}, 1)


def test_of_two_coordinators_who_decide_the_second_is_told(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    wanted = request_id(house, cast.fatima.actor)
    admit(house, cast)
    with page(house) as (session, _group):
        for act in (
            lambda: joining.admit(session, cast.luc.actor, wanted, now=house.clock()),
            lambda: joining.refuse(session, cast.luc.actor, wanted, reason="te laat", tell=False, now=house.clock()),
            lambda: joining.ask(session, cast.luc.actor, wanted, "Wie?", now=house.clock()),
        ):
            with pytest.raises(WrongState, match="decided already"):
                act()
    assert len(marie.hears()) == 1
    assert standing(house, MARIE) == ({"molenwijk": "active"}, 1)


def test_an_unknown_request_is_not_there(house: House, cast: Cast) -> None:
    with page(house) as (session, group), pytest.raises(NotThere):
        joining.admit(session, cast.fatima.actor, group.id, now=house.clock())


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_nobody_is_admitted_to_a_group_that_is_not_active(
    house: House, cast: Cast, marie: Phone, state: str
) -> None:
    marie.joins()
    wanted = request_id(house, cast.fatima.actor)
    group_state(house, "molenwijk", state)
    with page(house) as (session, _group), pytest.raises(WrongState):
        joining.admit(session, cast.fatima.actor, wanted, now=house.clock())
    assert standing(house, MARIE)[0] == {}


def test_two_presses_at_the_same_moment_admit_once(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    wanted = request_id(house, cast.fatima.actor)

    def press() -> str:
        with house.writing() as session:
            try:
                joining.admit(session, cast.fatima.actor, wanted, now=house.clock())
                session.commit()
            except WrongState:
                return "late"
        return "admitted"

    assert sorted(at_once([press] * 4)) == ["admitted", "late", "late", "late"]
    assert len(marie.hears()) == 1
    assert standing(house, MARIE) == ({"molenwijk": "active"}, 1)


def test_stop_and_admit_at_the_same_moment_never_leave_somebody_in_who_said_stop(
    house: House, cast: Cast, marie: Phone
) -> None:
    marie.joins()
    wanted = request_id(house, cast.fatima.actor)

    def press() -> str:
        with house.writing() as session:
            try:
                joining.admit(session, cast.fatima.actor, wanted, now=house.clock())
                session.commit()
            except WrongState:
                return "late"
        return "admitted"

    at_once([press, lambda: str(house.say(MARIE, "STOP").status_code)])
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    assert standing(house, MARIE)[0] in ({}, {"molenwijk": "left"})
    assert standing(house, MARIE)[1] == 0


def at_once(calls: list[Callable[[], str]]) -> list[str]:
    gate = Barrier(len(calls))

    def make(call: Callable[[], str]) -> str:
        gate.wait(timeout=10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def test_ten_people_join_at_once_and_each_gets_a_number_of_their_own(house: House, cast: Cast) -> None:
    phones = [Phone(house, f"+3247000010{number}") for number in range(10)]
    for text in ("MEEDOEN MOLENWIJK", "ja", "Kerkdreef"):
        for phone in phones:
            phone.says(text)
    waiting = requests(house, cast.fatima.actor)
    assert len(waiting) == 10
    assert len(told(house, cast.fatima)) == 10

    def press(wanted: joining.Request) -> str:
        with house.writing() as session:
            joining.admit(session, cast.fatima.actor, wanted.id, now=house.clock())
            session.commit()
        return "admitted"

    assert at_once([lambda one=one: press(one) for one in waiting]) == ["admitted"] * 10  # type: ignore[misc]
    with page(house) as (session, group):
        numbers = session.scalars(select(Membership.number).where(Membership.group_id == group.id)).all()
        assert sorted(numbers) == list(range(1, 18))
        assert joining.waiting_count(session, cast.fatima.actor, group) == 0


@on_sqlite
def test_coordinators_are_not_buzzed_for_every_one_of_many_requests(house: House, cast: Cast) -> None:
    for number in range(13):
        Phone(house, f"+324700001{number:02}").joins()
    assert len(told(house, cast.fatima)) == 10
    assert len(requests(house, cast.fatima.actor)) == 13
    house.clock.forward(hours=1, seconds=1)
    Phone(house, "+32470000199").joins()
    assert len(told(house, cast.fatima)) == 1


def test_the_same_words_five_times_at_once_join_once(house: House, cast: Cast, marie: Phone) -> None:
    at_once([lambda: str(house.say(MARIE, "MEEDOEN MOLENWIJK").status_code)] * 3)
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    at_once([lambda: str(house.say(MARIE, "ja").status_code)] * 5)
    house.clock.forward(seconds=11)
    jobs.handle_left_over(house.services)
    assert all(message.handled_at for message in inbound(house))
    assert steps(house, MARIE) == {"molenwijk": "street"}
    assert standing(house, MARIE) == ({}, 1)


# ---- limits ----


def test_three_joins_a_day_and_one_word_about_the_fourth(house: House, cast: Cast, marie: Phone) -> None:
    for _ in range(3):
        assert marie.says("MEEDOEN NERGENSHUIZEN").startswith("We vinden geen open groep")
    assert marie.says("MEEDOEN MOLENWIJK").startswith("U probeerde vandaag al drie keer.")
    assert not marie.says("MEEDOEN MOLENWIJK")
    assert steps(house, MARIE) == {}
    house.clock.forward(hours=24, seconds=1)
    assert marie.says("MEEDOEN MOLENWIJK").startswith("Molenwijk stuurt")


def test_a_loop_with_a_machine_ends_by_itself_and_stop_is_above_the_limit(
    house: House, cast: Cast, marie: Phone
) -> None:
    answers = [marie.says("MEEDOEN MOLENWIJK")]
    for _ in range(60):
        house.clock.forward(seconds=10)
        answers.append(marie.says("Ik ben er even niet. Ik lees uw bericht later."))
    assert sum(map(bool, answers)) == 40
    assert marie.says("STOP").startswith("Uw aanvraag voor Molenwijk is gestopt.")


def test_a_member_is_answered_twenty_times_an_hour(house: House, cast: Cast) -> None:
    an = Phone(house, cast.an.number)
    answers = []
    for _ in range(25):
        house.clock.forward(seconds=30)
        answers.append(an.says("MEEDOEN MOLENWIJK"))
    assert sum(map(bool, answers)) == 20
    assert an.says("STOP").startswith("U krijgt geen berichten meer")
    house.clock.forward(hours=1)
    assert an.says("START").startswith("Welkom terug")


def test_answers_to_commands_do_not_count_as_answers_to_reports(house: House, cast: Cast) -> None:
    an = Phone(house, cast.an.number)
    for _ in range(4):
        an.says("TAAL NL")
    assert an.says("Er ligt glas op straat").startswith("Uw melding is bij de coordinator.")


def test_more_than_twenty_a_minute_are_kept_and_not_answered_but_stop_is(house: House, cast: Cast) -> None:
    an = Phone(house, cast.an.number)
    for number in range(30):
        house.say(cast.an.number, f"Bericht nummer {number}")
    assert len(inbound(house)) == 30
    assert [one.handled_as for one in inbound(house)].count("flood") == 10
    an.hears()
    assert an.says("STOP").startswith("U krijgt geen berichten meer")


@pytest.mark.parametrize(
    ("number", "allowed"),
    [
        *(("+32470000071", True), ("+31610000071", True), ("+352621123456", True), ("+33612345678", True)),
        *(("+4915100112233", True), ("+32400112233", True)),
        *(("+3225551234", False), ("+3278151515", False), ("+3290012345", False), ("+447700900123", False)),
        *(("+12025550123", False), ("+31880000000", False), ("+33912345678", False)),
    ],
)
def test_only_mobile_numbers_of_our_countries_join_and_others_hear_why_once_a_day(
    house: House, cast: Cast, number: str, allowed: bool
) -> None:
    phone = Phone(house, number, "sms")
    answer = phone.says("JOIN MOLENWIJK")
    if allowed:
        assert answer.startswith("Molenwijk sends")
        return
    assert answer.startswith("You can join only with a mobile number from Belgium")
    assert not phone.says("JOIN MOLENWIJK")
    assert not phone.says("JOIN GEHEIMEGROEP")
    assert steps(house, number) == {}
    house.clock.forward(hours=24, seconds=1)
    forget(house)
    assert kept(house, number) is None


def test_a_whatsapp_id_without_a_number_joins_like_anyone(house: House, cast: Cast) -> None:
    before = people(house)
    for text in ("MEEDOEN MOLENWIJK", "ja", "2"):
        house.say("BE.13491208655302741918", text)
    assert people(house) == before + 1
    assert len(requests(house, cast.fatima.actor)) == 1


# ---- forgetting ----


def test_a_request_that_nobody_decides_ends_after_thirty_days_and_is_forgotten(
    house: House, cast: Cast, marie: Phone
) -> None:
    marie.joins()
    house.clock.forward(days=29)
    forget(house)
    assert len(requests(house, cast.fatima.actor)) == 1
    house.clock.forward(days=1, seconds=1)
    forget(house)
    assert requests(house, cast.fatima.actor) == []
    house.send_all()
    assert house.phones.of(MARIE)[-1].startswith("Niemand besliste over uw aanvraag voor Molenwijk.")
    house.clock.forward(days=1, seconds=1)
    forget(house)
    assert kept(house, MARIE) is None


def test_who_was_admitted_is_not_forgotten_and_the_request_is(house: House, cast: Cast, marie: Phone) -> None:
    marie.joins()
    admit(house, cast)
    house.clock.forward(days=31)
    forget(house)
    assert standing(house, MARIE) == ({"molenwijk": "active"}, 1)
    assert steps(house, MARIE) == {}


def test_a_member_who_broke_off_another_join_keeps_only_the_own_group(house: House, cast: Cast) -> None:
    add_kerkplein(house)
    an = Phone(house, cast.an.number)
    an.says("MEEDOEN KERKPLEIN")
    an.says("ja")
    assert standing(house, cast.an.number) == ({"molenwijk": "active"}, 2)
    house.clock.forward(hours=24)
    forget(house)
    assert steps(house, cast.an.number) == {}
    assert standing(house, cast.an.number) == ({"molenwijk": "active"}, 1)


def test_forgetting_twice_removes_nothing_more(house: House, cast: Cast, marie: Phone) -> None:
    marie.says("MEEDOEN MOLENWIJK")
    house.clock.forward(hours=24, seconds=1)
    forget(house)
    once = doors.rows(house)
    forget(house)
    assert doors.rows(house) == once


# ---- what is kept about a number ----


def test_export_prints_what_is_kept_and_nothing_of_anybody_else(
    house: House, cast: Cast, marie: Phone, capsys: pytest.CaptureFixture[str]
) -> None:
    marie.joins()
    admit(house, cast)
    said = doors.shell(house, capsys, "member", "export", "0470 00 00 20")
    assert said.code == 0
    found = json.loads(said.out)
    assert (found["number"], found["language"], found["name"]) == (MARIE, "nl", None)
    [group] = found["groups"]
    assert (group["group"], group["street"], group["role"], group["state"]) == (
        "Molenwijk", "Kerkdreef", "member", "active",
    )
    [consent] = found["consents"]
    assert (consent["means"], consent["withdrawn"]) == ("whatsapp", None)
    assert "Fatima" not in said.out
    assert str(cast.fatima.id) not in said.out
    with house.reading() as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.act == "exported")).all()
        assert (event.actor, event.detail) == ("operator", None)


def test_export_of_an_unknown_number_says_that_nothing_is_kept(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    said = doors.shell(house, capsys, "member", "export", "+32470000099")
    assert (said.code, said.out) == (0, "nothing kept\n")


@pytest.mark.parametrize("number", ["hello", "", "12", "+32", "0470"])
def test_export_of_what_is_no_number_is_one_line(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    said = doors.shell(house, capsys, "member", "export", number)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)


# ---- the wording ----


def test_every_text_of_joining_fits_into_two_parts_of_a_text_message() -> None:
    values: dict[str, str] = {
        "group": "Molenwijk", "rules": "https://buurt.example/g/molenwijk", "age": "18", "name": "MOLENWIJK",
        "streets": "1 Molenstraat\n2 Kerkdreef\n3 Vaartkant", "none": "4", "page": "https://buurt.example/",
        "check_word": "gorilla 47", "word": "BEITRETEN KERKPLEIN",
        "other": "Kerkplein", "choices": "JOIN CENTRUM-BE, JOIN CENTRUM-NL",
        "officer": "inspecteur de quartier", "help": "Kindertelefoon 0800-0432", "reason": "woont er niet",
        "text": "Waar woont u?", "link": "https://buurt.example/groups/molenwijk/residents",
    }
    for language in texts.LANGUAGES:
        emergency = rules.emergency_line(language, rules.load_rulebook("be"))
        note = f"{texts.say('joining.note.code_old', language)} "
        for key in texts.catalogue(language):
            if key.startswith("joining."):
                cost = segments.count(texts.say(key, language, **values, emergency=emergency, note=note))
                assert (cost.encoding, cost.parts <= 2) == ("GSM-7", True), (language, key, cost)


# ---- any order ----

SAID = st.sampled_from(
    [
        *("MEEDOEN MOLENWIJK", "JOIN MOLEWIJK", "REJOINDRE KERKPLEIN", "ja", "nee", "STOP", "START", "2", "Vaartkant"),
        *("TAAL FR", "wie zit er in die groep?", "Er ligt glas op straat", "ik ben 16", "KVRT", "AANVRAAG KVRT", "👍"),
        *("admit", "refuse", "forget", "an hour later", "a day later"),
    ]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SAID, max_size=30))
def test_no_order_of_messages_makes_two_memberships_or_two_living_consents_or_a_member_against_their_will(
    tmp_path_factory: pytest.TempPathFactory, said: list[str]
) -> None:
    folder: Path = tmp_path_factory.mktemp("order")
    house = House(f"sqlite:///{folder / 'wabp.sqlite3'}", folder, STORY_TIME)
    with house.app.app_context():
        db.db.create_all()
    cast = add_cast(house)
    add_kerkplein(house)
    agreed = False
    for word in said:
        house.clock.forward(seconds=20)
        if word in {"admit", "refuse"}:
            if requests(house, cast.fatima.actor):
                admit(house, cast) if word == "admit" else refuse(house, cast)
        elif word == "forget":
            forget(house)
        elif word.endswith("later"):
            house.clock.forward(hours=1 if "hour" in word else 24)
        else:
            assert house.say(MARIE, word).status_code == 200
            agreed = agreed or word == "ja"
        memberships, consents = standing(house, MARIE)
        assert len(memberships) <= 1
        assert consents <= len(memberships) + len(steps(house, MARIE))
        if word == "STOP":
            assert consents == 0
            assert "active" not in memberships.values()
        if "active" in memberships.values():
            assert agreed
            assert consents >= 1
    house.send_all()
    house.close()


def coordinator_of_kerkplein(house: House) -> Somebody:
    with house.writing() as session:
        zone = session.scalars(select(Zone).where(Zone.country == "be")).one()
        group = add_group(session, zone, "kerkplein", ("Kerkplein",), house.clock(), name="Kerkplein")
        bob = add_member(session, group, "+32470000077", house.clock(), role="coordinator", name="Bob")
        session.commit()
        return bob


def bob_asks(house: House, bob: Somebody, question: str) -> None:
    with house.writing() as session:
        row = session.scalars(select(Joining).where(Joining.step == "waiting")).one()
        joining.ask(session, bob.actor, row.id, question, now=house.clock())
        session.commit()


def test_what_a_member_writes_while_another_coordinator_asks_is_a_report_unless_it_quotes_the_question(
    light_house: House, light_cast: Cast
) -> None:
    bob = coordinator_of_kerkplein(light_house)
    an = Phone(light_house, light_cast.an.number)
    an.joins("1", "MEEDOEN KERKPLEIN")
    bob_asks(light_house, bob, "Sinds wanneer werkt u hier?")
    light_house.send_all()
    question = light_house.phones.last(an.number).provider_id
    assert question is not None
    an.hears()
    assert an.says("Twee mannen forceren achterdeuren in de Molenstraat").startswith("Uw melding is bij de coord")
    assert an.says("Sinds mei", OriginalRepliedMessageSid=question).startswith("Uw antwoord is bij de coordinator")
    with light_house.reading() as session:
        kerkplein = session.scalars(select(Group).where(Group.slug == "kerkplein")).one()
        assert [one.answer for one in joining.requests(session, bob.actor, kerkplein)] == ["Sinds mei"]
        assert len(session.scalars(select(Report)).all()) == 1


def test_a_yes_of_a_member_that_answers_their_own_group_is_no_consent_for_another(
    light_house: House, light_cast: Cast
) -> None:
    add_kerkplein(light_house)
    an = Phone(light_house, light_cast.an.number)
    an.says("MEEDOEN KERKPLEIN")
    assert an.says("ja om 17:45").startswith("Uw melding")
    light_house.clock.forward(minutes=1)
    with light_house.writing() as session:
        own = session.scalars(select(Membership).where(Membership.person_id == light_cast.an.id)).one()
        relay.reply(
            session, light_cast.fatima.actor, own.group, own.id, "Hebt u 101 al gebeld?", now=light_house.clock()
        )
        session.commit()
    an.hears()
    assert an.says("ja").startswith("Uw melding")
    assert standing(light_house, an.number) == ({"molenwijk": "active"}, 1)


def test_where_all_groups_are_dutch_everybody_hears_the_dutch_emergency_number(light_house: House) -> None:
    with light_house.writing() as session:
        zone = add_zone(session, "Basisteam", "nl", "Europe/Amsterdam", light_house.clock())
        add_group(session, zone, "dijklaan", ("Dijklaan",), light_house.clock(), name="Dijklaan")
        session.commit()
    phone = Phone(light_house, "+32470000055")
    for text in ("hallo", "MEEDOEN DIJKLAAN", "TAAL NL", "MEEDOEN NERGENS"):
        heard = phone.says(text)
        assert "101" not in heard
        assert "112" in heard or "Regels:" in heard


def test_on_the_way_into_a_group_its_country_holds_for_the_emergency_number(
    light_house: House, light_cast: Cast
) -> None:
    with light_house.writing() as session:
        zone = session.scalars(select(Zone).where(Zone.country == "nl")).one()
        add_group(session, zone, "kanaaldijk", ("Kanaaldijk",), light_house.clock(), name="Kanaaldijk")
        session.commit()
    phone = Phone(light_house, "+32470000055")
    phone.joins("1", "MEEDOEN KANAALDIJK")
    assert phone.says("TAAL NL").endswith("Nood? Bel 112.")
