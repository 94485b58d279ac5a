"""Usable cores of this process."""

import os
from pathlib import Path

_CGROUP_V2 = Path("/sys/fs/cgroup/cpu.max")
_CGROUP_V1 = Path("/sys/fs/cgroup/cpu")


def usable_cores() -> int:
    """Return the cores by affinity, or by the cgroup's CPU limit where that is less; at least 1."""
    cores = len(os.sched_getaffinity(0))
    limit = cpu_limit_millicores()
    return max(1, cores if limit is None else min(cores, -(-limit // 1000)))


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
