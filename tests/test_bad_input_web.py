"""Whatever is typed or posted: one clear sentence on a page, what was typed is kept, and never an error of ours."""

import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from tests.doors import errors_on, form_on, rows, seen
from tests.house import Browser, Cast, House, Somebody, content, release
from wabp import alerts, demo, drafts, groups
from wabp.models import Alert, AlertText, unseal

COMPOSE = "/groups/molenwijk/alerts/new"
TEXT = "Twee personen forceren een achterdeur."
URGENT = {"kind": "urgent", "category": "burglary", "text": TEXT, "called": "yes", "called_at": "21:04"}
NO_ID = "0190f000-0000-7000-8000-000000000000"
INFO = {"kind": "info", "category": "prevention", "text": "Sluit ramen en deuren goed af."}

UNKNOWN_CHOICES = (
    ("kind", "Kies hoe dringend het is: dringend of info.", ("bulletin", "", "\x00")),
    ("category", "Kies waarover het gaat: ", ("drugs", "", "\x00", "x" * 5_000)),
    ("street_id", "Kies een van de straten van de groep.", ("Vaartkant", NO_ID, "\x00")),
    ("language", "Kies de taal van de tekst: nl, fr, en of de.", ("la", "", "\x00")),
    ("called", "Zeg eerst of 101 gebeld is.", ("maybe", "", "\x00")),
)
NOT_THERE = (
    "/groups/none", "/groups/%00", "/groups/%ff%fe", "/groups/" + "x" * 3_000, "/groups/molenwijk%20",
    "/groups/MOLENWIJK", "/groups/..", "/groups/%F0%9F%90%A4/alerts/new", "/groups/none/reports", "/groups/%ed%a0%80",
    "/alerts/none", "/alerts/1", "/alerts/00000000-0000-0000-0000-000000000000", "/alerts/" + "f" * 36,
    "/alerts/%00/review", f"/alerts/{NO_ID}/close", f"/reports/{NO_ID}", "/reports/%00", "/nothing",
    "/simulator/none", "/simulator/%00", "/simulator/1/messages", f"{COMPOSE}?report=none", f"{COMPOSE}?report=%00",
    f"{COMPOSE}?report={NO_ID}",
)  # fmt: skip
QUERIES = (
    "page=99999999999999999999", "page=999999", "page=0", "page=-1", "page=1e9", "page=٣", "page=%00", "page=",
    "page=²", "state=none", "state=%00", "state=read&state=sent", "page=1&page=x", "%ff=%ff", "a" * 3_000
)  # fmt: skip
BAD_CALL_TIMES = (
    "", " ", "nu", "21:60", "24:00", "99:99", "-1:30", "21:04Z", "21:04+01:00", "2027-01-12", "２１：０４", "21:04'",
    "21:04\x00", "½", "٢١:٠٤", "21:04; DROP TABLE alert", "1e3", "NaN", "1" * 500,
)  # fmt: skip
OTHER_SITES = (
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "https://evil.example", "http:evil.example", "https:/evil.example", "HTTPS://evil.example", "javascript:alert(1)",
    "data:text/html,x", " //evil.example", "\t//evil.example", "/\t/evil.example", "/\n/evil.example",
    "\r\n//evil.example", "/\r\nSet-Cookie: x=1", "/ /evil.example", "/\x00/evil.example", "evil.example",
    "?next=//evil.example", "#//evil", "@evil.example", "/\u2028/evil.example", "/é", "／／evil.example",
    ".//evil.example", "", "%2f%2fevil.example", "/%2f%2fevil.example", "/nowhere",
)  # fmt: skip
OWN_PATHS = ("/", "/groups/molenwijk", "/who-can-read-what?a=1&b=%20", "/sign-in#main", "/registry?q=%2f")
# Controls, right-to-left overrides, zero-width characters, tag characters, half a character pair.
HIDDEN = "\x00\x01\x08\x7f\x9b\u202e\u202c\u2066\u2069\u200b\u200c\u200d\ufeff\u2060\u00ad\U000e0041\ue000\U0010ffff"
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
NO_FORMS = (
    (b'{"text": "x"}', "application/json"),
    (b"<a/>", "text/xml"),
    (b"--x\r\nbroken", PARTS),
    (b"--x", "multipart/form-data"),
    (b"", FORM),
    (b"&&&==&=%&%zz=%zz", FORM),
    (b"a=1&" * 5_000, FORM),
    (b"\x00\xff" * 1_000, ""),
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


@pytest.fixture(autouse=True)
def nothing_unexpected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing in here may be an error of ours, whatever the page says."""
    caplog.set_level(logging.INFO, "wabp")
    yield
    assert "unexpected error" not in caplog.text
    assert "the database did not answer" not in caplog.text


def post_bytes(browser: Browser, path: str, body: bytes, kind: str = FORM) -> TestResponse:
    return browser.client.post(path, data=body, content_type=kind)


def encoded(**fields: str) -> bytes:
    """Encode a form as a careless program would, lone surrogates included."""
    return "&".join(f"{name}={quote(value, errors='surrogatepass')}" for name, value in fields.items()).encode()


def tokens(browser: Browser) -> dict[str, str]:
    return {name: form_on(browser.get(COMPOSE))[name] for name in ("csrf_token", "form_token")}


def refused(page: TestResponse, *, kept: str = TEXT, status: int = 400) -> str:
    """Assert that a page refuses with one sentence and keeps the text; return the sentence."""
    assert page.status_code == status
    (sentence,) = errors_on(page)
    assert form_on(page)["text"] == kept
    assert sentence[0].isupper() or sentence[0].isdigit()
    assert sentence.endswith((".", "?"))
    return sentence


def alert_count(house: House) -> int:
    return len(rows(house)["alert"])


def kept_texts(house: House) -> list[str]:
    with house.reading() as session:
        return [unseal(session, version, "body") for version in session.query(AlertText)]


# ---- what is typed into the compose page ----


def test_an_empty_text_is_refused_also_when_it_only_looks_full(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    for text in ("", "   ", "\n\r\n", "\u200b", "\u202e\u2066\x00", "\ufeff"):
        page = fatima.compose("molenwijk", "review", **(URGENT | {"text": text}))
        assert refused(page, kept="") == "Schrijf wat er gebeurt: het bericht is leeg."
    assert alert_count(light_house) == 0


def test_a_text_of_5_000_characters_is_refused_with_its_length_and_kept(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    text = ("Er loopt iemand door de straat met een lamp. " * 112)[:4_999] + "!"
    page = fatima.compose("molenwijk", "review", **(INFO | {"text": text}))
    sentence = refused(page, kept=text)
    assert "5000" in sentence
    assert "1000" in sentence
    assert alert_count(light_house) == 0


def test_a_version_of_5_000_characters_is_refused_at_its_own_field_and_kept(
    light_house: House, light_cast: Cast
) -> None:
    fatima = light_house.browser(light_cast.fatima)
    page = fatima.compose("molenwijk", "review", **URGENT, version_fr="é" * 5_000)
    refused(page)
    assert 'href="#field-version_fr"' in page.text
    assert form_on(page)["version_fr"] == "é" * 5_000


def test_a_text_of_exactly_1_000_characters_goes_through(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    text = ("Sluit ramen en deuren goed af. " * 40)[:999] + "."
    assert fatima.compose("molenwijk", "review", **(INFO | {"text": text})).status_code == 303
    assert fatima.compose("molenwijk", "review", **(INFO | {"text": text + "!"})).status_code == 400


def test_what_nobody_can_see_is_taken_out_before_it_is_kept_or_sent(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    texts = (HIDDEN, "\x00", "\u202e", "\u200b")
    for hidden in texts:
        answer = fatima.compose("molenwijk", "review", **(URGENT | {"text": f"{hidden}Twee per{hidden}sonen{hidden}."}))
        assert answer.status_code == 303, ascii(hidden)
        fatima.post(answer.location, page=COMPOSE)
    assert house.send_all() == 7 * len(texts)
    assert set(kept_texts(house)) == {"Twee personen."}
    assert all(message.body.replace("\n", "").isprintable() for message in house.phones.messages)


def test_no_field_breaks_on_characters_that_no_text_holds(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    found = tokens(fatima)
    for field in ("text", "version_fr", "reason", "not_emergency_reason", "called_at", "form_token", "do", "hello"):
        for value in ("\x00", "\ud800 hallo \udfff", HIDDEN):
            form = found | URGENT | {"language": "nl", "do": "review"} | {field: value}
            page = post_bytes(fatima, COMPOSE, encoded(**form))
            assert page.status_code in {200, 303, 400}, (field, ascii(value))
            assert len(errors_on(page)) == (page.status_code == 400), (field, ascii(value))
    form = found | URGENT | {"language": "nl", "text": "\x00 \ud800 hallo", "version_fr": "\x00\ud800"}
    assert post_bytes(fatima, COMPOSE, encoded(**form, do="accept_rewrite")).status_code == 200
    assert post_bytes(fatima, "/groups/molenwijk/live-check", encoded(**form)).status_code == 200


def test_a_form_that_is_no_utf_8_is_read_as_far_as_it_can_be(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    form = encoded(**(tokens(fatima) | URGENT | {"language": "nl", "do": "save"})) + b"&reason=%ff%fe%80&%ff=%ff"
    assert post_bytes(fatima, COMPOSE, form).status_code == 303


def test_a_choice_that_the_page_does_not_offer_is_refused_at_its_field(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    for field, sentence, values in UNKNOWN_CHOICES:
        for value in values:
            page = fatima.compose("molenwijk", "review", **(URGENT | {"language": "nl", field: value}))
            assert refused(page).startswith(sentence), (field, ascii(value))
            assert f'href="#field-{field}"' in page.text


def test_a_street_of_another_group_is_refused(light_house: House, light_cast: Cast) -> None:
    with light_house.reading() as session:
        elsewhere = groups.by_slug(session, light_cast.willem.actor, "dijklaan").streets[0].id
    fatima = light_house.browser(light_cast.fatima)
    page = fatima.compose("molenwijk", "review", **URGENT, street_id=str(elsewhere))
    assert refused(page) == "Kies een van de straten van de groep."


def test_an_hour_that_is_none_is_refused(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    for typed in BAD_CALL_TIMES:
        page = fatima.compose("molenwijk", "review", **(URGENT | {"called_at": typed}))
        assert refused(page) == "Schrijf het uur van de oproep zoals 21:04.", ascii(typed)


def test_an_hour_to_come_is_refused(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    for now, typed in (("21:06", "21:07"), ("21:06", "21:14"), ("21:06", "23:59"), ("00:30", "09:00")):
        light_house.clock.at(now)
        page = fatima.compose("molenwijk", "review", **(URGENT | {"called_at": typed}))
        assert refused(page).startswith(f"{typed} ligt in de toekomst.")


def test_an_hour_may_be_written_as_people_do(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    for typed in ("21:04", "21.04", "21u04", "21h04", " 21:04 ", "21:04:59"):
        review = fatima.compose("molenwijk", "review", **(URGENT | {"called_at": typed})).location
        fatima.post(review, page=COMPOSE)
        light_house.send_all()
        assert "101 gebeld om 21:04," in light_house.phones.last(light_cast.an.number).body


def test_just_after_midnight_a_late_call_was_yesterday(light_house: House, light_cast: Cast) -> None:
    light_house.clock.at("00:03")
    alert = release(light_house, light_cast.fatima, called_at="23:58")
    assert alert.called_at is not None
    assert light_house.clock() - alert.called_at == alerts.timedelta(minutes=5)


def test_names_of_fields_may_come_twice_or_not_at_all(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    assert post_bytes(fatima, COMPOSE, encoded(**tokens(fatima), do="review")).status_code == 400
    twice = encoded(**tokens(fatima), **URGENT, language="nl", do="save") + b"&text=anders&kind=info"
    assert post_bytes(fatima, COMPOSE, twice).status_code == 303
    assert kept_texts(light_house) == [TEXT]


# ---- sent twice, sent late ----


def test_the_same_form_sent_twice_is_one_alert(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    form = tokens(fatima) | URGENT | {"language": "nl", "do": "review"}
    first, second = (fatima.client.post(COMPOSE, data=form) for _press in range(2))
    assert first.location == second.location
    assert alert_count(house) == 1
    for _press in range(2):
        fatima.post(first.location, page=COMPOSE)
    assert house.send_all() == 7


def at_the_same_moment(browsers: list[Browser], path: str, form: dict[str, str]) -> list[TestResponse]:
    """Let several browsers of one person send the same form at once."""
    together = Barrier(len(browsers))

    def send(browser: Browser) -> TestResponse:
        together.wait(10)
        return browser.client.post(path, data=form)

    with ThreadPoolExecutor(len(browsers)) as pool:
        return list(pool.map(send, browsers))


def test_the_same_form_sent_four_times_in_one_moment_is_one_alert_that_leaves_once(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    form = tokens(fatima) | URGENT | {"language": "nl", "do": "review"}
    browsers = [house.browser(cast.fatima) for _browser in range(4)]
    for browser in browsers:
        for name in ("wabp", "wabp-form"):
            cookie = fatima.client.get_cookie(name)
            assert cookie is not None
            browser.client.set_cookie(name, cookie.value)
    written = at_the_same_moment(browsers, COMPOSE, form)
    assert {answer.status_code for answer in written} == {303}
    (review,) = {answer.location for answer in written}
    assert alert_count(house) == 1
    sent = at_the_same_moment(browsers, review, form)
    assert [answer.status_code for answer in sent] == [303] * 4
    assert house.send_all() == 7


def test_another_group_s_form_token_is_no_way_into_its_alert(light_house: House, light_cast: Cast) -> None:
    fatima, willem = light_house.browser(light_cast.fatima), light_house.browser(light_cast.willem)
    form = tokens(fatima) | URGENT | {"language": "nl", "do": "save"}
    fatima.client.post(COMPOSE, data=form)
    shown = form_on(willem.get("/groups/dijklaan/alerts/new"))["csrf_token"]
    page = willem.client.post(
        "/groups/dijklaan/alerts/new", data=form | {"csrf_token": shown, "text": "Iets anders in onze straat."}
    )
    assert refused(page, kept="Iets anders in onze straat.").startswith("Deze pagina stond te lang open.")
    assert kept_texts(light_house) == [TEXT]


def test_a_released_alert_is_edited_no_more_and_a_second_close_changes_nothing(
    light_house: House, light_cast: Cast
) -> None:
    alert = release(light_house, light_cast.fatima)
    fatima = light_house.browser(light_cast.fatima)
    page = fatima.post(f"/alerts/{alert.id}/edit", page=COMPOSE, **URGENT, language="nl", do="save")
    assert page.location == f"/alerts/{alert.id}"
    assert kept_texts(light_house) == [content().text]
    close = f"/alerts/{alert.id}/close"
    for outcome in ("harmless", "damage"):
        assert fatima.post(close, page=COMPOSE, outcome=outcome).location == f"/alerts/{alert.id}"
    with light_house.reading() as session:
        closed = session.get(Alert, alert.id)
        assert closed is not None
        assert (closed.state, closed.outcome) == ("closed", "harmless")
    assert fatima.post(f"/alerts/{alert.id}/review", page=COMPOSE).status_code in {303, 409}


def test_an_outcome_that_the_page_does_not_offer_is_refused(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    fatima = house.browser(cast.fatima)
    for outcome in ("", "arrested", "\x00", "x" * 5_000):
        page = fatima.post(f"/alerts/{alert.id}/close", page=COMPOSE, outcome=outcome)
        assert page.status_code == 400
        assert errors_on(page) == ["Kies hoe het afliep."]


def test_a_draft_has_no_board_and_cannot_be_closed(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    fatima.compose("molenwijk", "save", **URGENT)
    with light_house.reading() as session:
        draft = session.query(Alert.id).scalar()
    assert fatima.get(f"/alerts/{draft}").location == f"/alerts/{draft}/edit"
    for part in ("progress", "recipients", "close"):
        page = fatima.get(f"/alerts/{draft}/{part}")
        assert page.status_code == 409
        assert "nog niet verstuurd" in seen(page)


def test_a_group_that_is_not_active_sends_nothing_and_says_so(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        groups.by_slug(session, light_cast.fatima.actor, "molenwijk").state = "suspended"
        session.commit()
    fatima = light_house.browser(light_cast.fatima)
    page = fatima.compose("molenwijk", "review", **URGENT)
    assert refused(page, status=409) == (
        "Molenwijk kan nu niets versturen: de groep is niet actief. Vraag het uw wijkinspecteur."
    )


# ---- addresses ----


def test_what_is_not_there_gets_one_calm_page(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    for path in NOT_THERE:
        page = fatima.get(path)
        assert page.status_code == 404, path
        assert "Hier is niets voor u. Kijk het adres na, of meld u aan." in seen(page), path


def test_any_page_number_and_any_filter_shows_the_board(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    fatima = house.browser(cast.fatima)
    for query in QUERIES:
        for part in ("", "/recipients", "/progress"):
            assert fatima.get(f"/alerts/{alert.id}{part}?{query}").status_code == 200, query


def test_no_choice_of_language_or_colours_leads_to_another_site(light_house: House) -> None:
    browser = light_house.browser()
    for address in OTHER_SITES:
        for path, choice in (("/language", {"language": "fr"}), ("/theme", {"theme": "dark"})):
            answer = browser.post(path, next=address, **choice)
            assert answer.status_code == 303
            assert answer.location == "/", ascii(address)


def test_a_choice_leads_back_to_where_it_was_made(light_house: House) -> None:
    browser = light_house.browser()
    for address in OWN_PATHS:
        assert browser.post("/language", next=address, language="fr").location == address


def test_a_language_that_we_do_not_have_is_refused_in_a_sentence(light_house: House) -> None:
    for chosen in ("", "la", "\x00", "nl,fr", "x" * 5_000):
        page = light_house.browser().post("/language", language=chosen)
        assert page.status_code == 400
        assert "Kies de taal van de tekst: nl, fr, en of de." in seen(page)
        assert "language=" not in page.headers.get("Set-Cookie", "")


def test_unknown_colours_are_those_of_the_device(light_house: House) -> None:
    browser = light_house.browser()
    browser.post("/theme", theme="dark")
    browser.post("/theme", theme='"><script>')
    assert browser.client.get_cookie("theme") is None


def test_signing_in_as_nobody_in_particular_is_not_there(house: House, cast: Cast) -> None:
    visitor = house.browser()
    for who in ("", "1", "\x00", "fatima", NO_ID, "0" * 32, "x" * 5_000, "{" + "0" * 32 + "}", str(cast.fatima.id)):
        assert visitor.post("/sign-in", who=who).status_code == 404, ascii(who)
        assert visitor.client.get_cookie("wabp") is None


def test_no_cookie_breaks_a_page(light_house: House) -> None:
    for cookie in ("language", "theme", "wabp", "wabp-form"):
        browser = light_house.browser()
        for value in ("\x00", "é", "x" * 3_000, "../..", "nl; x=1", "."):
            browser.client.set_cookie(cookie, value)
            assert browser.get("/").status_code == 200, (cookie, ascii(value))
            assert browser.get("/nothing").status_code == 404


# ---- bodies ----


@pytest.mark.parametrize(("kind", "start"), [(FORM, b"text="), (PARTS, PART)])
def test_a_body_of_5_megabytes_is_too_much_and_gets_a_page(
    light_house: House, light_cast: Cast, kind: str, start: bytes
) -> None:
    fatima = light_house.browser(light_cast.fatima)
    for path in (COMPOSE, "/language", "/sign-in", "/groups/molenwijk/live-check"):
        page = post_bytes(fatima, path, start + b"a" * 5_000_000, kind)
        assert page.status_code == 413
        assert "Dit is te veel in een keer." in seen(page)
    assert alert_count(light_house) == 0


def test_a_body_that_is_no_form_of_ours_is_refused_in_a_sentence(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    before = rows(light_house)
    for body, kind in NO_FORMS:
        for path in (COMPOSE, "/groups/molenwijk/live-check", "/sign-out", "/theme"):
            page = post_bytes(fatima, path, body, kind)
            assert page.status_code in {400, 413}, (body[:20], path)
            assert re.search(r'<p class="mt-2">[A-Z][^<]+[.]</p>', page.text), (body[:20], path)
    assert rows(light_house) == before


def test_the_owner_of_a_simulated_phone_has_to_type_something_that_fits(light_house: House) -> None:
    with light_house.writing() as session:
        demo.load(session, members=5, quiet="none", now=light_house.clock())
        session.commit()
    browser = light_house.browser()
    for text, channel in (("", "sms"), ("x" * 2_000, "sms"), ("\u200b", "sms"), ("\x00", "sms"), ("Hallo", "pigeon")):
        page = browser.post("/simulator/1", page="/who-can-read-what", text=text, channel=channel)
        assert page.status_code == 400
        assert "Schrijf een bericht van hoogstens 1.600 tekens." in seen(page)


# ---- what every answer carries ----


def answers(house: House, cast: Cast) -> list[TestResponse]:
    """Return one answer of every kind: pages, fragments, redirects, errors, files, hooks."""
    alert = release(house, cast.fatima)
    fatima, visitor = house.browser(cast.fatima), house.browser()
    static = visitor.client.get("/static/theme.css", buffered=True)
    return [
        visitor.get("/"),
        visitor.get("/healthz"),
        visitor.get("/sign-in"),
        visitor.get("/nothing"),
        visitor.get("/simulator"),
        static,
        fatima.get("/groups/molenwijk"),
        fatima.get(COMPOSE),
        fatima.get(f"/alerts/{alert.id}"),
        fatima.get(f"/alerts/{alert.id}/progress"),
        fatima.get(f"/alerts/{alert.id}/edit"),
        fatima.compose("molenwijk", "review", **(URGENT | {"text": ""})),
        fatima.compose("molenwijk", "review", **URGENT),
        fatima.client.post(COMPOSE, data={}),
        fatima.client.delete(COMPOSE),
        fatima.client.options(COMPOSE),
        fatima.client.head(COMPOSE),
        post_bytes(fatima, COMPOSE, b"text=" + b"a" * 5_000_000),
        fatima.post("/language", language="nl"),
        visitor.client.post("/hooks/twilio/inbound", data={"Body": "x"}),
        house.say(cast.an.number, "Hallo"),
        fatima.post("/sign-out"),
    ]


def test_every_answer_carries_the_headers_that_keep_browsers_careful(light_house: House, light_cast: Cast) -> None:
    for answer in answers(light_house, light_cast):
        shown = f"{answer.request.method} {answer.request.path}"
        for name, value in HEADERS.items():
            assert answer.headers.get(name) == value, (shown, name)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, shown
        assert "frame-ancestors 'none'" in policy, shown
        assert "base-uri 'none'" in policy, shown
        assert "unsafe" not in policy, shown
        assert "*" not in policy, shown
        assert "Server" not in answer.headers, shown
        if answer.mimetype == "text/html":
            assert answer.headers["Cache-Control"] == "no-store", shown


def test_no_page_needs_what_the_policy_forbids(light_house: House, light_cast: Cast) -> None:
    for answer in answers(light_house, light_cast):
        if answer.mimetype != "text/html":
            continue
        assert not re.search(r"<script(?![^>]* src=)[^>]*>", answer.text), answer.request.path
        assert not re.search(r"<[^>]+ (?:style|on[a-z]+)=", answer.text), answer.request.path
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", answer.text), answer.request.path


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(light_house: House, light_cast: Cast) -> None:
    set_cookies = [line for answer in answers(light_house, light_cast) for line in answer.headers.getlist("Set-Cookie")]
    assert set_cookies
    for line in set_cookies:
        assert "SameSite=Lax" in line or "Max-Age=0" in line, line
        assert "HttpOnly" in line or "Max-Age=0" in line, line


def test_a_draft_that_lay_for_a_day_is_asked_for_a_new_call(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        group = groups.by_slug(session, light_cast.fatima.actor, "molenwijk")
        draft = drafts.draft(session, light_cast.fatima.actor, group, content(text=TEXT), now=light_house.clock())
        session.commit()
        draft_id = draft.id
    light_house.clock.forward(hours=24)
    page = light_house.browser(Somebody(light_cast.fatima.id, "", light_cast.fatima.actor))
    answer = page.post(f"/alerts/{draft_id}/review", page=COMPOSE)
    assert refused(answer).startswith("Er is meer dan een dag geleden gebeld.")
    assert light_house.send_all() == 0
