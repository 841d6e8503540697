"""An application that was handed in, as who founded, coordinates or deputises follows and changes it, signed in."""

import re

import pytest

from tests.applying import MOTIVE, applied, english, press
from tests.doors import errors_on, form_on, seen
from tests.founding import (
    HILDE,
    HILDE_DEPUTY,
    HILDE_OTHER,
    Founding,
    add_street,
    decide,
    handed_in,
    sign,
    somebody,
    state_of,
)
from tests.house import Browser, Cast, House
from wabp import answers

PAGE = "/groups/havenlaan/application"
ASKED = "Kan u enkel de Havenlaan doen, of afspreken met Molenwijk?"
PAYLOAD = '"><svg onload=alert(1)>'


@pytest.fixture
def founding(light_house: House, light_cast: Cast) -> Founding:
    """An application that Hilde handed in, for a free street and one of another group."""
    add_street(light_house, "Havenlaan")
    return handed_in(light_house, "Havenlaan", "Vaartkant")


@pytest.fixture
def hilde(light_house: House, founding: Founding) -> Browser:
    """The founder, who coordinates, signed in."""
    return english(light_house, somebody(light_house, HILDE))


def deputy(house: House, founding: Founding) -> Browser:
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    return english(house, somebody(house, HILDE_DEPUTY))


def only_havenlaan(hilde: Browser) -> None:
    """Untick the street of the other group."""
    shown = hilde.get(f"{PAGE}/area").text
    (own,) = re.findall(r'value="([0-9a-f-]{36})" checked>\s*<label for="street-[^"]*">Havenlaan', shown)
    assert press(hilde, f"{PAGE}/area", street_ids=[own], name="Havenlaan").location == f"{PAGE}/check"


def test_the_applicant_sees_where_it_stands_and_what_was_answered(hilde: Browser) -> None:
    page = seen(hilde.get(PAGE))
    for words in ("With the district officer.", "Havenlaan, Vaartkant", "Hilde Maes", "Bart Claus", "Handed in"):
        assert words in page
    assert re.search(r"Reference: \d{3}-\d{3}", page)
    assert "470000040" not in re.sub(r"\D", "", page)


def test_signing_in_leads_there_and_the_menu_too(light_house: House, hilde: Browser) -> None:
    page = hilde.get("/").text
    assert f'<a href="{PAGE}"' in page
    assert "New alert" not in page


def test_the_question_of_the_officer_is_there_literally_with_the_way_to_answer(
    light_house: House, light_cast: Cast, founding: Founding, hilde: Browser
) -> None:
    decide(light_house, light_cast.claes, founding, "more_info", reason=ASKED)
    page = hilde.get(PAGE)
    assert "The district officer asks for more." in seen(page)
    assert ASKED in seen(page)
    assert f'<a class="btn btn-main" href="{PAGE}/check">' in page.text
    assert ASKED in seen(hilde.get(f"{PAGE}/check"))


def test_answers_are_changed_and_handed_in_again_and_both_versions_stay(
    light_house: House, light_cast: Cast, founding: Founding, hilde: Browser
) -> None:
    decide(light_house, light_cast.claes, founding, "more_info", reason=ASKED)
    only_havenlaan(hilde)
    waiting = hilde.get(PAGE)
    assert "You changed answers and did not hand them in yet." in seen(waiting)
    assert "Look it over and hand in" in seen(waiting)
    assert state_of(light_house, founding) == "more_info"
    check = hilde.get(f"{PAGE}/check")
    assert "Hand in again" in seen(check)
    assert "Vaartkant" not in seen(check)
    assert press(hilde, f"{PAGE}/check").location == PAGE
    assert state_of(light_house, founding) == "submitted"
    page = hilde.get(PAGE)
    assert "did not hand them in yet" not in seen(page)
    history = page.text[page.text.index('class="events"') :]
    assert "Handed in again, version 2" in seen(history)
    assert "Streets Before: Havenlaan, Vaartkant Now: Havenlaan" in seen(history)
    assert seen(history).index("version 2") < seen(history).index("asked for more") < seen(history).rindex("Handed in")


def test_handing_in_without_a_change_is_refused_in_a_sentence(hilde: Browser, founding: Founding) -> None:
    page = press(hilde, f"{PAGE}/check")
    assert page.status_code == 400
    assert errors_on(page) == ["Nothing has changed yet. Change your answers first, then send the application again."]


def test_a_wrong_answer_is_kept_in_its_field(hilde: Browser) -> None:
    page = press(hilde, f"{PAGE}/plan", plan="x" * 3_000)
    assert page.status_code == 400
    assert form_on(page, "apply")["plan"] == "x" * 3_000
    for question in answers.QUESTIONS:
        assert f'href="{PAGE}/check"' in hilde.get(f"{PAGE}/{question}").text


