"""From an empty database to the first alert, as docs/start-a-zone.md says it, with a provider on this machine.

The commands, settings, sample files and example texts are read from that page: what it says is what is tried.
"""

import html
import json
import re
import shlex
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pyotp
import pytest

from tests import provider as referee
from tests.doors import seen
from tests.provider import Provider
from tests.running import Installation, just_called, wait_until
from wabp import rules
from wabp.segments import count
from wabp.texts import LANGUAGES

ROOT = Path(__file__).parent.parent
FOUNDER, DEPUTY, RESIDENT = "+32470000010", "+32470000011", "+32470000001"
PASSWORD = "molen vaart kerk dreef"
TEXT = "Twee personen forceren een achterdeur en vluchten richting sluis."


# ---- the page ----


@cache
def page() -> str:
    return (ROOT / "docs/start-a-zone.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return what stands in the page's boxes of one kind."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page(), re.MULTILINE | re.DOTALL)


def command(begins: str, nth: int = 0) -> list[str]:
    """Return the words of the nth command of the page that begins so."""
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith(begins)]
    return shlex.split(lines[nth])


def wabp_command(begins: str, nth: int = 0) -> list[str]:
    """Return what stands behind `wabp` in a command of the page."""
    return command(f"wabp {begins}", nth)[1:]


def settings(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if line)


def table(*head: str) -> list[list[str]]:
    """Return the rows of the page's table with this head."""
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
        for line in page().partition(f"| {' | '.join(head)} |")[2].splitlines()[2:]
        if line
    ]
    whole = next((n for n, row in enumerate(rows) if len(row) != len(head)), len(rows))
    return rows[:whole]


# ---- somebody's browser ----


class Visitor:
    """A browser with cookies of its own and no script: it presses buttons and follows where they lead."""

    def __init__(self, wabp: Installation) -> None:
        self._url = wabp.url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._opener.addheaders = [("Accept-Language", "en")]
        self.page = ""
        self.path = ""

    def get(self, path: str) -> str:
        return self._open(path, None)

    def press(self, path: str | None = None, **typed: str | Sequence[str]) -> str:
        """Send the first form of the page that has these fields, with what it holds ready."""
        main = self.page.partition("<main")[2].partition("</main>")[0]
        forms = re.findall(r"<form\b.*?</form>", main, re.DOTALL)
        form = next(found for found in forms if all(f'name="{name}"' in found for name in typed))
        ready = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
        fields = {name: html.unescape(value) for name, value in ready} | typed
        return self._open(path or self.path, urlencode(fields, doseq=True).encode())

    def box(self, label: str) -> str:
        """Return the value of the box to tick, or of the entry of a list, whose words begin so."""
        values = dict(re.findall(r'<input type="checkbox"[^>]* id="([^"]+)" value="([^"]+)"', self.page))
        labels = re.findall(r'<label for="([^"]+)">(.*?)</label>', self.page)
        entries = re.findall(r'<option value="([^"]*)"[^>]*>(.*?)</option>', self.page)
        named: list[tuple[str, str]] = [(seen(text), values.get(name, "")) for name, text in labels]
        named += [(seen(text), value) for value, text in entries]
        found = [value for text, value in named if text.startswith(label)]
        assert found, (label, named)
        return found[0]

    def find(self, pattern: str) -> str:
        """Return what a pattern finds on the open page."""
        found = re.search(pattern, self.page)
        assert found is not None, (pattern, seen(self.page))
        return html.unescape(found.group(1))

    def _open(self, path: str, data: bytes | None) -> str:
        try:
            with self._opener.open(self._url + path, data, timeout=30) as answer:
                self.page, self.path = answer.read().decode(), answer.url.removeprefix(self._url)
        except urllib.error.HTTPError as problem:
            with problem:
                raise AssertionError(f"{path}: {problem.code} {seen(problem.read().decode())}") from None
        return self.page


# ---- the zone ----


