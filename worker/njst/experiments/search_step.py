"""The next trial of a search, or its end: a pure function of the trials so far.

1. Probe, if asked: as fast as possible, for a first guess.
2. Climb from the lowest rate in steps of 2 (1.5 above the guess) to the first rejected rate.
3. Narrow the bounds in log space to the precision. A breached short trial is repeated once before
   it counts; after each breach, a trial at the lowest rate shows whether the target has recovered.
4. Confirm the lower bound by longer trials. If they reject it, it becomes the upper bound, and the
   search goes down; from then on only longer trials count as a lower bound.
5. Confirm the upper bound by one longer trial. If it holds, the rejection is withdrawn, and the
   search goes up again; too many withdrawals make the target unstable.
6. Look again at a rate just below one that held, after the first rejection and after the first one
   by longer trials: if it is breached now, the target has changed, and no bound is true of it.

Sources: MLRsearch (draft-ietf-bmwg-mlrsearch) for two bounds, their confirmation by longer trials
and the smallest upper bound on inversions; OpenMessaging Benchmark's rate controller as the
example of a search that never stops moving and so has no number to report.
"""

from dataclasses import dataclass
from math import isqrt

from njst.contract.results.trial import TrialPurpose
from njst.contract.spec.search import Search
from njst.experiments.rate_evidence import SearchEvidence, best_confirmed, best_held
from njst.experiments.search_bounds import (
    Bounds,
    SearchRange,
    bounds_of,
    confirmation_of,
    contradiction,
    inversion,
    limited_words,
)
from njst.experiments.search_end import SearchEnd, SearchOutcome

MAX_UNDECIDED = 3
# The climb begins at this part of the probe's guess.
_GUESS_PARTS = 8


@dataclass(frozen=True)
class SearchStep:
    """A trial: what for, its total rate in messages per second, and its window in seconds."""

    purpose: TrialPurpose
    rate: int | None
    window_s: int


def next_step(
    search: Search, limits: SearchRange, evidence: SearchEvidence
) -> SearchStep | SearchEnd:
    """Return the next trial of a search, or how it ended."""
    if evidence.undecided_in_a_row >= MAX_UNDECIDED:
        return _end_undecided(search, limits, evidence)
    if search.probe and evidence.probe is None:
        return SearchStep(TrialPurpose.PROBE, None, search.trial_seconds)
    bounds = bounds_of(limits, evidence, confirmation_of(search))
    end = contradiction(search, limits, evidence, bounds)
    if end is not None:
        return end
    last = evidence.last_rate
    step: SearchStep | SearchEnd
    if last is not None and evidence.at(last).needs_repeat:
        step = SearchStep(TrialPurpose.REPEAT, last, search.trial_seconds)
    else:
        step = _recheck(search, evidence, limits) or _advance(search, limits, evidence, bounds)
    if isinstance(step, SearchStep) and evidence.was_breached and _may_recover(search, evidence):
        return SearchStep(TrialPurpose.RECOVERY, limits.low, search.recovery_seconds)
    return step


def bounds_so_far(
    search: Search, limits: SearchRange, evidence: SearchEvidence, message: str
) -> SearchEnd:
    """Return the end of a search that ran out of trials or of time."""
    rule = confirmation_of(search)
    bounds = bounds_of(limits, evidence, rule)
    lower = best_held(evidence, bounds.upper, rule)
    confirmed = best_confirmed(evidence, bounds.upper, rule)
    return SearchEnd(
        SearchOutcome.TIME_OVER,
        message,
        lower=lower if confirmed is None else confirmed,
        is_lower_confirmed=confirmed is not None,
        upper=None if bounds.is_capped else bounds.upper,
    )


def _may_recover(search: Search, evidence: SearchEvidence) -> bool:
    """Whether a trial can show that the target has recovered: there is one to compare it with."""
    return search.recovery_seconds > 0 and evidence.base_p50_us is not None


def _end_undecided(search: Search, limits: SearchRange, evidence: SearchEvidence) -> SearchEnd:
    words = f"{MAX_UNDECIDED} trials in a row proved nothing: {evidence.undecided_message}"
    end = bounds_so_far(search, limits, evidence, words)
    return SearchEnd(
        SearchOutcome.TRIALS_FAILED, words, end.lower, end.is_lower_confirmed, end.upper
    )


def _advance(
    search: Search, limits: SearchRange, evidence: SearchEvidence, bounds: Bounds
) -> SearchStep | SearchEnd:
    lower, upper = bounds.lower, bounds.upper
    if lower is None:
        return SearchStep(TrialPurpose.CLIMB, limits.low, search.trial_seconds)
    if upper is None:
        if lower < limits.high:
            rate = _climbed(search, limits, evidence, lower)
            return SearchStep(TrialPurpose.CLIMB, rate, search.trial_seconds)
    elif not _is_precise(search, lower, upper):
        return _narrow(search, evidence, bounds, lower, upper)
    if upper is not None and not bounds.is_capped:
        check = _upper_check(search, evidence, upper)
        if check is not None:
            return check
    if not evidence.at(lower).is_confirmed(confirmation_of(search)):
        return _confirm(search, evidence, lower)
    return _close(search, evidence, bounds, lower)


