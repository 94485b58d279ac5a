"""What a job needs on the target: streams and consumers, made before the load and removed after.

Every participant makes all of it; JetStream takes an equal configuration as the same asset, so
nobody has to be first. Whatever is made carries the job's id, and only that is ever removed.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import nats.errors
from nats.js import JetStreamContext
from nats.js.api import StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from njst.contract.connection import (
    Connection,
)
from njst.contract.kinds.consume import (
    ClockPlan,
    ConsumeMode,
)
from njst.contract.names.assets import (
    OWNER_KEY,
    consumer_name,
    has_own_consumers,
    stream_names,
)
from njst.contract.names.buckets import (
    bucket_of,
)
from njst.contract.plan import (
    ClientPlan,
)
from njst.contract.results.outcome import (
    SetupError,
)
from njst.contract.spec.job import (
    JobSpec,
)
from njst.contract.spec.stream import (
    Retain,
)
from njst.contract.spec.workload import Workload
from njst.login.connect_errors import explain
from njst.login.login_errors import LoginError
from njst.login.nats_client import API_TIMEOUT_S, LoginClient
from njst.planning import There, clients_of
from njst.planning.inbox_prefix import own_inbox, reached
from njst.planning.payload_limits import check_room
from njst.planning.server_requirements import ask_server, lacking, needs
from njst.provisioning.bulk_assets import (
    Api,
    make_standing,
    remove_consumers,
    remove_streams,
)
from njst.provisioning.consumers import OwnConsumer, consumer_config, stream_config, watch_config
from njst.provisioning.core_streams import LOOK_S, with_core_streams
from njst.provisioning.existing_consumers import adopted, misfits
from njst.provisioning.payload_files import payload_files, with_files
from njst.provisioning.retention_check import stream_before
from njst.provisioning.store_clock import store_clock
from njst.provisioning.streams import check_subjects

_STREAM_EXISTS = 10058

# JetStream's error codes (server/errors.json) that a person can do something about.
_REASONS: dict[int, tuple[str, str]] = {
    _STREAM_EXISTS: ("StreamExists", "it is there already and not this job's; use another name"),
    10065: ("SubjectsOverlap", "another stream takes these subjects; use others"),
    10074: ("ReplicasUnavailable", "the target has not as many servers as replicas"),
    10005: ("ReplicasUnavailable", "no servers of the target suit the placement or replicas"),
    10023: ("InsufficientResources", "the target has no room for it"),
    10028: ("InsufficientResources", "the account has no memory storage left"),
    10047: ("InsufficientResources", "the target has no storage left"),
    10026: ("LimitReached", "the account has as many consumers as it may"),
    10027: ("LimitReached", "the account has as many streams as it may"),
    10039: ("JetStreamNotEnabled", "JetStream is not enabled for this account"),
    10076: ("JetStreamNotEnabled", "JetStream is not enabled on the target"),
    10014: ("ConsumerNotFound", "it is not there; leave out existingConsumer to have one made"),
    10059: ("StreamNotFound", "it is not there; leave out useExisting to have it made"),
}


@dataclass(frozen=True)
class Home:
    """What a worker has of its own: the folder of files that may be payloads, if there is one.

    `log` says which log its jobs are in; empty: nobody looks for what they may leave behind.
    """

    payloads: Path | None = None
    log: str = ""


async def make(
    job: str,
    spec: JobSpec,
    connection: Connection,
    participants: Sequence[str],
    me: str,
    home: Home | None = None,
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
    home = home or Home()
    files = payload_files(spec, home.payloads)
    patience_s = _patience_s(spec)
    async with connected(connection) as client:
        check_room(spec, client.max_payload, files)
        skipped: dict[str, str] = {}
        if any(needs(workload) for workload in spec.workloads):
            skipped = lacking(spec, await ask_server(client, patience_s))
        possible = spec.without(skipped)
        js = client.jetstream(timeout=patience_s)
        there = await _make_streams(
            js, job, possible, home.log, len(participants), client.server_id
        )
        found = with_files(clients_of(job, spec, participants, me, there, skipped), files)
        plans = [_marked(reached(plan, connection), home.log) for plan in found]
        await _make_shared_consumers(js, job, spec, connection, skipped)
        plans = await _make_own_consumers(js, job, spec, plans)
        api = Api(client, connection.js_api, patience_s)
        plans = await _with_existing_consumers(api, spec, plans, len(participants))
        await _make_managed(api, spec, plans)
        plans = await with_core_streams(Api(client, connection.js_api, LOOK_S), plans)
        return await _with_clocks(client, connection.js_api, plans)


def _patience_s(spec: JobSpec) -> float:
    """Return how long one answer is waited for: a busy target may take long to make a stream.

    Half of what the job waits for its participants leaves time to say what did not answer.
    """
    return max(API_TIMEOUT_S, spec.start_timeout_seconds / 2)


async def _with_clocks(client: LoginClient, api: str, plans: list[ClientPlan]) -> list[ClientPlan]:
    """Return the clients, verifying consumers with the clock of the server that stores for them."""
    clocks: dict[str, ClockPlan | None] = {}
    made = []
    for plan in plans:
        consume = plan.consume
        if consume is not None and consume.verify:
            if consume.stream not in clocks:
                clocks[consume.stream] = await store_clock(client, api, consume.stream)
            known = consume.model_copy(update={"store_clock": clocks[consume.stream]})
            made.append(plan.model_copy(update={"consume": known}))
        else:
            made.append(plan)
    return made


async def _make_streams(
    js: JetStreamContext, job: str, spec: JobSpec, log: str, participants: int, server: str
) -> dict[str, There]:
    """Make what is not there; return what each stream has, as a server of this id says."""
    there: dict[str, There] = {}
    for number, stream in enumerate(spec.streams):
        for index, name in enumerate(stream_names(stream)):
            field = f"spec.streams[{number}] ({name})"
            if stream.use_existing:
                info = await _ask(field, js.stream_info(name))
                check_subjects(spec, stream, info)
            else:
                config = stream_config(job, spec, stream, index, log, participants)
                info = await _ask(field, _add_stream(js, job, config))
            there[name] = There(info.state.last_seq, stream_before(info, server))
    return there


async def _add_stream(js: JetStreamContext, job: str, config: StreamConfig) -> StreamInfo:
    """Make a stream, or use the one that another worker of the job made.

    JetStream itself takes an equal one for the same, but a worker of another version may mark what
    it makes in another way.
    """
    try:
        return await js.add_stream(config)
    except APIError as error:
        if error.err_code != _STREAM_EXISTS:
            raise
        info = await js.stream_info(config.name or "")
        if (info.config.metadata or {}).get(OWNER_KEY) != job:
            raise
        return info


async def _make_shared_consumers(
    js: JetStreamContext,
    job: str,
    spec: JobSpec,
    connection: Connection,
    skipped: Collection[str],
) -> None:
    streams = {stream.name: stream for stream in spec.streams}
    for number, workload in enumerate(spec.workloads):
        if workload.consume is None or workload.stream is None or has_own_consumers(workload):
            continue
        if workload.consume.existing_consumer is not None or workload.name in skipped:
            continue
        for index, name in enumerate(stream_names(streams[workload.stream])):
            config = consumer_config(job, workload, index)
            if config.deliver_subject:
                deliver = own_inbox(config.deliver_subject, connection)
                config = config.evolve(deliver_subject=deliver)
            await _ask(_workload_field(number, workload), js.add_consumer(name, config))


async def _with_existing_consumers(
    api: Api, spec: JobSpec, plans: Iterable[ClientPlan], participants: int
) -> list[ClientPlan]:
    """Return the clients, those of a consumer that is there already with what is its own."""
    infos: dict[tuple[int, str], dict[str, Any]] = {}
    made: list[ClientPlan] = []
    for plan in plans:
        made.append(plan)
        workload, consume = spec.workloads[plan.number], plan.consume
        if consume is None or workload.consume is None or not workload.consume.existing_consumer:
            continue
        asked = (plan.number, consume.stream)
        if asked not in infos:
            which = f"{consume.consumer} of {consume.stream}"
            field = f"{_workload_field(plan.number, workload)}.consume.existingConsumer ({which})"
            subject = f"{api.prefix}.CONSUMER.INFO.{consume.stream}.{consume.consumer}"
            infos[asked] = await _ask(field, api.call(subject))
            if found := misfits(infos[asked], spec, workload, participants):
                raise SetupError("ConsumerUnsuitable", f"{field}: {'; '.join(found)}")
        made[-1] = plan.model_copy(update={"consume": adopted(consume, infos[asked])})
    return made


async def _make_own_consumers(
    js: JetStreamContext, job: str, spec: JobSpec, plans: Iterable[ClientPlan]
) -> list[ClientPlan]:
    """Make each client's own consumer; return the clients, with what makes an ordered one again."""
    streams = {stream.name: stream for stream in spec.streams}
    made: list[ClientPlan] = []
    for plan in plans:
        made.append(plan)
        workload = spec.workloads[plan.number]
        if plan.consume is None or workload.stream is None or not has_own_consumers(workload):
            continue
        index = stream_names(streams[workload.stream]).index(plan.consume.stream)
        own = OwnConsumer(plan.consume.consumer, plan.consume.deliver)
        if workload.key_value is not None:
            config = watch_config(job, workload, bucket_of(plan.consume.stream), own)
        else:
            config = consumer_config(job, workload, index, own)
        field = _workload_field(plan.number, workload)
        await _ask(field, js.add_consumer(plan.consume.stream, config))
        if plan.consume.mode is ConsumeMode.ORDERED:
            again = plan.consume.model_copy(update={"again": json.dumps(config.as_dict())})
            made[-1] = plan.model_copy(update={"consume": again})
    return made


