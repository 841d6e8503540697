"""Story 06: a named suspect is refused at every door, and the name survives nowhere."""

import logging

import pytest
from werkzeug.test import TestResponse

from tests.doors import errors_on, form_on, loot, marked_on, rows, seen, shell
from tests.house import Browser, Cast, House, content
from wabp import alerts, drafts, groups
from wabp.models import Alert, AlertText, Finding, unseal

NAMED = "Opgelet voor Kevin Maes van Molenstraat 14, hij steelt fietsen."
REWRITE = "Er worden fietsen gestolen in de buurt. Iets gezien? Bel de politie."
WHY_NO_NAME = "Noem hier geen mensen bij naam: beschrijf wat er gebeurt en geef de naam aan de politie (101)."
COMPOSE = "/groups/molenwijk/alerts/new"

OBFUSCATED = (
    "K3vin M a e s steelt fietsen.",
    "Kévin MAES steelt fietsen.",
    "kevin\u200bmaes steelt fietsen.",
    "K\u0435vin Maes steelt fietsen.",
    "De zoon van Maes steelt fietsen.",
)
ALLOWED = (
    "Wegenwerken in de Maesstraat, rij om langs de Vaartkant.",
    "Vragen over fietsdiefstal? Spreek wijkinspecteur Claes aan.",
    "Er is een fiets gestolen aan Bakkerij Maes.",
    "Er worden fietsen gestolen in de Kerkdreef.\nGroeten, Fatima, coördinator",
)


def write(browser: Browser, text: str, do: str = "review", **fields: str) -> TestResponse:
    return browser.compose("molenwijk", do, **({"kind": "info", "category": "bicycle_theft", "text": text} | fields))


def again(browser: Browser, page: TestResponse, do: str, path: str = COMPOSE, **changes: str) -> TestResponse:
    """Change something on the page that came back, and press a button."""
    return browser.client.post(path, data={**form_on(page), "do": do, **changes})


def states(house: House) -> list[str]:
    with house.reading() as session:
        return [alert.state for alert in session.query(Alert).order_by(Alert.id)]


def saved(house: House, browser: Browser, text: str = NAMED, **fields: str) -> str:
    """Save a draft, which is never checked, and return the address of the button that sends it."""
    assert write(browser, text, "save", **fields).status_code == 303
    with house.reading() as session:
        return f"/alerts/{session.query(Alert.id).order_by(Alert.id.desc()).limit(1).scalar()}/review"


def send_by_shell(house: House, capsys: pytest.CaptureFixture[str], text: str, *more: str) -> tuple[int, str, str]:
    words = "alert send --group molenwijk --kind info --category bicycle_theft --text".split()
    said = shell(house, capsys, *words, text, *more)
    return said.code, said.out, said.err


# ---- the page ----


def test_the_page_refuses_keeps_the_text_marks_the_words_says_why_and_offers_other_words(
    house: House, cast: Cast
) -> None:
    page = write(house.browser(cast.fatima), NAMED)
    assert page.status_code == 400
    assert len(errors_on(page)) == 1
    assert form_on(page)["text"] == NAMED
    marked = marked_on(page)
    assert "Kevin Maes" in marked
    assert "Molenstraat 14" in marked
    assert "".join(marked) == NAMED.removesuffix(".")
    assert WHY_NO_NAME in seen(page)
    assert "Dit adres wijst naar de woning van iemand" in seen(page)
    assert REWRITE in seen(page)
    assert 'name="do" value="accept_rewrite"' in page.text
    assert house.send_all() == 0
    assert states(house) == ["draft"]


def test_the_offered_words_go_into_the_field_when_accepted_and_may_be_sent(house: House, cast: Cast) -> None:
    fatima = house.browser(cast.fatima)
    page = again(fatima, write(fatima, NAMED), "accept_rewrite")
    assert page.status_code == 200
    assert form_on(page)["text"] == REWRITE
    assert not marked_on(page)
    assert house.send_all() == 0
    review = again(fatima, page, "review").location
    fatima.post(review, page=review)
    assert house.send_all() == 7
    assert all(REWRITE in message.body for message in house.phones.messages)
    assert not any("Maes" in message.body for message in house.phones.messages)


