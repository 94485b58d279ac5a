"""What a job needs on the target: streams and consumers, made before the load and removed after.

Every participant makes all of it; JetStream takes an equal configuration as the same asset, so
nobody has to be first. Whatever is made carries the job's id, and only that is ever removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from njst.contract.connection import Connection
from njst.contract.plan import ClientPlan
from njst.contract.spec.job import JobSpec
from njst.login.nats_client import API_TIMEOUT_S
from njst.planning.client_plans import client_plans
from njst.planning.inbox_prefix import for_connection
from njst.planning.payload_limits import check_payload_sizes
from njst.planning.server_requirements import requirements, unsupported
from njst.provisioning.bulk_assets import JetStreamApi, make_bulk_assets
from njst.provisioning.consumers import make_own_consumers, make_shared_consumers
from njst.provisioning.core_streams import LOOK_S, with_core_streams
from njst.provisioning.existing_consumers import with_existing_consumers
from njst.provisioning.existing_streams import check_existing_streams
from njst.provisioning.payload_files import largest, payload_plans, with_files
from njst.provisioning.store_clock import with_store_clocks
from njst.provisioning.streams import make_streams
from njst.provisioning.target_connection import ask_server, target_connection


@dataclass(frozen=True)
class WorkerFiles:
    """What a worker has of its own: the folder of files that may be payloads, if there is one.

    `log` says which log its jobs are in; empty: nobody looks for what they may leave behind.
    """

    payloads: Path | None = None
    log: str = ""


async def provision(
    job: str,
    spec: JobSpec,
    connection: Connection,
    participants: Sequence[str],
    me: str,
    home: WorkerFiles | None = None,
) -> list[ClientPlan]:
    """Make the streams and consumers of a job that are not there; return what `me` runs.

    A workload that the target's server is too old for is a client that says so, and nothing more.

    Args:
        job: its id.
        spec: what it is.
        connection: the target.
        participants: all of them.
        me: one of them.
        home: what `me` has of its own; None: nothing.

    Raises:
        SetupError: naming the field of the spec that the target or this host refuses, and why.
    """
    home = home or WorkerFiles()
    files = payload_plans(spec, home.payloads)
    patience_s = _patience_s(spec)
    async with target_connection(connection) as client:
        longest = {number: largest(file) for number, file in files.items()}
        check_payload_sizes(spec, client.max_payload, longest)
        skipped: dict[str, str] = {}
        if any(requirements(workload) for workload in spec.workloads):
            skipped = unsupported(spec, await ask_server(client, patience_s))
        possible = spec.without(skipped)
        js = client.jetstream(timeout=patience_s)
        await check_existing_streams(client, spec, skipped, longest)
        there = await make_streams(js, job, possible, home.log, len(participants), client.server_id)
        found = with_files(client_plans(job, spec, participants, me, there, skipped), files)
        plans = [_marked(for_connection(plan, connection), home.log) for plan in found]
        await make_shared_consumers(js, job, spec, connection, skipped)
        plans = await make_own_consumers(js, job, spec, plans)
        api = JetStreamApi(client, connection.js_api, patience_s)
        plans = await with_existing_consumers(api, spec, plans, len(participants))
        await make_bulk_assets(api, spec, plans)
        plans = await with_core_streams(JetStreamApi(client, connection.js_api, LOOK_S), plans)
        return await with_store_clocks(client, connection.js_api, plans)


def _patience_s(spec: JobSpec) -> float:
    """Return how long one answer is waited for: a busy target may take long to make a stream.

    Half of what the job waits for its participants leaves time to say what did not answer.
    """
    return max(API_TIMEOUT_S, spec.start_timeout_seconds / 2)


def _marked(plan: ClientPlan, log: str) -> ClientPlan:
    """Return a client's plan that lets what it makes say which log its job is in."""
    if plan.management is None:
        return plan
    management = plan.management.model_copy(update={"log": log})
    return plan.model_copy(update={"management": management})
