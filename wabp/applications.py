"""Applications: founding a group, from the first answer on a page to what the applicant hears of it.

    answers of a browser → sent: group in draft → founder's phone: submitted → decided in `wabp.reviews`

Until the founder's phone has sent its code, an application belongs to the browser it was typed in and to
nobody else's eyes. Afterwards it is for who founded, coordinates or deputises, signed in.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wabp import accounts, answers as reading, appointments, groups, notices, paperwork, reverse_codes, slugs, vault
from wabp.accounts import NOBODY, Actor
from wabp.answers import QUESTIONS, Answers
from wabp.appointments import Appointed, code_for
from wabp.errors import BadInput, NotThere, WrongState
from wabp.models import Application, ApplicationVersion, Appointment, Group, Street, seal, unseal
from wabp.paperwork import Decision, Signed, Version, application_of, reference
from wabp.shredder import APPEAL_WITHIN

_CHANGEABLE = ("submitted", "more_info")
_WITHDRAWABLE = ("submitted", "more_info", "approved")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an application stands, for who applied. Versions and decisions newest first.

    `appeal_until` is there when a group was declined and an objection is still in time.
    """

    group: Group
    state: str
    since: datetime | None
    reference: str
    versions: tuple[Version, ...]
    decisions: tuple[Decision, ...]
    appointments: tuple[Appointed, ...]
    signatures: tuple[Signed, ...]
    appeal_until: datetime | None
    may_change: bool
    may_withdraw: bool
    may_sign: bool


# ---- while it is typed ----


def start(session: Session, browser: str, *, now: datetime) -> Application:
    """Return the application that a browser is typing, a new one when there is none that is not sent."""
    known = of_browser(session, browser)
    if known is not None and (known.group is None or known.group.state == "draft"):
        return known
    application = Application(browser_digest=vault.digest(browser), revision=1, created_at=now, saved_at=now)
    seal(session, application, "answers", _Kept(Answers(), {}).text)
    session.add(application)
    session.flush()
    return application


def of_browser(session: Session, browser: str) -> Application | None:
    """Return the last application that was typed in a browser, sent or not."""
    return session.scalar(
        select(Application)
        .where(Application.browser_digest == vault.digest(browser))
        .order_by(Application.created_at.desc(), Application.id.desc())
        .limit(1)
    )


def answers_of(session: Session, application: Application) -> Answers:
    """Return what was answered so far."""
    return _kept(session, application).answers


def save(
    session: Session,
    application: Application,
    question: str,
    given: Mapping[str, object],
    *,
    revision: int,
    now: datetime,
    actor: Actor = NOBODY,
) -> list[BadInput]:
    """Keep what is right of one page and return what is wrong on it; nothing wrong means saved.

    `given` has the field names of `Answers`. `revision` is the application's when the page was shown: when
    another tab answered this question otherwise since, WrongState. Once handed in, only for the `actor` who
    founded or coordinates. Raises NotThere, WrongState.
    """
    if question not in QUESTIONS:
        raise NotThere
    _hold(session, application)
    group = application.group
    if group is not None and group.state != "draft":
        _require_may_change(session, actor, group)
    kept = _kept(session, application)
    answers, wrong = reading.read(session, question, given, kept.answers)
    if group is not None and group.state != "draft" and answers.zone_id != group.zone_id:
        return [BadInput("zone_fixed", field="zone_id")]
    if answers == kept.answers:
        return wrong
    if kept.revisions.get(question, 1) > revision:
        raise WrongState("changed_elsewhere")
    application.revision += 1
    application.saved_at = now
    revisions = kept.revisions | {question: application.revision}
    seal(session, application, "answers", _Kept(answers, revisions).text)
    return wrong


def problems(session: Session, application: Application) -> list[tuple[str, BadInput]]:
    """Return what is still missing or wrong, by question: what the page with all answers shows."""
    return reading.problems(session, answers_of(session, application))


# ---- handing it in ----


