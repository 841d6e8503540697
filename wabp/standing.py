"""Standing: where the people stand that a message went to, each counted once under the best of their rows.

Owns the order of states from best to worst. Reads the ledger's rows and changes none.
"""

import uuid
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from wabp.models import Delivery

# Of several rows for one person the best counts: a text that still waits beats one that failed.
_BEST_FIRST = (
    "read",
    "delivered",
    "sent",
    "accepted",
    "sending",
    "unknown",
    "queued",
    "undelivered",
    "failed",
    "expired",
    "cancelled",
    "skipped",
)


def people_by_state(session: Session, cause: str, cause_id: uuid.UUID) -> dict[str, int]:
    """Return how many people stand at which state, each counted once under the best of their rows."""
    best = best_of_each(cause, cause_id).subquery()
    counts = session.execute(select(best.c.best, func.count()).group_by(best.c.best))
    return {state_of_goodness(number): count for number, count in counts}


def best_of_each(cause: str, cause_id: uuid.UUID) -> Select[Any]:
    """Return the query for one row per person that a cause went to: `person_id`, and `best` as a goodness."""
    return (
        select(Delivery.person_id, func.max(best_state_column()).label("best"))
        .where(Delivery.cause == cause, Delivery.cause_id == cause_id)
        .group_by(Delivery.person_id)
    )


def best_state_column() -> Any:
    """Return a SQL expression: how good a row's state is, higher is better. For `max` over one person."""
    return case({state: -position for position, state in enumerate(_BEST_FIRST)}, value=Delivery.state)


def state_of_goodness(number: int) -> str:
    """Return the state that `best_state_column` numbered."""
    return _BEST_FIRST[-number]


def goodness_of(state: str) -> int:
    """Return the number that `best_state_column` gives a state."""
    return -_BEST_FIRST.index(state)
