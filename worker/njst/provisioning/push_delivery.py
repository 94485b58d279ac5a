"""Checks that what a push consumer delivers arrives, before its clients would starve.

Where JetStream is in another account, its API is an exported service, and answers come back by
themselves. The deliver subject of a push consumer needs an export and an import of its own. The
server says of a consumer whether anybody is subscribed to its deliver subject (`push_bound`), and
it can see no further than the account's imports.
"""

import asyncio
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import nats.errors
from nats.js.api import RetentionPolicy, StreamInfo

from njst.contract.names.assets import OWNER_KEY
from njst.contract.plan import ClientPlan
from njst.contract.results.outcome import SetupError
from njst.contract.spec.job import JobSpec
from njst.provisioning.target.jetstream_api import JetStreamApi
from njst.provisioning.target.target_connection import workload_field

# A subscription may have to spread to the leader of the stream, over routes and gateways.
_PATIENCE_S = 3.0
_PAUSE_S = 0.1
# The server removes a probe that could not be deleted after this time.
_IDLE_NS = 10_000_000_000


async def check_push_delivery(
    api: JetStreamApi,
    job: str,
    spec: JobSpec,
    plans: Iterable[ClientPlan],
    streams: Mapping[str, StreamInfo],
) -> None:
    """Check for each workload with push consumers that deliveries reach this account.

    Raises:
        SetupError: names the workload and the deliver subject that does not.
    """
    checked: set[int] = set()
    for plan in plans:
        consume = plan.consume
        if consume is None or not consume.deliver or plan.number in checked:
            continue
        checked.add(plan.number)
        info = streams.get(consume.stream)
        if info is None or info.config.retention is RetentionPolicy.WORK_QUEUE:
            # A second consumer of a work queue would overlap with the first.
            continue
        deliver = f"{consume.deliver.rpartition('.')[0]}.probe-{secrets.token_hex(4)}"
        if await _is_unreachable(api, job, consume.stream, deliver):
            workload = spec.workloads[plan.number]
            field = workload_field(plan.number, workload)
            setting = "consume.mode" if workload.consume else "keyValue.operation"
            raise SetupError(
                "DeliverSubjectUnreachable",
                f"{field}.{setting}: what push consumers of {consume.stream} deliver to"
                f" {deliver} does not reach this account; export and import the deliver subjects,"
                " or use mode Pull",
            )


async def _is_unreachable(api: JetStreamApi, job: str, stream: str, deliver: str) -> bool:
    """Return whether a consumer of the stream sees no subscription to a deliver subject.

    A consumer that delivers nothing tries it; if the target refuses that one, nothing is known.
    """
    subscription = await api.client.subscribe(deliver)
    name = f"njst-{job}-{deliver.rpartition('.')[2]}"
    config = {
        "name": name,
        "deliver_subject": deliver,
        "deliver_policy": "new",
        "ack_policy": "none",
        "max_deliver": 1,
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": _IDLE_NS,
        "headers_only": True,
        "metadata": {OWNER_KEY: job},
    }
    try:
        await api.client.flush()
        body = json.dumps({"stream_name": stream, "config": config}).encode()
        found = await api.call(f"{api.prefix}.CONSUMER.CREATE.{stream}.{name}", body)
        return not await _becomes_bound(api, stream, name, found)
    except (nats.errors.Error, TimeoutError):
        return False
    finally:
        await subscription.unsubscribe()


async def _becomes_bound(
    api: JetStreamApi, stream: str, name: str, found: Mapping[str, Any]
) -> bool:
    """Return whether somebody is subscribed to what a consumer delivers to; delete it then."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_S
    while not found.get("push_bound") and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(_PAUSE_S)
        found = await api.call(f"{api.prefix}.CONSUMER.INFO.{stream}.{name}")
    await api.call(f"{api.prefix}.CONSUMER.DELETE.{stream}.{name}")
    return bool(found.get("push_bound"))
