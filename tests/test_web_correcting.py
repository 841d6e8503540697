"""The pages that correct an alert, close it with an all-clear, and call off what still waits."""

import re

from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.doors import errors_on, form_on, marked_on, seen
from tests.house import Browser, Cast, House, people, release
from wabp.models import Alert

NAMED = "Het was Kevin Maes van de overkant."
OWNERS = "Het waren de eigenaars die hun sleutel kwijt waren."


def sent_alert(house: House, cast: Cast, **changes: object) -> Alert:
    """Release an alert that arrives everywhere."""
    alert = release(house, cast.fatima, **changes)
    house.send_all()
    house.deliver_everything()
    return alert


def english(house: House, cast: Cast) -> Browser:
    browser = house.browser(cast.fatima)
    browser.post("/language", language="en")
    return browser


def press(browser: Browser, path: str, do: str, **fields: str) -> TestResponse:
    """Fill in the form of a page and press one of its buttons."""
    form = form_on(browser.get(path), "followup")
    return browser.client.post(path, data=form | {"do": do} | fields)


def again(browser: Browser, page: TestResponse, path: str, do: str, **fields: str) -> TestResponse:
    """Press a button on the page that came back."""
    return browser.client.post(path, data=form_on(page, "followup") | {"do": do} | fields)


def followups(house: House) -> list[Alert]:
    with house.reading() as session:
        found = session.scalars(select(Alert).where(Alert.form != "alert")).all()
        session.expunge_all()
        return list(found)


def bubbles(page: TestResponse) -> list[str]:
    return [seen(bubble) for bubble in re.findall(r'<div class="bubble">(.*?)</div>', page.text, re.DOTALL)]


# ---- the correction ----


def test_the_page_says_who_gets_it_and_offers_ready_made_sentences(light_house: House, light_cast: Cast) -> None:
    alert = sent_alert(light_house, light_cast)
    page = english(light_house, light_cast).get(f"/alerts/{alert.id}/correct")
    text = seen(page)
    assert "Goes to the 7 residents who got this alert, and to nobody else." in text
    assert "It was a false alarm." in text
    assert "The people who were seen belong there." in text
    assert "Send to 7 residents" in text


def test_a_sentence_is_chosen_and_sent_without_a_word_typed(light_house: House, light_cast: Cast) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    answer = press(fatima, f"/alerts/{alert.id}/correct", "send", ready="false_alarm")
    (correction,) = followups(light_house)
    assert answer.location == f"/alerts/{correction.id}"
    assert "Correction: Burglary" in seen(fatima.get(answer.location))
    assert light_house.send_all() == 7
    assert "Het was loos alarm." in light_house.phones.last(light_cast.an.number).body


def test_looking_at_it_first_shows_the_message_to_the_letter_and_sends_nothing(
    light_house: House, light_cast: Cast
) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    path = f"/alerts/{alert.id}/correct"
    page = press(fatima, path, "check", ready="false_alarm", text=OWNERS, language="nl")
    assert page.status_code == 200
    shown = bubbles(page)
    assert light_house.send_all() == 0
    again(fatima, page, path, "send", ready="false_alarm")
    light_house.send_all()
    for who in (light_cast.an, light_cast.jean, light_cast.priya, light_cast.godelieve):
        got = light_house.phones.last(who.number).body
        assert " ".join(got.replace("*", "").split()) in shown


def test_refused_words_are_marked_with_a_suggestion_that_may_be_taken_over(
    light_house: House, light_cast: Cast
) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    path = f"/alerts/{alert.id}/correct"
    page = press(fatima, path, "send", text=NAMED, language="nl")
    assert page.status_code == 400
    assert errors_on(page) == ["This may not be sent. Use the suggestion or change the marked words."]
    assert "Kevin Maes" in marked_on(page)
    assert form_on(page, "followup")["text"] == NAMED
    better = again(fatima, page, path, "accept_rewrite")
    assert "Kevin" not in form_on(better, "followup")["text"]
    assert again(fatima, better, path, "send").status_code == 303
    assert len(followups(light_house)) == 1


def test_a_refused_word_in_another_version_stops_it_too(light_house: House, light_cast: Cast) -> None:
    alert = sent_alert(light_house, light_cast)
    page = press(
        english(light_house, light_cast), f"/alerts/{alert.id}/correct", "send", text=OWNERS, language="nl",
        version_fr="C'était Kevin Maes.",
    )  # fmt: skip
    assert page.status_code == 400
    assert followups(light_house) == []


def test_what_the_check_asks_about_leaves_with_a_reason(light_house: House, light_cast: Cast) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    path = f"/alerts/{alert.id}/correct"
    text = "Het was een donkere man met een hond die hier woont."
    page = press(fatima, path, "send", text=text, language="nl")
    assert page.status_code == 400
    assert "in 10 characters or more" in errors_on(page)[0]
    short = again(fatima, page, path, "send", reason="zomaar")
    assert short.status_code == 400
    assert again(fatima, short, path, "send", reason="zo werd het gemeld").status_code == 303


def test_an_empty_form_is_told_what_to_do(light_house: House, light_cast: Cast) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    path = f"/alerts/{alert.id}/correct"
    assert errors_on(press(fatima, path, "send")) == ["Choose a sentence, or write what was wrong."]
    assert errors_on(press(fatima, path, "send", ready="wrong_street")) == ["Add which street it is."]
    assert press(fatima, path, "send", form_token="").status_code == 400
    assert followups(light_house) == []


