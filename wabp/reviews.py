"""Reviews: an inspector decides about the groups of their zone, and signs the charter with the coordinator.

    submitted → approve, more_info, decline (each with a reason that the applicant reads) → both sign → active

One at a time in a zone: two groups could otherwise take the same street in the same moment.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from wabp import accounts, appointments, groups, notices, paperwork, texts
from wabp.accounts import Actor
from wabp.dossiers import MARKS, OPEN, checklist_of, group_of_zone
from wabp.errors import BadInput, WrongState
from wabp.models import CharterSignature, Group, Membership, Review, Zone, seal
from wabp.paperwork import Version

# What each decision brings a group to.
DECISIONS = {"approve": "approved", "more_info": "more_info", "decline": "declined"}
SHORTEST_REASON, LONGEST_REASON = 3, 1_000
_PARTIES = ("coordinator", "inspector")


def decide(
    session: Session,
    officer: Actor,
    group_id: uuid.UUID,
    *,
    version: int,
    decision: str,
    reason: str,
    checklist: Mapping[str, str],
    screened: bool,
    public_url: str,
    now: datetime,
) -> Group:
    """Approve an application, ask for more, or decline it; the applicant is told that there is a decision.

    `version` is the one that the officer read, `checklist` their marks by point; what is left out stands as
    the answers tell. Raises BadInput, NotThere, WrongState.
    """
    group = group_of_zone(session, officer, group_id)
    _hold(session, group)
    _require_open(group)
    latest = paperwork.versions(session, group)[0]
    if version != latest.number:
        raise WrongState("application_newer")
    if decision not in DECISIONS:
        raise BadInput("choose_decision", field="decision")
    if DECISIONS[decision] == group.state:
        raise WrongState("already_asked")
    said = _reason(reason)
    marks = _marks(session, group, latest, checklist, screened)
    if decision == "approve" and "wrong" in marks.values():
        raise BadInput("checklist_wrong", field="checklist")
    _decide(session, officer, group, version, decision, said, marks, now)
    _tell_applicants(session, group, public_url, now)
    if decision == "more_info":
        _ask_neighbours(session, group, now)
    return group


def sign(session: Session, actor: Actor, group: Group, *, public_url: str, now: datetime) -> None:
    """Sign the present charter for an approved group, as its coordinator or its inspector.

    When both have, the group is active. Signing twice changes nothing. Raises NotThere, WrongState.
    """
    party = _party(session, actor, group)
    groups.hold(session, group)
    if group.state == "active":
        return
    if group.state != "approved":
        raise WrongState("group_move", group=group.name)
    if paperwork.has_signed(session, group, party):
        return
    _sign(session, actor, group, party, now)
    if all(paperwork.has_signed(session, group, one) for one in _PARTIES):
        _activate(session, actor, group, now)
        link = f"{public_url}/g/{group.slug}"
        notices.tell_coordinators(session, group, "founding.active", now=now, values={"link": link})
    elif party == "inspector":
        link = f"{public_url}/groups/{group.slug}/application"
        person = _require_coordinator(session, group).person
        notices.tell(session, person, "founding.signed_by_police", group=group, now=now, values={"link": link})


def approve_and_sign(
    session: Session, operator: Actor, slug: str, reason: str, *, public_url: str, now: datetime
) -> Group:
    """Approve a group and sign for both, by a command on the machine. Those who run the group are told.

    Raises BadInput, NotThere, WrongState.
    """
    accounts.require_operator(operator)
    group = groups.by_slug(session, operator, slug)
    _hold(session, group)
    if group.state == "active":
        raise WrongState("group_already_active", group=group.name)
    if group.state == "draft":
        raise WrongState("founder_unproven", group=group.name)
    said = _reason(reason)
    if group.state != "approved":
        _require_open(group)
        latest = next(iter(paperwork.versions(session, group)), None)
        marks = _marks(session, group, latest, {}, screened=False) if latest else {}
        _decide(session, operator, group, latest.number if latest else 0, "approve", said, marks, now)
        _tell_applicants(session, group, public_url, now, but_coordinators=True)
    for party in _PARTIES:
        _sign(session, operator, group, party, now)
    _activate(session, operator, group, now)
    link = f"{public_url}/g/{group.slug}"
    notices.tell_coordinators(session, group, "founding.operator_approved", now=now, values={"link": link})
    return group


# ---- inside ----


def _marks(
    session: Session, group: Group, version: Version, given: Mapping[str, str], screened: bool
) -> dict[str, str]:
    """Return the officer's mark of every point. That police screened somebody is ticked, never guessed."""
    marks = {point.key: given.get(point.key, point.mark) for point in checklist_of(session, group, version)}
    if not set(marks.values()) <= set(MARKS):
        raise BadInput("checklist_mark", field="checklist")
    if screened or marks["screening"] == "ok":
        marks["screening"] = "ok" if screened else "todo"
    return marks


