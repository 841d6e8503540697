"""The pages from which a group is run: requests, residents by street, one of them, the roster, a report's reply."""

import re
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.doors import errors_on, marked_on, seen
from tests.house import Browser, Cast, House, Somebody, add_member
from wabp import groups
from wabp.models import Appointment, Finding, Group, Joining, Membership, Person, Report, Sanction, Street

MARIE = "+32470000020"
RESIDENTS, ROSTER = "/groups/molenwijk/residents", "/groups/molenwijk/roster"
WHY = "Schelden in antwoorden aan de coordinator."
PAYLOAD = '"><svg onload=alert(1)>'


def english(house: House, who: Somebody) -> Browser:
    browser = house.browser(who)
    browser.post("/language", language="en")
    return browser


def ask_to_join(house: House, number: str = MARIE, street: str = "Kerkdreef") -> str:
    """Let a newcomer wait for the coordinator, as the dialogue by phone leaves it. Returns the request's id."""
    house.say(number, "Hallo?")
    house.send_all()
    house.phones.messages.clear()
    with house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        address = groups.person_at(session, "phone", number)
        assert address is not None
        request = Joining(
            person_id=address.person_id,
            group_id=group.id,
            step="waiting",
            means="whatsapp",
            asked_at=house.clock(),
            street_id=session.scalars(select(Street.id).where(Street.name == street)).one(),
            waiting_since=house.clock(),
        )
        session.add(request)
        session.commit()
        return str(request.id)


def path_of(house: House, who: Somebody) -> str:
    with house.reading() as session:
        found = session.scalars(select(Membership.id).where(Membership.person_id == who.id)).one()
    return f"{RESIDENTS}/{found}"


def state_of(house: House, who: Somebody) -> str:
    with house.reading() as session:
        return session.scalars(select(Membership.state).where(Membership.person_id == who.id)).one()


def act(browser: Browser, path: str, act: str, **fields: str) -> TestResponse:
    return browser.post(path, path, act=act, **fields)


def a_report(house: House, who: Somebody, text: str = "Er staat een wit busje aan nummer 9.") -> str:
    house.say(who.number, text)
    house.send_all()
    house.phones.messages.clear()
    with house.reading() as session:
        newest = select(Report.id).order_by(Report.created_at.desc(), Report.id.desc()).limit(1)
        return f"/reports/{session.scalars(newest).one()}"


# ---- requests ----


def test_a_request_is_street_channel_language_and_hour_with_three_answers(
    light_house: House, light_cast: Cast
) -> None:
    light_house.clock.at("19:03")
    ask_to_join(light_house)
    fatima = english(light_house, light_cast.fatima)
    page = fatima.get(RESIDENTS)
    shown = seen(page)
    assert "Kerkdreef · WhatsApp · Nederlands · 19:03" in shown
    for answer in ("Admit", "Ask something", "Do not admit"):
        assert answer in shown
    assert "0000020" not in re.sub(r"[ .\-/]", "", page.text)
    assert "1 to look at" in seen(fatima.get("/groups/molenwijk"))
    badge = re.search(r'<a href="/groups/molenwijk/residents"[^>]*>.*?</a>', page.text, re.DOTALL)
    assert badge is not None
    assert seen(badge.group()) == "Residents 1 new"


def test_admitting_makes_a_member_of_the_street_and_welcomes_them(light_house: House, light_cast: Cast) -> None:
    request = ask_to_join(light_house)
    fatima = english(light_house, light_cast.fatima)
    done = act(fatima, RESIDENTS, "admit", request=request)
    assert (done.status_code, done.location) == (303, f"{RESIDENTS}?done=admit")
    light_house.send_all()
    assert len(light_house.phones.of(MARIE)) == 1
    assert "Resident 8 · Kerkdreef" in seen(fatima.get(done.location))


