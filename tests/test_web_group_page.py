"""A group's page and poster for everybody, and finding one's street: what they say, and that they take nothing."""

import re
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from sqlalchemy import func, select

from tests.conftest import STORY_TIME
from tests.doors import rows, seen
from tests.house import TWILIO, Browser, Cast, House, add_cast, add_group, add_zone
from wabp import db, keywords, reverse_codes, texts
from wabp.models import Group, ReverseCode
from wabp.settings import database_file
from wabp.web import qr

PAGE = "/g/molenwijk"
WORDS = {"nl": "MEEDOEN", "fr": "REJOINDRE", "en": "JOIN", "de": "BEITRETEN"}
# Two addresses of the wide world, one of each kind.
VISITOR, NEW_VISITOR = "1.2.3.4", "2a02:1234:5678:9abc::1"


def reader(house: House, language: str = "en") -> Browser:
    """A browser that reads in one language."""
    browser = house.browser()
    browser.post("/language", language=language, next="/")
    return browser


def text_on(page: str) -> str:
    """Return what the page says to send."""
    found = re.search(r"<code>(.*?)</code>", page)
    return found.group(1) if found else ""


def letters_on(page: str) -> str:
    return text_on(page).partition("MOLENWIJK")[2].strip()


def set_state(house: House, slug: str, state: str) -> None:
    with house.writing() as session:
        session.scalars(select(Group).where(Group.slug == slug)).one().state = state
        session.commit()


def codes(house: House) -> int:
    with house.reading() as session:
        return session.scalar(select(func.count()).select_from(ReverseCode)) or 0


def send_letters(house: House, letters: str) -> bool:
    """Use a code up, as the phone that sends it does."""
    with house.writing() as session:
        taken = reverse_codes.take(session, "join", letters, now=house.clock())
        session.commit()
        return taken is not None


# ---- what it says ----


def test_the_page_says_what_the_group_is_who_runs_it_and_what_to_send(house: House, cast: Cast) -> None:
    shown = seen(reader(house).get(PAGE))
    for said in (
        "Molenwijk", "District molenwijk", "PZ Leiebocht", "Active", "Kerkdreef", "Molenstraat", "Vaartkant",
        "7 in 3 streets",
        "Coordinator lives or works in these streets", "Deputy coordinator lives or works in these streets",
        "District officer decides about the group", "18 or older", "live or work in one of these streets",
        "Notice", "Call 101 at once", "Call 101 first, write afterwards", "version 2026-11",
        "JOIN MOLENWIJK", "+32 400 00 18 18", "+32 400 00 18 19", "Open WhatsApp", "SMS instead",
        "Nobody sees your number", "The police read no messages", "answer STOP",
    ):
        assert said in shown, said


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_word_to_send_is_in_the_reader_s_language_and_understood(
    light_house: House, light_cast: Cast, language: str
) -> None:
    text = text_on(reader(light_house, language).get(PAGE).text)
    word, group, letters = text.split()
    assert (word, group) == (WORDS[language], "MOLENWIJK")
    assert keywords.read(text) == keywords.Join(language, "molenwijk", letters)


