"""Story 05: an urgent alert, with and without the call. Tuesday 12 January 2027, from 21:05 on."""

import json
import re

import pytest
from werkzeug.test import TestResponse

from tests.doors import errors_on, forecast_on, form_on, rows, seen, shell
from tests.house import Browser, Cast, House, Somebody, people, release
from wabp import alerts, groups, reports
from wabp.models import Alert, Street, unseal

TYPED = "Twee personen forceren achterdeur, zwarte jassen, vluchten richting sluis."
COMPOSE = "/groups/molenwijk/alerts/new"

CALLED = {
    "nl": "101 gebeld om 21:04, niet opnieuw bellen",
    "fr": "101 appelé à 21:04, ne rappelez pas",
    "en": "101 called at 21:04, do not call again",
    "de": "101 um 21:04 angerufen, bitte nicht erneut anrufen",
}
BURGLARY = {"nl": "Inbraak", "fr": "Cambriolage", "en": "Burglary", "de": "Einbruch"}
CALL = {"nl": "Bel", "fr": "Appelez", "en": "Call", "de": "Rufen"}
WRITTEN_IN_DUTCH = {"nl": "", "fr": "néerlandais", "en": "Dutch", "de": "Niederländisch"}


def readers(cast: Cast) -> list[tuple[Somebody, str, str]]:
    """Who reads in which language by which channel."""
    return [
        (cast.fatima, "nl", "whatsapp"),
        (cast.luc, "fr", "whatsapp"),
        (cast.an, "nl", "whatsapp"),
        (cast.jean, "fr", "whatsapp"),
        (cast.priya, "en", "whatsapp"),
        (cast.heinz, "de", "sms"),
        (cast.godelieve, "nl", "sms"),
    ]


def street_id(house: House, name: str) -> str:
    with house.reading() as session:
        return str(session.query(Street).filter_by(name=name).one().id)


def write(house: House, browser: Browser, do: str = "review", **changes: str) -> TestResponse:
    """Fill in the compose page as Fatima does in the story, with changes, and press a button."""
    typed = {
        "kind": "urgent",
        "category": "burglary",
        "street_id": street_id(house, "Vaartkant"),
        "text": TYPED,
    }
    return browser.compose("molenwijk", do, **(typed | changes))


def again(browser: Browser, page: TestResponse, do: str = "review", **changes: str) -> TestResponse:
    """Change something on the page that came back, and press a button."""
    return browser.client.post(COMPOSE, data={**form_on(page), "do": do, **changes})


def only_alert(house: House) -> Alert:
    with house.reading() as session:
        alert = session.query(Alert).one()
        session.expunge(alert)
    return alert


def press_send(browser: Browser, review: str) -> TestResponse:
    return browser.post(review, page=review)


def released_by_page(house: House, browser: Browser) -> Alert:
    """Go the whole way by pages: write, look over, send."""
    answer = write(house, browser, called="yes", called_at="21:04")
    assert answer.status_code == 303
    assert press_send(browser, answer.location).status_code == 303
    return only_alert(house)


def state_counts(page: TestResponse) -> list[int]:
    """Return the figures on the board's pills: all, then by state."""
    pills = re.search(r'<ul class="pills".*?</ul>', page.text, re.DOTALL)
    assert pills is not None
    return [int(count) for count in re.findall(r"<b>(\d+)</b>", pills.group())]


# ---- 21:05 the call question ----


def test_with_the_call_question_open_the_page_refuses_keeps_the_text_and_says_to_call_now(
    light_house: House, light_cast: Cast
) -> None:
    light_house.clock.at("21:05")
    fatima = light_house.browser(light_cast.fatima)
    page = write(light_house, fatima)
    assert page.status_code == 400
    assert errors_on(page) == ["Zeg eerst of 101 gebeld is."]
    assert form_on(page)["text"] == TYPED
    assert form_on(page)["street_id"] == street_id(light_house, "Vaartkant")
    assert 'href="tel:101"' in page.text
    assert light_house.send_all() == 0
    assert only_alert(light_house).state == "draft"


