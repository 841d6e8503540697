"""The directory: which open group somebody means by a name, and which group a street belongs to.

Only active groups are found. A group that is suspended, closed or not yet approved looks like none at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import keywords, slugs, streets
from wabp.models import District, Group, GroupStreet, Street

_SAYS_NOTHING = frozenset(
    """
    buurtgroep buurt groep de het groupe quartier du la le les group the neighbourhood gruppe nachbarschaftsgruppe
    der die
    """.split()
)


@dataclass(frozen=True, slots=True)
class Named:
    """The groups that a name may mean. `sure` is False when letters had to be forgiven: ask first."""

    groups: tuple[Group, ...]
    sure: bool


@dataclass(frozen=True, slots=True)
class Placed:
    """A street that was typed: a street of the group itself, or the other open groups that it belongs to."""

    own: Street | None
    others: tuple[Group, ...]


def named(session: Session, words: str) -> Named:
    """Return the open groups of a name, or the one that was nearly typed."""
    wanted = {key for key in (streets.key(words), _bare(words)) if key}
    by_key: dict[str, list[Group]] = {}
    for group in session.scalars(select(Group).where(Group.state == "active").order_by(Group.slug)):
        for key in _keys_of(group):
            by_key.setdefault(key, []).append(group)
    exact = {group.id: group for key in wanted for group in by_key.get(key, ())}
    # Two groups of one name: the short name is one group's alone.
    by_slug = [group for group in exact.values() if streets.key(group.slug) in wanted]
    if exact:
        return Named(tuple(by_slug if len(by_slug) == 1 else exact.values()), True)
    near = {close for typed in wanted if (close := streets.nearest(typed, by_key))}
    found = {group.id: group for close in near for group in by_key[close]}
    return Named(tuple(found.values()), False)


def is_named(group: Group, words: str) -> bool:
    """Tell whether words are the name of a group, whatever its state."""
    return bool({streets.key(words), _bare(words)} & set(_keys_of(group)))


def word_for(group: Group, language: str) -> str:
    """Return what to send to join a group: "REJOINDRE KERKPLEIN". The word sets the language of what we answer."""
    return f"{keywords.JOIN[language]} {group.slug.upper()}"


def streets_of(group: Group) -> Sequence[Street]:
    """Return a group's streets in the order in which the zone lists them."""
    return sorted(group.streets, key=lambda street: street.id)


def place(session: Session, group: Group, typed: str) -> Placed:
    """Return where a typed street is: in the group, in other open groups of its zone, or nowhere."""
    own = {street.name: street for street in group.streets}
    in_zone = session.scalars(
        select(Street.name)
        .join(District, District.id == Street.district_id)
        .where(District.zone_id == group.zone_id)
        .distinct()
    ).all()
    found = streets.best(typed, _own_first(own, in_zone)) or streets.best(typed, own)
    if found is None or found in own:
        return Placed(own.get(found or ""), ())
    others = session.scalars(
        select(Group)
        .join(GroupStreet, GroupStreet.group_id == Group.id)
        .join(Street, Street.id == GroupStreet.street_id)
        .where(Group.zone_id == group.zone_id, Group.state == "active", Street.name == found)
        .order_by(Group.slug)
        .distinct()
    ).all()
    return Placed(None, tuple(others))


def _own_first(own: Iterable[str], others: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*own, *others]))


def _keys_of(group: Group) -> set[str]:
    keys = {streets.key(group.slug), streets.key(group.name), slugs.slug_of(group.name), _bare(group.name)}
    return {key for key in keys if key}


def _bare(words: str) -> str:
    """Return the key of a name without what nearly every name has: "muide" for Buurtgroep Muide."""
    return streets.key(" ".join(word for word in keywords.fold(words).split() if word not in _SAYS_NOTHING))
