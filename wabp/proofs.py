"""Proofs: what the provider says of a message, as a state of ours, and the raising of rows by it.

Owns the provider's words. A proof only ever raises a row: the ranks are the ledger's, and nothing here
lowers a state, ends a row or asks the provider.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, case, exists, false, func, or_, select, update
from sqlalchemy.orm import Session

from wabp import ledger
from wabp.models import Delivery
from wabp.models.base import Moment

# The provider's words for a message's state, as ours.
_PROVIDER_STATES = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "cancelled",
}
VALIDITY_EXPIRED = 30036
_ARRIVED_OR_ON_ITS_WAY = frozenset({"accepted", "sent", "delivered", "read"})


@dataclass(frozen=True, slots=True)
class Proof:
    """What the provider says of the message that a row became at one attempt, in the provider's own words."""

    row_id: int
    attempt: int
    provider_id: str
    status: str
    error_code: int | None = None

    @property
    def state(self) -> str:
        """The same as a state of ours."""
        return state_for(self.status, self.error_code)


def raise_states(session: Session, proofs: Iterable[Proof], now: datetime) -> list[Proof]:
    """Raise rows by proof. Returns the proofs that ended a row without its message having arrived.

    A status that does not raise the row changes nothing, nor does one about an earlier attempt, unless it says
    that the person has the message. A row that is bound to another provider id is left alone. A provider id that
    another row holds proves this one all the same, and stays where it is. Unknown status words count as `accepted`:
    the provider clearly has the message.
    """
    by_state: dict[str, list[Proof]] = {}
    for proof in proofs:
        by_state.setdefault(proof.state, []).append(proof)
    ended = []
    for state, same in by_state.items():
        if state in _ARRIVED_OR_ON_ITS_WAY:
            session.connection().execute(_RAISE[state], [_parameters(proof, now) for proof in same])
        else:
            ended += [proof for proof in same if _changes(session, proof, now)]
    return ended


def _changes(session: Session, proof: Proof, now: datetime) -> bool:
    return session.connection().execute(_RAISE[proof.state], _parameters(proof, now)).rowcount > 0


def _parameters(proof: Proof, now: datetime) -> dict[str, object]:
    explains = proof.error_code and proof.state not in {"delivered", "read"}
    return {
        "row": proof.row_id,
        "try": proof.attempt,
        "proof": proof.provider_id,
        "code": proof.error_code,
        "why": f"provider_{proof.error_code}" if explains else None,
        "moment": now,
    }


def state_for(provider_status: str, error_code: int | None) -> str:
    """Return our state for the provider's word."""
    if error_code == VALIDITY_EXPIRED:
        return "expired"
    return _PROVIDER_STATES.get(provider_status, "accepted")


def bound_ids(session: Session, provider_ids: Collection[str]) -> set[str]:
    """Return which of these provider ids already belong to a row."""
    if not provider_ids:
        return set()
    known = session.scalars(select(Delivery.provider_id).where(Delivery.provider_id.in_(provider_ids)))
    return {provider_id for provider_id in known if provider_id is not None}


def _raise_statement(state: str) -> Any:
    row = cast(Table, Delivery.__table__).c
    proves_earlier = row.attempt > bindparam("try") if state in {"delivered", "read"} else false()
    other = cast(Table, Delivery.__table__).alias("other").c
    held_elsewhere = exists().where(other.provider_id == bindparam("proof"), other.id != row.id)
    moments = {"accepted": "accepted_at", "sent": "sent_at", "delivered": "delivered_at", "read": "read_at"}
    values: dict[str, Any] = {
        "state": state,
        "rank": ledger.RANKS[state],
        "provider_id": case((or_(held_elsewhere, proves_earlier), row.provider_id), else_=bindparam("proof")),
        "error_code": func.coalesce(bindparam("code"), row.error_code),
        "reason": bindparam("why"),
        "updated_at": bindparam("moment", type_=Moment),
    }
    if state in {"delivered", "read"}:
        values["climb_at"] = None
    if column := moments.get(state):
        values[column] = bindparam("moment", type_=Moment)
    return (
        update(cast(Table, Delivery.__table__))
        .where(
            row.id == bindparam("row"),
            row.rank < ledger.RANKS[state],
            or_(
                and_(
                    row.attempt == bindparam("try"),
                    or_(row.provider_id.is_(None), row.provider_id == bindparam("proof")),
                ),
                proves_earlier,
            ),
        )
        .values(values)
    )


_RAISE = {state: _raise_statement(state) for state in set(_PROVIDER_STATES.values()) | {"expired"}}
