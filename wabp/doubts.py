"""Doubts: rows that were claimed and whose hand-over nobody can prove.

They are looked up in the provider's books from 60 seconds on. Only when the books do not show a row twice,
30 seconds apart, is it put back to be sent again (ADR 0002). No session is open while the books are asked,
and nothing here sends.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from wabp import ledger, messages, proofs, reactions
from wabp.gateway import CannotAsk, Gateway, Outgoing, Seen

_LOOK_AFTER = timedelta(seconds=60)
_LOOK_AGAIN_AFTER = timedelta(seconds=30)
_LOOKS_AT_ONCE = 200


@dataclass(frozen=True)
class Doubt:
    """A row without proof, and what its message looked like.

    `beside` are the messages of other rows without proof to the same person by the same channel: an entry in the books
    that reads like one of these is theirs.
    """

    message: Outgoing
    claimed_at: datetime
    missed_at: datetime | None
    beside: Sequence[Outgoing] = ()


# What asking the provider about doubtful rows gave: None where it could not be asked.
Looks = Sequence[tuple[Doubt, Sequence[Seen] | None]]


def doubts(session: Session, sending: messages.Sending, now: datetime) -> list[Doubt]:
    """Return the rows that it is time to look up in the provider's books."""
    composer = messages.Composer(session, sending, now)
    due = [
        (composer.try_message(row), claimed_at, missed_at)
        for row, claimed_at, missed_at in ledger.in_doubt(
            session, now - _LOOK_AFTER, now - _LOOK_AGAIN_AFTER, _LOOKS_AT_ONCE
        )
    ]
    return beside_others(
        session, composer, [Doubt(message, claimed_at, missed_at) for message, claimed_at, missed_at in due if message]
    )


def beside_others(session: Session, composer: messages.Composer, found: Sequence[Doubt]) -> list[Doubt]:
    """Return the same doubts, each with the messages of others that the books may show beside it."""
    rivals = ledger.in_doubt_beside(session, [doubt.message.delivery_id for doubt in found])
    texts = {
        row_id: [message for row in rows if (message := composer.try_message(row))] for row_id, rows in rivals.items()
    }
    return [replace(doubt, beside=texts.get(doubt.message.delivery_id, ())) for doubt in found]


async def look(gateway: Gateway, in_doubt: Sequence[Doubt]) -> Looks:
    """Ask the provider what it has for each doubtful row; None where it cannot be asked now."""

    async def one(doubt: Doubt) -> tuple[Doubt, Sequence[Seen] | None]:
        try:
            seen = await gateway.seen(doubt.message.channel, doubt.message.to, doubt.claimed_at)
        except CannotAsk:
            return doubt, None
        return doubt, seen

    return await asyncio.gather(*map(one, in_doubt))


def settle(session: Session, looks: Looks, now: datetime) -> None:
    """Bind the rows that the books show; queue again those that they did not show twice."""
    proved = found_in_books(session, looks)
    reactions.ended(session, proofs.raise_states(session, proved, now), now)
    shown = {proof.row_id for proof in proved}
    for doubt, found in looks:
        row_id = doubt.message.delivery_id
        if found is None or row_id in shown:
            continue
        if doubt.missed_at is None:
            ledger.mark_missed(session, [row_id], doubt.claimed_at, now)
        else:
            ledger.put_back(session, [row_id], doubt.claimed_at, now)


def found_in_books(session: Session, looks: Looks) -> list[proofs.Proof]:
    """Return what the books prove of doubtful rows, each entry for one row.

    The same text decides first. An entry that no row accounts for counts as well: what was sent may read
    otherwise than what we would compose now, and nobody must be warned twice.
    """
    asked = [(doubt, found) for doubt, found in looks if found is not None]
    taken = proofs.bound_ids(session, {seen.provider_id for _, found in asked for seen in found})
    matches: dict[int, proofs.Proof] = {}
    for fits in (_same_text, _same_time):
        for doubt, found in asked:
            row_id = doubt.message.delivery_id
            match = next((seen for seen in found if seen.provider_id not in taken and fits(seen, doubt)), None)
            if match is not None and row_id not in matches:
                taken.add(match.provider_id)
                matches[row_id] = proofs.Proof(
                    row_id, doubt.message.attempt, match.provider_id, match.status, match.error_code
                )
    return list(matches.values())


def _same_text(seen: Seen, doubt: Doubt) -> bool:
    return _reads_like(seen, doubt.message) and not _of_earlier_attempt(seen, doubt)


def _same_time(seen: Seen, doubt: Doubt) -> bool:
    """Whether this claim could have made an entry that nobody else accounts for.

    One from later is another row's, perhaps still on its way.
    """
    in_time = seen.created_at < doubt.claimed_at + _LOOK_AFTER and not _of_earlier_attempt(seen, doubt)
    return in_time and not any(_reads_like(seen, other) for other in doubt.beside)


def _of_earlier_attempt(seen: Seen, doubt: Doubt) -> bool:
    """Whether an entry may be what made this attempt necessary: a message that did not arrive."""
    return doubt.message.attempt > 0 and seen.status in {"failed", "undelivered"}


def _reads_like(seen: Seen, message: Outgoing) -> bool:
    """Whether an entry holds a message's words. Of an approved form only its variables are known here."""
    if message.body is not None:
        return seen.body.strip() == message.body.strip()
    return all(value in seen.body for value in message.variables.values())
