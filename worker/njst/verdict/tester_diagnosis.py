"""Whether the load tester was the bottleneck: the resources that the load used of its hosts.

Four limits belong to the tester. If none of them was reached, the target or a small window limits
the load; this is reported too, because its symptoms are the same: late sends, and rates that do not
grow.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from njst.contract.results.report import Diagnosis, WorkloadResult
from njst.contract.results.tallies import LoadCost

# In a shorter load a single time slice of the scheduler would decide.
SHORTEST_US = 500_000
# A process this busy has no reserve: it delays what waits for it.
BUSY_PERCENT = 95
RUN_DELAY_PERCENT = 10
THROTTLED_PERCENT = 2
# Sends this late (p99) distort every latency.
SLIP_US = 5_000
# Above this, a full window or a full socket explains the 99th percentile of the slip.
EXPLAINED_PERCENT = 1
HELD_PERCENT = 5
BLOCKED_PERCENT = 10

# If a client had no connection for this share of its window, the outage explains late sends better
# than any limit of the tester.
OUTAGE_PERCENT = 1

# The reason of a diagnosis that says nothing.
TOO_SHORT = "TooShort"
_RESERVE = "the tester had reserve: the numbers are the target's"
_ADVICE = (
    (
        "throttled_percent",
        THROTTLED_PERCENT,
        "CpuThrottled",
        (
            "the CPU limit of a worker's container stopped its load for {} % of the time: raise"
            " resources.limits.cpu, or leave it out"
        ),
    ),
    (
        "run_delay_percent",
        RUN_DELAY_PERCENT,
        "CpuContended",
        (
            "load processes waited for a core for {} % of the time: give the workers more cores, or"
            " hosts of their own, or take fewer clients"
        ),
    ),
    (
        "busiest_percent",
        BUSY_PERCENT,
        "ProcessBusy",
        (
            "the busiest load process used {} % of a core: take more processes (njst worker"
            " --processes), more clients to fill them, or more workers"
        ),
    ),
)


@dataclass(frozen=True)
class _Shares:
    busiest_percent: int
    run_delay_percent: int
    throttled_percent: int
    blocked_percent: int


@dataclass(frozen=True)
class _Finding:
    limited: bool
    reason: str
    message: str


def diagnose(
    costs: Sequence[LoadCost | None], workloads: Sequence[WorkloadResult] = ()
) -> Diagnosis | None:
    """Return the diagnosis from the participants' costs and the totals; None: no cost is known."""
    known = [cost for cost in costs if cost is not None and cost.elapsed_us > 0]
    if not known:
        return None
    long = [cost for cost in known if cost.elapsed_us >= SHORTEST_US]
    shares = _Shares(
        busiest_percent=_worst(long, lambda cost: cost.busiest_cpu_us),
        run_delay_percent=_worst(long, lambda cost: cost.run_delay_us),
        throttled_percent=_worst(long, lambda cost: cost.throttled_us),
        blocked_percent=_worst(long, lambda cost: cost.blocked_us),
    )
    finding = _Finding(False, TOO_SHORT, "the load was too short to tell")
    if long:
        finding = _limit(shares, workloads)
    return Diagnosis(
        limited=finding.limited,
        reason=finding.reason,
        message=finding.message,
        processes=sum(cost.processes for cost in known),
        millicores=sum(1000 * cost.cpu_us // cost.elapsed_us for cost in known),
        busiest_percent=shares.busiest_percent,
        run_delay_percent=shares.run_delay_percent,
        throttled_percent=shares.throttled_percent,
        blocked_percent=shares.blocked_percent,
    )


def _limit(shares: _Shares, workloads: Sequence[WorkloadResult]) -> _Finding:
    """Return the first limit that was reached; it hides the ones after it."""
    for share, bound, reason, advice in _ADVICE:
        percent = getattr(shares, share)
        if percent >= bound:
            return _Finding(True, reason, advice.format(percent))
    for workload in workloads:
        outage = _outage_percent(workload)
        if outage >= OUTAGE_PERCENT:
            message = (
                f"a client of {workload.workload} was without a connection for {outage} % of the"
                " time: the target's outage explains what is late, not the tester"
            )
            return _Finding(False, "TargetOutage", message)
    for workload in workloads:
        late = _late(workload, shares)
        if late is not None:
            return late
    if shares.blocked_percent >= BLOCKED_PERCENT:
        message = (
            f"a connection took no more bytes for {shares.blocked_percent} % of the time: the"
            " target or the network was the limit"
        )
        return _Finding(False, "BackPressure", message)
    for workload in workloads:
        held = _held_percent(workload)
        if held >= HELD_PERCENT:
            message = (
                f"{held} % of {workload.workload} were due while the window was full: the target"
                " answers slower than they are offered, or the window is too small for its latency"
            )
            return _Finding(False, "WindowFull", message)
    return _Finding(False, "HasReserve", _RESERVE)


def _late(workload: WorkloadResult, shares: _Shares) -> _Finding | None:
    """Return the finding of late sends although window and kernel had room."""
    slip, service = workload.slip_microseconds, workload.service_microseconds
    if slip is None or service is None or slip.p99 < SLIP_US or slip.p99 < service.p99:
        return None
    explained = max(_held_percent(workload), shares.blocked_percent)
    if explained >= EXPLAINED_PERCENT:
        return None
    return _Finding(
        True,
        "SendsLate",
        f"messages of {workload.workload} left {slip.p99 / 1000:.3g} ms after their instant (p99),"
        " though there was room for them: take more processes (njst worker --processes), more"
        " clients to fill them, or more workers",
    )


def _outage_percent(workload: WorkloadResult) -> int:
    """Return the longest time without a connection in percent of the window."""
    if not workload.elapsed_us:
        return 0
    return 100 * workload.longest_outage_us // workload.elapsed_us


def _held_percent(workload: WorkloadResult) -> int:
    return 100 * workload.held // workload.attempted if workload.attempted else 0


def _worst(costs: Sequence[LoadCost], part_us: Callable[[LoadCost], int]) -> int:
    return max((100 * part_us(cost) // cost.elapsed_us for cost in costs), default=0)
