"""A zone's own rulebook: kept with the zone, and in force for every door from the moment it is."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from wabp import accounts, groups, rules
from wabp.accounts import Actor
from wabp.errors import BadInput, NotThere
from wabp.models import Zone


def use_rulebook(
    session: Session, actor: Actor, slug: str, text: str | None, source: str, *, now: datetime
) -> rules.Rulebook:
    """Lay `text` over the rules of a zone's country, or nothing when it is None. For the operator alone.

    Raises BadInput, naming `source` and key, for a text that is no rulebook of that country, NotThere for no such zone.
    """
    accounts.require_operator(actor)
    zone = session.scalar(select(Zone).where(Zone.slug == slug).with_for_update())
    if zone is None:
        raise NotThere("unknown_zone", slug=slug)
    if text is not None:
        try:
            book = rules.read_rulebook(text, source)
        except ValueError as problem:
            raise BadInput("rulebook", why=str(problem)) from None
        if book.country != zone.country:
            raise BadInput("rulebook_country", file=source, country=book.country, needed=zone.country)
    zone.rulebook = text
    book = groups.rulebook_of_zone(zone)
    accounts.record(session, actor, "ruled", "zone", zone.id, zone_id=zone.id, detail=book.version, now=now)
    return book
