"""Signing in by phone: a code to a number that was proven, and nothing learnt by anybody else."""

import logging
import re
import sqlite3
import statistics
import threading
import time
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from tests.conftest import STORY_TIME
from tests.doors import errors_on, loot, seen
from tests.house import Browser, Cast, House, add_cast, add_group, add_member
from wabp import accounts, db, groups, jobs, phone_codes, vault
from wabp.errors import WrongState
from wabp.logs import JsonLines
from wabp.models import (
    Appointment,
    Attempt,
    AuditEvent,
    Delivery,
    Group,
    Membership,
    Person,
    SignIn,
    SignInCode,
    Zone,
    seal,
)
from wabp.settings import database_file
from wabp.web.pages import asker, local

UNKNOWN = "+32400999001"
FATIMA = "+32470000010"
PHONE, CODE = "/sign-in/phone", "/sign-in/code"
# An address of the public internet, and another one.
HERE, ELSEWHERE = "198.51.99.7", "198.51.99.8"


def ask(browser: Browser, number: str = FATIMA) -> TestResponse:
    """Type a number and press the button."""
    return browser.post(PHONE, page=PHONE, number=number)


def code_of(house: House, number: str = FATIMA) -> str:
    """Read the newest code on a phone."""
    house.send_all()
    found = re.search(r"\b\d{6}\b", house.phones.of(number)[-1])
    assert found is not None
    return found.group()


def enter(browser: Browser, code: str, **fields: str) -> TestResponse:
    """Type a code and press the button."""
    return browser.post(CODE, page=CODE, code=code, **fields)


def again(browser: Browser) -> TestResponse:
    return browser.post(CODE, page=CODE, do="again")


def sign_in(house: House, number: str = FATIMA, browser: Browser | None = None) -> Browser:
    """Sign in by phone, the whole way."""
    browser = browser or house.browser()
    assert ask(browser, number).status_code == 303
    entered = enter(browser, code_of(house, number))
    assert entered.status_code == 303, errors_on(entered)
    return browser


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def is_in(browser: Browser) -> bool:
    return browser.get("/sign-ins").status_code == 200


def codes_sent(house: House, number: str = FATIMA) -> int:
    house.send_all()
    return len([body for body in house.phones.of(number) if re.search(r"\b\d{6}\b", body)])


def token_on(browser: Browser, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(path).text)
    assert found is not None
    return found.group(1)


def from_address(browser: Browser, address: str) -> Browser:
    browser.client.environ_base["REMOTE_ADDR"] = address
    return browser


# ---- the way in ----


def test_a_coordinator_signs_in_with_a_code_from_the_own_phone(house: House, cast: Cast) -> None:
    browser = house.browser()
    assert ask(browser, "0470 00 00 10").headers["Location"] == CODE
    assert not is_in(browser)
    entered = enter(browser, code_of(house))
    assert (entered.status_code, entered.headers["Location"]) == (303, "/groups/molenwijk")
    assert is_in(browser)
    # The phone's own language, and one message that says that nobody ever asks for it.
    assert house.phones.of(FATIMA)[-1].endswith(
        "is uw code om aan te melden. Hij werkt 10 minuten. Geef hem aan niemand: wij vragen er nooit naar. "
        "Vroeg u geen code? Dan hoeft u niets te doen."
    )


def test_a_deputy_signs_in_in_the_own_language(light_house: House, light_cast: Cast) -> None:
    browser = sign_in(light_house, light_cast.luc.number)
    assert is_in(browser)
    assert "est votre code" in light_house.phones.of(light_cast.luc.number)[-1]


