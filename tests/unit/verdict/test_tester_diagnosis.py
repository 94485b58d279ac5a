"""When the numbers are the tester's own."""

from typing import Any

import pytest

from njst.contract.results.report import Latency, WorkloadResult
from njst.contract.results.tallies import LoadCost
from njst.verdict.tester_diagnosis import SHORTEST_US, diagnose

SECOND_US = 1_000_000


def cost(**changes: Any) -> LoadCost:
    """Two processes of a worker with a reserve, over ten seconds."""
    calm = LoadCost(
        processes=2,
        cores=4,
        elapsed_us=10 * SECOND_US,
        cpu_us=10 * SECOND_US,
        busiest_cpu_us=6 * SECOND_US,
        run_delay_us=100_000,
    )
    return calm.model_copy(update=changes)


def test_a_reserve_is_said_with_what_was_used() -> None:
    result = diagnose([cost(), cost()])
    assert result is not None
    assert (result.limited, result.reason) == (False, "HasReserve")
    assert (result.processes, result.millicores) == (4, 2000)
    assert (result.busiest_percent, result.run_delay_percent, result.throttled_percent) == (
        60,
        1,
        0,
    )


@pytest.mark.parametrize(
    ("changes", "reason", "advice"),
    [
        ({"busiest_cpu_us": 9_500_000}, "ProcessBusy", "used 95 % of a core: take more processes"),
        ({"run_delay_us": 1_000_000}, "CpuContended", "10 % of the time: give the workers more"),
        ({"throttled_us": 200_000}, "CpuThrottled", "2 % of the time: raise resources.limits.cpu"),
    ],
)
def test_one_limited_participant_limits_the_job(
    changes: dict[str, int], reason: str, advice: str
) -> None:
    result = diagnose([cost(), None, cost(**changes)])
    assert result is not None
    assert (result.limited, result.reason) == (True, reason)
    assert advice in result.message


@pytest.mark.parametrize(
    "changes",
    [{"busiest_cpu_us": 9_499_999}, {"run_delay_us": 999_999}, {"throttled_us": 199_999}],
)
def test_just_below_is_a_reserve(changes: dict[str, int]) -> None:
    result = diagnose([cost(**changes)])
    assert result is not None
    assert not result.limited


def test_the_limit_that_hides_the_others_is_named() -> None:
    """A throttled container also waits for cores; a contended host also looks busy."""
    everything = cost(throttled_us=SECOND_US, run_delay_us=5 * SECOND_US, busiest_cpu_us=10**7)
    assert diagnose([everything]).reason == "CpuThrottled"  # type: ignore[union-attr]
    two = cost(run_delay_us=5 * SECOND_US, busiest_cpu_us=10**7)
    assert diagnose([two]).reason == "CpuContended"  # type: ignore[union-attr]


def test_too_short_to_tell() -> None:
    busy = cost(elapsed_us=SHORTEST_US - 1, busiest_cpu_us=SHORTEST_US)
    result = diagnose([busy])
    assert result is not None
    assert (result.limited, result.reason) == (False, "TooShort")


def test_nothing_is_known() -> None:
    assert diagnose([]) is None
    assert diagnose([None]) is None
    assert diagnose([LoadCost(processes=1)]) is None


def paced(
    slip_p99: int, service_p99: int = 1_000, held: int = 0, attempted: int = 10_000
) -> WorkloadResult:
    """A workload with an offered rate."""

    def latency(p99: int) -> Latency:
        return Latency(p50=1, p90=1, p99=p99, p999=p99, max=p99)

    return WorkloadResult(
        workload="write",
        kind="Publish",
        attempted=attempted,
        held=held,
        slip_microseconds=latency(slip_p99),
        service_microseconds=latency(service_p99),
    )


CALM = {"limited": False, "reason": "HasReserve"}


@pytest.mark.parametrize(
    ("workload", "changes", "expected"),
    [
        pytest.param(paced(4_999), {}, CALM, id="soon enough"),
        pytest.param(paced(5_000), {}, {"limited": True, "reason": "SendsLate"}, id="late"),
        pytest.param(paced(8_000, service_p99=8_001), {}, CALM, id="the answers were later"),
        pytest.param(
            paced(8_000, held=99), {}, {"limited": True, "reason": "SendsLate"}, id="few held"
        ),
        pytest.param(paced(8_000, held=100), {}, CALM, id="the 99th percentile may be held ones"),
        pytest.param(
            paced(8_000, held=500), {}, {"limited": False, "reason": "WindowFull"}, id="held"
        ),
        pytest.param(
            paced(8_000), {"blocked_us": 100_000}, CALM, id="the socket was full now and then"
        ),
        pytest.param(
            paced(8_000),
            {"blocked_us": 1_000_000},
            {"limited": False, "reason": "BackPressure"},
            id="the socket was full",
        ),
        pytest.param(
            WorkloadResult(workload="write", kind="Publish"),
            {"blocked_us": 1_000_000},
            {"limited": False, "reason": "BackPressure"},
            id="a closed loop against a full socket",
        ),
        pytest.param(
            paced(8_000),
            {"busiest_cpu_us": 10_000_000},
            {"limited": True, "reason": "ProcessBusy"},
            id="why it is late",
        ),
        pytest.param(paced(0, attempted=0), {}, CALM, id="nothing was sent"),
    ],
)
def test_late_sends_are_the_testers_unless_there_was_no_room_for_them(
    workload: WorkloadResult, changes: dict[str, int], expected: dict[str, Any]
) -> None:
    result = diagnose(
        [cost(**changes)], [WorkloadResult(workload="read", kind="Consume"), workload]
    )
    assert result is not None
    assert {"limited": result.limited, "reason": result.reason} == expected
    if result.reason != "HasReserve" and result.reason not in ("BackPressure", "ProcessBusy"):
        assert "write" in result.message


def test_the_share_of_the_connection_that_waited_most_is_said() -> None:
    result = diagnose([cost(blocked_us=50_000), cost(blocked_us=300_000)])
    assert result is not None
    assert (result.blocked_percent, result.reason) == (3, "HasReserve")
