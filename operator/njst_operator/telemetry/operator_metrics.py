"""Counters of this replica, as Prometheus text."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from njst.stats.prometheus_text import Buckets, Family, HistogramFamily, render
from njst_operator.telemetry.replica_health import ReplicaHealth

# Upper bounds of the buckets of a reconciliation's duration, in seconds.
RECONCILE_BOUNDS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass
class OperatorMetrics:
    """Counters since the start of this replica."""

    reconciles: int = 0
    reconcile_seconds: float = 0.0
    # By bound of RECONCILE_BOUNDS_S, and beyond the last one; not cumulative.
    _by_duration: list[int] = field(default_factory=lambda: [0] * (len(RECONCILE_BOUNDS_S) + 1))
    status_writes: int = 0
    events: int = 0
    errors: Counter[str] = field(
        default_factory=lambda: Counter(conflict=0, kubernetes=0, nats=0, other=0)
    )

    def record_reconcile(self, seconds: float) -> None:
        """Count a reconciliation that took this long."""
        self.reconciles += 1
        self.reconcile_seconds += seconds
        self._by_duration[bisect_left(RECONCILE_BOUNDS_S, seconds)] += 1

    def reconcile_buckets(self) -> Buckets:
        """Return the durations of reconciliations as a histogram."""
        below = list(accumulate(self._by_duration))
        up_to = list(zip(RECONCILE_BOUNDS_S, below, strict=False))
        return Buckets(up_to, self.reconciles, self.reconcile_seconds)


@dataclass(frozen=True)
class ScheduleSample:
    """What the metrics show of one NjstSchedule; `next_s`: the Unix time of the next one."""

    name: str
    reason: str
    next_s: float | None = None


def readiness(*, ready: bool) -> Family:
    """Return the metric that says whether this replica is ready."""
    help_text = "1 when /readyz says ok."
    return Family("njst_operator_ready", "gauge", help_text, [({}, int(ready))])


def exposition(
    counts: OperatorMetrics,
    replica_health: ReplicaHealth,
    phases: Iterable[str],
    schedules: Sequence[ScheduleSample],
    now_s: float,
    *,
    experiments: Iterable[str] = (),
) -> str:
    """Return all metrics as text.

    `phases` are those of all known NjstJobs, `experiments` those of all NjstExperiments.
    """
    by_phase = Counter(phase or "New" for phase in phases)
    experiments_by_phase = Counter(phase or "New" for phase in experiments)
    by_reason = Counter(schedule.reason or "New" for schedule in schedules)
    single = (
        ("reconciles_total", "counter", "Reconciliations of a resource.", counts.reconciles),
        (
            "reconcile_seconds_total",
            "counter",
            "Deprecated: njst_operator_reconcile_duration_seconds.",
            counts.reconcile_seconds,
        ),
        ("status_writes_total", "counter", "Statuses written.", counts.status_writes),
        ("events_total", "counter", "Kubernetes Events written.", counts.events),
        (
            "watch_behind_seconds",
            "gauge",
            "How far the watch is behind the lists.",
            replica_health.behind_s(now_s),
        ),
        (
            "list_age_seconds",
            "gauge",
            "Age of the last list.",
            replica_health.list_age_s(now_s) or 0.0,
        ),
        ("nats_connected", "gauge", "1 with a control NATS.", int(replica_health.nats_connected)),
    )
    families: list[Family | HistogramFamily] = [
        readiness(ready=replica_health.not_ready(now_s) is None),
        HistogramFamily(
            "njst_operator_reconcile_duration_seconds",
            "How long reconciliations of a resource took.",
            [({}, counts.reconcile_buckets())],
        ),
    ]
    families += [
        Family(f"njst_operator_{name}", kind, help_text, [({}, value)])
        for name, kind, help_text, value in single
    ]
    families += [
        Family(
            "njst_operator_errors_total",
            "counter",
            "Errors after which a reconciliation was repeated.",
            [({"kind": kind}, count) for kind, count in sorted(counts.errors.items())],
        ),
        Family(
            "njst_operator_resources",
            "gauge",
            "NjstJobs of this installation, by phase; New without one. Each replica counts all.",
            [({"phase": phase}, count) for phase, count in sorted(by_phase.items())],
        ),
        Family(
            "njst_operator_experiments",
            "gauge",
            "NjstExperiments of this installation, by phase; New without one."
            " Each replica counts all.",
            [({"phase": phase}, count) for phase, count in sorted(experiments_by_phase.items())],
        ),
        Family(
            "njst_operator_schedules",
            "gauge",
            "NjstSchedules of this installation, by reason; New without one."
            " Each replica counts all.",
            [({"reason": reason}, count) for reason, count in sorted(by_reason.items())],
        ),
        Family(
            "njst_operator_schedule_next_timestamp_seconds",
            "gauge",
            "Unix time of the next job or experiment of an NjstSchedule (namespace/name), until the"
            " schedule is deleted or has none.",
            [
                ({"schedule": schedule.name}, schedule.next_s)
                for schedule in schedules
                if schedule.next_s is not None
            ],
        ),
    ]
    return render(families)
