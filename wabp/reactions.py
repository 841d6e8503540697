"""Reactions: what follows when the provider refuses a message, or says later that it did not arrive.

Each error number has one action (`wabp.gateway.trouble`). In the caller's transaction; nothing here sends.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from wabp import ledger
from wabp.gateway import Outgoing, Refused
from wabp.proofs import Proof


def refused(
    session: Session, refusals: Sequence[tuple[Outgoing, Refused]], claimed_at: datetime, now: datetime
) -> None:
    """Act on messages that the provider did not take. Their rows are of one claim, and in `sending`."""
    for message, refusal in refusals:
        reason = f"provider_{refusal.code or refusal.http_status}"
        ledger.end(session, [message.delivery_id], "failed", reason, now)


def ended(session: Session, proofs: Sequence[Proof], now: datetime) -> None:
    """Act on receipts that just ended a row without its message having arrived."""
