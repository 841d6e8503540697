"""A group's life in a real browser: applied for, questioned, changed, approved, signed, joined, and alerted."""

import re

import pytest
from playwright.sync_api import expect

from tests.browsing import CLEAN, INSPECTOR, PHONE, OpenTab, Tab

pytestmark = pytest.mark.browser

GROUP, WORD = "Buurtgroep Voorhaven", "VOORHAVEN"
QUESTION = "Kauwplein has a group already. Can you leave it out?"
# Simulated phones of people who are in no group yet.
HILDE, MARIE = "hilde", "marie"
HILDES_NUMBER = "0400 99 90 01"


def write(phone: Tab, whose: str, text: str) -> str:
    """Write to us as the owner of a simulated phone and return the answer."""
    phone.go(f"/simulator/{whose}")
    log = phone.page.locator(".phone-log").first
    answers = log.locator(".bubble:not(.bubble-out)")
    before = answers.count()
    name = whose.capitalize()
    phone.page.get_by_label(f"Type as {name}").fill(text)
    phone.press(f"Send as {name}")
    expect(answers).to_have_count(before + 1)
    return answers.last.inner_text()


def wait_for_message(phone: Tab, whose: str, words: str) -> str:
    """Wait until a simulated phone has a message with these words, and return the last such."""
    phone.go(f"/simulator/{whose}")
    found = phone.page.locator(".phone-log").first.locator(".bubble:not(.bubble-out)").filter(has_text=words)
    expect(found.first).to_be_visible()
    return found.last.inner_text()


def sign_in_by_code(tab: Tab, phone: Tab, whose: str, number: str) -> None:
    """Sign in with a code that comes to the phone."""
    tab.go("/sign-in/phone")
    tab.page.get_by_label("Your mobile number").fill(number)
    tab.press("Send me a code")
    tab.heading("Enter the code")
    message = wait_for_message(phone, whose, "code")
    code = re.search(r"\b\d{3} ?\d{3}\b", message)
    assert code is not None, message
    tab.page.get_by_label("Code of six digits").fill(code.group())
    tab.press("Sign in")


def go_on(tab: Tab) -> None:
    tab.press("Save and go on")


def test_a_group_from_its_application_to_its_first_alert(open_tab: OpenTab) -> None:
    hilde, officer, phone = open_tab(), open_tab(), open_tab(PHONE)
    page = hilde.page

    # The application: six questions, and a code that comes from her own phone.
    hilde.go("/")
    hilde.follow("Start a group")
    hilde.press("Start the application")
    page.get_by_label("District of Gent").select_option(label="Muide - Meulestede - Afrikalaan")
    hilde.press("Show the streets")
    page.get_by_label("What will the group be called?").fill(GROUP)
    page.get_by_role("checkbox", name="Kauwplein").check()
    page.locator(".choice:not(:has(.hint)) > [name='street_ids']").last.check()
    go_on(hilde)
    page.get_by_label("Your reasons").fill("Diefstallen aan het water. We willen elkaar verwittigen.")
    go_on(hilde)
    hilde.choose("I will")
    page.get_by_label("Your own first and last name").fill("Hilde Wouters")
    page.get_by_label("The coordinator is 18 or older").check()
    go_on(hilde)
    go_on(hilde)
    expect(page.locator(".errors")).to_be_visible()
    expect(page).to_have_title(re.compile("^Error: "))
    page.get_by_label("First and last name of the deputy").fill("Bram Goris")
    go_on(hilde)
    page.get_by_label("Your plan").fill("Hoogstens twee berichten per week. Folder in elke bus.")
    go_on(hilde)
    page.get_by_label("We keep to these house rules and to the charter").check()
    go_on(hilde)
    hilde.heading("Check your answers")
    expect(page.locator("main")).to_contain_text("Buurtgroep Muide")
    hilde.press("Hand in")
    code = page.locator(".to-send-text").first.inner_text()
    assert re.fullmatch(r"APPLY [A-Z]{4}", code)
    write(phone, HILDE, code)
    page.reload()
    expect(page.locator("main")).to_contain_text("Phone linked.")
    assert HILDES_NUMBER not in page.content()

    # The officer sees the overlap and asks.
    officer.sign_in(INSPECTOR)
    officer.heading("Applications")
    officer.follow(GROUP)
    expect(officer.page.locator("main")).to_contain_text("Kauwplein")
    officer.choose("Ask for more")
    officer.page.get_by_label("Your reason, or what the applicant should do").fill(QUESTION)
    officer.press("Record the decision")
    expect(officer.page.locator("main")).to_contain_text(QUESTION)

    # She hears of it on her phone, signs in by code, and changes her streets.
    link = re.search(r"http://\S+/groups/\S+/application", wait_for_message(phone, HILDE, "/application"))
    assert link is not None
    sign_in_by_code(hilde, phone, HILDE, HILDES_NUMBER)
    page.goto(link.group())
    expect(page.locator("main")).to_contain_text(QUESTION)
    hilde.follow("Change your answers")
    hilde.follow("Change Area")
    page.get_by_role("checkbox", name="Kauwplein").uncheck()
    go_on(hilde)
    hilde.heading("Check your answers")
    hilde.press("Hand in again")

    # Approved, signed by both: only now is there a page to join by.
    assert page.request.get(f"{hilde.url}/g/{WORD.lower()}").status == 404
    officer.go("/applications")
    officer.follow(GROUP)
    expect(officer.page.locator("main")).not_to_contain_text("1 street overlaps")
    officer.choose("Approve")
    officer.page.get_by_label("Your reason, or what the applicant should do").fill("Clear plan. Good luck.")
    officer.press("Record the decision")
    officer.page.get_by_label(re.compile("^I sign this charter for the police")).check()
    officer.press("Sign the charter")
    page.goto(link.group().replace("/application", "/charter"))
    page.get_by_label(re.compile("sign it as the coordinator")).check()
    hilde.press("Sign the charter")
    expect(page.locator("main")).to_contain_text("Active")

    # Marie joins by her phone. Nothing comes before the coordinator lets her in.
    marie = open_tab(PHONE)
    marie.go(f"/g/{WORD.lower()}")
    marie.heading(GROUP)
    word = marie.page.locator(".to-send-text").first.inner_text()
    assert re.fullmatch(rf"JOIN {WORD} [A-Z]{{4}}", word)
    assert "18" in write(phone, MARIE, word)
    marie.page.reload()
    expect(marie.page.locator("main")).to_contain_text(re.compile("phone (is )?linked", re.IGNORECASE))
    assert "1" in write(phone, MARIE, "yes please")
    assert "coordinator" in write(phone, MARIE, "1")
    page.goto(f"{hilde.url}/groups/{WORD.lower()}/residents")
    expect(page.locator("main")).to_contain_text("1 request")
    hilde.press("Admit")
    wait_for_message(phone, MARIE, "Welcome")

    # The first alert.
    page.goto(f"{hilde.url}/groups/{WORD.lower()}")
    hilde.open_composer()
    hilde.write(CLEAN)
    hilde.review()
    assert hilde.send() == 2
    arrived = wait_for_message(phone, MARIE, CLEAN)
    assert "101 called at" in arrived
    assert arrived.strip().splitlines()[-2].startswith("Call 101") or "Call 101" in arrived
    expect(page.locator("[data-final='yes']")).to_be_attached(timeout=60_000)
