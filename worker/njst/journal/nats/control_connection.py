"""The connection to the control NATS: patient once it stands, quick to say why it does not."""

import logging
from collections.abc import Sequence

import nats.errors
from nats.js.errors import APIError, ServiceUnavailableError

from njst.contract.connection import Connection
from njst.journal.interfaces import JournalUnavailableError
from njst.login.connect_errors import explain
from njst.login.login_errors import LoginError
from njst.login.nats_client import API_TIMEOUT_S, LoginClient

log = logging.getLogger(__name__)

RECONNECT_WAIT_S = 0.25


async def connect(connection: Connection) -> LoginClient:
    """Return a connection that from now on reconnects for ever, with its files as they are then.

    Raises:
        JournalUnavailableError: no server answers, the login is refused, or JetStream is not
            enabled there; the message says which, and what to do.
    """
    where = ", ".join(connection.servers)
    errors: list[Exception] = []
    first = True

    async def on_error(error: Exception) -> None:
        if first:
            errors.append(error)
            return
        # A server that refuses does so again and again; it is told once until it is mended.
        words = explain([error], connection).words
        if words != client.trouble:
            client.trouble = words
            log.warning("control NATS: %s", words)

    async def on_disconnect() -> None:
        if not client.is_closed:
            log.warning("control NATS: connection lost, reconnecting")

    async def on_reconnect() -> None:
        client.trouble = ""
        url = client.connected_url
        log.warning("control NATS: reconnected to %s", url.netloc if url else "a server")

    client = LoginClient(connection)
    try:
        await client.log_in(
            name=connection.name,
            wait_s=RECONNECT_WAIT_S,
            on_error=on_error,
            on_disconnect=on_disconnect,
            on_reconnect=on_reconnect,
        )
    except (nats.errors.Error, OSError, TimeoutError, LoginError) as error:
        await client.close()
        raise JournalUnavailableError(_why(where, [*errors, error], connection)) from error
    first = False
    await _need_jetstream(client, where)
    return client


async def _need_jetstream(client: LoginClient, where: str) -> None:
    try:
        await client.jetstream(timeout=API_TIMEOUT_S).account_info()
    except (ServiceUnavailableError, nats.errors.NoRespondersError, APIError) as error:
        await client.close()
        raise JournalUnavailableError(
            f"control NATS {where}: JetStream is not enabled{_error_suffix(error)};"
            " start nats-server with --jetstream, or give the account JetStream limits"
        ) from error
    except (nats.errors.Error, TimeoutError) as error:
        await client.close()
        raise JournalUnavailableError(
            f"control NATS {where}: JetStream does not answer; the login may lack permission for"
            f" {client.js_api}.> and {client.connection.inbox_prefix}.>"
        ) from error


def _why(where: str, errors: Sequence[Exception], connection: Connection) -> str:
    said = [error for error in errors if not isinstance(error, nats.errors.NoServersError)]
    refusal = explain(said or errors, connection)
    advice = "; is the address right?" if refusal.reason_suffix == "Unreachable" else ""
    return f"control NATS {where}: {refusal.words}{advice}"


def _error_suffix(error: Exception) -> str:
    """Return the server's own words, where there are any: nobody answers where all is off."""
    words = getattr(error, "description", None)
    return f" ({words})" if words else ""
