"""Founding a group: what may be typed, two tabs and two clicks, and the codes that phones send."""

import uuid
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from tests.founding import (
    HILDE,
    HILDE_DEPUTY,
    HILDE_OTHER,
    URL,
    Founding,
    activate,
    add_district,
    add_street,
    apply,
    codes_of,
    decide,
    fill,
    handed_in,
    roles_of,
    send,
    sign,
    somebody,
    state_of,
    typed,
)
from tests.house import Cast, House, Somebody
from wabp import applications, appointments, joining, paperwork, roster, segments, shredder, slugs, texts
from wabp.accounts import OPERATOR
from wabp.applications import QUESTIONS, Answers
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import (
    Address,
    Application,
    ApplicationVersion,
    Appointment,
    Consent,
    Group,
    Membership,
    Person,
    Review,
    unseal,
)

BROWSER = "browser of Hilde"


@pytest.fixture
def house(light_house: House, light_cast: Cast) -> House:
    """The street of the stories, with a Havenlaan that is in no group."""
    add_street(light_house, "Havenlaan")
    return light_house


@pytest.fixture
def cast(light_cast: Cast) -> Cast:
    return light_cast


def active(house: House, cast: Cast) -> Founding:
    """A group at work, with Hilde as coordinator and a deputy."""
    founding = handed_in(house, "Havenlaan")
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    activate(house, cast.claes, founding)
    return founding


def code_of_coordinator(house: House, founding: Founding) -> str:
    """Return a code for the coordinator's post, as the operator of the machine may make it."""
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        one = next(one for one in appointments.of_group(session, group) if one.role == "coordinator")
        letters = appointments.code_for(session, OPERATOR, one, now=house.clock()).letters
        session.commit()
        return letters


def save(
    house: House, question: str, given: dict[str, object], *, revision: int | None = None, browser: str = BROWSER
) -> list[tuple[str | None, str]]:
    """Send one page, as the browser shows it now. Returns field and key of all that is wrong."""
    with house.writing() as session:
        application = applications.start(session, browser, now=house.clock())
        shown = application.revision if revision is None else revision
        wrong = applications.save(session, application, question, given, revision=shown, now=house.clock())
        session.commit()
        return [(problem.field, problem.key.removeprefix("errors.")) for problem in wrong]


def answers(house: House, browser: str = BROWSER) -> Answers:
    with house.reading() as session:
        application = applications.of_browser(session, browser)
        assert application is not None
        return applications.answers_of(session, application)


def revision(house: House) -> int:
    with house.reading() as session:
        application = applications.of_browser(session, BROWSER)
        assert application is not None
        return application.revision


# ---- what is typed ----


@pytest.mark.parametrize(
    ("question", "change", "wrong"),
    [
        ("area", {"zone_id": ""}, [("zone_id", "choose_zone"), ("district_id", "choose_district")]),
        ("area", {"zone_id": str(uuid.uuid4())}, [("zone_id", "choose_zone"), ("district_id", "choose_district")]),
        ("area", {"district_id": "x"}, [("district_id", "choose_district")]),
        ("area", {"street_ids": []}, [("street_ids", "choose_streets")]),
        ("area", {"street_ids": None}, [("street_ids", "choose_streets")]),
        ("area", {"street_ids": [str(uuid.uuid4())]}, [("street_ids", "choose_streets")]),
        ("area", {"street_ids": [str(uuid.uuid4()) for _ in range(5_000)]}, [("street_ids", "choose_streets")]),
        ("area", {"name": " \u200b\n"}, [("name", "group_name")]),
        ("area", {"name": "123 !"}, [("name", "group_name")]),
        ("area", {"name": "x" * 81}, [("name", "answer_too_long")]),
        ("area", {"street_ids": [], "name": ""}, [("street_ids", "choose_streets"), ("name", "group_name")]),
        ("motive", {"motive": ""}, [("motive", "motive_missing")]),
        ("motive", {"motive": ["a list"]}, [("motive", "motive_missing")]),
        ("motive", {"motive": "x" * 2_001}, [("motive", "answer_too_long")]),
        ("coordinator", {"founder_coordinates": ""}, [("founder_coordinates", "who_coordinates")]),
        ("coordinator", {"founder_name": "-"}, [("founder_name", "founder_name")]),
        ("coordinator", {"founder_coordinates": "no"}, [("coordinator_name", "coordinator_name")]),
        ("coordinator", {"adult": None}, [("adult", "coordinator_adult")]),
        ("coordinator", {"adult": "no"}, [("adult", "coordinator_adult")]),
        ("deputy", {"deputy_name": ""}, [("deputy_name", "deputy_name")]),
        ("deputy", {"deputy_name": "  hilde   MAES "}, [("deputy_name", "deputy_other")]),
        ("plan", {"plan": "\x00"}, [("plan", "plan_missing")]),
        ("charter", {"charter": ""}, [("charter", "charter_accept")]),
        ("charter", {"charter": "2020-01"}, [("charter", "charter_changed")]),
    ],
)
def test_what_is_wrong_on_a_page_is_said_at_its_field(
    house: House, question: str, change: dict[str, object], wrong: list[tuple[str, str]]
) -> None:
    pages = typed(house, ["Havenlaan"])
    fill(house, BROWSER, pages)
    before = answers(house)
    given = pages[question] | change
    assert save(house, question, given) == wrong
    with house.reading() as session:
        application = applications.of_browser(session, BROWSER)
        assert application is not None
        for _question, problem in applications.problems(session, application):
            for language in ("nl", "fr", "en", "de"):
                assert len(problem.say(language)) > 10
    if question not in {"charter", "coordinator"}:
        assert answers(house).motive == before.motive
        assert answers(house).deputy_name == before.deputy_name


