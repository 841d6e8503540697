"""The words of pages: every sentence is there in Dutch, French and German, and the pages show them."""

import re
import subprocess
import sys
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tests.house import Browser, Cast, House, release
from wabp import texts
from wabp.web import i18n

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "wabp/web/translations"
# English needs no catalogue: its sentences are the keys.
TRANSLATED = tuple(sorted(set(texts.LANGUAGES) - {"en"}))
PLURALS = {"nl": "(n != 1)", "fr": "(n > 1)", "de": "(n != 1)"}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
# What French sets apart with a space that may not break.
LOOSE_MARK = re.compile(r"[^\u00a0][:;?!»]|«[^\u00a0]")
PROMISES = {
    "nl": "Weet wat er in uw straat gebeurt. Bel eerst.",
    "fr": "Sachez ce qui se passe dans votre rue. Appelez d'abord.",
    "en": "Know what happens in your street. Call first.",
    "de": "Wissen, was in Ihrer Straße passiert. Zuerst anrufen.",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """All sentences that the pages ask for now."""
    file = tmp_path_factory.mktemp("catalogues") / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract"]
    options = ["--mapping-file", "babel.cfg", "--no-location", "--omit-header", "--output-file", str(file), "."]
    subprocess.run([*command, *options], cwd=ROOT, check=True)
    return read(file)


@pytest.fixture(params=TRANSLATED)
def language(request: pytest.FixtureRequest) -> str:
    """Each language that has a catalogue."""
    return str(request.param)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One kind of database is enough for words."""
    return f"sqlite:///{tmp_path / 'wabp.sqlite3'}"


def read(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source)


def catalogue(language: str) -> Catalog:
    return read(FOLDER / language / "LC_MESSAGES" / "messages.po")


def sentences(found: Catalog) -> list[Message]:
    return [message for message in found if message.id]


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def keys(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


# ---- the files ----


def test_the_template_is_a_fresh_extraction(template: Catalog) -> None:
    kept = read(FOLDER / "messages.pot")
    assert [message.id for message in sentences(kept)] == [message.id for message in sentences(template)], (
        "run tools/catalogues"
    )


def test_a_catalogue_has_every_sentence_and_no_other(template: Catalog, language: str) -> None:
    asked = {keys(message) for message in sentences(template)}
    held = {keys(message) for message in sentences(catalogue(language))}
    assert asked - held == set(), "run tools/catalogues"
    assert held - asked == set(), "run tools/catalogues"
    assert not catalogue(language).obsolete


def test_every_sentence_is_translated(language: str) -> None:
    open_ones = [
        message.id
        for message in sentences(catalogue(language))
        if message.fuzzy or not all(form.strip() for form in forms(message))
    ]
    assert open_ones == []


def test_a_catalogue_counts_as_its_language_does(language: str) -> None:
    found = catalogue(language)
    assert str(found.locale) == language
    assert (found.num_plurals, found.plural_expr) == (2, PLURALS[language])
    assert [m.id for m in sentences(found) if m.pluralizable and len(forms(m)) != 2] == []


def test_a_translation_has_the_same_placeholders(language: str) -> None:
    differing = [
        message.id
        for message in sentences(catalogue(language))
        for form in forms(message)
        if sorted(PLACEHOLDER.findall(form)) != sorted(PLACEHOLDER.findall(keys(message)[-1]))
        or form.count("%") != keys(message)[-1].count("%")
    ]
    assert differing == []


def test_a_translation_ends_as_its_sentence_does(language: str) -> None:
    differing = [
        (message.id, form)
        for message in sentences(catalogue(language))
        for key, form in zip(keys(message), forms(message), strict=True)
        if form != form.strip() or ((key[-1] in ".:" or form[-1] in ".:") and key[-1] != form[-1])
    ]
    assert differing == []


def test_french_marks_do_not_break_away_from_their_words() -> None:
    loose = [form for m in sentences(catalogue("fr")) for form in forms(m) if LOOSE_MARK.search(form)]
    assert loose == []


# ---- the pages ----


@pytest.mark.parametrize("chosen", texts.LANGUAGES)
def test_the_start_page_follows_the_chosen_language(house: House, cast: Cast, chosen: str) -> None:
    reader = house.browser()
    reader.post("/language", language=chosen, next="/")
    page = reader.get("/").text
    assert f'<html lang="{chosen}"' in page
    assert PROMISES[chosen] in unescape(page)
    assert [words for code, words in PROMISES.items() if words in unescape(page)] == [PROMISES[chosen]]


@pytest.mark.parametrize("chosen", texts.LANGUAGES)
def test_a_first_visit_speaks_the_language_of_the_browser(house: House, cast: Cast, chosen: str) -> None:
    page = house.browser().client.get("/", headers={"Accept-Language": f"{chosen}-BE,{chosen};q=0.9"}).text
    assert f'<html lang="{chosen}"' in page
    assert PROMISES[chosen] in unescape(page)


@pytest.mark.parametrize(("chosen", "streets"), [("nl", "3 straten"), ("fr", "3 rues"), ("en", "3 streets")])
def test_a_number_gets_its_plural(house: House, cast: Cast, chosen: str, streets: str) -> None:
    reader = house.browser()
    reader.post("/language", language=chosen, next="/")
    assert streets in reader.get("/").text


@pytest.mark.parametrize(
    ("chosen", "written"), [("nl", "12 jan"), ("fr", "12 janv."), ("en", "12 Jan"), ("de", "12. Jan.")]
)
def test_a_day_is_written_as_the_language_does(house: House, chosen: str, written: str) -> None:
    with house.app.test_request_context(headers={"Accept-Language": chosen}):
        assert i18n.date(datetime(2027, 1, 12, tzinfo=UTC), "d MMM") == written


def test_no_english_sentence_is_left_on_a_page(house: House, cast: Cast, language: str) -> None:
    waiting = release(house, cast.fatima, text="Iemand voelt aan autodeuren en loopt richting sluis.")
    house.send_all()
    house.deliver_everything()
    house.say(cast.an.number, "Er staat een vreemde auto met plaat 1-ABC-234 in de straat.")
    reading = house.browser()
    coordinator = house.browser(cast.fatima)
    officer = house.browser(cast.claes)
    everything = [
        shown(reading, language, "/", "/who-can-read-what", "/sign-in", "/nothing-here"),
        shown(
            coordinator,
            language,
            "/groups/molenwijk",
            "/groups/molenwijk/reports",
            "/groups/molenwijk/alerts/new",
            f"/alerts/{waiting.id}",
            f"/alerts/{waiting.id}/close",
        ),
        unescape(coordinator.compose("molenwijk", "review", kind="urgent", text="Plaat 1-ABC-234").text),
        unescape(coordinator.compose("molenwijk", "check", kind="info", text="Jan Peeters steelt fietsen").text),
        shown(officer, language, "/registry"),
    ]
    left = {
        key
        for message in sentences(catalogue(language))
        for key in keys(message)
        # A single word may be the same word, or part of one, in another language.
        if len(key.split()) > 2 and not PLACEHOLDER.search(key) and any(key in page for page in everything)
    }
    assert left == set()


def shown(browser: Browser, language: str, *paths: str) -> str:
    """Return what pages say in a language, one after the other."""
    browser.post("/language", language=language, next="/")
    pages = [browser.get(path) for path in paths]
    assert all(f'<html lang="{language}"' in page.text for page in pages)
    assert [page.status_code for page in pages if page.status_code not in {200, 404}] == []
    return "\n".join(unescape(page.text) for page in pages)


def test_a_day_is_the_day_on_the_streets_clock_also_after_midnight_there(light_house: House, light_cast: Cast) -> None:
    # 23:30 in Molenwijk: valid until 01:30 of the next day, which is still the same day in UTC.
    light_house.clock.at("23:30")
    alert = release(light_house, light_cast.fatima, called_at="23:20")
    page = light_house.browser(light_cast.fatima).get(f"/alerts/{alert.id}").text
    assert "13 jan 01:30" in page
    assert "12 jan 01:30" not in page
