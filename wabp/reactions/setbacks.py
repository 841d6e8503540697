"""Setbacks: rows whose message did not get through, with what the provider said and all that a decision needs.

Reads only, and only rows that are still ours to decide about: of the claim, or of the attempt, that the news is of.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from wabp import ledger
from wabp.gateway import WHATSAPP, Outgoing, Refused, trouble
from wabp.gateway.trouble import Trouble
from wabp.lanes import LaneName
from wabp.models import Alert, Delivery
from wabp.proofs import Proof


@dataclass(frozen=True, slots=True)
class Setback:
    """One row, and what the provider said of its message.

    `kind` is that of its alert, None for answers and notices. `form` is the approved form that it went by, when that
    is known; `by_form` whether it was any. `taken` is whether the provider had the message.
    """

    row_id: int
    attempt: int
    lane: LaneName
    kind: str | None
    language: str
    priority: int
    claimed_at: datetime | None
    expires_at: datetime
    address_id: uuid.UUID
    code: int | None
    reason: str | None
    trouble: Trouble
    by_form: bool
    form: str | None
    taken: bool

    @property
    def by_whatsapp(self) -> bool:
        """Whether it went by WhatsApp."""
        return self.lane.channel == WHATSAPP

    @property
    def urgent_by_whatsapp(self) -> bool:
        """Whether SMS should bring it at once, as long as somebody may be helped by it (R6)."""
        return self.by_whatsapp and self.kind is not None and self.priority == ledger.PRIORITY_URGENT

    @property
    def over_limit(self) -> bool:
        """Whether it says that forms may reach no more people now."""
        return self.trouble.limit and self.by_form and self.by_whatsapp

    @property
    def lost_form(self) -> bool:
        """Whether it says that its form cannot be used any more."""
        return self.trouble.bad_form and self.by_form and self.by_whatsapp


def of_refusals(
    session: Session, refusals: Sequence[tuple[Outgoing, Refused]], claimed_at: datetime
) -> list[Setback]:
    """Return the setbacks of messages that were not taken, without rows that somebody else claimed meanwhile."""
    said = {message.delivery_id: (message, refusal) for message, refusal in refusals}
    ours = and_(Delivery.state == "sending", Delivery.claimed_at == claimed_at)
    setbacks = []
    for row in _rows(session, said, ours):
        message, refusal = said[row.id]
        if row.attempt == message.attempt:
            form = message.content_sid
            known = _Known(trouble.of(refusal.code, refusal.http_status), form is not None, form, taken=False)
            setbacks.append(_setback(row, refusal.code, f"provider_{refusal.code or refusal.http_status}", known))
    return setbacks


def of_ends(session: Session, proofs: Sequence[Proof]) -> list[Setback]:
    """Return the setbacks of messages that were taken and did not arrive. What lapsed or was called off is none."""
    said = {proof.row_id: proof for proof in proofs if proof.state in _DID_NOT_ARRIVE}
    setbacks = []
    for row in _rows(session, said, Delivery.state.in_(_DID_NOT_ARRIVE)):
        proof = said[row.id]
        if row.attempt == proof.attempt:
            known = _Known(trouble.of(proof.error_code), row.by_form, None, taken=True)
            setbacks.append(_setback(row, proof.error_code, row.reason, known))
    return setbacks


_DID_NOT_ARRIVE = ("failed", "undelivered")
_READ = (
    *(Delivery.id, Delivery.attempt, Delivery.channel, Delivery.sender, Delivery.language, Delivery.priority),
    *(Delivery.claimed_at, Delivery.expires_at, Delivery.address_id, Delivery.by_form, Delivery.reason),
)


@dataclass(frozen=True, slots=True)
class _Known:
    trouble: Trouble
    by_form: bool
    form: str | None
    taken: bool


def _rows(session: Session, ids: Iterable[int], ours: ColumnElement[bool]) -> Sequence[Any]:
    wanted = list(ids)
    if not wanted:
        return []
    query = (
        select(*_READ, Alert.kind)
        .outerjoin(Alert, and_(Delivery.cause == "alert", Alert.id == Delivery.cause_id))
        .where(Delivery.id.in_(wanted), ours)
        .order_by(Delivery.id)
    )
    return session.execute(query.with_for_update(of=Delivery, key_share=True)).all()


def _setback(row: Any, code: int | None, reason: str | None, known: _Known) -> Setback:
    return Setback(
        row_id=row.id,
        attempt=row.attempt,
        lane=LaneName(row.channel, row.sender),
        kind=row.kind,
        language=row.language,
        priority=row.priority,
        claimed_at=row.claimed_at,
        expires_at=row.expires_at,
        address_id=row.address_id,
        code=code,
        reason=reason,
        trouble=known.trouble,
        by_form=known.by_form,
        form=known.form,
        taken=known.taken,
    )