def test_a_rewrite_that_is_edited_back_by_hand_is_checked_again_and_refused(
    light_house: House, light_cast: Cast
) -> None:
    fatima = light_house.browser(light_cast.fatima)
    page = again(fatima, write(fatima, NAMED), "accept_rewrite")
    page = again(fatima, page, "review", text=f"{REWRITE} Het is Kevin Maes.")
    assert page.status_code == 400
    assert "Kevin Maes" in marked_on(page)
    # Also on the way back from the page that would send it.
    review = again(fatima, page, "review", text=REWRITE).location
    edit = review.replace("/review", "/edit")
    assert again(fatima, fatima.get(edit), "review", edit, text=NAMED).status_code == 400
    assert fatima.post(review, page=COMPOSE).status_code == 400
    assert light_house.send_all() == 0


@pytest.mark.parametrize("text", OBFUSCATED)
def test_a_name_is_refused_however_it_is_spelled(light_house: House, light_cast: Cast, text: str) -> None:
    fatima = light_house.browser(light_cast.fatima)
    page = write(fatima, text)
    assert page.status_code == 400
    assert WHY_NO_NAME in seen(page)
    assert fatima.post(saved(light_house, fatima, text), page=COMPOSE).status_code == 400
    assert light_house.send_all() == 0


@pytest.mark.parametrize("text", ALLOWED)
def test_streets_shops_officers_and_her_own_signature_are_no_suspects(
    light_house: House, light_cast: Cast, text: str
) -> None:
    fatima = light_house.browser(light_cast.fatima)
    review = write(fatima, text).location
    assert review is not None
    fatima.post(review, page=review)
    assert light_house.send_all() == 7


