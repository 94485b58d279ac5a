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
from njst.planning.server_requirements import TargetServer
from njst.provisioning.target.target_client import PermissionDeniedError, TargetClient

STREAM_EXISTS = 10058


# JetStream error codes (server/errors.json) that a user can resolve, each with advice.
_REASONS: dict[int, tuple[str, str]] = {
    STREAM_EXISTS: (
        "StreamExists",
        "a stream of this name exists and does not belong to this job; use another name",
    ),
    10065: ("SubjectsOverlap", "another stream has these subjects; use others"),
    10074: ("ReplicasUnavailable", "the target has fewer servers than the requested replicas"),
    10005: ("ReplicasUnavailable", "no servers of the target fit the placement or the replicas"),
    10023: ("InsufficientResources", "the target has not enough resources"),
    10028: ("InsufficientResources", "the account has no memory storage left"),
    10047: ("InsufficientResources", "the target has no storage left"),
    10113: ("MaxBytesRequired", "the account requires a size for each stream: set maxBytes"),
    10122: ("LimitReached", "the account limits the size of a stream: set a lower maxBytes"),
    10026: ("LimitReached", "the account has reached its limit of consumers"),
    10027: ("LimitReached", "the account has reached its limit of streams"),
    10039: ("JetStreamNotEnabled", "JetStream is not enabled for this account"),
    10076: ("JetStreamNotEnabled", "JetStream is not enabled on the target"),
    10014: (
        "ConsumerNotFound",
        "the consumer does not exist; leave out existingConsumer to create one",
    ),
    10059: ("StreamNotFound", "the stream does not exist; leave out useExisting to create it"),
}


def workload_field(number: int, workload: Workload) -> str:
    return f"spec.workloads[{number}] ({workload.name})"


@asynccontextmanager
async def target_connection(connection: Connection) -> AsyncIterator[TargetClient]:
    """Connect to a target for the duration of the context.

    Raises:
        SetupError: it cannot be reached.
    """
    errors: list[Exception] = []
    client = TargetClient(connection)

    async def on_error(error: Exception) -> None:
        errors.append(error)
        client.on_server_error(error)

    try:
        # One attempt at each server.
        await client.log_in(name=f"{connection.name}-setup", wait_s=0, on_error=on_error)
    except (nats.errors.Error, OSError, TimeoutError, LoginError) as error:
        await client.close()
        raise _unreachable(connection, [*errors, error]) from error
    # Losing the connection during the set-up fails it; do not reconnect.
    client.options["allow_reconnect"] = False
    try:
        yield client
    finally:
        await client.close()


def _unreachable(connection: Connection, errors: Sequence[Exception]) -> SetupError:
    said = [error for error in errors if not isinstance(error, nats.errors.NoServersError)]
    refusal = explain(said or errors, connection)
    where = ", ".join(connection.servers)
    return SetupError(f"Target{refusal.reason_suffix}", f"spec.target: {where}: {refusal.words}")


_Answer = TypeVar("_Answer")


async def explained(field: str, answer: Awaitable[_Answer]) -> _Answer:
    try:
        return await answer
    except APIError as error:
        raise refusal(field, error) from error
    except PermissionDeniedError as error:
        raise denial(field, error) from error
    except (nats.errors.NoRespondersError, nats.errors.TimeoutError, TimeoutError) as error:
        raise SetupError(
            "JetStreamUnavailable", f"{field}: the target's JetStream does not answer"
        ) from error
    except (nats.errors.Error, ValueError) as error:
        raise SetupError("TargetRefused", f"{field}: {error_text(error)}") from error


def refusal(field: str, error: APIError) -> SetupError:
    """Return the refusal of a JetStream call, with the reason and advice where there is any."""
    reason, advice = _REASONS.get(error.err_code or 0, ("TargetRefused", ""))
    words = f"{field}: {error.description}"
    return SetupError(reason, f"{words}; {advice}" if advice else words)


def denial(field: str, error: PermissionDeniedError) -> SetupError:
    """Return the refusal of a user who lacks a permission."""
    return SetupError("TargetPermissionDenied", f"{field}: {error}")


def error_text(error: Exception) -> str:
    return str(error) or type(error).__name__


async def ask_server(client: TargetClient, timeout_s: float) -> TargetServer:
    """Return version and API level of the target.

    Raises:
        SetupError: JetStream does not answer within `timeout_s`.
    """
    try:
        answer = await client.request(f"{client.js_api}.INFO", b"", timeout=timeout_s)
        level = int(json.loads(answer.data).get("api", {}).get("level", 0))
    except PermissionDeniedError as error:
        raise denial("spec.target", error) from error
    except (nats.errors.Error, TimeoutError, ValueError) as error:
        words = str(error) or type(error).__name__
        raise SetupError(
            "JetStreamUnavailable", f"spec.target: JetStream does not answer: {words}"
        ) from error
    version = client.connected_server_version
    return TargetServer(f"{version.major}.{version.minor}.{version.patch}", level)
