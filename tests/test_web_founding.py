"""Founding a group by the public pages: one question a page, all answers once more, and a code from one's own phone."""

import html
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select

from tests.applying import ANSWERS, MOTIVE, PLAN, Applicant, applied, english
from tests.doors import errors_on, form_on, loot, rows, seen
from tests.founding import HILDE, HILDE_DEPUTY, add_district, add_street, handed_in
from tests.house import Browser, Cast, House
from wabp import answers, applications
from wabp.models import Application, Appointment, Group, Street, Zone

QUESTIONS = answers.QUESTIONS
PAYLOAD = '"><svg onload=alert(1)>'
LONG = "Wij wonen hier graag. " * 200


@pytest.fixture(autouse=True)
def nothing_unexpected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing in here may be an error of ours, whatever the page says."""
    caplog.set_level(logging.INFO, "wabp")
    yield
    assert "unexpected error" not in caplog.text
    assert "the database did not answer" not in caplog.text


@pytest.fixture
def hilde(light_house: House, light_cast: Cast) -> Applicant:
    """Somebody who just began, in a house where the Havenlaan is free."""
    add_street(light_house, "Havenlaan")
    applicant = Applicant(light_house)
    applicant.begin()
    return applicant


def group_count(house: House) -> int:
    with house.reading() as session:
        return session.scalar(select(func.count()).select_from(Group)) or 0


def answers_of(house: House) -> answers.Answers:
    with house.reading() as session:
        return applications.answers_of(session, session.scalars(select(Application)).one())


def street_ids(house: House, *names: str) -> list[str]:
    with house.reading() as session:
        return [str(session.scalars(select(Street.id).where(Street.name == name)).one()) for name in names]


def buttons(page: str) -> list[str]:
    """Return the words of a page's green buttons."""
    found = re.findall(r'<(?:button|a) class="btn btn-main[^>]*>(.*?)</(?:button|a)>', page, re.DOTALL)
    return [seen(words) for words in found]


# ---- the start ----


def test_the_first_page_says_what_a_group_is_and_is_not_and_whom_to_talk_to_first(
    light_house: House, light_cast: Cast
) -> None:
    page = Applicant(light_house).get("/apply")
    text = seen(page)
    for words in ("Talk to your district officer first", "No patrols", "no emergency line", "Who sees what?"):
        assert words in text
    assert buttons(page.text) == ["Start the application"]


def test_looking_at_the_pages_begins_nothing(light_house: House, light_cast: Cast) -> None:
    visitor = Applicant(light_house)
    before = rows(light_house)
    assert visitor.get("/apply").status_code == 200
    for path in (*(f"/apply/{question}" for question in QUESTIONS), "/apply/check", "/apply/sent"):
        answer = visitor.get(path)
        assert answer.status_code == 303
        assert answer.location == "/apply"
    assert rows(light_house) == before


def test_no_page_of_an_application_asks_for_a_number(light_house: House, light_cast: Cast) -> None:
    add_street(light_house, "Havenlaan")
    applicant = Applicant(light_house)
    applicant.answer_all("Havenlaan")
    applicant.hand_in()
    for path in (*(f"/apply/{question}" for question in QUESTIONS), "/apply", "/apply/check", "/apply/sent"):
        page = applicant.get(path).text
        assert not re.search(r'type="tel"|name="(?:number|phone)"|autocomplete="tel"', page), path


def test_a_browser_that_began_goes_on_where_it_was(hilde: Applicant) -> None:
    assert hilde.area("Havenlaan").location == "/apply/motive"
    page = hilde.get("/apply")
    assert buttons(page.text) == ["Go on with your application"]
    assert 'href="/apply/motive"' in page.text
    assert hilde.send("/apply/area", "/apply/motive").status_code == 400
    with hilde.house.reading() as session:
        assert session.scalar(select(func.count()).select_from(Application)) == 1


def test_another_browser_sees_nothing_of_an_application(hilde: Applicant) -> None:
    hilde.area("Havenlaan")
    other = Applicant(hilde.house)
    for path in ("/apply/area", "/apply/check", "/apply/sent"):
        assert other.get(path).location == "/apply"
    assert "Havenlaan" not in other.get("/apply").text


