"""What the provider's refusals say beyond one message: of an address, a lane, an approved form, the limit of a day.

Only notes it; what becomes of the refused rows themselves is for `wabp.reactions`.
"""

import logging
import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, literal, or_, select, update
from sqlalchemy.orm import Session

from wabp import addressing, channels, lanes, ledger, quota, templates
from wabp.gateway import SMS, WHATSAPP
from wabp.lanes import LaneName
from wabp.models import Address, Delivery
from wabp.reactions.setbacks import Setback

log = logging.getLogger(__name__)

# R18: who is known bad this often is dead.
_BAD_IS_DEAD = 2


def tell_operator(setbacks: Sequence[Setback]) -> None:
    """Log what the operator has to mend, each number once."""
    for code in {setback.code for setback in setbacks if setback.trouble.ours}:
        same = [setback for setback in setbacks if setback.code == code]
        log.error(
            "the provider refuses: %s",
            same[0].trouble.means,
            extra={"code": code, "count": len(same), "delivery": same[0].row_id},
        )


# ---- addresses ----


def note_addresses(session: Session, setbacks: Sequence[Setback], now: datetime) -> None:
    """Keep what refusals say of people's addresses."""
    no_whatsapp = {s.address_id for s in setbacks if s.by_whatsapp and s.trouble.address == "no_whatsapp"}
    window_shut = {s.address_id for s in setbacks if s.by_whatsapp and s.trouble.action == "form" and not s.by_form}
    _change(session, window_shut, window_from=None)
    # Who has no number is known by WhatsApp alone, so they have it.
    _change(session, no_whatsapp, Address.kind == "phone", whatsapp=False, no_whatsapp_at=now)
    _count_bad(session, setbacks, now)
    _stop_sms(session, {s.address_id for s in setbacks if _wants_no_sms(s)}, now)


def _wants_no_sms(setback: Setback) -> bool:
    return setback.lane.channel == SMS and setback.trouble.action == "stop_contact"


def _count_bad(session: Session, setbacks: Sequence[Setback], now: datetime) -> None:
    """Count wrong numbers. What is known bad twice is dead; where WhatsApp still brings messages, only for SMS."""
    for by_sms in (True, False):
        bad = {s.address_id for s in setbacks if s.trouble.address == "bad" and (s.lane.channel == SMS) == by_sms}
        _change(session, bad, bad_count=Address.bad_count + 1)
        only_sms = and_(Address.whatsapp, literal(by_sms))
        dead = (Address.bad_count >= _BAD_IS_DEAD, Address.dead_at.is_(None))
        _change(session, bad, *dead, only_sms, sms_stopped_at=now)
        _change(session, bad, *dead, ~only_sms, dead_at=now)


def _stop_sms(session: Session, addresses: Collection[uuid.UUID], now: datetime) -> None:
    """Write to addresses by SMS no more, until they ask for it: what waits for that does not leave."""
    if not addresses:
        return
    _change(session, addresses, sms_stopped_at=now)
    session.execute(
        update(Delivery)
        .where(Delivery.address_id.in_(list(addresses)), Delivery.channel == SMS, Delivery.state == "queued")
        .values(state="skipped", rank=ledger.RANKS["skipped"], reason="sms_stopped", updated_at=now)
        .execution_options(synchronize_session=False)
    )


def _change(session: Session, addresses: Collection[uuid.UUID], *which: Any, **values: Any) -> None:
    if addresses:
        session.execute(
            update(Address)
            .where(Address.id.in_(sorted(addresses)), *which)
            .values(**values)
            .execution_options(synchronize_session="fetch")
        )


# ---- lanes ----


def stop_lanes(session: Session, setbacks: Sequence[Setback], now: datetime) -> None:
    """Shut the lanes that the provider takes nothing from any more; what is urgent there goes by SMS."""
    codes: dict[LaneName, int | None] = {}
    for setback in setbacks:
        if setback.trouble.stops == "account":
            codes |= dict.fromkeys(lanes.ours(session), setback.code)
        elif setback.trouble.stops == "lane":
            codes.setdefault(setback.lane, setback.code)
    for lane, code in codes.items():
        lanes.stop(session, lane, code, now)
    urgent_by_sms(session, now)


def urgent_by_sms(session: Session, now: datetime) -> int:
    """Let urgent alerts that wait for a WhatsApp number that is shut go by SMS, as long as SMS goes.

    Returns how many.
    """
    shut = [lane.sender for lane in lanes.stopped(session) if lane.channel == WHATSAPP]
    if not shut or SMS not in lanes.open_senders(session):
        return 0
    urgent = and_(
        Delivery.sender.in_(shut), Delivery.cause == "alert", Delivery.priority == ledger.PRIORITY_URGENT
    )
    moved = len(addressing.move_to_sms(session, urgent, "queued", now=now))
    if moved:
        log.warning("urgent alerts go by SMS: WhatsApp is shut", extra={"count": moved})
    return moved


# ---- the limit, and forms ----


def rest_forms(session: Session, now: datetime) -> None:
    """Write to no new people by approved forms for a while; who waits for one gets an SMS instead."""
    again_at = quota.rest(session, now)
    outside = select(Address.id).where(~channels.window_column(now))
    waits = and_(
        Delivery.cause == "alert",
        Delivery.address_id.in_(outside),
        or_(Delivery.not_before.is_(None), Delivery.not_before < again_at),
    )
    moved = len(addressing.move_to_sms(session, waits, "queued", now=now))
    log.warning("the provider lets approved forms reach no more people", extra={"count": moved})


def pause_forms(session: Session, setbacks: Sequence[Setback], now: datetime) -> None:
    """Take forms out of use that the provider does not take any more."""
    for form in {s.form for s in setbacks if s.form is not None}:
        templates.pause(session, form, now=now)
    used: dict[tuple[str, str], datetime] = {}
    for setback in setbacks:
        if setback.form is None and setback.kind is not None and setback.claimed_at is not None:
            which = (setback.kind, setback.language)
            used[which] = min(used.get(which, setback.claimed_at), setback.claimed_at)
    for (kind, language), used_at in used.items():
        templates.pause_used(session, kind, language, used_at=used_at, now=now)
