"""CPU time, run delay and throttling of a load process, as the kernel counts them.

The main thread is all that a load process has, so /proc/self/schedstat, which is the main thread's
(Documentation/scheduler/sched-stats.rst: time on the CPU, time waiting on a run queue, slices),
speaks for the process.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from njst.contract.results.tallies import LoadCost
from njst.load.host.cores import usable_cores

_SCHEDSTAT = Path("/proc/self/schedstat")
# Control groups v2 count in us, v1 in ns.
_THROTTLED = (
    (Path("/sys/fs/cgroup/cpu.stat"), "throttled_usec", 1),
    (Path("/sys/fs/cgroup/cpu/cpu.stat"), "throttled_time", 1000),
)


@dataclass(frozen=True)
class _Reading:
    at_ns: int
    cpu_ns: int
    run_delay_ns: int
    throttled_us: int


class CostMeter:
    """Counts from its creation, which should be at `due_ns` of CLOCK_MONOTONIC."""

    def __init__(self, due_ns: int) -> None:
        self._first = _read()
        self._late_us = max(0, self._first.at_ns - due_ns) // 1000

    def cost(self, blocked_ns: int = 0) -> LoadCost:
        """Return the cost of this process since then; the engine gives `blocked_ns`."""
        first, now = self._first, _read()
        cpu_us = (now.cpu_ns - first.cpu_ns) // 1000
        return LoadCost(
            processes=1,
            cores=usable_cores(),
            elapsed_us=(now.at_ns - first.at_ns) // 1000,
            cpu_us=cpu_us,
            busiest_cpu_us=cpu_us,
            run_delay_us=(now.run_delay_ns - first.run_delay_ns) // 1000,
            throttled_us=now.throttled_us - first.throttled_us,
            blocked_us=blocked_ns // 1000,
            late_us=self._late_us,
        )


def _read() -> _Reading:
    return _Reading(time.monotonic_ns(), time.process_time_ns(), _run_delay_ns(), _throttled_us())


def _run_delay_ns() -> int:
    """Return how long this process was runnable without a core; 0 if the kernel does not count."""
    try:
        return int(_SCHEDSTAT.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _throttled_us() -> int:
    """Return how long the CPU limit of this container throttled it; 0 without a limit."""
    for path, name, per_us in _THROTTLED:
        try:
            words = path.read_text().split()
        except OSError:
            continue
        if name in words:
            return int(words[words.index(name) + 1]) // per_us
    return 0
