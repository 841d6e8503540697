"""An inspector suspends a group and restores it: what each phone gets, what every door refuses, who may look."""

import threading
import uuid

import pytest
from sqlalchemy import func, select

from tests.doors import errors_on, seen, shell
from tests.house import WA, Browser, Cast, House, Somebody, content, people, release
from tests.test_ledger import statements
from wabp import alerts, drafts, groups, ledger, segments, supervision, texts
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import Alert, AuditEvent, Delivery, Group, Sanction, Template, new_id, unseal

WHY = "Oproep tot eigen rondes, na een reprimande van 10 februari."
INFO: dict[str, object] = {
    "kind": "info",
    "category": "prevention",
    "called": None,
    "text": "Sluit uw ramen als u weggaat.",
}


def group_id(house: House, slug: str = "molenwijk") -> uuid.UUID:
    with house.reading() as session:
        return session.scalars(select(Group.id).where(Group.slug == slug)).one()


def suspend(house: House, cast: Cast, reason: str = WHY) -> None:
    with house.writing() as session:
        supervision.suspend(
            session,
            cast.claes.actor,
            group_id(house),
            reason,
            public_url=house.settings.public_url,
            now=house.clock(),
        )
        session.commit()


def restore(house: House, cast: Cast, reason: str = "Afspraken gemaakt met de coordinator.") -> None:
    with house.writing() as session:
        supervision.restore(session, cast.claes.actor, group_id(house), reason, now=house.clock())
        session.commit()


def state_of(house: House, slug: str = "molenwijk") -> str:
    with house.reading() as session:
        return session.scalars(select(Group.state).where(Group.slug == slug)).one()


# ---- what the phones get ----


def test_every_member_gets_one_line_in_the_own_language_and_the_coordinators_where_to_read_why(
    house: House, cast: Cast
) -> None:
    suspend(house, cast)
    assert house.send_all() == 7
    assert house.phones.of(cast.an.number) == [
        "Molenwijk is gepauzeerd: u krijgt nu geen berichten van de groep. "
        "Nood? Bel 101 (politie) of 112 (brandweer, ambulance)."
    ]
    assert house.phones.of(cast.jean.number) == [
        "Molenwijk est en pause : pour l'instant, pas de messages du groupe. "
        "Urgence ? Appelez le 101 (police) ou le 112 (pompiers, ambulance)."
    ]
    assert house.phones.of(cast.priya.number) == [
        "Molenwijk is paused: you get no messages of the group now. "
        "Emergency? Call 101 (police) or 112 (fire, ambulance)."
    ]
    assert house.phones.of(cast.heinz.number) == [
        "Molenwijk macht Pause: Sie bekommen jetzt keine Nachrichten der Gruppe. "
        "Notfall? Rufen Sie 101 (Polizei) oder 112 (Feuerwehr, Ambulanz) an."
    ]
    for runs_it in (cast.fatima, cast.luc):
        [told] = house.phones.of(runs_it.number)
        assert f"{house.settings.public_url}/groups/molenwijk" in told
        assert WHY not in told
    assert {m.channel for m in house.phones.messages if m.to in (cast.heinz.number, cast.godelieve.number)} == {"sms"}


def test_nobody_of_another_group_hears_of_it(house: House, cast: Cast) -> None:
    suspend(house, cast)
    house.send_all()
    assert house.phones.of(cast.willem.number) == house.phones.of(cast.noor.number) == []


def test_by_whatsapp_only_inside_the_window_whatever_forms_there_are(house: House, cast: Cast) -> None:
    with house.writing() as session:
        session.add(Template(kind="info", language="nl", content_sid="HX" + "1" * 32, created_at=house.clock()))
        session.commit()
    house.clock.forward(hours=25)
    house.say(cast.jean.number, "Bonjour")
    house.send_all()
    house.phones.messages.clear()
    suspend(house, cast)
    house.send_all()
    channels = {message.to: message.channel for message in house.phones.messages}
    assert (channels[cast.an.number], channels[cast.jean.number]) == ("sms", "whatsapp")


def test_at_night_the_line_lets_the_street_sleep(house: House, cast: Cast) -> None:
    with house.writing() as session:
        session.scalars(select(Group).where(Group.slug == "molenwijk")).one().quiet = "22:00-07:00"
        session.commit()
    house.clock.at("23:00")
    suspend(house, cast)
    house.send_all()
    assert house.phones.of(cast.an.number) == []
    assert len(house.phones.of(cast.fatima.number)) == 1
    house.clock.forward(hours=8)
    house.send_all()
    assert len(house.phones.of(cast.an.number)) == 1


