"""Which trial of a search comes next, and how it ends."""

from collections.abc import Callable
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from njst.contract.results.trial import TrialPlan, TrialPurpose, TrialResult
from njst.contract.spec.search import Search
from njst.experiments.search_end import SearchOutcome
from tests.unit.experiments.searching import BREACHED, HELD, UNDECIDED, capped, result, search

SPEC = Search(from_messages_per_second=1000)
CALM = Search(from_messages_per_second=1000, recovery_seconds=0)


def _rate(plan: TrialPlan) -> int:
    return plan.messages_per_second or 0


def test_search__hard_cap__climbs_narrows_and_confirms_both_bounds() -> None:
    searched = search(capped(5000), CALM)
    assert searched.end.outcome is SearchOutcome.FOUND
    assert (searched.end.lower or 0) <= 5000 < (searched.end.upper or 0)
    assert (searched.end.upper or 0) <= 1.05 * (searched.end.lower or 0) + 2
    assert searched.steps[:6] == [
        ("Climb", 1000),
        ("Climb", 2000),
        ("Climb", 4000),
        ("Climb", 8000),
        ("Repeat", 8000),
        ("Recheck", 3809),
    ]
    assert [purpose for purpose, _ in searched.steps[-4:]] == ["ConfirmUpper"] + 3 * [
        "ConfirmLower"
    ]
    assert {t.plan.window_seconds for t in searched.trials[-4:]} == {60}
    assert searched.end.message.endswith(" held in longer trials, and 5074 did not: Breached")


def test_search__each_breach__is_followed_by_a_trial_at_the_lowest_rate() -> None:
    searched = search(capped(5000), SPEC)
    for trial, after in zip(searched.trials, searched.trials[1:], strict=False):
        is_recovery = after.plan.purpose is TrialPurpose.RECOVERY
        assert is_recovery == (trial.judgement is BREACHED)
        assert not is_recovery or (after.plan.messages_per_second, after.plan.window_seconds) == (
            1000,
            5,
        )


def test_search__long_confirmation__is_the_first_and_must_hold() -> None:
    spec = CALM.model_copy(update={"long_confirmation_seconds": 150})
    searched = search(capped(5000), spec)
    assert [t.plan.window_seconds for t in searched.trials[-3:]] == [150, 60, 60]

    def slow_after_two_minutes(plan: TrialPlan) -> TrialResult:
        highest = 3000 if plan.window_seconds > 120 else 5000
        return result(plan, HELD if _rate(plan) <= highest else BREACHED)

    end = search(slow_after_two_minutes, spec).end
    assert end.outcome is SearchOutcome.FOUND
    assert (end.lower or 0) <= 3000 < (end.upper or 0)


def test_search__highest_rate_holds__is_a_lower_bound() -> None:
    searched = search(capped(10**9), CALM, high=3000)
    assert searched.steps == [
        ("Climb", 1000),
        ("Climb", 2000),
        ("Climb", 3000),
        *3 * [("ConfirmLower", 3000)],
    ]
    assert (searched.end.outcome, searched.end.lower) == (SearchOutcome.LOWER_BOUND, 3000)
    assert searched.end.upper is None


def test_search__lowest_rate_is_breached_twice__finds_nothing() -> None:
    searched = search(capped(999), SPEC)
    assert searched.steps == [("Climb", 1000), ("Repeat", 1000)]
    assert (searched.end.outcome, searched.end.lower) == (SearchOutcome.NOT_FOUND, None)
    assert (
        searched.end.message == "1000 messages per second, the lowest rate, was rejected: Breached"
    )


def test_search__lowest_rate_holds_in_short_trials_only__finds_nothing() -> None:
    def short_only(plan: TrialPlan) -> TrialResult:
        is_short = plan.window_seconds < 60
        return result(plan, HELD if is_short and _rate(plan) <= 5000 else BREACHED)

    end = search(short_only, SPEC).end
    assert end.outcome is SearchOutcome.NOT_FOUND
    assert "held in a short trial" in end.message


def test_search__target_does_not_recover__is_unstable() -> None:
    overloaded = []

    def slow_for_ever(plan: TrialPlan) -> TrialResult:
        overloaded.extend([1] if _rate(plan) > 5000 else [])
        judgement = BREACHED if _rate(plan) > 5000 else HELD
        return result(plan, judgement, p50_us=50_000 if overloaded else 500)

    searched = search(slow_for_ever, SPEC)
    assert searched.end.outcome is SearchOutcome.UNSTABLE
    assert "did not recover" in searched.end.message
    assert searched.steps[-3:] == 3 * [("Recovery", 1000)]


