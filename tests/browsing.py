"""A real browser on the running product: what a coordinator, an officer and residents do with the pages.

Every tab is watched: what the console complains of and what is fetched from elsewhere is kept as trouble.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, ViewportSize, expect, sync_playwright

from tests.running import Installation

COORDINATOR, INSPECTOR = "Greet Vanlerberghe", "Peter Claes"
NAMED = "Kevin Maes breekt binnen langs de achterdeur en vlucht richting sluis."
CLEAN = "Twee personen forceren een achterdeur en vluchten richting sluis."
DESKTOP, PHONE, NARROW = (1280, 900), (390, 844), (320, 640)
# A browser notes the status of an error page as a complaint; that status is what was asked for.
_STATUS_NOTE = "Failed to load resource: the server responded with a status of 4"


# A machine that also runs other tests is slow at times.
_PATIENCE = 15_000
expect.set_options(timeout=_PATIENCE)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's own Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    assert program, "chromium is missing: run `tools/need chromium`"
    arguments = ["--disable-gpu", "--disable-background-networking", "--no-first-run"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@dataclass
class Tab:
    """One person's browser, with what went wrong in it. Its pages are in English."""

    page: Page
    url: str
    trouble: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def follow(self, name: str) -> None:
        self.page.locator("main").get_by_role("link", name=name).first.click()

    def choose(self, label: str) -> None:
        """Choose a radio button by its label, which may cover the whole card."""
        self.page.locator("label").get_by_text(label, exact=True).click()
        expect(self.page.get_by_label(label, exact=True)).to_be_checked()

    def heading(self, text: str) -> None:
        """Wait until the page with this heading is there."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def sign_in(self, name: str = COORDINATOR) -> None:
        """Sign in as one of the demo's people."""
        self.go("/sign-in")
        self.press(f"Sign in {name}")
        self.page.locator("details.viewer").wait_for()

    def open_composer(self) -> None:
        self.follow("New alert")
        self.heading("New alert")

    def write(self, text: str, *, called: bool = True, category: str = "burglary") -> None:
        """Fill in the composer as for something that happens now."""
        self.choose("Urgent")
        self.page.get_by_label("Kind", exact=True).select_option(category)
        self.page.get_by_label("Your message").fill(text)
        if called:
            self.answer_the_call_question()

    def answer_the_call_question(self) -> None:
        self.choose("Yes, 101 was called")

    def review(self) -> None:
        self.press("Look it over and send")
        self.heading("Is everything right?")

    def send(self) -> int:
        """Press the button that sends and return how many it promised to send to."""
        button = self.page.get_by_role("button", name="Send to")
        promised = int("".join(filter(str.isdigit, button.inner_text())))
        button.click()
        self.page.locator("#reached").wait_for()
        return promised

    def alert_path(self) -> str:
        """Return the address of the alert that this page is about."""
        return "/alerts/" + self.page.url.split("/alerts/")[1].split("/")[0].split("?")[0]


OpenTab = Callable[..., Tab]


@contextmanager
def opened_tab(
    browser: Browser,
    wabp: Installation,
    size: tuple[int, int] = DESKTOP,
    *,
    script: bool = True,
    dark: bool = False,
    language: str = "en",
) -> Iterator[Tab]:
    """Open a browser of somebody who was never here before, and close it at the end."""
    context = browser.new_context(
        viewport=ViewportSize(width=size[0], height=size[1]),
        java_script_enabled=script,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale=language,
    )
    context.add_cookies([{"name": "language", "value": language, "url": wabp.url}])
    context.set_default_timeout(_PATIENCE)
    tab = Tab(context.new_page(), wabp.url)

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_STATUS_NOTE):
            tab.trouble.append(f"{tab.page.url}: {message.text}")

    def look(request: Request) -> None:
        if not request.url.startswith((wabp.url + "/", "data:")):
            tab.trouble.append(f"{tab.page.url} fetches {request.url}")

    tab.page.on("console", hear)
    tab.page.on("pageerror", lambda error: tab.trouble.append(f"{tab.page.url}: {error}"))
    context.on("request", look)
    yield tab
    context.close()


def walk(tab: Tab) -> Iterator[str]:
    """Open every kind of page, one after the other, and yield its name while it is there, styles and scripts too."""
    for name in _pages(tab):
        tab.page.wait_for_load_state()
        yield name


def _pages(tab: Tab) -> Iterator[str]:
    tab.go("/")
    yield "start"
    tab.go("/sign-in")
    yield "sign-in"
    tab.go("/sign-in/phone")
    yield "sign-in-phone"
    tab.page.get_by_label("Your mobile number").fill("02 811 00 00")
    tab.press("Send me a code")
    expect(tab.page.locator(".errors")).to_be_visible()
    yield "sign-in-phone-refused"
    tab.go("/sign-in/code")
    yield "sign-in-code"
    tab.go("/sign-in/office")
    yield "sign-in-office"
    tab.go("/who-can-read-what")
    yield "who-reads"
    tab.go("/nowhere")
    yield "error"
    tab.sign_in()
    yield "overview"
    tab.go("/sign-ins")
    yield "sign-ins"
    tab.go("/sign-in/again")
    yield "sign-in-again"
    tab.go("/groups/demo")
    tab.open_composer()
    yield "composer-empty"
    tab.write(NAMED)
    expect(tab.page.locator(".finding-refuse").first).to_be_visible()
    yield "composer"
    tab.press("Look it over and send")
    expect(tab.page.locator(".errors")).to_be_visible()
    yield "composer-refused"
    tab.page.get_by_label("Your message").fill(CLEAN)
    tab.review()
    yield "review"
    tab.send()
    expect(tab.page.locator("[data-final='yes']")).to_be_attached(timeout=60_000)
    yield "board"
    alert = tab.alert_path()
    tab.go("/simulator/5")
    log = tab.page.locator(".phone-log").first
    before = log.locator(".bubble-out").count()
    tab.page.get_by_label("Type as An").fill("Ik zag een blauwe auto wegrijden.")
    tab.press("Send as An")
    expect(log.locator(".bubble-out")).to_have_count(before + 1)
    yield "simulator"
    tab.go("/groups/demo/reports")
    yield "reports"
    tab.page.locator("main .row-link").first.click()
    tab.heading("Report")
    yield "report"
    tab.go(f"{alert}/close")
    yield "close"
    tab.press("Close the alert")
    expect(tab.page.locator(".errors")).to_be_visible()
    yield "close-refused"
    tab.go("/groups/demo/residents")
    yield "residents"
    tab.page.locator("main .row-link", has_text="Resident 5").click()
    tab.page.locator("details.more summary").last.click()
    yield "resident"
    tab.page.get_by_label("Write to this resident").fill(NAMED)
    tab.press("Send to this resident")
    expect(tab.page.locator(".errors")).to_be_visible()
    yield "resident-refused"
    tab.go("/groups/demo/roster")
    yield "roster"
    tab.go("/sign-in")
    tab.sign_in(INSPECTOR)
    tab.go("/registry")
    tab.heading("Groups")
    yield "registry"
    tab.follow("Buurtgroep Muide")
    tab.heading("Buurtgroep Muide")
    yield "supervise"