def test_a_request_that_was_answered_meanwhile_is_said_to_be_and_admits_nobody_twice(
    light_house: House, light_cast: Cast
) -> None:
    request = ask_to_join(light_house)
    fatima, luc = english(light_house, light_cast.fatima), english(light_house, light_cast.luc)
    assert act(fatima, RESIDENTS, "admit", request=request).status_code == 303
    for answer in ("admit", "ask", "refuse"):
        late = act(luc, RESIDENTS, answer, request=request, text="Waar woont u juist?", reason="Woont er niet.")
        assert late.status_code == 409
        assert len(errors_on(late)) == 1
        assert 'id="field-requests"' in late.text
    light_house.send_all()
    assert len(light_house.phones.of(MARIE)) == 1


def test_a_question_reaches_the_newcomer_and_stays_on_the_page(light_house: House, light_cast: Cast) -> None:
    request = ask_to_join(light_house)
    fatima = english(light_house, light_cast.fatima)
    assert act(fatima, RESIDENTS, "ask", request=request, text="Waar in de straat woont u?").status_code == 303
    light_house.send_all()
    assert "Waar in de straat woont u?" in light_house.phones.of(MARIE)[0]
    assert "Waar in de straat woont u? No answer yet." in seen(fatima.get(RESIDENTS))


def test_a_question_that_may_not_leave_shows_which_words_and_what_to_write_instead(
    light_house: House, light_cast: Cast
) -> None:
    request = ask_to_join(light_house)
    fatima = english(light_house, light_cast.fatima)
    refused = act(fatima, RESIDENTS, "ask", request=request, text="Woont u bij Kevin Maes?")
    assert refused.status_code == 400
    assert errors_on(refused) == ["This may not be sent. Use the suggestion, or change the marked words."]
    assert f'href="#field-ask-{request}"' in refused.text
    assert f'id="field-ask-{request}"' in refused.text
    assert marked_on(refused) == ["Kevin Maes"]
    assert "Woont u bij Kevin Maes?" in seen(refused), "what was typed is kept"
    better = act(
        fatima, RESIDENTS, "ask", request=request, text="Woont u bij Kevin Maes?", do="accept_rewrite"
    )
    assert better.status_code == 200
    assert errors_on(better) == []
    assert "Kevin Maes" not in better.text
    assert light_house.send_all() == 0


