"""What tests of joining share: what phones hear, what is kept of somebody, and coordinators who decide."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.house import Cast, House, add_group, add_member
from wabp import groups, jobs, joining, own_data
from wabp.accounts import OPERATOR, Actor
from wabp.models import Consent, Group, Joining, Membership, Person, Zone


class Phone:
    """One telephone: says something, and hears what it got since it last listened."""

    def __init__(self, house: House, number: str, channel: str = "whatsapp") -> None:
        self.house, self.number, self.channel = house, number, channel

    def says(self, text: str, **fields: str) -> str:
        """Send us a text. Returns what came back, "" for nothing; more than one answer fails."""
        assert self.house.say(self.number, text, self.channel, **fields).status_code == 200
        heard = self.hears()
        assert len(heard) <= 1, heard
        return heard[0] if heard else ""

    def hears(self) -> list[str]:
        self.house.send_all()
        got = [message for message in self.house.phones.messages if message.to == self.number]
        self.house.phones.messages = [one for one in self.house.phones.messages if one.to != self.number]
        assert all(message.channel == self.channel for message in got)
        return [message.body for message in got]

    def joins(self, street: str = "2", keyword: str = "MEEDOEN MOLENWIJK") -> str:
        """Go the whole way to the coordinator. Returns the last answer."""
        self.says(keyword)
        self.says("ja")
        return self.says(street)


def kept(house: House, number: str) -> dict[str, object] | None:
    """Return what is kept about a number."""
    with house.writing() as session:
        return own_data.of_number(session, OPERATOR, number, now=house.clock())


def standing(house: House, number: str) -> tuple[dict[str, str], int]:
    """Return somebody's memberships by group, and how many consents of theirs live."""
    with house.reading() as session:
        address = groups.person_at(session, "phone", number)
        if address is None:
            return {}, 0
        of_person = select(Membership).where(Membership.person_id == address.person_id)
        consents = session.scalars(select(Consent).where(Consent.person_id == address.person_id))
        found = {membership.group.slug: membership.state for membership in session.scalars(of_person)}
        return found, sum(consent.withdrawn_at is None for consent in consents)


def steps(house: House, number: str) -> dict[str, str]:
    """Return where somebody stands on the way into each group."""
    with house.reading() as session:
        address = groups.person_at(session, "phone", number)
        if address is None:
            return {}
        rows = session.scalars(select(Joining).where(Joining.person_id == address.person_id))
        return {row.group.slug: row.step for row in rows}


@contextmanager
def page(house: House, slug: str = "molenwijk") -> Iterator[tuple[Session, Group]]:
    """A coordinator's page: a session and the group, committed at the end."""
    with house.writing() as session:
        yield session, session.scalars(select(Group).where(Group.slug == slug)).one()
        session.commit()


def requests(house: House, actor: Actor, slug: str = "molenwijk") -> list[joining.Request]:
    with page(house, slug) as (session, group):
        return joining.requests(session, actor, group)


def request_id(house: House, actor: Actor) -> uuid.UUID:
    """Return the id of the one request that waits."""
    [request] = requests(house, actor)
    return request.id


def admit(house: House, cast: Cast) -> None:
    """Let Fatima admit the one who waits."""
    wanted = request_id(house, cast.fatima.actor)
    with page(house) as (session, _group):
        joining.admit(session, cast.fatima.actor, wanted, now=house.clock())


def refuse(house: House, cast: Cast, reason: str = "woont er niet", *, tell: bool = False) -> None:
    """Let Fatima refuse the one who waits."""
    wanted = request_id(house, cast.fatima.actor)
    with page(house) as (session, _group):
        joining.refuse(session, cast.fatima.actor, wanted, reason=reason, tell=tell, now=house.clock())


def set_state(house: House, number: str, state: str) -> None:
    """Set the state of somebody's memberships."""
    with house.writing() as session:
        address = groups.person_at(session, "phone", number)
        assert address is not None
        for one in session.scalars(select(Membership).where(Membership.person_id == address.person_id)):
            one.state = state
        session.commit()


def group_state(house: House, slug: str, state: str) -> None:
    with page(house, slug) as (_session, group):
        group.state = state


def add_kerkplein(house: House) -> None:
    """Add the active group next door, with its own coordinator."""
    with house.writing() as session:
        zone = session.scalars(select(Zone).where(Zone.country == "be")).one()
        group = add_group(session, zone, "kerkplein", ("Rue de l'Église", "Kerkplein"), house.clock(), name="Kerkplein")
        add_member(session, group, "+32470000050", house.clock(), role="coordinator", name="Rosa")
        session.commit()


def forget(house: House) -> None:
    jobs.forget_strangers(house.services)


def people(house: House) -> int:
    with house.reading() as session:
        return len(session.scalars(select(Person.id)).all())
