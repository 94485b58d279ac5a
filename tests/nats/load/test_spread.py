"""Clients are spread over the servers of a cluster, also if one is named only, or one is killed."""

import asyncio
import time
from collections import Counter

import pytest

from njst.contract.connection import Connection
from njst.contract.parsing.document import parse_spec
from njst.contract.plan import LoadPlan
from njst.load.runtime.process_group import LoadGroup
from njst.local.nats_cluster import NatsCluster
from njst.provisioning import provision
from tests.nats.truth.loading import LIMIT_S

CLIENTS = 7
WORKERS = ["a", "b"]


def connected(cluster: NatsCluster) -> list[int]:
    """How many clients of a load each server has that runs, the fewest first."""
    counts = []
    for server in cluster.servers:
        if server.running:
            found = server.monitor("/connz?limit=1000")["connections"]
            counts.append(Counter(one.get("name", "") for one in found)["njst-load"])
    return sorted(counts)


@pytest.mark.parametrize("seeds", [1, 3])
async def test_clients__of_two_workers__are_spread_over_all_servers(seeds: int) -> None:
    workload = {"name": "w", "clients": CLIENTS, "durationSeconds": 600}
    core = {"operation": "Subscribe", "subject": "a"}
    other = {"name": "v", "clients": 2, "durationSeconds": 600, "core": core}
    spec = parse_spec({"workloads": [{**workload, "core": core}, other]})
    with NatsCluster.start(3) as cluster:
        connection = Connection(servers=cluster.urls[:seeds], name="njst-load")
        groups: list[LoadGroup] = []
        try:
            for worker in WORKERS:
                made = await provision.provision("j", spec, connection, WORKERS, worker)
                plan = LoadPlan(
                    job="j", connection=connection.knowing(made.found), clients=made.clients
                )
                groups.append(await LoadGroup.prepare(plan, processes=2, timeout_s=LIMIT_S))
            counts = connected(cluster)
            assert sum(counts) == len(WORKERS) * (CLIENTS + 2)
            assert counts[-1] - counts[0] <= 1
            assert [t.events for group in groups for t in group.tallies() if t.events] == []
            for group in groups:
                now_ns = time.monotonic_ns()
                group.start(now_ns, time.time_ns() - now_ns)
            cluster.servers[0].kill()
            async with asyncio.timeout(LIMIT_S):
                while sum(counts := connected(cluster)) < len(WORKERS) * (CLIENTS + 2):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert counts[-1] - counts[0] <= 1
        finally:
            for group in groups:
                await group.stop()
