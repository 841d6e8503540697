"""Proofs: what the provider says of a message, as a state of ours, and the raising of rows by it.

Owns the provider's words. A proof only ever raises a row: the ranks are the ledger's, and nothing here
lowers a state, ends a row or asks the provider.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    FromClause,
    Integer,
    SmallInteger,
    String,
    Table,
    and_,
    bindparam,
    case,
    cast as sql_cast,
    column,
    exists,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

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
_MOMENTS = {"accepted": "accepted_at", "sent": "sent_at", "delivered": "delivered_at", "read": "read_at"}
_ARRIVED_OR_ON_ITS_WAY = frozenset(_MOMENTS)
_HAS_IT = frozenset({"delivered", "read"})
_FIELDS: dict[str, type[TypeEngine[Any]]] = {
    "row_id": BigInteger,
    "attempt": BigInteger,
    "provider_id": String,
    "state": String,
    "rank": SmallInteger,
    "code": Integer,
    "why": String,
}


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
    connection = session.connection()
    statement = _raise_statement(connection.dialect.name)
    ended = []
    for same in _rounds(proofs):
        raised = connection.execute(statement, {"proofs": _written(same.values()), "moment": now})
        by_row = [same[row_id] for row_id in raised.scalars()]
        ended += [proof for proof in by_row if proof.state not in _ARRIVED_OR_ON_ITS_WAY]
    return ended


def _rounds(proofs: Iterable[Proof]) -> list[dict[int, Proof]]:
    """Put proofs into rounds, by row: no round says two things of one row, or of one provider id.

    Rows are in the order of their numbers, so that two who raise the same ones do not wait for each other.
    """
    rounds: list[tuple[dict[int, Proof], set[str]]] = []
    for proof in sorted(proofs, key=attrgetter("row_id")):
        for same, provider_ids in rounds:
            if proof.row_id not in same and proof.provider_id not in provider_ids:
                break
        else:
            rounds.append((same := {}, provider_ids := set()))
        same[proof.row_id] = proof
        provider_ids.add(proof.provider_id)
    return [same for same, _ in rounds]


def _written(proofs: Iterable[Proof]) -> str:
    """Return proofs as the JSON that the statement reads: a database takes one value sooner than hundreds."""
    return json.dumps([_fields(proof, proof.state) for proof in proofs])


def _fields(proof: Proof, state: str) -> dict[str, object]:
    code = proof.error_code
    return {
        "row_id": proof.row_id,
        "attempt": proof.attempt,
        "provider_id": proof.provider_id,
        "state": state,
        "rank": ledger.RANKS[state],
        "code": code,
        "why": f"provider_{code}" if code and state not in _HAS_IT else None,
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


@cache
def _raise_statement(dialect: str) -> Any:
    """Return the statement that raises many rows at once, and gives back the numbers of those that it raised."""
    table = cast(Table, Delivery.__table__)
    row, proof = table.c, _proofs(dialect).c
    moment = bindparam("moment", type_=Moment)
    has_it = proof.rank >= ledger.RANKS["delivered"]
    proves_earlier = and_(row.attempt > proof.attempt, has_it)
    other = table.alias("other").c
    held_elsewhere = exists().where(other.provider_id == proof.provider_id, other.id != row.id)
    values: dict[str, Any] = {
        "state": proof.state,
        "rank": proof.rank,
        "provider_id": case((or_(held_elsewhere, proves_earlier), row.provider_id), else_=proof.provider_id),
        "error_code": func.coalesce(proof.code, row.error_code),
        "reason": proof.why,
        "climb_at": case((has_it, None), else_=row.climb_at),
        "updated_at": moment,
        **{column: case((proof.state == state, moment), else_=row[column]) for state, column in _MOMENTS.items()},
    }
    return (
        update(table)
        .where(
            row.id == proof.row_id,
            row.rank < proof.rank,
            or_(
                and_(
                    row.attempt == proof.attempt,
                    or_(row.provider_id.is_(None), row.provider_id == proof.provider_id),
                ),
                proves_earlier,
            ),
        )
        .values(values)
        .returning(row.id)
    )


def _proofs(dialect: str) -> FromClause:
    """Return the JSON of `_written` as a table."""
    if dialect == "postgresql":
        columns = [column(name, kind) for name, kind in _FIELDS.items()]
        given = func.json_to_recordset(sql_cast(bindparam("proofs", type_=String), JSON))
        return given.table_valued(*columns).render_derived("proof", with_types=True)
    one = func.json_each(bindparam("proofs", type_=String)).table_valued("value").c.value
    said = [type_coerce(func.json_extract(one, f"$.{name}"), kind).label(name) for name, kind in _FIELDS.items()]
    return select(*said).subquery("proof")
