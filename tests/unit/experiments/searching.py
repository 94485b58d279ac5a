"""Runs a search against a target that tests describe."""

from collections.abc import Callable
from dataclasses import dataclass, field

from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialResult
from njst.contract.spec.search import Search
from njst.experiments.rate_evidence import SearchEvidence, with_result
from njst.experiments.search_bounds import SearchRange, confirmation_of
from njst.experiments.search_end import SearchEnd
from njst.experiments.search_step import next_step

HELD, BREACHED, UNDECIDED = TrialJudgement
# No search takes so many trials: one that does goes in circles.
MOST_TRIALS = 250

Target = Callable[[TrialPlan], TrialResult]


@dataclass
class Searched:
    """A search that ended: how, and its trials."""

    end: SearchEnd
    trials: list[TrialResult] = field(default_factory=list)

    @property
    def steps(self) -> list[tuple[str, int | None]]:
        """Purpose and rate of each trial."""
        return [(str(t.plan.purpose), t.plan.messages_per_second) for t in self.trials]


def search(target: Target, spec: Search, high: int = 100_000_000) -> Searched:
    """Search a target to the end; the lowest rate is that of the spec."""
    limits = SearchRange(spec.from_messages_per_second or 100, high)
    rule, evidence = confirmation_of(spec), SearchEvidence()
    trials: list[TrialResult] = []
    while True:
        step = next_step(spec, limits, evidence)
        if isinstance(step, SearchEnd):
            return Searched(step, trials)
        assert len(trials) < MOST_TRIALS
        plan = TrialPlan(
            number=len(trials),
            purpose=step.purpose,
            messages_per_second=step.rate,
            window_seconds=step.window_s,
        )
        trials.append(target(plan))
        evidence = with_result(evidence, trials[-1], rule)


def result(
    plan: TrialPlan, judgement: TrialJudgement, *, lost: int = 0, p50_us: int = 500
) -> TrialResult:
    """What a trial came to; an undecided one is the tester's limit."""
    return TrialResult(
        plan=plan,
        job=f"x-t{plan.number}",
        judgement=judgement,
        reason=str(judgement),
        lost_messages=lost,
        is_tester_limited=judgement is UNDECIDED,
        p50_microseconds=p50_us,
    )


def capped(rate: int) -> Target:
    """A target that holds each rate up to this one, and no higher one."""
    return lambda plan: result(plan, HELD if (plan.messages_per_second or 0) <= rate else BREACHED)
