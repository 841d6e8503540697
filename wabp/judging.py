"""Judging: what the rulebook of a group says of texts before they leave, and keeping what was decided about them.

Every door that sends words asks here: alerts, corrections, replies to one resident. Kept are label, rule, action
and decision under the rulebook's version; never the words.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wabp import groups, limits, rules
from wabp.accounts import Actor
from wabp.models import Finding, Group, new_id

MOST_DISPUTES, DISPUTES_WITHIN = 20, timedelta(hours=1)


@dataclass(frozen=True)
class Check:
    """What the rules say of texts by language: the findings that still stand, and under which rulebook."""

    texts: Mapping[str, str]
    findings: Mapping[str, Sequence[rules.Finding]]
    verdict: rules.Verdict
    rulebook: rules.Rulebook
    kind: rules.Kind
    category: str | None
    places: Sequence[str]

    @property
    def standing(self) -> list[rules.Finding]:
        """All findings that still stand, in all versions."""
        return [finding for found in self.findings.values() for finding in found]

    def better(self, language: str) -> str:
        """Return the text in `language` with the words to put instead: nothing in it is refused."""
        return rules.rewrite(
            self.texts[language],
            self.findings[language],
            language,
            self.rulebook,
            places=self.places,
            kind=self.kind,
            category=self.category,
        )


def check_texts(group: Group, texts: Mapping[str, str], *, kind: rules.Kind, category: str | None = None) -> Check:
    """Check texts by language for a group: what the composer shows while somebody types.

    On an urgent alert the call question settles `urgent_no_call`: nothing leaves before it is answered.
    """
    rulebook = groups.rulebook_of(group)
    places = [street.name for street in group.streets] + [group.name, group.district.name]

    def found_in(text: str, language: str) -> list[rules.Finding]:
        return rules.check(text, language, rulebook, places=places, kind=kind, category=category)

    found = {}
    for language, text in texts.items():
        findings = found_in(text, language)
        if "\n" in text:
            # SMS puts the lines together, and a name may stand across two of them.
            joined = found_in(text.replace("\n", " "), language)
            across = (f for f in joined if f.start is not None and "\n" in text[f.start : f.end])
            findings += [finding for finding in across if finding not in findings]
        found[language] = rules.settled(findings, kind=kind, called=True)
    everything = [finding for findings in found.values() for finding in findings]
    verdict = rules.verdict(everything, kind=kind, called=True)
    return Check(texts, found, verdict, rulebook, kind, category, places)


def keep(
    session: Session,
    actor: Actor,
    group: Group,
    check: Check,
    decision: str,
    *,
    alert_id: uuid.UUID | None = None,
    only: rules.Finding | None = None,
    now: datetime,
) -> None:
    """Keep what stands in a check, or `only` one of it, with what was decided, without the words.

    Decisions are refused, confirmed (sent with a reason) and disputed (called wrong, which lets nothing pass).
    """
    attempt = new_id()
    for finding in check.standing if only is None else [only]:
        session.add(
            Finding(
                group_id=group.id,
                alert_id=alert_id,
                author_id=actor.id if actor.kind == "person" else None,
                attempt=attempt,
                label=finding.label,
                rule=finding.rule,
                action=finding.action,
                decision=decision,
                rulebook_version=check.rulebook.version,
                decided_at=now,
            )
        )


def dispute(
    session: Session, actor: Actor, group: Group, check: Check, finding: rules.Finding, *, now: datetime
) -> None:
    """Count that a coordinator calls a finding wrong. It lets nothing pass; a rule is counted so often an hour.

    Raises NotThere for who does not coordinate the group.
    """
    groups.require_coordinating(session, actor, group)
    if limits.spend(session, "dispute", actor.id, MOST_DISPUTES, DISPUTES_WITHIN, now=now):
        keep(session, actor, group, check, "disputed", only=finding, now=now)
