"""Reactions: what follows when the provider refuses a message, or says later that it did not arrive.

Each error number has one action (`wabp.gateway.trouble`). In the caller's transaction; nothing here sends.

    setbacks   what was refused, of rows that are still ours to decide about
    lasting    what it says beyond this message: of addresses, lanes, forms and limits
    here       what becomes of each row: SMS instead, the same once more, or the end

An urgent alert that WhatsApp does not bring goes by SMS whatever the reason (R6), unless the account is shut out, the
number is wrong, or they blocked us.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, update
from sqlalchemy.orm import Session

from wabp import addressing, lanes, ledger, messages, templates
from wabp.gateway import SMS, Outgoing, Refused
from wabp.models import Delivery
from wabp.proofs import Proof
from wabp.reactions import lasting, setbacks
from wabp.reactions.lasting import urgent_by_sms as urgent_by_sms
from wabp.reactions.setbacks import Setback

# A message that came back this often as taken and not brought is given up.
_MOST_ATTEMPTS = 20
# Not at the same instant as all the others, and not each at its own.
_JITTER = (0.8, 0.9, 1.0, 1.1, 1.2)
_STOPPED_REASONS = {True: "blocked", False: "sms_stopped"}


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a row: SMS instead, where that is possible; else the same again, now or from a moment on.

    `counts` is whether that is one of its retries.
    """

    by_sms: bool = False
    again: bool = False
    not_before: datetime | None = None
    counts: bool = False


def refused(
    session: Session, refusals: Sequence[tuple[Outgoing, Refused]], claimed_at: datetime, now: datetime
) -> None:
    """Act on messages that the provider did not take. Their rows are of one claim, and in `sending`."""
    _react(session, setbacks.of_refusals(session, refusals, claimed_at), now)


def ended(session: Session, proofs: Sequence[Proof], now: datetime) -> None:
    """Act on receipts that just ended a row without its message having arrived."""
    _react(session, setbacks.of_ends(session, proofs), now)


def _react(session: Session, found: Sequence[Setback], now: datetime) -> None:
    if not found:
        return
    lasting.tell_operator(found)
    shut_before = set(lanes.stopped(session))
    lasting.note_addresses(session, found, now)
    if any(setback.trouble.stops for setback in found):
        lasting.stop_lanes(session, found, now)
    if lost := [setback for setback in found if setback.lost_form]:
        lasting.pause_forms(session, lost, now)
    if any(setback.over_limit for setback in found):
        lasting.rest_forms(session, now)
    forms = set(templates.approved(session))
    sms_goes = SMS in lanes.open_senders(session)
    nexts = [
        (setback, _next(setback, setback.lane in shut_before, forms, sms_goes, now)) for setback in found
    ]
    by_sms = addressing.brought_by_sms(session, [s.row_id for s, next_ in nexts if next_.by_sms], now=now)
    _end(session, [s for s, next_ in nexts if s.row_id in by_sms or not next_.again], now)
    _again(session, [(s, next_) for s, next_ in nexts if s.row_id not in by_sms and next_.again], now)


# ---- what becomes of a row ----


def _next(
    setback: Setback, shut_before: bool, forms: set[tuple[str, str]], sms_goes: bool, now: datetime
) -> Next:
    trouble = setback.trouble
    has_form = setback.kind is not None and (setback.kind, setback.language) in forms
    if trouble.stops:
        # Whoever tries a shut lane should meet another message than the one that shut it.
        later = now + timedelta(seconds=trouble.seconds) if shut_before or setback.taken else None
        next_ = _later(setback, later, now)
        return _with_sms(next_, setback.urgent_by_whatsapp and sms_goes)
    if setback.over_limit:
        next_ = _later(setback, now + lanes.FORMS_REST, now)
        return _with_sms(next_, True)
    if setback.lost_form or (trouble.action == "form" and not setback.by_form):
        return Next(again=True) if has_form else Next(by_sms=setback.by_whatsapp)
    if trouble.action == "wait":
        next_ = _later(setback, now + timedelta(seconds=trouble.seconds * (setback.attempt + 1)), now)
        return next_ if next_.again else Next(by_sms=setback.urgent_by_whatsapp)
    if trouble.action == "retry":
        next_ = _retry(setback, now)
        return _with_sms(next_, setback.urgent_by_whatsapp or (setback.by_whatsapp and not next_.again))
    if trouble.action in {"other_channel", "form"}:
        return Next(by_sms=setback.by_whatsapp)
    urgent = setback.urgent_by_whatsapp and trouble.action == "final" and trouble.address != "bad"
    return Next(by_sms=urgent)


def _with_sms(next_: Next, by_sms: bool) -> Next:
    return Next(by_sms, next_.again, next_.not_before, next_.counts)


def _later(setback: Setback, moment: datetime | None, now: datetime) -> Next:
    """The same again from a moment on, as long as that is of use."""
    if setback.attempt >= _MOST_ATTEMPTS or not _lives(setback, moment or now):
        return Next()
    return Next(again=True, not_before=moment)


def _retry(setback: Setback, now: datetime) -> Next:
    """The same once more, each time after double the wait."""
    wait = setback.trouble.seconds * 2.0**setback.attempt * random.choice(_JITTER)  # noqa: S311 (only spreads load)
    later = now + timedelta(seconds=wait)
    if setback.attempt >= setback.trouble.retries or not _lives(setback, later):
        return Next()
    return Next(again=True, not_before=later, counts=True)


def _lives(setback: Setback, moment: datetime) -> bool:
    return moment + timedelta(seconds=messages.SHORTEST_LIFE) < setback.expires_at


def _end(session: Session, over: Sequence[Setback], now: datetime) -> None:
    """End rows for a reason that the board can say in words; nothing asks about them again."""
    reasons: dict[str | None, list[int]] = {}
    for setback in over:
        stopped = setback.trouble.action == "stop_contact"
        reason = _STOPPED_REASONS[setback.by_whatsapp] if stopped else setback.reason
        reasons.setdefault(reason, []).append(setback.row_id)
    for reason, ids in reasons.items():
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(ids))
            .values(
                state=case((Delivery.state == "sending", "failed"), else_=Delivery.state),
                rank=ledger.RANKS["failed"],
                reason=reason,
                climb_at=None,
                updated_at=now,
            )
            .execution_options(synchronize_session=False)
        )


def _again(session: Session, waiting: Sequence[tuple[Setback, Next]], now: datetime) -> None:
    """Queue rows once more. One that the provider never took stays at the same attempt, unless that is a retry."""
    moments: dict[tuple[bool, datetime | None, datetime | None], list[int]] = {}
    for setback, next_ in waiting:
        anew = setback.taken or next_.counts
        moments.setdefault((anew, next_.not_before, setback.claimed_at), []).append(setback.row_id)
    for (anew, not_before, claimed_at), ids in moments.items():
        if anew:
            ledger.send_again(session, ids, not_before, now)
        elif not_before is not None:
            ledger.hold(session, ids, not_before, now)
        elif claimed_at is not None:
            ledger.put_back(session, ids, claimed_at, now)