def test_the_line_goes_behind_the_answers_that_somebody_waits_for(house: House, cast: Cast) -> None:
    suspend(house, cast)
    house.say(cast.an.number, "STOP")
    house.send_some("whatsapp", 3)
    assert house.phones.messages[-1].to == cast.an.number
    house.send_all()
    assert len(house.phones.of(cast.an.number)) == 1, "who stopped hears of the stop alone"


def test_after_the_restoring_all_hear_that_it_goes_on_once(house: House, cast: Cast) -> None:
    suspend(house, cast)
    house.send_all()
    house.clock.forward(days=2)
    restore(house, cast)
    assert house.send_all() == 7
    assert house.phones.of(cast.godelieve.number)[-1] == (
        "Molenwijk is weer actief: u krijgt weer berichten. Stoppen? Stuur STOP. "
        "Nood? Bel 101 (politie) of 112 (brandweer, ambulance)."
    )
    assert house.phones.of(cast.fatima.number)[-1].startswith("Molenwijk is weer actief")
    assert state_of(house) == "active"


def test_who_never_heard_of_the_pause_hears_nothing_of_its_end(house: House, cast: Cast) -> None:
    suspend(house, cast)
    house.send_some("whatsapp", 100)
    restore(house, cast)
    house.send_all()
    assert house.phones.of(cast.heinz.number) == house.phones.of(cast.godelieve.number) == []
    assert len(house.phones.of(cast.an.number)) == 2


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("key", ["residents.group_paused", "residents.group_back"])
def test_what_goes_to_a_whole_street_fits_one_sms(house: House, cast: Cast, language: str, key: str) -> None:
    suspend(house, cast)
    with house.reading() as session:
        row = session.scalars(select(Delivery).where(Delivery.text_key == "residents.group_paused")).first()
        assert row is not None
        values = row.text_values or {}
    if language == row.language:
        counted = segments.count(texts.say(key, language, **values))
        assert (counted.encoding, counted.parts) == ("GSM-7", 1)


# ---- what was under way ----


def test_info_that_waits_is_called_off_in_the_middle_and_urgent_goes_on(house: House, cast: Cast) -> None:
    info = release(house, cast.fatima, "molenwijk", **INFO)
    house.send_some("whatsapp", 2)
    urgent = release(house, cast.fatima)
    suspend(house, cast)
    house.send_all()
    assert people(house, info) == {"accepted": 2, "cancelled": 5}
    assert people(house, urgent) == {"accepted": 7}
    with house.reading() as session:
        reasons = session.scalars(select(Delivery.reason).where(Delivery.state == "cancelled")).all()
    assert set(reasons) == {"suspended"}


def test_info_that_a_sender_had_taken_and_gave_back_does_not_leave_either(house: House, cast: Cast) -> None:
    info = release(house, cast.fatima, "molenwijk", **INFO)
    with house.writing() as session:
        taken = ledger.claim(session, "whatsapp", WA, 3, house.clock())
        session.commit()
    suspend(house, cast)
    with house.writing() as session:
        ledger.put_back(session, [row.id for row in taken], house.clock(), house.clock())
        session.commit()
    house.send_all()
    assert people(house, info) == {"cancelled": 7}


def test_what_is_released_in_the_same_moment_is_called_off_too(house: House, cast: Cast) -> None:
    draft = a_draft(house, cast)
    suspending = threading.Thread(target=suspend, args=(house, cast))
    with house.writing() as session:
        alert = alerts.get(session, cast.fatima.actor, draft.id)
        assert alerts.release(session, cast.fatima.actor, alert, now=house.clock()).stopped is None
        suspending.start()
        suspending.join(0.5)
        assert suspending.is_alive(), "it waits for the release to end"
        session.commit()
    suspending.join(10)
    assert people(house, draft) == {"cancelled": 7}


def test_info_of_another_group_goes_on(house: House, cast: Cast) -> None:
    info = release(house, cast.willem, "dijklaan", **INFO)
    suspend(house, cast)
    house.send_all()
    assert people(house, info) == {"accepted": 2}


