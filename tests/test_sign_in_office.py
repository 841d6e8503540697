"""Signing in by office: a one-time link, then password and second factor, both of them, every time."""

import logging
import re
import statistics
import threading
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.doors import errors_on, loot, seen
from tests.house import Browser, Cast, House
from wabp import accounts, offices
from wabp.accounts import OPERATOR
from wabp.errors import NotThere, WrongState
from wabp.logs import JsonLines
from wabp.models import Account, Attempt, AuditEvent, SignIn, unseal

OFFICE, FACTOR = "/sign-in/office", "/sign-in/office/code"
CLAES = "jan.claes@leiebocht.example"
PASSWORD = "twaalf gele kikkers zwemmen"
HERE = "198.51.99.7"


def invite(house: House, email: str = CLAES, role: str = "inspector", zone: str = "pz-leiebocht") -> str:
    """Make an account, as the operator, and return the token of its link."""
    with house.writing() as session:
        token = offices.invite(
            session, OPERATOR, email, role=role, zone_slug=zone, name="", language="nl", now=house.clock()
        )
        session.commit()
    return token


def secret_of(house: House, email: str = CLAES) -> str:
    """Return what the app of an account computes its codes from."""
    with house.reading() as session:
        for account in session.scalars(select(Account)):
            if unseal(session, account, "email") == email:
                return unseal(session, account, "totp_secret")
    raise AssertionError(email)


def app_code(house: House, email: str = CLAES) -> str:
    """Return what the app of an account shows now."""
    return pyotp.TOTP(secret_of(house, email)).at(house.clock())


def set_up(house: House, browser: Browser, token: str, **changes: str) -> TestResponse:
    """Fill in the page of a one-time link."""
    path = f"/set-up/{token}"
    fields = {"password": PASSWORD, "again": PASSWORD, "code": changes.pop("code", "")} | changes
    return browser.post(path, page=path, **fields)


def officer(house: House, email: str = CLAES, role: str = "inspector") -> Browser:
    """Make an account, set it up, and return the browser that did so, signed in."""
    token = invite(house, email, role)
    browser = house.browser()
    assert set_up(house, browser, token, code=app_code(house, email)).status_code == 303
    house.clock.forward(seconds=60)
    return browser


def give_password(browser: Browser, password: str = PASSWORD, email: str = CLAES) -> TestResponse:
    return browser.post(OFFICE, page=OFFICE, email=email, password=password)


def give_code(browser: Browser, code: str) -> TestResponse:
    return browser.post(FACTOR, page="/", code=code)


def sign_in(house: House, browser: Browser | None = None) -> Browser:
    browser = browser or house.browser()
    assert give_password(browser).headers["Location"] == FACTOR
    entered = give_code(browser, app_code(house))
    assert entered.status_code == 303, errors_on(entered)
    return browser


def is_in(browser: Browser) -> bool:
    return browser.get("/sign-ins").status_code == 200


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


# ---- the one-time link ----


def test_a_link_sets_password_and_second_factor_and_signs_in(house: House, cast: Cast) -> None:
    token = invite(house)
    browser = house.browser()
    page = browser.get(f"/set-up/{token}")
    assert page.status_code == 200
    secret = secret_of(house)
    assert 'src="data:image/svg+xml' in page.text
    assert " ".join(secret[start : start + 4] for start in range(0, 32, 4)) in seen(page)
    assert set_up(house, browser, token, code=app_code(house)).status_code == 303
    assert is_in(browser)
    house.clock.forward(seconds=60)
    assert is_in(sign_in(house))


def test_looking_at_a_link_changes_nothing_and_shows_the_same_key(light_house: House, light_cast: Cast) -> None:
    token = invite(light_house)
    before = secret_of(light_house)
    for _ in range(3):
        page = light_house.browser().get(f"/set-up/{token}")
        assert " ".join(before[start : start + 4] for start in range(0, 32, 4)) in seen(page)
    assert secret_of(light_house) == before
    assert set_up(light_house, light_house.browser(), token, code=app_code(light_house)).status_code == 303


def test_a_link_works_once(house: House, cast: Cast) -> None:
    token = invite(house)
    assert set_up(house, house.browser(), token, code=app_code(house)).status_code == 303
    house.clock.forward(seconds=60)
    thief = house.browser()
    assert thief.get(f"/set-up/{token}").status_code == 404
    late = set_up_blind(thief, token, app_code(house))
    assert late.status_code == 404
    assert not is_in(thief)


