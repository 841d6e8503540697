"""Deciding about a group: the queue, the dossier, decisions with a reason, and the charter that both sign."""

import contextlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from sqlalchemy import event, select, update

from tests.founding import (
    HILDE,
    HILDE_DEPUTY,
    HILDE_OTHER,
    REASON,
    URL,
    Founding,
    activate,
    add_street,
    apply,
    decide,
    handed_in,
    sign,
    somebody,
    state_of,
)
from tests.house import Cast, House, Somebody, add_cast
from tests.test_commands import Shell, built, one_line
from wabp import accounts, applications, dossiers, groups, paperwork, reviews, supervision
from wabp.accounts import Actor
from wabp.errors import BadInput, NotThere, Problem, WrongState
from wabp.models import Account, AuditEvent, CharterSignature, Group, Membership, Review, unseal

PLACES = ("Havenlaan", "Dokstraat")


@pytest.fixture
def house(light_house: House, light_cast: Cast) -> House:
    """The street of the stories, with two streets that are in no group."""
    for place in PLACES:
        add_street(light_house, place)
    return light_house


@pytest.fixture
def cast(light_cast: Cast) -> Cast:
    return light_cast


def refused(act: Callable[[], object]) -> str:
    """Return the sentence with which something is refused, in Dutch."""
    with pytest.raises((BadInput, WrongState)) as problem:
        act()
    assert isinstance(problem.value, Problem)
    return problem.value.say("nl")


# ---- the queue and the dossier ----


def test_the_queue_shows_who_waits_longest_first(house: House, cast: Cast) -> None:
    first = handed_in(house, "Havenlaan", browser="one", name="Haven")
    house.clock.forward(days=1)
    second = handed_in(house, "Dokstraat", browser="two", name="Dokken", number=HILDE_OTHER)
    apply(house, "Dokstraat", browser="three", name="Niet bewezen")
    with house.reading() as session:
        waiting = dossiers.queue(session, cast.claes.actor)
        assert [one.slug for one in waiting] == ["haven", "dokken"]
        assert waiting[0].coordinator == "Hilde Maes"
        assert waiting[0].streets == ("Havenlaan",)
        assert dossiers.counts(session, cast.claes.actor) == {"todo": 2, "waiting": 0, "approved": 0, "declined": 0}
    decide(house, cast.claes, first, "more_info")
    decide(house, cast.claes, second, "decline")
    with house.reading() as session:
        assert dossiers.counts(session, cast.claes.actor) == {"todo": 0, "waiting": 1, "approved": 0, "declined": 1}
        assert [one.slug for one in dossiers.queue(session, cast.claes.actor, show="waiting")] == ["haven"]
        assert [one.slug for one in dossiers.queue(session, cast.claes.actor, show="declined")] == ["dokken"]
        assert dossiers.counts(session, cast.officer_elsewhere.actor)["declined"] == 0
        with pytest.raises(NotThere):
            dossiers.queue(session, cast.claes.actor, show="all")