def test_the_board_says_why_the_rest_did_not_leave(house: House, cast: Cast) -> None:
    info = release(house, cast.fatima, "molenwijk", **INFO)
    suspend(house, cast)
    fatima = house.browser(cast.fatima)
    fatima.post("/language", language="en")
    board = fatima.get(f"/alerts/{info.id}")
    assert "Not sent: suspended" in seen(board)


# ---- what every door refuses ----


def a_draft(house: House, cast: Cast) -> Alert:
    with house.writing() as session:
        group = groups.by_slug(session, cast.fatima.actor, "molenwijk")
        alert = drafts.draft(session, cast.fatima.actor, group, content(**INFO), now=house.clock())
        session.commit()
        session.refresh(alert)
        session.expunge(alert)
    return alert


def english(house: House, who: Somebody) -> Browser:
    browser = house.browser(who)
    browser.post("/language", language="en")
    return browser


def test_a_draft_cannot_be_released_by_the_page(house: House, cast: Cast) -> None:
    draft = a_draft(house, cast)
    suspend(house, cast)
    fatima = english(house, cast.fatima)
    refused = fatima.post(f"/alerts/{draft.id}/review")
    assert refused.status_code == 409
    assert errors_on(refused) == ["Molenwijk cannot send now: it is not active. Ask your district officer."]
    assert "Sluit uw ramen" in seen(refused), "what was typed is kept"
    again = fatima.get(f"/alerts/{draft.id}/review")
    assert (again.status_code, again.location) == (303, f"/alerts/{draft.id}/edit")
    with house.reading() as session:
        assert session.get_one(Alert, draft.id).state == "draft"


def test_the_composer_says_so_before_somebody_writes(house: House, cast: Cast) -> None:
    fatima = english(house, cast.fatima)
    notice = "This group may send nothing now."
    assert notice not in seen(fatima.get("/groups/molenwijk/alerts/new"))
    suspend(house, cast)
    assert notice in seen(fatima.get("/groups/molenwijk/alerts/new"))