def test_a_refusal_tells_the_reason_only_when_that_is_ticked(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    quiet = ask_to_join(light_house)
    told = ask_to_join(light_house, "+32470000021")
    assert act(fatima, RESIDENTS, "refuse", request=quiet, reason="Woont er niet.").status_code == 303
    assert act(fatima, RESIDENTS, "refuse", request=told, reason="Woont er niet.", tell="yes").status_code == 303
    light_house.send_all()
    assert "Woont er niet." not in light_house.phones.of(MARIE)[0]
    assert "Woont er niet." in light_house.phones.of("+32470000021")[0]


def test_a_refusal_without_a_reason_keeps_the_form_open_with_the_tick(light_house: House, light_cast: Cast) -> None:
    request = ask_to_join(light_house)
    fatima = english(light_house, light_cast.fatima)
    refused = act(fatima, RESIDENTS, "refuse", request=request, reason="x", tell="yes")
    assert refused.status_code == 400
    assert errors_on(refused) == ["Give a reason of 3 to 500 characters. Whom it concerns reads it."]
    assert re.search(rf'id="tell-{request}" value="yes" checked', refused.text)


@pytest.mark.parametrize("request_id", ["", "x", "01900000-0000-7000-8000-000000000000", PAYLOAD])
def test_an_unknown_request_is_not_there(light_house: House, light_cast: Cast, request_id: str) -> None:
    fatima = english(light_house, light_cast.fatima)
    assert act(fatima, RESIDENTS, "admit", request=request_id).status_code == 404


@pytest.mark.parametrize("answer", ["", "admire", PAYLOAD])
def test_an_unknown_answer_is_no_answer(light_house: House, light_cast: Cast, answer: str) -> None:
    request = ask_to_join(light_house)
    fatima = english(light_house, light_cast.fatima)
    assert act(fatima, RESIDENTS, answer, request=request).status_code == 400


def test_in_a_paused_group_requests_wait_without_buttons_and_cannot_be_admitted(
    light_house: House, light_cast: Cast
) -> None:
    request = ask_to_join(light_house)
    with light_house.writing() as session:
        session.scalars(select(Group).where(Group.slug == "molenwijk")).one().state = "suspended"
        session.commit()
    fatima = english(light_house, light_cast.fatima)
    page = fatima.get(RESIDENTS)
    assert "Kerkdreef · WhatsApp" in seen(page)
    assert "These requests wait until it is." in seen(page)
    assert 'value="admit"' not in page.text
    assert act(fatima, RESIDENTS, "admit", request=request).status_code == 409
    assert light_house.send_all() == 0


def test_of_very_many_requests_the_oldest_fifty_are_shown(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        for minute in range(60):
            newcomer = Person(language="nl", created_at=light_house.clock())
            session.add(newcomer)
            session.flush()
            asked = light_house.clock() - timedelta(minutes=minute)
            session.add(
                Joining(
                    person_id=newcomer.id,
                    group_id=group.id,
                    step="waiting",
                    means="sms",
                    asked_at=asked,
                    waiting_since=asked,
                )
            )
        session.commit()
    page = english(light_house, light_cast.fatima).get(RESIDENTS)
    assert len(re.findall('value="admit"', page.text)) == 50
    shown = seen(page)
    assert "60 requests" in shown
    assert "SMS · Nederlands · 20:07" in shown
    assert "SMS · Nederlands · 21:05" not in shown
    assert "The others come when these are answered." in shown


# ---- members by street ----


def test_members_are_listed_by_street_with_number_role_and_state(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    act(fatima, path_of(light_house, light_cast.an), "suspension", reason=WHY, days="30", seen="0")
    page = fatima.get(RESIDENTS)
    shown = seen(page)
    for words in (
        "7 residents",
        "Resident 3 · Molenstraat since 12 Jan 2027 Suspended until 11 Feb 2027",
        "Resident 1 · Vaartkant (you) Fatima Peeters · since 12 Jan 2027 Coordinator",
        "Resident 2 · Kerkdreef Luc · since 12 Jan 2027 Deputy coordinator",
        "Resident 4 · Kerkdreef since 12 Jan 2027",
    ):
        assert words in shown
    with light_house.reading() as session:
        street = session.scalars(select(Street.id).where(Street.name == "Vaartkant")).one()
    one_street = seen(fatima.get(f"{RESIDENTS}?street={street}"))
    assert "Resident 6 · Vaartkant" in one_street
    assert "Resident 4 · Kerkdreef" not in one_street


@pytest.mark.parametrize(
    "query", ["street=x", "page=0", "page=-3", "page=999999999999999999999", "page=x", "show=x", "done=x"]
)
def test_an_odd_address_shows_the_list_all_the_same(light_house: House, light_cast: Cast, query: str) -> None:
    fatima = english(light_house, light_cast.fatima)
    page = fatima.get(f"{RESIDENTS}?{query}")
    assert page.status_code == 200
    assert "Resident 4 · Kerkdreef" in seen(page)


def test_many_members_come_in_pages_each_once(light_house: House, light_cast: Cast) -> None:
    with light_house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        for number in range(150):
            add_member(session, group, f"+3247100{number:04}", light_house.clock(), street="Kerkdreef")
        session.commit()
    fatima = english(light_house, light_cast.fatima)
    listed: list[str] = []
    for page in (1, 2):
        shown = fatima.get(f"{RESIDENTS}?page={page}").text
        listed += re.findall(r">Resident (\d+) · \w+</a>", shown)
    assert sorted(map(int, listed)) == list(range(1, 158))
    assert "Page 2 of 2" in seen(shown)
    assert fatima.get(f"{RESIDENTS}?page=99").status_code == 200


def test_there_is_no_search_for_a_resident(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    page = fatima.get(RESIDENTS).text
    assert 'type="search"' not in page
    assert 'type="tel"' not in page
    assert 'method="get"' not in page


# ---- one resident ----


def test_a_message_goes_to_one_resident_and_stays_in_the_history(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    path = path_of(light_house, light_cast.an)
    done = act(fatima, path, "reply", text="Dank u, de politie weet het.")
    assert (done.status_code, done.location) == (303, f"{path}?done=reply")
    light_house.send_all()
    assert "Dank u, de politie weet het." in light_house.phones.of(light_cast.an.number)[0]
    assert len(light_house.phones.messages) == 1
    luc = english(light_house, light_cast.luc)
    assert "Message 21:06 · Fatima Peeters Dank u, de politie weet het." in seen(luc.get(path))


def test_a_message_that_may_not_leave_is_marked_kept_and_mended(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    path = path_of(light_house, light_cast.an)
    refused = act(fatima, path, "reply", text="Was het Kevin Maes uit de Molenstraat 14?")
    assert refused.status_code == 400
    assert "Kevin Maes" in marked_on(refused)
    assert 'href="#field-reply"' in refused.text
    assert "Was het Kevin Maes uit de Molenstraat 14?" in seen(refused)
    better = act(fatima, path, "reply", text="Was het Kevin Maes uit de Molenstraat 14?", do="accept_rewrite")
    assert better.status_code == 200
    kept = re.search(r'<textarea[^>]*id="field-reply"[^>]*>(.*?)</textarea>', better.text, re.DOTALL)
    assert kept is not None
    assert act(fatima, path, "reply", text=kept.group(1)).status_code == 303
    assert light_house.send_all() == 1
    with light_house.reading() as session:
        assert session.scalar(select(func.count(func.distinct(Finding.attempt)))) == 1


@pytest.mark.parametrize(
    ("kind", "fields", "state", "told"),
    [
        ("warning", {}, "active", "geeft u een waarschuwing"),
        ("suspension", {"days": "7"}, "suspended", "geschorst tot 19/01/2027"),
        ("removal", {}, "removed", "geen lid meer"),
    ],
)
def test_what_is_imposed_is_told_and_stays_in_the_history(
    light_house: House, light_cast: Cast, kind: str, fields: dict[str, str], state: str, told: str
) -> None:
    fatima = english(light_house, light_cast.fatima)
    path = path_of(light_house, light_cast.an)
    assert act(fatima, path, kind, reason=WHY, seen="0", **fields).status_code == 303
    assert state_of(light_house, light_cast.an) == state
    light_house.send_all()
    assert told in light_house.phones.of(light_cast.an.number)[0]
    assert WHY in light_house.phones.of(light_cast.an.number)[0]
    assert WHY in seen(fatima.get(path))


def test_a_suspended_resident_is_let_back_in_from_the_same_page(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    path = path_of(light_house, light_cast.an)
    assert "Let back in" not in seen(fatima.get(path))
    act(fatima, path, "suspension", reason=WHY, days="90", seen="0")
    page = seen(fatima.get(path))
    assert "Let back in" in page
    assert "Warn" not in page.replace("Warned", "").replace("then a warning", "")
    assert act(fatima, path, "lift", reason="Er is gepraat.").status_code == 303
    assert state_of(light_house, light_cast.an) == "active"
    assert "Lifted 21:06 Er is gepraat." in seen(fatima.get(path))


def test_a_suspension_without_its_length_says_so_at_the_choice_and_keeps_the_reason(
    light_house: House, light_cast: Cast
) -> None:
    fatima = english(light_house, light_cast.fatima)
    path = path_of(light_house, light_cast.an)
    refused = act(fatima, path, "suspension", reason=WHY, seen="0")
    assert refused.status_code == 400
    assert errors_on(refused) == ["Choose for how long: 7, 30 or 90 days."]
    assert 'href="#field-suspension-days"' in refused.text
    assert 'id="field-suspension-days"' in refused.text
    assert WHY in seen(refused)
    assert state_of(light_house, light_cast.an) == "active"


def test_a_page_that_is_out_of_date_shows_what_changed_and_keeps_what_was_typed(
    light_house: House, light_cast: Cast
) -> None:
    fatima, luc = english(light_house, light_cast.fatima), english(light_house, light_cast.luc)
    path = path_of(light_house, light_cast.an)
    assert act(fatima, path, "warning", reason=WHY, seen="0").status_code == 303
    late = act(luc, path, "removal", reason="Insultes.", seen="0")
    assert late.status_code == 409
    assert errors_on(late) == [
        "Something changed for this resident meanwhile. Look first at what was imposed or lifted."
    ]
    assert WHY in seen(late)
    assert "Insultes." in late.text
    assert 'name="seen" value="1"' in late.text
    assert state_of(light_house, light_cast.an) == "active"


def test_a_double_click_sends_one_message_and_ends_on_the_same_page(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    path = path_of(light_house, light_cast.an)
    for kind, fields in (("reply", {"text": "Dank u."}), ("warning", {"reason": WHY, "seen": "0"})):
        answers = [act(fatima, path, kind, **fields) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [303, 303]
    assert light_house.send_all() == 2


def test_nobody_judges_the_coordinator_or_oneself_and_the_page_says_who_can(
    light_house: House, light_cast: Cast
) -> None:
    luc = english(light_house, light_cast.luc)
    for who, sentence in (
        (light_cast.fatima, "Speak to your district officer."),
        (light_cast.luc, "You cannot impose anything on yourself."),
    ):
        path = path_of(light_house, who)
        page = luc.get(path)
        assert sentence in seen(page)
        assert 'value="removal"' not in page.text
        assert act(luc, path, "removal", reason=WHY, seen="0").status_code == 409
    assert light_house.send_all() == 0
    with light_house.reading() as session:
        assert session.scalar(select(func.count()).select_from(Sanction)) == 0


def test_who_left_or_lives_elsewhere_has_no_page(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    path = path_of(light_house, light_cast.an)
    light_house.say(light_cast.an.number, "STOP")
    assert fatima.get(path).status_code == 404
    assert fatima.get(path_of(light_house, light_cast.noor)).status_code == 404
    assert fatima.get(f"{RESIDENTS}/{uuid.uuid4()}").status_code == 404


def test_markup_that_somebody_types_appears_escaped_only(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    path = path_of(light_house, light_cast.an)
    for kind, field in (("reply", "text"), ("warning", "reason")):
        for page in (
            act(fatima, path, kind, **{field: f"Hallo {PAYLOAD}"}),
            act(fatima, path, kind, **{field: PAYLOAD * 40}),
            act(fatima, path, kind, **{field: f"Kevin Maes {PAYLOAD}"}),
            fatima.get(path),
        ):
            assert "<svg onload" not in page.text
    assert "&lt;svg onload" in fatima.get(path).text


# ---- the reply to a report ----


def test_a_report_is_answered_from_its_page_and_counts_as_read(light_house: House, light_cast: Cast) -> None:
    path = a_report(light_house, light_cast.an)
    fatima = english(light_house, light_cast.fatima)
    assert "New" in seen(fatima.get("/groups/molenwijk/reports"))
    done = fatima.post(f"{path}/reply", path, text="Hebt u 101 al gebeld?")
    assert (done.status_code, done.location) == (303, path)
    assert light_house.send_all() == 1
    assert "Hebt u 101 al gebeld?" in light_house.phones.of(light_cast.an.number)[0]
    page = seen(english(light_house, light_cast.luc).get(path))
    assert "Hebt u 101 al gebeld? Fatima Peeters · 21:06" in page
    with light_house.reading() as session:
        assert session.scalars(select(Report.opened_at)).one() is not None


def test_a_reply_to_a_report_that_may_not_leave_stays_on_its_page(light_house: House, light_cast: Cast) -> None:
    path = a_report(light_house, light_cast.an)
    fatima = english(light_house, light_cast.fatima)
    refused = fatima.post(f"{path}/reply", path, text="Was het Kevin Maes?")
    assert refused.status_code == 400
    assert marked_on(refused) == ["Kevin Maes"]
    assert "wit busje" in seen(refused)
    better = fatima.post(f"{path}/reply", path, text="Was het Kevin Maes?", do="accept_rewrite")
    assert better.status_code == 200
    assert "Kevin Maes" not in better.text
    assert light_house.send_all() == 0


def test_who_left_gets_no_reply_and_the_page_says_why(light_house: House, light_cast: Cast) -> None:
    path = a_report(light_house, light_cast.an)
    light_house.say(light_cast.an.number, "STOP")
    light_house.send_all()
    fatima = english(light_house, light_cast.fatima)
    refused = fatima.post(f"{path}/reply", path, text="Bent u daar nog?")
    assert refused.status_code == 409
    assert errors_on(refused) == ["This resident is no longer in the group. That is why you can send nothing."]
    assert "Bent u daar nog?" in refused.text
    assert light_house.send_all() == 0


# ---- the roster ----


def test_the_roster_shows_names_and_the_code_of_who_still_has_to_confirm(
    light_house: House, light_cast: Cast
) -> None:
    fatima = english(light_house, light_cast.fatima)
    assert act(fatima, ROSTER, "appoint", name="Jean Dupont").status_code == 303
    shown = seen(fatima.get(ROSTER))
    assert "Fatima Peeters (you)" in shown
    assert "Jean Dupont Deputy coordinator · named on 12 Jan 2027" in shown
    code = re.search(r"APPLY ([A-Z]{4})", shown)
    assert code is not None
    luc = english(light_house, light_cast.luc).get(ROSTER)
    assert "Jean Dupont" in seen(luc)
    assert code.group(1) not in luc.text
    light_house.say(light_cast.jean.number, f"DEMANDE {code.group(1)}")
    shown = seen(fatima.get(ROSTER))
    assert "Jean Dupont Deputy coordinator · since 12 Jan 2027" in shown
    assert code.group(1) not in shown


def test_a_code_that_is_over_is_asked_anew(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    act(fatima, ROSTER, "appoint", name="Jean Dupont")
    light_house.clock.forward(hours=11)
    assert "Show a new code" not in seen(fatima.get(ROSTER))
    with light_house.reading() as session:
        appointment = session.scalars(select(Appointment.id)).one()
    light_house.clock.forward(hours=14)
    fatima = english(light_house, light_cast.fatima)
    assert "Show a new code Jean Dupont" in seen(fatima.get(ROSTER))
    assert act(fatima, ROSTER, "renew", post=str(appointment)).status_code == 303
    assert re.search(r"APPLY [A-Z]{4}", seen(fatima.get(ROSTER)))


def test_a_wrong_name_is_said_at_its_field_and_kept(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    refused = act(fatima, ROSTER, "appoint", name=f"X{PAYLOAD * 4}")
    assert refused.status_code == 400
    assert errors_on(refused) == ["Give the name of the new deputy, in 2 to 80 characters."]
    assert "&lt;svg onload" in refused.text
    assert "<svg onload" not in refused.text


def test_the_role_is_handed_over_with_a_tick_and_to_a_chosen_deputy(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    new = path_of(light_house, light_cast.luc).rpartition("/")[2]
    open_choice = act(fatima, ROSTER, "hand_over", confirmed="yes")
    assert errors_on(open_choice) == ["Choose the deputy to whom you hand the role over."]
    untold = act(fatima, ROSTER, "hand_over", post=new)
    assert untold.status_code == 400
    assert errors_on(untold) == ["Tick that you hand over the coordinator's role."]
    assert f'value="{new}" checked' in untold.text
    answers = [act(fatima, ROSTER, "hand_over", post=new, confirmed="yes") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert light_house.send_all() == 2
    assert "Only the coordinator names deputies" in seen(fatima.get(ROSTER))
    assert act(fatima, ROSTER, "appoint", name="Jean Dupont").status_code == 404


def test_a_deputy_takes_the_role_from_the_roster_when_the_coordinator_has_left(
    light_house: House, light_cast: Cast
) -> None:
    luc = english(light_house, light_cast.luc)
    assert 'name="confirmed"' not in luc.get(ROSTER).text
    light_house.say(light_cast.fatima.number, "STOP")
    page = luc.get(ROSTER).text
    assert "You become a deputy." not in page
    own = re.findall(r'type="radio"[^>]* name="post"[^>]* value="([^"]+)"', page)
    assert len(own) == 1
    done = act(luc, ROSTER, "hand_over", post=own[0], confirmed="yes")
    assert done.status_code == 303
    after = luc.get(done.location).text
    assert "You are a deputy now." not in after
    assert "Name a new deputy" in after


def test_a_deputy_s_appointment_is_ended_from_the_roster(light_house: House, light_cast: Cast) -> None:
    fatima = english(light_house, light_cast.fatima)
    deputy = path_of(light_house, light_cast.luc).rpartition("/")[2]
    own = path_of(light_house, light_cast.fatima).rpartition("/")[2]
    stays = act(fatima, ROSTER, "end", post=own)
    assert (stays.status_code, errors_on(stays)) == (
        409,
        ["A group keeps a coordinator. Hand the role over to a deputy first."],
    )
    assert act(fatima, ROSTER, "end", post=deputy).status_code == 303
    assert english(light_house, light_cast.luc).get(ROSTER).status_code == 404


@pytest.mark.parametrize("post", ["", "x", "01900000-0000-7000-8000-000000000000", PAYLOAD])
@pytest.mark.parametrize("kind", ["renew", "end"])
def test_an_unknown_post_is_not_there(light_house: House, light_cast: Cast, kind: str, post: str) -> None:
    assert act(english(light_house, light_cast.fatima), ROSTER, kind, post=post).status_code == 404


# ---- who may not ----


def test_nobody_but_those_who_run_the_group_opens_or_changes_anything(light_house: House, light_cast: Cast) -> None:
    request = ask_to_join(light_house)
    report = a_report(light_house, light_cast.an)
    one = path_of(light_house, light_cast.an)
    forms = {
        RESIDENTS: {"act": "admit", "request": request},
        one: {"act": "warning", "reason": WHY},
        ROSTER: {"act": "appoint", "name": "Jean Dupont"},
        f"{report}/reply": {"text": "Hallo daar."},
    }
    light_house.send_all()
    for who in (
        None,
        light_cast.an,
        light_cast.willem,
        light_cast.claes,
        light_cast.de_smet,
        light_cast.officer_elsewhere,
        light_cast.sofie,
        light_cast.karim,
    ):
        browser = light_house.browser(who)
        for path, form in forms.items():
            assert browser.post(path, **form).status_code == 404
            if path != f"{report}/reply":
                assert browser.get(path).status_code == 404
    assert light_house.send_all() == 0


def test_one_page_has_one_filled_button(light_house: House, light_cast: Cast) -> None:
    ask_to_join(light_house)
    ask_to_join(light_house, "+32470000021")
    report = a_report(light_house, light_cast.an)
    fatima = english(light_house, light_cast.fatima)
    for path in (RESIDENTS, path_of(light_house, light_cast.an), ROSTER, report):
        assert len(re.findall(r'class="btn btn-(?:main|urgent)', fatima.get(path).text)) == 1, path
    claes = english(light_house, light_cast.claes)
    with light_house.reading() as session:
        group = session.scalars(select(Group.id).where(Group.slug == "molenwijk")).one()
    assert len(re.findall(r'class="btn btn-(?:main|urgent)', claes.get(f"/registry/{group}").text)) == 1