def _marked(plan: ClientPlan, log: str) -> ClientPlan:
    """Return a client's plan that lets what it makes say which log its job is in."""
    if plan.management is None:
        return plan
    management = plan.management.model_copy(update={"log": log})
    return plan.model_copy(update={"management": management})


async def _make_managed(api: Api, spec: JobSpec, plans: Iterable[ClientPlan]) -> None:
    for plan in plans:
        if plan.management is not None:
            field = _workload_field(plan.number, spec.workloads[plan.number])
            await _ask(field, make_standing(api, plan.management, plan.messages))


def _workload_field(number: int, workload: Workload) -> str:
    return f"spec.workloads[{number}] ({workload.name})"


async def remove(job: str, spec: JobSpec, connection: Connection) -> list[str]:
    """Remove what the job made and need not keep; return what could not be removed, and why.

    Raises:
        SetupError: the target cannot be reached.
    """
    problems: list[str] = []
    async with connected(connection) as client:
        js = client.jetstream(timeout=API_TIMEOUT_S)
        api = Api(client, connection.js_api)
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
                    problems.append(f"{name}: {_words(error)}")
        if any(w.management is not None and w.stream is None for w in spec.workloads):
            try:
                problems += await remove_streams(api, job)
            except (nats.errors.Error, TimeoutError) as error:
                problems.append(f"managed streams: {_words(error)}")
    return problems