def send(session: Session, application: Application, *, now: datetime) -> Group:
    """Make a group in draft of a complete application, with its appointments and their codes.

    Sent again before the founder's phone did its part, it is the same group with the answers of now; later it
    changes nothing. Raises BadInput for the first thing that is missing.
    """
    _hold(session, application)
    group = application.group
    if group is not None:
        groups.hold(session, group)
        if group.state != "draft":
            return group
    answers = answers_of(session, application)
    _require_complete(session, answers)
    if group is None:
        group = _found(session, answers, now)
        application.group = group
    elif group.name != answers.name:
        _call(session, group, answers.name)
    _hand_in(session, NOBODY, group, answers, 1, now)
    for appointment in appointments.of_group(session, group):
        if appointment.proven_at is None:
            code_for(session, application, appointment, now=now)
    return group


def founder_code(session: Session, application: Application, *, now: datetime) -> reverse_codes.Shown:
    """Return the code that the founder sends, a fresh one when it is over. Raises NotThere, WrongState."""
    return code_for(session, application, founder_of(session, application), now=now)


def founder_of(session: Session, application: Application) -> Appointment:
    """Return the founder's appointment of an application that was sent. Raises NotThere."""
    one = appointments.founder(session, application.group) if application.group else None
    if one is None:
        raise NotThere
    return one


# ---- for who applied ----


def by_slug(session: Session, actor: Actor, slug: str) -> Group:
    """Return the group whose application an actor may follow. Raises NotThere for everybody else."""
    group = groups.find(session, slug)
    if group is None or not appointments.may_see(session, actor, group):
        raise NotThere
    return group


def applicant_groups(session: Session, actor: Actor) -> list[Group]:
    """Return the groups that an actor founded, coordinates or deputises and that came about by an application."""
    if actor.kind != "person":
        return []
    concerned = session.scalars(
        select(Group)
        .join(Appointment, Appointment.group_id == Group.id)
        .where(Appointment.person_id == actor.id, Appointment.ended_at.is_(None))
        .order_by(Group.name)
    )
    return [group for group in concerned.unique() if appointments.may_see(session, actor, group)]


def standing(session: Session, actor: Actor, group: Group) -> Standing:
    """Return where an application stands. Raises NotThere for who did not apply."""
    if not appointments.may_see(session, actor, group) or application_of(session, group) is None:
        raise NotThere
    may_change = appointments.may_change(session, actor, group)
    made = paperwork.decisions(session, group)
    return Standing(
        group,
        group.state,
        group.state_since,
        reference(group),
        paperwork.versions(session, group),
        made,
        appointments.shown(session, group),
        paperwork.signatures(session, group),
        made[0].decided_at + APPEAL_WITHIN if group.state == "declined" and made else None,
        may_change and group.state in _CHANGEABLE,
        may_change and group.state in _WITHDRAWABLE,
        group.state == "approved"
        and groups.role_in(session, actor, group) == "coordinator"
        and not paperwork.has_signed(session, group, "coordinator"),
    )


def change(session: Session, actor: Actor, group: Group) -> Application:
    """Return the application to change, for who founded or coordinates. Raises NotThere, WrongState."""
    _require_may_change(session, actor, group)
    application = application_of(session, group)
    if application is None:
        raise NotThere
    return application


def resubmit(session: Session, actor: Actor, group: Group, *, now: datetime) -> None:
    """Hand the changed application in again, as a new version. Raises BadInput, NotThere, WrongState."""
    groups.hold(session, group)
    application = change(session, actor, group)
    answers = answers_of(session, application)
    _require_complete(session, answers)
    latest = paperwork.versions(session, group)[0]
    if answers == latest.answers:
        raise BadInput("nothing_changed")
    _hand_in(session, actor, group, answers, latest.number + 1, now)
    if group.state != "submitted":
        groups.move(session, group, "submitted", now=now)
    accounts.record(session, actor, "resubmitted", "group", group.id, now=now, zone_id=group.zone_id)


