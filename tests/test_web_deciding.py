"""The inspector's pages: the queue, one application, a decision with its reason, and the charter."""

import re

import pytest
from sqlalchemy import select

from tests.applying import english, press
from tests.doors import errors_on, form_on, rows, seen
from tests.founding import (
    HILDE,
    HILDE_DEPUTY,
    Founding,
    activate,
    add_street,
    decide,
    handed_in,
    sign,
    somebody,
    state_of,
)
from tests.house import Browser, Cast, House, add_group, release
from wabp import applications, coverage, demo
from wabp.errors import NotThere
from wabp.models import Account, District, Group, Review, Street, Zone, unseal

ASKED = "Kan u enkel de Havenlaan doen, of afspreken met Molenwijk?"
PAYLOAD = '"><svg onload=alert(1)>'
NO_ID = "0190f000-0000-7000-8000-000000000000"
SIGNED = {"agreed": "yes", "version": "2026-11"}


@pytest.fixture
def founding(light_house: House, light_cast: Cast) -> Founding:
    """An application for a free street and one of another group."""
    add_street(light_house, "Havenlaan")
    return handed_in(light_house, "Havenlaan", "Vaartkant")


@pytest.fixture
def claes(light_house: House, light_cast: Cast, founding: Founding) -> Browser:
    return english(light_house, light_cast.claes)


def page_of(founding: Founding) -> str:
    return f"/applications/{founding.group_id}"


def withdraw(house: House, founding: Founding) -> None:
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        applications.withdraw(session, somebody(house, HILDE).actor, group, now=house.clock())
        session.commit()


def hand_in_again(house: House, founding: Founding) -> None:
    hilde = english(house, somebody(house, HILDE))
    page = f"/groups/{founding.slug}/application"
    assert press(hilde, f"{page}/motive", motive="Nog een betere reden.").status_code == 303
    assert press(hilde, f"{page}/check").status_code == 303


def cards_on(browser: Browser, show: str = "todo") -> list[str]:
    page = browser.get(f"/applications?show={show}").text
    return [seen(card) for card in re.findall(r"<article.*?</article>", page, re.DOTALL)]


def review_of(house: House, founding: Founding) -> tuple[str, str, bool, dict[str, str]]:
    with house.reading() as session:
        row = session.scalars(select(Review).where(Review.group_id == founding.group_id)).one()
        return row.decision, unseal(session, row, "reason"), row.screened, row.checklist


# ---- the queue ----


def test_the_queue_says_of_each_application_what_one_wants_to_know(
    light_house: House, light_cast: Cast, founding: Founding
) -> None:
    light_house.clock.forward(days=4)
    add_street(light_house, "Kaaiplein")
    handed_in(light_house, "Kaaiplein", number="+32470000055", browser="another", name="Kaaiplein")
    claes = english(light_house, light_cast.claes)
    assert cards_on(claes) == [
        "Havenlaan 4 days District molenwijk · 2 streets Overlaps with 1 group 5 of 8 points in order Hilde Maes",
        "Kaaiplein today District molenwijk · 1 street No overlap 5 of 8 points in order Hilde Maes",
    ]
    page = claes.get("/applications").text
    pills = re.findall(r'<a class="pill" href="/applications\?show=(\w+)"[^>]*>(.*?)</a>', page)
    assert [(key, seen(words)) for key, words in pills] == [
        ("todo", "To do 2"),
        ("waiting", "Waiting for an answer 0"),
        ("approved", "Approved 0"),
        ("declined", "Declined 0"),
    ]


def test_each_pill_shows_its_own(light_house: House, light_cast: Cast, founding: Founding, claes: Browser) -> None:
    decide(light_house, light_cast.claes, founding, "more_info", reason=ASKED)
    assert cards_on(claes) == []
    assert "1 group still has to answer you." in seen(claes.get("/applications"))
    assert len(cards_on(claes, "waiting")) == 1
    decide(light_house, light_cast.claes, founding, "decline", reason="Er is al een groep.")
    assert cards_on(claes, "waiting") == []
    assert "Havenlaan Declined" in cards_on(claes, "declined")[0]
    assert "No application is in this list." in seen(claes.get("/applications?show=approved"))
    for unknown in ("x", "", "%00", PAYLOAD):
        page = claes.get(f"/applications?show={unknown}")
        assert page.status_code == 200
        assert "<svg onload" not in page.text


