"""The demo zone: Ghent with its real districts and streets, one active group, and invented people.

Their numbers start with +32 400, which is given to nobody. Even so, delivery never writes to a demo
person through a real provider.
"""

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from wabp import applications, appointments, groups, texts
from wabp.data import ghent
from wabp.errors import BadInput, WrongState
from wabp.models import (
    Account,
    Address,
    Alert,
    AlertText,
    Application,
    ApplicationVersion,
    Appointment,
    Base,
    CharterSignature,
    Consent,
    Delivery,
    District,
    Finding,
    Group,
    GroupStreet,
    InboundMessage,
    Joining,
    Membership,
    Person,
    Reply,
    Report,
    ReverseCode,
    Review,
    Sanction,
    SignIn,
    SignInCode,
    SimulatedMessage,
    Street,
    Zone,
    new_id,
    seal,
    vault_of,
)
from wabp.models.base import label_of

ZONE_SLUG = "demo"
GROUP_SLUG = "demo"
DEFAULT_MEMBERS = 24
MOST_MEMBERS = 900_000

_GROUP_NAME = "Buurtgroep Muide"
_GROUP_DISTRICT = "Muide"
_GROUP_STREETS = 9
_APPLICATION_NAME = "Buurtgroep Achter de Dokken"
_APPLICATION_STREETS = 5
_COORDINATOR, _DEPUTY = "Greet Vanlerberghe", "Youssef Amrani"
_OFFICES = (
    ("inspector", "Peter Claes"),
    ("youth_inspector", "Sofie Maertens"),
    ("partner", "Karim Haddad"),
    ("zone_admin", "Ria De Smet"),
)
# Who applies for a second group, and waits for the district officer. One of the streets has a group already.
_APPLICANT, _APPLICANT_NUMBER = "Hilde Vermassen", "+32400888001"
_APPLICATION: dict[str, dict[str, object]] = {
    "motive": {"motive": "Vier inbraken in de zomer. We willen elkaar snel kunnen verwittigen."},
    "coordinator": {"founder_coordinates": "yes", "founder_name": _APPLICANT, "adult": "yes"},
    "deputy": {"deputy_name": "Dirk Goethals"},
    "plan": {"plan": "Hoogstens twee berichten per week, alleen na een oproep naar 101. Twee avonden per jaar samen."},
}
_AT_ONCE = 5_000
# What hangs on a group, in the order in which it can be removed.
_OF_GROUPS = (
    *(Reply, Sanction, Joining, Review, CharterSignature),
    *(ReverseCode, Appointment, ApplicationVersion, Application),
)


def load(session: Session, *, members: int, quiet: str | None, now: datetime) -> Group:
    """Load the demo zone afresh: an earlier one goes, with all that belongs to its people.

    `quiet` is None (the rulebook's hours), "none", or "22:00-07:00". Raises BadInput.
    """
    if not 2 <= members <= MOST_MEMBERS:
        raise BadInput("demo_members", field="members", most=MOST_MEMBERS)
    remove(session)
    zone = Zone(
        slug=ZONE_SLUG, name="Gent", country="be", timezone="Europe/Brussels", demo=True, created_at=now
    )
    session.add(zone)
    group = _add_places(session, zone, quiet, now)
    _add_offices(session, zone, now)
    session.flush()
    _add_members(session, zone, group, members, now)
    _add_application(session, group, now)
    return group


def is_loaded(session: Session) -> bool:
    """Tell whether any zone, the demo or a real one, is in the database."""
    return session.scalar(select(Zone.id).limit(1)) is not None


def number(position: int) -> str:
    """Return the invented number of the demo's nth member, counted from 1."""
    return f"+32400{position:06d}"


