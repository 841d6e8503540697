"""Story 15: a group is applied for, asked about, narrowed, approved, signed, and paused by its district officer.

Nouns, phones and the command; the pages have their own tests.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.founding import (
    HILDE,
    HILDE_DEPUTY,
    URL,
    Founding,
    activate,
    add_street,
    decide,
    fill,
    handed_in,
    send,
    sign,
    somebody,
    state_of,
    typed,
)
from tests.house import Cast, House, add_cast, add_member, content, people, release
from tests.test_commands import Shell, built
from wabp import alerts, applications, dossiers, drafts, groups, shredder, supervision
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import AuditEvent, Group, Joining, Person, Street

QUESTION = "Kan u enkel de Havenlaan doen, of afspreken met Molenwijk?"
APPROVED = "Goed overlegd met de buren. Screening is gebeurd."


def on(house: House, day: int, hour: str = "10:00") -> None:
    """Move to a day of February 2027, at an hour of the street's clock."""
    house.clock.moment = datetime(2027, 2, day, 12, tzinfo=UTC)
    house.clock.at(hour)


def narrow(house: House, founding: Founding, *streets: str) -> None:
    """Hilde, signed in, takes streets out of her application and hands it in again."""
    hilde = somebody(house, HILDE)
    with house.writing() as session:
        group = applications.by_slug(session, hilde.actor, founding.slug)
        application = applications.change(session, hilde.actor, group)
        area = typed(house, streets)["area"]
        wrong = applications.save(
            session,
            application,
            "area",
            area,
            revision=application.revision,
            now=house.clock(),
            actor=hilde.actor,
        )
        assert wrong == []
        applications.resubmit(session, hilde.actor, group, now=house.clock())
        session.commit()


def may_release(house: House, slug: str) -> bool:
    """Tell whether Hilde could release an alert now."""
    hilde = somebody(house, HILDE)
    with house.writing() as session:
        group = groups.by_slug(session, hilde.actor, slug)
        text = content(kind="info", category="traffic", called=None, text="Boom op de weg.", language="nl")
        alert = drafts.draft(session, hilde.actor, group, text, now=house.clock())
        try:
            outcome = alerts.release(session, hilde.actor, alert, now=house.clock())
        except WrongState:
            return False
        return outcome.stopped is None