def set_up_blind(browser: Browser, token: str, code: str) -> TestResponse:
    fields = {"password": PASSWORD, "again": PASSWORD, "code": code}
    return browser.post(f"/set-up/{token}", page="/", **fields)


def test_a_link_ends_after_ten_minutes_and_says_what_to_do(light_house: House, light_cast: Cast) -> None:
    token = invite(light_house)
    light_house.clock.forward(minutes=10)
    browser = light_house.browser()
    page = browser.get(f"/set-up/{token}")
    assert page.status_code == 404
    assert "Vraag de beheerder een nieuwe" in seen(page)
    assert set_up_blind(browser, token, app_code(light_house)).status_code == 404
    for made_up in ("x", "0" * 43, "%00", "é"):
        assert browser.get(f"/set-up/{made_up}").status_code == 404


def test_a_second_link_ends_the_first(light_house: House, light_cast: Cast) -> None:
    first = invite(light_house)
    second = invite(light_house)
    assert light_house.browser().get(f"/set-up/{first}").status_code == 404
    assert light_house.browser().get(f"/set-up/{second}").status_code == 200


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password": "kort", "again": "kort"}, "Kies een wachtwoord van 12 tot 128 tekens."),
        (
            {"password": "welkomwelkom1", "again": "welkomwelkom1"},
            "Dit wachtwoord is snel te raden. Kies bijvoorbeeld vier woorden die niets met elkaar te maken hebben.",
        ),
        (
            {"password": "PZ-Leiebocht-2027", "again": "PZ-Leiebocht-2027"},
            "Dit wachtwoord bestaat vooral uit uw naam, uw zone of woorden zoals politie en wijk. Kies andere woorden.",
        ),
        ({"again": PASSWORD + "s"}, "De twee wachtwoorden zijn niet gelijk. Typ ze opnieuw."),
        ({"code": ""}, "Deze code klopt niet. Vul de code in die uw app nu toont."),
    ],
)
def test_what_is_wrong_with_a_set_up_is_said_at_its_field_and_the_link_stays(
    light_house: House, light_cast: Cast, changes: dict[str, str], sentence: str
) -> None:
    token = invite(light_house)
    browser = light_house.browser()
    page = set_up(light_house, browser, token, **({"code": app_code(light_house)} | changes))
    assert page.status_code == 400
    assert errors_on(page) == [sentence]
    assert seen(page).count(sentence) == 2
    assert PASSWORD not in page.text
    assert set_up(light_house, browser, token, code=app_code(light_house)).status_code == 303


def test_one_link_used_twice_at_the_same_moment_works_once(house: House, cast: Cast) -> None:
    token, code = invite(house), app_code(house)
    browsers = [house.browser() for _ in range(3)]
    tokens = [re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(OFFICE).text)[0] for browser in browsers]
    statuses: list[int] = []

    def press(browser: Browser, csrf: str) -> None:
        form = {"csrf_token": csrf, "password": PASSWORD, "again": PASSWORD, "code": code}
        statuses.append(browser.client.post(f"/set-up/{token}", data=form).status_code)

    in_threads([threading.Thread(target=press, args=pair) for pair in zip(browsers, tokens, strict=True)])
    assert sorted(statuses) == [303, 404, 404]