def test_the_language_switches_in_place_and_keeps_the_letters(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser()
    letters = letters_on(browser.get(PAGE).text)
    for language in texts.LANGUAGES:
        switched = browser.post("/language", page=PAGE, language=language, next=PAGE)
        assert switched.headers["Location"] == PAGE
        assert text_on(browser.get(PAGE).text) == f"{WORDS[language]} MOLENWIJK {letters}"


def test_the_links_and_the_picture_carry_the_text_ready_to_be_sent(light_house: House, light_cast: Cast) -> None:
    page = reader(light_house).get(PAGE).text
    text = text_on(page)
    whatsapp, sms = re.findall(r'href="(https://wa\.me/[^"]+|sms:[^"]+)"', page)
    assert urlsplit(whatsapp).path == "/32400001818"
    assert parse_qs(urlsplit(whatsapp).query) == {"text": [text]}
    assert unquote(sms) == f"sms:+32400001819?body={text}"
    assert "+" not in sms.partition("?")[2]
    assert f'src="{qr.data_uri(whatsapp)}"' in page.replace("&#39;", "'")


def test_any_capitals_lead_to_the_same_page(light_house: House, light_cast: Cast) -> None:
    browser = reader(light_house)
    letters = letters_on(browser.get(PAGE).text)
    for path in ("/g/MOLENWIJK", "/g/Molenwijk"):
        page = browser.get(path)
        assert page.status_code == 200
        assert letters_on(page.text) == letters


def test_a_dutch_group_shows_dutch_numbers_whoever_reads_and_no_small_counts(
    light_house: House, light_cast: Cast
) -> None:
    for browser in (reader(light_house), light_house.browser(light_cast.claes)):
        browser.post("/language", language="en", next="/")
        for path in ("/g/dijklaan", "/g/dijklaan/poster"):
            page = browser.get(path)
            assert page.status_code == 200
            assert "112" in seen(page)
            assert "101" not in seen(page)
        assert "fewer than 5 in 2 streets" in seen(browser.get("/g/dijklaan"))


def test_nobody_of_the_group_is_on_its_pages(light_house: House, light_cast: Cast) -> None:
    names = ("Fatima", "Peeters", "Luc", "Claes", "De Smet")
    for who in (None, light_cast.claes, light_cast.an, light_cast.willem):
        browser = light_house.browser(who)
        for path in (PAGE, f"{PAGE}/poster", "/?street=Kerkdreef"):
            main = browser.get(path).text.partition("<main")[2].partition("</main>")[0]
            assert [name for name in names if name in main] == []
            digits = re.sub(r"\D", "", main)
            assert not any(one.number[3:] in digits for one in (*light_cast.street, light_cast.willem))


def test_no_page_takes_anything_and_each_has_at_most_one_green_button(light_house: House, light_cast: Cast) -> None:
    browser = reader(light_house)
    for path, fields, green in ((PAGE, 0, 1), (f"{PAGE}/poster", 0, 0), ("/?street=Kerkdreef", 1, 1)):
        main = browser.get(path).text.partition("<main")[2].partition("</main>")[0]
        assert len(re.findall(r"<(?:input|textarea|select)\b", main)) == fields
        assert main.count("btn-main") == green
        assert 'method="post"' not in main


@pytest.mark.parametrize("state", ["draft", "submitted", "more_info", "declined", "approved", "closed"])
def test_a_group_that_is_not_active_looks_like_none_at_all(light_house: House, light_cast: Cast, state: str) -> None:
    set_state(light_house, "molenwijk", state)
    browser = reader(light_house)
    unknown = [without_token(browser, path) for path in ("/g/nowhere", "/g/nowhere/poster")]
    assert [without_token(browser, path) for path in (PAGE, f"{PAGE}/poster")] == unknown
    assert codes(light_house) == 0


def without_token(browser: Browser, path: str) -> str:
    page = browser.get(path)
    assert page.status_code == 404
    return re.sub(r'(name="(?:csrf_token|next)" value=")[^"]*', r"\1", page.text)


@pytest.mark.parametrize("slug", ["%00", "molenwijk%00", "é", "%ff", "x" * 3_000, "%3Cscript%3E", "..", "a%2Fb"])
def test_an_odd_address_is_no_group(house: House, cast: Cast, slug: str) -> None:
    for path in (f"/g/{slug}", f"/g/{slug}/poster"):
        page = house.browser().get(path)
        assert page.status_code == 404
        assert "<script>" not in page.text


def test_a_suspended_group_says_that_joining_is_paused_and_whom_to_call(light_house: House, light_cast: Cast) -> None:
    set_state(light_house, "molenwijk", "suspended")
    browser = reader(light_house)
    page = browser.get(PAGE)
    assert page.status_code == 200
    assert "Joining is paused." in seen(page)
    assert "Call 101 (police) or 112" in seen(page)
    for joining in ("JOIN", "wa.me", "sms:", "data:image", "Poster"):
        assert joining not in page.text
    assert browser.get(f"{PAGE}/poster").status_code == 404
    assert codes(light_house) == 0


@pytest.mark.parametrize(
    ("left_out", "links", "said"),
    [
        ("WABP_SMS_FROM", ["https://wa.me/32400001818"], "Open WhatsApp"),
        ("WABP_WHATSAPP_FROM", ["sms:+32400001819"], "Open SMS"),
    ],
)
def test_a_channel_that_has_no_number_of_ours_is_not_offered(
    tmp_path: Path, left_out: str, links: list[str], said: str
) -> None:
    settings = {name: value for name, value in TWILIO.items() if name != left_out}
    house = House(f"sqlite:///{tmp_path / 'w.sqlite3'}", tmp_path, STORY_TIME, **settings)
    with closing(house):
        with house.app.app_context():
            db.db.create_all()
        add_cast(house)
        client = house.app.test_client()
        for path in (PAGE, f"{PAGE}/poster"):
            page = client.get(path, headers={"Accept-Language": "en"})
            assert page.status_code == 200
            assert len(re.findall(r"\+32 400 00 18 1\d", seen(page))) == 1
        page = client.get(PAGE, headers={"Accept-Language": "en"})
        assert re.findall(r'href="((?:https://wa|sms:)[^?"]+)', page.text) == links
        assert said in seen(page)
        assert "simulator" not in page.text


# ---- the letters ----


def test_a_reload_shows_the_same_letters_another_browser_others(house: House, cast: Cast) -> None:
    mine, hers = house.browser(), house.browser()
    letters = letters_on(mine.get(PAGE).text)
    assert letters_on(mine.get(PAGE).text) == letters
    assert letters_on(hers.get(PAGE).text) not in {letters, ""}
    assert codes(house) == 2


def test_when_a_phone_sent_them_the_page_says_so_and_gives_no_rights_and_no_number(
    house: House, cast: Cast
) -> None:
    mine, hers = reader(house), reader(house)
    letters = letters_on(mine.get(PAGE).text)
    hers.get(PAGE)
    assert send_letters(house, letters)
    linked = mine.get(PAGE)
    assert "Your phone is linked." in seen(linked)
    assert letters not in linked.text
    assert "linked" not in seen(hers.get(PAGE))
    for path in ("/groups/molenwijk", "/groups/molenwijk/alerts/new", "/registry"):
        assert mine.get(path).status_code == 404
    assert not send_letters(house, letters)


def test_after_half_an_hour_there_are_new_letters(light_house: House, light_cast: Cast) -> None:
    browser = reader(light_house)
    page = browser.get(PAGE)
    first = letters_on(page.text)
    assert "until 21:36" in seen(page)
    light_house.clock.forward(minutes=30)
    assert not send_letters(light_house, first)
    second = letters_on(browser.get(PAGE).text)
    assert second not in {first, ""}
    assert send_letters(light_house, second)
    light_house.clock.forward(minutes=30)
    assert letters_on(browser.get(PAGE).text) not in {first, second, ""}


def test_the_letters_of_one_group_are_not_those_of_another(light_house: House, light_cast: Cast) -> None:
    browser = reader(light_house)
    first, second = (text_on(browser.get(path).text).split()[-1] for path in (PAGE, "/g/dijklaan"))
    assert first != second
    assert codes(light_house) == 2


def test_whoever_only_asks_for_the_head_gets_no_letters(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser()
    assert browser.client.head(PAGE).status_code == 200
    assert codes(light_house) == 0
    browser.get(PAGE)
    browser.get(f"{PAGE}/poster")
    assert codes(light_house) == 1


def test_one_address_gets_five_fresh_codes_an_hour_then_the_word_alone(light_house: House, light_cast: Cast) -> None:
    def visit(address: str) -> str:
        # Keeps no cookie, as a robot does not.
        page = light_house.app.test_client().get(PAGE, environ_base={"REMOTE_ADDR": address})
        assert page.status_code == 200
        return letters_on(page.text)

    assert all(visit(VISITOR) for _ in range(5))
    assert visit(VISITOR) == ""
    assert visit("1.2.3.5")
    light_house.clock.forward(minutes=59)
    assert visit(VISITOR) == ""
    light_house.clock.forward(minutes=1)
    assert visit(VISITOR)
    # Of the new kind of address, one household has a whole network.
    assert all(visit(f"{NEW_VISITOR}{number}") for number in range(5))
    assert visit(f"{NEW_VISITOR}5") == ""
    assert visit(NEW_VISITOR.replace("9abc", "9abd"))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "192.168.1.9", "::1", "fd00::7", "", "unix:"])