def test_an_empty_queue_is_good_news(light_house: House, light_cast: Cast) -> None:
    page = seen(english(light_house, light_cast.claes).get("/applications"))
    assert "Nothing waits for you New applications appear here." in page


def test_without_mail_the_queue_says_to_look_oneself(light_house: House, light_cast: Cast) -> None:
    assert "No mail is sent." in seen(english(light_house, light_cast.claes).get("/applications"))


def test_the_queue_shows_how_much_of_each_district_is_covered(light_house: House, claes: Browser) -> None:
    page = seen(claes.get("/applications"))
    assert "District molenwijk 1 75 %" in page
    assert "District dijklaan" not in page


def test_coverage_counts_groups_at_work_once_and_streets_once(house: House, cast: Cast) -> None:
    now = house.clock()
    with house.writing() as session:
        zone = session.scalars(select(Zone).where(Zone.name == "PZ Leiebocht")).one()
        mill = session.scalars(select(District).where(District.name == "District molenwijk")).one()
        session.add_all([Street(district=mill, name="Vrij"), District(zone=zone, name="Leeg")])
        paused = add_group(session, zone, "haven", ("Dok", "Sas"), now, state="suspended")
        add_group(session, zone, "wacht", ("Pad",), now, state="submitted")
        # A street that two groups hold is one street.
        second = add_group(session, zone, "tweede", ("Nieuw",), now)
        second.streets = [*second.streets, *paused.streets]
        session.commit()
    with house.reading() as session:
        found = coverage.of_zone(session, cast.claes.actor)
        assert [(row.name, row.groups, row.streets, row.covered) for row in found] == [
            ("District haven", 1, 2, 2),
            ("District molenwijk", 1, 4, 3),
            ("District tweede", 1, 1, 1),
            ("District wacht", 0, 1, 0),
            ("Leeg", 0, 0, 0),
        ]
        for who in (cast.sofie, cast.karim, cast.fatima):
            with pytest.raises(NotThere):
                coverage.of_zone(session, who.actor)


def test_an_inspector_begins_there_and_sees_how_many_wait(
    light_house: House, light_cast: Cast, founding: Founding, claes: Browser
) -> None:
    menu = re.findall(r'<nav class="nav-main".*?</nav>', claes.get("/registry").text, re.DOTALL)[0]
    assert seen(menu).startswith("Applications 1 new Groups")
    decide(light_house, light_cast.claes, founding, "decline", reason="Er is al een groep.")
    menu = re.findall(r'<nav class="nav-main".*?</nav>', claes.get("/registry").text, re.DOTALL)[0]
    assert seen(menu).startswith("Applications Groups")


def test_signing_in_as_an_inspector_leads_to_the_queue(light_house: House) -> None:
    with light_house.writing() as session:
        demo.load(session, members=2, quiet="none", now=light_house.clock())
        session.commit()
        offices = {row.role: row.id for row in session.scalars(select(Account))}
    for role, home in (("inspector", "/applications"), ("zone_admin", "/registry")):
        assert light_house.browser().post("/sign-in", who=str(offices[role])).location == home


def test_nobody_else_has_a_queue(light_house: House, light_cast: Cast, founding: Founding) -> None:
    for who in (None, light_cast.de_smet, light_cast.sofie, light_cast.karim, light_cast.fatima, light_cast.an):
        browser = english(light_house, who)
        for path in ("/applications", page_of(founding)):
            assert browser.get(path).status_code == 404


# ---- one application ----


def test_one_application_shows_what_was_applied_for_and_no_number(claes: Browser, founding: Founding) -> None:
    page = claes.get(page_of(founding))
    text = seen(page)
    for words in ("Havenlaan, Vaartkant", "Hilde Maes", "Bart Claus", "Handed in on 12 January 2027 · since today"):
        assert words in text
    assert "Coordinator: phone confirmed" in text
    assert "Deputy: phone not confirmed yet" in text
    assert "47000" not in re.sub(r"[ .\-/]", "", text)
    assert len(re.findall(r'class="btn btn-main', page.text)) == 1


