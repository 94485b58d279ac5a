"""The bounds of a search so far, and the contradictions that leave none."""

from dataclasses import dataclass

from njst.contract.spec.search import Search
from njst.experiments.rate_evidence import (
    Confirmation,
    SearchEvidence,
    best_confirmed,
    best_held,
    lowest_capped,
    lowest_rejected,
)
from njst.experiments.search_end import SearchEnd, SearchOutcome

MAX_WITHDRAWALS = 3
MAX_FAILED_RECOVERIES = 3
MAX_FAILED_RECHECKS = 2
# So many breached trials, by so many times the precision below a rate that held, contradict it.
_MAX_BREACHES_BELOW = 2
_FAR_WIDTHS = 3


@dataclass(frozen=True)
class SearchRange:
    """The rates of a search at one point, and the guess of its probe; messages per second."""

    low: int
    high: int
    guess: int | None = None


@dataclass(frozen=True)
class Bounds:
    """The bounds so far.

    Attributes:
        lower: The highest rate below `upper` that counts as held; None: none does.
        upper: The lowest rejected or capped rate; None: there is none.
        is_capped: `upper` is a limit of the load tester.
        is_long: Only longer trials count as a lower bound.
    """

    lower: int | None
    upper: int | None
    is_capped: bool
    is_long: bool


def confirmation_of(search: Search) -> Confirmation:
    """Return the rule by which longer trials confirm a rate."""
    return Confirmation(search.confirmations, search.long_confirmation_seconds is not None)


def bounds_of(limits: SearchRange, evidence: SearchEvidence, rule: Confirmation) -> Bounds:
    """Return the bounds that all trials so far leave."""
    rejected, capped = lowest_rejected(evidence, rule), lowest_capped(evidence)
    is_capped = capped is not None and (rejected is None or capped < rejected)
    upper = capped if is_capped else rejected
    is_long = evidence.failed_confirmations > 0
    if is_long:
        lower = best_confirmed(evidence, upper, rule)
        if lower is None and evidence.at(limits.low).held:
            lower = limits.low
    else:
        lower = best_held(evidence, upper, rule)
    return Bounds(lower, upper, is_capped, is_long)


def contradiction(
    search: Search, limits: SearchRange, evidence: SearchEvidence, bounds: Bounds
) -> SearchEnd | None:
    """Return the end of a search whose trials leave no room for a lower bound."""
    unstable = _instability(limits, evidence)
    if unstable:
        return SearchEnd(SearchOutcome.UNSTABLE, unstable, upper=bounds.upper)
    if bounds.upper is None or bounds.upper > limits.low:
        return None
    if bounds.is_capped:
        return SearchEnd(SearchOutcome.TESTER_LIMITED, limited_words(evidence, limits.low))
    outcome, words = SearchOutcome.NOT_FOUND, "was rejected"
    lowest = evidence.at(limits.low)
    if lowest.has_failed(confirmation_of(search)):
        words = "held in a short trial, and was rejected in longer ones"
    elif evidence.base_p50_us is not None:
        outcome, words = SearchOutcome.UNSTABLE, "held at first and was then rejected"
    message = f"{limits.low} messages per second, the lowest rate, {words}: {lowest.why}"
    return SearchEnd(outcome, message, upper=bounds.upper)


def limited_words(evidence: SearchEvidence, rate: int) -> str:
    """Return that the load tester was the limit, and what would remove it."""
    words = f"the load tester could not offer {rate} messages per second"
    return f"{words}: {evidence.undecided_message}" if evidence.undecided_message else words


def _instability(limits: SearchRange, evidence: SearchEvidence) -> str:
    """Return why the target has no single highest rate; empty: it may have one."""
    if evidence.failed_recoveries >= MAX_FAILED_RECOVERIES:
        return (
            f"the target did not recover: {MAX_FAILED_RECOVERIES} trials at {limits.low} messages"
            " per second after a rejected one were not as the first"
        )
    if evidence.failed_rechecks >= MAX_FAILED_RECHECKS:
        return "a rate just below one that held was breached later: the target has changed"
    if evidence.withdrawals > MAX_WITHDRAWALS:
        return f"{evidence.withdrawals} rates were rejected, and held in a longer trial"
    return ""


def inversion(search: Search, evidence: SearchEvidence, lower: int) -> SearchEnd | None:
    """Return the end of a search in which trials far below the lower bound were breached."""
    wide = 100 + _FAR_WIDTHS * search.precision_percent
    below = [rate for rate in evidence.breached_rates if wide * rate < 100 * lower]
    if len(below) < _MAX_BREACHES_BELOW:
        return None
    message = f"{lower} messages per second held, but {len(below)} trials far below did not"
    return SearchEnd(SearchOutcome.UNSTABLE, message, upper=min(below))
