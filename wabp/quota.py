"""The quota: how many people approved forms may reach in 24 hours, and how many are left.

It is the provider's limit for all our WhatsApp numbers together. Who writes to us first does not count, and neither
does a second form to the same person. Reads and writes rows; the caller commits.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, text, union
from sqlalchemy.orm import Session

from wabp import channels, lanes, ledger
from wabp.channels import Forms
from wabp.gateway import WHATSAPP
from wabp.models import Address, Delivery, Lane

# The provider counts over this long.
PERIOD = timedelta(hours=24)

# In the words of the partial index.
_BY_FORM = text("delivery.by_form")
# What the provider took, or may have taken.
_TAKEN = ("sending", "unknown", "accepted", "sent", "delivered", "read")


def limit(session: Session) -> int | None:
    """Return how many people approved forms may reach in 24 hours; None for any number."""
    return session.scalar(select(func.min(Lane.daily_limit)).where(Lane.channel == WHATSAPP))


def set_limit(session: Session, most: int | None) -> None:
    """Set how many people approved forms may reach in 24 hours; None for any number."""
    for lane in lanes.ours(session):
        if lane.channel == WHATSAPP:
            lanes.set_daily_limit(session, lane, most)


def used(session: Session, at: datetime) -> int:
    """Return how many people count towards the limit at a moment."""
    return session.scalar(select(func.count()).select_from(_counted(at).subquery())) or 0


def forms(session: Session, at: datetime) -> Forms | None:
    """Return what approved forms may still do at a moment; None when nothing limits them."""
    again_at = session.scalar(select(func.max(Lane.forms_again_at)).where(Lane.channel == WHATSAPP))
    if again_at is not None and again_at > at:
        return Forms(0, None)
    most = limit(session)
    return None if most is None else Forms(max(0, most - used(session, at)), _counted(at))


def rest(session: Session, now: datetime) -> datetime:
    """Keep forms from all our WhatsApp numbers: the provider says that the limit is reached. Returns until when."""
    for lane in lanes.ours(session):
        if lane.channel == WHATSAPP:
            lanes.rest_forms(session, lane, now)
    return now + lanes.FORMS_REST


def _counted(at: datetime) -> Select[uuid.UUID]:
    """Return the query for the addresses that count: each one that a form went to lately, or that one waits for."""
    went = select(Delivery.address_id).where(_BY_FORM, Delivery.claimed_at > at - PERIOD, Delivery.state.in_(_TAKEN))
    waits = (
        select(Delivery.address_id)
        .join(Address, Address.id == Delivery.address_id)
        .where(ledger.QUEUED, Delivery.channel == WHATSAPP, Delivery.cause == "alert", ~channels.window_column(at))
    )
    return select(union(went, waits).subquery().c.address_id)