def test_the_shell_refuses_with_one_clear_sentence(
    house: House, cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    suspend(house, cast)
    words = ("alert", "send", "--group", "molenwijk", "--kind", "info", "--category", "prevention")
    said = shell(house, capsys, *words, "--text", "Sluit uw ramen.")
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert "is not active" in said.err
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 0


# ---- the inspector's page ----


def test_the_inspector_sees_the_group_and_decides_with_a_reason(house: House, cast: Cast) -> None:
    claes = english(house, cast.claes)
    path = f"/registry/{group_id(house)}"
    assert f'href="{path}"' in claes.get("/registry").text
    page = claes.get(path)
    shown = seen(page)
    for words in ("Molenwijk", "Kerkdreef", "Molenstraat", "Vaartkant", "Active", "Fatima Peeters", "Luc"):
        assert words in shown
    assert claes.post(path, path, act="suspend", reason=WHY).status_code == 303
    after = seen(claes.get(path))
    assert WHY in after
    assert "Suspended" in after
    assert claes.post(path, path, act="restore", reason="Afspraken gemaakt.").status_code == 303
    assert "Afspraken gemaakt." in seen(claes.get(path))
    assert state_of(house) == "active"
    with house.reading() as session:
        acts = session.execute(
            select(AuditEvent.act, AuditEvent.actor_id, AuditEvent.noun_id, AuditEvent.detail).where(
                AuditEvent.act.in_(("suspended", "restored"))
            )
        ).all()
    assert [tuple(row) for row in acts] == [
        ("suspended", cast.claes.id, group_id(house), None),
        ("restored", cast.claes.id, group_id(house), None),
    ]


@pytest.mark.parametrize("reason", ["", "  ", "ja", "x" * 501])
def test_without_a_proper_reason_nothing_happens_and_what_was_typed_is_kept(
    house: House, cast: Cast, reason: str
) -> None:
    claes = english(house, cast.claes)
    path = f"/registry/{group_id(house)}"
    refused = claes.post(path, path, act="suspend", reason=reason)
    assert refused.status_code == 400
    assert errors_on(refused) == ["Give a reason of 3 to 500 characters. Whom it concerns reads it."]
    assert reason.strip() in refused.text
    assert state_of(house) == "active"
    assert house.send_all() == 0


def test_a_double_click_suspends_once(house: House, cast: Cast) -> None:
    claes = english(house, cast.claes)
    path = f"/registry/{group_id(house)}"
    assert claes.post(path, path, act="suspend", reason=WHY).status_code == 303
    second = claes.post(path, path, act="suspend", reason=WHY)
    assert second.status_code == 409
    assert errors_on(second) == ["Molenwijk is not active. Only an active group can be suspended."]
    assert house.send_all() == 7
    with house.reading() as session:
        assert session.scalar(select(func.count()).select_from(Sanction)) == 1


@pytest.mark.parametrize("state", ["draft", "submitted", "more_info", "approved", "declined", "closed"])
def test_only_an_active_group_is_suspended_and_only_a_suspended_one_restored(
    house: House, cast: Cast, state: str
) -> None:
    with house.writing() as session:
        session.scalars(select(Group).where(Group.slug == "molenwijk")).one().state = state
        session.commit()
    with pytest.raises(WrongState, match="Only an active group"):
        suspend(house, cast)
    with pytest.raises(WrongState, match="Only a suspended group"):
        restore(house, cast)
    assert state_of(house) == state


def test_who_may_only_look_finds_no_form_and_an_inspector_of_another_zone_finds_nothing(
    house: House, cast: Cast
) -> None:
    path = f"/registry/{group_id(house)}"
    admin = english(house, cast.de_smet)
    assert "<textarea" not in admin.get(path).text
    assert admin.post(path, act="suspend", reason=WHY).status_code == 404
    for stranger in (None, cast.an, cast.fatima, cast.willem, cast.officer_elsewhere, cast.sofie, cast.karim):
        browser = house.browser(stranger)
        assert browser.get(path).status_code == 404
        assert browser.post(path, act="suspend", reason=WHY).status_code == 404
    assert state_of(house) == "active"


def test_a_small_group_s_size_is_not_told(house: House, cast: Cast) -> None:
    elsewhere = english(house, cast.officer_elsewhere)
    shown = seen(elsewhere.get(f"/registry/{group_id(house, 'dijklaan')}"))
    assert "fewer than 5" in shown


# ---- what its coordinators read ----


@pytest.mark.parametrize("who", ["fatima", "luc"])
def test_those_who_run_the_group_read_the_reason_and_how_to_object(house: House, cast: Cast, who: str) -> None:
    browser = english(house, getattr(cast, who))
    assert WHY not in seen(browser.get("/groups/molenwijk"))
    suspend(house, cast)
    shown = seen(browser.get("/groups/molenwijk"))
    assert WHY in shown
    assert "object" in shown
    restore(house, cast)
    assert WHY not in seen(browser.get("/groups/molenwijk"))


def test_the_reason_is_sealed_and_the_log_holds_no_words(house: House, cast: Cast) -> None:
    suspend(house, cast)
    with house.reading() as session:
        sanction = session.scalars(select(Sanction)).one()
        assert unseal(session, sanction, "reason") == WHY
        assert WHY.encode() not in bytes(sanction.reason)
        assert (sanction.membership_id, sanction.imposed_by, sanction.imposed_by_id) == (None, "account", cast.claes.id)
        assert all(WHY not in str(row.text_values) for row in session.scalars(select(Delivery)))


def test_a_noun_is_as_strict_as_the_page(house: House, cast: Cast) -> None:
    for actor in (cast.de_smet, cast.officer_elsewhere, cast.fatima, cast.an, cast.sofie):
        with house.writing() as session, pytest.raises(NotThere):
            supervision.suspend(
                session, actor.actor, group_id(house), WHY, public_url="http://x", now=house.clock()
            )
        with house.writing() as session, pytest.raises(NotThere):
            supervision.restore(session, actor.actor, group_id(house), WHY, now=house.clock())
    with house.writing() as session, pytest.raises(NotThere):
        supervision.suspend(session, cast.claes.actor, new_id(), WHY, public_url="http://x", now=house.clock())
    with pytest.raises(BadInput):
        suspend(house, cast, "")


# ---- many ----


def test_a_whole_town_is_written_to_by_one_statement_for_each_language(house: House, cast: Cast) -> None:
    with statements(house) as said:
        suspend(house, cast)
    bulk = [line for line in said if line.startswith("INSERT INTO delivery") and "SELECT" in line]
    assert len(bulk) == len(texts.LANGUAGES)