def test_two_people_who_change_the_same_answer_see_each_other_s(
    light_house: House, light_cast: Cast
) -> None:
    add_street(light_house, "Havenlaan")
    founding = handed_in(
        light_house, "Havenlaan", founder_coordinates="no", coordinator_name="Bart Nijs", deputy_name="Marleen"
    )
    light_house.say(HILDE_OTHER, f"AANVRAAG {founding.codes['coordinator']}")
    founder, coordinator = (
        english(light_house, somebody(light_house, number)) for number in (HILDE, HILDE_OTHER)
    )
    typed = form_on(coordinator.get(f"{PAGE}/motive"), "apply") | {"motive": "Van Bart."}
    assert press(founder, f"{PAGE}/motive", motive="Van Hilde.").status_code == 303
    page = coordinator.client.post(
        f"{PAGE}/motive", data=typed | {"csrf_token": form_on(coordinator.get(f"{PAGE}/plan"), "apply")["csrf_token"]}
    )
    assert page.status_code == 409
    assert "Van Hilde." in seen(page)
    assert form_on(page, "apply")["motive"] == "Van Bart."


def test_what_is_typed_while_the_officer_decides_is_still_on_the_page(
    light_house: House, light_cast: Cast, founding: Founding, hilde: Browser
) -> None:
    typed = form_on(hilde.get(f"{PAGE}/plan"), "apply") | {"plan": "Een heel nieuw plan."}
    decide(light_house, light_cast.claes, founding, "decline", reason="Er is al een groep.")
    page = hilde.client.post(f"{PAGE}/plan", data=typed)
    assert page.status_code == 409
    assert errors_on(page) == ["This application cannot change any more. Its page says where it stands."]
    assert form_on(page, "apply")["plan"] == "Een heel nieuw plan."
    assert hilde.get(f"{PAGE}/plan").status_code == 409
    assert "Er is al een groep." in seen(hilde.get(PAGE))
    assert "Do you not agree? Tell the police zone until 2 February 2027." in seen(hilde.get(PAGE))


def test_a_deputy_follows_but_changes_nothing_and_sees_no_codes(
    light_house: House, founding: Founding, hilde: Browser
) -> None:
    browser = deputy(light_house, founding)
    page = browser.get(PAGE)
    assert page.status_code == 200
    assert "Change your answers" not in page.text
    assert "Withdraw" not in page.text
    assert browser.get(f"{PAGE}/plan").status_code == 404
    assert browser.get(f"{PAGE}/check").status_code == 404
    assert press(browser, "/groups/havenlaan/withdraw", "/sign-ins", sure="yes").status_code == 404
    assert state_of(light_house, founding) == "submitted"


def test_strangers_members_and_officers_find_nothing_there(
    light_house: House, light_cast: Cast, founding: Founding
) -> None:
    for who in (None, light_cast.an, light_cast.fatima, light_cast.willem, light_cast.claes, light_cast.de_smet):
        browser = english(light_house, who)
        for path in (PAGE, f"{PAGE}/plan", f"{PAGE}/check", "/groups/havenlaan/charter"):
            assert browser.get(path).status_code == 404
        assert press(browser, "/groups/havenlaan/withdraw", "/", sure="yes").status_code == 404