def test_the_live_check_says_the_same_and_keeps_nothing(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    form = form_on(write(fatima, NAMED, "check"))
    before = rows(light_house)
    page = fatima.client.post("/groups/molenwijk/live-check", data=form)
    assert page.status_code == 200
    assert "Kevin Maes" in marked_on(page)
    assert REWRITE in seen(page)
    assert rows(light_house) == before


# ---- around the page ----


def test_a_raw_post_to_the_sending_address_of_a_draft_is_refused_and_it_stays_a_draft(
    house: House, cast: Cast
) -> None:
    fatima = house.browser(cast.fatima)
    review = saved(house, fatima)
    assert fatima.get(review).location == review.replace("/review", "/edit")
    page = fatima.post(review, page=COMPOSE, release="yes", do="release", confirmed="1")
    assert page.status_code == 400
    assert "Kevin Maes" in marked_on(page)
    assert form_on(page)["text"] == NAMED
    assert states(house) == ["draft"]
    assert house.send_all() == 0


def test_no_reason_makes_a_name_pass(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    page = write(fatima, NAMED, reason="De hele straat weet het al lang.")
    assert page.status_code == 400
    review = saved(light_house, fatima, reason="De hele straat weet het al lang.")
    assert fatima.post(review, page=COMPOSE).status_code == 400
    assert light_house.send_all() == 0


def test_the_shell_refuses_names_label_and_words_and_prints_other_words(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = send_by_shell(house, capsys, "Kevin Maes steelt")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "person_name" in err
    assert "Kevin Maes" in err
    assert "Er is een diefstal gemeld in de buurt. Iets gezien? Bel de politie." in err
    assert house.send_all() == 0
    assert "released" not in states(house)


def test_the_shell_takes_no_reason_for_a_name(
    light_house: House, light_cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _out, err = send_by_shell(light_house, capsys, NAMED, "--reason", "De hele straat weet het al lang.")
    assert code == 2
    assert "Kevin Maes" in err
    assert "Molenstraat 14" in err
    assert light_house.send_all() == 0


def test_a_version_in_a_second_language_is_checked_like_the_first(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    french = "Attention à Kevin Maes, il vole des vélos."
    page = write(fatima, REWRITE, version_fr=french)
    assert page.status_code == 400
    assert form_on(page)["version_fr"] == french
    assert fatima.post(saved(light_house, fatima, REWRITE, version_fr=french), page=COMPOSE).status_code == 400
    accepted = again(fatima, page, "accept_rewrite")
    assert form_on(accepted)["text"] == REWRITE
    assert "Maes" not in form_on(accepted)["version_fr"]
    assert light_house.send_all() == 0


def test_the_noun_itself_refuses(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        group = groups.by_slug(session, light_cast.fatima.actor, "molenwijk")
        alert = drafts.draft(
            session, light_cast.fatima.actor, group, content(text=NAMED, kind="info"), now=light_house.clock()
        )
        outcome = alerts.release(session, light_cast.fatima.actor, alert, now=light_house.clock())
        session.commit()
        assert outcome.stopped is not None
        assert outcome.stopped.stopped_by == "refused"
        assert alert.state == "draft"
    assert light_house.send_all() == 0


# ---- what is left of it ----


def test_findings_hold_label_action_decision_version_and_time(house: House, cast: Cast) -> None:
    write(house.browser(cast.fatima), NAMED)
    with house.reading() as session:
        found = session.query(Finding).all()
        assert {row.label for row in found} == {"person_name", "home_address", "accusation"}
        assert {row.action for row in found} == {"refuse"}
        assert {row.decision for row in found} == {"refused"}
        assert {row.rulebook_version for row in found} == {"2026-11"}
        assert {row.decided_at for row in found} == {house.clock()}
        assert len({row.attempt for row in found}) == 1


def test_the_name_is_nowhere_in_the_database_its_files_the_audit_or_the_logs(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fatima = house.browser(cast.fatima)
    write(fatima, NAMED)
    fatima.post(saved(house, fatima), page=COMPOSE)
    send_by_shell(house, capsys, NAMED)
    with house.reading() as session:
        kept = [unseal(session, version, "body") for version in session.query(AlertText)]
    # The draft is there to be mended, sealed.
    assert NAMED in kept
    stolen = loot(house)
    assert "person_name" in stolen
    for words in ("kevin", "steelt", "molenstraat 14"):
        assert words not in stolen.casefold()
        assert words not in caplog.text.casefold()
    acts = [row for row in rows(house)["audit_event"] if "refused" in row]
    assert len(acts) == 3


# ---- again and again ----


def test_the_tenth_refused_try_in_an_hour_gets_a_friendly_page_that_names_the_inspector(
    house: House, cast: Cast
) -> None:
    fatima = house.browser(cast.fatima)
    for _try in range(9):
        house.clock.forward(minutes=5)
        page = write(fatima, NAMED)
        assert page.status_code == 400
        assert "wijkinspecteur om mee te kijken" not in page.text
    page = write(fatima, NAMED)
    assert page.status_code == 429
    assert errors_on(page) == [
        "Dit is tien keer in een uur geweigerd. Neem even pauze en vraag uw wijkinspecteur om mee te kijken."
    ]
    assert form_on(page)["text"] == NAMED
    # Whoever goes on gets the same, also at the button that sends.
    assert fatima.post(saved(house, fatima), page=COMPOSE).status_code == 429
    assert house.send_all() == 0


def test_after_ten_refusals_an_alert_that_nothing_is_wrong_with_still_goes_out(
    light_house: House, light_cast: Cast
) -> None:
    fatima = light_house.browser(light_cast.fatima)
    for _try in range(11):
        write(fatima, NAMED)
    urgent = {"kind": "urgent", "category": "burglary", "called": "yes", "called_at": "21:04"}
    review = write(fatima, "Twee personen forceren een achterdeur.", **urgent).location
    fatima.post(review, page=review)
    assert light_house.send_all() == 7


def test_an_hour_later_the_page_refuses_as_usual(light_house: House, light_cast: Cast) -> None:
    fatima = light_house.browser(light_cast.fatima)
    for _try in range(10):
        write(fatima, NAMED)
    light_house.clock.forward(hours=1, seconds=1)
    assert write(fatima, NAMED).status_code == 400


def test_her_inspector_sees_many_refusals_and_no_text(house: House, cast: Cast) -> None:
    fatima, claes, elsewhere = map(house.browser, (cast.fatima, cast.claes, cast.officer_elsewhere))
    for officer in (claes, elsewhere):
        officer.post("/language", language="en")
    for _try in range(9):
        write(fatima, NAMED)
    assert "Many refusals" not in seen(claes.get("/registry"))
    write(fatima, NAMED)
    page = claes.get("/registry")
    assert "Many refusals" in seen(page)
    assert not any(words in page.text for words in ("Kevin", "Maes", "steelt", "Fatima", "person_name"))
    assert "Many refusals" not in seen(elsewhere.get("/registry"))