def test_what_is_right_on_a_page_is_kept_although_something_else_is_wrong(house: House) -> None:
    page = typed(house, ["Havenlaan"])["area"]
    assert save(house, "area", page | {"name": ""}) == [("name", "group_name")]
    kept = answers(house)
    assert kept.zone_id == uuid.UUID(str(page["zone_id"]))
    assert len(kept.street_ids) == 1
    assert kept.name == ""


def test_streets_are_those_of_the_district_that_is_chosen(house: House) -> None:
    add_district(house, "PZ Leiebocht", "Kouter", "Kouterstraat")
    own, other = typed(house, ["Havenlaan"])["area"], typed(house, ["Kouterstraat"])["area"]
    assert save(house, "area", own) == []
    assert save(house, "area", own | {"street_ids": other["street_ids"]}) == [("street_ids", "choose_streets")]
    assert save(house, "area", other | {"street_ids": []}) == [("street_ids", "choose_streets")]
    assert answers(house).street_ids == ()
    elsewhere = typed(house, ["Dijklaan"])["area"]
    assert save(house, "area", elsewhere | {"zone_id": own["zone_id"]}) == [("district_id", "choose_district")]


def test_in_another_country_the_charter_is_accepted_anew(house: House) -> None:
    fill(house, BROWSER, typed(house, ["Havenlaan"]))
    assert answers(house).charter
    assert save(house, "area", typed(house, ["Dijklaan"])["area"]) == []
    assert answers(house).charter == ""


def test_texts_are_kept_clean_and_names_on_one_line(house: House) -> None:
    assert save(house, "motive", {"motive": "  Inbraken.\r\nSamen\u202e opletten.\x00 "}) == []
    page = typed(house, ["Havenlaan"])["area"]
    assert save(house, "area", page | {"name": "Haven\n  laan\t"}) == []
    assert (answers(house).motive, answers(house).name) == ("Inbraken.\nSamen opletten.", "Haven laan")


def test_no_such_question_is_not_there(house: House) -> None:
    with pytest.raises(NotThere):
        save(house, "telephone", {})


def test_the_only_zone_need_not_be_chosen(tmp_path_factory: pytest.TempPathFactory, light_house: House) -> None:
    from tests.house import add_group, add_zone

    with light_house.writing() as session:
        zone = add_zone(session, "PZ Leiebocht", "be", "Europe/Brussels", light_house.clock())
        add_group(session, zone, "molenwijk", ("Vaartkant",), light_house.clock(), state="closed")
        session.commit()
    page = typed(light_house, ["Vaartkant"])["area"]
    assert save(light_house, "area", {name: value for name, value in page.items() if name != "zone_id"}) == []


def test_nothing_typed_stands_in_the_database_as_it_is(house: House) -> None:
    fill(house, BROWSER, typed(house, ["Havenlaan"], motive="kanariemotief"))
    send(house, fill(house, "other", typed(house, ["Havenlaan"], motive="kanariemotief", name="Ander")))
    with house.reading() as session:
        for row in [*session.scalars(select(Application)), *session.scalars(select(ApplicationVersion))]:
            assert b"kanarie" not in bytes(row.answers)
            assert b"Hilde" not in bytes(row.answers)
        assert all(row.browser_digest != BROWSER for row in session.scalars(select(Application)))


# ---- two tabs, two clicks ----


def test_a_second_tab_does_not_overwrite_what_the_first_one_saved(house: House) -> None:
    fill(house, BROWSER, typed(house, ["Havenlaan"]))
    shown = revision(house)
    assert save(house, "motive", {"motive": "Van het ene venster."}, revision=shown) == []
    with pytest.raises(WrongState) as refused:
        save(house, "motive", {"motive": "Van het andere venster."}, revision=shown)
    assert refused.value.key == "errors.changed_elsewhere"
    assert answers(house).motive == "Van het ene venster."


def test_tabs_on_two_questions_do_not_stand_in_each_others_way(house: House) -> None:
    fill(house, BROWSER, typed(house, ["Havenlaan"]))
    shown = revision(house)
    assert save(house, "motive", {"motive": "Nieuwe reden."}, revision=shown) == []
    assert save(house, "plan", {"plan": "Nieuw plan."}, revision=shown) == []
    assert (answers(house).motive, answers(house).plan) == ("Nieuwe reden.", "Nieuw plan.")