def test_a_group_that_never_applied_has_no_application(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    for path in ("application", "application/plan", "application/check", "application/none", "charter"):
        assert fatima.get(f"/groups/molenwijk/{path}").status_code == 404
    for path in ("application/plan", "application/check", "withdraw", "codes", "charter"):
        form = {"sure": "yes", "plan": "Iets anders.", "agreed": "yes", "version": "2026-11"}
        assert press(fatima, f"/groups/molenwijk/{path}", "/sign-ins", **form).status_code == 404


def test_withdrawing_takes_a_tick(light_house: House, founding: Founding, hilde: Browser) -> None:
    page = press(hilde, "/groups/havenlaan/withdraw", PAGE)
    assert page.status_code == 400
    assert errors_on(page) == ["Tick that you withdraw the application."]
    assert state_of(light_house, founding) == "submitted"
    assert press(hilde, "/groups/havenlaan/withdraw", PAGE, sure="yes").location == PAGE
    assert state_of(light_house, founding) == "closed"
    assert "This application is over." in seen(hilde.get(PAGE))
    again = press(hilde, "/groups/havenlaan/withdraw", "/sign-ins", sure="yes")
    assert again.status_code == 409
    assert "This application cannot change any more." in seen(again)


def test_who_has_not_confirmed_gets_a_new_code_at_the_press_of_a_button(
    light_house: House, founding: Founding, hilde: Browser
) -> None:
    assert f"APPLY {founding.codes['deputy']}" in seen(hilde.get(PAGE))
    light_house.clock.forward(hours=25)
    light_house.say(HILDE, "hallo")
    hilde = english(light_house, somebody(light_house, HILDE))
    page = hilde.get(PAGE)
    assert "the code is over" in seen(page)
    (wanted,) = re.findall(r'name="appointment_id" value="([^"]+)"', page.text)
    assert press(hilde, "/groups/havenlaan/codes", PAGE, appointment_id=wanted).location == PAGE
    (new,) = re.findall(r"APPLY ([A-Z]{4})", seen(hilde.get(PAGE)))
    assert new != founding.codes["deputy"]
    light_house.say(HILDE_DEPUTY, f"AANVRAAG {new}")
    assert "Bart Claus · Deputy has confirmed" in seen(hilde.get(PAGE))
    assert press(hilde, "/groups/havenlaan/codes", "/sign-ins", appointment_id=wanted).location == PAGE
    for unknown in ("", "x", "\x00", "0190f000-0000-7000-8000-000000000000"):
        assert press(hilde, "/groups/havenlaan/codes", "/sign-ins", appointment_id=unknown).status_code == 404


def test_after_the_approval_the_coordinator_reads_and_signs_the_charter(
    light_house: House, light_cast: Cast
) -> None:
    add_street(light_house, "Havenlaan")
    founding = handed_in(light_house, "Havenlaan")
    hilde = english(light_house, somebody(light_house, HILDE))
    charter = "/groups/havenlaan/charter"
    assert "Both sign it once the district officer has approved the group." in seen(hilde.get(charter))
    decide(light_house, light_cast.claes, founding)
    assert f'<a class="btn btn-main" href="{charter}">' in hilde.get(PAGE).text
    page = hilde.get(charter)
    for words in ("Call 101 first, write afterwards.", "Personal data: what is kept and for how long", "2026-11"):
        assert words in seen(page)
    refused = press(hilde, charter)
    assert refused.status_code == 400
    assert errors_on(refused) == ["Tick that you sign the charter."]
    old = press(hilde, charter, agreed="yes", version="2020-01")
    assert old.status_code == 400
    assert errors_on(old)[0].startswith("There is a new version of the charter now: 2026-11.")
    assert press(hilde, charter, agreed="yes").location == PAGE
    assert state_of(light_house, founding) == "approved"
    signed = "The coordinator signed. The group starts when the district officer has signed too."
    assert signed in seen(hilde.get(charter))
    assert "Coordinator: signed on 12 January 2027 District officer: not yet" in seen(hilde.get(PAGE))
    # A second press of a button that was still open changes nothing.
    assert press(hilde, charter, "/sign-ins", agreed="yes", version="2026-11").location == PAGE
    sign(light_house, light_cast.claes, founding)
    assert state_of(light_house, founding) == "active"
    active = hilde.get(PAGE).text
    assert 'href="/g/havenlaan/poster"' in active
    assert 'href="/g/havenlaan"' in active
    assert '<a href="/groups/havenlaan"' in active


def test_a_deputy_signs_nothing(light_house: House, light_cast: Cast) -> None:
    add_street(light_house, "Havenlaan")
    founding = handed_in(light_house, "Havenlaan")
    browser = deputy(light_house, founding)
    decide(light_house, light_cast.claes, founding)
    page = browser.get("/groups/havenlaan/charter")
    assert page.status_code == 200
    assert "The coordinator signs this." in seen(page)
    form = {"agreed": "yes", "version": "2026-11"}
    assert press(browser, "/groups/havenlaan/charter", "/sign-ins", **form).status_code == 404


def test_markup_in_an_application_and_in_a_reason_appears_escaped_only(light_house: House, light_cast: Cast) -> None:
    add_street(light_house, f"Straat {PAYLOAD}")
    founding = handed_in(
        light_house,
        f"Straat {PAYLOAD}",
        name=f"Haven {PAYLOAD}",
        motive=f"{MOTIVE} {PAYLOAD}",
        deputy_name=f"Bart {PAYLOAD}",
    )
    decide(light_house, light_cast.claes, founding, "more_info", reason=f"Waarom {PAYLOAD}")
    hilde = english(light_house, somebody(light_house, HILDE))
    page = f"/groups/{founding.slug}/application"
    assert press(hilde, f"{page}/motive", motive=f"Anders {PAYLOAD}").status_code == 303
    assert press(hilde, f"{page}/check").status_code == 303
    paths = (page, f"{page}/check", f"/groups/{founding.slug}/charter", *(
        f"{page}/{question}" for question in answers.QUESTIONS
    ))  # fmt: skip
    for path in paths:
        shown = hilde.get(path)
        assert shown.status_code == 200
        assert "<svg onload" not in shown.text, path
    assert hilde.get(page).text.count("&lt;svg onload=alert(1)&gt;") > 4


def test_who_runs_a_group_and_applies_for_another_has_both_in_the_menu(light_house: House, light_cast: Cast) -> None:
    add_street(light_house, "Havenlaan")
    applied(light_house, "Havenlaan", number=light_cast.fatima.number)
    page = english(light_house, light_cast.fatima).get("/groups/molenwijk").text
    assert f'<a href="{PAGE}"' in page
    assert '<a href="/groups/molenwijk"' in page