def test_search__target_is_slower_after_an_overload__has_changed() -> None:
    highest = [5000]

    def shrinking(plan: TrialPlan) -> TrialResult:
        holds = _rate(plan) <= highest[0]
        if not holds:
            highest[0] = 2000
        return result(plan, HELD if holds else BREACHED)

    searched = search(shrinking, SPEC)
    assert searched.end.outcome is SearchOutcome.UNSTABLE
    assert "the target has changed" in searched.end.message


def _losing(where: Callable[[TrialPlan], bool]) -> Callable[[TrialPlan], TrialResult]:
    """A target that holds up to 5000/s and loses a message once, in the first trial of a kind."""
    left = [1]

    def target(plan: TrialPlan) -> TrialResult:
        if where(plan) and left:
            left.pop()
            return result(plan, BREACHED, lost=1)
        return result(plan, HELD if _rate(plan) <= 5000 else BREACHED)

    return target


def test_search__one_lost_message__rejects_a_rate_without_a_repeat() -> None:
    searched = search(_losing(lambda plan: _rate(plan) == 4000), CALM)
    assert searched.steps.count(("Climb", 4000)) == 1
    assert ("Repeat", 4000) not in searched.steps
    assert (searched.end.outcome, searched.end.upper) == (SearchOutcome.FOUND, 4050)


def test_search__one_message_lost_while_confirming__rejects_the_rate() -> None:
    searched = search(_losing(lambda p: p.purpose is TrialPurpose.CONFIRM_LOWER), CALM)
    first = next(rate for purpose, rate in searched.steps if purpose == "ConfirmLower")
    assert searched.steps.count(("ConfirmLower", first)) == 1
    assert (searched.end.lower or 0) < (first or 0)


@pytest.mark.parametrize("purpose", [TrialPurpose.RECOVERY, TrialPurpose.RECHECK])
def test_search__a_message_lost_below_the_bounds__is_not_forgotten(purpose: TrialPurpose) -> None:
    end = search(_losing(lambda plan: plan.purpose is purpose), SPEC).end
    assert end.outcome is not SearchOutcome.LOWER_BOUND
    assert (end.upper or 0) <= 4050


def test_search__one_breached_confirmation__asks_for_two_more() -> None:
    numbers = count()

    def once_slow(plan: TrialPlan) -> TrialResult:
        if plan.purpose is TrialPurpose.CONFIRM_LOWER and next(numbers) == 1:
            return result(plan, BREACHED)
        return result(plan, HELD if _rate(plan) <= 5000 else BREACHED)

    searched = search(once_slow, CALM)
    assert searched.end.outcome is SearchOutcome.FOUND
    assert [purpose for purpose, _ in searched.steps[-5:]] == 5 * ["ConfirmLower"]


def test_search__rejected_rate_holds_in_a_longer_trial__goes_up_again() -> None:
    def unlucky(plan: TrialPlan) -> TrialResult:
        is_unlucky = _rate(plan) == 4756 and plan.window_seconds < 60
        return result(plan, BREACHED if is_unlucky or _rate(plan) > 5000 else HELD)

    searched = search(unlucky, CALM)
    assert ("ConfirmUpper", 4756) in searched.steps
    end = searched.end
    assert end.outcome is SearchOutcome.FOUND
    assert (end.lower or 0) <= 5000 < (end.upper or 0)


def test_search__short_and_long_trials_contradict_each_other__is_unstable() -> None:
    def contrary(plan: TrialPlan) -> TrialResult:
        return result(plan, BREACHED if _rate(plan) > 4000 and plan.window_seconds < 60 else HELD)

    end = search(contrary, CALM).end
    assert end.outcome is SearchOutcome.UNSTABLE
    assert "were rejected, and held in a longer trial" in end.message


