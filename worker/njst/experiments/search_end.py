"""How a search ends: with both bounds, with one, or with the reason why there is none."""

from dataclasses import dataclass
from enum import StrEnum


class SearchOutcome(StrEnum):
    """How a search ended.

    FOUND: a confirmed lower bound, and an upper one within the precision. LOWER_BOUND: the highest
    rate of the search was confirmed, so the target sustains at least that. NOT_FOUND: the lowest
    rate was rejected. UNSTABLE: the trials contradict each other, or the target did not recover.
    TESTER_LIMITED: the load tester could not offer more. TRIALS_FAILED: trials could not be run.
    TIME_OVER: the experiment's trials or its time were used up.
    """

    FOUND = "Found"
    LOWER_BOUND = "LowerBound"
    NOT_FOUND = "NotFound"
    UNSTABLE = "Unstable"
    TESTER_LIMITED = "TesterLimited"
    TRIALS_FAILED = "TrialsFailed"
    TIME_OVER = "TimeOver"


@dataclass(frozen=True)
class SearchEnd:
    """The end of a search; rates are messages per second of all paced workloads.

    Attributes:
        outcome: How it ended.
        message: Why, in a sentence.
        lower: The highest rate that held below `upper`; None: none held.
        is_lower_confirmed: Longer trials confirmed `lower`: it is sustained.
        upper: The lowest rejected rate; None: none was rejected.
    """

    outcome: SearchOutcome
    message: str
    lower: int | None = None
    is_lower_confirmed: bool = False
    upper: int | None = None