def test_a_code_may_be_typed_with_a_blank_in_the_middle(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser()
    ask(browser)
    code = code_of(light_house)
    assert enter(browser, f" {code[:3]} {code[3:]} ").status_code == 303


def test_a_founder_and_an_appointed_coordinator_sign_in_before_their_group_is_decided_about(
    light_house: House, light_cast: Cast
) -> None:
    now = light_house.clock()
    with light_house.writing() as session:
        an = session.get_one(Person, light_cast.an.id)
        group = session.scalars(select(Group).where(Group.slug == "dijklaan")).one()
        group.state = "submitted"
        appointment = Appointment(group_id=group.id, role="founder", founded=True, person_id=an.id, created_at=now)
        seal(session, appointment, "name", "An")
        session.add(appointment)
        session.commit()
    ask(light_house.browser(), light_cast.an.number)
    assert codes_sent(light_house, light_cast.an.number) == 0, "the appointment is not proven yet"
    with light_house.writing() as session:
        session.execute(update(Appointment).values(proven_at=now))
        session.commit()
    light_house.clock.forward(minutes=2)
    sign_in(light_house, light_cast.an.number)
    for changes in ({"ended_at": now}, {"ended_at": None}):
        with light_house.writing() as session:
            session.execute(update(Appointment).values(changes))
            session.execute(update(Group).where(Group.slug == "dijklaan").values(state="closed"))
            session.commit()
        light_house.clock.forward(hours=2)
        before = codes_sent(light_house, light_cast.an.number)
        ask(light_house.browser(), light_cast.an.number)
        assert codes_sent(light_house, light_cast.an.number) == before


def test_who_runs_nothing_gets_no_code(light_house: House, light_cast: Cast) -> None:
    for number in (light_cast.an.number, light_cast.godelieve.number, UNKNOWN):
        browser = light_house.browser()
        assert ask(browser, number).status_code == 303
        assert codes_sent(light_house, number) == 0
    with light_house.writing() as session:
        session.execute(update(Membership).where(Membership.person_id == light_cast.luc.id).values(state="suspended"))
        session.commit()
    ask(light_house.browser(), light_cast.luc.number)
    assert codes_sent(light_house, light_cast.luc.number) == 0


def test_who_stops_running_a_group_before_entering_the_code_is_not_let_in(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser()
    ask(browser)
    code = code_of(light_house)
    light_house.say(FATIMA, "STOP")
    assert enter(browser, code).status_code == 409
    assert browser.client.get_cookie("wabp") is None


def test_a_national_number_is_read_as_one_of_the_country_that_is_served(light_house: House) -> None:
    now = light_house.clock()
    with light_house.writing() as session:
        zone = Zone(slug="nl", name="Merwedrecht", country="nl", timezone="Europe/Amsterdam", created_at=now)
        session.add(zone)
        group = add_group(session, zone, "dijklaan", ("Dijklaan",), now)
        add_member(session, group, "+31610000010", now, role="coordinator", name="Willem")
        session.commit()
    ask(light_house.browser(), "06 1000 0010")
    assert codes_sent(light_house, "+31610000010") == 1


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (
            "",
            "Dit is geen gsm-nummer dat we kunnen lezen. "
            "Schrijf het zoals op uw toestel, bijvoorbeeld met +32 vooraan.",
        ),
        ("02 811 00 00", "Dit nummer is niet van een gsm. Gebruik een mobiel nummer."),
        (
            "+44 7911 123456",
            "We schrijven alleen naar mobiele nummers uit België, Nederland, Luxemburg, Frankrijk en Duitsland. "
            "Gebruik zo'n nummer.",
        ),
    ],
)
def test_a_number_that_cannot_be_used_is_said_in_one_sentence_and_not_shown_again(
    light_house: House, light_cast: Cast, number: str, sentence: str
) -> None:
    page = ask(light_house.browser(), number)
    assert page.status_code == 400
    assert errors_on(page) == [sentence]
    assert seen(page).count(sentence) == 2, "in the summary and at the field"
    assert not number or number not in page.text
    assert light_house.send_all() == 0


# ---- codes that do not work ----


def test_a_wrong_code_is_said_and_the_number_is_not_asked_again(house: House, cast: Cast) -> None:
    browser = house.browser()
    ask(browser)
    code = code_of(house)
    page = enter(browser, wrong(code))
    assert page.status_code == 400
    assert errors_on(page) == ["Deze code klopt niet. Kijk in uw laatste bericht van ons."]
    assert not is_in(browser)
    assert enter(browser, code).status_code == 303
    assert is_in(browser)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "12 34 5a", "٠٠٠٠٠٠", "\0\0\0\0\0\0"])
def test_what_is_no_code_is_no_try(light_house: House, light_cast: Cast, typed: str) -> None:
    browser = light_house.browser()
    ask(browser)
    code = code_of(light_house)
    for _ in range(6):
        page = enter(browser, typed)
        assert errors_on(page) == ["De code heeft zes cijfers. Kijk in uw laatste bericht van ons."]
    assert enter(browser, code).status_code == 303


def test_five_wrong_codes_and_the_right_one_is_over_too(house: House, cast: Cast) -> None:
    browser = house.browser()
    ask(browser)
    code = code_of(house)
    for _ in range(5):
        assert errors_on(enter(browser, wrong(code))) == ["Deze code klopt niet. Kijk in uw laatste bericht van ons."]
    page = enter(browser, code)
    assert (page.status_code, errors_on(page)) == (409, ["Deze code werkt niet meer. Vraag een nieuwe."])
    assert not is_in(browser)