def in_threads(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_new_link_ends_the_old_password_the_old_app_and_every_sign_in_at_once(house: House, cast: Cast) -> None:
    browser = officer(house)
    old_code = app_code(house)
    half_way = house.browser()
    give_password(half_way)
    invite(house)
    assert not is_in(browser)
    assert give_code(half_way, old_code).status_code == 409
    page = give_password(house.browser())
    assert page.status_code == 400
    assert errors_on(page)[0].startswith("E-mail en wachtwoord horen niet bij elkaar, of het account werkt nog niet.")


# ---- password and second factor ----


def test_the_password_alone_opens_nothing(light_house: House, light_cast: Cast) -> None:
    officer(light_house)
    browser = light_house.browser()
    assert give_password(browser).headers["Location"] == FACTOR
    assert browser.client.get_cookie("wabp") is None
    for path in ("/registry", "/sign-ins"):
        assert browser.get(path).status_code == 404
    assert browser.get(FACTOR).status_code == 200


def test_the_second_factor_is_not_asked_before_the_password(light_house: House, light_cast: Cast) -> None:
    officer(light_house)
    browser = light_house.browser()
    assert browser.get(FACTOR).headers["Location"] == OFFICE
    assert give_code(browser, app_code(light_house)).headers["Location"] == OFFICE
    assert not is_in(browser)


def test_the_e_mail_is_found_however_it_is_written(light_house: House, light_cast: Cast) -> None:
    officer(light_house)
    browser = light_house.browser()
    assert give_password(browser, email="  Jan.Claes@Leiebocht.EXAMPLE ").headers["Location"] == FACTOR


def test_the_step_between_the_two_ends_after_five_minutes(light_house: House, light_cast: Cast) -> None:
    officer(light_house)
    browser = light_house.browser()
    give_password(browser)
    light_house.clock.forward(minutes=5)
    assert browser.get(FACTOR).headers["Location"] == OFFICE
    assert give_code(browser, app_code(light_house)).headers["Location"] == OFFICE
    assert not is_in(browser)


def test_an_unknown_e_mail_a_wrong_password_a_disabled_and_an_unfinished_account_look_the_same(
    light_house: House, light_cast: Cast
) -> None:
    officer(light_house)
    officer(light_house, "disabled@leiebocht.example")
    with light_house.writing() as session:
        offices.disable(session, OPERATOR, "disabled@leiebocht.example", now=light_house.clock())
        session.commit()
    invite(light_house, "waiting@leiebocht.example")
    answers = set()
    for email, password in (
        (CLAES, "twaalf gele kikkers zwommen"),
        ("nobody@leiebocht.example", PASSWORD),
        ("disabled@leiebocht.example", PASSWORD),
        ("waiting@leiebocht.example", PASSWORD),
        ("not an address", PASSWORD),
    ):
        page = give_password(light_house.browser(), password, email)
        text = re.sub(r'name="csrf_token" value="[^"]*"', "", page.text).replace(email, "EMAIL")
        answers.add((page.status_code, text, tuple(name for name, _value in page.headers)))
        assert password not in page.text
    assert len(answers) == 1


def test_a_known_and_an_unknown_e_mail_take_the_same_time(light_house: House, light_cast: Cast) -> None:
    officer(light_house)
    times: dict[str, list[float]] = {CLAES: [], "nobody@leiebocht.example": []}
    browser = light_house.browser()
    token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(OFFICE).text)[0]
    for _ in range(15):
        light_house.clock.forward(minutes=7)
        for email, taken in times.items():
            form = {"csrf_token": token, "email": email, "password": "twaalf gele kikkers zwommen"}
            began = time.process_time()
            assert browser.client.post(OFFICE, data=form).status_code == 400
            taken.append(time.process_time() - began)
    known, unknown = (statistics.median(taken[3:]) for taken in times.values())
    # Comparing alone takes far longer than this.
    assert abs(known - unknown) < 0.2 * known, (known, unknown)


@pytest.mark.parametrize(("email", "password"), [("", PASSWORD), (CLAES, ""), ("  ", " "), ("", "")])
def test_a_form_that_is_not_filled_in_is_no_try(light_house: House, email: str, password: str) -> None:
    page = give_password(light_house.browser(), password, email)
    assert errors_on(page) == ["Vul uw e-mailadres en uw wachtwoord in."]
    with light_house.reading() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 0


def test_what_was_typed_as_e_mail_is_kept_and_escaped_and_the_password_is_not(
    light_house: House, light_cast: Cast
) -> None:
    page = give_password(light_house.browser(), "geheim wachtwoord", '"><svg onload=alert(1)>')
    assert "<svg onload" not in page.text
    assert "&lt;svg onload" in page.text
    assert "geheim wachtwoord" not in page.text


# ---- limits ----


def test_ten_passwords_an_hour_for_one_account_from_browsers_that_it_does_not_know(house: House, cast: Cast) -> None:
    owner = officer(house)
    owner.post("/sign-out")
    statuses = [give_password(house.browser(), f"wrong password {number}").status_code for number in range(12)]
    assert statuses == [400] * 10 + [429] * 2
    # Not even the right one is looked at now.
    page = give_password(house.browser())
    assert page.status_code == 429
    assert errors_on(page)[0].startswith("Er is te vaak geprobeerd. Wacht een uur")
    # The owner's own browser has a count of its own.
    assert is_in(sign_in(house, owner))
    house.clock.forward(hours=1)
    assert is_in(sign_in(house))


def test_an_unknown_e_mail_is_limited_the_same(light_house: House, light_cast: Cast) -> None:
    statuses = [
        give_password(light_house.browser(), email="nobody@leiebocht.example").status_code for _ in range(11)
    ]
    assert statuses == [400] * 10 + [429]


