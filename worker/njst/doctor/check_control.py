"""Whether the control NATS can be reached, permits what a mesh needs, and has room for it."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.js.errors import APIError

from njst.contract.connection import Connection
from njst.contract.names.mesh import Mesh
from njst.contract.names.mesh_permissions import mesh_permissions
from njst.contract.results.outcome import SetupError
from njst.doctor.finding import Finding, failed, ok, warning
from njst.provisioning.target.jetstream_api import JetStreamApi
from njst.provisioning.target.target_client import PermissionDeniedError, TargetClient
from njst.provisioning.target.target_connection import target_connection

SUBJECT = "control NATS"
# The server refuses it as invalid before it does anything, so a request with it only tells whether
# it is permitted.
INVALID = b"{"
CROWDED_PERCENT = 80
_PROBE_TIMEOUT_S = 2.0
_PERMISSIONS = "docs/connections.md lists what the login of a mesh needs"


async def check_control(connection: Connection, mesh: Mesh) -> list[Finding]:
    """Return what was found; later checks are left out where an earlier one failed."""
    try:
        async with target_connection(connection) as client:
            found = [ok(SUBJECT, await described(client))]
            denied = await _denied(client, mesh)
            if denied:
                return found + denied
            account = await _account(client)
            if isinstance(account, Finding):
                return [*found, account]
            return [*found, *judge_account(account), await _log(client, mesh)]
    except SetupError as error:
        words = error.message.removeprefix("spec.target: ")
        return [failed(SUBJECT, words, "docs/connections.md says what each refusal means")]


async def described(client: TargetClient) -> str:
    """Return server, version, cluster and round trip of a connection, for people."""
    begin_s = time.monotonic()
    await client.flush()
    trip_ms = (time.monotonic() - begin_s) * 1000
    url = client.connected_url
    cluster = client.info("cluster")
    where = f" of cluster {cluster}" if cluster else ""
    return (
        f"nats-server {client.info('version')} at {url.netloc if url else 'a server'}{where},"
        f" round trip {trip_ms:.1f} ms"
    )


async def _denied(client: TargetClient, mesh: Mesh) -> list[Finding]:
    """Return a failure for each permission that the login lacks."""
    needed = mesh_permissions(mesh, client.js_api)
    asked = await asyncio.gather(*(_why_denied(client, subject) for subject in needed.publish))
    for subject in needed.subscribe:
        await client.subscribe(subject)
    # The server answers in order, so after this answer all refusals are there. nats-py's own flush
    # may overtake a subscription, and TargetClient's request ends at the first refusal.
    with suppress(nats.errors.Error, TimeoutError):
        await Client.request(client, f"{client.js_api}.INFO", timeout=_PROBE_TIMEOUT_S)
    refused = (f"the user may not subscribe to {s}" for s in client.denied_subscriptions)
    return [failed(SUBJECT, words, _PERMISSIONS) for words in (*filter(None, asked), *refused)]


async def _why_denied(client: TargetClient, subject: str) -> str:
    """Return the server's refusal of a request; "" if it was not denied, answered or not."""
    try:
        await client.request(probed(subject), INVALID, timeout=_PROBE_TIMEOUT_S)
    except PermissionDeniedError as error:
        return str(error).replace(probed(subject), subject)
    except (nats.errors.Error, TimeoutError):
        return ""
    return ""


def probed(subject: str) -> str:
    """Return a subject that stands for a pattern and that nothing listens to or stores."""
    return subject.replace(">", "probe")


async def _account(client: TargetClient) -> dict[str, Any] | Finding:
    api = JetStreamApi(client, client.js_api)
    try:
        return await api.call(f"{api.prefix}.INFO")
    except (APIError, nats.errors.Error, TimeoutError) as error:
        words = getattr(error, "description", None) or "JetStream does not answer"
        advice = "start nats-server with --jetstream, or give the account JetStream limits"
        return failed(SUBJECT, str(words), advice)


def judge_account(account: Mapping[str, Any]) -> list[Finding]:
    """Judge what is left of an account's limits, from the answer to `$JS.API.INFO`."""
    tiers = account.get("tiers") or {"": account}
    return [finding for name, said in tiers.items() for finding in _judge_room(name, said)]


def _judge_room(tier: str, said: Mapping[str, Any]) -> Iterator[Finding]:
    where = f" of tier {tier}" if tier else ""
    for kind, words in (("storage", "file storage"), ("memory", "memory storage")):
        limit = int((said.get("limits") or {}).get(f"max_{kind}", -1))
        used = max(said.get(kind, 0), said.get(f"reserved_{kind}", 0))
        if limit > 0 and used * 100 >= limit * CROWDED_PERCENT:
            message = f"{100 * used // limit} % of the {words}{where} is used or reserved"
            yield warning(SUBJECT, message, "raise the limit of the account, or remove streams")


async def _log(client: TargetClient, mesh: Mesh) -> Finding:
    api = JetStreamApi(client, client.js_api)
    try:
        info = await api.call(f"{api.prefix}.STREAM.INFO.{mesh.log_stream}")
    except APIError as error:
        if error.code != 404:
            words = f"the job log {mesh.log_stream}: {error.description}"
            return failed(SUBJECT, words, "look at the JetStream of the control NATS")
        words = f"mesh {mesh.name} has no job log: no worker has joined it yet"
        return warning(SUBJECT, words, "start a worker, or give the name of your mesh by --mesh")
    except (nats.errors.Error, TimeoutError, json.JSONDecodeError):
        words = f"the job log {mesh.log_stream} does not answer"
        return failed(SUBJECT, words, "has it lost its quorum? `nats stream info` tells")
    return judge_log(info)


def judge_log(info: Mapping[str, Any]) -> Finding:
    """Judge the job log from its stream info."""
    config, state, cluster = info["config"], info["state"], info.get("cluster") or {}
    name, copies = config["name"], config.get("num_replicas", 1)
    if cluster.get("name") and not cluster.get("leader"):
        return failed(SUBJECT, f"the job log {name} has no leader", "bring its servers back")
    most, used = config.get("max_bytes", -1), state["bytes"]
    if most > 0 and used * 100 >= most * CROWDED_PERCENT:
        words = f"the job log {name} is {100 * used // most} % full"
        return warning(SUBJECT, words, "njst forgets ended jobs; delete those that you do not need")
    if cluster.get("name") and copies < 3:
        words = f"the job log {name} has {copies} of 3 possible replicas"
        return warning(SUBJECT, words, "set NJST_LOG_REPLICAS=3, so that it outlives a server")
    return ok(SUBJECT, f"the job log {name} has {copies} replicas and {state['messages']} events")
