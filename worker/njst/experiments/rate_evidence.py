"""What the trials of a search say about each rate: held, rejected, or beyond the tester. Pure.

The fold takes any trials in any order, not only those that this version would have chosen: during
an upgrade another one may have chosen them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from njst.contract.results.trial import TrialJudgement, TrialPurpose, TrialResult

# A breached short trial is repeated once before it counts, and so is one that the tester limited.
BREACHES_TO_REJECT = 2
LIMITED_TO_CAP = 2
# A breached confirmation asks for so many more.
TRIALS_PER_BREACH = 2
_REPEATED = frozenset({TrialPurpose.RECOVERY, TrialPurpose.RECHECK})
# Latency has recovered when it is at most this multiple of the first trial's, plus a millisecond.
RECOVERED_FACTOR = 2
RECOVERED_US = 1_000


@dataclass(frozen=True)
class Confirmation:
    """How many longer trials confirm a rate, and whether the first one of them must hold."""

    trials: int
    first_must_hold: bool

    @property
    def allowed_breaches(self) -> int:
        """How many of them may be breached: one of three or more."""
        return 1 if self.trials >= 3 else 0


@dataclass(frozen=True)
class RateEvidence:
    """The trials at one rate since it was last withdrawn.

    Attributes:
        rate: Messages per second of all paced workloads.
        held: Number of short trials that held, and of longer ones above the lower bound.
        breached: Number of short trials that were breached.
        limited: Number of trials in which the load tester was the limit.
        confirmations: Whether each longer trial that should confirm the rate held.
        has_lost: A trial at this rate lost a message.
        is_upper_confirmed: A longer trial at the rejected rate was breached too.
        why: Reason and message of the last breached trial; empty: none was.
    """

    rate: int
    held: int = 0
    breached: int = 0
    limited: int = 0
    confirmations: tuple[bool, ...] = ()
    has_lost: bool = False
    is_upper_confirmed: bool = False
    why: str = ""

    def has_failed(self, rule: Confirmation) -> bool:
        """Whether the longer trials rejected the rate."""
        if rule.first_must_hold and self.confirmations[:1] == (False,):
            return True
        return self.confirmations.count(False) > rule.allowed_breaches

    def is_rejected(self, rule: Confirmation) -> bool:
        """Whether the target did not sustain the rate."""
        if self.has_lost or self.is_upper_confirmed or self.has_failed(rule):
            return True
        return self.breached >= BREACHES_TO_REJECT and not self.held

    def is_surely_rejected(self, rule: Confirmation) -> bool:
        """Whether it was rejected by more than short trials."""
        has_more = self.is_upper_confirmed or self.has_lost or self.has_failed(rule)
        # A longer trial that the tester cannot run adds nothing.
        return has_more or self.is_capped

    def is_confirmed(self, rule: Confirmation) -> bool:
        """Whether all longer trials are there and confirm the rate."""
        needed = rule.trials + TRIALS_PER_BREACH * self.confirmations.count(False)
        return not self.is_rejected(rule) and len(self.confirmations) >= needed

    @property
    def is_capped(self) -> bool:
        """Whether the load tester cannot offer the rate, or not for long enough."""
        return self.limited >= LIMITED_TO_CAP

    @property
    def needs_repeat(self) -> bool:
        """Whether short trials have not decided yet."""
        is_open = not self.held and not self.has_lost and not self.confirmations
        return is_open and 0 < self.breached < BREACHES_TO_REJECT


@dataclass(frozen=True)
class SearchEvidence:
    """Everything that the trials of a search say.

    Attributes:
        rates: The evidence by rate.
        base_p50_us: Median latency of the first trial that held; None: none held yet.
        was_breached: A trial was breached, and the target was not seen to recover since.
        failed_recoveries: Consecutive trials in which it had not recovered.
        rechecks: Trials below a rate that had held, which held.
        failed_rechecks: Consecutive ones that were breached.
        first_held: The highest rate that held when the first one was rejected; None: none was.
        withdrawals: How often a rejected rate held in a longer trial.
        failed_confirmations: How often a rate that had held was rejected by longer trials.
        undecided_in_a_row: Trials that bounded nothing since the last one that did.
        undecided_message: Why the last undecided trial was so.
        breached_rates: The rate of each trial that was breached, of any purpose.
        probe: The result of the probe; None: there was none.
        last_rate: Rate of the last trial that was no recovery.
    """

    rates: dict[int, RateEvidence] = field(default_factory=dict)
    base_p50_us: int | None = None
    was_breached: bool = False
    failed_recoveries: int = 0
    rechecks: int = 0
    failed_rechecks: int = 0
    first_held: int | None = None
    withdrawals: int = 0
    failed_confirmations: int = 0
    undecided_in_a_row: int = 0
    undecided_message: str = ""
    breached_rates: tuple[int, ...] = ()
    probe: TrialResult | None = None
    last_rate: int | None = None

    def at(self, rate: int) -> RateEvidence:
        """Return the evidence at a rate."""
        return self.rates.get(rate, RateEvidence(rate))


def fold(results: Iterable[TrialResult], rule: Confirmation) -> SearchEvidence:
    """Return what the trials of a search say, in the order in which they ran."""
    evidence = SearchEvidence()
    for result in results:
        evidence = with_result(evidence, result, rule)
    return evidence


def with_result(
    evidence: SearchEvidence, result: TrialResult, rule: Confirmation
) -> SearchEvidence:
    """Return the evidence after one more trial of a search."""
    evidence = replace(evidence, undecided_in_a_row=_undecided_in_a_row(evidence, result))
    if result.judgement is TrialJudgement.UNDECIDED:
        evidence = replace(evidence, undecided_message=result.message)
    if result.plan.purpose is TrialPurpose.PROBE:
        return replace(evidence, probe=result)
    rate = result.plan.messages_per_second
    if rate is None:
        return evidence
    if result.judgement is TrialJudgement.BREACHED:
        evidence = replace(evidence, breached_rates=(*evidence.breached_rates, rate))
    if result.plan.purpose is TrialPurpose.RECOVERY:
        return _recovery(evidence, result)
    if result.plan.purpose is TrialPurpose.RECHECK:
        return _recheck(evidence, result)
    before = evidence.at(rate)
    now = _at_rate(before, result)
    has_failed = now.has_failed(rule) and not before.has_failed(rule)
    rates = {**evidence.rates, rate: now}
    is_withdrawal = result.plan.purpose is TrialPurpose.CONFIRM_UPPER and now.held > before.held
    if is_withdrawal:
        rates = _without_rejections(evidence.rates, rate, rule)
    first_held = evidence.first_held
    if first_held is None and lowest_rejected(replace(evidence, rates=rates), rule) is not None:
        first_held = best_held(evidence, rate, rule)
    base = evidence.base_p50_us
    if base is None and result.judgement is TrialJudgement.HELD:
        base = result.p50_microseconds or 0
    return replace(
        evidence,
        rates=rates,
        base_p50_us=base,
        was_breached=evidence.was_breached or result.judgement is TrialJudgement.BREACHED,
        first_held=first_held,
        withdrawals=evidence.withdrawals + is_withdrawal,
        failed_confirmations=evidence.failed_confirmations + has_failed,
        last_rate=rate,
    )


def _undecided_in_a_row(evidence: SearchEvidence, result: TrialResult) -> int:
    if result.judgement is not TrialJudgement.UNDECIDED:
        return 0
    # A limit of the tester bounds the rate: that is a result, except at a rate that has held.
    bounds = result.is_tester_limited and result.plan.purpose not in _REPEATED
    return evidence.undecided_in_a_row + (not bounds)


def _recovery(evidence: SearchEvidence, result: TrialResult) -> SearchEvidence:
    if result.judgement is TrialJudgement.UNDECIDED:
        return evidence
    p50_us, base_us = result.p50_microseconds or 0, evidence.base_p50_us
    is_calm = base_us is None or p50_us <= RECOVERED_FACTOR * base_us + RECOVERED_US
    if result.judgement is TrialJudgement.HELD and is_calm:
        return replace(evidence, was_breached=False, failed_recoveries=0)
    evidence = _with_loss(evidence, result)
    return replace(evidence, failed_recoveries=evidence.failed_recoveries + 1)


def _recheck(evidence: SearchEvidence, result: TrialResult) -> SearchEvidence:
    if result.judgement is TrialJudgement.HELD:
        return replace(evidence, rechecks=evidence.rechecks + 1, failed_rechecks=0)
    if result.judgement is TrialJudgement.UNDECIDED:
        return evidence
    evidence = _with_loss(evidence, result)
    return replace(evidence, was_breached=True, failed_rechecks=evidence.failed_rechecks + 1)


def _with_loss(evidence: SearchEvidence, result: TrialResult) -> SearchEvidence:
    """Return the evidence with a rate rejected at which a message was lost."""
    rate = result.plan.messages_per_second
    if not result.lost_messages or rate is None:
        return evidence
    lost = replace(evidence.at(rate), has_lost=True, why=_why(result))
    return replace(evidence, rates={**evidence.rates, rate: lost})


def _why(result: TrialResult) -> str:
    return f"{result.reason}, {result.message}" if result.message else result.reason


def _at_rate(before: RateEvidence, result: TrialResult) -> RateEvidence:
    if result.judgement is TrialJudgement.UNDECIDED:
        return replace(before, limited=before.limited + result.is_tester_limited)
    has_held = result.judgement is TrialJudgement.HELD
    before = replace(
        before,
        has_lost=before.has_lost or result.lost_messages > 0,
        why=before.why if has_held else _why(result),
    )
    if result.plan.purpose is TrialPurpose.CONFIRM_LOWER:
        return replace(before, confirmations=(*before.confirmations, has_held))
    if result.plan.purpose is TrialPurpose.CONFIRM_UPPER and not has_held:
        return replace(before, is_upper_confirmed=True)
    if has_held:
        return replace(before, held=before.held + 1)
    return replace(before, breached=before.breached + 1)


def _without_rejections(
    rates: dict[int, RateEvidence], rate: int, rule: Confirmation
) -> dict[int, RateEvidence]:
    """Return the evidence after a longer trial held at `rate`.

    What only short trials had rejected, up to that rate, is as if it had not been tried.
    """
    kept = {
        number: one
        for number, one in rates.items()
        if number > rate or not one.is_rejected(rule) or one.is_surely_rejected(rule)
    }
    return {**kept, rate: RateEvidence(rate, held=1)}


def best_held(evidence: SearchEvidence, below: int | None, rule: Confirmation) -> int | None:
    """Return the highest rate that held below a bound; None: none did."""
    return _highest(
        [one for one in evidence.rates.values() if one.held and not one.is_rejected(rule)], below
    )


def best_confirmed(evidence: SearchEvidence, below: int | None, rule: Confirmation) -> int | None:
    """Return the highest confirmed rate below a bound; None: there is none."""
    return _highest([one for one in evidence.rates.values() if one.is_confirmed(rule)], below)


def _highest(some: Sequence[RateEvidence], below: int | None) -> int | None:
    return max((one.rate for one in some if below is None or one.rate < below), default=None)


def lowest_rejected(evidence: SearchEvidence, rule: Confirmation) -> int | None:
    """Return the lowest rejected rate: on inversions the smallest upper bound counts."""
    return min((r.rate for r in evidence.rates.values() if r.is_rejected(rule)), default=None)


def lowest_capped(evidence: SearchEvidence) -> int | None:
    """Return the lowest rate that the load tester could not offer."""
    return min((r.rate for r in evidence.rates.values() if r.is_capped), default=None)