def test_twenty_passwords_an_hour_from_one_public_address_whatever_the_accounts(house: House, cast: Cast) -> None:
    def give(number: int, address: str) -> int:
        browser = house.browser()
        browser.client.environ_base["REMOTE_ADDR"] = address
        return give_password(browser, email=f"nobody{number}@leiebocht.example").status_code

    assert [give(number, HERE) for number in range(22)] == [400] * 20 + [429] * 2
    assert give(99, "198.51.99.8") == 400


def test_a_thousand_guesses_in_an_hour_look_at_ten_passwords(light_house: House, light_cast: Cast) -> None:
    officer(light_house)
    looked = 0
    with light_house.writing() as session:
        for guess in range(1_000):
            with suppress(WrongState):
                offices.spend_password_try(
                    session, CLAES, device=f"device {guess}", address=None, now=light_house.clock()
                )
                looked += 1
            light_house.clock.forward(seconds=3)
    assert looked == 10


def test_guesses_at_the_same_moment_are_counted_one_by_one(house: House, cast: Cast) -> None:
    officer(house)
    browser = house.browser()
    token = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(OFFICE).text)[0]
    cookie = browser.client.get_cookie("wabp-form")
    assert cookie is not None
    statuses: list[int] = []

    def guess(number: int) -> None:
        one = house.app.test_client()
        one.set_cookie("wabp-form", cookie.value)
        form = {"csrf_token": token, "email": CLAES, "password": f"guess number {number}"}
        statuses.append(one.post(OFFICE, data=form).status_code)

    in_threads([threading.Thread(target=guess, args=(number,)) for number in range(14)])
    assert sorted(statuses) == [400] * 10 + [429] * 4


def test_five_codes_for_one_password_then_the_password_again(house: House, cast: Cast) -> None:
    officer(house)
    browser = house.browser()
    give_password(browser)
    step = browser.client.get_cookie("wabp-form")
    assert step is not None
    right = app_code(house)
    for _ in range(5):
        page = give_code(browser, wrong(right))
        assert errors_on(page) == ["Deze code klopt niet. Vul de code in die uw app nu toont."]
    page = give_code(browser, right)
    assert page.status_code == 409
    assert errors_on(page) == ["Deze stap duurde te lang of mislukte te vaak. Begin opnieuw met uw wachtwoord."]
    assert browser.get(FACTOR).headers["Location"] == OFFICE
    # An old copy of the cookie brings no tries back.
    browser.client.set_cookie("wabp-form", step.value)
    assert give_code(browser, right).status_code in {400, 409}
    assert not is_in(browser)
    assert is_in(sign_in(house, house.browser()))


def test_a_restart_forgets_no_try(house: House, cast: Cast, tmp_path: Path) -> None:
    officer(house)
    for number in range(9):
        give_password(house.browser(), f"wrong password {number}")
    other = House(house.settings.database_url, tmp_path, house.clock())
    try:
        assert give_password(other.browser(), "wrong password").status_code == 400
        assert give_password(house.browser()).status_code == 429
        assert give_password(other.browser()).status_code == 429
    finally:
        other.close()


# ---- codes of the app ----


def test_a_code_of_the_app_works_once(house: House, cast: Cast) -> None:
    officer(house)
    sign_in(house)
    thief = house.browser()
    give_password(thief)
    page = give_code(thief, app_code(house))
    assert (page.status_code, errors_on(page)) == (
        400,
        ["Deze code is al gebruikt. Wacht tot uw app een nieuwe toont."],
    )
    assert not is_in(thief)
    # Nor does one from before it.
    earlier = pyotp.TOTP(secret_of(house)).at(house.clock() - timedelta(seconds=30))
    assert give_code(thief, earlier).status_code == 400
    house.clock.forward(seconds=30)
    assert give_code(thief, app_code(house)).status_code == 303


def test_the_code_that_set_the_account_up_signs_nobody_in_again(light_house: House, light_cast: Cast) -> None:
    token, code = invite(light_house), app_code(light_house)
    set_up(light_house, light_house.browser(), token, code=code)
    browser = light_house.browser()
    give_password(browser)
    assert give_code(browser, code).status_code == 400


