"""Provisioning: creates what a job needs on the target before the load; `teardown` removes it.

Every participant creates all of it: JetStream accepts an equal configuration again, so no
participant has to be first. All assets carry the job's id, and only such assets are ever removed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from njst.contract.connection import Connection
from njst.contract.plan import ClientPlan, Provisioned
from njst.contract.results.preparation import Preparation
from njst.contract.spec.job import JobSpec
from njst.login.nats_client import API_TIMEOUT_S
from njst.planning.adjustments import Adjustments
from njst.planning.client_plans import client_plans
from njst.planning.client_slot import TargetState
from njst.planning.inbox_prefix import for_connection
from njst.planning.payload_limits import check_payload_sizes
from njst.planning.server_requirements import check_release, requirements, unsupported
from njst.planning.stream_requirements import check_made_streams
from njst.provisioning.bulk_assets import make_bulk_assets
from njst.provisioning.consumers import make_own_consumers, make_shared_consumers
from njst.provisioning.core_streams import LOOK_S, with_core_streams
from njst.provisioning.existing_consumers import with_existing_consumers
from njst.provisioning.existing_streams import check_existing_streams
from njst.provisioning.payload_files import largest, payload_plans, with_files
from njst.provisioning.push_delivery import check_push_delivery
from njst.provisioning.streams import make_streams, stream_states
from njst.provisioning.target.jetstream_api import JetStreamApi
from njst.provisioning.target.store_clock import with_store_clocks
from njst.provisioning.target.target_connection import ask_server, target_connection
from njst.provisioning.target.target_session import placements, target_session


@dataclass(frozen=True)
class WorkerFiles:
    """Settings of a worker: its payload folder, if it has one, and the log of its jobs.

    Without a `log` orphaned assets are not reaped.
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
) -> Provisioned:
    """Create the missing streams and consumers of a job, and plan the clients of `me`.

    A workload for which the target's server is too old becomes one client that only reports this.

    Args:
        job: the job's id.
        spec: the job.
        connection: the target.
        participants: all participants.
        me: one of the participants.
        home: settings of `me`; None: none.

    Raises:
        SetupError: names the field of the spec that the target or this host refuses, and why.
    """
    home = home or WorkerFiles()
    files = payload_plans(spec, home.payloads)
    patience_s = _patience_s(spec)
    async with target_connection(connection) as client:
        release = client.connected_server_version
        check_release(spec, release.major, release.minor)
        longest = {number: largest(file) for number, file in files.items()}
        check_payload_sizes(spec, client.max_payload, longest)
        skipped: dict[str, str] = {}
        if any(requirements(spec, workload) for workload in spec.workloads):
            skipped = unsupported(spec, await ask_server(client, patience_s))
        possible = spec.without(skipped)
        js = client.jetstream(timeout=patience_s)
        check_made_streams(spec, skipped, longest)
        streams = await check_existing_streams(js, client, spec, skipped, longest)
        streams |= await make_streams(js, job, possible, home.log, len(participants))
        there = await stream_states(js, possible, streams, client.server_id)
        adjusted = Adjustments()
        target = TargetState(there, skipped, adjusted)
        planned = client_plans(job, spec, participants, me, target)
        found = with_files(planned, files)
        plans = [_marked(for_connection(plan, connection), home.log) for plan in found]
        api = JetStreamApi(client, connection.js_api, patience_s)
        await check_push_delivery(api, job, spec, plans, streams)
        plans = await make_shared_consumers(api, job, spec, connection, plans, adjusted)
        plans = await make_own_consumers(api, job, spec, plans, adjusted)
        plans = await with_existing_consumers(api, spec, plans, len(participants), adjusted)
        await make_bulk_assets(api, spec, plans)
        plans = await with_core_streams(JetStreamApi(client, connection.js_api, LOOK_S), plans)
        plans = await with_store_clocks(client, connection.js_api, plans)
        # A job that only publishes to existing streams asks for nothing but its subjects.
        asks = bool(streams) or not spec.streams
        preparation = Preparation(
            adjusted=adjusted.all(),
            session=await target_session(client, connection, asks=asks),
            streams=placements(streams.values()),
        )
        return Provisioned(clients=plans, found=client.named_servers, preparation=preparation)


def _patience_s(spec: JobSpec) -> float:
    """Return the time-out of one API call in seconds: a busy target may create streams slowly.

    Half of the job's start time-out leaves time to report what did not answer.
    """
    return max(API_TIMEOUT_S, spec.start_timeout_seconds / 2)


def _marked(plan: ClientPlan, log: str) -> ClientPlan:
    """Return a client's plan with the job's log, for the metadata of assets that it creates."""
    if plan.management is None:
        return plan
    management = plan.management.model_copy(update={"log": log})
    return plan.model_copy(update={"management": management})