def test_the_same_answer_from_an_old_tab_is_no_trouble(house: House) -> None:
    fill(house, BROWSER, typed(house, ["Havenlaan"]))
    shown = revision(house)
    for _click in range(2):
        assert save(house, "motive", {"motive": "Twee keer geklikt."}, revision=shown) == []
    assert revision(house) == shown + 1


def test_sending_twice_makes_one_group(house: House) -> None:
    application_id = fill(house, BROWSER, typed(house, ["Havenlaan"]))
    first, second = send(house, application_id), send(house, application_id)
    assert first == second
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(Group).where(Group.name == "Havenlaan")) == 1
        assert session.scalar(select(func.count()).select_from(ApplicationVersion)) == 1
        assert session.scalar(select(func.count()).select_from(Appointment)) == 2


def test_what_is_missing_keeps_an_application_from_being_sent(house: House) -> None:
    page = typed(house, ["Havenlaan"])["area"]
    assert save(house, "area", page) == []
    with house.writing() as session:
        application = applications.of_browser(session, BROWSER)
        assert application is not None
        missing = dict.fromkeys(question for question, _problem in applications.problems(session, application))
        assert list(missing) == ["motive", "coordinator", "deputy", "plan", "charter"]
        with pytest.raises(BadInput) as refused:
            applications.send(session, application, now=house.clock())
    assert refused.value.field == "motive"


def test_a_charter_that_was_renewed_meanwhile_is_accepted_again(house: House) -> None:
    application_id = fill(house, BROWSER, typed(house, ["Havenlaan"]))
    with house.writing() as session:
        application = session.get_one(Application, application_id)
        older = applications.answers_of(session, application).charter
        text = unseal(session, application, "answers").replace(older, "2026-01")
        from wabp.models import seal

        seal(session, application, "answers", text)
        session.commit()
    with house.writing() as session:
        application = session.get_one(Application, application_id)
        with pytest.raises(BadInput) as refused:
            applications.send(session, application, now=house.clock())
    assert refused.value.key == "errors.charter_changed"
    assert older in refused.value.say("nl")


def test_before_the_phone_did_its_part_answers_can_still_be_mended(house: House) -> None:
    founding = apply(house, "Havenlaan")
    assert save(house, "deputy", {"deputy_name": "An Bauwens"}) == []
    assert save(house, "area", typed(house, ["Havenlaan"])["area"] | {"name": "Nieuwe Haven"}) == []
    again = send(house, founding.application_id)
    assert (again.group_id, again.slug) == (founding.group_id, "nieuwehaven")
    with house.reading() as session:
        group = session.get_one(Group, founding.group_id)
        assert [one.name for one in appointments.shown(session, group)] == ["Hilde Maes", "An Bauwens"]
        assert session.scalar(select(func.count()).select_from(ApplicationVersion)) == 1


def test_two_groups_of_one_name_get_two_short_names(house: House) -> None:
    first = apply(house, "Havenlaan", browser="one", name="Buurtgroep Haven")
    second = apply(house, "Havenlaan", browser="two", name="De Haven")
    third = apply(house, "Havenlaan", browser="three", name="Haven")
    assert [first.slug, second.slug, third.slug] == ["haven", "dehaven", "haven2"]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Buurtgroep Oude Scheldekaai", "oudescheldekaai"),
        ("BIN Molenwijk", "molenwijk"),
        ("Buurtpreventiegroep van de Muide", "muide"),
        ("Groupe de quartier", "quartier"),
        ("Église Saint-Pierre", "eglisesaintpierre"),
        ("Straße am Bächlein", "strasseambachlein"),
        ("Een heel erg lange naam van een groep", "eenheelerglangenaam"),
        ("Stop", "groepstop"),
        ("Ja!", "groepja"),
        ("Start", "groepstart"),
        ("Help", "groephelp"),
        ("Buurtgroep Chat", "groepchat"),
        ("Buurtgroep", "buurtgroep"),
        ("Vereniging-van-de-Scheldekaai-bewoners", "verenigingvande"),
        ("Llanfairpwllgwyngyllgogerychwyrndrobwll", "llanfairpwllgwyngyll"),
        ("Šventoji", "sventoji"),
        ("Улица", "groep"),
        ("Wijk 9", "wijk9"),
        ("9000", "groep9000"),
    ],
)
def test_the_short_name_is_plain_and_no_command(name: str, slug: str) -> None:
    assert slugs.slug_of(name) == slug
    assert len(slug) <= slugs.LONGEST


def test_who_applies_sees_which_groups_are_on_the_same_streets(house: House) -> None:
    other = handed_in(house, "Havenlaan", number=HILDE_OTHER, browser="the other founder", name="Dokken")
    unsent = apply(house, "Havenlaan", browser="not proven", name="Onbekend")
    with house.reading() as session:
        streets = applications.answers_of(session, session.get_one(Application, other.application_id)).street_ids
        vaart = [row.id for row in session.scalars(select(Group).where(Group.slug == "molenwijk")).one().streets]
        found = paperwork.overlaps(session, [*streets, *vaart])
        assert [(one.name, one.state, one.streets) for one in found] == [
            ("Dokken", "submitted", ("Havenlaan",)),
            ("Molenwijk", "active", ("Kerkdreef", "Molenstraat", "Vaartkant")),
        ]
        assert paperwork.overlaps(session, streets, but=other.group_id) == []
        assert paperwork.overlaps(session, []) == []
    assert state_of(house, unsent) == "draft"


