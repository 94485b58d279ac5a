"""Experiments that have ended, without a load: the real search and comparison of a made-up target.

The latency of the target is that of a queue (M/M/1), so that it rises towards its capacity.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

from njst.agent.experiments.conclude import concluded_event
from njst.api.experiments.experiment_documents import ExperimentDocument
from njst.contract.events import Origin, OriginKind, TrialEnded
from njst.contract.parsing.experiment import parse_experiment_document
from njst.contract.results.report import Latency, Verdict
from njst.contract.results.trial import TrialJudgement, TrialPlan, TrialResult, TrialWorkload
from njst.contract.spec.experiment import ExperimentSpec
from njst.contract.trials.points import points_of
from njst.experiments.experiment_state import Conclusion
from njst.experiments.next_trial import next_plan

Json = dict[str, Any]
Target = Callable[[TrialPlan, Random], TrialResult]

WRITE: Json = {
    "name": "write",
    "stream": "ORDERS",
    "durationSeconds": 10,
    "messagesPerSecond": 1000,
    "publish": {"payloadBytes": 1024},
}
TEMPLATE: Json = {"streams": [{"name": "ORDERS", "storage": "Memory"}], "workloads": [WRITE]}
SEARCH: Json = {"template": TEMPLATE, "search": {"confirmationSeconds": 60}}
GRID: Json = {
    "template": {
        "streams": TEMPLATE["streams"],
        "workloads": [{k: v for k, v in WRITE.items() if k != "messagesPerSecond"}],
    },
    "factors": [
        {"name": "size", "path": "workloads[write].publish.payloadBytes", "values": [1024, 16384]},
        {"name": "window", "path": "workloads[write].publish.window", "values": [10, 100]},
    ],
    "repeats": 8,
    "comparison": {
        "factor": "size",
        "metrics": [{"metric": "MessagesPerSecond"}, {"metric": "LatencyP99Microseconds"}],
    },
}


def ended(spec: Json, target: Target, name: str) -> Json:
    """Return the document of an experiment that ran to its end."""
    parsed = parse_experiment_document(json.dumps(spec).encode()).spec
    random = Random(7)
    results: list[TrialResult] = []
    while True:
        found = next_plan(parsed, results)
        if isinstance(found, Conclusion):
            return document(parsed, results, found, name)
        results.append(target(found, random))


def document(spec: ExperimentSpec, results: list[TrialResult], end: Conclusion, name: str) -> Json:
    """Return what the API returns of an experiment that has ended."""
    trials = [TrialEnded(result=one, created_ns=1, ended_ns=2) for one in results]
    concluded = concluded_event(spec, trials, end, 10**6)
    best = [one.lower_messages_per_second for one in concluded.searches if one.is_lower_confirmed]
    phase = "Succeeded" if concluded.verdict is Verdict.VALID else "Failed"
    shown: Json = json.loads(
        ExperimentDocument(
            id="x-01",
            name=name,
            origin=Origin(kind=OriginKind.HTTP, name=name),
            phase=phase,
            reason=concluded.reason,
            message=concluded.message,
            create_time=datetime(2026, 11, 30, 12, tzinfo=UTC),
            completion_time=datetime(2026, 11, 30, 12, 30, tzinfo=UTC),
            verdict=concluded.verdict,
            trial_count=len(results),
            best_messages_per_second=max((rate for rate in best if rate), default=None),
            points=[dict(point.values) for point in points_of(spec)],
            trials=results,
            searches=concluded.searches,
            comparisons=concluded.comparisons,
            spec=spec,
        ).to_json()
    )
    return shown


def limited(plan: TrialPlan, random: Random) -> TrialResult:
    """A target that takes 16,300 messages per second; one trial of the tester is too slow."""
    rate = plan.messages_per_second or 0
    capacity = round(16_300 * (1 + random.gauss(0, 0.004)))
    ran = _trial(plan, min(rate, capacity), rate / capacity, random)
    if plan.number == 3:
        undecided = {"judgement": TrialJudgement.UNDECIDED, "reason": "TesterLimited"}
        message = "a load process used a whole core"
        return ran.model_copy(update={**undecided, "message": message, "is_tester_limited": True})
    if rate <= capacity:
        return ran
    breached = {"judgement": TrialJudgement.BREACHED, "reason": "RateNotAchieved"}
    message = f"write achieved {capacity} of {rate} messages per second"
    return ran.model_copy(update={**breached, "message": message})


def by_size(plan: TrialPlan, random: Random) -> TrialResult:
    """A target that takes fewer of the large messages; points are 2 sizes with 2 windows each."""
    rate = (52_000, 61_000, 31_000, 33_000)[plan.point] * (1 + random.gauss(0, 0.03))
    return _trial(plan, round(rate), (0.6, 0.8, 0.75, 0.9)[plan.point], random)


def _trial(plan: TrialPlan, rate: int, load: float, random: Random) -> TrialResult:
    """Return a trial that held, with latencies of a queue under this load."""
    mean_us = 300 / max(1 - load, 0.02) * (1 + random.gauss(0, 0.05))
    latency = Latency(
        p50=round(mean_us * 0.69),
        p90=round(mean_us * 2.3),
        p99=round(mean_us * 4.6 * (1 + random.gauss(0, 0.1))),
        p999=round(mean_us * 6.9 * (1 + random.gauss(0, 0.2))),
        max=round(mean_us * 14 * (1 + abs(random.gauss(0, 0.4)))),
    )
    workload = TrialWorkload(
        workload="write",
        messages_per_second=rate,
        bytes_per_second=rate * 1024,
        latency_microseconds=latency,
    )
    return TrialResult(
        plan=plan,
        job=f"x-01-t{plan.number}",
        judgement=TrialJudgement.HELD,
        reason="Held",
        achieved_messages_per_second=rate if plan.messages_per_second else 0,
        p50_microseconds=latency.p50,
        workloads=[workload],
    )