def remove(session: Session) -> None:
    """Remove the demo zone and all that its people wrote and got. Raises WrongState if real groups use it."""
    zone_id = session.scalar(select(Zone.id).where(Zone.slug == ZONE_SLUG, Zone.demo))
    if zone_id is None:
        if session.scalar(select(Zone.id).where(Zone.slug == ZONE_SLUG)) is not None:
            raise WrongState("demo_slug_taken", slug=ZONE_SLUG)
        return
    theirs = select(Group.id).where(Group.zone_id == zone_id)
    people = select(Person.id).where(Person.zone_id == zone_id)
    alerts = select(Alert.id).where(Alert.group_id.in_(theirs))
    accounts = select(Account.id).where(Account.zone_id == zone_id)
    digests = select(Address.index_digest).where(Address.person_id.in_(people))
    districts = select(District.id).where(District.zone_id == zone_id)
    for statement in (
        delete(SimulatedMessage),
        *(delete(table).where(table.group_id.in_(theirs)) for table in _OF_GROUPS),
        delete(SignInCode).where(SignInCode.person_id.in_(people)),
        delete(InboundMessage).where(InboundMessage.from_digest.in_(digests)),
        delete(Delivery).where(Delivery.person_id.in_(people)),
        delete(Report).where(Report.group_id.in_(theirs)),
        delete(Finding).where(Finding.group_id.in_(theirs)),
        delete(AlertText).where(AlertText.alert_id.in_(alerts)),
        delete(Alert).where(Alert.group_id.in_(theirs)),
        delete(Consent).where(Consent.group_id.in_(theirs)),
        delete(Membership).where(Membership.group_id.in_(theirs)),
        delete(SignIn).where(or_(SignIn.person_id.in_(people), SignIn.account_id.in_(accounts))),
        delete(Address).where(Address.person_id.in_(people)),
        delete(Person).where(Person.zone_id == zone_id),
        delete(Account).where(Account.zone_id == zone_id),
        delete(GroupStreet).where(GroupStreet.group_id.in_(theirs)),
        delete(Group).where(Group.zone_id == zone_id),
        delete(Street).where(Street.district_id.in_(districts)),
        delete(District).where(District.zone_id == zone_id),
        delete(Zone).where(Zone.id == zone_id),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def _add_places(session: Session, zone: Zone, quiet: str | None, now: datetime) -> Group:
    group = None
    for found in ghent()["districts"]:
        district = District(zone=zone, name=found["name"], outline=list(found["outline"]))
        streets = [
            Street(district=district, name=street["name"], postcode=street["postcode"], assigned="demo")
            for street in found["streets"]
        ]
        session.add_all([district, *streets])
        if group is None and _GROUP_DISTRICT in found["name"]:
            group = Group(
                zone=zone,
                district=district,
                slug=GROUP_SLUG,
                name=_GROUP_NAME,
                state="active",
                quiet=quiet,
                demo=True,
                created_at=now,
                streets=streets[:_GROUP_STREETS],
            )
            session.add(group)
    assert group is not None
    return group


def _add_offices(session: Session, zone: Zone, now: datetime) -> None:
    for role, name in _OFFICES:
        account = Account(zone=zone, role=role, demo=True, created_at=now)
        account.name = vault_of(session).seal(label_of(Account, "name"), account.id, name)
        session.add(account)


def _add_members(session: Session, zone: Zone, group: Group, members: int, now: datetime) -> None:
    streets = [street.id for street in group.streets]
    rows = (_member(session, zone.id, group.id, streets, position, now) for position in range(1, members + 1))
    tables: tuple[type[Base], ...] = (Person, Address, Membership, Consent)
    while chunk := list(islice(rows, _AT_ONCE)):
        for table, values in zip(tables, zip(*chunk, strict=True), strict=True):
            session.execute(insert(table), list(values))


def _add_application(session: Session, group: Group, now: datetime) -> None:
    """Let somebody apply for the streets next to the demo's group, by the way that everybody takes."""
    last = group.streets[-1].name
    nearby = session.scalars(
        select(Street)
        .where(Street.district_id == group.district_id, Street.name >= last)
        .order_by(Street.name)
        .limit(_APPLICATION_STREETS)
    )
    application = applications.start(session, secrets.token_urlsafe(), now=now)
    area: dict[str, object] = {
        "zone_id": group.zone_id,
        "district_id": group.district_id,
        "street_ids": [street.id for street in nearby],
        "name": _APPLICATION_NAME,
    }
    charter: dict[str, object] = {"charter": groups.rulebook_of(group).version}
    for question, given in {"area": area, **_APPLICATION, "charter": charter}.items():
        wrong = applications.save(session, application, question, given, revision=application.revision, now=now)
        assert not wrong, wrong
    applications.send(session, application, now=now)
    code = applications.founder_code(session, application, now=now)
    person = Person(zone_id=group.zone_id, language="nl", demo=True, created_at=now)
    address = Address(person=person, kind="phone", window_from=now, created_at=now)
    fingerprint = vault_of(session).fingerprint("phone", _APPLICANT_NUMBER)
    address.index_key, address.index_digest = fingerprint.key_id, fingerprint.digest
    seal(session, address, "value", _APPLICANT_NUMBER)
    session.add(address)
    session.flush()
    appointments.prove(session, person, code.letters, means="demo", public_url="", now=now)


def _member(
    session: Session,
    zone_id: uuid.UUID,
    group_id: uuid.UUID,
    streets: Sequence[uuid.UUID],
    position: int,
    now: datetime,
) -> tuple[dict[str, Any], ...]:
    vault = vault_of(session)
    person_id, address_id = new_id(), new_id()
    value = number(position)
    fingerprint = vault.fingerprint("phone", value)
    role = {1: "coordinator", 2: "deputy"}.get(position, "member")
    name = {1: _COORDINATOR, 2: _DEPUTY}.get(position)
    return (
        {
            "id": person_id,
            "zone_id": zone_id,
            "language": texts.LANGUAGES[(position - 1) % len(texts.LANGUAGES)],
            "name": vault.seal(label_of(Person, "name"), person_id, name) if name else None,
            "demo": True,
            "created_at": now,
        },
        {
            "id": address_id,
            "person_id": person_id,
            "kind": "phone",
            "value": vault.seal(label_of(Address, "value"), address_id, value),
            "index_key": fingerprint.key_id,
            "index_digest": fingerprint.digest,
            "is_primary": True,
            "whatsapp": True,
            "window_from": now,
            "created_at": now,
        },
        {
            "id": new_id(),
            "group_id": group_id,
            "person_id": person_id,
            "street_id": streets[(position - 1) % len(streets)],
            "number": position,
            "role": role,
            "state": "active",
            "joined_at": now,
        },
        {
            "id": new_id(),
            "person_id": person_id,
            "group_id": group_id,
            "text_version": "demo",
            "means": "demo",
            "given_at": now,
        },
    )