def test_a_code_is_over_after_ten_minutes(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser()
    ask(browser)
    code = code_of(light_house)
    light_house.clock.forward(minutes=10)
    page = enter(browser, code)
    assert (page.status_code, errors_on(page)) == (409, ["Deze code werkt niet meer. Vraag een nieuwe."])


def test_a_code_that_waited_ten_minutes_is_not_sent_any_more(light_house: House, light_cast: Cast) -> None:
    ask(light_house.browser())
    light_house.clock.forward(minutes=10)
    assert codes_sent(light_house) == 0


def test_a_code_works_once(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser()
    ask(browser)
    code = code_of(light_house)
    assert enter(browser, code).status_code == 303
    browser.post("/sign-out")
    page = enter(browser, code)
    assert (page.status_code, errors_on(page)) == (
        409,
        ["Deze code is al gebruikt. Bent u nog niet aangemeld? Vraag dan een nieuwe."],
    )
    assert not is_in(browser)


def test_a_code_works_in_the_browser_that_asked_for_it_alone(house: House, cast: Cast) -> None:
    browser, thief = house.browser(), house.browser()
    ask(browser)
    code = code_of(house)
    assert errors_on(enter(thief, code)) == ["Deze code werkt niet meer. Vraag een nieuwe."]
    # Not even when the thief asked for one of another number.
    ask(thief, cast.willem.number)
    assert errors_on(enter(thief, code)) == ["Deze code klopt niet. Kijk in uw laatste bericht van ons."]
    assert not is_in(thief)
    assert enter(browser, code).status_code == 303


def test_a_new_code_ends_the_one_before_without_asking_the_number_again(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser()
    ask(browser)
    first = code_of(light_house)
    light_house.clock.forward(seconds=61)
    assert again(browser).headers["Location"] == CODE
    second = code_of(light_house)
    assert codes_sent(light_house) == 2
    assert first == second or enter(browser, first).status_code == 400
    assert enter(browser, second).status_code == 303


def test_a_new_code_after_the_old_one_ended_needs_no_number_but_an_hour_later_it_does(
    light_house: House, light_cast: Cast
) -> None:
    browser = light_house.browser()
    assert again(browser).headers["Location"] == PHONE
    ask(browser)
    light_house.clock.forward(minutes=30)
    assert again(browser).headers["Location"] == CODE
    assert codes_sent(light_house) == 1, "the first one was over before it could be sent"
    light_house.clock.forward(minutes=60)
    assert again(browser).headers["Location"] == PHONE


def test_pressing_the_button_twice_sends_one_code(light_house: House, light_cast: Cast) -> None:
    browser = light_house.browser()
    for _ in range(2):
        assert ask(browser).headers["Location"] == CODE
    assert codes_sent(light_house) == 1
    assert enter(browser, code_of(light_house)).status_code == 303


# ---- limits ----


def test_codes_for_one_number_keep_a_minute_three_an_hour_and_ten_a_day_apart(house: House, cast: Cast) -> None:
    ask(house.browser())
    page = ask(house.browser())
    assert page.status_code == 429
    soon = "Er is minder dan een minuut geleden een code gevraagd. Wacht even en vraag dan een nieuwe."
    assert errors_on(page) == [soon]
    house.clock.forward(minutes=1)
    assert ask(house.browser()).status_code == 303
    house.clock.forward(minutes=1)
    assert ask(house.browser()).status_code == 303
    house.clock.forward(minutes=1)
    page = ask(house.browser())
    assert page.status_code == 429
    assert errors_on(page)[0].startswith("Er zijn al drie codes gevraagd in een uur.")
    taken = 3
    for _ in range(5):
        house.clock.forward(hours=1)
        for _ in range(3):
            taken += ask(house.browser()).status_code == 303
            house.clock.forward(minutes=1)
    assert taken == 10
    assert errors_on(ask(house.browser()))[0].startswith("Er zijn al tien codes gevraagd in een dag.")
    house.clock.forward(hours=24)
    assert ask(house.browser()).status_code == 303


def test_a_restart_forgets_no_limit_and_two_processes_agree(house: House, cast: Cast, tmp_path: Path) -> None:
    other = House(house.settings.database_url, tmp_path, house.clock())
    other.clock = house.clock
    other.app.extensions["services"] = house.services
    try:
        for minute, each in enumerate((house, other, house, other)):
            house.clock.forward(minutes=1)
            assert ask(each.browser()).status_code == (303 if minute < 3 else 429)
    finally:
        other.close()


def test_strangers_cannot_use_up_the_codes_of_a_browser_that_signed_in_before(house: House, cast: Cast) -> None:
    owner = sign_in(house)
    owner.post("/sign-out")
    for _ in range(20):
        house.clock.forward(seconds=61)
        ask(house.browser())
    stranger = house.browser()
    assert ask(stranger).status_code == 429
    before = codes_sent(house)
    assert ask(owner).status_code == 303
    assert codes_sent(house) == before + 1
    # Nor does a stranger's code end the one that the owner waits for.
    house.clock.forward(minutes=5)
    code = code_of(house)
    ask(house.browser())
    assert enter(owner, code).status_code == 303
    assert is_in(owner)


def test_the_device_of_another_coordinator_has_no_count_of_its_own(light_house: House, light_cast: Cast) -> None:
    luc = sign_in(light_house, light_cast.luc.number)
    luc.post("/sign-out")
    for _ in range(3):
        light_house.clock.forward(minutes=1)
        ask(light_house.browser())
    light_house.clock.forward(minutes=1)
    assert ask(luc).status_code == 429


def test_one_public_address_asks_for_twenty_codes_an_hour_whatever_the_numbers(house: House, cast: Cast) -> None:
    statuses = [ask(from_address(house.browser(), HERE), f"+32400{number:06d}").status_code for number in range(25)]
    assert statuses == [303] * 20 + [429] * 5
    page = ask(from_address(house.browser(), HERE))
    assert errors_on(page)[0].startswith("Vanaf deze verbinding zijn al twintig codes gevraagd in een uur.")
    assert ask(from_address(house.browser(), ELSEWHERE)).status_code == 303


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("198.51.99.7", "198.51.99.7"),
        ("2a02:2788:1:2::1", "2a02:2788:1:2::/64"),
        ("2a02:2788:1:2:ffff::9", "2a02:2788:1:2::/64"),
        # A proxy, the own network and this machine ask for everybody.
        *((address, None) for address in ("127.0.0.1", "::1", "10.0.0.7", "192.168.1.1", "fd00::1", "100.64.0.1")),
        *((address, None) for address in ("", "unix:", "198.51.99.7, 10.0.0.1")),
    ],
)
def test_a_public_address_is_counted_by_itself_and_an_ipv6_network_as_one(
    light_house: House, address: str, counted: str | None
) -> None:
    with light_house.app.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
        assert asker() == counted


def test_numbers_tried_one_after_the_other_cost_no_message(light_house: House, light_cast: Cast) -> None:
    for number in range(10):
        for prefix in ("+3248", "+3240", "+3165", "+4915"):
            ask(light_house.browser(), f"{prefix}{number:07d}")
    assert light_house.send_all() == 0


def test_a_thousand_guesses_over_twenty_addresses_try_fifty_codes_a_day(
    light_house: House, light_cast: Cast
) -> None:
    """As fast as a day lets them: from one of twenty addresses at a time, and a new code whenever one is over."""
    new, looked, guesses = phone_codes.fresh(), 0, 0
    with light_house.writing() as session:
        while guesses < 1_000:
            place = guesses // 10 % 20
            asking = phone_codes.Asking(f"browser {place}", None, f"198.51.99.{place + 1}")
            with suppress(WrongState):
                phone_codes.ask(session, FATIMA, new, asking, now=light_house.clock())
            for _ in range(10):
                guesses += 1
                with suppress(WrongState):
                    phone_codes.begin_try(session, asking.browser, now=light_house.clock())
                    looked += 1
            session.commit()
            light_house.clock.forward(minutes=12)
    assert looked == 50


def test_guesses_at_the_same_moment_are_counted_one_by_one(house: House, cast: Cast) -> None:
    browser = house.browser()
    ask(browser)
    code = code_of(house)
    browser.get(CODE)
    token = token_on(browser, CODE)
    cookie = browser.client.get_cookie("wabp-form")
    assert cookie is not None
    statuses: list[int] = []

    def guess(number: int) -> None:
        one = house.app.test_client()
        one.set_cookie("wabp-form", cookie.value)
        statuses.append(one.post(CODE, data={"csrf_token": token, "code": f"{number:06d}"}).status_code)

    threads = [threading.Thread(target=guess, args=((int(code) + 1 + place) % 10**6,)) for place in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [400] * 5 + [409] * 7


def test_the_same_right_code_at_the_same_moment_signs_in_once(house: House, cast: Cast) -> None:
    browser = house.browser()
    ask(browser)
    code = code_of(house)
    token = token_on(browser, CODE)
    cookie = browser.client.get_cookie("wabp-form")
    assert cookie is not None
    statuses: list[int] = []

    def enter_it() -> None:
        one = house.app.test_client()
        one.set_cookie("wabp-form", cookie.value)
        statuses.append(one.post(CODE, data={"csrf_token": token, "code": code}).status_code)

    threads = [threading.Thread(target=enter_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 409, 409, 409]
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(SignIn)) == 1


def test_asking_at_the_same_moment_sends_no_more_than_one_code(house: House, cast: Cast) -> None:
    browsers = [house.browser() for _ in range(8)]
    tokens = [token_on(browser, PHONE) for browser in browsers]
    statuses: list[int] = []

    def press(browser: Browser, token: str) -> None:
        form = {"csrf_token": token, "number": FATIMA}
        statuses.append(browser.client.post(PHONE, data=form).status_code)

    threads = [threading.Thread(target=press, args=pair) for pair in zip(browsers, tokens, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303] + [429] * 7
    assert codes_sent(house) == 1


# ---- nobody learns whether a number is known ----


def without_traces(page: TestResponse) -> str:
    return re.sub(r'(name="csrf_token" value=")[^"]*', r"\1", page.text)


def test_a_known_and_an_unknown_number_are_answered_the_same(light_house: House, light_cast: Cast) -> None:
    pages = []
    for number in (FATIMA, UNKNOWN, light_cast.an.number):
        browser = light_house.browser()
        asked = ask(browser, number)
        shown = browser.get(CODE)
        tries = [enter(browser, "000000") for _ in range(6)]
        twice = ask(light_house.browser(), number)
        once_more = again(browser)
        light_house.clock.forward(seconds=61)
        new = again(browser)
        answers = (asked, shown, *tries, twice, once_more, new)
        pages.append(
            [
                (page.status_code, sorted(page.headers.keys()), page.headers.get("Location"), without_traces(page))
                for page in answers
            ]
        )
        assert number not in "".join(page.text for page in answers)
    assert pages[0] == pages[1] == pages[2]


def test_a_known_and_an_unknown_number_take_the_same_time(light_house: House, light_cast: Cast) -> None:
    """Medians of the work done, taken in turns: a busy machine slows both."""
    times: dict[str, list[float]] = {FATIMA: [], UNKNOWN: []}
    browser = light_house.browser()
    token = token_on(browser, PHONE)
    for _ in range(40):
        light_house.clock.forward(hours=10)
        for number, taken in times.items():
            began = time.process_time()
            page = browser.client.post(PHONE, data={"csrf_token": token, "number": number})
            taken.append(time.process_time() - began)
            assert page.status_code == 303
    known, unknown = (statistics.median(taken[5:]) for taken in times.values())
    assert abs(known - unknown) < 0.005, (known, unknown)


# ---- what the browser holds ----


def test_every_sign_in_brings_a_new_token_and_ends_the_one_before(light_house: House, light_cast: Cast) -> None:
    browser = sign_in(light_house)
    first = browser.client.get_cookie("wabp")
    light_house.clock.forward(minutes=2)
    sign_in(light_house, browser=browser)
    second = browser.client.get_cookie("wabp")
    assert first is not None
    assert second is not None
    assert first.value != second.value
    assert is_in(browser)
    thief = light_house.browser()
    thief.client.set_cookie("wabp", first.value)
    assert not is_in(thief)


def test_a_cookie_that_somebody_planted_signs_nobody_in_and_is_replaced(light_house: House, light_cast: Cast) -> None:
    attacker, victim = light_house.browser(), light_house.browser()
    attacker.get(PHONE)
    ask(attacker, UNKNOWN)
    form = attacker.client.get_cookie("wabp-form")
    assert form is not None
    planted = {"wabp": "planted-token", "wabp-device": "planted-device", "wabp-form": form.value}
    for name, value in planted.items():
        victim.client.set_cookie(name, value)
        attacker.client.set_cookie(name, value)
    sign_in(light_house, browser=victim)
    assert not is_in(attacker)
    for name, value in planted.items():
        kept = victim.client.get_cookie(name)
        assert kept is not None
        assert kept.value != value, name
    # The planted device is not known now, so the attacker has no count of codes of the victim's own.
    fatima, luc = light_cast.fatima.actor.id, light_cast.luc.actor.id
    assert fatima
    assert luc
    with light_house.reading() as session:
        assert not accounts.knows_browser(session, fatima, "planted-device")
        known = victim.client.get_cookie("wabp-device")
        assert known is not None
        assert accounts.knows_browser(session, fatima, known.value)
        assert not accounts.knows_browser(session, luc, known.value)


def test_a_demo_click_makes_no_browser_known(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        accounts.sign_in(session, light_cast.fatima.actor, now=light_house.clock())
        session.commit()
        assert session.scalars(select(SignIn.browser_digest)).all() == [None]


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8000", "https://buurt.example"])
def test_cookies_are_for_this_site_alone_and_no_script_reads_them(tmp_path: Path, public_url: str) -> None:
    house = House(f"sqlite:///{tmp_path / 'secure.sqlite3'}", tmp_path, STORY_TIME, WABP_PUBLIC_URL=public_url)
    with house.app.app_context():
        db.db.create_all()
    add_cast(house)
    secure = public_url.startswith("https")
    browser = house.browser()
    base = "https://buurt.example" if secure else "http://localhost"
    token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.client.get(PHONE, base_url=base).text)[0]
    form = {"csrf_token": token, "number": FATIMA}
    assert browser.client.post(PHONE, data=form, base_url=base).status_code == 303
    entered = browser.client.post(CODE, data={"csrf_token": token, "code": code_of(house)}, base_url=base)
    assert entered.status_code == 303
    cookies = entered.headers.getlist("Set-Cookie")
    names = {cookie.partition("=")[0] for cookie in cookies}
    prefix = "__Host-" if secure else ""
    assert names == {f"{prefix}wabp", f"{prefix}wabp-device", f"{prefix}wabp-form"}
    for cookie in cookies:
        parts = {part.strip().partition("=")[0] for part in cookie.split(";")[1:]}
        assert {"HttpOnly", "SameSite", "Path"} <= parts
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert ("Secure" in parts) is secure
        assert "Domain" not in parts
    house.close()


def test_neither_the_number_nor_the_code_is_in_addresses_cookies_logs_or_the_database(
    house: House, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = house.browser()
    answers = [ask(browser, "0470 00 00 10"), browser.get(CODE)]
    before = loot(house)
    code = code_of(house)
    answers += [enter(browser, wrong(code)), enter(browser, code)]
    token = browser.client.get_cookie("wabp")
    device = browser.client.get_cookie("wabp-device")
    assert token is not None
    assert device is not None
    form = JsonLines()
    logged = "\n".join(form.format(record) for record in caplog.records if record.name.startswith("wabp"))
    assert '"act": "signed_in"' in logged
    assert str(cast.fatima.id) in logged
    places = {"logs": logged, "database": before + loot(house)}
    for answer in answers:
        places[f"answer {answer.request.path}"] = f"{answer.headers} {answer.text} {answer.request.url}"
    for place, text in places.items():
        for secret in (FATIMA, FATIMA[1:], "470000010", "0470 00 00 10"):
            assert secret not in text, place
        # Six digits are found by chance in bytes and times; on their own they are not.
        assert not re.search(rf"(?<![0-9a-fA-F.:]){code}(?![0-9a-fA-F.:])", text), place
    for carried in (token.value, device.value):
        assert carried not in places["database"] + places["logs"]


def test_what_happens_is_recorded_by_ids(light_house: House, light_cast: Cast) -> None:
    sign_in(light_house)
    with light_house.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.act == "signed_in")).one()
        assert (event.actor, event.actor_id, event.detail) == ("person", light_cast.fatima.id, "code")
        row = session.scalars(select(Delivery).where(Delivery.text_key == "sign_in.code")).one()
        assert "code" not in (row.text_values or {})


def test_nothing_but_one_function_makes_a_sign_in() -> None:
    package = Path(accounts.__file__).parent
    makers = [
        path.name
        for path in package.rglob("*.py")
        if path.parent.name != "models" and re.search(r"\bSignIn\(", path.read_text(encoding="utf-8"))
    ]
    assert makers == ["accounts.py"]


# ---- how long it lasts ----


def test_a_coordinator_is_signed_out_after_twelve_idle_hours_and_after_thirty_days(house: House, cast: Cast) -> None:
    browser = sign_in(house)
    house.clock.forward(hours=11, minutes=59)
    assert is_in(browser)
    house.clock.forward(hours=11, minutes=59)
    assert is_in(browser), "use is noted, so the hours begin again"
    house.clock.forward(hours=12)
    assert not is_in(browser)
    sign_in(house, browser=browser)
    for _ in range(30 * 24 // 10):
        house.clock.forward(hours=10)
        if not is_in(browser):
            break
    with house.reading() as session:
        last = session.scalars(select(SignIn).order_by(SignIn.created_at.desc())).first()
        assert last is not None
        assert last.created_at + timedelta(days=30) <= house.clock() < last.created_at + timedelta(days=30, hours=10)


@pytest.mark.parametrize(
    ("who", "page", "minutes"), [("claes", "/registry", 30), ("de_smet", "/registry", 15), ("sofie", "/sign-ins", 30)]
)
def test_an_office_is_signed_out_after_idle_minutes_and_after_eight_hours(
    light_house: House, light_cast: Cast, who: str, page: str, minutes: int
) -> None:
    browser = light_house.browser(getattr(light_cast, who))
    light_house.clock.forward(minutes=minutes - 1)
    assert browser.get(page).status_code == 200
    light_house.clock.forward(minutes=minutes)
    assert browser.get(page).status_code == 404
    browser = light_house.browser(getattr(light_cast, who))
    hours = 0.0
    while browser.get(page).status_code == 200:
        light_house.clock.forward(minutes=10)
        hours += 1 / 6
        assert hours < 9
    assert 7.9 < hours < 8.2


def test_use_is_noted_once_a_minute_and_never_fails_a_page(light_house: House, light_cast: Cast) -> None:
    browser = sign_in(light_house)

    def noted() -> object:
        with light_house.reading() as session:
            return session.scalar(select(SignIn.last_seen_at))

    began = noted()
    light_house.clock.forward(seconds=59)
    assert is_in(browser)
    assert noted() == began
    light_house.clock.forward(seconds=1)
    file = database_file(light_house.settings.database_url)
    assert file is not None
    with closing(sqlite3.connect(file)) as other:
        # Somebody else writes for longer than a page waits.
        other.execute("BEGIN IMMEDIATE")
        assert is_in(browser)
    assert noted() == began
    assert is_in(browser)
    assert noted() == light_house.clock()


# ---- proving it once more ----

PROVEN = ("/groups/molenwijk/alerts/new", "/groups/molenwijk/alerts/new?report=x")


def test_the_compose_page_asks_for_a_proof_when_the_last_one_is_twelve_hours_old(house: House, cast: Cast) -> None:
    browser = sign_in(house)
    house.clock.forward(hours=11)
    assert browser.get(PROVEN[0]).status_code == 200
    house.clock.forward(hours=1)
    sent_on = browser.get(PROVEN[1])
    assert sent_on.status_code == 303
    page = browser.get(sent_on.headers["Location"])
    assert page.status_code == 200
    before = codes_sent(house)
    asked = browser.post("/sign-in/again", page=sent_on.headers["Location"], next=PROVEN[1])
    assert asked.headers["Location"] == CODE
    assert codes_sent(house) == before + 1
    old = browser.client.get_cookie("wabp")
    assert old is not None
    back = enter(browser, code_of(house))
    assert back.headers["Location"] == PROVEN[1]
    assert browser.get(PROVEN[0]).status_code == 200
    thief = house.browser()
    thief.client.set_cookie("wabp", old.value)
    assert not is_in(thief)


def test_looking_asks_for_no_proof_and_neither_does_anything_between_writing_and_sending(
    light_house: House, light_cast: Cast
) -> None:
    browser = sign_in(light_house)
    form = re.findall(r'name="(csrf_token|form_token)" value="([^"]+)"', browser.get(PROVEN[0]).text)
    light_house.clock.forward(hours=11, minutes=59)
    assert is_in(browser)
    light_house.clock.forward(minutes=30)
    typed = {
        **dict(form),
        "kind": "info",
        "category": "traffic",
        "language": "nl",
        "text": "Omgevallen boom op de weg in de Kerkdreef, rij om via de Molenstraat.",
        "do": "review",
    }
    reviewed = browser.client.post(PROVEN[0], data=typed)
    assert reviewed.status_code == 303
    assert browser.get(reviewed.headers["Location"]).status_code == 200
    for path in ("/groups/molenwijk/reports", "/sign-ins"):
        assert browser.get(path).status_code == 200
    check = reviewed.headers["Location"]
    shown = browser.get(check).text
    [target] = re.findall(r'action="(/alerts/[^"]+)"', shown)
    hidden = re.findall(r'name="(csrf_token|form_token)" value="([^"]+)"', shown)
    released = browser.client.post(target, data=dict(hidden))
    assert released.status_code == 303
    assert light_house.send_all() > 0


def test_forms_that_are_open_survive_the_proof(light_house: House, light_cast: Cast) -> None:
    browser = sign_in(light_house)
    token = token_on(browser, PROVEN[0])
    light_house.clock.forward(hours=11, minutes=59)
    is_in(browser)
    light_house.clock.forward(minutes=1)
    browser.post("/sign-in/again", page="/sign-in/again", next=PROVEN[0])
    enter(browser, code_of(light_house))
    posted = browser.client.post(PROVEN[0], data={"csrf_token": token, "do": "save", "kind": "info", "text": "Boom"})
    assert posted.status_code != 403
    assert "te lang open" not in seen(posted)


def test_another_one_s_open_forms_do_not_survive_signing_in(light_house: House, light_cast: Cast) -> None:
    browser = sign_in(light_house, light_cast.luc.number)
    token = token_on(browser, "/groups/molenwijk")
    sign_in(light_house, browser=browser)
    assert browser.client.post("/theme", data={"csrf_token": token, "theme": "dark"}).status_code == 400


def test_the_proof_of_somebody_signed_in_is_not_used_up_by_strangers(light_house: House, light_cast: Cast) -> None:
    browser = sign_in(light_house)
    for _ in range(4):
        light_house.clock.forward(minutes=2)
        ask(light_house.browser())
    assert browser.post("/sign-in/again", page="/sign-in/again", next="").status_code == 303


def test_who_has_no_phone_to_prove_finds_no_such_page(light_house: House, light_cast: Cast) -> None:
    for who in (None, light_cast.an, light_cast.claes):
        assert light_house.browser(who).get("/sign-in/again").status_code == 404


TRICKS = [
    *("https://evil.example", "http://evil.example", "//evil.example", "///evil.example", "////evil.example"),
    *("/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\\/evil.example", "/\t/evil.example"),
    *("/\n/evil.example", "/\r\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example"),
    *("javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "//%65vil.example"),
    *("/%5cevil.example", "/%2fevil.example", "/%09/evil.example", "/.evil.example", "/..//evil.example"),
    *("https:evil.example", "https:/evil.example", "https:///evil.example", "http:@evil.example", "@evil.example"),
    *("//localhost@evil.example", "//evil.example:80", "//[::1]", "/;//evil.example", "evil.example", "?next=//evil"),
    *("#//evil.example", "", ".", "..", "/nowhere", "/static/../sign-in", "/static/theme.css", "/hooks/twilio/inbound"),
    *("/\u2028/evil.example", "/\u3002evil.example", "\uff0f\uff0fevil.example", "/\0", "/sign-in/\u202eelpmaxe"),
    *("/groups/molenwijk\r\nSet-Cookie: a=b", "/sign-out", "/groups//evil.example", "//", "/\\", "/%0d%0aLocation:x"),
]


@pytest.mark.parametrize("trick", TRICKS, ids=ascii)
def test_after_the_proof_nobody_is_sent_to_another_site(light_house: House, light_cast: Cast, trick: str) -> None:
    with light_house.app.test_request_context("/"):
        assert local(trick) is None
    browser = light_house.browser(light_cast.fatima)
    # A page's field keeps no line feeds, but a forged form does.
    asked = browser.post("/sign-in/again", page="/sign-in/again", next=trick)
    assert asked.headers["Location"] == CODE
    back = enter(browser, code_of(light_house))
    assert back.headers["Location"] == "/groups/molenwijk"
    for form in ({"language": "fr"}, {"theme": "dark"}):
        path = "/" + next(iter(form))
        assert browser.post(path, **form, next=trick).headers["Location"] == "/"


@pytest.mark.parametrize(
    "address", ["/", "/sign-in", "/sign-ins", "/groups/molenwijk", "/groups/molenwijk/alerts/new?report=x", "/registry"]
)
def test_paths_of_our_own_pages_are_gone_back_to(light_house: House, address: str) -> None:
    with light_house.app.test_request_context("/"):
        assert local(address) == address


# ---- where somebody is signed in ----

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Mobile Safari/604.1"


def with_agent(browser: Browser, agent: str) -> Browser:
    browser.client.environ_base["HTTP_USER_AGENT"] = agent
    return browser


def test_somebody_sees_where_they_are_signed_in_and_ends_one(house: House, cast: Cast) -> None:
    here = sign_in(house, browser=with_agent(house.browser(), FIREFOX))
    house.clock.forward(minutes=7)
    phone = sign_in(house, browser=with_agent(house.browser(), SAFARI))
    sign_in(house, cast.luc.number)
    page = here.get("/sign-ins")
    assert page.text.count('name="which"') == 3, "two browsers, and all others"
    text = seen(page)
    for shown in ("Firefox · Linux", "Safari · iPhone", "21:06", "21:13"):
        assert shown in text
    ids = re.findall(r'name="which" value="([^"]+)"', page.text)
    assert here.post("/sign-ins", page="/sign-ins", which=ids[1]).headers["Location"] == "/sign-ins"
    assert not is_in(phone)
    assert is_in(here)
    assert here.post("/sign-ins", page="/sign-ins", which=ids[0]).headers["Location"] == "/"
    assert not is_in(here)


def test_all_others_are_ended_at_once_but_not_those_of_anybody_else(house: House, cast: Cast) -> None:
    here, others = sign_in(house), []
    for _ in range(2):
        house.clock.forward(minutes=2)
        others.append(sign_in(house))
    luc = sign_in(house, cast.luc.number)
    here.post("/sign-ins", page="/sign-ins", which="others")
    assert is_in(here)
    assert not any(is_in(other) for other in others)
    assert is_in(luc)


def test_nobody_ends_the_sign_in_of_another(light_house: House, light_cast: Cast) -> None:
    luc = sign_in(light_house, light_cast.luc.number)
    with light_house.reading() as session:
        theirs = str(session.scalar(select(SignIn.id)))
    fatima = sign_in(light_house)
    for which in (theirs, "", "x", "0" * 32, "others "):
        assert fatima.post("/sign-ins", page="/sign-ins", which=which).status_code == 404
    assert is_in(luc)


@pytest.mark.parametrize("agent", ["", "x" * 5_000, "<script>alert(1)</script>", "Firefox\n\nLinux", "🐑" * 100])
def test_whatever_a_browser_says_of_itself_the_list_shows_a_short_name(
    light_house: House, light_cast: Cast, agent: str
) -> None:
    browser = light_house.browser()
    if "\n" not in agent:
        with_agent(browser, agent)
    sign_in(light_house, browser=browser)
    page = browser.get("/sign-ins")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    with light_house.reading() as session:
        assert len(session.scalars(select(SignIn.device)).one()) <= 60


# ---- forgetting ----


def test_codes_are_forgotten_after_a_day_and_sign_ins_a_month_after_they_ended(house: House, cast: Cast) -> None:
    browser = sign_in(house)

    def counts() -> tuple[int, ...]:
        with house.reading() as session:
            tables = (SignInCode, SignIn, Attempt)
            return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)

    house.clock.forward(hours=23)
    jobs.forget_sign_ins(house.services)
    assert counts()[0] == 1
    house.clock.forward(hours=1)
    jobs.forget_sign_ins(house.services)
    assert counts()[:2] == (0, 1)
    house.clock.forward(days=2)
    browser.post("/sign-out")
    jobs.forget_sign_ins(house.services)
    assert counts() == (0, 1, 0)
    house.clock.forward(days=61)
    jobs.forget_sign_ins(house.services)
    assert counts() == (0, 0, 0)


def test_a_dead_number_gets_no_code_and_no_other_answer(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        address = groups.person_at(session, "phone", FATIMA)
        assert address is not None
        address.dead_at = light_house.clock()
        session.commit()
    assert ask(light_house.browser()).status_code == 303
    assert codes_sent(light_house) == 0


def test_codes_are_six_random_digits() -> None:
    codes = [phone_codes.fresh().code for _ in range(8)]
    assert all(re.fullmatch(r"[0-9]{6}", code) for code in codes)
    assert len(set(codes)) >= 7


def test_a_stolen_database_gives_no_key_to_a_browser(light_house: House, light_cast: Cast) -> None:
    browser = sign_in(light_house)
    token = browser.client.get_cookie("wabp")
    assert token is not None
    with light_house.reading() as session:
        stored = session.scalars(select(SignIn.token_digest)).one()
    assert stored == vault.digest(token.value)
    thief = light_house.browser()
    thief.client.set_cookie("wabp", stored)
    assert not is_in(thief)


# ---- what was being written when a sign-in or a proof ran out ----


def test_who_posts_after_the_sign_in_ended_is_told_so_and_a_stranger_is_not(
    light_house: House, light_cast: Cast
) -> None:
    fatima = light_house.browser(light_cast.fatima)
    typed = {"act": "hand_over", "confirmed": "yes"}
    token = fatima.get("/groups/molenwijk/roster")
    assert token.status_code == 200
    light_house.clock.forward(hours=13)
    late = fatima.post("/groups/molenwijk/roster", **typed)
    assert late.status_code == 409
    assert "uw tekst staat er nog" in late.text
    assert light_house.browser().post("/groups/molenwijk/roster", **typed).status_code == 404


def test_nothing_is_judged_or_given_away_on_an_old_proof(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    for _hour in range(12):
        light_house.clock.forward(hours=1)
        assert fatima.get("/groups/molenwijk").status_code == 200
    # Opened in time, sent a little later: that is no reason to lose anything.
    assert fatima.post("/groups/molenwijk/roster", act="appoint", name="Jan Nieuw").status_code == 303
    for _hour in range(2):
        light_house.clock.forward(hours=1)
        assert fatima.get("/groups/molenwijk").status_code == 200
    refused = fatima.post("/groups/molenwijk/roster", act="appoint", name="Piet Nieuw")
    assert refused.status_code == 409
    assert "U bewees uw gsm te lang geleden" in refused.text