def test_overlaps_come_first_with_streets_state_and_size_but_nobody_in_it(
    light_house: House, light_cast: Cast, claes: Browser, founding: Founding
) -> None:
    release(light_house, light_cast.fatima, text="Kanariegele auto reed traag door de straat.")
    page = claes.get(page_of(founding))
    text = seen(page)
    assert "1 street belongs to another group Vaartkant: Molenwijk (Active, 7 residents)." in text
    assert text.index("1 street belongs to another group") < text.index("The application")
    assert "1 street is free 1 street overlaps Havenlaan Vaartkant · Molenwijk" in text
    for hidden in ("Fatima", "Luc", "Kanarie", "Kerkdreef"):
        assert hidden not in text


def test_a_small_group_has_no_number_of_residents(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        zone = session.scalars(select(Zone).where(Zone.name == "PZ Leiebocht")).one()
        add_group(session, zone, "klein", ("Kleinstraat",), light_house.clock())
        session.commit()
    founding = handed_in(light_house, "Kleinstraat")
    page = seen(english(light_house, light_cast.claes).get(page_of(founding)))
    assert "Kleinstraat: Klein (Active, fewer than 5 residents)" in page


def test_another_application_for_the_same_street_is_told_too(
    light_house: House, claes: Browser, founding: Founding
) -> None:
    handed_in(light_house, "Havenlaan", number="+32470000055", browser="another", name="Dokzijde")
    page = seen(claes.get(page_of(founding)))
    assert "1 street is in another application Havenlaan: Dokzijde (To be decided, fewer than 5 residents)" in page


def test_the_charter_s_points_are_marked_as_the_answers_tell(
    light_house: House, claes: Browser, founding: Founding
) -> None:
    form = form_on(claes.get(page_of(founding)), "columns")
    assert {name: value for name, value in form.items() if name.startswith("point_")} == {
        "point_call_first": "ok",
        "point_no_patrols": "ok",
        "point_no_names": "ok",
        "point_coordinator_adult": "ok",
        "point_deputy": "todo",
        "point_plan": "ok",
        "point_invited": "todo",
    }
    assert "Belgian law of 29 July 1934" in seen(claes.get(page_of(founding)))
    light_house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    assert form_on(claes.get(page_of(founding)), "columns")["point_deputy"] == "ok"


def test_the_outline_of_the_district_is_drawn_when_it_is_known(
    light_house: House, claes: Browser, founding: Founding
) -> None:
    assert 'class="outline"' not in claes.get(page_of(founding)).text
    with light_house.writing() as session:
        district = session.scalars(select(District).where(District.name == "District molenwijk")).one()
        district.outline = [[[3.70, 51.00], [3.80, 51.00], [3.80, 51.10], [3.70, 51.10], [3.70, 51.00]]]
        session.commit()
    page = claes.get(page_of(founding)).text
    assert 'viewBox="-6 -6 201 312"' in page
    assert '<path d="M0.0,300.0 189.0,300.0 189.0,0.0 0.0,0.0 0.0,300.0Z"/>' in page


# ---- deciding ----


def test_a_decision_is_kept_with_reason_marks_and_screening(
    light_house: House, claes: Browser, founding: Founding
) -> None:
    answer = press(
        claes,
        page_of(founding),
        decision="more_info",
        reason=ASKED,
        screened="yes",
        point_plan="todo",
        point_invited="ok",
    )
    assert answer.location == page_of(founding)
    decision, reason, screened, marks = review_of(light_house, founding)
    assert (decision, reason, screened) == ("more_info", ASKED, True)
    assert (marks["plan"], marks["invited"], marks["screening"]) == ("todo", "ok", "ok")
    page = seen(claes.get(page_of(founding)))
    assert f"You asked for more. {ASKED}" in page
    assert f"The district officer asked for more 21:06 {ASKED}" in page
    form = form_on(claes.get(page_of(founding)), "columns")
    assert form["point_invited"] == "ok"
    light_house.send_all()
    assert any(f"/groups/{founding.slug}/application" in body for body in light_house.phones.of(HILDE))


def test_nothing_chosen_or_no_reason_is_said_at_its_field_and_all_else_is_kept(
    light_house: House, claes: Browser, founding: Founding
) -> None:
    before = rows(light_house)
    page = press(claes, page_of(founding), reason=ASKED, screened="yes", point_invited="ok")
    assert page.status_code == 400
    assert errors_on(page) == ["Choose: approve, ask for more, or decline."]
    form = form_on(page, "columns")
    assert (form["reason"], form["point_invited"]) == (ASKED, "ok")
    assert 'name="screened" id="field-screened" value="yes" checked' in page.text
    page = press(claes, page_of(founding), decision="decline", reason=" ")
    assert errors_on(page) == ["Write why. The applicant reads this literally."]
    assert form_on(page, "columns")["decision"] == "decline"
    page = press(claes, page_of(founding), decision="approve", reason=ASKED, point_plan="wrong")
    assert errors_on(page)[0].startswith("A point of the charter is not in order.")
    assert 'href="#field-checklist"' in page.text
    assert form_on(page, "columns")["point_plan"] == "wrong"
    assert rows(light_house) == before


def test_streets_of_another_group_are_not_approved(light_house: House, claes: Browser, founding: Founding) -> None:
    page = press(claes, page_of(founding), decision="approve", reason=ASKED)
    assert page.status_code == 400
    assert errors_on(page)[0].startswith("Vaartkant belongs to Molenwijk already")
    assert form_on(page, "columns")["reason"] == ASKED
    assert state_of(light_house, founding) == "submitted"


def test_a_version_that_was_not_read_is_not_decided_on_and_what_was_typed_stays(
    light_house: House, claes: Browser, founding: Founding
) -> None:
    form = form_on(claes.get(page_of(founding)), "columns")
    hand_in_again(light_house, founding)
    page = claes.client.post(page_of(founding), data=form | {"decision": "decline", "reason": ASKED})
    assert page.status_code == 409
    assert "The applicant handed in a new version." in seen(page)
    assert "Nog een betere reden." in seen(page)
    shown = form_on(page, "columns")
    assert (shown["version"], shown["reason"], shown["decision"]) == ("2", ASKED, "decline")
    assert state_of(light_house, founding) == "submitted"
    assert claes.client.post(page_of(founding), data=shown).status_code == 303
    assert state_of(light_house, founding) == "declined"


def test_a_withdrawn_application_is_decided_no_more_and_the_words_are_not_lost(
    light_house: House, claes: Browser, founding: Founding
) -> None:
    form = form_on(claes.get(page_of(founding)), "columns")
    withdraw(light_house, founding)
    page = claes.client.post(page_of(founding), data=form | {"decision": "decline", "reason": ASKED})
    assert page.status_code == 409
    assert errors_on(page) == ["The applicant has withdrawn this application. There is nothing left to decide."]
    assert f"What you typed {ASKED}" in seen(page)
    assert state_of(light_house, founding) == "closed"


def test_a_second_decision_on_the_same_page_is_refused(light_house: House, claes: Browser, founding: Founding) -> None:
    form = form_on(claes.get(page_of(founding)), "columns") | {"decision": "decline", "reason": ASKED}
    answers = [claes.client.post(page_of(founding), data=form).status_code for _press in range(2)]
    assert answers == [303, 409]
    assert review_of(light_house, founding)[0] == "decline"


@pytest.mark.parametrize("field", ["version", "decision", "reason", "point_plan", "screened", "csrf_token"])
@pytest.mark.parametrize("value", ["", "\x00", PAYLOAD, "²", "9" * 400, "x" * 20_000])
def test_no_value_of_any_field_breaks_the_page(claes: Browser, founding: Founding, field: str, value: str) -> None:
    page = press(claes, page_of(founding), **({"decision": "more_info", "reason": ASKED} | {field: value}))
    assert page.status_code in {303, 400, 409}
    assert "<svg onload" not in page.text


def test_an_inspector_of_another_zone_finds_nothing(light_house: House, light_cast: Cast, founding: Founding) -> None:
    elsewhere = english(light_house, light_cast.officer_elsewhere)
    assert cards_on(elsewhere) == []
    assert elsewhere.get(page_of(founding)).status_code == 404
    form = {"decision": "decline", "reason": ASKED, "version": "1"}
    assert press(elsewhere, page_of(founding), "/applications", **form).status_code == 404
    assert press(elsewhere, f"{page_of(founding)}/charter", "/applications", **SIGNED).status_code == 404
    assert state_of(light_house, founding) == "submitted"


def test_groups_that_did_not_apply_and_ids_that_are_none_are_not_there(
    light_house: House, light_cast: Cast, claes: Browser
) -> None:
    with light_house.reading() as session:
        mill = session.scalars(select(Group.id).where(Group.slug == "molenwijk")).one()
    for group_id in (mill, NO_ID, "x", "%00"):
        assert claes.get(f"/applications/{group_id}").status_code == 404


# ---- the charter ----


def test_the_inspector_signs_after_the_approval_and_with_the_coordinator_it_starts(
    light_house: House, light_cast: Cast
) -> None:
    add_street(light_house, "Havenlaan")
    founding = handed_in(light_house, "Havenlaan")
    claes = english(light_house, light_cast.claes)
    charter = f"{page_of(founding)}/charter"
    early = press(claes, charter, page_of(founding), **SIGNED)
    assert early.status_code == 409
    assert state_of(light_house, founding) == "submitted"
    assert press(claes, page_of(founding), decision="approve", reason=ASKED, screened="yes").status_code == 303
    page = claes.get(page_of(founding))
    assert "Record the decision" not in page.text
    assert "Call 101 first, write afterwards." in seen(page)
    refused = press(claes, charter, page_of(founding))
    assert refused.status_code == 400
    assert errors_on(refused) == ["Tick that you sign the charter."]
    assert press(claes, charter, page_of(founding), agreed="yes").location == page_of(founding)
    page = claes.get(page_of(founding))
    assert "Coordinator: not yet District officer: signed on 12 January 2027" in seen(page)
    assert 'name="agreed"' not in page.text
    assert state_of(light_house, founding) == "approved"
    sign(light_house, somebody(light_house, HILDE), founding)
    assert state_of(light_house, founding) == "active"
    assert press(claes, charter, page_of(founding), **SIGNED).status_code == 303
    assert "Active" in seen(claes.get(page_of(founding)))
    assert "Havenlaan Active" in cards_on(claes, "approved")[0]


def test_an_active_group_tells_the_inspector_nothing_more(light_house: House, light_cast: Cast) -> None:
    add_street(light_house, "Havenlaan")
    founding = handed_in(light_house, "Havenlaan")
    activate(light_house, light_cast.claes, founding)
    release(light_house, somebody(light_house, HILDE), slug="havenlaan", text="Kanariegele auto reed traag.")
    page = english(light_house, light_cast.claes).get(page_of(founding))
    assert page.status_code == 200
    assert "Kanarie" not in page.text
    assert "47000" not in re.sub(r"[ .\-/]", "", seen(page))


def test_markup_in_what_was_applied_for_appears_escaped_only(light_house: House, light_cast: Cast) -> None:
    add_street(light_house, f"Straat {PAYLOAD}")
    founding = handed_in(
        light_house,
        f"Straat {PAYLOAD}",
        name=f"Haven {PAYLOAD}",
        motive=f"Omdat {PAYLOAD}",
        founder_name=f"Hilde {PAYLOAD}",
        deputy_name=f"Bart {PAYLOAD}",
        plan=f"Plan {PAYLOAD}",
    )
    handed_in(light_house, f"Straat {PAYLOAD}", number="+32470000055", browser="b", name=f"Dok {PAYLOAD}")
    claes = english(light_house, light_cast.claes)
    decide(light_house, light_cast.claes, founding, "more_info", reason=f"Waarom {PAYLOAD}")
    for path in ("/applications", "/applications?show=waiting", page_of(founding)):
        page = claes.get(path).text
        assert "<svg onload" not in page
        assert "&lt;svg onload=alert(1)&gt;" in page
