"""What a provider can do wrong: to one request by script, or to a share of all by chance that a seed repeats."""

import random
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Answer:
    """How one request is treated; without a script every request gets a plain `Answer()`."""

    status: int = 201
    code: int | None = None
    retry_after: str | None = None
    # Whether the message is taken, and what is cut off or left hanging afterwards.
    accepts: bool = True
    drops: bool = False
    hangs_seconds: float = 0.0
    # The end that the message comes to, with the error in the receipt.
    ends: str = "delivered"
    error: int | None = None
    text: str | None = None
    location: str | None = None


PLAIN = Answer()
DROPPED_AFTER_ACCEPTING = Answer(drops=True)
DROPPED_BEFORE_ACCEPTING = Answer(drops=True, accepts=False)
UNREADABLE = Answer(text="<html>all is well</html>")


def refused(code: int, status: int = 400) -> Answer:
    """Return the answer that refuses a request with one of Twilio's numbers."""
    return Answer(status=status, code=code, accepts=False)


def too_many(retry_after: str | None = None) -> Answer:
    """Return the answer to somebody who asks too fast."""
    return Answer(status=429, code=20429, retry_after=retry_after, accepts=False)


def broken(status: int = 500, *, accepts: bool = False) -> Answer:
    """Return the provider's own fault, with or without having taken the message."""
    return Answer(status=status, code=20500, accepts=accepts)


def hanging(seconds: float, *, accepts: bool = True) -> Answer:
    """Return an answer that keeps one waiting; for a message that was not taken it never comes."""
    return Answer(hangs_seconds=seconds, accepts=accepts, drops=not accepts)


def ending(status: str, error: int) -> Answer:
    """Return an acceptance whose message ends badly later on."""
    return Answer(ends=status, error=error)


@dataclass(frozen=True)
class Receipts:
    """How status callbacks reach the product: when, how often, in which order, or not at all."""

    delay: float = 0.0
    copies: int = 1
    reversed: bool = False
    lost: bool = False
    reads: bool = False


@dataclass(frozen=True)
class Faults:
    """What goes wrong by chance: shares of requests to send, and of callbacks, between 0 and 1.

    Half of what hangs or is broken was taken all the same. What happens to the n-th message to a phone depends
    on the seed alone, and not on which message came first.
    """

    seed: int = 0
    lost_answers: float = 0.0
    hangs: float = 0.0
    fives: float = 0.0
    hang_seconds: float = 15.0
    callbacks_lost: float = 0.0
    callbacks_doubled: float = 0.0
    callbacks_shuffled: bool = False
    # Each callback comes up to so many seconds too late.
    callbacks_late: float = 0.0

    def fate(self, to: str, number: int) -> "Fate":
        """Return what happens to the n-th request to send to an address."""
        return Fate(self, random.Random(f"{self.seed} {to} {number}"))


@dataclass(frozen=True)
class Fate:
    """What goes wrong with one message."""

    faults: Faults
    _dice: random.Random

    @classmethod
    def kind(cls) -> Self:
        """Return the fate of a message with which nothing goes wrong."""
        return cls(Faults(), random.Random(0))

    def answer(self) -> Answer:
        """Return how the request is treated."""
        faults, rolled, accepts = self.faults, self._dice.random(), self._dice.random() < 0.5
        shares = [
            (faults.lost_answers, DROPPED_AFTER_ACCEPTING),
            (faults.hangs, hanging(faults.hang_seconds, accepts=accepts)),
            (faults.fives, broken(accepts=accepts)),
        ]
        for share, answer in shares:
            if rolled < share:
                return answer
            rolled -= share
        return PLAIN

    def delays(self, copies: int) -> list[float]:
        """Return after how many seconds each copy of a callback comes; none for one that is lost."""
        faults = self.faults
        if self._dice.random() < faults.callbacks_lost:
            return []
        copies += self._dice.random() < faults.callbacks_doubled
        return [self._dice.uniform(0, faults.callbacks_late) for _ in range(copies)]

    def shuffle(self, calls: list[dict[str, str]]) -> None:
        """Bring the callbacks of one message into any order."""
        self._dice.shuffle(calls)