def test_one_address_begins_ten_applications_an_hour_and_then_waits(light_house: House, light_cast: Cast) -> None:
    def press_start() -> tuple[int, str]:
        browser = english(light_house)
        shown = browser.client.get("/apply", environ_base={"REMOTE_ADDR": "81.82.83.84"})
        token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
        assert token is not None
        answer = browser.client.post(
            "/apply", data={"csrf_token": token.group(1)}, environ_base={"REMOTE_ADDR": "81.82.83.84"}
        )
        return answer.status_code, answer.text

    assert [press_start()[0] for _try in range(10)] == [303] * 10
    status, page = press_start()
    assert status == 429
    assert "Try again in an hour." in page
    light_house.clock.forward(hours=1, seconds=1)
    assert press_start()[0] == 303


# ---- one question a page ----


def test_the_questions_follow_each_other_and_lead_to_the_check(hilde: Applicant) -> None:
    page = hilde.get("/apply/area")
    assert "Question 1 of 6" in seen(page)
    assert hilde.area("Havenlaan").location == "/apply/motive"
    for number, (question, fields) in enumerate(ANSWERS.items(), start=2):
        page = hilde.get(f"/apply/{question}")
        assert f"Question {number} of 6" in seen(page)
        assert f'href="/apply/{QUESTIONS[number - 2]}"' in page.text
        assert buttons(page.text) == ["Save and go on"]
        following = f"/apply/{QUESTIONS[number]}" if number < 6 else "/apply/check"
        assert hilde.send(f"/apply/{question}", **fields).location == following


def test_answers_are_kept_and_shown_again(hilde: Applicant) -> None:
    hilde.area("Havenlaan")
    hilde.send("/apply/motive", motive=MOTIVE)
    hilde.send("/apply/coordinator", **ANSWERS["coordinator"])
    assert form_on(hilde.get("/apply/motive"), "apply")["motive"] == MOTIVE
    coordinator = form_on(hilde.get("/apply/coordinator"), "apply")
    assert coordinator["founder_coordinates"] == "yes"
    assert coordinator["founder_name"] == "Hilde Wouters"
    area = hilde.get("/apply/area").text
    assert re.search(rf'value="{street_ids(hilde.house, "Havenlaan")[0]}" checked', area)
    assert len(re.findall(r'name="street_ids"[^>]* checked', area)) == 1