def test_one_code_given_twice_at_the_same_moment_signs_in_once(house: House, cast: Cast) -> None:
    officer(house)
    browsers = [house.browser() for _ in range(4)]
    for browser in browsers:
        give_password(browser)
    tokens = [re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(FACTOR).text)[0] for browser in browsers]
    code = app_code(house)
    statuses: list[int] = []

    def press(browser: Browser, csrf: str) -> None:
        statuses.append(browser.client.post(FACTOR, data={"csrf_token": csrf, "code": code}).status_code)

    in_threads([threading.Thread(target=press, args=pair) for pair in zip(browsers, tokens, strict=True)])
    assert sorted(statuses) == [303, 400, 400, 400]


@pytest.mark.parametrize("away", [-30, 30])
def test_a_clock_that_is_half_a_minute_off_signs_in_all_the_same(
    light_house: House, light_cast: Cast, away: int
) -> None:
    officer(light_house)
    browser = light_house.browser()
    give_password(browser)
    code = pyotp.TOTP(secret_of(light_house)).at(light_house.clock() + timedelta(seconds=away))
    assert give_code(browser, code).status_code == 303


# ---- ends ----


def test_a_disabled_officer_is_out_at_once_also_half_way(house: House, cast: Cast) -> None:
    browser = officer(house)
    half_way = house.browser()
    give_password(half_way)
    code = app_code(house)
    with house.writing() as session:
        offices.disable(session, OPERATOR, CLAES, now=house.clock())
        session.commit()
    assert not is_in(browser)
    assert give_code(half_way, code).status_code == 409
    assert give_password(house.browser()).status_code == 400


def test_a_link_that_waits_does_not_open_a_disabled_account(light_house: House, light_cast: Cast) -> None:
    token = invite(light_house)
    with light_house.writing() as session:
        offices.disable(session, OPERATOR, CLAES, now=light_house.clock())
        session.commit()
    assert light_house.browser().get(f"/set-up/{token}").status_code == 404


def test_an_officer_signs_in_in_a_browser_where_a_coordinator_was(light_house: House, light_cast: Cast) -> None:
    officer(light_house)
    browser = light_house.browser(light_cast.fatima)
    old = browser.client.get_cookie("wabp")
    assert old is not None
    sign_in(light_house, browser)
    assert "Jan Claes" in seen(browser.get("/sign-ins"))
    thief = light_house.browser()
    thief.client.set_cookie("wabp", old.value)
    assert not is_in(thief)


def test_nobody_but_the_operator_makes_or_closes_or_lists_accounts(light_house: House, light_cast: Cast) -> None:
    now = light_house.clock()
    for who in (light_cast.de_smet.actor, light_cast.claes.actor, light_cast.fatima.actor, accounts.NOBODY):
        with light_house.writing() as session:
            with pytest.raises(NotThere):
                offices.invite(
                    session, who, CLAES, role="zone_admin", zone_slug="pz-leiebocht", name="", language="nl", now=now
                )
            with pytest.raises(NotThere):
                offices.disable(session, who, CLAES, now=now)
            with pytest.raises(NotThere):
                offices.everybody(session, who)


# ---- what is kept ----


def test_nothing_of_a_sign_in_by_office_is_in_logs_or_plain_in_the_database(
    house: House, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = invite(house)
    secret = secret_of(house)
    browser = house.browser()
    browser.get(f"/set-up/{token}")
    set_up(house, browser, token, code=app_code(house))
    browser.get(f"/set-up/{token}")
    house.clock.forward(seconds=60)
    give_password(browser, "geheim-verkeerd-wachtwoord")
    sign_in(house, browser)
    carried = [browser.client.get_cookie(name) for name in ("wabp", "wabp-device")]
    form = JsonLines()
    logged = "\n".join(form.format(record) for record in caplog.records if record.name.startswith("wabp"))
    assert '"act": "signed_in"' in logged
    assert '"act": "wrong_password"' in logged
    assert "/set-up/<token>" in logged
    secrets = [token, secret, PASSWORD, "geheim-verkeerd-wachtwoord", CLAES, "leiebocht.example", "Jan Claes"]
    secrets += [cookie.value for cookie in carried if cookie is not None]
    assert len(secrets) == 9
    stolen = loot(house)
    for value in secrets:
        assert value not in logged
        assert value not in stolen
    with house.reading() as session:
        found = {(event.act, event.detail) for event in session.scalars(select(AuditEvent))}
        factors = session.scalars(select(SignIn.factor)).all()
        links = session.scalars(select(Account.setup_digest)).all()
    assert {("office_invited", "inspector"), ("office_set_up", None), ("signed_in", "totp")} <= found
    assert factors == ["totp", "totp"]
    assert not any(links), "a used link leaves nothing"
