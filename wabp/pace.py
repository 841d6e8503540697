"""Pace: when the next message of a lane may go, just under what its sender may send. Pure; time is handed in.

In any second there is never more than the cap, spread evenly; what a short stall cost is caught up. After a rest it
starts a little slower: the first messages wait for connections, and would arrive together with those behind them. When
the provider says that it is too much all the same, the pace drops and comes back.
"""

from collections import deque
from collections.abc import Callable

# A second of the provider's clock can be a little longer than one of ours: messages arrive unevenly.
_WINDOW_SECONDS = 1.01
_UNDER_CAP = 1.008
_CATCH_UP_SECONDS = 0.1
_REST_SECONDS, _START_SECONDS, _START_SHARE = 1.0, 1.5, 0.85

# Above this nobody counts by the second any more.
_COUNTED_UP_TO = 1_000

# A provider that refuses one refuses all that arrive with it: that is one sign, not many.
_ONE_SIGN_SECONDS = 1.0
_SLOWER, _SLOWEST = 0.8, 0.05
_FASTER_A_SECOND = 0.04


class Pace:
    """Keeps a lane under `per_second` messages, or segments. `now` is a monotonic clock in seconds."""

    def __init__(self, per_second: int, now: Callable[[], float]) -> None:
        self.per_second = per_second
        self._now = now
        self._rest = max(_REST_SECONDS, 3 / per_second)
        self._share = 1.0
        self._share_at = now()
        self._next_at = now()
        self._slowed_at = self._spent_at = self._started_at = float("-inf")
        self._lately: deque[tuple[float, int]] | None = deque() if per_second <= _COUNTED_UP_TO else None
        self._lately_cost = 0

    def wait(self, cost: int) -> float:
        """Return for how many seconds something of this cost has to wait; 0 when it may go."""
        now = self._now()
        return max(0.0, self._next_at - now, self._window_wait(cost, now))

    def spend(self, cost: int) -> None:
        """Note that something of this cost goes now."""
        now = self._now()
        if now - self._spent_at > self._rest:
            self._started_at = self._next_at = now
        self._spent_at = now
        share = self._share_now(now) * (_START_SHARE if now - self._started_at < _START_SECONDS else 1.0)
        rate = self.per_second / _UNDER_CAP * share
        self._next_at = max(self._next_at, now - _CATCH_UP_SECONDS) + cost / rate
        if self._lately is not None:
            self._lately.append((now, cost))
            self._lately_cost += cost

    def slow_down(self) -> None:
        """Note that the provider says that it is too much."""
        now = self._now()
        if now - self._slowed_at < _ONE_SIGN_SECONDS:
            return
        self._slowed_at = now
        self._share = max(_SLOWEST, self._share_now(now) * _SLOWER)
        self._share_at = now

    def _share_now(self, now: float) -> float:
        return min(1.0, self._share + (now - self._share_at) * _FASTER_A_SECOND)

    def _window_wait(self, cost: int, now: float) -> float:
        lately = self._lately
        if lately is None:
            return 0.0
        while lately and lately[0][0] <= now - _WINDOW_SECONDS:
            self._lately_cost -= lately.popleft()[1]
        excess = self._lately_cost + cost - self.per_second
        if excess <= 0:
            return 0.0
        for at, spent in lately:
            excess -= spent
            if excess <= 0:
                return at + _WINDOW_SECONDS - now
        # A single message that costs more than a second's worth goes alone.
        return lately[-1][0] + _WINDOW_SECONDS - now if lately else 0.0


class Breaker:
    """Says how long to leave a provider alone that fails again and again. `now` is a monotonic clock in seconds."""

    PATIENCE = 5
    FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
    STOPPED_AFTER = 60.0

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failures = 0
        self._since: float | None = None

    def went_well(self) -> None:
        """Note that the provider answered as it should."""
        self._failures, self._since = 0, None

    def failed(self) -> float:
        """Note a failure. Returns how many seconds to pause now."""
        self._failures += 1
        if self._since is None:
            self._since = self._now()
        over = self._failures - self.PATIENCE
        return 0.0 if over < 0 else min(self.LONGEST_PAUSE, self.FIRST_PAUSE * 2.0 ** min(over, 5))

    @property
    def is_open(self) -> bool:
        """Whether nothing but failures came for so long that people should be told."""
        return self._since is not None and self._now() - self._since >= self.STOPPED_AFTER