def test_not_yet_called_shows_a_button_to_call_holds_the_draft_and_sends_nothing(house: House, cast: Cast) -> None:
    house.clock.at("21:05")
    fatima = house.browser(cast.fatima)
    page = again(fatima, write(house, fatima), called="no")
    assert page.status_code == 400
    assert errors_on(page) == ["Bel nu 101 en vul daarna het uur in. Uw tekst blijft hier staan."]
    assert re.search(r'<a class="btn btn-urgent" href="tel:101">', page.text)
    assert form_on(page)["text"] == TYPED
    held = only_alert(house)
    assert held.state == "held"
    assert house.send_all() == 0
    # Nor by the address of the button that sends.
    assert fatima.post(f"/alerts/{held.id}/review", page=COMPOSE).status_code == 400
    assert fatima.get(f"/alerts/{held.id}/review").location == f"/alerts/{held.id}/edit"
    assert house.send_all() == 0


def test_a_call_in_the_future_is_refused_and_the_text_kept(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    page = write(light_house, fatima, called="yes", called_at="21:14")
    assert page.status_code == 400
    assert errors_on(page) == ["21:14 ligt in de toekomst. Vul in wanneer er gebeld is."]
    assert form_on(page)["text"] == TYPED
    assert form_on(page)["called_at"] == "21:14"
    assert again(fatima, page, called_at="21:04").status_code == 303


def test_every_answer_on_one_page_is_one_and_the_same_draft(light_house: House, light_cast: Cast) -> None:
    light_house.clock.at("21:05")
    fatima = light_house.browser(light_cast.fatima)
    page = again(fatima, write(light_house, fatima), called="no")
    light_house.clock.at("21:06")
    page = again(fatima, page, called="yes", called_at="21:14")
    answer = again(fatima, page, called_at="21:04")
    assert answer.status_code == 303
    assert answer.location == f"/alerts/{only_alert(light_house).id}/review"


# ---- 21:06 the forecast, and the release ----


def test_before_sending_the_page_says_to_how_many_by_what_how_fast_at_what_cost(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    fatima.post("/language", language="en")
    answer = write(house, fatima, called="yes", called_at="21:04")
    page = fatima.get(answer.location)
    recipients, last, channels, week = forecast_on(page)
    assert recipients == ("7", "of 7 residents get it")
    assert re.fullmatch(r"± \d+ s", last[0])
    assert re.fullmatch(r"€ \d+\.\d\d", channels[0])
    assert channels[1] == "5 WhatsApp, 2 SMS"
    assert week == ("1", "alert this week, with this one")
    # Unreachable: nobody, so nothing is said of it.
    assert "cannot be reached now" not in page.text
    assert "Send to 7 residents" in page.text
    assert TYPED in page.text
    assert house.send_all() == 0


def test_every_phone_gets_it_once_in_its_own_language_with_the_call_and_the_emergency_line(
    house: House, cast: Cast
) -> None:
    alert = released_by_page(house, house.browser(cast.fatima))
    assert house.send_all() == 7
    for who, language, channel in readers(cast):
        (body,) = house.phones.of(who.number)
        lines = body.split("\n")
        assert house.phones.last(who.number).channel == channel
        assert CALLED[language] in body
        assert BURGLARY[language] in body
        assert "Vaartkant" in body
        assert TYPED in body
        assert WRITTEN_IN_DUTCH[language] in body
        assert ("[" in body) == (language != "nl")
        assert lines[-1].startswith(CALL[language])
        assert "101" in lines[-1]
        assert "112" in lines[-1]
        others = set(CALLED) - {language}
        assert not any(CALLED[other] in body or lines[-1].startswith(CALL[other]) for other in others)
    assert people(house, alert) == {"accepted": 7}


def test_an_sms_holds_no_markup(light_house: House, light_cast: Cast) -> None:
    released_by_page(light_house, light_house.browser(light_cast.fatima))
    light_house.send_all()
    for who in (light_cast.heinz, light_cast.godelieve):
        (body,) = light_house.phones.of(who.number)
        assert not set("*_~`") & set(body)
    assert "*" in light_house.phones.of(light_cast.an.number)[0]


def test_a_version_that_the_coordinator_added_is_read_in_its_language_unmarked(
    light_house: House, light_cast: Cast
) -> None:
    french = "Deux personnes forcent une porte arrière et fuient vers l'écluse."
    fatima = light_house.browser(light_cast.fatima)
    answer = write(light_house, fatima, called="yes", called_at="21:04", version_fr=french)
    press_send(fatima, answer.location)
    light_house.send_all()
    (jean,), (priya,) = light_house.phones.of(light_cast.jean.number), light_house.phones.of(light_cast.priya.number)
    assert french in jean
    assert TYPED not in jean
    assert "[" not in jean
    assert f"[Dutch] {TYPED}" in priya


def test_it_is_released_once_although_the_button_is_pressed_twice(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    answer = write(house, fatima, called="yes", called_at="21:04")
    pressed = {"csrf_token": form_on(fatima.get(COMPOSE))["csrf_token"]}
    first = fatima.client.post(answer.location, data=pressed)
    second = fatima.client.post(answer.location, data=pressed)
    board = f"/alerts/{only_alert(house).id}"
    assert (first.status_code, second.status_code) == (303, 303)
    assert (first.location, second.location) == (board, board)
    assert house.send_all() == 7
    # Nor does the compose form, sent once more, make a second one.
    assert house.send_all() == 0
    assert len(house.phones.messages) == 7


def test_the_compose_form_sent_again_after_the_release_leads_to_the_board(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    form = form_on(write(house, fatima, do="check", called="yes", called_at="21:04")) | {"do": "review"}
    review = fatima.client.post(COMPOSE, data=form).location
    press_send(fatima, review)
    late = fatima.client.post(COMPOSE, data=form | {"text": "Iets heel anders."})
    assert late.location == f"/alerts/{only_alert(house).id}"
    house.send_all()
    assert all(TYPED in message.body for message in house.phones.messages)


def test_luc_the_deputy_releases_as_well_and_his_sentence_is_marked_as_french(
    light_house: House, light_cast: Cast
) -> None:
    luc = light_house.browser(light_cast.luc)
    text = "Deux personnes forcent une porte arrière et fuient vers l'écluse."
    answer = write(light_house, luc, language="fr", text=text, called="yes", called_at="21:04")
    press_send(luc, answer.location)
    assert light_house.send_all() == 7
    (an,) = light_house.phones.of(light_cast.an.number)
    assert f"[Frans] {text}" in an
    assert CALLED["nl"] in an


# ---- the board ----


def test_the_board_counts_each_person_once_and_names_the_first_and_the_last_moment(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    alert = released_by_page(house, fatima)
    fatima.post("/language", language="en")
    waiting = fatima.get(f"/alerts/{alert.id}")
    assert state_counts(waiting) == [7, 0, 0, 0, 7, 0, 0]
    house.send_some("whatsapp", 5)
    house.clock.at("21:07")
    house.send_some("sms", 2)
    for who in (cast.an, cast.luc):
        house.receipt(house.phones.last(who.number), "delivered")
    house.receipt(house.phones.last(cast.jean.number), "read")
    house.receipt(house.phones.last(cast.heinz.number), "undelivered", 30005)
    board = fatima.get(f"/alerts/{alert.id}")
    # All; read, delivered, on its way, waiting, failed, not sent.
    assert state_counts(board) == [7, 1, 2, 3, 0, 1, 0]
    assert "21:06 The first message left" in seen(board)
    assert "21:07 The latest message left" in seen(board)


def test_what_was_read_never_turns_back_to_sent(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    alert = released_by_page(house, fatima)
    house.send_all()
    jean = house.phones.last(cast.jean.number)
    house.receipt(jean, "read")
    house.receipt(jean, "sent")
    house.receipt(jean, "delivered")
    assert people(house, alert) == {"accepted": 6, "read": 1}
    assert state_counts(fatima.get(f"/alerts/{alert.id}"))[:2] == [7, 1]


def test_the_board_shows_nobody_s_number(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    alert = released_by_page(light_house, fatima)
    light_house.send_all()
    for path in (f"/alerts/{alert.id}", f"/alerts/{alert.id}/recipients", f"/alerts/{alert.id}/progress"):
        page = fatima.get(path).text
        assert not any(who.number.removeprefix("+32") in page for who in light_cast.street)


# ---- 21:08 answers ----


def test_priya_s_answer_is_a_report_on_this_alert_and_reaches_nobody_else(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    alert = released_by_page(house, fatima)
    house.send_all()
    house.clock.at("21:08")
    words = "I saw them too, blue car"
    house.say(cast.priya.number, words)
    # One answer to Priya, and a link without her words to Fatima.
    assert house.send_all() == 2
    answer = house.phones.of(cast.priya.number)[1]
    assert "101" in answer
    assert "112" in answer
    notice = house.phones.of(cast.fatima.number)[1]
    assert "/reports/" in notice
    assert all(words not in message.body for message in house.phones.messages)
    assert all(len(house.phones.of(who.number)) == 1 for who in cast.street if who not in (cast.priya, cast.fatima))
    with house.reading() as session:
        group = groups.by_slug(session, cast.fatima.actor, "molenwijk")
        (report,) = reports.of_group(session, cast.fatima.actor, group)
        assert report.alert_id == alert.id
        assert unseal(session, report, "body") == words
    page = fatima.get(f"/reports/{report.id}")
    assert words in page.text
    assert '<p class="tally mb-0">' in fatima.get(f"/alerts/{alert.id}").text


def test_a_thumb_up_from_an_gives_no_message_to_anybody(house: House, cast: Cast) -> None:
    released_by_page(house, house.browser(cast.fatima))
    house.send_all()
    house.clock.at("21:09")
    house.say(cast.an.number, "👍", MessageType="reaction")
    house.say(cast.an.number, "👍")
    assert house.send_all() == 0
    assert not rows(house)["report"]


# ---- the shell ----


def test_the_shell_asks_for_the_call_before_it_sends_anything_urgent(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "alert send --group molenwijk --kind urgent --category burglary --text".split()
    refused = shell(house, capsys, *words, "Inbraak bezig")
    assert refused.code == 2
    assert refused.out == ""
    assert "--called" in refused.err
    assert refused.err.count("\n") == 1
    assert house.send_all() == 0
    assert not rows(house)["alert"]


def test_the_shell_prints_an_id_and_shows_seven_recipients(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "alert send --group molenwijk --kind urgent --category burglary --called 20:58 --text".split()
    sent = shell(house, capsys, *words, "Inbraak bezig")
    assert sent.code == 0
    assert sent.err == ""
    assert sent.out == f"{only_alert(house).id}\n"
    house.send_all()
    house.deliver_everything()
    shown = shell(house, capsys, "alert", "show", sent.out.strip(), "--json")
    assert shown.code == 0
    assert json.loads(shown.out) == {
        "id": sent.out.strip(),
        "state": "released",
        "recipients": 7,
        "deliveries": {"delivered": 7},
    }
    assert "101 gebeld om 20:58, niet opnieuw bellen" in house.phones.of(cast.an.number)[0]
    # Who runs the group hears that a command sent this.
    with_a_notice = [who for who in cast.street if len(house.phones.of(who.number)) == 2]
    assert with_a_notice == [cast.fatima, cast.luc]


def test_the_shell_refuses_a_call_in_the_future_in_one_line(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "alert send --group molenwijk --kind urgent --category burglary --called 21:14 --text".split()
    refused = shell(light_house, capsys, *words, "Inbraak bezig")
    assert (refused.code, refused.out) == (2, "")
    assert "21:14" in refused.err
    assert refused.err.count("\n") == 1
    assert light_house.send_all() == 0


# ---- not a matter for 101 or 112 ----


def test_what_is_not_for_the_emergency_line_becomes_info_without_a_call_statement(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    answer = write(
        house,
        fatima,
        category="outage",
        text="De straat zit zonder licht tot morgenvroeg.",
        called="not_emergency",
        not_emergency_reason="stroompanne",
    )
    assert "stroompanne" in fatima.get(answer.location).text
    press_send(fatima, answer.location)
    alert = only_alert(house)
    assert alert.kind == "info"
    assert alert.called_at is None
    assert house.send_all() == 7
    for who, language, _channel in readers(cast):
        (body,) = house.phones.of(who.number)
        last = body.split("\n")[-1]
        assert last.startswith(CALL[language])
        assert "101" in last
        assert "112" in last
        assert not any(words[:10] in body for words in CALLED.values())
        assert "stroompanne" not in body


def test_not_for_the_emergency_line_needs_a_reason(light_house: House, light_cast: Cast) -> None:
    page = write(light_house, light_house.browser(light_cast.fatima), called="not_emergency")
    assert page.status_code == 400
    assert errors_on(page) == ["Zeg in een paar woorden waarom dit niets is voor 101 of 112."]
    assert form_on(page)["text"] == TYPED


def test_across_the_border_the_number_is_112_alone(light_house: House, light_cast: Cast) -> None:
    alert = release(light_house, light_cast.willem, "dijklaan")
    light_house.send_all()
    assert isinstance(alert, alerts.Alert)
    for who in (light_cast.willem, light_cast.noor):
        (body,) = light_house.phones.of(who.number)
        assert "112 gebeld om 21:04, niet opnieuw bellen" in body
        assert body.split("\n")[-1] == "Bel 112."
        assert "101" not in body
    assert all(not light_house.phones.of(who.number) for who in light_cast.street)