def test_of_what_nobody_got_yet_the_page_says_that_it_was_stopped(light_house: House, light_cast: Cast) -> None:
    alert = release(light_house, light_cast.fatima)
    fatima = english(light_house, light_cast)
    path = f"/alerts/{alert.id}/correct"
    assert "Nobody got this alert yet." in seen(fatima.get(path))
    page = press(fatima, path, "send", text=OWNERS, language="nl")
    assert page.status_code == 409
    assert errors_on(page) == [
        "Nobody had this alert yet. It is stopped for 7 residents: there is nothing to correct."
    ]
    assert light_house.send_all() == 0
    assert "7 copies did not leave any more." in seen(fatima.get(f"/alerts/{alert.id}"))


def test_the_page_of_a_correction_corrects_the_first_alert(light_house: House, light_cast: Cast) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    first = press(fatima, f"/alerts/{alert.id}/correct", "send", ready="false_alarm")
    press(fatima, f"{first.location}/correct", "send", ready="known_people")
    assert {one.corrects_id for one in followups(light_house)} == {alert.id}
    assert seen(fatima.get(f"/alerts/{alert.id}")).count("Corrected at 21:06.") == 2


def test_the_overview_lists_the_alert_once_and_counts_it_as_one(light_house: House, light_cast: Cast) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    press(fatima, f"/alerts/{alert.id}/correct", "send", ready="false_alarm")
    overview = fatima.get("/groups/molenwijk")
    assert seen(overview).count("Still to close") == 1
    assert "Alerts this week 1" in seen(overview)


# ---- closing ----


def test_closing_an_urgent_alert_offers_the_all_clear_ticked_and_info_unticked(
    light_house: House, light_cast: Cast
) -> None:
    urgent = sent_alert(light_house, light_cast)
    info = sent_alert(light_house, light_cast, kind="info", category="traffic", called=None, text="Boom op de weg.")
    fatima = english(light_house, light_cast)
    ticked = r'name="all_clear"[^>]* checked'
    assert re.search(ticked, fatima.get(f"/alerts/{urgent.id}/close").text)
    page = fatima.get(f"/alerts/{info.id}/close")
    assert 'name="all_clear"' in page.text
    assert not re.search(ticked, page.text)


def test_the_all_clear_is_seen_before_it_leaves_and_leaves_with_the_outcome(
    light_house: House, light_cast: Cast
) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    path = f"/alerts/{alert.id}/close"
    page = press(fatima, path, "check", outcome="police_came", all_clear="yes", text="Dank u.", language="nl")
    shown = bubbles(page)
    answer = again(fatima, page, path, "send", outcome="police_came", all_clear="yes")
    assert answer.location == f"/alerts/{alert.id}"
    assert light_house.send_all() == 7
    got = light_house.phones.last(light_cast.an.number).body
    assert " ".join(got.replace("*", "").split()) in shown
    board = seen(fatima.get(f"/alerts/{alert.id}"))
    assert "All clear at 21:06. 7 residents had got this alert and get the all-clear." in board
    assert "Send a correction" not in board


def test_unticked_it_is_closed_in_silence(light_house: House, light_cast: Cast) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    path = f"/alerts/{alert.id}/close"
    form = form_on(fatima.get(path), "followup")
    form.pop("all_clear")
    assert fatima.client.post(path, data=form | {"do": "send", "outcome": "harmless"}).status_code == 303
    assert light_house.send_all() == 0
    assert followups(light_house) == []


def test_refused_words_keep_the_alert_open_and_everything_that_was_filled_in(
    light_house: House, light_cast: Cast
) -> None:
    alert = sent_alert(light_house, light_cast)
    fatima = english(light_house, light_cast)
    path = f"/alerts/{alert.id}/close"
    page = press(fatima, path, "send", outcome="police_came", all_clear="yes", text=NAMED, language="nl")
    assert page.status_code == 400
    kept = form_on(page, "followup")
    assert (kept["outcome"], kept["text"]) == ("police_came", NAMED)
    with light_house.reading() as session:
        assert session.get_one(Alert, alert.id).state == "released"


def test_without_an_outcome_nothing_is_closed_and_nothing_sent(light_house: House, light_cast: Cast) -> None:
    alert = sent_alert(light_house, light_cast)
    page = press(english(light_house, light_cast), f"/alerts/{alert.id}/close", "send", all_clear="yes")
    assert page.status_code == 400
    assert errors_on(page) == ["Choose how it ended."]
    assert light_house.send_all() == 0


def test_a_second_click_on_close_leads_to_the_board_and_sends_no_second_all_clear(house: House, cast: Cast) -> None:
    alert = sent_alert(house, cast)
    fatima = english(house, cast)
    path = f"/alerts/{alert.id}/close"
    form = form_on(fatima.get(path), "followup") | {"do": "send", "outcome": "harmless", "all_clear": "yes"}
    answers = [fatima.client.post(path, data=form) for _ in range(2)]
    assert [answer.location for answer in answers] == [f"/alerts/{alert.id}"] * 2
    assert house.send_all() == 7
    assert len(followups(house)) == 1


# ---- calling off the rest ----


def test_the_rest_is_cancelled_on_the_board_which_says_how_many(house: House, cast: Cast) -> None:
    alert = release(house, cast.fatima)
    house.send_some("whatsapp", 5)
    fatima = english(house, cast)
    board = f"/alerts/{alert.id}"
    assert "2 residents do not get it then." in seen(fatima.get(board))
    assert fatima.post(f"{board}/cancel-rest", page=board).location == board
    assert house.send_all() == 0
    assert people(house, alert) == {"accepted": 5, "cancelled": 2}
    after = seen(fatima.get(board))
    assert "2 copies did not leave any more." in after
    assert "Cancel the rest" not in after
    assert seen(fatima.get(f"{board}?state=unreachable")).count("stopped before it left") == 2
