"""A nats-py connection to the target, with the target's errors as SetupError."""

import json
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import nats.errors
from nats.js.errors import APIError

from njst.contract.connection import Connection
from njst.contract.results.outcome import SetupError
from njst.contract.spec.workload import Workload
from njst.login.connect_errors import explain
from njst.login.login_errors import LoginError
from njst.login.nats_client import LoginClient
from njst.planning.server_requirements import TargetServer

STREAM_EXISTS = 10058


# JetStream's error codes (server/errors.json) that a person can do something about.
_REASONS: dict[int, tuple[str, str]] = {
    STREAM_EXISTS: ("StreamExists", "it is there already and not this job's; use another name"),
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


def workload_field(number: int, workload: Workload) -> str:
    return f"spec.workloads[{number}] ({workload.name})"


@asynccontextmanager
async def target_connection(connection: Connection) -> AsyncIterator[LoginClient]:
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


async def explained(field: str, answer: Awaitable[_Answer]) -> _Answer:
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
        raise SetupError("TargetRefused", f"{field}: {error_text(error)}") from error


def error_text(error: Exception) -> str:
    return str(error) or type(error).__name__


async def ask_server(client: LoginClient, timeout_s: float) -> TargetServer:
    """Return what the target's JetStream is.

    Raises:
        SetupError: JetStream does not answer within `timeout_s`.
    """
    try:
        answer = await client.request(f"{client.js_api}.INFO", b"", timeout=timeout_s)
        level = int(json.loads(answer.data).get("api", {}).get("level", 0))
    except (nats.errors.Error, TimeoutError, ValueError) as error:
        words = str(error) or type(error).__name__
        raise SetupError(
            "JetStreamUnavailable", f"spec.target: JetStream does not answer: {words}"
        ) from error
    version = client.connected_server_version
    return TargetServer(f"{version.major}.{version.minor}.{version.patch}", level)