def test_from_the_first_question_to_an_active_group(house: House, cast: Cast) -> None:
    add_street(house, "Havenlaan")

    # 1 Feb: Hilde types. The deputy is missing: that one field says so, all the rest is kept.
    on(house, 1)
    pages = typed(house, ["Vaartkant", "Havenlaan"])
    application_id = fill(house, "Hilde's browser", pages)
    with house.writing() as session:
        application = session.get_one(applications.Application, application_id)
        before = applications.answers_of(session, application)
        wrong = applications.save(
            session, application, "deputy", {"deputy_name": " "}, revision=99, now=house.clock()
        )
        assert [(problem.field, problem.say("nl")) for problem in wrong] == [
            ("deputy_name", "Vul de naam van de vervanger in.")
        ]
        assert applications.answers_of(session, application) == before

    # She sends it: nothing is in the queue before her own phone has sent the code.
    founding = send(house, application_id)
    assert state_of(house, founding) == "draft"
    with house.reading() as session:
        assert dossiers.queue(session, cast.claes.actor) == []
    house.say(HILDE, f"AANVRAAG {founding.codes['founder']}")
    house.send_all()
    (submitted,) = house.phones.of(HILDE)
    assert "Uw aanvraag voor Havenlaan is ingediend" in submitted
    assert f"{URL}/groups/havenlaan/application" in submitted
    assert state_of(house, founding) == "submitted"
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    house.send_all()
    assert "vervanger in Havenlaan" in house.phones.of(HILDE_DEPUTY)[0]

    # Claes sees the overlap: group, streets and state, and how many, never who.
    with house.reading() as session:
        (waiting,) = dossiers.queue(session, cast.claes.actor)
        assert (waiting.slug, waiting.overlaps) == ("havenlaan", 1)
        dossier = dossiers.dossier(session, cast.claes.actor, founding.group_id)
        (neighbour,) = dossier.neighbours
        assert (neighbour.overlap.name, neighbour.overlap.state) == ("Molenwijk", "active")
        assert neighbour.overlap.streets == ("Vaartkant",)
        assert neighbour.members == 7
        assert not any(somebody.number in repr(dossier) for somebody in cast.street)
        assert HILDE not in repr(dossier)

    # He asks for more. Hilde gets a link, Fatima is asked about the street alone.
    house.phones.messages.clear()
    decide(house, cast.claes, founding, "more_info", reason=QUESTION, screened=False)
    house.send_all()
    assert state_of(house, founding) == "more_info"
    (told,) = house.phones.of(HILDE)
    assert f"{URL}/groups/havenlaan/application" in told
    assert "afspreken" not in told
    (asked,) = house.phones.of(cast.fatima.number)
    assert "Vaartkant" in asked
    assert "wijkinspecteur" in asked
    assert "Havenlaan" not in asked
    assert "Hilde" not in asked
    assert len(house.phones.messages) == 2
    hilde = somebody(house, HILDE)
    with house.reading() as session:
        standing = applications.standing(session, hilde.actor, session.get_one(Group, founding.group_id))
        assert standing.decisions[0].reason == QUESTION

    # 8 Feb: narrowed to the Havenlaan. The history shows both versions.
    on(house, 8)
    narrow(house, founding, "Havenlaan")
    with house.reading() as session:
        dossier = dossiers.dossier(session, cast.claes.actor, founding.group_id)
        second, first = dossier.versions
        assert (first.streets, second.streets) == (("Havenlaan", "Vaartkant"), ("Havenlaan",))
        assert (second.removed, second.added, second.changed) == (("Vaartkant",), (), ("area",))
        assert dossier.neighbours == ()
    decide(house, cast.claes, founding, reason=APPROVED, screened=True)
    assert state_of(house, founding) == "approved"
    assert not may_release(house, founding.slug)

    # Both sign; only then is the group active, and is there a poster to print.
    house.phones.messages.clear()
    sign(house, cast.claes, founding)
    assert state_of(house, founding) == "approved"
    assert not may_release(house, founding.slug)
    sign(house, hilde, founding)
    house.send_all()
    assert state_of(house, founding) == "active"
    assert f"{URL}/g/havenlaan" in house.phones.of(HILDE)[-1]
    assert may_release(house, founding.slug)
    with house.reading() as session:
        (review,) = [row for row in applications.standing(
            session, hilde.actor, session.get_one(Group, founding.group_id)
        ).decisions if row.decision == "approve"]
        assert (review.reason, review.screened) == (APPROVED, True)
        acts = session.scalars(
            select(AuditEvent.act).where(AuditEvent.noun_id == founding.group_id).order_by(AuditEvent.id)
        ).all()
    assert [act for act in acts if act in {"submitted", "more_info", "resubmitted", "approved", "activated"}] == [
        "submitted", "more_info", "resubmitted", "approved", "activated",
    ]


def test_the_officer_of_another_zone_finds_nothing_and_ours_no_alerts(light_house: House, light_cast: Cast) -> None:
    house, cast = light_house, light_cast
    add_street(house, "Havenlaan")
    on(house, 1)
    founding = send(house, fill(house, "Hilde's browser", typed(house, ["Havenlaan"])))
    house.say(HILDE, f"AANVRAAG {founding.codes['founder']}")
    with house.reading() as session:
        with pytest.raises(NotThere):
            dossiers.dossier(session, cast.officer_elsewhere.actor, founding.group_id)
        with pytest.raises(NotThere):
            groups.by_slug(session, cast.claes.actor, founding.slug)
    with pytest.raises(NotThere):
        decide(house, cast.officer_elsewhere, founding)
    assert state_of(house, founding) == "submitted"


