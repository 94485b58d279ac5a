"""The trials of an experiment as CSV (RFC 4180): one row for each workload of each trial.

First come the columns of `TRIAL_COLUMNS`, then one for each factor, named `factor.NAME`, then those
of `WORKLOAD_COLUMNS`; what there is not is empty. Rates are per second, latencies microseconds.
"""

import csv
import io
import json
from collections.abc import Iterator

from pydantic import JsonValue

from njst.contract.results.report import Latency
from njst.contract.results.trial import TrialResult, TrialWorkload
from njst.report.experiments.experiment_text import ShownExperiment

TRIAL_COLUMNS = (
    "trial",
    "job",
    "point",
    "repeat",
    "purpose",
    "windowSeconds",
    "offeredMessagesPerSecond",
    "achievedMessagesPerSecond",
    "judgement",
    "reason",
    "message",
    "verdict",
    "testerLimited",
    "lostMessages",
)
WORKLOAD_COLUMNS = (
    "workload",
    "messagesPerSecond",
    "bytesPerSecond",
    "errorsPerMillion",
    "latencyP50Microseconds",
    "latencyP90Microseconds",
    "latencyP99Microseconds",
    "latencyP999Microseconds",
    "latencyMaxMicroseconds",
    "latencyIsLowerBound",
)


def render(shown: ShownExperiment) -> str:
    """Return the table with its header; only the header before the first trial has ended."""
    factors = [name for name, _ in shown.points[0].values] if shown.points else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*TRIAL_COLUMNS, *(f"factor.{name}" for name in factors), *WORKLOAD_COLUMNS])
    for trial in shown.trials:
        values = dict(shown.points[trial.plan.point].values)
        head = [*_trial(trial), *(_text(values[name]) for name in factors)]
        writer.writerows([*head, *numbers] for numbers in _workloads(trial))
    return text.getvalue()


def _trial(trial: TrialResult) -> list[object]:
    plan = trial.plan
    return [
        plan.number,
        trial.job,
        plan.point,
        plan.repeat,
        str(plan.purpose),
        plan.window_seconds or "",
        plan.messages_per_second or "",
        trial.achieved_messages_per_second or "",
        str(trial.judgement),
        trial.reason,
        trial.message,
        str(trial.verdict),
        _flag(trial.is_tester_limited),
        trial.lost_messages,
    ]


def _workloads(trial: TrialResult) -> Iterator[list[object]]:
    """Yield the numbers of each workload; one row without any if the trial has none."""
    for one in trial.workloads:
        yield [*_numbers(one), *_latency(one.latency_microseconds), _flag(one.is_lower_bound)]
    if not trial.workloads:
        yield [""] * len(WORKLOAD_COLUMNS)


def _numbers(one: TrialWorkload) -> list[object]:
    return [one.workload, one.messages_per_second, one.bytes_per_second, one.errors_per_million]


def _latency(latency: Latency | None) -> list[object]:
    if latency is None:
        return [""] * 5
    return [latency.p50, latency.p90, latency.p99, latency.p999, latency.max]


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