def _upper_check(search: Search, evidence: SearchEvidence, upper: int) -> SearchStep | None:
    """Return the trial that confirms the upper bound; None: it is confirmed."""
    if evidence.at(upper).is_surely_rejected(confirmation_of(search)):
        return None
    return SearchStep(TrialPurpose.CONFIRM_UPPER, upper, search.confirmation_seconds)


def _close(
    search: Search, evidence: SearchEvidence, bounds: Bounds, lower: int
) -> SearchStep | SearchEnd:
    """Return the end of a search whose bounds are confirmed, or one more look before it."""
    upper = bounds.upper
    if upper is None:
        message = f"the target sustains {lower} messages per second, the highest rate to try"
        return SearchEnd(SearchOutcome.LOWER_BOUND, message, lower, True)
    if bounds.is_capped:
        message = limited_words(evidence, upper)
        return SearchEnd(SearchOutcome.TESTER_LIMITED, message, lower, True)
    return inversion(search, evidence, lower) or _found(search, evidence, lower, upper)


def _found(search: Search, evidence: SearchEvidence, lower: int, upper: int) -> SearchEnd:
    """Return the bounds: a quarter of the precision outside of the rates that were tried.

    Chance decides trials near the true rate, so the bounds leave room for it.
    """
    margin = 400 + search.precision_percent
    low, high = lower * 400 // margin, -(-upper * margin // 400)
    message = (
        f"the target sustains {low} messages per second, and not {high}: {lower} held in"
        f" longer trials, and {upper} did not: {evidence.at(upper).why}"
    )
    return SearchEnd(SearchOutcome.FOUND, message, low, True, high)


def _recheck(search: Search, evidence: SearchEvidence, limits: SearchRange) -> SearchStep | None:
    """Return a trial that shows whether the target is still the one that it was; None: it is.

    It is due after the first rejected rate, and again after the first one that only longer trials
    rejected. It runs one width below a rate that held, where chance decides nothing.
    """
    if evidence.failed_confirmations and evidence.rechecks < 2:
        held = max((one.rate for one in evidence.rates.values() if one.held), default=limits.low)
    elif evidence.first_held is not None and evidence.rechecks < 1:
        held = evidence.first_held
    else:
        return None
    if held <= limits.low:
        return None
    rate = max(limits.low, held * 100 // (100 + search.precision_percent))
    return SearchStep(TrialPurpose.RECHECK, rate, search.trial_seconds)


def _climbed(search: Search, limits: SearchRange, evidence: SearchEvidence, lower: int) -> int:
    """Return the next rate above all that held."""
    guess = limits.guess
    if evidence.withdrawals:
        # A bound was near here: steps of four times the precision, not twice the rate.
        rate = lower + max(1, 4 * lower * search.precision_percent // 100)
    elif guess is not None and lower == limits.low and guess // _GUESS_PARTS > lower:
        rate = guess // _GUESS_PARTS
    elif guess is not None and 2 * lower > guess:
        rate = lower + max(1, lower // 2)
    else:
        rate = 2 * lower
    return min(rate, limits.high)


def _is_precise(search: Search, lower: int, upper: int) -> bool:
    """Whether the bounds are within the precision, with the margins of `_found`."""
    percent = search.precision_percent
    margin = 400 + percent
    return upper - lower <= 1 or 1600 * (100 + percent) * lower >= margin * margin * upper


def _narrow(
    search: Search, evidence: SearchEvidence, bounds: Bounds, lower: int, upper: int
) -> SearchStep:
    middle = min(max(isqrt(lower * upper), lower + 1), upper - 1)
    if not bounds.is_long:
        return SearchStep(TrialPurpose.NARROW, middle, search.trial_seconds)
    # Short trials overstate this target. Its bound is near the last rejected rate: steps of one,
    # two, four ... times the precision go down from there.
    width = search.precision_percent * 2 ** (evidence.failed_confirmations - 1)
    below = min(upper * 100 // (100 + width), upper - 1)
    started = [
        r.rate for r in evidence.rates.values() if lower < r.rate < upper and r.confirmations
    ]
    rate = started[0] if started else max(middle, below)
    return _confirm(search, evidence, rate)


def _confirm(search: Search, evidence: SearchEvidence, rate: int) -> SearchStep:
    is_first = not evidence.at(rate).confirmations
    long_s = search.long_confirmation_seconds
    window_s = long_s if is_first and long_s is not None else search.confirmation_seconds
    return SearchStep(TrialPurpose.CONFIRM_LOWER, rate, window_s)
