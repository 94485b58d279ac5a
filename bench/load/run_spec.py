"""`python -m bench.load.run_spec URL`: a spec of njst, run by the same parts that a worker runs it
with.

Reads a spec as JSON from standard input; prints a JSON object. A process of its own, so that its
children's CPU time is the load's alone.
"""

import asyncio
import json
import resource
import secrets
import sys
import time
from typing import Any

from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.plan import LoadPlan
from njst.contract.results.outcome import Outcome
from njst.load.host.cores import usable_cores
from njst.load.runtime.process_group import LoadGroup
from njst.provisioning import provision, teardown
from njst.stats.tally_merge import totals

_WORKER = "bench"
# A start lies ahead, as a mesh's does: what is due at once is not late for want of knowing it.
LEAD_NS = 200_000_000


async def _run(url: str, document: dict[str, Any]) -> dict[str, Any]:
    spec = parse_spec(document)
    job = secrets.token_hex(4)
    connection = Connection(servers=[url])
    prepared = await provision.provision(job, spec, connection, [_WORKER], _WORKER)
    plan = LoadPlan(job=job, connection=connection, clients=prepared.clients)
    group = await LoadGroup.prepare(plan, processes=usable_cores(), timeout_s=30)
    now_ns = time.monotonic_ns()
    group.start(now_ns + LEAD_NS, time.time_ns() - now_ns)
    outcome = await group.wait()
    await group.stop()
    cost = group.cost()
    result = totals(spec.workloads[0].name, "", group.tallies())
    await teardown.teardown(job, spec, connection)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    latency, slip = result.latency_microseconds, result.slip_microseconds
    return {
        "completed": outcome is Outcome.COMPLETED,
        "errors": [
            f"{error.error_class} {error.count}: {error.example}" for error in result.errors
        ],
        "messages": result.messages,
        "rate": 1e6 * result.messages / max(1, result.elapsed_us),
        "cpuSeconds": usage.ru_utime + usage.ru_stime,
        "loadCpuSeconds": cost.cpu_us / 1e6 if cost else 0.0,
        "residentMegabytes": usage.ru_maxrss / 1024,
        "p50": latency.p50 if latency else None,
        "p99": latency.p99 if latency else None,
        "slipP99": slip.p99 if slip else None,
    }


def main() -> None:
    """Run the spec of standard input."""
    json.dump(asyncio.run(_run(sys.argv[1], json.load(sys.stdin))), sys.stdout)


if __name__ == "__main__":
    main()
