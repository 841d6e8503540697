"""What those who run a group may do with a resident: write by the relay, warn, suspend, remove, let back in.

And with each other: name a deputy, end an appointment, hand the role over.
"""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tests.doors import loot
from tests.house import Cast, House, Somebody, people, release
from wabp import appointments, groups, jobs, relay, residents, roster, sanctions
from wabp.errors import BadInput, NotThere, Problem, WrongState
from wabp.models import (
    Appointment,
    AuditEvent,
    Delivery,
    Finding,
    Group,
    Membership,
    Person,
    Reply,
    Report,
    Sanction,
    unseal,
)

WHY = "Schelden in antwoorden aan de coordinator."
INFO: dict[str, object] = {
    "kind": "info",
    "category": "prevention",
    "called": None,
    "text": "Sluit uw ramen als u weggaat.",
}
EMERGENCY = "Nood? Bel 101 (politie) of 112 (brandweer, ambulance)."


def membership_of(session: Session, who: Somebody) -> Membership:
    return session.scalars(select(Membership).where(Membership.person_id == who.id)).one()


def member_id(house: House, who: Somebody) -> uuid.UUID:
    with house.reading() as session:
        return membership_of(session, who).id


def state_of(house: House, who: Somebody) -> str:
    with house.reading() as session:
        return membership_of(session, who).state


def write(house: House, who: Somebody, to: Somebody, text: str, report_id: uuid.UUID | None = None) -> uuid.UUID:
    """Write to a resident as somebody, as the page does: what is refused is kept."""
    with house.writing() as session:
        membership = membership_of(session, to)
        try:
            sent = relay.reply(
                session, who.actor, membership.group, membership.id, text, report_id=report_id, now=house.clock()
            )
        except relay.NotSendable:
            session.commit()
            raise
        session.commit()
        return sent.id


def impose(house: House, who: Somebody, on: Somebody, kind: str, reason: str = WHY, **more: int | None) -> uuid.UUID:
    with house.writing() as session:
        membership = membership_of(session, on)
        asked = {"days": 7 if kind == "suspension" else None, **more}
        imposed = sanctions.impose(
            session, who.actor, membership.group, membership.id, kind, reason, now=house.clock(), **asked
        )
        session.commit()
        return imposed.id


def lift(house: House, who: Somebody, on: Somebody, reason: str = "Er is gepraat.") -> None:
    with house.writing() as session:
        membership = membership_of(session, on)
        sanctions.lift(session, who.actor, membership.group, membership.id, reason, now=house.clock())
        session.commit()