# ---- the codes that phones send ----


def test_the_founders_code_hands_the_application_in(house: House) -> None:
    founding = apply(house, "Havenlaan")
    assert set(founding.codes) == {"founder", "coordinator", "deputy"}
    house.say(HILDE, f"aanvraag {founding.codes['founder'].lower()} aub")
    house.send_all()
    (answer,) = house.phones.of(HILDE)
    assert "ingediend" in answer
    assert state_of(house, founding) == "submitted"
    assert roles_of(house, founding) == [("coordinator", "active", 1)]
    with house.reading() as session:
        person = session.get_one(Person, somebody(house, HILDE).id)
        assert unseal(session, person, "name") == "Hilde Maes"
        assert person.zone_id == session.get_one(Group, founding.group_id).zone_id
        consent = session.scalars(select(Consent).where(Consent.person_id == person.id)).one()
        assert (consent.means, consent.given_at, consent.withdrawn_at) == ("application", house.clock(), None)


def test_a_founder_who_names_another_coordinator_is_no_member(house: House) -> None:
    founding = handed_in(
        house, "Havenlaan", founder_coordinates="no", founder_name="Hilde Maes", coordinator_name="Omar Aziz"
    )
    assert roles_of(house, founding) == []
    house.say(HILDE_OTHER, f"AANVRAAG {founding.codes['coordinator']}", channel="sms")
    house.say(HILDE_DEPUTY, f"DEMANDE {founding.codes['deputy']}")
    house.send_all()
    assert roles_of(house, founding) == [("coordinator", "active", 1), ("deputy", "active", 2)]
    assert "coordinator van Havenlaan" in house.phones.of(HILDE_OTHER)[0]
    assert "vous remplacez" in house.phones.of(HILDE_DEPUTY)[0]
    with house.reading() as session:
        group = session.get_one(Group, founding.group_id)
        shown = appointments.shown(session, group)
        assert [(one.role, one.founded, one.proven_at is not None) for one in shown] == [
            ("founder", True, True), ("coordinator", False, True), ("deputy", False, True),
        ]


def test_a_founder_can_be_the_deputy(house: House) -> None:
    founding = handed_in(
        house,
        "Havenlaan",
        founder_coordinates="no",
        founder_name="Hilde Maes",
        coordinator_name="Omar Aziz",
        deputy_name="Hilde Maes",
    )
    assert set(founding.codes) == {"founder", "coordinator", "deputy"}
    assert founding.codes["founder"] == founding.codes["deputy"]
    assert roles_of(house, founding) == [("deputy", "active", 1)]