def _reason(typed: str) -> str:
    reason = texts.clean(typed)
    if len(reason) < SHORTEST_REASON:
        raise BadInput("decision_reason", field="reason")
    if len(reason) > LONGEST_REASON:
        raise BadInput("answer_too_long", field="reason", length=len(reason), longest=LONGEST_REASON)
    return reason


def _hold(session: Session, group: Group) -> None:
    """Keep others from deciding in this zone meanwhile: two groups could take the same street at once."""
    session.execute(select(Zone.id).where(Zone.id == group.zone_id).with_for_update(key_share=True))
    groups.hold(session, group)


def _require_open(group: Group) -> None:
    if group.state == "closed":
        raise WrongState("application_withdrawn")
    if group.state not in OPEN:
        raise WrongState("application_decided")


def _require_coordinator(session: Session, group: Group) -> Membership:
    """Return the coordinator, who sent the code and did not stop. Raises BadInput."""
    found = next((one for one in groups.coordinators(session, group.id) if one.role == "coordinator"), None)
    if found is not None:
        return found
    proven = any(one.role == "coordinator" and one.proven_at for one in appointments.of_group(session, group))
    raise BadInput("coordinator_left" if proven else "coordinator_unproven", field="decision", group=group.name)


def _require_free_streets(session: Session, group: Group) -> None:
    for street, other in groups.holding(session, [street.id for street in group.streets], but=group.id):
        raise BadInput("street_taken", field="decision", street=street.name, group=other.name)


def _decide(
    session: Session,
    actor: Actor,
    group: Group,
    version: int,
    decision: str,
    reason: str,
    marks: dict[str, str],
    now: datetime,
) -> None:
    if decision == "approve":
        _require_coordinator(session, group)
        _require_free_streets(session, group)
    groups.move(session, group, DECISIONS[decision], now=now)
    review = Review(
        group_id=group.id,
        version=version,
        decision=decision,
        checklist=marks,
        screened=marks.get("screening") == "ok",
        account_id=actor.id if actor.kind == "account" else None,
        rulebook_version=groups.rulebook_of(group).version,
        decided_at=now,
    )
    seal(session, review, "reason", reason)
    session.add(review)
    accounts.record(session, actor, DECISIONS[decision], "group", group.id, now=now, zone_id=group.zone_id)


def _tell_applicants(
    session: Session, group: Group, public_url: str, now: datetime, *, but_coordinators: bool = False
) -> None:
    """Tell founder and coordinator that there is a decision; what it says is behind the link."""
    coordinating = {one.person_id: one.person for one in groups.coordinators(session, group.id)}
    people = {one.person_id: one.person for one in groups.coordinators(session, group.id)[:1]}
    founder = appointments.founder(session, group)
    if founder is not None and founder.person is not None and appointments.may_be_told(session, founder):
        people[founder.person.id] = founder.person
    link = {"link": f"{public_url}/groups/{group.slug}/application"}
    for person_id, person in people.items():
        if not (but_coordinators and person_id in coordinating):
            notices.tell(session, person, "founding.decided", group=group, now=now, values=link)


def _ask_neighbours(session: Session, group: Group, now: datetime) -> None:
    """Ask who coordinates an active group on the same streets for their view: on the streets, and nothing else."""
    for overlap in paperwork.overlaps(session, [street.id for street in group.streets], but=group.id):
        if overlap.state != "active":
            continue
        other = session.get_one(Group, overlap.group_id)
        streets = {"streets": ", ".join(overlap.streets)}
        for membership in groups.coordinators(session, other.id)[:1]:
            notices.tell(session, membership.person, "founding.view_asked", group=other, now=now, values=streets)


def _party(session: Session, actor: Actor, group: Group) -> str:
    """Return for which party an actor signs. Raises NotThere for who is neither."""
    if actor.kind == "person" and groups.role_in(session, actor, group) == "coordinator":
        return "coordinator"
    group_of_zone(session, actor, group.id)
    return "inspector"


def _sign(session: Session, actor: Actor, group: Group, party: str, now: datetime) -> None:
    """Sign the present charter for one party; a signature under an older one is renewed."""
    if paperwork.has_signed(session, group, party):
        return
    session.execute(
        delete(CharterSignature).where(CharterSignature.group_id == group.id, CharterSignature.party == party)
    )
    session.add(
        CharterSignature(
            group_id=group.id,
            party=party,
            signed_by=actor.kind,
            signed_by_id=actor.id,
            charter_version=groups.rulebook_of(group).version,
            signed_at=now,
        )
    )
    session.flush()
    accounts.record(session, actor, "signed", "group", group.id, now=now, zone_id=group.zone_id, detail=party)


def _activate(session: Session, actor: Actor, group: Group, now: datetime) -> None:
    _require_coordinator(session, group)
    groups.move(session, group, "active", now=now)
    accounts.record(session, actor, "activated", "group", group.id, now=now, zone_id=group.zone_id)