@dataclass
class Start:
    """An installation at some step of the page."""

    wabp: Installation
    provider: Provider

    def waits_for(self, phone: str, pattern: str) -> str:
        """Wait until a phone got a text with this pattern, and return what the pattern holds."""

        def look() -> "re.Match[str] | None":
            return next(filter(None, (re.search(pattern, text) for text in reversed(self.provider.phone(phone)))), None)

        found = wait_until(f"{pattern} on {phone}, which has {self.provider.phone(phone)}", look, 20)
        return found.group()

    def sends(self, phone: str, text: str, gets: str) -> str:
        """Let a phone send us something, and wait for an answer that it had not before."""
        before = len(self.provider.phone(phone))
        assert self.provider.say(phone, text) == 200

        def look() -> "re.Match[str] | None":
            new = self.provider.phone(phone)[before:]
            return next(filter(None, (re.search(gets, text) for text in new)), None)

        return wait_until(f"{gets} for {text!r}, not {self.provider.phone(phone)[before:]}", look, 20).group()

    def make_zone(self) -> None:
        """Steps 4 to 6: places, the officer, forms."""
        [outlines], [streets] = blocks("json"), blocks("csv")
        given = wabp_command("zone add")
        (self.wabp.folder / given[given.index("--districts") + 1]).write_text(outlines, encoding="utf-8")
        (self.wabp.folder / given[given.index("--streets") + 1]).write_text(streets, encoding="utf-8")
        slug = self.wabp.answer(*given)
        [listed] = json.loads(self.wabp.answer("zone", "list", "--json"))
        assert (listed["slug"], listed["districts"], listed["streets"]) == (slug, 2, 4)
        for nth in range(2):
            self.wabp.answer(*wabp_command("template add", nth))

    def let_the_officer_in(self) -> Visitor:
        link = self.wabp.answer(*wabp_command("user add"))
        officer = Visitor(self.wabp)
        officer.get(link.removeprefix(self.wabp.url))
        secret = officer.find(r'class="key-groups[^"]*">([A-Z2-7 ]+)<').replace(" ", "")
        officer.press(password=PASSWORD, again=PASSWORD, code=pyotp.TOTP(secret).now())
        assert "Peter Claes" in seen(officer.page)
        return officer

    def found(self) -> Visitor:
        """Step 7: the founder, who coordinates, applies and signs in; both phones send their codes."""
        founder = Visitor(self.wabp)
        founder.get("/apply")
        founder.press()
        founder.get(f"/apply/area?district={founder.box('Molenwijk')}")
        streets = [founder.box(name) for name in ("Molenstraat", "Kerkdreef", "Vaartkant")]
        founder.press(name="Buurtgroep Molenwijk", street_ids=streets)
        founder.press(motive="We willen elkaar verwittigen als er iets gebeurt.")
        founder.press(founder_coordinates="yes", founder_name="Fatima Peeters", adult="yes")
        founder.press(deputy_name="Luc Dubois")
        founder.press(plan="Eerst 101, dan een kort bericht. Elk jaar een bijeenkomst in de school.")
        founder.press(charter=founder.box("We keep to these house rules"))
        founder.press()
        self.sends_code_on(founder, FOUNDER)
        assert "Phone linked." in seen(founder.get("/apply/sent"))
        coordinator = self.sign_in(FOUNDER)
        coordinator.get("/groups/molenwijk/application")
        self.sends_code_on(coordinator, DEPUTY)
        [group] = json.loads(self.wabp.answer("group", "list", "--json"))
        assert (group["slug"], group["state"]) == ("molenwijk", "submitted")
        return coordinator

    def sends_code_on(self, visitor: Visitor, phone: str) -> None:
        letters = visitor.find(r"<code>(?:APPLY|AANVRAAG) ([A-Z]{4})</code>")
        self.sends(phone, f"AANVRAAG {letters}", "Molenwijk")

    def sign_in(self, phone: str) -> Visitor:
        visitor = Visitor(self.wabp)
        visitor.get("/sign-in/phone")
        before = len(self.provider.phone(phone))
        visitor.press(number=phone)
        wait_until("a code", lambda: len(self.provider.phone(phone)) > before, 20)
        code = re.search(r"\b\d{6}\b", self.provider.phone(phone)[-1])
        assert code is not None
        visitor.press(code=code.group())
        return visitor

    def decide_and_sign(self, officer: Visitor, coordinator: Visitor) -> None:
        """Step 8, by pages."""
        officer.get("/applications")
        officer.get(officer.find(r'href="(/applications/[0-9a-f-]{36})"'))
        officer.press(decision="approve", reason="Besproken op 8 februari.", screened="yes")
        officer.press(f"{officer.path}/charter", agreed="yes")
        self.waits_for(FOUNDER, "charter")
        coordinator.get("/groups/molenwijk/charter")
        coordinator.press(agreed="yes")
        [group] = json.loads(self.wabp.answer("group", "list", "--json"))
        assert group["state"] == "active"

    def join(self, coordinator: Visitor) -> None:
        """Step 9: a resident sends what the group's page says, and is admitted by page."""
        neighbour = Visitor(self.wabp)
        neighbour.get("/g/molenwijk")
        word = neighbour.find(r"<code>JOIN (MOLENWIJK [A-Z]{4})</code>")
        self.sends(RESIDENT, f"MEEDOEN {word}", "JA")
        self.sends(RESIDENT, "JA", "Kerkdreef")
        self.sends(RESIDENT, "Kerkdreef", "coordinator")
        assert "Your phone is linked." in seen(neighbour.get("/g/molenwijk"))
        self.waits_for(FOUNDER, "/groups/molenwijk/residents")
        coordinator.get("/groups/molenwijk/residents")
        assert "Kerkdreef" in seen(coordinator.page)
        coordinator.press(act="admit")
        self.waits_for(RESIDENT, "Welkom")

    def everybody_has(self, words: str) -> None:
        for phone in (FOUNDER, DEPUTY, RESIDENT):
            got = self.waits_for(phone, rf"(?s).*{re.escape(words)}.*")
            assert "101" in got.splitlines()[-1]
            assert len([text for text in self.provider.phone(phone) if words in text]) == 1


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Steps 1 to 3: keys and settings of the page, tables, and the product running."""
    maker = command("python3 -c")
    made = subprocess.run([sys.executable, *maker[1:3]], capture_output=True, text=True, check=True, timeout=60)
    given = settings(blocks("ini")[0]) | settings(made.stdout)
    wabp = Installation(tmp_path)
    given["WABP_PUBLIC_URL"] = wabp.url
    given["WABP_DATABASE_URL"] = f"sqlite:///{wabp.database}"
    senders = f"whatsapp:{given['WABP_WHATSAPP_FROM']}", given["WABP_SMS_FROM"]
    with Provider(
        public_url=wabp.url,
        account=given["WABP_TWILIO_ACCOUNT_SID"],
        token=given["WABP_TWILIO_AUTH_TOKEN"],
        senders=senders,
    ) as provider:
        wabp.environ |= given | {"WABP_TWILIO_API_URL": provider.url}
        wabp.answer(*wabp_command("migrate"))
        with wabp:
            yield Start(wabp, provider)


# ---- what is tried ----


@pytest.mark.process
def test_following_the_page_the_first_alert_reaches_every_member(start: Start) -> None:
    start.make_zone()
    officer = start.let_the_officer_in()
    looked = start.wabp.command(*wabp_command("doctor"))
    wrong = [line for line in looked.stdout.splitlines() if line.startswith("WRONG")]
    # The page enters the forms of one language, and says that the others are named.
    assert [line.split(":")[0] for line in wrong] == ["WRONG templates"]
    assert "urgent/fr" in wrong[0]
    assert "urgent/nl" not in wrong[0]

    coordinator = start.found()
    start.decide_and_sign(officer, coordinator)
    start.join(coordinator)

    coordinator.get("/groups/molenwijk/alerts/new")
    coordinator.press(
        kind="urgent", category="burglary", called="yes", called_at=just_called(), language="nl", text=TEXT, do="review"
    )
    coordinator.press()
    assert re.fullmatch(r"/alerts/[0-9a-f-]{36}", coordinator.path)
    start.everybody_has(TEXT)

    given = wabp_command("alert send")
    given[given.index("--called") + 1] = just_called()
    other = "Iemand breekt binnen aan de kant van het water."
    given[given.index("--text") + 1] = other
    alert = start.wabp.answer(*given)
    start.wabp.wait_for_states(alert, {"delivered": 3}, seconds=20)
    start.everybody_has(other)
    start.provider.settle()
    assert {posted.status for posted in start.provider.posted} <= {200, 204}
    assert "Traceback" not in start.wabp.log.read_text()


@pytest.mark.process
def test_one_command_approves_and_signs_for_both(start: Start) -> None:
    start.make_zone()
    start.found()
    assert start.wabp.answer(*wabp_command("group approve")) == "active"
    start.waits_for(FOUNDER, "/g/molenwijk")
    assert start.wabp.get("/g/molenwijk")[0] == start.wabp.get("/g/molenwijk/poster")[0] == 200


def test_the_page_names_each_setting_that_twilio_needs_and_the_addresses_of_the_hooks() -> None:
    from wabp import settings as known

    given = settings(blocks("ini")[0]) | {"WABP_SECRET_KEY": "s" * 32, "WABP_DATA_KEYS": "A" * 43}
    loaded = known.load(given)
    assert loaded.gateway == "twilio"
    assert loaded.senders.keys() == {"whatsapp", "sms"}
    addresses = [address for _where, address in table("where", "address")]
    assert addresses == [f"{loaded.public_url}{referee.INBOUND_PATH}", f"{loaded.public_url}/hooks/twilio/status"]


def test_the_minutes_rise_to_thirty() -> None:
    minutes = [int(found) for found in re.findall(r"^## \d+\. .* \((\d+) min\)$", page(), re.MULTILINE)]
    assert len(minutes) == 10
    assert minutes == sorted(set(minutes))
    assert minutes[-1] == 30


def test_every_command_of_the_page_is_one_that_exists() -> None:
    from tests.test_commands import commands

    known = {" ".join(path) for path in commands()}
    named = {match.strip() for match in re.findall(r"`?wabp ((?:[a-z]+ ?){1,2})", page())}
    shell = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("wabp ")]
    assert len(shell) == 8
    for line in shell:
        words = shlex.split(line)[1:]
        assert " ".join(words[:2]) in known or words[0] in known, line
    for mentioned in ("zone list", "user add", "doctor"):
        assert any(name.startswith(mentioned) for name in named)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_of_the_page_is_one_that_the_provider_can_approve(language: str) -> None:
    forms = {name.removeprefix("wabp_alert_"): text for name, text in table("name", "text")}
    text = forms[language]
    assert re.findall(r"\{\{(\d)\}\}", text) == ["1", "2", "3", "4"]
    # Neither begins nor ends with a value, and no two touch.
    assert not text.startswith("{{")
    assert not text.endswith("}}")
    assert "}}{{" not in text.replace(" ", "")
    own = re.sub(r"\{\{\d\}\}", "", text)
    assert forms.keys() == set(LANGUAGES)
    long = {language: "x" * 2_000}
    wording = rules.Wording("urgent", "burglary", "Molenwijk", language, long, "Kerkdreef", "21:04", "23:04")
    values = rules.template_variables(wording, language, rules.load_rulebook("be"))
    assert len(own) + sum(len(value.encode("utf-16-le")) // 2 for value in values.values()) <= 1_024


def test_the_examples_of_the_values_are_what_wabp_fills_in() -> None:
    examples = dict(table("value", "example"))
    typed = examples["2"]
    wording = rules.Wording("urgent", "burglary", "Molenwijk", "en", {"en": typed}, "Kerkdreef", "21:04", "23:04")
    assert examples == rules.template_variables(wording, "en", rules.load_rulebook("be"))
    assert rules.verdict(rules.check(typed, "en", rules.load_rulebook("be")), kind="urgent", called=True) == "pass"
    assert count(examples["4"]).encoding == "GSM-7"


@pytest.mark.parametrize(
    "label",
    [
        "For coordinators", "Police, partner or administrator", "Hand in", "Applications", "Residents", "Admit",
        "New alert", "Info",
    ],
)
def test_what_the_page_calls_a_button_is_what_pages_call_it(label: str) -> None:
    assert f"*{label}*" in page()
    templates = [path.read_text(encoding="utf-8") for path in (ROOT / "wabp/web").rglob("*.html")]
    modules = [path.read_text(encoding="utf-8") for path in (ROOT / "wabp/web").rglob("*.py")]
    assert any(f"_('{label}" in text or f'_("{label}' in text for text in templates + modules)
