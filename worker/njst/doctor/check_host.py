"""Whether this host can measure: cores, the limit of CPU time, open files."""

import resource

from njst.doctor.finding import Finding, ok, warning
from njst.load.host.cores import cpu_limit_millicores, usable_cores
from njst.load.host.open_files import RESERVE

SUBJECT = "host"
# Clients that one worker should be able to have without further ado.
CLIENTS = 1_000


def check_host() -> list[Finding]:
    """Return what was found about the host, or the container, of this process."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    return [judge_cores(usable_cores(), cpu_limit_millicores()), judge_files(files)]


def judge_cores(cores: int, limit_millicores: int | None) -> Finding:
    """Judge the number of usable cores and the limit of CPU time; None: there is none."""
    words = f"{cores} usable core{'s' if cores > 1 else ''}"
    if limit_millicores is not None:
        return warning(
            SUBJECT,
            f"{words}, and a limit of {limit_millicores / 1000:g} cores",
            "a CPU limit stops load processes for up to 100 ms, which shows as latency: give the"
            " container whole cores as a request, and no limit (or the static CPU manager)",
        )
    if cores == 1:
        return warning(
            SUBJECT,
            f"{words}, which the load, the worker and the target share",
            "two cores or more keep the worker's own work out of the latencies",
        )
    return ok(SUBJECT, f"{words}, no CPU limit")


def judge_files(limit: int) -> Finding:
    """Judge the hard limit of open files."""
    if limit != resource.RLIM_INFINITY and limit < CLIENTS + RESERVE:
        return warning(
            SUBJECT,
            f"a process may have {limit} open files, so at most {max(0, limit - RESERVE)} clients",
            "raise the hard limit (ulimit -Hn, LimitNOFILE) for more clients per load process",
        )
    return ok(SUBJECT, "enough open files for 1,000 clients and more per load process")
