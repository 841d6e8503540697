"""Feedback: how often each rule of the check stopped a text, and how often people thought otherwise. Never the texts.

For the administrator of a zone, who sees from it which rules of the rulebook are too strict or too mild here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from wabp import accounts
from wabp.accounts import Actor
from wabp.models import Finding, Group

COUNTED_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class RuleCount:
    """One rule of the check: how often it stopped a text, was overruled with a reason, and was called wrong."""

    label: str
    rule: str
    refused: int
    overruled: int
    disputed: int

    @property
    def contested(self) -> int:
        """How often people thought otherwise, in one way or the other."""
        return self.overruled + self.disputed


def by_rule(session: Session, actor: Actor, *, now: datetime) -> Sequence[RuleCount]:
    """Return the counts of the administrator's zone, most contested first. Raises NotThere for anybody else."""
    accounts.require_administrator(actor)

    rows = session.execute(
        select(Finding.label, Finding.rule, _counted("refused"), _counted("confirmed"), _counted("disputed"))
        .join(Group, Group.id == Finding.group_id)
        .where(Group.zone_id == actor.zone_id, Finding.decided_at > now - COUNTED_FOR)
        .group_by(Finding.label, Finding.rule)
    )
    counts = [RuleCount(*row) for row in rows]
    return sorted(counts, key=lambda count: (-count.contested, -count.refused, count.label, count.rule))


def _counted(decision: str) -> ColumnElement[int]:
    return func.sum(case((Finding.decision == decision, 1), else_=0))
