"""Pace: never more than the cap in any second, nearly all of it used, slower when told, patient with trouble."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from wabp.pace import Breaker, Pace


class Stopwatch:
    """Monotonic seconds that are moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def gone(
    pace: Pace, watch: Stopwatch, costs: Iterable[int], stall: Callable[[int], float] = lambda _: 0.0
) -> list[float]:
    """Let messages of these costs go as soon as they may, with stalls; return when each went."""
    moments = []
    for number, cost in enumerate(costs):
        watch.seconds += stall(number)
        while (wait := pace.wait(cost)) > 0:
            watch.seconds += wait
        pace.spend(cost)
        moments.append(watch.seconds)
    return moments


def most_in_a_second(moments: list[float], costs: list[int]) -> int:
    """The most that went within one second, however one places it."""
    went = list(zip(moments, costs, strict=True))
    return max(sum(cost for moment, cost in went if start <= moment < start + 1.0) for start in moments)


@pytest.mark.parametrize("per_second", [1, 3, 10, 80, 400])
def test_a_busy_lane_uses_nearly_all_of_its_cap_and_never_more(per_second: int) -> None:
    watch = Stopwatch()
    costs = [1] * (per_second * 20)
    moments = gone(Pace(per_second, watch), watch, costs)
    assert most_in_a_second(moments, costs) <= per_second
    settled = [moment for moment in moments if moment >= moments[0] + 3]
    assert (len(settled) - 1) / (settled[-1] - settled[0]) >= 0.98 * per_second


def test_after_a_rest_it_starts_a_little_slower_as_the_first_ones_wait_for_connections() -> None:
    watch = Stopwatch()
    moments = gone(Pace(80, watch), watch, [1] * 160)
    assert 60 <= sum(moment < moments[0] + 1 for moment in moments) <= 70


def test_messages_are_spread_evenly_and_not_sent_in_one_burst() -> None:
    watch = Stopwatch()
    pace = Pace(80, watch)
    watch.seconds += 3600
    moments = gone(pace, watch, [1] * 80)
    assert sum(moment < moments[0] + 0.1 for moment in moments) < 30


def test_what_a_short_stall_cost_is_caught_up_within_the_cap() -> None:
    watch = Stopwatch()
    costs = [1] * 800
    moments = gone(Pace(80, watch), watch, costs, lambda number: 0.1 if number % 40 == 0 else 0.0)
    assert most_in_a_second(moments, costs) <= 80
    assert 799 / (moments[-1] - moments[0]) >= 0.95 * 80


def test_a_text_that_costs_more_than_a_second_s_worth_goes_alone() -> None:
    watch = Stopwatch()
    first, second = gone(Pace(3, watch), watch, [5, 5])
    assert second - first >= 5 / 3


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    per_second=st.integers(1, 200),
    steps=st.lists(st.tuples(st.integers(1, 6), st.floats(0, 2)), min_size=1, max_size=60),
)
def test_however_unevenly_work_comes_the_cap_holds_in_every_second(
    per_second: int, steps: list[tuple[int, float]]
) -> None:
    watch = Stopwatch()
    costs = [min(cost, per_second) for cost, _ in steps]
    moments = gone(Pace(per_second, watch), watch, costs, lambda number: steps[number][1])
    assert most_in_a_second(moments, costs) <= per_second


def test_a_provider_that_says_too_much_is_asked_less_and_trusted_again_by_and_by() -> None:
    watch = Stopwatch()
    pace = Pace(100, watch)
    for _ in range(4):
        pace.slow_down()
        watch.seconds += 1
    slow = gone(pace, watch, [1] * 50)
    assert 49 / (slow[-1] - slow[0]) < 60
    watch.seconds += 120
    quick = gone(pace, watch, [1] * 400)
    assert 200 / (quick[-1] - quick[-201]) > 95


def test_twenty_refusals_at_once_are_one_sign() -> None:
    watch = Stopwatch()
    pace = Pace(100, watch)
    for _ in range(20):
        pace.slow_down()
    watch.seconds += 6
    moments = gone(pace, watch, [1] * 400)
    assert 200 / (moments[-1] - moments[-201]) > 95


def test_one_failure_is_nothing_and_many_in_a_row_pause_longer_and_longer() -> None:
    breaker = Breaker(Stopwatch())
    assert [breaker.failed() for _ in range(12)] == [0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]


def test_after_a_minute_of_failures_people_are_told_and_one_success_ends_it() -> None:
    watch = Stopwatch()
    breaker = Breaker(watch)
    breaker.failed()
    watch.seconds += 59
    breaker.failed()
    assert not breaker.is_open
    watch.seconds += 1
    assert breaker.is_open
    breaker.went_well()
    assert not breaker.is_open
    assert breaker.failed() == 0