def test_a_proxy_of_ours_is_not_counted_as_one_visitor(light_house: House, light_cast: Cast, address: str) -> None:
    for _ in range(7):
        page = light_house.app.test_client().get(PAGE, environ_base={"REMOTE_ADDR": address})
        assert letters_on(page.text)


def test_no_address_is_kept_in_plain(light_house: House, light_cast: Cast) -> None:
    light_house.app.test_client().get(PAGE, environ_base={"REMOTE_ADDR": VISITOR})
    kept = rows(light_house)
    assert len(kept["attempt"]) == 1
    assert VISITOR not in repr(kept)


def test_with_three_hundred_living_codes_the_page_shows_the_word_alone(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        for number in range(reverse_codes.MOST_LIVING):
            reverse_codes.issue(
                session, "join", group, life=reverse_codes.JOIN_LIFE, browser=str(number), now=light_house.clock()
            )
        session.commit()
    page = light_house.browser().get(PAGE).text
    assert text_on(page) == "MEEDOEN MOLENWIJK"
    assert "data:image" in page
    assert codes(light_house) == reverse_codes.MOST_LIVING


@pytest.fixture
def held(light_house: House, light_cast: Cast) -> Iterator[None]:
    """Somebody writes into the database and does not end."""
    file = database_file(light_house.settings.database_url)
    assert file is not None
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_while_the_database_is_busy_the_page_shows_the_word_alone(light_house: House, held: None) -> None:
    page = light_house.browser().get(PAGE)
    assert page.status_code == 200
    assert text_on(page.text) == "MEEDOEN MOLENWIJK"


def test_many_at_once_each_get_letters_and_none_waits_for_another(house: House, cast: Cast) -> None:
    def visit(_number: int) -> str:
        return letters_on(house.browser().get(PAGE).text)

    started = time.monotonic()
    with ThreadPoolExecutor(24) as crowd:
        found = list(crowd.map(visit, range(48)))
    assert len(set(found)) == 48
    assert "" not in found
    assert time.monotonic() - started < 20


# ---- the poster ----


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_poster_says_one_thing_and_ends_with_the_emergency_bar(
    light_house: House, light_cast: Cast, language: str
) -> None:
    browser = reader(light_house, language)
    page = browser.get(f"{PAGE}/poster")
    poster = seen(page.text.partition("<article")[2].partition("</article>")[0])
    word = f"{WORDS[language]} MOLENWIJK"
    for said in (word, "+32 400 00 18 18", "Molenwijk", "127.0.0.1:8000/g/molenwijk", "STOP", "18"):
        assert said in poster
    for other in set(WORDS.values()) - {WORDS[language]}:
        assert f"{other} MOLENWIJK" in poster
    assert "101" in poster.rpartition("STOP")[2]
    last = page.text.partition("</article>")[0].rpartition("<p ")[2]
    assert "poster-emergency" in last
    assert "112" in last
    picture = qr.data_uri(f"https://wa.me/32400001818?text={word.replace(' ', '%20')}")
    assert picture in page.text.replace("&#39;", "'")
    assert codes(light_house) == 0


def test_the_poster_is_one_sheet_of_a4_with_a_code_of_six_centimetres(light_house: House, light_cast: Cast) -> None:
    page = light_house.browser().get(f"{PAGE}/poster").text
    [sheet] = re.findall(r'href="(/static/poster\.css[^"]*)"', page)
    css = light_house.browser().client.get(sheet, buffered=True).text
    assert "@page { size: A4; margin: 0; }" in css
    side = re.search(r"\.poster-join img \{[^}]*width: calc\((\d+) \* var\(--mm\)\)", css)
    assert side is not None
    # The smallest code that a word to send can have: 29 modules, with 4 of quiet on each side.
    assert int(side.group(1)) * 29 / (29 + 8) >= 60


def test_a_code_has_its_quiet_zone_and_is_dark_on_white() -> None:
    picture = unquote(qr.data_uri("https://wa.me/32400001818?text=MEEDOEN%20MOLENWIJK"))
    assert picture.startswith("data:image/svg+xml")
    assert "#000" in picture
    assert "#fff" in picture or "white" in picture


# ---- finding one's street ----


@pytest.mark.parametrize("typed", ["Kerkdreef", "kerkdreef 12", "KERKDREF", " de  Kerkdreef ", "Kerk dreef"])
def test_a_street_leads_to_its_group_however_it_is_spelled(house: House, cast: Cast, typed: str) -> None:
    browser = reader(house)
    page = browser.client.get("/", query_string={"street": typed})
    main = page.text.partition('role="status"')[2].partition("</section>")[0]
    assert 'href="/g/molenwijk"' in main
    assert "Kerkdreef · District molenwijk, PZ Leiebocht" in seen(main)
    assert 'href="/g/dijklaan"' not in main
    assert f'value="{" ".join(typed.split())}"' in page.text


def test_a_street_without_a_group_leads_to_starting_one(light_house: House, light_cast: Cast) -> None:
    now = light_house.clock()
    with light_house.writing() as session:
        zone = add_zone(session, "PZ Elders", "be", "Europe/Brussels", now)
        add_group(session, zone, "haven", ("Havenlaan", "Kerkdreef"), now, state="approved")
        add_group(session, zone, "sluis", ("Sluisweg",), now, state="suspended")
        session.commit()
    browser = reader(light_house)
    haven = seen(browser.get("/?street=Havenlaan").text.partition('role="status"')[2].partition("</section>")[0])
    assert "Havenlaan District haven, PZ Elders There is no group here yet. Start one" in haven
    # One name, two places: both are shown, each with what is there.
    both = browser.get("/?street=Kerkdreef").text.partition('role="status"')[2].partition("</section>")[0]
    assert both.count('href="/apply') == 1
    assert both.count('href="/g/molenwijk"') == 1
    sluis = browser.get("/?street=sluisweg").text.partition('role="status"')[2].partition("</section>")[0]
    assert 'href="/g/sluis"' in sluis
    assert "Paused" in seen(sluis)


@pytest.mark.parametrize("typed", ["Nergenslaan", "x", "'; drop table street; --", "\0", "é" * 5_000, "<b>laan</b>"])
def test_what_is_no_street_is_said_with_what_to_do(house: House, cast: Cast, typed: str) -> None:
    page = reader(house).client.get("/", query_string={"street": typed})
    assert page.status_code == 200
    main = page.text.partition('role="status"')[2].partition("</section>")[0]
    assert "<b>laan" not in page.text
    if typed != "\0":
        assert "We find no street" in seen(main)
        assert 'href="/apply' in main
    assert "/g/" not in main


def test_the_list_of_groups_leads_to_their_pages(light_house: House, light_cast: Cast) -> None:
    set_state(light_house, "dijklaan", "approved")
    page = reader(light_house).get("/").text
    assert 'href="/g/molenwijk"' in page
    assert "dijklaan" not in page.lower()
    assert 'href="/apply' in page
    assert 'role="status"' not in page
