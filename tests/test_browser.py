"""The pages in a real browser: an alert from the first word to its outcome, with and without JavaScript."""

import re
import sqlite3

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browsing import CLEAN, DESKTOP, NAMED, NARROW, PHONE, OpenTab, Tab, walk
from tests.running import Installation, wait_until

pytestmark = pytest.mark.browser

# The phones of the page by language: a language of their own in every message.
EMERGENCY_LINES = {"5": "Bel 101", "6": "Appelez le 101", "3": "Call 101", "4": "Rufen Sie 101"}


def alerts_released(wabp: Installation) -> int:
    books = sqlite3.connect(wabp.database)
    try:
        count: int = books.execute("SELECT count(*) FROM alert WHERE state = 'released'").fetchone()[0]
        return count
    finally:
        books.close()


def marked_words(page: Page) -> list[str]:
    """The marked words, without their numbers."""
    return [re.sub(r"\s*\d+$", "", text) for text in page.locator("[data-part='marks'] mark").all_inner_texts()]


def write_and_reload_until(tab: Tab, name: str, words: str, answer: str) -> None:
    """What somebody without script does on a simulated phone: send, then load the page until the answer is there."""
    bubbles = tab.page.locator(".phone-log").first.locator(".bubble")
    tab.page.get_by_label(f"Type as {name}").fill(words)
    tab.press(f"Send as {name}")
    expect(bubbles.filter(has_text=words)).to_be_visible()

    def look() -> bool:
        tab.page.reload()
        return answer in bubbles.last.inner_text()

    wait_until(answer, look, 30)


# ---- an alert from the first word to its outcome ----


def test_an_alert_from_the_first_word_to_its_outcome(open_tab: OpenTab) -> None:
    tab, phones = open_tab(), open_tab(PHONE)
    page = tab.page
    tab.go("/")
    tab.follow("Sign in as a demo person")
    tab.press("Sign in Greet Vanlerberghe")
    tab.heading("Hello Greet Vanlerberghe")
    tab.open_composer()
    expect(page.get_by_label("At what time?")).to_be_hidden()

    # While typing: the words are marked, one sentence says so, nothing is taken away.
    tab.write(NAMED, called=False)
    expect(page.locator("[role='status'][data-part='status']")).to_contain_text("may not be sent")
    assert "Kevin Maes" in marked_words(page)
    expect(page.locator("[data-part='marks']")).to_have_attribute("aria-hidden", "true")
    expect(page.get_by_label("Your message")).to_have_value(NAMED)
    expect(page.get_by_label("Your message")).to_be_focused()
    page.get_by_role("link", name="Show “Kevin Maes” in the text").click()
    assert page.evaluate("getSelection().toString()") == "Kevin Maes"

    # The call comes first, then the words.
    tab.press("Look it over and send")
    expect(page.locator(".errors [data-focus-errors]")).to_be_focused()
    expect(page.locator(".errors")).to_contain_text("First say whether 101 was called")
    expect(page).to_have_title(re.compile("^Error: "))
    tab.answer_the_call_question()
    expect(page.get_by_label("At what time?")).to_have_value(re.compile(r"^\d\d:\d\d$"))
    tab.press("Look it over and send")
    expect(page.locator(".errors")).to_contain_text("This may not be sent")
    assert "Kevin Maes" in marked_words(page)
    expect(page.get_by_label("Your message")).to_have_value(NAMED)

    # The suggestion has to be taken by the writer.
    tab.press("Use this suggestion")
    expect(page.get_by_label("Your message")).not_to_have_value(re.compile("Maes"))
    expect(page.locator("[data-part='status']")).to_contain_text("No remarks")
    tab.review()
    expect(page.locator("main")).to_contain_text("101 at ")
    promised = tab.send()

    # The board fills by itself: this is one and the same document all the while.
    page.evaluate("window.thisDocument = true")
    expect(page.locator("#reached b")).to_have_text(str(promised), timeout=30_000)
    expect(page.locator("[data-final='yes']")).to_be_attached()
    assert page.evaluate("window.thisDocument") is True
    board = tab.alert_path()
    assert "Maes" not in page.content()

    for phone, line in EMERGENCY_LINES.items():
        phones.go(f"/simulator/{phone}")
        newest = phones.page.locator(".phone-log").first.locator(".bubble").last
        expect(newest.locator("p").last).to_contain_text(line)
        expect(newest).to_contain_text("101")
        expect(newest).not_to_contain_text("Maes")

    # A resident answers: only the coordinator reads it.
    phones.go("/simulator/3")
    phones.page.get_by_label("Type as Emily").fill("I saw them too, blue car")
    phones.press("Send as Emily")
    expect(phones.page.locator(".phone-log").first).to_contain_text("Your report is with the coordinator")
    tab.go("/groups/demo")
    tab.page.locator("main").get_by_role("link", name="I saw them too, blue car").first.click()
    tab.heading("Report")
    tab.press("Mark as read")
    tab.go(board)
    expect(page.locator("section[aria-labelledby='answers'] b")).to_have_text("1")

    phones.go("/simulator/4")
    phones.page.get_by_label("Type as Jonas").fill("STOP bitte")
    phones.press("Send as Jonas")
    expect(phones.page.locator(".phone-log").first.locator(".bubble").last).to_contain_text("START")
    expect(phones.page.get_by_label("Type as Jonas")).to_have_value("")

    tab.follow("Close it with an outcome")
    tab.choose("The police came")
    tab.press("Close the alert")
    expect(page.locator("main")).to_contain_text("Closed: The police came")


