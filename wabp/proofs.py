"""Proofs: what the provider says of a message, as a state of ours, and the raising of rows by it.

Owns the provider's words. A proof only ever raises a row: the ranks are the ledger's, and nothing here
lowers a state, ends a row or asks the provider.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, case, exists, func, or_, select, update
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


def raise_states(
    session: Session, proofs: Sequence[tuple[int, str, str, int | None]], now: datetime
) -> None:
    """Raise rows by proof from the provider: (row id, provider id, provider's status, error number).

    A status that does not raise the row changes nothing. A row that is bound to another provider id is
    left alone. A provider id that another row holds proves this one all the same, and stays where it is.
    Unknown status words count as `accepted`: the provider clearly has the message.
    """
    by_state: dict[str, list[dict[str, object]]] = {}
    for row_id, provider_id, status, error_code in proofs:
        state = state_for(status, error_code)
        by_state.setdefault(state, []).append(
            {
                "row": row_id,
                "proof": provider_id,
                "code": error_code,
                "why": f"provider_{error_code}" if error_code and state not in {"delivered", "read"} else None,
                "moment": now,
            }
        )
    for state, parameters in by_state.items():
        session.connection().execute(_RAISE[state], parameters)


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
    other = cast(Table, Delivery.__table__).alias("other").c
    held_elsewhere = exists().where(other.provider_id == bindparam("proof"), other.id != row.id)
    moments = {"accepted": "accepted_at", "sent": "sent_at", "delivered": "delivered_at", "read": "read_at"}
    values: dict[str, Any] = {
        "state": state,
        "rank": ledger.RANKS[state],
        "provider_id": case((held_elsewhere, row.provider_id), else_=bindparam("proof")),
        "error_code": func.coalesce(bindparam("code"), row.error_code),
        "reason": bindparam("why"),
        "updated_at": bindparam("moment", type_=Moment),
    }
    if column := moments.get(state):
        values[column] = bindparam("moment", type_=Moment)
    return (
        update(cast(Table, Delivery.__table__))
        .where(
            row.id == bindparam("row"),
            row.rank < ledger.RANKS[state],
            or_(row.provider_id.is_(None), row.provider_id == bindparam("proof")),
        )
        .values(values)
    )


_RAISE = {state: _raise_statement(state) for state in set(_PROVIDER_STATES.values()) | {"expired"}}
