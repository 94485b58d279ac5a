"""Usable cores of this process."""

import os
from pathlib import Path

_CGROUP_V2 = Path("/sys/fs/cgroup/cpu.max")
_CGROUP_V1 = Path("/sys/fs/cgroup/cpu")
# All cores that are online, as ranges: 0-3,6. Containers see those of their node.
_ONLINE = Path("/sys/devices/system/cpu/online")


def usable_cores() -> int:
    """Return the cores by affinity, or by the cgroup's CPU limit where that is less; at least 1."""
    cores = len(os.sched_getaffinity(0))
    limit = cpu_limit_millicores()
    return max(1, cores if limit is None else min(cores, -(-limit // 1000)))


def describe_cores() -> str:
    """Return the cores of this process: `4 of 16, limit 4`, or `16 of 16, no limit`.

    Fewer than all are pinned, by kubelet's CPU manager or by affinity; a limit on cores that are
    not pinned stops a process for a part of each period.
    """
    pinned = len(os.sched_getaffinity(0))
    limit = cpu_limit_millicores()
    limited = "no limit" if limit is None else f"limit {limit / 1000:g}"
    return f"{pinned} of {_online() or pinned}, {limited}"


def _online() -> int | None:
    """Return the number of cores of the machine; None where it does not say."""
    try:
        return count_ranges(_ONLINE.read_text())
    except (OSError, ValueError):
        return None


def count_ranges(text: str) -> int:
    """Return how many numbers a list of ranges has, as the kernel writes it: 5 for `0-3,6`.

    Raises:
        ValueError: it is no such list.
    """
    ends = [[int(end) for end in part.split("-")] for part in text.strip().split(",")]
    return sum(end[-1] - end[0] + 1 for end in ends)


def cpu_limit_millicores() -> int | None:
    """Return the cgroup's CPU limit in thousandths of a core; None when there is none."""
    try:
        quota, period = _CGROUP_V2.read_text().split()
    except (OSError, ValueError):
        try:
            quota = (_CGROUP_V1 / "cpu.cfs_quota_us").read_text().strip()
            period = (_CGROUP_V1 / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if quota in ("max", "-1"):
        return None
    return int(quota) * 1000 // int(period)