async def _remove_stream(js: JetStreamContext, job: str, name: str) -> None:
    info = await js.stream_info(name)
    if (info.config.metadata or {}).get(OWNER_KEY) == job:
        await js.delete_stream(name)


async def _remove_consumers(
    api: Api, js: JetStreamContext, job: str, spec: JobSpec, entry: str, name: str
) -> list[str]:
    mine = [workload for workload in spec.workloads if workload.stream == entry]
    if any(has_own_consumers(w) or w.management or w.object_store for w in mine):
        return await remove_consumers(api, job, name)
    for workload in mine:
        if workload.consume is not None and workload.consume.existing_consumer is None:
            with suppress(NotFoundError):
                await js.delete_consumer(name, consumer_name(job, workload))
    return []


@asynccontextmanager
async def connected(connection: Connection) -> AsyncIterator[LoginClient]:
    """Connect to a target for a while.

    Raises:
        SetupError: it cannot be reached.
    """
    errors: list[Exception] = []

    async def on_error(error: Exception) -> None:
        errors.append(error)

    client = LoginClient(connection)
    try:
        # Once round the servers: whoever does not answer now does not answer.
        await client.log_in(name=f"{connection.name}-setup", wait_s=0, on_error=on_error)
    except (nats.errors.Error, OSError, TimeoutError, LoginError) as error:
        await client.close()
        raise _unreachable(connection, [*errors, error]) from error
    # A break in the midst of a set-up fails it; there is nothing to be patient for.
    client.options["allow_reconnect"] = False
    try:
        yield client
    except SetupError as error:
        denied = next((e for e in errors if "permissions violation" in str(e).lower()), None)
        if denied is None:
            raise
        # What may not be asked, or heard, has no answer: the server says why in another place.
        words = str(denied).removeprefix("nats: ").strip("'")
        raise SetupError("TargetPermissionDenied", f"{error.message}: {words}") from error
    finally:
        await client.close()


def _unreachable(connection: Connection, errors: Sequence[Exception]) -> SetupError:
    said = [error for error in errors if not isinstance(error, nats.errors.NoServersError)]
    refusal = explain(said or errors, connection)
    where = ", ".join(connection.servers)
    return SetupError(f"Target{refusal.kind}", f"spec.target: {where}: {refusal.words}")


_Answer = TypeVar("_Answer")


async def _ask(field: str, answer: Awaitable[_Answer]) -> _Answer:
    try:
        return await answer
    except APIError as error:
        reason, advice = _REASONS.get(error.err_code or 0, ("TargetRefused", ""))
        words = f"{field}: {error.description}"
        raise SetupError(reason, f"{words}; {advice}" if advice else words) from error
    except (nats.errors.NoRespondersError, nats.errors.TimeoutError, TimeoutError) as error:
        raise SetupError(
            "JetStreamUnavailable", f"{field}: the target's JetStream does not answer"
        ) from error
    except (nats.errors.Error, ValueError) as error:
        raise SetupError("TargetRefused", f"{field}: {_words(error)}") from error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