def test_the_same_without_javascript(open_tab: OpenTab) -> None:
    tab, phones = open_tab(PHONE, script=False), open_tab(script=False)
    page = tab.page
    tab.go("/")
    tab.follow("Sign in as a demo person")
    tab.press("Sign in Greet Vanlerberghe")
    tab.open_composer()
    expect(page.get_by_label("At what time?")).to_be_visible()
    tab.write(NAMED, called=False)
    page.locator("noscript").get_by_role("button", name="Check", exact=True).click()
    expect(page.locator(".marked")).to_contain_text("Kevin Maes")
    assert "Kevin Maes" in marked_words(page)
    expect(page.get_by_label("Your message")).to_have_value(NAMED)
    tab.press("Look it over and send")
    expect(page.locator(".errors")).to_contain_text("First say whether 101 was called")
    tab.answer_the_call_question()
    tab.press("Look it over and send")
    expect(page.locator(".errors")).to_contain_text("This may not be sent")
    tab.press("Use this suggestion")
    expect(page.get_by_label("Your message")).not_to_have_value(re.compile("Maes"))
    tab.review()
    promised = tab.send()
    # The page loads itself again until all is final.
    expect(page.locator("#reached b")).to_have_text(str(promised), timeout=40_000)

    for phone, line in EMERGENCY_LINES.items():
        if phone != "4":
            phones.go(f"/simulator/{phone}")
            expect(phones.page.locator(".phone-log").first.locator(".bubble").last).to_contain_text(line)
    phones.go("/simulator/7")
    write_and_reload_until(phones, "Priya", "They went left at the bridge", "Your report is with the coordinator")
    phones.go("/simulator/6")
    write_and_reload_until(phones, "Claire", "Stop svp", "START")

    tab.follow("Close it with an outcome")
    tab.press("Close the alert")
    expect(page.locator(".errors")).to_contain_text("Choose how it ended")
    tab.choose("Nothing more seen, the street is quiet")
    tab.press("Close the alert")
    expect(page.locator("main")).to_contain_text("Closed: Nothing more seen")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_double_click_on_send_makes_one_alert(open_tab: OpenTab, wabp: Installation, script: bool) -> None:
    tab = open_tab(script=script)
    tab.sign_in()
    tab.open_composer()
    tab.write(CLEAN)
    tab.review()
    before = alerts_released(wabp)
    tab.page.get_by_role("button", name="Send to").dblclick()
    tab.page.locator("#reached").wait_for()
    assert alerts_released(wabp) == before + 1


def test_going_back_to_the_button_shows_the_running_alert(open_tab: OpenTab, wabp: Installation) -> None:
    tab = open_tab()
    tab.sign_in()
    tab.open_composer()
    tab.write(CLEAN)
    tab.review()
    tab.send()
    before, board = alerts_released(wabp), tab.page.url
    tab.page.go_back()
    wait_until("a page to go on from", lambda: tab.page.locator("h1").count(), 10)
    # A browser may show its own copy of the page with the button; the server knows better.
    if tab.page.get_by_role("button", name="Send to").count():
        tab.press("Send to")
    expect(tab.page.locator("#reached")).to_be_visible()
    assert tab.page.url == board
    assert alerts_released(wabp) == before


# ---- every page ----


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["390", "1280"])
def test_no_page_has_a_barrier(open_tab: OpenTab, size: tuple[int, int], dark: bool) -> None:
    tab, found = open_tab(size, dark=dark), []
    for name in walk(tab):
        results = Axe().run(tab.page)
        found += [
            f"{name}: {wrong['id']} at {[node['target'] for node in wrong['nodes']][:3]}"
            for wrong in results.response["violations"]
        ]
    assert found == []


def test_no_page_scrolls_sideways_on_the_narrowest_phone(open_tab: OpenTab) -> None:
    tab = open_tab(NARROW)
    wide = {
        name: width
        for name in walk(tab)
        if (width := tab.page.evaluate("document.documentElement.scrollWidth")) > NARROW[0]
    }
    assert wide == {}


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_the_other_languages_fit_the_narrowest_phone(open_tab: OpenTab, language: str) -> None:
    tab = open_tab(NARROW, language=language)
    for path in ("/", "/sign-in", "/simulator"):
        tab.go(path)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= NARROW[0], path
        assert tab.page.locator("html").get_attribute("lang") == language
