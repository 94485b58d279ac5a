"""Removes what a job created on its target and need not keep."""

from contextlib import suppress

import nats.errors
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from njst.contract.connection import Connection
from njst.contract.kinds.object_store import ObjectStoreOperation
from njst.contract.names.assets import OWNER_KEY, consumer_name, has_own_consumers, stream_names
from njst.contract.spec.job import JobSpec
from njst.contract.spec.stream import Retain
from njst.contract.spec.workload import Workload
from njst.login.nats_client import API_TIMEOUT_S
from njst.provisioning.bulk_assets import remove_consumers, remove_streams
from njst.provisioning.target.jetstream_api import JetStreamApi
from njst.provisioning.target.target_connection import error_text, target_connection


async def teardown(job: str, spec: JobSpec, connection: Connection) -> list[str]:
    """Remove what the job created and need not keep; return what could not be removed, and why.

    Raises:
        SetupError: the target cannot be reached.
    """
    problems: list[str] = []
    async with target_connection(connection) as client:
        js = client.jetstream(timeout=API_TIMEOUT_S)
        api = JetStreamApi(client, connection.js_api)
        for stream in spec.streams:
            made = not stream.use_existing and stream.retain is Retain.DELETE
            for name in stream_names(stream):
                try:
                    if made:
                        await _remove_stream(js, job, name)
                    else:
                        problems += await _remove_consumers(api, js, job, spec, stream.name, name)
                except NotFoundError:
                    continue
                except (nats.errors.Error, TimeoutError) as error:
                    problems.append(f"{name}: {error_text(error)}")
        if any(w.management is not None and w.stream is None for w in spec.workloads):
            try:
                problems += await remove_streams(api, job)
            except (nats.errors.Error, TimeoutError) as error:
                problems.append(f"managed streams: {error_text(error)}")
    return problems


def _reads_objects(workload: Workload) -> bool:
    """Whether a consumer for each object is created, and one may be left when the load ends."""
    store = workload.object_store
    return store is not None and store.operation is ObjectStoreOperation.GET


async def _remove_stream(js: JetStreamContext, job: str, name: str) -> None:
    info = await js.stream_info(name)
    if (info.config.metadata or {}).get(OWNER_KEY) == job:
        await js.delete_stream(name)


async def _remove_consumers(
    api: JetStreamApi, js: JetStreamContext, job: str, spec: JobSpec, entry: str, name: str
) -> list[str]:
    mine = [workload for workload in spec.workloads if workload.stream == entry]
    if any(has_own_consumers(w) or w.management or _reads_objects(w) for w in mine):
        return await remove_consumers(api, job, name)
    for workload in mine:
        if workload.consume is not None and workload.consume.existing_consumer is None:
            with suppress(NotFoundError):
                await js.delete_consumer(name, consumer_name(job, workload))
    return []
