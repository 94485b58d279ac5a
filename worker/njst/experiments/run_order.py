"""The runs of an experiment in their order: each point, repeat by repeat; the same everywhere.

Order in time must not be confused with what is compared: a target that warms up, fills or slows
down would favour the points that ran first. Interleaved order turns each round around (ABBA), which
cancels a linear drift; random order shuffles within each round (randomized complete blocks).
"""

from dataclasses import dataclass
from hashlib import sha256

from njst.contract.spec.experiment import ExperimentSpec, TrialOrder
from njst.contract.trials.points import points_of


@dataclass(frozen=True)
class Run:
    """One repeat of one point, both counted from 0: a trial, or all trials of a search."""

    point: int
    repeat: int


def runs_of(spec: ExperimentSpec) -> tuple[Run, ...]:
    """Return all runs of an experiment in the order in which they take place."""
    points = list(range(len(points_of(spec))))
    if spec.order is TrialOrder.SEQUENTIAL:
        return tuple(Run(point, repeat) for point in points for repeat in range(spec.repeats))
    return tuple(
        Run(point, repeat)
        for repeat in range(spec.repeats)
        for point in _round(spec, points, repeat)
    )


def _round(spec: ExperimentSpec, points: list[int], repeat: int) -> list[int]:
    if spec.order is TrialOrder.RANDOM:
        return sorted(points, key=lambda point: _weight(spec.seed or 0, repeat, point))
    return points if repeat % 2 == 0 else points[::-1]


def _weight(seed: int, repeat: int, point: int) -> bytes:
    """Return a number that looks random and is the same in each version of Python."""
    return sha256(f"{seed}/{repeat}/{point}".encode()).digest()
