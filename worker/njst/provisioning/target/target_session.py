"""To what a connection leads, as whom, and where its streams are: for the report."""

import json
from collections.abc import Iterable

import nats.errors
from nats.js.api import StreamInfo

from njst import __version__
from njst.contract.connection import Connection
from njst.contract.results.preparation import StreamPlacement, TargetSession
from njst.load.host.cores import describe_cores
from njst.provisioning.target.target_client import TargetClient

# Answered by the server itself, for each account (nats-server 2.7 and newer).
_USER_INFO = "$SYS.REQ.USER.INFO"
_ANSWER_S = 1.0
_MOST_CHARS = 128
_MOST_STREAMS = 32
_MOST_REPLICAS = 8


async def target_session(
    client: TargetClient, connection: Connection, *, asks: bool
) -> TargetSession:
    """Return what is known of a connection; what nobody answers stays empty.

    Args:
        client: the open connection.
        connection: its settings.
        asks: whether to ask for account and user, which a user may be forbidden.
    """
    account, user = await _user(client) if asks else ("", "")
    return TargetSession(
        njst_version=__version__,
        cores=describe_cores(),
        server=client.info("server_name")[:_MOST_CHARS],
        server_version=client.info("version")[:_MOST_CHARS],
        cluster=client.info("cluster")[:_MOST_CHARS],
        domain=(connection.domain or client.info("domain"))[:_MOST_CHARS],
        account=account[:_MOST_CHARS],
        user=user[:_MOST_CHARS],
    )


async def _user(client: TargetClient) -> tuple[str, str]:
    """Return the account and the user, as the server knows them."""
    try:
        answer = json.loads((await client.request(_USER_INFO, timeout=_ANSWER_S)).data)
        data = answer["data"]
        account = data.get("account_name") or data.get("account") or ""
        return str(account), str(data.get("user") or "")
    except (nats.errors.Error, TimeoutError, ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def placements(streams: Iterable[StreamInfo]) -> list[StreamPlacement]:
    """Return where streams are; of many, the first ones."""
    return [_placement(info) for info in list(streams)[:_MOST_STREAMS]]


def _placement(info: StreamInfo) -> StreamPlacement:
    cluster = info.cluster
    peers = (cluster.replicas or []) if cluster else []
    return StreamPlacement(
        stream=info.config.name or "",
        cluster=(cluster.name or "")[:_MOST_CHARS] if cluster else "",
        leader=(cluster.leader or "")[:_MOST_CHARS] if cluster else "",
        replicas=sorted((peer.name or "")[:_MOST_CHARS] for peer in peers[:_MOST_REPLICAS]),
    )