def test_without_a_deputy_the_field_says_so_and_all_else_is_kept(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    page = hilde.send("/apply/deputy", deputy_name=" ")
    assert page.status_code == 400
    assert errors_on(page) == ["Fill in the name of the deputy."]
    assert 'href="#field-deputy_name"' in page.text
    assert "<title>Error:" in page.text
    kept = answers_of(hilde.house)
    assert (kept.motive, kept.plan, kept.coordinator) == (MOTIVE, PLAN, "Hilde Wouters")


def test_all_that_is_wrong_on_a_page_is_said_at_once_and_what_is_right_stays(hilde: Applicant) -> None:
    page = hilde.send("/apply/coordinator", founder_coordinates="no", founder_name="Hilde Wouters", coordinator_name="")
    assert errors_on(page) == [
        "Fill in the name of the coordinator.",
        "Confirm that the coordinator is 18 or older.",
    ]
    assert form_on(page, "apply")["founder_name"] == "Hilde Wouters"
    assert form_on(page, "apply")["founder_coordinates"] == "no"
    assert form_on(hilde.get("/apply/coordinator"), "apply")["founder_name"] == "Hilde Wouters"


def test_a_text_that_is_too_long_stays_in_its_field(hilde: Applicant) -> None:
    page = hilde.send("/apply/motive", motive=LONG)
    assert page.status_code == 400
    assert errors_on(page) == [f"This has {len(LONG.strip())} characters; at most 2000 fit. Make it shorter."]
    assert form_on(page, "apply")["motive"].strip() == LONG.strip()


def test_the_zone_comes_first_then_the_district_then_its_streets(hilde: Applicant) -> None:
    page = hilde.get("/apply/area")
    assert "Basisteam Merwedrecht" in page.text
    assert buttons(page.text) == ["Show the districts"]
    with hilde.house.reading() as session:
        zone = session.scalars(select(Zone.id).where(Zone.name == "PZ Leiebocht")).one()
    page = hilde.get(f"/apply/area?zone={zone}")
    assert "District molenwijk" in page.text
    assert "District dijklaan" not in page.text
    district = re.findall(r'<option value="([0-9a-f-]{36})"', page.text)[0]
    page = hilde.get(f"/apply/area?zone={zone}&district={district}")
    assert re.findall(r'<label for="street-[^"]*">(\w+)', page.text) == [
        "Havenlaan", "Kerkdreef", "Molenstraat", "Vaartkant",
    ]  # fmt: skip
    assert "in Molenwijk" in seen(page)
    assert buttons(page.text) == ["Save and go on"]


def test_with_one_zone_nobody_chooses_it(light_house: House) -> None:
    with light_house.writing() as session:
        session.add(
            Zone(slug="z", name="PZ Z", country="be", timezone="Europe/Brussels", created_at=light_house.clock())
        )
        session.commit()
    applicant = Applicant(light_house)
    applicant.begin()
    assert "No streets yet" in seen(applicant.get("/apply/area"))
    add_district(light_house, "PZ Z", "Haven", "Havenlaan")
    assert buttons(applicant.get("/apply/area").text) == ["Show the streets"]


@pytest.mark.parametrize("query", ["zone=", "zone=x", "zone=%00", f"zone={'f' * 36}", f"zone={PAYLOAD}"])
def test_a_zone_that_is_none_is_asked_again(hilde: Applicant, query: str) -> None:
    page = hilde.get(f"/apply/area?{query}")
    assert page.status_code == 200
    assert errors_on(page) == ["Choose the zone of the group."]


@pytest.mark.parametrize("district", ["", "x", "%00", "0190f000-0000-7000-8000-000000000000"])
def test_a_district_that_is_none_is_asked_again(hilde: Applicant, district: str) -> None:
    with hilde.house.reading() as session:
        zone = session.scalars(select(Zone.id).where(Zone.name == "PZ Leiebocht")).one()
    page = hilde.get(f"/apply/area?zone={zone}&district={district}")
    assert page.status_code == 200
    assert errors_on(page) == ["Choose the district of the group."]
    assert "District molenwijk" in page.text


def test_a_long_list_of_streets_is_parted_by_letter(hilde: Applicant) -> None:
    for number in range(60):
        add_street(hilde.house, f"{chr(65 + number % 26)}straat {number}")
    with hilde.house.reading() as session:
        district = session.scalars(select(Street.district_id).where(Street.name == "Havenlaan")).one()
    page = hilde.get(f"/apply/area?district={district}").text
    assert page.count('name="street_ids"') == 64
    assert len(re.findall(r'href="#letter-\d+">\w<', page)) == 26


def test_a_dutch_zone_shows_its_own_emergency_number_and_rules(hilde: Applicant) -> None:
    hilde.area("Dijklaan")
    page = hilde.get("/apply/charter").text
    assert "Rules for the Netherlands" in page
    assert 'href="tel:101"' not in page
    assert 'href="tel:112"' in page


# ---- unknown and hostile values ----


@pytest.mark.parametrize("street", ["", "x", "\x00", "0190f000-0000-7000-8000-000000000000", PAYLOAD])
def test_a_street_that_is_none_is_refused_in_one_sentence(hilde: Applicant, street: str) -> None:
    with hilde.house.reading() as session:
        district = session.scalars(select(Street.district_id).where(Street.name == "Havenlaan")).one()
    page = hilde.send("/apply/area", f"/apply/area?district={district}", street_ids=[street], name="Havenlaan")
    assert page.status_code == 400
    assert errors_on(page) == ["Choose one or more streets of this district."]
    assert form_on(page, "apply")["name"] == "Havenlaan"
    assert answers_of(hilde.house).street_ids == ()


def test_a_street_of_another_zone_is_refused_and_the_right_ticks_stay(hilde: Applicant) -> None:
    own, other = street_ids(hilde.house, "Havenlaan", "Dijklaan")
    with hilde.house.reading() as session:
        district = session.scalars(select(Street.district_id).where(Street.name == "Havenlaan")).one()
    page = hilde.send("/apply/area", f"/apply/area?district={district}", street_ids=[own, other], name="Havenlaan")
    assert errors_on(page) == ["Choose one or more streets of this district."]
    assert f'value="{own}" checked' in page.text
    assert answers_of(hilde.house).street_ids == ()


def test_no_field_of_any_page_breaks_on_what_no_text_holds(house: House, cast: Cast) -> None:
    hilde = Applicant(house)
    hilde.begin()
    hilde.area("Vaartkant")
    for question in QUESTIONS:
        names = {"area": ("zone_id", "district_id", "street_ids", "name")}.get(
            question, tuple(ANSWERS.get(question, {}))
        )
        for name in (*names, "revision"):
            for value in ("\x00", PAYLOAD, "\u202e\u200b", "x" * 50_000, "²"):
                page = hilde.send(f"/apply/{question}", **{name: value})
                assert page.status_code in {200, 303, 400, 409}, (question, name, ascii(value[:20]))
                assert "<svg onload" not in page.text


def test_markup_in_answers_appears_escaped_only(light_house: House, light_cast: Cast) -> None:
    add_street(light_house, "Havenlaan")
    applicant = Applicant(light_house)
    applicant.answer_all(
        "Havenlaan", name=f"Groep {PAYLOAD}", motive=PAYLOAD + "x", plan=PAYLOAD, deputy_name=f"D{PAYLOAD}"
    )
    for path in ("/apply/area", "/apply/motive", "/apply/plan", "/apply/deputy", "/apply/check"):
        page = applicant.get(path).text
        assert "<svg onload" not in page
        assert "&lt;svg onload=alert(1)&gt;" in page, path
    assert applicant.hand_in().status_code == 303
    assert "<svg onload" not in applicant.get("/apply/sent").text


@pytest.mark.parametrize("question", ["geheim", "check%00", "%00", "x" * 2_000, "..%2f"])
def test_a_question_that_is_none_is_not_there(hilde: Applicant, question: str) -> None:
    assert hilde.get(f"/apply/{question}").status_code == 404


@pytest.mark.parametrize("path", ["/apply", "/apply/motive", "/apply/check", "/apply/sent"])
def test_an_upload_of_two_gigabytes_is_refused_before_it_is_read(hilde: Applicant, path: str) -> None:
    class Endless(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("somebody reads it")

    answer = hilde.browser.client.post(
        path,
        content_type="application/x-www-form-urlencoded",
        environ_overrides={"CONTENT_LENGTH": str(2 * 1024**3), "wsgi.input": Endless()},
    )
    assert answer.status_code == 413
    assert "This is too much at once." in seen(answer)
    assert answers_of(hilde.house) == answers.Answers()


# ---- two tabs ----


def test_an_answer_changed_in_another_tab_is_shown_beside_what_was_typed(hilde: Applicant) -> None:
    hilde.area("Havenlaan")
    first = form_on(hilde.get("/apply/motive"), "apply")
    hilde.send("/apply/motive", motive="Uit het eerste tabblad.")
    page = hilde.browser.client.post("/apply/motive", data=first | {"motive": "Uit het tweede tabblad."})
    assert page.status_code == 409
    assert "This answer was changed in another window" in seen(page)
    assert "Uit het eerste tabblad." in seen(page)
    assert form_on(page, "apply")["motive"] == "Uit het tweede tabblad."
    assert answers_of(hilde.house).motive == "Uit het eerste tabblad."
    # Saved once more, knowing what it replaces.
    again = hilde.browser.client.post("/apply/motive", data=form_on(page, "apply"))
    assert again.status_code == 303
    assert answers_of(hilde.house).motive == "Uit het tweede tabblad."


def test_tabs_on_different_questions_do_not_disturb_each_other(hilde: Applicant) -> None:
    hilde.area("Havenlaan")
    motive, plan = (form_on(hilde.get(f"/apply/{question}"), "apply") for question in ("motive", "plan"))
    assert hilde.browser.client.post("/apply/plan", data=plan | {"plan": PLAN}).status_code == 303
    assert hilde.browser.client.post("/apply/motive", data=motive | {"motive": MOTIVE}).status_code == 303


def test_what_was_changed_since_the_check_is_looked_at_again_before_it_goes(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    shown = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', hilde.get("/apply/check").text))
    hilde.send("/apply/motive", motive="Toch iets anders.")
    page = hilde.browser.client.post("/apply/check", data=shown)
    assert page.status_code == 409
    assert errors_on(page) == ["The answers were changed in another window meanwhile. Check them, then hand in."]
    assert "Toch iets anders." in seen(page)
    assert group_count(hilde.house) == 2


# ---- check answers ----


def test_the_check_lists_all_answers_each_with_a_way_to_change_it_and_back(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    page = hilde.get("/apply/check")
    for words in ("Buurtgroep Havenlaan", "District molenwijk, PZ Leiebocht", MOTIVE, PLAN, "Marleen Desmet"):
        assert words in seen(page)
    assert re.findall(r'href="(/apply/\w+\?to=check)"', page.text) == [f"/apply/{one}?to=check" for one in QUESTIONS]
    assert buttons(page.text) == ["Hand in"]
    assert hilde.send("/apply/plan?to=check", plan="Een ander plan.").location == "/apply/check"
    assert "Een ander plan." in seen(hilde.get("/apply/check"))


def test_what_is_missing_is_linked_to_its_question(hilde: Applicant) -> None:
    hilde.area("Havenlaan")
    page = hilde.hand_in()
    assert page.status_code == 400
    assert "Write why you want to start a group." in errors_on(page)
    linked = re.findall(r'<a href="#field-(\w+)">', page.text)
    assert linked == ["motive", "coordinator", "coordinator", "coordinator", "deputy", "plan", "charter"]
    for question in linked:
        assert f'id="field-{question}"' in page.text
    assert group_count(hilde.house) == 2


def test_streets_of_a_group_lead_to_that_group(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan", "Vaartkant")
    page = hilde.get("/apply/check")
    assert "Vaartkant belongs to Molenwijk already." in seen(page)
    assert 'href="/g/molenwijk"' in page.text
    assert hilde.hand_in().status_code == 303


def test_a_group_that_is_not_there_yet_is_not_named_to_others(hilde: Applicant) -> None:
    handed_in(hilde.house, "Havenlaan", number="+32470000055", name="De Geheime Haven")
    hilde.answer_all("Havenlaan")
    page = hilde.get("/apply/check")
    assert "Somebody else applies for Havenlaan too." in seen(page)
    assert "Geheime" not in page.text
    assert hilde.hand_in().status_code == 303


def test_two_founders_for_the_same_street_at_once_are_both_heard(hilde: Applicant) -> None:
    other = Applicant(hilde.house)
    for applicant in (hilde, other):
        applicant.answer_all("Havenlaan")
    assert [applicant.hand_in().status_code for applicant in (hilde, other)] == [303, 303]
    hilde.prove(HILDE)
    other.prove("+32470000055")
    with hilde.house.reading() as session:
        found = session.scalars(select(Group).where(Group.state == "submitted")).all()
        assert len({group.slug for group in found}) == 2


# ---- handed in ----


def test_pressing_twice_is_one_application_and_the_same_page(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    shown = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', hilde.get("/apply/check").text))
    first, second = (hilde.browser.client.post("/apply/check", data=shown) for _press in range(2))
    assert first.location == second.location == "/apply/sent"
    assert group_count(hilde.house) == 3
    assert seen(hilde.get("/apply/sent")) == seen(hilde.get("/apply/sent"))


def test_pressing_in_several_tabs_at_the_same_moment_is_one_application(house: House, cast: Cast) -> None:
    hilde = Applicant(house)
    hilde.answer_all("Vaartkant")
    shown = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', hilde.get("/apply/check").text))
    cookie = hilde.browser.client.get_cookie("wabp-form")
    assert cookie is not None
    together = Barrier(4)

    def press_in(tab: Browser) -> str:
        together.wait(10)
        return tab.client.post("/apply/check", data=shown).location

    tabs = [english(house) for _tab in range(4)]
    for tab in tabs:
        tab.client.set_cookie("wabp-form", cookie.value)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(press_in, tabs)) == ["/apply/sent"] * 4
    assert group_count(house) == 3
    assert hilde.prove().number == HILDE


def test_the_last_page_says_what_to_send_from_ones_own_phone(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    hilde.hand_in()
    page = hilde.get("/apply/sent")
    letters = hilde.code().split()[1]
    assert f'href="https://wa.me/32400001818?text=APPLY%20{letters}"' in page.text
    assert f'href="sms:+32400001819?body=APPLY%20{letters}"' in html.unescape(page.text)
    assert 'src="data:image/svg+xml' in page.text
    assert "until 21:36" in seen(page)
    assert "+32 400 00 18 18" in seen(page)
    assert re.search(r"Reference: \d{3}-\d{3}", seen(page))
    assert len(buttons(page.text)) == 1
    for language, keyword in (("nl", "AANVRAAG"), ("fr", "DEMANDE"), ("de", "ANTRAG")):
        hilde.browser.client.set_cookie("language", language)
        assert f"{keyword} {letters}" in seen(hilde.get("/apply/sent"))


def test_after_the_phone_sent_it_the_page_says_so_and_signs_nobody_in(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    hilde.hand_in()
    hilde.prove()
    page = hilde.get("/apply/sent")
    assert "Phone linked." in seen(page)
    assert "470000040" not in re.sub(r"\D", "", page.text)
    assert "Sign out" not in page.text
    assert hilde.get("/groups/havenlaan/application").status_code == 404
    assert any("ingediend" in body or "handed in" in body for body in hilde.house.phones.of(HILDE))


def test_the_founder_signs_in_for_the_others_codes_and_hears_who_confirmed(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    hilde.hand_in()
    assert "Marleen Desmet" not in seen(hilde.get("/apply/sent"))
    signed_in = english(hilde.house, hilde.prove())
    page = seen(signed_in.get("/groups/havenlaan/application"))
    assert "Marleen Desmet · Deputy Pass this on." in page
    code = re.search(r"APPLY [A-Z]{4}", page)
    assert code is not None
    hilde.house.say(HILDE_DEPUTY, code.group())
    hilde.house.send_all()
    assert "Marleen Desmet · Deputy has confirmed" in seen(signed_in.get("/groups/havenlaan/application"))


def test_a_browser_where_nobody_signed_in_shows_and_renews_no_code_once_the_founder_proved(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan", founder_coordinates="no", coordinator_name="Bart Claus")
    hilde.hand_in()
    hilde.prove()
    for days in (0, 2):
        hilde.house.clock.forward(days=days)
        page = hilde.get("/apply/sent")
        for words in ("APPLY", "Bart Claus", "Marleen Desmet", "Show a new code"):
            assert words not in seen(page)
        assert 'href="/groups/havenlaan/application"' in page.text
    with hilde.house.reading() as session:
        named = [str(one) for one in session.scalars(select(Appointment.id))]
    before = rows(hilde.house)
    for one in named:
        assert hilde.send("/apply/sent", "/apply", appointment_id=one).location == "/apply/sent"
    assert rows(hilde.house) == before


def test_a_code_that_is_over_is_replaced_at_the_press_of_a_button(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    hilde.hand_in()
    old = hilde.code()
    hilde.house.clock.forward(minutes=31)
    page = hilde.get("/apply/sent")
    assert "The code is over" in seen(page)
    assert buttons(page.text) == ["Show a new code"]
    before = rows(hilde.house)
    hilde.get("/apply/sent")
    assert rows(hilde.house) == before
    hilde.house.say(HILDE, old)
    assert "Phone linked." not in seen(hilde.get("/apply/sent"))
    assert hilde.send("/apply/sent").status_code == 303
    new = hilde.code()
    assert new != old
    hilde.prove()
    assert "Phone linked." in seen(hilde.get("/apply/sent"))


@pytest.mark.parametrize("who", ["", "x", "\x00", "0190f000-0000-7000-8000-000000000000"])
def test_a_code_for_nobody_is_not_there(hilde: Applicant, who: str) -> None:
    hilde.answer_all("Havenlaan")
    assert hilde.send("/apply/sent", "/apply", appointment_id=who).status_code == 404
    hilde.hand_in()
    assert hilde.send("/apply/sent", "/apply/check", appointment_id=who).status_code == 404


def test_until_the_phone_has_sent_it_answers_can_still_be_changed(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    hilde.hand_in()
    assert hilde.send("/apply/plan?to=check", plan="Een ander plan.").location == "/apply/check"
    assert hilde.hand_in().location == "/apply/sent"
    assert group_count(hilde.house) == 3
    hilde.prove()
    for question in QUESTIONS:
        assert hilde.get(f"/apply/{question}").location == "/apply/sent"
    assert hilde.get("/apply/check").location == "/apply/sent"


def test_what_a_forgotten_tab_sends_after_that_is_refused_and_still_on_the_page(hilde: Applicant) -> None:
    hilde.answer_all("Havenlaan")
    forgotten = form_on(hilde.get("/apply/plan"), "apply")
    hilde.hand_in()
    hilde.prove()
    page = hilde.browser.client.post("/apply/plan", data=forgotten | {"plan": "Nog een lang plan."})
    assert page.status_code == 409
    assert errors_on(page) == ["This application cannot change any more. Its page says where it stands."]
    assert form_on(page, "apply")["plan"] == "Nog een lang plan."


def test_who_handed_one_in_can_begin_another(light_house: House, light_cast: Cast) -> None:
    add_street(light_house, "Havenlaan")
    applicant = applied(light_house, "Havenlaan")
    page = applicant.get("/apply")
    assert "You handed in an application for Buurtgroep Havenlaan." in seen(page)
    assert buttons(page.text) == ["Start the application"]
    applicant.begin()
    assert "Buurtgroep Havenlaan" not in applicant.get("/apply/check").text


def test_without_a_whatsapp_number_only_sms_is_offered(tmp_path: Path, light_house: House, light_cast: Cast) -> None:
    add_street(light_house, "Havenlaan")
    only_sms = House(
        light_house.settings.database_url,
        tmp_path,
        light_house.clock(),
        WABP_GATEWAY="twilio",
        WABP_PUBLIC_URL="http://127.0.0.1:8000",
        WABP_TWILIO_ACCOUNT_SID="AC" + "1" * 32,
        WABP_TWILIO_AUTH_TOKEN="an-invented-token",
        WABP_SMS_FROM="+32400001819",
    )
    applicant = Applicant(only_sms, Browser(only_sms))
    applicant.browser.client.set_cookie("language", "en")
    applicant.answer_all("Havenlaan")
    applicant.hand_in()
    page = applicant.get("/apply/sent")
    assert "wa.me" not in page.text
    assert buttons(page.text) == ["Open SMS"]
    only_sms.close()


def test_nothing_that_was_typed_or_sent_stands_in_the_database_in_plain_words(house: House, cast: Cast) -> None:
    add_street(house, "Havenlaan")
    applicant = Applicant(house)
    applicant.answer_all("Havenlaan")
    applicant.hand_in()
    letters = applicant.code().split()[1]
    applicant.prove()
    stolen = loot(house)
    for words in (MOTIVE, PLAN, "Hilde Wouters", "Marleen Desmet", HILDE, f"'{letters}'"):
        assert words not in stolen
    # What everybody may know does stand there: the search finds something.
    assert "Havenlaan" in stolen
