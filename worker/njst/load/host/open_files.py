"""How many files a load process may have open: each connection is one."""

import resource

from njst.contract.results.outcome import Problem

# Pipes, libraries, certificates, and attempts to connect besides a connection.
RESERVE = 192


def raise_limit() -> int:
    """Raise the soft limit of open files to the hard one; return the new limit.

    Since containerd 2 the soft limit of a pod is 1,024, and the hard one is not.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return soft  # a hard limit above the kernel's fs.nr_open
    return hard


def shortage(clients: int, limit: int) -> Problem | None:
    """Return the problem of a process whose limit of open files is too low for its clients."""
    needed = clients + RESERVE
    if limit == resource.RLIM_INFINITY or limit >= needed:
        return None
    return Problem(
        reason="TooFewOpenFiles",
        message=f"a load process with {clients} clients needs {needed} open files and may have"
        f" {limit} (hard limit, ulimit -Hn); raise it, or run fewer clients per worker",
    )