def test_one_phone_is_not_two_people(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    house.say(HILDE, f"AANVRAAG {founding.codes['deputy']}")
    house.send_all()
    assert "Stuur de code met een andere gsm" in house.phones.of(HILDE)[-1]
    assert roles_of(house, founding) == [("coordinator", "active", 1)]
    # The code was not used up by that.
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    assert roles_of(house, founding) == [("coordinator", "active", 1), ("deputy", "active", 2)]


def test_a_code_works_once_and_for_its_time_only(house: House) -> None:
    founding = apply(house, "Havenlaan")
    house.clock.forward(minutes=29)
    house.say(HILDE, f"AANVRAAG {founding.codes['founder']}")
    house.clock.forward(minutes=1)
    house.say(HILDE_OTHER, f"AANVRAAG {founding.codes['founder']}")
    house.send_all()
    assert "gebruikt of te oud" in house.phones.of(HILDE_OTHER)[0]
    assert len(roles_of(house, founding)) == 1
    late = apply(house, "Havenlaan", browser="late", name="Laat")
    house.clock.forward(minutes=30)
    house.say(HILDE_OTHER, f"AANVRAAG {late.codes['founder']}")
    house.send_all()
    assert "gebruikt of te oud" in house.phones.of(HILDE_OTHER)[1]
    assert state_of(house, late) == "draft"
    renewed = codes_of(house, late.application_id)
    assert renewed["founder"] != late.codes["founder"]
    assert renewed["deputy"] == late.codes["deputy"]
    house.say(HILDE_OTHER, f"AANVRAAG {renewed['founder']}")
    assert state_of(house, late) == "submitted"


def test_the_deputys_code_lives_a_day(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    house.clock.forward(hours=23, minutes=59)
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    assert len(roles_of(house, founding)) == 2


def test_a_phone_that_sends_its_code_twice_hears_the_same_twice(house: House) -> None:
    founding = apply(house, "Havenlaan")
    for _time in range(2):
        house.say(HILDE, f"AANVRAAG {founding.codes['founder']}")
        house.send_all()
    first, second = house.phones.of(HILDE)
    assert first == second
    assert roles_of(house, founding) == [("coordinator", "active", 1)]


def test_codes_cannot_be_guessed(house: House) -> None:
    founding = apply(house, "Havenlaan")
    right = founding.codes["founder"]
    wrong = [code for code in ("BBBB", "CCCC", "DDDD", "FFFF", "GGGG", "HHHH") if code not in founding.codes.values()]
    for code in wrong[:5]:
        house.say(HILDE, f"AANVRAAG {code}")
    house.say(HILDE, f"AANVRAAG {right}")
    house.send_all()
    assert "te veel foute codes" in house.phones.of(HILDE)[-1]
    assert state_of(house, founding) == "draft"
    house.clock.forward(hours=24)
    house.say(HILDE, f"AANVRAAG {codes_of(house, founding.application_id)['founder']}")
    assert state_of(house, founding) == "submitted"


def test_without_a_code_the_answer_says_where_it_begins(house: House) -> None:
    house.say(HILDE, "AANVRAAG")
    house.send_all()
    assert f"{URL}/apply" in house.phones.of(HILDE)[0]


@pytest.mark.parametrize("number", ["+3292000000", "+15005550006"])
def test_only_a_mobile_of_an_allowed_country_is_appointed(house: House, number: str) -> None:
    founding = apply(house, "Havenlaan")
    house.say(number, f"AANVRAAG {founding.codes['founder']}", channel="sms")
    house.send_all()
    assert state_of(house, founding) == "draft"
    assert roles_of(house, founding) == []
    house.say(HILDE, f"AANVRAAG {founding.codes['founder']}")
    assert state_of(house, founding) == "submitted"


def test_a_code_for_a_group_gives_nothing_to_who_was_put_out_of_it(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    deputy = somebody(house, HILDE_DEPUTY)
    with house.writing() as session:
        membership = session.scalars(select(Membership).where(Membership.person_id == deputy.id)).one()
        membership.state = "removed"
        session.scalars(select(Appointment).where(Appointment.person_id == deputy.id)).one().ended_at = house.clock()
        session.commit()
    hilde = somebody(house, HILDE)
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        application = applications.change(session, hilde.actor, group)
        applications.save(
            session,
            application,
            "deputy",
            {"deputy_name": "Iemand Anders"},
            revision=application.revision,
            now=house.clock(),
            actor=hilde.actor,
        )
        applications.resubmit(session, hilde.actor, group, now=house.clock())
        session.commit()
    house.say(HILDE_DEPUTY, f"AANVRAAG {codes_of(house, founding.application_id)['deputy']}")
    house.send_all()
    assert "nu niet leiden" in house.phones.of(HILDE_DEPUTY)[-1]
    assert roles_of(house, founding)[1] == ("deputy", "removed", 2)


def test_a_coordinator_who_sends_the_deputys_code_stays_coordinator(house: House, cast: Cast) -> None:
    with house.writing() as session:
        mill = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        named = roster.appoint(session, cast.fatima.actor, mill, "Omar Aziz", now=house.clock())
        letters = appointments.code_for(session, cast.fatima.actor, named, now=house.clock()).letters
        session.commit()
    house.say(cast.fatima.number, f"AANVRAAG {letters}")
    house.send_all()
    assert "Stuur de code met een andere gsm" in house.phones.of(cast.fatima.number)[-1]
    house.say(cast.an.number, f"AANVRAAG {letters}")
    house.send_all()
    assert "U bent nu vervanger in Molenwijk" in house.phones.of(cast.an.number)[-1]
    with house.reading() as session:
        roles = {
            who.id: session.scalars(select(Membership.role).where(Membership.person_id == who.id)).all()
            for who in (cast.fatima, cast.an)
        }
    assert roles == {cast.fatima.id: ["coordinator"], cast.an.id: ["deputy"]}


def test_a_code_of_a_withdrawn_application_does_nothing(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    hilde = somebody(house, HILDE)
    with house.writing() as session:
        applications.withdraw(session, hilde.actor, session.get_one(Group, founding.group_id), now=house.clock())
        session.commit()
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    house.send_all()
    assert "loopt niet meer" in house.phones.of(HILDE_DEPUTY)[0]
    assert roles_of(house, founding) == [("coordinator", "active", 1)]


# ---- changing, withdrawing, and STOP ----


def change(house: House, who: Somebody, group_id: uuid.UUID, question: str, given: dict[str, object]) -> None:
    with house.writing() as session:
        group = session.get_one(Group, group_id)
        application = applications.change(session, who.actor, group)
        wrong = applications.save(
            session,
            application,
            question,
            given,
            revision=application.revision,
            now=house.clock(),
            actor=who.actor,
        )
        assert wrong == []
        applications.resubmit(session, who.actor, group, now=house.clock())
        session.commit()


def test_another_deputy_proves_anew_and_the_first_one_is_out(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    hilde = somebody(house, HILDE)
    change(house, hilde, founding.group_id, "deputy", {"deputy_name": "Omar Aziz"})
    assert roles_of(house, founding) == [("coordinator", "active", 1), ("deputy", "left", 2)]
    codes = codes_of(house, founding.application_id)
    assert set(codes) == {"deputy"}
    house.say(HILDE_OTHER, f"AANVRAAG {codes['deputy']}")
    assert roles_of(house, founding)[2] == ("deputy", "active", 3)
    with house.reading() as session:
        first = somebody(house, HILDE_DEPUTY)
        assert not appointments.may_see(session, first.actor, session.get_one(Group, founding.group_id))


def test_a_founder_may_mend_the_own_name_without_a_new_code(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    hilde = somebody(house, HILDE)
    page = {"founder_coordinates": "yes", "founder_name": "Hilde De Maes", "adult": "yes"}
    change(house, hilde, founding.group_id, "coordinator", page)
    with house.reading() as session:
        group = session.get_one(Group, founding.group_id)
        coordinator, _deputy = appointments.shown(session, group)
        assert (coordinator.name, coordinator.proven_at) == ("Hilde De Maes", house.clock())
        assert unseal(session, session.get_one(Person, hilde.id), "name") == "Hilde De Maes"


def test_a_founder_can_hand_the_coordination_to_another_and_take_it_back(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    hilde = somebody(house, HILDE)
    page = {"founder_coordinates": "no", "founder_name": "Hilde Maes", "coordinator_name": "Omar Aziz", "adult": "yes"}
    change(house, hilde, founding.group_id, "coordinator", page)
    assert roles_of(house, founding) == [("coordinator", "left", 1)]
    house.say(HILDE_OTHER, f"AANVRAAG {codes_of(house, founding.application_id)['coordinator']}")
    assert roles_of(house, founding)[1] == ("coordinator", "active", 2)
    change(house, hilde, founding.group_id, "coordinator", page | {"founder_coordinates": "yes"})
    assert roles_of(house, founding) == [("coordinator", "active", 1), ("coordinator", "left", 2)]
    with house.reading() as session:
        consents = session.scalars(
            select(Consent).where(Consent.group_id == founding.group_id, Consent.withdrawn_at.is_(None))
        ).all()
        assert [consent.person_id for consent in consents] == [hilde.id]


def test_an_application_that_did_not_change_is_not_handed_in_again(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    hilde = somebody(house, HILDE)
    with house.writing() as session, pytest.raises(BadInput) as refused:
        applications.resubmit(session, hilde.actor, session.get_one(Group, founding.group_id), now=house.clock())
    assert refused.value.key == "errors.nothing_changed"


def test_an_application_stays_in_its_zone(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    hilde = somebody(house, HILDE)
    page = typed(house, ["Dijklaan"])["area"]
    with house.writing() as session:
        application = applications.change(session, hilde.actor, session.get_one(Group, founding.group_id))
        wrong = applications.save(
            session, application, "area", page, revision=99, now=house.clock(), actor=hilde.actor
        )
        assert [(problem.field, problem.key) for problem in wrong] == [("zone_id", "errors.zone_fixed")]
        assert applications.answers_of(session, application).name == "Havenlaan"


def test_the_browser_that_applied_changes_nothing_once_the_phone_has_spoken(house: House) -> None:
    handed_in(house, "Havenlaan", browser=BROWSER)
    with house.writing() as session:
        application = applications.of_browser(session, BROWSER)
        assert application is not None
        with pytest.raises(NotThere):
            applications.save(
                session, application, "motive", {"motive": "Iets anders."}, revision=99, now=house.clock()
            )
        assert applications.send(session, application, now=house.clock()).state == "submitted"
    with house.writing() as session:
        assert applications.start(session, BROWSER, now=house.clock()).group is None


def test_who_withdraws_ends_it_and_the_deputy_is_told(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    house.send_all()
    hilde, deputy = somebody(house, HILDE), somebody(house, HILDE_DEPUTY)
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        with pytest.raises(NotThere):
            applications.withdraw(session, deputy.actor, group, now=house.clock())
        applications.withdraw(session, hilde.actor, group, now=house.clock())
        session.commit()
    house.send_all()
    assert state_of(house, founding) == "closed"
    assert "ingetrokken" in house.phones.of(HILDE_DEPUTY)[-1]
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        for act in (applications.withdraw, applications.resubmit):
            with pytest.raises(WrongState):
                act(session, hilde.actor, group, now=house.clock())
        with pytest.raises(WrongState):
            applications.change(session, hilde.actor, group)


def test_a_founder_hears_that_the_coordinator_withdrew(house: House) -> None:
    founding = handed_in(
        house, "Havenlaan", founder_coordinates="no", founder_name="Hilde Maes", coordinator_name="Omar Aziz"
    )
    house.say(HILDE_OTHER, f"AANVRAAG {founding.codes['coordinator']}")
    omar = somebody(house, HILDE_OTHER)
    with house.writing() as session:
        applications.withdraw(session, omar.actor, session.get_one(Group, founding.group_id), now=house.clock())
        session.commit()
    house.send_all()
    assert "ingetrokken" in house.phones.of(HILDE)[-1]
    assert "ingetrokken" not in house.phones.of(HILDE_OTHER)[-1]


def test_who_says_stop_hears_no_decision(house: House, cast: Cast) -> None:
    founding = handed_in(
        house, "Havenlaan", founder_coordinates="no", founder_name="Hilde Maes", coordinator_name="Omar Aziz"
    )
    house.say(HILDE_OTHER, f"AANVRAAG {founding.codes['coordinator']}")
    hilde = somebody(house, HILDE)
    house.say(HILDE, "STOP")
    house.say(HILDE_OTHER, "STOP")
    house.send_all()
    assert "geen berichten meer over de aanvraag voor Havenlaan" in house.phones.of(HILDE)[-1]
    decide(house, cast.claes, founding, "more_info")
    assert house.send_all() == 0
    with house.reading() as session, pytest.raises(NotThere):
        applications.by_slug(session, hilde.actor, founding.slug)


def test_a_coordinator_who_stopped_can_be_appointed_again(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    house.say(HILDE, "STOP")
    assert roles_of(house, founding) == [("coordinator", "left", 1)]
    with house.reading() as session:
        shown = appointments.shown(session, session.get_one(Group, founding.group_id))
        assert [one.proven_at for one in shown] == [None, None]
    hilde = somebody(house, HILDE)
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        one = appointments.of_group(session, group)[0]
        assert appointments.code_shown(session, hilde.actor, one, now=house.clock()) is None
        letters = appointments.code_for(session, hilde.actor, one, now=house.clock()).letters
        session.commit()
    house.say(HILDE, f"AANVRAAG {letters}")
    assert roles_of(house, founding) == [("coordinator", "active", 1)]


def test_who_comes_back_after_somebody_else_got_the_post_is_a_member_like_others(house: House, cast: Cast) -> None:
    founding = active(house, cast)
    house.say(HILDE, "STOP")
    house.say(HILDE_OTHER, f"AANVRAAG {code_of_coordinator(house, founding)}")
    house.say(HILDE, "START")
    assert roles_of(house, founding) == [("member", "active", 1), ("deputy", "active", 2), ("coordinator", "active", 3)]


def test_who_comes_back_before_somebody_else_sends_the_code_keeps_the_post(house: House, cast: Cast) -> None:
    founding = active(house, cast)
    house.say(HILDE, "STOP")
    letters = code_of_coordinator(house, founding)
    house.say(HILDE, "START")
    house.say(HILDE_OTHER, f"AANVRAAG {letters}")
    assert roles_of(house, founding) == [("coordinator", "active", 1), ("deputy", "active", 2)]


def test_a_coordinator_who_stopped_and_joined_as_a_neighbour_can_be_appointed_again(house: House, cast: Cast) -> None:
    founding = active(house, cast)
    house.say(HILDE, "STOP")
    for text in ("MEEDOEN HAVENLAAN", "ja", "1"):
        house.say(HILDE, text)
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        deputy = somebody(house, HILDE_DEPUTY).actor
        [request] = joining.requests(session, deputy, group)
        joining.admit(session, deputy, request.id, now=house.clock())
        session.commit()
    assert roles_of(house, founding)[0] == ("member", "active", 1)
    with house.reading() as session:
        group = session.get_one(Group, founding.group_id)
        assert [one.proven_at is None for one in appointments.shown(session, group)] == [True, False]
        hilde = somebody(house, HILDE).actor
        assert not appointments.may_change(session, hilde, group)
        with pytest.raises(NotThere):
            appointments.code_for(session, hilde, appointments.of_group(session, group)[0], now=house.clock())
    house.say(HILDE, f"AANVRAAG {code_of_coordinator(house, founding)}")
    assert roles_of(house, founding)[0] == ("coordinator", "active", 1)


def test_a_founder_who_does_not_coordinate_hands_on_no_code_of_a_group_at_work(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan", founder_coordinates="no", coordinator_name="Els Vos", browser=BROWSER)
    house.say(HILDE_OTHER, f"AANVRAAG {founding.codes['coordinator']}")
    decide(house, cast.claes, founding)
    sign(house, cast.claes, founding)
    sign(house, somebody(house, HILDE_OTHER), founding)
    house.say(HILDE_OTHER, "STOP")
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        application = session.get_one(Application, founding.application_id)
        for one in appointments.of_group(session, group):
            for holder in (somebody(house, HILDE).actor, application):
                for act in (appointments.code_for, appointments.code_shown):
                    with pytest.raises(NotThere):
                        act(session, holder, one, now=house.clock())


# ---- who may ----


def test_everything_of_an_application_is_for_who_applied_alone(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan", browser=BROWSER)
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    hilde, deputy = somebody(house, HILDE), somebody(house, HILDE_DEPUTY)
    strangers = [
        *(cast.fatima, cast.luc, cast.an, cast.willem),
        *(cast.claes, cast.officer_elsewhere, cast.sofie, cast.karim, cast.de_smet),
    ]
    actors = [one.actor for one in strangers] + [applications.NOBODY]
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        application = session.get_one(Application, founding.application_id)
        one = appointments.of_group(session, group)[0]
        other = applications.start(session, "a stranger's browser", now=house.clock())
        now = house.clock()
        page: dict[str, object] = {"motive": "Van een vreemde."}
        acts: list[Callable[[applications.Actor], object]] = [
            lambda actor: applications.by_slug(session, actor, founding.slug),
            lambda actor: applications.standing(session, actor, group),
            lambda actor: applications.change(session, actor, group),
            lambda actor: applications.resubmit(session, actor, group, now=now),
            lambda actor: applications.withdraw(session, actor, group, now=now),
            lambda actor: appointments.code_for(session, actor, one, now=now),
            lambda actor: appointments.code_shown(session, actor, one, now=now),
            lambda actor: applications.save(session, application, "motive", page, revision=99, now=now, actor=actor),
        ]
        for actor in actors:
            for act in acts:
                with pytest.raises(NotThere):
                    act(actor)
            assert applications.applicant_groups(session, actor) == []
        with pytest.raises(NotThere):
            appointments.code_for(session, other, one, now=now)
        # The deputy follows, and changes nothing.
        for act in acts[:2]:
            act(deputy.actor)
        for act in acts[2:]:
            with pytest.raises(NotThere):
                act(deputy.actor)
        assert applications.applicant_groups(session, hilde.actor) == [group]
        assert applications.applicant_groups(session, deputy.actor) == [group]
        session.rollback()


def test_a_standing_shows_names_and_never_numbers(house: House) -> None:
    founding = handed_in(house, "Havenlaan")
    hilde = somebody(house, HILDE)
    with house.reading() as session:
        standing = applications.standing(session, hilde.actor, session.get_one(Group, founding.group_id))
        assert [(one.role, one.name, one.proven_at is None) for one in standing.appointments] == [
            ("coordinator", "Hilde Maes", False), ("deputy", "Bart Claus", True),
        ]
        assert (standing.may_change, standing.may_withdraw, standing.may_sign) == (True, True, False)
        assert standing.appeal_until is None
        assert "470000040" not in repr(standing)
        assert len(standing.reference.replace("-", "")) == 6


# ---- what is forgotten ----


def test_drafts_nobody_works_on_are_forgotten(house: House) -> None:
    fill(house, "never sent", typed(house, ["Havenlaan"]))
    unproven = apply(house, "Havenlaan", browser="sent, not proven")
    house.say(HILDE_DEPUTY, f"AANVRAAG {unproven.codes['deputy']}")
    kept = handed_in(house, "Havenlaan", browser="handed in", number=HILDE_OTHER, name="Blijft")
    house.clock.forward(days=30, seconds=-1)
    with house.writing() as session:
        assert shredder.forget(session, now=house.clock()) == 0
    house.clock.forward(seconds=1)
    with house.writing() as session:
        assert shredder.forget(session, now=house.clock()) == 2
        session.commit()
    with house.reading() as session:
        assert session.get(Group, unproven.group_id) is None
        assert session.scalars(select(Application.id)).all() == [kept.application_id]
        address = session.scalars(select(Address).where(Address.person_id == somebody(house, HILDE_DEPUTY).id)).one()
        assert address.person.name is None
    assert state_of(house, kept) == "submitted"


def test_of_a_withdrawn_application_nothing_of_its_people_remains(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    house.say(HILDE_DEPUTY, "Er staat een busje in de straat, is dat iets?")
    decide(house, cast.claes, founding, "more_info")
    hilde = somebody(house, HILDE)
    with house.writing() as session:
        applications.withdraw(session, hilde.actor, session.get_one(Group, founding.group_id), now=house.clock())
        session.commit()
    house.clock.forward(days=51)
    with house.writing() as session:
        assert shredder.forget(session, now=house.clock()) == 1
        session.commit()
    with house.reading() as session:
        for table in (ApplicationVersion, Appointment, Review):
            assert session.scalars(select(table).where(table.group_id == founding.group_id)).all() == []
        assert session.scalars(select(Membership).where(Membership.group_id == founding.group_id)).all() == []
        assert session.scalars(select(Consent).where(Consent.group_id == founding.group_id)).all() == []
        assert session.get_one(Person, hilde.id).name is None
    # And then the person goes, as anybody who is in nothing.
    from wabp import forgetting

    with house.writing() as session:
        house.clock.forward(days=2)
        forgetting.strangers(session, now=house.clock())
        session.commit()
        assert session.get(Person, hilde.id) is None


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_what_phones_get_is_in_plain_letters_and_short(language: str) -> None:
    values = {
        "group": "Buurtgroep Havenlaan",
        "link": "https://buurt.politiezone.example/groups/havenlaan/application",
        "reference": "123-456",
        "streets": "Havenlaan, Vaartkant",
        "emergency": "101 / 112",
    }
    keys = [key for key in texts.catalogue(language) if key.startswith("founding.") and ".mail." not in key]
    assert keys
    for key in keys:
        counted = segments.count(texts.say(key, language, **values))
        assert (counted.encoding, counted.parts <= 2) == ("GSM-7", True), key


def test_every_question_has_its_page(house: House) -> None:
    assert set(typed(house, ["Havenlaan"])) == set(QUESTIONS)