def withdraw(session: Session, actor: Actor, group: Group, *, now: datetime) -> None:
    """End an application that is not active yet. Others who were appointed are told. Raises NotThere, WrongState."""
    if not appointments.may_change(session, actor, group) or application_of(session, group) is None:
        raise NotThere
    groups.hold(session, group)
    if group.state not in _WITHDRAWABLE:
        raise WrongState("application_over")
    groups.move(session, group, "closed", now=now)
    accounts.record(session, actor, "withdrawn", "group", group.id, now=now, zone_id=group.zone_id)
    notices.tell_coordinators(session, group, "founding.withdrawn", now=now, but=actor.id)
    founder = appointments.founder(session, group)
    if founder is not None and founder.role == "founder" and founder.person and founder.person_id != actor.id:
        notices.tell(session, founder.person, "founding.withdrawn", group=group, now=now)


# ---- inside ----


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is sealed of an application: the answers, and at which revision each question was last answered."""

    answers: Answers
    revisions: dict[str, int]

    @property
    def text(self) -> str:
        return json.dumps({"answers": reading.to_data(self.answers), "revisions": self.revisions})


def _kept(session: Session, application: Application) -> _Kept:
    kept = json.loads(unseal(session, application, "answers"))
    return _Kept(reading.from_data(kept["answers"]), kept["revisions"])


def _hold(session: Session, application: Application) -> None:
    """Read an application anew and keep other tabs from changing it until this transaction ends."""
    session.flush()
    session.refresh(application, with_for_update=True)


def _require_may_change(session: Session, actor: Actor, group: Group) -> None:
    if not appointments.may_change(session, actor, group):
        raise NotThere
    if group.state not in _CHANGEABLE:
        raise WrongState("application_over")


def _require_complete(session: Session, answers: Answers) -> None:
    for _question, problem in reading.problems(session, answers):
        raise problem


def _found(session: Session, answers: Answers, now: datetime) -> Group:
    zone = next(zone for zone in reading.zones(session) if zone.id == answers.zone_id)
    group = Group(
        zone=zone,
        zone_id=zone.id,
        district_id=answers.district_id,
        name=answers.name,
        state="draft",
        demo=zone.demo,
        created_at=now,
        state_since=now,
    )
    _call(session, group, answers.name)
    accounts.record(session, NOBODY, "founded", "group", group.id, now=now, zone_id=zone.id)
    return group


def _hand_in(session: Session, actor: Actor, group: Group, answers: Answers, number: int, now: datetime) -> None:
    """Write a version, and let group and appointments say what it says."""
    earlier = session.scalar(
        select(ApplicationVersion).where(
            ApplicationVersion.group_id == group.id, ApplicationVersion.number == number
        )
    )
    if earlier is not None:
        # Nobody has handed it in by phone yet: it is still the same version.
        session.delete(earlier)
        session.flush()
    version = ApplicationVersion(
        group_id=group.id, number=number, charter_version=answers.charter, sent_at=now
    )
    seal(session, version, "answers", json.dumps(reading.to_data(answers)))
    session.add(version)
    group.name = answers.name
    if answers.district_id is not None:
        group.district_id = answers.district_id
    group.streets = list(
        session.scalars(select(Street).where(Street.id.in_(answers.street_ids)).order_by(Street.name))
    )
    appointments.follow(session, actor, group, answers, now=now)


def _call(session: Session, group: Group, name: str) -> None:
    """Give a group its name and a short name that no other has, also when two are named at once."""
    base = slugs.slug_of(name)
    suffix = 1
    while True:
        digits = str(suffix) if suffix > 1 else ""
        slug = base[: slugs.LONGEST - len(digits)] + digits
        taken = select(func.count()).select_from(Group).where(Group.slug == slug, Group.id != group.id)
        if not session.scalar(taken):
            try:
                with session.begin_nested():
                    group.name, group.slug = name, slug
                    session.add(group)
                return
            except IntegrityError:
                session.expire_all()
        suffix += 1