def test_search__two_trials_far_below_the_bounds_were_breached__is_unstable() -> None:
    def shaky(unlucky: set[int]) -> Callable[[TrialPlan], TrialResult]:
        left = set(unlucky)

        def target(plan: TrialPlan) -> TrialResult:
            is_unlucky = _rate(plan) in left
            left.discard(_rate(plan))
            return result(plan, BREACHED if is_unlucky or _rate(plan) > 9000 else HELD)

        return target

    end = search(shaky({2000, 4000}), CALM).end
    assert end.outcome is SearchOutcome.UNSTABLE
    assert "2 trials far below did not" in end.message
    assert search(shaky({4000}), CALM).end.outcome is SearchOutcome.FOUND


def test_search__tester_limit_above_the_true_rate__does_not_matter() -> None:
    def target(plan: TrialPlan) -> TrialResult:
        if _rate(plan) > 6000:
            return result(plan, UNDECIDED)
        return result(plan, HELD if _rate(plan) <= 5000 else BREACHED)

    end = search(target, CALM).end
    assert end.outcome is SearchOutcome.FOUND
    assert (end.lower or 0) <= 5000 < (end.upper or 0) < 6000


def test_search__tester_limited_at_the_lowest_rate__bounds_nothing() -> None:
    searched = search(lambda plan: result(plan, UNDECIDED), CALM)
    assert searched.steps == 2 * [("Climb", 1000)]
    assert (searched.end.outcome, searched.end.lower) == (SearchOutcome.TESTER_LIMITED, None)


def test_search__tester_limited_in_longer_trials_only__has_a_bound_below() -> None:
    def target(plan: TrialPlan) -> TrialResult:
        is_over = _rate(plan) > 3000 and plan.window_seconds >= 60
        return result(plan, UNDECIDED if is_over else HELD)

    end = search(target, CALM, high=4000).end
    assert (end.outcome, end.is_lower_confirmed) == (SearchOutcome.TESTER_LIMITED, True)
    assert 2800 <= (end.lower or 0) <= 3000


def test_search__trials_that_do_not_run__end_it_with_the_bounds_so_far() -> None:
    def target(plan: TrialPlan) -> TrialResult:
        if _rate(plan) < 3000:
            return result(plan, HELD)
        failed = result(plan, UNDECIDED)
        return failed.model_copy(update={"is_tester_limited": False, "reason": "StreamExists"})

    end = search(target, CALM).end
    assert (end.outcome, end.lower) == (SearchOutcome.TRIALS_FAILED, 2000)
    assert not end.is_lower_confirmed


def test_search__low_integer_rates__ends_with_neighbours() -> None:
    end = search(capped(7), Search(from_messages_per_second=1, recovery_seconds=0)).end
    assert end.outcome is SearchOutcome.FOUND
    assert (end.lower or 0) <= 7 < (end.upper or 0) <= 9


# How likely each judgement of a target that answers at random is, and a lost message.
ODDS = st.tuples(*(st.integers(0, 20) for _ in range(4))).filter(any)


SPECS = st.builds(
    Search,
    from_messages_per_second=st.integers(1, 10_000),
    precision_percent=st.integers(1, 50),
    confirmations=st.integers(1, 5),
    recovery_seconds=st.sampled_from([0, 5]),
    long_confirmation_seconds=st.sampled_from([None, 150]),
)


@given(odds=ODDS, seed=st.integers(0, 2**32), spec=SPECS, factor=st.integers(1, 1000))
def test_search__any_answers__ends_with_bounds_that_fit_them(
    odds: tuple[int, ...], seed: int, spec: Search, factor: int
) -> None:
    random = Random(seed)
    answers = (HELD, BREACHED, UNDECIDED, None)

    def target(plan: TrialPlan) -> TrialResult:
        (answer,) = random.choices(answers, odds)
        if answer is None:
            return result(plan, BREACHED, lost=1)
        found = result(plan, answer, p50_us=random.choice([500, 50_000]))
        return found.model_copy(update={"is_tester_limited": random.random() < 0.8})

    low = spec.from_messages_per_second or 0
    searched = search(target, spec, high=low * factor)
    rates = [rate for _, rate in searched.steps if rate is not None]
    assert all(low <= rate <= low * factor for rate in rates)
    end = searched.end
    assert end.lower is None or end.upper is None or end.lower < end.upper
    assert end.is_lower_confirmed or end.outcome not in (
        SearchOutcome.FOUND,
        SearchOutcome.LOWER_BOUND,
    )
    if end.outcome is SearchOutcome.FOUND:
        assert end.lower is not None
        assert end.upper is not None
        assert 100 * end.upper <= (100 + spec.precision_percent) * end.lower + 400