def test_the_dossier_tells_what_the_charter_asks_and_what_it_rests_on(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")

    def points() -> dict[str, tuple[str, str]]:
        with house.reading() as session:
            dossier = dossiers.dossier(session, cast.claes.actor, founding.group_id)
            return {point.key: (point.mark, point.ground) for point in dossier.points}

    assert points() == {
        "call_first": ("ok", "accepted"),
        "no_patrols": ("ok", "militia_be"),
        "no_names": ("ok", "house_rules"),
        "coordinator_adult": ("ok", "declared"),
        "deputy": ("todo", "unproven"),
        "screening": ("todo", "outside"),
        "plan": ("ok", "written"),
        "invited": ("todo", "talk"),
    }
    assert tuple(points()) == dossiers.POINTS
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    assert points()["deputy"] == ("ok", "proven")
    decide(house, cast.claes, founding, "more_info", checklist={"invited": "wrong", "plan": "wrong"}, screened=True)
    assert (points()["invited"][0], points()["plan"][0], points()["screening"][0]) == ("wrong", "wrong", "ok")


def test_a_new_version_is_looked_at_anew_save_what_was_said_in_a_talk(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    marks = {"invited": "ok", "plan": "wrong"}
    decide(house, cast.claes, founding, "more_info", checklist=marks, screened=True)
    resubmit(house, founding, "Nieuw plan: de coördinator schrijft, zondag ook.")
    with house.reading() as session:
        dossier = dossiers.dossier(session, cast.claes.actor, founding.group_id)
        found = {point.key: point.mark for point in dossier.points}
    assert (found["invited"], found["screening"], found["plan"]) == ("ok", "ok", "ok")


def test_the_size_of_a_neighbour_below_five_is_not_shown(house: House, cast: Cast) -> None:
    with house.writing() as session:
        mill = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        for membership in session.scalars(select(Membership).where(Membership.group_id == mill.id)).all()[4:]:
            membership.state = "left"
        session.commit()
    founding = handed_in(house, "Vaartkant", name="Vaart")
    with house.reading() as session:
        (neighbour,) = dossiers.dossier(session, cast.claes.actor, founding.group_id).neighbours
    assert neighbour.members is None


def test_a_dossier_holds_no_number_and_nothing_that_residents_wrote(house: House, cast: Cast) -> None:
    house.say(cast.an.number, "Een wit busje, kanariemelding")
    founding = handed_in(house, "Vaartkant", name="Vaart")
    with house.reading() as session:
        shown = repr(dossiers.dossier(session, cast.claes.actor, founding.group_id))
        shown += repr(dossiers.queue(session, cast.claes.actor))
    for number in (HILDE, *(one.number for one in cast.street)):
        assert number not in shown
        assert number.removeprefix("+32") not in shown
    assert "kanarie" not in shown
    assert "Fatima" not in shown


# ---- deciding ----


def resubmit(house: House, founding: Founding, plan: str) -> None:
    hilde = somebody(house, HILDE)
    with house.writing() as session:
        group = session.get_one(Group, founding.group_id)
        application = applications.change(session, hilde.actor, group)
        assert not applications.save(
            session, application, "plan", {"plan": plan}, revision=99, now=house.clock(), actor=hilde.actor
        )
        applications.resubmit(session, hilde.actor, group, now=house.clock())
        session.commit()


@pytest.mark.parametrize("reason", ["", "  ", "ja", "\u200b\u200bok", "x" * 1_001])
def test_a_decision_needs_a_reason_of_some_words(house: House, cast: Cast, reason: str) -> None:
    founding = handed_in(house, "Havenlaan")
    for decision in ("approve", "more_info", "decline"):
        with pytest.raises(BadInput) as problem:
            decide(house, cast.claes, founding, decision, reason=reason)
        assert problem.value.field == "reason"
    assert state_of(house, founding) == "submitted"
    assert house.send_all() == 0


@pytest.mark.parametrize(
    ("given_", "field"),
    [
        ({"decision": "maybe"}, "decision"),
        ({"checklist": {"plan": "fine"}}, "checklist"),
        ({"checklist": {"plan": "wrong"}}, "checklist"),
    ],
)
def test_what_is_wrong_with_a_decision_is_said_at_its_field(
    house: House, cast: Cast, given_: dict[str, object], field: str
) -> None:
    founding = handed_in(house, "Havenlaan")
    with pytest.raises(BadInput) as problem:
        decide(house, cast.claes, founding, **given_)  # type: ignore[arg-type]
    assert problem.value.field == field
    assert state_of(house, founding) == "submitted"


def test_a_point_that_is_wrong_may_be_a_reason_to_decline(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    decide(house, cast.claes, founding, "decline", checklist={"plan": "wrong"}, screened=False)
    with house.reading() as session:
        review = session.scalars(select(Review)).one()
        assert (review.checklist["plan"], review.checklist["screening"], review.screened) == ("wrong", "todo", False)
        assert unseal(session, review, "reason") == REASON
        assert REASON.encode() not in bytes(review.reason)


def test_screening_is_ticked_and_never_said_by_the_list(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    decide(house, cast.claes, founding, checklist={"screening": "ok"}, screened=False)
    with house.reading() as session:
        review = session.scalars(select(Review)).one()
        assert (review.checklist["screening"], review.screened) == ("todo", False)


def test_a_decision_on_a_version_that_was_changed_meanwhile_is_refused(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    resubmit(house, founding, "Een ander plan.")
    assert "nieuwe versie" in refused(lambda: decide(house, cast.claes, founding, version=1))
    assert state_of(house, founding) == "submitted"
    decide(house, cast.claes, founding, version=2)


def test_a_decision_on_a_withdrawn_application_is_refused(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    hilde = somebody(house, HILDE)
    with house.writing() as session:
        applications.withdraw(session, hilde.actor, session.get_one(Group, founding.group_id), now=house.clock())
        session.commit()
    for decision in ("approve", "more_info", "decline"):
        assert "ingetrokken" in refused(lambda decision=decision: decide(house, cast.claes, founding, decision))
    assert state_of(house, founding) == "closed"


def test_what_is_decided_is_not_decided_again(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    decide(house, cast.claes, founding, "more_info")
    assert "al meer uitleg" in refused(lambda: decide(house, cast.claes, founding, "more_info"))
    decide(house, cast.claes, founding, "decline")
    for decision in ("approve", "more_info", "decline"):
        assert "al beslist" in refused(lambda decision=decision: decide(house, cast.claes, founding, decision))
    with house.reading() as session:
        assert [row.decision for row in session.scalars(select(Review).order_by(Review.id))] == ["more_info", "decline"]


def test_without_the_coordinators_code_nothing_is_approved(house: House, cast: Cast) -> None:
    founding = handed_in(
        house, "Havenlaan", founder_coordinates="no", founder_name="Hilde Maes", coordinator_name="Omar Aziz"
    )
    assert "nog niet gestuurd" in refused(lambda: decide(house, cast.claes, founding))
    house.say(HILDE_OTHER, f"AANVRAAG {founding.codes['coordinator']}")
    house.say(HILDE_OTHER, "STOP")
    assert "is gestopt" in refused(lambda: decide(house, cast.claes, founding))
    assert state_of(house, founding) == "submitted"


def test_founder_and_coordinator_are_told_that_there_is_a_decision_and_not_which(house: House, cast: Cast) -> None:
    founding = handed_in(
        house, "Havenlaan", founder_coordinates="no", founder_name="Hilde Maes", coordinator_name="Omar Aziz"
    )
    house.say(HILDE_OTHER, f"AANVRAAG {founding.codes['coordinator']}")
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    house.send_all()
    house.phones.messages.clear()
    decide(house, cast.claes, founding, "decline", reason="Te veel groepen in deze buurt.")
    house.send_all()
    assert sorted(message.to for message in house.phones.messages) == [HILDE, HILDE_OTHER]
    for message in house.phones.messages:
        assert f"{URL}/groups/havenlaan/application" in message.body
        assert "Te veel" not in message.body
        assert "geweigerd" not in message.body


def test_only_active_groups_on_the_street_are_asked_and_only_their_first(house: House, cast: Cast) -> None:
    handed_in(house, "Havenlaan", browser="one", name="Haven", number=HILDE_OTHER)
    founding = handed_in(house, "Havenlaan", "Vaartkant", browser="two", name="Vaart")
    house.phones.messages.clear()
    decide(house, cast.claes, founding, "more_info")
    house.send_all()
    assert sorted(message.to for message in house.phones.messages) == [cast.fatima.number, HILDE]
    asked = house.phones.of(cast.fatima.number)[0]
    assert asked == (
        "Molenwijk: iemand vraagt een nieuwe groep aan voor Vaartkant. Wat vindt u daarvan? Zeg het uw wijkinspecteur."
    )


# ---- one street, one group ----


def test_the_second_group_on_a_street_is_not_approved(house: House, cast: Cast) -> None:
    first = handed_in(house, "Havenlaan", browser="one", name="Haven")
    second = handed_in(house, "Dokstraat", "Havenlaan", browser="two", name="Dokken", number=HILDE_OTHER)
    decide(house, cast.claes, first)
    said = refused(lambda: decide(house, cast.claes, second))
    assert "Havenlaan hoort al bij Haven" in said
    assert state_of(house, second) == "submitted"
    third = handed_in(house, "Vaartkant", browser="three", name="Vaart", number="+32470000049")
    assert "hoort al bij Molenwijk" in refused(lambda: decide(house, cast.claes, third))


@pytest.mark.parametrize("state", ["suspended", "approved"])
def test_a_paused_group_keeps_its_streets(house: House, cast: Cast, state: str) -> None:
    with house.writing() as session:
        session.scalars(select(Group).where(Group.slug == "molenwijk")).one().state = state
        session.commit()
    founding = handed_in(house, "Vaartkant", name="Vaart")
    assert "hoort al bij Molenwijk" in refused(lambda: decide(house, cast.claes, founding))


@pytest.mark.parametrize("state", ["closed", "declined", "submitted", "draft"])
def test_a_group_that_is_not_there_holds_no_street(house: House, cast: Cast, state: str) -> None:
    with house.writing() as session:
        session.scalars(select(Group).where(Group.slug == "molenwijk")).one().state = state
        session.commit()
    founding = handed_in(house, "Vaartkant", name="Vaart")
    decide(house, cast.claes, founding)
    assert state_of(house, founding) == "approved"


# ---- the charter ----


def test_a_group_is_active_when_both_signed_in_either_order(house: House, cast: Cast) -> None:
    first = handed_in(house, "Havenlaan", browser="one", name="Haven")
    second = handed_in(house, "Dokstraat", browser="two", name="Dokken", number=HILDE_OTHER)
    for founding in (first, second):
        decide(house, cast.claes, founding)
    sign(house, cast.claes, first)
    sign(house, somebody(house, HILDE_OTHER), second)
    assert (state_of(house, first), state_of(house, second)) == ("approved", "approved")
    sign(house, somebody(house, HILDE), first)
    sign(house, cast.claes, second)
    assert (state_of(house, first), state_of(house, second)) == ("active", "active")
    house.send_all()
    assert f"{URL}/g/haven" in house.phones.of(HILDE)[-1]
    assert f"{URL}/g/dokken" in house.phones.of(HILDE_OTHER)[-1]


def test_signing_twice_is_signing_once(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    decide(house, cast.claes, founding)
    house.send_all()
    for _click in range(2):
        sign(house, cast.claes, founding)
    hilde = somebody(house, HILDE)
    for _click in range(2):
        sign(house, hilde, founding)
    assert state_of(house, founding) == "active"
    assert house.send_all() == 2
    with house.reading() as session:
        assert len(session.scalars(select(CharterSignature)).all()) == 2


def test_an_older_charter_is_signed_anew(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    decide(house, cast.claes, founding)
    sign(house, cast.claes, founding)
    with house.writing() as session:
        session.scalars(select(CharterSignature)).one().charter_version = "2026-01"
        session.commit()
    sign(house, somebody(house, HILDE), founding)
    assert state_of(house, founding) == "approved"
    with house.reading() as session:
        assert dossiers.dossier(session, cast.claes.actor, founding.group_id).may_sign
    sign(house, cast.claes, founding)
    assert state_of(house, founding) == "active"


def test_who_coordinates_signs_and_the_deputy_does_not(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    house.say(HILDE_DEPUTY, f"AANVRAAG {founding.codes['deputy']}")
    decide(house, cast.claes, founding)
    with pytest.raises(NotThere):
        sign(house, somebody(house, HILDE_DEPUTY), founding)


def test_nothing_is_signed_before_it_is_approved(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    for who in (cast.claes, somebody(house, HILDE)):
        with pytest.raises(WrongState):
            sign(house, who, founding)


def test_a_coordinator_who_left_makes_no_group_active(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    decide(house, cast.claes, founding)
    sign(house, somebody(house, HILDE), founding)
    house.say(HILDE, "STOP")
    assert "is gestopt" in refused(lambda: sign(house, cast.claes, founding))
    assert state_of(house, founding) == "approved"


# ---- who may ----


def test_every_function_is_for_the_inspector_of_the_zone_alone(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    approved = handed_in(house, "Dokstraat", browser="two", name="Dokken", number=HILDE_OTHER)
    decide(house, cast.claes, approved)
    hilde = somebody(house, HILDE)
    with house.writing() as session:
        everybody: list[Actor] = [
            *(one.actor for one in (cast.sofie, cast.karim, cast.de_smet, cast.an, cast.fatima, cast.luc)),
            *(cast.willem.actor, hilde.actor, accounts.NOBODY, accounts.SYSTEM, accounts.OPERATOR),
            replace(cast.claes.actor, zone_id=None),
            replace(cast.claes.actor, kind="person"),
        ]
        now = house.clock()

        def decision(actor: Actor) -> None:
            reviews.decide(
                session, actor, founding.group_id, version=1, decision="approve", reason=REASON, checklist={},
                screened=True, public_url=URL, now=now,
            )

        group = session.get_one(Group, approved.group_id)
        acts: list[Callable[[Actor], object]] = [
            lambda actor: dossiers.dossier(session, actor, founding.group_id),
            decision,
            lambda actor: reviews.sign(session, actor, group, public_url=URL, now=now),
        ]
        for actor in [*everybody, cast.officer_elsewhere.actor]:
            for act in acts:
                with pytest.raises(NotThere):
                    act(actor)
        for actor in everybody:
            with pytest.raises(NotThere):
                dossiers.queue(session, actor)
            with pytest.raises(NotThere):
                dossiers.counts(session, actor)
        for actor in [*everybody, cast.claes.actor, cast.officer_elsewhere.actor]:
            if actor.kind != "operator":
                with pytest.raises(NotThere):
                    reviews.approve_and_sign(session, actor, founding.slug, REASON, public_url=URL, now=now)
    assert (state_of(house, founding), state_of(house, approved)) == ("submitted", "approved")


def test_groups_that_nobody_handed_in_are_not_there(house: House, cast: Cast) -> None:
    draft = apply(house, "Havenlaan")
    with house.reading() as session:
        mill = session.scalars(select(Group.id).where(Group.slug == "molenwijk")).one()
        for group_id in (draft.group_id, mill, uuid.uuid4()):
            with pytest.raises(NotThere):
                dossiers.dossier(session, cast.claes.actor, group_id)


def test_who_decided_is_on_record_by_id_and_without_words(house: House, cast: Cast) -> None:
    founding = handed_in(house, "Havenlaan")
    activate(house, cast.claes, founding)
    with house.reading() as session:
        rows = session.scalars(
            select(AuditEvent).where(AuditEvent.noun_id == founding.group_id).order_by(AuditEvent.id)
        ).all()
        assert [(row.actor, row.act) for row in rows] == [
            ("system", "founded"), ("person", "appointed"), ("person", "submitted"), ("account", "approved"),
            ("account", "signed"), ("person", "signed"), ("person", "activated"),
        ]
        assert {row.actor_id for row in rows if row.actor == "account"} == {cast.claes.id}
        assert all(row.zone_id == cast.claes.actor.zone_id for row in rows)
        assert not any(REASON in repr(row.detail) for row in rows)


# ---- no state is skipped ----


def test_a_group_moves_only_as_the_table_says(house: House) -> None:
    with house.writing() as session:
        group = session.scalars(select(Group).where(Group.slug == "molenwijk")).one()
        for before, allowed in groups.MOVES.items():
            for after in groups.MOVES:
                group.state = before
                session.flush()
                if after in allowed:
                    groups.move(session, group, after, now=house.clock())
                    assert (group.state, group.state_since) == (after, house.clock())
                else:
                    with pytest.raises(WrongState):
                        groups.move(session, group, after, now=house.clock())
                    assert group.state == before


def test_the_table_is_the_one_of_the_rules() -> None:
    assert groups.MOVES["draft"] == ("submitted",)
    assert [before for before, moves in groups.MOVES.items() if "approved" in moves] == ["submitted", "more_info"]
    assert [before for before, moves in groups.MOVES.items() if "active" in moves] == ["approved", "suspended"]
    assert [before for before, moves in groups.MOVES.items() if "suspended" in moves] == ["active"]


@pytest.fixture
def moves() -> Iterator[list[tuple[str, str]]]:
    """Every change of any group's state that is tried, also one that is undone: from, to."""
    made: list[tuple[str, str]] = []

    def note(_group: Group, after: str, before: object, _initiator: object) -> None:
        if isinstance(before, str) and before != after:
            made.append((before, after))

    event.listen(Group.state, "set", note, active_history=True)
    yield made
    event.remove(Group.state, "set", note)


class Life:
    """A group on which anybody presses any button."""

    def __init__(self, house: House, cast: Cast, founding: Founding) -> None:
        self.house, self.cast, self.founding = house, cast, founding

    def press(self, button: str) -> None:
        with contextlib.suppress(BadInput, WrongState, NotThere):
            getattr(self, button)()

    def _hilde(self) -> Actor:
        with self.house.reading() as session:
            known = groups.person_at(session, "phone", HILDE)
            return accounts.person_actor(known.person) if known else accounts.NOBODY

    def prove(self) -> None:
        self.house.say(HILDE, f"AANVRAAG {self.founding.codes['founder']}")

    def prove_deputy(self) -> None:
        self.house.say(HILDE_DEPUTY, f"AANVRAAG {self.founding.codes['deputy']}")

    def approve(self) -> None:
        decide(self.house, self.cast.claes, self.founding)

    def ask(self) -> None:
        decide(self.house, self.cast.claes, self.founding, "more_info")

    def decline(self) -> None:
        decide(self.house, self.cast.claes, self.founding, "decline")

    def change(self) -> None:
        resubmit(self.house, self.founding, f"Plan {uuid.uuid4()}.")

    def withdraw(self) -> None:
        with self.house.writing() as session:
            group = session.get_one(Group, self.founding.group_id)
            applications.withdraw(session, self._hilde(), group, now=self.house.clock())
            session.commit()

    def send_again(self) -> None:
        with self.house.writing() as session:
            application = session.get_one(applications.Application, self.founding.application_id)
            applications.send(session, application, now=self.house.clock())
            session.commit()

    def sign_officer(self) -> None:
        sign(self.house, self.cast.claes, self.founding)

    def sign_coordinator(self) -> None:
        sign(self.house, somebody(self.house, HILDE), self.founding)

    def by_command(self) -> None:
        with self.house.writing() as session:
            reviews.approve_and_sign(
                session, accounts.OPERATOR, self.founding.slug, REASON, public_url=URL, now=self.house.clock()
            )
            session.commit()

    def suspend(self) -> None:
        with self.house.writing() as session:
            officer, group_id = self.cast.claes.actor, self.founding.group_id
            supervision.suspend(
                session, officer, group_id, "Eigen rondes.", public_url=URL, now=self.house.clock()
            )
            session.commit()

    def restore(self) -> None:
        with self.house.writing() as session:
            supervision.restore(
                session, self.cast.claes.actor, self.founding.group_id, "Besproken.", now=self.house.clock()
            )
            session.commit()


BUTTONS = [name for name in vars(Life) if not name.startswith("_") and name != "press"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    buttons=strategies.lists(strategies.sampled_from(BUTTONS), min_size=4, max_size=14),
    proven=strategies.booleans(),
)
def test_no_order_of_buttons_skips_a_state(
    house: House, cast: Cast, moves: list[tuple[str, str]], buttons: list[str], proven: bool
) -> None:
    founding = apply(house, "Havenlaan", browser=str(uuid.uuid4()), name=f"Haven {uuid.uuid4()}")
    life = Life(house, cast, founding)
    moves.clear()
    for button in ["prove"] * proven + buttons:
        life.press(button)
    assert all(after in groups.MOVES[before] for before, after in moves), moves
    with house.writing() as session:
        # The next example finds its street free, and its phones in nothing.
        session.execute(update(Group).where(Group.id == founding.group_id).values(state="closed"))
        session.execute(
            update(Membership).where(Membership.group_id == founding.group_id).values(state="left")
        )
        session.commit()


def test_the_buttons_can_bring_a_group_all_the_way(
    house: House, cast: Cast, moves: list[tuple[str, str]]
) -> None:
    life = Life(house, cast, apply(house, "Havenlaan"))
    for button in ("prove", "ask", "change", "approve", "sign_officer", "sign_coordinator", "suspend", "restore"):
        life.press(button)
    assert [after for _before, after in moves] == [
        "submitted", "more_info", "submitted", "approved", "active", "suspended", "active",
    ]


# ---- the command ----


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    """A shell on a house with the people of the stories, its tables made by the migrations."""
    with built(tmp_path) as made:
        add_cast(made)
        add_street(made, "Havenlaan")
        yield Shell(made, capsys)


def test_the_command_approves_signs_and_says_active(shell: Shell) -> None:
    house = shell.house
    founding = handed_in(house, "Havenlaan")
    house.phones.messages.clear()
    assert shell.answer("group", "approve", founding.slug, "--reason", REASON) == "active"
    assert state_of(house, founding) == "active"
    house.send_all()
    (told,) = house.phones.of(HILDE)
    assert "de beheerder van de server" in told
    assert f"{house.settings.public_url}/g/{founding.slug}" in told
    with house.reading() as session:
        group = session.get_one(Group, founding.group_id)
        (decision,) = paperwork.decisions(session, group)
        assert (decision.reason, decision.screened) == (REASON, False)
        assert {one.party for one in paperwork.signatures(session, group)} == {"coordinator", "inspector"}
        rows = session.scalars(select(AuditEvent).where(AuditEvent.actor == "operator")).all()
        assert {row.act for row in rows} == {"approved", "signed", "activated"}
    assert "is active already" in shell.refused("group", "approve", founding.slug, "--reason", REASON)


def test_the_command_signs_what_the_inspector_approved(shell: Shell) -> None:
    house = shell.house
    founding = handed_in(house, "Havenlaan")
    with house.reading() as session:
        claes = session.scalars(select(Account).where(Account.role == "inspector").order_by(Account.id)).first()
        assert claes is not None
        actor = accounts.account_actor(claes)
    decide(house, Somebody(actor.id, "", actor), founding)
    assert shell.answer("group", "approve", founding.slug, "--reason", REASON) == "active"
    with house.reading() as session:
        assert len(session.scalars(select(Review)).all()) == 1


def test_the_command_says_in_one_line_what_is_wrong(shell: Shell) -> None:
    house = shell.house
    draft = apply(house, "Havenlaan", browser="one", name="Haven")
    assert "has not sent the code" in shell.refused("group", "approve", draft.slug, "--reason", REASON)
    assert "unknown" in shell.refused("group", "approve", "unknown", "--reason", REASON)
    code, out, err = shell.run("group", "approve", draft.slug)
    assert (code, out) == (2, "")
    assert "--reason" in one_line(err)
    taken = handed_in(house, "Vaartkant", browser="two", name="Vaart")
    assert "Write why" in shell.refused("group", "approve", taken.slug, "--reason", " ")
    assert "Vaartkant belongs to Molenwijk" in shell.refused("group", "approve", taken.slug, "--reason", REASON)
    assert (state_of(house, draft), state_of(house, taken)) == ("draft", "submitted")
    alone = handed_in(
        house, "Havenlaan", browser="three", name="Alleen", number=HILDE_OTHER,
        founder_coordinates="no", founder_name="Hilde Maes", coordinator_name="Omar Aziz",
    )
    assert "has not sent the code" in shell.refused("group", "approve", alone.slug, "--reason", REASON)
