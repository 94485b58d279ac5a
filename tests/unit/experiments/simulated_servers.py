"""Servers whose sustained rate is known, as a search sees them: the evidence of each trial.

A queue is a reflected Brownian motion, sampled exactly: the path's minimum between two samples is
drawn from its law given both ends, P(min < m) = exp(-2 (x-m)(y-m) / variance). Its stationary law
is exponential with mean variance / (2 * (capacity - rate)), as of an M/M/1 queue in heavy traffic.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from njst.contract.results.report import ThresholdResult, Verdict
from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialResult
from njst.contract.spec.threshold import Metric
from njst.experiments.evidence import TrialEvidence, WorkloadEvidence
from njst.experiments.judge_trial import judge_trial

Random = np.random.Generator
Numbers = np.ndarray[Any, np.dtype[np.float64]]

WARMUP_S = 5
_BASE_US = 400
_PARTS = 20


@dataclass
class Server:
    """A server with one queue.

    Attributes:
        capacity: Messages per second, from the seconds within the trial and those of the search.
        truth: The rate that it sustains in messages per second; None: it has none.
        most_p99_us: The threshold on p99; None: there is none.
        is_random: Arrivals and service are random, as of an M/M/1 queue.
        noise: Relative standard deviation of a trial's capacity.
        tester_limit: Messages per second above which the load tester is the limit.
        stall_s: Seconds of the stalls, which come every 10 s at random; 0: none.
        is_receiver: The queue is a receiver's: publishers achieve their rate all the same.
        on_overload: Called after each breached trial.
        now_s: Seconds since the search began.
    """

    capacity: Callable[[Numbers, Numbers], Numbers]
    truth: float | None
    most_p99_us: int | None = None
    is_random: bool = False
    noise: float = 0.0
    tester_limit: float = 1e12
    stall_s: float = 0.0
    is_receiver: bool = False
    on_overload: Callable[[], None] = lambda: None
    now_s: float = 0.0

    def run(self, plan: TrialPlan, random: Random) -> TrialResult:
        """Return what a trial comes to, and let its time pass."""
        evidence = self._evidence(plan.messages_per_second or 0, plan.window_seconds, random)
        self.now_s += WARMUP_S + plan.window_seconds
        finding = judge_trial(evidence)
        if finding.judgement is TrialJudgement.BREACHED:
            self.on_overload()
        return TrialResult(
            plan=plan,
            job=f"x-t{plan.number}",
            judgement=finding.judgement,
            reason=finding.reason,
            is_tester_limited=bool(evidence.tester),
            p50_microseconds=evidence.workloads[0].p50_us,
        )

    def _evidence(self, rate: int, window_s: int, random: Random) -> TrialEvidence:
        if rate > self.tester_limit:
            return TrialEvidence(tester="busy", workloads=(WorkloadEvidence("w", rate),))
        seconds, served = self._waits(rate, window_s, random)
        p99 = int(np.quantile(seconds, 0.99))
        workload = WorkloadEvidence(
            "w",
            offered=0 if self.is_receiver else rate,
            achieved=round(served / window_s),
            p50_us=int(np.median(seconds)),
            latencies_us=tuple(np.median(seconds, axis=1).tolist()),
        )
        if self.most_p99_us is None or p99 <= self.most_p99_us:
            return TrialEvidence(workloads=(workload,))
        missed = ThresholdResult(
            workload="w",
            metric=Metric.LATENCY_P99,
            at_most=self.most_p99_us,
            value=p99,
            verdict=Verdict.INVALID,
        )
        return TrialEvidence(
            Verdict.INVALID, "ThresholdsFailed", thresholds=(missed,), workloads=(workload,)
        )

    def _waits(self, rate: int, window_s: int, random: Random) -> tuple[Numbers, float]:
        """Return the latencies in us, a row for each second of the window, and what was served."""
        step_s = 1 / _PARTS
        at_s = np.arange((WARMUP_S + window_s) * _PARTS) * step_s
        full = self.capacity(at_s, self.now_s + at_s) * max(0.1, random.normal(1, self.noise))
        free = full * (1 - self._stalled(len(at_s), random))
        moves = (rate - free) * step_s
        if self.is_random:
            moves += np.sqrt((rate + free) * step_s) * random.standard_normal(len(at_s))
        ends = np.cumsum(moves)
        lows = (
            ends if not self.is_random else self._lows(moves, ends, (rate + free) * step_s, random)
        )
        queue = ends - np.minimum(0.0, np.minimum.accumulate(lows))
        first = WARMUP_S * _PARTS
        served = rate * window_s + queue[first - 1] - queue[-1]
        return (_BASE_US + 1e6 * queue / full)[first:].reshape(window_s, _PARTS), float(served)

    def _lows(self, moves: Numbers, ends: Numbers, variance: Numbers, random: Random) -> Numbers:
        """Return the minimum of the path within each step."""
        spread = np.sqrt(moves**2 - 2 * variance * np.log(1 - random.random(len(moves))))
        low: Numbers = ends - (moves + spread) / 2
        return low

    def _stalled(self, steps: int, random: Random) -> Numbers:
        """Return the share of each step in which the server stands still."""
        stalled = np.zeros(steps)
        if self.stall_s:
            begins = np.flatnonzero(random.random(steps) < 1 / (10 * _PARTS))
            for step in range(round(self.stall_s * _PARTS)):
                stalled[np.minimum(begins + step, steps - 1)] = 1.0
        return stalled


def hard_cap(random: Random) -> Server:
    """Nothing above a fixed rate, but for half a percent of noise."""
    cap = random.uniform(2_000, 200_000)
    return Server(lambda at_s, _: np.full_like(at_s, cap), cap, noise=0.005)


def mm1(random: Random) -> Server:
    """A random queue with a threshold on p99: log(100) times its mean; see the module."""
    capacity = random.uniform(5_000, 50_000)
    goal_s = random.uniform(0.002, 0.01)
    fold = log(100) / goal_s
    truth = capacity * (2 * capacity - fold) / (2 * capacity + fold)
    most = round(1e6 * goal_s) + _BASE_US
    return Server(lambda at_s, _: np.full_like(at_s, capacity), truth, most, is_random=True)


def stalling(random: Random) -> Server:
    """A hard cap that stands still for 0.1 s every 10 s, as for garbage collection."""
    cap = random.uniform(5_000, 100_000)
    return Server(lambda at_s, _: np.full_like(at_s, cap), 0.99 * cap, 400_000, stall_s=0.1)


def slow_follower(random: Random) -> Server:
    """Publishers are fast, and a receiver or a replica falls behind above its own rate."""
    cap = random.uniform(2_000, 200_000)
    return Server(lambda at_s, _: np.full_like(at_s, cap), cap, noise=0.003, is_receiver=True)


def compacting(random: Random) -> Server:
    """A stream that becomes slower after half a minute of writes."""
    cap, share = random.uniform(2_000, 200_000), random.uniform(0.5, 0.9)
    return Server(lambda at_s, _: cap * np.where(at_s < 30, 1.0, share), share * cap, noise=0.003)


def drifting(random: Random) -> Server:
    """A capacity that falls by 1 % each minute."""
    cap = random.uniform(2_000, 200_000)
    return Server(lambda _, now_s: cap * np.maximum(0.05, 1 - now_s / 6000), None)


def collapsing(random: Random) -> Server:
    """A server with two states: once overloaded, it has a fifth of its capacity for ever."""
    cap = random.uniform(20_000, 200_000)
    factor = [1.0]
    server = Server(lambda at_s, _: np.full_like(at_s, factor[0] * cap), None)
    server.on_overload = lambda: factor.__setitem__(0, 0.2)
    return server


def flipping(random: Random) -> Server:
    """A server with two states: each half minute, it is in the worse one with probability 0.4."""
    cap = random.uniform(20_000, 200_000)
    states = np.where(random.random(20_000) < 0.4, 0.2, 1.0)
    return Server(lambda _, now_s: cap * states[(now_s / 30).astype(int) % len(states)], None)


def small_tester(random: Random) -> Server:
    """A target that the load tester cannot bring to its limit."""
    limit = random.uniform(5_000, 100_000)
    return Server(lambda at_s, _: np.full_like(at_s, 10 * limit), None, tester_limit=limit)