def count(house: House, kind: type) -> int:
    with house.reading() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do things at the same moment, and return what came of each: a value, or the problem."""
    ready = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        ready.wait()
        try:
            return act()
        except Problem as problem:
            return problem

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


# ---- the relay ----


def test_a_reply_reaches_one_phone_in_the_frame_of_its_language(house: House, cast: Cast) -> None:
    write(house, cast.fatima, cast.an, "Hebt u 101 al gebeld?")
    write(house, cast.luc, cast.priya, "Did you see where they went?")
    assert house.send_all() == 2
    assert house.phones.of(cast.an.number) == [
        f"Bericht van de coordinator van Molenwijk:\nHebt u 101 al gebeld?\n{EMERGENCY}"
    ]
    assert house.phones.of(cast.priya.number) == [
        "Message from the coordinator of Molenwijk:\nDid you see where they went?\n"
        "Emergency? Call 101 (police) or 112 (fire, ambulance)."
    ]


def test_the_words_are_sealed_wherever_they_are_kept(house: House, cast: Cast) -> None:
    write(house, cast.fatima, cast.an, "Kanarievogel gezien aan de overkant?")
    house.send_all()
    assert "Kanarievogel" in house.phones.of(cast.an.number)[0]
    assert "Kanarievogel" not in loot(house)
    with house.reading() as session:
        reply = session.scalars(select(Reply)).one()
        assert unseal(session, reply, "text") == "Kanarievogel gezien aan de overkant?"
        acts = session.scalars(select(AuditEvent).where(AuditEvent.act == "replied")).all()
    assert [(act.noun, act.noun_id, act.detail) for act in acts] == [("membership", member_id(house, cast.an), None)]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Was het Kevin Maes?", "person_name"),
        ("Bel me op 0470 12 34 56", "phone_number"),
        ("Was de plaat 1-ABC-123?", "licence_plate"),
        ("Kevin\nMaes was het", "person_name"),
    ],
)
def test_what_the_rulebook_refuses_does_not_leave_and_no_word_of_it_is_kept(
    house: House, cast: Cast, text: str, label: str
) -> None:
    with pytest.raises(relay.NotSendable) as refused:
        write(house, cast.fatima, cast.an, text)
    assert label in {finding.label for finding in refused.value.check.standing}
    assert relay.judge(a_group(house), refused.value.better, reader="nl", field="text") is None
    assert house.send_all() == 0
    assert count(house, Reply) == 0
    with house.reading() as session:
        found = session.scalars(select(Finding)).all()
    assert {(row.decision, row.author_id, row.alert_id) for row in found} == {("refused", cast.fatima.id, None)}
    assert "Maes" not in loot(house)


def a_group(house: House, slug: str = "molenwijk") -> Group:
    with house.reading() as session:
        group = session.scalars(select(Group).where(Group.slug == slug)).one()
        # Read here what the rules look at: the session is gone when they do.
        assert all((group.zone.country, group.district.name, group.streets))
        session.expunge_all()
    return group


def test_what_only_asks_for_a_reason_passes_and_each_country_has_its_own_rules(house: House, cast: Cast) -> None:
    write(house, cast.willem, cast.noor, "Was het kenteken 12-ABC-3?")
    write(house, cast.fatima, cast.an, "Gebeurt het nu, breken ze nu binnen?")
    assert house.send_all() == 2


@pytest.mark.parametrize(("text", "problem"), [("", "first"), (" \n\u200b", "first"), ("a" * 501, "501")])
def test_an_empty_or_endless_reply_is_no_reply(house: House, cast: Cast, text: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        write(house, cast.fatima, cast.an, text)
    assert house.send_all() == 0


def test_the_longest_reply_arrives_whole(house: House, cast: Cast) -> None:
    text = ("Kijk uit aub. " * 40)[:499].strip()
    write(house, cast.fatima, cast.an, text)
    house.send_all()
    assert text in house.phones.of(cast.an.number)[0]


def test_the_same_words_twice_in_a_row_are_sent_once_and_later_again(house: House, cast: Cast) -> None:
    assert write(house, cast.fatima, cast.an, "Dank u.") == write(house, cast.fatima, cast.an, " Dank u. ")
    write(house, cast.fatima, cast.jean, "Dank u.")
    assert house.send_all() == 2
    house.clock.forward(minutes=3)
    write(house, cast.fatima, cast.an, "Dank u.")
    assert house.send_all() == 1


def test_a_coordinator_writes_twenty_in_an_hour_and_a_deputy_as_many(house: House, cast: Cast) -> None:
    for number in range(relay.MOST_REPLIES):
        write(house, cast.fatima, cast.an, f"Dank u, melding {number}.")
        house.clock.forward(minutes=1)
    with pytest.raises(BadInput, match="20 replies"):
        write(house, cast.fatima, cast.an, "Nog een.")
    write(house, cast.luc, cast.an, "Merci.")
    house.clock.forward(minutes=41)
    write(house, cast.fatima, cast.an, "Nog een.")


def test_who_left_or_stopped_is_written_to_no_more(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "STOP")
    with pytest.raises(WrongState, match="no longer in the group"):
        write(house, cast.fatima, cast.an, "Bent u daar nog?")
    impose(house, cast.fatima, cast.jean, "suspension")
    write(house, cast.fatima, cast.jean, "Kom gerust eens langs.")
    house.say(cast.jean.number, "STOP")
    with pytest.raises(WrongState, match="no longer in the group"):
        write(house, cast.fatima, cast.jean, "Bent u daar nog?")


def test_a_reply_to_a_report_is_kept_with_it(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "Er staat een wit busje.")
    with house.reading() as session:
        report_id = session.scalars(select(Report.id)).one()
    write(house, cast.fatima, cast.an, "Staat het er nog?", report_id)
    write(house, cast.fatima, cast.an, "Iets anders.")
    with house.reading() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        about = relay.about_report(session, cast.luc.actor, group, report_id)
        everything = relay.to_resident(session, cast.luc.actor, membership_of(session, cast.an))
    assert [(one.text, one.by) for one in about] == [("Staat het er nog?", "Fatima Peeters")]
    assert [one.text for one in everything] == ["Iets anders.", "Staat het er nog?"]


# ---- sanctions ----


def test_a_warning_is_one_message_with_the_reason_and_who_may_be_asked(house: House, cast: Cast) -> None:
    for member in (cast.an, cast.jean, cast.priya, cast.heinz):
        impose(house, cast.fatima, member, "warning", "Te veel berichten over parkeren.")
    assert house.send_all() == 4
    assert house.phones.of(cast.an.number) == [
        "Molenwijk: de coordinator geeft u een waarschuwing. Reden:\nTe veel berichten over parkeren.\n"
        f"Vragen? Uw wijkinspecteur kan u helpen. {EMERGENCY}"
    ]
    for member, asked in ((cast.jean, "inspecteur de quartier"), (cast.priya, "district officer")):
        [told] = house.phones.of(member.number)
        assert "Te veel berichten over parkeren." in told
        assert asked in told
    assert "Bezirksinspektor" in house.phones.of(cast.heinz.number)[0]
    assert {state_of(house, member) for member in (cast.an, cast.jean)} == {"active"}
    assert "parkeren" not in loot(house)


def test_a_dutch_group_names_the_officer_as_the_netherlands_do(house: House, cast: Cast) -> None:
    impose(house, cast.willem, cast.noor, "warning", "Te veel berichten over parkeren.")
    house.send_all()
    [told] = house.phones.of(cast.noor.number)
    assert "Uw wijkagent kan u helpen." in told
    assert "101" not in told


def test_a_suspended_resident_gets_nothing_until_it_is_over_and_is_told_then(house: House, cast: Cast) -> None:
    waiting = release(house, cast.fatima, "molenwijk", **INFO)
    impose(house, cast.fatima, cast.an, "suspension", days=7)
    with house.reading() as session:
        row = session.scalars(
            select(Delivery).where(Delivery.person_id == cast.an.id, Delivery.cause == "alert")
        ).one()
        assert (row.state, row.reason) == ("skipped", "suspended")
    house.send_all()
    [told] = house.phones.of(cast.an.number)
    assert told.startswith(f"Molenwijk: u bent geschorst tot 19/01/2027 en krijgt zolang geen berichten. Reden:\n{WHY}")
    assert people(house, waiting) == {"accepted": 6, "skipped": 1}
    assert people(house, release(house, cast.fatima)) == {"queued": 6}
    house.say(cast.an.number, "Er staat een wit busje.")
    assert count(house, Report) == 0
    house.send_all()
    assert house.phones.of(cast.an.number)[-1].startswith("Dit is het nummer van een buurtgroep.")

    house.clock.forward(days=6, hours=23)
    jobs.end_suspensions(house.services)
    assert state_of(house, cast.an) == "suspended"
    house.clock.forward(hours=1)
    jobs.end_suspensions(house.services)
    jobs.end_suspensions(house.services)
    assert state_of(house, cast.an) == "active"
    house.phones.messages.clear()
    house.send_all()
    assert house.phones.of(cast.an.number) == [
        f"Molenwijk: uw schorsing is voorbij. U krijgt weer berichten. Stoppen? Stuur STOP. {EMERGENCY}"
    ]
    assert people(house, release(house, cast.fatima, called_at="21:00")) == {"queued": 7}


def test_a_suspension_ends_what_waits_in_the_middle_of_an_urgent_alert_for_that_person_alone(
    house: House, cast: Cast
) -> None:
    urgent = release(house, cast.fatima)
    release(house, cast.willem, "dijklaan", called_at="21:04")
    impose(house, cast.fatima, cast.heinz, "suspension")
    house.send_all()
    assert people(house, urgent) == {"accepted": 6, "skipped": 1}
    assert len(house.phones.of(cast.noor.number)) == 1


def test_who_stops_while_suspended_has_left_when_it_is_over_and_hears_nothing(house: House, cast: Cast) -> None:
    impose(house, cast.fatima, cast.an, "suspension")
    house.say(cast.an.number, "STOP")
    house.say(cast.an.number, "START")
    assert state_of(house, cast.an) == "suspended", "coming back does not shorten it"
    house.send_all()
    house.phones.messages.clear()
    house.clock.forward(days=7)
    jobs.end_suspensions(house.services)
    house.send_all()
    assert state_of(house, cast.an) == "left"
    assert house.phones.of(cast.an.number) == []


def test_a_second_suspension_is_not_ended_by_the_first_one_s_end(house: House, cast: Cast) -> None:
    impose(house, cast.fatima, cast.an, "suspension", days=7)
    house.clock.forward(days=6)
    lift(house, cast.fatima, cast.an)
    impose(house, cast.fatima, cast.an, "suspension", "Opnieuw gescholden.", days=30)
    house.clock.forward(days=2)
    jobs.end_suspensions(house.services)
    assert state_of(house, cast.an) == "suspended"
    with house.reading() as session:
        shown = residents.show(session, cast.fatima.actor, membership_of(session, cast.an))
        assert shown.until is not None
        assert (shown.until - house.clock()).days == 28


def test_a_suspension_that_ends_while_the_group_is_paused_promises_nothing(house: House, cast: Cast) -> None:
    impose(house, cast.fatima, cast.an, "suspension")
    house.send_all()
    house.phones.messages.clear()
    with house.writing() as session:
        session.scalars(select(Group).where(Group.slug == "molenwijk")).one().state = "suspended"
        session.commit()
    house.clock.forward(days=7)
    jobs.end_suspensions(house.services)
    assert (state_of(house, cast.an), house.send_all()) == ("active", 0)


def test_a_removed_resident_is_out_until_it_is_lifted(house: House, cast: Cast) -> None:
    impose(house, cast.fatima, cast.an, "removal")
    house.send_all()
    [told] = house.phones.of(cast.an.number)
    assert told.startswith("Molenwijk: u bent geen lid meer en krijgt geen berichten. Reden:\n")
    house.clock.forward(days=400)
    jobs.end_suspensions(house.services)
    house.say(cast.an.number, "START")
    assert state_of(house, cast.an) == "removed"
    lift(house, cast.luc, cast.an, "Het was een misverstand.")
    house.send_all()
    back = house.phones.of(cast.an.number)[-1]
    assert back.startswith("Molenwijk: u bent weer lid en krijgt weer berichten. Reden:\nHet was een misverstand.\n")
    assert state_of(house, cast.an) == "active"
    with house.reading() as session:
        [one] = sanctions.history(session, cast.fatima.actor, membership_of(session, cast.an))
    assert (one.kind, one.reason, one.by, one.lift_reason) == (
        "removal",
        WHY,
        "Fatima Peeters",
        "Het was een misverstand.",
    )


@pytest.mark.parametrize("kind", ["warning", "suspension", "removal"])
def test_a_double_click_imposes_once(house: House, cast: Cast, kind: str) -> None:
    assert impose(house, cast.fatima, cast.an, kind, seen=0) == impose(house, cast.fatima, cast.an, kind, seen=0)
    assert (count(house, Sanction), house.send_all()) == (1, 1)


def test_a_double_click_lifts_once_and_the_same_reason_may_come_back(house: House, cast: Cast) -> None:
    impose(house, cast.fatima, cast.an, "suspension")
    lift(house, cast.fatima, cast.an)
    lift(house, cast.fatima, cast.an)
    assert house.send_all() == 2
    impose(house, cast.fatima, cast.an, "suspension")
    assert state_of(house, cast.an) == "suspended"
    lift(house, cast.fatima, cast.an)
    assert (state_of(house, cast.an), count(house, Sanction)) == ("active", 2)


@pytest.mark.parametrize("kind", ["warning", "suspension", "removal"])
def test_of_two_who_act_at_once_the_second_is_told_that_something_changed(
    house: House, cast: Cast, kind: str
) -> None:
    came = at_once(
        lambda: impose(house, cast.fatima, cast.an, kind, "Gescholden op straat.", seen=0),
        lambda: impose(house, cast.luc, cast.an, kind, "Insultes dans la rue.", seen=0),
    )
    assert [type(one) for one in came if isinstance(one, Problem)] == [WrongState]
    assert (count(house, Sanction), house.send_all()) == (1, 1)


def test_a_page_that_is_out_of_date_imposes_nothing(house: House, cast: Cast) -> None:
    impose(house, cast.fatima, cast.an, "warning", seen=0)
    with pytest.raises(WrongState, match="Something changed"):
        impose(house, cast.luc, cast.an, "warning", "Encore une fois.", seen=0)
    impose(house, cast.luc, cast.an, "warning", "Encore une fois.", seen=1)
    with pytest.raises(WrongState, match="Something changed"):
        lift(house, cast.fatima, cast.an)


@pytest.mark.parametrize(
    ("who", "on", "why"),
    [
        ("luc", "fatima", "on a coordinator"),
        ("fatima", "fatima", "on yourself"),
        ("luc", "luc", "on yourself"),
        ("second", "luc", "Only the coordinator"),
    ],
)
@pytest.mark.parametrize("kind", ["warning", "suspension", "removal"])
def test_the_coordinator_is_nobody_s_to_sanction_and_a_deputy_the_coordinator_s_alone(
    house: House, cast: Cast, kind: str, who: str, on: str, why: str
) -> None:
    with house.writing() as session:
        membership_of(session, cast.jean).role = "deputy"
        session.commit()
    actor = cast.jean if who == "second" else getattr(cast, who)
    with pytest.raises(WrongState, match=why):
        impose(house, actor, getattr(cast, on), kind)
    assert (count(house, Sanction), house.send_all()) == (0, 0)


def test_a_deputy_who_is_removed_runs_nothing_any_more_not_even_after_it_is_lifted(house: House, cast: Cast) -> None:
    with house.writing() as session:
        membership = membership_of(session, cast.luc)
        session.add(
            Appointment(
                group_id=membership.group_id,
                role="deputy",
                person_id=cast.luc.id,
                name=session.get_one(Person, cast.luc.id).name,
                created_at=house.clock(),
                proven_at=house.clock(),
            )
        )
        session.commit()
    browser = house.browser(cast.luc)
    assert browser.get("/groups/molenwijk").status_code == 200
    impose(house, cast.fatima, cast.luc, "removal")
    lift(house, cast.fatima, cast.luc)
    with house.reading() as session:
        assert membership_of(session, cast.luc).role == "member"
        assert session.scalars(select(Appointment.ended_at)).one() == house.clock()
    assert browser.get("/groups/molenwijk").status_code == 404


@pytest.mark.parametrize("reason", ["", "  ", "ja", "x" * 501])
def test_nothing_is_imposed_without_a_reason(house: House, cast: Cast, reason: str) -> None:
    for kind in sanctions.KINDS:
        with pytest.raises(BadInput, match="3 to 500"):
            impose(house, cast.fatima, cast.an, kind, reason)
    assert count(house, Sanction) == 0


def test_a_reason_goes_through_the_same_check_as_all_that_leaves(house: House, cast: Cast) -> None:
    for kind in sanctions.KINDS:
        with pytest.raises(relay.NotSendable):
            impose(house, cast.fatima, cast.an, kind, "Gescholden op Kevin Maes.")
    assert (count(house, Sanction), house.send_all(), state_of(house, cast.an)) == (0, 0, "active")


@pytest.mark.parametrize("days", [None, 0, 1, 8, 365, -7])
def test_a_suspension_lasts_one_of_three_times(house: House, cast: Cast, days: int | None) -> None:
    with pytest.raises(BadInput, match="7, 30 or 90"):
        impose(house, cast.fatima, cast.an, "suspension", days=days)


def test_a_paused_group_writes_to_nobody_whatever_the_form(house: House, cast: Cast) -> None:
    impose(house, cast.fatima, cast.jean, "suspension")
    house.send_all()
    with house.writing() as session:
        session.scalars(select(Group).where(Group.slug == "molenwijk")).one().state = "suspended"
        session.commit()
    acts: list[Callable[[], object]] = [
        lambda: write(house, cast.fatima, cast.an, "Hallo daar."),
        lambda: lift(house, cast.fatima, cast.jean),
        *(lambda kind=kind: impose(house, cast.fatima, cast.an, kind) for kind in sanctions.KINDS),
    ]
    for act in acts:
        with pytest.raises(WrongState, match="not active"):
            act()
    assert house.send_all() == 0


def test_who_does_not_run_the_group_finds_no_resident(house: House, cast: Cast) -> None:
    here = member_id(house, cast.an)
    for who in (cast.an, cast.jean, cast.willem, cast.claes, cast.de_smet, cast.officer_elsewhere, cast.sofie):
        for act in (
            lambda: write(house, who, cast.an, "Hallo daar."),  # noqa: B023
            lambda: impose(house, who, cast.jean, "warning"),  # noqa: B023
            lambda: lift(house, who, cast.jean),  # noqa: B023
        ):
            with pytest.raises(NotThere):
                act()
        with house.reading() as session:
            group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
            for look in (
                lambda: residents.listed(session, who.actor, group),  # noqa: B023
                lambda: residents.streets(session, who.actor, group),  # noqa: B023
                lambda: residents.get(session, who.actor, group, here),  # noqa: B023
                lambda: roster.of_group(session, who.actor, group, now=house.clock()),  # noqa: B023
            ):
                with pytest.raises(NotThere):
                    look()
    assert (count(house, Sanction), count(house, Reply), house.send_all()) == (0, 0, 0)


def test_a_resident_of_another_group_is_not_there(house: House, cast: Cast) -> None:
    elsewhere = member_id(house, cast.noor)
    with house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        with pytest.raises(NotThere):
            relay.reply(session, cast.fatima.actor, group, elsewhere, "Hallo daar.", now=house.clock())
        with pytest.raises(NotThere):
            sanctions.impose(session, cast.fatima.actor, group, elsewhere, "warning", WHY, now=house.clock())
        with pytest.raises(NotThere):
            residents.get(session, cast.fatima.actor, group, elsewhere)


# ---- who is in the group ----


def test_members_come_by_street_with_number_and_a_name_only_of_who_runs_the_group(house: House, cast: Cast) -> None:
    with house.writing() as session:
        membership_of(session, cast.priya).street_id = None
        session.commit()
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        rows, pages = residents.listed(session, cast.luc.actor, group)
        streets = residents.streets(session, cast.luc.actor, group)
        [on_street] = residents.listed(
            session, cast.luc.actor, group, street_id=next(s.id for s in streets if s.name == "Molenstraat")
        )[0]
    assert pages == 1
    assert [(row.street, row.number, row.name, row.own) for row in rows] == [
        ("Kerkdreef", 2, "Luc", True),
        ("Kerkdreef", 4, "", False),
        ("Kerkdreef", 7, "", False),
        ("Molenstraat", 3, "", False),
        ("Vaartkant", 1, "Fatima Peeters", False),
        ("Vaartkant", 6, "", False),
        (None, 5, "", False),
    ]
    assert {(one.name, one.count) for one in streets} == {
        ("Kerkdreef", 3),
        ("Molenstraat", 1),
        ("Vaartkant", 2),
        (None, 1),
    }
    assert on_street.number == 3


def test_who_left_is_in_no_list_and_who_was_removed_in_one_apart(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "STOP")
    impose(house, cast.fatima, cast.jean, "removal")
    impose(house, cast.fatima, cast.heinz, "suspension", days=30)
    with house.reading() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        present, _ = residents.listed(session, cast.fatima.actor, group)
        removed, _ = residents.listed(session, cast.fatima.actor, group, states=residents.REMOVED)
        with pytest.raises(NotThere):
            residents.get(session, cast.fatima.actor, group, membership_of(session, cast.an).id)
    assert sorted(row.number for row in present) == [1, 2, 5, 6, 7]
    assert [row.number for row in removed] == [4]
    assert [row.until is not None for row in present if row.state == "suspended"] == [True]


# ---- the roster ----


def group_of(session: Session, slug: str = "molenwijk") -> Group:
    return session.scalars(select(Group).where(Group.slug == slug)).one()


def appoint(house: House, who: Somebody, name: str) -> str:
    """Name a deputy and return the letters to pass on."""
    with house.writing() as session:
        group = group_of(session)
        appointment = roster.appoint(session, who.actor, group, name, now=house.clock())
        session.commit()
        posts = roster.of_group(session, who.actor, group, now=house.clock())
        [code] = [post.code for post in posts if post.id == appointment.id]
        assert code is not None
        return code.letters


def prove(house: House, who: Somebody, letters: str) -> str:
    with house.writing() as session:
        person = session.get_one(Person, who.id)
        url = house.settings.public_url
        answer = appointments.prove(session, person, letters, means="whatsapp", public_url=url, now=house.clock())
        session.commit()
        return answer.key


def hand_over(house: House, who: Somebody, to: Somebody, *, confirmed: bool = True) -> None:
    with house.writing() as session:
        roster.hand_over(
            session,
            who.actor,
            group_of(session),
            membership_of(session, to).id,
            confirmed=confirmed,
            public_url=house.settings.public_url,
            now=house.clock(),
        )
        session.commit()


def roles(house: House) -> dict[str, list[int]]:
    with house.reading() as session:
        found: dict[str, list[int]] = {}
        for member in groups.coordinators(session, group_of(session).id):
            found.setdefault(member.role, []).append(member.number)
        return found


def test_a_named_deputy_is_one_when_the_own_phone_sends_the_code(house: House, cast: Cast) -> None:
    letters = appoint(house, cast.fatima, "Jean Dupont")
    assert roles(house) == {"coordinator": [1], "deputy": [2]}
    assert prove(house, cast.jean, letters) == "founding.deputy_now"
    assert roles(house) == {"coordinator": [1], "deputy": [2, 4]}
    with house.reading() as session:
        posts = roster.of_group(session, cast.jean.actor, group_of(session), now=house.clock())
    assert [(post.role, post.name, post.proven, post.own) for post in posts] == [
        ("coordinator", "Fatima Peeters", True, False),
        ("deputy", "Luc", True, False),
        ("deputy", "Jean Dupont", True, True),
    ]


def test_a_code_lives_a_day_and_is_renewed_by_the_coordinator(house: House, cast: Cast) -> None:
    letters = appoint(house, cast.fatima, "Jean Dupont")
    assert appoint(house, cast.fatima, "jean  dupont") == letters, "the same name is the same appointment"
    house.clock.forward(hours=24)
    assert prove(house, cast.jean, letters) == "founding.code_over"
    with house.writing() as session:
        [waiting] = session.scalars(select(Appointment)).all()
        roster.renew_code(session, cast.fatima.actor, group_of(session), waiting.id, now=house.clock())
        session.commit()
    assert prove(house, cast.jean, appoint(house, cast.fatima, "Jean Dupont")) == "founding.deputy_now"


def test_only_the_coordinator_sees_the_code_and_changes_the_roster(house: House, cast: Cast) -> None:
    appoint(house, cast.fatima, "Jean Dupont")
    with house.writing() as session:
        group = group_of(session)
        posts = roster.of_group(session, cast.luc.actor, group, now=house.clock())
        assert [post.code for post in posts] == [None, None, None]
        for who in (cast.luc, cast.an, cast.willem, cast.claes):
            with pytest.raises(NotThere):
                roster.appoint(session, who.actor, group, "Iemand Anders", now=house.clock())
            for post in posts:
                with pytest.raises(NotThere):
                    roster.end(session, who.actor, group, post.id, now=house.clock())
                with pytest.raises(NotThere):
                    roster.renew_code(session, who.actor, group, post.id, now=house.clock())
    with pytest.raises(NotThere):
        hand_over(house, cast.luc, cast.luc)
    assert roles(house) == {"coordinator": [1], "deputy": [2]}


@pytest.mark.parametrize("name", ["", " ", "X", "x" * 81])
def test_a_deputy_has_a_name(house: House, cast: Cast, name: str) -> None:
    with pytest.raises(BadInput, match="2 to 80"):
        appoint(house, cast.fatima, name)


def test_there_are_five_deputies_at_most_named_ones_too(house: House, cast: Cast) -> None:
    for name in ("Aa", "Bb", "Cc", "Dd"):
        appoint(house, cast.fatima, name)
    with pytest.raises(WrongState, match="5 deputies"):
        appoint(house, cast.fatima, "Ee")


def test_an_appointment_ends_with_a_word_and_the_deputy_stays_a_member(house: House, cast: Cast) -> None:
    letters = appoint(house, cast.fatima, "Jean Dupont")
    with house.writing() as session:
        group = group_of(session)
        [waiting] = session.scalars(select(Appointment)).all()
        for _ in range(2):
            roster.end(session, cast.fatima.actor, group, membership_of(session, cast.luc).id, now=house.clock())
        roster.end(session, cast.fatima.actor, group, waiting.id, now=house.clock())
        with pytest.raises(WrongState, match="keeps a coordinator"):
            roster.end(session, cast.fatima.actor, group, membership_of(session, cast.fatima).id, now=house.clock())
        session.commit()
    assert house.send_all() == 1
    assert "adjoint" in house.phones.of(cast.luc.number)[0] or "coordinateur" in house.phones.of(cast.luc.number)[0]
    assert roles(house) == {"coordinator": [1]}
    assert state_of(house, cast.luc) == "active"
    assert prove(house, cast.jean, letters) != "founding.deputy_now"
    assert roles(house) == {"coordinator": [1]}


def test_the_role_goes_over_in_one_moment_and_both_hear_of_it(house: House, cast: Cast) -> None:
    with pytest.raises(BadInput, match="Tick"):
        hand_over(house, cast.fatima, cast.luc, confirmed=False)
    with pytest.raises(NotThere):
        hand_over(house, cast.fatima, cast.an)
    with pytest.raises(WrongState):
        hand_over(house, cast.fatima, cast.fatima)
    hand_over(house, cast.fatima, cast.luc)
    hand_over(house, cast.fatima, cast.luc)
    assert roles(house) == {"coordinator": [2], "deputy": [1]}
    assert house.send_all() == 2
    assert house.phones.of(cast.fatima.number) == [
        "Molenwijk: u gaf de rol van coordinator door en bent nu vervanger. "
        "Deed u dat niet? Bel uw wijkinspecteur."
    ]
    assert "/groups/molenwijk" in house.phones.of(cast.luc.number)[0]
    with house.reading() as session:
        [act] = session.scalars(select(AuditEvent).where(AuditEvent.act == "handed_over")).all()
        assert (act.actor_id, act.noun_id, act.detail) == (cast.fatima.id, membership_of(session, cast.luc).id, None)
    hand_over(house, cast.luc, cast.fatima)
    assert roles(house) == {"coordinator": [1], "deputy": [2]}


def test_appointments_follow_the_role(house: House, cast: Cast) -> None:
    prove(house, cast.jean, appoint(house, cast.fatima, "Jean Dupont"))
    hand_over(house, cast.fatima, cast.jean)
    with house.reading() as session:
        assert session.scalars(select(Appointment.role)).all() == ["coordinator"]


def test_a_suspended_deputy_takes_nothing_over(house: House, cast: Cast) -> None:
    impose(house, cast.fatima, cast.luc, "suspension")
    with pytest.raises(WrongState):
        hand_over(house, cast.fatima, cast.luc)


def test_a_deputy_takes_the_role_of_a_coordinator_who_left_and_nobody_else_does(house: House, cast: Cast) -> None:
    prove(house, cast.jean, appoint(house, cast.fatima, "Jean Dupont"))
    with pytest.raises(NotThere):
        hand_over(house, cast.luc, cast.luc)
    house.say(cast.fatima.number, "STOP")
    with pytest.raises(NotThere):
        hand_over(house, cast.an, cast.luc)
    with pytest.raises(NotThere):
        hand_over(house, cast.luc, cast.jean)
    hand_over(house, cast.luc, cast.luc)
    with pytest.raises(NotThere):
        hand_over(house, cast.jean, cast.jean)
    house.say(cast.fatima.number, "START")
    found = roles(house)
    assert found["coordinator"] == [2]
    assert len(found["deputy"]) == 1


def test_the_role_goes_to_nobody_who_says_stop_in_the_same_moment(house: House, cast: Cast) -> None:
    at_once(
        lambda: hand_over(house, cast.fatima, cast.luc),
        lambda: house.say(cast.luc.number, "STOP"),
    )
    with house.reading() as session:
        fatima, luc = membership_of(session, cast.fatima), membership_of(session, cast.luc)
        assert (luc.state, fatima.state) == ("left", "active")
    if fatima.role == "deputy":
        # STOP came second: the role is there for who stayed.
        hand_over(house, cast.fatima, cast.fatima)
    assert roles(house) == {"coordinator": [1]}


def test_however_many_hand_over_at_once_there_is_one_coordinator(house: House, cast: Cast) -> None:
    with house.writing() as session:
        session.execute(update(Membership).where(Membership.person_id == cast.jean.id).values(role="deputy"))
        session.commit()
    at_once(
        lambda: hand_over(house, cast.fatima, cast.luc),
        lambda: hand_over(house, cast.fatima, cast.jean),
        lambda: hand_over(house, cast.fatima, cast.luc),
    )
    found = roles(house)
    assert len(found["coordinator"]) == 1
    assert len(found["deputy"]) == 2


def suspend_an(house: House, cast: Cast) -> uuid.UUID:
    with house.writing() as session:
        own = membership_of(session, cast.an)
        sanctions.impose(session, cast.fatima.actor, own.group, own.id, "suspension", WHY, days=90, now=house.clock())
        session.commit()
        return own.id


def test_who_said_stop_while_suspended_returns_by_start_once_it_is_over(light_house: House, light_cast: Cast) -> None:
    suspend_an(light_house, light_cast)
    light_house.say(light_cast.an.number, "STOP")
    light_house.clock.forward(days=91)
    jobs.end_suspensions(light_house.services)
    light_house.clock.forward(days=29)
    light_house.say(light_cast.an.number, "START")
    light_house.send_all()
    assert light_house.phones.last(light_cast.an.number).body.startswith("Welkom terug bij Molenwijk.")


def test_a_stop_while_a_suspension_ends_is_a_stop(house: House, cast: Cast) -> None:
    own_id = suspend_an(house, cast)
    house.send_all()
    house.clock.forward(days=90, minutes=1)
    said = threading.Thread(target=house.say, args=(cast.an.number, "STOP"))
    with house.writing() as session:
        assert sanctions.end_over(session, now=house.clock()) == 1
        session.flush()
        said.start()
        said.join(1)
        session.commit()
    said.join(20)
    with house.reading() as session:
        assert session.get_one(Membership, own_id).state == "left"
    before = len(house.phones.of(cast.an.number))
    house.send_all()
    assert [text[:35] for text in house.phones.of(cast.an.number)[before:]] == ["U krijgt geen berichten meer van Mo"]