def test_a_declined_applicant_reads_why_and_is_forgotten_when_nobody_can_object_any_more(
    house: House, cast: Cast
) -> None:
    add_street(house, "Havenlaan")
    on(house, 1)
    founding = send(house, fill(house, "Hilde's browser", typed(house, ["Havenlaan"])))
    house.say(HILDE, f"AANVRAAG {founding.codes['founder']}")
    decide(house, cast.claes, founding, "decline", reason="Er is al een groep in deze straten.", screened=False)
    house.send_all()
    hilde = somebody(house, HILDE)
    with house.reading() as session:
        group = session.get_one(Group, founding.group_id)
        standing = applications.standing(session, hilde.actor, group)
        assert (standing.state, standing.decisions[0].reason) == ("declined", "Er is al een groep in deze straten.")
        assert standing.appeal_until == datetime(2027, 2, 22, 9, tzinfo=UTC)
        assert not standing.may_change
    house.clock.forward(days=50, hours=23)
    with house.writing() as session:
        assert shredder.forget(session, now=house.clock()) == 0
    house.clock.forward(hours=1)
    with house.writing() as session:
        assert shredder.forget(session, now=house.clock()) == 1
        session.commit()
        group = session.get_one(Group, founding.group_id)
        assert group.state == "declined"
        with pytest.raises(NotThere):
            applications.standing(session, hilde.actor, group)
        assert shredder.forget(session, now=house.clock()) == 0
        assert session.scalar(select(Street.name).where(Street.name == "Havenlaan")) == "Havenlaan"


def test_the_inspector_pauses_a_group_that_calls_for_patrols(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    why = "Oproep tot eigen rondes, na reprimande van 10 februari."
    with built(tmp_path) as house:
        cast = add_cast(house)
        add_street(house, "Havenlaan")
        shell = Shell(house, capsys)
        on(house, 1)
        founding = handed_in(house, "Havenlaan")
        house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
        activate(house, cast.claes, founding)
        with house.writing() as session:
            group = session.get_one(Group, founding.group_id)
            add_member(session, group, "+32470000050", house.clock(), street="Havenlaan")
            session.commit()
        hilde = somebody(house, HILDE)
        tree = {"kind": "info", "category": "traffic", "called": None, "text": "Boom op de weg."}
        info = release(house, hilde, founding.slug, **tree)
        house.send_some("whatsapp", 1)

        # A reason is mandatory, and what it says stays off the record of acts.
        with house.writing() as session, pytest.raises(BadInput):
            supervision.suspend(
                session, cast.claes.actor, founding.group_id, " ", public_url=URL, now=house.clock()
            )
        with house.writing() as session:
            supervision.suspend(
                session, cast.claes.actor, founding.group_id, why, public_url=URL, now=house.clock()
            )
            session.commit()
        assert state_of(house, founding) == "suspended"

        # What waited is called off; the member gets one line with the emergency numbers.
        house.phones.messages.clear()
        house.send_all()
        assert people(house, info)["cancelled"] >= 1
        (line,) = house.phones.of("+32470000050")
        assert "Havenlaan is gepauzeerd" in line
        assert "101" in line
        assert "rondes" not in line

        # Nothing can be released, by page or by shell; and nobody joins.
        assert not may_release(house, founding.slug)
        command = ("alert", "send", "--group", founding.slug, "--kind", "info", "--category", "traffic")
        assert "not active" in shell.refused(*command, "--text", "Boom op de weg.")
        house.say("+32470000051", "MEEDOEN HAVENLAAN")
        house.say("+32470000051", "ja")
        house.send_all()
        with house.reading() as session:
            newcomer = somebody(house, "+32470000051")
            assert groups.active_memberships(session, session.get_one(Person, newcomer.id)) == []
            assert session.scalars(select(Joining).where(Joining.step == "waiting")).all() == []

            # Hilde reads why; the record holds the id of who did it, and no word of it.
            suspension = supervision.state_of(session, hilde.actor, session.get_one(Group, founding.group_id))
            assert suspension is not None
            assert suspension.reason == why
            (row,) = session.scalars(select(AuditEvent).where(AuditEvent.act == "suspended")).all()
            assert (row.actor_id, row.noun_id) == (cast.claes.id, founding.group_id)
            assert "rondes" not in repr(row.detail)
