"""Notices: short messages to those who run a group, by text key. Content stays behind the sign-in."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from wabp import channels, ledger
from wabp.models import Membership


def tell(
    session: Session,
    membership: Membership,
    text_key: str,
    text_values: Mapping[str, str],
    *,
    notice_id: uuid.UUID,
    now: datetime,
) -> bool:
    """Write one notice to a member, in their language. Returns False when there is no address to write to."""
    address = next((address for address in membership.person.addresses if address.is_primary), None)
    if address is None or address.dead_at is not None:
        return False
    ledger.add_message(
        session,
        cause="notice",
        cause_id=notice_id,
        address=address,
        language=membership.person.language,
        channel=channels.channel_of(address, now),
        text_key=text_key,
        text_values=text_values,
        now=now,
    )
    return True
